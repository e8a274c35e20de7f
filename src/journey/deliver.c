#include "journey/deliver.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

enum {
    PLACES_MAX = 1024,
    LOOK_ROWS = 512,              /* of the log, at once */
    ARENA_BYTES = 64 << 20, ANSWER_BYTES_MAX = 64 * 1024, GROUPS_MAX = 1024,
    TIMEOUT_MS = 15000, CONNECT_MS = 5000, IDLE_MS = 30000, SAVE_MS = 1000,
    RETRY_AFTER_MAX_S = 86400
};
#define GIVE_UP_MS (3 * KD_DAY_MS)

typedef enum hook_state { STATE_WAITING, STATE_DELIVERING, STATE_FAILING, STATE_SUSPENDED, STATE_GONE } hook_state;

typedef struct hook {              /* one webhook while it runs: its place, and what is under way */
    char       id[KD_WEBHOOK_ID_MAX + 1];
    hook_state state;
    int64_t   *place;              /* per group: everything up to here is done with */
    uint16_t   group;              /* of the message under way */
    int64_t    offset;
    uint64_t   delivered, skipped, refused;
    uint32_t   attempts;
    int64_t    next_ms, last_ms, failing_since_ms;
    long       last_status;
    char       last_error[CURL_ERROR_SIZE];
    bool       dirty, test;        /* to be saved; a test message is asked for */
    bool       testing;            /* the message under way is that */
    bool       stays;              /* of the set now */
    /* under way */
    CURL              *easy;
    struct curl_slist *headers;
    kd_buf             body;
    char               message_id[KD_WEBHOOK_MESSAGE_ID];
    size_t             answer_bytes;
    long               retry_after_s;
} hook;

struct kd_deliver {
    kd_deliver_options options;
    kd_reader      *reader;        /* the thread's */
    kd_arena       *arena;         /* of one look at the log */
    CURLM          *multi;
    pthread_t       thread;
    bool            running;
    atomic_bool     stopping, asleep, any; /* any: webhooks to bring something to */
    uint16_t        groups;
    int64_t         saved_ms;
    pthread_mutex_t reloading;     /* one at a time: a set read earlier never takes the place of a newer one */
    pthread_mutex_t lock;          /* guards all that follows; held while a message is looked for in the log, never while one is sent */
    kd_webhook_set *set;           /* swapped by reload */
    hook            hooks[KD_WEBHOOKS_MAX];
    size_t          count;
    kd_id           forgotten[KD_WEBHOOKS_ENDED]; /* records of those whose document was deleted, to be deleted */
    size_t          forgotten_count;
};

/* ---- the set and its places ---------------------------------------------------------------------------------------------------- */

static const kd_webhook *find_webhook(const kd_deliver *d, const char *id)
{
    for (size_t i = 0; d->set && i < d->set->count; i++)
        if (kd_str_is(d->set->items[i].id, id))
            return &d->set->items[i];
    return NULL;
}

static hook *find_hook(kd_deliver *d, kd_str id)
{
    for (size_t i = 0; i < d->count; i++)
        if (kd_str_is(id, d->hooks[i].id))
            return &d->hooks[i];
    return NULL;
}

static kd_id record_id(const char *id)
{
    return kd_id_of_message(KD_STR("webhook"), kd_str_z(id), 0);
}

