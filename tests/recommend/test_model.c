/* The model file: what is written is read back, the same build gives the same bytes (golden), and no damage passes or crashes. */
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"
#include "recommend/model.h"
#include "recommend/model_format.h"

enum { ITEMS = 5, K = 3 };
static const kd_ref tiny_items[ITEMS] = { 3, 0x1000000000000000, 0x5555555555555555, 0x8000000000000001, UINT64_MAX };

/* The golden model: five items in a ring, small round numbers. */
static void build_tiny(kd_buf *out)
{
    static const float popularity[ITEMS] = { 1, 4, 0, 4, 2.5f }, trend[ITEMS] = { 0, 0, 0.25f, 0, 1 };
    uint32_t  counts[ITEMS] = { 2, 1, 3, 0, 1 }, support[ITEMS * K];
    kd_scored neighbours[ITEMS * K];
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t n = 0; n < K; n++) {
            neighbours[i * K + n] = (kd_scored){ 0.5f / (float)(n + 1), (i + n + 1) % ITEMS };
            support[i * K + n] = 10 - n;
        }
    kd_model_build b = { .version = 1700000000000, .item_count = ITEMS, .items = tiny_items, .popularity = popularity, .trend = trend,
                         .report = KD_STR("{\"golden\":true}") };
    b.relations[KD_RELATION_BOUGHT] = (kd_neighbours){ ITEMS, K, counts, neighbours, support };
    b.relations[KD_RELATION_VIEWED_BOUGHT] = b.relations[KD_RELATION_BOUGHT];
    assert_int_equal(kd_model_write(out, &b, NULL), KD_OK);
}

static void check_tiny(const kd_model *m)
{
    const kd_model_neighbour *n;
    const uint32_t           *order;

    assert_int_equal(kd_model_version(m), 1700000000000);
    assert_int_equal(kd_model_item_count(m), ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_true(kd_model_item(m, i) == tiny_items[i]);
        assert_int_equal(kd_model_find(m, tiny_items[i]), i);
        assert_int_equal(kd_model_find(m, tiny_items[i] - 1), UINT32_MAX);
    }
    assert_int_equal(kd_model_find(m, 0), UINT32_MAX);
    assert_int_equal(kd_model_neighbours(m, KD_RELATION_BOUGHT, 2, &n), 3);
    assert_int_equal(n[0].item, 3);
    assert_true(n[0].score == 0.5f && n[1].score == 0.25f);
    assert_int_equal(kd_model_support(m, KD_RELATION_BOUGHT, &n[2]), 8);
    assert_int_equal(kd_model_neighbours(m, KD_RELATION_BOUGHT, 3, &n), 0);
    assert_int_equal(kd_model_neighbours(m, KD_RELATION_VIEWED, 2, &n), 0);
    assert_int_equal(kd_model_neighbours(m, KD_RELATION_VIEWED_BOUGHT, 4, &n), 1);
    assert_int_equal(kd_model_popular(m, &order), 4);
    assert_true(order[0] == 1 && order[1] == 3 && order[2] == 4 && order[3] == 0);
    assert_int_equal(kd_model_trending(m, &order), 2);
    assert_true(order[0] == 4 && order[1] == 2);
    assert_true(kd_model_popularity(m, 4) == 2.5f && kd_model_trend(m, 2) == 0.25f);
    assert_true(kd_str_is(kd_model_report(m), "{\"golden\":true}"));
}

static void test_written_is_read(void **state)
{
    kd_buf    one, two;
    kd_model *m;
    (void)state;
    kd_buf_init(&one, NULL);
    kd_buf_init(&two, NULL);
    build_tiny(&one);
    build_tiny(&two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.ptr, two.ptr, one.len);
    assert_int_equal(kd_model_from_bytes(&m, kd_buf_str(&one), NULL), KD_OK);
    check_tiny(m);
    assert_ptr_equal(kd_model_retain(m), m);
    kd_model_release(m);
    kd_model_release(m);
    kd_buf_add_byte(&two, 0); /* bytes that lie anywhere are read all the same */
    memmove(two.ptr + 1, two.ptr, two.len - 1);
    assert_int_equal(kd_model_from_bytes(&m, (kd_str){ two.ptr + 1, two.len - 1 }, NULL), KD_OK);
    check_tiny(m);
    kd_model_release(m);
    kd_buf_free(&one);
    kd_buf_free(&two);
}

/* The format: this file was written by its first version. */
static void test_golden(void **state)
{
    char      path[4096], bytes[8192];
    kd_buf    now;
    kd_model *m;
    FILE     *file;
    (void)state;
    snprintf(path, sizeof path, "%s/tests/golden/model_v2.kdm", KD_SOURCE_ROOT);
    assert_int_equal(kd_model_load(&m, path, NULL), KD_OK);
    check_tiny(m);
    kd_model_release(m);
    file = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    kd_buf_init(&now, NULL);
    build_tiny(&now);
    assert_int_equal(size, now.len);
    assert_memory_equal(bytes, now.ptr, size);
    kd_buf_free(&now);
}

static void test_load_failures(void **state)
{
    char      path[] = "/tmp/kd_model_XXXXXX";
    kd_model *m = NULL;
    kd_err    err = { 0 };
    int       fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(kd_model_load(&m, "/nonexistent/model", &err), KD_NOT_FOUND);
    assert_int_equal(kd_model_load(&m, "/", &err), KD_INVALID);
    assert_int_equal(kd_model_load(&m, path, &err), KD_CORRUPT); /* empty */
    assert_int_equal(write(fd, "not a model, but long enough to hold a header of one", 52), 52);
    assert_int_equal(kd_model_load(&m, path, &err), KD_INVALID);
    assert_true(err.msg[0] != '\0');
    close(fd);
    unlink(path);
}

