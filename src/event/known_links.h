/* event/known_links.h -- which links between persons the store has already. Private to event/.
 *
 * Nearly every event of a customer who is logged in repeats the same evidence. A table of fixed size that may forget: what it
 * does not know is written once more, which changes nothing in the store. Threads: the writer's. */
#ifndef KD_EVENT_KNOWN_LINKS_H
#define KD_EVENT_KNOWN_LINKS_H
#include "store/store.h"

typedef struct kd_known_links kd_known_links;
kd_known_links *kd_known_links_new(void); /* NULL when out of memory */
void            kd_known_links_free(kd_known_links *known);
/* True when the store needs to hear of it: the link is not known, or only from a later event. It counts as known from now on. */
/* Evidence from the future of its arrival (a clock ahead by seconds) is told every time. `strict`: evidence of this person was
 * taken back before, so newer evidence may count again and is told, too. */
bool            kd_known_links_add(kd_known_links *known, const kd_link *link, int64_t received_ms, bool strict);
void            kd_known_links_forget(kd_known_links *known); /* all: a transaction failed that held some */
#endif
