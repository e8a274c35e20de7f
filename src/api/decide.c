/* POST /v1/decide and POST /v1/recommend: from the request's JSON to a question. Whose profile may be read is settled here. */
#include "api/handlers.h"

#include <stdio.h>

#include "api/caller.h"

enum { PLACEMENTS_READ_MAX = 64, PRODUCTS_READ_MAX = 200, COUNT_DEFAULT = 10, COUNT_MAX = 100, KEYS = 5, REMOVED_MAX = 30 };

typedef struct asked { /* the question and what it borrows */
    kd_question    question;
    kd_key         keys[KEYS];
    kd_str         placements[PLACEMENTS_READ_MAX];
    kd_str         products[PRODUCTS_READ_MAX];
    const kd_json *json;
    kd_caller      caller;
} asked;

/* ---- who is asked about ------------------------------------------------------------------------------------------------ */
static kd_status customer_text(kd_str *out, const kd_json *customer, const char *name, kd_err *err)
{
    const kd_json *node = kd_json_get(customer, name);
    char           field[48];
    *out = kd_str_trim(kd_json_text(node));
    snprintf(field, sizeof field, "/customer/%s", name);
    if (node && node->type != KD_JSON_NULL && node->type != KD_JSON_STRING && node->type != KD_JSON_NUMBER)
        return kd_fail_field(err, KD_INVALID, field, "must be text");
    if (out->len > KD_KEY_VALUE_MAX)
        return kd_fail_field(err, KD_INVALID, field, "longer than %d bytes", KD_KEY_VALUE_MAX);
    return KD_OK;
}

/* What SDKs send for "nobody" ("null", "undefined") makes no key: the answer is a stranger's, the shopper is served. */
static void add_key(asked *a, const kd_parts *parts, kd_key_type type, kd_str value)
{
    if (value.len && kd_key_make(&a->keys[a->question.key_count], parts->vault, type, value, NULL) == KD_OK)
        a->question.key_count++;
}

/* For those who know our own ids: the dashboard and the shop's servers. */
static kd_status read_person(asked *a, const kd_json *customer, kd_err *err)
{
    kd_str    text;
    kd_status status = customer_text(&text, customer, "personId", err);
    if (status == KD_OK && text.len && !kd_id_parse(&a->question.person, text))
        return kd_fail_field(err, KD_INVALID, "/customer/personId", "must be a person id, a UUID");
    return status;
}

static kd_status read_customer(asked *a, kd_request *request, kd_err *err)
{
    static const struct { const char *name; kd_key_type type; } known[KEYS] = { /* strongest first */
        { "userId", KD_KEY_USER }, { "card", KD_KEY_CARD }, { "email", KD_KEY_EMAIL }, { "phone", KD_KEY_PHONE }, { "anonymousId", KD_KEY_ANONYMOUS },
    };
    const kd_json *customer = kd_json_get(a->json, "customer");
    bool           trusted = a->caller.role != KD_ROLE_WRITE, proven_user = false;
    kd_str         token = kd_json_text(kd_json_get(customer, "userToken")), value;
    kd_status      status = KD_OK;
    if (customer && customer->type != KD_JSON_OBJECT && customer->type != KD_JSON_NULL)
        return kd_fail_field(err, KD_INVALID, "/customer", "must be an object with userId, anonymousId, email, card or phone");
    if (token.len == 0)
        token = kd_request_header(request, "Kunde-User-Token");
    if (trusted)
        status = read_person(a, customer, err);
    else
        a->question.unproven = kd_json_get(customer, "personId") != NULL; /* an id of ours is no proof, and nothing a browser should know */
    if (status != KD_OK)
        return status;
    for (size_t i = 0; i < KEYS; i++) {
        bool allowed = trusted || known[i].type == KD_KEY_ANONYMOUS;
        if ((status = customer_text(&value, customer, known[i].name, err)) != KD_OK)
            return status;
        if (value.len == 0)
            continue;
        if (!allowed && known[i].type == KD_KEY_USER && token.len) {
            allowed = proven_user = kd_user_token_check(request->parts->keys, value, token, request->now_ms, NULL) == KD_OK;
            if (!allowed)
                atomic_fetch_add(&request->parts->counts.tokens_refused, 1);
        }
        if (allowed)
            add_key(a, request->parts, known[i].type, value);
        else
            a->question.unproven = true;
    }
    if (proven_user)
        a->question.unproven = false;
    a->question.public_caller = !trusted;
    a->question.keys = a->keys;
    return KD_OK;
}

