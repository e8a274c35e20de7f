/* base/status.h -- how a function says that it failed.
 *
 * The function that knows most writes the message; callers pass it up unchanged. `assert` is for our own mistakes, never
 * for input. */
#ifndef KD_BASE_STATUS_H
#define KD_BASE_STATUS_H
#include <stddef.h>

typedef enum kd_status {
    KD_OK = 0,
    KD_INVALID,      /* the input is wrong and its sender can fix it       HTTP 400 */
    KD_UNAUTHORIZED, /* no key, or a wrong one                                  401 */
    KD_DENIED,       /* no consent, or no permission                            403 */
    KD_NOT_FOUND,    /*                                                         404 */
    KD_CONFLICT,     /* the name is taken, or someone was faster                409 */
    KD_LIMIT,        /* a stated limit was reached                              413 */
    KD_BUSY,         /* full for the moment: say when to come back              429 */
    KD_RETRY,        /* the store asks to run the transaction again        internal */
    KD_UNKNOWN,      /* the commit's fate is not known; replay decides     internal */
    KD_NUMERIC,      /* not positive definite, did not converge                 422 */
    KD_IO,           /* disk, socket, SQLite                                    503 */
    KD_CORRUPT       /* our own stored bytes fail their check                   500 */
} kd_status;

typedef struct kd_err {
    kd_status status;
    size_t    pos;        /* offset into the input, when a parser speaks; else 0 */
    char      field[48];  /* the field at fault as a JSON pointer or a column name; "" when none */
    char      msg[240];   /* one sentence for the operator; no personal data */
} kd_err;

/* Write the message, and return `status`, so that a failure is one line: return kd_fail(err, KD_IO, "...").
 * `err` may be NULL. The two variants also name the place. */
kd_status kd_fail(kd_err *err, kd_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
kd_status kd_fail_at(kd_err *err, kd_status status, size_t pos, const char *format, ...) __attribute__((format(printf, 4, 5)));
kd_status kd_fail_field(kd_err *err, kd_status status, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "out of memory, or over the cap of its arena": KD_LIMIT. */
kd_status kd_fail_memory(kd_err *err);

/* KD_OK -> "ok", KD_INVALID -> "invalid", ...; never NULL. */
const char *kd_status_name(kd_status status);
#endif
