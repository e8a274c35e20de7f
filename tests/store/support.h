/* tests/store/support.h -- what the tests of the store share. */
#ifndef KD_TEST_STORE_SUPPORT_H
#define KD_TEST_STORE_SUPPORT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/clock.h"
#include "store/store.h"

#define T0 INT64_C(1767225600000) /* 2026-01-01 */

/* The call gave this status; its words are shown when not. `err` is the kd_err in scope. */
#define GIVES(want, call)                                                                             \
    do {                                                                                              \
        kd_status gives_ = (call);                                                                    \
        if (gives_ != (want))                                                                         \
            fail_msg("%s gives %s, not %s: %s", #call, kd_status_name(gives_), kd_status_name(want), err.msg); \
    } while (0)
#define OK(call) GIVES(KD_OK, call)
#define SAYS(text)                                                   \
    do {                                                             \
        if (!strstr(err.msg, (text)))                                \
            fail_msg("\"%s\" does not say \"%s\"", err.msg, (text)); \
    } while (0)

/* A folder of its own under the system's place for temporary files; removed with all that is in it. */
void temp_folder(char out[64]);
void remove_folder(const char *path);
void join(char out[256], const char *folder, const char *name);
bool copy_file(const char *from, const char *to);

kd_store  *store_open(const char *path, uint16_t groups); /* made when it is not there */
kd_status  try_open(kd_store **out, const char *path, bool create, kd_err *err);
kd_id      numbered_id(uint64_t n, int64_t time_ms); /* the same for the same arguments */
bool       same_str(kd_str a, kd_str b);
/* Append `count` events of one person (number `person` of the store's), ids from `first`; in one transaction. */
kd_status  append_run(kd_store *store, uint64_t person, uint64_t first, size_t count, kd_err *err);
size_t     count_events(kd_store *store, uint64_t person); /* those of append_run that are there, each exactly once */

int run_open_tests(void);
int run_durable_tests(void);
int run_crash_tests(void);
int run_care_tests(void);
int run_erase_tests(void);
int run_conformance_tests(void);
#endif
