#include "event/source.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "customer/purpose.h"
#include "event/expression.h"

enum {
    NAME_MAX_BYTES = 200, EVENT_NAME_MAX = 128, SECRET_MAX = 500, SECRET_BYTES_MAX = 4096, FIELD_BYTES = 48,
    SOURCES_BYTES_MAX = 64 << 20, READ_BYTES_MAX = 512 << 20, DOCS_PER_READ = 256
};
static const int64_t MINUTE_MS = 60000;

static const char *const kinds[] = { "web", "app", "till", "newsletter", "file", "webhook", "cloudevents", "server" };
static const char *const types[] = { "any", "text", "number", "integer", "boolean", "time", "array", "object" };
enum { KINDS = sizeof kinds / sizeof *kinds, TYPES = sizeof types / sizeof *types };

const char *kd_source_kind_name(kd_source_kind kind) { return kinds[(unsigned)kind < KINDS ? kind : 0]; }
const char *kd_field_type_name(kd_field_type type) { return types[(unsigned)type < TYPES ? type : 0]; }

/* ---- members ---------------------------------------------------------------------------------------------------------------- */
static const kd_json *given(const kd_json *object, const char *name)
{
    const kd_json *node = kd_json_get(object, name);
    return kd_json_is(node, KD_JSON_NULL) ? NULL : node;
}

static kd_status read_text(kd_str *out, const kd_json *doc, const char *name, size_t max, kd_arena *arena, kd_err *err)
{
    const kd_json *node = given(doc, name);
    char           field[FIELD_BYTES];
    snprintf(field, sizeof field, "/%s", name);
    *out = (kd_str){ 0 };
    if (node == NULL)
        return KD_OK;
    if (node->type != KD_JSON_STRING)
        return kd_fail_field(err, KD_INVALID, field, "must be text");
    if (node->text.len > max)
        return kd_fail_field(err, KD_LIMIT, field, "longer than %zu bytes", max);
    *out = kd_str_copy(arena, node->text);
    return out->ptr ? KD_OK : kd_fail_memory(err);
}

static kd_status read_flag(bool *out, const kd_json *object, const char *name, const char *field, kd_err *err)
{
    const kd_json *node = given(object, name);
    if (node && node->type != KD_JSON_TRUE && node->type != KD_JSON_FALSE)
        return kd_fail_field(err, KD_INVALID, field, "must be true or false");
    *out = kd_json_is(node, KD_JSON_TRUE);
    return KD_OK;
}

static kd_status read_kind(kd_source_kind *out, const kd_json *doc, kd_err *err)
{
    const kd_json *node = given(doc, "kind");
    *out = KD_SOURCE_SERVER;
    for (size_t i = 0; node && i < KINDS; i++)
        if (kd_str_is(kd_json_text(node), kinds[i])) {
            *out = (kd_source_kind)i;
            return KD_OK;
        }
    return node == NULL ? KD_OK : kd_fail_field(err, KD_INVALID, "/kind", "must be one of web, app, till, newsletter, file, webhook, cloudevents, server");
}

/* "15m", "6h", "1d". */
static kd_status read_freshness(int64_t *out, const kd_json *doc, kd_err *err)
{
    const kd_json *node = given(doc, "freshness");
    kd_str         text = kd_json_text(node);
    int64_t        count, unit = 0;
    *out = 0;
    if (node == NULL)
        return KD_OK;
    if (text.len > 1)
        unit = text.ptr[text.len - 1] == 'm' ? MINUTE_MS : text.ptr[text.len - 1] == 'h' ? 60 * MINUTE_MS : text.ptr[text.len - 1] == 'd' ? 24 * 60 * MINUTE_MS : 0;
    if (unit == 0 || !kd_str_i64(&count, (kd_str){ text.ptr, text.len - 1 }) || count < 1 || count > 10000 || count * unit > 366 * 24 * 60 * MINUTE_MS)
        return kd_fail_field(err, KD_INVALID, "/freshness", "must be minutes, hours or days up to a year, as in \"15m\", \"6h\", \"1d\"");
    *out = count * unit;
    return KD_OK;
}

