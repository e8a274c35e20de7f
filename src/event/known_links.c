#include "event/known_links.h"

#include <stdlib.h>

enum { ROWS = 1 << 18 }; /* a power of two; 10 MiB, of which only what is used is touched */

typedef struct row { uint64_t hash; int64_t first_ms, last_ms; kd_id event; } row;

struct kd_known_links {
    row *rows; /* where the hash of the link says; a newer link takes the place of an older one */
};

kd_known_links *kd_known_links_new(void)
{
    kd_known_links *known = calloc(1, sizeof *known);
    if (!known || !(known->rows = calloc(ROWS, sizeof *known->rows))) {
        free(known);
        return NULL;
    }
    return known;
}

void kd_known_links_free(kd_known_links *known)
{
    if (!known)
        return;
    free(known->rows);
    free(known);
}

bool kd_known_links_add(kd_known_links *known, const kd_link *link, int64_t received_ms, bool strict)
{
    uint64_t hash;
    uint8_t  bytes[34];
    row     *r;
    memcpy(bytes, link->person.b, 16);
    memcpy(bytes + 16, link->other.b, 16);
    bytes[32] = link->kind;
    bytes[33] = link->proven;
    hash = kd_hash64(bytes, sizeof bytes, 0);
    r = &known->rows[hash & (ROWS - 1)];
    if (r->hash != hash) {
        *r = (row){ hash, link->time_ms, link->time_ms, link->event };
        return true;
    }
    const bool earlier = link->time_ms < r->first_ms || (link->time_ms == r->first_ms && kd_id_cmp(link->event, r->event) < 0);
    const bool newer = link->time_ms > r->last_ms && (strict || link->time_ms > received_ms);
    if (earlier) {
        r->first_ms = link->time_ms;
        r->event = link->event;
    }
    if (newer)
        r->last_ms = link->time_ms;
    return earlier || newer;
}

void kd_known_links_forget(kd_known_links *known)
{
    memset(known->rows, 0, ROWS * sizeof *known->rows);
}
