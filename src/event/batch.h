/* event/batch.h -- the tables of one batch of the writer. Private to writer.c.
 *
 * All in the arena of the batch; sizes follow from the number of its events (open_batch). */
#ifndef KD_EVENT_BATCH_H
#define KD_EVENT_BATCH_H
#include "event/writer.h"

typedef struct slot {   /* one person of a batch */
    kd_id       person; /* nil: nobody, one slot an event */
    uint16_t    group;
    bool        fresh;  /* made by this batch: its row goes with its first event */
    bool        used;   /* an event or receipt of the batch is kept for it */
    kd_status   status;
    kd_err     *err;    /* why the person could not be had */
    kd_data_key key;
    kd_profile_row row;
    uint8_t     secret[KD_SECRET_BYTES];
} slot;

typedef struct entry { /* one event of a batch */
    kd_write_item item;
    bool          withheld;
    uint32_t      slot;
    uint32_t      first_key;      /* its owner's; its links' follow */
    size_t        facts, body;    /* where they begin in `bytes`; the body ends where the next entry's facts begin */
    size_t        end;
} entry;

typedef struct link_row { kd_link link; uint16_t group; bool ahead; kd_write_request *request; } link_row;

typedef struct batch {
    entry    *entries;
    size_t    count;
    kd_id    *persons;   /* of all keys */
    bool     *is_new;
    kd_key   *keys;
    size_t    key_count;
    slot     *slots;
    size_t    slot_count, slot_room;
    int64_t  *heads;     /* of the slots */
    uint32_t *table;     /* person -> slot + 1, open addressing */
    size_t    table_mask;
    link_row *links;
    size_t    link_count;
} batch;

typedef struct group_write { /* what goes into one transaction, and what came of it */
    uint16_t    group;
    size_t      count;
    kd_event   *events;
    uint32_t   *slots;
    uint32_t   *entry;   /* events[i] is entries[entry[i]] */
    kd_append  *results;
    kd_link    *links;
    size_t      link_count;
    kd_profile_row *rows;
    size_t      row_count;
    const kd_id *recovered;  /* ids that a first attempt had written after all, in log order */
    size_t      recovered_count;
} group_write;
#endif
