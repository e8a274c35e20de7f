/* app/train.h -- between the engine and the process that trains for it. */
#ifndef KD_APP_TRAIN_H
#define KD_APP_TRAIN_H
#include "app/engine.h"

/* The bytes of a new model, from a child process. A child that fails or dies gives its reason; nothing else has happened. */
kd_status kd_train_in_child(kd_buf *out, kd_engine *engine, kd_progress progress, void *self, const atomic_bool *cancel, kd_err *err);
/* The child itself: `kunde train --child DB OUTPUT BYTES_MAX THREADS NOW_MS PARENT`. */
int kd_train_child(int argc, char **argv);
#endif
