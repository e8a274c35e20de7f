#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

void kd_jw_init(kd_jw *w, kd_buf *buf)
{
    *w = (kd_jw){ .buf = buf };
}

static inline void before_value(kd_jw *w)
{
    if (kd_jw_wants_comma(w))
        kd_buf_add_byte(w->buf, ',');
}

static void open_container(kd_jw *w, char open)
{
    before_value(w);
    if (w->depth == KD_JW_DEPTH_MAX) {
        w->buf->failed = true;
        return;
    }
    kd_buf_add_byte(w->buf, (uint8_t)open);
    w->depth++;
}

static void close_container(kd_jw *w, char close)
{
    assert(w->depth > 0 || w->buf->failed);
    w->depth -= w->depth > 0;
    kd_buf_add_byte(w->buf, (uint8_t)close);
}

void kd_jw_object(kd_jw *w)
{
    open_container(w, '{');
}

void kd_jw_object_end(kd_jw *w)
{
    close_container(w, '}');
}

void kd_jw_array(kd_jw *w)
{
    open_container(w, '[');
}

void kd_jw_array_end(kd_jw *w)
{
    close_container(w, ']');
}

/* Eight bytes at once, none of them control character, quote, backslash, or beyond ASCII. A subtraction that borrows from the
 * next byte only sends a plain byte to the careful loop. */
static inline bool is_plain_word(uint64_t x)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    uint64_t       low = x - ones * 0x20, quote = (x ^ ones * '"') - ones, slash = (x ^ ones * '\\') - ones;
    return ((x | low | quote | slash) & tops) == 0;
}

static inline uint64_t word_at(const char *at)
{
    uint64_t x;
    memcpy(&x, at, sizeof x);
    return x;
}

/* Four to seven bytes as a word, some of them twice. */
static inline uint64_t short_word(kd_str s)
{
    uint32_t front, back;
    memcpy(&front, s.ptr, sizeof front);
    memcpy(&back, s.ptr + s.len - sizeof back, sizeof back);
    return (uint64_t)back << 32 | front;
}

/* How many bytes from the front need no second look. */
static inline size_t plain_prefix(kd_str s)
{
    size_t i = 0;
    while (s.len - i >= 8 && is_plain_word(word_at(s.ptr + i)))
        i += 8;
    if (s.len >= 8 ? i + 8 > s.len && is_plain_word(word_at(s.ptr + s.len - 8)) /* the rest, with some of what was seen before it */
                   : s.len >= 4 && is_plain_word(short_word(s)))
        return s.len;
    while (i < s.len && s.ptr[i] >= 0x20 && s.ptr[i] < 0x7F && s.ptr[i] != '"' && s.ptr[i] != '\\')
        i++;
    return i;
}

