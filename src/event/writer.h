/* event/writer.h -- one batch: keys to persons, seal, append, commit, fold, tell the observers. Private to event/.
 *
 * Who writes to the log writes through here, from one thread: the writer knows up to which offset everything is folded. What
 * it does not know for certain (a commit of unknown fate, a fold that ran out of memory) it reads back from the log before it
 * writes again: one way for the start of the process and for every mishap. */
#ifndef KD_EVENT_WRITER_H
#define KD_EVENT_WRITER_H
#include "event/ingest.h"

typedef struct kd_write_request { /* what one caller wants written; answered as a whole */
    kd_status status;
    kd_err    err;
    size_t    stored, duplicates;
} kd_write_request;

typedef struct kd_write_item {    /* one event of it: either from outside or a receipt */
    const kd_incoming *incoming;
    const kd_event    *receipt;
    kd_write_request  *request;
} kd_write_item;

typedef struct kd_writer kd_writer;

kd_status kd_writer_open(kd_writer **out, kd_store *store, kd_people *people, kd_identity *identity, const kd_vault *vault,
                         kd_clock clock, size_t checkpoint_rows, kd_err *err);
void      kd_writer_close(kd_writer *writer);
kd_status kd_writer_observe(kd_writer *writer, kd_observer observer, void *self);
void      kd_writer_observe_duplicates(kd_writer *writer, kd_observer observer, void *self);

struct kd_withhold *kd_writer_withhold(kd_writer *writer); /* event/withhold.h */

/* Fold what the log holds after the last checkpoint; *replayed counts. Before the first write. */
kd_status kd_writer_replay(kd_writer *writer, uint64_t *replayed, kd_err *err);
/* Sets status, stored and duplicates of every request that `items` name (they enter as KD_OK and 0). What was stored of a
 * request that failed is known as a duplicate when it is sent again. */
void      kd_writer_write(kd_writer *writer, const kd_write_item *items, size_t count);

/* Traits and idents as they stand in the facts (refold.c opens them); `scratch` is used up. */
void      kd_who_seal(kd_buf *out, const kd_fact *fact, const kd_data_key *key, kd_buf *scratch);

/* Persons were erased: what is remembered of links between persons is asked of the store again. */
void      kd_writer_forget_links(kd_writer *writer);

/* Any thread: every event of the group up to here has been folded. */
int64_t   kd_writer_folded(const kd_writer *writer, uint16_t group);
uint64_t  kd_writer_commit_us(const kd_writer *writer); /* of the last commit */
#endif
