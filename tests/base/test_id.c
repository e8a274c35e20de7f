#include "check.h"

#include "base/id.h"

/* From PostgreSQL 15: SELECT uuid_hash('...'::uuid), and the part as ((uuid_hash(u)::bigint + 2147483648) >> 22). */
static const struct { const char *id; int32_t hash; uint16_t part; } postgres[] = {
    { "00000000-0000-0000-0000-000000000000", 1353656403, 834 },  { "ffffffff-ffff-ffff-ffff-ffffffffffff", -682383255, 349 },
    { "00000000-0000-0000-0000-000000000001", -1046387463, 262 }, { "01000000-0000-0000-0000-000000000000", -1712977272, 103 },
    { "80000000-0000-7000-8000-000000000000", -625794236, 362 },  { "0193540a-9c00-7abc-8def-0123456789ab", 1570764097, 886 },
    { "00112233-4455-6677-8899-aabbccddeeff", 776152245, 697 },   { "01da9f08-6536-4411-9472-32d7a42957de", -489241437, 395 },
    { "e877bdfc-26e0-edff-acfd-5ffcc1886e60", -1258679673, 211 }, { "5ddcef64-ebc8-ba6a-cf72-79559f399f2f", 1002386301, 750 },
    { "89360451-592d-1cc2-ae4a-909d761feac1", 1874001150, 958 },  { "3f29aa03-0c9e-530b-2725-24c766cf08ae", -1387014391, 181 },
    { "6d6c6878-b4bd-ae11-9318-410a8cb60837", 412953998, 610 },   { "570e29d9-44f4-6cd8-772c-0d0709209097", -987011462, 276 },
    { "782e52ce-4a91-59dc-928a-8d7b370e5ed9", 865416658, 718 },   { "7014ec1c-c05e-d556-6fcb-e8ccc9b12da9", 363179690, 598 },
    { "e3a8dbe0-5d6e-cad3-097d-21a08d80660a", 1794107708, 939 },  { "3c78250f-c716-287c-1ba5-31bd3852b7f0", 461327405, 621 },
    { "00055bcd-04da-2768-468f-6af4f5287251", 1057970464, 764 },  { "5d1e787f-cc0a-86f6-0082-f3f40440ed72", 662001506, 669 },
    { "3e0e4383-2325-a2cd-b0c6-50d404ad8fe5", 1523553118, 875 },  { "8747a895-9cb9-f069-6dcd-a979e9cae171", 797794072, 702 },
    { "93bfb231-22eb-d309-3e4a-93602aeea201", -1565102460, 138 }, { "7b070a7e-d131-c856-b755-06e24e0b8483", 2054893029, 1001 },
};

static void parts_are_those_of_postgresql(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(postgres); i++) {
        kd_id id;
        CHECK(kd_id_parse(&id, kd_str_z(postgres[i].id)));
        CHECK_AT(kd_uuid_hash(id) == (uint32_t)postgres[i].hash, postgres[i].id);
        CHECK_AT(kd_part(id) == postgres[i].part, postgres[i].id);
    }
}

static void parts_are_even(void **state)
{
    (void)state;
    static int counts[KD_PARTS];
    kd_rng rng;
    kd_rng_seed(&rng, 1);
    for (int i = 0; i < 100 * KD_PARTS; i++)
        counts[kd_part(kd_id_new(&rng, INT64_C(1795369440123) + i))]++;
    double chi2 = 0; /* 1023 degrees of freedom: mean 1023, deviation 45 */
    for (int i = 0; i < KD_PARTS; i++)
        chi2 += (counts[i] - 100.0) * (counts[i] - 100.0) / 100;
    CHECK(chi2 > 1023 - 6 * 45 && chi2 < 1023 + 6 * 45);
}

static void ids_have_their_shape(void **state)
{
    (void)state;
    static const struct { int64_t in, out; } times[] = {
        { 0, 0 }, { -1, 0 }, { INT64_MIN, 0 }, { INT64_C(1795369440123), INT64_C(1795369440123) },
        { (INT64_C(1) << 48) - 1, (INT64_C(1) << 48) - 1 }, { INT64_C(1) << 48, (INT64_C(1) << 48) - 1 }, { INT64_MAX, (INT64_C(1) << 48) - 1 },
    };
    kd_rng rng;
    kd_rng_seed(&rng, 2);
    for (size_t i = 0; i < COUNT(times); i++) {
        kd_id ids[] = { kd_id_new(&rng, times[i].in), kd_id_of_message(KD_STR("web"), KD_STR("m1"), times[i].in) };
        for (size_t k = 0; k < COUNT(ids); k++) {
            CHECK(ids[k].b[6] >> 4 == 7 && ids[k].b[8] >> 6 == 2);
            CHECK(kd_id_time_ms(ids[k]) == times[i].out);
        }
    }
    CHECK(kd_id_cmp(kd_id_new(&rng, 1000), kd_id_new(&rng, 1001)) < 0);
    CHECK(!kd_id_eq(kd_id_new(&rng, 5), kd_id_new(&rng, 5)));
    CHECK(kd_id_is_nil((kd_id){ { 0 } }) && !kd_id_is_nil(kd_id_new(&rng, 0)));
}

