#include "api/users.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/user.h"

enum { USER_BYTES = 64 * 1024 };
static const int64_t invitation_ms = INT64_C(7) * 24 * 3600 * 1000;
#define KIND KD_STR("user")
#define OLD_PASSWORD_META "admin_password" /* of databases made when there was one admin */
#define ROLES_META "two_factor_roles"

kd_id kd_users_first(void)
{
    kd_id id = { { 0 } };
    id.b[15] = 1;
    return id;
}

static bool is_first(kd_id id) { return kd_id_eq(id, kd_users_first()); }

void kd_users_hash(uint8_t out[KD_USER_HASH], const kd_users *users, kd_str text)
{
    crypto_generichash(out, KD_USER_HASH, (const uint8_t *)text.ptr, text.len, users->hash_key, sizeof users->hash_key);
}

/* ---- on disk -------------------------------------------------------------------------------------------------------------- */
static void write_hex(kd_jw *w, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[2 * KD_USER_HASH + 1];
    KD_JW_Z(w, key, sodium_bin2hex(hex, sizeof hex, bytes, len));
}

static void write_stored(kd_jw *w, const kd_user *u)
{
    char hex[2 * KD_USER_HASH + 1];
    kd_jw_object(w);
    KD_JW_Z(w, "name", u->name);
    KD_JW_Z(w, "email", u->email);
    KD_JW_Z(w, "language", u->language);
    KD_JW_Z(w, "role", kd_role_name(u->role));
    KD_JW_BOOL(w, "disabled", u->disabled);
    KD_JW_I64(w, "created", u->created_ms);
    KD_JW_I64(w, "seen", u->seen_ms);
    KD_JW_Z(w, "password", u->password);
    KD_JW_I64(w, "step", (int64_t)u->used_step);
    if (u->has_totp)
        write_hex(w, "totp", u->totp, sizeof u->totp);
    if (u->has_pending)
        write_hex(w, "pending", u->pending, sizeof u->pending);
    kd_jw_key(w, "recovery");
    kd_jw_array(w);
    for (uint32_t i = 0; i < u->recovery_count; i++)
        kd_jw_z(w, sodium_bin2hex(hex, sizeof hex, u->recovery[i], KD_USER_HASH));
    kd_jw_array_end(w);
    if (u->invited_until_ms) {
        write_hex(w, "invitation", u->invitation, KD_USER_HASH);
        KD_JW_I64(w, "invitedUntil", u->invited_until_ms);
    }
    kd_jw_object_end(w);
}

static void read_text(char *out, size_t size, const kd_json *doc, const char *key)
{
    kd_str text = kd_json_text(kd_json_get(doc, key));
    size_t len = text.len < size ? text.len : size - 1;
    memcpy(out, text.ptr ? text.ptr : "", len);
    out[len] = '\0';
}

static bool read_hex(uint8_t *out, size_t len, kd_str hex)
{
    size_t got = 0;
    return hex.len == 2 * len && sodium_hex2bin(out, len, hex.ptr, hex.len, NULL, &got, NULL) == 0 && got == len;
}

static void read_stored(kd_user *u, const kd_json *doc)
{
    const kd_json *codes = kd_json_get(doc, "recovery");
    int64_t        step = 0;
    read_text(u->name, sizeof u->name, doc, "name");
    read_text(u->email, sizeof u->email, doc, "email");
    read_text(u->language, sizeof u->language, doc, "language");
    read_text(u->password, sizeof u->password, doc, "password");
    u->role = kd_role_parse(kd_json_text(kd_json_get(doc, "role")));
    u->disabled = kd_json_bool(kd_json_get(doc, "disabled"), false);
    kd_json_i64(&u->created_ms, kd_json_get(doc, "created"));
    kd_json_i64(&u->seen_ms, kd_json_get(doc, "seen"));
    kd_json_i64(&step, kd_json_get(doc, "step"));
    u->used_step = (uint64_t)step;
    u->has_totp = read_hex(u->totp, sizeof u->totp, kd_json_text(kd_json_get(doc, "totp")));
    u->has_pending = read_hex(u->pending, sizeof u->pending, kd_json_text(kd_json_get(doc, "pending")));
    for (const kd_json *c = codes ? codes->child : NULL; c && u->recovery_count < KD_RECOVERY_CODES; c = c->next)
        u->recovery_count += read_hex(u->recovery[u->recovery_count], KD_USER_HASH, c->text);
    if (read_hex(u->invitation, KD_USER_HASH, kd_json_text(kd_json_get(doc, "invitation"))))
        kd_json_i64(&u->invited_until_ms, kd_json_get(doc, "invitedUntil"));
}

