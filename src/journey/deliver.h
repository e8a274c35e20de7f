/* journey/deliver.h -- the thread that brings stored events to webhooks.
 *
 * Each webhook is a consumer of the log with a place of its own: it gets events in the order of the log, one after the
 * other, until it has answered 2xx to each. Nothing waits in memory and nothing can be lost: what a receiver missed is in the
 * log. A receiver that fails (no connection, 408, 425, 429, 5xx) is asked again after 5 s, 30 s, 2 min, 10 min, 30 min and
 * then every hour, or when its Retry-After says; after three days it is suspended until somebody resumes it. 410 ends it.
 * Any other answer refuses this one event, which is counted and passed over. Places are kept in a record that is written
 * every second at the latest, so that after a crash an event may come twice, with the same webhook-id.
 * Addresses inside private networks, of this machine among them, are not called unless `private_hosts`; redirects never.
 * Threads: one of its own; all calls from any. */
#ifndef KD_JOURNEY_DELIVER_H
#define KD_JOURNEY_DELIVER_H
#include "base/clock.h"
#include "customer/customers.h"
#include "event/ingest.h"
#include "journey/webhook.h"

typedef struct kd_deliver kd_deliver;
typedef struct kd_deliver_options {
    kd_store       *store;
    kd_people      *people;
    kd_customers   *customers;
    const kd_vault *vault;
    kd_clock        clock;
    bool            private_hosts;
    const kd_policy *(*policy)(void *self); /* the one in force, retained */
    void           *policy_self;
} kd_deliver_options;

/* Reads the documents and places; registered as an observer after this, begun with kd_deliver_start once the house is open. */
kd_status kd_deliver_open(kd_deliver **out, const kd_deliver_options *options, kd_err *err);
kd_status kd_deliver_start(kd_deliver *deliver, kd_err *err);
void      kd_deliver_close(kd_deliver *deliver); /* ends the thread within a second; NULL is fine */
/* Read the documents again: after one was put or deleted. */
kd_status kd_deliver_reload(kd_deliver *deliver, kd_err *err);
/* A kd_observer: there is something new. */
void      kd_deliver_see_stored(void *deliver, const kd_stored *events, size_t count);
/* Try at once, whatever it waits for. KD_NOT_FOUND. */
kd_status kd_deliver_resume(kd_deliver *deliver, kd_str id, kd_err *err);
/* A message of type "kunde.test" before anything else. KD_NOT_FOUND. */
kd_status kd_deliver_test(kd_deliver *deliver, kd_str id, kd_err *err);
/* Members of an open object: "state" ("waiting", "delivering", "failing", "suspended", "gone", "off"), "delivered", "skipped",
 * "refused", "attempts", "lastStatus" (of HTTP; 0: no answer), "nextAt", "lastAt", "lastError". Nothing for one nobody knows. */
void      kd_deliver_write_state(kd_jw *w, kd_deliver *deliver, kd_str id);
#endif
