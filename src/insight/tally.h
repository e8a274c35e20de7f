/* insight/tally.h -- what the pulse counts: events, people, orders and money, by day and by source.
 *
 * A fold over the log. Each event is put where its own time says: the UTC day and the minute in which it happened, not the one
 * in which it arrived; what a source sent in the last hours goes by arrival. The result does not depend on the order of events.
 *   orders   events that report an order; what came by write key alone is only claimed, and counted apart
 *   revenue  what the lines of an order come to, as profiles count it (kd_fact_spent); returns and cancellations are summed
 *            apart, on the day they happened
 *   people   distinct persons of a day, by HyperLogLog (num/hll.h): 1.6 % off, one way or the other
 *   new      persons whose first event in the log this is
 * Memory: the newest KD_TALLY_DAYS days that ever occurred, 4 KB each and a little for each source in them; of sources the first
 * KD_TALLY_SOURCES, the others together; of currencies the first KD_TALLY_MONIES a day and source. What falls out of these
 * bounds is counted in `left_out`. Threads: none of its own; insight/pulse.c locks. */
#ifndef KD_INSIGHT_TALLY_H
#define KD_INSIGHT_TALLY_H
#include "event/ingest.h"

enum {
    KD_TALLY_DAYS = 4000, KD_TALLY_SOURCES = 64, KD_TALLY_MONIES = 16, KD_TALLY_P = 12, KD_TALLY_SKETCH = 1 << KD_TALLY_P,
    KD_TALLY_MINUTES = 64,        /* remembered; 60 are shown */
    KD_TALLY_ACTIVE_MINUTES = 8,  /* whose people are remembered; 5 are shown */
    KD_TALLY_HOURS = 32,          /* of a source; 24 are shown */
    KD_TALLY_SOURCE_BYTES = 64
};

typedef struct kd_tally_money { kd_currency currency; bool claimed; int64_t bought_micro, returned_micro; } kd_tally_money;
typedef struct kd_tally_cell { /* of a day and a source */
    uint32_t        source;       /* index */
    uint32_t        money_count;
    uint64_t        events, orders, claimed_orders;
    kd_tally_money *money;
} kd_tally_cell;
typedef struct kd_tally_day {
    int32_t        day;           /* since 1970 */
    bool           dirty;         /* changed since kd_tally_clean */
    uint32_t       cell_count;
    uint64_t       new_people;
    double         people;        /* counted from the sketch; negative: count again */
    kd_tally_cell *cells;
    uint8_t        sketch[KD_TALLY_SKETCH];
} kd_tally_day;

typedef struct kd_tally_source {
    char     name[KD_TALLY_SOURCE_BYTES];
    size_t   name_len;
    uint64_t events, rejected, duplicates; /* the last two are told, not folded: they are not in the log */
    int64_t  last_ms;             /* arrival of its newest event; KD_TIME_MIN: none */
    struct { int64_t hour; uint64_t events; } hours[KD_TALLY_HOURS]; /* by arrival, hour % KD_TALLY_HOURS */
} kd_tally_source;

typedef struct kd_tally {
    kd_tally_day  **days;         /* ascending */
    size_t          day_count, day_room;
    kd_tally_source sources[KD_TALLY_SOURCES];
    size_t          source_count;
    struct { int64_t minute; uint64_t events; } minutes[KD_TALLY_MINUTES];
    struct { int64_t minute; uint8_t sketch[KD_TALLY_SKETCH]; } active[KD_TALLY_ACTIVE_MINUTES];
    int64_t         newest_ms;    /* arrival of the newest event */
    uint64_t        events, left_out;
    int32_t        *gone;         /* days that fell out since kd_tally_clean */
    size_t          gone_count, gone_room;
} kd_tally;

void kd_tally_init(kd_tally *tally);
void kd_tally_free(kd_tally *tally);
/* False when out of memory: the event is in `left_out`. */
bool kd_tally_add(kd_tally *tally, const kd_stored *event);
kd_tally_source *kd_tally_source_of(kd_tally *tally, kd_str name); /* never NULL: the last one stands for all that have no room */
double kd_tally_people(kd_tally_day *day);
const kd_tally_day *kd_tally_day_of(const kd_tally *tally, int32_t day); /* NULL when nothing happened */

/* Stored forms: everything but the days, and one day. Versioned; KD_CORRUPT leaves a tally to be freed and begun anew. */
void      kd_tally_encode(kd_buf *out, const kd_tally *tally);
kd_status kd_tally_decode(kd_tally *tally, kd_cut *cut, kd_err *err);
void      kd_tally_day_encode(kd_buf *out, const kd_tally_day *day);
kd_status kd_tally_day_decode(kd_tally *tally, kd_str bytes, kd_err *err); /* adds the day */
void      kd_tally_clean(kd_tally *tally); /* what is dirty or gone has been written */
#endif
