#include "conformance.h"

#include <unistd.h>

#include "support.h"

/* ---- persons and profiles --------------------------------------------------------------------------------------------- */
typedef struct rows { kd_profile_row *rows; size_t count; int64_t offset; } rows;

static kd_status put_persons(kd_txn *txn, void *arg, kd_err *err)
{
    rows *r = arg;
    return kd_txn_persons_put(txn, r->rows, r->count, err);
}

static kd_status put_profiles(kd_txn *txn, void *arg, kd_err *err)
{
    rows     *r = arg;
    kd_status status = kd_txn_profiles_put(txn, r->rows, r->count, err);
    return status == KD_OK && r->offset ? kd_txn_offset_put(txn, "profile", r->offset, err) : status;
}

static kd_profile_row get_profile(conform *c, kd_id person)
{
    kd_err         err = { 0 };
    kd_profile_row row;
    AGAIN(kd_reader_profiles(&row, c->reader, &person, 1, c->arena, &err));
    return row;
}

static void check_scan(conform *c, size_t want)
{
    kd_err          err = { 0 };
    kd_profile_row *list;
    size_t          count, total = 0;
    for (uint16_t group = 0; group < kd_store_groups(c->store); group++) {
        int64_t cursor = 0, last = 0;
        do {
            AGAIN(kd_reader_profile_scan(&list, &count, c->reader, group, &cursor, 7, c->arena, &err));
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(kd_store_group_of(c->store, list[i].person), group);
                assert_true(list[i].row > last);
                last = list[i].row;
            }
            total += count;
        } while (count > 0);
    }
    assert_int_equal(total, want);
}

static void check_folding(conform *c, kd_id person)
{
    uint16_t       group = kd_store_group_of(c->store, person);
    kd_profile_row row = { .person = person, .head = 20, .folded = 20, .state = KD_STR("twenty") };
    rows           one = { &row, 1, 0 };
    kd_err         err = { 0 };
    kd_txn        *txn = NULL;
    conform_txn(c, group, put_profiles, &one);
    assert_true(row.row > 0);
    int64_t shortcut = row.row;
    row.folded = row.head = 10;
    row.state = KD_STR("ten"); /* late: it must not undo what is folded further */
    conform_txn(c, group, put_profiles, &one);
    assert_true(kd_str_is(get_profile(c, person).state, "twenty"));
    row = (kd_profile_row){ .person = person, .row = shortcut, .head = 30, .folded = 30, .state = KD_STR("thirty") };
    conform_txn(c, group, put_profiles, &one);
    row = (kd_profile_row){ .person = person, .row = shortcut + 1, .head = 31, .folded = 31, .state = KD_STR("by a wrong shortcut") };
    conform_txn(c, group, put_profiles, &one);
    assert_int_equal(row.row, shortcut);
    kd_profile_row got = get_profile(c, person);
    assert_true(kd_str_is(got.state, "by a wrong shortcut") && got.head == 31 && got.folded == 31);
    assert_true(kd_str_is(got.secret, "secret"));
    row = (kd_profile_row){ .person = person, .row = shortcut, .head = 41, .folded = 41, .moved = true, .state = KD_STR("not written") };
    conform_txn(c, group, put_profiles, &one);
    assert_int_equal(row.row, shortcut);
    row.head = row.folded = 40; /* late */
    conform_txn(c, group, put_profiles, &one);
    got = get_profile(c, person);
    assert_true(kd_str_is(got.state, "by a wrong shortcut") && got.head == 41 && got.folded == 41);
    row = (kd_profile_row){ .person = person, .row = shortcut, .head = 50, .folded = 50, .state = KD_STR("fifty") };
    conform_txn(c, group, put_profiles, &one);
    got = get_profile(c, person);
    assert_true(kd_str_is(got.state, "fifty") && got.head == 50 && got.folded == 50);
    row = (kd_profile_row){ .person = conform_person_of(c, group, 900), .folded = 1 };
    if (c->adapter->rough)
        return;
    OK(kd_txn_begin(&txn, c->store, group, &err));
    GIVES(KD_NOT_FOUND, kd_txn_profiles_put(txn, &row, 1, &err));
    kd_txn_rollback(txn);
}

