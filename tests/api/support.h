/* tests/api/support.h -- what several of these tests need. */
#ifndef KD_TEST_API_SUPPORT_H
#define KD_TEST_API_SUPPORT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "api/http.h"
#include "api/request.h"

/* A request without a connection, in an arena of its own. */
kd_request *request_new(const char *target);
void        request_free(kd_request *request);
void        request_add_header(kd_request *request, const char *name, const char *value);

/* A store, a reader and a vault in a folder of its own, which house_close removes. */
typedef struct house { char folder[200], path[256], key_path[256]; kd_store *store; kd_reader *reader; kd_vault *vault; } house;
void house_open(house *h);
void house_reopen(house *h);
void house_close(house *h);

void assert_str(kd_str got, const char *want);

int run_guard_tests(void);
int run_keys_tests(void);
int run_openapi_tests(void);
int run_request_tests(void);
int run_server_tests(void);
int run_users_tests(void);
#endif
