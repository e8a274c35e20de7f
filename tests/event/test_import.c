#include "import_house.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map.h"
#include "event/import_values.h"

/* ---- values ---- */

static void test_quantities(void **unused)
{
    static const struct { const char *text; bool comma, ok; int32_t value; } cases[] = {
        { "6", false, true, 6 },
        { "-3", false, true, -3 },
        { "+2", false, true, 2 },
        { "6.0", false, true, 6 },
        { "6,0", true, true, 6 },
        { "0", false, true, 0 },
        { "1.5", false, false, 0 },
        { "", false, false, 0 },
        { "six", false, false, 0 },
        { "1e9", false, true, 1000000000 },
        { "3000000000", false, false, 0 },
        { "1,5", true, false, 0 },
        { "6 pcs", false, false, 0 },
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t     value = 0;
        const char *why = NULL;
        bool        ok = kd_import_quantity(&value, kd_str_z(cases[i].text), cases[i].comma, &why);
        if (ok != cases[i].ok || (ok && value != cases[i].value) || (!ok && !why))
            fail_msg("quantity \"%s\": %d %d", cases[i].text, ok, value);
    }
}

static void test_dates(void **unused)
{
    enum { CLEAR = KD_DATES_CLEAR, DMY = KD_DATES_DMY, MDY = KD_DATES_MDY };
    static const struct { const char *text; int dates, offset; const char *utc; } cases[] = {
        { "2010-12-01 08:26:00", CLEAR, 0, "2010-12-01T08:26:00.000Z" },
        { "2010-12-01T08:26:00Z", CLEAR, 60, "2010-12-01T08:26:00.000Z" },
        { "2010-12-01T08:26:00+02:00", CLEAR, 0, "2010-12-01T06:26:00.000Z" },
        { "2010-12-01T08:26:00-0530", CLEAR, 0, "2010-12-01T13:56:00.000Z" },
        { "2010-12-01 08:26", CLEAR, 60, "2010-12-01T07:26:00.000Z" },
        { "2010-12-01", CLEAR, 0, "2010-12-01T00:00:00.000Z" },
        { "01.12.2010", CLEAR, 0, "2010-12-01T00:00:00.000Z" },
        { "1.12.2010 8:26", CLEAR, 0, "2010-12-01T08:26:00.000Z" },
        { "2010/12/01 8:26:05", CLEAR, 0, "2010-12-01T08:26:05.000Z" },
        { "20101201", CLEAR, 0, "2010-12-01T00:00:00.000Z" },
        { "1291191960", CLEAR, 0, "2010-12-01T08:26:00.000Z" },
        { "1291191960000", CLEAR, 0, "2010-12-01T08:26:00.000Z" },
        { "1/12/2010 8:26", DMY, 0, "2010-12-01T08:26:00.000Z" },
        { "12/1/2010 8:26", MDY, 0, "2010-12-01T08:26:00.000Z" },
        { "12/1/2010 8:26", CLEAR, 0, NULL },
        { "31/12/2010", CLEAR, 0, NULL },
        { "13/13/2010", DMY, 0, NULL },
        { "", CLEAR, 0, NULL },
        { "yesterday", CLEAR, 0, NULL },
        { "2010-02-30", CLEAR, 0, NULL },
        { "29.02.2011", CLEAR, 0, NULL },
        { "1.12.10", CLEAR, 0, NULL },
        { "2010-12-01 25:00", CLEAR, 0, NULL },
        { "01.12.2010 8:26 Uhr", CLEAR, 0, NULL },
        { "12", CLEAR, 0, NULL },
        { "./.", CLEAR, 0, NULL },
        { "1.", CLEAR, 0, NULL },
        { "2010/", CLEAR, 0, NULL },
        { "99999999", CLEAR, 0, NULL },
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t     ms = 0, written = 0;
        const char *why = NULL;
        char        utc[25] = "";
        bool        ok = kd_import_time(&ms, &written, kd_str_z(cases[i].text), (kd_import_dates)cases[i].dates, cases[i].offset,
                                        &why);
        if (ok)
            kd_time_format(utc, ms);
        if (ok != (cases[i].utc != NULL) || (ok && strcmp(utc, cases[i].utc) != 0))
            fail_msg("date \"%s\": %s", cases[i].text, ok ? utc : why);
    }
}

