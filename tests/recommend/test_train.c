/* From a log to a model: what is counted, what is taken out again, and that the report tells the truth about it. */
#include "shop.h"

#include <math.h>
#include <stdio.h>

#include "recommend/train.h"

#define TODAY NOW

static bool claimed, trust; /* the next events came by write key alone; the next training believes such orders */
static kd_txn *bulk; /* open while many events of one group are written: one commit for all */

/* One event straight into the log, as ingestion would store it. `lines` like "p1 p2*3 p3/p3-M", "" for none. */
static void log_event(shop *s, kd_kind kind, uint32_t person, const char *order, const char *lines, int64_t time_ms)
{
    static uint64_t serial;
    kd_fact_line    all[64];
    kd_fact         fact = { .kind = kind, .order_id = kd_str_z(order), .lines = all, .total_micro = KD_PRICE_NONE };
    kd_event        event = { .time_ms = time_ms, .received_ms = time_ms, .kind = (uint16_t)kind, .flags = KD_EVENT_SEALED | (claimed ? KD_EVENT_CLAIMED : 0) };
    char            text[1024];
    kd_buf          facts;
    kd_txn         *txn = bulk;
    int64_t         head = 0;
    uint32_t        slot = 0;
    kd_append       result;
    kd_rng          rng;

    snprintf(text, sizeof text, "%s", lines);
    for (char *at = strtok(text, " "); at; at = strtok(NULL, " ")) {
        kd_fact_line line = { .quantity = 1, .price_micro = KD_PRICE_NONE };
        char        *times = strchr(at, '*'), *slash = strchr(at, '/');
        if (times) {
            line.quantity = atoi(times + 1);
            *times = '\0';
        }
        if (slash) {
            *slash = '\0';
            line.variant = kd_str_z(slash + 1);
        }
        line.product = kd_str_z(at);
        all[fact.line_count++] = line;
    }
    kd_rng_seed(&rng, person + 1);
    event.person = kd_id_new(&rng, 1);
    kd_rng_seed(&rng, ++serial + ((uint64_t)1 << 40));
    event.id = kd_id_new(&rng, time_ms);
    kd_buf_init(&facts, NULL);
    kd_fact_encode(&facts, &fact);
    event.facts = kd_buf_str(&facts);
    if (!bulk)
        assert_int_equal(kd_txn_begin(&txn, s->store, kd_store_group_of(s->store, event.person), NULL), KD_OK);
    assert_int_equal(kd_txn_append(txn, &event, 1, &head, &slot, &result, NULL), KD_OK);
    if (!bulk)
        assert_int_equal(kd_txn_commit(txn, NULL), KD_OK);
    kd_buf_free(&facts);
}

static void bulk_begin(shop *s)
{
    if (kd_store_groups(s->store) == 1)
        assert_int_equal(kd_txn_begin(&bulk, s->store, 0, NULL), KD_OK);
}

static void bulk_end(void)
{
    if (bulk)
        assert_int_equal(kd_txn_commit(bulk, NULL), KD_OK);
    bulk = NULL;
}

static kd_model *train(shop *s, kd_buf *bytes, unsigned threads)
{
    kd_train_options o = kd_train_options_default(TODAY);
    kd_model        *m;
    kd_err           err = { 0 };
    o.threads = threads;
    o.trust_claims = trust;
    kd_buf_init(bytes, NULL);
    kd_status status = kd_train(bytes, s->store, &o, NULL, NULL, &err);
    if (status != KD_OK)
        print_message("%s: %s\n", err.field, err.msg);
    assert_int_equal(status, KD_OK);
    assert_int_equal(kd_model_from_bytes(&m, kd_buf_str(bytes), NULL), KD_OK);
    return m;
}

static const kd_json *report_of(shop *s, const kd_model *m)
{
    const kd_json *report;
    kd_str         text = kd_model_report(m);
    assert_int_equal(kd_json_parse(&report, s->arena, text.ptr, text.len, NULL), KD_OK);
    return report;
}

static int64_t count_in(const kd_json *report, const char *path)
{
    int64_t value = -1;
    assert_true(kd_json_i64(&value, kd_json_path(report, path)));
    return value;
}

