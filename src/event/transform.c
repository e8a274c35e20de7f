#include "event/transform.h"

#include <stdio.h>

#include "base/id.h"
#include "event/expression.h"

typedef enum action { DO_RENAME, DO_MAP, DO_COMPUTE, DO_DEFAULT, DO_DROP, DO_DROP_EVENT } action;
static const char *const actions[] = { "rename", "map", "compute", "default", "drop", "drop-event" };
enum { ACTIONS = sizeof actions / sizeof *actions, FIELD_BYTES = 48 };

typedef struct pair { kd_str from; const kd_json *to; } pair;
typedef struct step {
    action         action;
    kd_path        path, to;
    kd_expression *when, *expression;
    const kd_json *value;      /* default's value, map's otherwise; NULL: none */
    const pair    *values;
    size_t         value_count;
} step;

struct kd_transform { const step *steps; size_t count; uint64_t hash; };

/* ---- paths ------------------------------------------------------------------------------------------------------------------- */
/* One name of a JSON pointer, without its escapes. */
static kd_str unescaped(kd_arena *arena, kd_str name)
{
    kd_buf text;
    kd_buf_init(&text, arena);
    kd_buf_reserve(&text, name.len + 1);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~' && i + 1 < name.len && (name.ptr[i + 1] == '0' || name.ptr[i + 1] == '1'))
            kd_buf_add_byte(&text, name.ptr[++i] == '0' ? '~' : '/');
        else
            kd_buf_add_byte(&text, (uint8_t)name.ptr[i]);
    }
    return text.failed ? (kd_str){ 0 } : kd_buf_str(&text);
}

kd_status kd_path_parse(kd_path *out, kd_str text, kd_arena *arena, kd_err *err)
{
    const char sign = text.len && text.ptr[0] == '/' ? '/' : '.';
    size_t     from = sign == '/' ? 1 : 0;
    *out = (kd_path){ 0 };
    if (text.len == from)
        return kd_fail(err, KD_INVALID, "a path to a field is missing");
    while (from <= text.len) {
        const char  *end = from < text.len ? memchr(text.ptr + from, sign, text.len - from) : NULL;
        const size_t stop = end ? (size_t)(end - text.ptr) : text.len;
        if (stop == from)
            return kd_fail(err, KD_INVALID, "a path with an empty name in it");
        if (out->count == KD_TRANSFORM_PATH_MAX)
            return kd_fail(err, KD_LIMIT, "a path of more than %d names", KD_TRANSFORM_PATH_MAX);
        out->names[out->count] = unescaped(arena, (kd_str){ text.ptr + from, stop - from });
        if (out->names[out->count++].len == 0)
            return kd_fail_memory(err);
        from = stop + 1;
    }
    return KD_OK;
}

static const kd_json *member_of(const kd_json *node, kd_str name)
{
    int64_t index;
    if (!kd_json_is(node, KD_JSON_ARRAY))
        return kd_json_get_str(node, name);
    if (!kd_str_i64(&index, name) || index < 0 || index >= (int64_t)node->count)
        return NULL;
    for (node = node->child; index > 0; index--)
        node = node->next;
    return node;
}

const kd_json *kd_path_get(const kd_json *root, const kd_path *path)
{
    for (uint32_t i = 0; i < path->count && root; i++)
        root = member_of(root, path->names[i]);
    return root;
}

/* ---- reading a step -------------------------------------------------------------------------------------------------------------- */
static kd_status fail_at(kd_err *err, kd_status status, const char *at, const char *member, const char *why, size_t pos)
{
    char field[FIELD_BYTES];
    snprintf(field, sizeof field, "%.30s%s%.16s", at, member[0] ? "/" : "", member);
    kd_fail_field(err, status, field, "%s", why);
    if (err)
        err->pos = pos;
    return status;
}

