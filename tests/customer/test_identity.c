#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static house home;
static char  folder[64];

static int setup(void **state)
{
    (void)state;
    temp_folder(folder);
    house_open(&home, folder, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_close(&home);
    remove_folder(folder);
    return 0;
}

static kd_key make_key(kd_key_type type, const char *value)
{
    kd_key key = { 0 };
    kd_err err = { 0 };
    assert_int_equal(kd_key_make(&key, home.vault, type, kd_str_z(value), &err), KD_OK);
    return key;
}

static bool same_key(kd_key a, kd_key b)
{
    return a.type == b.type && memcmp(a.hash, b.hash, sizeof a.hash) == 0;
}

static void test_key_normal_forms(void **state)
{
    (void)state;
    assert_true(same_key(make_key(KD_KEY_EMAIL, " Ada@Example.ORG\n"), make_key(KD_KEY_EMAIL, "ada@example.org")));
    assert_true(same_key(make_key(KD_KEY_PHONE, "+49 (40) 123-456"), make_key(KD_KEY_PHONE, "+4940123456")));
    assert_true(same_key(make_key(KD_KEY_USER, " u1 "), make_key(KD_KEY_USER, "u1")));
    assert_false(same_key(make_key(KD_KEY_USER, "U1"), make_key(KD_KEY_USER, "u1"))); /* the shop's ids keep their case */
    assert_memory_not_equal(make_key(KD_KEY_USER, "4711").hash, make_key(KD_KEY_CARD, "4711").hash, 16); /* one value, two keys */
}

static void test_phone_numbers(void **state)
{
    static const struct { const char *country, *written, *same; } cases[] = {
        { "49", "0171 1234567", "+491711234567" },       { "49", "+49 (0)171 123 45 67", "+491711234567" },
        { "49", "0049 171/1234567", "+491711234567" },   { "49", "+43 660 123456", "+43660123456" },
        { "1", "(415) 555-0100", "+14155550100" },       { "39", "06 1234567", "+39061234567" }, /* the zero is of the number */
        { "", "0171 1234567", "01711234567" },           { "", "+49 171 1234567", "+491711234567" },
    };
    kd_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_key written, same;
        assert_int_equal(kd_vault_set_country(home.vault, cases[i].country, &err), KD_OK);
        written = make_key(KD_KEY_PHONE, cases[i].written);
        assert_int_equal(kd_vault_set_country(home.vault, "", &err), KD_OK);
        same = make_key(KD_KEY_PHONE, cases[i].same);
        if (!same_key(written, same))
            fail_msg("%s in %s is not %s", cases[i].written, cases[i].country, cases[i].same);
    }
    assert_int_equal(kd_vault_set_country(home.vault, "+49", &err), KD_INVALID);
    assert_int_equal(kd_vault_set_country(home.vault, "0049", &err), KD_INVALID);
    assert_int_equal(kd_vault_set_country(home.vault, "0", &err), KD_INVALID);
}

static void test_key_rejects(void **state)
{
    static const struct { kd_key_type type; const char *value, *why; } cases[] = {
        { KD_KEY_USER, "", "empty" }, { KD_KEY_USER, " \t\n", "blank" }, { KD_KEY_USER, "null", "nobody" },
        { KD_KEY_USER, "Undefined", "nobody, in capitals" }, { KD_KEY_USER, "0", "zero" }, { KD_KEY_USER, "[object Object]", "a program's slip" },
        { KD_KEY_ANONYMOUS, "00000000-0000-0000-0000-000000000000", "the nil UUID" }, { KD_KEY_ANONYMOUS, "anonymous", "nobody" },
        { KD_KEY_PHONE, "call me", "no digits" }, { KD_KEY_PHONE, "+", "no digits" }, { KD_KEY_NONE, "x", "no type" },
        { (kd_key_type)9, "x", "no such type" },
    };
    char   longer[KD_KEY_VALUE_MAX + 1];
    kd_key key;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_err err = { 0 };
        if (kd_key_make(&key, home.vault, cases[i].type, kd_str_z(cases[i].value), &err) != KD_INVALID)
            fail_msg("accepted: %s", cases[i].why);
        assert_string_not_equal(err.msg, "");
    }
    memset(longer, 'x', sizeof longer);
    assert_int_equal(kd_key_make(&key, home.vault, KD_KEY_USER, (kd_str){ longer, sizeof longer }, NULL), KD_INVALID);
    assert_int_equal(kd_key_make(&key, home.vault, KD_KEY_USER, (kd_str){ longer, sizeof longer - 1 }, NULL), KD_OK);
}

