/* recommend/backtest.h -- does the model beat popularity? Asked of the days it has not seen.
 *
 * A model of everything before a cut (14 days before the newest interaction, or the last tenth of the interactions where
 * those days hold less than a hundredth or more than half of them) ranks all products for persons known before it; their new
 * purchases after it (what they had not bought before; where a shop sends no orders: what they had not viewed before) are the targets.
 * Full ranking, no sampled negatives, no stock or filters; open places of the model's list go to popularity, as when serving.
 *   recall@20   hits among the first 20 / targets
 *   ndcg@10     gain 1 for a hit, ideal over min(10, targets)
 * Means over at most KD_BACKTEST_USERS persons, evenly spread. */
#ifndef KD_RECOMMEND_BACKTEST_H
#define KD_RECOMMEND_BACKTEST_H
#include "recommend/interactions.h"

enum { KD_BACKTEST_USERS = 5000 };
typedef struct kd_backtest_figures { double recall_20, ndcg_10; } kd_backtest_figures;
typedef struct kd_backtest {
    uint32_t            users;       /* 0: nobody known came back, nothing can be said */
    int64_t             cut_ms;
    bool                on_orders;   /* else on views */
    kd_backtest_figures model, popularity;
    uint64_t            served_by_model; /* places of the lists that the model's own neighbours filled, of users * 20 */
} kd_backtest;

/* Where the time is split. */
int32_t   kd_backtest_cut(const kd_deeds *deeds);
/* `model` was trained on kd_deeds_before(deeds, cut). */
kd_status kd_backtest_run(kd_backtest *out, const kd_deeds *deeds, int32_t cut_minute, const kd_model *model, kd_err *err);
#endif
