/* A command on an owned database becomes a client of its server. The client sends its arguments together with its standard
 * streams and working directory (SCM_RIGHTS); the server runs the command on a thread of its own with those, and answers
 * with the exit code. When the client goes away or the server stops, the command is cancelled: its flag is set, and its
 * streams become /dev/null, so that it does not wait for ever on a pipe. The socket is only for the server's own user. */
#include "app/command.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum {
    ARGUMENTS_BYTES_MAX = 256 * 1024, ARGUMENTS_MAX = 4096, CALLS_MAX = 16,
    STREAMS = 4,         /* in, out, err, working directory */
    PATIENCE_S = 5,      /* for a client that says half of what it wants, or does not read */
    LOOK_UP_MS = 200,
    WAKE_SIGNAL = SIGUSR1
};

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
    atomic_bool   cancel;
    atomic_bool   over;
    int           exit_code;     /* of the runner until over, or joined */
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
        else
            errno = ENAMETOOLONG;
    }
    free(copy);
    free(copy2);
    if (fd < 0 && *folder >= 0) {
        const int why = errno;
        close(*folder);
        errno = why;
    }
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
    if (text.len > ARGUMENTS_BYTES_MAX || argc > ARGUMENTS_MAX)
        fprintf(stderr, "kunde: more arguments than the server that owns %s takes\n", db);
    else if (text.failed || !send_streams(fd, (uint32_t)text.len) || !write_whole(fd, text.ptr, text.len) || !read_whole(fd, &code, sizeof code))
        fprintf(stderr, "kunde: the server that owns %s ended the conversation\n  its log says why\n", db);
    *exit_code = code;
    kd_buf_free(&text);
    close(fd);
    return true;
}

/* ---- server ---- */

/* What came instead of a call, for the operator who wonders. */
static bool refuse(const char *why)
{
    kd_log(KD_LOG_WARN, "control", "call-refused", "why=\"%s\"", why);
    return false;
}

static bool is_own_user(int fd)
{
    struct ucred peer;
    socklen_t    len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

/* Whatever descriptors came are ours to close: those beyond STREAMS at once, the others with the call. */
static size_t take_streams(call *c, struct msghdr *message)
{
    size_t taken = 0;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        const size_t bytes = header->cmsg_len - CMSG_LEN(0);
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < bytes / sizeof(int); i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (taken < STREAMS)
                c->streams[taken] = fd;
            else
                close(fd);
            taken++;
        }
    }
    return taken;
}

/* Something to read before the patience with this client, or the server, is at its end. */
static bool is_readable(const call *c)
{
    const int64_t until = kd_monotonic_us() + PATIENCE_S * INT64_C(1000000);
    struct pollfd watch = { c->socket, POLLIN, 0 };

    while (!atomic_load(&c->control->stopping) && kd_monotonic_us() < until)
        if (poll(&watch, 1, LOOK_UP_MS) > 0)
            return true;
    return false;
}

static bool receive_bytes(call *c, char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t got = is_readable(c) ? recv(c->socket, bytes, len, MSG_DONTWAIT) : 0;
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return false;
        bytes += got > 0 ? got : 0;
        len -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool receive_streams(call *c, uint32_t *len)
{
    union { char bytes[CMSG_SPACE(sizeof c->streams)]; struct cmsghdr align; } control;
    struct iovec  part = { len, sizeof *len };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
    const ssize_t got = is_readable(c) ? recvmsg(c->socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) : 0;

    if (got <= 0)
        return false; /* only looked whether somebody is there, or nothing in time */
    if (take_streams(c, &message) != STREAMS || (message.msg_flags & MSG_CTRUNC) != 0)
        return refuse("not four streams");
    if (got != (ssize_t)sizeof *len || *len == 0 || *len > ARGUMENTS_BYTES_MAX)
        return refuse("no sensible length of arguments");
    return true;
}

static bool receive_call(call *c)
{
    uint32_t len = 0, at = 0;

    if (!is_own_user(c->socket))
        return refuse("another user");
    if (!receive_streams(c, &len))
        return false;
    if ((c->bytes = malloc(len)) == NULL || !receive_bytes(c, c->bytes, len) || c->bytes[len - 1] != '\0')
        return refuse("its arguments ended early");
    for (; at < len && c->argc < ARGUMENTS_MAX; at += (uint32_t)strlen(c->bytes + at) + 1)
        c->argv[c->argc++] = c->bytes + at;
    return at == len || refuse("too many arguments");
}

/* The client has parsed the same arguments with the same argp, so what does not parse here comes from another version. Neither
 * the server's own streams nor its life are at argp's disposal. */
static int run_here(const kd_command *command, kd_run *run, int argc, char **argv)
{
    int exit_code = KD_EXIT_USAGE;

    if (command == NULL || command->need != KD_NEED_ENGINE)
        kd_complain(&run->io, "kunde: the server (version %s) has no command of this name for others to run\n", KD_VERSION);
    else if ((run->options = calloc(1, command->options_bytes + 1)) == NULL)
        kd_complain(&run->io, "kunde: the server has no memory left for this command\n");
    else if (argp_parse(command->argp, argc, argv, ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, run->options) != 0)
        kd_complain(&run->io, "kunde: the server (version %s) does not know these options\n  is it another version than this command?\n", KD_VERSION);
    else
        exit_code = command->run(run);
    free(run->options);
    return exit_code;
}

static void *run_call(void *arg)
{
    call    *c = arg;
    kd_run   run = { .engine = c->control->engine, .settings = (kd_settings *)(uintptr_t)kd_engine_settings(c->control->engine), .self = "kunde",
                     .io = { c->streams[0], c->streams[1], c->streams[2], c->streams[3], true, &c->cancel } };
    sigset_t wake;

    sigemptyset(&wake);
    sigaddset(&wake, WAKE_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
    c->exit_code = run_here(c->argc > 0 ? kd_command_find(c->argv[0]) : NULL, &run, c->argc, c->argv);
    atomic_store(&c->over, true);
    if (write(c->wake[1], "", 1) != 1)
        kd_log(KD_LOG_WARN, "control", "wake-failed", "errno=%d", errno);
    return NULL;
}

/* The runner may wait in read or write on a stream of the client's: it goes on with /dev/null in its place. */
static void let_go_of_streams(const call *c, int streams, pthread_t runner)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; null >= 0 && i < streams; i++)
        dup3(null, c->streams[i], O_CLOEXEC);
    if (null >= 0)
        close(null);
    pthread_kill(runner, WAKE_SIGNAL);
}

