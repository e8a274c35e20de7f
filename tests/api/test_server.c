/* A server with routes of its own, spoken to over raw sockets: what http.c promises, with the library underneath. */
#include "support.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

static struct { house house; kd_parts parts; kd_http *http; pthread_mutex_t lock; kd_request *kept[64]; size_t kept_count; } world = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void echo(kd_request *r)
{
    kd_buf_add_str(&r->out, r->body);
    r->content_type = "text/plain";
}

static void keep(kd_request *r)
{
    kd_http_later(r);
    pthread_mutex_lock(&world.lock);
    world.kept[world.kept_count++] = r;
    pthread_mutex_unlock(&world.lock);
}

static void at_once(kd_request *r)
{
    kd_http_later(r); /* the writer may be done before submit returns */
    kd_buf_add_z(&r->out, "now");
    kd_http_answer(r);
}

static void too_much(kd_request *r)
{
    for (int i = 0; i < 100000; i++)
        kd_buf_add_z(&r->out, "0123456789012345678901234567890123456789");
}

static const kd_route routes[] = {
    { KD_POST, "/echo", echo, "echo", KD_ROUTE_CORS, NULL }, { KD_GET, "/echo", echo, "echo", KD_ROUTE_CORS, NULL }, { KD_POST, "/keep", keep, "keep", 0, NULL },
    { KD_POST, "/now", at_once, "now", 0, NULL },             { KD_GET, "/big", too_much, "big", 0, NULL },
};

static int start(void **state)
{
    kd_err          err = { 0 };
    kd_http_options options = { .host = "127.0.0.1", .port = 0, .routes = routes, .route_count = sizeof routes / sizeof *routes };
    (void)state;
    house_open(&world.house);
    world.parts.store = world.house.store;
    world.parts.clock = kd_clock_system();
    options.limits = (kd_limits){ .body_bytes_max = 10000, .arena_bytes_max = 1 << 20, .connections_max = 100, .timeout_s = 5, .threads = 2, .header_bytes_max = 4096 };
    world.kept_count = 0;
    return kd_http_start(&world.http, &world.parts, &options, &err) == KD_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    kd_http_stop(world.http);
    house_close(&world.house);
    return 0;
}

static int dial(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(kd_http_port(world.http)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval     wait = { .tv_sec = 3 };
    int                s = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(s, (struct sockaddr *)&a, sizeof a), 0);
    return s;
}