void conform_persons(void **state)
{
    conform       *c = *state;
    kd_err         err = { 0 };
    uint16_t       groups = kd_store_groups(c->store);
    kd_profile_row made[50];
    kd_id          asked[51];
    kd_profile_row got[51];
    int64_t        offset = -1;
    for (size_t i = 0; i < 50; i++) {
        asked[i] = conform_person(c, i);
        made[i] = (kd_profile_row){ .person = asked[i], .key_type = 3, .key = { (uint8_t)i, 1 }, .secret = KD_STR("secret") };
        rows one = { &made[i], 1, 0 };
        conform_txn(c, kd_store_group_of(c->store, asked[i]), put_persons, &one);
    }
    asked[50] = conform_person(c, 5000);
    AGAIN(kd_reader_profiles(got, c->reader, asked, 51, c->arena, &err));
    for (size_t i = 0; i < 50; i++) {
        assert_true(kd_id_eq(got[i].person, asked[i]) && got[i].row > 0 && got[i].key_type == 3 && got[i].key[0] == i && got[i].key[1] == 1);
        assert_true(got[i].head == 0 && got[i].folded == 0 && got[i].state.len == 0 && kd_str_is(got[i].secret, "secret"));
    }
    assert_true(kd_id_is_nil(got[50].person));
    made[0].secret = KD_STR("other"); /* a known person is left as it is */
    rows again = { made, 1, 0 };
    conform_txn(c, kd_store_group_of(c->store, asked[0]), put_persons, &again);
    assert_true(kd_str_is(get_profile(c, asked[0]).secret, "secret"));
    check_scan(c, 50);
    check_folding(c, asked[3]);

    /* a checkpoint is one transaction: profiles and the offset they stand for */
    uint16_t group = kd_store_group_of(c->store, asked[7]);
    made[7].folded = made[7].head = 77;
    made[7].state = KD_STR("state");
    rows checkpoint = { &made[7], 1, 77 };
    conform_txn(c, group, put_profiles, &checkpoint);
    AGAIN(kd_reader_offset(&offset, c->reader, group, "profile", &err));
    assert_int_equal(offset, 77);
    AGAIN(kd_reader_offset(&offset, c->reader, group, "other", &err));
    assert_int_equal(offset, 0);
    if (groups > 1) {
        AGAIN(kd_reader_offset(&offset, c->reader, group ? 0 : 1, "profile", &err));
        assert_int_equal(offset, 0);
    }
}

/* ---- keys, links, records ----------------------------------------------------------------------------------------------- */
void conform_keys(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    kd_key   keys[4] = { { 1, { 1 } }, { 1, { 2 } }, { 1, { 1 } }, { 2, { 1 } } };
    kd_id    a = conform_person(c, 1), b = conform_person(c, 2), persons[4] = { a, b, b, b };
    kd_id    got[4];
    AGAIN(kd_reader_keys(got, c->reader, keys, 4, &err));
    for (size_t i = 0; i < 4; i++)
        assert_true(kd_id_is_nil(got[i]));
    AGAIN(kd_store_keys_link(c->store, keys, persons, 4, &err));
    assert_true(kd_id_eq(persons[0], a) && kd_id_eq(persons[1], b) && kd_id_eq(persons[2], a) && kd_id_eq(persons[3], b));
    kd_id late[2] = { b, a };
    AGAIN(kd_store_keys_link(c->store, keys, late, 2, &err)); /* the first wins, for ever */
    assert_true(kd_id_eq(late[0], a) && kd_id_eq(late[1], b));
    AGAIN(kd_reader_keys(got, c->reader, keys, 4, &err));
    assert_memory_equal(got, persons, sizeof got);
    AGAIN(kd_reader_keys(got, c->reader, keys, 1, &err));
    assert_true(kd_id_eq(got[0], a));
    AGAIN(kd_store_keys_link(c->store, NULL, NULL, 0, &err));
}

typedef struct links { const kd_link *links; size_t count; } links;

static kd_status put_links(kd_txn *txn, void *arg, kd_err *err)
{
    links *l = arg;
    return kd_txn_links_put(txn, l->links, l->count, err);
}