static kd_str about_of(uint8_t out[20], kd_id id)
{
    memcpy(out, "user", 4);
    memcpy(out + 4, id.b, sizeof id.b);
    return (kd_str){ (const char *)out, 20 };
}

static kd_status commit_record(kd_users *users, const kd_record *record, bool gone, kd_err *err)
{
    kd_status status = KD_RETRY;
    for (int tries = 0; tries < 5 && (status == KD_RETRY || status == KD_UNKNOWN); tries++) {
        kd_txn *txn = NULL;
        if ((status = kd_txn_begin(&txn, users->store, kd_store_group_of(users->store, record->person), err)) != KD_OK)
            return status;
        status = gone ? kd_txn_record_delete(txn, record->person, record->kind, record->id, err) : kd_txn_records_put(txn, record, 1, err);
        if (status != KD_OK)
            kd_txn_rollback(txn);
        else
            status = kd_txn_commit(txn, err);
    }
    return status;
}

static kd_status save(kd_users *users, const kd_user *u, kd_err *err)
{
    uint8_t   about[20];
    kd_buf    text, sealed;
    kd_jw     w;
    kd_status status;
    kd_buf_init(&text, NULL);
    kd_buf_init(&sealed, NULL);
    kd_jw_init(&w, &text);
    write_stored(&w, u);
    if ((status = kd_buf_status(&text, err)) == KD_OK)
        kd_seal(&sealed, users->house, about_of(about, u->id), kd_buf_str(&text));
    if (status == KD_OK && (status = kd_buf_status(&sealed, err)) == KD_OK)
        status = commit_record(users, &(kd_record){ .kind = KIND, .id = u->id, .time_ms = u->created_ms, .body = kd_buf_str(&sealed) }, false, err);
    if (text.ptr)
        sodium_memzero(text.ptr, text.len);
    kd_buf_free(&text);
    kd_buf_free(&sealed);
    return status;
}

/* ---- open ------------------------------------------------------------------------------------------------------------------- */
static kd_status load_users(kd_users *users, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    kd_record *records = NULL;
    size_t     count = 0;
    kd_status  status = kd_reader_records(&records, &count, reader, (kd_id){ 0 }, KIND, (kd_id){ 0 }, KD_USERS_MAX, arena, err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_user          *u = &users->table[users->count];
        const kd_json *doc = NULL;
        uint8_t        about[20];
        kd_str         text;
        *u = (kd_user){ .id = records[i].id };
        status = kd_unseal(&text, arena, users->house, about_of(about, u->id), records[i].body, err);
        if (status == KD_OK)
            status = kd_json_parse(&doc, arena, text.ptr, text.len, err);
        if (status == KD_OK) {
            read_stored(u, doc);
            users->count++;
        }
    }
    return status;
}

static kd_status meta_of(kd_str *out, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err)
{
    kd_status status = kd_reader_meta(out, reader, name, arena, err);
    if (status == KD_NOT_FOUND)
        *out = (kd_str){ 0 };
    return status == KD_NOT_FOUND ? KD_OK : status;
}

static kd_status ensure_first(kd_users *users, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    kd_str    old;
    kd_user     *u = &users->table[users->count];
    kd_status status = KD_OK;
    for (size_t i = 0; i < users->count; i++)
        if (is_first(users->table[i].id))
            return KD_OK;
    if (users->count == KD_USERS_MAX)
        return kd_fail(err, KD_CORRUPT, "the first owner is missing");
    *u = (kd_user){ .id = kd_users_first(), .name = "Owner", .language = "en", .role = KD_USER_OWNER, .created_ms = kd_now(users->clock) };
    if ((status = meta_of(&old, reader, OLD_PASSWORD_META, arena, err)) == KD_OK && old.len < sizeof u->password)
        memcpy(u->password, old.ptr ? old.ptr : "", old.len);
    if (status == KD_OK && (status = save(users, u, err)) == KD_OK && old.len)
        status = kd_store_meta_put(users->store, OLD_PASSWORD_META, KD_STR(""), err);
    users->count += status == KD_OK;
    return status;
}

