#include "suite.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "app/train.h"
#include "base/log.h"

void child_does(const char *what)
{
    if (what)
        setenv("KD_TEST_CHILD", what, 1);
    else
        unsetenv("KD_TEST_CHILD");
}

/* The ways a training process may end that are not its own. argv: DB OUTPUT ... */
static int strange_child(const char *what, char **argv)
{
    printf("step scan 1 2\n");
    fflush(stdout);
    if (strcmp(what, "die") == 0)
        raise(SIGKILL);
    if (strcmp(what, "hang") == 0)
        for (;;)
            pause();
    if (strcmp(what, "babble") == 0) {
        for (int i = 0; i < 5000; i++)
            printf("%c%s", i % 251, i % 7 ? "" : "fail 0 nothing\nfail 99 x\nstep\n");
        return 0;
    }
    if (strcmp(what, "fail") == 0) {
        printf("fail %d the reason, in words\n", (int)KD_LIMIT);
        return 1;
    }
    if (strcmp(what, "rubbish") == 0) {
        FILE *out = fopen(argv[1], "w");
        fprintf(out, "this is no model\n");
        fclose(out);
    }
    printf("done\n"); /* "lie": without a model */
    return 0;
}

void house_new(house *h)
{
    char *argv[] = { (char *)(uintptr_t)"serve", (char *)(uintptr_t)"--db", h->db, (char *)(uintptr_t)"--port=0", NULL };
    int   rest;

    *h = (house){ .folder = "/tmp/kd_app_XXXXXX" };
    assert_non_null(mkdtemp(h->folder));
    snprintf(h->db, sizeof h->db, "%s/kunde.db", h->folder);
    assert_int_equal(kd_settings_load(&h->settings, 4, argv, &rest, NULL), KD_OK);
}

kd_status house_open(house *h, bool create, kd_err *err) { return kd_engine_open(&h->engine, &h->settings, create, &h->news, err); }

void house_close(house *h)
{
    assert_int_equal(kd_engine_close(h->engine, NULL), KD_OK);
    h->engine = NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void house_end(house *h)
{
    if (h->engine)
        house_close(h);
    kd_settings_free(&h->settings);
    nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void house_fill(house *h, int from, int count)
{
    const int64_t       now_ms = kd_now(kd_clock_system());
    kd_incoming_context context = { .speaker = KD_SPEAKER_SERVER, .source = KD_STR("shop"), .received_ms = now_ms, .sent_at_ms = KD_TIME_MIN, .channel = KD_CHANNEL_WEB };
    kd_arena           *arena = kd_arena_new((size_t)64 << 20);
    kd_incoming        *events = KD_NEW(arena, kd_incoming, (size_t)count);
    size_t              stored = 0;

    assert_non_null(events);
    for (int i = 0; i < count; i++) {
        const kd_json *item = NULL;
        kd_buf         text;
        kd_buf_init(&text, arena);
        kd_buf_addf(&text, "{\"messageId\":\"m%d\",\"userId\":\"u%d\",\"event\":\"%s\",\"properties\":{\"order_id\":\"o%d\",\"products\":[{\"product_id\":\"p%d\",\"quantity\":1},{\"product_id\":\"p%d\",\"quantity\":1}]}}",
                    from + i, i % 40, i % 3 ? "Product Viewed" : "Order Completed", from + i, i % 30, i * 7 % 30);
        assert_int_equal(kd_json_parse(&item, arena, text.ptr, text.len, NULL), KD_OK);
        kd_incoming_from_json(&events[i], KD_CALL_TRACK, item, NULL, &context, arena);
        assert_int_equal(events[i].status, KD_OK);
    }
    assert_int_equal(kd_ingest_write(kd_engine_parts(h->engine)->ingest, events, (size_t)count, &stored, NULL, NULL), KD_OK);
    assert_int_equal(stored, count);
    kd_arena_free(arena);
}

uint64_t house_model(house *h)
{
    const kd_model *model = kd_recommender_model(kd_engine_parts(h->engine)->recommender);
    const uint64_t  version = model ? kd_model_version(model) : 0;
    kd_model_release(model);
    return version;
}

int main(int argc, char **argv)
{
    const char *child = getenv("KD_TEST_CHILD");
    if (argc > 2 && strcmp(argv[1], "train") == 0 && strcmp(argv[2], "--child") == 0) /* we are our own training child */
        return child ? strange_child(child, argv + 3) : kd_train_child(argc - 3, argv + 3);

    signal(SIGPIPE, SIG_IGN); /* as main.c does */
    kd_log_set_level(KD_LOG_OFF);
    int failed = _cmocka_run_group_tests("settings", settings_tests, settings_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("engine", engine_tests, engine_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("control", control_tests, control_test_count, NULL, NULL);
    return failed != 0;
}