#define LINK(a, b, k, p, t, e) { .person = a, .other = b, .kind = k, .proven = p, .time_ms = t, .event = e }

void conform_links(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    kd_id    person = conform_person(c, 1), x = conform_person(c, 2), y = conform_person(c, 3);
    kd_id    low = numbered_id(1, T0), high = numbered_id(1, T0 + 1);
    uint16_t group = kd_store_group_of(c->store, person);
    kd_link  all[6] = {
        LINK(person, x, 1, true, T0 + 5, high), LINK(person, x, 1, true, T0 + 5, low),  /* same time: the smaller event */
        LINK(person, x, 1, true, T0 + 9, low),  LINK(person, x, 1, false, T0 + 9, low), /* later: not; claimed: another link */
        LINK(person, y, 2, true, T0, high),     LINK(person, y, 2, true, T0 + 1, low),
    };
    kd_link *got;
    size_t   count;
    for (uint64_t seed = 0; seed < 5; seed++) { /* in any order, any number of times */
        for (size_t i = 5; i > 0; i--) {
            size_t  k = kd_rng_below(&c->rng, (uint32_t)i + 1);
            kd_link swap = all[i];
            all[i] = all[k];
            all[k] = swap;
        }
        links batch = { all, 6 };
        conform_txn(c, group, put_links, &batch);
        AGAIN(kd_reader_links(&got, &count, c->reader, person, 1000, c->arena, &err));
        assert_int_equal(count, 3);
        for (size_t i = 0; i < count; i++) {
            assert_true(kd_id_eq(got[i].person, person));
            assert_true(got[i].taken_back_ms == 0 && kd_link_active(&got[i]));
            assert_true(got[i].last_ms == (kd_id_eq(got[i].other, y) ? T0 + 1 : T0 + 9));
            if (kd_id_eq(got[i].other, y))
                assert_true(got[i].kind == 2 && got[i].proven && got[i].time_ms == T0 && kd_id_eq(got[i].event, high));
            else if (got[i].proven)
                assert_true(got[i].kind == 1 && got[i].time_ms == T0 + 5 && kd_id_eq(got[i].event, low));
            else
                assert_true(got[i].kind == 1 && got[i].time_ms == T0 + 9);
        }
    }
    AGAIN(kd_reader_links(&got, &count, c->reader, x, 1000, c->arena, &err));
    assert_int_equal(count, 0); /* the other half is the caller's second step */
}

/* Taken back and given again: what is newer counts, whichever came to the store first. */
void conform_evidence(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    kd_id    person = conform_person(c, 1), x = conform_person(c, 2), y = conform_person(c, 3), z = conform_person(c, 4), e = numbered_id(1, T0);
    uint16_t group = kd_store_group_of(c->store, person);
    kd_link  all[7] = {
        { .person = person, .other = x, .kind = 1, .proven = true, .time_ms = INT64_MAX, .last_ms = INT64_MIN, .taken_back_ms = T0 + 10 },
        { .person = person, .other = x, .kind = 1, .proven = true, .time_ms = T0 + 10, .event = e, .person_type = 6, .other_type = 1 },
        { .person = person, .other = y, .kind = 1, .proven = true, .time_ms = INT64_MAX, .last_ms = INT64_MIN, .taken_back_ms = T0 + 10 },
        LINK(person, y, 1, true, T0 + 1, e), LINK(person, y, 1, true, T0 + 11, e), LINK(person, z, 1, false, T0, e), LINK(person, z, 3, true, T0, e),
    };
    kd_link *got;
    size_t   count;
    for (uint64_t seed = 0; seed < 5; seed++) {
        for (size_t i = 6; i > 0; i--) {
            size_t  k = kd_rng_below(&c->rng, (uint32_t)i + 1);
            kd_link swap = all[i];
            all[i] = all[k];
            all[k] = swap;
        }
        links batch = { all, 7 };
        conform_txn(c, group, put_links, &batch);
        AGAIN(kd_reader_links(&got, &count, c->reader, person, 1000, c->arena, &err));
        assert_int_equal(count, 4);
        for (size_t i = 0; i < count; i++) {
            if (kd_id_eq(got[i].other, x))
                assert_true(!kd_link_active(&got[i]) && got[i].time_ms == T0 + 10 && got[i].person_type == 6 && got[i].other_type == 1);
            if (kd_id_eq(got[i].other, y))
                assert_true(kd_link_active(&got[i]) && got[i].time_ms == T0 + 1 && got[i].last_ms == T0 + 11 && got[i].taken_back_ms == T0 + 10);
        }
        AGAIN(kd_reader_evidence(&got, &count, c->reader, person, 10, c->arena, &err));
        assert_int_equal(count, 2);
        assert_true(got[0].proven && got[1].proven && kd_id_cmp(got[0].other, got[1].other) < 0);
        AGAIN(kd_reader_evidence(&got, &count, c->reader, person, 1, c->arena, &err));
        assert_int_equal(count, 1);
        kd_id *back;
        AGAIN(kd_reader_taken_back(&back, &count, c->reader, (kd_id){ { 0 } }, 10, c->arena, &err));
        assert_true(count == 1 && kd_id_eq(back[0], person));
        AGAIN(kd_reader_taken_back(&back, &count, c->reader, person, 10, c->arena, &err));
        assert_int_equal(count, 0);
    }
}

