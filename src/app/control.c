/* A command on an owned database becomes a client of its server. The client sends its arguments together with its standard
 * streams and working directory (SCM_RIGHTS); the server runs the command on a thread of its own with those, and answers
 * with the exit code. When the client goes away, the command is cancelled. The socket is only for the server's own user. */
#include "app/command.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum { ARGUMENTS_BYTES_MAX = 256 * 1024, ARGUMENTS_MAX = 4096, STREAMS = 4, CALLS_MAX = 16 };

struct kd_control {
    kd_engine      *engine;
    int             listener;
    char           *path;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  idle;
    unsigned        calls;       /* under lock */
    atomic_bool     stopping;
};

typedef struct call {
    kd_control   *control;
    int           socket;
    int           streams[STREAMS];
    char         *bytes;
    char         *argv[ARGUMENTS_MAX + 1];
    int           argc;
    volatile bool cancel;
    volatile bool over;
    int           exit_code;
    int           wake[2];
} call;

/* Socket paths hold 107 bytes, database paths more: go through the folder's descriptor. */
static int open_socket(const char *db, struct sockaddr_un *address, int *folder)
{
    char *copy = strdup(db), *copy2 = strdup(db);
    int   fd = -1;

    *folder = -1;
    if (copy != NULL && copy2 != NULL && (*folder = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0) {
        *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        const int len = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s.sock", *folder, basename(copy2));
        if (len > 0 && (size_t)len < sizeof address->sun_path)
            fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    }
    free(copy);
    free(copy2);
    if (fd < 0 && *folder >= 0)
        close(*folder);
    return fd;
}

static bool write_whole(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        const ssize_t wrote = send(fd, at, len, MSG_NOSIGNAL);
        if (wrote <= 0 && errno != EINTR)
            return false;
        if (wrote > 0) {
            at += wrote;
            len -= (size_t)wrote;
        }
    }
    return true;
}

static bool read_whole(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    while (len > 0) {
        const ssize_t got = read(fd, at, len);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
    return true;
}

/* ---- client ---- */

static bool send_streams(int fd, uint32_t len)
{
    const int      cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int      streams[STREAMS] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, cwd };
    union { char bytes[CMSG_SPACE(sizeof streams)]; struct cmsghdr align; } control = { 0 };
    struct iovec   part = { &len, sizeof len };
    struct msghdr  message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof streams);
    memcpy(CMSG_DATA(header), streams, sizeof streams);
    const bool sent = cwd >= 0 && sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof len;
    if (cwd >= 0)
        close(cwd);
    return sent;
}

bool kd_control_call(int *exit_code, const char *db, int argc, char **argv)
{
    struct sockaddr_un address;
    int                folder = -1;
    const int          fd = open_socket(db, &address, &folder);
    kd_buf             text;
    int32_t            code = KD_EXIT_ENVIRONMENT;

    if (fd < 0)
        return false;
    const bool there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(folder);
    if (!there) {
        close(fd);
        return false;
    }
    kd_buf_init(&text, NULL);
    for (int i = 0; i < argc; i++)
        kd_buf_add(&text, argv[i], strlen(argv[i]) + 1);
    if (text.failed || !send_streams(fd, (uint32_t)text.len) || !write_whole(fd, text.ptr, text.len) || !read_whole(fd, &code, sizeof code))
        fprintf(stderr, "kunde: the server that owns %s ended the conversation\n  its log says why\n", db);
    *exit_code = code;
    kd_buf_free(&text);
    close(fd);
    return true;
}

/* ---- server ---- */

static bool is_own_user(int fd)
{
    struct ucred peer;
    socklen_t    len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

static bool receive_streams(call *c, uint32_t *len)
{
    union { char bytes[CMSG_SPACE(sizeof c->streams)]; struct cmsghdr align; } control;
    struct iovec  part = { len, sizeof *len };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };

    if (recvmsg(c->socket, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof *len)
        return false;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof c->streams))
        return false;
    memcpy(c->streams, CMSG_DATA(header), sizeof c->streams);
    return true;
}

static bool receive_call(call *c)
{
    uint32_t len = 0;

    if (!is_own_user(c->socket) || !receive_streams(c, &len) || len == 0 || len > ARGUMENTS_BYTES_MAX || (c->bytes = malloc(len)) == NULL ||
        !read_whole(c->socket, c->bytes, len) || c->bytes[len - 1] != '\0')
        return false;
    for (uint32_t at = 0; at < len && c->argc < ARGUMENTS_MAX; at += (uint32_t)strlen(c->bytes + at) + 1)
        c->argv[c->argc++] = c->bytes + at;
    return true;
}

