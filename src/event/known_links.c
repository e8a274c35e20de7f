#include "event/known_links.h"

#include <stdlib.h>

enum { ROWS = 1 << 18 }; /* a power of two; 8 MiB, of which only what is used is touched */

typedef struct row { uint64_t hash; int64_t time_ms; kd_id event; } row;

struct kd_known_links {
    uint32_t taken_back; /* as of the newest link that was added */
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

bool kd_known_links_add(kd_known_links *known, const kd_link *link, int64_t received_ms, uint32_t taken_back)
{
    uint64_t hash;
    uint8_t  bytes[34];
    row     *r;
    if (known->taken_back != taken_back) {
        kd_known_links_forget(known);
        known->taken_back = taken_back;
    }
    memcpy(bytes, link->person.b, 16);
    memcpy(bytes + 16, link->other.b, 16);
    bytes[32] = link->kind;
    bytes[33] = link->proven;
    hash = kd_hash64(bytes, sizeof bytes, 0);
    r = &known->rows[hash & (ROWS - 1)];
    if (link->time_ms <= received_ms && r->hash == hash && (r->time_ms < link->time_ms || (r->time_ms == link->time_ms && kd_id_cmp(r->event, link->event) <= 0)))
        return false;
    *r = (row){ hash, link->time_ms, link->event };
    return true;
}

void kd_known_links_forget(kd_known_links *known)
{
    memset(known->rows, 0, ROWS * sizeof *known->rows);
}
