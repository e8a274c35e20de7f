/* trust/retention.h -- how long the house keeps what, by class of data.
 *
 * Documents of kind "retention": "behaviour", "orders", "marketing", "texts", "decisions", "quarantine" with {"days":N} (0: kept until
 * erased) and, where the law asks for it, {"minimumDays":N}, under which days cannot be set. What is over loses facts and body
 * (KD_EVENT_HOLLOW), and the profiles it was folded into are folded anew from what is left, so that they forget it too. Rows
 * in quarantine are deleted. Exports are not kept at all. Accounts, consents and preferences stay until they are erased.
 * It runs in slices between the batches of the writer; a page of the log at a time. Threads: any. */
#ifndef KD_TRUST_RETENTION_H
#define KD_TRUST_RETENTION_H
#include "base/json.h"
#include "trust/request.h"

typedef enum kd_retained { KD_RETAIN_BEHAVIOUR, KD_RETAIN_ORDERS, KD_RETAIN_MARKETING, KD_RETAIN_TEXTS, KD_RETAIN_DECISIONS, KD_RETAIN_QUARANTINE, KD_RETAIN_COUNT } kd_retained;
const char *kd_retained_name(kd_retained what);
typedef struct kd_retention { struct { int64_t days, minimum_days; } of[KD_RETAIN_COUNT]; } kd_retention;

kd_status kd_retention_load(kd_retention *out, kd_reader *reader, kd_err *err);
/* Set the classes that `doc` names: {"behaviour":{"days":730},"orders":{"days":3650,"minimumDays":2190}}. KD_INVALID with err->field. */
kd_status kd_retention_put(kd_store *store, kd_reader *reader, const kd_json *doc, int64_t now_ms, kd_err *err);

typedef struct kd_retention_run { uint64_t looked_at, emptied, refolded, quarantined; } kd_retention_run;
/* Once over everything; ends early when `stop` (may be NULL) is set. */
kd_status kd_retention_run_now(kd_retention_run *out, kd_rights *rights, kd_reader *reader, const bool *stop, kd_err *err);
#endif
