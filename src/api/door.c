/* How users come in: links, passwords, second factors, invitations; and the sessions that begin with them. */
#include "api/user.h"

#include <ctype.h>
#include <stdio.h>

enum { SESSIONS_EACH = 16, LINK_MS = 15 * 60 * 1000, PASSWORD_MIN = 10, PASSWORD_MAX = 1024 };

/* ---- tickets: the lock is held ---------------------------------------------------------------------------------------------- */
/* In the place of the one that ends first; of the same user's when they have SESSIONS_EACH already, so that nobody logs the
 * others out by logging in. */
static kd_ticket *new_ticket(char text[KD_SESSION], const kd_users *users, kd_ticket *tickets, size_t count, kd_id id, int64_t until_ms)
{
    kd_ticket *oldest = &tickets[0], *own = NULL;
    size_t  mine = 0;
    for (size_t i = 0; i < count; i++) {
        if (tickets[i].until_ms < oldest->until_ms)
            oldest = &tickets[i];
        if (tickets[i].until_ms && kd_id_eq(tickets[i].user, id) && ++mine && (own == NULL || tickets[i].until_ms < own->until_ms))
            own = &tickets[i];
    }
    if (mine >= SESSIONS_EACH)
        oldest = own;
    *oldest = (kd_ticket){ .until_ms = until_ms, .user = id };
    kd_users_token(text, oldest->hash, users);
    return oldest;
}

static kd_ticket *find_ticket(const kd_users *users, kd_ticket *tickets, size_t count, kd_str text)
{
    uint8_t hash[KD_USER_HASH];
    kd_ticket *found = NULL;
    int64_t now_ms = kd_now(users->clock);
    if (text.len != KD_SESSION - 1)
        return NULL;
    kd_users_hash(hash, users, text);
    for (size_t i = 0; i < count; i++)
        if (tickets[i].until_ms > now_ms && sodium_memcmp(hash, tickets[i].hash, KD_USER_HASH) == 0)
            found = &tickets[i];
    return found;
}

static void new_session(char session[KD_SESSION], kd_users *users, kd_id id, bool by_link)
{
    new_ticket(session, users, users->sessions, KD_SESSIONS, id, kd_now(users->clock) + INT64_C(1000) * KD_SESSION_S)->by_link = by_link;
}

void kd_users_end_sessions(kd_users *users, kd_id id)
{
    for (size_t i = 0; i < KD_SESSIONS; i++)
        if (kd_id_eq(users->sessions[i].user, id))
            sodium_memzero(&users->sessions[i], sizeof users->sessions[i]);
}

/* ---- ways in -------------------------------------------------------------------------------------------------------------------- */
kd_status kd_users_link_new(char token[KD_SESSION], kd_users *users, bool keep, kd_err *err)
{
    kd_buf    kept;
    kd_ticket   *t;
    kd_status status = KD_OK;
    kd_buf_init(&kept, NULL);
    pthread_mutex_lock(&users->lock);
    t = new_ticket(token, users, users->links, KD_LINKS, kd_users_first(), kd_now(users->clock) + LINK_MS);
    kd_buf_add(&kept, t->hash, KD_USER_HASH);
    kd_put_u64(&kept, (uint64_t)t->until_ms);
    pthread_mutex_unlock(&users->lock);
    if (keep && (status = kd_buf_status(&kept, err)) == KD_OK)
        status = kd_store_meta_put(users->store, KD_LINK_META, kd_buf_str(&kept), err);
    kd_buf_free(&kept);
    return status;
}

kd_status kd_users_login_by_link(char session[KD_SESSION], kd_id *who, kd_users *users, kd_str token, kd_err *err)
{
    kd_ticket *t;
    pthread_mutex_lock(&users->lock);
    t = find_ticket(users, users->links, KD_LINKS, token);
    if (t) {
        *who = t->user;
        sodium_memzero(t, sizeof *t); /* once */
        kd_users_find(users, *who)->seen_ms = kd_now(users->clock); /* written with the next change of them */
        new_session(session, users, *who, true);
    }
    pthread_mutex_unlock(&users->lock);
    return t ? KD_OK : kd_fail(err, KD_UNAUTHORIZED, "the login link was used already, has expired, or was never given");
}

