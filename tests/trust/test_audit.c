/* The chain of the audit log: what was written is there, and what was bent is named. */
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trust/audit.h"

static int64_t now_ms = INT64_C(1795000000000);
static const kd_actor ada = { .kind = "user", .id = { "u-ada", 5 }, .role = "owner", .request = { "r1", 2 } };

static kd_audit_log *open_log(trust_house *h)
{
    char          path[128];
    kd_audit_log *log = NULL;
    kd_err        err = { 0 };
    snprintf(path, sizeof path, "%s/shop.db.key.audit", h->folder);
    if (kd_audit_open(&log, h->store, h->reader, h->vault, path, kd_clock_at(&now_ms), &err) != KD_OK)
        fail_msg("%s", err.msg);
    return log;
}

static void write_some(kd_audit_log *log, int count)
{
    for (int i = 0; i < count; i++, now_ms += 1000)
        assert_int_equal(kd_audit_write(log, &ada, i % 2 ? "person.read" : "user.change", KD_STR("0193-object"), KD_STR("{\"field\":\"role\"}"), NULL), KD_OK);
}

static kd_audit_verdict verdict_of(trust_house *h, kd_audit_log *log)
{
    kd_audit_verdict v;
    kd_err           err = { 0 };
    if (kd_audit_verify(&v, log, h->reader, NULL, &err) != KD_OK)
        fail_msg("%s", err.msg);
    return v;
}

static kd_id number(uint64_t n)
{
    kd_id id = { { 0 } };
    id.b[15] = (uint8_t)n;
    id.b[14] = (uint8_t)(n >> 8);
    return id;
}

static kd_record entry(trust_house *h, uint64_t n)
{
    kd_record *list = NULL;
    size_t     count = 0;
    assert_int_equal(kd_reader_records(&list, &count, h->reader, (kd_id){ 0 }, KD_STR("audit"), n > 1 ? number(n - 1) : (kd_id){ 0 }, 1, h->arena, NULL), KD_OK);
    assert_int_equal(count, 1);
    return list[0];
}

static void put(trust_house *h, const kd_record *r)
{
    kd_txn *txn = NULL;
    assert_int_equal(kd_txn_begin(&txn, h->store, kd_store_group_of(h->store, (kd_id){ 0 }), NULL), KD_OK);
    assert_int_equal(kd_txn_records_put(txn, r, 1, NULL), KD_OK);
    assert_int_equal(kd_txn_commit(txn, NULL), KD_OK);
}

static void drop(trust_house *h, uint64_t n)
{
    kd_txn *txn = NULL;
    assert_int_equal(kd_txn_begin(&txn, h->store, kd_store_group_of(h->store, (kd_id){ 0 }), NULL), KD_OK);
    assert_int_equal(kd_txn_record_delete(txn, (kd_id){ 0 }, KD_STR("audit"), number(n), NULL), KD_OK);
    assert_int_equal(kd_txn_commit(txn, NULL), KD_OK);
}

static void test_what_was_written_is_there(void **state)
{
    trust_house      h;
    kd_audit_log    *log;
    kd_audit_verdict v;
    (void)state;
    for (uint16_t groups = 1; groups <= 16; groups += 15) {
        trust_house_open(&h, groups);
        log = open_log(&h);
        v = verdict_of(&h, log);
        assert_true(v.entries == 0 && v.broken == 0 && v.why[0] == '\0');
        write_some(log, 700); /* more than a slice */
        v = verdict_of(&h, log);
        assert_true(v.entries == 700 && v.broken == 0 && v.why[0] == '\0' && v.anchored >= 700 - 64 && v.newest_ms == now_ms - 1000);
        kd_audit_close(log);
        trust_house_reopen(&h);
        log = open_log(&h); /* goes on where it ended */
        write_some(log, 3);
        v = verdict_of(&h, log);
        assert_true(v.entries == 703 && v.broken == 0 && v.anchored >= 700 && v.why[0] == '\0');
        kd_audit_close(log);
        trust_house_close(&h);
    }
}

