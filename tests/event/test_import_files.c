#include "import_house.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

/* ---- files that are not what they should be ---- */

#define HEADER "order,product,quantity,date,price,customer\n"

static void test_bad_files(void **unused)
{
    static const struct { const char *bytes; size_t len; const char *says; } cases[] = {
        { "", 0, "empty" },
        { "\n\n", 2, "empty" },
        { "\xff\xfeo\0r\0d\0e\0r\0\n\0", 14, "UTF-16" },
        { "\0o\0r\0d\0e\0r\0\n", 12, "UTF-16" },
        { "\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16, "header" },
        { "PK\3\4\24\0\6\0\10\0", 10, "spreadsheet" },
        { "bestellung,gr\xf6\xdf" "e\n1,2\n", 21, "header" },
        { "foo,bar\n1,2\n", 12, "found: foo, bar" },
        { "foo,bar\n1,2\n", 12, "needed: order, product, time" },
        { "order,product,date,Product\n1,A,2026-01-05,B\n", 44, "columns 2 and 4" },
        { "{\"order\":1}\n", 12, "JSON Lines" },
    };
    house             h;
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    house_new(&h);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_import_counts c;
        kd_err           err = { 0 };
        kd_status        status = import_bytes(&h, &c, cases[i].bytes, cases[i].len, "x.csv", &o, &err);
        if (status != KD_INVALID || !strstr(err.msg, cases[i].says))
            fail_msg("file %zu: %s \"%s\" does not say \"%s\"", i, kd_status_name(status), err.msg, cases[i].says);
        assert_int_equal(c.rows, 0);
    }
    assert_int_equal(quarantine_count(&h), 0);
    house_remove(&h);
}

static void test_header_only(void **unused)
{
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, HEADER, "x.csv", &o, &err), err);
    assert_int_equal(c.rows, 0);
    assert_ok(import_text(&h, &c, "", "x.jsonl", &o, &err), err);
    assert_int_equal(c.rows, 0);
    house_remove(&h);
}

static void test_map(void **unused)
{
    static const char text[] = "Bon;Artikel;Stk;Wann;Betrag;Kd\n1;A1;2;05.01.2026 10:30;1.234,50;k1\n1;A2;1,0;05.01.2026 10:30;2,5;k1\n"
                               "2;A2;1,5;05.01.2026;2,5;k1\n";
    static const kd_feed_map map[] = { { "Bon", "order" }, { "Artikel", "product" }, { "Stk", "quantity" }, { "Wann", "time" },
        { "Betrag", "price" }, { "kd", "customer" } };
    static const kd_feed_map bad[][2] = { { { "Bon", "receipt_color" }, { 0 } }, { { "Nope", "order" }, { 0 } },
        { { "Bon", "order" }, { "Artikel", "order" } } };
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    kd_arena         *arena = kd_arena_new(1 << 20);
    (void)unused;
    house_new(&h);
    o.map = map;
    o.map_count = sizeof map / sizeof *map;
    o.decimal_comma = true;
    o.utc_offset_min = 60;
    assert_ok(import_text(&h, &c, text, "x.csv", &o, &err), err);
    assert_int_equal(c.rows, 3);
    assert_int_equal(c.quarantined, 2); /* "1.234,50" has a thousands mark; 1,5 pieces */
    assert_int_equal(c.revenue_micro, 2500000);
    kd_str body = body_of(&h, "1", KD_KIND_ORDER, arena);
    assert_non_null(memmem(body.ptr, body.len, "2026-01-05T09:30:00.000Z", 24));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.map = bad[i];
        o.map_count = bad[i][1].column ? 2 : 1;
        assert_int_equal(import_text(&h, &c, text, "x.csv", &o, &err), KD_INVALID);
        assert_non_null(strstr(err.msg, "--map"));
    }
    kd_arena_free(arena);
    house_remove(&h);
}

static void test_line_total(void **unused)
{
    static const char text[] = "household_id,basket_id,product_id,quantity,sales_value,transaction_timestamp,store_id\n"
                               "900,31,1095275,2,3.00,2017-01-01 11:53:26,330\n900,31,9878513,3,1.00,2017-01-01 12:10:28,330\n"
                               "900,32,9878513,-1,1.00,2017-01-02 12:10:28,330\n";
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, text, "x.csv", &o, &err), err);
    assert_int_equal(c.quarantined, 0);
    assert_int_equal(c.revenue_micro, 2 * 1500000 + 3 * 333333);
    assert_int_equal(c.return_lines, 1);
    assert_int_equal(c.stored, 2);
    house_remove(&h);
}

