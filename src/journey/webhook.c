#include "journey/webhook.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum { SET_BYTES_MAX = 4 << 20, PAGE_DOCS = 512, SEALED_MAX = 256 };
#define PREVIOUS_KEPT_MS KD_DAY_MS
static const char KIND[] = "webhook", PREFIX[] = "whsec_";

/* ---- documents as somebody writes them ------------------------------------------------------------------------------------- */

static bool starts_with(kd_str s, const char *prefix)
{
    return s.len >= strlen(prefix) && memcmp(s.ptr, prefix, strlen(prefix)) == 0;
}

static kd_status check_url(kd_str url, bool private_hosts, kd_err *err)
{
    bool tls = starts_with(url, "https://"), plain = starts_with(url, "http://");
    size_t scheme = tls ? 8 : 7;
    if (url.len == 0 || url.len > KD_WEBHOOK_URL_MAX)
        return kd_fail_field(err, KD_INVALID, "/url", url.len ? "the address is longer than %d bytes" : "an address is needed", KD_WEBHOOK_URL_MAX);
    if (!tls && !plain)
        return kd_fail_field(err, KD_INVALID, "/url", "the address does not begin with https://");
    if (plain && !private_hosts)
        return kd_fail_field(err, KD_INVALID, "/url", "plain http is for private networks: the setting webhook_private_hosts allows them");
    if (url.len == scheme || url.ptr[scheme] == '/')
        return kd_fail_field(err, KD_INVALID, "/url", "the address names no host");
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f)
            return kd_fail_field(err, KD_INVALID, "/url", "the address has a blank or control character at %zu", i);
    for (size_t i = scheme; i < url.len && url.ptr[i] != '/'; i++)
        if (url.ptr[i] == '@')
            return kd_fail_field(err, KD_INVALID, "/url", "an address with a password in it is not taken: messages are signed");
    return KD_OK;
}

static kd_status read_purpose(kd_purpose *out, const kd_json *doc, kd_err *err)
{
    kd_str name = kd_json_text(kd_json_get(doc, "purpose"));
    if (name.len == 0)
        return kd_fail_field(err, KD_INVALID, "/purpose", "say what the receiver does with it: operate, analyse, market-email, ...");
    if (!kd_purpose_parse(out, name) || *out == KD_PURPOSE_SENSITIVE)
        return kd_fail_field(err, KD_INVALID, "/purpose", "there is no purpose of this name that data could be handed on for");
    return KD_OK;
}

static bool add_kind(kd_webhook *hook, kd_str name)
{
    for (int kind = 0; kind < KD_KIND_DECISION; kind++)
        if (kd_str_is(name, kd_kind_name((kd_kind)kind)) && (kind == KD_KIND_CUSTOM || !kd_str_is(name, kd_kind_name(KD_KIND_CUSTOM)))) {
            hook->kinds[kind / 64] |= UINT64_C(1) << kind % 64;
            return true;
        }
    return false;
}

static kd_status read_events(kd_webhook *hook, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    const kd_json *list = kd_json_get(doc, "events");
    kd_str        *names;
    if (list && list->type != KD_JSON_NULL && list->type != KD_JSON_ARRAY)
        return kd_fail_field(err, KD_INVALID, "/events", "events is not an array of names");
    hook->all = !list || list->type == KD_JSON_NULL || list->count == 0;
    if (hook->all)
        return KD_OK;
    if (list->count > KD_WEBHOOK_EVENTS_MAX)
        return kd_fail_field(err, KD_LIMIT, "/events", "more than %d names", KD_WEBHOOK_EVENTS_MAX);
    names = KD_NEW(arena, kd_str, list->count);
    if (!names)
        return kd_fail_memory(err);
    for (const kd_json *node = list->child; node; node = node->next) {
        if (node->type != KD_JSON_STRING || node->text.len == 0)
            return kd_fail_field(err, KD_INVALID, "/events", "each of the events is a name");
        if (!add_kind(hook, node->text))
            names[hook->event_count++] = node->text;
    }
    hook->events = names;
    return KD_OK;
}

static kd_status read_switch(bool *out, const kd_json *doc, const char *key, const char *pointer, bool otherwise, kd_err *err)
{
    const kd_json *node = kd_json_get(doc, key);
    *out = otherwise;
    if (!node || node->type == KD_JSON_NULL)
        return KD_OK;
    if (node->type != KD_JSON_TRUE && node->type != KD_JSON_FALSE)
        return kd_fail_field(err, KD_INVALID, pointer, "%s is neither true nor false", key);
    *out = node->type == KD_JSON_TRUE;
    return KD_OK;
}

