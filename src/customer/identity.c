#include "customer/identity.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/map.h"

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

static const char *const key_names[] = { "", "anonymousId", "deviceId", "phone", "email", "card", "userId", "tillCustomerNumber", "receiptId" };
static const char *const link_names[KD_LINK_KINDS] = { "", "login", "alias", "order", "card", "verified", "staff", "apart", "typed" };
enum { KEY_TYPES = sizeof key_names / sizeof *key_names, PHONE_DIGITS_MAX = 15 };

int kd_key_strength(unsigned type)
{
    static const uint8_t strengths[KEY_TYPES] = { [KD_KEY_RECEIPT] = 1, [KD_KEY_DEVICE] = 2, [KD_KEY_ANONYMOUS] = 3, /* own kinds: 4 */
                                                  [KD_KEY_PHONE] = 5, [KD_KEY_EMAIL] = 6, [KD_KEY_CARD] = 7, [KD_KEY_TILL] = 8, [KD_KEY_USER] = 9 };
    return type >= KD_KEY_OWN_FIRST && type <= KD_KEY_OWN_LAST ? 4 : type < KEY_TYPES ? strengths[type] : 0;
}

const char *kd_link_kind_name(unsigned kind)
{
    return kind < KD_LINK_KINDS ? link_names[kind] : "";
}

kd_link_kind kd_link_kind_parse(kd_str name)
{
    for (int kind = 1; kind < KD_LINK_KINDS; kind++)
        if (kd_str_is(name, link_names[kind]))
            return (kd_link_kind)kind;
    return (kd_link_kind)0;
}

const char *kd_key_type_name(kd_key_type type)
{
    return (unsigned)type < KEY_TYPES ? key_names[type] : "";
}

kd_key_type kd_key_type_parse(kd_str name)
{
    for (int type = KD_KEY_ANONYMOUS; type < KEY_TYPES; type++)
        if (kd_str_is(name, key_names[type]))
            return (kd_key_type)type;
    return KD_KEY_NONE;
}

bool kd_key_is_nobody(kd_str value)
{
    static const char *const words[] = { "null", "(null)", "nil", "none", "undefined", "nan", "anonymous", "guest", "unknown", "n/a",
                                         "true", "false", "-1", "[object object]", "(not set)" };
    size_t i = 0;
    while (i < value.len && (value.ptr[i] == '0' || value.ptr[i] == '-'))
        i++;
    if (i == value.len) /* "0", "00000000-0000-0000-0000-000000000000" */
        return true;
    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (kd_str_is_nocase(value, words[i]))
            return true;
    return false;
}

static kd_str normal_email(char *out, kd_str value)
{
    for (size_t i = 0; i < value.len; i++)
        out[i] = value.ptr[i] >= 'A' && value.ptr[i] <= 'Z' ? (char)(value.ptr[i] + ('a' - 'A')) : value.ptr[i];
    return (kd_str){ out, value.len };
}

/* "0171 1234567", "+49 (0)171 1234567" and "0049 171 1234567" are one number. Italy's zero belongs to the number and stays.
 * Without a country a national number is its digits. */
static kd_str normal_phone(char *out, kd_str value, const char *country)
{
    char   digits[KD_KEY_VALUE_MAX];
    size_t count = 0, len = 0, from = 0, country_len = strlen(country);
    bool   plus = false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '+' && count == 0)
            plus = true;
        else if (plus && i + 2 < value.len && memcmp(value.ptr + i, "(0)", 3) == 0)
            i += 2;
        else if (value.ptr[i] >= '0' && value.ptr[i] <= '9')
            digits[count++] = value.ptr[i];
    }
    if (!plus && country_len && count > 2 && digits[0] == '0' && digits[1] == '0') {
        plus = true;
        from = 2;
    } else if (!plus && country_len && count) {
        if (digits[0] == '0' && strcmp(country, "39") != 0)
            from = 1;
        if (count - from + country_len > PHONE_DIGITS_MAX)
            country_len = 0; /* too long to be a national number: whatever it is, no country is made up for it */
        else
            plus = true;
        if (plus)
            len = country_len;
    }
    if (count - from == 0 || count - from + len + 1 > KD_KEY_VALUE_MAX)
        return (kd_str){ out, 0 };
    if (plus)
        out[0] = '+';
    memcpy(out + plus, country, len);
    memcpy(out + plus + len, digits + from, count - from);
    return (kd_str){ out, plus + len + count - from };
}

