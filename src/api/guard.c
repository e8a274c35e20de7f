#include "api/guard.h"

static bool is_token_char(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool kd_is_token(kd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_token_char((unsigned char)text.ptr[i]))
            return false;
    return text.len > 0;
}

/* Tab and everything printable, bytes above 127 included (RFC 9110, section 5.5, obs-text). */
static bool is_field_value(kd_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static kd_str trim_blanks(kd_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s.ptr++, s.len--;
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static int refuse(kd_err *err, int code, const char *why)
{
    kd_fail(err, KD_INVALID, "%s", why);
    return code;
}

/* "METHOD SP URI SP VERSION": one blank each, nothing odd in the URI. */
static int check_request_line(const kd_raw_request *raw, kd_err *err)
{
    kd_str method = kd_str_z(raw->method), target = raw->target;
    if (!kd_is_token(method))
        return refuse(err, 400, "the request's method is not a token");
    if (raw->uri != raw->method + method.len + 1 || raw->version != raw->uri + target.len + 1)
        return refuse(err, 400, "the request line is not METHOD, one blank, path, one blank, version");
    if (strcmp(raw->version, "HTTP/1.1") != 0 && strcmp(raw->version, "HTTP/1.0") != 0)
        return refuse(err, 505, "the request's version is not HTTP/1.1 or HTTP/1.0");
    if (target.len == 0 || target.ptr[0] != '/')
        return refuse(err, 400, "the request's target does not begin with '/'");
    for (size_t i = 0; i < target.len; i++)
        if (target.ptr[i] <= ' ' || target.ptr[i] > '~')
            return refuse(err, 400, "the request's target holds a blank, a control character or a byte that must be percent-encoded");
    return 0;
}

static int check_layout(const kd_raw_request *raw, kd_err *err)
{
    const char *end = raw->version + strlen(raw->version);
    for (size_t i = 0; i < raw->header_count; i++) {
        const kd_header *h = &raw->headers[i];
        if (h->name.ptr != end + 2 || h->value.ptr < h->name.ptr + h->name.len + 1)
            return refuse(err, 400, "a header line is folded, holds a NUL, or ends without CR LF");
        end = h->value.ptr + h->value.len;
        if ((size_t)(end - raw->method) > raw->header_bytes_max)
            return refuse(err, 431, "the request's header is longer than the server's limit");
    }
    /* The last line's CR LF, and the empty line's: the library wrote NULs over all four. */
    if (end[0] != '\0' || end[1] != '\0' || end[2] != '\0' || end[3] != '\0')
        return refuse(err, 400, "the request's header does not end in an empty line with CR LF");
    return 0;
}

static int check_length(kd_framing *out, kd_str value, kd_err *err)
{
    uint64_t length = 0;
    if (out->has_length)
        return refuse(err, 400, "two Content-Length headers");
    if (value.len == 0 || value.len > 18)
        return refuse(err, 400, "Content-Length is not a plain number");
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return refuse(err, 400, "Content-Length is not a plain number");
        length = length * 10 + (uint64_t)(value.ptr[i] - '0');
    }
    out->has_length = true;
    out->length = length;
    return 0;
}

static int check_header(kd_framing *out, const kd_header *h, kd_err *err)
{
    kd_str value = trim_blanks(h->value);
    if (!kd_is_token(h->name))
        return refuse(err, 400, "a header's name is empty, or has a blank before the colon or another character no name has");
    if (!is_field_value(h->value))
        return refuse(err, 400, "a header's value holds a control character");
    switch (h->name.len) { /* the few that matter, by length: most headers pass with one comparison */
    case 4:
        if (!kd_str_is_nocase(h->name, "host"))
            return 0;
        if (out->host.ptr != NULL)
            return refuse(err, 400, "two Host headers");
        if (value.len == 0 || memchr(value.ptr, ' ', value.len) || memchr(value.ptr, ',', value.len) || memchr(value.ptr, '/', value.len))
            return refuse(err, 400, "the Host header names no host");
        out->host = value;
        return 0;
    case 6:
        if (kd_str_is_nocase(h->name, "expect") && !kd_str_is_nocase(value, "100-continue"))
            return refuse(err, 417, "the only expectation met is 100-continue");
        return 0;
    case 14:
        return kd_str_is_nocase(h->name, "content-length") ? check_length(out, value, err) : 0;
    case 17:
        if (!kd_str_is_nocase(h->name, "transfer-encoding"))
            return 0;
        if (out->chunked)
            return refuse(err, 400, "two Transfer-Encoding headers");
        if (!kd_str_is_nocase(value, "chunked"))
            return refuse(err, 501, "the only Transfer-Encoding understood is chunked");
        out->chunked = true;
        return 0;
    default:
        return 0;
    }
}

int kd_guard_check(kd_framing *out, const kd_raw_request *raw, kd_err *err)
{
    bool is_11 = strcmp(raw->version, "HTTP/1.1") == 0;
    int  code = check_request_line(raw, err);
    *out = (kd_framing){ 0 };
    if (code == 0)
        code = check_layout(raw, err);
    for (size_t i = 0; i < raw->header_count && code == 0; i++)
        code = check_header(out, &raw->headers[i], err);
    if (code != 0)
        return code;
    if (out->chunked && out->has_length)
        return refuse(err, 400, "Content-Length together with Transfer-Encoding");
    if (out->chunked && !is_11)
        return refuse(err, 400, "Transfer-Encoding in an HTTP/1.0 request");
    if (is_11 && out->host.ptr == NULL)
        return refuse(err, 400, "no Host header");
    return 0;
}

/* The name without its port: "[::1]:8080" -> "[::1]", "shop.example:80" -> "shop.example". */
static kd_str host_name(kd_str host)
{
    const char *colon;
    if (host.len > 0 && host.ptr[0] == '[') {
        const char *close = memchr(host.ptr, ']', host.len);
        return close ? (kd_str){ host.ptr, (size_t)(close - host.ptr) + 1 } : host;
    }
    colon = host.len ? memchr(host.ptr, ':', host.len) : NULL;
    return colon ? (kd_str){ host.ptr, (size_t)(colon - host.ptr) } : host;
}

bool kd_guard_host(kd_str host, const char *allowed)
{
    kd_str name = host_name(host);
    if (host.ptr == NULL) /* HTTP/1.0 without one: no browser sends that */
        return true;
    if (kd_str_is_nocase(name, "localhost") || kd_str_is(name, "127.0.0.1") || kd_str_is(name, "[::1]"))
        return true;
    for (const char *p = allowed; p && *p;) {
        size_t len = strcspn(p, ",");
        kd_str one = trim_blanks((kd_str){ p, len });
        if (kd_str_is(one, "*") || (one.len == name.len && one.len > 0 && strncasecmp(one.ptr, name.ptr, one.len) == 0))
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}
