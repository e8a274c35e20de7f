#include "api/shop.h"

#include "api/caller.h"
#include "api/handlers.h"
#include "api/web.h"
#include "demo/demo.h"

enum { TOKEN_HOURS = 12, GLASS_EVENTS = 20, GLASS_ITEMS = 8, GLASS_PLACEMENTS = 8, GLASS_REMOVED = 12, GLASS_PRODUCTS = 20, CATEGORIES_MAX = 256 };

/* ---- the door ------------------------------------------------------------------------------------------------------------ */
bool kd_shop_enter(kd_request *request, bool changes)
{
    request->no_store = true;
    if (!request->parts->demo) {
        kd_reply_error(request, 404, "not_found", "the storefront belongs to a demo; this database is none", "");
        return false;
    }
    if (changes && kd_request_header(request, "Kunde-CSRF").len == 0) {
        kd_reply_error(request, 403, "denied", "the header Kunde-CSRF is missing, which only the shop's own pages can send", "Kunde-CSRF");
        return false;
    }
    return true;
}

void kd_shop_page(kd_request *request)
{
    if (!request->parts->demo)
        kd_reply_error(request, 404, "not_found", "the storefront belongs to a demo; this database is none", "");
    else
        kd_web_send(request, "/shop.html");
}

/* As the browser tag and others make them: a UUID, or its 32 hexadecimal digits alone. */
static bool is_unguessable(kd_str id)
{
    kd_id uuid;
    if (id.len != 32)
        return kd_id_parse(&uuid, id);
    for (size_t i = 0; i < id.len; i++)
        if (!strchr("0123456789abcdefABCDEF", id.ptr[i]) || id.ptr[i] == '\0')
            return false;
    return true;
}

bool kd_shop_visitor(kd_visitor *out, kd_request *request)
{
    const kd_parts *parts = request->parts;
    kd_str          user = kd_request_header(request, "Kunde-User-Id"), anonymous = kd_request_header(request, "Kunde-Anonymous-Id");
    kd_err          err = { 0 };
    kd_status       status = KD_OK;
    *out = (kd_visitor){ .user_id = user, .anonymous_id = anonymous };
    if (user.len) {
        status = kd_user_token_check(parts->keys, user, kd_request_header(request, "Kunde-User-Token"), request->now_ms, &err);
        if (status == KD_OK)
            status = kd_key_make(&out->keys[out->key_count++], parts->vault, KD_KEY_USER, user, &err);
    }
    /* The made-up customers' browsers have ids that can be guessed; those of visitors cannot. */
    if (status == KD_OK && anonymous.len && !is_unguessable(anonymous))
        status = kd_fail_field(&err, KD_INVALID, "Kunde-Anonymous-Id", "must be 128 random bits: a UUID, or 32 hexadecimal digits");
    if (status == KD_OK && anonymous.len)
        status = kd_key_make(&out->keys[out->key_count++], parts->vault, KD_KEY_ANONYMOUS, anonymous, &err);
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    return status == KD_OK;
}

kd_status kd_shop_acquire(kd_person **entry, kd_request *request, const kd_visitor *visitor, kd_err *err)
{
    kd_id     persons[2];
    kd_status status = KD_OK;
    *entry = NULL;
    if (visitor->key_count)
        status = kd_identity_find(persons, request->parts->identity, request->reader, visitor->keys, visitor->key_count, err);
    for (size_t i = 0; i < visitor->key_count && status == KD_OK && *entry == NULL; i++) {
        if (kd_id_is_nil(persons[i]))
            continue;
        status = kd_people_acquire(entry, request->parts->people, request->reader, persons[i], err);
        if (status == KD_NOT_FOUND) {
            *entry = NULL;
            status = KD_OK;
        }
    }
    return status;
}

/* ---- what several answers say --------------------------------------------------------------------------------------------- */
void kd_shop_write_price(kd_jw *w, const char *key, int64_t micro, kd_currency currency)
{
    int64_t minor;
    if (!kd_money_from_micro(&minor, micro, currency))
        return;
    kd_jw_key(w, key);
    kd_jw_fixed(w, minor, kd_currency_exponent(currency));
}

