/* journey/webhook.h -- what was stored, told to other systems: documents of kind "webhook", and the message of one event.
 *
 * {"name":"Warehouse","url":"https://...","events":["order","Order Completed"],"purpose":"operate","enabled":true,"from":"now"}
 * `events`: kinds (kd_kind_name) or names as sent; none: every event. Receipts of decisions are not told. `purpose`: what the
 * receiver does with it; an event of a person who does not allow that is skipped, and fields that do not serve it are left
 * out. `from`: "now" or "beginning", where a new webhook begins in the log.
 *
 * Messages are those of Standard Webhooks: headers webhook-id (the same at every attempt), webhook-timestamp, webhook-signature
 * ("v1," and the base64 of HMAC-SHA256 over id.timestamp.body; two of them for a day after the secret was changed), body
 * {"type":"order","timestamp":"...","data":{"personId","id","name","claimed","event":{as it was sent}}}.
 * Secrets ("whsec_...") are sealed with the house key. Threads: a kd_webhook_set is immutable. */
#ifndef KD_JOURNEY_WEBHOOK_H
#define KD_JOURNEY_WEBHOOK_H
#include "base/json.h"
#include "customer/policy.h"
#include "customer/seal.h"

enum { KD_WEBHOOKS_MAX = 16, KD_WEBHOOKS_ENDED = 64, KD_WEBHOOK_EVENTS_MAX = 32, KD_WEBHOOK_ID_MAX = 64, KD_WEBHOOK_URL_MAX = 1000, KD_WEBHOOK_SECRET = 64 /* text with the NUL */ };

typedef struct kd_webhook {
    kd_str        id, name, url;
    uint64_t      version;
    const kd_str *events;          /* names as sent that are not kinds */
    size_t        event_count;
    uint64_t      kinds[2];        /* bits: kinds asked for by their names */
    bool          all;             /* neither: everything */
    kd_purpose    purpose;
    bool          enabled, from_beginning;
    uint8_t       secret[32], previous[32];
    int64_t       previous_until_ms; /* 0: there is none */
} kd_webhook;
typedef struct kd_webhook_set {
    kd_webhook *items;
    size_t      count;
    kd_str     *ended;       /* ids whose document was deleted, the last KD_WEBHOOKS_ENDED of them */
    size_t      ended_count;
    kd_arena   *arena;
} kd_webhook_set;

/* A document as somebody writes it. KD_INVALID or KD_LIMIT with err->field. `private_hosts`: plain http may be used, too. */
kd_status kd_webhook_check(kd_str id, const kd_json *doc, bool private_hosts, kd_err *err);
/* The body to store: what was written, and the secret. `old` (may be NULL) is the stored document before it, whose secret
 * stays unless `rotate`. A secret that was made now is told in `secret`, once; "" otherwise. */
kd_status kd_webhook_body(kd_buf *out, char secret[KD_WEBHOOK_SECRET], kd_str id, const kd_json *doc, const kd_json *old, bool rotate,
                          const kd_vault *vault, int64_t now_ms, kd_arena *arena, kd_err *err);
/* All of the store; one that does not read is left out and logged. */
kd_status kd_webhooks_load(kd_webhook_set **out, kd_reader *reader, const kd_vault *vault, kd_err *err);
void      kd_webhook_set_free(kd_webhook_set *set); /* wipes the secrets; NULL is fine */

bool      kd_webhook_wants(const kd_webhook *hook, kd_kind kind, kd_str name);
/* The message of one stored event; `allowed`: what its person allows. *skipped: it is not to be told. */
kd_status kd_webhook_message(kd_buf *out, bool *skipped, const kd_webhook *hook, const kd_event *event, const kd_fact *fact, kd_str body,
                             const kd_policy *policy, kd_purposes allowed, kd_arena *arena, kd_err *err);
/* webhook-id of an event, and webhook-signature of an attempt. */
enum { KD_WEBHOOK_MESSAGE_ID = 48, KD_WEBHOOK_SIGNATURE = 112 };
void      kd_webhook_message_id(char out[KD_WEBHOOK_MESSAGE_ID], const kd_webhook *hook, kd_id event);
void      kd_webhook_sign(char out[KD_WEBHOOK_SIGNATURE], const kd_webhook *hook, const char *id, int64_t now_ms, kd_str body);
#endif
