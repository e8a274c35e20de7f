#include "event/import_run.h"

#include <stdlib.h>

/* Which products a coupon of a campaign is good for: one row a product, in any order, into one document "coupon" a campaign and
 * coupon. The whole file is gathered before anything is written, so that a coupon's products are those of the file: bounded by
 * PAIRS_MAX rows. */

enum { PAIRS_MAX = 1 << 20, TEXT_BYTES_MAX = 128, ARENA_BYTES_MAX = 256 << 20, PUT_AT_ONCE = 500 };

enum { F_COUPON, F_PRODUCT, F_CAMPAIGN };
static const kd_import_field fields[] = {
    [F_COUPON] = { "coupon", "couponupc couponid coupon couponcode voucher code offerid offer", true },
    [F_PRODUCT] = { "product", "productid product itemid item articleid article sku", true },
    [F_CAMPAIGN] = { "campaign", "campaignid campaign mailingid", false },
};
static const kd_import_table table = { fields, sizeof fields / sizeof *fields, false };

typedef struct pair { kd_str campaign, coupon, product; } pair;

static int compare_text(kd_str a, kd_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int    order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_coupon(const pair *a, const pair *b)
{
    int order = compare_text(a->campaign, b->campaign);
    return order ? order : compare_text(a->coupon, b->coupon);
}

static int compare_pair(const void *a, const void *b)
{
    int order = compare_coupon(a, b);
    return order ? order : compare_text(((const pair *)a)->product, ((const pair *)b)->product);
}

static kd_status read_pairs(pair *pairs, size_t *count, kd_import *run, kd_rows *rows, kd_arena *arena, kd_err *err)
{
    kd_row row;
    for (;;) {
        kd_err    why = { 0 };
        kd_status status = kd_import_next(&row, run, rows, &why, err);
        if (status == KD_NOT_FOUND)
            return KD_OK;
        for (size_t f = 0; f < table.count && status == KD_OK; f++)
            if (row.field[f].len > TEXT_BYTES_MAX || (row.field[f].len == 0 && fields[f].required))
                status = kd_fail_field(&why, KD_INVALID, fields[f].name, row.field[f].len ? "longer than 128 bytes" : "empty");
        if (status == KD_INVALID) {
            if ((status = kd_import_reject_row(run, &row, &why, err)) != KD_OK)
                return status;
            continue;
        }
        if (status != KD_OK)
            return status;
        if (*count == PAIRS_MAX)
            return kd_fail(err, KD_LIMIT, "more than %d rows of coupons and products in one file: split it by campaign", PAIRS_MAX);
        pair *p = &pairs[*count];
        *p = (pair){ kd_str_copy(arena, row.field[F_CAMPAIGN]), kd_str_copy(arena, row.field[F_COUPON]), kd_str_copy(arena, row.field[F_PRODUCT]) };
        if (!p->coupon.ptr || !p->product.ptr)
            return kd_fail_memory(err);
        ++*count;
    }
}

/* The document of pairs[0..count), all of one coupon. */
static kd_status make_doc(kd_doc *out, const pair *pairs, size_t count, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    kd_buf id, body;
    kd_jw  w;
    kd_buf_init(&id, arena);
    kd_buf_init(&body, arena);
    if (pairs->campaign.len) {
        kd_buf_add_str(&id, pairs->campaign);
        kd_buf_add_byte(&id, '/');
    }
    kd_buf_add_str(&id, pairs->coupon);
    kd_jw_init(&w, &body);
    kd_jw_object(&w);
    KD_JW_STR(&w, "id", pairs->coupon);
    if (pairs->campaign.len)
        KD_JW_STR(&w, "campaign", pairs->campaign);
    kd_jw_key(&w, "products");
    kd_jw_array(&w);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_text(pairs[i].product, pairs[i - 1].product) != 0)
            kd_jw_str(&w, pairs[i].product);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    *out = (kd_doc){ .kind = KD_STR("coupon"), .id = kd_buf_str(&id), .valid_from_ms = now_ms, .body = kd_buf_str(&body) };
    return id.failed || body.failed ? kd_fail_memory(err) : KD_OK;
}

static kd_status put_pairs(const pair *pairs, size_t count, kd_import *run, kd_err *err)
{
    kd_doc   *docs = calloc(PUT_AT_ONCE, sizeof *docs);
    kd_arena *arena = kd_arena_new(ARENA_BYTES_MAX);
    kd_status status = docs && arena ? kd_import_begin(run, err) : kd_fail_memory(err);
    size_t    made = 0;
    for (size_t i = 0; i < count && status == KD_OK;) {
        size_t end = i + 1;
        while (end < count && compare_coupon(&pairs[i], &pairs[end]) == 0)
            end++;
        status = make_doc(&docs[made++], &pairs[i], end - i, kd_now(run->to->clock), arena, err);
        i = end;
        if (status == KD_OK && (made == PUT_AT_ONCE || i == count)) {
            if (!run->options->dry_run)
                status = kd_store_docs_put(run->to->store, docs, made, err);
            run->counts->documents += status == KD_OK ? made : 0;
            made = 0;
            kd_arena_reset(arena);
        }
    }
    kd_arena_free(arena);
    free(docs);
    return status;
}

kd_status kd_import_coupons(kd_import *run, kd_err *err)
{
    kd_arena *arena = kd_arena_new(ARENA_BYTES_MAX);
    pair     *pairs = calloc(PAIRS_MAX, sizeof *pairs); /* untouched pages cost nothing */
    kd_rows  *rows = NULL;
    size_t    count = 0;
    kd_status status = arena && pairs ? kd_rows_open(&rows, run->in, &table, run->options, kd_import_format_of(run), err) : kd_fail_memory(err);
    if (status == KD_OK) {
        kd_import_hash(run, kd_rows_columns(rows));
        status = read_pairs(pairs, &count, run, rows, arena, err);
    }
    if (status == KD_OK && !run->counts->cancelled && count > 0) {
        qsort(pairs, count, sizeof *pairs, compare_pair);
        status = put_pairs(pairs, count, run, err);
    }
    kd_rows_close(rows);
    kd_arena_free(arena);
    free(pairs);
    return status;
}
