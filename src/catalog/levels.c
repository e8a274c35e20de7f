#include "catalog/levels.h"
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/fetch.h"
#include "catalog/index.h"

enum { ROWS = 1024, CHUNKS = KD_LEVEL_ROWS_MAX / ROWS, COLUMNS_MAX = UINT16_MAX, COLUMN_NONE = 0 };
#define NOT_SAID INT64_MIN

/* Price cell: `seq` is odd while the writer is inside (a sequence lock of atomics alone, no fences). */
typedef struct price_cell {
    _Atomic uint32_t seq, currencies; /* two times 15 bits: of the price, of the sale price */
    _Atomic int64_t  list, sale;
} price_cell;
typedef struct price_chunk {
    price_cell cells[ROWS];
    int64_t    list_at_ms[ROWS], sale_at_ms[ROWS]; /* the writer's */
} price_chunk;
typedef struct stock_chunk {
    _Atomic int32_t units[ROWS];
    int64_t         at_ms[ROWS]; /* the writer's */
} stock_chunk;
typedef struct stock_column { /* one place; number 1 is the nameless one */
    bool                   closed;
    _Atomic(stock_chunk *) chunks[CHUNKS];
} stock_column;
typedef struct total_chunk {
    _Atomic int64_t units[ROWS];  /* sum over open places, negative stock counted as none */
    uint32_t        places[ROWS]; /* open places that said something; the writer's */
} total_chunk;

struct kd_levels {
    _Atomic(price_chunk *)  prices[CHUNKS];
    _Atomic(total_chunk *)  totals[CHUNKS];
    _Atomic(stock_column *) columns[COLUMNS_MAX + 1];
    _Atomic uint16_t        column_of_place[COLUMNS_MAX + 1]; /* place row -> column */
    kd_index                column_of_ref;                    /* the writer's */
    uint16_t                column_count;
    size_t                  bytes;
};

/* calloc: the spines are mostly pages never touched. */
kd_levels *kd_levels_new(void)
{
    kd_levels *levels = calloc(1, sizeof *levels);
    if (levels)
        levels->column_count = 1; /* column 0 stays absent: "no such place" */
    return levels;
}

void kd_levels_free(kd_levels *levels)
{
    if (!levels)
        return;
    for (size_t c = 0; c < CHUNKS; c++) {
        free(atomic_load(&levels->prices[c]));
        free(atomic_load(&levels->totals[c]));
    }
    for (size_t i = 1; i < levels->column_count; i++) {
        stock_column *column = atomic_load(&levels->columns[i]);
        for (size_t c = 0; column && c < CHUNKS; c++)
            free(atomic_load(&column->chunks[c]));
        free(column);
    }
    kd_index_clear(&levels->column_of_ref);
    free(levels);
}

size_t kd_levels_bytes(const kd_levels *levels)
{
    return levels->bytes + levels->column_of_ref.bytes;
}

kd_status kd_level_check(const kd_level *level, kd_err *err)
{
    kd_currency currency = { "" };
    if (level->variant == 0)
        return kd_fail_field(err, KD_INVALID, "variant", "a level needs a variant");
    if (level->at_ms < KD_TIME_MIN || level->at_ms > KD_TIME_MAX)
        return kd_fail_field(err, KD_INVALID, "at", "the time is not between 1900 and 2200");
    switch (level->what) {
    case KD_LEVEL_STOCK:
        if (level->value < -KD_STOCK_UNITS_MAX || level->value > KD_STOCK_UNITS_MAX)
            return kd_fail_field(err, KD_INVALID, "stock", "stock must be between -%d and %d", KD_STOCK_UNITS_MAX,
                                 KD_STOCK_UNITS_MAX);
        return KD_OK;
    case KD_LEVEL_PRICE:
    case KD_LEVEL_SALE_PRICE:
        if (level->value < 0)
            return kd_fail_field(err, KD_INVALID, "price", "a price must not be negative");
        if (memchr(level->currency.code, 0, sizeof level->currency.code) != level->currency.code + 3
            || !kd_currency_parse(&currency, kd_str_z(level->currency.code)) || strcmp(currency.code, level->currency.code) != 0)
            return kd_fail_field(err, KD_INVALID, "currency", "a price needs a currency of three capital letters");
        return KD_OK;
    default:
        return kd_fail_field(err, KD_INVALID, "what", "a level is stock, price or sale price");
    }
}

static uint32_t pack_currency(kd_currency c)
{
    return ((uint32_t)(c.code[0] - 'A') & 31) << 10 | ((uint32_t)(c.code[1] - 'A') & 31) << 5 | ((uint32_t)(c.code[2] - 'A') & 31);
}