static kd_user *named_user(kd_users *users, kd_str name)
{
    kd_id id;
    if (name.len == 0)
        return kd_users_find(users, kd_users_first());
    if (kd_id_parse(&id, name))
        return kd_users_find(users, id);
    for (size_t i = 0; i < users->count; i++)
        if (users->table[i].email[0] && kd_users_same_address(users->table[i].email, name))
            return &users->table[i];
    return NULL;
}

static bool verify(kd_users *users, const char *stored, kd_str password)
{
    bool right;
    pthread_mutex_lock(&users->hash_lock);
    if (users->nobody[0] == '\0' && crypto_pwhash_str(users->nobody, "nobody", 6, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        users->nobody[0] = '\0';
    right = password.len <= PASSWORD_MAX && crypto_pwhash_str_verify(stored[0] ? stored : users->nobody, password.ptr ? password.ptr : "", password.len) == 0;
    pthread_mutex_unlock(&users->hash_lock);
    return right && stored[0] != '\0';
}

/* What the recovery codes are compared by: blanks, dashes and case do not count. */
static void hash_recovery(uint8_t out[KD_USER_HASH], const kd_users *users, kd_str code)
{
    char   plain[KD_RECOVERY_CODE];
    size_t n = 0;
    for (size_t i = 0; i < code.len && n < sizeof plain; i++)
        if (isalnum((unsigned char)code.ptr[i]))
            plain[n++] = (char)toupper((unsigned char)code.ptr[i]);
    kd_users_hash(out, users, (kd_str){ plain, n });
}

/* A code of the app, or a recovery code, is used up in `u`. */
static bool use_code(kd_user *u, const kd_users *users, kd_str code, int64_t now_ms)
{
    uint8_t hash[KD_USER_HASH];
    if (kd_totp_check(&u->used_step, u->totp, code, u->used_step, now_ms))
        return true;
    hash_recovery(hash, users, code);
    for (uint32_t i = 0; i < u->recovery_count; i++)
        if (sodium_memcmp(hash, u->recovery[i], KD_USER_HASH) == 0) {
            memmove(u->recovery[i], u->recovery[i + 1], (size_t)(--u->recovery_count - i) * KD_USER_HASH);
            return true;
        }
    return false;
}

/* The password was right: the second factor, and the time of the login. Under the change lock, so that two requests with the
 * same code cannot both be let in. */
static kd_status second_step(kd_users *users, kd_id id, const char *verified, kd_str code, kd_err *err)
{
    kd_user      u;
    int64_t   now_ms = kd_now(users->clock);
    kd_status status = kd_users_begin(&u, users, id, err);
    if (status != KD_OK)
        return status;
    if (u.disabled || strcmp(u.password, verified) != 0) /* changed while it was hashed */
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/password", "the user or the password is wrong");
    else if (u.has_totp && code.len == 0)
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/code", "the code of the second factor is asked for");
    else if (u.has_totp && !use_code(&u, users, code, now_ms))
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/code", "the code is wrong, has passed, or was used already");
    u.seen_ms = now_ms;
    return kd_users_end(users, &u, status, err);
}

kd_status kd_users_login(char session[KD_SESSION], kd_id *who, kd_users *users, const kd_login *login, kd_err *err)
{
    char      stored[crypto_pwhash_STRBYTES] = "";
    kd_user     *u;
    bool      none, disabled = false;
    kd_status status;
    *who = (kd_id){ 0 };
    pthread_mutex_lock(&users->lock);
    u = named_user(users, login->user);
    none = u && u->password[0] == '\0' && login->user.len == 0;
    if (u) {
        *who = u->id;
        disabled = u->disabled;
        memcpy(stored, u->password, sizeof stored);
    }
    status = kd_tries_begin(&users->tries, *who, login->address, kd_now(users->clock), err);
    pthread_mutex_unlock(&users->lock);
    if (status != KD_OK)
        return status;
    if (none)
        return kd_fail_field(err, KD_UNAUTHORIZED, "/password", "no password is set; use the login link that the server prints");
    if (!verify(users, stored, login->password) || disabled)
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/password", "the user or the password is wrong");
    else
        status = second_step(users, *who, stored, login->code, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&users->lock);
        kd_tries_forget(&users->tries, *who, login->address);
        new_session(session, users, *who, false);
        pthread_mutex_unlock(&users->lock);
    }
    sodium_memzero(stored, sizeof stored);
    return status;
}

bool kd_users_session(kd_session *out, kd_users *users, kd_str session)
{
    const kd_ticket *t;
    const kd_user   *u = NULL;
    if (session.len == 0)
        return false;
    pthread_mutex_lock(&users->lock);
    t = find_ticket(users, users->sessions, KD_SESSIONS, session);
    u = t ? kd_users_find(users, t->user) : NULL;
    if (u && !u->disabled)
        *out = (kd_session){ .user = u->id, .role = u->role, .by_link = t->by_link,
                             .needs_two_factor = !u->has_totp && (users->two_factor_roles & 1u << u->role) != 0 };
    else
        u = NULL;
    pthread_mutex_unlock(&users->lock);
    return u != NULL;
}

void kd_users_session_end(kd_users *users, kd_str session)
{
    kd_ticket *t;
    pthread_mutex_lock(&users->lock);
    t = find_ticket(users, users->sessions, KD_SESSIONS, session);
    if (t)
        sodium_memzero(t, sizeof *t);
    pthread_mutex_unlock(&users->lock);
}

/* ---- passwords ------------------------------------------------------------------------------------------------------------------- */
static kd_status hash_password(char out[crypto_pwhash_STRBYTES], kd_users *users, kd_str password, kd_err *err)
{
    int failed;
    if (password.len < PASSWORD_MIN || password.len > PASSWORD_MAX)
        return kd_fail_field(err, KD_INVALID, "/password", "a password has %d to %d characters", PASSWORD_MIN, PASSWORD_MAX);
    memset(out, 0, crypto_pwhash_STRBYTES);
    pthread_mutex_lock(&users->hash_lock);
    failed = crypto_pwhash_str(out, password.ptr, password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE);
    pthread_mutex_unlock(&users->hash_lock);
    return failed ? kd_fail(err, KD_LIMIT, "no memory to hash the password") : KD_OK;
}

bool kd_users_has_password(kd_users *users, kd_id id)
{
    const kd_user *u;
    bool        has;
    pthread_mutex_lock(&users->lock);
    u = kd_users_find(users, id);
    has = u && u->password[0] != '\0';
    pthread_mutex_unlock(&users->lock);
    return has;
}

kd_status kd_users_set_password(kd_users *users, kd_id id, kd_str password, kd_str current, bool check, kd_err *err)
{
    char      stored[crypto_pwhash_STRBYTES] = "", hash[crypto_pwhash_STRBYTES];
    kd_user      u;
    kd_status status;
    pthread_mutex_lock(&users->lock);
    if (kd_users_find(users, id))
        memcpy(stored, kd_users_find(users, id)->password, sizeof stored);
    status = check && stored[0] ? kd_tries_begin(&users->tries, id, KD_STR("(inside)"), kd_now(users->clock), err) : KD_OK;
    pthread_mutex_unlock(&users->lock);
    if (status == KD_OK && check && stored[0] && !verify(users, stored, current))
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/current", "the password until now is wrong");
    if (status == KD_OK)
        status = hash_password(hash, users, password, err);
    sodium_memzero(stored, sizeof stored);
    if (status != KD_OK || (status = kd_users_begin(&u, users, id, err)) != KD_OK)
        return status;
    memcpy(u.password, hash, sizeof hash);
    status = kd_users_end(users, &u, KD_OK, err);
    if (status == KD_OK) { /* whoever knew the old password is out */
        pthread_mutex_lock(&users->lock);
        kd_users_end_sessions(users, id);
        pthread_mutex_unlock(&users->lock);
    }
    return status;
}

kd_status kd_users_accept(char session[KD_SESSION], kd_id *who, kd_users *users, kd_str token, kd_str password, kd_err *err)
{
    static const char *const none = "the invitation was used already, has expired, or was never given";
    char      hash[crypto_pwhash_STRBYTES];
    uint8_t   given[KD_USER_HASH];
    bool      found = false;
    kd_user      u;
    kd_status status;
    if (token.len != KD_SESSION - 1)
        return kd_fail_field(err, KD_UNAUTHORIZED, "/token", "%s", none);
    kd_users_hash(given, users, token);
    pthread_mutex_lock(&users->lock);
    for (size_t i = 0; i < users->count; i++)
        if (users->table[i].invited_until_ms > kd_now(users->clock) && !users->table[i].disabled && sodium_memcmp(given, users->table[i].invitation, KD_USER_HASH) == 0) {
            *who = users->table[i].id;
            found = true;
        }
    pthread_mutex_unlock(&users->lock);
    if (!found)
        return kd_fail_field(err, KD_UNAUTHORIZED, "/token", "%s", none);
    if ((status = hash_password(hash, users, password, err)) != KD_OK || (status = kd_users_begin(&u, users, *who, err)) != KD_OK)
        return status;
    if (u.invited_until_ms == 0 || sodium_memcmp(given, u.invitation, KD_USER_HASH) != 0) /* somebody was faster */
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/token", "%s", none);
    memcpy(u.password, hash, sizeof hash);
    memset(u.invitation, 0, sizeof u.invitation);
    u.invited_until_ms = 0;
    u.seen_ms = kd_now(users->clock);
    status = kd_users_end(users, &u, status, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&users->lock);
        kd_users_end_sessions(users, *who);
        new_session(session, users, *who, false);
        pthread_mutex_unlock(&users->lock);
    }
    return status;
}