static void test_key_types(void **state)
{
    (void)state;
    for (int type = KD_KEY_ANONYMOUS; type <= KD_KEY_USER; type++)
        assert_int_equal(kd_key_type_parse(kd_str_z(kd_key_type_name((kd_key_type)type))), type);
    assert_int_equal(kd_key_type_parse(KD_STR("shoe")), KD_KEY_NONE);
    assert_int_equal(kd_key_type_parse(KD_STR("")), KD_KEY_NONE);
    assert_string_equal(kd_key_type_name((kd_key_type)99), "");
}

enum { KEYS = 400 };

static void random_key(kd_key *key, kd_rng *rng, size_t *which)
{
    char value[16];
    *which = kd_rng_below(rng, KEYS);
    snprintf(value, sizeof value, "u%zu", *which);
    *key = make_key(*which % 2 ? KD_KEY_USER : KD_KEY_ANONYMOUS, value);
}

/* Against a plain table: whatever the cache holds or lost, a key has one person for ever, also after closing. */
static void test_identity_model(void **state)
{
    static const size_t cache_bytes[] = { 0, 20 * 1024, 16 * 1024 * 1024 };
    static kd_id        known[KEYS];
    kd_identity        *identity;
    kd_rng              rng, ids;
    kd_err              err = { 0 };
    (void)state;
    kd_rng_seed(&rng, 11);
    kd_rng_seed(&ids, 12);
    for (size_t round = 0; round < 3; round++) {
        assert_int_equal(kd_identity_open(&identity, home.store, cache_bytes[round], &err), KD_OK);
        for (int step = 0; step < 120; step++) {
            kd_key keys[20];
            kd_id  persons[20];
            size_t which[20], count = kd_rng_below(&rng, 21);
            bool   is_new[20], expect_new;
            for (size_t i = 0; i < count; i++)
                random_key(&keys[i], &rng, &which[i]);
            assert_int_equal(kd_identity_find(persons, identity, home.reader, keys, count, &err), KD_OK);
            for (size_t i = 0; i < count; i++)
                assert_true(kd_id_eq(persons[i], known[which[i]]));
            if (kd_rng_below(&rng, 2))
                continue;
            if (kd_rng_below(&rng, 3) == 0) /* asked to run again, or done without knowing */
                fail_commits(1 + kd_rng_below(&rng, 2), kd_rng_below(&rng, 2) ? KD_RETRY : KD_UNKNOWN, false);
            else if (kd_rng_below(&rng, 3) == 0)
                fail_commits(1, KD_UNKNOWN, true);
            assert_int_equal(kd_identity_ensure(persons, is_new, identity, home.reader, keys, count, &ids, T0 + step, &err), KD_OK);
            fail_commits(0, KD_OK, false);
            for (size_t i = 0; i < count; i++) {
                expect_new = kd_id_is_nil(known[which[i]]);
                assert_int_equal(is_new[i], expect_new);
                if (expect_new)
                    known[which[i]] = persons[i];
                assert_false(kd_id_is_nil(persons[i]));
                assert_true(kd_id_eq(persons[i], known[which[i]]));
            }
        }
        assert_true(kd_identity_bytes(identity) <= cache_bytes[round] + 4096);
        kd_identity_close(identity);
    }
}

static kd_id  elsewhere;
static kd_key contested;

static void link_elsewhere(void *self)
{
    kd_id  person = elsewhere;
    kd_err err = { 0 };
    (void)self;
    assert_int_equal(kd_store_keys_link(home.store, &contested, &person, 1, &err), KD_OK);
}

/* Another node linked the key between our look and our link: its person wins, and we made nobody. */
static void test_identity_contested(void **state)
{
    kd_identity *identity;
    kd_rng       ids;
    kd_id        person;
    bool         is_new = true;
    kd_err       err = { 0 };
    (void)state;
    kd_rng_seed(&ids, 13);
    elsewhere = counted_id(4242, T0);
    contested = make_key(KD_KEY_CARD, "contested");
    assert_int_equal(kd_identity_open(&identity, home.store, 1 << 20, &err), KD_OK);
    before_commit(link_elsewhere, NULL);
    assert_int_equal(kd_identity_ensure(&person, &is_new, identity, home.reader, &contested, 1, &ids, T0, &err), KD_OK);
    assert_false(is_new);
    assert_true(kd_id_eq(person, elsewhere));
    kd_identity_close(identity);
}

