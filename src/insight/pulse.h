/* insight/pulse.h -- how is the shop doing? Counts by day and source, kept up to date by every event.
 *
 * The log is the truth, and this a fold over it (insight/tally.h). The state is written to the store as records of nobody, in
 * one transaction with the log offset of each group up to which it has counted: whatever happens, an event counts once. At the
 * start a thread counts what the log has after those offsets, in the background (a database that never had a pulse: all of it);
 * from then on the writer tells of each event. Nobody waits: until it has caught up, answers say that they are not complete.
 * Rejected and duplicate events are not in the log: their counts may lack those of the last half minute before a crash.
 * Threads: all calls from any. */
#ifndef KD_INSIGHT_PULSE_H
#define KD_INSIGHT_PULSE_H
#include "base/clock.h"
#include "event/ingest.h"
#include "insight/tally.h"

typedef struct kd_pulse kd_pulse;

/* Loads what was written. A damaged state is left and counted anew from the log. */
kd_status kd_pulse_open(kd_pulse **out, kd_store *store, kd_clock clock, kd_err *err);
/* Begins to catch up; after the ingest has started. */
kd_status kd_pulse_start(kd_pulse *pulse, kd_err *err);
/* Writes the state and ends; after the ingest has stopped. NULL is fine. */
void      kd_pulse_close(kd_pulse *pulse);

/* kd_observers */
void kd_pulse_see_stored(void *pulse, const kd_stored *events, size_t count);
void kd_pulse_see_duplicates(void *pulse, const kd_stored *events, size_t count);
void kd_pulse_see_rejected(kd_pulse *pulse, kd_str source, uint64_t count);
kd_status kd_pulse_checkpoint(kd_pulse *pulse, kd_err *err); /* now, and wait: tests, backups */

typedef struct kd_pulse_money { kd_currency currency; int64_t bought_micro, returned_micro; } kd_pulse_money;
typedef struct kd_pulse_day {
    int32_t         day;
    uint64_t        events, people, new_people, orders, claimed_orders;
    kd_pulse_money *money;      /* ascending by currency */
    size_t          money_count;
} kd_pulse_day;
typedef struct kd_pulse_source { kd_str name; int64_t last_ms; uint64_t events, events_24h, rejected, duplicates; } kd_pulse_source;
typedef struct kd_pulse_now { uint64_t people, per_minute[60]; } kd_pulse_now; /* of 5 minutes; newest last */

/* Every day from `from` (or from the first on which anything happened, if that is later) to `to`. With `source` (may be empty)
 * events, orders and money are that source's alone; people are always everybody. `with_claims`: orders by write key alone count. */
kd_status kd_pulse_days(kd_pulse_day **out, size_t *count, kd_pulse *pulse, int32_t from, int32_t to, kd_str source, bool with_claims,
                        kd_arena *arena, kd_err *err);
kd_status kd_pulse_sources(kd_pulse_source **out, size_t *count, kd_pulse *pulse, int64_t now_ms, kd_arena *arena, kd_err *err);
void      kd_pulse_now_at(kd_pulse_now *out, kd_pulse *pulse, int64_t now_ms);

typedef struct kd_pulse_state { bool complete; int64_t fresh_ms; uint64_t events, left_out; size_t days; } kd_pulse_state;
/* `fresh_ms`: up to when everything that arrived is counted; KD_TIME_MIN: nothing yet. */
void kd_pulse_get_state(kd_pulse_state *out, kd_pulse *pulse, int64_t now_ms);
#endif