static void test_truncated_gzip(void **unused)
{
    static unsigned char packed[1 << 16];
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_input         *in = NULL;
    kd_buf            text;
    z_stream          z = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS), events = options_of(KD_IMPORT_EVENTS);
    (void)unused;
    kd_buf_init(&text, NULL);
    kd_buf_add_z(&text, HEADER);
    for (int i = 0; i < 6000; i++)
        kd_buf_addf(&text, "%d,P%d,1,2026-01-05,1,u%d\n", i, i % 7, i % 50);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)text.ptr;
    z.avail_in = (unsigned)text.len;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    house_new(&h);
    assert_ok(kd_input_memory(&in, packed, z.total_out / 2, "gzip", 0, &err), err);
    kd_status status = import_input(&h, &c, in, "x.csv.gz", &o, &err);
    assert_true(status != KD_OK && status != KD_LIMIT && strlen(err.msg) > 10);
    assert_ok(kd_input_memory(&in, packed, z.total_out / 2, "gzip", 0, &err), err);
    memset(&err, 0, sizeof err);
    status = import_input(&h, &c, in, "x.jsonl.gz", &events, &err);
    assert_true(status != KD_OK && status != KD_LIMIT && strlen(err.msg) > 10);
    assert_ok(kd_input_memory(&in, packed, z.total_out, "gzip", 0, &err), err); /* and the whole file completes it */
    assert_ok(import_input(&h, &c, in, "x.csv.gz", &o, &err), err);
    assert_int_equal(state_of(&h).lines, 6000);
    deflateEnd(&z);
    kd_buf_free(&text);
    house_remove(&h);
}

static void test_latin1_and_limits(void **unused)
{
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_ORDERS);
    kd_arena         *arena = kd_arena_new(1 << 20);
    kd_quarantined   *bad = NULL;
    size_t            count = 0;
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, HEADER "1,M\xfcsli,1,2026-01-05,1,u1\n1,A,1,2026-01-05,1,u1\n1,\"open,1,2026-01-05,1,u1\n",
                          "x.csv", &o, &err), err);
    assert_int_equal(c.quarantined, 2);
    assert_int_equal(c.order_lines, 1);
    assert_ok(kd_quarantine_list(&bad, &count, h.reader, h.vault, (kd_id){ 0 }, 100, arena, &err), err);
    assert_int_equal(count, 2);
    assert_non_null(memmem(bad[0].reason.ptr, bad[0].reason.len, "UTF-8", 5));
    o.quarantine_max = 1;
    assert_int_equal(import_text(&h, &c, HEADER "1,,1,2026-01-05,1,u1\n1,,1,2026-01-05,1,u1\n", "y.csv", &o, &err), KD_LIMIT);
    assert_non_null(strstr(err.msg, "line 3"));
    assert_int_equal(quarantine_count(&h), 3);
    o.quarantine_max = 0;
    o.orders_max = 2;
    assert_int_equal(import_text(&h, &c, HEADER "1,A,1,2026-01-05,1,u1\n2,A,1,2026-01-05,1,u1\n3,A,1,2026-01-05,1,u1\n", "y.csv",
                                 &o, &err), KD_LIMIT);
    assert_non_null(strstr(err.msg, "distinct orders"));
    kd_arena_free(arena);
    house_remove(&h);
}

enum { LONG_LINE = 64 << 20 };

typedef struct pour { int fd; bool json; } pour;

static void *write_long_line(void *self)
{
    static char block[1 << 16];
    const pour *p = self;
    memset(block, 'x', sizeof block);
    FILE *out = fdopen(p->fd, "w");
    fputs(p->json ? "{\"order\":\"1\",\"product\":\"A\",\"date\":\"2026-01-05\"}\n{\"order\":\""
          : HEADER "1,A,1,2026-01-05,1,u1\n1,", out);
    for (size_t i = 0; i < LONG_LINE / sizeof block; i++)
        fwrite(block, 1, sizeof block, out);
    fputs(p->json ? "\"}\n{\"order\":\"2\",\"product\":\"A\",\"date\":\"2026-01-05\"}\n"
          : ",1,2026-01-05,1,u1\n2,B,1,2026-01-05,1,u1\n", out);
    fclose(out);
    return NULL;
}

