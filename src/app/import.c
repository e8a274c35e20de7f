/* kunde import: files into events and documents. */
#include "app/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/imported.h"
#include "event/quarantine.h"
#include "insight/sources.h"

enum { FILES_MAX = 256, MAPS_MAX = 128, COLUMN_BYTES = 128, LIST_ROWS = 200, LIST_ARENA_BYTES = 64 << 20 };

typedef struct import_options {
    bool        json, list_quarantine, clear_quarantine, replay_quarantine;
    const char *what;
    kd_import_what kind;
    const char *files[FILES_MAX];
    size_t      file_count;
    kd_feed_map map[MAPS_MAX];
    char        columns[MAPS_MAX][COLUMN_BYTES];
    size_t      map_count, set_count;
    kd_feed_map set[MAPS_MAX];
    char        set_fields[MAPS_MAX][COLUMN_BYTES];
    const char *source, *currency, *utc_offset, *cancel_prefix;
    kd_import_format format;
    kd_import_dates  dates;
    bool        decimal_comma, dry_run;
} import_options;

static error_t add_map(import_options *options, const char *text, struct argp_state *state)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text || equals[1] == '\0') {
        argp_error(state, "--map wants COLUMN=FIELD, not \"%.60s\"", text);
        return EINVAL;
    }
    if (options->map_count == MAPS_MAX) {
        argp_error(state, "more than %d --map", MAPS_MAX);
        return EINVAL;
    }
    if ((size_t)(equals - text) >= COLUMN_BYTES) {
        argp_error(state, "a column's name of more than %d bytes", COLUMN_BYTES - 1);
        return EINVAL;
    }
    char *column = options->columns[options->map_count];
    memcpy(column, text, (size_t)(equals - text));
    options->map[options->map_count++] = (kd_feed_map){ column, equals + 1 };
    return 0;
}

static error_t add_set(import_options *options, const char *text, struct argp_state *state)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text || (size_t)(equals - text) >= COLUMN_BYTES || options->set_count == MAPS_MAX) {
        argp_error(state, "--set wants FIELD=VALUE, at most %d times, not \"%.60s\"", MAPS_MAX, text);
        return EINVAL;
    }
    char *field = options->set_fields[options->set_count];
    memcpy(field, text, (size_t)(equals - text));
    options->set[options->set_count++] = (kd_feed_map){ equals + 1, field };
    return 0;
}

static error_t take_word(int *out, const char *arg, const char *const *words, int count, const char *flag, struct argp_state *state)
{
    for (int i = 0; i < count; i++)
        if (strcmp(arg, words[i]) == 0) {
            *out = i + 1;
            return 0;
        }
    argp_error(state, "--%s must be %s or %s, not \"%.40s\"", flag, words[0], words[1], arg);
    return EINVAL;
}

/* What it is, then the files. */
static error_t take_argument(import_options *options, const char *text, struct argp_state *state)
{
    if (options->what != NULL && options->file_count < FILES_MAX) {
        options->files[options->file_count++] = text;
        return 0;
    }
    if (options->what != NULL)
        argp_error(state, "more than %d files in one command", FILES_MAX);
    else if (kd_import_what_parse(&options->kind, kd_str_z(text)) == KD_OK) {
        options->what = text;
        return 0;
    } else
        argp_error(state, "cannot import \"%.40s\": it must be orders, receipts, products, customers, events, contacts, points, texts, consents, campaigns, coupons, content, places, postal, weather, calendar or mentions", text);
    return EINVAL;
}