/* ---- what is asked ------------------------------------------------------------------------------------------------------ */
/* Strings, or objects with one of `names`. */
static kd_status read_texts(kd_str *out, size_t *count, size_t max, const kd_json *list, const char *field, const char *const *names, kd_err *err)
{
    char at[48];
    *count = 0;
    if (list == NULL || list->type == KD_JSON_NULL)
        return KD_OK;
    if (list->type != KD_JSON_ARRAY)
        return kd_fail_field(err, KD_INVALID, field, "must be an array");
    if (list->count > max)
        return kd_fail_field(err, KD_INVALID, field, "more than %zu entries", max);
    for (const kd_json *node = list->child; node; node = node->next) {
        kd_str text = kd_json_text(node);
        for (size_t i = 0; text.len == 0 && names[i]; i++)
            text = kd_json_text(kd_json_get(node, names[i]));
        snprintf(at, sizeof at, "%s/%zu", field, *count);
        if (text.len == 0 || text.len > KD_KEY_VALUE_MAX)
            return kd_fail_field(err, KD_INVALID, at, "must be text of 1 to %d bytes, or an object with \"%s\"", KD_KEY_VALUE_MAX, names[0]);
        out[(*count)++] = text;
    }
    return KD_OK;
}

static kd_status read_context(asked *a, kd_err *err)
{
    static const char *const names[] = { "id", "productId", "product_id", "sku", NULL };
    const kd_json *context = kd_json_get(a->json, "context"), *products = kd_json_get(a->json, "products"), *channel = kd_json_get(a->json, "channel");
    kd_question   *q = &a->question;
    bool           outside = products != NULL;
    if (context && context->type != KD_JSON_OBJECT && context->type != KD_JSON_NULL)
        return kd_fail_field(err, KD_INVALID, "/context", "must be an object");
    q->channel = a->caller.role == KD_ROLE_WRITE ? KD_CHANNEL_WEB : KD_CHANNEL_SERVER;
    if (channel && channel->type != KD_JSON_NULL && kd_channel_parse(&q->channel, kd_json_text(channel)) != KD_OK)
        return kd_fail_field(err, KD_INVALID, "/channel", "must be web, app, store, email or server");
    q->language = kd_json_text(kd_json_get(context, "language"));
    if (q->language.len == 0)
        q->language = kd_json_text(kd_json_get(context, "locale"));
    q->products = a->products;
    return read_texts(a->products, &q->product_count, PRODUCTS_READ_MAX, outside ? products : kd_json_get(context, "products"),
                      outside ? "/products" : "/context/products", names, err);
}

/* Everything both calls share; NULL when the request is answered already. */
static asked *read_asked(kd_request *request)
{
    asked    *a = KD_NEW(request->arena, asked, 1);
    kd_err    err = { 0 };
    kd_status status;
    request->no_store = true;
    if (a != NULL)
        a->question.gpc = kd_str_is(kd_request_header(request, "Sec-GPC"), "1");
    if (a == NULL) {
        kd_reply_problem(request, kd_fail_memory(&err), &err);
        return NULL;
    }
    a->json = kd_request_json(request, false);
    if (a->json == NULL)
        return NULL;
    status = kd_caller_of(&a->caller, request, kd_json_text(kd_json_get(a->json, "writeKey")), &err);
    if (status == KD_OK)
        status = kd_session_check(&a->caller, KD_SEE, &err);
    if (status == KD_OK)
        status = read_customer(a, request, &err);
    if (status == KD_OK && (a->question.key_count || !kd_id_is_nil(a->question.person)))
        status = kd_session_check(&a->caller, KD_SEE_PEOPLE, &err);
    if (status == KD_OK)
        status = read_context(a, &err);
    if (status == KD_OK)
        return a;
    kd_reply_problem(request, status, &err);
    return NULL;
}

