/* The stored form of a decision. Little-endian, varints; scores and weights in millionths, as they were ranked. The numbers of
 * kinds, recipes, channels, layers, terms and purposes are part of the format: their enums may grow at the end only.
 *
 * Version 2: a term names its seed (kind, what it is about, when) by a number. The number that would come next introduces a
 * seed, which follows and is remembered while the table has room, so that the few things a person did are said once in a
 * receipt and not with every item. Version 1, which repeated them and did not say what the person allowed, is still read. */
#include "decide/decide.h"

#include <math.h>
#include <stdio.h>

enum { RECEIPT_VERSION = 2, LINES_MAX = 4096, SEEDS_MAX = 64 };
enum { SEED_ABOUT = 0x80, SEED_TIME = 0x40, SEED_KIND = 0x3f }; /* a seed's first byte: what follows it, and its kind */

typedef struct seed { uint8_t kind; kd_ref about; int64_t time_ms; } seed;
typedef struct seeds { seed items[SEEDS_MAX]; size_t count; } seeds;

static void remember(seeds *table, seed s)
{
    if (table->count < SEEDS_MAX)
        table->items[table->count++] = s;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

static int64_t fixed(double value) { return (int64_t)llround(value * 1e6); }

static void encode_seed(kd_buf *out, seeds *table, const kd_term *term, int64_t now_ms)
{
    size_t i = 0;

    while (i < table->count && (table->items[i].about != term->about || table->items[i].kind != (uint8_t)term->kind || table->items[i].time_ms != term->time_ms))
        i++;
    kd_put_varint(out, i);
    if (i < table->count)
        return;
    kd_put_u8(out, (uint8_t)((unsigned)term->kind | (term->about ? SEED_ABOUT : 0) | (term->time_ms ? SEED_TIME : 0)));
    if (term->about != 0)
        kd_put_u64(out, term->about);
    if (term->time_ms != 0)
        kd_put_zigzag(out, now_ms - term->time_ms);
    remember(table, (seed){ (uint8_t)term->kind, term->about, term->time_ms });
}

static void encode_item(kd_buf *out, seeds *table, const kd_recommended *item, int64_t now_ms)
{
    kd_put_str(out, item->product->id);
    kd_put_str(out, item->variant ? item->variant->sku : (kd_str){ 0 });
    kd_put_zigzag(out, fixed(item->score));
    kd_put_u8(out, item->layer);
    kd_put_u8(out, item->term_count);
    for (uint8_t t = 0; t < item->term_count; t++) {
        encode_seed(out, table, &item->terms[t], now_ms);
        kd_put_zigzag(out, fixed(item->terms[t].weight));
        kd_put_varint(out, item->terms[t].support);
    }
}

void kd_receipt_encode(kd_buf *out, const kd_decision *decision, const kd_decide_request *request, const kd_snapshot *snapshot)
{
    const kd_recommend_result *list = &decision->list;
    seeds                      table;

    table.count = 0;
    kd_put_u8(out, RECEIPT_VERSION);
    kd_put_str(out, decision->placement->id);
    kd_put_varint(out, decision->placement->version);
    kd_put_u8(out, (uint8_t)decision->placement->kind);
    kd_put_u8(out, (uint8_t)decision->placement->recipe);
    kd_put_u8(out, (uint8_t)request->channel);
    kd_put_u8(out, (uint8_t)((decision->nothing ? 1 : 0) | (request->profile != NULL ? 2 : 0)));
    kd_put_varint(out, (uint64_t)request->folded);
    kd_put_zigzag(out, request->now_ms);
    kd_put_u64(out, request->seed);
    kd_put_varint(out, kd_snapshot_version(snapshot));
    kd_put_varint(out, list->model_version);
    kd_put_varint(out, list->candidates);
    kd_put_varint(out, list->removed_bought);
    kd_put_varint(out, list->removed_stock);
    kd_put_varint(out, list->removed_filter);
    kd_put_varint(out, request->allowed);
    kd_put_varint(out, request->policy_version);
    kd_put_varint(out, request->product_count);
    for (size_t i = 0; i < request->product_count; i++)
        kd_put_u64(out, request->products[i]);
    kd_put_varint(out, list->count);
    for (size_t i = 0; i < list->count; i++)
        encode_item(out, &table, &list->items[i], request->now_ms);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

typedef struct reading {
    kd_jw             *w;
    kd_cut             cut;
    const kd_snapshot *snapshot;
    unsigned           version;
    int64_t            now_ms;
    seeds              table;
} reading;

static void write_ref(kd_jw *w, const char *key, kd_ref ref, const kd_snapshot *snapshot)
{
    const kd_product *product = snapshot ? kd_snapshot_find(snapshot, ref) : NULL;
    char              hex[20];

    kd_jw_key(w, key);
    if (product != NULL)
        kd_jw_str(w, product->id);
    else {
        snprintf(hex, sizeof hex, "#%016llx", (unsigned long long)ref);
        kd_jw_z(w, hex);
    }
}

static seed read_seed(reading *r)
{
    uint64_t number = r->version == 1 ? r->table.count : kd_cut_varint(&r->cut);
    seed     s = { 0 };

    if (number < r->table.count)
        return r->table.items[number];
    r->cut.failed |= number > r->table.count;
    s.kind = kd_cut_u8(&r->cut);
    if (r->version == 1) { /* its time stands behind the weight */
        s.about = kd_cut_u64(&r->cut);
        return s;
    }
    if (s.kind & SEED_ABOUT)
        s.about = kd_cut_u64(&r->cut);
    if (s.kind & SEED_TIME)
        s.time_ms = (int64_t)((uint64_t)r->now_ms - (uint64_t)kd_cut_zigzag(&r->cut));
    s.kind &= SEED_KIND;
    remember(&r->table, s);
    return s;
}

static void write_terms(reading *r)
{
    const uint8_t terms = kd_cut_u8(&r->cut);
    kd_jw        *w = r->w;

    kd_jw_key(w, "terms");
    kd_jw_array(w);
    for (uint8_t t = 0; t < terms && !r->cut.failed; t++) {
        seed           s = read_seed(r);
        const int64_t  weight = kd_cut_zigzag(&r->cut);
        char           time[25];

        if (r->version == 1)
            s.time_ms = kd_cut_zigzag(&r->cut);
        const uint64_t support = kd_cut_varint(&r->cut);

        kd_jw_object(w);
        KD_JW_Z(w, "kind", kd_term_kind_name((kd_term_kind)s.kind));
        if (s.about != 0 && s.kind == KD_TERM_STATED)
            KD_JW_STR(w, "value", r->snapshot ? kd_snapshot_value_text(r->snapshot, s.about) : (kd_str){ 0 });
        else if (s.about != 0)
            write_ref(w, "product", s.about, r->snapshot);
        kd_jw_key(w, "weight");
        kd_jw_fixed(w, weight, 6);
        if (s.time_ms != 0) {
            kd_time_format(time, s.time_ms);
            KD_JW_Z(w, "at", time);
        }
        KD_JW_I64(w, "support", (int64_t)support);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_items(reading *r)
{
    kd_jw         *w = r->w;
    kd_cut        *cut = &r->cut;
    const uint64_t items = kd_cut_varint(cut);

    kd_jw_key(w, "items");
    kd_jw_array(w);
    for (uint64_t i = 0; i < items && i < LINES_MAX && !cut->failed; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "productId", kd_cut_str(cut));
        const kd_str sku = kd_cut_str(cut);
        if (sku.len != 0)
            KD_JW_STR(w, "sku", sku);
        kd_jw_key(w, "score");
        kd_jw_fixed(w, kd_cut_zigzag(cut), 6);
        KD_JW_I64(w, "layer", kd_cut_u8(cut));
        write_terms(r);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

/* What the person allowed, purpose by purpose, and under which version of the policy. */
static void write_consents(reading *r)
{
    const uint64_t allowed = kd_cut_varint(&r->cut);

    kd_jw_key(r->w, "allowed");
    kd_jw_array(r->w);
    for (int purpose = 0; purpose < KD_PURPOSE_COUNT; purpose++)
        if (allowed >> purpose & 1)
            kd_jw_z(r->w, kd_purpose_name((kd_purpose)purpose));
    kd_jw_array_end(r->w);
    KD_JW_I64(r->w, "policyVersion", (int64_t)kd_cut_varint(&r->cut));
}

kd_status kd_receipt_write_json(kd_jw *w, kd_str receipt, const kd_snapshot *snapshot, kd_err *err)
{
    reading r = { .w = w, .cut = kd_cut_from(receipt.ptr, receipt.len), .snapshot = snapshot };
    kd_cut *cut = &r.cut;
    char    time[25];

    r.version = kd_cut_u8(cut);
    if (r.version < 1 || r.version > RECEIPT_VERSION)
        return kd_fail(err, KD_CORRUPT, "a receipt of an unknown version");
    kd_jw_object(w);
    KD_JW_STR(w, "placement", kd_cut_str(cut));
    KD_JW_I64(w, "placementVersion", (int64_t)kd_cut_varint(cut));
    KD_JW_Z(w, "kind", kd_cut_u8(cut) == KD_PLACEMENT_CONTENT ? "content" : "recommendation");
    const uint8_t recipe = kd_cut_u8(cut);
    KD_JW_Z(w, "recipe", recipe < KD_RECIPE_COUNT ? kd_recipe_name((kd_recipe)recipe) : NULL);
    KD_JW_Z(w, "channel", kd_channel_name((kd_channel)kd_cut_u8(cut)));
    const uint8_t flags = kd_cut_u8(cut);
    KD_JW_BOOL(w, "nothing", (flags & 1) != 0);
    KD_JW_BOOL(w, "personal", (flags & 2) != 0);
    KD_JW_I64(w, "factsUpTo", (int64_t)kd_cut_varint(cut));
    r.now_ms = kd_cut_zigzag(cut);
    kd_time_format(time, r.now_ms);
    KD_JW_Z(w, "at", time);
    kd_jw_key(w, "seed"); /* as text: JSON readers lose 64-bit integers */
    char drawn[24];
    snprintf(drawn, sizeof drawn, "%llu", (unsigned long long)kd_cut_u64(cut));
    kd_jw_z(w, drawn);
    KD_JW_I64(w, "catalogueVersion", (int64_t)kd_cut_varint(cut));
    KD_JW_I64(w, "modelVersion", (int64_t)kd_cut_varint(cut));
    KD_JW_I64(w, "candidates", (int64_t)kd_cut_varint(cut));
    KD_JW_I64(w, "removedBought", (int64_t)kd_cut_varint(cut));
    KD_JW_I64(w, "removedStock", (int64_t)kd_cut_varint(cut));
    KD_JW_I64(w, "removedFilter", (int64_t)kd_cut_varint(cut));
    if (r.version > 1)
        write_consents(&r);
    const uint64_t products = kd_cut_varint(cut);
    kd_jw_key(w, "products");
    kd_jw_array(w);
    for (uint64_t i = 0; i < products && i < LINES_MAX && !cut->failed; i++) {
        kd_jw_object(w);
        write_ref(w, "productId", kd_cut_u64(cut), snapshot);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    write_items(&r);
    kd_jw_object_end(w);
    return cut->failed || cut->ptr != cut->end ? kd_fail(err, KD_CORRUPT, "a receipt that ends early or late") : KD_OK;
}