typedef struct records { const kd_record *records; size_t count; kd_id gone; } records;

static kd_status put_records(kd_txn *txn, void *arg, kd_err *err)
{
    records  *r = arg;
    kd_status status = kd_txn_records_put(txn, r->records, r->count, err);
    if (status == KD_OK && !kd_id_is_nil(r->gone))
        status = kd_txn_record_delete(txn, r->records[0].person, r->records[0].kind, r->gone, err);
    return status;
}

void conform_records(void **state)
{
    conform   *c = *state;
    kd_err     err = { 0 };
    kd_id      owners[2] = { conform_person(c, 1) }; /* a person, and nobody */
    kd_record  list[20], *got;
    size_t     count;
    for (size_t o = 0; o < 2; o++) {
        uint16_t group = kd_store_group_of(c->store, owners[o]);
        for (size_t i = 0; i < 20; i++)
            list[i] = (kd_record){ owners[o], i < 15 ? KD_STR("job") : KD_STR("quarantine"), numbered_id(i, T0 + 100 - (int64_t)i),
                                   T0 + (int64_t)i, KD_STR("{}") };
        records batch = { .records = list, .count = 20 };
        conform_txn(c, group, put_records, &batch);
        list[4].body = KD_STR("{\"again\":1}");
        records again = { list + 4, 1, list[5].id }; /* the last wins; one goes */
        conform_txn(c, group, put_records, &again);
        kd_id  after = { 0 };
        size_t total = 0;
        do {
            AGAIN(kd_reader_records(&got, &count, c->reader, owners[o], KD_STR("job"), after, 4, c->arena, &err));
            for (size_t i = 0; i < count; i++) {
                assert_true(kd_id_cmp(got[i].id, after) > 0 && kd_id_eq(got[i].person, owners[o]) && kd_str_is(got[i].kind, "job"));
                assert_true(!kd_id_eq(got[i].id, list[5].id));
                assert_true(kd_str_is(got[i].body, kd_id_eq(got[i].id, list[4].id) ? "{\"again\":1}" : "{}"));
                after = got[i].id;
            }
            total += count;
        } while (count > 0);
        assert_int_equal(total, 14);
    }
    AGAIN(kd_reader_records(&got, &count, c->reader, owners[0], KD_STR("unknown"), (kd_id){ 0 }, 4, c->arena, &err));
    assert_int_equal(count, 0);
}

/* ---- documents ------------------------------------------------------------------------------------------------------------ */
static kd_doc put_doc(conform *c, const char *kind, const char *id, const char *body, bool deleted)
{
    kd_err err = { 0 };
    kd_doc doc = { .kind = kd_str_z(kind), .id = kd_str_z(id), .valid_from_ms = T0, .deleted = deleted, .body = kd_str_z(body) };
    AGAIN(kd_store_docs_put(c->store, &doc, 1, &err));
    return doc;
}

