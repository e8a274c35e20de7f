/* Who is one customer and why: the evidence around a person, staff's own word about it, and the policies of key namespaces. */
#include "api/handlers.h"

#include <stdio.h>

#include "api/caller.h"
#include "api/who.h"
#include "event/ingest.h"

enum { SHOWN_PERSONS = 256, SHOWN_EDGES = 2000, DOCS_AT_ONCE = 256 };

typedef struct looked { /* at one customer */
    kd_request *request;
    kd_id       person;     /* asked for */
    kd_graph    graph;
    size_t      at;         /* of the person among them; SIZE_MAX: nothing joins it with anybody */
    kd_profile  merged;     /* a copy; to be freed */
    kd_id       owners[64]; /* of the idents in it */
} looked;

static void write_time(kd_jw *w, const char *key, int64_t ms)
{
    char text[25];
    kd_time_format(text, ms);
    KD_JW_Z(w, key, text);
}

static void write_id(kd_jw *w, const char *key, kd_id id)
{
    char text[KD_ID_TEXT];
    kd_id_format(text, id);
    KD_JW_Z(w, key, text);
}

/* ---- looking ------------------------------------------------------------------------------------------------------------------ */

/* The values of keys are known from facts only; whose key each is tells the hash. */
static kd_status find_owners(looked *l, kd_err *err)
{
    kd_parts   *parts = l->request->parts;
    kd_customer customer;
    kd_buf      bytes;
    kd_status   status = kd_customers_acquire(&customer, parts->customers, l->request->reader, l->person, err);
    if (status != KD_OK)
        return status == KD_NOT_FOUND ? KD_OK : status;
    kd_buf_init(&bytes, l->request->arena);
    kd_profile_encode(&bytes, customer.profile);
    kd_customers_release(parts->customers, &customer);
    status = kd_buf_status(&bytes, err);
    if (status == KD_OK)
        status = kd_profile_decode(&l->merged, kd_buf_str(&bytes), err);
    for (uint32_t i = 0; status == KD_OK && i < l->merged.ident_count && i < sizeof l->owners / sizeof *l->owners; i++) {
        kd_key key;
        if (kd_key_make(&key, parts->vault, l->merged.idents[i].type, l->merged.idents[i].value, NULL) == KD_OK)
            status = kd_identity_find(&l->owners[i], parts->identity, l->request->reader, &key, 1, err);
    }
    return status;
}

static kd_status look(looked *l, kd_request *request, kd_err *err)
{
    kd_status status;
    *l = (looked){ .request = request };
    status = kd_answer_find(&l->person, request->parts, request->reader, kd_request_segment(request, 3), err);
    if (status == KD_OK)
        status = kd_customers_graph(&l->graph, request->parts->customers, request->reader, l->person, request->arena, err);
    if (status == KD_OK)
        l->at = kd_graph_find(&l->graph, l->person);
    return status;
}