static kd_currency unpack_currency(uint32_t packed)
{
    return (kd_currency){ { (char)('A' + (packed >> 10 & 31)), (char)('A' + (packed >> 5 & 31)), (char)('A' + (packed & 31)), 0 } };
}

/* ---- columns ---- */

static uint16_t column_of(const kd_levels *levels, kd_ref place)
{
    uint64_t column = COLUMN_NONE;
    if (place == 0)
        return 1;
    return kd_index_get(&levels->column_of_ref, place, &column) ? (uint16_t)column : COLUMN_NONE;
}

static stock_column *column_made(kd_levels *levels, kd_ref place)
{
    uint16_t number = column_of(levels, place);
    if (levels->column_count == 1 && !(place == 0)) { /* the nameless place takes number 1 before any other */
        if (!column_made(levels, 0))
            return NULL;
    }
    if (number != COLUMN_NONE && number < levels->column_count)
        return atomic_load_explicit(&levels->columns[number], memory_order_relaxed);
    if (levels->column_count == COLUMNS_MAX || !kd_index_reserve(&levels->column_of_ref, 1))
        return NULL;
    stock_column *column = calloc(1, sizeof *column);
    if (!column)
        return NULL;
    number = levels->column_count++;
    if (place != 0)
        kd_index_put(&levels->column_of_ref, place, number);
    atomic_store_explicit(&levels->columns[number], column, memory_order_release);
    return column;
}

static stock_chunk *stock_made(kd_levels *levels, kd_ref place, uint32_t row)
{
    stock_column *column = column_made(levels, place);
    stock_chunk  *chunk = column ? atomic_load_explicit(&column->chunks[row / ROWS], memory_order_relaxed) : NULL;
    if (!column || chunk)
        return chunk;
    if (!(chunk = malloc(sizeof *chunk)))
        return NULL;
    for (size_t i = 0; i < ROWS; i++) {
        atomic_init(&chunk->units[i], KD_STOCK_UNKNOWN);
        chunk->at_ms[i] = NOT_SAID;
    }
    levels->bytes += sizeof *chunk;
    atomic_store_explicit(&column->chunks[row / ROWS], chunk, memory_order_release);
    return chunk;
}

static total_chunk *total_made(kd_levels *levels, uint32_t row)
{
    total_chunk *chunk = atomic_load_explicit(&levels->totals[row / ROWS], memory_order_relaxed);
    if (chunk || !(chunk = malloc(sizeof *chunk)))
        return chunk;
    for (size_t i = 0; i < ROWS; i++) {
        atomic_init(&chunk->units[i], NOT_SAID);
        chunk->places[i] = 0;
    }
    levels->bytes += sizeof *chunk;
    atomic_store_explicit(&levels->totals[row / ROWS], chunk, memory_order_release);
    return chunk;
}

static price_chunk *price_made(kd_levels *levels, uint32_t row)
{
    price_chunk *chunk = atomic_load_explicit(&levels->prices[row / ROWS], memory_order_relaxed);
    if (chunk || !(chunk = calloc(1, sizeof *chunk)))
        return chunk;
    for (size_t i = 0; i < ROWS; i++) {
        atomic_init(&chunk->cells[i].list, NOT_SAID);
        atomic_init(&chunk->cells[i].sale, NOT_SAID);
        chunk->list_at_ms[i] = chunk->sale_at_ms[i] = NOT_SAID;
    }
    levels->bytes += sizeof *chunk;
    atomic_store_explicit(&levels->prices[row / ROWS], chunk, memory_order_release);
    return chunk;
}

bool kd_levels_reserve(kd_levels *levels, const kd_level *level, uint32_t row)
{
    if (row >= KD_LEVEL_ROWS_MAX)
        return false;
    if (level->what == KD_LEVEL_STOCK)
        return total_made(levels, row) && stock_made(levels, level->place, row);
    return level->place != 0 || price_made(levels, row);
}

/* ---- the writer's side: every chunk is there, by kd_levels_reserve ---- */

static void total_move(kd_levels *levels, uint32_t row, int32_t before, int32_t after)
{
    total_chunk *chunk = atomic_load_explicit(&levels->totals[row / ROWS], memory_order_relaxed);
    const size_t i = row % ROWS;
    int64_t      sum = chunk->places[i] == 0 ? 0 : atomic_load_explicit(&chunk->units[i], memory_order_relaxed);
    if (before != KD_STOCK_UNKNOWN) {
        sum -= before > 0 ? before : 0;
        chunk->places[i]--;
    }
    if (after != KD_STOCK_UNKNOWN) {
        sum += after > 0 ? after : 0; /* a till that sold what the books did not know is short in one shop, not in all */
        chunk->places[i]++;
    }
    atomic_store_explicit(&chunk->units[i], chunk->places[i] == 0 ? NOT_SAID : sum, memory_order_relaxed);
}