/* Everything but the secret. Texts borrow from `doc`. */
static kd_status read_doc(kd_webhook *hook, kd_str id, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    kd_str    from = kd_json_text(kd_json_get(doc, "from"));
    kd_status status;
    *hook = (kd_webhook){ .id = id, .name = kd_json_text(kd_json_get(doc, "name")), .url = kd_json_text(kd_json_get(doc, "url")) };
    if (from.len && !kd_str_is(from, "now") && !kd_str_is(from, "beginning"))
        return kd_fail_field(err, KD_INVALID, "/from", "from is neither \"now\" nor \"beginning\"");
    hook->from_beginning = kd_str_is(from, "beginning");
    status = read_purpose(&hook->purpose, doc, err);
    if (status == KD_OK)
        status = read_events(hook, doc, arena, err);
    return status == KD_OK ? read_switch(&hook->enabled, doc, "enabled", "/enabled", true, err) : status;
}

kd_status kd_webhook_check(kd_str id, const kd_json *doc, bool private_hosts, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(64 * 1024);
    kd_webhook hook;
    kd_status  status = arena ? KD_OK : kd_fail_memory(err);
    if (status == KD_OK && (id.len == 0 || id.len > KD_WEBHOOK_ID_MAX))
        status = kd_fail(err, KD_INVALID, "an id has 1 to %d characters", KD_WEBHOOK_ID_MAX);
    for (size_t i = 0; i < id.len && status == KD_OK; i++)
        if (!((id.ptr[i] | 32) >= 'a' && (id.ptr[i] | 32) <= 'z') && !(id.ptr[i] >= '0' && id.ptr[i] <= '9') && id.ptr[i] != '-' && id.ptr[i] != '_')
            status = kd_fail(err, KD_INVALID, "an id has letters, digits, '-' and '_' alone");
    if (status == KD_OK)
        status = read_doc(&hook, id, doc, arena, err);
    if (status == KD_OK)
        status = check_url(hook.url, private_hosts, err);
    kd_arena_free(arena);
    return status;
}

/* ---- secrets ------------------------------------------------------------------------------------------------------------------ */

static kd_str about(kd_arena *arena, kd_str id)
{
    kd_buf buf;
    kd_buf_init(&buf, arena);
    kd_buf_add_z(&buf, KIND);
    kd_buf_add_byte(&buf, ':');
    kd_buf_add_str(&buf, id);
    return kd_buf_str(&buf);
}

static kd_status seal_secret(kd_jw *w, const char *key, const uint8_t secret[32], kd_str id, const kd_vault *vault, kd_arena *arena, kd_err *err)
{
    char   text[SEALED_MAX];
    kd_buf sealed;
    kd_buf_init(&sealed, arena);
    kd_seal(&sealed, kd_vault_house_key(vault), about(arena, id), (kd_str){ (const char *)secret, 32 });
    if (sealed.failed)
        return kd_fail_memory(err);
    sodium_bin2base64(text, sizeof text, (const unsigned char *)sealed.ptr, sealed.len, sodium_base64_VARIANT_ORIGINAL);
    KD_JW_Z(w, key, text);
    return KD_OK;
}