/* ---- orders ---- */

static const char small[] =
    "Invoice No,StockCode,Description,Qty,Invoice Date,Unit Price,Customer ID,Country\n"
    "1001,A1,red scarf,2,2026-01-05 10:00:00,2.555,17,Germany\n"
    "1001,A1,red scarf,2,2026-01-05 10:00:00,2.555,17,Germany\n"     /* the same line twice is two lines */
    "1002,B2,\"hat, blue\",1,2026-01-05 11:00:00,10,,Germany\n"      /* nobody known */
    "1001,POST,postage,1,2026-01-05 10:00:00,4.9,17,Germany\n"       /* not contiguous */
    "C1003,A1,red scarf,-1,2026-01-06 09:00:00,2.555,17,Germany\n"   /* a cancelled invoice */
    "1004,A1,red scarf,-3,2026-01-06 10:00:00,0,,Germany\n"          /* a stock count */
    "1005,B,bad debt,1,2026-01-06 10:00:00,-100,,Germany\n"          /* no goods */
    "1006,G1,gift,1,2026-01-06 12:00:00,0,18,Germany\n"              /* a sample */
    "1007,A1,red scarf,1.5,2026-01-06 12:00:00,1,18,Germany\n"       /* row 9 (line 10) and the next ones cannot be understood */
    ",A1,red scarf,1,2026-01-06 12:00:00,1,18,Germany\n"
    "1008,,red scarf,1,2026-01-06 12:00:00,1,18,Germany\n"
    "1009,A1,red scarf,1,06/01/2026,1,18,Germany\n"
    "1010,A1,red scarf,1,2026-01-06 12:00:00,one,18,Germany\n"
    "1011,A1,red scarf,1,2026-01-06 12:00:00,1,18\n"
    "1012,A1,red scarf,1,2999-01-06 12:00:00,1,18,Germany\n"
    "1013,A1,red scarf,-1,2026-01-07 12:00:00,2,0,Germany\n";        /* a return by nobody: "0" is no customer */

static void test_orders_small(void **unused)
{
    static const char *const reasons[] = { "quantity", "order", "product", "time", "price", "row", "time" };
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    kd_arena         *arena = kd_arena_new(1 << 20);
    kd_quarantined   *bad = NULL;
    size_t            bad_count = 0;
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, small, "small.csv", &o, &err), err);
    assert_int_equal(c.rows, 16);
    assert_int_equal(c.quarantined, 7);
    assert_int_equal(c.order_lines, 5);
    assert_int_equal(c.return_lines, 2);
    assert_int_equal(c.adjustments, 2);
    assert_int_equal(c.orders, 3);
    assert_int_equal(c.returns, 2);
    assert_int_equal(c.events, 7);
    assert_int_equal(c.stored, 7);
    assert_int_equal(c.anonymous_lines, 4);
    assert_int_equal(c.zero_price_lines, 2);
    assert_int_equal(c.service_lines, 2);
    assert_int_equal(c.customers, 2);
    assert_int_equal(c.products, 5);
    assert_int_equal(c.revenue_micro, 2 * 2 * 2555000 + 10000000 + 4900000);
    state s = state_of(&h);
    assert_int_equal(s.events, 7);
    assert_int_equal(s.lines, 9);
    assert_int_equal(s.persons, 2 + 4); /* two customers; each receipt of nobody is a person of its own */

    assert_ok(kd_quarantine_list(&bad, &bad_count, h.reader, h.vault, (kd_id){ 0 }, 100, arena, &err), err);
    assert_int_equal(bad_count, 7);
    for (size_t i = 0; i < bad_count; i++) {
        assert_int_equal(bad[i].line, 10 + i);
        assert_true(kd_str_is(bad[i].field, reasons[i]));
        assert_true(kd_str_is(bad[i].file, "small.csv") && kd_str_is(bad[i].what, "orders") && bad[i].reason.len > 0);
    }
    assert_true(kd_str_is(bad[0].raw, "1007,A1,red scarf,1.5,2026-01-06 12:00:00,1,18,Germany"));

    kd_str         body = body_of(&h, "1001", KD_KIND_ORDER, arena);
    const kd_json *json = NULL;
    assert_ok(kd_json_parse(&json, arena, body.ptr, body.len, &err), err);
    assert_true(kd_str_is(kd_json_text(kd_json_get(json, "userId")), "17"));
    assert_int_equal(kd_json_path(json, "properties.columns")->count, 8);
    assert_int_equal(kd_json_path(json, "properties.rows")->count, 3);
    assert_true(kd_str_is(kd_json_path(json, "properties.rows")->child->next->next->child->next->text, "POST"));

    state again;
    h.now_ms += KD_DAY_MS;
    assert_ok(import_text(&h, &c, small, "small.csv", &o, &err), err);
    assert_int_equal(c.stored, 0);
    assert_int_equal(c.duplicates, 7);
    assert_int_equal(c.quarantined, 7);
    again = state_of(&h);
    assert_memory_equal(&s, &again, sizeof s);
    assert_int_equal(quarantine_count(&h), 7); /* not doubled */
    size_t cleared = 0;
    assert_ok(kd_quarantine_clear(h.store, h.reader, &cleared, &err), err);
    assert_int_equal(cleared, 7);
    assert_int_equal(quarantine_count(&h), 0);
    kd_arena_free(arena);
    house_remove(&h);
}