static void read_state(hook *h, const kd_json *json, uint16_t groups)
{
    static const char *const names[] = { "waiting", "delivering", "failing", "suspended", "gone" };
    kd_str   state = kd_json_text(kd_json_get(json, "state"));
    uint16_t group = 0;
    int64_t  number;
    const kd_json *places = kd_json_get(json, "places");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (kd_str_is(state, names[i]))
            h->state = i == STATE_DELIVERING ? STATE_WAITING : (hook_state)i;
    for (const kd_json *p = places ? places->child : NULL; p && group < groups; p = p->next, group++)
        kd_json_i64(&h->place[group], p);
#define COUNT(name, field) if (kd_json_i64(&number, kd_json_get(json, name))) h->field = (uint64_t)number
    COUNT("delivered", delivered);
    COUNT("skipped", skipped);
    COUNT("refused", refused);
#undef COUNT
    if (kd_json_i64(&number, kd_json_get(json, "attempts")))
        h->attempts = (uint32_t)number;
    kd_json_i64(&h->next_ms, kd_json_get(json, "nextMs"));
    kd_json_i64(&h->last_ms, kd_json_get(json, "lastMs"));
    kd_json_i64(&h->failing_since_ms, kd_json_get(json, "failingSinceMs"));
    if (kd_json_i64(&number, kd_json_get(json, "lastStatus")))
        h->last_status = (long)number;
}

/* Where it stopped, or where a new one begins. */
static kd_status load_place(kd_deliver *d, hook *h, const kd_webhook *webhook, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    const kd_id    id = record_id(h->id);
    kd_record     *records = NULL;
    size_t         count = 0;
    const kd_json *json = NULL;
    kd_status      status;
    status = kd_reader_records(&records, &count, reader, (kd_id){ 0 }, KD_STR("webhook"), (kd_id){ 0 }, PLACES_MAX, arena, err);
    for (size_t i = 0; i < count && status == KD_OK; i++)
        if (kd_id_eq(records[i].id, id) && kd_json_parse(&json, arena, records[i].body.ptr, records[i].body.len, NULL) == KD_OK) {
            read_state(h, json, d->groups);
            return KD_OK;
        }
    for (uint16_t g = 0; g < d->groups && status == KD_OK && !webhook->from_beginning; g++)
        status = kd_reader_log_end(&h->place[g], reader, g, err);
    h->dirty = true;
    return status;
}

static void drop_request(kd_deliver *d, hook *h)
{
    if (h->easy) {
        curl_multi_remove_handle(d->multi, h->easy);
        curl_easy_cleanup(h->easy);
        h->easy = NULL;
    }
    curl_slist_free_all(h->headers);
    h->headers = NULL;
    kd_buf_free(&h->body);
    kd_buf_init(&h->body, NULL);
}

/* A webhook the thread does not know yet, at its place; nothing is added when that cannot be read. */
static kd_status add_hook(kd_deliver *d, const kd_webhook *webhook, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    hook     *h = &d->hooks[d->count];
    kd_status status;
    *h = (hook){ .place = calloc(d->groups, sizeof *h->place), .stays = true };
    memcpy(h->id, webhook->id.ptr, webhook->id.len);
    kd_buf_init(&h->body, NULL);
    status = h->place ? load_place(d, h, webhook, reader, arena, err) : kd_fail_memory(err);
    if (status == KD_OK) {
        d->count++;
        return KD_OK;
    }
    free(h->place);
    *h = (hook){ 0 };
    return status;
}

static bool is_in(const kd_webhook_set *set, const char *id)
{
    for (size_t i = 0; i < set->count; i++)
        if (kd_str_is(set->items[i].id, id))
            return true;
    return false;
}

/* New ones begin, or nothing changes. Those that are not in the set are let go by the thread (hook.stays); only of those whose document was deleted is
 * the place forgotten: one whose document cannot be read now goes on where it stopped once it can. Under the lock. */
static kd_status take_over(kd_deliver *d, const kd_webhook_set *set, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    for (size_t i = 0; i < set->count; i++) {
        kd_status status = find_hook(d, set->items[i].id) ? KD_OK
                           : d->count == KD_WEBHOOKS_MAX  ? kd_fail(err, KD_BUSY, "webhooks that ended are still being let go")
                                                          : add_hook(d, &set->items[i], reader, arena, err);
        if (status != KD_OK)
            return status;
    }
    for (size_t i = 0; i < d->count; i++)
        d->hooks[i].stays = is_in(set, d->hooks[i].id);
    for (size_t i = 0; i < set->ended_count; i++)
        d->forgotten[i] = kd_id_of_message(KD_STR("webhook"), set->ended[i], 0);
    d->forgotten_count = set->ended_count;
    atomic_store(&d->any, set->count != 0);
    return KD_OK;
}