static void add_escaped_byte(kd_buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':  kd_buf_add(buf, "\\\"", 2); break;
    case '\\': kd_buf_add(buf, "\\\\", 2); break;
    case '\n': kd_buf_add(buf, "\\n", 2); break;
    case '\r': kd_buf_add(buf, "\\r", 2); break;
    case '\t': kd_buf_add(buf, "\\t", 2); break;
    case 0x7F: kd_buf_add_byte(buf, c); break;
    default:   kd_buf_add(buf, (const char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
    }
}

/* The character at s.ptr[0], which is not plain; gives its bytes. */
static size_t add_special(kd_buf *buf, kd_str s)
{
    unsigned char c = (unsigned char)s.ptr[0];
    if (c < 0x80) {
        add_escaped_byte(buf, c);
        return 1;
    }
    size_t step = kd_utf8_step(s);
    if (step == 0) {
        kd_buf_add(buf, "\xEF\xBF\xBD", 3); /* U+FFFD for a byte that belongs to no character */
        return 1;
    }
    kd_buf_add(buf, s.ptr, step);
    return step;
}

static void add_escaped(kd_buf *buf, kd_str s)
{
    while (s.len > 0) {
        size_t len = plain_prefix(s);
        if (len == 0)
            len = add_special(buf, s);
        else
            kd_buf_add(buf, s.ptr, len);
        s.ptr += len;
        s.len -= len;
    }
}

static void add_quoted(kd_jw *w, kd_str s)
{
    kd_buf *buf = w->buf;
    char   *at;
    if (s.len > SIZE_MAX / 2 || !kd_buf_reserve(buf, s.len + 4)) { /* comma, quotes, and the colon behind a key */
        buf->failed = true;
        return;
    }
    at = buf->ptr + buf->len;
    *at = ',';
    at += kd_jw_wants_comma(w);
    *at++ = '"';
    if (s.len != 0 && plain_prefix(s) == s.len) { /* most texts */
        memcpy(at, s.ptr, s.len);
        at[s.len] = '"';
        buf->len = (size_t)(at + s.len + 1 - buf->ptr);
        return;
    }
    buf->len = (size_t)(at - buf->ptr);
    add_escaped(buf, s);
    kd_buf_add_byte(buf, '"');
}

void kd_jw_key_str(kd_jw *w, kd_str key)
{
    add_quoted(w, key);
    kd_buf_add_byte(w->buf, ':');
}

void kd_jw_str(kd_jw *w, kd_str s)
{
    add_quoted(w, s);
}

void kd_jw_pieces(kd_jw *w, const kd_str *pieces, size_t count)
{
    before_value(w);
    kd_buf_add_byte(w->buf, '"');
    for (size_t i = 0; i < count; i++)
        add_escaped(w->buf, pieces[i]);
    kd_buf_add_byte(w->buf, '"');
}

void kd_jw_z(kd_jw *w, const char *z)
{
    if (z == NULL)
        kd_jw_null(w);
    else
        kd_jw_str(w, kd_str_z(z));
}

void kd_jw_i64(kd_jw *w, int64_t v)
{
    before_value(w);
    kd_buf_add_i64(w->buf, v);
}

/* Whole part, point, and exactly `decimals` digits of `fraction`. */
static void add_fixed(kd_buf *buf, bool negative, uint64_t whole, uint64_t fraction, int decimals)
{
    char  digits[48], *at = digits + sizeof digits;
    for (int i = 0; i < decimals; i++) {
        *--at = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    if (decimals != 0)
        *--at = '.';
    do {
        *--at = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole > 0);
    if (negative)
        *--at = '-';
    kd_buf_add(buf, at, (size_t)(digits + sizeof digits - at));
}

static uint64_t power10(int exponent)
{
    static const uint64_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
                                       1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000 };
    return powers[exponent];
}

void kd_jw_fixed(kd_jw *w, int64_t scaled, int decimals)
{
    assert(decimals >= 0 && decimals <= 18);
    uint64_t amount = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled, unit = power10(decimals);
    before_value(w);
    if (scaled == INT64_MIN && decimals == 0) /* the one whole part that does not fit an int64 without its sign */
        kd_buf_add_i64(w->buf, scaled);
    else
        add_fixed(w->buf, scaled < 0, amount / unit, amount % unit, decimals);
}

void kd_jw_f64(kd_jw *w, double v, int decimals)
{
    assert(decimals >= 0 && decimals <= 15);
    if (!isfinite(v)) {
        kd_jw_null(w);
        return;
    }
    before_value(w);
    if (fabs(v) >= 1e15) { /* no decimals left in a double; "%.0f" writes no point, so no locale matters */
        char big[320];
        int  len = snprintf(big, sizeof big, "%.0f", v);
        kd_buf_add(w->buf, big, (size_t)len);
        return;
    }
    uint64_t unit = power10(decimals), whole = (uint64_t)fabs(v);
    uint64_t fraction = (uint64_t)llrint((fabs(v) - (double)whole) * (double)unit); /* the difference is exact */
    if (fraction == unit) {
        whole++;
        fraction = 0;
    }
    while (decimals > 0 && fraction % 10 == 0) {
        fraction /= 10;
        decimals--;
    }
    add_fixed(w->buf, v < 0 && (whole > 0 || fraction > 0), whole, fraction, decimals);
}

void kd_jw_bool(kd_jw *w, bool v)
{
    before_value(w);
    kd_buf_add_z(w->buf, v ? "true" : "false");
}

void kd_jw_null(kd_jw *w)
{
    before_value(w);
    kd_buf_add(w->buf, "null", 4);
}

void kd_jw_raw(kd_jw *w, kd_str json)
{
    before_value(w);
    kd_buf_add_str(w->buf, json);
}

void kd_jw_node(kd_jw *w, const kd_json *node)
{
    bool object = node->type == KD_JSON_OBJECT;
    switch (node->type) {
    case KD_JSON_STRING:
        kd_jw_str(w, node->text);
        return;
    case KD_JSON_ARRAY:
    case KD_JSON_OBJECT:
        open_container(w, object ? '{' : '[');
        for (const kd_json *child = node->child; child != NULL && !w->buf->failed; child = child->next) {
            if (object)
                kd_jw_key_str(w, child->key);
            kd_jw_node(w, child);
        }
        close_container(w, object ? '}' : ']');
        return;
    default:
        kd_jw_raw(w, node->raw); /* a number as written, or a word */
    }
}