static void test_long_line(void **unused)
{
    house h;
    (void)unused;
    house_new(&h);
    for (int json = 0; json < 2; json++) {
        int               ends[2];
        pthread_t         thread;
        kd_import_counts  c;
        kd_err            err = { 0 };
        kd_input         *in = NULL;
        struct rusage     before, after;
        kd_import_options o = options_of(KD_IMPORT_ORDERS);
        o.format = json ? KD_IMPORT_JSONL : KD_IMPORT_CSV;
        o.source = json ? KD_STR("json") : KD_STR("csv");
        assert_int_equal(pipe(ends), 0);
        getrusage(RUSAGE_SELF, &before);
        assert_int_equal(pthread_create(&thread, NULL, write_long_line, &(pour){ ends[1], json }), 0);
        assert_ok(kd_input_open(&in, AT_FDCWD, ends[0], "-", &err), err);
        assert_ok(import_input(&h, &c, in, "-", &o, &err), err);
        pthread_join(thread, NULL);
        close(ends[0]);
        getrusage(RUSAGE_SELF, &after);
        assert_int_equal(c.quarantined, 1);
        assert_int_equal(c.order_lines, 2);
#ifndef __SANITIZE_ADDRESS__
        assert_true(after.ru_maxrss - before.ru_maxrss < 40 * 1024); /* KiB: a line that is too long is never held whole */
#endif
    }
    house_remove(&h);
}

/* ---- customers ---- */

static void test_customers(void **unused)
{
    static const char first[] = "Customer ID,E-Mail,Phone,Loyalty Card,First name,updated_at,size\n"
                                "u1,Ann@Example.org,+49 30 123456,C-77,Ann,2026-01-05,M\n"
                                "u2,,,,Bob,2026-01-05,\n"
                                ",eve@example.org,,,Eve,2026-01-05,S\n"
                                ",,,,Nobody,2026-01-05,S\n"
                                "u3,,,,Joe,whenever,S\n"
                                "n/a,,,,None,2026-01-05,S\n";
    static const char second[] = "Customer ID,E-Mail,Phone,Loyalty Card,First name,updated_at,size\n"
                                 "u1,Ann@Example.org,+49 30 123456,C-77,Ann,2026-03-05,L\n"
                                 "u2,,,,Bob,2026-01-05,\n";
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_import_options o = options_of(KD_IMPORT_CUSTOMERS);
    kd_key            key;
    kd_id             person;
    kd_person        *p = NULL;
    (void)unused;
    house_new(&h);
    for (int again = 0; again < 2; again++) {
        assert_ok(import_text(&h, &c, first, "c.csv", &o, &err), err);
        assert_int_equal(c.rows, 6);
        assert_int_equal(c.quarantined, 3);
        assert_int_equal(c.stored, again ? 0 : 3);
        assert_int_equal(c.duplicates, again ? 3 : 0);
    }
    assert_ok(import_text(&h, &c, second, "c.csv", &o, &err), err);
    assert_ok(kd_key_make(&key, h.vault, KD_KEY_USER, KD_STR("u1"), &err), err);
    assert_ok(kd_identity_find(&person, h.identity, h.reader, &key, 1, &err), err);
    assert_ok(kd_people_acquire(&p, h.people, h.reader, person, &err), err);
    const kd_register *size = kd_profile_trait(&p->profile, "size"), *name = kd_profile_trait(&p->profile, "First name");
    assert_non_null(size);
    assert_non_null(name);
    assert_true(kd_str_is(size->value, "\"L\"") && !size->claimed); /* the newest wins, whatever came later */
    assert_true(kd_str_is(name->value, "\"Ann\""));
    assert_int_equal(p->profile.ident_count, 4);
    kd_people_release(h.people, p);
    house_remove(&h);
}

/* ---- events ---- */

