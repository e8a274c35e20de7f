#include "num/hll.h"

#include <assert.h>
#include <math.h>

bool kd_hll_add(uint8_t *registers, unsigned p, uint64_t hash)
{
    const size_t   index = hash >> (64 - p);
    const uint64_t rest = hash << p;
    const uint8_t  rank = (uint8_t)(rest ? (unsigned)__builtin_clzll(rest) + 1 : 65 - p); /* the first one's place among 64 - p bits */
    assert(p >= KD_HLL_P_MIN && p <= KD_HLL_P_MAX);
    if (rank <= registers[index])
        return false;
    registers[index] = rank;
    return true;
}

void kd_hll_merge(uint8_t *into, const uint8_t *from, unsigned p)
{
    for (size_t i = 0; i < (size_t)1 << p; i++)
        if (from[i] > into[i])
            into[i] = from[i];
}

/* x + sum over k >= 1 of x^(2^k) * 2^(k-1): what empty registers say. */
static double sigma(double x)
{
    double y = 1.0, z = x, before;
    if (x == 1.0)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

/* (1 - x - sum over k >= 1 of (1 - x^(2^-k))^2 * 2^-k) / 3: what saturated registers say. */
static double tau(double x)
{
    double y = 1.0, z = 1.0 - x, before;
    if (x == 0.0 || x == 1.0)
        return 0.0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
    } while (z != before);
    return z / 3.0;
}

double kd_hll_count(const uint8_t *registers, unsigned p)
{
    const size_t   m = (size_t)1 << p;
    const unsigned q = 64 - p;
    uint32_t       with[66] = { 0 }; /* registers of each value: 0 .. q + 1 */
    double         z;
    for (size_t i = 0; i < m; i++)
        with[registers[i] <= q + 1 ? registers[i] : q + 1]++;
    z = (double)m * tau(1.0 - (double)with[q + 1] / (double)m);
    for (unsigned k = q; k >= 1; k--)
        z = 0.5 * (z + (double)with[k]);
    z += (double)m * sigma((double)with[0] / (double)m);
    return (double)m * (double)m / (2.0 * 0.69314718055994530942 * z);
}
