#include "app/imported.h"

#include <stdio.h>
#include <string.h>

#include "insight/steps.h"

void kd_imported_write(kd_jw *w, const kd_import_counts *c)
{
    KD_JW_I64(w, "rows", (int64_t)c->rows);
    KD_JW_I64(w, "quarantined", (int64_t)c->quarantined);
    KD_JW_I64(w, "dropped", (int64_t)c->dropped);
    KD_JW_I64(w, "events", (int64_t)c->events);
    KD_JW_I64(w, "stored", (int64_t)c->stored);
    KD_JW_I64(w, "duplicates", (int64_t)c->duplicates);
    KD_JW_I64(w, "orders", (int64_t)c->orders);
    KD_JW_I64(w, "orderLines", (int64_t)c->order_lines);
    KD_JW_I64(w, "returns", (int64_t)c->returns);
    KD_JW_I64(w, "returnLines", (int64_t)c->return_lines);
    KD_JW_I64(w, "anonymousLines", (int64_t)c->anonymous_lines);
    KD_JW_I64(w, "zeroPriceLines", (int64_t)c->zero_price_lines);
    KD_JW_I64(w, "serviceLines", (int64_t)c->service_lines);
    KD_JW_I64(w, "adjustments", (int64_t)c->adjustments);
    KD_JW_I64(w, "customers", (int64_t)c->customers);
    KD_JW_I64(w, "products", (int64_t)c->products);
    KD_JW_I64(w, "documents", (int64_t)c->documents);
    KD_JW_I64(w, "refused", (int64_t)c->refused);
    kd_jw_key(w, "revenue");
    kd_jw_fixed(w, c->revenue_micro, 6);
    KD_JW_Z(w, "currency", c->currency.code);
    KD_JW_I64(w, "resumedAt", (int64_t)c->resumed_at);
    KD_JW_BOOL(w, "cancelled", c->cancelled);
}

void kd_imported_note(kd_parts *parts, const char *kind, const char *source, const char *file, const kd_import_counts *c, int64_t us, bool failed)
{
    const char *slash = strrchr(file, '/');
    kd_step     step = { .started_ms = kd_now(parts->clock) - us / 1000, .us = (uint64_t)us, .rows_in = c->rows + c->dropped, .rows_out = c->events + c->documents,
                         .rejected = c->quarantined, .dropped = c->dropped, .failed = failed };
    snprintf(step.name, sizeof step.name, "import");
    snprintf(step.about, sizeof step.about, "%s %.80s", kind, slash ? slash + 1 : file);
    snprintf(step.source, sizeof step.source, "%.90s", source ? source : kind);
    kd_steps_note(parts->steps, &step);
}
