#include "base/id.h"

#define XXH_STATIC_LINKING_ONLY /* the streaming state on our stack */
#include <xxhash.h>

static const uint64_t TIME_MASK = (UINT64_C(1) << 48) - 1;

static kd_id make_v7(int64_t time_ms, uint64_t high, uint64_t low)
{
    kd_id    id;
    uint64_t ms = time_ms < 0 ? 0 : (uint64_t)time_ms > TIME_MASK ? TIME_MASK : (uint64_t)time_ms;
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | (high >> 8 & 0x0F)); /* version 7 */
    id.b[7] = (uint8_t)high;
    for (int i = 0; i < 8; i++)
        id.b[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3F)); /* variant 10 */
    return id;
}

kd_id kd_id_new(kd_rng *rng, int64_t now_ms)
{
    uint64_t high = kd_rng_u64(rng), low = kd_rng_u64(rng);
    return make_v7(now_ms, high, low);
}

kd_id kd_id_of_message(kd_str source, kd_str message_id, int64_t time_ms)
{
    XXH3_state_t state;
    uint8_t      source_len[8]; /* keeps ("ab", "c") and ("a", "bc") apart */
    for (int i = 0; i < 8; i++)
        source_len[i] = (uint8_t)((uint64_t)source.len >> (8 * i));
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, source_len, sizeof source_len);
    if (source.len > 0)
        XXH3_128bits_update(&state, source.ptr, source.len);
    if (message_id.len > 0)
        XXH3_128bits_update(&state, message_id.ptr, message_id.len);
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    return make_v7(time_ms, hash.high64, hash.low64);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool hyphen_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool kd_id_parse(kd_id *out, kd_str text)
{
    kd_id       id;
    const char *p = text.ptr;
    if (text.len != KD_ID_TEXT - 1)
        return false;
    for (int i = 0; i < 16; i++) {
        if (hyphen_before(i) && *p++ != '-')
            return false;
        int high = hex_value(p[0]), low = hex_value(p[1]);
        if (high < 0 || low < 0)
            return false;
        id.b[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    *out = id;
    return true;
}

void kd_id_format(char out[KD_ID_TEXT], kd_id id)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (hyphen_before(i))
            *out++ = '-';
        *out++ = hex[id.b[i] >> 4];
        *out++ = hex[id.b[i] & 15];
    }
    *out = 0;
}

int kd_id_cmp(kd_id a, kd_id b)
{
    return memcmp(a.b, b.b, sizeof a.b);
}

bool kd_id_eq(kd_id a, kd_id b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

bool kd_id_is_nil(kd_id id)
{
    return kd_id_eq(id, (kd_id){ { 0 } });
}

int64_t kd_id_time_ms(kd_id id)
{
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id.b[i];
    return (int64_t)ms;
}

/* --- PostgreSQL's hash_bytes: Bob Jenkins' lookup3 (public domain, 2006) with its own starting value --- */

static uint32_t rot(uint32_t x, int k)
{
    return (x << k) | (x >> (32 - k));
}

static uint32_t word(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint32_t kd_uuid_hash(kd_id id)
{
    uint32_t a = UINT32_C(0x9e3779b9) + 16 + 3923095, b = a, c = a;
    a += word(id.b);
    b += word(id.b + 4);
    c += word(id.b + 8);

    a -= c; a ^= rot(c, 4);  c += b; /* mix */
    b -= a; b ^= rot(a, 6);  a += c;
    c -= b; c ^= rot(b, 8);  b += a;
    a -= c; a ^= rot(c, 16); c += b;
    b -= a; b ^= rot(a, 19); a += c;
    c -= b; c ^= rot(b, 4);  b += a;

    a += word(id.b + 12);

    c ^= b; c -= rot(b, 14); /* final */
    a ^= c; a -= rot(c, 11);
    b ^= a; b -= rot(a, 25);
    c ^= b; c -= rot(b, 16);
    a ^= c; a -= rot(c, 4);
    b ^= a; b -= rot(a, 14);
    c ^= b; c -= rot(b, 24);
    return c;
}

uint16_t kd_part(kd_id person)
{
    return (uint16_t)((kd_uuid_hash(person) + UINT32_C(0x80000000)) >> 22);
}

uint64_t kd_hash64(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}

kd_ref kd_ref_of(kd_str text)
{
    if (text.len == 0)
        return 0;
    kd_ref ref = XXH3_64bits(text.ptr, text.len);
    return ref != 0 ? ref : 1;
}
