#include "base/money.h"

#include <stdio.h>

enum { MICRO_DECIMALS = 6, DIGITS_MAX = 19 /* of an int64 */ };

static int64_t power10(int exponent)
{
    int64_t value = 1;
    while (exponent-- > 0)
        value *= 10;
    return value;
}

bool kd_currency_parse(kd_currency *out, kd_str text)
{
    kd_currency currency = { "" };
    if (text.len != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        char c = text.ptr[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c < 'A' || c > 'Z')
            return false;
        currency.code[i] = c;
    }
    *out = currency;
    return true;
}

/* ISO 4217 list one, 2024. The two units of account with four decimals (CLF, UYW) are no tender in a shop. */
#define CODE(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))
int kd_currency_exponent(kd_currency currency)
{
    const unsigned char *c = (const unsigned char *)currency.code;
    switch (CODE(c[0], c[1], c[2])) {
    case CODE('B', 'I', 'F'): case CODE('C', 'L', 'P'): case CODE('D', 'J', 'F'): case CODE('G', 'N', 'F'): case CODE('I', 'S', 'K'):
    case CODE('J', 'P', 'Y'): case CODE('K', 'M', 'F'): case CODE('K', 'R', 'W'): case CODE('P', 'Y', 'G'): case CODE('R', 'W', 'F'):
    case CODE('U', 'G', 'X'): case CODE('U', 'Y', 'I'): case CODE('V', 'N', 'D'): case CODE('V', 'U', 'V'): case CODE('X', 'A', 'F'):
    case CODE('X', 'O', 'F'): case CODE('X', 'P', 'F'):
        return 0;
    case CODE('B', 'H', 'D'): case CODE('I', 'Q', 'D'): case CODE('J', 'O', 'D'): case CODE('K', 'W', 'D'): case CODE('L', 'Y', 'D'):
    case CODE('O', 'M', 'R'): case CODE('T', 'N', 'D'):
        return 3;
    default:
        return 2;
    }
}
#undef CODE

/* What a decimal text says: digits without leading and trailing zeros, times 10^scale. */
typedef struct decimal {
    uint64_t digits;
    int      scale;
    bool     negative;
} decimal;

/* The exponent behind an 'e'. Far out of reach is all that matters of a huge one. */
static bool read_exponent(int *out, kd_str text)
{
    int64_t value;
    size_t  sign = text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-');
    if (text.len == sign)
        return false;
    for (size_t i = sign; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    if (!kd_str_i64(&value, text) || value > 100000 || value < -100000)
        value = text.ptr[0] == '-' ? -100000 : 100000;
    *out = (int)value;
    return true;
}

static bool read_decimal(decimal *out, kd_str text, bool comma)
{
    decimal d = { .negative = text.len > 0 && text.ptr[0] == '-' };
    size_t  i = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    size_t  seen = 0;      /* digits of any kind */
    int     significant = 0, zeros = 0; /* zeros: at the end so far, not yet in d.digits */
    bool    point = false;
    int     exponent = 0;
    if (text.len > 10000)
        return false;
    for (; i < text.len; i++) {
        char c = text.ptr[i];
        if (!point && (c == '.' || (comma && c == ','))) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        seen++;
        d.scale -= point;
        if (c == '0') {
            zeros += significant > 0;
            continue;
        }
        significant += zeros + 1;
        if (significant > DIGITS_MAX)
            return false;
        for (; zeros > 0; zeros--)
            d.digits *= 10;
        d.digits = d.digits * 10 + (uint64_t)(c - '0'); /* 19 digits fit an uint64 */
    }
    if (seen == 0)
        return false;
    if (i < text.len) {
        if ((text.ptr[i] != 'e' && text.ptr[i] != 'E') || !read_exponent(&exponent, (kd_str){ text.ptr + i + 1, text.len - i - 1 }))
            return false;
    }
    d.scale += exponent + zeros;
    *out = d;
    return true;
}

bool kd_micro_parse(int64_t *out_micro, kd_str text, bool comma)
{
    decimal d;
    if (!read_decimal(&d, text, comma))
        return false;
    if (d.digits == 0) {
        *out_micro = 0;
        return true;
    }
    int shift = d.scale + MICRO_DECIMALS;
    if (shift < 0 || shift >= DIGITS_MAX)
        return false;
    uint64_t factor = (uint64_t)power10(shift), limit = (uint64_t)INT64_MAX + d.negative;
    if (d.digits > limit / factor)
        return false;
    uint64_t micro = d.digits * factor;
    *out_micro = d.negative ? (int64_t)(0 - micro) : (int64_t)micro;
    return true;
}

bool kd_money_from_micro(int64_t *out_minor, int64_t micro, kd_currency currency)
{
    int64_t unit = power10(MICRO_DECIMALS - kd_currency_exponent(currency));
    int64_t minor = micro / unit, rest = micro % unit;
    if (rest >= unit - rest)
        minor++;
    else if (-rest >= unit + rest)
        minor--;
    *out_minor = minor;
    return true;
}

bool kd_money_line(int64_t *out_minor, int64_t price_micro, int64_t quantity, kd_currency currency)
{
    int64_t micro;
    if (__builtin_mul_overflow(price_micro, quantity, &micro))
        return false;
    return kd_money_from_micro(out_minor, micro, currency);
}

void kd_money_format(char out[32], int64_t minor, kd_currency currency)
{
    int         exponent = kd_currency_exponent(currency);
    uint64_t    amount = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    uint64_t    unit = (uint64_t)power10(exponent);
    const char *sign = minor < 0 ? "-" : "";
    if (exponent == 0)
        snprintf(out, 32, "%s%llu", sign, (unsigned long long)amount);
    else
        snprintf(out, 32, "%s%llu.%0*llu", sign, (unsigned long long)(amount / unit), exponent, (unsigned long long)(amount % unit));
}