/* ---- the second factor ------------------------------------------------------------------------------------------------------------- */
kd_status kd_users_totp_begin(uint8_t secret[KD_TOTP_SECRET], kd_users *users, kd_id id, kd_err *err)
{
    kd_user      u;
    kd_status status = kd_users_begin(&u, users, id, err);
    if (status != KD_OK)
        return status;
    if (u.has_totp)
        status = kd_fail(err, KD_CONFLICT, "a second factor is in force already; end it first");
    randombytes_buf(u.pending, sizeof u.pending);
    u.has_pending = true;
    if (status == KD_OK)
        memcpy(secret, u.pending, sizeof u.pending);
    return kd_users_end(users, &u, status, err);
}

static void new_recovery(char codes[KD_RECOVERY_CODES][KD_RECOVERY_CODE], kd_user *u, const kd_users *users)
{
    for (uint32_t i = 0; i < KD_RECOVERY_CODES; i++) {
        uint8_t random[6]; /* 50 bits are shown: ten characters, a dash in the middle */
        char    text[12];
        randombytes_buf(random, sizeof random);
        kd_base32(text, random, sizeof random);
        snprintf(codes[i], KD_RECOVERY_CODE, "%.5s-%.5s", text, text + 5);
        hash_recovery(u->recovery[i], users, kd_str_z(codes[i]));
    }
    u->recovery_count = KD_RECOVERY_CODES;
}