static const kd_json *given(const kd_json *object, const char *name)
{
    const kd_json *node = kd_json_get(object, name);
    return kd_json_is(node, KD_JSON_NULL) ? NULL : node;
}

/* A copy that the transform may keep: the document's own tree ends with its request. */
static const kd_json *kept(const kd_json *node, kd_arena *arena)
{
    const kd_json *copy = NULL;
    return kd_json_parse(&copy, arena, node->raw.ptr, node->raw.len, NULL) == KD_OK ? copy : NULL;
}

static kd_status read_path(kd_path *out, const kd_json *doc, const char *member, const char *at, kd_arena *arena, kd_err *err)
{
    const kd_json *node = given(doc, member);
    kd_err         why = { 0 };
    if (!kd_json_is(node, KD_JSON_STRING))
        return fail_at(err, KD_INVALID, at, member, "a path as text is required here, as in \"properties.price\"", 0);
    return kd_path_parse(out, node->text, arena, &why) == KD_OK ? KD_OK : fail_at(err, why.status, at, member, why.msg, 0);
}

static kd_status read_expression(kd_expression **out, const kd_json *doc, const char *member, bool required, const char *at, kd_arena *arena, kd_err *err)
{
    const kd_json *node = given(doc, member);
    kd_err         why = { 0 };
    if (node == NULL && !required)
        return KD_OK;
    if (!kd_json_is(node, KD_JSON_STRING))
        return fail_at(err, KD_INVALID, at, member, "an expression as text is required here", 0);
    return kd_expression_parse(out, node->text, arena, &why) == KD_OK ? KD_OK : fail_at(err, why.status, at, member, why.msg, why.pos);
}

static bool is_scalar(const kd_json *node)
{
    return node && node->type != KD_JSON_ARRAY && node->type != KD_JSON_OBJECT;
}

static kd_status read_values(step *s, const kd_json *doc, const char *at, kd_arena *arena, kd_err *err)
{
    const kd_json *values = given(doc, "values"), *otherwise = kd_json_get(doc, "otherwise");
    pair          *pairs;
    if (!kd_json_is(values, KD_JSON_OBJECT) || values->count == 0)
        return fail_at(err, KD_INVALID, at, "values", "must be an object of old values and what they become", 0);
    if (values->count > KD_TRANSFORM_VALUES_MAX)
        return fail_at(err, KD_LIMIT, at, "values", "more than 1000 values", 0);
    if (otherwise && !is_scalar(otherwise))
        return fail_at(err, KD_INVALID, at, "otherwise", "must be text, a number, true, false or null", 0);
    values = kept(values, arena);
    pairs = values ? KD_NEW(arena, pair, values->count) : NULL;
    if (pairs == NULL || (otherwise && (s->value = kept(otherwise, arena)) == NULL))
        return kd_fail_memory(err);
    for (const kd_json *member = values->child; member; member = member->next) {
        if (!is_scalar(member))
            return fail_at(err, KD_INVALID, at, "values", "a value becomes text, a number, true, false or null", 0);
        pairs[s->value_count++] = (pair){ member->key, member };
    }
    s->values = pairs;
    return KD_OK;
}

static kd_status read_default(step *s, const kd_json *doc, const char *at, kd_arena *arena, kd_err *err)
{
    const kd_json *value = given(doc, "value");
    if (value == NULL)
        return fail_at(err, KD_INVALID, at, "value", "is required", 0);
    s->value = kept(value, arena);
    return s->value ? KD_OK : kd_fail_memory(err);
}

