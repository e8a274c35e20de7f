/* tests/catalog/suite.h -- a shop in a folder of its own, and the readable state of a catalogue as text. */
#ifndef KD_TEST_CATALOG_SUITE_H
#define KD_TEST_CATALOG_SUITE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "catalog/catalog.h"

typedef struct shop {
    char        dir[64];
    kd_store   *store;
    kd_reader  *reader;
    kd_catalog *catalog;
    kd_arena   *arena;
    int64_t     now_ms;
} shop;

void shop_open(shop *s);
void shop_reopen(shop *s); /* the catalogue anew from the store */
void shop_close(shop *s);

/* One document as JSON text; KD_OK or what kd_catalog_put said about it. */
kd_status shop_put(shop *s, const char *kind, const char *json, kd_err *bad);
void      shop_must_put(shop *s, const char *kind, const char *json);
kd_status shop_merge(shop *s, const char *json);
kd_status shop_delete(shop *s, const char *kind, const char *id);
kd_status shop_stub(shop *s, kd_str id, kd_str name, bool claimed, kd_err *err);
void      shop_stock(shop *s, const char *sku, const char *place, int64_t units);
void      shop_price(shop *s, kd_level_what what, const char *sku, const char *amount, const char *currency);
const kd_product *shop_product(const kd_snapshot *snapshot, const char *id);

/* Everything a reader can see of the catalogue, in an order that does not depend on rows. */
kd_str shop_state(shop *s, kd_catalog *catalog);
bool   has_attr(const kd_snapshot *s, const kd_product_attr *attrs, size_t count, const char *name, const char *value);

int run_document_tests(void);
int run_catalog_tests(void);
int run_place_tests(void);
int run_law_tests(void);
int run_thread_tests(void);
int run_feed_tests(void);
int run_fault_tests(void);
int run_sensitive_tests(void);
#endif