static void wake(kd_deliver *d)
{
    if (d->multi)
        curl_multi_wakeup(d->multi);
}

kd_status kd_deliver_reload(kd_deliver *d, kd_err *err)
{
    kd_webhook_set *set = NULL, *old = NULL;
    kd_reader      *reader = NULL;
    kd_arena       *arena = kd_arena_new(ARENA_BYTES);
    kd_status       status = arena ? KD_OK : kd_fail_memory(err);
    pthread_mutex_lock(&d->reloading);
    if (status == KD_OK)
        status = kd_reader_open(&reader, d->options.store, err);
    if (status == KD_OK)
        status = kd_webhooks_load(&set, reader, d->options.vault, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&d->lock);
        status = take_over(d, set, reader, arena, err);
        old = status == KD_OK ? d->set : set;
        if (status == KD_OK)
            d->set = set;
        pthread_mutex_unlock(&d->lock);
        wake(d);
    }
    pthread_mutex_unlock(&d->reloading);
    kd_webhook_set_free(old);
    if (reader)
        kd_reader_close(reader);
    kd_arena_free(arena);
    return status;
}

/* ---- keeping places -------------------------------------------------------------------------------------------------------------- */

static const char *state_name(const hook *h, const kd_webhook *webhook)
{
    static const char *const names[] = { "waiting", "delivering", "failing", "suspended", "gone" };
    return webhook && !webhook->enabled ? "off" : names[h->state];
}

static void write_counts(kd_jw *w, const hook *h)
{
    KD_JW_I64(w, "delivered", (int64_t)h->delivered);
    KD_JW_I64(w, "skipped", (int64_t)h->skipped);
    KD_JW_I64(w, "refused", (int64_t)h->refused);
    KD_JW_I64(w, "attempts", h->attempts);
    KD_JW_I64(w, "lastStatus", h->last_status);
}

static void write_record(kd_jw *w, const hook *h, uint16_t groups)
{
    kd_jw_object(w);
    KD_JW_Z(w, "state", state_name(h, NULL));
    write_counts(w, h);
    KD_JW_I64(w, "nextMs", h->next_ms);
    KD_JW_I64(w, "lastMs", h->last_ms);
    KD_JW_I64(w, "failingSinceMs", h->failing_since_ms);
    kd_jw_key(w, "places");
    kd_jw_array(w);
    for (uint16_t g = 0; g < groups; g++)
        kd_jw_i64(w, h->place[g]);
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

static kd_status put_records(kd_deliver *d, const kd_record *records, size_t count, const kd_id *gone, size_t gone_count, kd_err *err)
{
    kd_txn   *txn;
    kd_status status = kd_txn_begin(&txn, d->options.store, kd_store_group_of(d->options.store, (kd_id){ 0 }), err);
    if (status != KD_OK)
        return status;
    if (count)
        status = kd_txn_records_put(txn, records, count, err);
    for (size_t i = 0; i < gone_count && status == KD_OK; i++)
        status = kd_txn_record_delete(txn, (kd_id){ 0 }, KD_STR("webhook"), gone[i], err);
    if (status == KD_OK)
        return kd_txn_commit(txn, err);
    kd_txn_rollback(txn);
    return status;
}

/* All that moved, in one commit. What could not be written stays to be written. */
static void save(kd_deliver *d, int64_t now_ms)
{
    kd_record records[KD_WEBHOOKS_MAX];
    kd_id     gone[KD_WEBHOOKS_ENDED];
    size_t    count = 0, gone_count;
    kd_err    err = { 0 };
    kd_arena_reset(d->arena);
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->count; i++) {
        kd_buf buf;
        kd_jw  w;
        if (!d->hooks[i].dirty)
            continue;
        kd_buf_init(&buf, d->arena);
        kd_jw_init(&w, &buf);
        write_record(&w, &d->hooks[i], d->groups);
        if (buf.failed)
            continue;
        records[count++] = (kd_record){ .kind = KD_STR("webhook"), .id = record_id(d->hooks[i].id), .time_ms = now_ms, .body = kd_buf_str(&buf) };
        d->hooks[i].dirty = false;
    }
    gone_count = d->forgotten_count;
    memcpy(gone, d->forgotten, gone_count * sizeof *gone);
    d->forgotten_count = 0;
    pthread_mutex_unlock(&d->lock);
    if (count + gone_count && put_records(d, records, count, gone, gone_count, &err) != KD_OK) {
        kd_log(KD_LOG_WARN, "webhook", "places-not-kept", "why=\"%s\"", err.msg);
        pthread_mutex_lock(&d->lock);
        for (size_t i = 0; i < d->count; i++)
            d->hooks[i].dirty = true;
        pthread_mutex_unlock(&d->lock);
    }
    d->saved_ms = now_ms;
}

