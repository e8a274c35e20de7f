/* base/json.h -- JSON in and out.
 *
 * In: simdjson (base/json.cc, the only C++ of the tree) checks and reads the text once into a tree of plain C nodes in an
 * arena. Numbers stay text: money never passes a double. Out: a small writer over kd_buf.
 * Threads: reading keeps one simdjson parser per thread; a tree may be shared once made. */
#ifndef KD_BASE_JSON_H
#define KD_BASE_JSON_H
#include "base/string.h"

enum { KD_JSON_DEPTH_MAX = 64 };

typedef enum kd_json_type { KD_JSON_NULL, KD_JSON_FALSE, KD_JSON_TRUE, KD_JSON_NUMBER, KD_JSON_STRING, KD_JSON_ARRAY, KD_JSON_OBJECT } kd_json_type;

typedef struct kd_json {
    kd_json_type          type;
    uint32_t              count; /* members of an object, elements of an array */
    kd_str                key;   /* unescaped, when inside an object */
    kd_str                text;  /* STRING: unescaped UTF-8; NUMBER: as written; else empty */
    kd_str                raw;   /* the source text of this value, from its first to its last byte */
    const struct kd_json *child; /* first member or element */
    const struct kd_json *next;  /* next sibling */
} kd_json;

/* Parse exactly one value (surrounding blanks allowed). The text is copied first: the tree and all its texts are owned by
 * `arena`. KD_INVALID with err->pos for anything that is not JSON (invalid UTF-8 included), KD_LIMIT for nesting deeper
 * than KD_JSON_DEPTH_MAX or an arena that is full. An exact duplicate key in one object: the last one counts, as in
 * JavaScript (kd_json_get gives the last). */
kd_status kd_json_parse(const kd_json **out, kd_arena *arena, const char *text, size_t len, kd_err *err);

const kd_json *kd_json_get(const kd_json *object, const char *key); /* NULL when absent, or `object` is NULL or no object */
const kd_json *kd_json_get_str(const kd_json *object, kd_str key);
/* "context.traits.email": kd_json_get along the dots. */
const kd_json *kd_json_path(const kd_json *object, const char *dotted);
/* The text of a STRING or NUMBER (ids arrive as numbers from old clients); empty for anything else, NULL included. */
kd_str kd_json_text(const kd_json *node);
bool   kd_json_is(const kd_json *node, kd_json_type type); /* false for NULL pointers */
bool   kd_json_i64(int64_t *out, const kd_json *node);     /* a NUMBER that is an integer in range */
bool   kd_json_f64(double *out, const kd_json *node);
bool   kd_json_bool(const kd_json *node, bool otherwise);

/* --- writer: commas and nesting are its business, correct UTF-8 is the caller's (invalid bytes become U+FFFD) --- */
enum { KD_JW_DEPTH_MAX = 128 }; /* a parsed tree inside our own nesting; deeper fails the buffer */
typedef struct kd_jw { kd_buf *buf; int depth; } kd_jw; /* where a comma belongs, the last byte written tells */

void kd_jw_init(kd_jw *w, kd_buf *buf);
void kd_jw_object(kd_jw *w); /* { */
void kd_jw_object_end(kd_jw *w);
void kd_jw_array(kd_jw *w);
void kd_jw_array_end(kd_jw *w);
void kd_jw_key_str(kd_jw *w, kd_str key);
/* Inside a container every value and key stands behind a comma, unless first in it or behind a key. No value ends in these. */
static inline bool kd_jw_wants_comma(const kd_jw *w)
{
    char last;
    if (w->depth == 0 || w->buf->len == 0)
        return false;
    last = w->buf->ptr[w->buf->len - 1];
    return last != '{' && last != '[' && last != ':';
}
/* A name of our own, with nothing in it to be escaped. Here and not in json_write.c: the length of a literal is known, and
 * an answer has hundreds of keys. */
static inline void kd_jw_key(kd_jw *w, const char *name)
{
    size_t len = strlen(name);
    char  *at;
    if (!kd_buf_reserve(w->buf, len + 4))
        return;
    at = w->buf->ptr + w->buf->len;
    *at = ',';
    at += kd_jw_wants_comma(w);
    *at = '"';
    memcpy(at + 1, name, len);
    at[len + 1] = '"';
    at[len + 2] = ':';
    w->buf->len = (size_t)(at + len + 3 - w->buf->ptr);
}
void kd_jw_str(kd_jw *w, kd_str s);
void kd_jw_pieces(kd_jw *w, const kd_str *pieces, size_t count); /* one string made of several; each is whole characters */
void kd_jw_z(kd_jw *w, const char *z); /* NULL writes null */
void kd_jw_i64(kd_jw *w, int64_t v);
void kd_jw_fixed(kd_jw *w, int64_t scaled, int decimals); /* 12345, 2 -> 123.45 */
void kd_jw_f64(kd_jw *w, double v, int decimals);         /* rounded to `decimals`, trailing zeros cut; NaN and infinity write null */
void kd_jw_bool(kd_jw *w, bool v);
void kd_jw_null(kd_jw *w);
void kd_jw_raw(kd_jw *w, kd_str json);    /* already JSON */
void kd_jw_node(kd_jw *w, const kd_json *node); /* writes a parsed tree back, minified */
#define KD_JW_STR(w, key, s) (kd_jw_key((w), (key)), kd_jw_str((w), (s)))
#define KD_JW_Z(w, key, z) (kd_jw_key((w), (key)), kd_jw_z((w), (z)))
#define KD_JW_I64(w, key, v) (kd_jw_key((w), (key)), kd_jw_i64((w), (v)))
#define KD_JW_BOOL(w, key, v) (kd_jw_key((w), (key)), kd_jw_bool((w), (v)))
#endif
