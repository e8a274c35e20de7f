/* insight/live.h -- the live stream of events: what comes in, as it comes in, for whoever watches.
 *
 * Nothing is composed while nobody listens: an event then costs one atomic load. While somebody does, the writer and the
 * collect door leave short notes, of which a thread of the stream's own makes text (text/event-stream); at most
 * KD_LIVE_PER_SECOND a second, since nobody reads more: what is left out is counted and told. Each listener reads at its own
 * pace from one ring of the newest KD_LIVE_RING entries; one that falls behind it is told how many it missed. Once a second a
 * "tick" says how many events came; it also keeps the connection alive. For a while after the last listener has left,
 * entries are still kept, so that a page that reconnects misses nothing.
 * Memory: the ring has KD_LIVE_RING entries or RING_BYTES of them. Threads: all calls from any. */
#ifndef KD_INSIGHT_LIVE_H
#define KD_INSIGHT_LIVE_H
#include "event/ingest.h"
#include "insight/entry.h"

enum { KD_LIVE_LISTENERS_MAX = 32, KD_LIVE_RING = 1000, KD_LIVE_PER_SECOND = 500, KD_LIVE_RAW_MAX = 8 * 1024 };

typedef struct kd_live     kd_live;
typedef struct kd_listener kd_listener;

kd_status kd_live_open(kd_live **out, kd_catalog *catalog, kd_clock clock, kd_err *err);
void      kd_live_close(kd_live *live); /* no listeners any more; NULL is fine */

bool kd_live_is_watched(kd_live *live); /* would an entry be shown to anybody? */
/* Both are kd_observers. */
void kd_live_see_stored(void *live, const kd_stored *events, size_t count);
void kd_live_see_duplicates(void *live, const kd_stored *events, size_t count);
/* An event that was refused: reason and field are in the entry; `raw` is what was sent, of which KD_LIVE_RAW_MAX bytes are shown. */
void kd_live_see_rejected(kd_live *live, const kd_entry *entry, kd_str raw);

/* KD_BUSY: there are KD_LIVE_LISTENERS_MAX. `last_seq` 0: from now on; else what came after that entry, as far as it is kept. */
kd_status kd_live_listen(kd_listener **out, kd_live *live, int64_t last_seq, kd_err *err);
/* It gets entries without what was sent: before the first read. */
void      kd_listener_mask(kd_listener *listener);
/* `wake` is called when there is something to read, until the listener is closed; it must be quick and not call back. */
void      kd_listener_on_news(kd_listener *listener, void (*wake)(void *self), void *self);
/* The next bytes of the stream; 0: nothing new. One thread at a time. */
size_t    kd_listener_read(void *listener, char *out, size_t room);
void      kd_listener_close(void *listener);

typedef struct kd_live_stats { uint64_t entries, dropped; unsigned listeners; } kd_live_stats;
/* Somebody was erased: what was told lately is forgotten, theirs and everybody's. */
void kd_live_forget(kd_live *live);
void kd_live_get_stats(kd_live_stats *out, kd_live *live);
#endif
