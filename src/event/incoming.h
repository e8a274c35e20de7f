/* event/incoming.h -- what arrives at the collect door, in any of its dialects, as one kind of event.
 *
 * Segment's HTTP tracking API and RudderStack's variants (identify track page screen group alias batch), GA4 e-commerce
 * names, e-commerce v2 names. Pure: bytes and a clock in, events out; no store, no identity table.
 * Wire facts: the clients' own traffic, summarised in docs/collect.md. */
#ifndef KD_EVENT_INCOMING_H
#define KD_EVENT_INCOMING_H
#include "base/json.h"
#include "customer/fact.h"
#include "customer/namespace.h"
#include "customer/policy.h"
#include "event/source.h"

enum {
    KD_EVENT_BYTES_MAX = 32 * 1024,   /* one event; longer ones are rejected one by one inside an accepted batch */
    KD_BATCH_EVENTS_MAX = 2500,
    KD_MESSAGE_ID_MAX = 100,
    KD_FUTURE_SLACK_MS = 60 * 1000    /* times further ahead than this are clamped to the time of arrival */
};

typedef enum kd_speaker { /* who speaks is known */
    KD_SPEAKER_PUBLIC,    /* write key alone: user ids, links, orders and consents are claimed */
    KD_SPEAKER_TOKEN,     /* write key and a valid user token: that user id is proven */
    KD_SPEAKER_SERVER     /* server key, or an import by the operator */
} kd_speaker;

typedef struct kd_incoming_context {
    kd_speaker  speaker;
    kd_str      user_token_id; /* the user id a token proved; else empty */
    kd_str      source;        /* id of the source document the key belongs to */
    const kd_source *document; /* that document: its transform is taken before the event is read, its schema looked at; NULL: none */
    int64_t     received_ms;
    int64_t     sent_at_ms;    /* from a header (RudderStack's SentAt); KD_TIME_MIN when none */
    kd_str      anonymous_id;  /* from a header (RudderStack's AnonymousId), decoded; may be empty */
    kd_channel  channel;       /* when the event does not tell */
    const kd_policy *policy;   /* what categories of consent managers mean; NULL: consents are not read */
    bool        gpc;           /* the request said Sec-GPC: 1 */
    const kd_namespaces *namespaces; /* the shop's own kinds of keys, in force for the call; NULL: built-in ones */
    uint32_t    random_ids;    /* events without messageId get a random one; this is mixed in */
} kd_incoming_context;

typedef struct kd_incoming {
    kd_status  status;        /* KD_OK, or why this event is refused (per-event rejection inside an accepted batch) */
    kd_err     err;
    kd_fact    fact;          /* complete: kind, times, lines, traits, idents; owned by the arena */
    kd_ident   owner;         /* the strongest key: whose event it is */
    kd_id      person;        /* not nil: whose event it is, known by id; then there is no key (event/statement.h) */
    int64_t    received_ms;
    kd_str     body;          /* the item's JSON with batch-level context merged in, messageId added when it had none */
    kd_str     message_id;
    kd_str     raw;           /* the item as it was sent, before any transform; also of a refused one */
    bool       dropped;       /* left out by the source's transform: status is KD_DENIED, and nobody did anything wrong */
    const kd_source_seen *seen; /* what of the source's schema it brought; NULL: the schema says nothing of it */
    struct { kd_link_kind kind; kd_ident other; bool proven; } links[12]; /* evidence this event gives: owner <-> other */
    uint8_t    link_count;
    uint32_t   lines_dropped; /* product lines that the fact leaves out (no id, no positive whole quantity, over the limit) */
    const struct kd_stub_hint { kd_str product, name; } *stubs; /* names seen with products, one per line of the fact; may be NULL */
} kd_incoming;

/* The id under which an event is stored; `written_ms` as the sender wrote it, 0 when it wrote none. What is only claimed has
 * half of all ids to itself: a public caller cannot take the id that a proven event is going to have. */
kd_id kd_event_id(kd_str source, kd_str message_id, int64_t written_ms, bool claimed);

/* Which call: from the path ("track", "t", "batch", "b", ...). KD_NOT_FOUND when it is none. */
typedef enum kd_call { KD_CALL_BATCH, KD_CALL_IDENTIFY, KD_CALL_TRACK, KD_CALL_PAGE, KD_CALL_SCREEN, KD_CALL_GROUP, KD_CALL_ALIAS } kd_call;
kd_status kd_call_parse(kd_call *out, kd_str name);

/* Parse a whole request body. KD_INVALID: broken JSON, not an object, no batch array; KD_LIMIT: more than
 * KD_BATCH_EVENTS_MAX events. Otherwise KD_OK with one kd_incoming per item, each with its own status.
 * `body_write_key` gets writeKey of the body (empty when none): the caller authenticates before using the events. */
kd_status kd_incoming_parse(kd_incoming **out, size_t *count, kd_str *body_write_key, kd_call call, const char *body, size_t len,
                            const kd_incoming_context *context, kd_arena *arena, kd_err *err);
/* One event from an already parsed JSON object (imports, CloudEvents). */
void kd_incoming_from_json(kd_incoming *out, kd_call call, const kd_json *item, const kd_json *batch, const kd_incoming_context *context, kd_arena *arena);

/* The same reading of a body alone: fills traits (when fact->kind is KD_KIND_IDENTIFY) and idents of `fact`. */
kd_status kd_incoming_traits(kd_fact *fact, kd_str body, kd_arena *arena, kd_err *err);
#endif
