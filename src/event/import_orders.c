#include "event/import_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "event/import_values.h"

/* Lines of orders into events, one per order.
 *
 * A line is known by source, order and its ordinal within the order, never by its content: the same article scanned twice
 * is two lines. An event holds the lines of one order that stand together, and is known by the ordinal of its first: so an
 * order is one event, as every other source sends it, and a profile's count of orders is a count of orders.
 *
 * "Together" needs care, because lines of one order need not be neighbours, a file may be larger than memory, and the events
 * must come out the same however the file is read (in what batches, after how many kills). Hence a window of rows: an
 * order's event is complete when WINDOW_ROWS rows have passed since its first line, when it is full (lines, bytes), when the
 * window is over its bytes (then the eldest goes), or at the end. All of this depends on the file's rows alone. In the
 * largest real file at hand (541,909 rows, 25,900 invoices) one invoice is interrupted, by two rows: every invoice is one
 * event. Where lines lie farther apart, an order becomes several events with the same order id; no line is lost.
 *
 * Sale, return and adjustment lines of one order make an event each; so do lines that name another customer. */

enum {
    WINDOW_ROWS = 4096,
    WINDOW_BYTES_MAX = 32 << 20,
    BASKET_BYTES_MAX = 1 << 20,
    BASKET_KEEP_BYTES = 64 << 10,  /* a buffer that grew past this is not kept for the next order */
    BUCKETS = 8192,                /* a power of two */
    NAME_MAX_BYTES = 256,          /* of an order, product, place */
    FLAG_ORDER = 1, FLAG_RETURN = 2, ORDINAL_SHIFT = 2,
    NONE = -1
};

enum { F_ORDER, F_PRODUCT, F_VARIANT, F_NAME, F_QUANTITY, F_TIME, F_PRICE, F_TOTAL, F_CURRENCY, F_CUSTOMER, F_EMAIL, F_CARD,
    F_PHONE, F_PLACE, F_TILL, F_TILL_CUSTOMER, F_E_RECEIPT, F_TYPE };
static const kd_import_field fields[] = {
    [F_ORDER] = { "order", "orderid invoice invoiceid invoiceno invoicenumber order orderno ordernumber receipt receiptid "
                           "receiptno receiptnumber basketid basket transactionid transactionno", true },
    [F_PRODUCT] = { "product", "productid product stockcode itemid item articleid article articleno articlenumber "
                               "productcode sku", true },
    [F_VARIANT] = { "variant", "variantid variant sku", false },
    [F_NAME] = { "name", "description title name productname itemname producttitle producttype", false },
    [F_QUANTITY] = { "quantity", "quantity qty pieces units", false },
    [F_TIME] = { "time", "orderedat invoicedate orderdate transactiontimestamp timestamp datetime date time createdat", true },
    [F_PRICE] = { "price", "unitprice price itemprice", false },
    [F_TOTAL] = { "line_total", "linetotal salesvalue lineamount amount", false },
    [F_CURRENCY] = { "currency", "currency currencycode", false },
    [F_CUSTOMER] = { "customer", "customerid customer userid user householdid customernumber customerno", false },
    [F_EMAIL] = { "email", "email emailaddress customeremail", false },
    [F_CARD] = { "card", "card cardid loyaltycard loyaltyid loyaltycardid cardnumber", false },
    [F_PHONE] = { "phone", "phone phonenumber mobile", false },
    [F_PLACE] = { "place", "store storeid place placeid shop branch branchid", false },
    [F_TILL] = { "till", "till tillid tillno tillnumber terminal register pos", false },
    [F_TILL_CUSTOMER] = { "till_customer", "tillcustomer tillcustomernumber tillcustomerno", false },
    [F_E_RECEIPT] = { "e_receipt", "ereceipt ereceiptid digitalreceipt digitalreceiptid", false },
    [F_TYPE] = { "type", "type linetype receipttype transactiontype", false },
};
/* Receipts of a till have what orders have, and what only tills know. */
static const kd_import_table order_table = { fields, F_TILL, false }, receipt_table = { fields, sizeof fields / sizeof *fields, false };

