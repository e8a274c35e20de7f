/* insight/tail.h -- the log from its end: the newest events of everybody, one after another.
 *
 * Read in windows of facts without bodies, group by group, merged by time of arrival. What comes in meanwhile is not seen.
 * Threads: one reader's. Everything is owned by the arena given. */
#ifndef KD_INSIGHT_TAIL_H
#define KD_INSIGHT_TAIL_H
#include "store/store.h"

typedef struct kd_tail kd_tail;
/* From the newest event on, or from where `cursor` (empty: none) says. KD_INVALID: not one that kd_tail_cursor wrote. */
kd_status kd_tail_open(kd_tail **out, const kd_store *store, kd_reader *reader, kd_str cursor, kd_arena *arena, kd_err *err);
/* *event NULL at the beginning of the log. */
kd_status kd_tail_next(const kd_event **event, kd_tail *tail, kd_err *err);
/* Where to go on behind the last event given; nothing is appended when there is no more. */
void      kd_tail_cursor(kd_buf *out, const kd_tail *tail);
#endif
