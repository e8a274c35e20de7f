/* tests/trust/suite.h -- a store with its vault in a folder of its own, and the suites of this folder. */
#ifndef KD_TEST_TRUST_SUITE_H
#define KD_TEST_TRUST_SUITE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "customer/seal.h"

typedef struct trust_house {
    char       folder[64];
    kd_store  *store;
    kd_reader *reader;
    kd_vault  *vault;
    kd_arena  *arena;
} trust_house;
void trust_house_open(trust_house *h, uint16_t groups); /* in a new folder */
void trust_house_reopen(trust_house *h);                /* as after a restart */
void trust_house_close(trust_house *h);                 /* removes the folder */

int run_audit_tests(void);
int run_linter_tests(void);
int run_proof_tests(void);
#endif