static kd_ref ref(const char *name) { return kd_ref_of(kd_str_z(name)); }

/* The score of `to` among the neighbours of `from`; 0 when it is none. */
static double neighbour(const kd_model *m, kd_relation relation, const char *from, const char *to, uint32_t *support)
{
    const kd_model_neighbour *n;
    uint32_t                  item = kd_model_find(m, ref(from));
    if (item == UINT32_MAX)
        return 0;
    for (size_t count = kd_model_neighbours(m, relation, item, &n), i = 0; i < count; i++) {
        if (kd_model_item(m, n[i].item) == ref(to)) {
            *support = kd_model_support(m, relation, &n[i]);
            return (double)n[i].score;
        }
    }
    return 0;
}

static void test_what_counts(void **state)
{
    shop     s;
    kd_buf   bytes;
    uint32_t support = 0;
    (void)state;
    shop_open(&s, 1);
    shop_put(&s, "{\"id\":\"c\",\"title\":\"C\",\"variants\":[{\"sku\":\"c-1\"},{\"sku\":\"c-2\"}]}");
    log_event(&s, KD_KIND_ORDER, 1, "o1", "a b c-1", TODAY - 20 * KD_DAY_MS);     /* the till names skus */
    log_event(&s, KD_KIND_ORDER, 2, "o2", "a b c/c-2", TODAY - 20 * KD_DAY_MS);
    log_event(&s, KD_KIND_ORDER, 3, "o3", "a d*2 e", TODAY - 20 * KD_DAY_MS);
    log_event(&s, KD_KIND_RETURN, 3, "o3", "d*2", TODAY - 15 * KD_DAY_MS);       /* wholly returned */
    log_event(&s, KD_KIND_ORDER, 4, "o4", "a f*3", TODAY - 20 * KD_DAY_MS);
    log_event(&s, KD_KIND_RETURN, 4, "o4", "f*2", TODAY - 15 * KD_DAY_MS);       /* one of three stays */
    log_event(&s, KD_KIND_ORDER, 5, "o5", "a g", TODAY - 20 * KD_DAY_MS);
    log_event(&s, KD_KIND_ORDER_CANCELLED, 5, "o5", "", TODAY - 19 * KD_DAY_MS); /* the whole order */
    log_event(&s, KD_KIND_VIEW, 6, NULL, "v", TODAY - 3 * KD_DAY_MS);
    log_event(&s, KD_KIND_VIEW, 6, NULL, "w", TODAY - 3 * KD_DAY_MS);
    log_event(&s, KD_KIND_ORDER, 6, "o6", "x", TODAY - 2 * KD_DAY_MS);
    log_event(&s, KD_KIND_VIEW, 6, NULL, "y", TODAY - 1 * KD_DAY_MS);            /* after the order: not viewed-then-bought */
    log_event(&s, KD_KIND_PAGE, 7, NULL, "", TODAY - 1 * KD_DAY_MS);
    kd_model      *m = train(&s, &bytes, 1);
    const kd_json *report = report_of(&s, m);
    assert_int_equal(count_in(report, "users"), 6);
    assert_int_equal(count_in(report, "orderLines"), 14);
    assert_int_equal(count_in(report, "viewLines"), 3);
    assert_int_equal(count_in(report, "returnedLines"), 4); /* d, f, and the two of o5 */
    assert_int_equal(count_in(report, "orders.cells"), 11);

    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "c", &support) > 0);
    assert_int_equal(support, 2);
    assert_int_equal(kd_model_find(m, ref("c-1")), UINT32_MAX);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "d", &support) == 0);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "e", &support) > 0);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "f", &support) > 0);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "g", &support) == 0);
    assert_true(neighbour(m, KD_RELATION_VIEWED, "v", "w", &support) > 0);
    assert_true(neighbour(m, KD_RELATION_VIEWED, "a", "b", &support) == 0);
    assert_true(neighbour(m, KD_RELATION_VIEWED_BOUGHT, "v", "x", &support) > 0);
    assert_int_equal(support, 1);
    assert_true(neighbour(m, KD_RELATION_VIEWED_BOUGHT, "y", "x", &support) == 0);
    assert_true(neighbour(m, KD_RELATION_VIEWED_BOUGHT, "x", "v", &support) == 0);
    assert_true(kd_model_popularity(m, kd_model_find(m, ref("a"))) > kd_model_popularity(m, kd_model_find(m, ref("b"))));
    assert_true(kd_model_trend(m, kd_model_find(m, ref("x"))) > 0 && kd_model_trend(m, kd_model_find(m, ref("a"))) == 0);
    kd_model_release(m);
    kd_buf_free(&bytes);
    shop_close(&s);
}