static void test_profile_is_refold(void **unused)
{
    static const char text[] = "order,product,quantity,date,price,customer,email,card,phone,store\n"
                               "1,A,1,2026-01-05,1.5,u1,ann@example.org,C-77,+49 30 123456,berlin\n"
                               "2,A,1,2026-01-06,1.5,,ann@example.org,guest,,\n"
                               "3,A,1,2026-01-07,1.5,guest,no address,n/a,12,\n"
                               "4,B,1,2026-01-08,1.5,0,,C-78,,berlin\n";
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    kd_arena         *arena = kd_arena_new(1 << 20);
    kd_profile_row   *rows = NULL;
    size_t            count = 0;
    int64_t           cursor = 0;
    kd_profile_caps   caps = kd_profile_caps_default();
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, text, "x.csv", &o, &err), err);
    assert_int_equal(c.stored, 4);
    assert_int_equal(c.anonymous_lines, 1); /* words for nobody are no keys */
    assert_int_equal(c.customers, 3);
    assert_ok(kd_ingest_checkpoint(h.ingest, &err), err);
    assert_ok(kd_reader_profile_scan(&rows, &count, h.reader, 0, &cursor, 100, arena, &err), err);
    for (size_t i = 0; i < count; i++) {
        kd_person *person = NULL;
        kd_profile refolded = { 0 };
        kd_buf     a, b;
        kd_buf_init(&a, NULL);
        kd_buf_init(&b, NULL);
        assert_ok(kd_refold(&refolded, h.reader, h.vault, rows[i].person, 0, &caps, &err), err);
        assert_ok(kd_people_acquire(&person, h.people, h.reader, rows[i].person, &err), err);
        kd_profile_encode(&a, &person->profile);
        kd_people_release(h.people, person);
        kd_profile_encode(&b, &refolded);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.ptr, b.ptr, a.len);
        kd_profile_free(&refolded);
        kd_buf_free(&a);
        kd_buf_free(&b);
    }
    kd_arena_free(arena);
    house_remove(&h);
}

/* An export cut in the middle of an order, then the whole one; and a row that was in quarantine, put right. */
static void test_order_grows(void **unused)
{
    static const char *const files[] = {
        "order,product,quantity,date,price,customer\n1,A,1,2026-01-05,1,u1\n1,B,1,2026-01-05,2,u1\n1,C,x,2026-01-05,3,u1\n1,A,1,2026-01-05,1,u1\n",
        "order,product,quantity,date,price,customer\n1,A,1,2026-01-05,1,u1\n1,B,1,2026-01-05,2,u1\n1,C,1,2026-01-05,3,u1\n1,A,1,2026-01-05,1,u1\n",
        "order,product,quantity,date,price,customer\n1,A,1,2026-01-05,1,u1\n1,B,1,2026-01-05,2,u1\n1,C,1,2026-01-05,3,u1\n1,A,1,2026-01-05,1,u1\n"
        "1,A,1,2026-01-05,1,u1\n1,D,1,2026-01-05,4,u1\n",
        "order,product,quantity,date,price,customer\n1,A,1,2026-01-05,9,u1\n1,B,1,2026-01-05,2,u1\n", /* nothing more */
    };
    static const size_t lines[] = { 3, 4, 6, 6 }, stored[] = { 1, 1, 1, 0 };
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    house_new(&h);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (int again = 0; again < 2; again++) {
            assert_ok(import_text(&h, &c, files[i], "x.csv", &o, &err), err);
            assert_int_equal(c.stored, again ? 0 : stored[i]);
            assert_int_equal(state_of(&h).lines, lines[i]);
        }
    house_remove(&h);
}