static void write_keys(kd_jw *w, const looked *l, kd_id person, unsigned type, const kd_namespaces *namespaces)
{
    kd_jw_key(w, "keys");
    kd_jw_array(w);
    for (uint32_t i = 0; i < l->merged.ident_count && i < sizeof l->owners / sizeof *l->owners; i++)
        if (kd_id_eq(l->owners[i], person)) {
            kd_jw_object(w);
            KD_JW_Z(w, "type", kd_namespaces_get(namespaces, l->merged.idents[i].type)->name);
            KD_JW_STR(w, "value", l->merged.idents[i].value);
            kd_jw_object_end(w);
            type = KD_KEY_NONE;
        }
    if (type != KD_KEY_NONE) { /* of somebody else, or not said in an event of this customer: only its kind is known */
        kd_jw_object(w);
        KD_JW_Z(w, "type", kd_namespaces_get(namespaces, type)->name);
        KD_JW_Z(w, "value", NULL);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_activity(kd_jw *w, const looked *l, kd_id person)
{
    kd_person *entry;
    uint64_t   events = 0;
    int64_t    first = INT64_MAX, last = INT64_MIN;
    if (kd_people_acquire(&entry, l->request->parts->people, l->request->reader, person, NULL) == KD_OK) {
        for (uint32_t i = 0; i < entry->profile.counter_count; i++) {
            const kd_counter *c = &entry->profile.counters[i];
            events += c->count;
            first = c->first_ms < first ? c->first_ms : first;
            last = c->last_ms > last ? c->last_ms : last;
        }
        kd_people_release(l->request->parts->people, entry);
    }
    KD_JW_I64(w, "events", (int64_t)events);
    if (!events)
        return;
    write_time(w, "firstSeenAt", first);
    write_time(w, "lastSeenAt", last);
}

static void write_person(kd_jw *w, const looked *l, kd_id person, unsigned type, kd_id home, const kd_namespaces *namespaces)
{
    kd_jw_object(w);
    write_id(w, "person", person);
    write_id(w, "home", home);
    write_keys(w, l, person, type, namespaces);
    write_activity(w, l, person);
    kd_jw_object_end(w);
}

static const kd_id *home_of(const looked *l, size_t row)
{
    return &l->graph.persons[l->graph.customer[row]];
}

static void write_edges(kd_jw *w, const looked *l, bool apart)
{
    size_t shown = 0;
    kd_jw_key(w, apart ? "apart" : "links");
    kd_jw_array(w);
    for (size_t i = 0; i < l->graph.edge_count && shown < SHOWN_EDGES; i++) {
        const kd_edge *e = &l->graph.edges[i];
        if ((e->kind == KD_LINK_APART) != apart || (apart && e->verdict != KD_VERDICT_USED))
            continue;
        shown++;
        kd_jw_object(w);
        write_id(w, "a", l->graph.persons[e->a]);
        write_id(w, "b", l->graph.persons[e->b]);
        if (e->time_ms != INT64_MAX)
            write_time(w, "time", e->time_ms);
        if (!apart) {
            KD_JW_Z(w, "kind", kd_link_kind_name(e->kind));
            KD_JW_BOOL(w, "proven", e->proven);
            if (!kd_id_is_nil(e->event))
                write_id(w, "event", e->event);
            KD_JW_BOOL(w, "used", e->verdict == KD_VERDICT_USED);
            KD_JW_Z(w, "why", kd_verdict_name((kd_verdict)e->verdict));
        }
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_graph(kd_request *request, const looked *l)
{
    const kd_namespaces *namespaces = kd_customers_namespaces(request->parts->customers);
    const bool           alone = l->at == SIZE_MAX;
    kd_jw                w;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    write_id(&w, "customer", alone ? l->person : *home_of(l, l->at));
    kd_jw_key(&w, "persons");
    kd_jw_array(&w);
    if (alone)
        write_person(&w, l, l->person, KD_KEY_NONE, l->person, namespaces);
    for (size_t i = 0; i < l->graph.person_count && i < SHOWN_PERSONS; i++)
        write_person(&w, l, l->graph.persons[i], l->graph.types[i], *home_of(l, i), namespaces);
    kd_jw_array_end(&w);
    write_edges(&w, l, false);
    kd_jw_key(&w, "setAside");
    kd_jw_array(&w);
    for (size_t i = 0; i < l->graph.person_count; i++)
        if (l->graph.why[i] != KD_VERDICT_USED) {
            kd_jw_object(&w);
            write_id(&w, "person", l->graph.persons[i]);
            KD_JW_Z(&w, "why", kd_verdict_name((kd_verdict)l->graph.why[i]));
            kd_jw_object_end(&w);
        }
    kd_jw_array_end(&w);
    write_edges(&w, l, true);
    kd_jw_object_end(&w);
    kd_namespaces_release(namespaces);
}

static void answer(kd_request *request, looked *l, kd_status status, kd_err *err)
{
    if (status == KD_OK)
        status = find_owners(l, err);
    if (status == KD_OK)
        write_graph(request, l);
    kd_profile_free(&l->merged);
    kd_reply_json(request, status, err);
}

void kd_admin_graph(kd_request *request)
{
    looked    l;
    kd_err    err = { 0 };
    kd_status status;
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    status = look(&l, request, &err);
    if (status == KD_OK && !kd_audit_person(request, l.person))
        return;
    answer(request, &l, status, &err);
}

/* ---- staff's own word ----------------------------------------------------------------------------------------------------------- */

/* A person of the graph, or anybody who has a profile; *type of its key. */
static kd_status read_end(kd_id *out, uint8_t *type, const looked *l, const kd_json *json, const char *field, kd_err *err)
{
    char       pointer[8];
    kd_person *entry;
    size_t     row;
    kd_status  status;
    snprintf(pointer, sizeof pointer, "/%s", field);
    if (!kd_id_parse(out, kd_json_text(kd_json_get(json, field))))
        return kd_fail_field(err, KD_INVALID, pointer, "must be the id of a person, a UUID");
    if ((row = kd_graph_find(&l->graph, *out)) != SIZE_MAX) {
        *type = l->graph.types[row];
        return KD_OK;
    }
    status = kd_people_acquire(&entry, l->request->parts->people, l->request->reader, *out, err);
    if (status != KD_OK)
        return status == KD_NOT_FOUND ? kd_fail_field(err, KD_NOT_FOUND, pointer, "there is no such person") : status;
    *type = entry->made_by.type;
    kd_people_release(l->request->parts->people, entry);
    return KD_OK;
}

static const kd_edge *find_edge(const looked *l, const kd_link *link)
{
    size_t a = kd_graph_find(&l->graph, link->person), b = kd_graph_find(&l->graph, link->other);
    for (size_t i = 0; i < l->graph.edge_count && a != SIZE_MAX && b != SIZE_MAX; i++) {
        const kd_edge *e = &l->graph.edges[i];
        if (e->kind == link->kind && e->proven == link->proven && e->a == (a < b ? a : b) && e->b == (a < b ? b : a))
            return e;
    }
    return NULL;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* Evidence of a kind given now, newer than when it was last taken back; or taken back, as of its newest. */
static kd_status say(const looked *l, kd_link link, uint8_t kind, bool take_back, kd_err *err)
{
    const kd_edge *edge;
    link.kind = kind;
    edge = find_edge(l, &link);
    link.time_ms = link.last_ms = l->request->now_ms;
    if (edge)
        link.time_ms = link.last_ms = take_back ? later(l->request->now_ms, edge->last_ms) : later(l->request->now_ms, edge->taken_back_ms + 1);
    return take_back && !edge ? KD_OK : kd_customers_say(l->request->parts->customers, &link, take_back, err);
}

static kd_status retract(const looked *l, kd_link link, const kd_json *json, kd_err *err)
{
    link.kind = (uint8_t)kd_link_kind_parse(kd_json_text(kd_json_get(json, "kind")));
    if (link.kind == 0)
        return kd_fail_field(err, KD_INVALID, "/kind", "must be login, alias, order, card, verified, typed, staff or apart");
    if (!find_edge(l, &link))
        return kd_fail_field(err, KD_NOT_FOUND, "/kind", "there is no such proven evidence between the two");
    return say(l, link, link.kind, true, err);
}

static void change(kd_request *request, const char *verb)
{
    const kd_json *json;
    looked         l = { .request = request };
    kd_link        link = { .proven = true };
    char           object[KD_ID_TEXT];
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_caller_require(request, KD_HANDLE_RIGHTS) || (json = kd_request_json(request, false)) == NULL)
        return;
    status = look(&l, request, &err);
    if (status == KD_OK)
        status = read_end(&link.person, &link.person_type, &l, json, "a", &err);
    if (status == KD_OK)
        status = read_end(&link.other, &link.other_type, &l, json, "b", &err);
    if (status == KD_OK && kd_id_eq(link.person, link.other))
        status = kd_fail_field(&err, KD_INVALID, "/b", "is the same person as a");
    kd_id_format(object, l.person);
    if (status == KD_OK && !kd_audit(request, verb, kd_str_z(object), (kd_str){ 0 }))
        return;
    if (status == KD_OK && strcmp(verb, "identity.retract") == 0) {
        status = retract(&l, link, json, &err);
    } else if (status == KD_OK) { /* staff's newest word takes the opposite one back first: in between they are what evidence says */
        const bool apart = strcmp(verb, "identity.apart") == 0;
        status = say(&l, link, apart ? KD_LINK_STAFF : KD_LINK_APART, true, &err);
        if (status == KD_OK)
            status = say(&l, link, apart ? KD_LINK_APART : KD_LINK_STAFF, false, &err);
    }
    if (status == KD_OK)
        status = look(&l, request, &err);
    answer(request, &l, status, &err);
}

void kd_admin_graph_retract(kd_request *request) { change(request, "identity.retract"); }
void kd_admin_graph_apart(kd_request *request) { change(request, "identity.apart"); }
void kd_admin_graph_together(kd_request *request) { change(request, "identity.together"); }

/* ---- namespaces ------------------------------------------------------------------------------------------------------------------- */

static void write_namespaces(kd_request *request, kd_str only)
{
    const kd_namespaces *n = kd_customers_namespaces(request->parts->customers);
    kd_jw                w;
    kd_jw_init(&w, &request->out);
    if (!only.len) {
        kd_jw_object(&w);
        kd_jw_key(&w, "namespaces");
        kd_jw_array(&w);
    }
    for (unsigned type = 1; type <= KD_KEY_OWN_LAST; type++) {
        const kd_namespace *ns = kd_namespaces_get(n, type);
        if (ns->name[0] && (!only.len || kd_str_is(only, ns->name)))
            kd_namespace_write(&w, ns, type);
    }
    if (!only.len) {
        kd_jw_array_end(&w);
        kd_jw_object_end(&w);
    }
    kd_namespaces_release(n);
}

void kd_admin_namespaces(kd_request *request)
{
    const kd_namespaces *n;
    kd_str               name = kd_request_segment(request, 3);
    kd_err               err = { 0 };
    kd_status            status = KD_OK;
    if (!kd_caller_require(request, KD_SEE))
        return;
    if (name.len) {
        n = kd_customers_namespaces(request->parts->customers);
        if (kd_namespaces_find(n, name) == KD_KEY_NONE)
            status = kd_fail(&err, KD_NOT_FOUND, "there is no kind of key of this name");
        kd_namespaces_release(n);
    }
    if (status == KD_OK)
        write_namespaces(request, name);
    kd_reply_json(request, status, &err);
}

/* A new kind gets the first number that no kind has; a known one keeps its own. */
static kd_status number_it(unsigned *number, kd_parts *parts, kd_str name, kd_err *err)
{
    const kd_namespaces *n = kd_customers_namespaces(parts->customers);
    kd_key_type          known = kd_namespaces_find(n, name);
    unsigned             type = known != KD_KEY_NONE ? (unsigned)known : KD_KEY_OWN_FIRST;
    kd_status            status = KD_OK;
    while (known == KD_KEY_NONE && type <= KD_KEY_OWN_LAST && kd_namespaces_get(n, type)->name[0])
        type++;
    if (type > KD_KEY_OWN_LAST)
        status = kd_fail(err, KD_LIMIT, "there are 64 kinds of keys of your own already");
    else if (*number >= KD_KEY_OWN_FIRST && *number != type)
        status = kd_fail_field(err, KD_INVALID, "/number", "is given by the server: this kind has %u", type);
    kd_namespaces_release(n);
    *number = type;
    return status;
}

void kd_admin_namespace_put(kd_request *request)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* two new kinds must not get one number */
    kd_parts            *parts = request->parts;
    kd_str               name = kd_request_segment(request, 3);
    const kd_json       *json;
    const kd_namespaces *fresh = NULL;
    kd_namespace         ns;
    unsigned             number = 0;
    kd_buf               body;
    kd_jw                w;
    kd_err               err = { 0 };
    kd_status            status;
    if (!kd_caller_require(request, KD_EDIT_PRIVACY) || (json = kd_request_json(request, false)) == NULL)
        return;
    status = kd_namespace_parse(&ns, &number, name, json, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    if (!kd_audit(request, "namespace.change", name, (kd_str){ 0 }))
        return;
    pthread_mutex_lock(&one_at_a_time);
    status = number_it(&number, parts, name, &err);
    if (status == KD_OK) {
        kd_buf_init(&body, request->arena);
        kd_jw_init(&w, &body);
        kd_namespace_write(&w, &ns, number);
        kd_doc doc = { .kind = KD_STR("namespace"), .id = name, .valid_from_ms = request->now_ms, .body = kd_buf_str(&body) };
        if ((status = kd_buf_status(&body, &err)) == KD_OK)
            status = kd_store_docs_put(parts->store, &doc, 1, &err);
    }
    if (status == KD_OK && (status = kd_namespaces_load(&fresh, request->reader, &err)) == KD_OK)
        kd_customers_set_namespaces(parts->customers, fresh);
    pthread_mutex_unlock(&one_at_a_time);
    if (status == KD_OK)
        write_namespaces(request, name);
    kd_reply_json(request, status, &err);
}
