#include "app/settings.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef enum row_kind { TEXT, NUMBER, SWITCH, SECRET } row_kind;
typedef struct setting_row {
    const char *name;
    row_kind    kind;
    size_t      offset;
    const char *value; /* default; NULL: not set */
    int64_t     min, max;
    const char *about;
} setting_row;

#define FIELD(name) offsetof(kd_settings, name)
static const setting_row rows[] = {
    { "db", TEXT, FIELD(db), "./kunde.db", 0, 0, "the database file" },
    { "config", TEXT, FIELD(config), NULL, 0, 0, "INI file with settings; default: kunde.ini beside the database, if it is there" },
    { "host", TEXT, FIELD(host), "127.0.0.1", 0, 0, "address to listen on; anything but loopback belongs behind TLS" },
    { "port", NUMBER, FIELD(port), "8080", 0, 65535, "port to listen on; 0 takes a free one" },
    { "threads", NUMBER, FIELD(threads), "0", 0, 256, "HTTP worker threads; 0: one a processor" },
    { "log_level", TEXT, FIELD(log_level), "info", 0, 0, "debug, info, warn, error or off" },
    { "key_file", TEXT, FIELD(key_file), NULL, 0, 0, "file of the master key; default: the database's name with .key" },
    { "master_key", SECRET, FIELD(master_key), NULL, 0, 0, "the master key itself as 64 hex digits, instead of the file" },
    { "write_key", SECRET, FIELD(write_key), NULL, 0, 0, "the first write key, instead of one made by chance" },
    { "server_key", SECRET, FIELD(server_key), NULL, 0, 0, "the first server key, instead of one made by chance" },
    { "http_body_bytes_max", NUMBER, FIELD(http_body_bytes_max), "4194304", 1024, 67108864, "larger request bodies get 413" },
    { "http_arena_bytes_max", NUMBER, FIELD(http_arena_bytes_max), "67108864", 1048576, 1073741824, "memory of one request" },
    { "http_connections_max", NUMBER, FIELD(http_connections_max), "1024", 8, 65536, "open connections" },
    { "http_connections_per_ip_max", NUMBER, FIELD(http_connections_per_ip_max), "0", 0, 65536, "open connections of one address; 0: no limit of its own" },
    { "http_allowed_hosts", TEXT, FIELD(http_allowed_hosts), NULL, 0, 0, "names served beside loopback's own while bound to loopback, as in shop.example,other.example; * for all" },
    { "http_timeout_s", NUMBER, FIELD(http_timeout_s), "30", 1, 3600, "an idle connection is closed after this" },
    { "trust_browser_orders", SWITCH, FIELD(trust_browser_orders), "false", 0, 1, "orders and returns by write key alone count as real ones: for shops whose orders only the browser reports" },
    { "people_bytes_max", NUMBER, FIELD(people_bytes_max), "268435456", 1048576, INT64_C(1099511627776), "profiles kept in memory" },
    { "people_dirty_bytes_max", NUMBER, FIELD(people_dirty_bytes_max), "134217728", 1048576, INT64_C(1099511627776), "changed profiles that wait for a checkpoint; past it collecting waits" },
    { "identity_bytes_max", NUMBER, FIELD(identity_bytes_max), "67108864", 1048576, INT64_C(1099511627776), "identity keys kept in memory" },
    { "customers_bytes_max", NUMBER, FIELD(customers_bytes_max), "134217728", 1048576, INT64_C(1099511627776), "merged customers kept in memory" },
    { "phone_country", TEXT, FIELD(phone_country), NULL, 0, 0, "country calling code, such as 49, of phone numbers written without one; set it before the first number comes in" },
    { "queue_bytes_max", NUMBER, FIELD(queue_bytes_max), "67108864", 65536, INT64_C(17179869184), "events that wait to be written; past it callers get 429" },
    { "batch_events_max", NUMBER, FIELD(batch_events_max), "5000", 1, 100000, "events of one transaction" },
    { "checkpoint_events", NUMBER, FIELD(checkpoint_events), "120000", 100, 100000000, "profiles are written behind at the latest after so many events" },
    { "checkpoint_rows", NUMBER, FIELD(checkpoint_rows), "2000", 10, 100000, "profiles of one checkpoint transaction" },
    { "store_cache_bytes", NUMBER, FIELD(store_cache_bytes), "16777216", 1048576, INT64_C(17179869184), "page cache of the writing connection" },
    { "wal_bytes_max", NUMBER, FIELD(wal_bytes_max), "268435456", 4194304, INT64_C(17179869184), "the write-ahead log is brought back to zero past this" },
    { "drop_zone", TEXT, FIELD(drop_zone), NULL, 0, 0, "folder whose files a server imports by itself, named as in orders.csv or receipts.tills.csv.gz; default: none" },
    { "drop_zone_poll_s", NUMBER, FIELD(drop_zone_poll_s), "5", 1, 3600, "the folder is looked at this often; a file is read once it was the same twice" },
    { "webhook_private_hosts", SWITCH, FIELD(webhook_private_hosts), "false", 0, 1, "webhooks may be sent to this machine and to private networks, and without TLS" },
    { "receipt_retention_days", NUMBER, FIELD(receipt_retention_days), "90", 1, 36500, "the content of decision receipts is kept so long" },
    { "k_floor", NUMBER, FIELD(k_floor), "10", 1, 10000, "a count of fewer people in a slice is shown as less than that" },
    { "train_bytes_max", NUMBER, FIELD(train_bytes_max), "2147483648", 16777216, INT64_C(1099511627776), "memory of a training run" },
    { "train_threads", NUMBER, FIELD(train_threads), "0", 0, 256, "threads of a training run; 0: one a processor" },
    { "train_interval_s", NUMBER, FIELD(train_interval_s), "3600", 0, 31536000, "a server trains anew so often when events came in; 0: never by itself" },
};
enum { ROWS = sizeof rows / sizeof *rows };

