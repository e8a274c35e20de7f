#include "app/train_persons.h"

#include <errno.h>
#include <stdio.h>

enum { ROWS = 256, SCAN_BYTES = 64 << 20 };

typedef struct sieve {
    kd_parts        *parts;
    const kd_policy *policy;
    kd_reader       *reader;
    kd_arena        *arena; /* of a chunk */
    FILE            *file;
    uint64_t         allowed, left_out;
} sieve;

/* What the person says itself; and an objection of any person of the same customer is one of them all. */
static bool may_learn_from(sieve *s, const kd_profile_row *row)
{
    kd_customer customer;
    bool        may;
    if (kd_customers_acquire(&customer, s->parts->customers, s->reader, row->person, NULL) != KD_OK)
        return false;
    may = (kd_allowed(s->policy, customer.profile, false) & KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE)) != 0;
    kd_customers_release(s->parts->customers, &customer);
    return may;
}

static kd_status sift_group(sieve *s, uint16_t group, const atomic_bool *cancel, kd_err *err)
{
    int64_t   cursor = 0;
    size_t    count = 1;
    kd_status status = KD_OK;
    while (status == KD_OK && count > 0) {
        kd_profile_row *rows;
        kd_arena_reset(s->arena);
        if (atomic_load(&s->parts->stopping) || (cancel && atomic_load(cancel)))
            return kd_fail(err, KD_BUSY, "the training run was ended before it was done");
        status = kd_reader_profile_scan(&rows, &count, s->reader, group, &cursor, ROWS, s->arena, err);
        for (size_t i = 0; i < count && status == KD_OK; i++) {
            bool may = may_learn_from(s, &rows[i]);
            *(may ? &s->allowed : &s->left_out) += 1;
            if (may && fwrite(rows[i].person.b, sizeof rows[i].person.b, 1, s->file) != 1)
                status = kd_fail(err, KD_IO, "cannot write the list of whom to learn from: %s", strerror(errno));
        }
    }
    return status;
}

kd_status kd_train_persons_write(const char *path, kd_parts *parts, uint64_t *allowed, uint64_t *left_out, const atomic_bool *cancel, kd_err *err)
{
    sieve     s = { .parts = parts, .policy = kd_parts_policy(parts), .arena = kd_arena_new(SCAN_BYTES), .file = fopen(path, "wxe") };
    kd_status status = !s.arena ? kd_fail_memory(err) : !s.file ? kd_fail(err, KD_IO, "cannot make the list of whom to learn from: %s", strerror(errno)) : KD_OK;
    if (status == KD_OK)
        status = kd_ingest_checkpoint(parts->ingest, err);
    if (status == KD_OK)
        status = kd_reader_open(&s.reader, parts->store, err);
    for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(parts->store); group++)
        status = sift_group(&s, group, cancel, err);
    if (s.file && fclose(s.file) != 0 && status == KD_OK)
        status = kd_fail(err, KD_IO, "cannot write the list of whom to learn from: %s", strerror(errno));
    if (s.reader)
        kd_reader_close(s.reader);
    kd_arena_free(s.arena);
    kd_policy_release(s.policy);
    *allowed = s.allowed;
    *left_out = s.left_out;
    return status;
}

kd_status kd_train_persons_read(kd_map **out, const char *path, kd_err *err)
{
    FILE     *file = fopen(path, "re");
    kd_map   *map = kd_map_new(1024);
    kd_id     id;
    kd_status status = !map ? kd_fail_memory(err) : !file ? kd_fail(err, KD_IO, "cannot read the list of whom to learn from: %s", strerror(errno)) : KD_OK;
    while (status == KD_OK && fread(id.b, sizeof id.b, 1, file) == 1)
        if (!kd_map_set(map, kd_hash64(id.b, sizeof id.b, 0), 1))
            status = kd_fail_memory(err);
    if (status == KD_OK && ferror(file))
        status = kd_fail(err, KD_IO, "cannot read the list of whom to learn from");
    if (file)
        fclose(file);
    if (status == KD_OK)
        *out = map;
    else
        kd_map_free(map);
    return status;
}
