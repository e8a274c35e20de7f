/* tests/event/import_house.h -- a whole house to import into: store, vault, profiles, writer, catalogue. */
#ifndef KD_TEST_EVENT_IMPORT_HOUSE_H
#define KD_TEST_EVENT_IMPORT_HOUSE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "event/import.h"

typedef struct house {
    char         folder[64];
    int64_t      now_ms;     /* the house's clock */
    kd_store    *store;
    kd_reader   *reader;
    kd_vault    *vault;
    kd_people   *people;
    kd_identity *identity;
    kd_ingest   *ingest;
    kd_catalog  *catalog;
    kd_importer  importer;
} house;

/* A new folder, or a house in a folder that is there. The master key is the same in every house, so that states compare. */
void house_new(house *h);
void house_open(house *h, kd_observer observer, void *self);
void house_close(house *h);
void house_remove(house *h);  /* close, and remove the folder */

kd_import_options options_of(kd_import_what what);
/* Import what `in` gives; the input is closed. */
kd_status import_input(house *h, kd_import_counts *counts, kd_input *in, const char *name, const kd_import_options *options,
                       kd_err *err);
kd_status import_text(house *h, kd_import_counts *counts, const char *text, const char *name, const kd_import_options *options,
                      kd_err *err);
kd_status import_bytes(house *h, kd_import_counts *counts, const void *bytes, size_t len, const char *name,
                       const kd_import_options *options, kd_err *err);
kd_status import_path(house *h, kd_import_counts *counts, const char *path, const kd_import_options *options, kd_err *err);

/* Everything the house knows, whatever the order in which it learnt it: events with facts and bodies, whose they are by the
 * hash of their key, and the profiles' bytes. */
typedef struct state { uint64_t events, lines, persons, digest, profiles_digest; } state;
state state_of(house *h);
typedef void (*each_event)(void *self, const kd_fact *fact, kd_key_type owner);
void for_each_event(house *h, each_event call, void *self);
size_t quarantine_count(house *h);
/* The clear body of the only event of this order and kind. */
kd_str body_of(house *h, const char *order_id, kd_kind kind, kd_arena *arena);

#define assert_ok(status, err) \
    do { kd_status s_ = (status); if (s_ != KD_OK) fail_msg("%s: %s", kd_status_name(s_), (err).msg); } while (0)
int run_import_tests(void);
int run_import_file_tests(void);
#endif
