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

enum { KEY_BYTES = 32, KEY_HEX = 64, NONCE_BYTES = 24, MAC_BYTES = 16, CHECK_BYTES = 32, PATH_BYTES_MAX = 4096 };
#define CHECK_META "vault_check"

_Static_assert(NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES && MAC_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES
               && NONCE_BYTES + MAC_BYTES == KD_SEAL_OVERHEAD && KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "the sealed form is XChaCha20-Poly1305's");

struct kd_vault { /* in sodium_malloc's guarded memory, read-only once open; every key is derived, the master does nothing else */
    uint8_t     master[KEY_BYTES];
    kd_data_key wrap, house, identity;
    char        country[4]; /* calling code of phone numbers without one; not secret, but here is where keys are made of values */
};

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

static kd_status read_key(uint8_t master[KEY_BYTES], const char *path, kd_err *err)
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
static bool sync_directory(const char *path)
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
static kd_status make_key(uint8_t master[KEY_BYTES], const char *path, kd_err *err)
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
    if (write(fd, text, sizeof text) != (ssize_t)sizeof text || fsync(fd) != 0 || link(beside, path) != 0 || !sync_directory(path))
        status = kd_fail(err, KD_IO, "write the master key %s: %s", path, strerror(errno));
    sodium_memzero(text, sizeof text);
    close(fd);
    unlink(beside);
    return status;
}

/* ---- the vault ---------------------------------------------------------------------------------------------------------- */

void kd_vault_derive(uint8_t out[32], const kd_vault *vault, const char *use)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, vault->master, sizeof vault->master, 32);
    crypto_generichash_update(&state, (const uint8_t *)"kunde/", 6);
    crypto_generichash_update(&state, (const uint8_t *)use, strlen(use));
    crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

/* Does the database know this key? *known false: it knows none. */
static kd_status read_check(uint8_t check[CHECK_BYTES], bool *known, kd_reader *reader, kd_err *err)
{
    kd_arena *arena = kd_arena_new(64 * 1024);
    kd_str    value = { NULL, 0 };
    kd_status status = arena ? kd_reader_meta(&value, reader, CHECK_META, arena, err) : kd_fail_memory(err);
    *known = status == KD_OK;
    if (status == KD_OK && value.len != CHECK_BYTES)
        status = kd_fail(err, KD_CORRUPT, "the database's check of its master key is damaged");
    if (status == KD_OK)
        memcpy(check, value.ptr, CHECK_BYTES);
    kd_arena_free(arena);
    return status == KD_NOT_FOUND ? KD_OK : status;
}

static kd_status load_master(kd_vault *vault, const char *key_path, const char *hex, bool known, bool create, kd_err *err)
{
    kd_status status;
    if (hex) {
        kd_str trimmed = kd_str_trim(kd_str_z(hex));
        return parse_hex(vault->master, trimmed.ptr, trimmed.len, "from the settings", err);
    }
    status = read_key(vault->master, key_path, err);
    if (status == KD_NOT_FOUND && known)
        return kd_fail(err, KD_UNAUTHORIZED, "this database was made with a master key, but there is none at %s", key_path);
    if (status == KD_NOT_FOUND && create)
        return make_key(vault->master, key_path, err);
    return status;
}

kd_status kd_vault_open(kd_vault **out, kd_store *store, kd_reader *reader, const char *key_path, const char *hex, bool create,
                        kd_err *err)
{
    uint8_t   stored[CHECK_BYTES] = { 0 }, check[CHECK_BYTES];
    bool      known = false;
    kd_vault *vault;
    kd_status status;
    pthread_once(&once, start);
    vault = sodium_malloc(sizeof *vault);
    if (!vault)
        return kd_fail_memory(err);
    vault->country[0] = '\0';
    status = read_check(stored, &known, reader, err);
    if (status == KD_OK)
        status = load_master(vault, key_path, hex, known, create, err);
    if (status == KD_OK) {
        kd_vault_derive(vault->wrap.b, vault, "wrap");
        kd_vault_derive(vault->house.b, vault, "house");
        kd_vault_derive(vault->identity.b, vault, "identity");
        kd_vault_derive(check, vault, "check");
        if (known && sodium_memcmp(stored, check, sizeof check) != 0)
            status = kd_fail(err, KD_UNAUTHORIZED, "the master key does not belong to this database");
        else if (!known && !create)
            status = kd_fail(err, KD_NOT_FOUND, "this database has no master key yet");
        else if (!known)
            status = kd_store_meta_put(store, CHECK_META, (kd_str){ (const char *)check, sizeof check }, err);
    }
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
    seal_to(out, &vault->wrap, (kd_str){ (const char *)person.b, sizeof person.b }, key->b, sizeof key->b);
}

kd_status kd_vault_unwrap(kd_data_key *out, const kd_vault *vault, kd_str secret, kd_id person, kd_err *err)
{
    kd_str about = { (const char *)person.b, sizeof person.b };
    if (secret.len != KD_SECRET_BYTES || !unseal_to(out->b, &vault->wrap, about, secret))
        return kd_fail(err, KD_CORRUPT, "a person's data key fails its check");
    return KD_OK;
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
