/* recommend/score.h -- adding up what some products (seeds) say about others, and which seed said how much.
 *
 * Every contribution is rounded to whole millionths before it is added, so that sums do not depend on order, and the terms
 * of a score add up to it exactly. Used by the recommender and by the back-test of training: both rank alike.
 * Threads: a scorer belongs to one thread at a time; it is empty between requests. */
#ifndef KD_RECOMMEND_SCORE_H
#define KD_RECOMMEND_SCORE_H
#include "recommend/model.h"
#include "recommend/recommend.h"

#define KD_MICRO 1e6 /* of a score: its fixed point */
enum { KD_SEEDS_MAX = 40 };

typedef struct kd_seed {
    uint32_t     item;       /* of the model */
    kd_relation  relation;
    kd_term_kind kind;
    float        weight;     /* times the neighbour's score */
    kd_ref       about;
    int64_t      time_ms;
} kd_seed;

typedef struct kd_scorer {
    int64_t  *micro;         /* by item; 0 everywhere between requests */
    uint32_t *touched;
    uint32_t  touched_count, room;
} kd_scorer;

typedef struct kd_candidate { int64_t micro; uint32_t item; } kd_candidate;

kd_status kd_scorer_reserve(kd_scorer *scorer, uint32_t item_count, kd_err *err);
void      kd_scorer_free(kd_scorer *scorer);
void      kd_scorer_add(kd_scorer *scorer, const kd_model *model, const kd_seed *seeds, size_t count);
/* The k best, best first: greater score, then the smaller item. Returns how many there are. The scorer is empty afterwards. */
size_t    kd_scorer_top(kd_candidate *out, size_t k, kd_scorer *scorer);

/* The terms of a score while they are collected: the KD_TERMS_MAX greatest, and the sum of the others. */
typedef struct kd_terms {
    struct { int64_t micro; uint32_t seed, support; } best[KD_TERMS_MAX];
    uint8_t count;
    int64_t rest_micro;
} kd_terms;
/* terms[i] of items[i], in one pass over the seeds' neighbours; `scorer` must be empty and is empty again afterwards. */
void kd_scorer_explain(kd_terms *terms, kd_scorer *scorer, const uint32_t *items, size_t item_count, const kd_model *model,
                       const kd_seed *seeds, size_t seed_count);
#endif