static kd_status read_purposes(kd_source *out, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    const kd_json *list = given(doc, "purposes");
    kd_str        *purposes;
    if (list == NULL)
        return KD_OK;
    if (list->type != KD_JSON_ARRAY || list->count > KD_PURPOSE_COUNT)
        return kd_fail_field(err, KD_INVALID, "/purposes", "must be an array of purposes, each once");
    if ((purposes = KD_NEW(arena, kd_str, list->count)) == NULL)
        return kd_fail_memory(err);
    for (const kd_json *node = list->child; node; node = node->next) {
        kd_purpose purpose;
        char       field[FIELD_BYTES];
        snprintf(field, sizeof field, "/purposes/%zu", out->purpose_count);
        if (!kd_purpose_parse(&purpose, kd_json_text(node)))
            return kd_fail_field(err, KD_INVALID, field, "must be one of operate, personalise, analyse, market-email, market-post, market-push, share, sensitive");
        purposes[out->purpose_count++] = kd_str_z(kd_purpose_name(purpose));
    }
    out->purposes = purposes;
    return KD_OK;
}

static kd_status read_secret(kd_str *out, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    kd_status status = read_text(out, doc, "secret", SECRET_MAX, arena, err);
    if (status != KD_OK || out->len == 0)
        return status;
    if ((kd_str_starts(*out, "env:") && out->len > 4) || (kd_str_starts(*out, "file:/") && out->len > 6))
        return KD_OK;
    return kd_fail_field(err, KD_INVALID, "/secret", "must say where the secret is, \"env:NAME\" or \"file:/PATH\": a document is no place for a secret");
}

/* ---- the schema ------------------------------------------------------------------------------------------------------------------- */
static void name_field(char out[FIELD_BYTES], kd_str event, kd_str path, const char *member)
{
    kd_str a = { event.ptr, event.len < 18 ? event.len : 18 }, b = { path.ptr, path.len < 16 ? path.len : 16 };
    snprintf(out, FIELD_BYTES, "/schema/%.*s%s%.*s%s", (int)kd_utf8_prefix(a), a.ptr, path.len ? "/" : "", (int)kd_utf8_prefix(b), b.ptr ? b.ptr : "", member);
}

static kd_status read_values(kd_source_field *out, const kd_json *doc, const char *at, kd_arena *arena, kd_err *err)
{
    const kd_json *list = given(doc, "values");
    kd_str        *values;
    if (list == NULL)
        return KD_OK;
    if (list->type != KD_JSON_ARRAY || list->count == 0)
        return kd_fail_field(err, KD_INVALID, at, "values must be an array of texts or numbers that is not empty");
    if (list->count > KD_SOURCE_VALUES_MAX)
        return kd_fail_field(err, KD_LIMIT, at, "more than %d values", KD_SOURCE_VALUES_MAX);
    if ((values = KD_NEW(arena, kd_str, list->count)) == NULL)
        return kd_fail_memory(err);
    for (const kd_json *node = list->child; node; node = node->next) {
        kd_str text = kd_json_text(node);
        if (text.len == 0 || text.len > NAME_MAX_BYTES)
            return kd_fail_field(err, KD_INVALID, at, "a value must be a text of 1 to %d bytes, or a number", NAME_MAX_BYTES);
        if ((values[out->value_count] = kd_str_copy(arena, text)).ptr == NULL)
            return kd_fail_memory(err);
        out->value_count++;
    }
    out->values = values;
    return KD_OK;
}

