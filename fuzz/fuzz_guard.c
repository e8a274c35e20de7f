/* A request's header as any bytes, cut as leniently as the HTTP library cuts it: LF alone ends a line, NULs over separators. What the
 * guard lets through was, byte for byte, lines that end in CR LF with no NUL and no other CR, and says its length one way. */
#include "fuzz.h"

#include <string.h>

#include "api/guard.h"

typedef struct cut_request { kd_raw_request raw; kd_header headers[KD_HEADERS_MAX]; size_t len; /* bytes up to behind the empty line */ } cut_request;

/* The end of the line at `at`, with NULs written over its end; the next line's start in *next. NULL: no line any more. */
static char *end_line(char *at, char *end, char **next)
{
    char *lf = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    char *stop;
    if (lf == NULL)
        return NULL;
    *next = lf + 1;
    stop = lf > at && lf[-1] == '\r' ? lf - 1 : lf;
    *lf = *stop = '\0';
    return stop;
}

/* METHOD, blanks, URI, blanks, VERSION; as C strings, so that a NUL in the place of a CR cannot be told from the library's own. */
static bool cut_first(cut_request *r, char *line, char *stop)
{
    char *uri = memchr(line, ' ', (size_t)(stop - line)), *version;
    if (uri == NULL || memchr(line, '\0', (size_t)(stop - line)) != NULL)
        return false;
    while (uri < stop && *uri == ' ')
        *uri++ = '\0';
    if ((version = memchr(uri, ' ', (size_t)(stop - uri))) == NULL)
        return false;
    r->raw.target = (kd_str){ uri, (size_t)(version - uri) };
    while (version < stop && *version == ' ')
        *version++ = '\0';
    r->raw.method = line;
    r->raw.uri = uri;
    r->raw.version = version;
    return true;
}

static bool cut_request_of(cut_request *r, char *bytes, size_t size)
{
    char *line = bytes, *next, *stop = end_line(line, bytes + size, &next);
    if (stop == NULL || !cut_first(r, line, stop))
        return false;
    for (line = next; (stop = end_line(line, bytes + size, &next)) != NULL; line = next) {
        char *colon = memchr(line, ':', (size_t)(stop - line)), *value;
        if (stop == line) {
            r->len = (size_t)(next - bytes);
            return true;
        }
        if (colon == NULL || r->raw.header_count == KD_HEADERS_MAX)
            return false;
        *colon = '\0';
        for (value = colon + 1; value < stop && (*value == ' ' || *value == '\t'); value++)
            ;
        r->headers[r->raw.header_count++] = (kd_header){ { line, (size_t)(colon - line) }, { value, (size_t)(stop - value) } };
    }
    return false;
}

static void check_taken(const cut_request *r, const kd_framing *framing, const uint8_t *data)
{
    size_t lengths = 0, encodings = 0;
    for (size_t i = 0; i < r->len; i++) {
        MUST(data[i] != '\0');
        MUST((data[i] == '\n') == (i > 0 && data[i - 1] == '\r'));
        MUST(data[i] != '\r' || data[i + 1] == '\n');
    }
    for (size_t i = 0; i < r->raw.header_count; i++) {
        lengths += kd_str_is_nocase(r->headers[i].name, "content-length");
        encodings += kd_str_is_nocase(r->headers[i].name, "transfer-encoding");
        MUST(kd_is_token(r->headers[i].name));
    }
    MUST(lengths + encodings <= 1 && framing->has_length == (lengths == 1) && framing->chunked == (encodings == 1));
    MUST(strcmp(r->raw.version, "HTTP/1.0") == 0 || framing->host.len > 0);
    kd_guard_host(framing->host, "shop.example, *.example,,*");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int codes[] = { 400, 417, 431, 501, 505 };
    cut_request      request = { .raw = { .header_bytes_max = 4096 } };
    kd_framing       framing;
    kd_err           err = { 0 };
    char            *bytes = malloc(size + 4); /* the library's buffer goes on behind the header, too */

    MUST(bytes != NULL);
    if (size > 0)
        memcpy(bytes, data, size);
    memset(bytes + size, 'x', 4);
    request.raw.headers = request.headers;
    /* A body that begins with a NUL looks like the end of a line; the guard sees no more than where texts lie. */
    if (cut_request_of(&request, bytes, size) && bytes[request.len] != '\0') {
        int  code = kd_guard_check(&framing, &request.raw, &err);
        bool known = code == 0;
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
            known = known || code == codes[i];
        MUST(known && (code == 0 || err.msg[0] != '\0'));
        if (code == 0)
            check_taken(&request, &framing, data);
    }
    if (size > 0)
        kd_guard_host((kd_str){ (const char *)data, size }, "shop.example");
    free(bytes);
    return 0;
}
