/* trust/request.h -- what persons may ask for by law, each with its deadline: access and portability, erasure, rectification,
 * restriction, objection to profiling.
 *
 * A request is a record of nobody, kind "request", sealed with the house key: what is asked, of whom, when it must be done.
 * An erasure is carried out by a thread of its own (trust/erase.h); what was begun goes on at the next start. A closed erasure
 * names nobody any more: it keeps its receipt.
 * Threads: all calls from any thread; readers belong to theirs. */
#ifndef KD_TRUST_REQUEST_H
#define KD_TRUST_REQUEST_H
#include "base/clock.h"
#include "customer/customers.h"
#include "customer/policy.h"
#include "event/ingest.h"
#include "recommend/recommend.h"

typedef struct kd_rights kd_rights;
typedef struct kd_rights_house { /* borrowed parts of the house */
    kd_store       *store;
    const kd_vault *vault;
    kd_identity    *identity;
    kd_people      *people;
    kd_customers   *customers;
    kd_ingest      *ingest;
    kd_recommender *recommender;
    kd_clock        clock;
    int             due_days;      /* how long a request may take; 30 */
    int             retrain_hours; /* how long a model may still rest on somebody who was erased; 24 */
    void           *self;
    const kd_policy *(*policy)(void *self); /* the one in force, retained */
    void (*forget)(void *self, const kd_id *persons, size_t count); /* drop them from memory that this floor does not know; may be NULL */
    kd_status (*retrain)(void *self, kd_err *err);                  /* train anew on the log as it is; may be NULL */
} kd_rights_house;

/* Starts the thread that carries out erasures, after the ingest was started. */
kd_status kd_rights_open(kd_rights **out, const kd_rights_house *house, kd_err *err);
void      kd_rights_close(kd_rights *rights); /* ends after the step at hand; NULL is fine */

typedef enum kd_right { KD_RIGHT_EXPORT, KD_RIGHT_ERASE, KD_RIGHT_RECTIFY, KD_RIGHT_RESTRICT, KD_RIGHT_RELEASE, KD_RIGHT_OBJECT, KD_RIGHTS } kd_right;
typedef enum kd_right_state { KD_RIGHT_OPEN, KD_RIGHT_RUNNING, KD_RIGHT_DONE, KD_RIGHT_REJECTED, KD_RIGHT_STATES } kd_right_state;
const char *kd_right_name(kd_right right);              /* "export", "erase", "rectify", "restrict", "release" (of a restriction), "object" */
const char *kd_right_state_name(kd_right_state state);  /* "open", "running", "done", "rejected" */
bool        kd_right_parse(kd_right *out, kd_str name);

typedef struct kd_right_case {
    kd_id          id;
    kd_right       right;
    kd_right_state state;
    kd_id          person;     /* nil once an erasure is done */
    int64_t        opened_ms, due_ms, closed_ms; /* closed 0: not yet */
    bool           extended;   /* the deadline was moved, once, by two months */
    kd_str         by;         /* who opened it: "me", an id of a user or key, "command" */
    kd_str         handled_by; /* who closed it */
    kd_str         note;       /* what staff wrote; nothing identifying belongs here */
    kd_str         step;       /* of a running erasure */
    kd_str         why;        /* what held up the last try; empty: nothing */
    kd_str         receipt;    /* JSON; empty before it is done */
} kd_right_case;

/* KD_NOT_FOUND: no such person. KD_CONFLICT: the same request is open already (*out is that one). Texts owned by `arena`. */
kd_status kd_rights_open_request(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_right right, kd_id person, kd_str by, kd_arena *arena, kd_err *err);
kd_status kd_rights_get(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_arena *arena, kd_err *err); /* KD_NOT_FOUND */
/* Ascending by id, that is by time, after `after`; *more says whether there are others. */
kd_status kd_rights_list(kd_right_case **out, size_t *count, bool *more, kd_rights *rights, kd_reader *reader, kd_id after, size_t limit, kd_arena *arena, kd_err *err);
/* Staff closes it: done or rejected, with a note. KD_CONFLICT: it is closed, or it is an erasure that has begun. */
kd_status kd_rights_close_request(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, bool done, kd_str by, kd_str note, kd_arena *arena, kd_err *err);
/* Two more months, once. KD_CONFLICT. */
kd_status kd_rights_extend(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_arena *arena, kd_err *err);
/* Carry out what can be: an erasure begins (trust/erase.h); restriction, its release and objection are written as statements
 * about purposes, proven, which act on the next request. KD_INVALID: an export is fetched, a rectification needs its values. */
kd_status kd_rights_run(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_str by, kd_arena *arena, kd_err *err);
/* Set traits of a person by a proven event: JSON values; a value of null takes the trait back. Closes the request `id`. */
kd_status kd_rights_rectify(kd_right_case *out, kd_rights *rights, kd_reader *reader, kd_id id, const kd_trait *traits, size_t count, kd_str by, kd_arena *arena, kd_err *err);

typedef struct kd_rights_stats { uint64_t open, overdue, erased, failed, emptied /* events, by retention */; int64_t retrain_due_ms; /* 0: no model rests on anybody erased */ } kd_rights_stats;
void kd_rights_get_stats(kd_rights_stats *out, kd_rights *rights);
/* A training that began now was put in force: what was erased before `began_ms` is in no model any more. */
void kd_rights_trained(kd_rights *rights, int64_t began_ms);
#endif