void conform_docs(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    kd_doc   got, *docs;
    size_t   count, total = 0;
    uint64_t after = 0;
    GIVES(KD_NOT_FOUND, kd_reader_doc(&got, c->reader, KD_STR("product"), KD_STR("p1"), c->arena, &err));
    kd_doc a = put_doc(c, "product", "p1", "{\"v\":1}", false);
    kd_doc b = put_doc(c, "product", "p2", "{}", false);
    kd_doc same = put_doc(c, "product", "p1", "{\"v\":1}", false);
    assert_true(a.version > 0 && b.version > a.version && same.version == a.version);
    kd_doc newer = put_doc(c, "product", "p1", "{\"v\":2}", false);
    kd_doc place = put_doc(c, "place", "p1", "{\"v\":2}", false); /* another kind: another document */
    assert_true(newer.version > b.version && place.version > newer.version);
    AGAIN(kd_reader_doc(&got, c->reader, KD_STR("product"), KD_STR("p1"), c->arena, &err));
    assert_true(got.version == newer.version && kd_str_is(got.body, "{\"v\":2}") && kd_str_is(got.id, "p1") && got.valid_from_ms == T0);
    kd_doc gone = put_doc(c, "product", "p2", "{}", true);
    assert_true(gone.version > place.version);
    AGAIN(kd_reader_docs(&docs, &count, c->reader, newer.version, 10, c->arena, &err));
    assert_int_equal(count, 2);
    assert_true(docs[0].version == place.version && docs[1].version == gone.version && docs[1].deleted);
    AGAIN(kd_reader_doc_history(&docs, &count, c->reader, KD_STR("product"), KD_STR("p1"), 10, c->arena, &err));
    assert_int_equal(count, 2);
    assert_true(docs[0].version == newer.version && docs[1].version == a.version);
    AGAIN(kd_reader_doc_history(&docs, &count, c->reader, KD_STR("product"), KD_STR("p1"), 1, c->arena, &err));
    assert_int_equal(count, 1);
    kd_doc many[30];
    char   ids[30][8];
    for (size_t i = 0; i < 30; i++) {
        snprintf(ids[i], sizeof ids[i], "m%zu", i);
        many[i] = (kd_doc){ .kind = KD_STR("content"), .id = kd_str_z(ids[i]), .body = KD_STR("[]") };
    }
    AGAIN(kd_store_docs_put(c->store, many, 30, &err));
    for (size_t i = 1; i < 30; i++)
        assert_true(many[i].version > many[i - 1].version);
    do { /* all newest ones, by pages */
        AGAIN(kd_reader_docs(&docs, &count, c->reader, after, 7, c->arena, &err));
        for (size_t i = 0; i < count; i++) {
            assert_true(docs[i].version > after);
            after = docs[i].version;
        }
        total += count;
    } while (count > 0);
    assert_int_equal(total, 33);
    kd_store_stats stats;
    AGAIN(kd_reader_stats(&stats, c->reader, &err));
    assert_int_equal(stats.documents, 33);
}

/* ---- levels --------------------------------------------------------------------------------------------------------------- */
static void put_level(conform *c, kd_ref variant, kd_ref place, uint8_t what, int64_t value, int64_t at_ms)
{
    kd_err   err = { 0 };
    kd_level level = { variant, place, what, value, what == KD_LEVEL_STOCK ? (kd_currency){ "" } : (kd_currency){ "EUR" }, at_ms };
    AGAIN(kd_store_levels_put(c->store, &level, 1, &err));
}

static size_t history(conform *c, kd_ref variant, kd_ref place, uint8_t what, int64_t from, int64_t to, int64_t values[8])
{
    kd_err    err = { 0 };
    kd_level *levels;
    size_t    count;
    AGAIN(kd_reader_level_history(&levels, &count, c->reader, variant, what, place, from, to, c->arena, &err));
    for (size_t i = 0; i < count; i++) {
        assert_true(i < 8 && levels[i].variant == variant && levels[i].place == place && levels[i].what == what);
        assert_true(i == 0 || levels[i].at_ms > levels[i - 1].at_ms);
        values[i] = levels[i].value;
    }
    return count;
}