/* One try more at a code inside a session. */
static kd_status begin_code(kd_users *users, kd_id id, kd_err *err)
{
    kd_status status;
    pthread_mutex_lock(&users->lock);
    status = kd_tries_begin(&users->tries, id, KD_STR("(inside)"), kd_now(users->clock), err);
    pthread_mutex_unlock(&users->lock);
    return status;
}

kd_status kd_users_totp_confirm(char codes[KD_RECOVERY_CODES][KD_RECOVERY_CODE], kd_users *users, kd_id id, kd_str code, kd_err *err)
{
    kd_user      u;
    kd_status status = begin_code(users, id, err);
    if (status != KD_OK || (status = kd_users_begin(&u, users, id, err)) != KD_OK)
        return status;
    if (!u.has_pending)
        status = kd_fail(err, KD_CONFLICT, u.has_totp ? "a second factor is in force already; end it first" : "ask for a secret first");
    else if (!kd_totp_check(&u.used_step, u.pending, code, 0, kd_now(users->clock)))
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/code", "the code is wrong or has passed: does the clock of the telephone go right?");
    memcpy(u.totp, u.pending, sizeof u.totp);
    sodium_memzero(u.pending, sizeof u.pending);
    u.has_pending = false;
    u.has_totp = true;
    if (status == KD_OK)
        new_recovery(codes, &u, users);
    return kd_users_end(users, &u, status, err);
}

kd_status kd_users_totp_end(kd_users *users, kd_id id, kd_str code, bool check, kd_err *err)
{
    kd_user      u;
    kd_status status = check ? begin_code(users, id, err) : KD_OK;
    if (status != KD_OK || (status = kd_users_begin(&u, users, id, err)) != KD_OK)
        return status;
    if (check && u.has_totp && !use_code(&u, users, code, kd_now(users->clock)))
        status = kd_fail_field(err, KD_UNAUTHORIZED, "/code", "the code is wrong, has passed, or was used already");
    u.has_totp = u.has_pending = false;
    u.recovery_count = 0;
    sodium_memzero(u.totp, sizeof u.totp);
    sodium_memzero(u.pending, sizeof u.pending);
    memset(u.recovery, 0, sizeof u.recovery);
    return kd_users_end(users, &u, status, err);
}
