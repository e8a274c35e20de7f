#include "base/json.h"

#include <assert.h>

#include "base/json_index.h"

enum { NODES_AT_ONCE = 64 };

typedef struct reader {
    const char     *text;   /* our copy, padded with NULs */
    size_t          len;
    const uint32_t *tokens; /* see json_index.h */
    size_t          count;
    size_t          i;      /* the next token */
    kd_json        *spare;  /* nodes not yet used */
    size_t          spares;
    kd_arena       *arena;
    kd_err         *err;
} reader;

static kd_status read_value(reader *r, kd_json *node, int depth);

/* Where the next token stands; the end of the text, which reads as NUL, when there is none. */
static size_t here(const reader *r)
{
    return r->i < r->count ? r->tokens[r->i] : r->len;
}

static char peek(const reader *r)
{
    return r->text[here(r)];
}

static kd_status expected(const reader *r, const char *what)
{
    size_t pos = here(r);
    return kd_fail_at(r->err, KD_INVALID, pos, pos < r->len ? "not JSON: %s expected" : "not JSON: ends where %s is expected", what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static kd_json *new_node(reader *r)
{
    if (r->spares == 0) {
        size_t most = (r->count - r->i) / 2 + 1; /* every further value has a token and a separator */
        r->spares = most < NODES_AT_ONCE ? most : NODES_AT_ONCE;
        r->spare = KD_NEW(r->arena, kd_json, r->spares);
        if (r->spare == NULL) {
            r->spares = 0;
            return NULL;
        }
    }
    r->spares--;
    return r->spare++;
}

/* --- strings --- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind "\u"; -1 when they are not four digits (what stands behind the text's end is a quote or NUL). */
static int32_t hex4(const char *p)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *put_utf8(char *out, int32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

/* "\uXXXX" at *in, with its second half when it is a surrogate pair. A lone surrogate is no character: it becomes U+FFFD, as in
 * every browser's TextEncoder, because a shop cannot mend the emoji that some till cut in two. */
static bool unescape_unicode(char **out, const char **in)
{
    int32_t c = hex4(*in + 2);
    if (c < 0)
        return false;
    *in += 6;
    if (c >= 0xD800 && c <= 0xDBFF && (*in)[0] == '\\' && (*in)[1] == 'u') {
        int32_t low = hex4(*in + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            *in += 6;
        }
    }
    *out = put_utf8(*out, c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c);
    return true;
}

/* The contents of a string that holds a backslash, into fresh memory: every escape is at least as long as what it means. */
static kd_status unescape(reader *r, kd_str *out, kd_str in)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char       *start = kd_arena_alloc(r->arena, in.len + 1), *o = start;
    const char *p = in.ptr, *end = in.ptr + in.len;
    if (start == NULL)
        return kd_fail_memory(r->err);
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t      plain = (size_t)((slash != NULL ? slash : end) - p);
        memcpy(o, p, plain);
        o += plain;
        p += plain;
        if (slash == NULL)
            break;
        const char *known = slash[1] != 0 ? strchr(from, slash[1]) : NULL;
        if (known != NULL) {
            *o++ = to[known - from];
            p += 2;
        } else if (slash[1] != 'u' || !unescape_unicode(&o, &p)) {
            return kd_fail_at(r->err, KD_INVALID, (size_t)(slash - r->text), "not JSON: no such escape in a string");
        }
    }
    *out = (kd_str){ start, (size_t)(o - start) };
    return KD_OK;
}

/* The string at the next token. Only blanks can stand between its closing quote and the token after it. */
static kd_status read_string(reader *r, kd_str *out, kd_str *raw)
{
    size_t start = here(r), end;
    r->i++;
    for (end = here(r); is_blank(r->text[end - 1]); end--)
        ;
    assert(end >= start + 2 && r->text[end - 1] == '"');
    *raw = (kd_str){ r->text + start, end - start };
    *out = (kd_str){ r->text + start + 1, end - start - 2 };
    return memchr(out->ptr, '\\', out->len) != NULL ? unescape(r, out, *out) : KD_OK;
}

/* --- numbers and words --- */

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

/* The end of the JSON number at `p`; NULL when it is none. */
static const char *number_end(const char *p)
{
    const char *digits;
    p += *p == '-';
    digits = p;
    p = skip_digits(p);
    if (p == digits || (*digits == '0' && p > digits + 1))
        return NULL;
    if (*p == '.') {
        digits = ++p;
        p = skip_digits(p);
        if (p == digits)
            return NULL;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        digits = p;
        p = skip_digits(p);
        if (p == digits)
            return NULL;
    }
    return p;
}

static kd_status read_word(reader *r, kd_json *node)
{
    const char *start = r->text + here(r), *end = NULL;
    switch (*start) {
    case 'n':
        node->type = KD_JSON_NULL;
        end = memcmp(start, "null", 4) == 0 ? start + 4 : NULL;
        break;
    case 't':
        node->type = KD_JSON_TRUE;
        end = memcmp(start, "true", 4) == 0 ? start + 4 : NULL;
        break;
    case 'f':
        node->type = KD_JSON_FALSE;
        end = memcmp(start, "false", 5) == 0 ? start + 5 : NULL;
        break;
    default:
        node->type = KD_JSON_NUMBER;
        end = number_end(start);
    }
    if (end == NULL)
        return expected(r, "a value");
    r->i++;
    if (end < r->text + here(r) && !is_blank(*end)) /* 1x, nullnull */
        return kd_fail_at(r->err, KD_INVALID, (size_t)(end - r->text), "not JSON: unexpected text behind a value");
    node->raw = (kd_str){ start, (size_t)(end - start) };
    if (node->type == KD_JSON_NUMBER)
        node->text = node->raw;
    return KD_OK;
}

/* --- containers --- */

static kd_status read_key(reader *r, kd_json *member)
{
    kd_str raw;
    if (peek(r) != '"')
        return expected(r, "a key in quotes");
    kd_status status = read_string(r, &member->key, &raw);
    if (status != KD_OK)
        return status;
    if (peek(r) != ':')
        return expected(r, "':'");
    r->i++;
    return KD_OK;
}

/* An object (`close` is '}') or an array. */
static kd_status read_container(reader *r, kd_json *node, char close, int depth)
{
    size_t          start = here(r);
    const kd_json **link = &node->child;
    node->type = close == '}' ? KD_JSON_OBJECT : KD_JSON_ARRAY;
    if (depth == KD_JSON_DEPTH_MAX)
        return kd_fail_at(r->err, KD_LIMIT, start, "JSON nested deeper than %d", KD_JSON_DEPTH_MAX);
    r->i++;
    while (peek(r) != close || node->count > 0) {
        kd_json *item = new_node(r);
        if (item == NULL)
            return kd_fail_memory(r->err);
        kd_status status = close == '}' ? read_key(r, item) : KD_OK;
        if (status == KD_OK)
            status = read_value(r, item, depth + 1);
        if (status != KD_OK)
            return status;
        *link = item;
        link = &item->next;
        node->count++;
        if (peek(r) == close)
            break;
        if (peek(r) != ',')
            return expected(r, close == '}' ? "',' or '}'" : "',' or ']'");
        r->i++;
    }
    node->raw = (kd_str){ r->text + start, here(r) + 1 - start };
    r->i++;
    return KD_OK;
}

static kd_status read_value(reader *r, kd_json *node, int depth)
{
    switch (peek(r)) {
    case '{': return read_container(r, node, '}', depth);
    case '[': return read_container(r, node, ']', depth);
    case '"':
        node->type = KD_JSON_STRING;
        return read_string(r, &node->text, &node->raw);
    default:  return read_word(r, node);
    }
}

/* Says what the token index only knows to be wrong. */
static kd_status explain(const char *text, size_t len, kd_err *err)
{
    size_t valid = kd_utf8_prefix((kd_str){ text, len }), start = 0;
    bool   inside = false;
    if (valid < len)
        return kd_fail_at(err, KD_INVALID, valid, "not JSON: the text is not UTF-8");
    for (size_t i = 0; i < len; i++) {
        if (inside && (unsigned char)text[i] < 0x20)
            return kd_fail_at(err, KD_INVALID, i, "not JSON: a control character in a string");
        if (inside && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            start = i;
            inside = !inside;
        }
    }
    if (inside)
        return kd_fail_at(err, KD_INVALID, start, "not JSON: a string without its closing quote");
    return kd_fail_at(err, KD_INVALID, len, "not JSON: the text is empty");
}

kd_status kd_json_parse(const kd_json **out, kd_arena *arena, const char *text, size_t len, kd_err *err)
{
    reader r = { .len = len, .arena = arena, .err = err };
    char  *copy = len < SIZE_MAX - KD_JSON_PADDING ? kd_arena_alloc(arena, len + KD_JSON_PADDING) : NULL;
    if (copy == NULL)
        return kd_fail_memory(err);
    if (len > 0)
        memcpy(copy, text, len);
    r.text = copy;
    kd_status status = kd_json_index(&r.tokens, &r.count, r.text, len);
    if (status != KD_OK)
        return status == KD_INVALID ? explain(r.text, len, err) : kd_fail_memory(err);
    kd_json *root = new_node(&r);
    if (root == NULL)
        return kd_fail_memory(err);
    status = read_value(&r, root, 0);
    if (status == KD_OK && r.i < r.count)
        status = kd_fail_at(err, KD_INVALID, here(&r), "not JSON: more text behind the value");
    if (status == KD_OK)
        *out = root;
    return status;
}

/* --- questions to a tree --- */

const kd_json *kd_json_get_str(const kd_json *object, kd_str key)
{
    const kd_json *found = NULL;
    if (!kd_json_is(object, KD_JSON_OBJECT))
        return NULL;
    for (const kd_json *m = object->child; m != NULL; m = m->next)
        if (kd_str_eq(m->key, key))
            found = m;
    return found;
}

const kd_json *kd_json_get(const kd_json *object, const char *key)
{
    return kd_json_get_str(object, kd_str_z(key));
}

const kd_json *kd_json_path(const kd_json *object, const char *dotted)
{
    while (object != NULL) {
        size_t len = strcspn(dotted, ".");
        object = kd_json_get_str(object, (kd_str){ dotted, len });
        if (dotted[len] == 0)
            break;
        dotted += len + 1;
    }
    return object;
}

kd_str kd_json_text(const kd_json *node)
{
    return node != NULL ? node->text : (kd_str){ NULL, 0 };
}

bool kd_json_is(const kd_json *node, kd_json_type type)
{
    return node != NULL && node->type == type;
}

bool kd_json_i64(int64_t *out, const kd_json *node)
{
    double value;
    if (!kd_json_is(node, KD_JSON_NUMBER))
        return false;
    if (kd_str_i64(out, node->text))
        return true;
    /* 3.0 and 1e3 are integers too; beyond 2^53 a double no longer knows */
    if (!kd_str_f64(&value, node->text) || value < -0x1p53 || value > 0x1p53 || value != (double)(int64_t)value)
        return false;
    *out = (int64_t)value;
    return true;
}

bool kd_json_f64(double *out, const kd_json *node)
{
    return kd_json_is(node, KD_JSON_NUMBER) && kd_str_f64(out, node->text);
}

bool kd_json_bool(const kd_json *node, bool otherwise)
{
    if (kd_json_is(node, KD_JSON_TRUE))
        return true;
    return kd_json_is(node, KD_JSON_FALSE) ? false : otherwise;
}
