/* app/command.h -- what a command of `kunde` is, and what it may use.
 *
 * Arguments are parsed by argp in the process of the person who typed them, so that --help and mistakes end there. A
 * command that needs the engine then runs in that process, on a free database, or inside the server that owns it, with
 * the caller's own standard streams and working directory (app/control.c). So a command prints through kd_io only, opens
 * files relative to io->cwd, and looks at kd_cancelled while it works. */
#ifndef KD_APP_COMMAND_H
#define KD_APP_COMMAND_H
#include <argp.h>
#include <stdatomic.h>
#include <stdio.h>
#include "app/engine.h"

enum { KD_EXIT_DONE = 0, KD_EXIT_NOT_SO = 1, KD_EXIT_USAGE = 2, KD_EXIT_ENVIRONMENT = 3 };

typedef struct kd_io {
    int                  in, out, err, cwd;
    bool                 in_server;   /* the streams are another process's */
    const atomic_bool   *cancel;      /* set by another thread; may be NULL */
} kd_io;

typedef struct kd_run {
    kd_engine *engine;   /* NULL where the command needs none */
    kd_settings *settings;
    kd_io      io;
    void      *options;  /* the command's own struct, filled by its argp */
    const char *self;    /* argv[0] */
} kd_run;

typedef enum kd_need { KD_NEED_NOTHING, KD_NEED_ENGINE, KD_NEED_STORE_ALONE /* makes the database; refuses an owned one */ } kd_need;
typedef struct kd_command {
    const char        *name, *summary;
    kd_need            need;
    const struct argp *argp;
    size_t             options_bytes;
    int (*run)(kd_run *run);
} kd_command;

extern const kd_command kd_command_serve, kd_command_demo, kd_command_import, kd_command_train, kd_command_recommend, kd_command_decide,
    kd_command_doctor, kd_command_backup, kd_command_audit, kd_command_config, kd_command_rotate, kd_command_export, kd_command_erase;
const kd_command *kd_command_find(const char *name);
void kd_commands_help(FILE *to);

void kd_print(const kd_io *io, const char *format, ...) __attribute__((format(printf, 2, 3)));       /* to io->out */
void kd_print_str(const kd_io *io, kd_str text);
/* At most `columns` characters of foreign text, for eyes: nothing in it can steer a terminal. Gives the columns taken. */
int  kd_print_plain(const kd_io *io, kd_str text, int columns);
void kd_complain(const kd_io *io, const char *format, ...) __attribute__((format(printf, 2, 3)));    /* to io->err */
/* "kunde: <what>\n  <remedy>\n" from an error; gives the exit code for its status. */
int  kd_report(const kd_io *io, const kd_err *err);
static inline bool kd_cancelled(const kd_io *io) { return io->cancel != NULL && atomic_load_explicit(io->cancel, memory_order_relaxed); }

/* A line that rewrites itself on a terminal, with rate and time left; plain lines every ten seconds otherwise. */
typedef struct kd_bar { const kd_io *io; bool tty, drawn; int64_t started_us, drawn_us; } kd_bar;
void kd_bar_start(kd_bar *bar, const kd_io *io);
void kd_bar_show(kd_bar *bar, const char *what, uint64_t done, uint64_t total, const char *unit);
void kd_bar_end(kd_bar *bar);

/* --- app/control.c: one process owns a database --- */
typedef struct kd_control kd_control;
kd_status kd_control_start(kd_control **out, kd_engine *engine, kd_err *err);
void      kd_control_stop(kd_control *control); /* cancels and waits for what runs */
/* Run the command inside the server that owns `db`. False: no server there. */
bool      kd_control_call(int *exit_code, const char *db, int argc, char **argv);

#endif
