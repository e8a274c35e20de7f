/* insight/sources.h -- what sources send against what is expected of them, and the refused events worth keeping.
 *
 * For each field of a source's schema (event/source.h) counts by UTC day, of the newest KD_WATCH_DAYS days in which anything
 * came: how many events, how many brought the field, in the wrong type, with an unknown value, and in which of
 * KD_SOURCE_BUCKETS their values fell (numbers by half powers of ten, texts by a hash). An event counts on the day it happened,
 * so that a history brought in today is no news of today. Only what was stored counts, duplicates do not.
 *
 * Drift: the recent days (today; today and yesterday while today has fewer than KD_DRIFT_EVENTS) against the KD_DRIFT_BEFORE days
 * before them, wherever both have enough events:
 *   share   the part of events that bring the field moved by KD_DRIFT_SHARE or more
 *   type    the part of wrong types or unknown values among them moved by KD_DRIFT_SHARE or more
 *   values  population stability index (sum of (p-q) ln(p/q) over buckets, half an event added to each) of KD_DRIFT_PSI or more
 * The state is written as records of nobody every half minute and at the end: a crash may lose the counts since.
 *
 * Refused events of sources that ask for it (keepRejected) wait in memory and go to quarantine within a second or so: a kill
 * may lose that second. Memory: KD_WATCH_FIELDS_MAX fields of 2.5 KB; what waits at most KD_KEEP_BYTES_MAX, the rest is counted as left out.
 * Threads: all calls from any; one thread of its own. */
#ifndef KD_INSIGHT_SOURCES_H
#define KD_INSIGHT_SOURCES_H
#include "event/ingest.h"
#include "event/quarantine.h"
#include "event/source.h"

enum {
    KD_WATCH_DAYS = 31, KD_WATCH_FIELDS_MAX = 4096 /* of all sources */, KD_DRIFT_BEFORE = 28, KD_DRIFT_EVENTS = 100 /* recent; before: twice as many */,
    KD_DRIFT_VALUES = 200 /* values for an index; before: twice as many */, KD_KEEP_BYTES_MAX = 4 << 20, KD_KEPT_MAX = 20000 /* refused events in quarantine */
};
#define KD_DRIFT_SHARE 0.10
#define KD_DRIFT_PSI 0.25

typedef struct kd_watch kd_watch;
kd_status kd_watch_open(kd_watch **out, kd_store *store, const kd_vault *vault, kd_clock clock, kd_err *err);
kd_status kd_watch_start(kd_watch *watch, kd_err *err);
void      kd_watch_close(kd_watch *watch); /* writes what is left; after the ingest has stopped. NULL is fine */
/* The documents in force: at the start, and after every change. Fields that stay keep their counts. */
kd_status kd_watch_set(kd_watch *watch, const kd_sources *sources, kd_err *err);
kd_status kd_watch_flush(kd_watch *watch, kd_err *err); /* now, and wait: tests, answers that list the quarantine */

void kd_watch_see_stored(void *watch, const kd_stored *events, size_t count); /* kd_observer */
/* Copies; dropped (and counted) when there is no room. */
void kd_watch_keep(kd_watch *watch, const kd_bad_event *event);
/* What a source's transform did: of so many events `changed`, `dropped`, in so many microseconds. */
void kd_watch_see_transformed(kd_watch *watch, kd_str source, uint64_t events, uint64_t dropped, uint64_t us);

typedef struct kd_field_days { uint64_t events, present, wrong_type, wrong_value, buckets[KD_SOURCE_BUCKETS]; } kd_field_days;
typedef enum kd_drift { KD_DRIFT_NONE = 0, KD_DRIFT_OF_SHARE = 1, KD_DRIFT_OF_TYPE = 2, KD_DRIFT_OF_VALUES = 4 } kd_drift; /* bits */
typedef struct kd_field_report {
    kd_str                 event;       /* borrowed from the source */
    const kd_source_field *field;
    kd_field_days          recent, before;
    int32_t                recent_from, before_from, today; /* days; `before` ends before recent_from */
    double                 psi;         /* negative: too few values to tell */
    unsigned               drift;       /* of kd_drift */
    struct { uint32_t events, present; } day[KD_WATCH_DAYS]; /* newest last, up to today */
} kd_field_report;
/* In the order of the schema; `source` lives on. A field that nothing was counted of has zeros. */
kd_status kd_watch_fields(kd_field_report **out, size_t *count, kd_watch *watch, const kd_source *source, int64_t now_ms, kd_arena *arena, kd_err *err);

typedef struct kd_transform_counts { uint64_t events, dropped, us; } kd_transform_counts; /* since the process began */
void     kd_watch_transformed(kd_transform_counts *out, kd_watch *watch, kd_str source); /* empty: of all */
uint64_t kd_watch_left_out(kd_watch *watch); /* refused events there was no room for, since the process began */
#endif