static int64_t newest_stock(conform *c, kd_ref variant, kd_ref place)
{
    kd_err    err = { 0 };
    kd_level *levels;
    size_t    count;
    int64_t   cursor = 0;
    AGAIN(kd_reader_levels(&levels, &count, c->reader, &cursor, 100, c->arena, &err));
    for (size_t i = 0; i < count; i++)
        if (levels[i].variant == variant && levels[i].place == place && levels[i].what == KD_LEVEL_STOCK)
            return levels[i].value;
    return -1;
}

void conform_levels(void **state)
{
    conform     *c = *state;
    kd_err       err = { 0 };
    const kd_ref v = UINT64_C(0xfedcba9876543210), w = 7, shop = UINT64_C(0x8000000000000001); /* refs use all 64 bits */
    int64_t      values[8], cursor = 0;
    kd_level    *levels;
    size_t       count, total = 0;
    put_level(c, v, shop, KD_LEVEL_STOCK, 5, T0);
    put_level(c, v, shop, KD_LEVEL_STOCK, 5, T0 + 10); /* the same: nothing changes */
    put_level(c, v, shop, KD_LEVEL_STOCK, 3, T0 + 20);
    put_level(c, v, shop, KD_LEVEL_STOCK, 9, T0 + 15); /* older: history only */
    assert_int_equal(newest_stock(c, v, shop), 3);
    put_level(c, v, 0, KD_LEVEL_STOCK, 1, T0);
    put_level(c, w, 0, KD_LEVEL_PRICE, 19990000, T0);
    put_level(c, w, 0, KD_LEVEL_SALE_PRICE, 9990000, T0);
    assert_int_equal(history(c, v, shop, KD_LEVEL_STOCK, 0, T0 + 100, values), 3);
    assert_true(values[0] == 5 && values[1] == 9 && values[2] == 3);
    assert_int_equal(history(c, v, shop, KD_LEVEL_STOCK, T0 + 17, T0 + 18, values), 1); /* the one in force */
    assert_int_equal(values[0], 9);
    assert_int_equal(history(c, v, shop, KD_LEVEL_STOCK, 0, T0 - 1, values), 0);
    assert_int_equal(history(c, v, shop, KD_LEVEL_STOCK, T0 + 15, T0 + 20, values), 2);
    put_level(c, v, shop, KD_LEVEL_STOCK, 4, T0 + 20); /* the same moment: the last word counts */
    assert_int_equal(history(c, v, shop, KD_LEVEL_STOCK, T0 + 20, T0 + 20, values), 1);
    assert_int_equal(values[0], 4);
    do {
        AGAIN(kd_reader_levels(&levels, &count, c->reader, &cursor, 3, c->arena, &err));
        for (size_t i = 0; i < count; i++) {
            if (levels[i].variant == v && levels[i].place == shop)
                assert_true(levels[i].value == 4 && levels[i].at_ms == T0 + 20 && levels[i].currency.code[0] == 0);
            if (levels[i].what == KD_LEVEL_PRICE)
                assert_true(levels[i].variant == w && levels[i].value == 19990000 && strcmp(levels[i].currency.code, "EUR") == 0);
        }
        total += count;
    } while (count > 0);
    assert_int_equal(total, 4);
    kd_level usd = { w, 0, KD_LEVEL_PRICE, 19990000, { "USD" }, T0 + 1 }; /* the same number of another currency is a change */
    AGAIN(kd_store_levels_put(c->store, &usd, 1, &err));
    assert_int_equal(history(c, w, 0, KD_LEVEL_PRICE, 0, T0 + 1, values), 2);
}

/* ---- meta, blobs ---------------------------------------------------------------------------------------------------------- */
void conform_meta(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    kd_str   value;
    GIVES(KD_NOT_FOUND, kd_reader_meta(&value, c->reader, "salt", c->arena, &err));
    AGAIN(kd_store_meta_put(c->store, "salt", (kd_str){ "\0\1\2", 3 }, &err));
    AGAIN(kd_reader_meta(&value, c->reader, "salt", c->arena, &err));
    assert_true(same_str(value, (kd_str){ "\0\1\2", 3 }));
    AGAIN(kd_store_meta_put(c->store, "salt", KD_STR(""), &err));
    AGAIN(kd_reader_meta(&value, c->reader, "salt", c->arena, &err));
    assert_int_equal(value.len, 0);
}

