#include "customer/rotate.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customer/vault.h"
#include "store/secret.h"

enum { SLICE = 200, SLICE_BYTES = 64 * 1024 * 1024, META_BYTES = 64 * 1024 };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static kd_str text_of(const uint8_t *bytes, size_t len) { return (kd_str){ (const char *)bytes, len }; }

static bool path_of(char out[KD_VAULT_PATH_MAX], const char *key_path, const char *ending)
{
    return snprintf(out, KD_VAULT_PATH_MAX, "%s%s", key_path, ending) < KD_VAULT_PATH_MAX;
}

/* ---- the new key ---------------------------------------------------------------------------------------------------------- */
/* In the file first, then in the database: what is noted there can always be read. */
static kd_status begin(kd_vault *vault, kd_store *store, const char *next_path, kd_err *err)
{
    uint8_t   next[KD_MASTER_BYTES], check[KD_VAULT_CHECK_BYTES];
    kd_buf    root;
    kd_status status = kd_vault_read_file(next, next_path, err); /* of a try that ended before it was noted */
    if (status == KD_NOT_FOUND)
        status = kd_vault_make_file(next, next_path, err);
    kd_buf_init(&root, NULL);
    if (status == KD_OK) {
        kd_vault_seal_root(&root, vault->root, next);
        status = kd_buf_status(&root, err);
    }
    if (status == KD_OK)
        status = kd_store_meta_put(store, KD_VAULT_ROOT_NEXT, kd_buf_str(&root), err);
    if (status == KD_OK) {
        kd_vault_derive_from(check, next, "check");
        status = kd_store_meta_put(store, KD_VAULT_NEXT, text_of(check, sizeof check), err);
    }
    if (status == KD_OK)
        status = kd_vault_add_master(vault, next, err);
    kd_buf_free(&root);
    sodium_memzero(next, sizeof next);
    return status;
}

/* ---- all data keys ------------------------------------------------------------------------------------------------------------ */
static kd_status rewrap_slice(uint64_t *changed, const kd_vault *vault, kd_store *store, uint16_t group, const kd_profile_row *rows, size_t count, kd_err *err)
{
    const unsigned   newest = atomic_load(&vault->masters) - 1;
    kd_secret_change changes[SLICE];
    uint8_t          after[SLICE][KD_SECRET_BYTES];
    size_t           n = 0;
    kd_status        status = KD_RETRY;
    for (size_t i = 0; i < count; i++) {
        kd_data_key key;
        if (rows[i].secret.len == 0 || kd_vault_unwrap_by(&key, vault, newest, rows[i].secret, rows[i].person)) /* erased, or done */
            continue;
        if ((status = kd_vault_unwrap(&key, vault, rows[i].secret, rows[i].person, err)) != KD_OK)
            return status;
        kd_vault_wrap(after[n], vault, &key, rows[i].person);
        sodium_memzero(&key, sizeof key);
        changes[n] = (kd_secret_change){ rows[i].person, rows[i].secret, text_of(after[n], KD_SECRET_BYTES) };
        n++;
    }
    for (int tries = 0; n && tries < 5 && (tries == 0 || status == KD_RETRY || status == KD_UNKNOWN); tries++) {
        kd_txn *txn = NULL;
        status = kd_txn_begin(&txn, store, group, err);
        if (status == KD_OK && (status = kd_txn_secrets_put(txn, changes, n, err)) != KD_OK)
            kd_txn_rollback(txn);
        else if (status == KD_OK)
            status = kd_txn_commit(txn, err);
    }
    *changed += n;
    return n ? status : KD_OK;
}

typedef struct walk { void (*progress)(void *self, uint64_t done, uint64_t total); void *self; uint64_t done, total; const atomic_bool *cancel; } walk;

static kd_status rewrap_all(uint64_t *changed, walk *w, const kd_vault *vault, kd_store *store, kd_reader *reader, kd_err *err)
{
    kd_arena *arena = kd_arena_new(SLICE_BYTES);
    kd_status status = arena ? KD_OK : kd_fail_memory(err);
    w->done = 0;
    for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(store); group++) {
        int64_t cursor = 0;
        size_t  count = 1;
        while (status == KD_OK && count > 0) {
            kd_profile_row *rows = NULL;
            if (w->cancel && atomic_load_explicit(w->cancel, memory_order_relaxed)) {
                status = kd_fail(err, KD_BUSY, "stopped on the way; the same command goes on");
                break;
            }
            kd_arena_reset(arena);
            status = kd_reader_profile_scan(&rows, &count, reader, group, &cursor, SLICE, arena, err);
            if (status == KD_OK)
                status = rewrap_slice(changed, vault, store, group, rows, count, err);
            w->done += count;
            if (w->progress)
                w->progress(w->self, w->done, w->total);
        }
    }
    kd_arena_free(arena);
    return status;
}

/* ---- the change of guard -------------------------------------------------------------------------------------------------------- */
/* The old key's file gets a second name, then the new one takes its place in one step. The name is made of the key it holds:
 * done again after a crash it is the same, and no key is ever written over another. */
static kd_status move_files(char old_path[KD_VAULT_PATH_MAX], const char *key_path, const char *next_path, kd_err *err)
{
    uint8_t   old[KD_MASTER_BYTES], check[KD_VAULT_CHECK_BYTES];
    char      ending[32] = ".old-", *hex = ending + 5;
    kd_status status = kd_vault_read_file(old, key_path, err);
    old_path[0] = '\0';
    if (status == KD_OK) {
        kd_vault_derive_from(check, old, "check");
        sodium_bin2hex(hex, sizeof ending - 5, check, 8);
        sodium_memzero(old, sizeof old);
        if (!path_of(old_path, key_path, ending))
            return kd_fail(err, KD_INVALID, "the path of the master key is too long");
    } else if (status != KD_NOT_FOUND) {
        return status;
    }
    if ((old_path[0] && link(key_path, old_path) != 0 && errno != EEXIST) || rename(next_path, key_path) != 0 || !kd_vault_sync_folder(key_path))
        return kd_fail(err, KD_IO, "put the new master key in its place: %s", strerror(errno));
    return KD_OK;
}

