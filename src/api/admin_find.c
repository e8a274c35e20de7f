/* Who is asking; who was seen last; people and products by a word. */
#include "api/caller.h"
#include "api/handlers.h"
#include "api/users.h"
#include "api/who.h"
#include "catalog/query.h"
#include "insight/entry.h"
#include "insight/tail.h"

enum { PEOPLE_DEFAULT = 20, PEOPLE_MAX = 100, ROWS_LOOKED_AT = 5000, FOUND_PRODUCTS_MAX = 20, QUERY_MAX = 256 };

/* ---- who is asking ---------------------------------------------------------------------------------------------------- */
static void write_permissions(kd_jw *w, const kd_request *request)
{
    kd_jw_key(w, "permissions");
    kd_jw_array(w);
    for (int p = 0; p < KD_PERMISSIONS; p++)
        if (kd_caller_may(request, (kd_permission)p))
            kd_jw_z(w, kd_permission_name((kd_permission)p));
    kd_jw_array_end(w);
}

/* "role" stays what programs know: "admin" for whoever is logged in, "server" for a key. */
void kd_admin_me(kd_request *request)
{
    kd_parts *parts = request->parts;
    bool      tls = kd_str_is_nocase(kd_request_header(request, "X-Forwarded-Proto"), "https"), session;
    kd_str    base[2] = { tls ? KD_STR("https://") : KD_STR("http://"), kd_request_header(request, "Host") };
    kd_id     user = kd_users_first();
    kd_jw     w;
    if (!kd_caller_is_somebody(request))
        return;
    session = request->caller->role == KD_ROLE_ADMIN;
    if (session)
        kd_id_parse(&user, request->caller->user);
    request->masked = false; /* one's own name is no secret */
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "role", session ? "admin" : "server");
    KD_JW_Z(&w, "userRole", session ? kd_role_name(request->caller->user_role) : NULL);
    kd_jw_key(&w, "user");
    if (!session || !kd_users_write_one(&w, parts->users, user))
        kd_jw_null(&w);
    write_permissions(&w, request);
    KD_JW_BOOL(&w, "needsTwoFactor", request->caller->needs_two_factor);
    KD_JW_BOOL(&w, "passwordSet", kd_users_has_password(parts->users, user));
    KD_JW_BOOL(&w, "demo", parts->demo);
    kd_write_text(&w, "writeKey", kd_keys_first_write(parts->keys));
    KD_JW_Z(&w, "version", parts->version);
    kd_jw_key(&w, "baseUrl");
    kd_jw_pieces(&w, base, 2);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

/* ---- who was seen last -------------------------------------------------------------------------------------------------- */
typedef struct seen { kd_id person; int64_t time_ms; kd_str name, source; kd_kind kind; } seen;

static bool is_among(const seen *list, size_t count, kd_id person)
{
    for (size_t i = 0; i < count; i++)
        if (kd_id_eq(list[i].person, person))
            return true;
    return false;
}

/* The newest event of each of the last `limit` persons, as far as a bounded look into the log goes. */
static kd_status last_seen(seen *list, size_t *count, kd_request *request, size_t limit, kd_err *err)
{
    kd_tail        *tail = NULL;
    const kd_event *event = NULL;
    kd_status       status = kd_tail_open(&tail, request->parts->store, request->reader, (kd_str){ 0 }, request->arena, err);
    for (size_t looked = 0; status == KD_OK && *count < limit && looked < ROWS_LOOKED_AT; looked++) {
        kd_fact fact;
        status = kd_tail_next(&event, tail, err);
        if (status != KD_OK || event == NULL)
            break;
        if (event->kind >= KD_KIND_DECISION || kd_id_is_nil(event->person) || is_among(list, *count, event->person)
            || kd_fact_decode(&fact, event->facts, request->arena, NULL) != KD_OK)
            continue;
        list[(*count)++] = (seen){ event->person, event->time_ms, fact.name, fact.source, (kd_kind)event->kind };
    }
    return status;
}

/* Orders, and what was kept of them by currency; nothing when the person is gone meanwhile. */
static void write_buyer(kd_jw *w, kd_request *request, kd_id id)
{
    kd_person *person = NULL;
    kd_spent  *spent = NULL;
    size_t     count = 0;
    if (kd_people_acquire(&person, request->parts->people, request->reader, id, NULL) != KD_OK)
        return;
    KD_JW_I64(w, "orders", (int64_t)kd_opinion_recency(&person->profile, request->now_ms).orders);
    kd_jw_key(w, "spent");
    kd_jw_array(w);
    if (kd_opinion_spent(&spent, &count, &person->profile, request->arena, NULL) == KD_OK)
        for (size_t i = 0; i < count; i++) {
            kd_jw_object(w);
            KD_JW_Z(w, "currency", spent[i].currency.code);
            kd_write_money(w, "amount", spent[i].bought_micro - spent[i].returned_micro, spent[i].currency);
            kd_jw_object_end(w);
        }
    kd_jw_array_end(w);
    kd_people_release(request->parts->people, person);
}