static void *run_call(void *arg)
{
    call             *c = arg;
    const kd_command *command = c->argc > 0 ? kd_command_find(c->argv[0]) : NULL;
    kd_run            run = { c->control->engine, (kd_settings *)(uintptr_t)kd_engine_settings(c->control->engine),
                              { c->streams[0], c->streams[1], c->streams[2], c->streams[3], true, &c->cancel }, NULL, "kunde" };

    c->exit_code = KD_EXIT_USAGE;
    if (command != NULL && command->need == KD_NEED_ENGINE && (run.options = calloc(1, command->options_bytes + 1)) != NULL &&
        argp_parse(command->argp, c->argc, c->argv, ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, run.options) == 0)
        c->exit_code = command->run(&run);
    free(run.options);
    c->over = true;
    if (write(c->wake[1], "", 1) != 1)
        kd_log(KD_LOG_WARN, "control", "wake-failed", "errno=%d", errno);
    return NULL;
}

/* Wait until the command is over; a client that hangs up, or a server that stops, cancels it. */
static void attend(call *c)
{
    pthread_t     runner;
    struct pollfd watch[2] = { { c->wake[0], POLLIN, 0 }, { c->socket, POLLRDHUP, 0 } };

    if (pthread_create(&runner, NULL, run_call, c) != 0) {
        c->exit_code = KD_EXIT_ENVIRONMENT;
        return;
    }
    while (!c->over) {
        if (poll(watch, c->cancel ? 1 : 2, 200) > 0 && (watch[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
            c->cancel = true;
        if (c->control->stopping)
            c->cancel = true;
    }
    pthread_join(runner, NULL);
}

static void *serve_call(void *arg)
{
    call *c = arg;

    for (int i = 0; i < STREAMS; i++)
        c->streams[i] = -1;
    if (receive_call(c) && pipe2(c->wake, O_CLOEXEC) == 0) {
        attend(c);
        const int32_t code = c->exit_code;
        write_whole(c->socket, &code, sizeof code);
        close(c->wake[0]);
        close(c->wake[1]);
    }
    for (int i = 0; i < STREAMS; i++)
        if (c->streams[i] >= 0)
            close(c->streams[i]);
    close(c->socket);
    free(c->bytes);
    pthread_mutex_lock(&c->control->lock);
    c->control->calls--;
    pthread_cond_signal(&c->control->idle);
    pthread_mutex_unlock(&c->control->lock);
    free(c);
    return NULL;
}

static void *accept_calls(void *arg)
{
    kd_control *control = arg;

    for (;;) {
        const int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
        if (control->stopping) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        if (fd < 0)
            continue;
        call     *c = calloc(1, sizeof *c);
        pthread_t thread;
        pthread_mutex_lock(&control->lock);
        const bool room = c != NULL && control->calls < CALLS_MAX;
        control->calls += room;
        pthread_mutex_unlock(&control->lock);
        if (!room) {
            free(c);
            close(fd);
            continue;
        }
        c->control = control;
        c->socket = fd;
        if (pthread_create(&thread, NULL, serve_call, c) == 0)
            pthread_detach(thread);
        else
            serve_call(c);
    }
}

kd_status kd_control_start(kd_control **out, kd_engine *engine, kd_err *err)
{
    const char        *db = kd_engine_settings(engine)->db;
    struct sockaddr_un address;
    int                folder = -1;
    kd_control        *control = calloc(1, sizeof *control);

    if (control == NULL || asprintf(&control->path, "%s.sock", db) < 0) {
        free(control);
        return kd_fail_memory(err);
    }
    control->engine = engine;
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->idle, NULL);
    control->listener = open_socket(db, &address, &folder);
    unlink(control->path); /* left by a crash: the lock file says that nobody lives here */
    const mode_t old = umask(0177);
    const bool   bound = control->listener >= 0 && bind(control->listener, (struct sockaddr *)&address, sizeof address) == 0;
    umask(old);
    const int why = errno;
    if (folder >= 0)
        close(folder);
    if (!bound || listen(control->listener, CALLS_MAX) != 0 || pthread_create(&control->thread, NULL, accept_calls, control) != 0) {
        if (control->listener >= 0)
            close(control->listener);
        free(control->path);
        free(control);
        return kd_fail(err, KD_IO, "cannot listen on %s.sock: %s", db, strerror(why));
    }
    *out = control;
    return KD_OK;
}

void kd_control_stop(kd_control *control)
{
    control->stopping = true;
    shutdown(control->listener, SHUT_RDWR);
    pthread_join(control->thread, NULL);
    close(control->listener);
    unlink(control->path);
    pthread_mutex_lock(&control->lock);
    while (control->calls > 0)
        pthread_cond_wait(&control->idle, &control->lock);
    pthread_mutex_unlock(&control->lock);
    pthread_mutex_destroy(&control->lock);
    pthread_cond_destroy(&control->idle);
    free(control->path);
    free(control);
}
