/* Who comes in to /me, and by what. A token's bytes: version, use, detail, person (16), expiry in seconds (8, big-endian), then 32
 * bytes of HMAC-SHA256 over them; base64url. */
#include "api/me.h"

#include <sodium.h>
#include <stdio.h>

#include "customer/customers.h"

enum { TOKEN_VERSION = 1, SIGNED = 3 + 16 + 8, WHOLE = SIGNED + crypto_auth_hmacsha256_BYTES, SLOTS = 1024, CHANGES_A_MINUTE = 120 };

static void sign(uint8_t mac[crypto_auth_hmacsha256_BYTES], const kd_vault *vault, const void *text, size_t len)
{
    crypto_auth_hmacsha256_state state;
    uint8_t                      key[32];
    kd_vault_derive(key, vault, "me");
    crypto_auth_hmacsha256_init(&state, key, sizeof key);
    crypto_auth_hmacsha256_update(&state, text, len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(key, sizeof key);
}

void kd_me_token_make(char out[KD_ME_TOKEN], const kd_vault *vault, kd_me_use use, uint8_t detail, kd_id person, int64_t expiry_ms)
{
    uint8_t bytes[WHOLE] = { TOKEN_VERSION, (uint8_t)use, detail };
    memcpy(bytes + 3, person.b, sizeof person.b);
    for (int i = 0; i < 8; i++)
        bytes[19 + i] = (uint8_t)((uint64_t)(expiry_ms / 1000) >> (56 - 8 * i));
    sign(bytes + SIGNED, vault, bytes, SIGNED);
    sodium_bin2base64(out, KD_ME_TOKEN, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool kd_me_token_read(kd_id *person, uint8_t *detail, bool *expired, const kd_vault *vault, kd_me_use use, kd_str token, int64_t now_ms)
{
    uint8_t  bytes[WHOLE], mac[crypto_auth_hmacsha256_BYTES];
    uint64_t expiry_s = 0;
    size_t   len = 0;
    *expired = false;
    if (token.len == 0 || token.len >= KD_ME_TOKEN ||
        sodium_base642bin(bytes, sizeof bytes, token.ptr, token.len, NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || len != WHOLE)
        return false;
    sign(mac, vault, bytes, SIGNED);
    if (sodium_memcmp(mac, bytes + SIGNED, sizeof mac) != 0 || bytes[0] != TOKEN_VERSION || bytes[1] != (uint8_t)use)
        return false;
    for (int i = 0; i < 8; i++)
        expiry_s = expiry_s << 8 | bytes[19 + i];
    *expired = expiry_s < (uint64_t)(now_ms / 1000);
    *detail = bytes[2];
    memcpy(person->b, bytes + 3, sizeof person->b);
    return !*expired;
}

/* ---- the cookie ------------------------------------------------------------------------------------------------------------ */
void kd_me_set_cookie(kd_request *request, kd_id person)
{
    char   token[KD_ME_TOKEN] = "";
    kd_buf cookie;
    bool   ends = kd_id_is_nil(person);
    if (!ends)
        kd_me_token_make(token, request->parts->vault, KD_ME_SESSION, 0, person, request->now_ms + KD_ME_SESSION_S * INT64_C(1000));
    kd_buf_init(&cookie, request->arena);
    /* Lax, not Strict: the link stands in a mail, and the redirect from it must already bring the cookie. Forms carry a secret besides. */
    kd_buf_addf(&cookie, KD_ME_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s", token, ends ? 0 : KD_ME_SESSION_S,
                kd_str_is_nocase(kd_request_header(request, "X-Forwarded-Proto"), "https") ? "; Secure" : "");
    kd_request_reply_header(request, "Set-Cookie", kd_buf_str(&cookie));
}

bool kd_me_by_cookie(kd_me *out, kd_request *request)
{
    const kd_str cookie = kd_request_cookie(request, KD_ME_COOKIE);
    uint8_t      detail, mac[crypto_auth_hmacsha256_BYTES];
    bool         expired;
    kd_buf       text;
    *out = (kd_me){ .by_cookie = true };
    if (!kd_me_token_read(&out->person, &detail, &expired, request->parts->vault, KD_ME_SESSION, cookie, request->now_ms))
        return false;
    kd_buf_init(&text, request->arena);
    kd_buf_add_z(&text, "csrf:");
    kd_buf_add_str(&text, cookie);
    sign(mac, request->parts->vault, text.ptr, text.len);
    sodium_bin2base64(out->csrf, sizeof out->csrf, mac, 24, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return !text.failed;
}

/* ---- not too often ------------------------------------------------------------------------------------------------------------ */
/* Changes a minute of a person; persons whose ids meet share a slot, so that memory is bounded. */
static struct { pthread_mutex_t lock; struct { int64_t minute; uint32_t count; } slots[SLOTS]; } rate = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool kd_me_may_change(kd_request *request, const kd_me *me)
{
    const kd_str   value = me->owner.value;
    const uint64_t hash = kd_id_is_nil(me->person) ? kd_hash64(value.ptr, value.len, 7) : kd_hash64(me->person.b, sizeof me->person.b, 7);
    const int64_t  minute = request->now_ms / 60000;
    uint32_t       count;
    pthread_mutex_lock(&rate.lock);
    if (rate.slots[hash % SLOTS].minute != minute) {
        rate.slots[hash % SLOTS].minute = minute;
        rate.slots[hash % SLOTS].count = 0;
    }
    count = ++rate.slots[hash % SLOTS].count;
    pthread_mutex_unlock(&rate.lock);
    if (count <= CHANGES_A_MINUTE)
        return true;
    kd_err err = { 0 };
    request->retry_after_s = 60;
    kd_reply_problem(request, kd_fail(&err, KD_BUSY, "more than %d changes a minute", CHANGES_A_MINUTE), &err);
    return false;
}

/* ---- the API's ways in ------------------------------------------------------------------------------------------------------------ */
/* 128 random bits, as browser tags make them: an id that can be guessed proves nothing. */
static bool is_unguessable(kd_str id)
{
    kd_id uuid;
    if (id.len != 32)
        return kd_id_parse(&uuid, id);
    for (size_t i = 0; i < id.len; i++)
        if (!strchr("0123456789abcdefABCDEF", id.ptr[i]) || id.ptr[i] == '\0')
            return false;
    return true;
}

static kd_status by_ident(kd_me *out, kd_request *request, kd_key_type type, kd_str value, kd_err *err)
{
    kd_key    key;
    kd_status status = kd_key_make(&key, request->parts->vault, type, value, err);
    if (status != KD_OK)
        return kd_fail_field(err, KD_INVALID, kd_key_type_name(type), "is empty, too long or what SDKs send for nobody");
    out->owner = (kd_ident){ type, value, true };
    return kd_identity_find(&out->person, request->parts->identity, request->reader, &key, 1, err);
}

static kd_status by_key(kd_me *out, kd_request *request, const kd_caller *caller, kd_err *err)
{
    const kd_str user = kd_request_header(request, "Kunde-User-Id"), token = kd_request_header(request, "Kunde-User-Token"),
                 anonymous = kd_request_header(request, "Kunde-Anonymous-Id"), person = kd_request_header(request, "Kunde-Person-Id");
    const bool   trusted = caller->role == KD_ROLE_SERVER;
    kd_status    status;
    if (trusted && person.len)
        return kd_id_parse(&out->person, person) ? KD_OK : kd_fail_field(err, KD_INVALID, "Kunde-Person-Id", "must be a person id, a UUID");
    if (user.len) {
        status = trusted ? KD_OK : kd_user_token_check(request->parts->keys, user, token, request->now_ms, err);
        if (status != KD_OK) {
            atomic_fetch_add(&request->parts->counts.tokens_refused, 1);
            return kd_fail_field(err, KD_UNAUTHORIZED, "Kunde-User-Token", "is missing, wrong or expired: by a write key a user id needs it");
        }
        return by_ident(out, request, KD_KEY_USER, user, err);
    }
    if (anonymous.len == 0)
        return kd_fail_field(err, KD_INVALID, "Kunde-User-Id", "say whom it is about: the header Kunde-User-Id (with Kunde-User-Token) or Kunde-Anonymous-Id");
    if (!trusted && !is_unguessable(anonymous))
        return kd_fail_field(err, KD_INVALID, "Kunde-Anonymous-Id", "must be 128 random bits: a UUID, or 32 hexadecimal digits");
    out->alone = true;
    out->claimed = !trusted;
    return by_ident(out, request, KD_KEY_ANONYMOUS, anonymous, err);
}

bool kd_me_enter(kd_me *out, kd_request *request, bool changes)
{
    kd_caller caller;
    kd_err    err = { 0 };
    kd_status status = KD_OK;
    request->no_store = true;
    kd_request_reply_header(request, "Referrer-Policy", KD_STR("no-referrer"));
    if (kd_request_key(request).len == 0) {
        if (!kd_me_by_cookie(out, request))
            status = kd_fail(&err, KD_UNAUTHORIZED, "this needs a session of /me, or a key with Kunde-User-Id or Kunde-Anonymous-Id");
        else if (changes && kd_request_header(request, "Kunde-CSRF").len == 0) /* a header no form of another site can send */
            status = kd_fail_field(&err, KD_DENIED, "Kunde-CSRF", "the header is missing, which only the shop's own pages can send");
    } else {
        *out = (kd_me){ 0 };
        status = kd_caller_of(&caller, request, (kd_str){ 0 }, &err);
        if (status == KD_OK)
            status = by_key(out, request, &caller, &err);
    }
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    return status == KD_OK && (!changes || kd_me_may_change(request, out));
}

/* ---- what is known ------------------------------------------------------------------------------------------------------------------ */
/* Who they are together: copied, and let go before anybody's key is asked for. */
static kd_status copy_customer(kd_me_known *out, kd_request *request, const kd_me *me, kd_err *err)
{
    const kd_profile_caps caps = kd_profile_caps_default();
    kd_parts             *parts = request->parts;
    kd_customer           c;
    kd_id                *persons;
    kd_status             status = me->alone ? kd_customers_acquire_alone(&c, parts->customers, request->reader, me->person, err)
                                             : kd_customers_acquire(&c, parts->customers, request->reader, me->person, err);
    if (status != KD_OK)
        return status;
    persons = KD_NEW(request->arena, kd_id, c.person_count + 1);
    out->person = c.person;
    out->persons = persons;
    for (size_t i = 0; persons && i < c.person_count; i++)
        persons[out->person_count++] = c.persons[i];
    status = persons ? kd_profile_merge(&out->profile, c.profile, &caps, err) : kd_fail_memory(err);
    out->profile.trusts_claims = c.profile->trusts_claims;
    kd_customers_release(parts->customers, &c);
    return status;
}

kd_status kd_me_know(kd_me_known *out, kd_request *request, const kd_me *me, kd_err *err)
{
    kd_person *entry = NULL;
    kd_status  status = KD_NOT_FOUND;
    *out = (kd_me_known){ .known = false };
    if (!kd_id_is_nil(me->person))
        status = copy_customer(out, request, me, err);
    if (status == KD_OK)
        status = kd_people_acquire(&entry, request->parts->people, request->reader, out->person, err);
    if (status == KD_OK) {
        out->known = true;
        out->claimed = me->claimed;
        out->key = entry->key;
        out->head = entry->head;
        kd_people_release(request->parts->people, entry);
        status = kd_stated_read(&out->stated, &out->profile, request->arena, err);
    }
    if (status == KD_OK)
        return KD_OK;
    kd_me_unknow(out);
    *out = (kd_me_known){ .known = false };
    return status == KD_NOT_FOUND ? KD_OK : status; /* nobody is an answer */
}

void kd_me_unknow(kd_me_known *known)
{
    kd_profile_free(&known->profile);
    sodium_memzero(&known->key, sizeof known->key);
}
