#include "recommend/score.h"

#include <stdlib.h>

#include "base/fetch.h"

/* Positive and far below 2^63 (seeds weigh at most a few, neighbours at most KD_MODEL_SCORE_MAX): the cast rounds to nearest. */
static inline int64_t contribution(float weight_micro, float score) { return (int64_t)(weight_micro * score + 0.5f); }

kd_status kd_scorer_reserve(kd_scorer *scorer, uint32_t item_count, kd_err *err)
{
    if (item_count <= scorer->room)
        return KD_OK;
    kd_scorer_free(scorer);
    scorer->micro = calloc(item_count, sizeof *scorer->micro);
    scorer->touched = malloc((item_count + (size_t)1) * sizeof *scorer->touched); /* one more: kd_scorer_add writes before it knows */
    if (!scorer->micro || !scorer->touched) {
        kd_scorer_free(scorer);
        return kd_fail_memory(err);
    }
    scorer->room = item_count;
    return KD_OK;
}

void kd_scorer_free(kd_scorer *scorer)
{
    free(scorer->micro);
    free(scorer->touched);
    *scorer = (kd_scorer){ 0 };
}

void kd_scorer_add(kd_scorer *scorer, const kd_model *model, const kd_seed *seeds, size_t count)
{
    int64_t  *micro = scorer->micro;
    uint32_t *touched = scorer->touched, touched_count = scorer->touched_count;

    for (size_t s = 0; s < count; s++) {
        const kd_model_neighbour *n, *ahead;
        size_t neighbours = kd_model_neighbours(model, seeds[s].relation, seeds[s].item, &n);
        float  weight = seeds[s].weight * (float)KD_MICRO;
        if (s + 1 < count) {
            size_t next = kd_model_neighbours(model, seeds[s + 1].relation, seeds[s + 1].item, &ahead);
            kd_fetch_ahead(ahead, next * sizeof *ahead); /* while this one is added up */
        }
        for (size_t i = 0; i < neighbours; i++) {
            int64_t more = contribution(weight, n[i].score);
            if (more == 0)
                break; /* best first: those behind say nothing either */
            int64_t before = micro[n[i].item];
            touched[touched_count] = n[i].item; /* kept when it is the first time; no branch, for nobody could foretell it */
            touched_count += before == 0;
            micro[n[i].item] = before + more;
        }
    }
    scorer->touched_count = touched_count;
}

/* num/topk.h in whole numbers: a sum of millionths may need more digits than a float has. */
static inline bool worse(kd_candidate a, kd_candidate b)
{
    return a.micro < b.micro || (a.micro == b.micro && a.item > b.item);
}

static void sift_down(kd_candidate *heap, size_t count, size_t at, kd_candidate one)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && worse(heap[child + 1], heap[child]))
            child++;
        if (!worse(heap[child], one))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = one;
}

/* The score of the nth item touched, which is 0 again afterwards. */
static inline kd_candidate take(kd_scorer *scorer, uint32_t nth)
{
    uint32_t     item = scorer->touched[nth];
    kd_candidate one = { scorer->micro[item], item };
    scorer->micro[item] = 0;
    return one;
}

size_t kd_scorer_top(kd_candidate *out, size_t k, kd_scorer *scorer)
{
    size_t count = k < scorer->touched_count ? k : scorer->touched_count;

    for (uint32_t i = 0; i < count; i++)
        out[i] = take(scorer, i);
    for (size_t i = count / 2; i > 0; i--)
        sift_down(out, count, i - 1, out[i - 1]);
    for (uint32_t i = (uint32_t)count; i < scorer->touched_count; i++) {
        kd_candidate one = take(scorer, i);
        if (count > 0 && worse(out[0], one))
            sift_down(out, count, 0, one);
    }
    scorer->touched_count = 0;
    for (size_t i = count; i > 1; i--) { /* heap sort: the worst goes to the end */
        kd_candidate last = out[i - 1];
        out[i - 1] = out[0];
        sift_down(out, i - 1, 0, last);
    }
    return count;
}

static void add_term(kd_terms *t, int64_t micro, uint32_t seed, uint32_t support)
{
    size_t at;

    if (t->count == KD_TERMS_MAX) {
        if (micro <= t->best[KD_TERMS_MAX - 1].micro) {
            t->rest_micro += micro;
            return;
        }
        t->rest_micro += t->best[--t->count].micro;
    }
    for (at = t->count++; at > 0 && t->best[at - 1].micro < micro; at--)
        t->best[at] = t->best[at - 1];
    t->best[at].micro = micro;
    t->best[at].seed = seed;
    t->best[at].support = support;
}

void kd_scorer_explain(kd_terms *terms, kd_scorer *scorer, const uint32_t *items, size_t item_count, const kd_model *model,
                       const kd_seed *seeds, size_t seed_count)
{
    for (size_t i = 0; i < item_count; i++) { /* a mark instead of a score: which of the items this is */
        terms[i] = (kd_terms){ 0 };
        scorer->micro[items[i]] = (int64_t)i + 1;
    }
    for (size_t s = 0; s < seed_count; s++) {
        const kd_model_neighbour *n;
        size_t neighbours = kd_model_neighbours(model, seeds[s].relation, seeds[s].item, &n);
        float  weight = seeds[s].weight * (float)KD_MICRO;
        for (size_t i = 0; i < neighbours; i++) {
            int64_t mark = scorer->micro[n[i].item];
            if (mark != 0 && contribution(weight, n[i].score) != 0)
                add_term(&terms[mark - 1], contribution(weight, n[i].score), (uint32_t)s, kd_model_support(model, seeds[s].relation, &n[i]));
        }
    }
    for (size_t i = 0; i < item_count; i++)
        scorer->micro[items[i]] = 0;
}