/* Wait until the command is over. A client that hangs up, or a server that stops, cancels it; in the second case somebody may
 * still read what the command has to say about that, but not for ever. */
static void attend(call *c)
{
    pthread_t     runner;
    struct pollfd watch[2] = { { c->wake[0], POLLIN, 0 }, { c->socket, POLLRDHUP, 0 } };
    int64_t       patient_until = 0;

    if (pthread_create(&runner, NULL, run_call, c) != 0) {
        c->exit_code = KD_EXIT_ENVIRONMENT;
        return;
    }
    while (!atomic_load(&c->over)) {
        const bool gone = poll(watch, 2, LOOK_UP_MS) > 0 && (watch[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
        if (!gone && !atomic_load(&c->cancel) && !atomic_load(&c->control->stopping))
            continue;
        if (patient_until == 0)
            patient_until = kd_monotonic_us() + PATIENCE_S * INT64_C(1000000);
        if (gone) {
            patient_until = 1;
            watch[1].fd = -1; /* it says the same for ever */
        }
        atomic_store(&c->cancel, true);
        if (!atomic_load(&c->over)) /* again each time: the signal may have come a moment before the wait */
            let_go_of_streams(c, kd_monotonic_us() > patient_until ? 3 : 1, runner);
    }
    pthread_join(runner, NULL);
}

static void *serve_call(void *arg)
{
    call *c = arg;

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

static void take_call(kd_control *control, int fd)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    call                *c = calloc(1, sizeof *c);
    pthread_t            thread;

    pthread_mutex_lock(&control->lock);
    const bool room = c != NULL && control->calls < CALLS_MAX;
    control->calls += room;
    pthread_mutex_unlock(&control->lock);
    if (!room) {
        refuse("too many at once");
        free(c);
        close(fd);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    c->control = control;
    c->socket = fd;
    for (int i = 0; i < STREAMS; i++)
        c->streams[i] = -1;
    if (pthread_create(&thread, NULL, serve_call, c) == 0)
        pthread_detach(thread);
    else
        serve_call(c);
}

static void *accept_calls(void *arg)
{
    kd_control *control = arg;

    for (;;) {
        const int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
        if (atomic_load(&control->stopping)) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        if (fd >= 0)
            take_call(control, fd);
        else if (errno != EINTR && errno != ECONNABORTED) {
            kd_log(KD_LOG_WARN, "control", "accept-failed", "why=\"%s\"", strerror(errno));
            usleep(LOOK_UP_MS * 1000); /* no descriptors left, say: not in circles meanwhile */
        }
    }
}

static void control_free(kd_control *control)
{
    pthread_mutex_destroy(&control->lock);
    pthread_cond_destroy(&control->idle);
    free(control->path);
    free(control);
}

static void ignore_wake(int signal_number) { (void)signal_number; }

/* A socket only for its owner: the mode of the descriptor becomes that of the file, whatever the umask allows. */
static int listen_beside(const char *db, const char *path)
{
    struct sockaddr_un address;
    int                folder = -1;
    const int          fd = open_socket(db, &address, &folder);

    if (fd < 0)
        return -1;
    unlink(path); /* left by a crash: the lock file says that nobody lives here */
    const bool listens = fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, CALLS_MAX) == 0;
    const int  why = errno;
    close(folder);
    if (!listens)
        close(fd);
    errno = why;
    return listens ? fd : -1;
}

kd_status kd_control_start(kd_control **out, kd_engine *engine, kd_err *err)
{
    const char            *db = kd_engine_settings(engine)->db;
    const struct sigaction wake = { .sa_handler = ignore_wake }; /* without SA_RESTART: it ends a read */
    kd_control            *control = calloc(1, sizeof *control);

    if (control == NULL || asprintf(&control->path, "%s.sock", db) < 0) {
        free(control);
        return kd_fail_memory(err);
    }
    control->engine = engine;
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->idle, NULL);
    sigaction(WAKE_SIGNAL, &wake, NULL);
    control->listener = listen_beside(db, control->path);
    if (control->listener >= 0 && (errno = pthread_create(&control->thread, NULL, accept_calls, control)) == 0) {
        *out = control;
        return KD_OK;
    }
    kd_fail(err, KD_IO, "cannot listen on %s: %s", control->path, strerror(errno));
    if (control->listener >= 0) {
        close(control->listener);
        unlink(control->path);
    }
    control_free(control);
    return KD_IO;
}

/* The listener stays open until nobody can accept from it any more. */
void kd_control_stop(kd_control *control)
{
    atomic_store(&control->stopping, true);
    shutdown(control->listener, SHUT_RDWR);
    pthread_join(control->thread, NULL);
    close(control->listener);
    unlink(control->path);
    pthread_mutex_lock(&control->lock);
    while (control->calls > 0)
        pthread_cond_wait(&control->idle, &control->lock);
    pthread_mutex_unlock(&control->lock);
    control_free(control);
}