kd_status kd_key_make(kd_key *out, const kd_vault *vault, kd_key_type type, kd_str value, kd_err *err)
{
    const char *name = type >= KD_KEY_OWN_FIRST ? "id" : kd_key_type_name(type);
    char        normal[KD_KEY_VALUE_MAX];
    kd_str      text = kd_str_trim(value);
    if (kd_key_strength(type) == 0)
        return kd_fail(err, KD_INVALID, "there is no identity key of type %d", (int)type);
    if (text.len > KD_KEY_VALUE_MAX)
        return kd_fail_field(err, KD_INVALID, name, "%s is longer than %d bytes", name, KD_KEY_VALUE_MAX);
    if (type == KD_KEY_EMAIL)
        text = normal_email(normal, text);
    else if (type == KD_KEY_PHONE)
        text = normal_phone(normal, text, kd_vault_country(vault));
    if (!text.len)
        return kd_fail_field(err, KD_INVALID, name, "%s is empty", name);
    if (kd_key_is_nobody(text))
        return kd_fail_field(err, KD_INVALID, name, "%s is a placeholder that stands for nobody", name);
    out->type = (uint8_t)type;
    kd_vault_hash(out->hash, vault, out->type, text);
    return KD_OK;
}

/* ---- the cache ---------------------------------------------------------------------------------------------------------- */

/* A key's person never changes, so a cache of them needs no invalidation, and a lost entry costs one read. Shards of sets of
 * WAYS entries: a set that is full doubles its shard's table while the bound allows, then replaces its entries in turn.
 *
 * Keys that nobody has are remembered as well (person nil), or a visitor whose events a browser holds back would cost a read of
 * the store at every decision. Linking a key puts its person over that. A reader that looked into the store before the link and
 * comes back after it must not put its miss there again: `made` moves between, and the miss is dropped. Misses never
 * take a place from a person, and make the table grow to a share of the bound only. */
enum { SHARDS = 16, WAYS = 8, FIRST_SETS = 8, RETRIES_MAX = 8, MISSES_SHARE = 8 };

typedef struct cached {
    kd_key key;     /* type 0: free */
    kd_id  person;  /* nil: nobody has this key */
} cached;

typedef struct shard {
    pthread_mutex_t lock;   /* guards all below */
    cached         *entries;
    size_t          sets;   /* a power of two; 0 before the first entry */
    unsigned        turn;   /* which way is replaced next */
} shard;

struct kd_identity {
    kd_store *store;
    size_t    shard_bytes_max;
    _Atomic uint64_t forgotten; /* moves before persons are taken out: what was read of the store before then is not remembered */
    _Atomic uint64_t made; /* moves after keys were linked, before the cache says so */
    shard     shards[SHARDS];
};

/* The hash is keyed and uniform: its bytes serve as they are, the first for the shard, others for the set. */
static shard *shard_of(kd_identity *identity, const kd_key *key)
{
    return &identity->shards[key->hash[0] % SHARDS];
}

static cached *set_of(cached *entries, size_t sets, const kd_key *key)
{
    uint64_t h;
    memcpy(&h, key->hash + 8, sizeof h);
    return entries + (h & (sets - 1)) * WAYS;
}