static void test_bad_entries_are_refused(void **state)
{
    trust_house   h;
    kd_audit_log *log;
    char          wide[KD_AUDIT_DETAIL_MAX + 16];
    kd_err        err = { 0 };
    (void)state;
    memset(wide, 'x', sizeof wide);
    trust_house_open(&h, 1);
    log = open_log(&h);
    assert_int_equal(kd_audit_write(log, &ada, "", (kd_str){ 0 }, (kd_str){ 0 }, &err), KD_INVALID);
    assert_int_equal(kd_audit_write(log, &ada, "a.b", (kd_str){ wide, KD_AUDIT_OBJECT_MAX + 1 }, (kd_str){ 0 }, &err), KD_INVALID);
    assert_string_equal(err.field, "object");
    assert_int_equal(kd_audit_write(log, &ada, "a.b", (kd_str){ 0 }, KD_STR("[1]"), &err), KD_INVALID);
    assert_int_equal(kd_audit_write(log, &ada, "a.b", (kd_str){ 0 }, KD_STR("{\"a\":1"), &err), KD_INVALID);
    assert_int_equal(kd_audit_write(log, &ada, "a.b", (kd_str){ 0 }, (kd_str){ wide, sizeof wide }, &err), KD_INVALID);
    assert_string_equal(err.field, "detail");
    assert_true(verdict_of(&h, log).entries == 0);
    kd_audit_close(log);
    trust_house_close(&h);
}

typedef void (*bend)(trust_house *h);
static void change_text(trust_house *h)
{
    kd_record r = entry(h, 20);
    char     *text = (char *)(uintptr_t)r.body.ptr, *at = memmem(text, r.body.len, "owner", 5);
    memcpy(at, "woner", 5);
    put(h, &r);
}
static void change_time(trust_house *h)
{
    kd_record r = entry(h, 20);
    r.time_ms -= 86400000;
    put(h, &r);
}
static void leave_one_out(trust_house *h) { drop(h, 20); }
static void leave_the_first_out(trust_house *h) { drop(h, 1); }
static void exchange(trust_house *h)
{
    kd_record a = entry(h, 20), b = entry(h, 21);
    kd_id     id = a.id;
    a.id = b.id;
    b.id = id;
    put(h, &a);
    put(h, &b);
}
static void cut_off(trust_house *h)
{
    for (uint64_t n = 60; n <= 100; n++)
        drop(h, n);
}
static void cut_all(trust_house *h)
{
    for (uint64_t n = 1; n <= 100; n++)
        drop(h, n);
}
static void spoil_form(trust_house *h)
{
    kd_record r = entry(h, 20);
    r.body = KD_STR("{}");
    put(h, &r);
}

