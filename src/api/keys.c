#include "api/keys.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HASH = 32,
    TEXTS_BYTES_MAX = 1024 * 1024 /* names and sources of keys that ever were in this process */
};

typedef struct key {
    char        id[KD_KEY_ID];
    uint8_t     hash[HASH];
    kd_key_role role;
    kd_str      text;              /* of write keys; this and the next in keys->texts, which only grows: what was handed out stays valid */
    kd_str      name, source;
    int64_t     created_ms;
} key;

struct kd_keys {
    pthread_rwlock_t lock;                /* of keys, count, texts */
    key              keys[KD_KEYS_MAX];
    size_t           count;
    kd_arena        *texts;
    uint8_t          hash_key[HASH];      /* from the vault: stored hashes cannot be tried against without it */
    char             token_secret[65];
    kd_clock         clock;
};

static void hash_of(uint8_t out[HASH], const kd_keys *keys, kd_str text)
{
    crypto_generichash(out, HASH, (const uint8_t *)text.ptr, text.len, keys->hash_key, sizeof keys->hash_key);
}

static const char *role_name(kd_key_role role)
{
    return role == KD_ROLE_WRITE ? "write" : "server";
}

static kd_str key_id(const key *k)
{
    return kd_str_z(k->id);
}

/* ---- documents ------------------------------------------------------------------------------------------------------- */
static void write_key_json(kd_jw *w, const key *k, bool stored)
{
    char hex[2 * HASH + 1], time[25];
    kd_jw_object(w);
    if (!stored)
        KD_JW_Z(w, "id", k->id);
    KD_JW_Z(w, "type", role_name(k->role));
    KD_JW_STR(w, "name", k->name);
    KD_JW_STR(w, "source", k->source);
    kd_time_format(time, k->created_ms);
    KD_JW_Z(w, "createdAt", time);
    if (stored)
        KD_JW_Z(w, "hash", sodium_bin2hex(hex, sizeof hex, k->hash, HASH));
    if (k->role == KD_ROLE_WRITE)
        KD_JW_STR(w, "key", k->text);
    kd_jw_object_end(w);
}

