#include "api/totp.h"

#include <ctype.h>
#include <nettle/hmac.h>
#include <sodium.h>
#include <stdio.h>

void kd_totp_code(char *out, int digits, const uint8_t *secret, size_t secret_len, uint64_t step)
{
    struct hmac_sha1_ctx ctx;
    uint8_t              counter[8], mac[SHA1_DIGEST_SIZE];
    uint32_t             number, modulus = 1;
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)(step >> (56 - 8 * i));
    hmac_sha1_set_key(&ctx, secret_len, secret);
    hmac_sha1_update(&ctx, sizeof counter, counter);
    hmac_sha1_digest(&ctx, sizeof mac, mac);
    const uint8_t *at = mac + (mac[sizeof mac - 1] & 15); /* dynamic truncation: RFC 4226, section 5.3 */
    number = ((uint32_t)at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    for (int i = 0; i < digits; i++)
        modulus *= 10;
    snprintf(out, (size_t)digits + 1, "%0*u", digits, number % modulus);
    sodium_memzero(&ctx, sizeof ctx);
    sodium_memzero(mac, sizeof mac);
}

/* Six digits without the blank that people type in the middle; false when it is anything else. */
static bool read_digits(char out[KD_TOTP_DIGITS + 1], kd_str code)
{
    size_t n = 0;
    for (size_t i = 0; i < code.len; i++) {
        if (code.ptr[i] == ' ')
            continue;
        if (!isdigit((unsigned char)code.ptr[i]) || n == KD_TOTP_DIGITS)
            return false;
        out[n++] = code.ptr[i];
    }
    out[n] = '\0';
    return n == KD_TOTP_DIGITS;
}

bool kd_totp_check(uint64_t *step, const uint8_t secret[KD_TOTP_SECRET], kd_str code, uint64_t used, int64_t now_ms)
{
    char           given[KD_TOTP_DIGITS + 1], right[KD_TOTP_DIGITS + 1];
    const uint64_t now = (uint64_t)(now_ms / KD_TOTP_STEP_MS);
    bool           found = false;
    if (now_ms < KD_TOTP_STEP_MS || !read_digits(given, code))
        return false;
    for (uint64_t s = now - 1; s <= now + 1; s++) {
        kd_totp_code(right, KD_TOTP_DIGITS, secret, KD_TOTP_SECRET, s);
        if (sodium_memcmp(given, right, KD_TOTP_DIGITS) == 0 && s > used) {
            *step = s;
            found = true;
        }
    }
    sodium_memzero(right, sizeof right);
    return found;
}

void kd_base32(char *out, const uint8_t *bytes, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t          bits = 0;
    int               have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 5; have -= 5)
            *out++ = alphabet[bits >> (have - 5) & 31];
    }
    if (have > 0)
        *out++ = alphabet[bits << (5 - have) & 31];
    *out = '\0';
}

static void add_encoded(kd_buf *out, kd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (isalnum((unsigned char)text.ptr[i]) || strchr("-._~", text.ptr[i]))
            kd_buf_add_byte(out, (uint8_t)text.ptr[i]);
        else
            kd_buf_addf(out, "%%%02X", (unsigned char)text.ptr[i]);
}

void kd_totp_uri(kd_buf *out, const uint8_t secret[KD_TOTP_SECRET], kd_str issuer, kd_str account)
{
    char text[KD_TOTP_SECRET_TEXT];
    kd_base32(text, secret, KD_TOTP_SECRET);
    kd_buf_add_z(out, "otpauth://totp/");
    add_encoded(out, issuer);
    kd_buf_add_byte(out, ':');
    add_encoded(out, account);
    kd_buf_addf(out, "?secret=%s&issuer=", text);
    add_encoded(out, issuer);
    kd_buf_add_z(out, "&algorithm=SHA1&digits=6&period=30");
    sodium_memzero(text, sizeof text);
}