static bool key_eq(const kd_key *a, const kd_key *b)
{
    return a->type == b->type && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

static bool cache_get(kd_id *person, kd_identity *identity, const kd_key *key)
{
    shard *s = shard_of(identity, key);
    bool   hit = false;
    pthread_mutex_lock(&s->lock);
    if (s->sets) {
        const cached *set = set_of(s->entries, s->sets, key);
        for (int i = 0; i < WAYS && !hit; i++)
            if (key_eq(&set[i].key, key)) {
                *person = set[i].person;
                hit = true;
            }
    }
    pthread_mutex_unlock(&s->lock);
    return hit;
}

/* Its own place, a free one, or that of a miss. A miss never takes the place of its own key's person. */
static bool set_put(cached *set, const cached *entry)
{
    cached *place = NULL;
    for (int i = 0; i < WAYS; i++) {
        if (key_eq(&set[i].key, &entry->key)) {
            if (!kd_id_is_nil(entry->person))
                set[i] = *entry;
            return true;
        }
        if (!set[i].key.type && (!place || place->key.type))
            place = &set[i];
        else if (!place && kd_id_is_nil(set[i].person))
            place = &set[i];
    }
    if (place)
        *place = *entry;
    return place != NULL;
}

/* Twice the sets. Each old set falls into two new ones, so nothing can overflow. */
static bool grow(shard *s, size_t bytes_max)
{
    size_t  sets = s->sets ? s->sets * 2 : FIRST_SETS;
    cached *entries;
    if (sets * WAYS * sizeof *entries > bytes_max || !(entries = calloc(sets * WAYS, sizeof *entries)))
        return false;
    for (size_t i = 0; i < s->sets * WAYS; i++)
        if (s->entries[i].key.type)
            set_put(set_of(entries, sets, &s->entries[i].key), &s->entries[i]);
    free(s->entries);
    s->entries = entries;
    s->sets = sets;
    return true;
}

/* Its person when `forgotten` was what it is said to be. */
static void cache_put(kd_identity *identity, const kd_key *key, kd_id person, uint64_t forgotten)
{
    shard *s = shard_of(identity, key);
    cached entry = { *key, person };
    pthread_mutex_lock(&s->lock);
    if (atomic_load(&identity->forgotten) != forgotten) {
        pthread_mutex_unlock(&s->lock);
        return;
    }
    if (!s->sets)
        grow(s, identity->shard_bytes_max);
    if (s->sets && !set_put(set_of(s->entries, s->sets, key), &entry)) {
        if (!grow(s, identity->shard_bytes_max) || !set_put(set_of(s->entries, s->sets, key), &entry))
            set_of(s->entries, s->sets, key)[s->turn++ % WAYS] = entry;
    }
    pthread_mutex_unlock(&s->lock);
}

/* Nobody had this key when `made` was what it is said to be. */
static void cache_put_miss(kd_identity *identity, const kd_key *key, uint64_t made)
{
    shard *s = shard_of(identity, key);
    cached entry = { .key = *key };
    pthread_mutex_lock(&s->lock);
    if (atomic_load(&identity->made) == made) {
        if (!s->sets)
            grow(s, identity->shard_bytes_max);
        if (s->sets && !set_put(set_of(s->entries, s->sets, key), &entry) && grow(s, identity->shard_bytes_max / MISSES_SHARE))
            set_put(set_of(s->entries, s->sets, key), &entry);
    }
    pthread_mutex_unlock(&s->lock);
}

kd_status kd_identity_open(kd_identity **out, kd_store *store, size_t cache_bytes_max, kd_err *err)
{
    kd_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return kd_fail_memory(err);
    identity->store = store;
    identity->shard_bytes_max = cache_bytes_max / SHARDS;
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&identity->shards[i].lock, NULL);
    *out = identity;
    return KD_OK;
}

void kd_identity_close(kd_identity *identity)
{
    if (!identity)
        return;
    for (int i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&identity->shards[i].lock);
        free(identity->shards[i].entries);
    }
    free(identity);
}

void kd_identity_forget(kd_identity *identity, const kd_id *persons, size_t count)
{
    atomic_fetch_add(&identity->forgotten, 1);
    for (int i = 0; i < SHARDS; i++) {
        shard *s = &identity->shards[i];
        pthread_mutex_lock(&s->lock);
        for (size_t e = 0; e < s->sets * WAYS; e++)
            for (size_t p = 0; p < count; p++)
                if (s->entries[e].key.type && kd_id_eq(s->entries[e].person, persons[p]))
                    s->entries[e] = (cached){ 0 };
        pthread_mutex_unlock(&s->lock);
    }
}

size_t kd_identity_bytes(const kd_identity *identity)
{
    size_t bytes = sizeof *identity;
    for (int i = 0; i < SHARDS; i++) {
        shard *s = (shard *)(uintptr_t)&identity->shards[i]; /* a lock is no part of the value */
        pthread_mutex_lock(&s->lock);
        bytes += s->sets * WAYS * sizeof *s->entries;
        pthread_mutex_unlock(&s->lock);
    }
    return bytes;
}

/* ---- persons ------------------------------------------------------------------------------------------------------------- */

/* What is asked of the store: the keys the cache did not have, and where their persons go. */
typedef struct asked {
    kd_key  *keys;
    kd_id   *persons;
    size_t  *at;
    size_t   count;
} asked;

static bool asked_new(asked *a, size_t room)
{
    *a = (asked){ .keys = malloc(room * sizeof *a->keys), .persons = calloc(room, sizeof *a->persons),
                  .at = malloc(room * sizeof *a->at) };
    return a->keys && a->persons && a->at;
}