static void sum_lines(void *self, const kd_fact *fact, kd_key_type owner)
{
    uint64_t *sums = self;
    (void)owner;
    sums[0]++;
    sums[1] += fact->line_count;
    for (size_t i = 0; i < fact->line_count; i++)
        sums[2] += (uint64_t)fact->lines[i].price_micro;
}

/* Orders interleaved within the window are one event each; farther apart than it, several; more lines than an event holds, too. */
static void test_window(void **unused)
{
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_buf            text;
    uint64_t          sums[3] = { 0 }, price = 0;
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    house_new(&h);
    kd_buf_init(&text, NULL);
    kd_buf_add_z(&text, "order,product,quantity,date,price,customer\n");
    for (int i = 0; i < 5000; i++) /* 50 orders of 100 lines, line by line in turn */
        kd_buf_addf(&text, "t%d,P%d,1,2026-01-05,%d,u%d\n", i % 50, i, i, i % 7), price += (uint64_t)i * 1000000;
    assert_ok(import_bytes(&h, &c, text.ptr, text.len, "x.csv", &o, &err), err);
    for_each_event(&h, sum_lines, sums);
    assert_int_equal(c.orders, 50);
    assert_true(sums[1] == 5000 && sums[2] == price);
    assert_true(sums[0] == c.stored && sums[0] >= 50 && sums[0] <= 50 * 7 * 2);
    house_remove(&h);

    house_new(&h);
    text.len = 0;
    kd_buf_add_z(&text, "order,product,quantity,date,price,customer\n");
    for (int i = 0; i < 9000; i++)
        kd_buf_addf(&text, "%s,P%d,1,2026-01-05,1,u1\n", i % 4500 == 0 ? "far" : "big", i);
    assert_ok(import_bytes(&h, &c, text.ptr, text.len, "x.csv", &o, &err), err);
    memset(sums, 0, sizeof sums);
    for_each_event(&h, sum_lines, sums);
    assert_int_equal(c.orders, 2);
    assert_int_equal(c.stored, 2 + 5); /* far twice; 8,998 lines in events of at most 2,000 */
    assert_int_equal(sums[1], 9000);
    kd_buf_free(&text);
    house_remove(&h);
}

static void test_json_lines(void **unused)
{
    static const char text[] = "{\"order_id\":\"1\",\"sku\":\"A1\",\"qty\":2,\"date\":\"2026-01-05\",\"price\":2.5,\"customer\":17,\"note\":{\"a\":[1]}}\n"
                               "\n"
                               "{\"order_id\":\"1\",\"sku\":\"A2\",\"product\":\"A\",\"qty\":1,\"date\":\"2026-01-05\",\"price\":\"1.25\",\"customer\":17}\n"
                               "[1]\n{\"order_id\":\"1\"\n"
                               "{\"sku\":\"A1\",\"qty\":2,\"date\":\"2026-01-05\"}\n";
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_arena         *arena = kd_arena_new(1 << 20);
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, text, "x.jsonl", &o, &err), err);
    assert_int_equal(c.rows, 5);
    assert_int_equal(c.quarantined, 3);
    assert_int_equal(c.stored, 1);
    assert_int_equal(c.revenue_micro, 6250000);
    kd_str body = body_of(&h, "1", KD_KIND_ORDER, arena);
    assert_non_null(memmem(body.ptr, body.len, "\"note\":{\"a\":[1]}", 16));
    kd_arena_free(arena);
    house_remove(&h);
}