static void stock_set(kd_levels *levels, const kd_level *level, uint32_t row)
{
    stock_column *column = atomic_load_explicit(&levels->columns[column_of(levels, level->place)], memory_order_relaxed);
    stock_chunk  *chunk = atomic_load_explicit(&column->chunks[row / ROWS], memory_order_relaxed);
    const size_t  i = row % ROWS;
    const int32_t before = atomic_load_explicit(&chunk->units[i], memory_order_relaxed);
    const int32_t after = (int32_t)level->value;
    if (before == after || (before != KD_STOCK_UNKNOWN && level->at_ms < chunk->at_ms[i]))
        return;
    chunk->at_ms[i] = level->at_ms;
    atomic_store_explicit(&chunk->units[i], after, memory_order_relaxed);
    if (!column->closed)
        total_move(levels, row, before, after);
}

static void price_set(kd_levels *levels, const kd_level *level, uint32_t row)
{
    price_chunk *chunk = atomic_load_explicit(&levels->prices[row / ROWS], memory_order_relaxed);
    price_cell  *cell = &chunk->cells[row % ROWS];
    const bool   sale = level->what == KD_LEVEL_SALE_PRICE;
    int64_t     *at_ms = sale ? &chunk->sale_at_ms[row % ROWS] : &chunk->list_at_ms[row % ROWS];
    const int      shift = sale ? 15 : 0;
    const uint32_t seq = atomic_load_explicit(&cell->seq, memory_order_relaxed);
    const uint32_t packed = atomic_load_explicit(&cell->currencies, memory_order_relaxed);
    const uint32_t others = packed & ~((uint32_t)0x7fff << shift);
    const bool     equal = atomic_load_explicit(sale ? &cell->sale : &cell->list, memory_order_relaxed) == level->value
        && (packed >> shift & 0x7fff) == pack_currency(level->currency);
    if (equal || (*at_ms != NOT_SAID && level->at_ms < *at_ms))
        return;
    *at_ms = level->at_ms;
    atomic_store_explicit(&cell->seq, seq + 1, memory_order_relaxed);
    atomic_store_explicit(&cell->currencies, others | pack_currency(level->currency) << shift, memory_order_release);
    atomic_store_explicit(sale ? &cell->sale : &cell->list, level->value, memory_order_release);
    atomic_store_explicit(&cell->seq, seq + 2, memory_order_release);
}

bool kd_levels_same(const kd_levels *levels, const kd_level *level, uint32_t row)
{
    if (row >= KD_LEVEL_ROWS_MAX)
        return false;
    if (level->what == KD_LEVEL_STOCK) {
        const uint16_t     number = column_of(levels, level->place);
        const stock_column *column = atomic_load_explicit(&levels->columns[number], memory_order_relaxed);
        const stock_chunk  *chunk = column ? atomic_load_explicit(&column->chunks[row / ROWS], memory_order_relaxed) : NULL;
        return chunk && atomic_load_explicit(&chunk->units[row % ROWS], memory_order_relaxed) == level->value;
    }
    if (level->place != 0)
        return false; /* prices of other sites are the store's alone: it knows */
    const price_chunk *chunk = atomic_load_explicit(&levels->prices[row / ROWS], memory_order_relaxed);
    const bool         sale = level->what == KD_LEVEL_SALE_PRICE;
    if (!chunk)
        return sale && level->value == 0;
    const price_cell *cell = &chunk->cells[row % ROWS];
    const int64_t     value = atomic_load_explicit(sale ? &cell->sale : &cell->list, memory_order_relaxed);
    const uint32_t    packed = atomic_load_explicit(&cell->currencies, memory_order_relaxed) >> (sale ? 15 : 0) & 0x7fff;
    if (value == NOT_SAID)
        return sale && level->value == 0;
    return value == level->value && packed == pack_currency(level->currency);
}

void kd_levels_set(kd_levels *levels, const kd_level *level, uint32_t row)
{
    if (level->what == KD_LEVEL_STOCK)
        stock_set(levels, level, row);
    else if (level->place == 0)
        price_set(levels, level, row);
}

bool kd_levels_place_reserve(kd_levels *levels, kd_ref place)
{
    return column_made(levels, place) != NULL;
}

