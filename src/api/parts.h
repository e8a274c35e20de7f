/* api/parts.h -- what a request may use: borrowed pointers to the opened parts of the house (app/engine.c fills it). */
#ifndef KD_API_PARTS_H
#define KD_API_PARTS_H
#include <pthread.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "catalog/catalog.h"
#include "customer/customers.h"
#include "customer/mask.h"
#include "customer/people.h"
#include "decide/decide.h"
#include "event/import.h"
#include "event/ingest.h"
#include "recommend/recommend.h"

struct kd_keys; /* api/keys.h */
struct kd_live; /* insight/live.h */
struct kd_jobs; /* api/jobs.h */
struct kd_pulse; /* insight/pulse.h */
struct kd_deliver; /* journey/deliver.h */
struct kd_watch; /* insight/sources.h */
struct kd_steps; /* insight/steps.h */
struct kd_users; /* api/users.h */
struct kd_audit_log; /* trust/audit.h */
struct kd_rights; /* trust/request.h */
typedef struct kd_limits { /* from the settings */
    size_t   body_bytes_max;        /* of a request, as sent; four times that after decompression, 32 times for all requests together */
    size_t   arena_bytes_max;       /* of one request's memory */
    uint32_t connections_max, connections_per_ip_max, timeout_s;
    uint32_t threads;
    uint32_t header_bytes_max;
} kd_limits;

typedef struct kd_api_counts { /* for /metrics */
    atomic_uint_fast64_t unauthorized;      /* answers 401: data of the sender is lost, so it is logged too */
    atomic_uint_fast64_t rejected;          /* events refused inside accepted batches and single calls refused */
    atomic_uint_fast64_t tokens_refused;    /* user tokens wrong or expired */
    atomic_uint_fast64_t without_id;        /* requests so far, for events that bring no messageId */
    atomic_int_fast64_t  unauthorized_s;    /* when the last 401 was logged: one line a second */
    atomic_int           asides;            /* long requests and jobs that run on threads of their own now (admin.c, jobs.c) */
} kd_api_counts;

typedef struct kd_drop_counts { /* of the folder whose files are imported (app/dropzone.h), for /metrics */
    atomic_bool          on;
    atomic_uint_fast64_t done, failed;      /* files that were moved away */
    atomic_uint_fast64_t rows, quarantined; /* of those that are done */
    atomic_uint_fast64_t troubles;          /* looks at the folder and imports that did not work and are tried again */
    atomic_uint_fast64_t waiting;           /* files seen at the last look and not moved yet */
    atomic_bool          importing;
} kd_drop_counts;

typedef struct kd_parts {
    kd_store       *store;
    kd_vault       *vault;
    kd_identity    *identity;
    kd_people      *people;
    kd_customers   *customers;
    kd_catalog     *catalog;
    kd_ingest      *ingest;
    kd_recommender *recommender;
    struct kd_keys *keys;
    struct kd_live *live;
    struct kd_jobs *jobs;
    struct kd_pulse *pulse;
    struct kd_deliver *deliver;
    bool            webhook_private_hosts;
    struct kd_watch *watch;                    /* over sources */
    struct kd_steps *steps;
    struct kd_users *users;
    struct kd_audit_log *audit;
    struct kd_rights *rights;
    kd_clock        clock;
    kd_limits       limits;
    int64_t         started_ms;
    const char     *version;
    const char     *key_file;                  /* of the master key; NULL: it comes from the environment or the settings */
    bool            demo;                      /* the shop is the made-up one of `kunde demo` */
    uint32_t        receipt_retention_days;
    uint32_t        k_floor;                   /* a count of fewer people in a slice is not shown: customer/floor.h */
    atomic_bool     ready, stopping;

    pthread_mutex_t       placements_lock;
    pthread_mutex_t       policy_lock;
    const kd_policy      *policy;              /* likewise; kd_parts_policy retains */
    const kd_placements  *placements;          /* swapped under the lock; kd_parts_placements retains */

    pthread_mutex_t       sources_lock;
    const kd_sources     *sources;             /* swapped under the lock; kd_parts_sources retains */

    /* Things that app/ does for the API: train in a child process and swap the model in; NULL when not offered. */
    kd_status (*train)(void *self, kd_err *err);
    void       *train_self;
    /* One line per setting as JSON, for the state page. */
    void      (*settings_json)(void *self, kd_jw *w);
    void       *settings_self;
    kd_api_counts counts;
    kd_drop_counts drop;
} kd_parts;

const kd_placements *kd_parts_placements(kd_parts *parts); /* retained: give back with kd_placements_release */
kd_status kd_parts_placements_reload(kd_parts *parts, kd_reader *reader, kd_err *err);
const kd_sources *kd_parts_sources(kd_parts *parts); /* likewise: give back with kd_sources_release; admin_sources.c */
kd_status kd_parts_sources_reload(kd_parts *parts, kd_reader *reader, kd_err *err);

/* What each piece of data may serve (customer/policy.h): give it back with kd_policy_release; never NULL once the house is open. policy.c */
const kd_policy *kd_parts_policy(kd_parts *parts);
/* After a document of it changed. The writer measures events by it from the next batch on. */
kd_status kd_parts_policy_reload(kd_parts *parts, kd_reader *reader, kd_err *err);

/* Shared by POST /v1/decide, POST /v1/recommend and the commands of the same names: answer.c. Whose profile may be read is
 * settled by the caller (`key` NULL: a stranger's answer). The answer is the API's JSON. `durable` never needed yet. */
typedef struct kd_question {
    const kd_key   *keys;            /* proven keys of the customer, strongest first; the first that is known is used */
    size_t          key_count;
    kd_id           person;          /* named by its own id instead; nil: by keys */
    kd_channel      channel;
    const kd_str   *placements; size_t placement_count;  /* decide */
    kd_recipe       recipe;          /* recommend */
    const kd_filter *filter;
    size_t          count;
    const kd_str   *products; size_t product_count;
    kd_str          language;        /* "en", "de"; empty: as the person told us, else English */
    bool            explain;         /* recommend: also how many candidates there were and what was removed */
    size_t          removed_max;     /* recommend: name so many of those left out */
    bool            receipt;         /* append receipts */
    bool            gpc;             /* the request said Sec-GPC: 1 */
    bool            public_caller;   /* by a write key: links from one person to another are not followed */
    bool            unproven;        /* the caller named somebody without proof: said as "identity":"unproven" */
} kd_question;
kd_status kd_answer_decide(kd_buf *out, kd_parts *parts, kd_reader *reader, const kd_question *question, kd_arena *arena, kd_err *err);
kd_status kd_answer_recommend(kd_buf *out, kd_parts *parts, kd_reader *reader, const kd_question *question, kd_arena *arena, kd_err *err);
/* The read-back of one person: profile with opinions; its events newest first. `id`: a person id or any identity value. */
kd_status kd_answer_profile(kd_buf *out, kd_parts *parts, kd_reader *reader, kd_str id, kd_arena *arena, kd_err *err);
kd_status kd_answer_events(kd_buf *out, kd_parts *parts, kd_reader *reader, kd_str id, size_t limit, kd_str cursor, kd_arena *arena, kd_err *err);
kd_status kd_answer_find(kd_id *person, kd_parts *parts, kd_reader *reader, kd_str id, kd_err *err); /* KD_NOT_FOUND */
#endif
