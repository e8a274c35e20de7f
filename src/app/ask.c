/* kunde recommend, kunde decide: the API's answers on the command line. */
#include "app/command.h"

#include <errno.h>

enum { PRODUCTS_MAX = 100, PLACEMENTS_MAX = 32, ANSWER_ARENA_BYTES = 64 << 20, KEYS_TRIED = 4 };

typedef struct ask_options {
    bool        json, receipt;
    const char *customer, *anonymous, *recipe, *channel, *language;
    kd_str      products[PRODUCTS_MAX];
    size_t      product_count;
    kd_str      placements[PLACEMENTS_MAX];
    size_t      placement_count;
    int64_t     count;
} ask_options;

static error_t parse_ask(int key, char *arg, struct argp_state *state)
{
    ask_options *o = state->input;

    switch (key) {
    case 'j': o->json = true; return 0;
    case 'u': o->customer = arg; return 0;
    case 'a': o->anonymous = arg; return 0;
    case 'r': o->recipe = arg; return 0;
    case 'l': o->language = arg; return 0;
    case 'c': o->channel = arg; return 0;
    case 'R': o->receipt = true; return 0;
    case 'n':
        if (kd_str_i64(&o->count, kd_str_z(arg)) && o->count >= 1 && o->count <= 100)
            return 0;
        argp_error(state, "--count must be a whole number from 1 to 100");
        return EINVAL;
    case 'p':
        if (o->product_count < PRODUCTS_MAX) {
            o->products[o->product_count++] = kd_str_z(arg);
            return 0;
        }
        argp_error(state, "more than %d --product", PRODUCTS_MAX);
        return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_decide(int key, char *arg, struct argp_state *state)
{
    ask_options *o = state->input;

    if (key == ARGP_KEY_ARG && o->placement_count < PLACEMENTS_MAX) {
        o->placements[o->placement_count++] = kd_str_z(arg);
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "more than %d placements", PLACEMENTS_MAX);
    else if (key == ARGP_KEY_NO_ARGS)
        argp_error(state, "name at least one placement; a new shop has home, product, cart, trending and service");
    else
        return parse_ask(key, arg, state);
    return EINVAL;
}

#define WHO_FLAGS                                                                                                     \
    { "customer", 'u', "ID", 0, "a user id, e-mail or card", 0 }, { "anonymous", 'a', "ID", 0, "an anonymous id", 0 }, \
    { "product", 'p', "ID", 0, "the product looked at, or one in the cart; may be repeated", 0 },                      \
    { "language", 'l', "LANG", 0, "of the reasons: en or de", 0 }, { "json", 'j', NULL, 0, "the API's answer as it is", 0 }

static const struct argp_option recommend_flags[] = {
    WHO_FLAGS,
    { "recipe", 'r', "NAME", 0, "for-you, also-bought, also-viewed, viewed-then-bought, cart, popular, trending, recently-viewed", 0 },
    { "count", 'n', "N", 0, "how many; default 10", 0 },
    { 0 },
};
static const struct argp_option decide_flags[] = {
    WHO_FLAGS,
    { "channel", 'c', "NAME", 0, "web, app, store, email, server; default server", 0 },
    { "receipt", 'R', NULL, 0, "keep a receipt, as the API does", 0 },
    { 0 },
};
static const struct argp recommend_argp = { recommend_flags, parse_ask, NULL, "Recommends products for a person, with the reasons.", NULL, NULL, NULL };
static const struct argp decide_argp = { decide_flags, parse_decide, "PLACEMENT...", "Decides what a person sees at one or more placements, with the reasons.", NULL, NULL, NULL };

static void show_column(const kd_io *io, kd_str text, int columns)
{
    const int taken = kd_print_plain(io, text, columns);
    kd_print(io, "%*s", columns - taken + 1, "");
}

static void show_items(const kd_io *io, const kd_json *items)
{
    int place = 0;

    for (const kd_json *item = items ? items->child : NULL; item != NULL; item = item->next) {
        const kd_str id = kd_json_text(kd_json_get(item, "productId"));
        const kd_str title = kd_json_text(kd_json_get(item, "title"));
        const kd_str price = kd_json_text(kd_json_get(item, "price"));
        const kd_str currency = kd_json_text(kd_json_get(item, "currency"));
        const kd_str size = kd_json_text(kd_json_get(item, "size"));
        const kd_json *reasons = kd_json_get(item, "reasons");
        kd_print(io, "%3d  ", ++place);
        show_column(io, id, 16);
        show_column(io, title, 44);
        kd_print(io, "%10.*s %.*s%s", (int)price.len, price.ptr, (int)currency.len, currency.ptr, size.len ? "  size " : "");
        kd_print_plain(io, size, 20);
        kd_print(io, "\n");
        for (const kd_json *reason = reasons ? reasons->child : NULL; reason != NULL; reason = reason->next) {
            const kd_str text = kd_json_text(kd_json_get(reason, "text"));
            const kd_str weight = kd_json_text(kd_json_get(reason, "weight"));
            kd_print(io, "       ");
            kd_print_plain(io, text, 160);
            kd_print(io, " (%.*s)\n", (int)weight.len, weight.ptr);
        }
    }
    if (place == 0)
        kd_print(io, "  nothing\n");
}

static int show_answer(kd_run *run, kd_str answer, kd_arena *arena)
{
    const ask_options *o = run->options;
    const kd_json     *json = NULL;
    kd_err             err = { 0 };

    if (o->json) {
        kd_print_str(&run->io, answer);
        kd_print(&run->io, "\n");
        return KD_EXIT_DONE;
    }
    if (kd_json_parse(&json, arena, answer.ptr, answer.len, &err) != KD_OK)
        return kd_report(&run->io, &err);
    const kd_json *decisions = kd_json_get(json, "decisions");
    if (decisions == NULL)
        show_items(&run->io, kd_json_get(json, "items"));
    for (const kd_json *decision = decisions ? decisions->child : NULL; decision != NULL; decision = decision->next) {
        const kd_str   placement = kd_json_text(kd_json_get(decision, "placement"));
        const kd_str   kind = kd_json_text(kd_json_get(decision, "kind"));
        const kd_json *content = kd_json_get(decision, "content");
        kd_print(&run->io, "%.*s: %.*s\n", (int)placement.len, placement.ptr, (int)kind.len, kind.ptr);
        if (kd_str_is(kind, "content") && content != NULL)
            kd_print(&run->io, "  %.*s\n", (int)content->raw.len, content->raw.ptr);
        else
            show_items(&run->io, kd_json_get(decision, "items"));
    }
    return KD_EXIT_DONE;
}

/* What was typed after --customer may be any proven key; the strongest that is known answers. */
static kd_status make_keys(kd_key *keys, size_t *count, const ask_options *o, const kd_vault *vault, kd_err *err)
{
    static const kd_key_type tried[] = { KD_KEY_USER, KD_KEY_CARD, KD_KEY_EMAIL };
    kd_status                status = KD_OK;

    *count = 0;
    for (size_t i = 0; o->customer != NULL && i < sizeof tried / sizeof *tried; i++)
        if ((status = kd_key_make(&keys[*count], vault, tried[i], kd_str_z(o->customer), err)) == KD_OK)
            ++*count;
    if (o->customer != NULL && *count == 0)
        return status;
    if (o->anonymous != NULL) {
        if ((status = kd_key_make(&keys[*count], vault, KD_KEY_ANONYMOUS, kd_str_z(o->anonymous), err)) != KD_OK)
            return status;
        ++*count;
    }
    return KD_OK;
}

static int ask(kd_run *run, bool is_decide)
{
    const ask_options *o = run->options;
    kd_parts          *parts = kd_engine_parts(run->engine);
    kd_arena          *arena = kd_arena_new(ANSWER_ARENA_BYTES);
    kd_reader         *reader = NULL;
    kd_key             keys[KEYS_TRIED];
    kd_err             err = { 0 };
    kd_question        question = {
        .keys = keys, .channel = KD_CHANNEL_SERVER, .placements = o->placements, .placement_count = o->placement_count, .recipe = KD_RECIPE_FOR_YOU,
        .count = o->count != 0 ? (size_t)o->count : 10, .products = o->products, .product_count = o->product_count,
        .language = o->language ? kd_str_z(o->language) : KD_STR("en"), .explain = true, .receipt = o->receipt,
    };
    kd_buf    answer;
    kd_status status = arena == NULL ? kd_fail_memory(&err) : kd_reader_open(&reader, parts->store, &err);

    if (status == KD_OK && o->recipe != NULL)
        status = kd_recipe_parse(&question.recipe, kd_str_z(o->recipe), &err);
    if (status == KD_OK && o->channel != NULL && kd_channel_parse(&question.channel, kd_str_z(o->channel)) != KD_OK)
        status = kd_fail_field(&err, KD_INVALID, "channel", "--channel must be web, app, store, email or server");
    if (status == KD_OK)
        status = make_keys(keys, &question.key_count, o, parts->vault, &err);
    int exit_code;
    if (status == KD_OK) {
        kd_buf_init(&answer, arena);
        status = (is_decide ? kd_answer_decide : kd_answer_recommend)(&answer, parts, reader, &question, arena, &err);
    }
    exit_code = status == KD_OK ? show_answer(run, kd_buf_str(&answer), arena) : kd_report(&run->io, &err);
    if (reader != NULL)
        kd_reader_close(reader);
    kd_arena_free(arena);
    return exit_code;
}

static int run_recommend(kd_run *run) { return ask(run, false); }
static int run_decide(kd_run *run) { return ask(run, true); }

const kd_command kd_command_recommend = { "recommend", "recommend products for a person, with reasons", KD_NEED_ENGINE, &recommend_argp, sizeof(ask_options), run_recommend };
const kd_command kd_command_decide = { "decide", "decide what a person sees at a placement", KD_NEED_ENGINE, &decide_argp, sizeof(ask_options), run_decide };
