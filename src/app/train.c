/* Training runs in a child: nice, with its own memory cap and threads, reading the database without owning it. It writes
 * the model to a file that the parent checks and publishes; a child that dies leaves the last model serving. */
#include "app/train.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/command.h"
#include "app/train_persons.h"
#include "base/input.h"
#include "base/log.h"
#include "recommend/train.h"

extern char **environ;
enum { LINE_BYTES = 512, NICENESS = 10, MODEL_READ_BYTES = 1 << 20, LOOK_UP_MS = 200 };

/* ---- the child ---- */

static void tell_step(void *self, const char *step, uint64_t done, uint64_t total)
{
    (void)self;
    printf("step %s %llu %llu\n", step, (unsigned long long)done, (unsigned long long)total);
    fflush(stdout);
}

static kd_status write_file(const char *path, kd_str bytes, kd_err *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t    at = 0;

    while (fd >= 0 && at < bytes.len) {
        const ssize_t wrote = write(fd, bytes.ptr + at, bytes.len - at);
        if (wrote < 0 && errno != EINTR)
            break;
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    const bool bad = fd < 0 || at < bytes.len || close(fd) != 0;
    return bad ? kd_fail(err, KD_IO, "cannot write the trained model: %s", strerror(errno)) : KD_OK;
}

static kd_status train_into_file(int argc, char **argv, kd_err *err)
{
    kd_store *store = NULL;
    kd_map   *only = NULL;
    kd_buf    bytes;
    int64_t   bytes_max = 0, threads = 0, now_ms = 0, parent = 0, trust = 0;
    kd_status status;

    if (argc != 8 || !kd_str_i64(&bytes_max, kd_str_z(argv[2])) || !kd_str_i64(&threads, kd_str_z(argv[3])) || !kd_str_i64(&now_ms, kd_str_z(argv[4])) ||
        !kd_str_i64(&parent, kd_str_z(argv[5])) || !kd_str_i64(&trust, kd_str_z(argv[6])))
        return kd_fail(err, KD_INVALID, "the training child was called wrongly");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != (pid_t)parent) /* nobody is left to train for */
        return kd_fail(err, KD_INVALID, "the training child has lost its parent");
    const kd_store_options open_options = { .path = argv[0], .read_only = true };
    kd_train_options       options = kd_train_options_default(now_ms);
    options.bytes_max = (size_t)bytes_max;
    options.threads = (unsigned)threads;
    options.trust_claims = trust != 0;
    kd_buf_init(&bytes, NULL);
    status = kd_store_open(&store, &open_options, err);
    if (status == KD_OK)
        status = kd_train_persons_read(&only, argv[7], err);
    options.only = only;
    if (status == KD_OK)
        status = kd_train(&bytes, store, &options, tell_step, NULL, err);
    if (status == KD_OK)
        status = write_file(argv[1], kd_buf_str(&bytes), err);
    kd_buf_free(&bytes);
    kd_map_free(only);
    if (store != NULL)
        kd_store_close(store);
    return status;
}

int kd_train_child(int argc, char **argv)
{
    kd_err err = { 0 };

    if (setpriority(PRIO_PROCESS, 0, NICENESS) != 0)
        kd_log(KD_LOG_WARN, "train", "not-nice", "why=\"%s\"", strerror(errno));
    if (train_into_file(argc, argv, &err) == KD_OK) {
        printf("done\n");
        return KD_EXIT_DONE;
    }
    printf("fail %d %s\n", (int)err.status, err.msg);
    return KD_EXIT_NOT_SO;
}

/* ---- the parent ---- */

/* One line of the child. True when it was its last word, *status then says what it was. */
static bool hear(kd_status *status, const char *line, kd_progress progress, void *self, kd_err *err)
{
    char               step[64];
    unsigned long long done, total;
    int                failed, at = 0;

    if (sscanf(line, "step %63s %llu %llu", step, &done, &total) == 3) {
        if (progress != NULL)
            progress(self, step, done, total);
        return false;
    }
    if (strcmp(line, "done") == 0)
        *status = KD_OK;
    else if (sscanf(line, "fail %d %n", &failed, &at) == 1 && at > 0 && failed > KD_OK && failed <= KD_CORRUPT)
        *status = kd_fail(err, (kd_status)failed, "%s", line + at);
    else
        return false;
    return true;
}