static void messages_have_one_id(void **state)
{
    (void)state;
    kd_id id = kd_id_of_message(KD_STR("web"), KD_STR("ajs-1"), 1000);
    CHECK(kd_id_eq(id, kd_id_of_message(KD_STR("web"), KD_STR("ajs-1"), 1000)));
    CHECK(!kd_id_eq(id, kd_id_of_message(KD_STR("web"), KD_STR("ajs-2"), 1000)));
    CHECK(!kd_id_eq(id, kd_id_of_message(KD_STR("app"), KD_STR("ajs-1"), 1000)));
    CHECK(!kd_id_eq(id, kd_id_of_message(KD_STR("web"), KD_STR("ajs-1"), 1001)));
    CHECK(!kd_id_eq(kd_id_of_message(KD_STR("ab"), KD_STR("c"), 0), kd_id_of_message(KD_STR("a"), KD_STR("bc"), 0)));
    CHECK(!kd_id_eq(kd_id_of_message(KD_STR(""), KD_STR("x"), 0), kd_id_of_message(KD_STR("x"), KD_STR(""), 0)));
    kd_id_of_message((kd_str){ NULL, 0 }, (kd_str){ NULL, 0 }, 0);
    /* golden: it is stored, so it must never change */
    char text[KD_ID_TEXT];
    kd_id_format(text, kd_id_of_message(KD_STR("shop"), KD_STR("invoice 536365, line 1"), INT64_C(1291191960000)));
    CHECK_STR(kd_str_z(text), KD_STR("012ca109-c1c0-75d9-89a5-e2d7a74a33fc"));
}

static void ids_are_read_and_written(void **state)
{
    (void)state;
    kd_id id = { { 9 } };
    char  text[KD_ID_TEXT];
    CHECK(kd_id_parse(&id, KD_STR("0193540A-9C00-7aBc-8DEF-0123456789AB")));
    kd_id_format(text, id);
    CHECK_STR(kd_str_z(text), KD_STR("0193540a-9c00-7abc-8def-0123456789ab"));
    static const char *const bad[] = {
        "", "0193540a-9c00-7abc-8def-0123456789a", "0193540a-9c00-7abc-8def-0123456789abc", "0193540a9c007abc8def0123456789ab",
        "0193540g-9c00-7abc-8def-0123456789ab", "0193540a_9c00-7abc-8def-0123456789ab", "{193540a-9c00-7abc-8def-0123456789a}",
        "0193540-a9c00-7abc-8def-0123456789ab", " 193540a-9c00-7abc-8def-0123456789ab",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        kd_id before = id;
        CHECK_AT(!kd_id_parse(&id, kd_str_z(bad[i])) && kd_id_eq(id, before), bad[i]);
    }
    kd_rng rng;
    kd_rng_seed(&rng, 4);
    for (int i = 0; i < 1000; i++) {
        kd_id other = kd_id_new(&rng, i), again;
        kd_id_format(text, other);
        CHECK(kd_id_parse(&again, kd_str_z(text)) && kd_id_eq(other, again) && kd_id_cmp(other, again) == 0);
    }
}

static void names_have_refs(void **state)
{
    (void)state;
    CHECK(kd_ref_of(KD_STR("")) == 0 && kd_ref_of(KD_STR("sku-1")) != 0);
    CHECK(kd_ref_of(KD_STR("sku-1")) == kd_hash64("sku-1", 5, 0) && kd_hash64("sku-1", 5, 1) != kd_hash64("sku-1", 5, 0));
    /* golden: XXH3's own value for the text, stored in facts and models */
    CHECK(kd_ref_of(KD_STR("sku-1")) == UINT64_C(0xde7c83fa11a4bfb7));
}

int test_id(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_those_of_postgresql), cmocka_unit_test(parts_are_even),
        cmocka_unit_test(ids_have_their_shape),          cmocka_unit_test(messages_have_one_id),
        cmocka_unit_test(ids_are_read_and_written),      cmocka_unit_test(names_have_refs),
    };
    return cmocka_run_group_tests_name("base: id", tests, NULL, NULL);
}