/* ---- sending --------------------------------------------------------------------------------------------------------------------- */

static bool is_private_v4(uint32_t ip)
{
    static const struct { uint32_t net, mask; } nets[] = {
        { 0x00000000, 0xff000000 }, { 0x0a000000, 0xff000000 }, { 0x64400000, 0xffc00000 }, { 0x7f000000, 0xff000000 }, { 0xa9fe0000, 0xffff0000 },
        { 0xac100000, 0xfff00000 }, { 0xc0000000, 0xffffff00 }, { 0xc0a80000, 0xffff0000 }, { 0xc6120000, 0xfffe0000 }, { 0xe0000000, 0xe0000000 } };
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if ((ip & nets[i].mask) == nets[i].net)
            return true;
    return false;
}

static bool is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return is_private_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        const uint8_t      *b = v6.sin6_addr.s6_addr;
        uint32_t            tail;
        memcpy(&v6, address, sizeof v6);
        memcpy(&tail, b + 12, sizeof tail);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) || IN6_IS_ADDR_V4COMPAT(&v6.sin6_addr))
            return is_private_v4(ntohl(tail)); /* :: and ::1 too: 0.0.0.0/8 */
        if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b) /* 64:ff9b::/96, through a NAT */
            return is_private_v4(ntohl(tail));
        return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0) || b[0] == 0xff;
    }
    return true;
}

/* Asked with the address a name came to, so that no name can lead inside, whatever it says the second time. */
static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    const kd_deliver *d = self;
    (void)purpose;
    if (!d->options.private_hosts && is_private(&address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *self)
{
    hook *h = self;
    (void)bytes; /* nothing a receiver says besides its status matters; one that says too much is cut off */
    h->answer_bytes += size * count;
    return h->answer_bytes > ANSWER_BYTES_MAX ? 0 : size * count;
}

static bool add_header(hook *h, const char *format, const char *value)
{
    char               line[512];
    struct curl_slist *more;
    snprintf(line, sizeof line, format, value);
    more = curl_slist_append(h->headers, line);
    if (more)
        h->headers = more;
    return more != NULL;
}

/* The message in h->body goes out; h->easy says that it is under way. */
static bool begin(kd_deliver *d, hook *h, const kd_webhook *webhook, int64_t now_ms)
{
    char signature[KD_WEBHOOK_SIGNATURE], seconds[24], url[KD_WEBHOOK_URL_MAX + 1];
    CURL *easy = curl_easy_init();
    if (!easy)
        return false;
    h->easy = easy;
    h->answer_bytes = 0;
    h->last_error[0] = '\0';
    memcpy(url, webhook->url.ptr, webhook->url.len);
    url[webhook->url.len] = '\0';
    snprintf(seconds, sizeof seconds, "%lld", (long long)(now_ms / 1000));
    kd_webhook_sign(signature, webhook, h->message_id, now_ms, kd_buf_str(&h->body));
    if (!add_header(h, "Content-Type: %s", "application/json") || !add_header(h, "webhook-id: %s", h->message_id)
        || !add_header(h, "webhook-timestamp: %s", seconds) || !add_header(h, "webhook-signature: %s", signature) || !add_header(h, "%s", "Expect:"))
        return false;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, h->body.ptr);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)h->body.len);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Kunde/" KD_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");   /* the environment's proxy would be asked to look up names for us */
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h->last_error);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, d);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, h);
    return curl_multi_add_handle(d->multi, easy) == CURLM_OK;
}