static error_t parse_import(int key, char *arg, struct argp_state *state)
{
    static const char *const formats[] = { "csv", "jsonl" }, *const dates[] = { "dmy", "mdy" }; /* in the order of their enums */
    import_options          *options = state->input;
    int                      word = 0;

    switch (key) {
    case 'j': options->json = true; return 0;
    case 'f':
        if (take_word(&word, arg, formats, 2, "format", state) != 0)
            return EINVAL;
        options->format = (kd_import_format)word;
        return 0;
    case 'D':
        if (take_word(&word, arg, dates, 2, "dates", state) != 0)
            return EINVAL;
        options->dates = (kd_import_dates)word;
        return 0;
    case 'C': options->cancel_prefix = arg; return 0;
    case 'm': return add_map(options, arg, state);
    case 'S': return add_set(options, arg, state);
    case 's': options->source = arg; return 0;
    case 'c': options->currency = arg; return 0;
    case 'u': options->utc_offset = arg; return 0;
    case 'd': options->decimal_comma = true; return 0;
    case 'n': options->dry_run = true; return 0;
    case 'q': options->list_quarantine = true; return 0;
    case 'R': options->replay_quarantine = options->list_quarantine = true; return 0;
    case 'Q': options->clear_quarantine = true; return 0;
    case ARGP_KEY_ARG: return take_argument(options, arg, state);
    case ARGP_KEY_END:
        if (options->list_quarantine || options->clear_quarantine || options->file_count != 0)
            return 0;
        argp_error(state, "say what to import and from which file");
        return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option import_flags[] = {
    { "map", 'm', "COLUMN=FIELD", 0, "read this column of the file as that field; may be repeated", 0 },
    { "set", 'S', "FIELD=VALUE", 0, "what a field is where a row leaves it empty; {line} in it is the row's line; may be repeated", 0 },
    { "source", 's', "NAME", 0, "who sends the file (till, newsletter, ...): part of every id made from it; default: the kind of data", 0 },
    { "currency", 'c', "CODE", 0, "of amounts that carry none; default EUR", 0 },
    { "utc-offset", 'u', "+HH:MM", 0, "of times without a zone; default +00:00", 0 },
    { "dates", 'D', "dmy|mdy", 0, "what comes first in dates with slashes; without it 03/04/2026 is refused", 0 },
    { "format", 'f', "csv|jsonl", 0, "default: by the file's name", 0 },
    { "cancel-prefix", 'C', "TEXT", 0, "an invoice of this and digits is a cancelled one; default C; - for none", 0 },
    { "decimal-comma", 'd', NULL, 0, "1,50 is one and a half", 0 },
    { "dry-run", 'n', NULL, 0, "check and count, write nothing", 0 },
    { "quarantine", 'q', NULL, 0, "list the rows that could not be read, with line, field and reason", 0 },
    { "replay", 'R', NULL, 0, "with --quarantine: read those rows again, with the transforms of their sources as they are now (--source: of one)", 0 },
    { "clear-quarantine", 'Q', NULL, 0, "forget those rows", 0 },
    { "json", 'j', NULL, 0, "the outcome as JSON", 0 },
    { 0 },
};
static const struct argp import_argp = { import_flags, parse_import, "orders|receipts|products|customers|events|contacts|points|texts|consents|campaigns|coupons|content|places|postal|weather|calendar|mentions FILE...\n--quarantine [--replay]",
    "Imports files: CSV with a header line, JSON Lines, product feeds (Google Merchant TSV, CSV or XML), also gzipped, zstd-packed or from standard input (-).\v"
    "A row that cannot be read goes to quarantine and the rest goes on. The same file again changes nothing; after an interruption the same command goes on.", NULL, NULL, NULL };

static bool parse_offset(int *minutes, const char *text)
{
    int  hours, rest;
    char sign, end;

    if (text == NULL)
        return true;
    if (sscanf(text, "%c%2d:%2d%c", &sign, &hours, &rest, &end) != 3 || (sign != '+' && sign != '-') || hours < 0 || hours > 14 || rest < 0 || rest > 59)
        return false;
    *minutes = (sign == '-' ? -1 : 1) * (hours * 60 + rest);
    return true;
}

static void show_counts(const kd_io *io, const char *file, const kd_import_counts *c, double seconds)
{
    char money[32] = "";
    int64_t minor = 0;

    kd_print(io, "%s: %llu rows in %.1f s (%.0f rows/s)\n", file, (unsigned long long)c->rows, seconds, seconds > 0 ? (double)c->rows / seconds : 0.0);
    if (c->events != 0)
        kd_print(io, "  events      %llu, of which %llu new and %llu known already\n", (unsigned long long)c->events, (unsigned long long)c->stored, (unsigned long long)c->duplicates);
    if (c->order_lines != 0 || c->return_lines != 0) {
        if (kd_money_from_micro(&minor, c->revenue_micro, c->currency))
            kd_money_format(money, minor, c->currency);
        kd_print(io, "  orders      %llu with %llu lines, %s %s\n", (unsigned long long)c->orders, (unsigned long long)c->order_lines, money, c->currency.code);
        kd_print(io, "  returns     %llu with %llu lines\n", (unsigned long long)c->returns, (unsigned long long)c->return_lines);
        kd_print(io, "  anonymous   %llu lines; %llu without a price; %llu adjustments\n", (unsigned long long)c->anonymous_lines, (unsigned long long)c->zero_price_lines, (unsigned long long)c->adjustments);
    }
    if (c->customers != 0)
        kd_print(io, "  customers   %llu\n", (unsigned long long)c->customers);
    if (c->documents != 0)
        kd_print(io, "  documents   %llu (%llu products), %llu refused\n", (unsigned long long)c->documents, (unsigned long long)c->products, (unsigned long long)c->refused);
    if (c->dropped != 0)
        kd_print(io, "  left out    %llu rows, by the transform of the source\n", (unsigned long long)c->dropped);
    if (c->quarantined != 0)
        kd_print(io, "  quarantine  %llu rows; `kunde import --quarantine` shows them\n", (unsigned long long)c->quarantined);
}

static void show_progress(void *self, const kd_import_counts *counts, uint64_t done, uint64_t total)
{
    (void)counts;
    kd_bar_show(self, "import", done, total, "bytes");
}

static kd_status import_file(kd_import_counts *counts, kd_run *run, const char *file, const kd_importer *to, const kd_import_options *options, kd_err *err)
{
    kd_input *in = NULL;
    kd_bar    bar;
    kd_status status = kd_input_open(&in, run->io.cwd, run->io.in, file, err);

    if (status != KD_OK)
        return status;
    kd_bar_start(&bar, &run->io);
    status = kd_import_run(counts, to, in, file, options, show_progress, &bar, run->io.cancel, err);
    kd_bar_end(&bar);
    kd_input_close(in);
    return status;
}

static int list_quarantine(kd_run *run, kd_reader *reader)
{
    const import_options *options = run->options;
    kd_parts             *parts = kd_engine_parts(run->engine);
    kd_arena             *arena = kd_arena_new(LIST_ARENA_BYTES);
    kd_id                 after = { 0 };
    kd_err                err = { 0 };
    kd_status             status = arena == NULL ? kd_fail_memory(&err) : KD_OK;

    while (status == KD_OK && !kd_cancelled(&run->io)) {
        kd_quarantined *rows = NULL;
        size_t          count = 0;
        kd_arena_reset(arena);
        status = kd_quarantine_list(&rows, &count, reader, parts->vault, after, LIST_ROWS, arena, &err);
        if (status != KD_OK || count == 0)
            break;
        after = rows[count - 1].id;
        for (size_t i = 0; i < count; i++) {
            const kd_quarantined *row = &rows[i];
            if (!options->json) {
                kd_print(&run->io, "%.*s line %llu, %.*s: %.*s\n    ", (int)row->file.len, row->file.ptr, (unsigned long long)row->line, (int)row->field.len,
                         row->field.ptr, (int)row->reason.len, row->reason.ptr);
                kd_print_plain(&run->io, row->raw, 200);
                kd_print(&run->io, "\n");
                continue;
            }
            kd_buf buf;
            kd_jw  w;
            kd_buf_init(&buf, arena);
            kd_jw_init(&w, &buf);
            kd_jw_object(&w);
            KD_JW_STR(&w, "file", row->file);
            KD_JW_STR(&w, "what", row->what);
            KD_JW_I64(&w, "line", (int64_t)row->line);
            KD_JW_STR(&w, "field", row->field);
            KD_JW_STR(&w, "reason", row->reason);
            KD_JW_STR(&w, "raw", row->raw);
            kd_jw_object_end(&w);
            kd_buf_add_byte(&buf, '\n');
            kd_print_str(&run->io, kd_buf_str(&buf));
        }
    }
    kd_arena_free(arena);
    return status == KD_OK ? KD_EXIT_DONE : kd_report(&run->io, &err);
}

typedef struct replay_counts { size_t replayed, refused; kd_replay_outcome sum; } replay_counts;

static kd_status replay_page(replay_counts *n, kd_id *after, bool *more, kd_run *run, const kd_importer *to, kd_arena *arena, kd_err *err)
{
    const import_options *options = run->options;
    kd_held              *rows = NULL;
    size_t                count = 0;
    kd_status             status = kd_held_list(&rows, &count, after, to->reader, to->vault, kd_str_z(options->source), *after, LIST_ROWS, arena, err);

    *more = status == KD_OK && !kd_id_is_nil(*after);
    for (size_t i = 0; status == KD_OK && i < count && !kd_cancelled(&run->io); i++) {
        kd_replay_outcome one;
        kd_err            why = { 0 };
        const kd_status   s = kd_held_replay(&one, to, &rows[i], (kd_str){ 0 }, &why);
        if (s == KD_OK) {
            n->replayed++;
            n->sum.stored += one.stored;
            n->sum.duplicates += one.duplicates;
            n->sum.dropped += one.dropped;
        } else if (s == KD_INVALID || s == KD_LIMIT || s == KD_CONFLICT || s == KD_DENIED) {
            n->refused++;
        } else {
            status = s;
            *err = why;
        }
    }
    return status;
}

static int replay_quarantine(kd_run *run, kd_reader *reader, const kd_sources *sources, const kd_policy *policy)
{
    const import_options *options = run->options;
    kd_parts             *parts = kd_engine_parts(run->engine);
    const kd_importer     to = { parts->store, reader, parts->ingest, parts->catalog, parts->vault, parts->clock, sources, policy };
    kd_arena             *arena = kd_arena_new(LIST_ARENA_BYTES);
    replay_counts         n = { 0 };
    kd_id                 after = { 0 };
    bool                  more = true;
    kd_err                err = { 0 };
    kd_status             status = arena == NULL ? kd_fail_memory(&err) : kd_watch_flush(parts->watch, &err);

    while (status == KD_OK && more && !kd_cancelled(&run->io)) {
        kd_arena_reset(arena);
        status = replay_page(&n, &after, &more, run, &to, arena, &err);
    }
    kd_arena_free(arena);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    kd_print(&run->io, options->json ? "{\"replayed\":%zu,\"stillRefused\":%zu,\"stored\":%zu,\"duplicates\":%zu,\"dropped\":%zu}\n"
                                     : "%zu rows replayed, %zu still refused; %zu events new, %zu known already, %zu rows left out by a transform\n",
             n.replayed, n.refused, n.sum.stored, n.sum.duplicates, n.sum.dropped);
    return KD_EXIT_DONE;
}

static int import_files(kd_run *run, kd_reader *reader, const kd_sources *sources, const kd_policy *policy)
{
    const import_options *o = run->options;
    kd_parts             *parts = kd_engine_parts(run->engine);
    const kd_importer     to = { parts->store, reader, parts->ingest, parts->catalog, parts->vault, parts->clock, sources, policy };
    kd_import_options     options = { .what = o->kind, .source = kd_str_z(o->source), .map = o->map, .map_count = o->map_count, .set = o->set, .set_count = o->set_count, .decimal_comma = o->decimal_comma, .dry_run = o->dry_run,
                                  .format = o->format, .dates = o->dates, .cancel_prefix = kd_str_z(o->cancel_prefix) };
    kd_err                err = { 0 };
    kd_buf                json;
    kd_jw                 w;
    int                   exit_code = KD_EXIT_DONE;

    if (!parse_offset(&options.utc_offset_min, o->utc_offset)) {
        kd_fail_field(&err, KD_INVALID, "utc-offset", "--utc-offset must look like +01:00");
        return kd_report(&run->io, &err);
    }
    if (!kd_currency_parse(&options.currency, kd_str_z(o->currency ? o->currency : "EUR"))) {
        kd_fail_field(&err, KD_INVALID, "currency", "--currency must be three letters, as in EUR");
        return kd_report(&run->io, &err);
    }
    kd_buf_init(&json, NULL);
    kd_jw_init(&w, &json);
    kd_jw_array(&w);
    for (size_t i = 0; i < o->file_count && exit_code == KD_EXIT_DONE; i++) {
        kd_import_counts counts = { 0 };
        const int64_t    from = kd_monotonic_us();
        const kd_status  status = import_file(&counts, run, o->files[i], &to, &options, &err);
        if (!o->dry_run)
            kd_imported_note(parts, kd_import_what_name(o->kind), o->source, o->files[i], &counts, kd_monotonic_us() - from, status != KD_OK);
        if (o->json)
            kd_jw_object(&w), KD_JW_Z(&w, "file", o->files[i]), kd_imported_write(&w, &counts), kd_jw_object_end(&w);
        else if (status == KD_OK)
            show_counts(&run->io, o->files[i], &counts, (double)(kd_monotonic_us() - from) / 1e6);
        if (status != KD_OK)
            exit_code = kd_report(&run->io, &err);
        else if (counts.cancelled) {
            kd_complain(&run->io, "kunde: the import was interrupted: the server stops\n  the same command goes on where it ended\n");
            exit_code = KD_EXIT_NOT_SO;
        }
    }
    kd_jw_array_end(&w);
    if (o->json)
        kd_print(&run->io, "%.*s\n", (int)json.len, json.ptr);
    kd_buf_free(&json);
    return exit_code;
}

static int run_import(kd_run *run)
{
    import_options *options = run->options;
    kd_parts       *parts = kd_engine_parts(run->engine);
    kd_reader      *reader = NULL;
    kd_err          err = { 0 };
    size_t          cleared = 0;
    int             exit_code;

    if (kd_reader_open(&reader, parts->store, &err) != KD_OK)
        return kd_report(&run->io, &err);
    if (options->clear_quarantine) {
        if (kd_quarantine_clear(parts->store, reader, &cleared, &err) != KD_OK)
            exit_code = kd_report(&run->io, &err);
        else {
            kd_print(&run->io, "forgot %zu rows\n", cleared);
            exit_code = KD_EXIT_DONE;
        }
    } else {
        const kd_sources *sources = kd_parts_sources(parts);
        const kd_policy  *policy = kd_parts_policy(parts);
        exit_code = !options->list_quarantine ? import_files(run, reader, sources, policy) : options->replay_quarantine ? replay_quarantine(run, reader, sources, policy) : list_quarantine(run, reader);
        kd_sources_release(sources);
        kd_policy_release(policy);
    }
    kd_reader_close(reader);
    return exit_code;
}

const kd_command kd_command_import = { "import", "bring in orders, receipts, products, customers, campaigns, contacts, points, texts, events, weather, ... from files", KD_NEED_ENGINE, &import_argp, sizeof(import_options), run_import };
