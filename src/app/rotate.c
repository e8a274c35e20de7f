/* kunde config rotate-key: a new master key, while the server runs or not. */
#include "app/command.h"

#include <inttypes.h>

#include "customer/rotate.h"
#include "trust/audit.h"

typedef struct rotate_options { bool json; } rotate_options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    rotate_options *o = state->input;

    if (key == ARGP_KEY_ARG)
        argp_error(state, "there is nothing to add: %s", arg);
    if (key != 'j')
        return key == ARGP_KEY_ARG ? EINVAL : ARGP_ERR_UNKNOWN;
    o->json = true;
    return 0;
}

static void show_persons(void *self, uint64_t done, uint64_t total) { kd_bar_show(self, "wrapping keys", done, total, "persons"); }

static int run_rotate(kd_run *run)
{
    const rotate_options *o = run->options;
    const kd_actor        who = { .kind = "command" };
    kd_parts             *parts = kd_engine_parts(run->engine);
    kd_rotation           done = { 0 };
    kd_reader            *reader = NULL;
    kd_bar                bar;
    char                  detail[96];
    kd_err                err = { 0 };
    kd_status             status = kd_audit_write(parts->audit, &who, "key.rotate", KD_STR("master"), KD_STR("{\"state\":\"begun\"}"), &err);

    if (status == KD_OK)
        status = kd_reader_open(&reader, parts->store, &err);
    kd_bar_start(&bar, &run->io);
    if (status == KD_OK)
        status = kd_vault_rotate(&done, parts->vault, parts->store, reader, parts->key_file, show_persons, &bar, run->io.cancel, &err);
    kd_bar_end(&bar);
    if (reader)
        kd_reader_close(reader);
    snprintf(detail, sizeof detail, "{\"state\":\"done\",\"rewrapped\":%" PRIu64 "}", done.rewrapped);
    if (status == KD_OK)
        status = kd_audit_write(parts->audit, &who, "key.rotate", KD_STR("master"), kd_str_z(detail), &err);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    if (o->json)
        kd_print(&run->io, "{\"rewrapped\":%" PRIu64 ",\"persons\":%" PRIu64 ",\"resumed\":%s}\n", done.rewrapped, done.persons, done.resumed ? "true" : "false");
    else
        kd_print(&run->io, "the master key is a new one; %" PRIu64 " data keys of %" PRIu64 " persons were wrapped anew%s\n  copy %s to a safe place; backups made before need the old one: %s\n",
                 done.rewrapped, done.persons, done.resumed ? ", going on where it had stopped" : "", parts->key_file, done.old_path);
    return KD_EXIT_DONE;
}

static const struct argp_option flags[] = { { "json", 'j', NULL, 0, "as JSON", 0 }, { 0 } };
static const struct argp rotate_argp = { flags, parse, NULL, "Makes a new master key and wraps every person's data key by it, in slices, while everything goes on. When it is stopped or the machine "
                                         "fails, the same command goes on. The old key stays beside the new one for the backups that need it.", NULL, NULL, NULL };

const kd_command kd_command_rotate = { "config rotate-key", "change the master key", KD_NEED_ENGINE, &rotate_argp, sizeof(rotate_options), run_rotate };
