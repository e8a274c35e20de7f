/* tests/store/fault.h -- a store that fails on purpose, around one that works.
 *
 * kd_fault_wrap gives a kd_store like any other: hand it to whatever shall be tested. Calls are counted by class; a plan
 * says which of them go wrong and how. Until a plan is set everything passes through.
 * Threads: like the store inside; plans are set while nobody calls. */
#ifndef KD_TEST_STORE_FAULT_H
#define KD_TEST_STORE_FAULT_H
#include "store/store.h"

enum { /* classes of calls, to be joined by | */
    KD_FAULT_BEGIN = 1,   /* kd_txn_begin */
    KD_FAULT_WRITE = 2,   /* kd_txn_* between begin and commit */
    KD_FAULT_COMMIT = 4,  /* kd_txn_commit */
    KD_FAULT_GLOBAL = 8,  /* kd_store_*_put, kd_store_keys_link, kd_store_blob_*: transactions of their own */
    KD_FAULT_READ = 16,   /* kd_reader_*, but for open and close */
    KD_FAULT_READER = 32, /* kd_reader_open */
    KD_FAULT_ANY = 63
};

typedef enum kd_fault_kind {
    KD_FAULT_FAIL = 1,     /* the call does nothing and returns `status`; a commit rolls back first */
    KD_FAULT_UNKNOWN_DONE, /* COMMIT, GLOBAL: it happens, and KD_UNKNOWN is the answer */
    KD_FAULT_UNKNOWN_LOST, /* COMMIT, GLOBAL: it does not happen, and KD_UNKNOWN is the answer */
    KD_FAULT_TWICE,        /* WRITE, GLOBAL: the call is delivered twice, as by a log that delivers at least once */
    KD_FAULT_STALL         /* the call takes `stall_us` longer */
} kd_fault_kind;

typedef struct kd_fault {
    unsigned      calls;    /* which classes it counts and hits */
    kd_fault_kind kind;
    kd_status     status;   /* FAIL: KD_RETRY, KD_IO, ... */
    uint64_t      nth;      /* the first call to be hit, from 1, counted since kd_fault_set */
    uint64_t      every;    /* then again after every so many calls; 0: once */
    unsigned      stall_us;
} kd_fault;

/* NULL when out of memory. Closing it closes `inner` too. */
kd_store *kd_fault_wrap(kd_store *inner);
/* Replace the plan by `count` faults (at most 16) and begin counting anew; the first one that fits a call is used. */
void      kd_fault_set(kd_store *store, const kd_fault *faults, size_t count);
uint64_t  kd_fault_hits(kd_store *store); /* since kd_fault_set */
#endif
