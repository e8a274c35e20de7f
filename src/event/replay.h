/* event/replay.h -- folding what the log holds: at the start of a process, and after every mishap of the writer. Private to event/.
 *
 * Chunk by chunk, in log order. The events of one person are folded in their order by one thread; with several threads each
 * has its share of the persons, and the next chunk is read meanwhile. A person's own offset makes a second fold of an event
 * nothing, so that a chunk that failed in the middle may simply be folded again.
 * Threads: those it makes end before kd_replay_next returns. Nobody else folds meanwhile. */
#ifndef KD_EVENT_REPLAY_H
#define KD_EVENT_REPLAY_H
#include "event/ingest.h"

typedef struct kd_replay kd_replay;
/* `threads` 1: everything in the calling thread. */
kd_status kd_replay_open(kd_replay **out, kd_store *store, kd_people *people, unsigned threads, kd_err *err);
void      kd_replay_close(kd_replay *replay);

typedef struct kd_replay_chunk { /* borrowed until the next call */
    const kd_event *events;      /* all of these are folded; 0: the log ends here */
    size_t          count;
    kd_stored      *told;        /* those that observers are to see, in order */
    size_t          told_count;
} kd_replay_chunk;
/* The events of `group` after `after`: fewer when the facts of a whole chunk have no room. On failure *out holds what was folded in
 * front of the first that was not. */
kd_status kd_replay_next(kd_replay_chunk *out, kd_replay *replay, uint16_t group, int64_t after, kd_err *err);
#endif
