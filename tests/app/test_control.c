/* The door for commands beside a running server: commands run, and whatever else comes through it does no harm. */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static house       g_house;
static kd_control *g_control;

static int start(void **state)
{
    kd_err err = { 0 };
    (void)state;
    house_new(&g_house);
    if (house_open(&g_house, true, &err) != KD_OK || kd_control_start(&g_control, g_house.engine, &err) != KD_OK)
        fail_msg("%s", err.msg);
    return 0;
}

static void stop_control(void)
{
    kd_control_stop(g_control);
    g_control = NULL;
}

static int stop(void **state)
{
    (void)state;
    if (g_control)
        stop_control();
    house_end(&g_house);
    return 0;
}

/* ---- a client of our own, which may misbehave ---- */

typedef struct client { int socket, in, out, err; /* our ends of its streams */ } client;

static int dial(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int                fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s.sock", g_house.db);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_with(int fd, const void *bytes, size_t len, const int *fds, size_t fd_count)
{
    union { char bytes[CMSG_SPACE(64 * sizeof(int))]; struct cmsghdr align; } control = { 0 };
    struct iovec  part = { (void *)(uintptr_t)bytes, len };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    if (fd_count) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), len);
}

/* `arguments`: texts each with its NUL. */
static client call_with(const char *arguments, size_t len)
{
    int            in[2], out[2], err[2];
    const uint32_t size = (uint32_t)len;
    const int      cwd = open(g_house.folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    const int    fds[] = { in[0], out[1], err[1], cwd };
    const client c = { dial(), in[1], out[0], err[0] };
    send_with(c.socket, &size, sizeof size, fds, 4);
    for (size_t i = 0; i < 4; i++)
        close(fds[i]);
    assert_int_equal(send(c.socket, arguments, len, MSG_NOSIGNAL), len);
    return c;
}

static void hang_up(client *c)
{
    close(c->socket);
    close(c->in);
    close(c->out);
    close(c->err);
}

static size_t read_all(char *text, size_t cap, int fd)
{
    size_t  len = 0;
    ssize_t got;
    while (len < cap - 1 && (got = read(fd, text + len, cap - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    return len;
}

/* The exit code; -1 when the server hung up without one. */
static int32_t answer_of(int fd)
{
    int32_t       code;
    struct pollfd watch = { fd, POLLIN, 0 };
    assert_int_equal(poll(&watch, 1, 30000), 1);
    return recv(fd, &code, sizeof code, 0) == sizeof code ? code : -1;
}

/* But for those of the database: SQLite keeps one of a closed connection back while locks are held, for the next to use. */
static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int  count = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char    target[256];
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target);
        count += len < 0 || memmem(target, (size_t)len, "kunde.db", 8) == NULL;
    }
    closedir(dir);
    return count;
}

/* Calls end a moment after their answer. */
static void wait_for_descriptors(int wanted)
{
    for (int i = 0; i < 500 && open_descriptors() > wanted; i++)
        usleep(10000);
    assert_int_equal(open_descriptors(), wanted);
}

#define CALL(text) call_with(text, sizeof(text)) /* with the last NUL */

static void works(void)
{
    char   text[65536];
    client c = CALL("decide\0home\0service\0--json");
    read_all(text, sizeof text, c.out);
    assert_int_equal(answer_of(c.socket), KD_EXIT_DONE);
    assert_non_null(strstr(text, "\"decisions\":["));
    assert_int_equal(read_all(text, sizeof text, c.err), 0);
    hang_up(&c);
}

static void test_commands_run_inside(void **state)
{
    char        text[65536], path[128];
    struct stat about;
    const int   before = open_descriptors();
    (void)state;
    works();
    snprintf(path, sizeof path, "%s.sock", g_house.db);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);

    client c = CALL("import\0orders\0lines.csv\0--json"); /* relative to the caller's folder */
    snprintf(path, sizeof path, "%s/lines.csv", g_house.folder);
    read_all(text, sizeof text, c.err);
    assert_non_null(strstr(text, "lines.csv"));
    assert_int_equal(answer_of(c.socket), KD_EXIT_NOT_SO);
    hang_up(&c);
    FILE *file = fopen(path, "w");
    fputs("order_id,product_id,quantity,date,price,customer_id\nq1,A1,2,2026-03-01,9.99,buyer\n", file);
    fclose(file);
    c = CALL("import\0orders\0lines.csv\0--json");
    read_all(text, sizeof text, c.out);
    assert_non_null(strstr(text, "\"stored\":1"));
    assert_int_equal(answer_of(c.socket), KD_EXIT_DONE);
    hang_up(&c);
    c = CALL("import\0orders\0-\0--json\0--source\0pipe");
    assert_true(write(c.in, "order_id,product_id,quantity,date,price,customer_id\nq2,A1,2,2026-03-01,9.99,buyer\n", 82) > 0);
    close(c.in);
    read_all(text, sizeof text, c.out);
    assert_non_null(strstr(text, "\"stored\":1"));
    assert_int_equal(answer_of(c.socket), KD_EXIT_DONE);
    c.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    hang_up(&c);
    wait_for_descriptors(before);
}

