/* GET /v1/admin/identity/suggestions: pairs of customers that may be one person. For people to look at; nothing applies them. */
#include "api/handlers.h"

#include "api/caller.h"
#include "customer/suggest.h"

enum { LOOKED_AT_MAX = 10000, ROWS = 200, PAGE_BYTES = 64 << 20, SHOWN_MAX = 200 };

/* A trait's text: of JSON text, or of members of an object ("address":{"postalCode":...}). */
static kd_str trait_text(const kd_profile *p, const char *name, const char *member, kd_arena *arena)
{
    const kd_register *trait = kd_profile_trait(p, name);
    const kd_json     *json;
    if (!trait || trait->claimed || kd_json_parse(&json, arena, trait->value.ptr, trait->value.len, NULL) != KD_OK)
        return (kd_str){ 0 };
    return kd_json_text(member ? kd_json_get(json, member) : json);
}

static kd_str first_of(const kd_profile *p, const char *const *names, kd_arena *arena)
{
    kd_str text = { 0 };
    for (size_t i = 0; names[i] && !text.len; i++)
        text = trait_text(p, names[i], NULL, arena);
    return text;
}

static bool fill(kd_candidate *out, const kd_profile *p, kd_arena *arena)
{
    static const char *const first[] = { "firstName", "first_name", NULL }, *const last[] = { "lastName", "last_name", NULL },
                      *const postcodes[] = { "postalCode", "postal_code", "postcode", "zip", NULL };
    kd_str parts[2] = { first_of(p, first, arena), first_of(p, last, arena) };
    kd_buf name;
    kd_buf_init(&name, arena);
    if (parts[0].len && parts[1].len)
        kd_buf_addf(&name, "%.*s %.*s", (int)parts[0].len, parts[0].ptr, (int)parts[1].len, parts[1].ptr);
    else
        kd_buf_add_str(&name, trait_text(p, "name", NULL, arena));
    out->name = kd_buf_str(&name);
    out->postcode = first_of(p, postcodes, arena);
    if (!out->postcode.len)
        out->postcode = trait_text(p, "address", "postalCode", arena);
    for (uint32_t i = 0; i < p->ident_count && !out->email.len; i++)
        if (p->idents[i].type == KD_KEY_EMAIL && p->idents[i].proven)
            out->email = kd_str_copy(arena, p->idents[i].value);
    return !name.failed && (out->email.len || (out->name.len && out->postcode.len));
}

static kd_status collect(kd_candidate *out, size_t *count, kd_request *request, kd_err *err)
{
    kd_arena *page = kd_arena_new(PAGE_BYTES);
    kd_status status = page ? KD_OK : kd_fail_memory(err);
    size_t    looked = 0;
    for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(request->parts->store); group++) {
        kd_profile_row *rows;
        int64_t         cursor = 0;
        size_t          some = 1;
        while (status == KD_OK && some > 0 && looked < LOOKED_AT_MAX) {
            kd_arena_reset(page);
            status = kd_reader_profile_scan(&rows, &some, request->reader, group, &cursor, ROWS, page, err);
            for (size_t i = 0; status == KD_OK && i < some && looked < LOOKED_AT_MAX; i++, looked++) {
                kd_person *entry;
                out[*count] = (kd_candidate){ .person = rows[i].person, .customer = rows[i].person };
                if (kd_people_acquire(&entry, request->parts->people, request->reader, rows[i].person, NULL) != KD_OK)
                    continue;
                *count += fill(&out[*count], &entry->profile, request->arena);
                kd_people_release(request->parts->people, entry);
            }
        }
    }
    kd_arena_free(page);
    return status;
}

static kd_id home_of(kd_request *request, kd_id person)
{
    kd_customer customer;
    kd_id       home = person;
    if (kd_customers_acquire(&customer, request->parts->customers, request->reader, person, NULL) == KD_OK) {
        home = customer.home;
        kd_customers_release(request->parts->customers, &customer);
    }
    return home;
}

static bool kept_apart(kd_request *request, kd_id a, kd_id b)
{
    kd_link *rows;
    size_t   count = 0;
    bool     apart = false;
    if (kd_reader_evidence(&rows, &count, request->reader, a, SHOWN_MAX, request->arena, NULL) != KD_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        apart = apart || (rows[i].kind == KD_LINK_APART && kd_id_eq(rows[i].other, b));
    return apart;
}

static void write_end(kd_jw *w, const char *key, const kd_candidate *c)
{
    char id[KD_ID_TEXT];
    kd_id_format(id, c->person);
    kd_jw_key(w, key);
    kd_jw_object(w);
    KD_JW_Z(w, "person", id);
    if (c->name.len)
        KD_JW_STR(w, "fullName", c->name);
    if (c->email.len)
        KD_JW_STR(w, "email", c->email);
    if (c->postcode.len)
        KD_JW_STR(w, "postalCode", c->postcode);
    kd_jw_object_end(w);
}

void kd_admin_suggestions(kd_request *request)
{
    kd_candidate  *candidates;
    kd_suggestion *list = NULL;
    size_t         candidate_count = 0, count = 0;
    kd_err         err = { 0 };
    kd_status      status;
    kd_jw          w;
    if (!kd_caller_require(request, KD_SEE_PEOPLE) || !kd_audit_read(request, "identity.suggestions", (kd_str){ 0 }))
        return;
    candidates = KD_NEW(request->arena, kd_candidate, LOOKED_AT_MAX + 1);
    status = candidates ? collect(candidates, &candidate_count, request, &err) : kd_fail_memory(&err);
    if (status == KD_OK)
        status = kd_suggest(&list, &count, candidates, candidate_count, SHOWN_MAX, request->arena, &err);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "suggestions");
    kd_jw_array(&w);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        const kd_candidate *a = &candidates[list[i].a], *b = &candidates[list[i].b];
        if (kd_id_eq(home_of(request, a->person), home_of(request, b->person)) || kept_apart(request, a->person, b->person))
            continue;
        kd_jw_object(&w);
        write_end(&w, "a", a);
        write_end(&w, "b", b);
        KD_JW_Z(&w, "why", list[i].by_name && list[i].by_email ? "name, postcode and nearly the same e-mail" : list[i].by_name ? "name and postcode" : "nearly the same e-mail");
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    KD_JW_I64(&w, "lookedAt", (int64_t)candidate_count);
    kd_jw_object_end(&w);
    kd_reply_json(request, status, &err);
}
