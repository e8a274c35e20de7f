/* What the purpose mask costs of a decision, in process: one line of JSON with nanoseconds a call, of a person with an ordinary year behind them.
 * Usage: bench_mask [calls] */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "customer/mask.h"

enum { EVENTS = 120, ROUNDS = 5 };

static kd_profile ordinary(kd_arena *arena)
{
    static const char *const names[] = { "email", "firstName", "lastName", "phone", "city", "newsletter", "birthday", "shoeSize" };
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      p = { 0 };
    kd_ident        idents[] = { { KD_KEY_USER, KD_STR("u-17"), true }, { KD_KEY_ANONYMOUS, KD_STR("b-1"), true }, { KD_KEY_EMAIL, KD_STR("a@b.example"), true } };
    kd_trait        traits[8];
    for (size_t i = 0; i < 8; i++)
        traits[i] = (kd_trait){ kd_str_z(names[i]), KD_STR("\"value\"") };
    for (unsigned i = 0; i < EVENTS; i++) {
        kd_fact_line *line = KD_NEW(arena, kd_fact_line, 1);
        kd_fact       fact = { .kind = i % 6 == 5 ? KD_KIND_ORDER : i % 6 == 3 ? KD_KIND_CART_ADD : KD_KIND_VIEW, .time_ms = INT64_C(1767225600000) + i * KD_DAY_MS,
                               .total_micro = KD_PRICE_NONE, .idents = idents, .ident_count = 3, .lines = line, .line_count = 1, .traits = traits, .trait_count = i ? 0 : 8 };
        char *id = kd_arena_alloc(arena, 8);
        snprintf(id, 8, "p%u", i % 40);
        *line = (kd_fact_line){ kd_str_z(id), { 0 }, 1, 1000000 };
        fact.id.b[15] = (uint8_t)i;
        fact.consent = (kd_consent){ .granted = 6, .refused = 64, .source = KD_STR("context") };
        kd_profile_fold(&p, &fact, &caps, NULL);
    }
    return p;
}

int main(int argc, char **argv)
{
    const long  calls = argc > 1 ? atol(argv[1]) : 2000000;
    kd_arena   *build = kd_arena_new(1 << 20), *arena = kd_arena_new(1 << 20);
    kd_profile  p = ordinary(build), view;
    kd_policy  *policy;
    double      allowed_ns = 1e9, mask_ns = 1e9;
    uint64_t    sink = 0;
    if (kd_policy_built_in(&policy, NULL) != KD_OK)
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t from = kd_monotonic_us();
        for (long i = 0; i < calls; i++)
            sink += kd_allowed(policy, &p, i & 1);
        allowed_ns = (double)(kd_monotonic_us() - from) * 1000 / (double)calls < allowed_ns ? (double)(kd_monotonic_us() - from) * 1000 / (double)calls : allowed_ns;
        from = kd_monotonic_us();
        for (long i = 0; i < calls; i++) {
            kd_arena_reset(arena);
            if (kd_masked(&view, &p, policy, KD_PURPOSE_PERSONALISE, false, arena) != KD_OK)
                return 1;
            sink += view.trait_count;
        }
        mask_ns = (double)(kd_monotonic_us() - from) * 1000 / (double)calls < mask_ns ? (double)(kd_monotonic_us() - from) * 1000 / (double)calls : mask_ns;
    }
    printf("{\"bench\":\"mask\",\"events\":%d,\"traits\":%u,\"seen\":%u,\"allowedNs\":%.1f,\"maskNs\":%.1f,\"sink\":%llu}\n", (int)EVENTS, p.trait_count, view.trait_count,
           allowed_ns, mask_ns, (unsigned long long)sink);
    kd_profile_free(&p);
    kd_policy_release(policy);
    kd_arena_free(build);
    kd_arena_free(arena);
    return 0;
}