void conform_blobs(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    kd_sha   sha, twice, parsed;
    char     path[4096], hex[65], *big = calloc(1, 3 << 20);
    AGAIN(kd_store_blob_put(&sha, c->store, "abc", 3, &err));
    kd_sha_format(hex, sha);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180-2, appendix B.1 */
    assert_true(kd_sha_parse(&parsed, kd_str_z(hex)));
    assert_memory_equal(&parsed, &sha, sizeof sha);
    assert_false(kd_sha_parse(&parsed, KD_STR("ba78")) || kd_sha_parse(&parsed, (kd_str){ hex + 1, 64 }));
    AGAIN(kd_store_blob_put(&twice, c->store, "abc", 3, &err));
    assert_memory_equal(&twice, &sha, sizeof sha);
    OK(kd_store_blob_path(path, c->store, sha, &err));
    assert_int_equal(access(path, R_OK), 0);
    AGAIN(kd_store_blob_put(&twice, c->store, big, 3 << 20, &err));
    AGAIN(kd_store_blob_put(&parsed, c->store, "", 0, &err));
    unsigned  tries = 0;
    kd_status status;
    do
        status = kd_store_blob_delete(c->store, sha, &err);
    while (conform_again(status, &tries));
    assert_true(status == KD_OK || (tries > 0 && status == KD_NOT_FOUND)); /* gone already, after an unknown one */
    GIVES(KD_NOT_FOUND, kd_store_blob_path(path, c->store, sha, &err));
    if (!c->adapter->rough)
        GIVES(KD_NOT_FOUND, kd_store_blob_delete(c->store, sha, &err));
    OK(kd_store_blob_path(path, c->store, twice, &err));
    free(big);
}

/* ---- caps and arguments ----------------------------------------------------------------------------------------------------- */
/* Every reading call again with an arena of 0, 64, 128 ... bytes: KD_LIMIT until it fits, and the reader stays good. */
void conform_caps(void **state)
{
    conform       *c = *state;
    kd_err         err = { 0 };
    kd_id          person = conform_person(c, 1);
    uint16_t       group = kd_store_group_of(c->store, person);
    kd_profile_row row = { .person = person, .secret = KD_STR("secret") };
    kd_link        link = { .person = person, .other = conform_person(c, 2) };
    kd_record      record = { person, KD_STR("job"), numbered_id(1, T0), T0, KD_STR("{}") };
    rows           one = { &row, 1, 0 };
    links          one_link = { &link, 1 };
    records        one_record = { .records = &record, .count = 1 };
    char           body[600];
    if (c->adapter->rough)
        return; /* the arena is not the store's */
    memset(body, 'x', sizeof body);
    conform_txn(c, group, put_persons, &one);
    conform_txn(c, group, put_links, &one_link);
    conform_txn(c, group, put_records, &one_record);
    put_doc(c, "product", "p", "{\"a\":1}", false);
    put_level(c, 1, 2, KD_LEVEL_STOCK, 3, T0);
    OK(kd_store_meta_put(c->store, "m", (kd_str){ body, sizeof body }, &err));
    OK(append_run(c->store, 1, 0, 40, &err));
    kd_id    who = numbered_id(1, T0);
    uint16_t at = kd_store_group_of(c->store, who);
    for (int what = 0; what < 12; what++) {
        size_t bytes = 0;
        for (bool fits = false; !fits; bytes += 64) {
            kd_arena       *tiny = kd_arena_new(bytes);
            kd_event       *events, event;
            kd_profile_row *scan, profile;
            kd_link        *got_links;
            kd_record      *got_records;
            kd_doc         *docs, doc;
            kd_level       *levels;
            kd_str          value;
            size_t          count;
            int64_t         cursor = 0;
            kd_status       status = KD_OK;
            switch (what) {
            case 0: status = kd_reader_log(&events, &count, c->reader, at, 0, 100, true, tiny, &err); break;
            case 1: status = kd_reader_chain(&events, &count, c->reader, who, 1, 100, true, tiny, &err); break;
            case 2: status = kd_reader_event(&event, c->reader, who, numbered_id(1000003, T0), tiny, &err); break;
            case 3: status = kd_reader_profiles(&profile, c->reader, &person, 1, tiny, &err); break;
            case 4: status = kd_reader_profile_scan(&scan, &count, c->reader, group, &cursor, 9, tiny, &err); break;
            case 5: status = kd_reader_links(&got_links, &count, c->reader, person, 1000, tiny, &err); break;
            case 6: status = kd_reader_records(&got_records, &count, c->reader, person, KD_STR("job"), (kd_id){ 0 }, 9, tiny, &err); break;
            case 7: status = kd_reader_docs(&docs, &count, c->reader, 0, 9, tiny, &err); break;
            case 8: status = kd_reader_doc(&doc, c->reader, KD_STR("product"), KD_STR("p"), tiny, &err); break;
            case 9: status = kd_reader_levels(&levels, &count, c->reader, &cursor, 9, tiny, &err); break;
            case 10: status = kd_reader_level_history(&levels, &count, c->reader, 1, KD_LEVEL_STOCK, 2, 0, T0, tiny, &err); break;
            default: status = kd_reader_meta(&value, c->reader, "m", tiny, &err); break;
            }
            fits = status == KD_OK;
            if (!fits) {
                assert_int_equal(status, KD_LIMIT);
                assert_int_equal(cursor, 0);
            }
            assert_true(bytes < 1 << 20);
            kd_arena_free(tiny);
        }
        assert_true(bytes > 64); /* at least one cap was too small */
    }
}

