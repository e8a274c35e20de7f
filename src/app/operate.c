/* kunde doctor, backup, config. */
#include "app/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECK_ARENA_BYTES = 256 << 20, PERSONS_CHECKED = 1000, SCAN_ROWS = 200 };

typedef struct operate_options { bool json, markdown; const char *to; } operate_options;

static error_t parse_operate(int key, char *arg, struct argp_state *state)
{
    operate_options *o = state->input;

    (void)arg;
    switch (key) {
    case 'j': o->json = true; return 0;
    case 'm': o->markdown = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_backup(int key, char *arg, struct argp_state *state)
{
    operate_options *o = state->input;

    if (key == ARGP_KEY_ARG && o->to == NULL) {
        o->to = arg;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "one file is enough");
    else if (key == ARGP_KEY_NO_ARGS)
        argp_error(state, "say where the backup goes: kunde backup FILE");
    else
        return parse_operate(key, arg, state);
    return EINVAL;
}

/* ---- doctor ---- */

typedef struct checkup { kd_run *run; bool json; kd_jw *w; unsigned faults; } checkup;

static void say(void *self, bool ok, const char *line)
{
    checkup *c = self;

    c->faults += !ok;
    if (!c->json) {
        kd_print(&c->run->io, "%s  %s\n", ok ? "ok   " : "FAULT", line);
        return;
    }
    kd_jw_object(c->w);
    KD_JW_BOOL(c->w, "ok", ok);
    KD_JW_Z(c->w, "finding", line);
    kd_jw_object_end(c->w);
}

static void check_key_file(checkup *c)
{
    const kd_settings *s = kd_engine_settings(c->run->engine);
    struct stat        about;
    char               line[512];

    if (s->master_key != NULL)
        say(c, true, "the master key comes from the environment or the settings file");
    else if (stat(s->key_file, &about) != 0) {
        snprintf(line, sizeof line, "the master key's file cannot be read: %s", strerror(errno));
        say(c, false, line);
    } else
        say(c, (about.st_mode & 077) == 0, "the master key's file is for its owner only; back it up apart from the database");
}

/* The profile in memory against the profile that the log alone gives. */
static kd_status check_person(bool *same, checkup *c, kd_reader *reader, kd_id id, kd_arena *arena, kd_err *err)
{
    kd_parts              *parts = kd_engine_parts(c->run->engine);
    const kd_profile_caps  caps = kd_profile_caps_default();
    kd_profile             again = { 0 };
    kd_person             *person = NULL;
    kd_buf                 lives, refolded;
    kd_status              status = kd_people_acquire(&person, parts->people, reader, id, err);

    if (status != KD_OK)
        return status;
    kd_buf_init(&lives, arena);
    kd_buf_init(&refolded, arena);
    kd_profile_encode(&lives, &person->profile);
    const int64_t head = person->head; /* the log goes on meanwhile: compare as of this event */
    kd_people_release(parts->people, person);
    status = kd_refold(&again, reader, parts->vault, id, head, &caps, err);
    if (status == KD_OK) {
        kd_profile_encode(&refolded, &again);
        *same = kd_str_eq(kd_buf_str(&lives), kd_buf_str(&refolded));
    }
    kd_profile_free(&again);
    return status;
}

static kd_status check_profiles(checkup *c, kd_reader *reader, kd_err *err)
{
    kd_parts *parts = kd_engine_parts(c->run->engine);
    kd_arena *rows_arena = kd_arena_new(CHECK_ARENA_BYTES), *arena = kd_arena_new(CHECK_ARENA_BYTES);
    kd_status status = rows_arena == NULL || arena == NULL ? kd_fail_memory(err) : KD_OK;
    size_t    checked = 0, differ = 0;
    char      line[160];

    for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(parts->store); group++) {
        int64_t cursor = 0;
        while (status == KD_OK && checked < PERSONS_CHECKED && !kd_cancelled(&c->run->io)) {
            kd_profile_row *rows = NULL;
            size_t          count = 0;
            kd_arena_reset(rows_arena);
            status = kd_reader_profile_scan(&rows, &count, reader, group, &cursor, SCAN_ROWS, rows_arena, err);
            if (status != KD_OK || count == 0)
                break;
            for (size_t i = 0; status == KD_OK && i < count; i++) {
                bool same = true;
                kd_arena_reset(arena);
                status = check_person(&same, c, reader, rows[i].person, arena, err);
                checked++;
                differ += !same;
            }
        }
    }
    kd_arena_free(rows_arena);
    kd_arena_free(arena);
    if (status == KD_OK) {
        snprintf(line, sizeof line, "%zu profiles equal a refold of their events, %zu differ", checked - differ, differ);
        say(c, differ == 0, line);
    }
    return status;
}

static int run_doctor(kd_run *run)
{
    const operate_options *o = run->options;
    kd_parts              *parts = kd_engine_parts(run->engine);
    kd_reader             *reader = NULL;
    kd_buf                 json;
    kd_jw                  w;
    kd_err                 err = { 0 };
    checkup                c = { run, o->json, &w, 0 };

    kd_buf_init(&json, NULL);
    kd_jw_init(&w, &json);
    kd_jw_array(&w);
    kd_status status = kd_ingest_flush(parts->ingest, &err);
    if (status == KD_OK)
        status = kd_reader_open(&reader, parts->store, &err);
    if (status == KD_OK)
        status = kd_store_check(reader, say, &c, &err);
    if (status == KD_OK) {
        check_key_file(&c);
        status = check_profiles(&c, reader, &err);
    }
    if (status == KD_OK) {
        const kd_model *model = kd_recommender_model(parts->recommender);
        say(&c, true, model ? "a recommendation model serves" : "no recommendation model yet: `kunde train` makes one; trending and popular answer meanwhile");
        kd_model_release(model);
    }
    kd_jw_array_end(&w);
    if (o->json)
        kd_print(&run->io, "%.*s\n", (int)json.len, json.ptr);
    kd_buf_free(&json);
    if (reader != NULL)
        kd_reader_close(reader);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    return c.faults == 0 ? KD_EXIT_DONE : KD_EXIT_NOT_SO;
}

/* ---- backup ---- */

static void show_pages(void *self, uint64_t done, uint64_t total) { kd_bar_show(self, "backup", done, total, "pages"); }

/* The caller's working directory, when the command runs in the server. */
static kd_status place_of(char out[4096], const kd_io *io, const char *path, kd_err *err)
{
    char    link[64], folder[2048];
    ssize_t len;

    if (path[0] == '/' || !io->in_server)
        return snprintf(out, 4096, "%s", path) < 4096 ? KD_OK : kd_fail(err, KD_INVALID, "the file's name is too long");
    snprintf(link, sizeof link, "/proc/self/fd/%d", io->cwd);
    if ((len = readlink(link, folder, sizeof folder - 1)) < 0)
        return kd_fail(err, KD_IO, "cannot tell the working directory: %s", strerror(errno));
    folder[len] = '\0';
    return snprintf(out, 4096, "%s/%s", folder, path) < 4096 ? KD_OK : kd_fail(err, KD_INVALID, "the file's name is too long");
}

static int run_backup(kd_run *run)
{
    const operate_options *o = run->options;
    kd_parts              *parts = kd_engine_parts(run->engine);
    char                   path[4096];
    kd_bar                 bar;
    kd_err                 err = { 0 };
    kd_status              status = place_of(path, &run->io, o->to, &err);

    if (status == KD_OK)
        status = kd_ingest_flush(parts->ingest, &err);
    kd_bar_start(&bar, &run->io);
    if (status == KD_OK)
        status = kd_store_backup(parts->store, path, show_pages, &bar, &err);
    kd_bar_end(&bar);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    if (o->json)
        kd_print(&run->io, "{\"backup\":\"done\"}\n");
    else
        kd_print(&run->io, "backed up to %s and checked\n  the master key (%s) is not in it: keep a copy elsewhere\n", o->to,
                 kd_engine_settings(run->engine)->master_key ? "from the settings" : kd_engine_settings(run->engine)->key_file);
    return KD_EXIT_DONE;
}

static int run_config(kd_run *run)
{
    const operate_options *o = run->options;
    kd_settings_print(run->settings, o->json, o->markdown);
    return KD_EXIT_DONE;
}

static const struct argp_option json_flags[] = { { "json", 'j', NULL, 0, "as JSON", 0 }, { 0 } };
static const struct argp_option config_flags[] = { { "json", 'j', NULL, 0, "as JSON", 0 }, { "markdown", 'm', NULL, 0, "as the table of the documentation", 0 }, { 0 } };
static const struct argp doctor_argp = { json_flags, parse_operate, NULL, "Checks the database, the laws of its log, keys and models; says what is wrong and what to do.", NULL, NULL, NULL };
static const struct argp backup_argp = { json_flags, parse_backup, "FILE", "Writes a consistent copy of the database while everything goes on, and checks it.", NULL, NULL, NULL };
static const struct argp config_argp = { config_flags, parse_operate, NULL, "Shows every setting, its value and what it is for.", NULL, NULL, NULL };

const kd_command kd_command_doctor = { "doctor", "check the database and everything beside it", KD_NEED_ENGINE, &doctor_argp, sizeof(operate_options), run_doctor };
const kd_command kd_command_backup = { "backup", "copy the database while it is in use", KD_NEED_ENGINE, &backup_argp, sizeof(operate_options), run_backup };
const kd_command kd_command_config = { "config", "show the settings", KD_NEED_NOTHING, &config_argp, sizeof(operate_options), run_config };
