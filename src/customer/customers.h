/* customer/customers.h -- one customer: the persons that evidence joins, and what is known of them together.
 *
 * A customer is computed from evidence (customer/graph.h), never written: who asks gets the persons of the customer and their
 * merged profile. Both are kept in memory until evidence, a policy or a fold of one of the persons moves, which counters tell
 * (customer/stamps.h), so that nothing is ever out of date and nothing has to be searched for and thrown away.
 * A person without proven links costs nothing more than its own entry in kd_people, which stays locked until the release.
 *
 * Threads: everything from any thread; readers belong to theirs. Locks: a person's lock is held by a caller of acquire when
 * the customer is that one person; nobody else's is taken meanwhile, and the cache's locks are never held over another one or
 * a read of the store. So acquire at most one customer at a time, and no person beside it. */
#ifndef KD_CUSTOMER_CUSTOMERS_H
#define KD_CUSTOMER_CUSTOMERS_H
#include "customer/graph.h"
#include "customer/people.h"

enum { KD_CUSTOMER_PERSONS_MAX = 64 }; /* whose profiles are merged when read */

typedef struct kd_customers kd_customers;
typedef struct kd_customer {
    kd_id             home;          /* the smallest id of all persons: where lives what a customer holds once */
    const kd_id      *persons;       /* ascending: the 64 smallest ids, the one asked for always among them */
    size_t            person_count;
    const kd_profile *profile;       /* merged facts of `persons`; UNMASKED: hand it on only through kd_masked */
    kd_id             person;        /* to whom receipts go: the one asked for, or where it is a key without events of its own, the first that has a profile */
    int64_t           folded, head;  /* of `person` */
    kd_person        *entry;         /* whose lock is held until the release; NULL when the profile is a merged one */
    struct kd_customer_private *priv;
} kd_customer;

/* `cache_bytes_max` bounds what is kept of customers of more than one person. */
kd_status kd_customers_open(kd_customers **out, kd_store *store, kd_people *people, size_t cache_bytes_max, kd_err *err);
void      kd_customers_close(kd_customers *c);

/* KD_NOT_FOUND: neither the person nor anybody joined with it has a profile. Borrowed until the release: profile, persons. */
kd_status kd_customers_acquire(kd_customer *out, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err);
/* This person alone, whatever it is joined with: for who may not see the others (an anonymous id by a public key). */
kd_status kd_customers_acquire_alone(kd_customer *out, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err);
void      kd_customers_release(kd_customers *c, kd_customer *customer);

/* All persons of the customer, ascending, however many; owned by `arena`. A person nobody knows is a customer of one. */
kd_status kd_customers_members(kd_id **persons, size_t *count, kd_customers *c, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err);
/* The evidence around a person and what becomes of it, for people to look at: graph->customer[] says who is joined. */
kd_status kd_customers_graph(kd_graph *out, kd_customers *c, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err);

/* Evidence about them was written or taken back, or one of them got its first events. After the commit. */
void      kd_customers_changed(kd_customers *c, const kd_id *persons, size_t count);
/* Write one piece of evidence (`take_back`: that it counts no more up to link->time_ms) at both persons, durable, and say
 * so. A crash between the two leaves half of it, which counts for taking back and not for joining; saying it again completes it. */
kd_status kd_customers_say(kd_customers *c, const kd_link *link, bool take_back, kd_err *err);

/* The policies in force; swap in new ones. */
const kd_namespaces *kd_customers_namespaces(kd_customers *c); /* retained */
void                 kd_customers_set_namespaces(kd_customers *c, const kd_namespaces *namespaces); /* takes the reference over */
size_t               kd_customers_bytes(const kd_customers *c);
#endif