static void write_index_json(kd_jw *w, const kd_keys *keys)
{
    kd_jw_object(w);
    kd_jw_key(w, "ids");
    kd_jw_array(w);
    for (size_t i = 0; i < keys->count; i++)
        kd_jw_z(w, keys->keys[i].id);
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

/* The changed key (or, `deleted`, its end) and the index, in one transaction. */
static kd_status save(kd_keys *keys, kd_store *store, const key *k, bool deleted, kd_err *err)
{
    kd_buf    body, index;
    kd_jw     w;
    kd_doc    docs[2];
    int64_t   now_ms = kd_now(keys->clock);
    kd_status status;
    kd_buf_init(&body, NULL);
    kd_buf_init(&index, NULL);
    kd_jw_init(&w, &body);
    write_key_json(&w, k, true);
    kd_jw_init(&w, &index);
    write_index_json(&w, keys);
    docs[0] = (kd_doc){ .kind = KD_STR("key"), .id = key_id(k), .valid_from_ms = now_ms, .deleted = deleted, .body = deleted ? KD_STR("{}") : kd_buf_str(&body) };
    docs[1] = (kd_doc){ .kind = KD_STR("key-index"), .id = KD_STR("all"), .valid_from_ms = now_ms, .body = kd_buf_str(&index) };
    status = body.failed || index.failed ? kd_fail_memory(err) : kd_store_docs_put(store, docs, 2, err);
    kd_buf_free(&body);
    kd_buf_free(&index);
    return status;
}

static kd_status read_key(key *out, kd_keys *keys, kd_str id, const kd_json *doc, kd_err *err)
{
    kd_str hash = kd_json_text(kd_json_get(doc, "hash")), type = kd_json_text(kd_json_get(doc, "type")), text = kd_json_text(kd_json_get(doc, "key"));
    size_t len = 0;
    memset(out, 0, sizeof *out);
    if (id.len >= sizeof out->id || text.len >= KD_KEY_TEXT || sodium_hex2bin(out->hash, HASH, hash.ptr, hash.len, NULL, &len, NULL) != 0 || len != HASH)
        return kd_fail(err, KD_CORRUPT, "the document of a key is damaged");
    memcpy(out->id, id.ptr, id.len);
    out->text = kd_str_copy(keys->texts, text);
    out->role = kd_str_is(type, "write") ? KD_ROLE_WRITE : KD_ROLE_SERVER;
    out->name = kd_str_copy(keys->texts, kd_json_text(kd_json_get(doc, "name")));
    out->source = kd_str_copy(keys->texts, kd_json_text(kd_json_get(doc, "source")));
    kd_time_parse(&out->created_ms, kd_json_text(kd_json_get(doc, "createdAt")), 0);
    return KD_OK;
}

static kd_status load_key(kd_keys *keys, kd_reader *reader, kd_str id, kd_arena *arena, kd_err *err)
{
    kd_doc         doc;
    const kd_json *body;
    kd_status      status = kd_reader_doc(&doc, reader, KD_STR("key"), id, arena, err);
    if (status == KD_OK)
        status = kd_json_parse(&body, arena, doc.body.ptr, doc.body.len, err);
    if (status == KD_OK)
        status = read_key(&keys->keys[keys->count], keys, id, body, err);
    if (status == KD_OK)
        keys->count++;
    return status;
}

static kd_status load(kd_keys *keys, kd_reader *reader, kd_err *err)
{
    kd_arena      *arena = kd_arena_new(1024 * 1024);
    kd_doc         doc;
    const kd_json *index = NULL;
    kd_status      status = arena ? kd_reader_doc(&doc, reader, KD_STR("key-index"), KD_STR("all"), arena, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_json_parse(&index, arena, doc.body.ptr, doc.body.len, err);
    if (status == KD_NOT_FOUND)
        status = KD_OK; /* a new database */
    for (const kd_json *id = kd_json_is(kd_json_get(index, "ids"), KD_JSON_ARRAY) ? kd_json_get(index, "ids")->child : NULL; id && status == KD_OK; id = id->next)
        status = keys->count < KD_KEYS_MAX ? load_key(keys, reader, id->text, arena, err) : kd_fail(err, KD_CORRUPT, "the index of keys is too long");
    kd_arena_free(arena);
    return status;
}

/* ---- open ------------------------------------------------------------------------------------------------------------- */
static void make_text(char out[KD_KEY_TEXT], kd_key_role role)
{
    uint8_t bytes[24];
    size_t  len = role == KD_ROLE_WRITE ? 16 : 24;
    randombytes_buf(bytes, len);
    memcpy(out, role == KD_ROLE_WRITE ? "wk_" : "sk_", 3);
    sodium_bin2hex(out + 3, KD_KEY_TEXT - 3, bytes, len);
    sodium_memzero(bytes, sizeof bytes);
}

static kd_status check_text(const char *text, const char *setting, kd_err *err)
{
    size_t len = strlen(text);
    if (len < KD_KEY_TEXT_MIN || len >= KD_KEY_TEXT)
        return kd_fail_field(err, KD_INVALID, setting, "a key has %d to %d characters", KD_KEY_TEXT_MIN, KD_KEY_TEXT - 1);
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == ':' || *p == '/' || *p == '"' || *p == '\\')
            return kd_fail_field(err, KD_INVALID, setting, "a key may not hold blanks, control characters, or any of : / \" \\");
    return KD_OK;
}

static key *find_id(kd_keys *keys, kd_str id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (kd_str_eq(key_id(&keys->keys[i]), id))
            return &keys->keys[i];
    return NULL;
}

/* The first key of a role: made when there is none, or given the text of the setting. */
static kd_status ensure_first(char made[KD_KEY_TEXT], kd_keys *keys, kd_store *store, kd_key_role role, const char *text, kd_err *err)
{
    const char *id = role == KD_ROLE_WRITE ? "first-write" : "first-server";
    key        *k = find_id(keys, kd_str_z(id));
    bool        is_new = k == NULL;
    uint8_t     hash[HASH];
    char        own[KD_KEY_TEXT] = "";
    kd_status   status = text ? check_text(text, role == KD_ROLE_WRITE ? "write_key" : "server_key", err) : KD_OK;
    made[0] = '\0';
    for (size_t i = 0; is_new && text == NULL && i < keys->count; i++)
        if (keys->keys[i].role == role)
            return KD_OK; /* the first one was revoked, others serve */
    if (status != KD_OK || (!is_new && text == NULL))
        return status;
    if (text == NULL)
        make_text(own, role);
    else
        memcpy(own, text, strlen(text) + 1);
    hash_of(hash, keys, kd_str_z(own));
    if (!is_new && sodium_memcmp(hash, k->hash, HASH) == 0)
        return KD_OK;
    if (is_new) {
        if (keys->count == KD_KEYS_MAX)
            return kd_fail(err, KD_LIMIT, "there are %d keys already", KD_KEYS_MAX);
        k = &keys->keys[keys->count++];
        *k = (key){ .role = role, .name = role == KD_ROLE_WRITE ? KD_STR("First write key") : KD_STR("First server key"), .source = KD_STR("shop"),
                    .created_ms = kd_now(keys->clock) };
        memcpy(k->id, id, strlen(id) + 1);
        memcpy(made, own, sizeof own);
    }
    memcpy(k->hash, hash, HASH);
    if (role == KD_ROLE_WRITE)
        k->text = kd_str_copy(keys->texts, kd_str_z(own));
    return save(keys, store, k, false, err);
}

kd_status kd_keys_open(kd_keys **out, kd_store *store, kd_reader *reader, const kd_vault *vault, kd_clock clock, const char *write_key,
                       const char *server_key, char made_write[64], char made_server[64], kd_err *err)
{
    kd_keys  *keys = calloc(1, sizeof *keys);
    uint8_t   secret[32];
    kd_status status;
    made_write[0] = made_server[0] = '\0';
    if (keys == NULL || sodium_init() < 0 || (keys->texts = kd_arena_new(TEXTS_BYTES_MAX)) == NULL) {
        free(keys);
        return kd_fail_memory(err);
    }
    pthread_rwlock_init(&keys->lock, NULL);
    keys->clock = clock;
    kd_vault_derive(keys->hash_key, vault, "apikey");
    kd_vault_derive(secret, vault, "usertoken");
    sodium_bin2hex(keys->token_secret, sizeof keys->token_secret, secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    status = load(keys, reader, err);
    if (status == KD_OK && server_key != NULL) /* before the first one is made: both are, or none */
        status = check_text(server_key, "server_key", err);
    if (status == KD_OK)
        status = ensure_first(made_write, keys, store, KD_ROLE_WRITE, write_key, err);
    if (status == KD_OK)
        status = ensure_first(made_server, keys, store, KD_ROLE_SERVER, server_key, err);
    if (status != KD_OK) {
        kd_keys_close(keys);
        return status;
    }
    *out = keys;
    return KD_OK;
}

void kd_keys_close(kd_keys *keys)
{
    if (keys == NULL)
        return;
    kd_arena_free(keys->texts);
    pthread_rwlock_destroy(&keys->lock);
    sodium_memzero(keys, sizeof *keys);
    free(keys);
}

/* ---- who calls ---------------------------------------------------------------------------------------------------------- */
kd_status kd_keys_check(kd_key_role *role, kd_str *source, kd_keys *keys, kd_str text, kd_err *err)
{
    uint8_t hash[HASH];
    *role = KD_ROLE_NONE;
    if (text.len < KD_KEY_TEXT_MIN || text.len >= KD_KEY_TEXT)
        return kd_fail(err, KD_UNAUTHORIZED, text.len ? "the key is not known" : "the request carries no key");
    hash_of(hash, keys, text);
    pthread_rwlock_rdlock(&keys->lock);
    for (size_t i = 0; i < keys->count; i++) /* all of them, so that the time says nothing about which */
        if (sodium_memcmp(hash, keys->keys[i].hash, HASH) == 0) {
            *role = keys->keys[i].role;
            *source = keys->keys[i].source;
        }
    pthread_rwlock_unlock(&keys->lock);
    return *role != KD_ROLE_NONE ? KD_OK : kd_fail(err, KD_UNAUTHORIZED, "the key is not known");
}

bool kd_keys_id(char id[KD_KEY_ID], kd_keys *keys, kd_str text)
{
    uint8_t hash[HASH];
    bool    known = false;
    hash_of(hash, keys, text);
    pthread_rwlock_rdlock(&keys->lock);
    for (size_t i = 0; i < keys->count; i++)
        if (sodium_memcmp(hash, keys->keys[i].hash, HASH) == 0) {
            memcpy(id, keys->keys[i].id, KD_KEY_ID);
            known = true;
        }
    pthread_rwlock_unlock(&keys->lock);
    return known;
}

kd_str kd_keys_first_write(kd_keys *keys)
{
    kd_str first = { 0 };
    pthread_rwlock_rdlock(&keys->lock);
    for (size_t i = 0; i < keys->count && first.len == 0; i++)
        if (keys->keys[i].role == KD_ROLE_WRITE)
            first = keys->keys[i].text;
    pthread_rwlock_unlock(&keys->lock);
    return first;
}

kd_str kd_keys_source_of(kd_keys *keys, kd_str write_key)
{
    kd_key_role role;
    kd_str      source;
    return kd_keys_check(&role, &source, keys, write_key, NULL) == KD_OK && role == KD_ROLE_WRITE ? source : (kd_str){ 0 };
}

kd_status kd_keys_create(char text[64], char id[24], kd_keys *keys, kd_store *store, kd_key_role role, kd_str name, kd_str source, kd_err *err)
{
    uint8_t   random[8];
    key      *k;
    kd_status status;
    if (name.len > 100 || source.len > 64)
        return kd_fail_field(err, KD_INVALID, name.len > 100 ? "/name" : "/source", "longer than %d bytes", name.len > 100 ? 100 : 64);
    pthread_rwlock_wrlock(&keys->lock);
    if (keys->count == KD_KEYS_MAX) {
        pthread_rwlock_unlock(&keys->lock);
        return kd_fail(err, KD_LIMIT, "there are %d keys already", KD_KEYS_MAX);
    }
    k = &keys->keys[keys->count];
    *k = (key){ .role = role, .name = kd_str_copy(keys->texts, name), .source = source.len ? kd_str_copy(keys->texts, source) : KD_STR("shop"),
                .created_ms = kd_now(keys->clock) };
    make_text(text, role);
    hash_of(k->hash, keys, kd_str_z(text));
    if (role == KD_ROLE_WRITE)
        k->text = kd_str_copy(keys->texts, kd_str_z(text));
    randombytes_buf(random, sizeof random);
    memcpy(k->id, "key-", 4);
    sodium_bin2hex(k->id + 4, sizeof k->id - 4, random, sizeof random);
    memcpy(id, k->id, sizeof k->id);
    keys->count++;
    status = k->name.ptr && k->source.ptr && (role != KD_ROLE_WRITE || k->text.ptr) ? save(keys, store, k, false, err) : kd_fail_memory(err);
    if (status != KD_OK)
        keys->count--;
    pthread_rwlock_unlock(&keys->lock);
    return status;
}

kd_status kd_keys_revoke(kd_keys *keys, kd_store *store, kd_str id, kd_err *err)
{
    kd_status status = KD_OK;
    size_t    same = 0;
    key      *k, gone;
    pthread_rwlock_wrlock(&keys->lock);
    k = find_id(keys, id);
    for (size_t i = 0; k && i < keys->count; i++)
        same += keys->keys[i].role == k->role;
    if (k == NULL) {
        status = kd_fail(err, KD_NOT_FOUND, "there is no key of this id");
    } else if (same == 1) {
        status = kd_fail(err, KD_CONFLICT, "this is the last %s key: make another one first", role_name(k->role));
    } else {
        size_t at = (size_t)(k - keys->keys);
        gone = *k;
        memmove(k, k + 1, (--keys->count - at) * sizeof *k);
        status = save(keys, store, &gone, true, err);
        if (status != KD_OK) { /* back in its place */
            memmove(k + 1, k, (keys->count++ - at) * sizeof *k);
            *k = gone;
        }
        sodium_memzero(&gone, sizeof gone);
    }
    pthread_rwlock_unlock(&keys->lock);
    return status;
}

void kd_keys_write_json(kd_jw *w, kd_keys *keys)
{
    kd_jw_array(w);
    pthread_rwlock_rdlock(&keys->lock);
    for (size_t i = 0; i < keys->count; i++)
        write_key_json(w, &keys->keys[i], false);
    pthread_rwlock_unlock(&keys->lock);
    kd_jw_array_end(w);
}

/* ---- user tokens ---------------------------------------------------------------------------------------------------------- */
static void token_mac(uint8_t mac[crypto_auth_hmacsha256_BYTES], const kd_keys *keys, kd_str user_id, kd_str expiry)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)keys->token_secret, strlen(keys->token_secret));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)user_id.ptr, user_id.len);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)expiry.ptr, expiry.len);
    crypto_auth_hmacsha256_final(&state, mac);
}