/* ---- the next message of a webhook -------------------------------------------------------------------------------------------------- */

typedef struct speaker { kd_data_key key; kd_purposes allowed; bool gone; } speaker; /* whose event it is */

static kd_status ask_speaker(speaker *out, kd_deliver *d, kd_id person, const kd_policy *policy, kd_err *err)
{
    kd_customer customer;
    kd_person  *entry;
    kd_status   status;
    if (kd_id_is_nil(person)) {
        *out = (speaker){ .key = *kd_vault_house_key(d->options.vault), .allowed = kd_allowed(policy, NULL, false) };
        return KD_OK;
    }
    status = kd_customers_acquire(&customer, d->options.customers, d->reader, person, err);
    if (status == KD_OK) {
        out->allowed = kd_allowed(policy, customer.profile, false);
        kd_customers_release(d->options.customers, &customer);
        status = kd_people_acquire(&entry, d->options.people, d->reader, person, err);
    }
    if (status == KD_OK) {
        out->key = entry->key;
        kd_people_release(d->options.people, entry);
    }
    out->gone = status == KD_NOT_FOUND; /* erased since */
    return out->gone ? KD_OK : status;
}

/* *found: h->body holds the message of this event. */
static kd_status compose(bool *found, kd_deliver *d, hook *h, const kd_webhook *webhook, const kd_event *event, const kd_policy *policy, kd_err *err)
{
    speaker   who = { .gone = false };
    kd_fact   fact;
    kd_str    body;
    bool      skipped = true;
    kd_status status;
    *found = false;
    if (event->kind >= KD_KIND_DECISION || (event->flags & KD_EVENT_HOLLOW))
        return KD_OK;
    if ((status = ask_speaker(&who, d, event->person, policy, err)) != KD_OK || who.gone)
        return status;
    status = kd_stored_fact(&fact, event, &who.key, d->arena, err);
    if (status == KD_OK && !kd_webhook_wants(webhook, (kd_kind)event->kind, fact.name))
        return KD_OK;
    if (status == KD_OK)
        status = kd_stored_body(&body, event, &who.key, d->arena, err);
    if (status == KD_OK)
        status = kd_webhook_message(&h->body, &skipped, webhook, event, &fact, body, policy, who.allowed, d->arena, err);
    if (status == KD_OK && skipped)
        h->skipped++;
    *found = status == KD_OK && !skipped;
    if (*found)
        kd_webhook_message_id(h->message_id, webhook, event->id);
    return status;
}

/* The next event of the log it wants: *found, or its place moved over what it does not. *more: there may be more of the log. */
static kd_status next_message(bool *found, bool *more, kd_deliver *d, hook *h, const kd_webhook *webhook, kd_err *err)
{
    const kd_policy *policy = d->options.policy(d->options.policy_self);
    kd_status        status = KD_OK;
    *found = *more = false;
    for (uint16_t g = 0; g < d->groups && status == KD_OK && !*found && !*more; g++) {
        kd_event *events;
        size_t    count = 0;
        kd_arena_reset(d->arena);
        status = kd_reader_log(&events, &count, d->reader, g, h->place[g], LOOK_ROWS, true, d->arena, err);
        for (size_t i = 0; i < count && status == KD_OK && !*found; i++) {
            status = compose(found, d, h, webhook, &events[i], policy, err);
            if (*found) {
                h->group = g;
                h->offset = events[i].offset;
            } else if (status == KD_OK) {
                h->place[g] = events[i].offset;
                h->dirty = true;
            }
        }
        *more = count == LOOK_ROWS;
    }
    kd_policy_release(policy);
    return status;
}

