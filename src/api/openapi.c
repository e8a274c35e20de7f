#include "api/openapi.h"

#include <stdio.h>

#include "api/handlers.h"
#include "api/routes.h"
#include "base/json.h"

static const struct { const char *name, *description; } tags[] = {
    { "collect", "What shops and their SDKs send: the Segment HTTP API and RudderStack's variants." },
    { "decide", "What a channel asks: which products or content for this person, now, and why." },
    { "admin", "Read-back, documents, keys and state, for the dashboard and for scripts." },
    { "operate", "Health, metrics, this document and the first page." },
};

static const struct { const char *name, *type, *description; } parameters[] = {
    { "id", "string", "The id; of a person also any identity value: user id, e-mail, card, anonymous id." },
    { "person", "string", "Whose: a person id or any identity value; none for a visitor never seen." },
    { "key", "string", "The write key." },
    { "limit", "integer", "At most so many entries." },
    { "cursor", "string", "Where the answer before said to go on." },
    { "q", "string", "Part of a title, id, brand or category, or a whole sku." },
    { "category", "string", "A category as the product writes it, or a level above it." },
    { "available", "string", "true: only what can be bought now; false: only what cannot." },
    { "from", "string", "The first UTC day, as in 2026-11-22; 365 days up to the last by default." },
    { "to", "string", "The last UTC day; today by default." },
    { "source", "string", "What belongs to one source alone; people are then null." },
    { "field", "string", "As in traits.city, stated.size, consents.personalise, identities.email, counts.order.last, bought.ID, recent.view, affinity.ATTRIBUTE.VALUE" },
    { "writeKey", "string", "The write key, where no Authorization is sent." },
    { "lang", "string", "en or de." },
    { "state", "string", "Requests in this state alone: open, running, done, rejected." },
    { "user", "string", "Entries of this actor alone: the id of a user or key." },
    { "verb", "string", "Entries of this verb alone, as in person.read, or of its first part." },
    { "token", "string", "The token of the login link." },
};

static const struct { const char *code, *description; } statuses[] = {
    { "400", "The request cannot be understood; the answer names the field." },
    { "401", "No key, or one that is not known." },
    { "403", "The key does not allow this." },
    { "404", "There is no such thing." },
    { "409", "In conflict with what is there." },
    { "410", "It was here and is gone." },
    { "413", "Over a stated limit." },
    { "429", "Full for the moment: come back after Retry-After seconds." },
    { "503", "Not available at the moment." },
};

/* The next of "a,b,c"; false at the end. */
static bool next_name(kd_str *name, const char **rest)
{
    size_t len;
    if (*rest == NULL || **rest == '\0')
        return false;
    len = strcspn(*rest, ",");
    *name = (kd_str){ *rest, len };
    *rest += len + ((*rest)[len] == ',');
    return true;
}

/* "/v1/admin/profiles/{}" and "id" -> "/v1/admin/profiles/{id}". */
static void add_path(kd_buf *out, const kd_route *route)
{
    const char *names = route->operation->path_names;
    kd_str      name;
    for (const char *p = route->pattern; *p; p++) {
        kd_buf_add(out, p, 1);
        if (p[0] == '{' && next_name(&name, &names))
            kd_buf_add_str(out, name);
    }
}

static const char *method_name(uint32_t method)
{
    switch (method) {
    case KD_GET:    return "get";
    case KD_PUT:    return "put";
    case KD_DELETE: return "delete";
    case KD_PATCH:  return "patch";
    default:        return "post";
    }
}

/* "post" and "/v1/admin/profiles/{id}" -> "post_v1_admin_profiles_id": unique, since method and path are. */
static void write_operation_id(kd_jw *w, const kd_route *route)
{
    char   text[160];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", method_name(route->methods));
    kd_buf path;
    kd_buf_init(&path, NULL);
    add_path(&path, route);
    for (size_t i = 0; i < path.len && len + 2 < sizeof text; i++) {
        char c = path.ptr[i];
        if (c != '{' && c != '}')
            text[len++] = c == '/' || c == '.' || c == '-' ? '_' : c;
    }
    kd_buf_free(&path);
    KD_JW_STR(w, "operationId", ((kd_str){ text, len }));
}

