/* tests/app/suite.h -- the parts of test_app: one list of tests a file, run by main.c. */
#ifndef KD_TEST_APP_SUITE_H
#define KD_TEST_APP_SUITE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "app/command.h"

extern const struct CMUnitTest settings_tests[], engine_tests[], control_tests[];
extern const size_t settings_test_count, engine_test_count, control_test_count;

/* A folder with an engine in it, as `kunde serve` would open it. */
typedef struct house {
    char           folder[64], db[96];
    kd_settings    settings;
    kd_engine     *engine;
    kd_engine_news news;
} house;
void      house_new(house *h);                      /* the folder and the settings */
kd_status house_open(house *h, bool create, kd_err *err);
void      house_close(house *h);                    /* the engine */
void      house_end(house *h);                      /* and the folder */
/* `count` views and orders of some forty persons and thirty products, the first with number `from`. */
void      house_fill(house *h, int from, int count);
uint64_t  house_model(house *h);                    /* version of the model that serves; 0: none */

/* What the training child does instead of training, by KD_TEST_CHILD: tests/app/main.c. */
void child_does(const char *what); /* NULL: it trains */
#endif
