#include "support.h"

#include <stdio.h>

/* What the library does to the bytes of a request header: lines cut at LF or CR LF, names at the first colon. */
typedef struct cut_request { char bytes[4096]; char target[1024]; kd_header headers[KD_HEADERS_MAX]; kd_raw_request raw; } cut_request;

static void cut(cut_request *c, const char *text, size_t header_bytes_max)
{
    char  *p = c->bytes, *line = p, *end;
    size_t len = strlen(text);
    memset(c, 0, sizeof *c);
    memcpy(c->bytes, text, len);
    c->raw = (kd_raw_request){ .method = p, .headers = c->headers, .header_bytes_max = header_bytes_max };
    for (int number = 0;; number++, line = end) {
        size_t n = strcspn(line, "\n");
        end = line + n + 1;
        line[n] = '\0';
        if (n > 0 && line[n - 1] == '\r')
            line[n - 1] = '\0';
        if (line[0] == '\0')
            break;
        if (number == 0) {
            char *blank = strchr(line, ' '), *last = strrchr(line, ' ');
            *blank = *last = '\0';
            c->raw.uri = blank + 1;
            strcpy(c->target, c->raw.uri);
            c->raw.target = kd_str_z(c->target);
            c->raw.version = last + 1;
        } else {
            kd_header *h = &c->headers[c->raw.header_count++];
            char      *colon = strchr(line, ':');
            *colon++ = '\0';
            while (*colon == ' ' || *colon == '\t')
                colon++;
            *h = (kd_header){ kd_str_z(line), kd_str_z(colon) };
        }
    }
}

static int check(const char *text, kd_framing *framing)
{
    static cut_request c;
    kd_err             err = { 0 };
    int                code;
    cut(&c, text, 1000);
    code = kd_guard_check(framing, &c.raw, &err);
    if (code != 0)
        assert_true(err.msg[0] != '\0');
    return code;
}

static void test_good_requests(void **state)
{
    kd_framing f;
    (void)state;
    assert_int_equal(check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &f), 0);
    assert_str(f.host, "a");
    assert_int_equal(check("POST /x?a=1&b=%20 HTTP/1.1\r\nHost: a:80\r\nContent-Length:  12 \r\nX:\r\nY: \xc3\xa4\tb \r\n\r\n", &f), 0);
    assert_true(f.has_length && f.length == 12 && !f.chunked);
    assert_int_equal(check("POST / HTTP/1.1\r\nhOST: a\r\ntransfer-encoding: Chunked\r\n\r\n", &f), 0);
    assert_true(f.chunked);
    assert_int_equal(check("GET / HTTP/1.0\r\n\r\n", &f), 0);
    assert_int_equal(check("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", &f), 0);
}

static void test_refused_requests(void **state)
{
    static const struct { const char *text; int code; const char *why; } cases[] = {
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "two lengths" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\n", 400, "two equal lengths" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "length and chunked" },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "chunked twice" },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "another coding" },
        { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "chunked in 1.0" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", 400, "a sign" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", 400, "a list" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "nothing" },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "over 64 bits" },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "blank before the colon" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX\tY: a\r\n\r\n", 400, "tab in a name" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n", 400, "a bare CR" },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n", 400, "a control character" },
        { "GET / HTTP/1.1\nHost: a\n\n", 400, "lone LFs" },
        { "GET / HTTP/1.1\r\nX: b\nHost: a\r\n\r\n", 400, "one lone LF" },
        { "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400, "no Host" },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "two Hosts" },
        { "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "an empty Host" },
        { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "a list of Hosts" },
        { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "two blanks" },
        { "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a blank in the target" },
        { "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a raw byte in the target" },
        { "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "an absolute target" },
        { "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "no token" },
        { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "another version" },
        { "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, "another expectation" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_framing f;
        int        code = check(cases[i].text, &f);
        if (code != cases[i].code)
            fail_msg("%s: %d, not %d", cases[i].why, code, cases[i].code);
    }
}

static void test_header_limit(void **state)
{
    char       text[3000], value[2000];
    kd_framing f;
    (void)state;
    memset(value, 'x', sizeof value);
    value[900] = '\0';
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", value);
    assert_int_equal(check(text, &f), 0);
    value[900] = 'x';
    value[1000] = '\0';
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", value);
    assert_int_equal(check(text, &f), 431);
}

static void test_hosts_on_loopback(void **state)
{
    static const struct { const char *host, *allowed; bool ok; } cases[] = {
        { "127.0.0.1:8080", "", true }, { "localhost", NULL, true }, { "LocalHost:1", "", true }, { "[::1]:8080", "", true }, { "[::1]", "", true },
        { "evil.example", "", false }, { "evil.example:8080", "shop.example", false }, { "shop.example:80", "a, shop.example", true },
        { "Shop.Example", "shop.example", true }, { "127.0.0.1.evil.example", "", false }, { "localhost.evil.example", "", false }, { "x", "*", true }, { "[::2]", "", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (kd_guard_host(kd_str_z(cases[i].host), cases[i].allowed) != cases[i].ok)
            fail_msg("host %s", cases[i].host);
}

int run_guard_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_requests), cmocka_unit_test(test_refused_requests), cmocka_unit_test(test_header_limit), cmocka_unit_test(test_hosts_on_loopback),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