static kd_status read_field(kd_source_field *out, kd_str event, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    char      at[FIELD_BYTES];
    kd_path   path;
    kd_err    why = { 0 };
    kd_str   *names, type;
    kd_status status;
    name_field(at, event, doc->key, "");
    if (doc->key.len > NAME_MAX_BYTES)
        return kd_fail_field(err, KD_LIMIT, at, "a path longer than %d bytes", NAME_MAX_BYTES);
    if ((status = kd_path_parse(&path, doc->key, arena, &why)) != KD_OK)
        return kd_fail_field(err, status, at, "%s", why.msg);
    if (doc->type != KD_JSON_OBJECT)
        return kd_fail_field(err, KD_INVALID, at, "must be an object with type, required, values");
    out->path = kd_str_copy(arena, doc->key);
    if (out->path.ptr == NULL || (names = KD_NEW(arena, kd_str, path.count)) == NULL)
        return kd_fail_memory(err);
    memcpy(names, path.names, path.count * sizeof *names);
    out->names = names;
    out->name_count = path.count;
    if ((type = kd_json_text(given(doc, "type"))).len) {
        size_t t = 0;
        while (t < TYPES && !kd_str_is(type, types[t]))
            t++;
        if (t == TYPES)
            return kd_fail_field(err, KD_INVALID, at, "type must be one of any, text, number, integer, boolean, time, array, object");
        out->type = (kd_field_type)t;
    }
    status = read_flag(&out->required, doc, "required", at, err);
    return status == KD_OK ? read_values(out, doc, at, arena, err) : status;
}

static kd_status read_event(kd_source_event *out, const kd_json *doc, size_t *fields, kd_arena *arena, kd_err *err)
{
    char             at[FIELD_BYTES];
    kd_source_field *list;
    name_field(at, doc->key, (kd_str){ 0 }, "");
    if (doc->key.len == 0 || doc->key.len > EVENT_NAME_MAX)
        return kd_fail_field(err, KD_INVALID, "/schema", "an event's name must have 1 to %d bytes", EVENT_NAME_MAX);
    if (doc->type != KD_JSON_OBJECT)
        return kd_fail_field(err, KD_INVALID, at, "must be an object of paths and what is expected of them");
    if ((*fields += doc->count) > KD_SOURCE_FIELDS_MAX)
        return kd_fail_field(err, KD_LIMIT, at, "more than %d fields in the schema", KD_SOURCE_FIELDS_MAX);
    out->name = kd_str_copy(arena, doc->key);
    list = KD_NEW(arena, kd_source_field, doc->count);
    if (out->name.ptr == NULL || list == NULL)
        return kd_fail_memory(err);
    for (const kd_json *field = doc->child; field; field = field->next) {
        kd_status status = read_field(&list[out->field_count], doc->key, field, arena, err);
        if (status != KD_OK)
            return status;
        out->field_count++;
    }
    out->fields = list;
    return KD_OK;
}

static kd_status read_schema(kd_source *out, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    const kd_json   *schema = given(doc, "schema");
    kd_source_event *events;
    size_t           fields = 0;
    if (schema == NULL)
        return KD_OK;
    if (schema->type != KD_JSON_OBJECT)
        return kd_fail_field(err, KD_INVALID, "/schema", "must be an object by the name of events");
    if (schema->count > KD_SOURCE_EVENTS_MAX)
        return kd_fail_field(err, KD_LIMIT, "/schema", "more than %d events", KD_SOURCE_EVENTS_MAX);
    if ((events = KD_NEW(arena, kd_source_event, schema->count)) == NULL)
        return kd_fail_memory(err);
    for (const kd_json *event = schema->child; event; event = event->next) {
        kd_status status = read_event(&events[out->event_count], event, &fields, arena, err);
        if (status != KD_OK)
            return status;
        out->event_count++;
    }
    out->events = events;
    out->schema_hash = kd_hash64(schema->raw.ptr, schema->raw.len, 1);
    return KD_OK;
}

