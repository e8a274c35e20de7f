/* Settings: where each may be said, who wins, and what a wrong one is answered. */
#include "suite.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], ini[96], db[96], db_flag[112];

static int enter(void **state)
{
    extern char **environ;
    (void)state;
    for (char **e = environ; *e;) {
        char   name[128];
        size_t len = strcspn(*e, "=");
        if (strncmp(*e, "KUNDE_", 6) != 0 || len >= sizeof name) {
            e++;
            continue;
        }
        memcpy(name, *e, len);
        name[len] = '\0';
        unsetenv(name);
    }
    strcpy(folder, "/tmp/kd_settings_XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(ini, sizeof ini, "%s/kunde.ini", folder);
    snprintf(db, sizeof db, "%s/kunde.db", folder);
    snprintf(db_flag, sizeof db_flag, "--db=%s", db);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    unlink(ini);
    return rmdir(folder);
}

static void write_ini(const char *text)
{
    FILE *file = fopen(ini, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

enum { ARGS_MAX = 16 };
/* Words separated by blanks, behind the command's name and --db. */
static kd_status load(kd_settings *out, const char *words, int *rest, char **argv, kd_err *err)
{
    static char text[4096];
    int         argc = 0;

    snprintf(text, sizeof text, "%s", words);
    argv[argc++] = (char *)(uintptr_t)"serve";
    argv[argc++] = db_flag;
    for (char *word = strtok(text, " "); word != NULL && argc < ARGS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    *err = (kd_err){ 0 };
    return kd_settings_load(out, argc, argv, rest, err);
}

static void must_load(kd_settings *out, const char *words)
{
    char  *argv[ARGS_MAX];
    int    rest;
    kd_err err;
    if (load(out, words, &rest, argv, &err) != KD_OK)
        fail_msg("%s: %s", words, err.msg);
}

static void test_defaults(void **state)
{
    kd_settings s;
    char        key[112];
    (void)state;
    must_load(&s, "");
    assert_string_equal(s.db, db);
    assert_string_equal(s.host, "127.0.0.1");
    assert_string_equal(s.log_level, "info");
    assert_null(s.config);
    assert_null(s.write_key);
    assert_null(s.server_key);
    assert_null(s.master_key);
    assert_int_equal(s.port, 8080);
    assert_int_equal(s.checkpoint_rows, 2000);
    assert_int_equal(s.http_body_bytes_max, 4194304);
    assert_int_equal(s.receipt_retention_days, 90);
    assert_int_equal(s.trust_browser_orders, 0);
    snprintf(key, sizeof key, "%s.key", db); /* beside the database */
    assert_string_equal(s.key_file, key);
    kd_settings_free(&s);
    assert_null(s.db);
    kd_settings_free(&s); /* twice is fine */
}

static void test_switches(void **state)
{
    kd_settings s;
    char       *argv[ARGS_MAX];
    int         rest;
    kd_err      err;
    (void)state;
    must_load(&s, "--trust-browser-orders true");
    assert_int_equal(s.trust_browser_orders, 1);
    kd_settings_free(&s);
    must_load(&s, "--trust_browser_orders=1 --trust_browser_orders=0");
    assert_int_equal(s.trust_browser_orders, 0);
    kd_settings_free(&s);
    assert_int_equal(load(&s, "--trust_browser_orders=perhaps", &rest, argv, &err), KD_INVALID);
    assert_string_equal(err.field, "trust_browser_orders");
    assert_non_null(strstr(err.msg, "must be true or false, not \"perhaps\""));
}

static void test_precedence(void **state)
{
    kd_settings s;
    (void)state;
    write_ini("\xef\xbb\xbf; a comment\n[http]\nport = 8001\n# another\nhost = 10.0.0.1\n\n[more]\nlog_level=warn ; behind\nthreads = 3\nwrite_key = wk_from_file\n");
    must_load(&s, "");
    assert_int_equal(s.port, 8001);
    assert_int_equal(s.threads, 3);
    assert_string_equal(s.host, "10.0.0.1");
    assert_string_equal(s.log_level, "warn");
    assert_string_equal(s.write_key, "wk_from_file");
    kd_settings_free(&s);
    setenv("KUNDE_PORT", "8002", 1);
    setenv("KUNDE_HOST", "10.0.0.2", 1);
    setenv("KUNDE_WRITE_KEY", "wk_from_environment", 1);
    setenv("KUNDE_SERVICE_HOST", "somebody else's", 1);
    must_load(&s, "");
    assert_int_equal(s.port, 8002);
    assert_int_equal(s.threads, 3);
    assert_string_equal(s.host, "10.0.0.2");
    assert_string_equal(s.write_key, "wk_from_environment");
    kd_settings_free(&s);
    must_load(&s, "--port 8003 --host=10.0.0.3 --log-level error --http_timeout_s=7");
    assert_int_equal(s.port, 8003);
    assert_string_equal(s.host, "10.0.0.3");
    assert_string_equal(s.log_level, "error");
    assert_int_equal(s.http_timeout_s, 7);
    kd_settings_free(&s);
    must_load(&s, "--port 1 --port 2"); /* the later one */
    assert_int_equal(s.port, 2);
    kd_settings_free(&s);
    unsetenv("KUNDE_PORT");
    unsetenv("KUNDE_HOST");
    unsetenv("KUNDE_WRITE_KEY");
    unsetenv("KUNDE_SERVICE_HOST");
}

static void test_which_file(void **state)
{
    kd_settings s;
    char        other[128], words[256], *argv[ARGS_MAX];
    int         rest;
    kd_err      err;
    (void)state;
    snprintf(other, sizeof other, "%s/other.ini", folder);
    write_ini("port = 1111\n");
    assert_int_equal(rename(ini, other), 0);
    write_ini("port = 2222\n");
    must_load(&s, "");
    assert_int_equal(s.port, 2222);
    kd_settings_free(&s);
    snprintf(words, sizeof words, "--config %s", other);
    must_load(&s, words);
    assert_int_equal(s.port, 1111);
    kd_settings_free(&s);
    setenv("KUNDE_CONFIG", other, 1);
    must_load(&s, "");
    assert_int_equal(s.port, 1111);
    kd_settings_free(&s);
    unsetenv("KUNDE_CONFIG");
    unlink(other);
    assert_int_equal(load(&s, words, &rest, argv, &err), KD_NOT_FOUND); /* one that was asked for must be there */
    assert_non_null(strstr(err.msg, "other.ini"));
    snprintf(words, sizeof words, "--config %s", folder);
    assert_int_equal(load(&s, words, &rest, argv, &err), KD_INVALID);
    assert_non_null(strstr(err.msg, "directory"));
    unlink(ini);
    setenv("KUNDE_DB", "/nowhere/at-all.db", 1);
    must_load(&s, ""); /* the flag wins here, too */
    assert_string_equal(s.db, db);
    kd_settings_free(&s);
    unsetenv("KUNDE_DB");
}

static void test_what_is_left_for_the_command(void **state)
{
    kd_settings s;
    char       *argv[ARGS_MAX];
    int         rest;
    kd_err      err;
    static const char *const left[] = { "serve", "home", "--count", "5", "-n", "--por", "8", "--", "--port", "9" };
    (void)state;
    assert_int_equal(load(&s, "home --threads 2 --count 5 -n --por 8 --port=7 -- --port 9", &rest, argv, &err), KD_OK);
    assert_int_equal(rest, 10);
    for (int i = 0; i < rest; i++)
        assert_string_equal(argv[i], left[i]);
    assert_int_equal(s.port, 7);
    assert_int_equal(s.threads, 2);
    kd_settings_free(&s);
}

static void test_wrong_flags_and_variables(void **state)
{
    static const struct { const char *words, *name, *value, *word, *also; } cases[] = {
        { "--port 65536", NULL, NULL, "--port", "0 to 65535" },
        { "--port -1", NULL, NULL, "--port", "\"-1\"" },
        { "--port x", NULL, NULL, "--port", "\"x\"" },
        { "--port=", NULL, NULL, "--port", "whole number" },
        { "--port=8080.5", NULL, NULL, "--port", "whole number" },
        { "--port 99999999999999999999", NULL, NULL, "--port", "whole number" },
        { "--port", NULL, NULL, "--port", "needs a value" },
        { "--host=", NULL, NULL, "--host", "not be empty" },
        { "--checkpoint-rows 9", NULL, NULL, "--checkpoint_rows", "10 to 100000" },
        { "--write-key wk_0123456789", NULL, NULL, "--write_key", "process lists" },
        { "--master_key=00", NULL, NULL, "--master_key", "process lists" },
        { "--server-key", NULL, NULL, "--server_key", "process lists" },
        { "", "KUNDE_PORT", "tcp://10.0.0.1:8080", "KUNDE_PORT", "tcp://10" },
        { "", "KUNDE_HOST", "", "KUNDE_HOST", "not be empty" },
        { "", "KUNDE_TRAIN_BYTES_MAX", "1", "KUNDE_TRAIN_BYTES_MAX", "16777216" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_settings s = { .port = 77 };
        char       *argv[ARGS_MAX];
        int         rest;
        kd_err      err;
        if (cases[i].name)
            setenv(cases[i].name, cases[i].value, 1);
        kd_status status = load(&s, cases[i].words, &rest, argv, &err);
        if (status != KD_INVALID || !strstr(err.msg, cases[i].word) || !strstr(err.msg, cases[i].also) || strstr(err.msg, "wk_0123456789"))
            fail_msg("%s %s -> %s: %s", cases[i].words, cases[i].name ? cases[i].name : "", kd_status_name(status), err.msg);
        assert_int_equal(s.port, 77); /* untouched */
        if (cases[i].name)
            unsetenv(cases[i].name);
    }
}

static void test_wrong_files(void **state)
{
    static const struct { const char *text, *line, *word; } cases[] = {
        { "port = 80\nprot = 1\n", "line 2:", "prot" },
        { "port = 80\n\n; x\nport = many\n", "line 4:", "many" },
        { "port = 70000\n", "line 1:", "0 to 65535" },
        { "config = x.ini\n", "line 1:", "config" },
        { "host =\n", "line 1:", "not be empty" },
        { "write_key =\n", "line 1:", "not be empty" },
        { "port 80\nprot = 1\n", "line 1:", "name = value" }, /* each error with its own line */
        { "[http\nport = 1\n", "line 1:", "name = value" },
        { "\x01\x02\x03 binary\n", "line 1:", "name = value" },
        { "port = 80\n\xff\xfe = 1\n", "line 2:", "no setting" },
    };
    kd_settings s;
    char       *argv[ARGS_MAX], text[1200];
    int         rest;
    kd_err      err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_ini(cases[i].text);
        kd_status status = load(&s, "", &rest, argv, &err);
        if (status != KD_INVALID || !strstr(err.msg, cases[i].line) || !strstr(err.msg, cases[i].word) || !strstr(err.msg, "kunde.ini"))
            fail_msg("%s -> %s: %s", cases[i].text, kd_status_name(status), err.msg);
    }
    snprintf(text, sizeof text, "port = 80\nhost = %01000d\n", 1); /* never the first half of a value */
    write_ini(text);
    assert_int_equal(load(&s, "", &rest, argv, &err), KD_INVALID);
    assert_non_null(strstr(err.msg, "line 2"));
    assert_non_null(strstr(err.msg, "too long"));
    write_ini("port = 80\nhost = localhost"); /* no line feed at the end is fine */
    must_load(&s, "");
    assert_string_equal(s.host, "localhost");
    kd_settings_free(&s);
}

static void test_secrets_stay_secret(void **state)
{
    kd_settings    s;
    kd_buf         text;
    kd_jw          w;
    const kd_json *json;
    kd_arena      *arena = kd_arena_new(1 << 20);
    (void)state;
    setenv("KUNDE_SERVER_KEY", "sk_very_secret", 1);
    write_ini("master_key = 00112233\n");
    must_load(&s, "--port 81");
    assert_string_equal(s.server_key, "sk_very_secret");
    kd_buf_init(&text, arena);
    kd_jw_init(&w, &text);
    kd_settings_write_json(&s, &w);
    assert_null(memmem(text.ptr, text.len, "very_secret", 11));
    assert_null(memmem(text.ptr, text.len, "00112233", 8));
    assert_int_equal(kd_json_parse(&json, arena, text.ptr, text.len, NULL), KD_OK);
    assert_true(kd_str_is(kd_json_text(kd_json_get(json, "server_key")), "set"));
    assert_true(kd_str_is(kd_json_text(kd_json_get(json, "master_key")), "set"));
    assert_true(kd_str_is(kd_json_text(kd_json_get(json, "write_key")), "not set"));
    assert_true(kd_str_is(kd_json_text(kd_json_get(json, "port")), "81"));
    assert_true(kd_json_is(kd_json_get(json, "config"), KD_JSON_NULL));
    kd_settings_free(&s);
    kd_arena_free(arena);
    unsetenv("KUNDE_SERVER_KEY");
}

#define TEST(f) { #f, f, enter, leave, NULL }
const struct CMUnitTest settings_tests[] = {
    TEST(test_defaults), TEST(test_switches), TEST(test_precedence), TEST(test_which_file), TEST(test_what_is_left_for_the_command), TEST(test_wrong_flags_and_variables),
    TEST(test_wrong_files), TEST(test_secrets_stay_secret),
};
const size_t settings_test_count = sizeof settings_tests / sizeof *settings_tests;
