/* The stored form of a fact: whatever the bytes, kd_fact_decode reads a fact or says KD_CORRUPT. What it reads, it writes
 * and reads again as the same; and it can be folded. */
#include "customer/fact.h"
#include "customer/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static kd_str encode(const kd_fact *fact, kd_arena *arena)
{
    kd_buf buf;
    kd_buf_init(&buf, arena);
    kd_fact_encode(&buf, fact);
    if (buf.failed)
        abort();
    return kd_buf_str(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_arena       *arena = kd_arena_new(16 << 20);
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      profile = { 0 };
    kd_err          err = { 0 };
    kd_fact         fact, again;
    kd_status       status = kd_fact_decode(&fact, (kd_str){ (const char *)data, size }, arena, &err);
    if (status != KD_OK && status != KD_CORRUPT)
        abort();
    if (status == KD_OK) {
        kd_str bytes = encode(&fact, arena), bytes_again;
        if (kd_fact_decode(&again, bytes, arena, &err) != KD_OK)
            abort();
        bytes_again = encode(&again, arena);
        if (!kd_str_eq(bytes, bytes_again))
            abort();
        fact.kind = KD_KIND_ORDER;
        if (kd_profile_fold(&profile, &fact, &caps, &err) != KD_OK)
            abort();
        kd_profile_free(&profile);
    }
    kd_arena_free(arena);
    return 0;
}
