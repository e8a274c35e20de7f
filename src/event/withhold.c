#include "event/withhold.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "event/statement.h"

struct kd_withhold {
    pthread_mutex_t   lock;     /* guards `policy` */
    const kd_policy  *policy;
    const kd_policy  *of_batch; /* the writer's, retained while a batch lasts */
    kd_consent_track *tracks;
    kd_stored        *withheld;
    size_t            withheld_count;
    struct { kd_observer call; void *self; } observer;
    _Atomic uint64_t  count;
};

kd_withhold *kd_withhold_new(void)
{
    kd_withhold *w = calloc(1, sizeof *w);
    if (w)
        pthread_mutex_init(&w->lock, NULL);
    return w;
}

void kd_withhold_free(kd_withhold *w)
{
    if (!w)
        return;
    kd_policy_release(w->policy);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void kd_withhold_set_policy(kd_withhold *w, const kd_policy *policy)
{
    const kd_policy *old;
    pthread_mutex_lock(&w->lock);
    old = w->policy;
    w->policy = kd_policy_retain(policy);
    pthread_mutex_unlock(&w->lock);
    kd_policy_release(old);
}

void kd_withhold_observe(kd_withhold *w, kd_observer observer, void *self)
{
    w->observer.call = observer;
    w->observer.self = self;
}

uint64_t kd_withhold_count(const kd_withhold *w)
{
    return atomic_load_explicit(&w->count, memory_order_relaxed);
}

bool kd_withhold_begin(kd_withhold *w, size_t slots, size_t events, kd_arena *arena)
{
    pthread_mutex_lock(&w->lock);
    w->of_batch = kd_policy_retain(w->policy);
    pthread_mutex_unlock(&w->lock);
    w->withheld_count = 0;
    w->tracks = w->of_batch ? KD_NEW(arena, kd_consent_track, slots) : NULL;
    w->withheld = w->of_batch ? KD_NEW(arena, kd_stored, events) : NULL;
    if (!w->of_batch || (w->tracks && w->withheld))
        return true;
    kd_policy_release(w->of_batch);
    w->of_batch = NULL;
    return false;
}

void kd_withhold_know(kd_withhold *w, uint32_t slot, const kd_profile *profile)
{
    if (w->of_batch)
        kd_consent_track_begin(&w->tracks[slot], profile);
}

/* Does it say anything that is not known? What is repeated with every event need not be kept with every event. */
static bool says_more(const kd_consent_track *before, const kd_consent_track *after)
{
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        if (before->of[p].said != after->of[p].said || before->of[p].granted != after->of[p].granted)
            return true;
    return false;
}

/* The statement alone, under the event's own id: sent again it is a duplicate. */
static const kd_incoming *statement_of(const kd_incoming *in, kd_id person, kd_arena *arena)
{
    const kd_statement statement = { .person = person, .time_ms = in->fact.time_ms, .now_ms = in->received_ms, .message_id = in->message_id,
                                     .channel = in->fact.channel };
    kd_incoming       *only = KD_NEW(arena, kd_incoming, 1);
    if (!only || kd_consent_event(only, &statement, &in->fact.consent, arena, NULL) != KD_OK)
        return NULL;
    only->fact.id = in->fact.id;
    only->fact.claimed = in->fact.claimed;
    only->fact.source = in->fact.source;
    only->fact.idents = in->fact.idents; /* which decide whether a claimed grant counts */
    only->fact.ident_count = in->fact.ident_count;
    only->owner = in->owner;
    only->raw = in->raw;
    return only;
}

const kd_incoming *kd_withhold_pass(kd_withhold *w, uint32_t slot, kd_id person, const kd_incoming *in, kd_arena *arena)
{
    kd_consent_track  before;
    kd_purposes       purposes;
    const kd_incoming *kept;
    if (!w->of_batch)
        return in;
    before = w->tracks[slot];
    kd_consent_track_add(&w->tracks[slot], &in->fact);
    purposes = kd_policy_of_event(w->of_batch, in->fact.kind, in->fact.name);
    if (in->fact.kind == KD_KIND_CONSENT || (kd_consent_track_allowed(&w->tracks[slot], w->of_batch) & purposes & ~KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE)))
        return in;
    if (kd_consent_says(&in->fact.consent) && says_more(&before, &w->tracks[slot]) && (kept = statement_of(in, person, arena)))
        return kept;
    atomic_fetch_add_explicit(&w->count, 1, memory_order_relaxed);
    w->withheld[w->withheld_count++] = (kd_stored){ .fact = &in->fact, .person = person, .received_ms = in->received_ms, .message_id = in->message_id };
    return NULL;
}

void kd_withhold_end(kd_withhold *w)
{
    if (w->of_batch && w->withheld_count && w->observer.call)
        w->observer.call(w->observer.self, w->withheld, w->withheld_count);
    kd_policy_release(w->of_batch);
    w->of_batch = NULL;
    w->withheld_count = 0;
}
