#include "check.h"

#include "base/map.h"
#include "base/rng.h"

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    kd_arena *arena = kd_arena_new(1 << 24);
    kd_rng    rng;
    kd_rng_seed(&rng, 1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2000; i++) {
            size_t size = kd_rng_below(&rng, i % 100 == 0 ? 20000 : 200);
            char  *p = kd_arena_alloc(arena, size);
            CHECK(p != NULL && (uintptr_t)p % 16 == 0);
            for (size_t k = 0; k < size; k++)
                CHECK(p[k] == 0);
            if (size > 0)
                memset(p, 0xAA, size); /* must not show up in a later piece, nor after the reset */
        }
        CHECK(kd_arena_used(arena) > 0);
        kd_arena_reset(arena);
        CHECK(kd_arena_used(arena) == 0);
    }
    kd_arena_free(arena);
    kd_arena_free(NULL);
}

static void arena_keeps_its_cap(void **state)
{
    (void)state;
    kd_arena *arena = kd_arena_new(1000);
    CHECK(kd_arena_alloc(arena, 1001) == NULL);
    CHECK(kd_arena_alloc(arena, 500) != NULL);
    CHECK(kd_arena_alloc(arena, 500) == NULL);
    CHECK(kd_arena_alloc(arena, 480) != NULL);
    CHECK(kd_arena_used(arena) == 992);
    kd_arena_reset(arena);
    CHECK(kd_arena_alloc(arena, 992) != NULL);
    kd_arena_free(arena);

    arena = kd_arena_new(SIZE_MAX);
    CHECK(kd_arena_alloc(arena, SIZE_MAX) == NULL);
    CHECK(kd_arena_array(arena, SIZE_MAX / 2, 3) == NULL);
    CHECK(kd_arena_array(arena, 3, SIZE_MAX / 2) == NULL);
    CHECK(kd_arena_array(arena, 0, 8) != NULL);
    CHECK(kd_arena_copy(arena, NULL, 0) != NULL);
    CHECK(kd_arena_room(arena, 100) != NULL && kd_arena_room(arena, SIZE_MAX) == NULL);
    CHECK(KD_NEW(arena, uint64_t, 7) != NULL);
    kd_arena_free(arena);

    arena = kd_arena_new(0);
    CHECK(kd_arena_alloc(arena, 0) == NULL && kd_arena_copy(arena, "x", 1) == NULL);
    kd_arena_free(arena);
}

static void errors_name_their_place(void **state)
{
    (void)state;
    kd_err err = { 0 };
    CHECK(kd_fail(NULL, KD_IO, "nobody listens %d", 1) == KD_IO);
    CHECK(kd_fail_field(&err, KD_INVALID, "/traits/email", "must be text, not %s", "a number") == KD_INVALID);
    CHECK(err.status == KD_INVALID && strcmp(err.field, "/traits/email") == 0 && strcmp(err.msg, "must be text, not a number") == 0);
    CHECK(kd_fail_at(&err, KD_LIMIT, 17, "%s", "deep") == KD_LIMIT);
    CHECK(err.pos == 17 && err.field[0] == 0);
    char long_text[500];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    kd_fail_field(&err, KD_INVALID, long_text, "%s", long_text);
    CHECK(strlen(err.field) == sizeof err.field - 1 && strlen(err.msg) == sizeof err.msg - 1);
    CHECK(kd_fail_memory(&err) == KD_LIMIT && err.pos == 0);
    for (int s = KD_OK; s <= KD_CORRUPT; s++)
        CHECK(strcmp(kd_status_name((kd_status)s), "undefined") != 0);
    CHECK(strcmp(kd_status_name(KD_NOT_FOUND), "not_found") == 0);
}

/* Against an array: sequential, clustered and random keys, 0 and the largest among them. */
static void map_remembers(void **state)
{
    (void)state;
    enum { KEYS = 50000 };
    static uint64_t keys[KEYS];
    for (uint64_t seed = 0; seed < 4; seed++) {
        kd_rng  rng;
        kd_map *map = kd_map_new(seed == 3 ? KEYS : 0);
        size_t  bytes = kd_map_bytes(map);
        kd_rng_seed(&rng, seed);
        for (uint32_t i = 0; i < KEYS; i++) {
            bool is_new = false;
            keys[i] = seed == 0 ? i : seed == 1 ? (uint64_t)i << 32 : seed == 2 ? UINT64_MAX - i : kd_rng_u64(&rng);
            CHECK(kd_map_put_new(map, keys[i], i, &is_new) == i && is_new);
        }
        CHECK(kd_map_count(map) == KEYS);
        CHECK(seed != 3 || kd_map_bytes(map) == bytes); /* what was expected needs no growth */
        for (uint32_t i = 0; i < KEYS; i++) {
            uint32_t value = 0;
            bool     is_new = true;
            CHECK(kd_map_get(map, keys[i], &value) && value == i);
            CHECK(kd_map_put_new(map, keys[i], 7, &is_new) == i && !is_new);
        }
        uint32_t value = 77;
        CHECK(!kd_map_get(map, UINT64_C(0x123456789abcdef1), &value) && value == 77);
        CHECK(kd_map_set(map, keys[5], 99) && kd_map_get(map, keys[5], &value) && value == 99);
        CHECK(kd_map_count(map) == KEYS);
        kd_map_free(map);
    }
    CHECK(kd_map_new(SIZE_MAX) == NULL);
    kd_map_free(NULL);
}

int test_memory(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_keeps_its_cap),
        cmocka_unit_test(errors_name_their_place),
        cmocka_unit_test(map_remembers),
    };
    return cmocka_run_group_tests_name("base: memory", tests, NULL, NULL);
}
