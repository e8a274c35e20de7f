#include "customer/policy.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "customer/policy_words.h"

enum {
    NAME_MAX_BYTES = 96, TITLE_MAX = 200, TEXT_MAX = 2000, LIST_MAX = 200, CLASSES_MAX = 128, FIELDS_MAX = 2000,
    POLICY_BYTES_MAX = 32 << 20, READ_BYTES_MAX = 512 << 20, DOCS_PER_READ = 256
};

struct kd_policy {
    atomic_uint     refs;
    kd_arena       *arena;
    kd_purpose_rule rules[KD_PURPOSE_COUNT];
    kd_data_class   classes[CLASSES_MAX];
    bool            names_events[CLASSES_MAX];
    size_t          class_count;
    kd_field_rule  *fields;             /* room for FIELDS_MAX */
    size_t          field_count;
    uint16_t        class_of_kind[KD_KIND_COUNT];
    kd_purposes     of_kind[KD_KIND_COUNT];
    kd_map         *by_field, *by_event, *by_category; /* of the name -> index; of the plain name -> class; of the plain name -> purposes */
    kd_purposes     asks, may_object, gpc; /* by consent; by contract or legitimate interest; what Sec-GPC objects to */
    uint64_t        version;
    uint16_t        account, preferences; /* classes that others fall to */
};

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(kd_str name)
{
    return kd_hash64(name.ptr, name.len, 0);
}