/* ---- the document -------------------------------------------------------------------------------------------------------------------- */
static kd_status check_id(kd_str id, const kd_json *doc, kd_err *err)
{
    const kd_json *named = given(doc, "id");
    if (named && !kd_str_eq(kd_json_text(named), id))
        return kd_fail_field(err, KD_INVALID, "/id", "differs from the id in the path");
    if (id.len == 0 || id.len > KD_SOURCE_ID_MAX)
        return kd_fail_field(err, KD_INVALID, "/id", "must have 1 to %d bytes", KD_SOURCE_ID_MAX);
    for (size_t i = 0; i < id.len; i++)
        if ((unsigned char)id.ptr[i] <= ' ' || (unsigned char)id.ptr[i] == 0x7F || id.ptr[i] == '/')
            return kd_fail_field(err, KD_INVALID, "/id", "must have no blanks, control characters or slashes");
    return KD_OK;
}

static kd_status check_members(const kd_json *doc, kd_err *err)
{
    static const char *const known[] = { "id", "name", "kind", "owner", "purposes", "schema", "strict", "freshness", "transform", "keepRejected", "secret" };
    for (const kd_json *member = doc->child; member; member = member->next) {
        char   field[FIELD_BYTES];
        size_t i = 0;
        while (i < sizeof known / sizeof *known && !kd_str_is(member->key, known[i]))
            i++;
        if (i < sizeof known / sizeof *known)
            continue;
        snprintf(field, sizeof field, "/%.*s", (int)kd_utf8_prefix((kd_str){ member->key.ptr, member->key.len < 40 ? member->key.len : 40 }), member->key.ptr);
        return kd_fail_field(err, KD_INVALID, field, "a source has no such member");
    }
    return KD_OK;
}

kd_status kd_source_parse(kd_source *out, kd_str id, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    kd_transform *transform = NULL;
    kd_status     status;
    *out = (kd_source){ 0 };
    if (!kd_json_is(doc, KD_JSON_OBJECT))
        return kd_fail(err, KD_INVALID, "a source is a JSON object");
    if ((status = check_id(id, doc, err)) != KD_OK || (status = check_members(doc, err)) != KD_OK
        || (status = read_text(&out->name, doc, "name", NAME_MAX_BYTES, arena, err)) != KD_OK
        || (status = read_text(&out->owner, doc, "owner", NAME_MAX_BYTES, arena, err)) != KD_OK || (status = read_kind(&out->kind, doc, err)) != KD_OK
        || (status = read_purposes(out, doc, arena, err)) != KD_OK || (status = read_schema(out, doc, arena, err)) != KD_OK
        || (status = read_flag(&out->strict, doc, "strict", "/strict", err)) != KD_OK
        || (status = read_flag(&out->keep_rejected, doc, "keepRejected", "/keepRejected", err)) != KD_OK
        || (status = read_freshness(&out->fresh_ms, doc, err)) != KD_OK || (status = read_secret(&out->secret, doc, arena, err)) != KD_OK
        || (status = kd_transform_parse(&transform, given(doc, "transform"), "/transform", arena, err)) != KD_OK)
        return status;
    out->transform = transform;
    out->id = kd_str_copy(arena, id);
    return out->id.ptr ? KD_OK : kd_fail_memory(err);
}

/* ---- the secret ------------------------------------------------------------------------------------------------------------------------ */
static kd_status read_secret_file(kd_str *out, const char *path, kd_arena *arena, kd_err *err)
{
    struct stat about;
    char        text[SECRET_BYTES_MAX];
    ssize_t     len;
    int         fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return kd_fail_field(err, KD_NOT_FOUND, "/secret", "the file of the secret cannot be opened");
    len = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? read(fd, text, sizeof text) : -1;
    close(fd);
    if (len < 0)
        return kd_fail_field(err, KD_NOT_FOUND, "/secret", "the file of the secret cannot be read");
    if (about.st_mode & S_IROTH)
        return kd_fail_field(err, KD_DENIED, "/secret", "the file of the secret may be read by everybody: chmod o-r");
    *out = kd_str_copy(arena, kd_str_trim((kd_str){ text, (size_t)len }));
    return out->ptr ? KD_OK : kd_fail_memory(err);
}

