#include "api/request.h"

kd_str kd_request_header(const kd_request *request, const char *name)
{
    const struct kd_request_private *p = request->priv;
    for (size_t i = 0; i < p->header_count; i++)
        if (kd_str_is_nocase(p->headers[i].name, name))
            return p->headers[i].value;
    return (kd_str){ 0 };
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

kd_str kd_percent_decode(kd_arena *arena, kd_str text, bool plus)
{
    char  *out = kd_arena_alloc(arena, text.len + 1);
    size_t len = 0;
    if (out == NULL)
        return (kd_str){ 0 };
    for (size_t i = 0; i < text.len; i++) {
        int high = -1, low = -1;
        if (text.ptr[i] == '%' && i + 2 < text.len) {
            high = hex_digit(text.ptr[i + 1]);
            low = hex_digit(text.ptr[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[len++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[len++] = plus && text.ptr[i] == '+' ? ' ' : text.ptr[i];
        }
        if (out[len - 1] == '\0')
            return (kd_str){ out, 0 };
    }
    return (kd_str){ out, len };
}

kd_str kd_request_query(const kd_request *request, const char *name)
{
    kd_str rest = request->priv->query;
    while (rest.len > 0) {
        const char *amp = memchr(rest.ptr, '&', rest.len);
        kd_str      pair = { rest.ptr, amp ? (size_t)(amp - rest.ptr) : rest.len };
        const char *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
        kd_str      key = { pair.ptr, equals ? (size_t)(equals - pair.ptr) : pair.len };
        if (kd_str_is(key, name))
            return equals ? kd_percent_decode(request->arena, (kd_str){ equals + 1, pair.len - key.len - 1 }, true) : (kd_str){ "", 0 };
        rest.ptr += pair.len + (amp != NULL);
        rest.len -= pair.len + (amp != NULL);
    }
    return (kd_str){ 0 };
}

kd_str kd_request_segment(const kd_request *request, size_t index)
{
    kd_str rest = request->path;
    while (rest.len > 0 && rest.ptr[0] == '/') {
        const char *slash = memchr(rest.ptr + 1, '/', rest.len - 1);
        size_t      len = slash ? (size_t)(slash - rest.ptr) - 1 : rest.len - 1;
        if (index-- == 0)
            return kd_percent_decode(request->arena, (kd_str){ rest.ptr + 1, len }, false);
        rest.ptr += len + 1;
        rest.len -= len + 1;
    }
    return (kd_str){ 0 };
}

kd_str kd_request_cookie(const kd_request *request, const char *name)
{
    kd_str rest = kd_request_header(request, "Cookie");
    while (rest.len > 0) {
        const char *semi = memchr(rest.ptr, ';', rest.len);
        kd_str      pair = kd_str_trim((kd_str){ rest.ptr, semi ? (size_t)(semi - rest.ptr) : rest.len });
        const char *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
        if (equals && kd_str_is((kd_str){ pair.ptr, (size_t)(equals - pair.ptr) }, name))
            return (kd_str){ equals + 1, pair.len - (size_t)(equals - pair.ptr) - 1 };
        if (semi == NULL)
            break;
        rest.len -= (size_t)(semi - rest.ptr) + 1;
        rest.ptr = semi + 1;
    }
    return (kd_str){ 0 };
}

void kd_request_reply_header(kd_request *request, const char *name, kd_str value)
{
    struct kd_request_private *p = request->priv;
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] == '\r' || value.ptr[i] == '\n' || value.ptr[i] == '\0')
            return;
    if (p->reply_count < KD_REPLY_HEADERS_MAX)
        p->reply[p->reply_count++] = (kd_header){ kd_str_z(name), kd_str_copy(request->arena, value) };
}

/* One segment of the pattern against one of the path, from a '/' to the next. */
static size_t segment_len(kd_str s)
{
    const char *slash = s.len > 1 ? memchr(s.ptr + 1, '/', s.len - 1) : NULL;
    return slash ? (size_t)(slash - s.ptr) : s.len;
}

static bool pattern_matches(const char *pattern, kd_str path)
{
    kd_str p = kd_str_z(pattern);
    while (p.len > 0 && path.len > 0) {
        size_t p_len = segment_len(p), len = segment_len(path);
        bool   any = p_len == 3 && memcmp(p.ptr, "/{}", 3) == 0;
        if (any ? len < 2 : p_len != len || memcmp(p.ptr, path.ptr, len) != 0)
            return false;
        p.ptr += p_len, p.len -= p_len;
        path.ptr += len, path.len -= len;
    }
    return p.len == 0 && path.len == 0;
}

const kd_route *kd_route_find(const kd_route *routes, size_t count, uint32_t method, kd_str path, uint32_t *allowed)
{
    *allowed = 0;
    if (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    if (method == KD_HEAD)
        method = KD_GET;
    for (size_t i = 0; i < count; i++) {
        if (!pattern_matches(routes[i].pattern, path))
            continue;
        if (routes[i].methods & method)
            return &routes[i];
        *allowed |= routes[i].methods;
    }
    return NULL;
}
