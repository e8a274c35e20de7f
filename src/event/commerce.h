/* event/commerce.h -- the properties of an e-commerce event (v2 or GA4) as lines, order, amounts and topic of a fact. */
#ifndef KD_EVENT_COMMERCE_H
#define KD_EVENT_COMMERCE_H
#include "event/incoming.h"

/* Fills lines, topic, order_id, place, currency and total of `fact`, whose kind is known; KD_CHANNEL_STORE when the
 * properties tell of a till (`other_channel`: something else about the event tells where it happened). Anything that cannot
 * be read is left out, never an error: the body keeps it. *stubs: one per line, NULL without lines. *dropped: lines left out.
 * False when the arena is full. */
bool kd_commerce_read(kd_fact *fact, const struct kd_stub_hint **stubs, uint32_t *dropped, const kd_json *properties,
                      bool other_channel, kd_arena *arena);
/* "pos", "store", "web", "mobile", ...: KD_CHANNEL_UNKNOWN when it is none we know. */
kd_channel kd_channel_of_name(kd_str name);
#endif
