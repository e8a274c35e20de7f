#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

void temp_folder(char out[64])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, 64, "%s/kd-store-XXXXXX", base && base[0] && strlen(base) < 32 ? base : "/tmp");
    assert_non_null(mkdtemp(out));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void join(char out[256], const char *folder, const char *name)
{
    assert_true(snprintf(out, 256, "%s/%s", folder, name) < 256);
}

bool copy_file(const char *from, const char *to)
{
    char   buf[65536];
    size_t n = 0;
    FILE  *in = fopen(from, "rb"), *out = in ? fopen(to, "wb") : NULL;
    bool   ok = out != NULL;
    while (ok && (n = fread(buf, 1, sizeof buf, in)) > 0)
        ok = fwrite(buf, 1, n, out) == n;
    if (in)
        fclose(in);
    if (out)
        ok = fclose(out) == 0 && ok;
    return ok;
}

kd_status try_open(kd_store **out, const char *path, bool create, kd_err *err)
{
    return kd_store_open(out, &(kd_store_options){ .path = path, .create = create, .cache_bytes = 1 << 20 }, err);
}

kd_store *store_open(const char *path, uint16_t groups)
{
    kd_err           err = { 0 };
    kd_store        *store = NULL;
    kd_store_options options = { .path = path, .groups = groups, .create = true, .cache_bytes = 1 << 20 };
    OK(kd_store_open(&store, &options, &err));
    return store;
}

kd_id numbered_id(uint64_t n, int64_t time_ms)
{
    kd_rng rng;
    kd_rng_seed(&rng, n * 2654435761u + 12345);
    return kd_id_new(&rng, time_ms);
}

bool same_str(kd_str a, kd_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static kd_id event_id(uint64_t person, uint64_t n)
{
    return numbered_id(person * 1000003 + n, T0 + (int64_t)n);
}

kd_status append_run(kd_store *store, uint64_t person, uint64_t first, size_t count, kd_err *err)
{
    kd_id      who = numbered_id(person, T0);
    kd_event  *events = calloc(count, sizeof *events);
    uint32_t  *slots = calloc(count, sizeof *slots);
    kd_append *results = calloc(count, sizeof *results);
    int64_t    head = 0; /* these tests do not look at the chain */
    kd_txn    *txn = NULL;
    for (size_t i = 0; i < count; i++)
        events[i] = (kd_event){ .id = event_id(person, first + i), .person = who, .time_ms = T0, .received_ms = T0, .kind = 1,
                                .facts = KD_STR("facts"), .body = KD_STR("{\"event\":\"Product Viewed\"}") };
    kd_status status = kd_txn_begin(&txn, store, kd_store_group_of(store, who), err);
    if (status == KD_OK) {
        status = kd_txn_append(txn, events, count, &head, slots, results, err);
        if (status == KD_OK)
            status = kd_txn_commit(txn, err);
        else
            kd_txn_rollback(txn);
    }
    free(events);
    free(slots);
    free(results);
    return status;
}

size_t count_events(kd_store *store, uint64_t person)
{
    kd_err     err = { 0 };
    kd_id      who = numbered_id(person, T0);
    uint16_t   group = kd_store_group_of(store, who);
    kd_reader *reader = NULL;
    kd_arena  *arena = kd_arena_new(64 << 20);
    kd_event  *events = NULL, found;
    size_t     count = 0, total = 0, seen = 0;
    int64_t    after = 0;
    OK(kd_reader_open(&reader, store, &err));
    do {
        OK(kd_reader_log(&events, &count, reader, group, after, 500, true, arena, &err));
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(events[i].offset, after + 1 + (int64_t)i);
            total += kd_id_eq(events[i].person, who);
        }
        after += (int64_t)count;
        kd_arena_reset(arena);
    } while (count > 0);
    while (kd_reader_event(&found, reader, who, event_id(person, seen), arena, &err) == KD_OK) {
        seen++;
        kd_arena_reset(arena);
    }
    assert_int_equal(seen, total); /* ids are handed out from 0 upwards, so nothing is there twice or missing between */
    kd_arena_free(arena);
    kd_reader_close(reader);
    return total;
}