static kd_status listen_to_child(int from, const atomic_bool *cancel, const atomic_bool *stopping, kd_progress progress, void *self, kd_err *err)
{
    char      text[LINE_BYTES];
    size_t    len = 0;
    kd_status status = KD_OK;

    for (;;) {
        struct pollfd watch = { from, POLLIN, 0 };
        char         *end;
        if (atomic_load(stopping) || (cancel != NULL && atomic_load(cancel)))
            return kd_fail(err, KD_BUSY, "the training run was ended before it was done");
        if (poll(&watch, 1, LOOK_UP_MS) <= 0)
            continue;
        const ssize_t got = read(from, text + len, sizeof text - 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return kd_fail(err, KD_IO, "the training process ended without a word; its memory may have run out");
        len += (size_t)got;
        text[len] = '\0';
        while ((end = strchr(text, '\n')) != NULL) {
            *end = '\0';
            if (hear(&status, text, progress, self, err))
                return status;
            len -= (size_t)(end + 1 - text);
            memmove(text, end + 1, len + 1);
        }
        if (len == sizeof text - 1)
            len = 0; /* no line of ours is so long */
    }
}

static kd_status spawn_child(pid_t *pid, int *read_end, char **argv, kd_err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t          attributes;
    sigset_t                   none;
    int                        pipe_ends[2];

    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return kd_fail(err, KD_IO, "cannot make a pipe: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none); /* the server blocks its signals; its child must not */
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int failed = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(pipe_ends[1]);
    *read_end = pipe_ends[0];
    if (failed != 0) {
        close(pipe_ends[0]);
        return kd_fail(err, KD_IO, "cannot start the training process: %s", strerror(failed));
    }
    return KD_OK;
}

static kd_status read_file(kd_buf *out, const char *path, kd_err *err)
{
    kd_input *in = NULL;
    size_t    got = 1;
    kd_status status = kd_input_open(&in, AT_FDCWD, STDIN_FILENO, path, err);

    while (status == KD_OK && got > 0) {
        if (!kd_buf_reserve(out, MODEL_READ_BYTES)) {
            status = kd_fail_memory(err);
            break;
        }
        status = kd_input_read(in, out->ptr + out->len, MODEL_READ_BYTES, &got, err);
        out->len += got;
    }
    kd_input_close(in);
    return status;
}

kd_status kd_train_in_child(kd_buf *out, kd_engine *engine, kd_progress progress, void *self, const atomic_bool *cancel, kd_err *err)
{
    const kd_settings *settings = kd_engine_settings(engine);
    kd_parts          *parts = kd_engine_parts(engine);
    char               bytes_max[24], threads[24], now[24], parent[24];
    char              *output = NULL, *persons = NULL;
    uint64_t           allowed = 0, left_out = 0;
    pid_t              pid = 0;
    int                from = -1, exit_status = 0;
    kd_status          status;

    if (asprintf(&output, "%s.training", settings->db) < 0)
        return kd_fail_memory(err);
    if (asprintf(&persons, "%s.training.persons", settings->db) < 0) {
        free(output);
        return kd_fail_memory(err);
    }
    unlink(persons);
    unlink(output); /* left by a crash: one process owns a database, and trains once at a time */
    snprintf(bytes_max, sizeof bytes_max, "%lld", (long long)settings->train_bytes_max);
    snprintf(threads, sizeof threads, "%lld", (long long)settings->train_threads);
    snprintf(now, sizeof now, "%lld", (long long)kd_now(parts->clock));
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    char  trust[] = { settings->trust_browser_orders ? '1' : '0', '\0' };
    char  program[] = "kunde", command[] = "train", flag[] = "--child";
    char *argv[] = { program, command, flag, settings->db, output, bytes_max, threads, now, parent, trust, persons, NULL };
    status = kd_train_persons_write(persons, parts, &allowed, &left_out, cancel, err);
    if (status == KD_OK)
        kd_log(KD_LOG_INFO, "train", "persons", "allowed=%llu left_out=%llu", (unsigned long long)allowed, (unsigned long long)left_out);
    if (status == KD_OK)
        status = spawn_child(&pid, &from, argv, err);
    if (status == KD_OK) {
        status = listen_to_child(from, cancel, &parts->stopping, progress, self, err);
        if (status != KD_OK)
            kill(pid, SIGKILL);
        close(from);
        while (waitpid(pid, &exit_status, 0) < 0 && errno == EINTR)
            ;
    }
    if (status == KD_OK)
        status = read_file(out, output, err);
    unlink(output);
    unlink(persons);
    free(persons);
    free(output);
    return status;
}

/* ---- the command ---- */

typedef struct train_options { bool json; } train_options;

static error_t parse_train(int key, char *arg, struct argp_state *state)
{
    train_options *options = state->input;
    (void)arg;
    switch (key) {
    case 'j': options->json = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option train_flags[] = { { "json", 'j', NULL, 0, "the model's report as JSON", 0 }, { 0 } };
static const struct argp        train_argp = { train_flags, parse_train, NULL, "Trains the recommendation models from the log in a process of its own, and swaps the new ones in.", NULL, NULL, NULL };

static void show_step(void *self, const char *step, uint64_t done, uint64_t total) { kd_bar_show(self, step, done, total, "rows"); }

static int run_train(kd_run *run)
{
    const train_options *options = run->options;
    kd_parts            *parts = kd_engine_parts(run->engine);
    kd_bar               bar;
    kd_err               err = { 0 };

    kd_bar_start(&bar, &run->io);
    const int64_t   from = kd_monotonic_us();
    const kd_status status = kd_engine_train(run->engine, show_step, &bar, run->io.cancel, &err);
    kd_bar_end(&bar);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    const kd_model *model = kd_recommender_model(parts->recommender);
    if (model == NULL) { /* published, and yet it does not load: the log says why */
        kd_fail(&err, KD_IO, "the new model was trained, but could not be taken into use");
        return kd_report(&run->io, &err);
    }
    const kd_str report = kd_model_report(model);
    if (options->json)
        kd_print(&run->io, "%.*s\n", (int)report.len, report.ptr);
    else
        kd_print(&run->io, "trained in %.1f s: model %llu, %u products\n  `kunde train --json` gives the report; GET /v1/admin/state keeps it\n",
                 (double)(kd_monotonic_us() - from) / 1e6, (unsigned long long)kd_model_version(model), kd_model_item_count(model));
    kd_model_release(model);
    return KD_EXIT_DONE;
}

const kd_command kd_command_train = { "train", "train the recommendation models and swap them in", KD_NEED_ENGINE, &train_argp, sizeof(train_options), run_train };
