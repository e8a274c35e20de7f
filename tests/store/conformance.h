/* tests/store/conformance.h -- what every adapter of the store port must do, as tests.
 *
 * An adapter's test program gives a way to open its store at a path and calls kd_conformance_run. With `rough` set the
 * store is the fault-injecting one: the tests call as a correct caller does (again after KD_RETRY, KD_IO and KD_UNKNOWN),
 * and the same end state must come out. */
#ifndef KD_TEST_STORE_CONFORMANCE_H
#define KD_TEST_STORE_CONFORMANCE_H
#include "store/store.h"

typedef struct kd_conformance {
    const char *name;
    uint16_t    groups;
    bool        rough;
    /* Open the store at `path`, made when it is not there, with `groups` groups. */
    kd_status (*open)(kd_store **out, const char *path, uint16_t groups, kd_err *err);
} kd_conformance;

int kd_conformance_run(const kd_conformance *adapter); /* the number of failed tests */

/* What its two files share. */
typedef struct conform {
    const kd_conformance *adapter;
    char                  folder[64], path[256];
    kd_store             *store;
    kd_reader            *reader;
    kd_arena             *arena;
    kd_rng                rng;
} conform;

/* Calls again what may be called again. Fails the test after a hundred times. */
bool conform_again(kd_status status, unsigned *tries);
#define AGAIN(call)                                       \
    do {                                                  \
        unsigned  tries_ = 0;                             \
        kd_status again_;                                 \
        do                                                \
            again_ = (call);                              \
        while (conform_again(again_, &tries_));           \
        if (again_ != KD_OK)                              \
            fail_msg("%s gives %s: %s", #call, kd_status_name(again_), err.msg); \
    } while (0)

/* A transaction of `group`, run until it is done: `body` may be called more than once. */
typedef kd_status (*conform_body)(kd_txn *txn, void *arg, kd_err *err);
void  conform_txn(conform *c, uint16_t group, conform_body body, void *arg);
kd_id conform_person(conform *c, uint64_t n);                    /* person n; over all groups */
kd_id conform_person_of(conform *c, uint16_t group, uint64_t n); /* the nth one of this group */

void conform_persons(void **state); /* conformance_more.c: the tests by noun */
void conform_keys(void **state);
void conform_links(void **state);
void conform_evidence(void **state);
void conform_records(void **state);
void conform_docs(void **state);
void conform_levels(void **state);
void conform_meta(void **state);
void conform_blobs(void **state);
void conform_caps(void **state);
void conform_erase(void **state); /* conformance_erase.c */
void conform_arguments(void **state);
#endif
