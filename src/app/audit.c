/* kunde audit verify | list | accept: the log of who did what, from a shell. */
#include "app/command.h"

#include <inttypes.h>

#include "trust/audit.h"

typedef enum what { VERIFY = 1, LIST, ACCEPT } what;
typedef struct audit_options { what what; bool json; } audit_options;
enum { LISTED = 50, ARENA_BYTES = 16 * 1024 * 1024 };

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const names[] = { "", "verify", "list", "accept" };
    audit_options *o = state->input;

    switch (key) {
    case 'j': o->json = true; return 0;
    case ARGP_KEY_ARG:
        for (int i = VERIFY; i <= ACCEPT && o->what == 0; i++)
            if (strcmp(arg, names[i]) == 0) {
                o->what = (what)i;
                return 0;
            }
        argp_error(state, "say what: kunde audit verify, list or accept");
        return EINVAL;
    case ARGP_KEY_NO_ARGS: argp_error(state, "say what: kunde audit verify, list or accept"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_verdict(const kd_io *io, const kd_audit_verdict *v, bool json)
{
    kd_buf text;
    kd_jw  w;
    char   newest[25], anchored[25];

    kd_time_format(newest, v->newest_ms);
    kd_time_format(anchored, v->anchored_ms);
    if (!json) {
        if (v->why[0])
            kd_print(io, "NOT WHOLE: %s\n", v->why);
        kd_print(io, "%s%" PRIu64 " entries%s%s; the anchor beside the master key speaks up to entry %" PRIu64 "%s%s\n", v->why[0] ? "" : "ok: ", v->entries,
                 v->newest_ms ? ", the newest of " : "", v->newest_ms ? newest : "", v->anchored, v->anchored_ms ? ", written " : "", v->anchored_ms ? anchored : "");
        if (v->why[0])
            kd_print(io, "  if a backup was restored or the key's file was moved, `kunde audit accept` begins a new anchor and says so in the log\n");
        return;
    }
    kd_buf_init(&text, NULL);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    KD_JW_BOOL(&w, "ok", v->why[0] == '\0');
    KD_JW_I64(&w, "entries", (int64_t)v->entries);
    kd_jw_key(&w, "firstBroken");
    v->broken ? kd_jw_i64(&w, (int64_t)v->broken) : kd_jw_null(&w);
    KD_JW_Z(&w, "why", v->why[0] ? v->why : NULL);
    KD_JW_Z(&w, "newestAt", v->newest_ms ? newest : NULL);
    KD_JW_I64(&w, "anchored", (int64_t)v->anchored);
    KD_JW_Z(&w, "anchoredAt", v->anchored_ms ? anchored : NULL);
    kd_jw_object_end(&w);
    kd_buf_add_byte(&text, '\n');
    kd_print_str(io, kd_buf_str(&text));
    kd_buf_free(&text);
}

static kd_status verify(bool *whole, kd_run *run, kd_reader *reader, kd_err *err)
{
    kd_audit_verdict v;
    kd_status        status = kd_audit_verify(&v, kd_engine_parts(run->engine)->audit, reader, run->io.cancel, err);

    if (status == KD_OK)
        print_verdict(&run->io, &v, ((const audit_options *)run->options)->json);
    *whole = v.why[0] == '\0';
    return status;
}

/* The newest ones, a line each; with --json as they are stored. */
static kd_status list(kd_run *run, kd_reader *reader, kd_err *err)
{
    kd_arena      *arena = kd_arena_new(ARENA_BYTES);
    const kd_json *entries = NULL;
    uint64_t       next;
    kd_buf         text;
    kd_jw          w;
    kd_status      status = arena ? KD_OK : kd_fail_memory(err);

    kd_buf_init(&text, arena);
    kd_jw_init(&w, &text);
    if (status == KD_OK) {
        kd_jw_array(&w);
        status = kd_audit_list(&w, &next, reader, 0, LISTED, (kd_str){ 0 }, (kd_str){ 0 }, arena, err);
        kd_jw_array_end(&w);
    }
    if (status == KD_OK && (status = kd_buf_status(&text, err)) == KD_OK && ((const audit_options *)run->options)->json) {
        kd_print_str(&run->io, kd_buf_str(&text));
        kd_print(&run->io, "\n");
    } else if (status == KD_OK) {
        status = kd_json_parse(&entries, arena, text.ptr, text.len, err);
    }
    for (const kd_json *e = entries ? entries->child : NULL; e; e = e->next) {
        static const char *const columns[] = { "number", "time", "actor", "id", "verb", "object" };
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            kd_print_plain(&run->io, kd_json_text(kd_json_get(e, columns[c])), 64);
            kd_print(&run->io, c + 1 < sizeof columns / sizeof *columns ? "  " : "\n");
        }
    }
    kd_arena_free(arena);
    return status;
}

static int run_audit(kd_run *run)
{
    const audit_options *o = run->options;
    const kd_actor       who = { .kind = "command" };
    kd_parts            *parts = kd_engine_parts(run->engine);
    kd_reader           *reader = NULL;
    bool                 whole = true;
    kd_err               err = { 0 };
    kd_status            status = kd_reader_open(&reader, parts->store, &err);

    if (status == KD_OK && o->what == ACCEPT)
        status = kd_audit_accept(parts->audit, &who, &err);
    if (status == KD_OK && o->what != LIST)
        status = verify(&whole, run, reader, &err);
    if (status == KD_OK && o->what == LIST)
        status = list(run, reader, &err);
    if (reader)
        kd_reader_close(reader);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    return whole ? KD_EXIT_DONE : KD_EXIT_NOT_SO;
}

static const struct argp_option flags[] = { { "json", 'j', NULL, 0, "as JSON", 0 }, { 0 } };
static const struct argp audit_argp = { flags, parse, "verify|list|accept", "verify walks the audit log from its first entry and names the first that is broken or missing (exit 1); list shows the "
                                        "newest; accept begins a new anchor, after a backup was restored, and writes that into the log.", NULL, NULL, NULL };

const kd_command kd_command_audit = { "audit", "verify the log of who did what", KD_NEED_ENGINE, &audit_argp, sizeof(audit_options), run_audit };
