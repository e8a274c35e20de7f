#include "api/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

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

/* ---- where from ---------------------------------------------------------------------------------------------------------- */
/* The last of the list: the one that the proxy itself saw; those before it anybody could have written. */
static kd_str last_of(kd_str list)
{
    const char *comma = list.len ? memrchr(list.ptr, ',', list.len) : NULL;
    return kd_str_trim(comma ? (kd_str){ comma + 1, list.len - (size_t)(comma + 1 - list.ptr) } : list);
}

/* The network of an IPv6 address: one household or server has all of its 64 bits of hosts. */
static kd_str text_of_v6(const kd_request *request, const struct in6_addr *address)
{
    struct in6_addr net = *address;
    char            text[INET6_ADDRSTRLEN];
    if (!IN6_IS_ADDR_V4MAPPED(&net))
        memset(net.s6_addr + 8, 0, 8);
    return inet_ntop(AF_INET6, &net, text, sizeof text) ? kd_str_copy(request->arena, kd_str_z(text)) : (kd_str){ 0 };
}

kd_str kd_address_text(const kd_request *request, const struct sockaddr *peer)
{
    kd_str                     said = last_of(kd_request_header(request, "X-Forwarded-For"));
    const struct sockaddr_in  *v4 = (const struct sockaddr_in *)peer;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
    char                       text[INET6_ADDRSTRLEN];
    struct in6_addr            parsed;
    bool                       loopback;
    if (peer->sa_family != AF_INET && peer->sa_family != AF_INET6)
        return (kd_str){ 0 };
    loopback = peer->sa_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    if (loopback && said.len > 0 && said.len < sizeof text) {
        memcpy(text, said.ptr, said.len);
        text[said.len] = '\0';
        return inet_pton(AF_INET6, text, &parsed) == 1 ? text_of_v6(request, &parsed) : said;
    }
    if (peer->sa_family == AF_INET6)
        return text_of_v6(request, &v6->sin6_addr);
    return inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text) ? kd_str_copy(request->arena, kd_str_z(text)) : (kd_str){ 0 };
}
