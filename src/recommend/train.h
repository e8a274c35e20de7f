/* recommend/train.h -- from the log to a model file. Runs in a process of its own (`kunde train`), on a read-only store.
 *
 * One scan of the log's facts (no body is opened), interactions time-decayed, users = persons, claimed events of one
 * person capped like all others and claimed orders taken for cart lines (recommend/interactions.h); then kd_item_item_train for orders and for views, viewed-then-bought, popularity, trend.
 * Ages count from the newest interaction, not from now: a shop that loads last year's orders has a model of last year.
 * Goods brought back are taken out, line by line. Before publishing, the same training on all but the last days is held
 * against those days and against popularity (recommend/backtest.h); the report says who won.
 * Memory: about 20 bytes an interaction, twice that for each matrix, 12 bytes a neighbour in memory and in the file; over
 * `bytes_max` it is KD_LIMIT, and nothing is published. The model is the same for any thread count, but for the times in
 * its report. */
#ifndef KD_RECOMMEND_TRAIN_H
#define KD_RECOMMEND_TRAIN_H
#include "base/map.h"
#include "recommend/model.h"
#include "store/store.h"

typedef struct kd_train_options {
    int64_t  now_ms;
    double   order_half_life_days, view_half_life_days; /* 180, 30 */
    double   trend_days;                                /* trend compares this window with the time before; 7 */
    uint32_t k;                                         /* 100 */
    kd_item_item_params orders, views;                  /* kd_train_options_default sets RP3beta for orders, cosine for views */
    uint32_t person_items_max;                          /* 500 */
    unsigned threads;
    size_t   bytes_max;                                 /* 0: 4 GiB */
    bool     no_backtest;                               /* skip it: benches */
    const kd_map *only;                                 /* persons to learn from, as kd_hash64 of their ids; NULL: all */
    bool     trust_claims;                              /* orders and returns by write key alone are orders and returns */
} kd_train_options;
kd_train_options kd_train_options_default(int64_t now_ms);
typedef void (*kd_train_progress)(void *self, const char *step, uint64_t done, uint64_t total);

/* The new model's bytes in *out and its figures as JSON inside it. KD_NOT_FOUND: no interactions at all. */
kd_status kd_train(kd_buf *out, kd_store *store, const kd_train_options *options, kd_train_progress progress, void *self, kd_err *err);
#endif
