#include "base/string.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool kd_str_eq(kd_str a, kd_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool kd_str_is(kd_str a, const char *z)
{
    return kd_str_eq(a, kd_str_z(z));
}

static unsigned char ascii_lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

bool kd_str_is_nocase(kd_str a, const char *z)
{
    kd_str b = kd_str_z(z);
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

int kd_str_cmp(kd_str a, kd_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int    order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool kd_str_starts(kd_str a, const char *prefix)
{
    size_t len = strlen(prefix);
    return a.len >= len && (len == 0 || memcmp(a.ptr, prefix, len) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

kd_str kd_str_trim(kd_str a)
{
    while (a.len > 0 && is_blank(a.ptr[0])) {
        a.ptr++;
        a.len--;
    }
    while (a.len > 0 && is_blank(a.ptr[a.len - 1]))
        a.len--;
    return a;
}

kd_str kd_str_copy(kd_arena *arena, kd_str a)
{
    char *copy = kd_arena_copy(arena, a.ptr, a.len);
    return (kd_str){ copy, copy != NULL ? a.len : 0 };
}

const char *kd_str_cstr(kd_arena *arena, kd_str a)
{
    if (a.len > 0 && memchr(a.ptr, 0, a.len) != NULL)
        return NULL;
    return kd_arena_copy(arena, a.ptr, a.len);
}

/* --- numbers --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool kd_str_i64(int64_t *out, kd_str a)
{
    size_t i = a.len > 0 && (a.ptr[0] == '-' || a.ptr[0] == '+');
    bool   negative = i == 1 && a.ptr[0] == '-';
    if (i == a.len)
        return false;
    int64_t value = 0; /* gathered below zero, where one more number fits */
    for (; i < a.len; i++) {
        int digit = a.ptr[i] - '0';
        if (!is_digit(a.ptr[i]) || value < (INT64_MIN + digit) / 10)
            return false;
        value = value * 10 - digit;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

static size_t skip_digits(kd_str a, size_t i)
{
    while (i < a.len && is_digit(a.ptr[i]))
        i++;
    return i;
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point. */
static bool looks_like_number(kd_str a)
{
    size_t i = a.len > 0 && (a.ptr[0] == '-' || a.ptr[0] == '+');
    size_t whole = i;
    i = skip_digits(a, i);
    size_t digits = i - whole;
    if (i < a.len && a.ptr[i] == '.') {
        size_t fraction = ++i;
        i = skip_digits(a, i);
        digits += i - fraction;
    }
    if (digits == 0)
        return false;
    if (i < a.len && (a.ptr[i] == 'e' || a.ptr[i] == 'E')) {
        i++;
        i += i < a.len && (a.ptr[i] == '-' || a.ptr[i] == '+');
        size_t exponent = i;
        i = skip_digits(a, i);
        if (i == exponent)
            return false;
    }
    return i == a.len;
}

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool kd_str_f64(double *out, kd_str a)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char                  small[64];
    if (!looks_like_number(a) || pthread_once(&once, make_c_locale) != 0 || c_locale == (locale_t)0)
        return false;
    char *z = a.len < sizeof small ? small : malloc(a.len + 1);
    if (z == NULL)
        return false;
    memcpy(z, a.ptr, a.len);
    z[a.len] = 0;
    double value = strtod_l(z, NULL, c_locale);
    if (z != small)
        free(z);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

/* --- UTF-8 --- */

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t kd_utf8_step(kd_str a)
{
    const unsigned char *p = (const unsigned char *)a.ptr;
    if (a.len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    size_t len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (a.len < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_continuation(p[i]))
            return 0;
    /* the second byte rules out overlong forms, surrogates and what lies above U+10FFFF */
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return len;
}

size_t kd_utf8_prefix(kd_str a)
{
    size_t i = 0;
    while (i < a.len) {
        uint64_t eight;
        while (a.len - i >= sizeof eight) { /* eight ASCII bytes at a time */
            memcpy(&eight, a.ptr + i, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) != 0)
                break;
            i += sizeof eight;
        }
        if (i == a.len)
            break;
        size_t step = kd_utf8_step((kd_str){ a.ptr + i, a.len - i });
        if (step == 0)
            break;
        i += step;
    }
    return i;
}

bool kd_utf8_valid(kd_str a)
{
    return kd_utf8_prefix(a) == a.len;
}

/* --- a buffer that grows --- */

void kd_buf_init(kd_buf *buf, kd_arena *arena)
{
    *buf = (kd_buf){ .arena = arena };
}

void kd_buf_free(kd_buf *buf)
{
    if (buf->arena != NULL)
        return;
    free(buf->ptr);
    *buf = (kd_buf){ .max = buf->max };
}

static char *grown(const kd_buf *buf, size_t cap)
{
    if (buf->arena == NULL)
        return realloc(buf->ptr, cap);
    char *ptr = kd_arena_room(buf->arena, cap);
    if (ptr != NULL && buf->len > 0)
        memcpy(ptr, buf->ptr, buf->len);
    return ptr;
}

bool kd_buf_grow(kd_buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    size_t max = buf->max != 0 ? buf->max : SIZE_MAX / 2;
    if (buf->len > max || more > max - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + more;
    size_t cap = buf->cap < 32 ? 64 : buf->cap * 2;
    if (cap > max)
        cap = max;
    if (cap < need || cap == 0)
        cap = need > 0 ? need : 1;
    char *ptr = grown(buf, cap);
    if (ptr == NULL) {
        buf->failed = true;
        return false;
    }
    buf->ptr = ptr;
    buf->cap = cap;
    return true;
}

void kd_buf_add_i64(kd_buf *buf, int64_t value)
{
    char     digits[20];
    size_t   at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    kd_buf_add(buf, digits + at, sizeof digits - at);
}

void kd_buf_addf(kd_buf *buf, const char *format, ...)
{
    char    small[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
    } else if ((size_t)len < sizeof small) {
        kd_buf_add(buf, small, (size_t)len);
    } else if (kd_buf_reserve(buf, (size_t)len + 1)) { /* room for the NUL that vsnprintf insists on */
        va_start(args, format);
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
        va_end(args);
        buf->len += (size_t)len;
    }
}

kd_str kd_buf_str(const kd_buf *buf)
{
    return (kd_str){ buf->ptr, buf->len };
}

kd_status kd_buf_status(const kd_buf *buf, kd_err *err)
{
    return buf->failed ? kd_fail_memory(err) : KD_OK;
}

/* --- compact binary --- */

void kd_put_u8(kd_buf *buf, uint8_t v)
{
    kd_buf_add_byte(buf, v);
}

static void put_little_endian(kd_buf *buf, uint64_t v, size_t bytes)
{
    uint8_t out[8];
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(v >> (8 * i));
    kd_buf_add(buf, out, bytes);
}

void kd_put_u32(kd_buf *buf, uint32_t v)
{
    put_little_endian(buf, v, 4);
}

void kd_put_u64(kd_buf *buf, uint64_t v)
{
    put_little_endian(buf, v, 8);
}

void kd_put_varint(kd_buf *buf, uint64_t v)
{
    char  *at;
    size_t len = 1;
    for (uint64_t rest = v; rest >= 0x80; rest >>= 7)
        len++;
    if (!kd_buf_reserve(buf, len))
        return;
    at = buf->ptr + buf->len;
    while (v >= 0x80) {
        *at++ = (char)(v | 0x80);
        v >>= 7;
    }
    *at++ = (char)v;
    buf->len = (size_t)(at - buf->ptr);
}

void kd_put_zigzag(kd_buf *buf, int64_t v)
{
    kd_put_varint(buf, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void kd_put_str(kd_buf *buf, kd_str s)
{
    kd_put_varint(buf, s.len);
    kd_buf_add_str(buf, s);
}

kd_str kd_cut_bytes(kd_cut *cut, size_t len)
{
    if (cut->failed || len > (size_t)(cut->end - cut->ptr)) {
        cut->failed = true;
        return (kd_str){ NULL, 0 };
    }
    kd_str out = { (const char *)cut->ptr, len };
    if (len > 0)
        cut->ptr += len;
    return out;
}

static uint64_t cut_little_endian(kd_cut *cut, size_t bytes)
{
    kd_str   in = kd_cut_bytes(cut, bytes);
    uint64_t v = 0;
    for (size_t i = 0; i < in.len; i++)
        v |= (uint64_t)(uint8_t)in.ptr[i] << (8 * i);
    return v;
}

uint8_t kd_cut_u8(kd_cut *cut)
{
    return (uint8_t)cut_little_endian(cut, 1);
}

uint32_t kd_cut_u32(kd_cut *cut)
{
    return (uint32_t)cut_little_endian(cut, 4);
}

uint64_t kd_cut_u64(kd_cut *cut)
{
    return cut_little_endian(cut, 8);
}

uint64_t kd_cut_varint(kd_cut *cut)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64 && !cut->failed && cut->ptr < cut->end; shift += 7) {
        uint8_t byte = *cut->ptr++;
        if (shift == 63 && byte > 1)
            break; /* the tenth byte has room for one bit */
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return v;
    }
    cut->failed = true;
    return 0;
}

int64_t kd_cut_zigzag(kd_cut *cut)
{
    uint64_t v = kd_cut_varint(cut);
    return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

kd_str kd_cut_str(kd_cut *cut)
{
    uint64_t len = kd_cut_varint(cut);
    if (len > SIZE_MAX)
        cut->failed = true;
    return kd_cut_bytes(cut, (size_t)len);
}