static kd_status read_step(step *s, const kd_json *doc, const char *at, kd_arena *arena, kd_err *err)
{
    const kd_str what = kd_json_text(given(doc, "do"));
    size_t       which = 0;
    kd_status    status;
    if (!kd_json_is(doc, KD_JSON_OBJECT))
        return fail_at(err, KD_INVALID, at, "", "a step must be an object", 0);
    while (which < ACTIONS && !kd_str_is(what, actions[which]))
        which++;
    if (which == ACTIONS)
        return fail_at(err, KD_INVALID, at, "do", "must be one of rename, map, compute, default, drop, drop-event", 0);
    s->action = (action)which;
    status = read_expression(&s->when, doc, "when", s->action == DO_DROP_EVENT, at, arena, err);
    if (status != KD_OK || s->action == DO_DROP_EVENT)
        return status;
    if (s->action == DO_RENAME) {
        status = read_path(&s->path, doc, "from", at, arena, err);
        return status == KD_OK ? read_path(&s->to, doc, "to", at, arena, err) : status;
    }
    if ((status = read_path(&s->path, doc, "field", at, arena, err)) != KD_OK)
        return status;
    switch (s->action) {
    case DO_MAP:     return read_values(s, doc, at, arena, err);
    case DO_COMPUTE: return read_expression(&s->expression, doc, "expression", true, at, arena, err);
    case DO_DEFAULT: return read_default(s, doc, at, arena, err);
    default:         return KD_OK;
    }
}

kd_status kd_transform_parse(kd_transform **out, const kd_json *steps, const char *at, kd_arena *arena, kd_err *err)
{
    kd_transform *t = KD_NEW(arena, kd_transform, 1);
    step         *list;
    if (t == NULL)
        return kd_fail_memory(err);
    if (steps == NULL || steps->type == KD_JSON_NULL) {
        *out = t;
        return KD_OK;
    }
    if (steps->type != KD_JSON_ARRAY)
        return fail_at(err, KD_INVALID, at, "", "must be an array of steps", 0);
    if (steps->count > KD_TRANSFORM_STEPS_MAX)
        return fail_at(err, KD_LIMIT, at, "", "more than 64 steps", 0);
    if ((list = KD_NEW(arena, step, steps->count)) == NULL)
        return kd_fail_memory(err);
    for (const kd_json *doc = steps->child; doc; doc = doc->next) {
        char      place[FIELD_BYTES];
        kd_status status;
        snprintf(place, sizeof place, "%.24s/%u", at, (unsigned)t->count);
        if ((status = read_step(&list[t->count], doc, place, arena, err)) != KD_OK)
            return status;
        t->count++;
    }
    t->steps = list;
    t->hash = t->count ? kd_hash64(steps->raw.ptr, steps->raw.len, 1) : 0;
    *out = t;
    return KD_OK;
}

size_t   kd_transform_step_count(const kd_transform *t) { return t ? t->count : 0; }
uint64_t kd_transform_hash(const kd_transform *t) { return t ? t->hash : 0; }

/* ---- changing a tree: only what lies on the way is copied ---------------------------------------------------------------------------- */
/* A container changed here has no `raw`; all other nodes have theirs, so that what was not touched is written as it was. */
void kd_json_write_kept(kd_jw *w, const kd_json *node)
{
    const bool object = node->type == KD_JSON_OBJECT;
    if (node->raw.len || (!object && node->type != KD_JSON_ARRAY)) {
        kd_jw_raw(w, node->raw);
        return;
    }
    object ? kd_jw_object(w) : kd_jw_array(w);
    for (const kd_json *child = node->child; child && !w->buf->failed; child = child->next) {
        if (object)
            kd_jw_key_str(w, child->key);
        kd_json_write_kept(w, child);
    }
    object ? kd_jw_object_end(w) : kd_jw_array_end(w);
}

typedef struct editing { kd_arena *arena; bool full; } editing;

static kd_json *copy_of(editing *e, const kd_json *node)
{
    kd_json *copy = KD_NEW(e->arena, kd_json, 1);
    if (copy == NULL)
        e->full = true;
    else
        *copy = *node;
    return copy;
}

static const kd_json *with(editing *e, const kd_json *node, const kd_path *path, uint32_t depth, const kd_json *value);

