/* tests/customer/support.h -- facts at random, and what several of these tests need. */
#ifndef KD_TEST_CUSTOMER_SUPPORT_H
#define KD_TEST_CUSTOMER_SUPPORT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "customer/opinion.h"
#include "customer/people.h"

#define T0 INT64_C(1767225600000) /* 2026-01-01 */
#define HOUR_MS INT64_C(3600000)

/* Under the thread sanitizer, which is there for what threads share, long proofs of one thread are short: the other run has them whole. */
#ifdef __SANITIZE_THREAD__
#define LONG_PROOF(whole, brief) (brief)
#else
#define LONG_PROOF(whole, brief) (whole)
#endif

/* A fact of any kind, valid, owned by `arena`. Small ranges (times, products, names) on purpose, so that keys meet and ties
 * occur; now and then a large or extreme value. */
kd_fact random_fact(kd_rng *rng, kd_arena *arena);
/* A fact with one line. */
kd_fact line_fact(kd_arena *arena, kd_kind kind, int64_t time_ms, const char *product, const char *variant, int32_t quantity,
                  int64_t price_micro);
kd_profile_caps random_caps(kd_rng *rng);
kd_id  counted_id(uint64_t n, int64_t time_ms); /* UUIDv7-shaped */
kd_str text(kd_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The encoding, owned by `arena`. */
kd_str encoded(const kd_profile *profile, kd_arena *arena);
bool   str_same(kd_str a, kd_str b);

kd_str stored(const char *name, kd_arena *arena); /* the file tests/golden/<name> */
/* The same; written first when KD_GOLDEN_WRITE is set. */
kd_str golden(const char *name, kd_str now, kd_arena *arena);

/* A folder of its own, removed by remove_folder. */
void temp_folder(char out[64]);
void remove_folder(const char *path);
/* A store, a reader and a vault in `folder`. */
typedef struct house { kd_store *store; kd_reader *reader; kd_vault *vault; } house;
void house_open(house *h, const char *folder, uint16_t groups);
void house_close(house *h);

/* Failure on purpose (the test program is linked with --wrap): the nth allocation from now fails, and all after it; 0: none. */
void fail_allocation(unsigned nth);
/* The next `count` commits and links of keys return `status`; `happen` says whether they are done all the same. */
void fail_commits(unsigned count, kd_status status, bool happen);
/* Called once, just before the next commit or link of keys: what another thread does meanwhile. */
void before_commit(void (*hook)(void *self), void *self);

int run_fact_tests(void);
int run_profile_tests(void);
int run_opinion_tests(void);
int run_seal_tests(void);
int run_stated_tests(void);
int run_graph_tests(void);
int run_graph_simulated_tests(void);
int run_identity_tests(void);
int run_people_tests(void);
int run_consent_tests(void);
#endif
