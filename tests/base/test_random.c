#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"

static void the_same_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    kd_rng a, b;
    kd_rng_seed(&a, 42);
    kd_rng_seed(&b, 42);
    for (int i = 0; i < 1000; i++)
        CHECK(kd_rng_u64(&a) == kd_rng_u64(&b));
    /* golden bits: the demo shop of a seed is the same shop everywhere and for ever */
    kd_rng_seed(&a, 42);
    CHECK(kd_rng_u64(&a) == UINT64_C(0x15780b2e0c2ec716));
    CHECK(kd_rng_below(&a, 1000) == 378);
    CHECK(kd_rng_unit(&a) == 0x1.5c2ea66473c93p-1);
    CHECK(kd_rng_normal(&a) == 0x1.df16ccfa4d2a1p-1);
    CHECK(kd_rng_exponential(&a) == 0x1.e5ad5839f46abp+0);
    CHECK(kd_rng_gamma(&a, 0.3) == 0x1.0a17af77d6096p+0);
    CHECK(kd_rng_gamma(&a, 7.5) == 0x1.4910b8f8f16d9p+3);
    CHECK(kd_rng_poisson(&a, 1000) == 965);
    kd_rng_seed_os(&a);
    kd_rng_seed_os(&b);
    CHECK(kd_rng_u64(&a) != kd_rng_u64(&b));
}

static void below_is_even(void **state)
{
    (void)state;
    kd_rng rng;
    int    counts[7] = { 0 };
    kd_rng_seed(&rng, 5);
    for (int i = 0; i < 70000; i++)
        counts[kd_rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++)
        CHECK(abs(counts[i] - 10000) < 6 * 93); /* six deviations of a binomial */
    CHECK(kd_rng_below(&rng, 1) == 0);
    uint64_t sum = 0;
    for (int i = 0; i < 10000; i++)
        sum += kd_rng_below(&rng, UINT32_MAX) > UINT32_MAX / 2;
    CHECK(sum > 4700 && sum < 5300);
}

enum { DRAWS = 200000 };

/* Mean and variance within six standard errors of what the distribution says (kurtosis is its fourth central moment over the
 * squared variance). */
static void check_moments(const double *x, double mean, double variance, double kurtosis, const char *why)
{
    double m = 0, v = 0;
    for (int i = 0; i < DRAWS; i++)
        m += x[i];
    m /= DRAWS;
    for (int i = 0; i < DRAWS; i++)
        v += (x[i] - m) * (x[i] - m);
    v /= DRAWS - 1;
    if (fabs(m - mean) > 6 * sqrt(variance / DRAWS) || fabs(v - variance) > 6 * variance * sqrt((kurtosis - 1) / DRAWS))
        fail_msg("%s: mean %g for %g, variance %g for %g", why, m, mean, v, variance);
}

static void distributions_have_their_moments(void **state)
{
    (void)state;
    static double x[DRAWS];
    kd_rng        rng;
    kd_rng_seed(&rng, 11);
    for (int i = 0; i < DRAWS; i++) {
        x[i] = kd_rng_unit(&rng);
        CHECK(x[i] >= 0 && x[i] < 1);
    }
    check_moments(x, 0.5, 1.0 / 12, 1.8, "unit");
    for (int i = 0; i < DRAWS; i++)
        x[i] = kd_rng_normal(&rng);
    check_moments(x, 0, 1, 3, "normal");
    for (int i = 0; i < DRAWS; i++)
        x[i] = kd_rng_exponential(&rng);
    check_moments(x, 1, 1, 9, "exponential");
    static const double shapes[] = { 0.05, 0.5, 1, 2.5, 100 };
    for (size_t k = 0; k < COUNT(shapes); k++) {
        for (int i = 0; i < DRAWS; i++)
            x[i] = kd_rng_gamma(&rng, shapes[k]);
        check_moments(x, shapes[k], shapes[k], 3 + 6 / shapes[k], "gamma");
    }
    static const double means[] = { 0.01, 1, 15, 17, 40, 300, 5000 };
    for (size_t k = 0; k < COUNT(means); k++) {
        for (int i = 0; i < DRAWS; i++)
            x[i] = kd_rng_poisson(&rng, means[k]);
        check_moments(x, means[k], means[k], 3 + 1 / means[k], "poisson");
    }
}

static void edges(void **state)
{
    (void)state;
    kd_rng rng;
    kd_rng_seed(&rng, 1);
    CHECK(kd_rng_gamma(&rng, 0) == 0 && kd_rng_gamma(&rng, -1) == 0 && kd_rng_gamma(&rng, NAN) == 0);
    CHECK(kd_rng_poisson(&rng, 0) == 0 && kd_rng_poisson(&rng, -3) == 0 && kd_rng_poisson(&rng, NAN) == 0);
    CHECK(kd_rng_poisson(&rng, 1e30) > 3900000000u);
    for (int i = 0; i < 1000; i++) {
        double tiny = kd_rng_gamma(&rng, 1e-3);
        CHECK(tiny >= 0 && isfinite(tiny));
    }
}

/* Poisson probabilities, small and large mean, against the distribution itself (not only its moments). */
static void poisson_has_its_shape(void **state)
{
    (void)state;
    static const double means[] = { 3, 25 };
    for (size_t k = 0; k < COUNT(means); k++) {
        kd_rng rng;
        int    counts[80] = { 0 };
        kd_rng_seed(&rng, 17);
        for (int i = 0; i < DRAWS; i++) {
            uint32_t n = kd_rng_poisson(&rng, means[k]);
            counts[n < 79 ? n : 79]++;
        }
        double chi2 = 0, p = exp(-means[k]);
        int    cells = 0;
        for (int n = 0; n < 79; n++, p *= means[k] / n) {
            double expected = p * DRAWS;
            if (expected > 20) {
                chi2 += (counts[n] - expected) * (counts[n] - expected) / expected;
                cells++;
            }
        }
        CHECK(chi2 < cells + 6 * sqrt(2.0 * cells));
    }
}

int test_random(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_numbers), cmocka_unit_test(below_is_even),
        cmocka_unit_test(distributions_have_their_moments),     cmocka_unit_test(edges),
        cmocka_unit_test(poisson_has_its_shape),
    };
    return cmocka_run_group_tests_name("base: random", tests, NULL, NULL);
}