/* What anybody may have sent about orders teaches what carts teach, unless the shop has nothing else. */
static void test_claimed_orders(void **state)
{
    shop     s;
    kd_buf   bytes;
    uint32_t support = 0;
    (void)state;
    shop_open(&s, 1);
    for (uint32_t person = 1; person < 6; person++)
        log_event(&s, KD_KIND_ORDER, person, "o", "a b", TODAY - 20 * KD_DAY_MS);
    claimed = true;
    for (uint32_t person = 10; person < 15; person++)
        log_event(&s, KD_KIND_ORDER, person, "x", "a junk", TODAY - 2 * KD_DAY_MS);
    for (uint32_t person = 1; person < 6; person++)
        log_event(&s, KD_KIND_RETURN, person, "o", "a b", TODAY - KD_DAY_MS);
    kd_model      *m = train(&s, &bytes, 1);
    const kd_json *report = report_of(&s, m);
    assert_int_equal(count_in(report, "orderLines"), 10);
    assert_int_equal(count_in(report, "claimedOrderLines"), 10);
    assert_int_equal(count_in(report, "viewLines"), 10);
    assert_int_equal(count_in(report, "returnedLines"), 0);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "b", &support) > 0);
    assert_int_equal(support, 5);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "junk", &support) == 0);
    assert_true(neighbour(m, KD_RELATION_VIEWED, "a", "junk", &support) > 0);
    assert_true(kd_model_popularity(m, kd_model_find(m, ref("b"))) > kd_model_popularity(m, kd_model_find(m, ref("junk"))));
    kd_model_release(m);
    kd_buf_free(&bytes);
    trust = true;
    m = train(&s, &bytes, 1);
    trust = claimed = false;
    assert_int_equal(count_in(report_of(&s, m), "orderLines"), 20);
    assert_int_equal(count_in(report_of(&s, m), "returnedLines"), 10);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "junk", &support) > 0);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "b", &support) == 0); /* it came back, they say */
    kd_model_release(m);
    kd_buf_free(&bytes);
    shop_close(&s);
}

/* A shop of five tastes; a person buys and views within their own. */
static void fill_with_tastes(shop *s, uint32_t persons, uint32_t events, int64_t end_ms)
{
    kd_rng rng;
    kd_rng_seed(&rng, 11);
    bulk_begin(s);
    for (uint32_t n = 0; n < events; n++) {
        uint32_t person = kd_rng_below(&rng, persons), taste = person % 5;
        char     lines[64], order[16];
        kd_kind  kind = kd_rng_below(&rng, 3) ? KD_KIND_VIEW : KD_KIND_ORDER;
        snprintf(order, sizeof order, "o%u", n);
        snprintf(lines, sizeof lines, kind == KD_KIND_VIEW ? "t%u-%u" : "t%u-%u t%u-%u", taste, kd_rng_below(&rng, 30), taste, kd_rng_below(&rng, 30));
        log_event(s, kind, person, kind == KD_KIND_ORDER ? order : NULL, lines, end_ms - (int64_t)((events - n) * (uint64_t)(100 * KD_DAY_MS) / events));
    }
    bulk_end();
}