static void test_events_json(void **unused)
{
    static const char text[] =
        "{\"type\":\"track\",\"event\":\"Product Viewed\",\"userId\":\"u1\",\"timestamp\":\"2026-01-05T10:00:00Z\",\"properties\":{\"product_id\":\"A\"}}\n"
        "{\"type\":\"track\",\"event\":\"Product Viewed\",\"userId\":\"u1\",\"timestamp\":\"2026-01-05T10:00:00Z\",\"properties\":{\"product_id\":\"A\"}}\n"
        "{\"type\":\"page\",\"anonymousId\":\"a1\",\"messageId\":\"m-1\",\"timestamp\":\"2026-01-05T10:00:00Z\"}\n"
        "{\"type\":\"page\",\"anonymousId\":\"a1\",\"messageId\":\"m-1\",\"timestamp\":\"2026-01-05T10:00:00Z\"}\n"
        "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u1\",\"timestamp\":\"2026-01-05T11:00:00Z\",\"properties\":{\"order_id\":\"7\",\"products\":[{\"product_id\":\"A\",\"quantity\":2,\"price\":3.5}]}}\n"
        "{\"type\":\"identify\",\"traits\":{}}\n"
        "not json\n"
        "{\"type\":\"dance\",\"userId\":\"u1\"}\n";
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_buf            grown;
    kd_import_options o = options_of(KD_IMPORT_EVENTS);
    (void)unused;
    house_new(&h);
    for (int again = 0; again < 2; again++) {
        assert_ok(import_text(&h, &c, text, "e.jsonl", &o, &err), err);
        assert_int_equal(c.rows, 8);
        assert_int_equal(c.quarantined, 3);
        assert_int_equal(c.stored, again ? 0 : 4); /* two equal lines without an id are two events; with an id, one */
        assert_int_equal(c.duplicates, again ? 5 : 1);
    }
    kd_buf_init(&grown, NULL);
    kd_buf_add_z(&grown, text);
    kd_buf_add_z(&grown, "{\"type\":\"track\",\"event\":\"Product Viewed\",\"userId\":\"u1\",\"timestamp\":\"2026-01-05T10:00:00Z\",\"properties\":{\"product_id\":\"B\"}}\n");
    assert_ok(import_bytes(&h, &c, grown.ptr, grown.len, "e.jsonl", &o, &err), err);
    assert_int_equal(c.stored, 1); /* a log that has grown gives what is new */
    kd_buf_free(&grown);
    house_remove(&h);
}

static void count_views(void *self, const kd_fact *fact, kd_key_type owner)
{
    int *n = self;
    (void)owner;
    if (fact->kind == KD_KIND_VIEW) {
        assert_int_equal(fact->line_count, 1);
        assert_true(kd_str_is(fact->lines[0].product, "A"));
        assert_int_equal(fact->lines[0].price_micro, 3500000);
        n[0]++;
    }
    n[1] += fact->kind == KD_KIND_SEARCH;
}

static void test_events_csv(void **unused)
{
    static const char text[] = "event,timestamp,user_id,session_id,product_id,price,query\n"
                               "Product Viewed,2026-01-05 10:00,u1,s1,A,3.50,\n"
                               "view_item,1767607200,,s2,A,3.50,\n"
                               "Products Searched,2026-01-05,u1,,,,boots\n"
                               "Product Viewed,05/01/26,u1,,A,,\n";
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    int               n[2] = { 0 };
    kd_import_options o = options_of(KD_IMPORT_EVENTS);
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, text, "e.csv", &o, &err), err);
    assert_int_equal(c.stored, 3);
    assert_int_equal(c.quarantined, 1);
    for_each_event(&h, count_views, n);
    assert_int_equal(n[0], 2);
    assert_int_equal(n[1], 1);
    assert_ok(import_text(&h, &c, text, "e.csv", &o, &err), err);
    assert_int_equal(c.stored, 0);
    house_remove(&h);
}

static void test_many_events(void **unused)
{
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_buf            text;
    kd_import_options o = options_of(KD_IMPORT_EVENTS);
    (void)unused;
    house_new(&h);
    kd_buf_init(&text, NULL);
    for (int i = 0; i < 12000; i++)
        kd_buf_addf(&text, "{\"type\":\"track\",\"event\":\"Product Viewed\",\"userId\":\"u%d\",\"timestamp\":\"2026-01-05T10:00:00Z\",\"properties\":{\"product_id\":\"A%d\"}}%s\n",
                    i % 300, i % 40, i % 1000 == 999 ? "]" : "");
    assert_ok(import_bytes(&h, &c, text.ptr, text.len, "e.jsonl", &o, &err), err);
    assert_int_equal(c.stored, 11988);
    assert_int_equal(c.quarantined, 12);
    assert_int_equal(quarantine_count(&h), 12);
    kd_buf_free(&text);
    house_remove(&h);
}