/* `kunde demo` prints a link and ends; the server that is started next honours it, until its time and once. */
static kd_status load_link(kd_users *users, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    kd_str    kept;
    kd_cut    cut;
    kd_status status = meta_of(&kept, reader, KD_LINK_META, arena, err);
    if (status != KD_OK || kept.len != KD_USER_HASH + 8)
        return status;
    memcpy(users->links[0].hash, kept.ptr, KD_USER_HASH);
    cut = kd_cut_from(kept.ptr + KD_USER_HASH, 8);
    users->links[0].until_ms = (int64_t)kd_cut_u64(&cut);
    users->links[0].user = kd_users_first();
    return kd_store_meta_put(users->store, KD_LINK_META, KD_STR(""), err);
}

static kd_status load(kd_users *users, kd_reader *reader, kd_err *err)
{
    kd_arena *arena = kd_arena_new((size_t)KD_USERS_MAX * USER_BYTES);
    kd_str    roles;
    int64_t   bits = 0;
    kd_status status = arena ? load_users(users, reader, arena, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = ensure_first(users, reader, arena, err);
    if (status == KD_OK)
        status = load_link(users, reader, arena, err);
    if (status == KD_OK && (status = meta_of(&roles, reader, ROLES_META, arena, err)) == KD_OK && kd_str_i64(&bits, roles))
        users->two_factor_roles = (uint32_t)bits;
    kd_arena_free(arena);
    return status;
}

kd_status kd_users_open(kd_users **out, kd_store *store, kd_reader *reader, const kd_vault *vault, kd_clock clock, kd_err *err)
{
    kd_users *users = sodium_init() < 0 ? NULL : calloc(1, sizeof *users);
    kd_status status;
    if (users == NULL)
        return kd_fail_memory(err);
    users->store = store;
    users->clock = clock;
    users->house = kd_vault_house_key(vault);
    kd_vault_derive(users->hash_key, vault, "user");
    kd_tries_init(&users->tries);
    pthread_mutex_init(&users->change_lock, NULL);
    pthread_mutex_init(&users->hash_lock, NULL);
    pthread_mutex_init(&users->lock, NULL);
    status = load(users, reader, err);
    if (status != KD_OK) {
        kd_users_close(users);
        return status;
    }
    *out = users;
    return KD_OK;
}

void kd_users_close(kd_users *users)
{
    if (users == NULL)
        return;
    pthread_mutex_destroy(&users->change_lock);
    pthread_mutex_destroy(&users->hash_lock);
    pthread_mutex_destroy(&users->lock);
    sodium_memzero(users, sizeof *users);
    free(users);
}

/* ---- shared with door.c ------------------------------------------------------------------------------------------------------ */
kd_user *kd_users_find(kd_users *users, kd_id id)
{
    for (size_t i = 0; i < users->count; i++)
        if (kd_id_eq(users->table[i].id, id))
            return &users->table[i];
    return NULL;
}

void kd_users_token(char text[KD_SESSION], uint8_t hash[KD_USER_HASH], const kd_users *users)
{
    uint8_t random[32];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(text, KD_SESSION, random, sizeof random);
    sodium_memzero(random, sizeof random);
    kd_users_hash(hash, users, (kd_str){ text, KD_SESSION - 1 });
}

bool kd_users_same_address(const char *a, kd_str b)
{
    return strlen(a) == b.len && strncasecmp(a, b.ptr, b.len) == 0;
}

/* ---- changes: a copy is changed and saved, then takes the old one's place ------------------------------------------------------- */
kd_status kd_users_begin(kd_user *out, kd_users *users, kd_id id, kd_err *err)
{
    kd_user *u;
    pthread_mutex_lock(&users->change_lock);
    pthread_mutex_lock(&users->lock);
    u = kd_users_find(users, id);
    if (u)
        *out = *u;
    pthread_mutex_unlock(&users->lock);
    if (u)
        return KD_OK;
    pthread_mutex_unlock(&users->change_lock);
    return kd_fail(err, KD_NOT_FOUND, "there is no user of this id");
}

kd_status kd_users_end(kd_users *users, kd_user *changed, kd_status status, kd_err *err)
{
    if (status == KD_OK)
        status = save(users, changed, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&users->lock);
        *kd_users_find(users, changed->id) = *changed;
        pthread_mutex_unlock(&users->lock);
    }
    pthread_mutex_unlock(&users->change_lock);
    sodium_memzero(changed, sizeof *changed);
    return status;
}

