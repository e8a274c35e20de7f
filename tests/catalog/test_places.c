#include "suite.h"
#include <math.h>

static void put_shops(shop *s)
{
    static const char *const places[] = {
        "{\"id\":\"hamburg\",\"name\":\"Hamburg\",\"latitude\":53.5511,\"longitude\":9.9937,\"hours\":{\"mon\":[[\"09:00\",\"12:00\"],[\"13:00\",\"18:00\"]],\"sat\":[[\"10:00\",\"24:00\"]],\"sun\":[]}}",
        "{\"id\":\"berlin\",\"name\":\"Berlin\",\"latitude\":\"52.5200\",\"longitude\":\"13.4050\"}",
        "{\"id\":\"munich\",\"name\":\"M\\u00fcnchen\",\"kind\":\"store\",\"latitude\":48.1372,\"longitude\":11.5755}",
        "{\"id\":\"depot\",\"name\":\"Depot Flensburg\",\"kind\":\"warehouse\",\"latitude\":54.78,\"longitude\":9.43}",
        "{\"id\":\"nowhere\",\"name\":\"No coordinates\"}",
    };
    static const char *const codes[] = {
        "{\"country\":\"de\",\"postalCode\":\"24937\",\"latitude\":54.7833,\"longitude\":9.4333}",
        "{\"country\":\"DE\",\"postalCode\":\"20095\",\"latitude\":53.5503,\"longitude\":10.0006}",
        "{\"country\":\"DE\",\"postalCode\":\"10115\",\"latitude\":52.5323,\"longitude\":13.3846}",
        "{\"country\":\"DE\",\"postalCode\":\"80331\",\"latitude\":48.1351,\"longitude\":11.5820}",
        "{\"country\":\"DE\",\"postalCode\":\"01067\",\"latitude\":51.0600,\"longitude\":13.7211}",
        "{\"country\":\"NL\",\"postalCode\":\"1012\",\"latitude\":52.3740,\"longitude\":4.8897}",
        "{\"country\":\"GB\",\"postalCode\":\"SW1A\",\"latitude\":51.5010,\"longitude\":-0.1416}",
        "{\"country\":\"DE\",\"postalCode\":\"20095\",\"latitude\":53.5504,\"longitude\":10.0007}",
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        shop_must_put(s, "place", places[i]);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        shop_must_put(s, "postal", codes[i]);
}

/* Distances checked against the great circle by hand: Flensburg-Hamburg is about 142 km, Dresden-Berlin 164, Amsterdam-Hamburg 366,
 * Westminster-Hamburg 722. */
static void test_nearest(void **state)
{
    static const struct { const char *country, *code, *place; double km; } cases[] = {
        { "DE", "24937", "hamburg", 142 }, { "de", "24937", "hamburg", 142 }, { "DE", "20095", "hamburg", 0.5 }, { "DE", "10115", "berlin", 2 },
        { "DE", "80331", "munich", 0.5 }, { "DE", "01067", "berlin", 164 }, { "NL", "1012 AB", "hamburg", 366 }, { "GB", "sw1a 1aa", "hamburg", 722 },
        { "DE", "99999", NULL, 0 }, { "AT", "1010", NULL, 0 }, { "", "24937", NULL, 0 }, { "DE", "", NULL, 0 }, { "DEU", "24937", NULL, 0 },
        { "DE", "24937249372493724937", NULL, 0 }, { "DE", "2\xc3\xa4", NULL, 0 },
    };
    shop s;
    (void)state;
    shop_open(&s);
    put_shops(&s);
    for (int round = 0; round < 2; round++) { /* and after a restart */
        const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            double          km = -1;
            const kd_place *place = kd_snapshot_nearest(t, kd_str_z(cases[i].country), kd_str_z(cases[i].code), &km);
            if (!place != !cases[i].place || (place && !kd_str_is(place->id, cases[i].place)))
                fail_msg("%s %s: %s", cases[i].country, cases[i].code, place ? place->id.ptr : "none");
            if (place && fabs(km - cases[i].km) > (cases[i].km < 3 ? 1 : 2))
                fail_msg("%s %s: %.2f km", cases[i].country, cases[i].code, km);
        }
        kd_catalog_stats stats;
        kd_catalog_get_stats(&stats, s.catalog);
        assert_int_equal(stats.postal_codes, 7);
        kd_snapshot_release(t);
        shop_reopen(&s);
    }
    assert_int_equal(shop_delete(&s, "postal", "DE 24937"), KD_OK);
    assert_int_equal(shop_delete(&s, "postal", "DE 24937"), KD_NOT_FOUND);
    assert_int_equal(shop_delete(&s, "place", "berlin"), KD_OK);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    assert_null(kd_snapshot_nearest(t, KD_STR("DE"), KD_STR("24937"), NULL));
    assert_true(kd_str_is(kd_snapshot_nearest(t, KD_STR("DE"), KD_STR("10115"), NULL)->id, "hamburg"));
    assert_true(kd_snapshot_place_find(t, kd_ref_of(KD_STR("berlin")))->closed);
    kd_snapshot_release(t);
    shop_close(&s);
}

static void test_open_hours(void **state)
{
    static const struct { const char *local; bool open; const char *nearest; } cases[] = {
        { "2026-11-23 08:59", false, "berlin" }, { "2026-11-23 09:00", true, "hamburg" }, { "2026-11-23 12:00", false, "berlin" },
        { "2026-11-23 17:59:59", true, "hamburg" }, { "2026-11-23 18:00", false, "berlin" }, { "2026-11-24 10:00", false, "berlin" },
        { "2026-11-28 23:59", true, "hamburg" }, { "2026-11-29 10:00", false, "berlin" }, { "1969-12-29 10:00", true, "hamburg" },
    };
    shop s;
    (void)state;
    shop_open(&s);
    put_shops(&s);
    const kd_snapshot *t = kd_snapshot_acquire(s.catalog);
    const kd_place    *hamburg = kd_snapshot_place_find(t, kd_ref_of(KD_STR("hamburg")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t local = 0;
        assert_true(kd_time_parse(&local, kd_str_z(cases[i].local), 0));
        if (kd_place_open_at(hamburg, local) != cases[i].open)
            fail_msg("%s", cases[i].local);
        assert_true(kd_str_is(kd_snapshot_nearest_open(t, KD_STR("DE"), KD_STR("24937"), local, NULL)->id, cases[i].nearest));
    }
    kd_snapshot_release(t);
    shop_close(&s);
}

int run_place_tests(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_nearest), cmocka_unit_test(test_open_hours) };
    return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