void conform_arguments(void **state)
{
    conform *c = *state;
    kd_err   err = { 0 };
    kd_txn  *txn = NULL;
    kd_event *events;
    size_t   count;
    kd_doc   bad_kind = { .id = KD_STR("x") }, bad_id = { .kind = KD_STR("x"), .id = { "a\0b", 3 } }, bad_text = { .kind = KD_STR("x"), .id = { "\xff", 1 } };
    kd_level level = { .what = 9 };
    kd_id    nil = { 0 };
    kd_key   key = { 1, { 0 } };
    if (c->adapter->rough)
        return;
    GIVES(KD_INVALID, kd_store_docs_put(c->store, &bad_kind, 1, &err));
    assert_string_equal(err.field, "kind");
    GIVES(KD_INVALID, kd_store_docs_put(c->store, &bad_id, 1, &err));
    assert_string_equal(err.field, "id");
    GIVES(KD_INVALID, kd_store_docs_put(c->store, &bad_text, 1, &err));
    GIVES(KD_INVALID, kd_store_levels_put(c->store, &level, 1, &err));
    GIVES(KD_INVALID, kd_store_keys_link(c->store, &key, &nil, 1, &err));
    GIVES(KD_INVALID, kd_store_meta_put(c->store, "", KD_STR("x"), &err));
    GIVES(KD_INVALID, kd_store_backup(c->store, "", NULL, NULL, &err));
    GIVES(KD_INVALID, kd_reader_log(&events, &count, c->reader, 0, -1, 9, true, c->arena, &err));
    GIVES(KD_INVALID, kd_reader_chain(&events, &count, c->reader, nil, -1, 9, true, c->arena, &err));
    GIVES(KD_CORRUPT, kd_reader_chain(&events, &count, c->reader, nil, 12345, 9, true, c->arena, &err));
    OK(kd_reader_chain(&events, &count, c->reader, nil, 0, 9, true, c->arena, &err));
    assert_int_equal(count, 0);
    OK(kd_reader_log(&events, &count, c->reader, 0, INT64_MAX, 9, true, c->arena, &err));
    assert_int_equal(count, 0);
    uint16_t       group = kd_store_group_of(c->store, nil);
    kd_profile_row nobody = { 0 };
    kd_record      record = { .kind = KD_STR("job") };
    OK(kd_txn_begin(&txn, c->store, group, &err));
    GIVES(KD_INVALID, kd_txn_persons_put(txn, &nobody, 1, &err));
    kd_txn_rollback(txn);
    OK(kd_txn_begin(&txn, c->store, group, &err));
    GIVES(KD_INVALID, kd_txn_records_put(txn, &record, 1, &err));
    assert_string_equal(err.field, "id");
    GIVES(KD_INVALID, kd_txn_offset_put(txn, "late", 1, &err)); /* after a failed call nothing goes on */
    kd_txn_rollback(txn);
}