/* Of equal names all but the last go: the last is what counts. */
static const kd_json *with_member(editing *e, const kd_json *object, const kd_path *path, uint32_t depth, const kd_json *value)
{
    static const kd_json none = { .type = KD_JSON_OBJECT };
    const kd_str         name = path->names[depth];
    const kd_json       *old = kd_json_get_str(object, name), *fresh;
    kd_json             *out, **end, *last;
    if (old == NULL && value == NULL)
        return object;
    fresh = depth + 1 == path->count ? value : with(e, old ? old : &none, path, depth + 1, value);
    if (e->full || fresh == old)
        return object;
    if ((out = copy_of(e, object)) == NULL)
        return object;
    out->raw = (kd_str){ 0 };
    out->child = NULL;
    out->count = 0;
    end = (kd_json **)(uintptr_t)&out->child;
    for (const kd_json *member = object->child; member; member = member->next) {
        const bool same = kd_str_eq(member->key, name);
        if (same && (member != old || fresh == NULL))
            continue;
        if ((last = copy_of(e, same ? fresh : member)) == NULL)
            return object;
        last->key = member->key;
        last->next = NULL;
        *end = last;
        end = (kd_json **)(uintptr_t)&last->next;
        out->count++;
    }
    if (old == NULL && fresh && (last = copy_of(e, fresh)) != NULL) {
        last->key = name;
        last->next = NULL;
        *end = last;
        out->count++;
    }
    return out;
}

static const kd_json *with_element(editing *e, const kd_json *array, const kd_path *path, uint32_t depth, const kd_json *value)
{
    const kd_json *old = member_of(array, path->names[depth]), *fresh;
    kd_json       *out, **end;
    if (old == NULL)
        return array; /* nothing is put behind an array */
    fresh = depth + 1 == path->count ? value : with(e, old, path, depth + 1, value);
    if (e->full || fresh == old || (out = copy_of(e, array)) == NULL)
        return array;
    out->raw = (kd_str){ 0 };
    out->child = NULL;
    out->count = 0;
    end = (kd_json **)(uintptr_t)&out->child;
    for (const kd_json *element = array->child; element; element = element->next) {
        const kd_json *from = element == old ? fresh : element;
        kd_json       *copy;
        if (from == NULL)
            continue;
        if ((copy = copy_of(e, from)) == NULL)
            return array;
        copy->next = NULL;
        *end = copy;
        end = (kd_json **)(uintptr_t)&copy->next;
        out->count++;
    }
    return out;
}

/* `node` with `value` at the rest of the path; NULL takes it away. What lies on the way and is no container gives way. */
static const kd_json *with(editing *e, const kd_json *node, const kd_path *path, uint32_t depth, const kd_json *value)
{
    static const kd_json empty = { .type = KD_JSON_OBJECT };
    if (node->type == KD_JSON_ARRAY)
        return with_element(e, node, path, depth, value);
    if (node->type != KD_JSON_OBJECT) {
        if (value == NULL)
            return node;
        node = &empty;
    }
    return with_member(e, node, path, depth, value);
}

/* ---- taking steps ---------------------------------------------------------------------------------------------------------------------- */
static bool same_value(const kd_json *a, const kd_json *b)
{
    return a && b && a->type == b->type && (a->type == KD_JSON_STRING ? kd_str_eq(a->text, b->text) : kd_str_eq(a->raw, b->raw));
}

static const kd_json *do_map(editing *e, const step *s, const kd_json *root)
{
    const kd_json *old = kd_path_get(root, &s->path), *value = NULL;
    kd_str         text;
    if (!is_scalar(old))
        return root;
    text = old->type == KD_JSON_STRING ? old->text : old->raw;
    for (size_t i = 0; i < s->value_count && value == NULL; i++)
        if (kd_str_eq(text, s->values[i].from))
            value = s->values[i].to;
    if (value == NULL)
        value = s->value;
    return value && !same_value(value, old) ? with(e, root, &s->path, 0, value) : root;
}

