#include "support.h"

#include <signal.h>

#include "conformance.h"
#include "fault.h"

static kd_status open_plain(kd_store **out, const char *path, uint16_t groups, kd_err *err)
{
    kd_store_options options = { .path = path, .groups = groups, .create = true, .cache_bytes = 1 << 20 };
    return kd_store_open(out, &options, err);
}

/* A little of everything, at rates without a common factor, so that the faults meet in all combinations. */
static kd_status open_rough(kd_store **out, const char *path, uint16_t groups, kd_err *err)
{
    static const kd_fault plan[] = {
        { KD_FAULT_COMMIT, KD_FAULT_FAIL, KD_RETRY, 3, 11, 0 },    { KD_FAULT_COMMIT, KD_FAULT_UNKNOWN_DONE, 0, 5, 13, 0 },
        { KD_FAULT_COMMIT, KD_FAULT_UNKNOWN_LOST, 0, 7, 17, 0 },   { KD_FAULT_COMMIT, KD_FAULT_STALL, 0, 2, 29, 300 },
        { KD_FAULT_WRITE, KD_FAULT_FAIL, KD_IO, 4, 19, 0 },        { KD_FAULT_BEGIN, KD_FAULT_FAIL, KD_RETRY, 6, 23, 0 },
        { KD_FAULT_GLOBAL, KD_FAULT_UNKNOWN_DONE, 0, 2, 7, 0 },    { KD_FAULT_GLOBAL, KD_FAULT_UNKNOWN_LOST, 0, 3, 5, 0 },
        { KD_FAULT_GLOBAL, KD_FAULT_FAIL, KD_IO, 4, 9, 0 },        { KD_FAULT_WRITE | KD_FAULT_GLOBAL, KD_FAULT_TWICE, 0, 1, 3, 0 },
        { KD_FAULT_READ, KD_FAULT_FAIL, KD_IO, 9, 31, 0 },         { KD_FAULT_READER, KD_FAULT_FAIL, KD_IO, 1, 2, 0 },
    };
    kd_store *inner = NULL;
    kd_status status = open_plain(&inner, path, groups, err);
    if (status != KD_OK)
        return status;
    *out = kd_fault_wrap(inner);
    if (!*out) {
        kd_store_close(inner);
        return kd_fail_memory(err);
    }
    kd_fault_set(*out, plan, sizeof plan / sizeof *plan);
    return KD_OK;
}

int run_conformance_tests(void)
{
    static const kd_conformance adapters[] = {
        { "sqlite_1", 1, false, open_plain }, { "sqlite_16", 16, false, open_plain }, { "sqlite_1024", 1024, false, open_plain },
        { "rough_1", 1, true, open_rough },   { "rough_16", 16, true, open_rough },
    };
    int failures = 0;
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        failures += kd_conformance_run(&adapters[i]);
    return failures;
}

int main(void)
{
    int failures = 0;
    signal(SIGPIPE, SIG_IGN);
    failures += run_conformance_tests();
    failures += run_open_tests();
    failures += run_durable_tests();
    failures += run_crash_tests();
    failures += run_care_tests();
    failures += run_erase_tests();
    return failures != 0;
}
