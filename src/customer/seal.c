#include "customer/seal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customer/rotate.h"
#include "customer/vault.h"

enum { KEY_BYTES = 32, KEY_HEX = 64, NONCE_BYTES = 24, MAC_BYTES = 16, CHECK_BYTES = KD_VAULT_CHECK_BYTES, PATH_BYTES_MAX = KD_VAULT_PATH_MAX };

_Static_assert(NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES && MAC_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES
               && NONCE_BYTES + MAC_BYTES == KD_SEAL_OVERHEAD && KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "the sealed form is XChaCha20-Poly1305's");

/* ---- randomness ------------------------------------------------------------------------------------------------------- */

/* One system call per nonce would cost more than sealing a small text. So each thread stretches a seed of the system with
 * ChaCha20, a pool at a time; the first bytes of a pool replace the seed (what is taken cannot be computed back). A child
 * of fork() must not repeat its parent's nonces: the fork handler makes every pool stale. */
enum { POOL_BYTES = 1024 };
typedef struct pool {
    uint8_t  seed[KEY_BYTES], bytes[POOL_BYTES];
    size_t   used;
    unsigned generation; /* 0: never seeded */
} pool;

static _Thread_local pool thread_pool;
static atomic_uint        fork_generation = 1;
static pthread_once_t     once = PTHREAD_ONCE_INIT;

static void forked(void)
{
    atomic_fetch_add(&fork_generation, 1);
}

static void start(void)
{
    /* libsodium fails to start only where the system gives no randomness: nothing may be sealed then, at all. */
    if (sodium_init() < 0 || pthread_atfork(NULL, NULL, forked) != 0)
        abort();
}

static void random_bytes(uint8_t *out, size_t len)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = { 0 }; /* a seed is used once */
    pool                *p = &thread_pool;
    unsigned             generation;
    pthread_once(&once, start);
    generation = atomic_load_explicit(&fork_generation, memory_order_relaxed);
    if (p->generation != generation) {
        randombytes_buf(p->seed, sizeof p->seed);
        p->used = POOL_BYTES;
        p->generation = generation;
    }
    assert(len <= POOL_BYTES - KEY_BYTES);
    if (len > POOL_BYTES - p->used) {
        crypto_stream_chacha20_ietf(p->bytes, POOL_BYTES, nonce, p->seed);
        memcpy(p->seed, p->bytes, KEY_BYTES);
        p->used = KEY_BYTES;
    }
    memcpy(out, p->bytes + p->used, len);
    p->used += len;
}

/* ---- the master key's file -------------------------------------------------------------------------------------------- */

static kd_status parse_hex(uint8_t master[KEY_BYTES], const char *hex, size_t len, const char *where, kd_err *err)
{
    size_t      got = 0;
    const char *end = hex;
    if (sodium_hex2bin(master, KEY_BYTES, hex, len, NULL, &got, &end) != 0 || got != KEY_BYTES || end != hex + len)
        return kd_fail(err, KD_INVALID, "the master key %s is not %d hex digits", where, KEY_HEX);
    return KD_OK;
}

kd_status kd_vault_read_file(uint8_t master[KEY_BYTES], const char *path, kd_err *err)
{
    char        text[KEY_HEX + 8];
    struct stat st;
    ssize_t     got;
    kd_status   status;
    int         fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return kd_fail(err, KD_NOT_FOUND, "there is no master key at %s", path);
    if (fd < 0)
        return kd_fail(err, KD_IO, "open the master key %s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        status = kd_fail(err, KD_INVALID, "the master key %s is not a plain file", path);
    } else if (st.st_mode & 077) {
        status = kd_fail(err, KD_DENIED, "the master key %s may be read by others (mode %04o): run chmod 600 on it", path,
                         (unsigned)st.st_mode & 07777);
    } else if ((got = read(fd, text, sizeof text)) < 0) {
        status = kd_fail(err, KD_IO, "read the master key %s: %s", path, strerror(errno));
    } else {
        kd_str trimmed = kd_str_trim((kd_str){ text, (size_t)got });
        status = parse_hex(master, trimmed.ptr, trimmed.len, path, err);
    }
    sodium_memzero(text, sizeof text);
    close(fd);
    return status;
}

