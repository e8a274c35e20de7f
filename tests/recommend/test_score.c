/* Scores are whole millionths: sums do not depend on order, the best k are those of a full sort, terms add up to the score. */
#include "shop.h"

#include "recommend/score.h"

enum { COUNT = 300, NEIGHBOURS = 40 };

static int best_first(const void *a, const void *b)
{
    const kd_candidate *x = a, *y = b;
    if (x->micro != y->micro)
        return x->micro > y->micro ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static size_t random_seeds(kd_seed *seeds, kd_rng *rng)
{
    size_t count = 1 + kd_rng_below(rng, KD_SEEDS_MAX);
    for (size_t s = 0; s < count; s++)
        seeds[s] = (kd_seed){ .item = kd_rng_below(rng, COUNT), .relation = (kd_relation)kd_rng_below(rng, KD_RELATION_COUNT),
                              .kind = (kd_term_kind)kd_rng_below(rng, 5), .weight = (float)kd_rng_unit(rng), .about = s + 1 };
    return count;
}

/* Without accumulator and heap: every neighbour list read, every score summed in a dense table, everything sorted. */
static size_t score_plainly(kd_candidate *all, int64_t *micro, const kd_model *model, const kd_seed *seeds, size_t seed_count)
{
    size_t count = 0;
    memset(micro, 0, COUNT * sizeof *micro);
    for (size_t s = seed_count; s > 0; s--) { /* the other way round */
        const kd_model_neighbour *n;
        size_t neighbours = kd_model_neighbours(model, seeds[s - 1].relation, seeds[s - 1].item, &n);
        for (size_t i = 0; i < neighbours; i++) {
            float exact = seeds[s - 1].weight * 1e6f * n[i].score; /* in float, as the scorer does */
            micro[n[i].item] += (int64_t)(exact + 0.5f);
        }
    }
    for (uint32_t i = 0; i < COUNT; i++)
        if (micro[i] > 0)
            all[count++] = (kd_candidate){ micro[i], i };
    qsort(all, count, sizeof *all, best_first);
    return count;
}

static void test_equals_full_sort(void **state)
{
    shop        s;
    kd_scorer   scorer = { 0 };
    kd_rng      rng;
    int64_t     micro[COUNT];
    (void)state;
    shop_open(&s, 1);
    const kd_model *model = shop_plant_model(&s, 5, COUNT, 0, NEIGHBOURS, 1);
    assert_int_equal(kd_scorer_reserve(&scorer, COUNT, NULL), KD_OK);
    kd_rng_seed(&rng, 9);
    for (int round = 0; round < 500; round++) {
        kd_seed      seeds[KD_SEEDS_MAX];
        kd_candidate want[COUNT], got[COUNT];
        size_t       seed_count = random_seeds(seeds, &rng), count = score_plainly(want, micro, model, seeds, seed_count);
        size_t       k = 1 + kd_rng_below(&rng, COUNT);
        kd_scorer_add(&scorer, model, seeds, seed_count);
        size_t found = kd_scorer_top(got, k, &scorer);
        assert_int_equal(found, count < k ? count : k);
        for (size_t i = 0; i < found; i++) {
            assert_int_equal(got[i].item, want[i].item);
            assert_int_equal(got[i].micro, want[i].micro);
        }

        uint32_t items[COUNT];
        kd_terms terms[COUNT];
        for (size_t i = 0; i < found; i++)
            items[i] = got[i].item;
        kd_scorer_explain(terms, &scorer, items, found, model, seeds, seed_count);
        for (size_t i = 0; i < found; i++) {
            int64_t sum = terms[i].rest_micro;
            for (uint8_t t = 0; t < terms[i].count; t++) {
                sum += terms[i].best[t].micro;
                assert_true(t == 0 || terms[i].best[t - 1].micro >= terms[i].best[t].micro);
            }
            assert_int_equal(sum, got[i].micro);
            assert_true(terms[i].rest_micro == 0 || terms[i].count == KD_TERMS_MAX);
        }
        for (uint32_t i = 0; i < COUNT; i++)
            assert_int_equal(scorer.micro[i], 0);
    }
    kd_scorer_free(&scorer);
    kd_model_release(model);
    shop_close(&s);
}

/* Take one seed away, and each score falls by exactly what that seed's term said. */
static void test_removed_evidence(void **state)
{
    shop      s;
    kd_scorer scorer = { 0 };
    kd_rng    rng;
    (void)state;
    shop_open(&s, 1);
    const kd_model *model = shop_plant_model(&s, 6, COUNT, 0, NEIGHBOURS, 1);
    assert_int_equal(kd_scorer_reserve(&scorer, COUNT, NULL), KD_OK);
    kd_rng_seed(&rng, 10);
    for (int round = 0; round < 200; round++) {
        kd_seed      seeds[KD_SEEDS_MAX];
        kd_candidate top[1];
        kd_terms     terms[1];
        size_t       seed_count = random_seeds(seeds, &rng);
        kd_scorer_add(&scorer, model, seeds, seed_count);
        kd_scorer_top(top, 1, &scorer);
        kd_scorer_explain(terms, &scorer, &top[0].item, 1, model, seeds, seed_count);
        uint32_t gone = terms[0].best[0].seed;
        seeds[gone] = seeds[seed_count - 1];
        kd_scorer_add(&scorer, model, seeds, seed_count - 1);
        assert_int_equal(scorer.micro[top[0].item], top[0].micro - terms[0].best[0].micro);
        kd_scorer_top(top, 1, &scorer);
    }
    kd_scorer_free(&scorer);
    kd_model_release(model);
    shop_close(&s);
}

const struct CMUnitTest score_tests[] = { cmocka_unit_test(test_equals_full_sort), cmocka_unit_test(test_removed_evidence) };
const size_t            score_test_count = sizeof score_tests / sizeof *score_tests;