/* Categories and events are named by people: case, blanks, '-' and '_' do not matter. */
static uint64_t plain_hash(kd_str name)
{
    char   plain[NAME_MAX_BYTES];
    size_t len = 0;
    for (size_t i = 0; i < name.len && len < sizeof plain; i++) {
        char c = name.ptr[i];
        if (c != ' ' && c != '-' && c != '_')
            plain[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return kd_hash64(plain, len, 1);
}

static bool is_name(kd_str name)
{
    if (name.len == 0 || name.len > NAME_MAX_BYTES || !kd_utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7F)
            return false;
    return true;
}

static int kind_of_name(kd_str name)
{
    for (int kind = 0; kind < KD_KIND_DECISION; kind++)
        if (kd_str_is(name, kd_kind_name((kd_kind)kind)) && !kd_str_is(name, "unknown"))
            return kind;
    return -1;
}

static uint16_t class_index(const kd_policy *p, kd_str id)
{
    for (size_t i = 0; i < p->class_count; i++)
        if (kd_str_eq(p->classes[i].id, id))
            return (uint16_t)i;
    return UINT16_MAX;
}

/* ---- one document --------------------------------------------------------------------------------------------------------- */

static const kd_json *given(const kd_json *object, const char *name)
{
    const kd_json *node = kd_json_get(object, name);
    return kd_json_is(node, KD_JSON_NULL) ? NULL : node;
}

static kd_status check_text(const kd_json *doc, const char *name, const char *field, size_t max, kd_err *err)
{
    const kd_json *node = given(doc, name);
    if (node && !kd_json_is(node, KD_JSON_STRING))
        return kd_fail_field(err, KD_INVALID, field, "must be a text");
    return kd_json_text(node).len > max ? kd_fail_field(err, KD_LIMIT, field, "must be at most %zu bytes", max) : KD_OK;
}

static kd_status check_list(const kd_json *list, const char *field, kd_err *err)
{
    if (list && !kd_json_is(list, KD_JSON_ARRAY))
        return kd_fail_field(err, KD_INVALID, field, "must be an array of texts");
    if (list && list->count > LIST_MAX)
        return kd_fail_field(err, KD_LIMIT, field, "more than %d entries", LIST_MAX);
    for (const kd_json *one = list ? list->child : NULL; one; one = one->next)
        if (!kd_json_is(one, KD_JSON_STRING) || !is_name(one->text))
            return kd_fail_field(err, KD_INVALID, field, "must be an array of texts of 1 to %d bytes", NAME_MAX_BYTES);
    return KD_OK;
}

static kd_status read_purposes(kd_purposes *out, const kd_json *list, kd_err *err)
{
    kd_status status = check_list(list, "/purposes", err);
    *out = 0;
    for (const kd_json *one = status == KD_OK && list ? list->child : NULL; one; one = one->next) {
        kd_purpose purpose;
        if (!kd_purpose_parse(&purpose, one->text))
            return kd_fail_field(err, KD_INVALID, "/purposes", "must name purposes: operate, personalise, analyse, market-email, market-post, market-push, share, sensitive");
        *out |= KD_PURPOSE_BIT(purpose);
    }
    if (status == KD_OK && (*out & ~KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE)) == 0)
        return kd_fail_field(err, KD_INVALID, "/purposes", "name at least one purpose besides \"sensitive\": nothing without a purpose can be registered");
    return status;
}

static kd_status read_purpose(kd_purpose_rule *out, kd_str id, const kd_json *doc, kd_err *err)
{
    const kd_json *gpc = given(doc, "gpc"), *categories = given(doc, "categories");
    kd_status      status;
    if (!kd_purpose_parse(&out->purpose, id))
        return kd_fail_field(err, KD_INVALID, "/id", "there are eight purposes: operate, personalise, analyse, market-email, market-post, market-push, share, sensitive");
    if (!kd_basis_parse(&out->basis, kd_json_text(given(doc, "basis"))))
        return kd_fail_field(err, KD_INVALID, "/basis", "must be \"consent\", \"contract\", \"legitimate-interest\" or \"none\"");
    if (out->purpose == KD_PURPOSE_SENSITIVE && out->basis != KD_BASIS_CONSENT && out->basis != KD_BASIS_NONE)
        return kd_fail_field(err, KD_INVALID, "/basis", "sensitive matters rest on consent, or on nothing");
    if (gpc && !kd_json_is(gpc, KD_JSON_TRUE) && !kd_json_is(gpc, KD_JSON_FALSE))
        return kd_fail_field(err, KD_INVALID, "/gpc", "must be true or false");
    if (out->purpose == KD_PURPOSE_SHARE && kd_json_is(gpc, KD_JSON_FALSE))
        return kd_fail_field(err, KD_INVALID, "/gpc", "Sec-GPC is an opt-out of sharing; it can be set wider, not away");
    out->gpc = kd_json_bool(gpc, out->purpose == KD_PURPOSE_SHARE);
    if ((status = check_list(categories, "/categories", err)) != KD_OK)
        return status;
    out->title = kd_json_text(given(doc, "title"));
    out->text = kd_json_text(given(doc, "text"));
    out->categories = categories ? categories->raw : KD_STR("[]");
    return KD_OK;
}

static kd_status read_class(kd_data_class *out, kd_str id, const kd_json *doc, kd_err *err)
{
    const kd_json *kinds = given(doc, "kinds"), *events = given(doc, "events");
    kd_status      status = read_purposes(&out->purposes, given(doc, "purposes"), err);
    if (status == KD_OK && kd_str_is(id, KD_CLASS_CONSENT) && !(out->purposes & KD_PURPOSE_BIT(KD_PURPOSE_OPERATE)))
        status = kd_fail_field(err, KD_INVALID, "/purposes", "statements of consent are kept to serve the person: they need \"operate\"");
    if (status == KD_OK)
        status = check_list(kinds, "/kinds", err);
    if (status == KD_OK)
        status = check_list(events, "/events", err);
    for (const kd_json *one = status == KD_OK && kinds ? kinds->child : NULL; one; one = one->next) {
        int kind = kind_of_name(one->text);
        if (kind < 0)
            return kd_fail_field(err, KD_INVALID, "/kinds", "there is no kind of event called \"%.*s\"", (int)one->text.len, one->text.ptr);
        if (kind == KD_KIND_CONSENT && !kd_str_is(id, KD_CLASS_CONSENT))
            return kd_fail_field(err, KD_INVALID, "/kinds", "consents belong to the class \"consent\"");
    }
    out->id = id;
    out->title = kd_json_text(given(doc, "title"));
    return status;
}

static kd_status read_field(kd_field_rule *out, const kd_policy *p, kd_str id, const kd_json *doc, kd_err *err)
{
    const kd_json *named = given(doc, "class"), *purposes = given(doc, "purposes");
    if (kd_is_biometric(id))
        return kd_fail_field(err, KD_INVALID, "/id", "this names biometric data, which cannot be registered");
    *out = (kd_field_rule){ .name = id, .title = kd_json_text(given(doc, "title")) };
    if (named && purposes)
        return kd_fail_field(err, KD_INVALID, "/class", "name a class or purposes, not both");
    if (!named)
        return read_purposes(&out->purposes, purposes, err);
    out->data_class = kd_json_text(named);
    if (class_index(p, out->data_class) == UINT16_MAX)
        return kd_fail_field(err, KD_INVALID, "/class", "there is no data class of this id");
    out->purposes = p->classes[class_index(p, out->data_class)].purposes;
    return KD_OK;
}

/* What all three have in common. */
static kd_status check_common(kd_str id, const kd_json *doc, kd_err *err)
{
    kd_status      status;
    const kd_json *named = given(doc, "id");
    if (!kd_json_is(doc, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "", "must be a JSON object");
    if (!is_name(id))
        return kd_fail_field(err, KD_INVALID, "/id", "must be 1 to %d bytes of text", NAME_MAX_BYTES);
    if (named && !kd_str_eq(kd_json_text(named), id))
        return kd_fail_field(err, KD_INVALID, "/id", "differs from the id in the path");
    status = check_text(doc, "title", "/title", TITLE_MAX, err);
    return status == KD_OK ? check_text(doc, "text", "/text", TEXT_MAX, err) : status;
}

kd_status kd_policy_check(const kd_policy *policy, kd_str kind, kd_str id, const kd_json *doc, kd_err *err)
{
    kd_status status = check_common(id, doc, err);
    if (status != KD_OK)
        return status;
    if (kd_str_is(kind, "purpose"))
        return read_purpose(&(kd_purpose_rule){ 0 }, id, doc, err);
    if (kd_str_is(kind, "data-class"))
        return class_index(policy, id) == UINT16_MAX && policy->class_count == CLASSES_MAX
                   ? kd_fail(err, KD_LIMIT, "there are %d data classes already", CLASSES_MAX)
                   : read_class(&(kd_data_class){ 0 }, id, doc, err);
    if (!kd_policy_field(policy, id) && policy->field_count == FIELDS_MAX)
        return kd_fail(err, KD_LIMIT, "there are %d fields already", FIELDS_MAX);
    return read_field(&(kd_field_rule){ 0 }, policy, id, doc, err);
}

/* ---- into the policy -------------------------------------------------------------------------------------------------------- */

static bool own(kd_policy *p, kd_str *text)
{
    *text = kd_str_copy(p->arena, *text);
    return text->ptr != NULL;
}

static kd_status add_purpose(kd_policy *p, kd_str id, const kd_json *doc, uint64_t version, kd_err *err)
{
    kd_purpose_rule rule = { .version = version };
    kd_status       status = read_purpose(&rule, id, doc, err);
    if (status != KD_OK)
        return status;
    if (!own(p, &rule.title) || !own(p, &rule.text) || !own(p, &rule.categories))
        return kd_fail_memory(err);
    p->rules[rule.purpose] = rule;
    return KD_OK;
}

static kd_status add_class(kd_policy *p, kd_str id, const kd_json *doc, uint64_t version, kd_err *err)
{
    kd_data_class  c = { .version = version };
    const kd_json *kinds = given(doc, "kinds"), *events = given(doc, "events");
    kd_status      status = read_class(&c, id, doc, err);
    uint16_t       at = class_index(p, id);
    if (status != KD_OK)
        return status;
    if (at == UINT16_MAX && p->class_count == CLASSES_MAX)
        return kd_fail(err, KD_LIMIT, "there are %d data classes already", CLASSES_MAX);
    if (at == UINT16_MAX)
        at = (uint16_t)p->class_count++;
    if (!own(p, &c.id) || !own(p, &c.title))
        return kd_fail_memory(err);
    p->classes[at] = c;
    for (const kd_json *one = kinds ? kinds->child : NULL; one; one = one->next)
        p->class_of_kind[kind_of_name(one->text)] = at;
    p->names_events[at] = events && events->child;
    for (const kd_json *one = events ? events->child : NULL; one; one = one->next)
        if (!kd_map_set(p->by_event, plain_hash(one->text), at))
            return kd_fail_memory(err);
    return KD_OK;
}

static kd_status add_field(kd_policy *p, kd_str id, const kd_json *doc, uint64_t version, kd_err *err)
{
    kd_field_rule field;
    uint32_t      at = (uint32_t)p->field_count;
    kd_status     status = read_field(&field, p, id, doc, err);
    if (status != KD_OK)
        return status;
    if (!kd_map_get(p->by_field, hash_of(id), &at) && p->field_count == FIELDS_MAX)
        return kd_fail(err, KD_LIMIT, "there are %d fields already", FIELDS_MAX);
    field.version = version;
    if (!own(p, &field.name) || !own(p, &field.title) || !own(p, &field.data_class) || !kd_map_set(p->by_field, hash_of(id), at))
        return kd_fail_memory(err);
    p->fields[at] = field;
    p->field_count += at == p->field_count;
    return KD_OK;
}

static kd_status add_body(kd_policy *p, kd_str kind, kd_str id, kd_str body, uint64_t version, kd_arena *scratch, kd_err *err)
{
    const kd_json *doc = NULL;
    kd_status      status = kd_json_parse(&doc, scratch, body.ptr, body.len, err);
    if (status == KD_OK)
        status = check_common(id, doc, err);
    if (status != KD_OK)
        return status;
    return kd_str_is(kind, "purpose") ? add_purpose(p, id, doc, version, err)
         : kd_str_is(kind, "data-class") ? add_class(p, id, doc, version, err) : add_field(p, id, doc, version, err);
}

/* Counters know "custom" only: whoever reads them must be allowed to read each class that names such events. */
static void narrow_custom(kd_policy *p, uint16_t class)
{
    kd_purposes sensitive = KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE), ours = p->of_kind[KD_KIND_CUSTOM], theirs = p->classes[class].purposes;
    p->of_kind[KD_KIND_CUSTOM] = (kd_purposes)((ours & theirs & ~sensitive) | ((ours | theirs) & sensitive));
}

/* What follows from all of them together. */
static kd_status settle(kd_policy *p, kd_arena *scratch, kd_err *err)
{
    p->asks = p->may_object = p->gpc = 0;
    for (int i = 0; i < KD_PURPOSE_COUNT; i++) {
        const kd_purpose_rule *rule = &p->rules[i];
        const kd_json         *list = NULL;
        uint32_t               known = 0;
        p->asks |= rule->basis == KD_BASIS_CONSENT ? KD_PURPOSE_BIT(i) : 0;
        p->may_object |= rule->basis == KD_BASIS_CONTRACT || rule->basis == KD_BASIS_INTEREST ? KD_PURPOSE_BIT(i) : 0;
        p->gpc |= rule->gpc ? KD_PURPOSE_BIT(i) : 0;
        if (kd_json_parse(&list, scratch, rule->categories.ptr, rule->categories.len, err) != KD_OK)
            return KD_CORRUPT;
        for (const kd_json *one = list->child; one; one = one->next) {
            known = 0;
            kd_map_get(p->by_category, plain_hash(one->text), &known);
            if (!kd_map_set(p->by_category, plain_hash(one->text), known | KD_PURPOSE_BIT(i)))
                return kd_fail_memory(err);
        }
        if (!kd_map_set(p->by_category, plain_hash(kd_str_z(kd_purpose_name((kd_purpose)i))), KD_PURPOSE_BIT(i)))
            return kd_fail_memory(err);
    }
    for (int kind = 0; kind < KD_KIND_COUNT; kind++)
        p->of_kind[kind] = p->classes[p->class_of_kind[kind]].purposes;
    for (size_t i = 0; i < p->class_count; i++)
        if (p->names_events[i])
            narrow_custom(p, (uint16_t)i);
    for (size_t i = 0; i < p->field_count; i++)
        if (p->fields[i].data_class.len)
            p->fields[i].purposes = p->classes[class_index(p, p->fields[i].data_class)].purposes;
    p->account = class_index(p, KD_STR(KD_CLASS_ACCOUNT));
    p->preferences = class_index(p, KD_STR(KD_CLASS_PREFERENCES));
    return KD_OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------ */

static void policy_free(kd_policy *p)
{
    if (!p)
        return;
    kd_map_free(p->by_field);
    kd_map_free(p->by_event);
    kd_map_free(p->by_category);
    kd_arena_free(p->arena);
    free(p);
}

static kd_status policy_new(kd_policy **out, kd_arena *scratch, kd_err *err)
{
    kd_policy *p = calloc(1, sizeof *p);
    kd_status  status = KD_OK;
    if (!p)
        return kd_fail_memory(err);
    atomic_init(&p->refs, 1);
    p->arena = kd_arena_new(POLICY_BYTES_MAX);
    p->by_field = kd_map_new(64);
    p->by_event = kd_map_new(16);
    p->by_category = kd_map_new(64);
    p->fields = p->arena ? KD_NEW(p->arena, kd_field_rule, FIELDS_MAX) : NULL;
    if (!p->by_field || !p->by_event || !p->by_category || !p->fields)
        status = kd_fail_memory(err);
    for (size_t i = 0; i < kd_policy_word_count && status == KD_OK; i++) {
        const kd_policy_word *word = &kd_policy_words[i];
        status = add_body(p, kd_str_z(word->kind), kd_str_z(word->id), kd_str_z(word->body), 0, scratch, err);
    }
    if (status == KD_OK)
        *out = p;
    else
        policy_free(p);
    return status;
}

static bool is_ours(kd_str kind)
{
    return kd_str_is(kind, "purpose") || kd_str_is(kind, "data-class") || kd_str_is(kind, "field");
}

/* Documents of one kind after another would need an index by kind; there are few, so they are picked out of one pass, and
 * fields, which name classes, wait for its end. */
typedef struct pass { kd_policy *policy; kd_reader *reader; kd_arena *scratch; bool fields; } pass;

static kd_status take_docs(pass *s, kd_err *err)
{
    uint64_t after = 0;
    for (;;) {
        kd_doc   *docs;
        size_t    count;
        kd_status status;
        kd_arena_reset(s->scratch);
        status = kd_reader_docs(&docs, &count, s->reader, after, DOCS_PER_READ, s->scratch, err);
        if (status != KD_OK || count == 0)
            return status;
        after = docs[count - 1].version;
        for (size_t i = 0; i < count; i++) {
            kd_err why = { 0 };
            if (!is_ours(docs[i].kind) || s->fields != kd_str_is(docs[i].kind, "field"))
                continue;
            if (docs[i].version > s->policy->version)
                s->policy->version = docs[i].version;
            status = docs[i].deleted ? KD_OK : add_body(s->policy, docs[i].kind, docs[i].id, docs[i].body, docs[i].version, s->scratch, &why);
            if (status != KD_OK)
                kd_log(KD_LOG_WARN, "customer", "policy-left-out", "kind=%.*s field=%s version=%llu", (int)docs[i].kind.len, docs[i].kind.ptr,
                       why.field[0] ? why.field : "-", (unsigned long long)docs[i].version);
        }
    }
}

static kd_status finish(kd_policy **out, kd_policy *p, kd_arena *scratch, kd_err *err)
{
    kd_status status = settle(p, scratch, err);
    if (status != KD_OK) {
        policy_free(p);
        return status;
    }
    *out = p;
    return KD_OK;
}

kd_status kd_policy_load(kd_policy **out, kd_reader *reader, kd_err *err)
{
    kd_arena  *scratch = kd_arena_new(READ_BYTES_MAX);
    kd_policy *p = NULL;
    kd_status  status = scratch ? policy_new(&p, scratch, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = take_docs(&(pass){ p, reader, scratch, false }, err);
    if (status == KD_OK)
        status = take_docs(&(pass){ p, reader, scratch, true }, err);
    if (status == KD_OK)
        status = finish(out, p, scratch, err);
    else
        policy_free(p);
    kd_arena_free(scratch);
    return status;
}

kd_status kd_policy_built_in(kd_policy **out, kd_err *err)
{
    kd_arena  *scratch = kd_arena_new(READ_BYTES_MAX);
    kd_policy *p = NULL;
    kd_status  status = scratch ? policy_new(&p, scratch, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = finish(out, p, scratch, err);
    kd_arena_free(scratch);
    return status;
}

kd_status kd_policy_first(kd_store *store, kd_reader *reader, int64_t now_ms, kd_err *err)
{
    kd_arena *arena = kd_arena_new(READ_BYTES_MAX);
    kd_doc   *docs = arena ? KD_NEW(arena, kd_doc, kd_policy_word_count) : NULL;
    size_t    count = 0;
    kd_status status = docs ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; i < kd_policy_word_count && status == KD_OK; i++) {
        const kd_policy_word *word = &kd_policy_words[i];
        kd_doc                there;
        status = kd_reader_doc(&there, reader, kd_str_z(word->kind), kd_str_z(word->id), arena, err);
        if (status == KD_NOT_FOUND) {
            docs[count++] = (kd_doc){ .kind = kd_str_z(word->kind), .id = kd_str_z(word->id), .valid_from_ms = now_ms, .body = kd_str_z(word->body) };
            status = KD_OK;
        }
    }
    if (status == KD_OK && count)
        status = kd_store_docs_put(store, docs, count, err);
    kd_arena_free(arena);
    return status;
}

const kd_policy *kd_policy_retain(const kd_policy *policy)
{
    if (policy)
        atomic_fetch_add_explicit(&((kd_policy *)(uintptr_t)policy)->refs, 1, memory_order_relaxed);
    return policy;
}

void kd_policy_release(const kd_policy *policy)
{
    kd_policy *mine = (kd_policy *)(uintptr_t)policy; /* only its count changes */
    if (mine && atomic_fetch_sub_explicit(&mine->refs, 1, memory_order_acq_rel) == 1)
        policy_free(mine);
}

/* ---- look-ups ---------------------------------------------------------------------------------------------------------------- */

kd_purposes kd_policy_gpc(const kd_policy *policy) { return policy->gpc; }
uint64_t kd_policy_version(const kd_policy *policy) { return policy->version; }
const kd_purpose_rule *kd_policy_purpose(const kd_policy *policy, kd_purpose purpose) { return &policy->rules[purpose]; }
size_t kd_policy_class_count(const kd_policy *policy) { return policy->class_count; }
const kd_data_class *kd_policy_class_at(const kd_policy *policy, size_t index) { return index < policy->class_count ? &policy->classes[index] : NULL; }
size_t kd_policy_field_count(const kd_policy *policy) { return policy->field_count; }
const kd_field_rule *kd_policy_field_at(const kd_policy *policy, size_t index) { return index < policy->field_count ? &policy->fields[index] : NULL; }

const kd_data_class *kd_policy_class(const kd_policy *policy, kd_str id)
{
    uint16_t at = class_index(policy, id);
    return at == UINT16_MAX ? NULL : &policy->classes[at];
}

const kd_field_rule *kd_policy_field(const kd_policy *policy, kd_str name)
{
    uint32_t at;
    return kd_map_get(policy->by_field, hash_of(name), &at) && kd_str_eq(policy->fields[at].name, name) ? &policy->fields[at] : NULL;
}

const kd_data_class *kd_policy_class_of_event(const kd_policy *policy, kd_kind kind, kd_str event_name)
{
    uint32_t at;
    unsigned known = (unsigned)kind < KD_KIND_COUNT ? (unsigned)kind : KD_KIND_CUSTOM;
    if (known == KD_KIND_CUSTOM && event_name.len && kd_map_get(policy->by_event, plain_hash(event_name), &at))
        return &policy->classes[at];
    return &policy->classes[policy->class_of_kind[known]];
}

kd_purposes kd_policy_of_kind(const kd_policy *policy, kd_kind kind)
{
    return policy->of_kind[(unsigned)kind < KD_KIND_COUNT ? (unsigned)kind : KD_KIND_CUSTOM];
}

kd_purposes kd_policy_of_event(const kd_policy *policy, kd_kind kind, kd_str event_name)
{
    return kd_policy_class_of_event(policy, kind, event_name)->purposes;
}

kd_purposes kd_policy_of_trait(const kd_policy *policy, kd_str name)
{
    const kd_field_rule *field = kd_policy_field(policy, name);
    return field ? field->purposes : policy->classes[policy->account].purposes;
}

/* "size.shoes" and "gift/A-1/p7" fall to "size" and "gift" where they have no document of their own. */
kd_purposes kd_policy_of_stated(const kd_policy *policy, kd_str name)
{
    const kd_field_rule *field = kd_policy_field(policy, name);
    for (size_t i = 0; !field && i < name.len; i++)
        if (name.ptr[i] == '.' || name.ptr[i] == '/') {
            field = kd_policy_field(policy, (kd_str){ name.ptr, i });
            break;
        }
    return field ? field->purposes : policy->classes[policy->preferences].purposes;
}

kd_purposes kd_policy_of_category(const kd_policy *policy, kd_str category)
{
    uint32_t purposes;
    return category.len <= NAME_MAX_BYTES && kd_map_get(policy->by_category, plain_hash(category), &purposes) ? (kd_purposes)purposes : 0;
}

kd_purposes kd_allowed_by(const kd_policy *policy, kd_purposes granted, kd_purposes refused, bool gpc)
{
    kd_purposes against = (kd_purposes)(refused | (gpc ? policy->gpc : 0));
    return (kd_purposes)(((policy->asks & granted) | policy->may_object) & ~against);
}

kd_purposes kd_allowed(const kd_policy *policy, const kd_profile *profile, bool gpc)
{
    return kd_allowed_by(policy, profile ? profile->granted : 0, profile ? profile->refused : 0, gpc);
}