/* The directory's entry must be durable before anything is sealed with the key. */
bool kd_vault_sync_folder(const char *path)
{
    char        dir[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    size_t      len = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
    int         fd;
    bool        ok;
    memcpy(dir, path, len);
    memcpy(dir + len, len ? "" : ".", len ? 1 : 2);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Written beside and linked, so that a crash leaves a whole key or none, and a key that is there is never overwritten. */
kd_status kd_vault_make_file(uint8_t master[KEY_BYTES], const char *path, kd_err *err)
{
    char      beside[PATH_BYTES_MAX], text[KEY_HEX + 1];
    int       length = snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid()), fd;
    kd_status status = KD_OK;
    if (length < 0 || (size_t)length >= sizeof beside)
        return kd_fail(err, KD_INVALID, "the path of the master key is longer than %d bytes", PATH_BYTES_MAX - 16);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return kd_fail(err, KD_IO, "make the master key %s: %s", beside, strerror(errno));
    randombytes_buf(master, KEY_BYTES);
    sodium_bin2hex(text, sizeof text, master, KEY_BYTES);
    text[KEY_HEX] = '\n';
    if (write(fd, text, sizeof text) != (ssize_t)sizeof text || fsync(fd) != 0 || link(beside, path) != 0 || !kd_vault_sync_folder(path))
        status = kd_fail(err, KD_IO, "write the master key %s: %s", path, strerror(errno));
    sodium_memzero(text, sizeof text);
    close(fd);
    unlink(beside);
    return status;
}

static bool unseal_to(void *text, const kd_data_key *key, kd_str about, kd_str sealed);

/* ---- the vault ---------------------------------------------------------------------------------------------------------- */

void kd_vault_derive_from(uint8_t out[32], const uint8_t secret[KEY_BYTES], const char *use)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, secret, KEY_BYTES, 32);
    crypto_generichash_update(&state, (const uint8_t *)"kunde/", 6);
    crypto_generichash_update(&state, (const uint8_t *)use, strlen(use));
    crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

void kd_vault_derive(uint8_t out[32], const kd_vault *vault, const char *use)
{
    kd_vault_derive_from(out, vault->root, use);
}

kd_status kd_vault_meta(kd_str *out, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err)
{
    kd_status status = kd_reader_meta(out, reader, name, arena, err);
    if (status == KD_NOT_FOUND)
        *out = (kd_str){ NULL, 0 };
    return status == KD_NOT_FOUND ? KD_OK : status;
}

kd_status kd_vault_add_master(kd_vault *vault, const uint8_t master[KEY_BYTES], kd_err *err)
{
    const unsigned at = atomic_load(&vault->masters);
    if (at == KD_MASTERS_MAX)
        return kd_fail(err, KD_LIMIT, "the master key was changed %d times since the start: start anew first", KD_MASTERS_MAX - 1);
    if (sodium_mprotect_readwrite(vault) != 0)
        return kd_fail_memory(err);
    memcpy(vault->master[at], master, KEY_BYTES);
    kd_vault_derive_from(vault->wrap[at].b, master, "wrap");
    atomic_store(&vault->masters, at + 1); /* whoever sees the number sees the key */
    sodium_mprotect_readonly(vault);
    return KD_OK;
}

void kd_vault_seal_root(kd_buf *out, const uint8_t root[KEY_BYTES], const uint8_t master[KEY_BYTES])
{
    kd_data_key key;
    kd_vault_derive_from(key.b, master, "root");
    kd_seal(out, &key, KD_STR("root"), (kd_str){ (const char *)root, KEY_BYTES });
    sodium_memzero(&key, sizeof key);
}

static bool unseal_root(uint8_t root[KEY_BYTES], kd_str sealed, const uint8_t master[KEY_BYTES])
{
    kd_data_key key;
    bool        ok;
    kd_vault_derive_from(key.b, master, "root");
    ok = sealed.len == KEY_BYTES + KD_SEAL_OVERHEAD && unseal_to(root, &key, KD_STR("root"), sealed);
    sodium_memzero(&key, sizeof key);
    return ok;
}

/* ---- opening: which master key is in force, and is another one about to be? --------------------------------------------------- */
typedef struct marks { kd_str check, next, root, root_next; } marks; /* what the database says */

static kd_status read_marks(marks *m, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    kd_status status = kd_vault_meta(&m->check, reader, KD_VAULT_CHECK, arena, err);
    if (status == KD_OK)
        status = kd_vault_meta(&m->next, reader, KD_VAULT_NEXT, arena, err);
    if (status == KD_OK)
        status = kd_vault_meta(&m->root, reader, KD_VAULT_ROOT, arena, err);
    if (status == KD_OK)
        status = kd_vault_meta(&m->root_next, reader, KD_VAULT_ROOT_NEXT, arena, err);
    if (status == KD_OK && ((m->check.len && m->check.len != CHECK_BYTES) || (m->next.len && m->next.len != CHECK_BYTES)))
        status = kd_fail(err, KD_CORRUPT, "the database's check of its master key is damaged");
    return status;
}

static bool fits(const uint8_t master[KEY_BYTES], kd_str mark)
{
    uint8_t check[CHECK_BYTES];
    kd_vault_derive_from(check, master, "check");
    return mark.len == CHECK_BYTES && sodium_memcmp(mark.ptr, check, CHECK_BYTES) == 0;
}