static char    **text_of(kd_settings *s, const setting_row *row) { return (char **)((char *)s + row->offset); }
static int64_t *number_of(kd_settings *s, const setting_row *row) { return (int64_t *)((char *)s + row->offset); }

/* Flags are written with '-' or '_'. */
static const setting_row *find_row(const char *name, size_t len)
{
    for (size_t i = 0; i < ROWS; i++) {
        size_t at = 0;
        while (at < len && rows[i].name[at] != '\0' && (rows[i].name[at] == name[at] || (rows[i].name[at] == '_' && name[at] == '-')))
            at++;
        if (at == len && rows[i].name[at] == '\0')
            return &rows[i];
    }
    return NULL;
}

/* `where` names the flag, the variable, or file and line. Values of secrets never reach the message. */
static kd_status set_row(kd_settings *s, const setting_row *row, const char *value, const char *where, kd_err *err)
{
    if (row->kind == NUMBER) {
        int64_t number;
        if (!kd_str_i64(&number, kd_str_z(value)) || number < row->min || number > row->max)
            return kd_fail_field(err, KD_INVALID, row->name, "%s: %s must be a whole number from %lld to %lld, not \"%.40s\"", where, row->name,
                                 (long long)row->min, (long long)row->max, value);
        *number_of(s, row) = number;
        return KD_OK;
    }
    if (row->kind == SWITCH) {
        const bool on = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
        if (!on && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
            return kd_fail_field(err, KD_INVALID, row->name, "%s: %s must be true or false, not \"%.40s\"", where, row->name, value);
        *number_of(s, row) = on;
        return KD_OK;
    }
    if (value[0] == '\0')
        return kd_fail_field(err, KD_INVALID, row->name, "%s: %s must not be empty", where, row->name);
    char *copy = strdup(value);
    if (copy == NULL)
        return kd_fail_memory(err);
    free(*text_of(s, row));
    *text_of(s, row) = copy;
    return KD_OK;
}

/* inih tells the line of its first error only at the end, whoever made it: count the lines as they are read. */
typedef struct ini_run { kd_settings *settings; FILE *file; int line; bool too_long; kd_status status; kd_err err; } ini_run;

static char *next_line(char *text, int size, void *self)
{
    ini_run *run = self;

    if (run->status != KD_OK || run->too_long || fgets(text, size, run->file) == NULL)
        return NULL;
    run->line++;
    run->too_long = strchr(text, '\n') == NULL && !feof(run->file);
    return run->too_long ? NULL : text;
}

static int on_ini(void *self, const char *section, const char *name, const char *value)
{
    ini_run           *run = self;
    const setting_row *row = find_row(name, strlen(name));

    (void)section; /* sections group for the reader; names are unique */
    if (row == NULL || strcmp(row->name, "config") == 0)
        run->status = kd_fail(&run->err, KD_INVALID, "there is no setting \"%.60s\"; `kunde config` lists them", name);
    else
        run->status = set_row(run->settings, row, value, "set here", &run->err);
    return run->status == KD_OK;
}

static kd_status load_file(kd_settings *s, const char *path, bool must_exist, kd_err *err)
{
    ini_run     run = { .settings = s, .file = fopen(path, "re") };
    struct stat about;
    int         bad_line;

    if (run.file == NULL && !must_exist && errno == ENOENT)
        return KD_OK;
    if (run.file == NULL)
        return kd_fail(err, KD_NOT_FOUND, "cannot read the settings file %.150s: %s", path, strerror(errno));
    if (fstat(fileno(run.file), &about) == 0 && S_ISDIR(about.st_mode)) {
        fclose(run.file);
        return kd_fail(err, KD_INVALID, "cannot read the settings file %.150s: it is a directory", path);
    }
    bad_line = ini_parse_stream(next_line, &run, on_ini, &run);
    const bool failed = ferror(run.file) != 0;
    fclose(run.file);
    if (failed)
        return kd_fail(err, KD_IO, "cannot read the settings file %.150s", path);
    if (bad_line > 0 && (run.status == KD_OK || bad_line < run.line))
        return kd_fail(err, KD_INVALID, "%.150s, line %d: not \"name = value\"", path, bad_line);
    if (run.status != KD_OK)
        return kd_fail_field(err, run.status, run.err.field, "%.100s, line %d: %.120s", path, run.line, run.err.msg);
    if (run.too_long || bad_line != 0)
        return kd_fail(err, KD_INVALID, "%.150s, line %d: too long", path, run.line);
    return KD_OK;
}

static kd_status load_environment(kd_settings *s, bool early, kd_err *err)
{
    for (size_t i = 0; i < ROWS; i++) {
        char        name[64] = "KUNDE_";
        const bool  is_early = strcmp(rows[i].name, "db") == 0 || strcmp(rows[i].name, "config") == 0;
        const char *value;
        for (size_t c = 0; rows[i].name[c] != '\0'; c++)
            name[6 + c] = (char)toupper((unsigned char)rows[i].name[c]);
        if ((early && !is_early) || (value = getenv(name)) == NULL)
            continue;
        const kd_status status = set_row(s, &rows[i], value, name, err);
        if (status != KD_OK)
            return status;
    }
    return KD_OK;
}

/* --name value or --name=value of a known setting; everything else stays in argv. Secrets are no flags. */
static kd_status load_flags(kd_settings *s, int argc, char **argv, int *rest, bool early, kd_err *err)
{
    int kept = 0;

    for (int i = 0; i < argc; i++) {
        const char        *equals = strchr(argv[i], '=');
        const setting_row *row = NULL;
        char               where[80];
        if (strcmp(argv[i], "--") == 0) { /* the rest is not ours */
            while (i < argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (argv[i][0] == '-' && argv[i][1] == '-')
            row = find_row(argv[i] + 2, equals ? (size_t)(equals - argv[i] - 2) : strlen(argv[i] + 2));
        if (row == NULL) {
            argv[kept++] = argv[i];
            continue;
        }
        snprintf(where, sizeof where, "--%s", row->name);
        if (row->kind == SECRET)
            return kd_fail(err, KD_INVALID, "%s shows in process lists: set it in the environment or the settings file", where);
        if (equals == NULL && i + 1 == argc)
            return kd_fail(err, KD_INVALID, "%s needs a value", where);
        const char *value = equals ? equals + 1 : argv[i + 1];
        if (early) {
            argv[kept++] = argv[i];
            if (equals == NULL)
                argv[kept++] = argv[i + 1];
        }
        const kd_status status = set_row(s, row, value, where, err);
        if (status != KD_OK)
            return status;
        i += equals == NULL;
    }
    *rest = kept;
    return KD_OK;
}

/* The database and the settings file must be known before the file can be read; the file gives way to both others. */
kd_status kd_settings_load(kd_settings *out, int argc, char **argv, int *rest, kd_err *err)
{
    kd_settings s = { 0 };
    char       *path = NULL;
    kd_status   status = KD_OK;

    for (size_t i = 0; status == KD_OK && i < ROWS; i++)
        if (rows[i].value != NULL)
            status = set_row(&s, &rows[i], rows[i].value, "default", err);
    if (status == KD_OK)
        status = load_environment(&s, true, err);
    if (status == KD_OK)
        status = load_flags(&s, argc, argv, rest, true, err);
    if (status == KD_OK) {
        if (s.config != NULL)
            path = strdup(s.config);
        else {
            const char *slash = strrchr(s.db, '/');
            if (asprintf(&path, "%.*skunde.ini", slash ? (int)(slash - s.db + 1) : 0, s.db) < 0)
                path = NULL;
        }
        status = path == NULL ? kd_fail_memory(err) : load_file(&s, path, s.config != NULL, err);
    }
    if (status == KD_OK)
        status = load_environment(&s, false, err);
    if (status == KD_OK)
        status = load_flags(&s, argc, argv, rest, false, err);
    if (status == KD_OK && s.key_file == NULL && asprintf(&s.key_file, "%s.key", s.db) < 0)
        status = kd_fail_memory(err);
    free(path);
    if (status != KD_OK)
        kd_settings_free(&s);
    else
        *out = s;
    return status;
}

void kd_settings_free(kd_settings *settings)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == TEXT || rows[i].kind == SECRET) {
            free(*text_of(settings, &rows[i]));
            *text_of(settings, &rows[i]) = NULL;
        }
}

void kd_settings_write_json(const kd_settings *settings, kd_jw *w)
{
    kd_settings *s = (kd_settings *)(uintptr_t)settings; /* read only */

    kd_jw_object(w);
    for (size_t i = 0; i < ROWS; i++) {
        kd_jw_key(w, rows[i].name);
        if (rows[i].kind == NUMBER)
            kd_jw_i64(w, *number_of(s, &rows[i]));
        else if (rows[i].kind == SWITCH)
            kd_jw_bool(w, *number_of(s, &rows[i]) != 0);
        else if (rows[i].kind == SECRET)
            kd_jw_z(w, *text_of(s, &rows[i]) ? "set" : "not set");
        else
            kd_jw_z(w, *text_of(s, &rows[i]));
    }
    kd_jw_object_end(w);
}

void kd_settings_print(const kd_settings *settings, bool as_json, bool as_markdown)
{
    kd_settings *s = (kd_settings *)(uintptr_t)settings; /* read only */

    if (as_json) {
        kd_buf buf;
        kd_jw  w;
        kd_buf_init(&buf, NULL);
        kd_jw_init(&w, &buf);
        kd_settings_write_json(settings, &w);
        printf("%.*s\n", (int)buf.len, buf.ptr);
        kd_buf_free(&buf);
        return;
    }
    if (as_markdown)
        printf("| setting | default | range | what it is |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < ROWS; i++) {
        const setting_row *row = &rows[i];
        if (as_markdown) {
            printf("| `%s` | %s | ", row->name, row->value ? row->value : "");
            if (row->kind == NUMBER)
                printf("%lld to %lld", (long long)row->min, (long long)row->max);
            else
                printf("%s", row->kind == SECRET ? "no flag" : row->kind == SWITCH ? "true or false" : "");
            printf(" | %s |\n", row->about);
        } else if (row->kind == SWITCH)
            printf("%-28s %-14s %s\n", row->name, *number_of(s, row) ? "true" : "false", row->about);
        else if (row->kind == NUMBER)
            printf("%-28s %-14lld %s\n", row->name, (long long)*number_of(s, row), row->about);
        else
            printf("%-28s %-14s %s\n", row->name, row->kind == SECRET ? (*text_of(s, row) ? "(set)" : "(not set)") : *text_of(s, row) ? *text_of(s, row) : "", row->about);
    }
}
