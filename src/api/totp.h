/* api/totp.h -- the second factor: time-based one-time codes (RFC 6238: SHA-1, 30 seconds, six digits) and what replaces them.
 *
 * HMAC-SHA1 is nettle's; SHA-1 is what authenticator apps agree on, and HMAC does not suffer from its collisions.
 * Threads: pure functions. */
#ifndef KD_API_TOTP_H
#define KD_API_TOTP_H
#include "base/string.h"

enum { KD_TOTP_SECRET = 20, KD_TOTP_SECRET_TEXT = 33 /* base32 with the NUL */, KD_TOTP_STEP_MS = 30000, KD_TOTP_DIGITS = 6 };

/* The code of one step (time / 30 s) as `digits` digits and a NUL; 6 for the apps, 8 in the vectors of the RFC. */
void kd_totp_code(char *out, int digits, const uint8_t *secret, size_t secret_len, uint64_t step);
/* Is `code` (blanks inside allowed) that of now, or of the step before or after? *step gets which: a step that was used must
 * not be accepted again, nor one before it (`used`, 0: none). Constant time in the digits. */
bool kd_totp_check(uint64_t *step, const uint8_t secret[KD_TOTP_SECRET], kd_str code, uint64_t used, int64_t now_ms);
void kd_base32(char *out, const uint8_t *bytes, size_t len); /* RFC 4648, upper case, no padding; (len * 8 + 4) / 5 characters and a NUL */
/* otpauth://totp/<issuer>:<account>?secret=...&issuer=..., percent-encoded, what the QR code shows. */
void kd_totp_uri(kd_buf *out, const uint8_t secret[KD_TOTP_SECRET], kd_str issuer, kd_str account);
#endif