/* The key beside the key's file, while it takes over. */
static bool read_next(uint8_t next[KEY_BYTES], const char *key_path)
{
    char path[PATH_BYTES_MAX];
    return key_path && snprintf(path, sizeof path, "%s.next", key_path) < (int)sizeof path && kd_vault_read_file(next, path, NULL) == KD_OK;
}

static kd_status load_master(uint8_t master[KEY_BYTES], const marks *m, const char *key_path, const char *hex, bool create, kd_err *err)
{
    uint8_t   next[KEY_BYTES];
    kd_status status;
    if (hex) {
        kd_str trimmed = kd_str_trim(kd_str_z(hex));
        status = parse_hex(master, trimmed.ptr, trimmed.len, "from the settings", err);
    } else {
        status = kd_vault_read_file(master, key_path, err);
        if ((status == KD_OK || status == KD_NOT_FOUND) && m->check.len && !(status == KD_OK && fits(master, m->check)) && read_next(next, key_path) && fits(next, m->check)) {
            memcpy(master, next, KEY_BYTES); /* in force, and its file has not moved yet */
            status = KD_OK;
        }
        sodium_memzero(next, sizeof next);
    }
    if (status == KD_NOT_FOUND && m->check.len)
        return kd_fail(err, KD_UNAUTHORIZED, "this database was made with a master key, but there is none at %s", key_path);
    if (status == KD_NOT_FOUND && create)
        status = kd_vault_make_file(master, key_path, err);
    if (status == KD_OK && m->check.len && !fits(master, m->check))
        return kd_fail(err, KD_UNAUTHORIZED, "the master key does not belong to this database");
    if (status == KD_OK && !m->check.len && !create)
        return kd_fail(err, KD_NOT_FOUND, "this database has no master key yet");
    return status;
}

/* A new database gets a root by chance; one of before roots has the master key for it, until that changes. */
static kd_status load_root(kd_vault *vault, kd_store *store, const marks *m, kd_err *err)
{
    const uint8_t *master = vault->master[0];
    uint8_t        check[CHECK_BYTES];
    kd_buf         sealed;
    kd_status      status;
    if (unseal_root(vault->root, m->root, master) || unseal_root(vault->root, m->root_next, master))
        status = KD_OK;
    else if (m->check.len && m->root.len)
        return kd_fail(err, KD_CORRUPT, "the root of this database's keys cannot be opened by its master key");
    else if (m->check.len) {
        memcpy(vault->root, master, KEY_BYTES);
        status = KD_OK;
    } else {
        randombytes_buf(vault->root, KEY_BYTES);
        kd_buf_init(&sealed, NULL);
        kd_vault_seal_root(&sealed, vault->root, master);
        status = kd_buf_status(&sealed, err);
        if (status == KD_OK) /* before the check: what has one has a root */
            status = kd_store_meta_put(store, KD_VAULT_ROOT, kd_buf_str(&sealed), err);
        kd_buf_free(&sealed);
    }
    if (status == KD_OK && m->check.len == 0) {
        kd_vault_derive_from(check, master, "check");
        status = kd_store_meta_put(store, KD_VAULT_CHECK, (kd_str){ (const char *)check, sizeof check }, err);
    }
    return status;
}

static kd_status load_vault(kd_vault *vault, kd_store *store, kd_reader *reader, const char *key_path, const char *hex, bool create, kd_arena *arena, kd_err *err)
{
    uint8_t   next[KEY_BYTES];
    marks     m;
    kd_status status = read_marks(&m, reader, arena, err);
    if (status == KD_OK)
        status = load_master(vault->master[0], &m, key_path, hex, create, err);
    if (status == KD_OK)
        status = load_root(vault, store, &m, err);
    if (status != KD_OK)
        return status;
    kd_vault_derive_from(vault->wrap[0].b, vault->master[0], "wrap");
    kd_vault_derive(vault->house.b, vault, "house");
    kd_vault_derive(vault->identity.b, vault, "identity");
    atomic_store(&vault->masters, 1);
    if (m.next.len && !fits(vault->master[0], m.next)) { /* a change is under way: what is new is wrapped by the new key already */
        if (!read_next(next, key_path) || !fits(next, m.next))
            return kd_fail(err, KD_UNAUTHORIZED, "the master key was being changed, and the new one is not at its place: the key's file with .next");
        status = kd_vault_add_master(vault, next, err);
        sodium_memzero(next, sizeof next);
    } else if (m.next.len && !hex) {
        kd_vault_finish(vault, store, reader, key_path);
    }
    return status;
}