static kd_status unseal_secret(uint8_t out[32], kd_str text, kd_str id, const kd_vault *vault, kd_arena *arena, kd_err *err)
{
    unsigned char sealed[SEALED_MAX];
    size_t        len = 0;
    kd_str        clear;
    kd_status     status;
    if (sodium_base642bin(sealed, sizeof sealed, text.ptr, text.len, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return kd_fail(err, KD_CORRUPT, "a webhook's secret does not read");
    status = kd_unseal(&clear, arena, kd_vault_house_key(vault), about(arena, id), (kd_str){ (const char *)sealed, len }, err);
    if (status == KD_OK && clear.len != 32)
        status = kd_fail(err, KD_CORRUPT, "a webhook's secret has a wrong length");
    if (status == KD_OK)
        memcpy(out, clear.ptr, 32);
    return status;
}

/* The old secret goes on signing for a day, beside the new one: receivers change at their leisure. */
static kd_status write_secrets(kd_jw *w, char told[KD_WEBHOOK_SECRET], kd_str id, const kd_json *old, bool rotate, const kd_vault *vault, int64_t now_ms,
                               kd_arena *arena, kd_err *err)
{
    kd_str    before = kd_json_text(kd_json_get(old, "secret"));
    uint8_t   secret[32];
    kd_status status;
    told[0] = '\0';
    if (before.len && !rotate) {
        const kd_json *previous = kd_json_get(old, "previous"), *until = kd_json_get(old, "previousUntil");
        KD_JW_STR(w, "secret", before);
        if (previous && until) {
            KD_JW_STR(w, "previous", previous->text);
            kd_jw_key(w, "previousUntil");
            kd_jw_node(w, until);
        }
        return KD_OK;
    }
    randombytes_buf(secret, sizeof secret);
    status = seal_secret(w, "secret", secret, id, vault, arena, err);
    if (status == KD_OK && before.len) {
        KD_JW_STR(w, "previous", before);
        KD_JW_I64(w, "previousUntil", now_ms + PREVIOUS_KEPT_MS);
    }
    memcpy(told, PREFIX, sizeof PREFIX);
    sodium_bin2base64(told + sizeof PREFIX - 1, KD_WEBHOOK_SECRET - sizeof PREFIX + 1, secret, sizeof secret, sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(secret, sizeof secret);
    return status;
}

kd_status kd_webhook_body(kd_buf *out, char secret[KD_WEBHOOK_SECRET], kd_str id, const kd_json *doc, const kd_json *old, bool rotate,
                          const kd_vault *vault, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    static const char *const kept[] = { "name", "url", "events", "purpose", "enabled", "from" };
    kd_jw     w;
    kd_status status;
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const kd_json *node = kd_json_get(doc, kept[i]);
        if (node && node->type != KD_JSON_NULL) {
            kd_jw_key(&w, kept[i]);
            kd_jw_node(&w, node);
        }
    }
    status = write_secrets(&w, secret, id, old, rotate, vault, now_ms, arena, err);
    kd_jw_object_end(&w);
    return status == KD_OK ? kd_buf_status(out, err) : status;
}

/* ---- the set ------------------------------------------------------------------------------------------------------------------- */

static kd_status read_stored(kd_webhook *hook, const kd_doc *doc, const kd_vault *vault, kd_arena *arena, kd_err *err)
{
    const kd_json *json = NULL;
    kd_str         previous;
    kd_status      status = kd_json_parse(&json, arena, doc->body.ptr, doc->body.len, err);
    if (status == KD_OK)
        status = read_doc(hook, kd_str_copy(arena, doc->id), json, arena, err);
    if (status != KD_OK)
        return status;
    hook->version = doc->version;
    status = unseal_secret(hook->secret, kd_json_text(kd_json_get(json, "secret")), hook->id, vault, arena, err);
    previous = kd_json_text(kd_json_get(json, "previous"));
    if (status == KD_OK && previous.len && kd_json_i64(&hook->previous_until_ms, kd_json_get(json, "previousUntil")))
        status = unseal_secret(hook->previous, previous, hook->id, vault, arena, err);
    return status;
}

/* They come by age, so that in a full list the oldest gives way. */
static bool note_ended(kd_webhook_set *set, kd_str id)
{
    kd_str copy = kd_str_copy(set->arena, id);
    if (copy.ptr)
        set->ended[set->ended_count++ % KD_WEBHOOKS_ENDED] = copy;
    return copy.ptr != NULL;
}

static kd_status load_docs(kd_webhook_set *set, kd_reader *reader, const kd_vault *vault, kd_arena *scratch, kd_err *err)
{
    uint64_t  after = 0;
    size_t    count = 1;
    kd_status status = KD_OK;
    while (status == KD_OK && count > 0) {
        kd_doc *docs;
        kd_arena_reset(scratch);
        status = kd_reader_docs(&docs, &count, reader, after, PAGE_DOCS, scratch, err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            kd_err why = { 0 };
            after = docs[i].version;
            if (kd_str_is(docs[i].kind, KIND) && docs[i].deleted && !note_ended(set, docs[i].id))
                status = kd_fail_memory(err);
            if (docs[i].deleted || !kd_str_is(docs[i].kind, KIND) || set->count == KD_WEBHOOKS_MAX)
                continue;
            if (read_stored(&set->items[set->count], &docs[i], vault, set->arena, &why) == KD_OK)
                set->count++;
            else
                kd_log(KD_LOG_WARN, "webhook", "document-unreadable", "version=%llu why=\"%s\"", (unsigned long long)docs[i].version, why.msg);
        }
    }
    return status;
}

kd_status kd_webhooks_load(kd_webhook_set **out, kd_reader *reader, const kd_vault *vault, kd_err *err)
{
    kd_webhook_set *set = calloc(1, sizeof *set);
    kd_arena       *scratch = kd_arena_new((size_t)64 << 20);
    kd_status       status = set && scratch && (set->arena = kd_arena_new(SET_BYTES_MAX)) && (set->items = KD_NEW(set->arena, kd_webhook, KD_WEBHOOKS_MAX))
                             && (set->ended = KD_NEW(set->arena, kd_str, KD_WEBHOOKS_ENDED))
                                 ? load_docs(set, reader, vault, scratch, err) : kd_fail_memory(err);
    kd_arena_free(scratch);
    if (status == KD_OK && set->ended_count > KD_WEBHOOKS_ENDED)
        set->ended_count = KD_WEBHOOKS_ENDED;
    if (status == KD_OK)
        *out = set;
    else
        kd_webhook_set_free(set);
    return status;
}

void kd_webhook_set_free(kd_webhook_set *set)
{
    if (!set)
        return;
    if (set->items)
        sodium_memzero(set->items, KD_WEBHOOKS_MAX * sizeof *set->items);
    kd_arena_free(set->arena);
    free(set);
}

/* ---- messages -------------------------------------------------------------------------------------------------------------------- */

bool kd_webhook_wants(const kd_webhook *hook, kd_kind kind, kd_str name)
{
    if ((unsigned)kind >= KD_KIND_DECISION)
        return false;
    if (hook->all || (hook->kinds[kind / 64] >> kind % 64 & 1))
        return true;
    for (size_t i = 0; i < hook->event_count; i++)
        if (kd_str_eq(hook->events[i], name))
            return true;
    return false;
}

/* What may identify somebody wherever it stands in an event, by its letters alone: "emailAddress", "E-Mail_Address". A bare
 * "name" is that of products, pages and campaigns; as a trait it is one all the same. */
typedef enum personal { PERSONAL_NOT, PERSONAL_CONTACT, PERSONAL_ACCOUNT } personal;
static personal personal_of(kd_str name)
{
    static const char *const contact[] = { "email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "mobilephone", "telephone", "address", "street",
                                           "zip", "zipcode", "postcode", "postalcode", "ip", "iban" };
    static const char *const account[] = { "firstname", "lastname", "fullname", "givenname", "familyname", "surname", "username", "birthday", "birthdate",
                                           "dateofbirth", "gender", "age", "avatar" };
    char   letters[24];
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = (char)(name.ptr[i] | 32);
        if (c < 'a' || c > 'z')
            continue;
        if (len == sizeof letters)
            return PERSONAL_NOT;
        letters[len++] = c;
    }
    for (size_t i = 0; i < sizeof contact / sizeof *contact; i++)
        if (kd_str_is((kd_str){ letters, len }, contact[i]))
            return PERSONAL_CONTACT;
    for (size_t i = 0; i < sizeof account / sizeof *account; i++)
        if (kd_str_is((kd_str){ letters, len }, account[i]))
            return PERSONAL_ACCOUNT;
    return PERSONAL_NOT;
}

/* Keys of the envelope by which somebody is recognised: data of the class "identity". */
static bool is_key(kd_str name)
{
    static const char *const names[] = { "userId", "anonymousId", "previousId", "externalIds", "user_id", "anonymous_id" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (kd_str_is(name, names[i]))
            return true;
    return false;
}

typedef struct filter { const kd_policy *policy; kd_purpose reader; kd_purposes allowed; } filter;

static bool may_tell_class(const filter *f, const char *name)
{
    return kd_may(kd_policy_class(f->policy, kd_str_z(name))->purposes, f->reader, f->allowed);
}

/* A field by its own document, and contact besides by its class: a document names one spelling, senders use many. */
static bool may_tell(const filter *f, kd_str field, personal what)
{
    return kd_may(kd_policy_of_trait(f->policy, field), f->reader, f->allowed) && (what != PERSONAL_CONTACT || may_tell_class(f, KD_CLASS_CONTACT));
}

static bool is_left_out(const filter *f, const kd_json *member, bool trait)
{
    const kd_str   type = kd_json_text(kd_json_get(member, "type")); /* {"type":"email","id":...} of externalIds */
    const personal what = personal_of(member->key), typed = type.len && kd_json_get(member, "id") ? personal_of(type) : PERSONAL_NOT;
    if (is_key(member->key) && !may_tell_class(f, KD_CLASS_IDENTITY))
        return true;
    if (typed != PERSONAL_NOT && !may_tell(f, type, typed))
        return true;
    return (trait || what != PERSONAL_NOT) && !may_tell(f, member->key, what);
}

/* A value with everything left out that does not serve the purpose: members of traits, keys, and personal names anywhere. */
static void write_filtered(kd_jw *w, const kd_json *node, const filter *f, bool traits)
{
    if (node->type == KD_JSON_OBJECT) {
        kd_jw_object(w);
        for (const kd_json *member = node->child; member; member = member->next) {
            bool these = kd_str_is(member->key, "traits") && member->type == KD_JSON_OBJECT;
            if (is_left_out(f, member, traits))
                continue;
            kd_jw_key_str(w, member->key);
            write_filtered(w, member, f, these);
        }
        kd_jw_object_end(w);
    } else if (node->type == KD_JSON_ARRAY) {
        kd_jw_array(w);
        for (const kd_json *item = node->child; item; item = item->next)
            if (!is_left_out(f, item, false)) /* an item has no name */
                write_filtered(w, item, f, false);
        kd_jw_array_end(w);
    } else {
        kd_jw_node(w, node);
    }
}

kd_status kd_webhook_message(kd_buf *out, bool *skipped, const kd_webhook *hook, const kd_event *event, const kd_fact *fact, kd_str body,
                             const kd_policy *policy, kd_purposes allowed, kd_arena *arena, kd_err *err)
{
    const filter   f = { policy, hook->purpose, allowed };
    const kd_json *json = NULL;
    char           person[KD_ID_TEXT], id[KD_ID_TEXT], time[25];
    kd_jw          w;
    kd_status      status;
    *skipped = !kd_may(kd_policy_of_event(policy, (kd_kind)event->kind, fact->name), hook->purpose, allowed);
    if (*skipped)
        return KD_OK;
    status = kd_json_parse(&json, arena, body.ptr, body.len, err);
    if (status != KD_OK)
        return status;
    kd_id_format(person, event->person);
    kd_id_format(id, event->id);
    kd_time_format(time, event->time_ms);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "type", kd_kind_name((kd_kind)event->kind));
    KD_JW_Z(&w, "timestamp", time);
    kd_jw_key(&w, "data");
    kd_jw_object(&w);
    if (!kd_id_is_nil(event->person))
        KD_JW_Z(&w, "personId", person);
    KD_JW_Z(&w, "id", id);
    if (fact->name.len)
        KD_JW_STR(&w, "name", fact->name);
    KD_JW_BOOL(&w, "claimed", fact->claimed);
    kd_jw_key(&w, "event");
    write_filtered(&w, json, &f, false);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
    return kd_buf_status(out, err);
}

void kd_webhook_message_id(char out[KD_WEBHOOK_MESSAGE_ID], const kd_webhook *hook, kd_id event)
{
    char id[KD_ID_TEXT];
    kd_id_format(id, event);
    snprintf(out, KD_WEBHOOK_MESSAGE_ID, "%s.%08x", id, (unsigned)kd_hash64(hook->id.ptr, hook->id.len, 0));
}

static void add_signature(char *out, const uint8_t secret[32], const char *id, const char *seconds, kd_str body)
{
    crypto_auth_hmacsha256_state state;
    unsigned char                mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, secret, 32);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)seconds, strlen(seconds));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.ptr, body.len);
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(out, "v1,", 3);
    sodium_bin2base64(out + 3, KD_WEBHOOK_SIGNATURE / 2 - 3, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
}

void kd_webhook_sign(char out[KD_WEBHOOK_SIGNATURE], const kd_webhook *hook, const char *id, int64_t now_ms, kd_str body)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)(now_ms / 1000));
    add_signature(out, hook->secret, id, seconds, body);
    if (hook->previous_until_ms > now_ms) {
        char *end = out + strlen(out);
        *end = ' ';
        add_signature(end + 1, hook->previous, id, seconds, body);
    }
}
