#include "check.h"

#include <unistd.h>

#include "base/log.h"

static char   captured[8192];
static int    pipe_fds[2], saved_stderr;

static void capture(void)
{
    CHECK(pipe(pipe_fds) == 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(pipe_fds[1], STDERR_FILENO);
}

static const char *captured_text(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(pipe_fds[1]);
    size_t  len = 0;
    ssize_t got;
    while ((got = read(pipe_fds[0], captured + len, sizeof captured - 1 - len)) > 0)
        len += (size_t)got;
    close(pipe_fds[0]);
    captured[len] = 0;
    return captured;
}

static void a_fact_is_a_line(void **state)
{
    (void)state;
    capture();
    kd_log(KD_LOG_INFO, "recommend", "trained", "model=%s ms=%d", "ease", 9120);
    kd_log(KD_LOG_WARN, "api", "stopped", "%s", "");
    const char *text = captured_text();
    CHECK(strncmp(text, "ts=20", 5) == 0 && text[3 + 23] == 'Z');
    CHECK(strstr(text, "Z level=info mod=recommend ev=trained model=ease ms=9120\nts=") != NULL);
    CHECK(strstr(text, " level=warn mod=api ev=stopped\n") != NULL);
}

static void a_value_cannot_forge_a_line(void **state)
{
    (void)state;
    char long_value[3000];
    memset(long_value, 'x', sizeof long_value - 1);
    long_value[sizeof long_value - 1] = 0;
    capture();
    kd_log(KD_LOG_ERROR, "api", "bad", "value=%s", "a\nts=1 level=info\x1B[0m");
    kd_log(KD_LOG_ERROR, "api", "long", "value=%s", long_value);
    const char *text = captured_text();
    CHECK(strstr(text, "value=a ts=1 level=info [0m\n") != NULL);
    const char *second = strchr(text, '\n') + 1;
    CHECK(strchr(second, '\n') == second + 1023 && second[1024] == 0);
}

static void levels_filter(void **state)
{
    (void)state;
    capture();
    kd_log(KD_LOG_DEBUG, "a", "hidden", "%s", "");
    kd_log_set_level(KD_LOG_ERROR);
    kd_log(KD_LOG_WARN, "a", "hidden", "%s", "");
    kd_log(KD_LOG_ERROR, "a", "shown", "%s", "");
    kd_log_set_level(KD_LOG_OFF);
    kd_log(KD_LOG_ERROR, "a", "hidden", "%s", "");
    kd_log(KD_LOG_OFF, "a", "hidden", "%s", "");
    kd_log_set_level(KD_LOG_DEBUG);
    kd_log(KD_LOG_DEBUG, "a", "shown", "%s", "");
    kd_log_set_level(KD_LOG_INFO);
    const char *text = captured_text();
    CHECK(strstr(text, "hidden") == NULL && strstr(text, "level=error mod=a ev=shown\n") != NULL);
    CHECK(strstr(text, "level=debug mod=a ev=shown\n") != NULL);
}

int test_log(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_is_a_line),
        cmocka_unit_test(a_value_cannot_forge_a_line),
        cmocka_unit_test(levels_filter),
    };
    return cmocka_run_group_tests_name("base: log", tests, NULL, NULL);
}
