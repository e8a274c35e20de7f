/* catalog/levels.h -- stock and price of every variant, as they are this moment.
 *
 * Chunked arrays by variant row that never move, so that readers need no lock and no snapshot: stock is one atomic per
 * variant and place, and a kept total; a price is a few atomics behind a sequence number, so that price, list price and
 * currency always belong together. A chunk is made when somebody first says something about a variant in it.
 * The rules mirror kd_store_levels_put: a value equal to the newest changes nothing; an older one is history only.
 * Threads: readers any; one writer at a time. */
#ifndef KD_CATALOG_LEVELS_H
#define KD_CATALOG_LEVELS_H
#include "catalog/catalog.h"

enum { KD_LEVEL_ROWS_MAX = 1 << 24, KD_STOCK_UNITS_MAX = 1000000000 };

typedef struct kd_levels kd_levels;
kd_levels *kd_levels_new(void);
void       kd_levels_free(kd_levels *levels);
size_t     kd_levels_bytes(const kd_levels *levels);

/* Is it a level at all? The store and the image take only these. */
kd_status kd_level_check(const kd_level *level, kd_err *err);
/* Room for a level, so that setting it cannot fail. False: out of memory or past KD_LEVEL_ROWS_MAX. */
bool kd_levels_reserve(kd_levels *levels, const kd_level *level, uint32_t row);
/* The newest value is this one already, so that it need not be written (a sale price of 0 is the same as none). */
bool kd_levels_same(const kd_levels *levels, const kd_level *level, uint32_t row);
void kd_levels_set(kd_levels *levels, const kd_level *level, uint32_t row);

/* Place `row` is the one whose stock arrives under `place`; a closed place's stock counts nowhere. False: out of memory. */
bool kd_levels_place_reserve(kd_levels *levels, kd_ref place);
void kd_levels_place(kd_levels *levels, uint16_t row, kd_ref place, bool closed);

int32_t kd_levels_stock(const kd_levels *levels, uint32_t row, uint16_t place_row);
int32_t kd_levels_total(const kd_levels *levels, uint32_t row);
bool    kd_levels_price(kd_price *out, const kd_levels *levels, uint32_t row);
void    kd_levels_total_fetch_ahead(const kd_levels *levels, uint32_t row); /* base/fetch.h */
void    kd_levels_price_fetch_ahead(const kd_levels *levels, uint32_t row);
#endif
