#include "customer/mask.h"

typedef struct reading { const kd_policy *policy; kd_purpose reader; kd_purposes allowed; } reading;

static bool may_kind(const reading *r, unsigned kind)
{
    return kd_may(kd_policy_of_kind(r->policy, (kd_kind)kind), r->reader, r->allowed);
}

/* Every kind that occurs anywhere in a profile is counted: its counters say whether anything is to be hidden. */
static bool sees_all_kinds(const reading *r, const kd_profile *p)
{
    for (uint32_t i = 0; i < p->counter_count; i++)
        if (!may_kind(r, p->counters[i].kind))
            return false;
    return may_kind(r, KD_KIND_ORDER) && may_kind(r, KD_KIND_RETURN);
}

static bool hide_kinds(kd_profile *view, const reading *r, kd_arena *arena)
{
    kd_profile full = *view;
    view->counters = KD_NEW(arena, kd_counter, full.counter_count);
    view->days = KD_NEW(arena, kd_day_count, full.day_count);
    view->recent = KD_NEW(arena, kd_recent, full.recent_count);
    view->counter_count = view->day_count = view->recent_count = 0;
    if (!view->counters || !view->days || !view->recent)
        return false;
    for (uint32_t i = 0; i < full.counter_count; i++)
        if (may_kind(r, full.counters[i].kind))
            view->counters[view->counter_count++] = full.counters[i];
    for (uint32_t i = 0; i < full.day_count; i++)
        if (may_kind(r, full.days[i].kind))
            view->days[view->day_count++] = full.days[i];
    for (uint32_t i = 0; i < full.recent_count; i++)
        if (may_kind(r, full.recent[i].kind))
            view->recent[view->recent_count++] = full.recent[i];
    if (!may_kind(r, KD_KIND_ORDER) || !may_kind(r, KD_KIND_RETURN)) { /* what was bought less what came back: one without the other is wrong */
        view->bought_count = view->claimed_bought_count = view->spent_count = view->claimed_spent_count = 0;
        view->bought = view->claimed_bought = NULL;
        view->spent = view->claimed_spent = NULL;
    }
    return true;
}

/* The registers that may be read; the list itself where all of them may. NULL: no room. */
static kd_register *hide_registers(uint32_t *count, kd_register *list, uint32_t full_count, const reading *r, bool stated, kd_arena *arena)
{
    kd_register *kept = NULL;
    *count = 0;
    for (uint32_t i = 0; i < full_count; i++) {
        kd_purposes purposes = stated ? kd_policy_of_stated(r->policy, list[i].name) : kd_policy_of_trait(r->policy, list[i].name);
        bool        may = kd_may(purposes, r->reader, r->allowed);
        if (!may && !kept) {
            if (!(kept = KD_NEW(arena, kd_register, full_count)))
                return NULL;
            memcpy(kept, list, i * sizeof *kept);
        }
        if (may && kept)
            kept[*count] = list[i];
        *count += may;
    }
    return kept ? kept : list;
}

kd_status kd_masked(kd_profile *view, const kd_profile *full, const kd_policy *policy, kd_purpose reader, bool gpc, kd_arena *arena)
{
    const reading        r = { policy, reader, kd_allowed(policy, full, gpc) };
    const kd_data_class *identity = kd_policy_class(policy, KD_STR(KD_CLASS_IDENTITY));
    const kd_profile     nothing = { .consents = full->consents, .consent_count = full->consent_count, .granted = full->granted,
                                     .refused = full->refused, .bytes = full->bytes, .trusts_claims = kd_profile_believes(full) };
    *view = nothing;
    if (!(r.allowed & KD_PURPOSE_BIT(reader)))
        return KD_OK;
    *view = *full;
    view->trusts_claims = nothing.trusts_claims; /* what follows from keys stays when they are hidden */
    if (!sees_all_kinds(&r, full) && !hide_kinds(view, &r, arena))
        goto no_room;
    view->traits = hide_registers(&view->trait_count, full->traits, full->trait_count, &r, false, arena);
    view->stated = hide_registers(&view->stated_count, full->stated, full->stated_count, &r, true, arena);
    if ((full->trait_count && !view->traits) || (full->stated_count && !view->stated))
        goto no_room;
    if (!kd_may(identity->purposes, reader, r.allowed)) {
        view->idents = NULL;
        view->ident_count = 0;
    }
    return KD_OK;
no_room:
    *view = nothing;
    return KD_LIMIT;
}