static void test_dry_run_and_cancel(void **unused)
{
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_input         *in = NULL;
    const atomic_bool stop = true;
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    house_new(&h);
    o.dry_run = true;
    assert_ok(import_text(&h, &c, small, "small.csv", &o, &err), err);
    assert_int_equal(c.order_lines, 5);
    assert_int_equal(c.quarantined, 7);
    assert_int_equal(c.stored, 0);
    assert_int_equal(state_of(&h).events, 0);
    assert_int_equal(quarantine_count(&h), 0);
    o.dry_run = false;
    assert_ok(kd_input_memory(&in, small, sizeof small - 1, "", 0, &err), err);
    assert_ok(kd_import_run(&c, &h.importer, in, "small.csv", &o, NULL, NULL, &stop, &err), err);
    kd_input_close(in);
    assert_true(c.cancelled);
    assert_int_equal(state_of(&h).events, 0);
    house_remove(&h);
}

/* ---- the real file ---- */

static const char *real_file(char path[512])
{
    const char *shared = getenv("KD_SHARED");
    snprintf(path, 512, "%s%s/data/online-retail/lines.csv.gz", shared ? shared : KD_SOURCE_ROOT "/../shared", "");
    return access(path, R_OK) == 0 ? path : NULL;
}

typedef struct cleaned {
    uint64_t all_lines, order_lines, invoices, customers_of_orders, products;
    int64_t  revenue_micro;
    kd_map  *invoice, *product, *person;
} cleaned;

/* The README's rule: customer known, not cancelled, quantity and price above 0. */
static void take_cleaned(void *self, const kd_fact *fact, kd_key_type owner)
{
    cleaned *c = self;
    bool     is_new;
    c->all_lines += fact->line_count;
    if (fact->kind != KD_KIND_ORDER || owner != KD_KEY_USER)
        return;
    for (size_t i = 0; i < fact->line_count; i++) {
        const kd_fact_line *line = &fact->lines[i];
        if (line->price_micro <= 0)
            continue;
        c->order_lines++;
        c->revenue_micro += line->price_micro * line->quantity;
        kd_map_put_new(c->product, kd_ref_of(line->product), 0, &is_new);
        c->products += is_new;
        kd_map_put_new(c->invoice, kd_ref_of(fact->order_id), 0, &is_new);
        c->invoices += is_new;
    }
}

/* Customers with a cleaned line: counted by profile, where the spent sum and the orders must agree with the log. */
static void count_customers(house *h, uint64_t *customers, uint64_t *orders, int64_t *spent_micro)
{
    kd_arena *arena = kd_arena_new(64 << 20);
    int64_t   cursor = 0;
    for (;;) {
        kd_profile_row *rows = NULL;
        size_t          count = 0;
        kd_err          err = { 0 };
        kd_arena_reset(arena);
        assert_ok(kd_reader_profile_scan(&rows, &count, h->reader, 0, &cursor, 500, arena, &err), err);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            kd_person *p = NULL;
            assert_ok(kd_people_acquire(&p, h->people, h->reader, rows[i].person, &err), err);
            const kd_counter *counter = kd_profile_counter(&p->profile, KD_KIND_ORDER);
            if (counter && p->made_by.type == KD_KEY_USER) {
                *customers += p->profile.spent_count > 0 && p->profile.spent[0].bought_micro > 0;
                *orders += counter->count;
                *spent_micro += p->profile.spent_count > 0 ? p->profile.spent[0].bought_micro : 0;
            }
            kd_people_release(h->people, p);
        }
    }
    kd_arena_free(arena);
}

