/* base/money.h -- decimal amounts, exactly.
 *
 * An amount is int64 minor units plus an ISO 4217 code. A unit price may keep more decimals: it is held in millionths of
 * the major unit ("micro") and rounded to minor units per line, half away from zero. Text never passes a double. */
#ifndef KD_BASE_MONEY_H
#define KD_BASE_MONEY_H
#include "base/string.h"

typedef struct kd_currency { char code[4]; } kd_currency; /* "EUR"; "" when unknown */

bool kd_currency_parse(kd_currency *out, kd_str text); /* three ASCII letters, any case */
int  kd_currency_exponent(kd_currency currency);       /* 0, 2 or 3 */

/* "19.99", "-0.5", "1e2", "+3", ".5" -> millionths. False when it is no number, has more than 6 significant decimals, or
 * leaves int64. With `comma` true, a single ',' counts as the decimal point. */
bool kd_micro_parse(int64_t *out_micro, kd_str text, bool comma);
/* quantity * price, rounded to minor units of `currency`; false on overflow. */
bool kd_money_line(int64_t *out_minor, int64_t price_micro, int64_t quantity, kd_currency currency);
bool kd_money_from_micro(int64_t *out_minor, int64_t micro, kd_currency currency);
/* "1234.50" for 123450 EUR. */
void kd_money_format(char out[32], int64_t minor, kd_currency currency);
#endif
