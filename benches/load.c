/* benches/load.c -- posts batches of 100 events of real size to /v1/batch over keep-alive connections and times the answers.
 * usage: load PORT KEY EVENTS CUSTOMERS PER_PERSON CONNECTIONS SEED
 * Prints one JSON line: events, seconds, events_s, p50_us, p99_us (of a batch), cpu_s of this process, refused (429, sent again). */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 100, CONNECTIONS_MAX = 64, SAMPLES_MAX = 1 << 20 };

static int            port, customers, per_person;
static const char    *auth;
static atomic_llong   left, next_message, refused;
static uint32_t       samples[SAMPLES_MAX];
static atomic_size_t  sample_count;
static uint64_t       seed;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* About 900 bytes: what a browser SDK sends for a product view, context and all. */
static size_t write_event(char *out, long long message, unsigned customer, unsigned product)
{
    return (size_t)sprintf(out,
        "{\"type\":\"track\",\"event\":\"Product Viewed\",\"messageId\":\"ajs-next-%013lld-%08llx\",\"anonymousId\":\"anon-%08u-5b1e-4a7c\",\"timestamp\":\"2026-%02d-%02dT%02d:%02d:%02d.%03dZ\","
        "\"properties\":{\"product_id\":\"P%05u\",\"sku\":\"P%05u-navy-M\",\"category\":\"Outdoor > Jackets\",\"name\":\"Nordkap Storm Jacket\",\"brand\":\"Nordkap\",\"variant\":\"navy M\",\"price\":%u.95,\"quantity\":1,"
        "\"currency\":\"EUR\",\"position\":%u,\"url\":\"https://shop.example/p/P%05u\",\"image_url\":\"https://shop.example/i/P%05u.jpg\"},"
        "\"context\":{\"library\":{\"name\":\"analytics.js\",\"version\":\"next-1.84.3\"},\"locale\":\"de-DE\",\"page\":{\"path\":\"/p/P%05u\",\"referrer\":\"https://shop.example/c/jackets\",\"search\":\"\","
        "\"title\":\"Nordkap Storm Jacket\",\"url\":\"https://shop.example/p/P%05u\"},\"userAgent\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\","
        "\"timezone\":\"Europe/Berlin\"},\"integrations\":{}}",
        message, (unsigned long long)mix((uint64_t)message ^ seed) & 0xffffffffu, customer, (int)(message / 2400000 % 12) + 1, (int)(message / 86400 % 28) + 1, (int)(message / 3600 % 24), (int)(message / 60 % 60),
        (int)(message % 60), (int)(message % 1000), product, product, product % 300, product % 24, product, product, product, product);
}

static int dial(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int          fd = socket(AF_INET, SOCK_STREAM, 0);
    const int          one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("connect");
        exit(3);
    }
    return fd;
}

static int exchange(int fd, const char *head, size_t head_len, const char *body, size_t body_len)
{
    char   answer[4096];
    size_t got = 0;
    const struct { const char *at; size_t len; } parts[] = { { head, head_len }, { body, body_len } };

    for (int p = 0; p < 2; p++)
        for (size_t at = 0; at < parts[p].len;) {
            const ssize_t wrote = send(fd, parts[p].at + at, parts[p].len - at, p == 0 ? MSG_MORE : 0);
            if (wrote <= 0)
                return -1;
            at += (size_t)wrote;
        }
    for (;;) {
        const ssize_t n = recv(fd, answer + got, sizeof answer - 1 - got, 0);
        if (n <= 0)
            return -1;
        got += (size_t)n;
        answer[got] = '\0';
        const char *end = strstr(answer, "\r\n\r\n");
        const char *length = strcasestr(answer, "content-length:");
        if (end != NULL && length != NULL && got >= (size_t)(end + 4 - answer) + strtoul(length + 15, NULL, 10))
            return atoi(answer + 9);
    }
}

static void *run_connection(void *arg)
{
    char      *body = malloc(BATCH * 1400 + 64), head[512];
    const int  fd = dial();
    uint64_t   random = mix(seed + (uintptr_t)arg + 1);

    while (atomic_fetch_sub(&left, BATCH) > 0) {
        const long long first = atomic_fetch_add(&next_message, BATCH);
        size_t          len = (size_t)sprintf(body, "{\"batch\":[");
        unsigned        customer = 0;
        for (int i = 0; i < BATCH; i++) {
            random = mix(random + 0x9e3779b97f4a7c15u);
            if (i % per_person == 0)
                customer = (unsigned)(random % (uint64_t)customers);
            if (i > 0)
                body[len++] = ',';
            len += write_event(body + len, first + i, customer, (unsigned)(random >> 40) % 20000);
        }
        len += (size_t)sprintf(body + len, "]}");
        const int head_len = snprintf(head, sizeof head, "POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", port, auth, len);
        if (head_len < 0 || (size_t)head_len >= sizeof head) {
            fprintf(stderr, "the key is too long\n");
            exit(2);
        }
        for (;;) {
            const int64_t from = now_us();
            const int     code = exchange(fd, head, (size_t)head_len, body, len);
            if (code == 200) {
                const size_t at = atomic_fetch_add(&sample_count, 1);
                if (at < SAMPLES_MAX)
                    samples[at] = (uint32_t)(now_us() - from);
                break;
            }
            if (code != 429) {
                fprintf(stderr, "the server answered %d\n", code);
                exit(3);
            }
            atomic_fetch_add(&refused, 1);
            usleep(20000);
        }
    }
    close(fd);
    free(body);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    pthread_t     threads[CONNECTIONS_MAX];
    struct rusage used;

    if (argc != 8 || atoi(argv[6]) < 1 || atoi(argv[6]) > CONNECTIONS_MAX || atoi(argv[4]) < 1 || atoi(argv[5]) < 1 || atoll(argv[3]) < BATCH) {
        fprintf(stderr, "usage: load PORT BASE64_KEY EVENTS CUSTOMERS PER_PERSON CONNECTIONS SEED\n");
        return 2;
    }
    port = atoi(argv[1]);
    auth = argv[2];
    const long long events = atoll(argv[3]);
    left = events;
    customers = atoi(argv[4]);
    per_person = atoi(argv[5]);
    const int connections = atoi(argv[6]);
    seed = strtoull(argv[7], NULL, 10);
    next_message = (long long)seed * 100000000LL;
    const int64_t from = now_us();
    for (int i = 0; i < connections; i++)
        pthread_create(&threads[i], NULL, run_connection, (void *)(uintptr_t)i);
    for (int i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    const double seconds = (double)(now_us() - from) / 1e6;
    const size_t count = sample_count < SAMPLES_MAX ? sample_count : SAMPLES_MAX;
    qsort(samples, count, sizeof *samples, compare);
    getrusage(RUSAGE_SELF, &used);
    printf("{\"events\":%lld,\"seconds\":%.3f,\"events_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,\"cpu_s\":%.2f,\"refused\":%lld}\n", (long long)count * BATCH, seconds, (double)count * BATCH / seconds,
           samples[count / 2], samples[count * 99 / 100], (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6, (long long)refused);
    return 0;
}