static void compose_test(hook *h, const kd_webhook *webhook, int64_t now_ms)
{
    char  time[25];
    kd_id id = kd_id_of_message(webhook->id, KD_STR("test"), now_ms);
    kd_jw w;
    kd_time_format(time, now_ms);
    kd_webhook_message_id(h->message_id, webhook, id);
    kd_jw_init(&w, &h->body);
    kd_jw_object(&w);
    KD_JW_Z(&w, "type", "kunde.test");
    KD_JW_Z(&w, "timestamp", time);
    kd_jw_key(&w, "data");
    kd_jw_object(&w);
    KD_JW_STR(&w, "webhook", webhook->id);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
}

/* ---- what came of it ------------------------------------------------------------------------------------------------------------------ */

static int64_t pause_ms(uint32_t attempts)
{
    static const int32_t seconds[] = { 5, 30, 120, 600, 1800, 3600 };
    const size_t         last = sizeof seconds / sizeof *seconds - 1;
    return (int64_t)seconds[attempts - 1 < last ? attempts - 1 : last] * 1000;
}

static void passed(hook *h)
{
    h->place[h->group] = h->offset;
    h->attempts = 0;
    h->failing_since_ms = h->next_ms = 0;
    h->state = STATE_WAITING;
}

static void failed(hook *h, int64_t now_ms, long retry_after_s)
{
    int64_t pause;
    h->attempts++;
    if (h->failing_since_ms == 0)
        h->failing_since_ms = now_ms;
    pause = pause_ms(h->attempts);
    if (retry_after_s > 0)
        pause = (int64_t)(retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s : RETRY_AFTER_MAX_S) * 1000;
    h->next_ms = now_ms + pause + (int64_t)(kd_hash64(h->id, strlen(h->id), (uint64_t)now_ms) % (uint64_t)(pause / 10 + 1)); /* not all at one moment */
    h->state = now_ms - h->failing_since_ms > GIVE_UP_MS ? STATE_SUSPENDED : STATE_FAILING;
}

static bool again_later(long status)
{
    return status == 0 || status == 408 || status == 425 || status == 429 || status >= 500;
}

/* Under the lock. */
static void settle(kd_deliver *d, hook *h, CURLcode result, int64_t now_ms)
{
    long       status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &retry_after);
    if (result != CURLE_OK && result != CURLE_WRITE_ERROR)
        status = 0;
    h->last_status = status;
    h->last_ms = now_ms;
    h->dirty = true;
    if (h->testing) { /* its answer is the status; nothing else moves */
    } else if (status >= 200 && status < 300) {
        h->delivered++;
        passed(h);
    } else if (status == 410) {
        h->state = STATE_GONE;
    } else if (again_later(status)) {
        failed(h, now_ms, (long)retry_after);
    } else {
        h->refused++;
        passed(h);
    }
    if (status == 0 && h->last_error[0] == '\0')
        snprintf(h->last_error, sizeof h->last_error, "%s", curl_easy_strerror(result));
    h->testing = false;
    drop_request(d, h);
}

static void reap(kd_deliver *d, int64_t now_ms)
{
    CURLMsg *message;
    int      left;
    while ((message = curl_multi_info_read(d->multi, &left))) {
        hook *h = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &h);
        pthread_mutex_lock(&d->lock);
        settle(d, h, message->data.result, now_ms);
        pthread_mutex_unlock(&d->lock);
    }
}

/* ---- the thread ----------------------------------------------------------------------------------------------------------------------- */

