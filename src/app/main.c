/* kunde: a table of contents. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "app/command.h"
#include "app/train.h"
#include "base/log.h"

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

    if (status == KD_NOT_FOUND && access(run->settings->db, F_OK) != 0)
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
        kd_commands_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? KD_EXIT_USAGE : KD_EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("kunde %s\n", KD_VERSION);
        return KD_EXIT_DONE;
    }
    if (argc > 2 && strcmp(argv[1], "train") == 0 && strcmp(argv[2], "--child") == 0)
        return kd_train_child(argc - 3, argv + 3);

    if (argc > 2 && strcmp(argv[1], "config") == 0 && strcmp(argv[2], "rotate-key") == 0) { /* a command of two words */
        argv[2] = (char *)(uintptr_t)kd_command_rotate.name;
        argv[1] = argv[0];
        argc--, argv++;
    }
    const kd_command *command = kd_command_find(argv[1]);
    if (command == NULL) {
        fprintf(stderr, "kunde: there is no command \"%s\"\n  `kunde --help` lists them\n", argv[1]);
        return KD_EXIT_USAGE;
    }
    if (kd_settings_load(&settings, argc - 1, argv + 1, &rest, &err) != KD_OK || log_level(settings.log_level, &err) != KD_OK) {
        kd_report(&io, &err);
        kd_settings_free(&settings);
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