/* Everything but the report, which holds times. */
static void check_same_model(const kd_model *a, const kd_model *b)
{
    const kd_model_neighbour *x, *y;
    const uint32_t           *p, *q;
    assert_int_equal(kd_model_item_count(a), kd_model_item_count(b));
    for (uint32_t i = 0; i < kd_model_item_count(a); i++) {
        assert_true(kd_model_item(a, i) == kd_model_item(b, i));
        assert_true(kd_model_popularity(a, i) == kd_model_popularity(b, i) && kd_model_trend(a, i) == kd_model_trend(b, i));
        for (int r = 0; r < KD_RELATION_COUNT; r++) {
            size_t count = kd_model_neighbours(a, (kd_relation)r, i, &x);
            assert_int_equal(kd_model_neighbours(b, (kd_relation)r, i, &y), count);
            assert_memory_equal(x, y, count * sizeof *x);
        }
    }
    size_t count = kd_model_popular(a, &p);
    assert_int_equal(kd_model_popular(b, &q), count);
    assert_memory_equal(p, q, count * sizeof *p);
}

static void test_tastes_are_learnt(void **state)
{
    shop      s;
    kd_buf    bytes[3];
    kd_model *models[3];
    double    recall = 0, popular = 0;
    (void)state;
    shop_open(&s, 1);
    fill_with_tastes(&s, 300, 4000, TODAY - 1000);
    for (unsigned threads = 1; threads <= 3; threads++)
        models[threads - 1] = train(&s, &bytes[threads - 1], threads);
    check_same_model(models[0], models[1]);
    check_same_model(models[0], models[2]);
    const kd_json *report = report_of(&s, models[0]);
    assert_true(count_in(report, "backtest.users") > 50);
    assert_true(kd_json_f64(&recall, kd_json_get(kd_json_path(report, "backtest.model"), "recall@20")));
    assert_true(kd_json_f64(&popular, kd_json_get(kd_json_path(report, "backtest.popularity"), "recall@20")));
    print_message("five tastes: recall@20 %.3f, popularity %.3f\n", recall, popular);
    assert_true(recall > 2 * popular); /* the first 20 of a taste of 30, against the first 20 of 150 */
    assert_true(kd_json_bool(kd_json_path(report, "backtest.beatsPopularity"), false));
    for (uint32_t i = 0; i < kd_model_item_count(models[0]); i++) /* scores of a row sum to 1, whatever the similarity */
        for (int r = 0; r < KD_RELATION_COUNT; r++) {
            const kd_model_neighbour *n;
            double                    sum = 0;
            size_t                    count = kd_model_neighbours(models[0], (kd_relation)r, i, &n);
            for (size_t k = 0; k < count; k++)
                sum += (double)n[k].score;
            assert_true(count == 0 || fabs(sum - 1) < 1e-5);
        }
    for (int n = 0; n < 3; n++) {
        kd_model_release(models[n]);
        kd_buf_free(&bytes[n]);
    }
    shop_close(&s);
}

/* Sixteen partition groups hold the same log: the same model. */
static void test_groups(void **state)
{
    shop      one, sixteen;
    kd_buf    a, b;
    kd_model *m, *n;
    (void)state;
    shop_open(&one, 1);
    shop_open(&sixteen, 16);
    fill_with_tastes(&one, 60, 300, TODAY - 1000);
    fill_with_tastes(&sixteen, 60, 300, TODAY - 1000);
    m = train(&one, &a, 1);
    n = train(&sixteen, &b, 1);
    assert_int_equal(kd_model_item_count(m), kd_model_item_count(n));
    const kd_json *x = report_of(&one, m), *y = report_of(&sixteen, n);
    assert_int_equal(count_in(x, "interactions"), count_in(y, "interactions"));
    assert_int_equal(count_in(x, "orders.cells"), count_in(y, "orders.cells"));
    assert_int_equal(count_in(x, "orders.neighbours"), count_in(y, "orders.neighbours"));
    for (uint32_t i = 0; i < kd_model_item_count(m); i++) /* users are numbered in another order: sums may differ in their last bits */
        assert_true(fabsf(kd_model_popularity(m, i) - kd_model_popularity(n, i)) < 1e-4f);
    kd_model_release(m);
    kd_model_release(n);
    kd_buf_free(&a);
    kd_buf_free(&b);
    shop_close(&one);
    shop_close(&sixteen);
}