void kd_user_token_make(char out[KD_USER_TOKEN], const kd_keys *keys, kd_str user_id, int64_t expiry_s)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    int     len = snprintf(out, KD_USER_TOKEN, "%lld.", (long long)expiry_s);
    token_mac(mac, keys, user_id, (kd_str){ out, (size_t)len - 1 });
    sodium_bin2base64(out + len, KD_USER_TOKEN - (size_t)len, mac, sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

kd_status kd_user_token_check(const kd_keys *keys, kd_str user_id, kd_str token, int64_t now_ms, kd_err *err)
{
    uint8_t     mac[crypto_auth_hmacsha256_BYTES], given[crypto_auth_hmacsha256_BYTES];
    const char *dot = token.len ? memchr(token.ptr, '.', token.len) : NULL;
    kd_str      expiry = { token.ptr, dot ? (size_t)(dot - token.ptr) : 0 };
    int64_t     expiry_s;
    size_t      len = 0;
    if (dot == NULL || user_id.len == 0 || !kd_str_i64(&expiry_s, expiry))
        return kd_fail(err, KD_UNAUTHORIZED, "the user token is not of the form <expiry>.<signature>");
    if (sodium_base642bin(given, sizeof given, dot + 1, token.len - expiry.len - 1, "=", &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || len != sizeof given)
        return kd_fail(err, KD_UNAUTHORIZED, "the user token's signature is not base64url of 32 bytes");
    token_mac(mac, keys, user_id, expiry);
    if (sodium_memcmp(mac, given, sizeof mac) != 0)
        return kd_fail(err, KD_UNAUTHORIZED, "the user token does not belong to this user id");
    if (expiry_s < now_ms / 1000)
        return kd_fail(err, KD_UNAUTHORIZED, "the user token has expired");
    return KD_OK;
}

void kd_user_token_secret(char out[65], const kd_keys *keys)
{
    memcpy(out, keys->token_secret, sizeof keys->token_secret);
}
