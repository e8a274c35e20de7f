/* kunde doctor, backup, config. */
#include "app/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "insight/doctor.h"

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

typedef struct checkup { const kd_io *io; bool json; kd_jw *w; unsigned faults; } checkup;

static void say(void *self, bool ok, const char *line)
{
    checkup *c = self;

    c->faults += !ok;
    if (!c->json) {
        kd_print(c->io, "%s  %s\n", ok ? "ok   " : "FAULT", line);
        return;
    }
    kd_jw_object(c->w);
    KD_JW_BOOL(c->w, "ok", ok);
    KD_JW_Z(c->w, "finding", line);
    kd_jw_object_end(c->w);
}

static int run_doctor(kd_run *run)
{
    const operate_options *o = run->options;
    const kd_parts        *parts = kd_engine_parts(run->engine);
    const kd_doctor_case   about = { .store = parts->store, .ingest = parts->ingest, .people = parts->people, .vault = parts->vault,
                                     .recommender = parts->recommender, .key_file = parts->key_file, .cancel = run->io.cancel };
    kd_buf                 json;
    kd_jw                  w;
    kd_err                 err = { 0 };
    checkup                c = { &run->io, o->json, &w, 0 };

    kd_buf_init(&json, NULL);
    kd_jw_init(&w, &json);
    kd_jw_array(&w);
    const kd_status status = kd_doctor(&about, say, NULL, &c, &err);
    kd_jw_array_end(&w);
    if (o->json)
        kd_print(&run->io, "%.*s\n", (int)json.len, json.ptr);
    kd_buf_free(&json);
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