/* ---- managing ------------------------------------------------------------------------------------------------------------------------ */
static bool is_plain(kd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return kd_utf8_valid(text);
}

static kd_status check_change(const kd_user_change *c, kd_err *err)
{
    const char *at = c->email.len ? memchr(c->email.ptr, '@', c->email.len) : NULL;
    if (c->name.len > KD_USER_NAME_MAX || !is_plain(c->name))
        return kd_fail_field(err, KD_INVALID, "/name", "a name has at most %d bytes and no control characters", KD_USER_NAME_MAX);
    if (c->email.len && (c->email.len > KD_USER_EMAIL_MAX || !is_plain(c->email) || at == NULL || at == c->email.ptr || at + 1 == c->email.ptr + c->email.len
                         || memchr(c->email.ptr, ' ', c->email.len) != NULL))
        return kd_fail_field(err, KD_INVALID, "/email", "must be an e-mail address of at most %d bytes", KD_USER_EMAIL_MAX);
    if (c->language.len && !kd_str_is(c->language, "en") && !kd_str_is(c->language, "de"))
        return kd_fail_field(err, KD_INVALID, "/language", "must be \"en\" or \"de\"");
    return KD_OK;
}

/* Under the change lock: nobody else can take it meanwhile. */
static kd_status check_free(kd_users *users, kd_str email, kd_id id, kd_err *err)
{
    bool taken = false;
    pthread_mutex_lock(&users->lock);
    for (size_t i = 0; i < users->count && email.len; i++)
        taken = taken || (kd_users_same_address(users->table[i].email, email) && !kd_id_eq(users->table[i].id, id));
    pthread_mutex_unlock(&users->lock);
    return taken ? kd_fail_field(err, KD_CONFLICT, "/email", "another user has this e-mail address") : KD_OK;
}

static void set_text(char *out, kd_str text)
{
    if (text.len) {
        memcpy(out, text.ptr, text.len);
        out[text.len] = '\0';
    }
}

static void apply(kd_user *u, const kd_user_change *c)
{
    set_text(u->name, c->name);
    set_text(u->email, c->email);
    set_text(u->language, c->language);
    if (c->role != KD_USER_NOBODY)
        u->role = c->role;
    if (c->disabled)
        u->disabled = *c->disabled;
}

static void invite(char token[KD_SESSION], kd_user *u, const kd_users *users)
{
    kd_users_token(token, u->invitation, users);
    u->invited_until_ms = kd_now(users->clock) + invitation_ms;
}

static kd_id new_id(int64_t now_ms)
{
    kd_id id;
    randombytes_buf(id.b, sizeof id.b);
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)((uint64_t)now_ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

kd_status kd_users_create(char token[KD_SESSION], kd_id *id, kd_users *users, const kd_user_change *what, kd_err *err)
{
    kd_user      u = { .id = new_id(kd_now(users->clock)), .language = "en", .created_ms = kd_now(users->clock) };
    kd_status status = check_change(what, err);
    if (status != KD_OK)
        return status;
    if (what->name.len == 0 || what->email.len == 0)
        return kd_fail_field(err, KD_INVALID, what->name.len ? "/email" : "/name", "must be given");
    if (what->role == KD_USER_NOBODY)
        return kd_fail_field(err, KD_INVALID, "/role", "must be one of the roles");
    apply(&u, what);
    invite(token, &u, users);
    pthread_mutex_lock(&users->change_lock);
    if (users->count == KD_USERS_MAX)
        status = kd_fail(err, KD_LIMIT, "there are %d users already", KD_USERS_MAX);
    if (status == KD_OK)
        status = check_free(users, what->email, u.id, err);
    if (status == KD_OK)
        status = save(users, &u, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&users->lock);
        users->table[users->count++] = u;
        pthread_mutex_unlock(&users->lock);
        *id = u.id;
    }
    pthread_mutex_unlock(&users->change_lock);
    sodium_memzero(&u, sizeof u);
    return status;
}

kd_status kd_users_change(kd_users *users, kd_id id, const kd_user_change *what, kd_err *err)
{
    kd_user      u;
    kd_status status = check_change(what, err);
    if (status == KD_OK && is_first(id) && ((what->role != KD_USER_NOBODY && what->role != KD_USER_OWNER) || (what->disabled && *what->disabled)))
        return kd_fail(err, KD_CONFLICT, "the first owner stays an owner: the login link of the server is theirs");
    if (status != KD_OK || (status = kd_users_begin(&u, users, id, err)) != KD_OK)
        return status;
    status = check_free(users, what->email, id, err);
    apply(&u, what);
    return kd_users_end(users, &u, status, err);
}