kd_status kd_source_secret(kd_str *out, const kd_source *source, kd_arena *arena, kd_err *err)
{
    const char *reference = source->secret.len ? kd_str_cstr(arena, source->secret) : NULL, *value;
    if (reference == NULL)
        return kd_fail_field(err, KD_NOT_FOUND, "/secret", "the source has no secret");
    if (strncmp(reference, "file:", 5) == 0)
        return read_secret_file(out, reference + 5, arena, err);
    value = getenv(reference + 4);
    if (value == NULL || value[0] == '\0')
        return kd_fail_field(err, KD_NOT_FOUND, "/secret", "the variable of the environment that the secret is in is not set");
    *out = kd_str_copy(arena, kd_str_z(value));
    return out->ptr ? KD_OK : kd_fail_memory(err);
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------------------- */
struct kd_sources { atomic_uint refs; kd_arena *arena; kd_source *items; size_t count; };

static kd_status take_doc(kd_sources *s, const kd_doc *doc, kd_arena *scratch)
{
    const kd_json *json = NULL;
    kd_source      read;
    size_t         at = s->count;
    kd_err         why = { 0 };
    kd_status      status = kd_json_parse(&json, scratch, doc->body.ptr, doc->body.len, &why);
    if (status == KD_OK)
        status = kd_source_parse(&read, doc->id, json, s->arena, &why);
    if (status != KD_OK) {
        kd_log(KD_LOG_WARN, "event", "source-unreadable", "source=%.*s field=%s why=\"%s\"", (int)doc->id.len, doc->id.ptr, why.field, why.msg);
        return KD_OK;
    }
    if (s->count == KD_SOURCES_MAX)
        return KD_OK;
    read.version = doc->version;
    for (; at > 0 && kd_str_cmp(s->items[at - 1].id, read.id) > 0; at--)
        s->items[at] = s->items[at - 1];
    s->items[at] = read;
    s->count++;
    return KD_OK;
}

kd_status kd_sources_load(kd_sources **out, kd_reader *reader, kd_err *err)
{
    kd_sources *s = calloc(1, sizeof *s);
    kd_arena   *scratch = kd_arena_new(READ_BYTES_MAX);
    uint64_t    after = 0;
    size_t      count = 1;
    kd_status   status = KD_OK;
    if (s)
        s->arena = kd_arena_new(SOURCES_BYTES_MAX);
    if (s == NULL || scratch == NULL || s->arena == NULL || (s->items = KD_NEW(s->arena, kd_source, KD_SOURCES_MAX)) == NULL)
        status = kd_fail_memory(err);
    while (status == KD_OK && count) {
        kd_doc *docs = NULL;
        kd_arena_reset(scratch);
        status = kd_reader_docs(&docs, &count, reader, after, DOCS_PER_READ, scratch, err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            after = docs[i].version;
            if (kd_str_is(docs[i].kind, "source") && !docs[i].deleted)
                status = take_doc(s, &docs[i], scratch);
        }
    }
    kd_arena_free(scratch);
    if (status != KD_OK) {
        if (s)
            kd_arena_free(s->arena);
        free(s);
        return status;
    }
    atomic_init(&s->refs, 1);
    *out = s;
    return KD_OK;
}

const kd_sources *kd_sources_retain(const kd_sources *sources)
{
    if (sources)
        atomic_fetch_add_explicit(&((kd_sources *)(uintptr_t)sources)->refs, 1, memory_order_relaxed);
    return sources;
}

void kd_sources_release(const kd_sources *sources)
{
    kd_sources *s = (kd_sources *)(uintptr_t)sources;
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    kd_arena_free(s->arena);
    free(s);
}

const kd_source *kd_sources_find(const kd_sources *s, kd_str id)
{
    size_t low = 0, high = s ? s->count : 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int    c = kd_str_cmp(s->items[middle].id, id);
        if (c == 0)
            return &s->items[middle];
        c < 0 ? (low = middle + 1) : (high = middle);
    }
    return NULL;
}

size_t kd_sources_count(const kd_sources *s) { return s ? s->count : 0; }
const kd_source *kd_sources_at(const kd_sources *s, size_t index) { return index < s->count ? &s->items[index] : NULL; }
