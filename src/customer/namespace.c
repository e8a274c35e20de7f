#include "customer/namespace.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { TYPES = 128, DOCS_AT_ONCE = 256, DOCS_BYTES = 512 * 1024 * 1024 };

struct kd_namespaces {
    atomic_uint  refs;   /* of the built-in ones: never read */
    kd_namespace of[TYPES];
};

/* What no document says. A person may have hundreds of browsers in the years; a browser with so many persons is a kiosk. */
static const kd_namespaces builtin = { .of = {
    [KD_KEY_NONE] = { "", 25, true, KD_TYPED_NEVER, KD_NORMALISE_EXACT },
    [KD_KEY_ANONYMOUS] = { "anonymousId", 25, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
    [KD_KEY_DEVICE] = { "deviceId", 25, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
    [KD_KEY_PHONE] = { "phone", 100, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
    [KD_KEY_EMAIL] = { "email", 200, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
    [KD_KEY_CARD] = { "card", 1000, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
    [KD_KEY_USER] = { "userId", 1000, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
    [KD_KEY_TILL] = { "tillCustomerNumber", 1000, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
    [KD_KEY_RECEIPT] = { "receiptId", 25, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT },
} };
static const kd_namespace own_default = { "", 200, true, KD_TYPED_GUESTS, KD_NORMALISE_EXACT };

static const char *const typed_names[] = { "never", "guests", "customers" };
static const char *const normalise_names[] = { "exact", "lower", "digits" };

const kd_namespaces *kd_namespaces_builtin(void)
{
    return &builtin;
}

const kd_namespaces *kd_namespaces_retain(const kd_namespaces *n)
{
    if (n != &builtin)
        atomic_fetch_add_explicit(&((kd_namespaces *)(uintptr_t)n)->refs, 1, memory_order_relaxed); /* counting is no change of the value */
    return n;
}

void kd_namespaces_release(const kd_namespaces *n)
{
    kd_namespaces *mine = (kd_namespaces *)(uintptr_t)n;
    if (n && n != &builtin && atomic_fetch_sub_explicit(&mine->refs, 1, memory_order_acq_rel) == 1)
        free(mine);
}

const kd_namespace *kd_namespaces_get(const kd_namespaces *n, unsigned type)
{
    return type < TYPES && n->of[type].name[0] ? &n->of[type] : &builtin.of[KD_KEY_NONE];
}

kd_key_type kd_namespaces_find(const kd_namespaces *n, kd_str name)
{
    kd_key_type type = kd_key_type_parse(name);
    for (int own = KD_KEY_OWN_FIRST; type == KD_KEY_NONE && own <= KD_KEY_OWN_LAST; own++)
        if (n->of[own].name[0] && kd_str_is(name, n->of[own].name))
            type = (kd_key_type)own;
    return type;
}

kd_str kd_namespaces_normal(char out[KD_KEY_VALUE_MAX], const kd_namespaces *n, kd_key_type type, kd_str value)
{
    const kd_normalise how = kd_namespaces_get(n, type)->normalise;
    kd_str             text = kd_str_trim(value);
    size_t             len = 0;
    if (type < KD_KEY_OWN_FIRST || how == KD_NORMALISE_EXACT || text.len > KD_KEY_VALUE_MAX)
        return text;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (how == KD_NORMALISE_LOWER)
            out[len++] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
        else if (c >= '0' && c <= '9')
            out[len++] = c;
    }
    return (kd_str){ out, len };
}

/* ---- documents ------------------------------------------------------------------------------------------------------------ */

static bool valid_name(kd_str name)
{
    bool ok = name.len > 0 && name.len <= KD_NAMESPACE_NAME_MAX && name.ptr[0] >= 'A' && name.ptr[0] <= 'z' && name.ptr[0] != '_';
    for (size_t i = 0; ok && i < name.len; i++) {
        char c = name.ptr[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    return ok;
}

static bool word_of(int *out, const kd_json *node, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (kd_json_is(node, KD_JSON_STRING) && kd_str_is(node->text, names[i])) {
            *out = i;
            return true;
        }
    return false;
}

static kd_status read_fields(kd_namespace *out, unsigned *number, bool own, const kd_json *body, kd_err *err)
{
    for (const kd_json *m = body->child; m; m = m->next) {
        int64_t n = 0;
        int     word = 0;
        if (kd_str_is(m->key, "limit")) {
            if (!kd_json_i64(&n, m) || n < 1 || n > KD_NAMESPACE_LIMIT_MAX)
                return kd_fail_field(err, KD_INVALID, "/limit", "must be a whole number from 1 to %d", KD_NAMESPACE_LIMIT_MAX);
            out->limit = (uint32_t)n;
        } else if (kd_str_is(m->key, "unique")) {
            if (m->type != KD_JSON_TRUE && m->type != KD_JSON_FALSE)
                return kd_fail_field(err, KD_INVALID, "/unique", "must be true or false");
            out->unique = m->type == KD_JSON_TRUE;
        } else if (kd_str_is(m->key, "typed")) {
            if (!word_of(&word, m, typed_names, 3))
                return kd_fail_field(err, KD_INVALID, "/typed", "must be never, guests or customers");
            out->typed = (kd_typed)word;
        } else if (kd_str_is(m->key, "normalise")) {
            if (!word_of(&word, m, normalise_names, 3) || (!own && word != KD_NORMALISE_EXACT))
                return kd_fail_field(err, KD_INVALID, "/normalise", own ? "must be exact, lower or digits" : "is fixed for a built-in kind of key");
            out->normalise = (kd_normalise)word;
        } else if (kd_str_is(m->key, "number")) {
            if (!kd_json_i64(&n, m) || (own ? n < KD_KEY_OWN_FIRST || n > KD_KEY_OWN_LAST : n != *number))
                return kd_fail_field(err, KD_INVALID, "/number", "is given by the server: 64 to 127 for kinds of your own");
            *number = (unsigned)n;
        } else if (!kd_str_is(m->key, "name")) {
            return kd_fail_field(err, KD_INVALID, "/", "unknown field: limit, unique, typed and normalise are known");
        }
    }
    return KD_OK;
}

kd_status kd_namespace_parse(kd_namespace *out, unsigned *number, kd_str name, const kd_json *body, kd_err *err)
{
    kd_key_type type = kd_key_type_parse(name);
    if (!kd_json_is(body, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "", "must be an object with limit, unique, typed and normalise");
    if (type == KD_KEY_NONE && !valid_name(name))
        return kd_fail_field(err, KD_INVALID, "/name", "a name has 1 to %d letters, digits, '-' and '_', and begins with a letter", KD_NAMESPACE_NAME_MAX);
    *out = type == KD_KEY_NONE ? own_default : builtin.of[type];
    *number = type;
    if (type == KD_KEY_NONE) {
        memcpy(out->name, name.ptr, name.len);
        out->name[name.len] = '\0';
    }
    return read_fields(out, number, type == KD_KEY_NONE, body, err);
}

void kd_namespace_write(kd_jw *w, const kd_namespace *ns, unsigned number)
{
    kd_jw_object(w);
    KD_JW_Z(w, "name", ns->name);
    KD_JW_I64(w, "number", number);
    KD_JW_I64(w, "limit", ns->limit);
    KD_JW_BOOL(w, "unique", ns->unique);
    KD_JW_Z(w, "typed", typed_names[ns->typed]);
    KD_JW_Z(w, "normalise", normalise_names[ns->normalise]);
    kd_jw_object_end(w);
}

static void take_doc(kd_namespaces *n, const kd_doc *doc, kd_arena *arena)
{
    kd_namespace   ns;
    unsigned       number = 0;
    const kd_json *body;
    if (!kd_str_is(doc->kind, "namespace") || doc->deleted || kd_json_parse(&body, arena, doc->body.ptr, doc->body.len, NULL) != KD_OK)
        return;
    if (kd_namespace_parse(&ns, &number, doc->id, body, NULL) == KD_OK && number > 0 && number < TYPES)
        n->of[number] = ns;
}

kd_status kd_namespaces_load(const kd_namespaces **out, kd_reader *reader, kd_err *err)
{
    kd_namespaces *n = calloc(1, sizeof *n);
    kd_arena      *arena = kd_arena_new(DOCS_BYTES);
    kd_doc        *docs = NULL;
    size_t         count = 1;
    uint64_t       after = 0;
    kd_status      status = n && arena ? KD_OK : kd_fail_memory(err);
    if (n) {
        memcpy(n->of, builtin.of, sizeof n->of);
        atomic_init(&n->refs, 1);
    }
    while (status == KD_OK && count > 0) {
        kd_arena_reset(arena);
        status = kd_reader_docs(&docs, &count, reader, after, DOCS_AT_ONCE, arena, err);
        for (size_t i = 0; status == KD_OK && i < count; i++)
            take_doc(n, &docs[i], arena);
        if (status == KD_OK && count > 0)
            after = docs[count - 1].version;
    }
    kd_arena_free(arena);
    if (status != KD_OK) {
        free(n);
        return status;
    }
    *out = n;
    return KD_OK;
}