kd_status kd_users_delete(kd_users *users, kd_id id, kd_err *err)
{
    kd_user      u;
    kd_status status;
    if (is_first(id))
        return kd_fail(err, KD_CONFLICT, "the first owner cannot be deleted: the login link of the server is theirs");
    if ((status = kd_users_begin(&u, users, id, err)) != KD_OK)
        return status;
    status = commit_record(users, &(kd_record){ .kind = KIND, .id = id }, true, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&users->lock);
        kd_user *gone = kd_users_find(users, id);
        *gone = users->table[--users->count];
        sodium_memzero(&users->table[users->count], sizeof *gone);
        kd_users_end_sessions(users, id);
        pthread_mutex_unlock(&users->lock);
    }
    pthread_mutex_unlock(&users->change_lock);
    sodium_memzero(&u, sizeof u);
    return status;
}

kd_status kd_users_invite(char token[KD_SESSION], kd_users *users, kd_id id, kd_err *err)
{
    kd_user      u;
    kd_status status = kd_users_begin(&u, users, id, err);
    if (status != KD_OK)
        return status;
    invite(token, &u, users);
    return kd_users_end(users, &u, KD_OK, err);
}

/* ---- told ---------------------------------------------------------------------------------------------------------------------------- */
static void write_when(kd_jw *w, const char *key, int64_t ms)
{
    char text[25];
    kd_time_format(text, ms);
    KD_JW_Z(w, key, ms ? text : NULL);
}

static void write_user(kd_jw *w, const kd_user *u, int64_t now_ms)
{
    char id[KD_ID_TEXT];
    kd_id_format(id, u->id);
    kd_jw_object(w);
    KD_JW_Z(w, "id", id);
    KD_JW_Z(w, "name", u->name);
    KD_JW_Z(w, "email", u->email[0] ? u->email : NULL);
    KD_JW_Z(w, "role", kd_role_name(u->role));
    KD_JW_Z(w, "language", u->language);
    KD_JW_BOOL(w, "first", is_first(u->id));
    KD_JW_BOOL(w, "disabled", u->disabled);
    KD_JW_BOOL(w, "passwordSet", u->password[0] != '\0');
    KD_JW_BOOL(w, "twoFactor", u->has_totp);
    KD_JW_I64(w, "recoveryCodes", u->recovery_count);
    KD_JW_BOOL(w, "invited", u->invited_until_ms > now_ms);
    write_when(w, "createdAt", u->created_ms);
    write_when(w, "lastLoginAt", u->seen_ms);
    kd_jw_object_end(w);
}

void kd_users_write(kd_jw *w, kd_users *users)
{
    const int64_t now_ms = kd_now(users->clock);
    kd_jw_array(w);
    pthread_mutex_lock(&users->lock);
    for (size_t i = 0; i < users->count; i++)
        write_user(w, &users->table[i], now_ms);
    pthread_mutex_unlock(&users->lock);
    kd_jw_array_end(w);
}

bool kd_users_write_one(kd_jw *w, kd_users *users, kd_id id)
{
    const kd_user *u;
    pthread_mutex_lock(&users->lock);
    u = kd_users_find(users, id);
    if (u)
        write_user(w, u, kd_now(users->clock));
    pthread_mutex_unlock(&users->lock);
    return u != NULL;
}

uint32_t kd_users_two_factor_roles(kd_users *users)
{
    uint32_t roles;
    pthread_mutex_lock(&users->lock);
    roles = users->two_factor_roles;
    pthread_mutex_unlock(&users->lock);
    return roles;
}

kd_status kd_users_set_two_factor_roles(kd_users *users, uint32_t roles, kd_err *err)
{
    char      text[16];
    kd_status status;
    snprintf(text, sizeof text, "%u", roles);
    pthread_mutex_lock(&users->change_lock);
    status = kd_store_meta_put(users->store, ROLES_META, kd_str_z(text), err);
    if (status == KD_OK) {
        pthread_mutex_lock(&users->lock);
        users->two_factor_roles = roles;
        pthread_mutex_unlock(&users->lock);
    }
    pthread_mutex_unlock(&users->change_lock);
    return status;
}