/* Everything until the server closes or falls silent for `quiet_ms`. */
static const char *hear(int s, int quiet_ms)
{
    static char    text[1 << 20];
    size_t         len = 0;
    ssize_t        n;
    struct timeval wait = { .tv_sec = quiet_ms / 1000, .tv_usec = quiet_ms % 1000 * 1000 };
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    while (len + 1 < sizeof text && (n = recv(s, text + len, sizeof text - len - 1, 0)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    return text;
}

static const char *say(const void *bytes, size_t len)
{
    int         s = dial();
    const char *answer;
    send(s, bytes, len, MSG_NOSIGNAL);
    answer = hear(s, 400);
    close(s);
    return answer;
}

static int code_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static int code(const char *request)
{
    return code_of(say(request, strlen(request)));
}

#define HEAD(line) line " HTTP/1.1\r\nHost: 127.0.0.1\r\n"

static void test_a_body_comes_back(void **state)
{
    static const char slow[] = HEAD("POST /echo") "Content-Length: 5\r\n\r\nhello";
    const char       *answer = say(slow, sizeof slow - 1);
    int               s;
    (void)state;
    assert_int_equal(code_of(answer), 200);
    assert_non_null(strstr(answer, "\r\n\r\nhello"));
    assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff\r\n"));
    s = dial(); /* byte by byte: the guard's view of the buffer must hold however it was filled */
    for (size_t i = 0; i < sizeof slow - 1; i++)
        send(s, slow + i, 1, MSG_NOSIGNAL);
    assert_non_null(strstr(hear(s, 400), "\r\n\r\nhello"));
    close(s);
    answer = say(HEAD("POST /echo") "Content-Length: 1\r\n\r\na" HEAD("POST /echo?q=1&r") "Content-Length: 1\r\n\r\nb" HEAD("GET /echo/") "\r\n",
                 strlen(HEAD("POST /echo") "Content-Length: 1\r\n\r\na" HEAD("POST /echo?q=1&r") "Content-Length: 1\r\n\r\nb" HEAD("GET /echo/") "\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\naHTTP/1.1 200")); /* pipelined */
    assert_non_null(strstr(answer, "\r\n\r\nbHTTP/1.1 200"));
    assert_non_null(strstr(say(HEAD("POST /echo") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                               strlen(HEAD("POST /echo") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")), "\r\n\r\nabcde"));
}

static void test_probe_list(void **state)
{
    static const struct { const char *request; int code; const char *why; } cases[] = {
        { HEAD("POST /echo") "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, "two Content-Length" },
        { HEAD("POST /echo") "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "Content-Length and Transfer-Encoding" },
        { "GET /echo HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", 400, "blank before the colon" },
        { HEAD("POST /echo") "Content-Length: +2\r\n\r\nab", 400, "a sign" },
        { HEAD("POST /echo") "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, "xchunked" },
        { HEAD("GET /echo") "A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "a lone CR hiding a header" },
        { "GET /echo HTTP/1.1\nHost: 127.0.0.1\n\n", 400, "bare LF" },
        { "GET /echo HTTP/1.1\nHost: 127.0.0.1\r\n\r\n", 400, "bare LF after the request line" },
        { "GET /echo HTTP/1.1\r\nA: b\nHost: 127.0.0.1\r\n\r\n", 400, "one bare LF" },
        { HEAD("GET /echo") "A: b\r\n c\r\n\r\n", 400, "obs-fold" },
        { HEAD("GET /echo") "A: b\r\n\tc\r\nD: e\r\n\r\n", 400, "obs-fold with tab" },
        { HEAD("GET /echo") ": b\r\n\r\n", 400, "empty name" },
        { "GET /echo HTTP/1.1\r\nA: b\r\n\r\n", 400, "no Host" },
        { HEAD("GET /echo") "Host: 127.0.0.1\r\n\r\n", 400, "two Hosts" },
        { "GET /echo HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "a foreign Host" },
        { "GET /ec ho HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "a blank in the target" },
        { HEAD("GET  /echo") "\r\n", 400, "two blanks" },
        { HEAD("GET http://127.0.0.1/echo") "\r\n", 400, "absolute form" },
        { HEAD("POST /echo") "Content-Length: 2\r\nExpect: tea\r\n\r\nab", 417, "another expectation" },
        { HEAD("GET /none") "\r\n", 404, "nothing there" },
        { HEAD("DELETE /echo") "\r\n", 405, "wrong method" },
        { HEAD("TRACE /echo") "\r\n", 405, "unknown method" },
        { HEAD("GET /echo") "\r\n", 200, "and after all that a good one" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int got = code(cases[i].request);
        if (got != cases[i].code)
            fail_msg("%s: %d, not %d", cases[i].why, got, cases[i].code);
    }
    assert_int_equal(code_of(say(HEAD("GET /echo") "A: b\0c\r\n\r\n", sizeof(HEAD("GET /echo") "A: b\0c\r\n\r\n") - 1)), 400);
}

static void test_refusals_close_the_connection(void **state)
{
    static const char smuggled[] = HEAD("POST /echo") "Content-Length: 3\r\nContent-Length: 40\r\n\r\nabc" HEAD("POST /echo") "Content-Length: 7\r\n\r\nsmuggle";
    const char       *answer = say(smuggled, sizeof smuggled - 1);
    (void)state;
    assert_int_equal(code_of(answer), 400);
    assert_non_null(strstr(answer, "Connection: close"));
    assert_non_null(strstr(answer, "application/problem+json"));
    assert_null(strstr(answer, "smuggle"));
}

/* Bodies that never end must not fill the memory, however many connections hold them; when they go, all is well again. */
static void test_bodies_of_all_requests(void **state)
{
    static char whole[11000], part[11000];
    const int   whole_len = snprintf(whole, sizeof whole, HEAD("POST /echo") "Content-Length: 9000\r\n\r\n%09000d", 0);
    int         held[40], last = 0;
    (void)state;
    assert_int_equal(code_of(say(whole, (size_t)whole_len)), 200);
    snprintf(part, sizeof part, "%.*s", whole_len - 1, whole);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        held[i] = dial();
        assert_int_equal(write(held[i], part, (size_t)whole_len - 1), whole_len - 1);
    }
    for (int tries = 0; tries < 200 && last != 429; tries++) { /* until the workers have read what was written */
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        last = code_of(say(whole, (size_t)whole_len));
    }
    assert_int_equal(last, 429);
    assert_int_equal(code(HEAD("GET /echo") "\r\n"), 200);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        close(held[i]);
    for (int tries = 0; tries < 200 && last != 200; tries++) {
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        last = code_of(say(whole, (size_t)whole_len));
    }
    assert_int_equal(last, 200);
}

static void test_limits(void **state)
{
    static char request[60000];
    int         n = snprintf(request, sizeof request, HEAD("GET /echo") "A: %04000d\r\n\r\n", 0);
    (void)state;
    assert_int_equal(code_of(say(request, (size_t)n)), 200);
    n = snprintf(request, sizeof request, HEAD("GET /echo") "A: %05000d\r\n\r\n", 0);
    assert_int_equal(code_of(say(request, (size_t)n)), 431);
    n = snprintf(request, sizeof request, HEAD("POST /echo") "Content-Length: 10000\r\n\r\n%010000d", 0);
    assert_int_equal(code_of(say(request, (size_t)n)), 200);
    n = snprintf(request, sizeof request, HEAD("POST /echo") "Content-Length: 10001\r\n\r\n%010001d", 0);
    assert_int_equal(code_of(say(request, (size_t)n)), 413);
    n = snprintf(request, sizeof request, HEAD("POST /echo") "Transfer-Encoding: chunked\r\n\r\n4e20\r\n%020000d\r\n0\r\n\r\n", 0);
    assert_int_equal(code_of(say(request, (size_t)n)), 413);
    assert_int_equal(code(HEAD("POST /echo") "Content-Length: 999999999\r\n\r\n"), 413);
    for (n = snprintf(request, sizeof request, HEAD("GET /echo")); n < 1000;)
        n += snprintf(request + n, sizeof request - (size_t)n, "A: b\r\n");
    snprintf(request + n, sizeof request - (size_t)n, "\r\n");
    assert_int_equal(code(request), 431); /* too many */
    assert_int_equal(code(HEAD("GET /big") "\r\n"), 500);
}

static size_t gzip_of(unsigned char *out, size_t cap, const char *text, size_t len)
{
    z_stream z = { .next_in = (unsigned char *)(uintptr_t)text, .avail_in = (unsigned)len, .next_out = out, .avail_out = (unsigned)cap };
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static const char *post_gzip(const char *text, size_t text_len, size_t cut)
{
    static char    request[20000];
    unsigned char  zipped[8192];
    size_t         len = gzip_of(zipped, sizeof zipped, text, text_len) - cut;
    int            n = snprintf(request, sizeof request, HEAD("POST /echo") "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", len);
    memcpy(request + n, zipped, len);
    return say(request, (size_t)n + len);
}

static void test_gzip(void **state)
{
    static char blanks[200000];
    (void)state;
    memset(blanks, ' ', sizeof blanks);
    assert_non_null(strstr(post_gzip("hello hello", 11, 0), "\r\n\r\nhello hello"));
    assert_int_equal(code_of(post_gzip("hello hello", 11, 6)), 400);
    assert_int_equal(code_of(post_gzip(blanks, 39000, 0)), 200);
    assert_int_equal(code_of(post_gzip(blanks, sizeof blanks, 0)), 413); /* four times the limit of a body is the end */
    assert_int_equal(code(HEAD("POST /echo") "Content-Encoding: br\r\nContent-Length: 1\r\n\r\na"), 415);
}

static void test_preflight(void **state)
{
    const char *answer = say(HEAD("OPTIONS /echo") "Origin: https://shop.example\r\nAccess-Control-Request-Headers: authorization, sentat\r\n\r\n",
                             strlen(HEAD("OPTIONS /echo") "Origin: https://shop.example\r\nAccess-Control-Request-Headers: authorization, sentat\r\n\r\n"));
    (void)state;
    assert_int_equal(code_of(answer), 204);
    assert_non_null(strstr(answer, "Access-Control-Allow-Origin: https://shop.example\r\n"));
    assert_non_null(strstr(answer, "Access-Control-Allow-Headers: authorization, sentat\r\n"));
    assert_non_null(strstr(answer, "Access-Control-Max-Age: 86400\r\n"));
    assert_null(strstr(answer, "Allow-Credentials"));
    answer = say(HEAD("OPTIONS /keep") "Origin: https://shop.example\r\n\r\n", strlen(HEAD("OPTIONS /keep") "Origin: https://shop.example\r\n\r\n"));
    assert_int_equal(code_of(answer), 204);
    assert_null(strstr(answer, "Access-Control-Allow-Origin"));
}

static void test_request_ids(void **state)
{
    static const char with[] = HEAD("GET /echo") "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
    static const char zero[] = HEAD("GET /echo") "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n\r\n";
    (void)state;
    assert_non_null(strstr(say(with, sizeof with - 1), "X-Request-Id: 0af7651916cd43dd8448eb211c80319c\r\n"));
    assert_null(strstr(say(zero, sizeof zero - 1), "X-Request-Id: 00000000000000000000000000000000"));
}

/* ---- kept requests ---- */
static size_t kept(void)
{
    size_t n;
    pthread_mutex_lock(&world.lock);
    n = world.kept_count;
    pthread_mutex_unlock(&world.lock);
    return n;
}

static void wait_for_kept(size_t count)
{
    for (int i = 0; i < 1000 && kept() < count; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    assert_int_equal(kept(), count);
}

static void *answer_all(void *delay_ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = *(const int *)delay_ms * 1000000L }, NULL);
    pthread_mutex_lock(&world.lock);
    for (size_t i = 0; i < world.kept_count; i++) {
        kd_buf_add_z(&world.kept[i]->out, "kept ");
        kd_buf_add_str(&world.kept[i]->out, world.kept[i]->body);
        kd_http_answer(world.kept[i]);
    }
    world.kept_count = 0;
    pthread_mutex_unlock(&world.lock);
    return NULL;
}

static void test_answers_from_another_thread(void **state)
{
    int       sockets[10], delay = 20;
    pthread_t other;
    char      request[128];
    (void)state;
    for (int i = 0; i < 10; i++) {
        sockets[i] = dial();
        snprintf(request, sizeof request, HEAD("POST /keep") "Content-Length: 1\r\n\r\n%d", i);
        send(sockets[i], request, strlen(request), MSG_NOSIGNAL);
    }
    wait_for_kept(10);
    for (int i = 0; i < 5; i++) /* half of them go away without waiting */
        close(sockets[i]);
    pthread_create(&other, NULL, answer_all, &delay);
    pthread_join(other, NULL);
    for (int i = 5; i < 10; i++) {
        snprintf(request, sizeof request, "\r\n\r\nkept %d", i);
        assert_non_null(strstr(hear(sockets[i], 400), request));
        close(sockets[i]);
    }
    assert_non_null(strstr(say(HEAD("POST /now") "Content-Length: 0\r\n\r\n", strlen(HEAD("POST /now") "Content-Length: 0\r\n\r\n")), "\r\n\r\nnow"));
}

static void *stop_server(void *unused)
{
    (void)unused;
    kd_http_stop(world.http);
    return NULL;
}

static void test_stop_waits_for_the_writer(void **state)
{
    static const char request[] = HEAD("POST /keep") "Content-Length: 1\r\n\r\nx";
    int               s = dial(), delay = 200;
    pthread_t         stopper, other;
    (void)state;
    send(s, request, sizeof request - 1, MSG_NOSIGNAL);
    wait_for_kept(1);
    pthread_create(&stopper, NULL, stop_server, NULL);
    pthread_create(&other, NULL, answer_all, &delay);
    assert_non_null(strstr(hear(s, 2000), "\r\n\r\nkept x"));
    close(s);
    pthread_join(other, NULL);
    pthread_join(stopper, NULL);
    house_close(&world.house);
}

static void test_the_address_is_named_when_taken(void **state)
{
    kd_err          err = { 0 };
    kd_http        *second = NULL;
    kd_http_options options = { .host = "127.0.0.1", .port = kd_http_port(world.http), .routes = routes, .route_count = 1 };
    char            port[16];
    (void)state;
    options.limits = (kd_limits){ .body_bytes_max = 1000, .arena_bytes_max = 1 << 20, .connections_max = 10, .timeout_s = 5, .threads = 1, .header_bytes_max = 4096 };
    assert_int_equal(kd_http_start(&second, &world.parts, &options, &err), KD_IO);
    snprintf(port, sizeof port, "%u", kd_http_port(world.http));
    assert_non_null(strstr(err.msg, port));
    options.host = "no address";
    assert_int_equal(kd_http_start(&second, &world.parts, &options, &err), KD_INVALID);
    options.host = "[::1]";
    options.port = 0;
    if (kd_http_start(&second, &world.parts, &options, &err) == KD_OK) /* where the machine has IPv6 */
        kd_http_stop(second);
}

static void test_figures(void **state)
{
    kd_buf out;
    (void)state;
    assert_int_equal(code(HEAD("GET /echo") "\r\n"), 200);
    assert_int_equal(code(HEAD("GET /none") "\r\n"), 404);
    assert_int_equal(code("GET /echo HTTP/1.1\r\n\r\n"), 400);
    kd_buf_init(&out, NULL);
    kd_http_metrics(&out, world.http);
    kd_buf_add(&out, "", 1);
    assert_non_null(strstr(out.ptr, "kunde_http_requests_total{route=\"echo\",status=\"2xx\"} 1\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_requests_total{route=\"none\",status=\"4xx\"} 2\n"));
    assert_non_null(strstr(out.ptr, "kunde_http_refused_total 1\n"));
    kd_buf_free(&out);
}

int run_server_tests(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_a_body_comes_back), WITH_SERVER(test_probe_list), WITH_SERVER(test_refusals_close_the_connection), WITH_SERVER(test_limits),
        WITH_SERVER(test_bodies_of_all_requests),
        WITH_SERVER(test_gzip), WITH_SERVER(test_preflight), WITH_SERVER(test_request_ids), WITH_SERVER(test_answers_from_another_thread),
        cmocka_unit_test_setup(test_stop_waits_for_the_writer, start), WITH_SERVER(test_the_address_is_named_when_taken), WITH_SERVER(test_figures),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
