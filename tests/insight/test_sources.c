/* The days of a field: a ring that old days cannot spoil, drift that is told and noise that is not, and the stored form. */
#include "suite.h"

#include <stdlib.h>

#include "insight/source_days.h"

enum { TODAY = 20000 };

static void add(kd_field_slot *slot, int32_t day, uint32_t events, uint32_t present, uint8_t bucket, kd_seen_state state)
{
    for (uint32_t i = 0; i < events; i++)
        kd_field_slot_add(slot, day, i < present ? (struct kd_seen_field){ (uint8_t)state, bucket } : (struct kd_seen_field){ KD_SEEN_ABSENT, 0 });
}

static void test_drift(void **state)
{
    kd_field_slot   slot = { .key = 1 };
    kd_field_report r = { 0 };
    (void)state;
    for (int32_t d = 3; d < 8; d++)
        add(&slot, TODAY - d, 100, 90, (uint8_t)(d % 3), KD_SEEN_FINE);
    add(&slot, TODAY, 250, 225, 1, KD_SEEN_FINE);
    kd_field_slot_report(&r, &slot, TODAY);
    assert_int_equal(r.recent.events, 250);
    assert_int_equal(r.before.events, 500);
    assert_int_equal(r.day[KD_WATCH_DAYS - 1].events, 250);
    assert_true(r.drift & KD_DRIFT_OF_VALUES); /* one bucket where there were three */
    assert_false(r.drift & (KD_DRIFT_OF_SHARE | KD_DRIFT_OF_TYPE));
    add(&slot, TODAY, 250, 0, 0, KD_SEEN_FINE);
    r = (kd_field_report){ 0 };
    kd_field_slot_report(&r, &slot, TODAY);
    assert_true(r.drift & KD_DRIFT_OF_SHARE);
    add(&slot, TODAY, 100, 100, 1, KD_SEEN_TYPE);
    r = (kd_field_report){ 0 };
    kd_field_slot_report(&r, &slot, TODAY);
    assert_true(r.drift & KD_DRIFT_OF_TYPE);
}

static void test_no_drift(void **state)
{
    kd_field_slot   slot = { .key = 1 };
    kd_field_report r = { 0 };
    (void)state;
    kd_field_slot_report(&r, &slot, TODAY); /* nothing at all */
    assert_int_equal(r.drift, 0);
    assert_true(r.psi < 0);
    for (int32_t d = 0; d < 20; d++)
        for (uint8_t b = 0; b < KD_SOURCE_BUCKETS; b++)
            add(&slot, TODAY - d, 20, 20, b, KD_SEEN_FINE);
    r = (kd_field_report){ 0 };
    kd_field_slot_report(&r, &slot, TODAY);
    assert_int_equal(r.drift, 0);
    assert_true(r.psi >= 0 && r.psi < 0.01);
}

static void test_the_ring(void **state)
{
    kd_field_slot   slot = { .key = 1 };
    kd_field_report r = { 0 };
    (void)state;
    add(&slot, TODAY, 5, 5, 0, KD_SEEN_FINE);
    add(&slot, TODAY - KD_WATCH_DAYS, 7, 7, 0, KD_SEEN_FINE); /* the same place, an older day: too late */
    add(&slot, -3, 1, 1, 0, KD_SEEN_FINE);                    /* before 1970 */
    kd_field_slot_report(&r, &slot, TODAY);
    assert_int_equal(r.day[KD_WATCH_DAYS - 1].events, 5);
    assert_int_equal(r.recent.events, 5);
    add(&slot, TODAY + KD_WATCH_DAYS, 2, 1, 0, KD_SEEN_FINE); /* a newer one takes it */
    r = (kd_field_report){ 0 };
    kd_field_slot_report(&r, &slot, TODAY + KD_WATCH_DAYS);
    assert_int_equal(r.recent.events, 2);
}

static void test_stored_form(void **state)
{
    kd_field_slot  slots[3] = { { .key = 1 }, { .key = 2 }, { .key = 3 } }, *again = NULL;
    kd_buf         bytes;
    kd_str         source;
    size_t         count = 0;
    (void)state;
    add(&slots[0], TODAY, 9, 4, 3, KD_SEEN_FINE);
    add(&slots[0], TODAY - 1, 9, 9, 15, KD_SEEN_VALUE);
    add(&slots[2], -40, 2, 2, 1, KD_SEEN_TYPE);
    kd_buf_init(&bytes, NULL);
    kd_field_slots_encode(&bytes, KD_STR("shop"), slots, 3);
    assert_int_equal(kd_field_slots_decode(&source, &again, &count, kd_buf_str(&bytes)), KD_OK);
    assert_true(kd_str_is(source, "shop"));
    assert_int_equal(count, 3);
    assert_memory_equal(again, slots, sizeof slots);
    free(again);
    for (size_t cut = 0; cut < bytes.len; cut++) { /* every shorter text is refused, and nothing leaks */
        assert_int_equal(kd_field_slots_decode(&source, &again, &count, (kd_str){ bytes.ptr, cut }), KD_CORRUPT);
        assert_null(again);
    }
    kd_buf_free(&bytes);
}

int run_source_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drift), cmocka_unit_test(test_no_drift), cmocka_unit_test(test_the_ring), cmocka_unit_test(test_stored_form),
    };
    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
