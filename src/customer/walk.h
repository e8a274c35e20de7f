/* customer/walk.h -- the evidence around one person, read from the store: as much as decides whose it is. Private to customer/.
 *
 * Goes breadth first along evidence that could join, and stops where it cannot: at keys over their limit, and at keys seen
 * with two user ids, of which it reads what makes them so. kd_graph_resolve over what it gathered gives the same customer as
 * over all evidence there is (tested as a law). Threads: one a walk. */
#ifndef KD_CUSTOMER_WALK_H
#define KD_CUSTOMER_WALK_H
#include "customer/graph.h"
#include "customer/stamps.h"

typedef struct kd_walk {
    kd_graph  graph;
    size_t    start;          /* among graph.persons; SIZE_MAX: no proven link, alone */
    kd_id    *visited;        /* whose rows were read: as long as their stamps stand still, the result holds */
    uint32_t *stamps;         /* read before the rows were */
    size_t    visited_count;
    bool      crowd;          /* more persons than a customer can have: the start stands alone */
} kd_walk;

enum { KD_WALK_BYTES = 256 * 1024 * 1024 }; /* for the arena of a walk: no ordinary one needs a hundredth */

/* Owned by `arena`. */
kd_status kd_walk_from(kd_walk *out, kd_reader *reader, kd_id start, const kd_namespaces *namespaces, kd_stamps *stamps, kd_arena *arena, kd_err *err);
#endif
