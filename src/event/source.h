/* event/source.h -- who sends events and files, what for, and what is expected of them: documents of kind "source".
 *
 * {"id","name","kind":"web|app|till|newsletter|file|webhook|cloudevents|server","owner","purposes":["operate",...],
 *  "schema":{"Order Completed":{"properties.total":{"type":"number","required":true},
 *                               "properties.currency":{"type":"text","values":["EUR","CHF"]}}},
 *  "strict":false,              true: an event that breaks the schema is refused; false: it is stored, and counted
 *  "freshness":"1h",            at least one event within this (minutes "15m", hours, days "1d"); without it nothing is overdue
 *  "transform":[...],           event/transform.h
 *  "keepRejected":false,        refused events of the collect door go to quarantine, too (rows of files always do)
 *  "secret":"env:NAME"}         where a signing secret is: a variable of the environment, or "file:PATH"; never the secret itself
 * Types of a field: text, number, integer, boolean, time, array, object. A source without a document sends all the same: it is
 * shown as one that nobody owns. Purposes: what is sent may be used for these at most; none given: for whatever the house allows.
 * Threads: a snapshot (kd_sources) is immutable and counted; api/parts.h holds the one in force. */
#ifndef KD_EVENT_SOURCE_H
#define KD_EVENT_SOURCE_H
#include "event/transform.h"
#include "store/store.h"

enum {
    KD_SOURCE_ID_MAX = 64, KD_SOURCES_MAX = 256, KD_SOURCE_EVENTS_MAX = 64 /* of a schema */, KD_SOURCE_FIELDS_MAX = 256 /* of a schema, all events together */,
    KD_SOURCE_VALUES_MAX = 200, KD_SOURCE_BUCKETS = 16 /* that values are counted in: insight/sources.h */
};

typedef enum kd_source_kind { KD_SOURCE_WEB, KD_SOURCE_APP, KD_SOURCE_TILL, KD_SOURCE_NEWSLETTER, KD_SOURCE_FILE, KD_SOURCE_WEBHOOK, KD_SOURCE_CLOUDEVENTS, KD_SOURCE_SERVER } kd_source_kind;
const char *kd_source_kind_name(kd_source_kind kind);

typedef enum kd_field_type { KD_FIELD_ANY, KD_FIELD_TEXT, KD_FIELD_NUMBER, KD_FIELD_INTEGER, KD_FIELD_BOOLEAN, KD_FIELD_TIME, KD_FIELD_ARRAY, KD_FIELD_OBJECT } kd_field_type;
const char *kd_field_type_name(kd_field_type type); /* "any", "text", ... */

typedef struct kd_source_field {
    kd_str        path;        /* as written */
    const kd_str *names;       /* the path, cut */
    size_t        name_count;
    kd_field_type type;
    bool          required;
    const kd_str *values;      /* allowed; none: any */
    size_t        value_count;
} kd_source_field;
typedef struct kd_source_event { kd_str name; const kd_source_field *fields; size_t field_count; } kd_source_event; /* "identify", "page", ... for calls without a name */

typedef struct kd_source {
    kd_str                 id, name, owner;
    uint64_t               version;       /* of its document; 0: not stored yet */
    kd_source_kind         kind;
    const kd_str          *purposes;      /* wire names */
    size_t                 purpose_count;
    const kd_source_event *events;        /* the schema */
    size_t                 event_count;
    uint64_t               schema_hash;   /* of events and fields: what was counted under another is begun anew */
    bool                   strict, keep_rejected;
    int64_t                fresh_ms;      /* 0: never overdue */
    const kd_transform    *transform;     /* never NULL; may have no steps */
    kd_str                 secret;        /* reference; empty: none */
} kd_source;

/* An "id" in it must be `id`; a member that is null counts as absent. KD_INVALID or KD_LIMIT with err->field as a JSON pointer. Owned by `arena`. */
kd_status kd_source_parse(kd_source *out, kd_str id, const kd_json *doc, kd_arena *arena, kd_err *err);
/* What the secret's reference names now; in `arena`. KD_NOT_FOUND: no reference, no such variable or file; KD_DENIED: the file may be read by everybody. */
kd_status kd_source_secret(kd_str *out, const kd_source *source, kd_arena *arena, kd_err *err);

/* ---- all of them ---- */
typedef struct kd_sources kd_sources;
/* A document that no longer reads is left out and logged. */
kd_status kd_sources_load(kd_sources **out, kd_reader *reader, kd_err *err);
const kd_sources *kd_sources_retain(const kd_sources *sources);
void      kd_sources_release(const kd_sources *sources); /* NULL is fine */
const kd_source *kd_sources_find(const kd_sources *sources, kd_str id); /* NULL: no document; NULL for NULL */
size_t    kd_sources_count(const kd_sources *sources);
const kd_source *kd_sources_at(const kd_sources *sources, size_t index); /* ascending by id */

/* ---- an event against the schema ---- */
typedef enum kd_seen_state { KD_SEEN_ABSENT, KD_SEEN_FINE, KD_SEEN_TYPE /* wrong type */, KD_SEEN_VALUE /* not one of the values */ } kd_seen_state;
typedef struct kd_source_seen { /* what one event brought of what was expected; holds no value */
    uint64_t schema_hash;
    uint16_t event;             /* index in the schema */
    uint16_t count;             /* its fields */
    struct kd_seen_field { uint8_t state, bucket; } fields[]; /* bucket: which of KD_SOURCE_BUCKETS the value falls in */
} kd_source_seen;
/* *out NULL: the schema says nothing of this event. `name`: of the event, or of its call ("identify"). With `strict`, KD_INVALID for the
 * first field that is wrong, err->field its JSON pointer. KD_LIMIT: the arena is full. */
kd_status kd_source_look(kd_source_seen **out, const kd_source *source, kd_str name, const kd_json *item, kd_arena *arena, kd_err *err);
#endif