static bool is_due(const hook *h, const kd_webhook *webhook, int64_t now_ms)
{
    if (h->easy || !webhook)
        return false;
    return h->test || (webhook->enabled && (h->state == STATE_WAITING || (h->state == STATE_FAILING && h->next_ms <= now_ms)));
}

/* Under the lock, which also keeps reload from taking the set away. *soon: there is more to look at without waiting. */
static void go_on(kd_deliver *d, hook *h, const kd_webhook *webhook, int64_t now_ms, bool *soon)
{
    bool      found = false, more = false;
    kd_err    err = { 0 };
    kd_status status = KD_OK;
    h->testing = h->test;
    h->test = false;
    kd_buf_free(&h->body);
    kd_buf_init(&h->body, NULL);
    if (h->testing)
        compose_test(h, webhook, now_ms);
    else
        status = next_message(&found, &more, d, h, webhook, &err);
    *soon |= more && !found;
    if (status != KD_OK) {
        snprintf(h->last_error, sizeof h->last_error, "%s", err.msg);
        kd_log(KD_LOG_WARN, "webhook", "not-composed", "why=\"%s\"", err.msg);
        failed(h, now_ms, 0);
    } else if (found || h->testing) {
        if (found)
            h->state = STATE_DELIVERING;
        if (h->body.failed || !begin(d, h, webhook, now_ms)) {
            drop_request(d, h);
            if (found)
                failed(h, now_ms, 0);
            h->testing = false;
        }
    }
}

/* Those whose document is gone end here, their request with them. Under the lock. */
static void let_go(kd_deliver *d)
{
    for (size_t i = 0; i < d->count; i++) {
        hook *h = &d->hooks[i];
        if (h->stays)
            continue;
        drop_request(d, h);
        free(h->place);
        *h = d->hooks[--d->count];
        if (h->easy) { /* it moved */
            curl_easy_setopt(h->easy, CURLOPT_PRIVATE, h);
            curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, h);
            curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, h->last_error);
        }
        d->hooks[d->count] = (hook){ 0 };
        i--;
    }
}

static int wait_ms(kd_deliver *d, int64_t now_ms)
{
    int64_t wait = IDLE_MS;
    for (size_t i = 0; i < d->count; i++) {
        const hook *h = &d->hooks[i];
        if (h->state == STATE_FAILING && !h->easy && h->next_ms - now_ms < wait)
            wait = h->next_ms - now_ms;
        if (h->dirty && d->saved_ms + SAVE_MS - now_ms < wait)
            wait = d->saved_ms + SAVE_MS - now_ms;
    }
    return wait < 0 ? 0 : (int)wait;
}

static void *run(void *self)
{
    kd_deliver *d = self;
    while (!atomic_load(&d->stopping)) {
        int64_t now_ms = kd_now(d->options.clock);
        bool    soon = false;
        int     busy, wait;
        atomic_store(&d->asleep, true); /* before looking: what is stored from here on wakes us */
        pthread_mutex_lock(&d->lock);
        let_go(d);
        for (size_t i = 0; i < d->count; i++) {
            const kd_webhook *webhook = find_webhook(d, d->hooks[i].id);
            if (is_due(&d->hooks[i], webhook, now_ms))
                go_on(d, &d->hooks[i], webhook, now_ms, &soon);
        }
        wait = soon ? 0 : wait_ms(d, now_ms);
        pthread_mutex_unlock(&d->lock);
        curl_multi_perform(d->multi, &busy);
        reap(d, kd_now(d->options.clock));
        if (now_ms - d->saved_ms >= SAVE_MS)
            save(d, now_ms);
        pthread_mutex_lock(&d->lock);
        for (size_t i = 0; i < d->count; i++)
            if (is_due(&d->hooks[i], find_webhook(d, d->hooks[i].id), now_ms) && d->hooks[i].last_ms >= now_ms)
                wait = 0; /* one was just done: the next at once */
        pthread_mutex_unlock(&d->lock);
        curl_multi_poll(d->multi, NULL, 0, wait, NULL);
    }
    save(d, kd_now(d->options.clock));
    return NULL;
}