static kd_status answer_recent(kd_request *request, size_t limit, kd_err *err)
{
    seen     *list = KD_NEW(request->arena, seen, limit);
    size_t    count = 0;
    kd_status status = list ? last_seen(list, &count, request, limit, err) : kd_fail_memory(err);
    kd_jw     w;
    if (status != KD_OK)
        return status;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "people");
    kd_jw_array(&w);
    for (size_t i = 0; i < count; i++) {
        kd_jw_object(&w);
        kd_write_id(&w, "person", list[i].person);
        kd_write_time(&w, "lastSeenAt", list[i].time_ms);
        kd_write_text(&w, "lastEvent", list[i].name.len ? list[i].name : kd_str_z(kd_entry_type(list[i].kind)));
        kd_write_text(&w, "source", list[i].source);
        write_buyer(&w, request, list[i].person);
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    return KD_OK;
}

void kd_admin_people_recent(kd_request *request)
{
    int64_t limit = PEOPLE_DEFAULT;
    kd_str  text;
    kd_err  err = { 0 };
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    text = kd_request_query(request, "limit");
    if (text.len && (!kd_str_i64(&limit, text) || limit < 1 || limit > PEOPLE_MAX)) {
        kd_reply_error(request, 400, "invalid", "limit must be a whole number from 1 to 100", "limit");
        return;
    }
    kd_reply_json(request, answer_recent(request, (size_t)limit, &err), &err);
}

/* ---- by a word ------------------------------------------------------------------------------------------------------------ */
static void write_person(kd_jw *w, const kd_person *person, const char *why, int64_t now_ms)
{
    const kd_recency recency = kd_opinion_recency(&person->profile, now_ms);
    kd_jw_object(w);
    kd_write_id(w, "person", person->id);
    KD_JW_Z(w, "why", why);
    kd_write_time(w, "lastSeenAt", recency.days_since_seen >= 0 ? recency.last_seen_ms : KD_TIME_MIN);
    kd_jw_object_end(w);
}

/* Everybody whom the text names exactly: as a person id, or as the value of an identity key of any kind it can be. */
static kd_status write_people(kd_jw *w, kd_request *request, kd_str q, kd_err *err)
{
    kd_parts *parts = request->parts;
    kd_key    keys[KD_WHO_KEYS];
    kd_id     persons[KD_WHO_KEYS + 1] = { 0 }, shown[KD_WHO_KEYS + 1];
    size_t    key_count = kd_who_keys(keys, parts->vault, q), shown_count = 0;
    kd_status status = key_count ? kd_identity_find(persons, parts->identity, request->reader, keys, key_count, err) : KD_OK;
    if (!kd_id_parse(&persons[key_count], q))
        persons[key_count] = (kd_id){ 0 };
    for (size_t i = 0; i <= key_count && status == KD_OK; i++) {
        kd_person *person = NULL;
        bool       again = false;
        status = kd_who_acquire(&person, parts, request->reader, &persons[i], 1, true, err);
        if (status != KD_OK || person == NULL)
            continue;
        for (size_t j = 0; j < shown_count; j++)
            again = again || kd_id_eq(shown[j], person->id);
        if (!again) {
            shown[shown_count++] = person->id;
            write_person(w, person, i == key_count ? "personId" : kd_key_type_name(keys[i].type), request->now_ms);
        }
        kd_people_release(parts->people, person);
    }
    return status;
}

static void write_products(kd_jw *w, const kd_snapshot *s, kd_str q)
{
    kd_query query;
    size_t   shown = 0;
    kd_query_read(&query, q, s);
    for (uint32_t row = 0; query.count && row < kd_snapshot_products(s) && shown < FOUND_PRODUCTS_MAX; row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        kd_snapshot_walk_ahead(s, row);
        if (p->hidden || !kd_query_matches(&query, p))
            continue;
        kd_jw_object(w);
        KD_JW_STR(w, "productId", p->id);
        KD_JW_STR(w, "title", p->title);
        KD_JW_STR(w, "image", p->image);
        KD_JW_STR(w, "category", p->category);
        kd_jw_object_end(w);
        shown++;
    }
}

static kd_status answer_search(kd_request *request, kd_str q, kd_err *err)
{
    const kd_snapshot *s;
    kd_status          status;
    kd_jw              w;
    if (q.len == 0 || q.len > QUERY_MAX)
        return kd_fail_field(err, KD_INVALID, "/q", "must be text of 1 to %d bytes", QUERY_MAX);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "people");
    kd_jw_array(&w);
    status = kd_caller_may(request, KD_SEE_PEOPLE) ? write_people(&w, request, q, err) : KD_OK;
    kd_jw_array_end(&w);
    kd_jw_key(&w, "products");
    kd_jw_array(&w);
    s = kd_snapshot_acquire(request->parts->catalog);
    write_products(&w, s, q);
    kd_snapshot_release(s);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    return status;
}

void kd_admin_search(kd_request *request)
{
    const kd_json *json;
    kd_err         err = { 0 };
    if (!kd_caller_require(request, KD_SEE) || (json = kd_request_json(request, false)) == NULL)
        return;
    kd_reply_json(request, answer_search(request, kd_str_trim(kd_json_text(kd_json_get(json, "q"))), &err), &err);
}