static kd_status clear(kd_store *store, kd_err *err)
{
    kd_status status = kd_store_meta_put(store, KD_VAULT_NEXT, (kd_str){ "", 0 }, err);
    return status == KD_OK ? kd_store_meta_put(store, KD_VAULT_ROOT_NEXT, (kd_str){ "", 0 }, err) : status;
}

/* From here on only the new key opens the database. The root sealed by it is there twice for a moment, and never not at all. */
static kd_status take_over(char old_path[KD_VAULT_PATH_MAX], const kd_vault *vault, kd_store *store, const char *key_path, const char *next_path, kd_err *err)
{
    const uint8_t *next = vault->master[atomic_load(&vault->masters) - 1];
    uint8_t        check[KD_VAULT_CHECK_BYTES];
    kd_buf         root;
    kd_status      status;
    kd_buf_init(&root, NULL);
    kd_vault_seal_root(&root, vault->root, next);
    kd_vault_derive_from(check, next, "check");
    status = kd_buf_status(&root, err);
    if (status == KD_OK)
        status = kd_store_meta_put(store, KD_VAULT_CHECK, text_of(check, sizeof check), err);
    if (status == KD_OK)
        status = kd_store_meta_put(store, KD_VAULT_ROOT, kd_buf_str(&root), err);
    kd_buf_free(&root);
    if (status == KD_OK)
        status = move_files(old_path, key_path, next_path, err);
    return status == KD_OK ? clear(store, err) : status;
}

static kd_status rotate(kd_rotation *out, kd_vault *vault, kd_store *store, kd_reader *reader, const char *key_path, walk *w, kd_err *err)
{
    kd_arena      *arena = kd_arena_new(META_BYTES);
    kd_store_stats stats = { 0 };
    char           next_path[KD_VAULT_PATH_MAX];
    kd_str         next = { 0 };
    uint64_t       again = 1;
    kd_status      status = arena ? kd_vault_meta(&next, reader, KD_VAULT_NEXT, arena, err) : kd_fail_memory(err);
    if (status == KD_OK && !path_of(next_path, key_path, ".next"))
        status = kd_fail(err, KD_INVALID, "the path of the master key is too long");
    if (status == KD_OK && (status = kd_reader_stats(&stats, reader, err)) == KD_OK)
        w->total = stats.persons;
    out->resumed = next.len > 0; /* then the vault knows it since it was opened, or since the call before */
    if (status == KD_OK && !out->resumed)
        status = begin(vault, store, next_path, err);
    /* Until a whole walk finds nothing: what was being wrapped by the old key when the new one came is found by the next. */
    while (status == KD_OK && again > 0) {
        again = 0;
        status = rewrap_all(&again, w, vault, store, reader, err);
        out->rewrapped += again;
        out->persons = w->done;
    }
    if (status == KD_OK)
        status = take_over(out->old_path, vault, store, key_path, next_path, err);
    kd_arena_free(arena);
    return status;
}

kd_status kd_vault_rotate(kd_rotation *out, kd_vault *vault, kd_store *store, kd_reader *reader, const char *key_path,
                          void (*progress)(void *self, uint64_t done, uint64_t total), void *self, const atomic_bool *cancel, kd_err *err)
{
    walk      w = { .progress = progress, .self = self, .cancel = cancel };
    kd_status status;
    *out = (kd_rotation){ 0 };
    if (key_path == NULL)
        return kd_fail(err, KD_CONFLICT, "the master key comes from the settings: put it into a file (key_file) and start anew, then rotate it");
    if (pthread_mutex_trylock(&one_at_a_time) != 0)
        return kd_fail(err, KD_BUSY, "the master key is being changed already");
    status = rotate(out, vault, store, reader, key_path, &w, err);
    pthread_mutex_unlock(&one_at_a_time);
    return status;
}

void kd_vault_finish(kd_vault *vault, kd_store *store, kd_reader *reader, const char *key_path)
{
    kd_arena *arena = kd_arena_new(META_BYTES);
    uint8_t   check[KD_VAULT_CHECK_BYTES], in_file[KD_MASTER_BYTES];
    char      next_path[KD_VAULT_PATH_MAX], old_path[KD_VAULT_PATH_MAX];
    kd_str    next = { 0 };
    kd_buf    root;
    kd_vault_derive_from(check, vault->master[0], "check");
    if (arena && key_path && kd_vault_meta(&next, reader, KD_VAULT_NEXT, arena, NULL) == KD_OK && next.len == sizeof check && memcmp(next.ptr, check, sizeof check) == 0 &&
        path_of(next_path, key_path, ".next")) {
        kd_buf_init(&root, arena);
        kd_vault_seal_root(&root, vault->root, vault->master[0]);
        if (kd_store_meta_put(store, KD_VAULT_ROOT, kd_buf_str(&root), NULL) == KD_OK &&
            ((kd_vault_read_file(in_file, key_path, NULL) == KD_OK && memcmp(in_file, vault->master[0], sizeof in_file) == 0) || move_files(old_path, key_path, next_path, NULL) == KD_OK))
            clear(store, NULL);
        sodium_memzero(in_file, sizeof in_file);
    }
    kd_arena_free(arena);
}