/* Codes under which tills book what is no merchandise. Such lines stay in their orders (the customer paid them); they are
 * only counted apart. */
static const char *const service_codes[] = {
    "POST", "DOT", "M", "D", "S", "B", "C2", "C3", "CRUK", "PADS", "BANK CHARGES", "AMAZONFEE", "AMAZON FEE", "POSTAGE",
    "SHIPPING", "CARRIAGE", "DELIVERY", "FEE", "FEES", "MANUAL", "DISCOUNT", "ADJUST", "ADJUSTMENT", "DEPOSIT", "GIFT WRAP",
};

typedef struct order_row {   /* a row, understood; texts borrow from it */
    kd_kind     kind;
    kd_str      order, product, variant, name, user, email, card, phone, place, till, till_customer, e_receipt;
    kd_str      known_as;    /* the order among all of this source: its number; of a receipt with store, till and day before it, as tills count anew */
    int32_t     quantity;
    int64_t     price_micro, time_ms, written_ms;
    kd_currency currency;
    uint32_t    ordinal;
} order_row;

typedef struct span { uint32_t at, len; } span;    /* of a basket's texts */
typedef struct line { span product, variant, name; int32_t quantity; int64_t price_micro; } line;
typedef struct basket {      /* an order whose lines are still coming in */
    uint64_t    key, first_row;
    int32_t     next_in_bucket, newer, older;
    kd_kind     kind;
    uint32_t    ordinal;     /* of its first line */
    int64_t     time_ms, written_ms;
    kd_currency currency;
    span        order, user, email, card, phone, place, till, till_customer, e_receipt, known_as;
    kd_buf      texts;       /* all texts of the basket */
    kd_buf      rows;        /* the rows as sent, JSON, a comma behind each */
    line       *lines;
    size_t      count, cap;
} basket;

typedef struct orders {
    kd_import *run;
    kd_rows   *rows;
    kd_map    *ordinals;     /* order -> lines so far, and what was counted of it */
    kd_map    *customers, *products; /* seen: for the counts */
    basket    *baskets;
    size_t     used;         /* of WINDOW_ROWS + 1: every open basket has a row of the window */
    int32_t    free_list, eldest, newest;
    int32_t    buckets[BUCKETS];
    size_t     window_bytes;
    kd_str     last_time;    /* rows of one order repeat their time */
    char       last_time_text[64];
    int64_t    last_ms, last_written_ms;
    int64_t    future_ms;    /* what is dated later is a mistake */
    bool       receipts;     /* of tills, not orders */
    char       known_as[3 * NAME_MAX_BYTES + 40];
} orders;

/* ---- a row into its meaning ---- */