static void test_what_was_bent_is_named(void **state)
{
    static const struct { bend bend; uint64_t first; } cases[] = {
        { change_text, 20 }, { change_time, 20 }, { leave_one_out, 20 }, { leave_the_first_out, 1 }, { exchange, 20 }, { cut_off, 60 }, { cut_all, 1 }, { spoil_form, 20 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trust_house      h;
        kd_audit_log    *log;
        kd_audit_verdict v;
        trust_house_open(&h, 1);
        log = open_log(&h);
        write_some(log, 100);
        kd_audit_close(log);
        cases[i].bend(&h);
        trust_house_reopen(&h);
        log = open_log(&h);
        v = verdict_of(&h, log);
        if (v.broken != cases[i].first || v.why[0] == '\0')
            fail_msg("case %zu: %llu named, not %llu: %s", i, (unsigned long long)v.broken, (unsigned long long)cases[i].first, v.why);
        write_some(log, 70); /* it goes on, and what was bent stays named: no new anchor hides it */
        v = verdict_of(&h, log);
        assert_true(v.broken != 0);
        kd_audit_close(log);
        trust_house_close(&h);
    }
}

/* Somebody who has the database, not the key, makes a whole new chain: the hashes do not fit. The anchor of a chain that was
 * cut off stays, until somebody accepts the state in their own name. */
static void test_accepting(void **state)
{
    trust_house      h;
    kd_audit_log    *log;
    kd_audit_verdict v;
    char             path[128];
    (void)state;
    trust_house_open(&h, 1);
    log = open_log(&h);
    write_some(log, 100);
    kd_audit_close(log);
    cut_off(&h);
    trust_house_reopen(&h);
    log = open_log(&h);
    kd_audit_state(&v, log);
    assert_true(v.why[0] != '\0' && v.anchored == 100 && v.entries == 59);
    assert_int_equal(kd_audit_accept(log, &ada, NULL), KD_OK);
    v = verdict_of(&h, log);
    assert_true(v.broken == 0 && v.entries == 60 && v.anchored == 60 && v.why[0] == '\0');
    kd_audit_close(log);
    snprintf(path, sizeof path, "%s/shop.db.key.audit", h.folder);
    assert_int_equal(unlink(path), 0);
    log = open_log(&h);
    v = verdict_of(&h, log);
    assert_true(v.broken == 0 && strstr(v.why, "missing") != NULL);
    kd_audit_close(log);
    FILE *f = fopen(path, "w");
    fputs("nonsense\n", f);
    fclose(f);
    log = open_log(&h);
    v = verdict_of(&h, log);
    assert_true(v.broken == 0 && strstr(v.why, "damaged") != NULL);
    kd_audit_close(log);
    trust_house_close(&h);
}

static void test_once(void **state)
{
    trust_house   h;
    kd_audit_log *log;
    kd_actor      bob = ada;
    (void)state;
    bob.id = KD_STR("u-bob");
    trust_house_open(&h, 1);
    log = open_log(&h);
    for (int i = 0; i < 3; i++)
        assert_int_equal(kd_audit_write_once(log, &ada, "person.read", KD_STR("p1"), NULL), KD_OK);
    assert_true(verdict_of(&h, log).entries == 1);
    assert_int_equal(kd_audit_write_once(log, &bob, "person.read", KD_STR("p1"), NULL), KD_OK);
    assert_int_equal(kd_audit_write_once(log, &ada, "person.read", KD_STR("p2"), NULL), KD_OK);
    assert_true(verdict_of(&h, log).entries == 3);
    now_ms += 11 * 60 * 1000;
    assert_int_equal(kd_audit_write_once(log, &ada, "person.read", KD_STR("p1"), NULL), KD_OK);
    assert_true(verdict_of(&h, log).entries == 4);
    kd_audit_close(log);
    trust_house_close(&h);
}

static void *write_many(void *log)
{
    for (int i = 0; i < 100; i++)
        if (kd_audit_write(log, &ada, "person.read", KD_STR("p"), (kd_str){ 0 }, NULL) != KD_OK)
            return log;
    return NULL;
}

static void test_many_threads(void **state)
{
    trust_house      h;
    kd_audit_log    *log;
    pthread_t        threads[6];
    kd_audit_verdict v;
    (void)state;
    trust_house_open(&h, 1);
    log = open_log(&h);
    for (size_t i = 0; i < 6; i++)
        pthread_create(&threads[i], NULL, write_many, log);
    for (size_t i = 0; i < 6; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    v = verdict_of(&h, log);
    assert_true(v.entries == 600 && v.broken == 0);
    kd_audit_close(log);
    trust_house_close(&h);
}

static size_t list(trust_house *h, uint64_t *next, uint64_t before, size_t limit, const char *user, const char *verb)
{
    const kd_json *json = NULL;
    kd_buf         out;
    kd_jw          w;
    kd_buf_init(&out, h->arena);
    kd_jw_init(&w, &out);
    kd_jw_array(&w);
    assert_int_equal(kd_audit_list(&w, next, h->reader, before, limit, kd_str_z(user), kd_str_z(verb), h->arena, NULL), KD_OK);
    kd_jw_array_end(&w);
    assert_int_equal(kd_json_parse(&json, h->arena, out.ptr, out.len, NULL), KD_OK);
    int64_t last = INT64_MAX, n;
    for (const kd_json *e = json->child; e; e = e->next) {
        assert_true(kd_json_i64(&n, kd_json_get(e, "number")) && n < last);
        last = n;
    }
    return json->count;
}

static void test_listing(void **state)
{
    trust_house   h;
    kd_audit_log *log;
    uint64_t      next = 0;
    (void)state;
    trust_house_open(&h, 1);
    log = open_log(&h);
    assert_true(list(&h, &next, 0, 10, "", "") == 0 && next == 0);
    write_some(log, 1203);
    assert_true(list(&h, &next, 0, 10, "", "") == 10 && next == 1194);
    assert_true(list(&h, &next, 1194, 10, "", "") == 10 && next == 1184);
    assert_true(list(&h, &next, 0, 2000, "", "") == 1203 && next == 0);
    assert_true(list(&h, &next, 0, 2000, "", "person") == 601);
    assert_true(list(&h, &next, 0, 2000, "", "person.read") == 601);
    assert_true(list(&h, &next, 0, 2000, "", "pers") == 0);
    assert_true(list(&h, &next, 0, 2000, "u-ada", "user") == 602);
    assert_true(list(&h, &next, 0, 2000, "u-bob", "") == 0 && next == 0);
    size_t all = 0;
    for (next = 0; next != 1 && (all == 0 || next); )
        all += list(&h, &next, next, 7, "u-ada", "user.change");
    assert_int_equal(all, 602);
    kd_audit_close(log);
    trust_house_close(&h);
}

int run_audit_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_there), cmocka_unit_test(test_bad_entries_are_refused), cmocka_unit_test(test_what_was_bent_is_named),
        cmocka_unit_test(test_accepting), cmocka_unit_test(test_once), cmocka_unit_test(test_many_threads), cmocka_unit_test(test_listing),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