void kd_shop_write_card(kd_jw *w, const kd_product *p, const kd_variant *variant, const kd_catalog *catalog)
{
    const kd_variant *shown = variant ? variant : p->variants;
    kd_price          price;
    KD_JW_STR(w, "id", p->id);
    KD_JW_STR(w, "title", p->title);
    KD_JW_STR(w, "brand", p->brand);
    KD_JW_STR(w, "category", p->category);
    KD_JW_STR(w, "url", p->url);
    KD_JW_STR(w, "image", shown && shown->image.len ? shown->image : p->image);
    if (shown == NULL || !kd_price_of(&price, catalog, shown->row))
        return;
    kd_shop_write_price(w, "price", price.micro, price.currency);
    if (price.list_micro > price.micro)
        kd_shop_write_price(w, "listPrice", price.list_micro, price.currency);
    KD_JW_Z(w, "currency", price.currency.code);
}

static void write_persona(kd_jw *w, const kd_demo_persona *persona)
{
    kd_jw_object(w);
    KD_JW_Z(w, "userId", persona->user_id);
    KD_JW_Z(w, "first", persona->first);
    KD_JW_Z(w, "last", persona->last);
    KD_JW_Z(w, "town", persona->town);
    KD_JW_Z(w, "postalCode", persona->postal_code);
    KD_JW_Z(w, "store", persona->store);
    KD_JW_BOOL(w, "card", persona->card[0] != '\0');
    kd_jw_object_end(w);
}

