/* event/quarantine.h -- what was refused and may be mended: rows of files, and events of the collect door.
 *
 * Records of nobody, kind "quarantine", sealed with the house key: they hold what the shop sent. A row keeps what is needed to
 * read it again by itself: the kind of file, its source and the import's options, the header of its file, and where it stood;
 * so a row that is replayed makes the event that the mended file would have made (of customers and events; a line of an order
 * becomes an event of its own with the same order id, known by its file and line). An event of the collect door keeps how far it was believed.
 * Replaying writes the event durably, then takes the record away: whatever happens between, replaying again changes nothing.
 * Mend a row here or in the file, not in both: a line of an order would then count twice.
 * Threads: any; a reader belongs to its thread. */
#ifndef KD_EVENT_QUARANTINE_H
#define KD_EVENT_QUARANTINE_H
#include "event/import.h"

enum { KD_QUARANTINE_RAW_MAX = 32 * 1024 };

typedef enum kd_quarantine_door { KD_DOOR_FILE, KD_DOOR_HTTP } kd_quarantine_door;
typedef struct kd_held { /* one in quarantine, in full; texts owned by the arena given */
    kd_id    id;
    int64_t  time_ms;
    kd_quarantine_door door;
    kd_str   source, file, what, field, reason, raw; /* `what`: of a file its kind; of an event its call ("track", "batch") */
    uint64_t line;
    bool     cut;          /* the text was longer than is kept: only a whole row in its place can be replayed */
    bool     replayable;   /* false: kept by an earlier version, without what reading it again needs */
    /* of a file */
    kd_str   columns;      /* the header line as sent; empty: JSON Lines */
    kd_str   options;      /* JSON object: currency, utcOffsetMin, decimalComma, dates, cancelPrefix, map */
    uint64_t head, bytes_total;
    /* of an event */
    bool     believed;     /* came by a server key */
    int64_t  received_ms;
} kd_held;

typedef struct kd_bad_event { /* refused at the collect door */
    kd_str  source, call, field, reason, raw;
    bool    believed;
    int64_t received_ms;
} kd_bad_event;
/* One transaction. The same event refused again has the same id: it is one. */
kd_status kd_quarantine_put_events(kd_store *store, const kd_vault *vault, const kd_bad_event *events, size_t count, kd_err *err);

/* Up to `limit` records after `after` (nil: from the first), oldest id first; of one source, unless it is empty: then *last may lie far
 * behind the last one given, and is where to go on (nil: at the end). */
kd_status kd_held_list(kd_held **out, size_t *count, kd_id *last, kd_reader *reader, const kd_vault *vault, kd_str source, kd_id after, size_t limit, kd_arena *arena, kd_err *err);
kd_status kd_held_get(kd_held *out, kd_reader *reader, const kd_vault *vault, kd_id id, kd_arena *arena, kd_err *err); /* KD_NOT_FOUND */
kd_status kd_held_drop(kd_store *store, kd_id id, kd_err *err);

typedef struct kd_replay_outcome { size_t stored, duplicates, dropped /* left out by a transform */; } kd_replay_outcome;
/* Read it again, as `mended` (empty: as it is) and with the source's transform as it is now; when it is stored or known, the record is
 * taken away. KD_INVALID: it is still refused, err says why (the record stays; with `mended` it keeps the old text). */
kd_status kd_held_replay(kd_replay_outcome *out, const kd_importer *to, const kd_held *held, kd_str mended, kd_err *err);
#endif
