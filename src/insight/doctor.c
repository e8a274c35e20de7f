#include "insight/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { CHECK_ARENA_BYTES = 256 << 20, PERSONS_CHECKED = 1000, SCAN_ROWS = 200, STEPS = 4 };

typedef struct checkup {
    const kd_doctor_case *c;
    kd_reader            *reader;
    void                (*say)(void *self, bool ok, const char *line);
    void                 *self;
    size_t                checked, differ;
} checkup;

static bool is_cancelled(const checkup *k)
{
    return k->c->cancel != NULL && atomic_load_explicit(k->c->cancel, memory_order_relaxed);
}

static void check_key_file(const checkup *k)
{
    struct stat about;
    char        line[512];
    if (k->c->key_file == NULL) {
        k->say(k->self, true, "the master key comes from the environment or the settings file");
    } else if (stat(k->c->key_file, &about) != 0) {
        snprintf(line, sizeof line, "the master key's file cannot be read: %s", strerror(errno));
        k->say(k->self, false, line);
    } else {
        k->say(k->self, (about.st_mode & 077) == 0, "the master key's file is for its owner only; back it up apart from the database");
    }
}

/* The profile in memory against the profile that the log alone gives. */
static kd_status check_person(bool *same, const checkup *k, kd_id id, kd_arena *arena, kd_err *err)
{
    const kd_profile_caps caps = kd_profile_caps_default();
    kd_profile            again = { 0 };
    kd_person            *person = NULL;
    kd_buf                lives, refolded;
    int64_t               head;
    kd_status             status = kd_people_acquire(&person, k->c->people, k->reader, id, err);
    if (status != KD_OK)
        return status;
    kd_buf_init(&lives, arena);
    kd_buf_init(&refolded, arena);
    kd_profile_encode(&lives, &person->profile);
    head = person->head; /* the log goes on meanwhile: compare as of this event */
    kd_people_release(k->c->people, person);
    status = kd_refold(&again, k->reader, k->c->vault, id, head, &caps, err);
    if (status == KD_OK) {
        kd_profile_encode(&refolded, &again);
        *same = kd_str_eq(kd_buf_str(&lives), kd_buf_str(&refolded));
    }
    kd_profile_free(&again);
    return status;
}

static kd_status check_group(checkup *k, uint16_t group, kd_arena *rows_arena, kd_arena *arena, kd_err *err)
{
    int64_t   cursor = 0;
    kd_status status = KD_OK;
    while (status == KD_OK && k->checked < PERSONS_CHECKED && !is_cancelled(k)) {
        kd_profile_row *rows = NULL;
        size_t          count = 0;
        kd_arena_reset(rows_arena);
        status = kd_reader_profile_scan(&rows, &count, k->reader, group, &cursor, SCAN_ROWS, rows_arena, err);
        if (status != KD_OK || count == 0)
            break;
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            bool same = true;
            kd_arena_reset(arena);
            status = check_person(&same, k, rows[i].person, arena, err);
            k->checked++;
            k->differ += !same;
        }
    }
    return status;
}

static kd_status check_profiles(checkup *k, kd_err *err)
{
    kd_arena *rows_arena = kd_arena_new(CHECK_ARENA_BYTES), *arena = kd_arena_new(CHECK_ARENA_BYTES);
    kd_status status = rows_arena == NULL || arena == NULL ? kd_fail_memory(err) : KD_OK;
    char      line[160];
    for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(k->c->store); group++)
        status = check_group(k, group, rows_arena, arena, err);
    kd_arena_free(rows_arena);
    kd_arena_free(arena);
    if (status == KD_OK) {
        snprintf(line, sizeof line, "%zu profiles equal a refold of their events, %zu differ", k->checked - k->differ, k->differ);
        k->say(k->self, k->differ == 0, line);
    }
    return status;
}

kd_status kd_doctor(const kd_doctor_case *c, void (*say)(void *self, bool ok, const char *line),
                    void (*step)(void *self, uint64_t done, uint64_t total), void *self, kd_err *err)
{
    checkup         k = { .c = c, .say = say, .self = self };
    const kd_model *model;
    uint64_t        done = 0;
    kd_status       status = kd_ingest_flush(c->ingest, err);
#define STEP() (step ? step(self, done++, STEPS) : (void)0)
    STEP();
    if (status == KD_OK)
        status = kd_reader_open(&k.reader, c->store, err);
    if (status == KD_OK)
        status = kd_store_check(k.reader, say, self, err);
    STEP();
    if (status == KD_OK)
        check_key_file(&k);
    STEP();
    if (status == KD_OK)
        status = check_profiles(&k, err);
    STEP();
    if (status == KD_OK) {
        model = kd_recommender_model(c->recommender);
        say(self, true, model ? "a recommendation model serves" : "no recommendation model yet: `kunde train` makes one; trending and popular answer meanwhile");
        kd_model_release(model);
        STEP();
    }
#undef STEP
    if (k.reader)
        kd_reader_close(k.reader);
    return status;
}