static kd_status read_texts(order_row *out, const kd_row *row, kd_err *err)
{
    static const struct { int field; size_t max; } texts[] = {
        { F_PRODUCT, NAME_MAX_BYTES },     { F_VARIANT, NAME_MAX_BYTES },   { F_PLACE, NAME_MAX_BYTES },
        { F_CUSTOMER, KD_KEY_VALUE_MAX },  { F_EMAIL, KD_KEY_VALUE_MAX },   { F_CARD, KD_KEY_VALUE_MAX },
        { F_PHONE, KD_KEY_VALUE_MAX },      { F_TILL, NAME_MAX_BYTES },     { F_TILL_CUSTOMER, KD_KEY_VALUE_MAX },
        { F_E_RECEIPT, KD_KEY_VALUE_MAX },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (row->field[texts[i].field].len > texts[i].max)
            return kd_fail_field(err, KD_INVALID, fields[texts[i].field].name, "longer than %zu bytes", texts[i].max);
    if (row->field[F_PRODUCT].len == 0)
        return kd_fail_field(err, KD_INVALID, "product", "no product");
    out->product = row->field[F_PRODUCT];
    out->variant = row->field[F_VARIANT];
    out->name = row->field[F_NAME];
    out->place = row->field[F_PLACE];
    out->user = row->field[F_CUSTOMER];
    out->email = row->field[F_EMAIL];
    out->card = row->field[F_CARD];
    out->phone = row->field[F_PHONE];
    out->till = row->field[F_TILL];
    out->till_customer = row->field[F_TILL_CUSTOMER];
    out->e_receipt = row->field[F_E_RECEIPT];
    return KD_OK;
}

/* A price of one piece; where only the amount of the line is told, that by the quantity, rounded to a millionth. */
static kd_status read_price(order_row *out, const kd_row *row, const kd_import_options *options, kd_err *err)
{
    const char *point = options->decimal_comma ? "comma" : "point";
    int64_t     total, quantity = out->quantity;
    out->price_micro = KD_PRICE_NONE;
    out->currency = options->currency;
    if (row->field[F_CURRENCY].len > 0 && !kd_currency_parse(&out->currency, row->field[F_CURRENCY]))
        return kd_fail_field(err, KD_INVALID, "currency", "not an ISO 4217 code of three letters");
    if (row->field[F_PRICE].len > 0)
        return kd_micro_parse(&out->price_micro, row->field[F_PRICE], options->decimal_comma) ? KD_OK
            : kd_fail_field(err, KD_INVALID, "price", "the price is not a number with a decimal %s", point);
    if (row->field[F_TOTAL].len == 0)
        return KD_OK;
    if (!kd_micro_parse(&total, row->field[F_TOTAL], options->decimal_comma))
        return kd_fail_field(err, KD_INVALID, "line_total", "the amount is not a number with a decimal %s", point);
    if (quantity < 0 && total > 0)
        total = -total; /* some tills write a return's amount without its sign */
    if (quantity != 0)
        out->price_micro = total / quantity + (total % quantity * 2 / quantity);
    return KD_OK;
}

static kd_status read_time(order_row *out, orders *o, const kd_row *row, kd_err *err)
{
    kd_str      text = row->field[F_TIME];
    const char *why;
    if (text.len > 0 && kd_str_eq(text, o->last_time)) {
        out->time_ms = o->last_ms;
        out->written_ms = o->last_written_ms;
        return KD_OK;
    }
    if (!kd_import_time(&out->time_ms, &out->written_ms, text, o->run->options->dates, o->run->options->utc_offset_min, &why))
        return kd_fail_field(err, KD_INVALID, "time", "%s", why);
    if (out->time_ms > o->future_ms)
        return kd_fail_field(err, KD_INVALID, "time", "the date lies in the future");
    if (text.len < sizeof o->last_time_text) {
        memcpy(o->last_time_text, text.ptr, text.len);
        o->last_time = (kd_str){ o->last_time_text, text.len };
        o->last_ms = out->time_ms;
        o->last_written_ms = out->written_ms;
    }
    return KD_OK;
}

static bool is_cancelled(kd_str order, kd_str prefix)
{
    if (kd_str_is(prefix, "-") || order.len <= prefix.len || memcmp(order.ptr, prefix.ptr, prefix.len) != 0)
        return false;
    for (size_t i = prefix.len; i < order.len; i++)
        if (order.ptr[i] < '0' || order.ptr[i] > '9')
            return false;
    return true;
}

/* What the line says. Goods that leave or come without money or invoice (a stock count, breakage), and amounts against the
 * customer without goods (a bad debt) are neither sale nor return. */
static kd_kind kind_of(const order_row *row, kd_str cancel_prefix)
{
    if (row->price_micro < 0 && row->price_micro != KD_PRICE_NONE)
        return KD_KIND_CUSTOM;
    if (row->quantity == 0)
        return KD_KIND_CUSTOM;
    if (is_cancelled(row->order, cancel_prefix))
        return KD_KIND_RETURN;
    if (row->quantity < 0)
        return row->price_micro == 0 ? KD_KIND_CUSTOM : KD_KIND_RETURN;
    return KD_KIND_ORDER;
}

/* Some tills say what a line is in words, and write a return's pieces without a sign. */
static kd_status read_type(order_row *out, kd_str type, kd_err *err)
{
    static const struct { const char *word; bool back; } words[] = {
        { "sale", false }, { "purchase", false }, { "s", false }, { "return", true }, { "refund", true }, { "r", true },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (kd_str_is_nocase(type, words[i].word)) {
            if (words[i].back && out->quantity > 0 && out->kind == KD_KIND_ORDER)
                out->kind = KD_KIND_RETURN;
            return KD_OK;
        }
    return kd_fail_field(err, KD_INVALID, "type", "must be sale or return");
}

static kd_status read_row(order_row *out, orders *o, const kd_row *row, kd_err *err)
{
    const kd_import_options *options = o->run->options;
    const char              *why;
    kd_status                status = read_texts(out, row, err);
    out->quantity = 1; /* files without the column list every piece */
    if (status == KD_OK && row->field[F_QUANTITY].ptr
        && !kd_import_quantity(&out->quantity, row->field[F_QUANTITY], options->decimal_comma, &why))
        status = kd_fail_field(err, KD_INVALID, "quantity", "%s", why);
    if (status == KD_OK)
        status = read_time(out, o, row, err);
    if (status == KD_OK)
        status = read_price(out, row, options, err);
    if (status == KD_OK)
        out->kind = kind_of(out, options->cancel_prefix);
    return status == KD_OK && row->field[F_TYPE].len > 0 ? read_type(out, row->field[F_TYPE], err) : status;
}

/* ---- counting ---- */

static bool is_service(kd_str product)
{
    for (size_t i = 0; i < sizeof service_codes / sizeof *service_codes; i++)
        if (product.len == strlen(service_codes[i]) && kd_str_is_nocase(product, service_codes[i]))
            return true;
    return false;
}

static kd_status count_distinct(uint64_t *counter, kd_map *seen, kd_str text, size_t max, kd_err *err)
{
    bool is_new = false;
    if (kd_map_put_new(seen, kd_hash64(text.ptr, text.len, 0), 0, &is_new) == UINT32_MAX)
        return kd_fail_memory(err);
    *counter += is_new;
    if (kd_map_count(seen) > max)
        return kd_fail(err, KD_LIMIT, "more than %zu distinct products or customers in one file: split it", max);
    return KD_OK;
}

/* The ordinal of this line within its order. A line that will be refused takes its number too: when it is put right, the
 * numbers of the others stay. */
static kd_status number_line(uint32_t *ordinal, orders *o, kd_str order, kd_err *err)
{
    uint64_t key = kd_hash64(order.ptr, order.len, 0);
    uint32_t value = 0;
    kd_map_get(o->ordinals, key, &value);
    value += 1u << ORDINAL_SHIFT;
    *ordinal = value >> ORDINAL_SHIFT;
    if (!kd_map_set(o->ordinals, key, value))
        return kd_fail_memory(err);
    if (kd_map_count(o->ordinals) > o->run->options->orders_max)
        return kd_fail(err, KD_LIMIT, "more than %zu distinct orders in one file: split it", o->run->options->orders_max);
    return KD_OK;
}

static void count_order(orders *o, const order_row *row)
{
    uint64_t key = kd_hash64(row->known_as.ptr, row->known_as.len, 0);
    uint32_t value = 0, flag = row->kind == KD_KIND_ORDER ? FLAG_ORDER : FLAG_RETURN;
    if (row->kind == KD_KIND_CUSTOM || !kd_map_get(o->ordinals, key, &value) || (value & flag))
        return;
    kd_map_set(o->ordinals, key, value | flag);
    *(flag == FLAG_ORDER ? &o->run->counts->orders : &o->run->counts->returns) += 1;
}

static kd_status count_row(orders *o, const order_row *row, kd_err *err)
{
    kd_import_counts *c = o->run->counts;
    int64_t           amount = 0, revenue = c->revenue_micro;
    if (row->kind == KD_KIND_ORDER && row->price_micro != KD_PRICE_NONE && memcmp(row->currency.code, c->currency.code, 3) == 0
        && (__builtin_mul_overflow(row->price_micro, (int64_t)row->quantity, &amount)
            || __builtin_add_overflow(revenue, amount, &revenue)))
        return kd_fail_field(err, KD_INVALID, "price", "quantity times price is larger than we can count");
    c->revenue_micro = revenue;
    count_order(o, row);
    c->order_lines += row->kind == KD_KIND_ORDER;
    c->return_lines += row->kind == KD_KIND_RETURN;
    c->adjustments += row->kind == KD_KIND_CUSTOM;
    c->zero_price_lines += row->price_micro == 0;
    c->service_lines += is_service(row->product);
    return count_distinct(&c->products, o->products, row->product, o->run->options->orders_max, err);
}

/* ---- baskets ---- */

static uint64_t hash_text(kd_str text, uint64_t seed)
{
    return kd_hash64(text.ptr, text.len, seed);
}

static uint64_t key_of(const order_row *row)
{
    uint64_t h = hash_text(row->known_as, (uint64_t)row->kind);
    h = hash_text(row->user, h);
    h = hash_text(row->email, h);
    h = hash_text(row->card, h);
    h = hash_text(row->phone, h);
    h = hash_text(row->place, h);
    h = hash_text(row->till_customer, h);
    h = hash_text(row->e_receipt, h);
    return kd_hash64(row->currency.code, 3, h);
}

static span keep_text(basket *b, kd_str text)
{
    span at = { (uint32_t)b->texts.len, (uint32_t)text.len };
    kd_buf_add_str(&b->texts, text);
    return at;
}

static basket *open_basket(orders *o, const order_row *row, uint64_t key)
{
    int32_t index = o->free_list;
    basket *b;
    if (index != NONE)
        o->free_list = o->baskets[index].next_in_bucket;
    else
        index = (int32_t)o->used++;
    b = &o->baskets[index];
    b->texts.len = b->rows.len = b->count = 0;
    b->key = key;
    b->first_row = o->run->counts->rows;
    b->kind = row->kind;
    b->ordinal = row->ordinal;
    b->time_ms = row->time_ms;
    b->written_ms = row->written_ms;
    b->currency = row->currency;
    b->order = keep_text(b, row->order);
    b->user = keep_text(b, row->user);
    b->email = keep_text(b, row->email);
    b->card = keep_text(b, row->card);
    b->phone = keep_text(b, row->phone);
    b->place = keep_text(b, row->place);
    b->till = keep_text(b, row->till);
    b->till_customer = keep_text(b, row->till_customer);
    b->e_receipt = keep_text(b, row->e_receipt);
    b->known_as = keep_text(b, row->known_as);
    b->next_in_bucket = o->buckets[key & (BUCKETS - 1)];
    o->buckets[key & (BUCKETS - 1)] = index;
    b->older = o->newest;
    b->newer = NONE;
    *(o->newest == NONE ? &o->eldest : &o->baskets[o->newest].newer) = index;
    o->newest = index;
    return b;
}

static void forget_basket(orders *o, int32_t index)
{
    basket  *b = &o->baskets[index];
    int32_t *link = &o->buckets[b->key & (BUCKETS - 1)];
    while (*link != index)
        link = &o->baskets[*link].next_in_bucket;
    *link = b->next_in_bucket;
    *(b->older == NONE ? &o->eldest : &o->baskets[b->older].newer) = b->newer;
    *(b->newer == NONE ? &o->newest : &o->baskets[b->newer].older) = b->older;
    b->next_in_bucket = o->free_list;
    o->free_list = index;
    o->window_bytes -= b->texts.len + b->rows.len;
    if (b->texts.cap > BASKET_KEEP_BYTES)
        kd_buf_free(&b->texts);
    if (b->rows.cap > BASKET_KEEP_BYTES)
        kd_buf_free(&b->rows);
}

static void write_row(kd_buf *out, const kd_row *row)
{
    kd_jw w;
    if (row->object) {
        kd_buf_add_str(out, row->object->raw);
    } else {
        kd_jw_init(&w, out);
        kd_jw_array(&w);
        for (size_t c = 0; c < row->count; c++)
            kd_jw_str(&w, row->cells[c]);
        kd_jw_array_end(&w);
    }
    kd_buf_add_byte(out, ',');
}

static kd_status add_line(orders *o, basket *b, const order_row *row, const kd_row *as_sent, kd_err *err)
{
    size_t before = b->count ? b->texts.len + b->rows.len : 0;
    if (b->count == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 8;
        line  *grown = realloc(b->lines, cap * sizeof *grown);
        if (!grown)
            return kd_fail_memory(err);
        b->lines = grown;
        b->cap = cap;
    }
    span product = keep_text(b, row->product), variant = keep_text(b, row->variant), name = keep_text(b, row->name);
    b->lines[b->count++] = (line){ product, variant, name, row->quantity, row->price_micro };
    write_row(&b->rows, as_sent);
    o->window_bytes += b->texts.len + b->rows.len - before;
    return b->texts.failed || b->rows.failed ? kd_fail_memory(err) : KD_OK;
}

static basket *find_basket(orders *o, uint64_t key, kd_str known_as)
{
    for (int32_t i = o->buckets[key & (BUCKETS - 1)]; i != NONE; i = o->baskets[i].next_in_bucket) {
        basket *b = &o->baskets[i];
        if (b->key == key && kd_str_eq(known_as, (kd_str){ b->texts.ptr + b->known_as.at, b->known_as.len }))
            return b;
    }
    return NULL;
}

/* ---- a basket into its event ---- */

static kd_str text_of(const char *texts, span at)
{
    return (kd_str){ texts + at.at, at.len };
}

/* A line's quantity says how many; which way they went, the kind says. Lines of nothing are in the body only. */
static size_t make_lines(kd_fact_line *lines, struct kd_stub_hint *stubs, const basket *b, const char *texts)
{
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        const line *l = &b->lines[i];
        if (l->quantity == 0)
            continue;
        lines[count] = (kd_fact_line){ text_of(texts, l->product), text_of(texts, l->variant),
                                       l->quantity < 0 ? -l->quantity : l->quantity, l->price_micro };
        stubs[count] = (struct kd_stub_hint){ lines[count].product, text_of(texts, l->name) };
        count++;
    }
    return count;
}

static kd_status make_event(kd_incoming *out, orders *o, const basket *b, kd_arena *arena, kd_err *err)
{
    kd_fact_line        *lines = KD_NEW(arena, kd_fact_line, b->count);
    struct kd_stub_hint *stubs = KD_NEW(arena, struct kd_stub_hint, b->count);
    char                *texts = kd_arena_copy(arena, b->texts.ptr, b->texts.len);
    kd_buf               id;
    if (!lines || !stubs || !texts)
        return kd_fail_memory(err);
    kd_buf_init(&id, arena);
    kd_buf_add_str(&id, text_of(texts, b->known_as));
    kd_buf_add_byte(&id, '#');
    if (o->run->options->replay) /* a line out of quarantine: known by where it stood, so that it is none of those that were taken */
        kd_buf_addf(&id, "q%016llx:%llu", (unsigned long long)o->run->options->replay->head, (unsigned long long)o->run->options->replay->line);
    else
        kd_buf_add_i64(&id, b->ordinal);
    kd_order_event event = { .kind = b->kind, .order = text_of(texts, b->order), .user = text_of(texts, b->user),
        .email = text_of(texts, b->email), .card = text_of(texts, b->card), .phone = text_of(texts, b->phone),
        .place = text_of(texts, b->place), .till = text_of(texts, b->till), .till_customer = text_of(texts, b->till_customer),
        .e_receipt = text_of(texts, b->e_receipt), .known_as = text_of(texts, b->known_as), .receipt = o->receipts, .time_ms = b->time_ms, .written_ms = b->written_ms, .currency = b->currency,
        .lines = lines, .stubs = stubs, .columns = kd_rows_columns(o->rows), .rows = { b->rows.ptr, b->rows.len - 1 } };
    event.message_id = kd_buf_str(&id);
    event.line_count = make_lines(lines, stubs, b, texts);
    return id.failed ? kd_fail_memory(err) : kd_import_order_event(out, o->run, &event, arena, err);
}

/* The basket is complete: count it, and unless an earlier run has written it, hand it over. */
static kd_status close_basket(orders *o, int32_t index, kd_err *err)
{
    kd_import   *run = o->run;
    basket      *b = &o->baskets[index];
    kd_incoming *event = NULL;
    kd_arena    *arena = NULL;
    kd_status    status = kd_import_begin(run, err);
    run->safe_row = o->baskets[o->eldest].first_row;
    if (status == KD_OK)
        status = kd_flight_room(&event, &arena, run->flight, b->texts.len + b->rows.len, err);
    if (status == KD_OK)
        status = make_event(event, o, b, arena, err);
    if (status == KD_OK) {
        run->counts->events++;
        if (event->fact.ident_count == 0)
            run->counts->anonymous_lines += b->count;
        else
            status = count_distinct(&run->counts->customers, o->customers, event->owner.value, run->options->orders_max, err);
    }
    if (status == KD_OK && !run->options->dry_run && b->first_row >= run->mark.row)
        kd_flight_add(run->flight);
    forget_basket(o, index);
    return status;
}

static kd_status close_ripe(orders *o, kd_err *err)
{
    kd_status status = KD_OK;
    while (status == KD_OK && o->eldest != NONE
           && (o->baskets[o->eldest].first_row + WINDOW_ROWS <= o->run->counts->rows || o->window_bytes > WINDOW_BYTES_MAX))
        status = close_basket(o, o->eldest, err);
    return status;
}

static bool is_full(const basket *b)
{
    return b->count >= KD_FACT_LINES_MAX || b->texts.len + b->rows.len > BASKET_BYTES_MAX;
}

/* ---- the file ---- */

static kd_status know_order(order_row *row, orders *o, const kd_row *as_sent, kd_err *err)
{
    kd_status status = KD_OK;
    row->known_as = row->order;
    if (!o->receipts)
        return KD_OK;
    if (as_sent->field[F_PLACE].len > NAME_MAX_BYTES || as_sent->field[F_TILL].len > NAME_MAX_BYTES)
        return kd_fail_field(err, KD_INVALID, as_sent->field[F_TILL].len > NAME_MAX_BYTES ? "till" : "place", "longer than %d bytes", NAME_MAX_BYTES);
    status = read_time(row, o, as_sent, err);
    if (status == KD_OK)
        row->known_as = (kd_str){ o->known_as, (size_t)snprintf(o->known_as, sizeof o->known_as, "%.*s/%.*s/%d/%.*s", (int)as_sent->field[F_PLACE].len,
            as_sent->field[F_PLACE].len ? as_sent->field[F_PLACE].ptr : "", (int)as_sent->field[F_TILL].len,
            as_sent->field[F_TILL].len ? as_sent->field[F_TILL].ptr : "", kd_day(row->written_ms), (int)row->order.len, row->order.ptr) };
    return status;
}

/* KD_INVALID: this row is bad. */
static kd_status take_row(orders *o, const kd_row *as_sent, kd_err *err)
{
    order_row row = { .order = as_sent->field[F_ORDER] };
    kd_status status;
    if (row.order.len == 0)
        return kd_fail_field(err, KD_INVALID, "order", "no order number");
    if (row.order.len > NAME_MAX_BYTES)
        return kd_fail_field(err, KD_INVALID, "order", "longer than %d bytes", NAME_MAX_BYTES);
    status = know_order(&row, o, as_sent, err);
    if (status == KD_OK)
        status = number_line(&row.ordinal, o, row.known_as, err);
    if (status == KD_OK)
        status = read_row(&row, o, as_sent, err);
    if (status == KD_OK)
        status = count_row(o, &row, err);
    if (status != KD_OK)
        return status;
    uint64_t key = key_of(&row);
    basket  *b = find_basket(o, key, row.known_as);
    if (!b)
        b = open_basket(o, &row, key);
    status = add_line(o, b, &row, as_sent, err);
    if (status == KD_OK && is_full(b))
        status = close_basket(o, (int32_t)(b - o->baskets), err);
    return status == KD_INVALID ? KD_CORRUPT : status; /* not this row's fault: the file ends here */
}

static kd_status read_file(orders *o, kd_err *err)
{
    kd_import *run = o->run;
    kd_row     row;
    for (;;) {
        kd_err    why = { 0 };
        kd_status status = kd_import_next(&row, run, o->rows, &why, err);
        if (status == KD_NOT_FOUND)
            break;
        if (status == KD_OK && (status = take_row(o, &row, &why)) != KD_OK && status != KD_INVALID && err)
            *err = why;
        if (status == KD_INVALID)
            status = kd_import_reject_row(run, &row, &why, err);
        if (status == KD_OK)
            status = close_ripe(o, err);
        if (status != KD_OK)
            return status;
    }
    while (!run->counts->cancelled && o->eldest != NONE) {
        kd_status status = close_basket(o, o->eldest, err);
        if (status != KD_OK)
            return status;
    }
    run->safe_row = o->eldest == NONE ? run->counts->rows + 1 : o->baskets[o->eldest].first_row;
    return kd_flight_land(run->flight, err);
}

static void close_orders(orders *o)
{
    for (size_t i = 0; i < o->used; i++) {
        kd_buf_free(&o->baskets[i].texts);
        kd_buf_free(&o->baskets[i].rows);
        free(o->baskets[i].lines);
    }
    free(o->baskets);
    kd_map_free(o->ordinals);
    kd_map_free(o->customers);
    kd_map_free(o->products);
    kd_rows_close(o->rows);
    kd_flight_close(o->run->flight);
    o->run->flight = NULL;
    free(o);
}

kd_status kd_import_orders(kd_import *run, kd_err *err)
{
    orders   *o = calloc(1, sizeof *o);
    kd_status status;
    if (!o)
        return kd_fail_memory(err);
    o->run = run;
    o->receipts = run->options->what == KD_IMPORT_RECEIPTS;
    o->future_ms = kd_now(run->to->clock) + KD_DAY_MS; /* a day: the sender's zone may not be the one we were told */
    o->free_list = o->eldest = o->newest = NONE;
    memset(o->buckets, 0xff, sizeof o->buckets); /* NONE */
    o->ordinals = kd_map_new(1 << 16);
    o->customers = kd_map_new(1 << 14);
    o->products = kd_map_new(1 << 14);
    o->baskets = calloc(WINDOW_ROWS + 1, sizeof *o->baskets);
    if (o->ordinals && o->customers && o->products && o->baskets)
        status = kd_flight_open(&run->flight, run, err);
    else
        status = kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_rows_open(&o->rows, run->in, o->receipts ? &receipt_table : &order_table, run->options, kd_import_format_of(run), err);
    if (status == KD_OK) {
        kd_import_hash(run, kd_rows_columns(o->rows));
        status = read_file(o, err);
    }
    close_orders(o);
    return status;
}