/* ---- documents ---- */

static void test_products(void **unused)
{
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_buf            text;
    kd_import_options o = options_of(KD_IMPORT_PRODUCTS);
    (void)unused;
    house_new(&h);
    kd_buf_init(&text, NULL);
    kd_buf_add_z(&text, "id,title,price,brand\n");
    for (int i = 0; i < 1203; i++)
        kd_buf_addf(&text, "P%d,Thing %d,%d.50 GBP,Brand\n", i, i, i % 90 + 1);
    kd_buf_add_z(&text, "P-bad,Thing,much GBP,Brand\n");
    assert_ok(import_bytes(&h, &c, text.ptr, text.len, "p.csv", &o, &err), err);
    assert_int_equal(c.rows, 1204);
    assert_int_equal(c.products, 1203);
    assert_int_equal(c.quarantined, 1);
    const kd_snapshot *s = kd_snapshot_acquire(h.catalog);
    uint64_t version = kd_snapshot_version(s);
    assert_int_equal(kd_snapshot_products(s), 1203);
    kd_snapshot_release(s);
    assert_ok(import_bytes(&h, &c, text.ptr, text.len, "p.csv", &o, &err), err);
    s = kd_snapshot_acquire(h.catalog);
    assert_int_equal(kd_snapshot_version(s), version); /* nothing new, no new versions */
    kd_snapshot_release(s);
    assert_int_equal(quarantine_count(&h), 1);
    kd_buf_free(&text);
    house_remove(&h);
}

static void test_weather(void **unused)
{
    static const char text[] = "store,zip,country,date,temperature,condition,rain\n"
                               "berlin,,,2026-01-05,-3.5,snow,1.2\n"
                               ",10115,DE,2026-01-05 14:00,2,,\n"
                               ",10115,,2026-01-05,2,,\n"
                               "berlin,,,2026-01-06,hot,,\n"
                               "berlin,,,2026-01-06,200,,\n"
                               "berlin,,,someday,2,,\n"
                               "berlin,,,2026-01-06,2,,-1\n";
    house             h;
    kd_import_counts  c;
    kd_err            err = { 0 };
    kd_doc            doc = { 0 };
    kd_arena         *arena = kd_arena_new(1 << 20);
    kd_import_options o = options_of(KD_IMPORT_WEATHER);
    (void)unused;
    house_new(&h);
    assert_ok(import_text(&h, &c, text, "w.csv", &o, &err), err);
    assert_int_equal(c.documents, 2);
    assert_int_equal(c.quarantined, 5);
    assert_ok(kd_reader_doc(&doc, h.reader, KD_STR("weather"), KD_STR("berlin:2026-01-05"), arena, &err), err);
    assert_true(kd_str_is(doc.body, "{\"place\":\"berlin\",\"time\":\"2026-01-05T00:00:00.000Z\",\"condition\":\"snow\","
                                    "\"temperature_c\":-3.5,\"precipitation_mm\":1.2}"));
    assert_ok(kd_reader_doc(&doc, h.reader, KD_STR("weather"), KD_STR("de-10115:2026-01-05T14:00Z"), arena, &err), err);
    kd_arena_free(arena);
    house_remove(&h);
}

static void test_names(void **unused)
{
    kd_import_what what;
    (void)unused;
    for (int i = KD_IMPORT_ORDERS; i <= KD_IMPORT_WEATHER; i++) {
        assert_int_equal(kd_import_what_parse(&what, kd_str_z(kd_import_what_name((kd_import_what)i))), KD_OK);
        assert_int_equal(what, i);
    }
    assert_int_equal(kd_import_what_parse(&what, KD_STR("shoes")), KD_NOT_FOUND);
}

int run_import_file_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),          cmocka_unit_test(test_bad_files),    cmocka_unit_test(test_header_only),
        cmocka_unit_test(test_map),            cmocka_unit_test(test_line_total),   cmocka_unit_test(test_truncated_gzip),
        cmocka_unit_test(test_latin1_and_limits), cmocka_unit_test(test_long_line), cmocka_unit_test(test_customers),
        cmocka_unit_test(test_events_json),    cmocka_unit_test(test_events_csv),   cmocka_unit_test(test_many_events),
        cmocka_unit_test(test_products),       cmocka_unit_test(test_weather),
    };
    return cmocka_run_group_tests_name("import files", tests, NULL, NULL);
}