static void write_parameter(kd_jw *w, kd_str name, const char *in)
{
    kd_jw_object(w);
    KD_JW_STR(w, "name", name);
    KD_JW_Z(w, "in", in);
    KD_JW_BOOL(w, "required", strcmp(in, "path") == 0);
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        if (!kd_str_is(name, parameters[i].name))
            continue;
        KD_JW_Z(w, "description", parameters[i].description);
        kd_jw_key(w, "schema");
        kd_jw_object(w);
        KD_JW_Z(w, "type", parameters[i].type);
        kd_jw_object_end(w);
    }
    kd_jw_object_end(w);
}

static void write_parameters(kd_jw *w, const kd_operation *o)
{
    const char *path = o->path_names, *query = o->query_names;
    kd_str      name;
    kd_jw_key(w, "parameters");
    kd_jw_array(w);
    while (next_name(&name, &path))
        write_parameter(w, name, "path");
    while (next_name(&name, &query))
        write_parameter(w, name, "query");
    kd_jw_array_end(w);
}

static void write_content(kd_jw *w, const char *media, const char *schema)
{
    char ref[96];
    kd_jw_key(w, "content");
    kd_jw_object(w);
    kd_jw_key(w, media);
    kd_jw_object(w);
    kd_jw_key(w, "schema");
    kd_jw_object(w);
    snprintf(ref, sizeof ref, "#/components/schemas/%s", schema);
    KD_JW_Z(w, "$ref", ref);
    kd_jw_object_end(w);
    kd_jw_object_end(w);
    kd_jw_object_end(w);
}

static void write_answer(kd_jw *w, const char *code, const char *description, const char *media, const char *schema)
{
    kd_jw_key(w, code);
    kd_jw_object(w);
    KD_JW_Z(w, "description", description);
    if (schema)
        write_content(w, media, schema);
    kd_jw_object_end(w);
}

static void write_answers(kd_jw *w, const kd_route *route)
{
    const kd_operation *o = route->operation;
    bool                segment = (route->flags & KD_ROUTE_SEGMENT) != 0;
    const char         *errors = o->errors;
    char                code[8];
    kd_str              name;
    kd_jw_key(w, "responses");
    kd_jw_object(w);
    snprintf(code, sizeof code, "%d", o->code ? o->code : 200);
    write_answer(w, code, o->code == 303 ? "The session's cookie is set; goes to the first page." : "Done.", o->media ? o->media : "application/json", o->answer);
    if (o->code == 303)
        write_answer(w, "204", "To HEAD: the link is not used up.", NULL, NULL);
    write_answer(w, "400", statuses[0].description, segment ? "application/json" : "application/problem+json", segment ? "CollectError" : "Problem");
    while (next_name(&name, &errors))
        for (size_t i = 1; i < sizeof statuses / sizeof *statuses; i++)
            if (kd_str_is(name, statuses[i].code))
                write_answer(w, statuses[i].code, statuses[i].description, segment ? "application/json" : "application/problem+json", segment ? "CollectError" : "Problem");
    kd_jw_object_end(w);
}