/* Give every changed byte range a right hash again, so that the checks behind the hashes are reached. */
static void reseal(char *bytes, size_t size)
{
    kd_model_header  header;
    kd_model_section table[KD_MODEL_SECTIONS_MAX];
    memcpy(&header, bytes, sizeof header);
    if (header.section_count > KD_MODEL_SECTIONS_MAX || sizeof header + header.section_count * sizeof *table > size)
        return;
    memcpy(table, bytes + sizeof header, header.section_count * sizeof *table);
    for (uint32_t i = 0; i < header.section_count; i++)
        if (table[i].offset <= size && table[i].bytes <= size - table[i].offset)
            table[i].hash = kd_hash64(bytes + table[i].offset, table[i].bytes, table[i].part);
    memcpy(bytes + sizeof header, table, header.section_count * sizeof *table);
    header.hash = 0;
    memcpy(bytes, &header, sizeof header);
    header.hash = kd_hash64(bytes, sizeof header + header.section_count * sizeof *table, KD_MODEL_FORMAT);
    memcpy(bytes, &header, sizeof header);
}

/* Use everything there is: a model that loads must be safe to serve from. */
static void walk(const kd_model *m)
{
    const kd_model_neighbour *n;
    const uint32_t           *order;
    uint64_t                  sum = kd_model_report(m).len;
    for (uint32_t i = 0; i < kd_model_item_count(m); i++) {
        assert_int_equal(kd_model_find(m, kd_model_item(m, i)), i);
        for (int r = 0; r < KD_RELATION_COUNT; r++)
            for (size_t k = kd_model_neighbours(m, (kd_relation)r, i, &n); k > 0; k--)
                sum += kd_model_item(m, n[k - 1].item);
    }
    for (size_t k = kd_model_popular(m, &order); k > 0; k--)
        sum += kd_model_item(m, order[k - 1]);
    for (size_t k = kd_model_trending(m, &order); k > 0; k--)
        sum += kd_model_item(m, order[k - 1]);
    assert_true(sum != 1);
}

static void test_damage(void **state)
{
    kd_buf    good;
    kd_model *m;
    size_t    passed = 0;
    (void)state;
    kd_buf_init(&good, NULL);
    build_tiny(&good);
    char *bytes = malloc(good.len);
    for (size_t size = 0; size < good.len; size++) { /* cut off anywhere */
        kd_status status = kd_model_from_bytes(&m, (kd_str){ good.ptr, size }, NULL);
        assert_true(status == KD_CORRUPT || status == KD_INVALID);
    }
    for (size_t at = 0; at < good.len; at++) { /* one bit of any byte: found by its hash, unless it is padding */
        memcpy(bytes, good.ptr, good.len);
        bytes[at] ^= (char)(1 << at % 8);
        if (kd_model_from_bytes(&m, (kd_str){ bytes, good.len }, NULL) == KD_OK) {
            check_tiny(m);
            kd_model_release(m);
        }
    }
    kd_rng rng;
    kd_rng_seed(&rng, 3);
    for (int round = 0; round < 50000; round++) { /* several bytes, hashes made right: what loads must be safe */
        memcpy(bytes, good.ptr, good.len);
        for (uint32_t flips = 1 + kd_rng_below(&rng, 3); flips > 0; flips--)
            bytes[kd_rng_below(&rng, (uint32_t)good.len)] = (char)kd_rng_u64(&rng);
        reseal(bytes, good.len);
        if (kd_model_from_bytes(&m, (kd_str){ bytes, good.len }, NULL) != KD_OK)
            continue;
        walk(m);
        kd_model_release(m);
        passed++;
    }
    assert_true(passed > 100 && passed < 49000); /* both sides of the checks were reached */
    kd_buf_free(&good);
    free(bytes);
}

static void test_newer_version(void **state)
{
    kd_buf          good;
    kd_model_header header;
    kd_model       *m;
    kd_err          err = { 0 };
    (void)state;
    kd_buf_init(&good, NULL);
    build_tiny(&good);
    memcpy(&header, good.ptr, sizeof header);
    header.format = 3;
    memcpy(good.ptr, &header, sizeof header);
    reseal(good.ptr, good.len);
    assert_int_equal(kd_model_from_bytes(&m, kd_buf_str(&good), &err), KD_INVALID);
    assert_non_null(strstr(err.msg, "format 3"));
    kd_buf_free(&good);
}

static void test_empty_and_rejected_builds(void **state)
{
    static const kd_ref unordered[2] = { 9, 4 };
    static const float  zeros[2];
    kd_buf    out;
    kd_model *m;
    (void)state;
    kd_buf_init(&out, NULL);
    assert_int_equal(kd_model_write(&out, &(kd_model_build){ .version = 1 }, NULL), KD_OK);
    assert_int_equal(kd_model_from_bytes(&m, kd_buf_str(&out), NULL), KD_OK);
    assert_int_equal(kd_model_find(m, 77), UINT32_MAX);
    assert_int_equal(kd_model_find(m, UINT64_MAX), UINT32_MAX);
    kd_model_release(m);
    kd_model_build bad = { .version = 1, .item_count = 2, .items = unordered, .popularity = zeros, .trend = zeros };
    assert_int_equal(kd_model_write(&out, &bad, NULL), KD_INVALID);
    kd_buf_free(&out);
}

const struct CMUnitTest model_tests[] = {
    cmocka_unit_test(test_written_is_read), cmocka_unit_test(test_golden),        cmocka_unit_test(test_load_failures),
    cmocka_unit_test(test_damage),          cmocka_unit_test(test_newer_version), cmocka_unit_test(test_empty_and_rejected_builds),
};
const size_t model_test_count = sizeof model_tests / sizeof *model_tests;