static kd_status do_compute(const kd_json **root, editing *e, const step *s, kd_err *err)
{
    const kd_json *value = NULL, *old = kd_path_get(*root, &s->path);
    kd_str         text;
    kd_status      status = kd_expression_value(&text, s->expression, *root, e->arena, err);
    if (status == KD_OK)
        status = kd_json_parse(&value, e->arena, text.ptr, text.len, err);
    if (status != KD_OK)
        return status;
    if (value->type == KD_JSON_NULL)
        *root = with(e, *root, &s->path, 0, NULL);
    else if (!same_value(value, old))
        *root = with(e, *root, &s->path, 0, value);
    return KD_OK;
}

static const kd_json *do_rename(editing *e, const step *s, const kd_json *root)
{
    const kd_json *value = kd_path_get(root, &s->path), *there = kd_path_get(root, &s->to);
    if (value == NULL || (there && there->type != KD_JSON_NULL))
        return root;
    return with(e, with(e, root, &s->path, 0, NULL), &s->to, 0, value);
}

static const kd_json *do_default(editing *e, const step *s, const kd_json *root)
{
    const kd_json *old = kd_path_get(root, &s->path);
    const bool     none = old == NULL || old->type == KD_JSON_NULL || (old->type == KD_JSON_STRING && old->text.len == 0);
    return none ? with(e, root, &s->path, 0, s->value) : root;
}

static kd_status take_step(const kd_json **root, bool *dropped, editing *e, const step *s, kd_err *err)
{
    bool      applies = true;
    kd_status status = s->when ? kd_expression_truth(&applies, s->when, *root, e->arena, err) : KD_OK;
    if (status != KD_OK || !applies)
        return status;
    switch (s->action) {
    case DO_RENAME:     *root = do_rename(e, s, *root); break;
    case DO_MAP:        *root = do_map(e, s, *root); break;
    case DO_COMPUTE:    status = do_compute(root, e, s, err); break;
    case DO_DEFAULT:    *root = do_default(e, s, *root); break;
    case DO_DROP:       *root = with(e, *root, &s->path, 0, NULL); break;
    case DO_DROP_EVENT: *dropped = true; break;
    }
    return status == KD_OK && e->full ? kd_fail_memory(err) : status;
}

static kd_status settle(const kd_json **out, const kd_json *root, kd_arena *arena, kd_err *err)
{
    kd_buf text;
    kd_jw  w;
    kd_buf_init(&text, arena);
    text.max = KD_TRANSFORM_OUT_BYTES_MAX;
    kd_jw_init(&w, &text);
    kd_json_write_kept(&w, root);
    if (text.failed)
        return kd_fail_field(err, KD_LIMIT, "/transform", "the event has grown over 1 MiB, or over the memory of its request");
    return kd_json_parse(out, arena, text.ptr, text.len, err);
}

kd_status kd_transform_apply(const kd_json **out, bool *dropped, const kd_transform *t, const kd_json *item, kd_arena *arena, kd_err *err)
{
    editing        e = { .arena = arena };
    const kd_json *root = item;
    *dropped = false;
    *out = item;
    if (t == NULL || t->count == 0 || !kd_json_is(item, KD_JSON_OBJECT))
        return KD_OK;
    for (size_t i = 0; i < t->count; i++) {
        kd_err    why = { 0 };
        kd_status status = take_step(&root, dropped, &e, &t->steps[i], &why);
        if (status != KD_OK) {
            char field[FIELD_BYTES];
            snprintf(field, sizeof field, "/transform/%zu", i);
            return kd_fail_field(err, status, field, "step %zu (%s): %s", i + 1, actions[t->steps[i].action], why.msg);
        }
        if (*dropped) {
            *out = NULL;
            return KD_OK;
        }
    }
    return root == item ? KD_OK : settle(out, root, arena, err);
}