static void test_online_retail(void **unused)
{
    char              path[512];
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    cleaned           clean = { 0 };
    uint64_t          customers = 0, orders = 0;
    int64_t           spent = 0;
    (void)unused;
    if (!real_file(path)) {
        print_message("online-retail is not there: set KD_SHARED\n");
        skip();
    }
    house_new(&h);
    int64_t begin_us = kd_monotonic_us();
    assert_ok(import_path(&h, &c, path, &o, &err), err);
    int64_t took_us = kd_monotonic_us() - begin_us;
    print_message("online-retail: %.0f rows/s\n", (double)c.rows * 1e6 / (double)took_us);
    assert_int_equal(c.rows, 541909);
    assert_int_equal(c.quarantined, 0);
    assert_int_equal(c.order_lines, 531283);
    assert_int_equal(c.return_lines, 9288);
    assert_int_equal(c.adjustments, 1338);
    assert_int_equal(c.anonymous_lines, 135080);
    assert_int_equal(c.zero_price_lines, 2515);
    assert_int_equal(c.orders, 20726);
    assert_int_equal(c.returns, 3836);
    assert_int_equal(c.customers, 4372);
    assert_int_equal(c.products, 4070);
    assert_int_equal(c.events, 25900); /* one an invoice */
    assert_int_equal(c.stored, 25900);
    assert_true(c.revenue_micro == INT64_C(10666684544000));

    clean.invoice = kd_map_new(1 << 15);
    clean.product = kd_map_new(1 << 12);
    for_each_event(&h, take_cleaned, &clean);
    count_customers(&h, &customers, &orders, &spent);
    assert_int_equal(clean.all_lines, 541909);
    assert_int_equal(clean.order_lines, 397884);
    assert_int_equal(clean.invoices, 18532);
    assert_int_equal(clean.products, 3665);
    assert_true(clean.revenue_micro == INT64_C(8911407904000)); /* GBP 8,911,407.90 */
    assert_int_equal(customers, 4338);
    assert_true(spent == clean.revenue_micro);
    kd_map_free(clean.invoice);
    kd_map_free(clean.product);

    state before = state_of(&h);
    begin_us = kd_monotonic_us();
    assert_ok(import_path(&h, &c, path, &o, &err), err);
    took_us = kd_monotonic_us() - begin_us;
    print_message("again: %.0f rows/s\n", (double)c.rows * 1e6 / (double)took_us);
    assert_int_equal(c.stored, 0);
    assert_int_equal(c.duplicates, 25900);
    state after = state_of(&h);
    assert_memory_equal(&before, &after, sizeof before);
    house_remove(&h);
}

/* ---- kills ---- */

typedef struct bomb { uint64_t seen, at; } bomb;

static void explode(void *self, const kd_stored *events, size_t count)
{
    bomb *b = self;
    (void)events;
    b->seen += count;
    if (b->at > 0 && b->seen >= b->at)
        kill(getpid(), SIGKILL); /* after the commit and the fold, before the answer */
}

static void write_orders(kd_buf *text, int rows)
{
    kd_buf_add_z(text, "order,product,description,quantity,date,price,customer\n");
    for (int i = 0; i < rows; i++) {
        int order = i / 9 + (i % 5 == 0); /* interleaved */
        if (i % 997 == 3)
            kd_buf_addf(text, "%d,P%d,thing,nonsense,2026-01-05,1.25,u%d\n", order, i % 300, order % 400);
        else if (order % 11 == 0)
            kd_buf_addf(text, "%d,P%d,thing,%d,2026-01-05 10:%02d,1.255,\n", order, i % 300, i % 3 - 1, i % 60);
        else
            kd_buf_addf(text, "%s%d,P%d,thing %d,1,2026-01-05 10:%02d,1.25,u%d\n", order % 13 == 0 ? "C" : "", order, i % 300, i,
                        i % 60, order % 400);
    }
}

/* One run in a child, killed after so many events were folded. False when it came to its end first. */
static bool run_killed(house *h, uint64_t at, const kd_buf *text, const kd_import_options *o)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bomb             b = { 0, at };
        kd_import_counts c;
        kd_err           err = { 0 };
        house_open(h, explode, &b);
        kd_status status = import_bytes(h, &c, text->ptr, text->len, "orders.csv", o, &err);
        _exit(status == KD_OK ? 0 : 1);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) || (WIFEXITED(how) && WEXITSTATUS(how) == 0));
    return WIFSIGNALED(how);
}

