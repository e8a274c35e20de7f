/* kunde export, erase: what a person may ask for, on the command line. */
#include "app/command.h"

#include <errno.h>
#include <unistd.h>

#include "trust/audit.h"
#include "trust/erase.h"
#include "trust/export.h"

typedef struct rights_options { bool json; const char *customer, *out; } rights_options;
enum { RIGHTS_ARENA_BYTES = 64 << 20, ERASE_WAIT_MS = 600000 };

static error_t parse_rights(int key, char *arg, struct argp_state *state)
{
    rights_options *o = state->input;
    switch (key) {
    case 'j': o->json = true; return 0;
    case 'u': o->customer = arg; return 0;
    case 'o': o->out = arg; return 0;
    case ARGP_KEY_END:
        if (o->customer == NULL)
            argp_error(state, "say whose: --customer ID");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

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

static kd_status note(kd_parts *parts, const char *verb, kd_id id, kd_err *err)
{
    const kd_actor who = { .kind = "command" };
    char           text[KD_ID_TEXT];
    kd_id_format(text, id);
    return kd_audit_write(parts->audit, &who, verb, kd_str_z(text), (kd_str){ 0 }, err);
}

static int run_export(kd_run *run)
{
    const rights_options *o = run->options;
    kd_parts             *parts = kd_engine_parts(run->engine);
    const char           *name = o->out ? o->out : "export.zip";
    char                  path[4096];
    kd_reader            *reader = NULL;
    kd_id                 person;
    kd_err                err = { 0 };
    kd_status             status = place_of(path, &run->io, name, &err);

    if (status == KD_OK)
        status = kd_reader_open(&reader, parts->store, &err);
    if (status == KD_OK)
        status = kd_answer_find(&person, parts, reader, kd_str_z(o->customer), &err);
    if (status == KD_OK)
        status = note(parts, "person.export", person, &err);
    if (status == KD_OK)
        status = kd_export_zip(parts->rights, reader, person, path, &err);
    if (reader != NULL)
        kd_reader_close(reader);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    if (o->json)
        kd_print(&run->io, "{\"export\":\"done\"}\n");
    else
        kd_print(&run->io, "exported to %s\n", name);
    return KD_EXIT_DONE;
}

static kd_status erase(kd_right_case *c, kd_run *run, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    const rights_options *o = run->options;
    kd_parts             *parts = kd_engine_parts(run->engine);
    kd_id                 person, request = { 0 };
    kd_status             status = kd_answer_find(&person, parts, reader, kd_str_z(o->customer), err);

    if (status == KD_OK)
        status = note(parts, "person.erase", person, err);
    if (status == KD_OK)
        status = kd_erase_start(&request, parts->rights, reader, person, KD_STR("command"), err);
    if (status == KD_OK)
        status = kd_erase_wait(parts->rights, reader, request, ERASE_WAIT_MS, err);
    return status == KD_OK ? kd_rights_get(c, parts->rights, reader, request, arena, err) : status;
}

static int run_erase(kd_run *run)
{
    const rights_options *o = run->options;
    kd_arena             *arena = kd_arena_new(RIGHTS_ARENA_BYTES);
    kd_reader            *reader = NULL;
    kd_right_case         c = { 0 };
    kd_err                err = { 0 };
    kd_status             status = arena ? kd_reader_open(&reader, kd_engine_parts(run->engine)->store, &err) : kd_fail_memory(&err);

    if (status == KD_OK)
        status = erase(&c, run, reader, arena, &err);
    if (status == KD_OK) {
        if (!o->json)
            kd_print(&run->io, "erased; the receipt:\n");
        kd_print_str(&run->io, c.receipt);
        kd_print(&run->io, "\n");
    }
    if (reader != NULL)
        kd_reader_close(reader);
    kd_arena_free(arena);
    return status == KD_OK ? KD_EXIT_DONE : kd_report(&run->io, &err);
}

#define WHO { "customer", 'u', "ID", 0, "a person id, user id, e-mail, card or another identity", 0 }, { "json", 'j', NULL, 0, "as JSON", 0 }
static const struct argp_option export_flags[] = { WHO, { "out", 'o', "FILE", 0, "where the ZIP goes; default export.zip", 0 }, { 0 } };
static const struct argp_option erase_flags[] = { WHO, { 0 } };
static const struct argp export_argp = { export_flags, parse_rights, NULL, "Writes everything that is known of a customer into a ZIP of JSON.", NULL, NULL, NULL };
static const struct argp erase_argp = { erase_flags, parse_rights, NULL, "Erases a customer: profile, events, keys, traces. Prints a signed receipt. It cannot be undone.", NULL, NULL, NULL };
const kd_command kd_command_export = { "export", "write all that is known of a customer into a ZIP", KD_NEED_ENGINE, &export_argp, sizeof(rights_options), run_export };
const kd_command kd_command_erase = { "erase", "erase a customer, with a signed receipt", KD_NEED_ENGINE, &erase_argp, sizeof(rights_options), run_erase };