static void write_scheme_use(kd_jw *w, const char *scheme)
{
    kd_jw_object(w);
    kd_jw_key(w, scheme);
    kd_jw_array(w);
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

static void write_security(kd_jw *w, kd_security security)
{
    kd_jw_key(w, "security");
    kd_jw_array(w);
    if (security == KD_WRITE_KEY)
        write_scheme_use(w, "writeKey");
    if (security != KD_OPEN)
        write_scheme_use(w, "serverKey");
    if (security == KD_ADMIN_KEY)
        write_scheme_use(w, "session");
    kd_jw_array_end(w);
}

static void write_operation(kd_jw *w, const kd_route *route)
{
    const kd_operation *o = route->operation;
    kd_jw_key(w, method_name(route->methods));
    kd_jw_object(w);
    kd_jw_key(w, "tags");
    kd_jw_array(w);
    kd_jw_z(w, o->tag);
    kd_jw_array_end(w);
    KD_JW_Z(w, "summary", o->summary);
    if (o->description)
        KD_JW_Z(w, "description", o->description);
    write_operation_id(w, route);
    write_security(w, o->security);
    write_parameters(w, o);
    if (o->body) {
        kd_jw_key(w, "requestBody");
        kd_jw_object(w);
        KD_JW_BOOL(w, "required", true);
        write_content(w, "application/json", o->body);
        kd_jw_object_end(w);
    }
    write_answers(w, route);
    kd_jw_object_end(w);
}

/* Routes of one path stand under one member; the first of a path writes them all. */
static void write_paths(kd_jw *w, const kd_route *routes, size_t count)
{
    kd_jw_key(w, "paths");
    kd_jw_object(w);
    for (size_t i = 0; i < count; i++) {
        bool   seen = false;
        kd_buf path;
        for (size_t j = 0; j < i; j++)
            seen = seen || strcmp(routes[j].pattern, routes[i].pattern) == 0;
        if (seen || routes[i].operation == NULL)
            continue;
        kd_buf_init(&path, NULL);
        add_path(&path, &routes[i]);
        kd_jw_key_str(w, kd_buf_str(&path));
        kd_buf_free(&path);
        kd_jw_object(w);
        for (size_t j = i; j < count; j++)
            if (strcmp(routes[j].pattern, routes[i].pattern) == 0)
                write_operation(w, &routes[j]);
        kd_jw_object_end(w);
    }
    kd_jw_object_end(w);
}

static void write_scheme(kd_jw *w, const char *name, const char *rest)
{
    kd_jw_key(w, name);
    kd_jw_raw(w, kd_str_z(rest));
}

static void write_components(kd_jw *w)
{
    kd_jw_key(w, "components");
    kd_jw_object(w);
    kd_jw_key(w, "securitySchemes");
    kd_jw_object(w);
    write_scheme(w, "writeKey", "{\"type\":\"http\",\"scheme\":\"basic\",\"description\":\"The write key as user name, with an empty password. It is public.\"}");
    write_scheme(w, "serverKey", "{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"A server key. It is secret.\"}");
    write_scheme(w, "session", "{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"kunde_session\",\"description\":\"The admin's session; methods that change something need the header Kunde-CSRF as well, with any value.\"}");
    kd_jw_object_end(w);
    kd_jw_key(w, "schemas");
    kd_jw_object(w);
    for (const kd_schema *s = kd_schemas; s->name; s++) {
        kd_jw_key(w, s->name);
        kd_jw_raw(w, kd_str_z(s->json));
    }
    kd_jw_object_end(w);
    kd_jw_object_end(w);
}

static void write_info(kd_jw *w, const char *version)
{
    KD_JW_Z(w, "openapi", "3.1.0");
    kd_jw_key(w, "info");
    kd_jw_object(w);
    KD_JW_Z(w, "title", "Kunde");
    KD_JW_Z(w, "version", version);
    KD_JW_Z(w, "summary", "A self-hosted retail personalization engine.");
    KD_JW_Z(w, "description", "Everything a shop sends is an event; everything Kunde says is a decision; every decision leaves a receipt.");
    kd_jw_key(w, "license");
    kd_jw_object(w);
    KD_JW_Z(w, "name", "Apache-2.0");
    KD_JW_Z(w, "identifier", "Apache-2.0");
    kd_jw_object_end(w);
    kd_jw_object_end(w);
    kd_jw_key(w, "servers");
    kd_jw_raw(w, KD_STR("[{\"url\":\"/\",\"description\":\"This server\"}]"));
    kd_jw_key(w, "tags");
    kd_jw_array(w);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        kd_jw_object(w);
        KD_JW_Z(w, "name", tags[i].name);
        KD_JW_Z(w, "description", tags[i].description);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

void kd_openapi_write(kd_buf *out, const kd_route *routes, size_t count, const char *version)
{
    kd_jw w;
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    write_info(&w, version);
    write_paths(&w, routes, count);
    write_components(&w);
    kd_jw_object_end(&w);
}

void kd_api_openapi(kd_request *request)
{
    size_t          count;
    const kd_route *routes = kd_api_routes(&count);
    kd_openapi_write(&request->out, routes, count, request->parts->version);
    kd_request_reply_header(request, "Access-Control-Allow-Origin", KD_STR("*")); /* public: API tools of any origin may read it */
}
