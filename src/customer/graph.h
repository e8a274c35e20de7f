/* customer/graph.h -- which persons are one customer: a pure function of a set of evidence. Arrays in, arrays out.
 *
 * The rules, in their order (docs/identity.md says why):
 *   1 Only proven evidence counts, which both persons hold and nobody has taken back since it was last given.
 *   2 A key with more persons than its limit is set aside: it joins nobody and is joined with nobody.
 *   3 Staff's word and an alias between two ids that are no browser's are strong evidence: they may join two user ids.
 *   4 A unique key that weak evidence has seen with two user ids (not one customer by 3) belongs to neither.
 *   5 A key with two different e-mails, cards or till numbers, one of them typed by a guest, joins nothing by what guests typed;
 *     with two e-mails of which one has no login behind it, nothing by tills and confirmations either.
 *   6 Persons connected by what is left, in runs of more than KD_GRAPH_PERSONS_MAX, are no customer: each stands alone.
 *   7 Evidence is taken by (strength, first seen, ids). It joins unless staff keeps two of them apart; weak evidence never
 *     joins two user ids; without a login nothing joins two different e-mails or two cards (but a till number its cards); what
 *     was typed never joins two till numbers; and what a guest typed joins nobody who has a user id (unless the namespace's `typed` says so).
 *   8 The smallest id of a customer is its home.
 * The order of the rows, repetitions, and the way by which evidence came together change nothing.
 * Cost: O(n log n) time and O(n) memory of the arena for n rows. No state, no clock. */
#ifndef KD_CUSTOMER_GRAPH_H
#define KD_CUSTOMER_GRAPH_H
#include "customer/namespace.h"

enum { KD_GRAPH_PERSONS_MAX = 4096 };

typedef enum kd_verdict { /* of evidence, and of a person */
    KD_VERDICT_USED,        /* supports the customer it lies in; of a person: nothing is wrong */
    KD_VERDICT_CLAIMED,     /* came by a public key alone */
    KD_VERDICT_HALF,        /* only one of the two holds it: a crash came between */
    KD_VERDICT_TAKEN_BACK,
    KD_VERDICT_OVER_LIMIT,  /* one end is set aside */
    KD_VERDICT_TWO_USERS,   /* the key belongs to neither; or it would join two user ids */
    KD_VERDICT_TWO_KEYS,    /* typed, and beside two different keys; or it would join two */
    KD_VERDICT_TYPED,       /* typed, and one side has a user id */
    KD_VERDICT_APART,       /* staff keeps them apart */
    KD_VERDICT_TOO_MANY     /* rule 6 */
} kd_verdict;
const char *kd_verdict_name(kd_verdict verdict); /* "used", "claimed", "half", "taken-back", "over-limit", "two-user-ids", ... */

typedef struct kd_edge {
    uint32_t a, b;           /* persons, a < b */
    uint8_t  kind;           /* kd_link_kind */
    uint8_t  verdict;
    bool     proven;
    int64_t  time_ms, last_ms, taken_back_ms;
    kd_id    event;
} kd_edge;

typedef struct kd_graph {
    kd_id    *persons;       /* ascending */
    uint8_t  *types;         /* key type of each; 0: not known */
    uint32_t *customer;      /* of each: the home among persons */
    uint8_t  *why;           /* kd_verdict: why it is set aside */
    size_t    person_count;
    kd_edge  *edges;         /* ascending by (a, b, kind, proven); staff's "apart" among them */
    size_t    edge_count;
} kd_graph;

/* Rows as the store keeps them, both of each pair. Owned by `arena`; KD_LIMIT when it is full. */
kd_status kd_graph_resolve(kd_graph *out, const kd_link *links, size_t count, const kd_namespaces *namespaces, kd_arena *arena, kd_err *err);
/* The row of an id among graph->persons; SIZE_MAX when it is not there. */
size_t    kd_graph_find(const kd_graph *graph, kd_id person);

/* What a walk through the store needs to know of one person's own rows (proven, not taken back): the same rules. */
int  kd_link_strength(uint8_t kind, uint8_t person_type, uint8_t other_type);
enum { KD_STRENGTH_NONE = 0, KD_STRENGTH_TYPED = 1 /* by a guest */, KD_STRENGTH_SAID = 2 /* beside a user id */, KD_STRENGTH_CARD = 3,
       KD_STRENGTH_LOGIN = 4, KD_STRENGTH_ALIAS = 5, KD_STRENGTH_STAFF = 6 };
static inline bool kd_strength_is_strong(int strength) { return strength >= KD_STRENGTH_ALIAS; }
bool kd_links_over_limit(const kd_link *rows, size_t count, const kd_namespaces *namespaces);
int  kd_links_two_keys(const kd_link *rows, size_t count); /* rule 5: evidence up to this strength is not used (but what was told beside a user id) */
#endif