kd_status kd_vault_open(kd_vault **out, kd_store *store, kd_reader *reader, const char *key_path, const char *hex, bool create,
                        kd_err *err)
{
    kd_arena *arena;
    kd_vault *vault;
    kd_status status;
    pthread_once(&once, start);
    vault = sodium_malloc(sizeof *vault);
    arena = kd_arena_new(64 * 1024);
    if (!vault || !arena) {
        kd_arena_free(arena);
        sodium_free(vault);
        return kd_fail_memory(err);
    }
    memset(vault, 0, sizeof *vault);
    status = load_vault(vault, store, reader, key_path, hex, create, arena, err);
    kd_arena_free(arena);
    if (status != KD_OK) {
        sodium_free(vault);
        return status;
    }
    sodium_mprotect_readonly(vault);
    *out = vault;
    return KD_OK;
}

void kd_vault_close(kd_vault *vault)
{
    sodium_free(vault); /* wipes it; NULL is fine */
}

kd_status kd_vault_set_country(kd_vault *vault, const char *code, kd_err *err)
{
    size_t len = strlen(code);
    if (len >= sizeof vault->country || strspn(code, "0123456789") != len || code[0] == '0')
        return kd_fail_field(err, KD_INVALID, "phone_country", "must be a country calling code of 1 to 3 digits, such as 49");
    if (sodium_mprotect_readwrite(vault) != 0)
        return kd_fail_memory(err);
    memcpy(vault->country, code, len + 1);
    sodium_mprotect_readonly(vault);
    return KD_OK;
}

const char *kd_vault_country(const kd_vault *vault)
{
    return vault->country;
}

const kd_data_key *kd_vault_house_key(const kd_vault *vault)
{
    return &vault->house;
}

void kd_vault_hash(uint8_t out[16], const kd_vault *vault, uint8_t type, kd_str value)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, vault->identity.b, sizeof vault->identity.b, 16);
    crypto_generichash_update(&state, &type, 1);
    crypto_generichash_update(&state, (const uint8_t *)value.ptr, value.len);
    crypto_generichash_final(&state, out, 16);
}

/* ---- sealing -------------------------------------------------------------------------------------------------------------- */

static void seal_to(uint8_t *out, const kd_data_key *key, kd_str about, const void *text, size_t len)
{
    random_bytes(out, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, text, len, (const uint8_t *)about.ptr, about.len, NULL, out,
                                               key->b);
}

static bool unseal_to(void *text, const kd_data_key *key, kd_str about, kd_str sealed)
{
    const uint8_t *in = (const uint8_t *)sealed.ptr;
    return sealed.len >= KD_SEAL_OVERHEAD
        && crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, in + NONCE_BYTES, sealed.len - NONCE_BYTES,
                                                      (const uint8_t *)about.ptr, about.len, in, key->b) == 0;
}

void kd_data_key_new(kd_data_key *out)
{
    pthread_once(&once, start);
    randombytes_buf(out->b, sizeof out->b);
}

void kd_vault_wrap(uint8_t out[KD_SECRET_BYTES], const kd_vault *vault, const kd_data_key *key, kd_id person)
{
    const unsigned newest = atomic_load(&vault->masters) - 1;
    seal_to(out, &vault->wrap[newest], (kd_str){ (const char *)person.b, sizeof person.b }, key->b, sizeof key->b);
}

bool kd_vault_unwrap_by(kd_data_key *out, const kd_vault *vault, unsigned master, kd_str secret, kd_id person)
{
    return secret.len == KD_SECRET_BYTES && unseal_to(out->b, &vault->wrap[master], (kd_str){ (const char *)person.b, sizeof person.b }, secret);
}

kd_status kd_vault_unwrap(kd_data_key *out, const kd_vault *vault, kd_str secret, kd_id person, kd_err *err)
{
    for (unsigned m = atomic_load(&vault->masters); m > 0; m--) /* the newest first; others only while, or after, it changed in this process */
        if (kd_vault_unwrap_by(out, vault, m - 1, secret, person))
            return KD_OK;
    return kd_fail(err, KD_CORRUPT, "a person's data key fails its check");
}

void kd_seal(kd_buf *out, const kd_data_key *key, kd_str about, kd_str text)
{
    if (!kd_buf_reserve(out, text.len + KD_SEAL_OVERHEAD))
        return;
    seal_to((uint8_t *)out->ptr + out->len, key, about, text.ptr, text.len);
    out->len += text.len + KD_SEAL_OVERHEAD;
}

kd_status kd_unseal(kd_str *text, kd_arena *arena, const kd_data_key *key, kd_str about, kd_str sealed, kd_err *err)
{
    size_t len = sealed.len < KD_SEAL_OVERHEAD ? 0 : sealed.len - KD_SEAL_OVERHEAD;
    char  *out = kd_arena_alloc(arena, len);
    if (!out)
        return kd_fail_memory(err);
    if (!unseal_to(out, key, about, sealed))
        return kd_fail(err, KD_CORRUPT, "sealed bytes fail their check");
    *text = (kd_str){ out, len };
    return KD_OK;
}
