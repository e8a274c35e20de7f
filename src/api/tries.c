#include "api/tries.h"

#include <sodium.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 3600 * 1000, RULES = 3 };

void kd_tries_init(kd_tries *tries)
{
    memset(tries, 0, sizeof *tries);
    randombytes_buf(&tries->seed, sizeof tries->seed);
}

static uint64_t name_of(const kd_tries *tries, int rule, kd_id user, kd_str address)
{
    uint64_t h = tries->seed + (uint64_t)rule;
    if (rule != 1)
        h = kd_hash64(user.b, sizeof user.b, h);
    if (rule != 2)
        h = kd_hash64(address.ptr ? address.ptr : "", address.len, h);
    return h | 1;
}

kd_status kd_tries_begin(kd_tries *tries, kd_id user, kd_str address, int64_t now_ms, kd_err *err)
{
    static const struct { uint32_t max; int64_t window_ms; } rules[RULES] = { { KD_TRIES_BOTH, MINUTE_MS }, { KD_TRIES_ADDRESS, MINUTE_MS }, { KD_TRIES_USER, HOUR_MS } };
    for (int pass = 0; pass < 2; pass++) /* look at all, then count in all */
        for (int r = 0; r < RULES; r++) {
            const uint64_t what = name_of(tries, r, user, address);
            const size_t   at = what / 2 % KD_TRIES_SLOTS;
            if (r == 2 && kd_id_is_nil(user)) /* names that nobody has are counted by address only */
                continue;
            if (tries->slots[at].what != what || now_ms - tries->slots[at].since_ms >= rules[r].window_ms || now_ms < tries->slots[at].since_ms) {
                if (pass == 0)
                    continue;
                tries->slots[at].what = what;
                tries->slots[at].since_ms = now_ms;
                tries->slots[at].count = 0;
            }
            if (pass == 0 && tries->slots[at].count >= rules[r].max)
                return kd_fail(err, KD_BUSY, "too many tries; wait %s", r == 2 ? "an hour, or use the login link that the server prints" : "a minute");
            tries->slots[at].count += pass;
        }
    return KD_OK;
}

void kd_tries_forget(kd_tries *tries, kd_id user, kd_str address)
{
    for (int r = 0; r < RULES; r++) {
        const uint64_t what = name_of(tries, r, user, address);
        const size_t   at = what / 2 % KD_TRIES_SLOTS;
        if (tries->slots[at].what != what || tries->slots[at].count == 0)
            continue;
        if (r == 0)
            tries->slots[at].count = 0;
        else
            tries->slots[at].count--; /* this one was no failure; the others of the address were */
    }
}