/* As main.c does it, in a process of its own with its own streams. */
static void test_the_real_client(void **state)
{
    char      text[65536];
    int       out[2], exit_code = -1, status = 0;
    char     *argv[] = { (char *)(uintptr_t)"decide", (char *)(uintptr_t)"trending", (char *)(uintptr_t)"--json", NULL };
    (void)state;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        _exit(kd_control_call(&exit_code, g_house.db, 3, argv) ? exit_code : 99);
    }
    close(out[1]);
    read_all(text, sizeof text, out[0]);
    close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), KD_EXIT_DONE);
    assert_non_null(strstr(text, "\"placement\":\"trending\""));
    stop_control();
    assert_false(kd_control_call(&exit_code, g_house.db, 3, argv)); /* nobody there: the command opens the database itself */
    char nowhere[256];
    snprintf(nowhere, sizeof nowhere, "%s/%0150d", g_house.folder, 1);
    assert_false(kd_control_call(&exit_code, nowhere, 3, argv));
    assert_false(kd_control_call(&exit_code, "/nowhere/at/all.db", 3, argv));
}

static void test_garbage(void **state)
{
    const int before = open_descriptors();
    char      noise[4096];
    kd_rng    rng;
    (void)state;
    kd_rng_seed(&rng, 3);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)kd_rng_u64(&rng);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int       many[64];
    for (int i = 0; i < 64; i++)
        many[i] = null;
    const uint32_t huge = UINT32_MAX, none = 0, over = 256 * 1024 + 1, four = 4;
    const struct { const void *bytes; size_t len, fds; const char *arguments; size_t arguments_len; } cases[] = {
        { noise, sizeof noise, 0, NULL, 0 },      /* no streams at all */
        { &four, 4, 0, "abc", 4 },
        { &four, 4, 1, "abc", 4 },
        { &four, 4, 3, "abc", 4 },
        { &four, 4, 5, "abc", 4 },                /* more than asked for: closed, too */
        { &four, 4, 64, "abc", 4 },
        { &four, 1, 4, NULL, 0 },                 /* a length cut off */
        { &huge, 4, 4, "abc", 4 },
        { &none, 4, 4, NULL, 0 },
        { &over, 4, 4, "abc", 4 },
        { &four, 4, 4, "abcd", 4 },               /* no NUL at the end */
        { "GET / HTTP/1.1\r\n\r\n", 18, 4, NULL, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int fd = dial();
        send_with(fd, cases[i].bytes, cases[i].len, many, cases[i].fds);
        if (cases[i].arguments)
            send(fd, cases[i].arguments, cases[i].arguments_len, MSG_NOSIGNAL);
        if (answer_of(fd) != -1)
            fail_msg("case %zu was answered", i);
        close(fd);
    }
    for (int i = 0; i < 40; i++)
        close(dial()); /* only looks */
    close(null);
    wait_for_descriptors(before);
    works();
}

static void test_arguments(void **state)
{
    const int before = open_descriptors();
    char      text[4096], *many = calloc(2, 5000);
    (void)state;
    for (int i = 0; i < 5000; i++)
        many[2 * i] = 'x';
    client c = call_with(many, 10000);
    free(many);
    assert_int_equal(answer_of(c.socket), -1); /* refused, not cut */
    hang_up(&c);
    static const struct { const char *arguments; size_t len; const char *word; } cases[] = {
        { "", 1, "no command" }, { "teleport", 9, "no command" }, { "serve", 6, "no command" }, { "demo", 5, "no command" }, { "config", 7, "no command" },
        { "decide\0--help", 14, "options" }, { "decide\0--usage", 15, "options" }, { "decide\0--no-such-thing", 23, "options" }, { "decide", 7, "options" },
        { "decide\0home\0-n", 15, "options" }, { "recommend\0--count\0many", 23, "options" }, { "recommend\0--count=101", 22, "options" },
        { "recommend\0home", 15, "options" }, { "import", 7, "options" }, { "import\0cats\0x", 14, "options" }, { "import\0orders\0x\0--format\0xml", 29, "options" },
        { "import\0orders\0x\0--map\0x", 24, "options" }, { "backup", 7, "options" }, { "backup\0a\0b", 11, "options" }, { "doctor\0a", 9, "options" },
        { "train\0--child\0x", 16, "options" },
    };
    /* The server's own stderr stays silent, whatever argp would like to say. */
    char own[128];
    snprintf(own, sizeof own, "%s/stderr", g_house.folder);
    const int saved = dup(STDERR_FILENO), file = open(own, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(file, STDERR_FILENO);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        c = call_with(cases[i].arguments, cases[i].len);
        read_all(text, sizeof text, c.err);
        const int32_t code = answer_of(c.socket);
        hang_up(&c);
        if (code != KD_EXIT_USAGE || strstr(text, cases[i].word) == NULL) {
            dup2(saved, STDERR_FILENO);
            fail_msg("%s: %d %s", cases[i].arguments, code, text);
        }
    }
    fflush(stderr);
    const off_t said = lseek(file, 0, SEEK_END);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(file);
    assert_int_equal(said, 0);
    wait_for_descriptors(before);
    works();
}

