/* The stored form of a profile: whatever the bytes, kd_profile_decode makes a profile or says KD_CORRUPT (KD_CONFLICT: an old version) and makes nothing.
 * What it makes is canonical once written: read and written again it is the same bytes; and it can be merged. */
#include "customer/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(kd_buf *buf, const kd_profile *profile)
{
    kd_buf_init(buf, NULL);
    kd_profile_encode(buf, profile);
    if (buf->failed)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_profile_caps caps = kd_profile_caps_default();
    kd_profile      profile, again, merged = { 0 };
    kd_err          err = { 0 };
    kd_buf          bytes, bytes_again;
    kd_status       status = kd_profile_decode(&profile, (kd_str){ (const char *)data, size }, &err);
    if ((status == KD_CORRUPT || status == KD_CONFLICT) && !profile.bytes)
        return 0;
    if (status != KD_OK)
        abort();
    encode(&bytes, &profile);
    if (kd_profile_decode(&again, kd_buf_str(&bytes), &err) != KD_OK)
        abort();
    encode(&bytes_again, &again);
    if (!kd_str_eq(kd_buf_str(&bytes), kd_buf_str(&bytes_again)))
        abort();
    if (kd_profile_merge(&merged, &profile, &caps, &err) != KD_OK || kd_profile_merge(&merged, &again, &caps, &err) != KD_OK)
        abort();
    kd_profile_free(&profile);
    kd_profile_free(&again);
    kd_profile_free(&merged);
    kd_buf_free(&bytes);
    kd_buf_free(&bytes_again);
    return 0;
}
