/* The live stream: what listeners are told, and that many threads may meet in it. */
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "insight/live.h"

typedef struct world { char folder[64], path[80]; kd_store *store; kd_reader *reader; kd_catalog *catalog; kd_live *live; } world;

static int open_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    kd_err err = { 0 };
    strcpy(w->folder, "/tmp/kunde-test-live-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/db", w->folder);
    assert_int_equal(kd_store_open(&w->store, &(kd_store_options){ .path = w->path, .create = true }, &err), KD_OK);
    assert_int_equal(kd_reader_open(&w->reader, w->store, &err), KD_OK);
    assert_int_equal(kd_catalog_open(&w->catalog, w->store, w->reader, kd_clock_system(), &err), KD_OK);
    assert_int_equal(kd_live_open(&w->live, w->catalog, kd_clock_system(), &err), KD_OK);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    world *w = *state;
    char   command[128];
    kd_live_close(w->live);
    kd_catalog_close(w->catalog);
    kd_reader_close(w->reader);
    kd_store_close(w->store);
    snprintf(command, sizeof command, "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void nap(long ms) { nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL); }

static void tell(kd_live *live, const char *message, size_t count)
{
    kd_fact   fact = { .kind = KD_KIND_VIEW, .name = KD_STR("Product Viewed"), .source = KD_STR("shop"), .time_ms = 1790000000000, .id = { { 7 } } };
    kd_stored events[64];
    while (count) {
        size_t some = count < 64 ? count : 64;
        for (size_t i = 0; i < some; i++)
            events[i] = (kd_stored){ .fact = &fact, .person = { { 9 } }, .offset = 1, .received_ms = 1790000000000, .message_id = kd_str_z(message) };
        kd_live_see_stored(live, events, some);
        count -= some;
    }
}

/* Reads for at most `ms` until the text holds `until`. */
static char *read_until(kd_listener *listener, const char *until, long ms)
{
    static char text[1 << 20];
    size_t      len = 0;
    while (ms > 0 && len + 4096 < sizeof text) {
        size_t n = kd_listener_read(listener, text + len, 777); /* an odd portion: entries are cut anywhere */
        len += n;
        text[len] = '\0';
        if (strstr(text, until))
            break;
        if (n == 0)
            nap(5), ms -= 5;
    }
    return text;
}

static void test_silent_without_listeners(void **state)
{
    world        *w = *state;
    kd_listener  *l;
    kd_live_stats stats;
    kd_err        err = { 0 };
    assert_false(kd_live_is_watched(w->live));
    tell(w->live, "unseen", 10);
    kd_live_see_rejected(w->live, &(kd_entry){ .state = KD_ENTRY_REJECTED }, KD_STR("x"));
    assert_int_equal(kd_live_listen(&l, w->live, 0, &err), KD_OK);
    assert_true(kd_live_is_watched(w->live));
    tell(w->live, "seen", 3);
    assert_non_null(strstr(read_until(l, "\"seen\"", 3000), "event: entry"));
    kd_live_get_stats(&stats, w->live);
    assert_int_equal(stats.listeners, 1);
    assert_in_range(stats.entries, 1, 3);
    kd_listener_close(l);
    assert_true(kd_live_is_watched(w->live)); /* for a while: a page may come back */
}

static void test_all_that_is_hostile_stays_one_line(void **state)
{
    world       *w = *state;
    kd_listener *l;
    kd_err       err = { 0 };
    const char   raw[] = "{\"a\":\"\n\nevent: tick\ndata: {}\r\n\xff\xfe\0<script>";
    kd_entry     entry = { .state = KD_ENTRY_REJECTED, .time_ms = KD_TIME_MIN, .received_ms = 0, .source = KD_STR("s\n\nid: 1"), .name = KD_STR("\r\n\r\n"),
                           .reason = KD_STR("because\n"), .field = KD_STR("/x") };
    char        *text, *data;
    assert_int_equal(kd_live_listen(&l, w->live, 0, &err), KD_OK);
    kd_live_see_rejected(w->live, &entry, (kd_str){ raw, sizeof raw - 1 });
    text = read_until(l, "script", 3000);
    data = strstr(text, "data: {\"seq\"");
    assert_non_null(data);
    assert_int_equal(strcspn(data, "\r\n"), strlen(data) - 2); /* one line, then the two ends */
    assert_null(strstr(text, "\nid: 1\n"));
    assert_non_null(strstr(data, "\\u0000"));
    kd_listener_close(l);
}

static void test_a_long_one_is_cut(void **state)
{
    world       *w = *state;
    kd_listener *l;
    kd_err       err = { 0 };
    char        *raw = malloc(100000);
    for (size_t i = 0; i < 100000; i += 2)
        memcpy(raw + i, "\xc3\xa9", 2);
    raw[0] = 'x', raw[1] = 'y';
    assert_int_equal(kd_live_listen(&l, w->live, 0, &err), KD_OK);
    kd_live_see_rejected(w->live, &(kd_entry){ .state = KD_ENTRY_REJECTED, .time_ms = KD_TIME_MIN }, (kd_str){ raw, 100000 });
    assert_true(strlen(strstr(read_until(l, "\"}\n\n", 3000), "\"raw\"")) < KD_LIVE_RAW_MAX + 20);
    kd_listener_close(l);
    free(raw);
}

static void test_limit_and_resume(void **state)
{
    world       *w = *state;
    kd_listener *all[KD_LIVE_LISTENERS_MAX], *late;
    kd_err       err = { 0 };
    char        *at;
    int64_t      seq;
    for (size_t i = 0; i < KD_LIVE_LISTENERS_MAX; i++)
        assert_int_equal(kd_live_listen(&all[i], w->live, 0, &err), KD_OK);
    assert_int_equal(kd_live_listen(&late, w->live, 0, &err), KD_BUSY);
    tell(w->live, "one", 1);
    at = strstr(read_until(all[0], "\"one\"", 3000), "id: ");
    assert_non_null(at);
    seq = strtoll(at + 4, NULL, 10);
    tell(w->live, "two", 1);
    read_until(all[1], "\"two\"", 3000);
    kd_listener_close(all[0]);
    assert_int_equal(kd_live_listen(&all[0], w->live, seq, &err), KD_OK);
    at = read_until(all[0], "\"two\"", 3000);
    assert_null(strstr(at, "\"one\""));
    assert_non_null(strstr(at, "\"two\""));
    for (size_t i = 0; i < KD_LIVE_LISTENERS_MAX; i++)
        kd_listener_close(all[i]);
}

/* ---- many threads ---- */
static atomic_bool    stop;
static atomic_uint    wakes;

static void woken(void *self) { (void)self; atomic_fetch_add(&wakes, 1); }

static void *come_and_go(void *self)
{
    world *w = self;
    char   text[4096];
    while (!atomic_load(&stop)) {
        kd_listener *l;
        if (kd_live_listen(&l, w->live, 1, NULL) != KD_OK)
            continue;
        kd_listener_on_news(l, woken, NULL);
        for (int i = 0; i < 20; i++) {
            kd_listener_read(l, text, sizeof text);
            nap(1);
        }
        kd_listener_close(l);
    }
    return NULL;
}

static void *write_much(void *self)
{
    world *w = self;
    while (!atomic_load(&stop)) {
        tell(w->live, "flood", 100);
        kd_live_see_rejected(w->live, &(kd_entry){ .state = KD_ENTRY_REJECTED, .time_ms = KD_TIME_MIN }, KD_STR("{}"));
    }
    return NULL;
}

static void test_threads(void **state)
{
    world        *w = *state;
    pthread_t     threads[5];
    kd_live_stats stats;
    atomic_store(&stop, false);
    for (int i = 0; i < 5; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < 3 ? come_and_go : write_much, w), 0);
    for (int i = 0; i < 15; i++) {
        nap(100);
        kd_live_get_stats(&stats, w->live);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 5; i++)
        pthread_join(threads[i], NULL);
    kd_live_get_stats(&stats, w->live);
    assert_int_equal(stats.listeners, 0);
    assert_true(stats.entries > 0 && stats.dropped > 0);
    assert_true(atomic_load(&wakes) > 0);
}

int run_live_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_silent_without_listeners, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_all_that_is_hostile_stays_one_line, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_a_long_one_is_cut, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_limit_and_resume, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_threads, open_world, close_world),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