static void test_a_client_that_hangs_up(void **state)
{
    const int before = open_descriptors();
    (void)state;
    /* It waits for a line of its input that never comes; our end of the pipe stays open. */
    client c = CALL("import\0orders\0-");
    assert_true(write(c.in, "order_id,product_id,quantity,date,price,customer_id\n", 52) > 0);
    usleep(300000);
    close(c.socket);
    for (int i = 0; i < 500 && open_descriptors() > before + 3; i++)
        usleep(10000);
    assert_int_equal(open_descriptors(), before + 3); /* ours of the three pipes: the command has ended */
    close(c.in);
    close(c.out);
    close(c.err);

    /* It writes into a pipe nobody reads. */
    house_fill(&g_house, 0, 100);
    char full[65536] = { 0 };
    c = CALL("decide\0home\0trending\0--json"); /* smaller than a pipe: ends by itself, answered or not */
    close(c.socket);
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(write(out[1], full, sizeof full), sizeof full);
    const uint32_t size = 17;
    const int      fds[] = { in[0], out[1], out[1], in[0] };
    const int      fd = dial();
    send_with(fd, &size, sizeof size, fds, 4);
    send(fd, "recommend\0--json", 17, MSG_NOSIGNAL);
    usleep(300000);
    close(fd);
    close(c.in);
    close(c.out);
    close(c.err);
    for (int i = 0; i < 500 && open_descriptors() > before + 4; i++)
        usleep(10000);
    assert_int_equal(open_descriptors(), before + 4);
    close(in[0]);
    close(in[1]);
    close(out[0]);
    close(out[1]);
    works();
}

static void test_stop_ends_what_runs(void **state)
{
    char    text[4096];
    int     idle[5];
    client  c = CALL("import\0orders\0-\0--json");
    int64_t from;
    (void)state;
    assert_true(write(c.in, "order_id,product_id,quantity,date,price,customer_id\nq1,A,1,2026-01-01,1.00,c\n", 77) > 0);
    for (int i = 0; i < 5; i++)
        idle[i] = dial(); /* and say nothing */
    usleep(300000);
    from = kd_monotonic_us();
    stop_control();
    assert_true(kd_monotonic_us() - from < 4000000);
    assert_int_equal(answer_of(c.socket), KD_EXIT_NOT_SO); /* not "done": half a file was read */
    read_all(text, sizeof text, c.err);
    assert_non_null(strstr(text, "interrupted"));
    hang_up(&c);
    for (int i = 0; i < 5; i++)
        close(idle[i]);
    char path[128];
    snprintf(path, sizeof path, "%s.sock", g_house.db);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_too_many_at_once(void **state)
{
    int idle[17];
    (void)state;
    for (int i = 0; i < 17; i++)
        idle[i] = dial();
    assert_int_equal(answer_of(idle[16]), -1); /* at once; the others may still speak */
    for (int i = 0; i < 17; i++)
        close(idle[i]);
    for (int i = 0; i < 100; i++) { /* as soon as they are gone there is room */
        client c = CALL("decide\0home\0--json");
        const int32_t code = answer_of(c.socket);
        hang_up(&c);
        if (code == KD_EXIT_DONE)
            return;
        usleep(20000);
    }
    fail_msg("no room again");
}

static void test_start_twice(void **state)
{
    kd_err err = { 0 };
    (void)state;
    stop_control();
    char path[128];
    snprintf(path, sizeof path, "%s.sock", g_house.db);
    FILE *left = fopen(path, "w"); /* by a crash */
    fclose(left);
    assert_int_equal(kd_control_start(&g_control, g_house.engine, &err), KD_OK);
    works();
}

#define TEST(f) { #f, f, start, stop, NULL }
const struct CMUnitTest control_tests[] = {
    TEST(test_commands_run_inside), TEST(test_the_real_client), TEST(test_garbage), TEST(test_arguments), TEST(test_a_client_that_hangs_up),
    TEST(test_stop_ends_what_runs), TEST(test_too_many_at_once), TEST(test_start_twice),
};
const size_t control_test_count = sizeof control_tests / sizeof *control_tests;
