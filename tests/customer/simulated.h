/* tests/customer/simulated.h -- made-up shoppers whose keys are known, and the evidence their shop sees of them.
 *
 * The mix: 85 of 100 have an account; browsers come and go; two in three account holders who check out as guests in a
 * browser of their own never log in there (3 of 100 browsers). Traps, on purpose: 3 % share an e-mail with a partner (one couple
 * in three with one account or none), 2 % mistype theirs (half of these hit somebody else's), 1 % of cards are given to somebody
 * else later, 5 % of homes have one tablet for all, a kiosk that 200 use, 2 % check out once with another's card.
 *
 * What is right: two keys of one shopper, each used by nobody else. A key that several people use (`users`) has no right
 * place: with one of its users it is neither right nor wrong and not counted; with anybody else it is wrong. */
#ifndef KD_TEST_SIMULATED_H
#define KD_TEST_SIMULATED_H
#include "base/rng.h"
#include "customer/graph.h"

enum { TRAP_NONE, TRAP_SHARED_EMAIL, TRAP_MISTYPED, TRAP_RECYCLED_CARD, TRAP_TABLET, TRAP_KIOSK, TRAP_ANOTHERS_CARD, TRAPS };

typedef struct simulated {
    kd_link  *rows;          /* both of each pair */
    size_t    row_count, room;
    int32_t  *owner;         /* of each key: the shopper, or -1: several people's, or mistyped */
    struct { int32_t key, shopper; } *users; /* of the keys without an owner */
    size_t    user_count, user_room;
    uint8_t  *type;
    uint16_t *traps;         /* bits */
    size_t    key_count, key_room;
} simulated;

void  simulate(simulated *out, size_t shoppers, uint64_t seed);
/* 1: right, 0: wrong, -1: not counted. */
int   simulated_same(const simulated *s, size_t x, size_t y);
void  simulated_free(simulated *s);
kd_id simulated_id(size_t key);    /* of a key's person; simulated_key gives the key back */
size_t simulated_key(kd_id id);
#endif
