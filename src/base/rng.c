#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void kd_rng_seed(kd_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->s[i] = splitmix(&seed);
}

void kd_rng_seed_os(kd_rng *rng)
{
    /* 32 bytes are given whole and never interrupted once the kernel's pool is ready; without them no id would be unique */
    if (getrandom(rng->s, sizeof rng->s, 0) != (ssize_t)sizeof rng->s)
        abort();
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t kd_rng_u64(kd_rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t  result = rotl(s[1] * 5, 7) * 9;
    uint64_t  t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Lemire, "Fast Random Integer Generation in an Interval", 2019: multiply, and draw again in the few biased cases. */
uint32_t kd_rng_below(kd_rng *rng, uint32_t n)
{
    uint64_t product = (kd_rng_u64(rng) >> 32) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = (0 - n) % n;
        while ((uint32_t)product < threshold)
            product = (kd_rng_u64(rng) >> 32) * n;
    }
    return (uint32_t)(product >> 32);
}

double kd_rng_unit(kd_rng *rng)
{
    return (double)(kd_rng_u64(rng) >> 11) * 0x1p-53;
}

/* --- our own ln and exp: those of the C library may differ in the last bit from one processor or version to the next, and
 * then a demo shop of one seed would not be the same shop everywhere. Only + - * / and sqrt are used, which IEEE 754 fixes. --- */

static const double LN2 = 0.693147180559945309417232121458;

/* x > 0. x = m 2^e with m near 1; ln m = 2 artanh((m - 1) / (m + 1)), whose series ends below 1e-17 at the 23rd power. */
static double ln(double x)
{
    int    e;
    double m = frexp(x, &e);
    if (m < 0.70710678118654752) {
        m *= 2;
        e--;
    }
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int k = 23; k >= 1; k -= 2)
        sum = sum * s2 + 1.0 / k;
    return 2 * s * sum + e * LN2;
}

/* x <= 0. exp x = 2^k exp r with |r| <= ln 2 / 2; the series ends below 1e-17 at the 14th power. */
static double ex(double x)
{
    if (x < -745)
        return 0;
    double k = floor(x / LN2 + 0.5), r = x - k * LN2, sum = 1;
    for (int i = 14; i >= 1; i--)
        sum = 1 + sum * r / i;
    return ldexp(sum, (int)k);
}

/* Marsaglia's polar method. The second value of a pair is not kept: a generator's state is its four words and no more. */
double kd_rng_normal(kd_rng *rng)
{
    double x, y, r2;
    do {
        x = 2 * kd_rng_unit(rng) - 1;
        y = 2 * kd_rng_unit(rng) - 1;
        r2 = x * x + y * y;
    } while (r2 >= 1 || r2 == 0);
    return x * sqrt(-2 * ln(r2) / r2);
}

double kd_rng_exponential(kd_rng *rng)
{
    return -ln(1 - kd_rng_unit(rng));
}

double kd_rng_gamma(kd_rng *rng, double shape)
{
    if (!(shape > 0))
        return 0;
    if (shape < 1) /* section 6 of the paper: gamma(a) = gamma(a + 1) U^(1/a) */
        return kd_rng_gamma(rng, shape + 1) * ex(ln(1 - kd_rng_unit(rng)) / shape);
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = kd_rng_normal(rng), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        double u = 1 - kd_rng_unit(rng);
        if (ln(u) < 0.5 * x * x + d - d * v + d * ln(v))
            return d * v;
    }
}

/* Successes in n trials of chance p. The median of n uniforms is a beta variate; which side of it p falls on decides half of the
 * trials at once (Ahrens & Dieter, "Computer Methods for Sampling from Gamma, Beta, Poisson and Binomial Distributions", 1974). */
static uint32_t binomial(kd_rng *rng, uint32_t n, double p)
{
    uint32_t successes = 0;
    while (n > 32) {
        uint32_t i = 1 + n / 2;
        double   a = kd_rng_gamma(rng, i), b = kd_rng_gamma(rng, n + 1.0 - i), median = a / (a + b);
        if (median >= p) {
            n = i - 1;
            p /= median;
        } else {
            successes += i;
            n -= i;
            p = (p - median) / (1 - median);
        }
    }
    for (; n > 0; n--)
        successes += kd_rng_unit(rng) < p;
    return successes;
}

/* The same paper: jump to the time of the m-th arrival (a gamma variate) while the mean is large, then count arrivals singly. */
uint32_t kd_rng_poisson(kd_rng *rng, double mean)
{
    uint32_t count = 0;
    if (!(mean > 0))
        return 0;
    if (mean > 4e9)
        mean = 4e9; /* above it the answer has no room */
    while (mean > 16) {
        uint32_t m = (uint32_t)(mean * 7 / 8);
        double   time = kd_rng_gamma(rng, m);
        if (time > mean)
            return count + binomial(rng, m - 1, mean / time);
        count += m;
        mean -= time;
    }
    for (double time = kd_rng_exponential(rng); time <= mean; time += kd_rng_exponential(rng))
        count++;
    return count;
}