static void asked_free(asked *a)
{
    free(a->keys);
    free(a->persons);
    free(a->at);
}

kd_status kd_identity_find(kd_id *persons, kd_identity *identity, kd_reader *reader, const kd_key *keys, size_t count, kd_err *err)
{
    const uint64_t made = atomic_load(&identity->made), forgotten = atomic_load(&identity->forgotten);
    kd_status      status = KD_OK;
    asked          a = { 0 };
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        persons[i] = (kd_id){ { 0 } };
        if (cache_get(&persons[i], identity, &keys[i]))
            continue;
        if (!a.keys && !asked_new(&a, count - i)) {
            status = kd_fail_memory(err);
        } else {
            a.keys[a.count] = keys[i];
            a.at[a.count++] = i;
        }
    }
    if (status == KD_OK && a.count)
        status = kd_reader_keys(a.persons, reader, a.keys, a.count, err);
    for (size_t i = 0; i < a.count && status == KD_OK; i++) {
        persons[a.at[i]] = a.persons[i];
        if (kd_id_is_nil(a.persons[i]))
            cache_put_miss(identity, &a.keys[i], made);
        else
            cache_put(identity, &a.keys[i], a.persons[i], forgotten);
    }
    asked_free(&a);
    return status;
}

/* The keys of persons[] that are nil, each once; first[i] is the row in `a` of keys[i]. False when out of memory. */
static bool collect_new(asked *a, uint32_t *first, const kd_id *persons, const kd_key *keys, size_t count)
{
    kd_map *rows = kd_map_new(count);
    bool    ok = rows != NULL;
    for (size_t i = 0; i < count && ok; i++) {
        uint32_t row;
        if (!kd_id_is_nil(persons[i]))
            continue;
        row = kd_map_put_new(rows, kd_hash64(keys[i].hash, sizeof keys[i].hash, keys[i].type), (uint32_t)a->count, NULL);
        ok = row != UINT32_MAX;
        first[i] = row;
        if (row == a->count) {
            a->keys[a->count] = keys[i];
            a->at[a->count++] = i;
        }
    }
    kd_map_free(rows);
    return ok;
}

/* The store may ask to run it again, or not know whether it happened: running it again is harmless, the first key wins. */
static kd_status link_new(asked *a, const kd_id *proposed, kd_store *store, kd_err *err)
{
    kd_status status = KD_RETRY;
    for (int i = 0; i < RETRIES_MAX && (status == KD_RETRY || status == KD_UNKNOWN); i++) {
        memcpy(a->persons, proposed, a->count * sizeof *proposed);
        status = kd_store_keys_link(store, a->keys, a->persons, a->count, err);
    }
    return status;
}

kd_status kd_identity_ensure(kd_id *persons, bool *is_new, kd_identity *identity, kd_reader *reader, const kd_key *keys,
                             size_t count, kd_rng *rng, int64_t now_ms, kd_err *err)
{
    const uint64_t forgotten = atomic_load(&identity->forgotten);
    kd_status status = kd_identity_find(persons, identity, reader, keys, count, err);
    uint32_t *first = NULL;
    kd_id    *proposed = NULL;
    size_t    missing = 0;
    asked     a = { 0 };
    for (size_t i = 0; i < count; i++) {
        is_new[i] = false;
        missing += kd_id_is_nil(persons[i]);
    }
    if (status != KD_OK || !missing)
        return status;
    first = malloc(count * sizeof *first);
    proposed = malloc(missing * sizeof *proposed);
    if (!first || !proposed || !asked_new(&a, missing) || !collect_new(&a, first, persons, keys, count)) {
        status = kd_fail_memory(err);
        goto out;
    }
    for (size_t i = 0; i < a.count; i++)
        proposed[i] = kd_id_new(rng, now_ms);
    status = link_new(&a, proposed, identity->store, err);
    atomic_fetch_add(&identity->made, 1);
    if (status != KD_OK)
        goto out;
    for (size_t i = 0; i < count; i++)
        if (kd_id_is_nil(persons[i]))
            persons[i] = a.persons[first[i]];
    for (size_t i = 0; i < a.count; i++) {
        is_new[a.at[i]] = kd_id_eq(a.persons[i], proposed[i]);
        cache_put(identity, &a.keys[i], a.persons[i], forgotten);
    }
out:
    asked_free(&a);
    free(first);
    free(proposed);
    return status;
}