/* ---- GET /shop/api/start --------------------------------------------------------------------------------------------------- */
static void write_categories(kd_jw *w, const kd_snapshot *s)
{
    struct { kd_str path; uint32_t products; kd_str image; } seen[CATEGORIES_MAX];
    size_t count = 0, at;
    for (uint32_t row = 0; row < kd_snapshot_products(s); row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        if (p->hidden || p->stub || p->category.len == 0)
            continue;
        for (at = 0; at < count && !kd_str_eq(seen[at].path, p->category);)
            at++;
        if (at == CATEGORIES_MAX)
            continue;
        if (at == count) {
            seen[count].path = p->category;
            seen[count].products = 0;
            seen[count++].image = p->image;
        }
        seen[at].products++;
    }
    kd_jw_key(w, "categories");
    kd_jw_array(w);
    for (at = 0; at < count; at++) {
        kd_jw_object(w);
        KD_JW_STR(w, "path", seen[at].path);
        KD_JW_I64(w, "products", seen[at].products);
        KD_JW_STR(w, "image", seen[at].image);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_places(kd_jw *w, const kd_snapshot *s)
{
    kd_jw_key(w, "places");
    kd_jw_array(w);
    for (uint16_t i = 0; i < kd_snapshot_places(s); i++) {
        const kd_place *place = kd_snapshot_place(s, i);
        if (place->closed)
            continue;
        kd_jw_object(w);
        KD_JW_STR(w, "id", place->id);
        KD_JW_STR(w, "name", place->name);
        KD_JW_STR(w, "kind", place->kind);
        if (kd_json_get(place->doc, "address")) {
            kd_jw_key(w, "address");
            kd_jw_node(w, kd_json_get(place->doc, "address"));
        }
        if (kd_json_get(place->doc, "hours")) {
            kd_jw_key(w, "hours");
            kd_jw_node(w, kd_json_get(place->doc, "hours"));
        }
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_contents(kd_jw *w, const kd_snapshot *s)
{
    kd_jw_key(w, "contents");
    kd_jw_array(w);
    for (uint32_t i = 0; i < kd_snapshot_contents(s); i++) {
        const kd_content *content = kd_snapshot_content(s, i);
        const kd_json    *categories = kd_json_get(content->doc, "categories");
        if (content->hidden)
            continue;
        kd_jw_object(w);
        KD_JW_STR(w, "id", content->id);
        KD_JW_STR(w, "kind", content->kind);
        KD_JW_STR(w, "title", content->title);
        KD_JW_STR(w, "category", categories ? kd_json_text(categories->child) : (kd_str){ 0 });
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

void kd_shop_start(kd_request *request)
{
    const kd_snapshot *s;
    kd_jw              w;
    if (!kd_shop_enter(request, false))
        return;
    s = kd_snapshot_acquire(request->parts->catalog);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_STR(&w, "writeKey", kd_keys_first_write(request->parts->keys));
    write_categories(&w, s);
    write_places(&w, s);
    write_contents(&w, s);
    kd_jw_key(&w, "personas");
    kd_jw_array(&w);
    for (size_t i = 0; i < KD_PERSONAS; i++)
        write_persona(&w, &kd_demo_personas[i]);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_reply_json(request, KD_OK, NULL);
}

/* ---- POST /shop/api/login: to be one of the personas ------------------------------------------------------------------------ */
void kd_shop_login(kd_request *request)
{
    const kd_json         *json;
    const kd_demo_persona *persona = NULL;
    const int64_t          expiry_s = request->now_ms / 1000 + TOKEN_HOURS * 3600;
    char                   token[KD_USER_TOKEN];
    kd_jw                  w;
    if (!kd_shop_enter(request, true) || (json = kd_request_json(request, false)) == NULL)
        return;
    for (size_t i = 0; i < KD_PERSONAS; i++)
        if (kd_str_is(kd_json_text(kd_json_get(json, "persona")), kd_demo_personas[i].user_id))
            persona = &kd_demo_personas[i];
    if (persona == NULL) {
        kd_reply_error(request, 404, "not_found", "there is no persona of this id", "/persona");
        return;
    }
    kd_user_token_make(token, request->parts->keys, kd_str_z(persona->user_id), expiry_s);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "persona");
    write_persona(&w, persona);
    KD_JW_Z(&w, "userToken", token);
    KD_JW_I64(&w, "expires", expiry_s);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

/* ---- GET /shop/api/glass: what Kunde sees of exactly this visitor, and what follows from it --------------------------------- */
typedef kd_status (*part_writer)(kd_buf *out, kd_request *request, kd_str person, const kd_visitor *visitor, kd_err *err);

static kd_status profile_part(kd_buf *out, kd_request *request, kd_str person, const kd_visitor *visitor, kd_err *err)
{
    (void)visitor;
    return kd_answer_profile(out, request->parts, request->reader, person, request->arena, err);
}

static kd_status timeline_part(kd_buf *out, kd_request *request, kd_str person, const kd_visitor *visitor, kd_err *err)
{
    (void)visitor;
    return kd_answer_events(out, request->parts, request->reader, person, GLASS_EVENTS, (kd_str){ 0 }, request->arena, err);
}

/* What would be recommended now, and what was taken out on the way: no receipt, nobody is shown it. */
static kd_status why_part(kd_buf *out, kd_request *request, kd_str person, const kd_visitor *visitor, kd_err *err)
{
    const kd_question question = { .keys = visitor->keys, .key_count = visitor->key_count, .channel = KD_CHANNEL_WEB, .recipe = KD_RECIPE_FOR_YOU, .count = GLASS_ITEMS,
                                   .language = kd_request_query(request, "lang"), .explain = true, .removed_max = GLASS_REMOVED, .public_caller = true };
    (void)person;
    return kd_answer_recommend(out, request->parts, request->reader, &question, request->arena, err);
}

static size_t cut_list(kd_str *out, size_t max, kd_str rest)
{
    size_t count = 0;
    while (rest.len && count < max) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        kd_str      one = { rest.ptr, comma ? (size_t)(comma - rest.ptr) : rest.len };
        rest = comma ? (kd_str){ comma + 1, rest.len - one.len - 1 } : (kd_str){ 0 };
        if (one.len)
            out[count++] = one;
    }
    return count;
}

/* What stands at the placements of the page the visitor looks at (?placements=home,cart&products=P00001): the answer of
 * POST /v1/decide, asked again without a receipt. Equal facts give equal answers. */
static kd_status page_part(kd_buf *out, kd_request *request, kd_str person, const kd_visitor *visitor, kd_err *err)
{
    kd_str      placements[GLASS_PLACEMENTS], products[GLASS_PRODUCTS];
    kd_question question = { .keys = visitor->keys, .key_count = visitor->key_count, .channel = KD_CHANNEL_WEB, .language = kd_request_query(request, "lang"), .placements = placements,
                             .products = products, .public_caller = true };
    (void)person;
    question.placement_count = cut_list(placements, GLASS_PLACEMENTS, kd_request_query(request, "placements"));
    question.product_count = cut_list(products, GLASS_PRODUCTS, kd_request_query(request, "products"));
    if (question.placement_count == 0) {
        kd_buf_add_z(out, "{\"decisions\":[]}");
        return KD_OK;
    }
    return kd_answer_decide(out, request->parts, request->reader, &question, request->arena, err);
}

static kd_status write_part(kd_jw *w, const char *key, part_writer write, kd_request *request, kd_str person, const kd_visitor *visitor, kd_err *err)
{
    kd_buf    part;
    kd_status status;
    kd_buf_init(&part, request->arena);
    status = write(&part, request, person, visitor, err);
    if (status != KD_OK)
        return status;
    kd_jw_key(w, key);
    kd_jw_raw(w, kd_buf_str(&part));
    return KD_OK;
}

static uint64_t question_hash(const kd_request *request)
{
    static const char *const names[] = { "lang", "placements", "products" };
    uint64_t                 hash = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        kd_str value = kd_request_query(request, names[i]);
        hash = kd_hash64(&value.len, sizeof value.len, hash);
        hash = value.len ? kd_hash64(value.ptr, value.len, hash) : hash;
    }
    return hash;
}

/* The page asks every second or two while the pane is open: the person's newest event, the model and the question say whether
 * there is anything new to tell. */
static bool is_unchanged(kd_request *request, int64_t head)
{
    const kd_model *model = kd_recommender_model(request->parts->recommender);
    kd_buf          etag;
    kd_buf_init(&etag, request->arena);
    kd_buf_addf(&etag, "\"%lld-%llu-%016llx\"", (long long)head, model ? (unsigned long long)kd_model_version(model) : 0, (unsigned long long)question_hash(request));
    if (model)
        kd_model_release(model);
    kd_request_reply_header(request, "ETag", kd_buf_str(&etag));
    return kd_str_eq(kd_request_header(request, "If-None-Match"), kd_buf_str(&etag));
}

void kd_shop_glass(kd_request *request)
{
    kd_visitor visitor;
    kd_person *entry;
    char       person[KD_ID_TEXT] = "";
    int64_t    head = 0;
    kd_jw      w;
    kd_err     err = { 0 };
    if (!kd_shop_enter(request, false) || !kd_shop_visitor(&visitor, request))
        return;
    kd_status status = kd_shop_acquire(&entry, request, &visitor, &err);
    if (status == KD_OK && entry) {
        kd_id_format(person, entry->id);
        head = entry->head;
        kd_people_release(request->parts->people, entry);
    }
    if (status == KD_OK && is_unchanged(request, head)) {
        request->status = 304;
        return;
    }
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_BOOL(&w, "known", person[0] != '\0');
    if (status == KD_OK && person[0])
        status = write_part(&w, "profile", profile_part, request, kd_str_z(person), &visitor, &err);
    if (status == KD_OK && person[0])
        status = write_part(&w, "timeline", timeline_part, request, kd_str_z(person), &visitor, &err);
    if (status == KD_OK)
        status = write_part(&w, "page", page_part, request, kd_str_z(person), &visitor, &err);
    if (status == KD_OK)
        status = write_part(&w, "why", why_part, request, kd_str_z(person), &visitor, &err);
    kd_jw_object_end(&w);
    kd_reply_json(request, status, &err);
}
