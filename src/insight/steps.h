/* insight/steps.h -- every step from a file or a request to the model in force, with when it ran, how long, and how many rows.
 *
 * Steps that run all the time (collect, transform, store, fold) are live counters of their own parts; steps that run now and
 * then (an import, a checkpoint, a training and each of its stages, publishing) are noted here, the newest KD_STEPS_MAX of them. They are
 * written as one record of nobody when one is noted, so that an import that ran as a command of its own is seen, too.
 * Nothing in a step identifies anybody: a file is told by its name without its folder. Threads: all calls from any. */
#ifndef KD_INSIGHT_STEPS_H
#define KD_INSIGHT_STEPS_H
#include "base/clock.h"
#include "store/store.h"

enum { KD_STEPS_MAX = 200, KD_STEP_NAME_MAX = 24, KD_STEP_ABOUT_MAX = 96 };

typedef struct kd_step {
    char     name[KD_STEP_NAME_MAX];    /* "import", "train", "checkpoint", "publish", ... */
    char     about[KD_STEP_ABOUT_MAX];  /* the file and its kind, the stage; may be "" */
    char     source[KD_STEP_ABOUT_MAX]; /* of an import; may be "" */
    int64_t  started_ms;
    uint64_t us;                        /* run time */
    uint64_t rows_in, rows_out, rejected, dropped;
    bool     failed;
} kd_step;

typedef struct kd_steps kd_steps;
kd_status kd_steps_open(kd_steps **out, kd_store *store, kd_err *err);
void      kd_steps_close(kd_steps *steps); /* NULL is fine */
/* Durable when it returns; a failure to write is logged, and the step kept in memory. */
void      kd_steps_note(kd_steps *steps, const kd_step *step);
/* Newest first, at most `limit`; owned by `arena`. */
kd_status kd_steps_list(kd_step **out, size_t *count, kd_steps *steps, size_t limit, kd_arena *arena, kd_err *err);
/* Sum of all noted ones of a name that are kept: us, rows; started_ms the newest. False when there is none. */
bool      kd_steps_newest(kd_step *out, kd_steps *steps, const char *name);
#endif