static void test_killed(void **unused)
{
    house             whole, h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_buf            text;
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    unsigned          kills = 0, resumed = 0;
    (void)unused;
    kd_buf_init(&text, NULL);
    write_orders(&text, 40000);
    o.mark_ms = 1;
    house_new(&h);
    house_close(&h);
    for (uint64_t at = 500; run_killed(&h, at, &text, &o); at = at * 5 / 3) { /* ever later, each run going on from the last */
        kills++;
        assert_true(kills < 40);
    }
    house_open(&h, NULL, NULL);

    house_new(&whole);
    assert_ok(import_bytes(&whole, &c, text.ptr, text.len, "orders.csv", &o, &err), err);
    state a = state_of(&h), b = state_of(&whole);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.events, c.stored);
    assert_int_equal(quarantine_count(&h), c.quarantined);
    assert_int_equal(quarantine_count(&whole), c.quarantined);
    assert_true(kills >= 2);
    house_remove(&whole);

    /* Once more, killed late, to see that the next run does go on from the mark. */
    house_close(&h);
    house_new(&whole);
    house_close(&whole);
    assert_true(run_killed(&whole, b.events * 9 / 10, &text, &o));
    house_open(&whole, NULL, NULL);
    assert_ok(import_bytes(&whole, &c, text.ptr, text.len, "orders.csv", &o, &err), err);
    resumed = (unsigned)c.resumed_at;
    assert_true(resumed > 10000 && resumed < 40000);
    assert_int_equal(c.rows, 40000);
    assert_true(c.stored + c.duplicates < c.events);
    a = state_of(&whole);
    assert_memory_equal(&a, &b, sizeof a);
    assert_ok(import_bytes(&whole, &c, text.ptr, text.len, "orders.csv", &o, &err), err); /* done: from the start again */
    assert_int_equal(c.resumed_at, 0);
    assert_int_equal(c.duplicates, b.events);
    house_remove(&whole);
    house_open(&h, NULL, NULL);
    house_remove(&h);
    kd_buf_free(&text);
}

/* A file that is another one when the import goes on is noticed, and the run after that is a fresh one. */
static void test_changed_file(void **unused)
{
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_buf            text;
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    kd_buf_init(&text, NULL);
    write_orders(&text, 40000);
    o.mark_ms = 1;
    house_new(&h);
    house_close(&h);
    assert_true(run_killed(&h, 3500, &text, &o));
    house_open(&h, NULL, NULL);
    char *late = memmem(text.ptr, text.len, "thing 10010", 11); /* behind the window, before the mark */
    assert_non_null(late);
    late[0] = 'T';
    assert_int_equal(import_bytes(&h, &c, text.ptr, text.len, "orders.csv", &o, &err), KD_CONFLICT);
    assert_ok(import_bytes(&h, &c, text.ptr, text.len, "orders.csv", &o, &err), err);
    assert_int_equal(c.resumed_at, 0);
    kd_buf_free(&text);
    house_remove(&h);
}

static void stop_late(void *self, const kd_stored *events, size_t count)
{
    static uint64_t seen;
    (void)events;
    seen += count;
    atomic_store((atomic_bool *)self, seen >= 2000);
}

static void test_cancelled(void **unused)
{
    house             whole, h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_input         *in = NULL;
    kd_buf            text;
    atomic_bool       stop = false;
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    kd_buf_init(&text, NULL);
    write_orders(&text, 40000);
    house_new(&h);
    house_close(&h);
    house_open(&h, stop_late, (void *)&stop);
    assert_ok(kd_input_memory(&in, text.ptr, text.len, "", 0, &err), err);
    assert_ok(kd_import_run(&c, &h.importer, in, "orders.csv", &o, NULL, NULL, &stop, &err), err);
    kd_input_close(in);
    assert_true(c.cancelled && c.rows < 40000 && c.stored >= 2000);
    assert_ok(import_bytes(&h, &c, text.ptr, text.len, "orders.csv", &o, &err), err);
    assert_true(c.resumed_at > 0 && !c.cancelled);
    house_new(&whole);
    assert_ok(import_bytes(&whole, &c, text.ptr, text.len, "orders.csv", &o, &err), err);
    state a = state_of(&h), b = state_of(&whole);
    assert_memory_equal(&a, &b, sizeof a);
    house_remove(&whole);
    house_remove(&h);
    kd_buf_free(&text);
}

int run_import_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantities),   cmocka_unit_test(test_dates),          cmocka_unit_test(test_orders_small),
        cmocka_unit_test(test_profile_is_refold), cmocka_unit_test(test_order_grows), cmocka_unit_test(test_window),
        cmocka_unit_test(test_json_lines),   cmocka_unit_test(test_dry_run_and_cancel), cmocka_unit_test(test_killed),
        cmocka_unit_test(test_changed_file), cmocka_unit_test(test_cancelled), cmocka_unit_test(test_online_retail),
    };
    return cmocka_run_group_tests_name("import orders", tests, NULL, NULL);
}

int main(void)
{
    return run_import_tests() + run_import_file_tests();
}