/* Orders of fifteen years ago make a model of fifteen years ago. */
static void test_old_import(void **state)
{
    shop     s;
    kd_buf   bytes;
    uint32_t support;
    (void)state;
    shop_open(&s, 1);
    for (uint32_t n = 0; n < 20; n++)
        log_event(&s, KD_KIND_ORDER, n, "o", n % 2 ? "a b" : "a c", TODAY - 15 * 365 * KD_DAY_MS);
    kd_model *m = train(&s, &bytes, 2);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "a", "b", &support) > 0.4);
    assert_true(kd_model_popularity(m, kd_model_find(m, ref("a"))) > 10);
    kd_model_release(m);
    kd_buf_free(&bytes);
    shop_close(&s);
}

/* A house card with everything on it says less than people do, and costs no square of it. */
static void test_house_card(void **state)
{
    shop     s;
    kd_buf   bytes;
    uint32_t support = 0;
    char     lines[1024];
    (void)state;
    shop_open(&s, 1);
    bulk_begin(&s);
    for (uint32_t n = 0; n < 1200; n++) {
        snprintf(lines, sizeof lines, "h%u", n);
        log_event(&s, KD_KIND_ORDER, 1, "h", lines, TODAY - (int64_t)n * 60000);
    }
    log_event(&s, KD_KIND_ORDER, 2, "o", "h0 h1199", TODAY);
    bulk_end();
    kd_model      *m = train(&s, &bytes, 2);
    const kd_json *report = report_of(&s, m);
    assert_int_equal(count_in(report, "orders.cells"), 1202);
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "h1199", "h0", &support) > 0);
    assert_int_equal(support, 1); /* of the card only the newest 500 count */
    assert_true(neighbour(m, KD_RELATION_BOUGHT, "h1199", "h1", &support) == 0);
    kd_model_release(m);
    kd_buf_free(&bytes);
    shop_close(&s);
}

static void test_failures(void **state)
{
    shop             s;
    kd_buf           bytes;
    kd_err           err = { 0 };
    kd_train_options o = kd_train_options_default(TODAY);
    (void)state;
    shop_open(&s, 1);
    kd_buf_init(&bytes, NULL);
    assert_int_equal(kd_train(&bytes, s.store, &o, NULL, NULL, &err), KD_NOT_FOUND); /* an empty log */
    log_event(&s, KD_KIND_PAGE, 1, NULL, "", TODAY);
    assert_int_equal(kd_train(&bytes, s.store, &o, NULL, NULL, &err), KD_NOT_FOUND); /* nothing about products */
    log_event(&s, KD_KIND_ORDER, 1, "o", "a", TODAY);
    log_event(&s, KD_KIND_RETURN, 1, "o", "a", TODAY + 1);
    assert_int_equal(kd_train(&bytes, s.store, &o, NULL, NULL, &err), KD_NOT_FOUND); /* nothing kept */
    log_event(&s, KD_KIND_ORDER, 2, "p", "a b", TODAY);
    assert_int_equal(kd_train(&bytes, s.store, &o, NULL, NULL, &err), KD_OK); /* one user is enough to answer */
    kd_buf_free(&bytes);
    kd_buf_init(&bytes, NULL);
    o.bytes_max = 4096;
    assert_int_equal(kd_train(&bytes, s.store, &o, NULL, NULL, &err), KD_LIMIT);
    o = kd_train_options_default(TODAY);
    o.k = 0;
    assert_int_equal(kd_train(&bytes, s.store, &o, NULL, NULL, &err), KD_INVALID);
    assert_string_equal(err.field, "k");
    assert_int_equal(bytes.len, 0);
    kd_buf_free(&bytes);
    shop_close(&s);
}

const struct CMUnitTest train_tests[] = {
    cmocka_unit_test(test_what_counts), cmocka_unit_test(test_claimed_orders), cmocka_unit_test(test_tastes_are_learnt), cmocka_unit_test(test_groups),
    cmocka_unit_test(test_old_import),  cmocka_unit_test(test_house_card),        cmocka_unit_test(test_failures),
};
const size_t train_test_count = sizeof train_tests / sizeof *train_tests;