void kd_deliver_see_stored(void *self, const kd_stored *events, size_t count)
{
    kd_deliver *d = self;
    (void)events;
    if (count && atomic_load(&d->any) && atomic_exchange(&d->asleep, false))
        wake(d);
}

/* ---- open, close, questions --------------------------------------------------------------------------------------------------------------- */

kd_status kd_deliver_open(kd_deliver **out, const kd_deliver_options *options, kd_err *err)
{
    kd_deliver *d = calloc(1, sizeof *d);
    kd_status   status;
    if (!d)
        return kd_fail_memory(err);
    d->options = *options;
    d->groups = kd_store_groups(options->store);
    pthread_mutex_init(&d->reloading, NULL);
    pthread_mutex_init(&d->lock, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    d->multi = curl_multi_init();
    d->arena = kd_arena_new(ARENA_BYTES);
    status = d->multi && d->arena ? kd_reader_open(&d->reader, options->store, err) : kd_fail_memory(err);
    if (status == KD_OK)
        status = kd_deliver_reload(d, err);
    if (status == KD_OK)
        *out = d;
    else
        kd_deliver_close(d);
    return status;
}

kd_status kd_deliver_start(kd_deliver *d, kd_err *err)
{
    d->running = pthread_create(&d->thread, NULL, run, d) == 0;
    return d->running ? KD_OK : kd_fail(err, KD_LIMIT, "cannot start the thread of the webhooks");
}

void kd_deliver_close(kd_deliver *d)
{
    if (!d)
        return;
    atomic_store(&d->stopping, true);
    if (d->running) {
        wake(d);
        pthread_join(d->thread, NULL);
    }
    for (size_t i = 0; i < d->count; i++) {
        drop_request(d, &d->hooks[i]);
        free(d->hooks[i].place);
    }
    if (d->multi)
        curl_multi_cleanup(d->multi);
    curl_global_cleanup();
    kd_webhook_set_free(d->set);
    if (d->reader)
        kd_reader_close(d->reader);
    kd_arena_free(d->arena);
    pthread_mutex_destroy(&d->reloading);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static kd_status change(kd_deliver *d, kd_str id, bool test, kd_err *err)
{
    hook *h;
    pthread_mutex_lock(&d->lock);
    h = find_hook(d, id);
    if (h && test)
        h->test = true;
    if (h && !test) {
        h->state = h->easy ? h->state : STATE_WAITING;
        h->attempts = 0;
        h->failing_since_ms = h->next_ms = 0;
        h->dirty = true;
    }
    pthread_mutex_unlock(&d->lock);
    wake(d);
    return h ? KD_OK : kd_fail(err, KD_NOT_FOUND, "there is no webhook of this id");
}

kd_status kd_deliver_resume(kd_deliver *d, kd_str id, kd_err *err) { return change(d, id, false, err); }
kd_status kd_deliver_test(kd_deliver *d, kd_str id, kd_err *err) { return change(d, id, true, err); }

static void write_time(kd_jw *w, const char *key, int64_t ms)
{
    char time[25];
    if (ms == 0)
        return;
    kd_time_format(time, ms);
    KD_JW_Z(w, key, time);
}

void kd_deliver_write_state(kd_jw *w, kd_deliver *d, kd_str id)
{
    const hook *h;
    pthread_mutex_lock(&d->lock);
    if ((h = find_hook(d, id))) {
        KD_JW_Z(w, "state", state_name(h, find_webhook(d, h->id)));
        write_counts(w, h);
        write_time(w, "nextAt", h->state == STATE_FAILING ? h->next_ms : 0);
        write_time(w, "lastAt", h->last_ms);
        if (h->last_error[0] && h->last_status == 0)
            KD_JW_Z(w, "lastError", h->last_error);
    }
    pthread_mutex_unlock(&d->lock);
}