void kd_api_decide(kd_request *request)
{
    static const char *const names[] = { "id", "placement", NULL };
    asked    *a = read_asked(request);
    kd_err    err = { 0 };
    kd_status status;
    if (a == NULL)
        return;
    a->question.placements = a->placements;
    a->question.receipt = true;
    status = read_texts(a->placements, &a->question.placement_count, PLACEMENTS_READ_MAX, kd_json_get(a->json, "placements"), "/placements", names, &err);
    if (status == KD_OK)
        status = kd_answer_decide(&request->out, request->parts, request->reader, &a->question, request->arena, &err);
    kd_reply_json(request, status, &err);
}

/* ---- recommend ------------------------------------------------------------------------------------------------------------ */
static kd_status read_recipe(asked *a, const kd_placement **placement, const kd_placements *placements, kd_err *err)
{
    const kd_json *recipe = kd_json_get(a->json, "recipe"), *named = kd_json_get(a->json, "placement");
    kd_str         id = kd_json_text(named);
    a->question.recipe = KD_RECIPE_FOR_YOU;
    if (recipe && named)
        return kd_fail_field(err, KD_INVALID, "/recipe", "name a recipe or a placement, not both");
    if (recipe)
        return kd_recipe_parse(&a->question.recipe, kd_json_text(recipe), err);
    if (named == NULL)
        return KD_OK;
    *placement = placements ? kd_placements_find(placements, id) : NULL;
    if (*placement == NULL)
        return kd_fail_field(err, KD_NOT_FOUND, "/placement", "there is no placement \"%.*s\"", (int)(id.len < 64 ? id.len : 64), id.len ? id.ptr : "");
    if ((*placement)->kind != KD_PLACEMENT_RECOMMENDATION)
        return kd_fail_field(err, KD_INVALID, "/placement", "this placement shows content, not recommendations");
    a->question.recipe = (*placement)->recipe;
    a->question.filter = &(*placement)->filter;
    a->question.count = (*placement)->count;
    return KD_OK;
}

static kd_status read_list(asked *a, kd_filter *filter, kd_request *request, kd_err *err)
{
    const kd_json *count = kd_json_get(a->json, "count"), *doc = kd_json_get(a->json, "filter");
    int64_t        n = a->question.count ? (int64_t)a->question.count : COUNT_DEFAULT;
    kd_status      status = KD_OK;
    if (count && (!kd_json_i64(&n, count) || n < 1 || n > COUNT_MAX))
        return kd_fail_field(err, KD_INVALID, "/count", "must be a whole number from 1 to %d", COUNT_MAX);
    a->question.count = (size_t)n;
    if (doc) {
        const kd_snapshot *snapshot = kd_snapshot_acquire(request->parts->catalog);
        status = kd_filter_parse(filter, doc, snapshot, request->arena, err);
        kd_snapshot_release(snapshot);
        a->question.filter = filter;
    }
    return status;
}

void kd_api_recommend(kd_request *request)
{
    asked               *a = read_asked(request);
    kd_err               err = { 0 };
    kd_filter            filter = { 0 };
    const kd_placement  *placement = NULL;
    const kd_placements *placements;
    kd_status            status;
    if (a == NULL)
        return;
    placements = kd_parts_placements(request->parts);
    a->question.explain = true;
    if (a->caller.role != KD_ROLE_WRITE && kd_json_bool(kd_json_get(a->json, "explain"), false))
        a->question.removed_max = REMOVED_MAX;
    status = read_recipe(a, &placement, placements, &err);
    if (status == KD_OK)
        status = read_list(a, &filter, request, &err);
    if (status == KD_OK)
        status = kd_answer_recommend(&request->out, request->parts, request->reader, &a->question, request->arena, &err);
    if (placements)
        kd_placements_release(placements);
    kd_reply_json(request, status, &err);
}
