/* kunde: a table of contents. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "app/command.h"
#include "base/log.h"

static const kd_command *const commands[] = {
    &kd_command_serve, &kd_command_demo, &kd_command_import, &kd_command_train, &kd_command_recommend, &kd_command_decide,
    &kd_command_doctor, &kd_command_backup, &kd_command_config,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

const kd_command *kd_command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_help(FILE *to)
{
    fprintf(to, "kunde %s, the retail personalization engine\n\nusage: kunde COMMAND [--db FILE] [options]\n\n", KD_VERSION);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(to, "\n`kunde COMMAND --help` tells more; `kunde config` lists the settings, each of which is also a flag.\n");
}

static kd_status log_level(const char *name, kd_err *err)
{
    static const char *const names[] = { "debug", "info", "warn", "error", "off" };
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], name) == 0) {
            kd_log_set_level((kd_log_level)i);
            return KD_OK;
        }
    return kd_fail_field(err, KD_INVALID, "log_level", "log_level must be debug, info, warn, error or off");
}

static int run_with_engine(kd_run *run, const kd_command *command)
{
    kd_engine_news news;
    kd_err         err = { 0 };
    kd_status      status = kd_engine_open(&run->engine, run->settings, false, &news, &err);

    if (status == KD_NOT_FOUND)
        kd_fail(&err, KD_NOT_FOUND, "there is no database at %s; `kunde serve` or `kunde demo` makes one", run->settings->db);
    if (status != KD_OK)
        return kd_report(&run->io, &err);
    int exit_code = command->run(run);
    if (kd_engine_close(run->engine, &err) != KD_OK)
        exit_code = kd_report(&run->io, &err);
    return exit_code;
}

static int run_command(const kd_command *command, kd_run *run, int full_argc, char **full_argv)
{
    int exit_code;

    if (command->need == KD_NEED_ENGINE && kd_control_call(&exit_code, run->settings->db, full_argc, full_argv))
        return exit_code;
    if (command->need == KD_NEED_ENGINE)
        return run_with_engine(run, command);
    return command->run(run);
}

int main(int argc, char **argv)
{
    kd_settings settings = { 0 };
    kd_err      err = { 0 };
    const kd_io io = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, AT_FDCWD, false, NULL };
    int         rest = 0;

    signal(SIGPIPE, SIG_IGN);
    argp_err_exit_status = KD_EXIT_USAGE;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? KD_EXIT_USAGE : KD_EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("kunde %s\n", KD_VERSION);
        return KD_EXIT_DONE;
    }
    if (argc > 2 && strcmp(argv[1], "train") == 0 && strcmp(argv[2], "--child") == 0)
        return kd_train_child(argc - 3, argv + 3);

    const kd_command *command = kd_command_find(argv[1]);
    if (command == NULL) {
        fprintf(stderr, "kunde: there is no command \"%s\"\n  `kunde --help` lists them\n", argv[1]);
        return KD_EXIT_USAGE;
    }
    if (kd_settings_load(&settings, argc - 1, argv + 1, &rest, &err) != KD_OK || log_level(settings.log_level, &err) != KD_OK) {
        kd_report(&io, &err);
        return KD_EXIT_USAGE;
    }
    argv[1 + rest] = NULL;
    argv[1] = argv[0]; /* argp's messages name the program */
    char *name = NULL;
    if (asprintf(&name, "kunde %s", command->name) > 0)
        argv[1] = name;
    kd_run run = { NULL, &settings, io, calloc(1, command->options_bytes + 1), argv[0] };
    int    exit_code = KD_EXIT_ENVIRONMENT;
    if (run.options != NULL && argp_parse(command->argp, rest, argv + 1, 0, NULL, run.options) == 0) {
        argv[1] = (char *)(uintptr_t)command->name;
        exit_code = run_command(command, &run, rest, argv + 1);
    }
    free(run.options);
    free(name);
    kd_settings_free(&settings);
    return exit_code;
}

/* --- printing --- */

static void write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        const ssize_t wrote = write(fd, text, len);
        if (wrote <= 0)
            return; /* the reader went away: nobody is left to tell */
        text += wrote;
        len -= (size_t)wrote;
    }
}

static void print_to(int fd, const char *format, va_list args)
{
    char *text = NULL;
    const int len = vasprintf(&text, format, args);
    if (len > 0)
        write_all(fd, text, (size_t)len);
    free(text);
}

void kd_print(const kd_io *io, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_to(io->out, format, args);
    va_end(args);
}

void kd_print_str(const kd_io *io, kd_str text) { write_all(io->out, text.ptr, text.len); }

void kd_complain(const kd_io *io, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_to(io->err, format, args);
    va_end(args);
}

int kd_report(const kd_io *io, const kd_err *err)
{
    kd_complain(io, "kunde: %s%s%s%s\n", err->msg, err->field[0] ? " (" : "", err->field, err->field[0] ? ")" : "");
    switch (err->status) {
    case KD_INVALID: return KD_EXIT_USAGE;
    case KD_NOT_FOUND: return KD_EXIT_NOT_SO;
    case KD_LIMIT: return KD_EXIT_NOT_SO;
    default: return KD_EXIT_ENVIRONMENT;
    }
}

void kd_bar_start(kd_bar *bar, const kd_io *io) { *bar = (kd_bar){ .io = io, .tty = isatty(io->err), .started_us = kd_monotonic_us() }; }

void kd_bar_show(kd_bar *bar, const char *what, uint64_t done, uint64_t total, const char *unit)
{
    const int64_t now = kd_monotonic_us();
    const double  seconds = (double)(now - bar->started_us) / 1e6;
    const double  rate = seconds > 0 ? (double)done / seconds : 0;

    if (now - bar->drawn_us < (bar->tty ? 200000 : 10000000))
        return;
    if (!bar->tty && bar->drawn_us == 0) { /* short work needs no line */
        bar->drawn_us = now;
        return;
    }
    bar->drawn_us = now;
    if (total != 0 && done <= total) {
        const int filled = (int)(30 * done / total);
        kd_complain(bar->io, "%s%-10s [%.*s%*s] %3d %%  %.0f %s/s  %.0f s left%s", bar->tty ? "\r" : "", what, filled, "##############################",
                    30 - filled, "", (int)(100 * done / total), rate, unit, rate > 0 ? (double)(total - done) / rate : 0.0, bar->tty ? "  " : "\n");
    } else
        kd_complain(bar->io, "%s%-10s %llu %s  %.0f %s/s%s", bar->tty ? "\r" : "", what, (unsigned long long)done, unit, rate, unit, bar->tty ? "  " : "\n");
    bar->drawn = true;
}

void kd_bar_end(kd_bar *bar)
{
    if (bar->tty && bar->drawn)
        kd_complain(bar->io, "\r\x1b[K");
}