/* That nobody has a key is remembered, until somebody is linked to it; and it takes no place from anybody. */
static void test_identity_misses(void **state)
{
    enum { KNOWN = 64, FLOOD = 5000 };
    kd_identity *identity;
    kd_rng       ids;
    kd_key       keys[KNOWN], key;
    kd_id        persons[KNOWN], person;
    bool         is_new[KNOWN];
    char         value[24];
    kd_err       err = { 0 };
    (void)state;
    kd_rng_seed(&ids, 14);
    elsewhere = counted_id(4243, T0);
    contested = make_key(KD_KEY_CARD, "missed");
    assert_int_equal(kd_identity_open(&identity, home.store, 128 * 1024, &err), KD_OK);
    assert_int_equal(kd_identity_find(&person, identity, home.reader, &contested, 1, &err), KD_OK);
    assert_true(kd_id_is_nil(person));
    assert_int_equal(kd_identity_find(&person, identity, NULL, &contested, 1, &err), KD_OK); /* no look into the store */
    assert_true(kd_id_is_nil(person));
    before_commit(link_elsewhere, NULL);
    assert_int_equal(kd_identity_ensure(&person, is_new, identity, home.reader, &contested, 1, &ids, T0, &err), KD_OK);
    assert_true(kd_id_eq(person, elsewhere) && !is_new[0]);
    assert_int_equal(kd_identity_find(&person, identity, NULL, &contested, 1, &err), KD_OK);
    assert_true(kd_id_eq(person, elsewhere));
    for (int i = 0; i < KNOWN; i++) {
        snprintf(value, sizeof value, "known-%d", i);
        keys[i] = make_key(KD_KEY_USER, value);
    }
    assert_int_equal(kd_identity_ensure(persons, is_new, identity, home.reader, keys, KNOWN, &ids, T0, &err), KD_OK);
    for (int i = 0; i < FLOOD; i++) {
        snprintf(value, sizeof value, "nobody-%d", i);
        key = make_key(KD_KEY_USER, value);
        assert_int_equal(kd_identity_find(&person, identity, home.reader, &key, 1, &err), KD_OK);
        assert_true(kd_id_is_nil(person));
    }
    assert_true(kd_identity_bytes(identity) <= 128 * 1024 + 4096);
    for (int i = 0; i < KNOWN; i++) {
        assert_int_equal(kd_identity_find(&person, identity, NULL, &keys[i], 1, &err), KD_OK);
        assert_true(kd_id_eq(person, persons[i]));
    }
    kd_identity_close(identity);
}

/* ---- threads: whoever asks after a key was linked is told ---- */

enum { RACED = 600, ASKERS = 3 };
typedef struct race {
    kd_identity *identity;
    kd_key       keys[RACED];
    atomic_int   linked;    /* keys before this one have been linked */
    atomic_int   failures;
} race;

static void *ask(void *self)
{
    race      *r = self;
    kd_reader *reader;
    kd_err     err = { 0 };
    if (kd_reader_open(&reader, home.store, &err) != KD_OK)
        return r;
    for (int round = 0; atomic_load(&r->linked) < RACED; round++)
        for (int ahead = -2; ahead < 4; ahead++) {
            int   linked = atomic_load(&r->linked), at = linked + ahead;
            kd_id person;
            if (at < 0 || at >= RACED)
                continue;
            if (kd_identity_find(&person, r->identity, reader, &r->keys[at], 1, &err) != KD_OK || (at < linked && kd_id_is_nil(person)))
                atomic_fetch_add(&r->failures, 1);
        }
    kd_reader_close(reader);
    return NULL;
}

static void test_identity_threads(void **state)
{
    static race r;
    pthread_t   askers[ASKERS];
    kd_rng      ids;
    kd_err      err = { 0 };
    (void)state;
    kd_rng_seed(&ids, 15);
    assert_int_equal(kd_identity_open(&r.identity, home.store, 1 << 20, &err), KD_OK);
    for (int i = 0; i < RACED; i++) {
        char value[24];
        snprintf(value, sizeof value, "raced-%d", i);
        r.keys[i] = make_key(KD_KEY_ANONYMOUS, value);
    }
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&askers[i], NULL, ask, &r), 0);
    for (int i = 0; i < RACED; i++) {
        kd_id person;
        bool  is_new;
        assert_int_equal(kd_identity_ensure(&person, &is_new, r.identity, home.reader, &r.keys[i], 1, &ids, T0, &err), KD_OK);
        assert_true(is_new);
        atomic_store(&r.linked, i + 1);
    }
    for (int i = 0; i < ASKERS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(askers[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&r.failures), 0);
    kd_identity_close(r.identity);
}

int run_identity_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_normal_forms),
        cmocka_unit_test(test_phone_numbers), cmocka_unit_test(test_key_rejects), cmocka_unit_test(test_key_types),
        cmocka_unit_test(test_identity_model), cmocka_unit_test(test_identity_contested),
        cmocka_unit_test(test_identity_misses), cmocka_unit_test(test_identity_threads),
    };
    return cmocka_run_group_tests_name("identity", tests, setup, teardown);
}