void kd_levels_place(kd_levels *levels, uint16_t row, kd_ref place, bool closed)
{
    const uint16_t number = column_of(levels, place);
    stock_column  *column = atomic_load_explicit(&levels->columns[number], memory_order_relaxed);
    assert(number != COLUMN_NONE && column);
    atomic_store_explicit(&levels->column_of_place[row], number, memory_order_release);
    if (column->closed == closed)
        return;
    column->closed = closed;
    for (uint32_t c = 0; c < CHUNKS; c++) {
        stock_chunk *chunk = atomic_load_explicit(&column->chunks[c], memory_order_relaxed);
        for (uint32_t i = 0; chunk && i < ROWS; i++) {
            const int32_t units = atomic_load_explicit(&chunk->units[i], memory_order_relaxed);
            if (units != KD_STOCK_UNKNOWN)
                total_move(levels, c * ROWS + i, closed ? units : KD_STOCK_UNKNOWN, closed ? KD_STOCK_UNKNOWN : units);
        }
    }
}

/* ---- the readers' side ---- */

int32_t kd_levels_stock(const kd_levels *levels, uint32_t row, uint16_t place_row)
{
    const uint16_t      number = atomic_load_explicit(&levels->column_of_place[place_row], memory_order_acquire);
    const stock_column *column = atomic_load_explicit(&levels->columns[number], memory_order_acquire);
    if (!column || row >= KD_LEVEL_ROWS_MAX)
        return KD_STOCK_UNKNOWN;
    const stock_chunk *chunk = atomic_load_explicit(&column->chunks[row / ROWS], memory_order_acquire);
    return chunk ? atomic_load_explicit(&chunk->units[row % ROWS], memory_order_relaxed) : KD_STOCK_UNKNOWN;
}

int32_t kd_levels_total(const kd_levels *levels, uint32_t row)
{
    const total_chunk *chunk = row < KD_LEVEL_ROWS_MAX ? atomic_load_explicit(&levels->totals[row / ROWS], memory_order_acquire)
        : NULL;
    const int64_t      sum = chunk ? atomic_load_explicit(&chunk->units[row % ROWS], memory_order_relaxed) : NOT_SAID;
    if (sum == NOT_SAID)
        return KD_STOCK_UNKNOWN;
    return sum > INT32_MAX ? INT32_MAX : (int32_t)sum;
}

void kd_levels_total_fetch_ahead(const kd_levels *levels, uint32_t row)
{
    const total_chunk *chunk = row < KD_LEVEL_ROWS_MAX ? atomic_load_explicit(&levels->totals[row / ROWS], memory_order_acquire) : NULL;
    if (chunk)
        kd_fetch_ahead((const void *)&chunk->units[row % ROWS], sizeof chunk->units[0]);
}

void kd_levels_price_fetch_ahead(const kd_levels *levels, uint32_t row)
{
    const price_chunk *chunk = row < KD_LEVEL_ROWS_MAX ? atomic_load_explicit(&levels->prices[row / ROWS], memory_order_acquire) : NULL;
    if (chunk)
        kd_fetch_ahead((const void *)&chunk->cells[row % ROWS], sizeof chunk->cells[0]);
}

bool kd_levels_price(kd_price *out, const kd_levels *levels, uint32_t row)
{
    const price_chunk *chunk = row < KD_LEVEL_ROWS_MAX ? atomic_load_explicit(&levels->prices[row / ROWS], memory_order_acquire)
        : NULL;
    if (!chunk)
        return false;
    const price_cell *cell = &chunk->cells[row % ROWS];
    uint32_t          seq, currencies;
    int64_t           list, sale;
    do { /* loads with acquire stay before the second look at seq: either both looks agree, or a writer was between */
        seq = atomic_load_explicit(&cell->seq, memory_order_acquire);
        currencies = atomic_load_explicit(&cell->currencies, memory_order_acquire);
        list = atomic_load_explicit(&cell->list, memory_order_acquire);
        sale = atomic_load_explicit(&cell->sale, memory_order_acquire);
    } while ((seq & 1) != 0 || seq != atomic_load_explicit(&cell->seq, memory_order_relaxed));
    const bool on_sale = sale > 0 && (list == NOT_SAID || (sale < list && (currencies & 0x7fff) == currencies >> 15));
    if (list == NOT_SAID && !on_sale)
        return false;
    out->micro = on_sale ? sale : list;
    out->list_micro = list == NOT_SAID ? sale : list;
    out->currency = unpack_currency(list == NOT_SAID ? currencies >> 15 : currencies & 0x7fff);
    return true;
}
