/* What a person told us, on the slate: what they like, what is not for them, what they want to be surprised with. */
#include "recommend/slate.h"

#include "recommend/favourites.h"

/* ---- layer: what they told us they like (favourites.h) ------------------------------------------------------------------ */

/* What neighbours say about each candidate, and the unit: as much as they say of any product, and a little more. */
static int64_t infer(kd_liked *liked, size_t count, kd_slate *s, const kd_seed *seeds, size_t seed_count)
{
    kd_scorer *scorer = &s->scratch->scorer;
    int64_t    greatest = (int64_t)KD_MICRO;

    if (seed_count == 0)
        return greatest + 1;
    kd_scorer_add(scorer, s->model, seeds, seed_count);
    for (uint32_t i = 0; i < scorer->touched_count; i++)
        if (scorer->micro[scorer->touched[i]] > greatest)
            greatest = scorer->micro[scorer->touched[i]];
    for (size_t i = 0; i < count; i++)
        liked[i].micro = liked[i].item == UINT32_MAX ? 0 : scorer->micro[liked[i].item];
    kd_scorer_top(NULL, 0, scorer); /* empty again */
    return greatest + 1;
}

static int matches(const kd_liked *one)
{
    return ((one->bits & KD_LIKED_BRAND) != 0) + ((one->bits & KD_LIKED_CATEGORY) != 0) + ((one->bits & KD_LIKED_COLOR) != 0);
}

static void state_terms(kd_recommended *slot, const kd_liked *one, kd_ref color, int64_t unit)
{
    const kd_ref said[] = { one->bits & KD_LIKED_BRAND ? one->brand : 0, one->bits & KD_LIKED_COLOR ? color : 0, one->bits & KD_LIKED_CATEGORY ? one->category : 0 };

    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (said[i] != 0)
            slot->terms[slot->term_count++] = (kd_term){ .kind = KD_TERM_STATED, .about = said[i], .weight = (double)unit / KD_MICRO };
    slot->score = (double)(slot->term_count * unit + one->micro) / KD_MICRO;
}

/* All that match in as many ways. A colour that the variant to be shown has not is no match: it waits for the next level. */
static void offer_level(kd_slate *s, kd_liked *liked, size_t count, int level, kd_liked *here, uint32_t *items, int64_t unit)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        const kd_variant *variant = NULL;
        bool              sized;
        if (matches(&liked[i]) != level)
            continue;
        if ((liked[i].bits & KD_LIKED_COLOR) && kd_slate_choose(&variant, &sized, s, liked[i].product) == KD_SHELF_SHOWN &&
            kd_liked_color(s->request->stated, liked[i].product, variant) == 0)
            liked[i].bits &= (uint8_t)~KD_LIKED_COLOR;
        else
            here[found++] = liked[i];
    }
    kd_liked_sort(here, found);
    for (size_t i = 0; i < found && !kd_slate_is_full(s); i++) {
        kd_recommended *slot = kd_slate_offer(s, here[i].product, KD_LAYER_RECIPE);
        if (!slot)
            continue;
        state_terms(slot, &here[i], kd_liked_color(s->request->stated, here[i].product, slot->variant), unit);
        items[s->result->count - 1] = here[i].micro > 0 ? here[i].item : UINT32_MAX;
    }
}

/* The inferred terms behind the stated ones, the remainder in the last of them. */
static void append_terms(kd_recommended *slot, const kd_terms *terms, const kd_seed *seeds)
{
    kd_recommended inferred = { .term_count = 0 };
    double         rest = 0;

    kd_slate_fill_terms(&inferred, terms, seeds);
    for (uint8_t t = 0; t < inferred.term_count; t++) {
        if (slot->term_count < KD_TERMS_MAX)
            slot->terms[slot->term_count++] = inferred.terms[t];
        else
            rest += inferred.terms[t].weight;
    }
    if (rest > 0) {
        kd_term *last = &slot->terms[KD_TERMS_MAX - 1];
        *last = (kd_term){ .kind = last->kind, .weight = last->weight + rest };
    }
}

kd_status kd_slate_fill_from_liked(kd_slate *s, const kd_seed *seeds, size_t seed_count, kd_err *err)
{
    uint32_t *items = KD_NEW(s->arena, uint32_t, s->request->count), *known = KD_NEW(s->arena, uint32_t, s->request->count);
    kd_terms *terms = KD_NEW(s->arena, kd_terms, s->request->count);
    kd_liked *liked = NULL, *here;
    size_t    count = 0, explained = 0;
    int64_t   unit;
    kd_status status = items && known && terms ? kd_liked_gather(&liked, &count, s->recommender->favourites, s->snapshot, s->model, s->request->stated, s->arena, err)
                                               : kd_fail_memory(err);

    if (status != KD_OK || count == 0)
        return status;
    here = KD_NEW(s->arena, kd_liked, count);
    if (!here)
        return kd_fail_memory(err);
    unit = infer(liked, count, s, seeds, seed_count);
    for (int level = 3; level > 0 && !kd_slate_is_full(s); level--)
        offer_level(s, liked, count, level, here, items, unit);
    for (size_t i = 0; i < s->result->count; i++)
        if (items[i] != UINT32_MAX)
            known[explained++] = items[i];
    if (explained == 0)
        return KD_OK;
    kd_scorer_explain(terms, &s->scratch->scorer, known, explained, s->model, seeds, seed_count);
    explained = 0;
    for (size_t i = 0; i < s->result->count; i++)
        if (items[i] != UINT32_MAX)
            append_terms(&s->result->items[i], &terms[explained++], seeds);
    return KD_OK;
}

/* Of a category that this person has not looked at. */
bool kd_slate_is_unfamiliar(const kd_slate *s, const kd_product *product)
{
    const kd_ref category = kd_ref_of(product->category);
    for (size_t i = 0; i < s->familiar_count; i++)
        if (s->familiar[i] == category)
            return false;
    return category != 0;
}

/* The dial "surprise me": at 1 every second slot, at 0.5 every fourth, is for what is in demand in categories the person has not
 * looked at; never more than half of a list. Nothing in demand there: the slots are filled as usual. */
size_t kd_slate_surprises(const kd_slate *s)
{
    const kd_recommend_request *r = s->request;
    return r->recipe == KD_RECIPE_FOR_YOU && r->profile && r->stated && r->stated->surprise > 0 ? (size_t)((double)r->count * r->stated->surprise / 2) : 0;
}

enum { FAMILIAR_MAX = 64 };

kd_status kd_slate_learn_familiar(kd_slate *s, kd_err *err)
{
    const kd_profile *profile = s->request->profile;
    kd_ref           *familiar = KD_NEW(s->arena, kd_ref, FAMILIAR_MAX);

    if (!familiar)
        return kd_fail_memory(err);
    s->familiar = familiar;
    for (uint32_t k = 0; k < profile->recent_count; k++)
        for (uint32_t i = 0; i < profile->recent[k].count && s->familiar_count < FAMILIAR_MAX; i++) {
            const kd_variant *variant;
            const kd_product *product = profile->recent[k].items[i].product ? kd_snapshot_find_any(s->snapshot, profile->recent[k].items[i].product, &variant) : NULL;
            if (product && kd_slate_is_unfamiliar(s, product))
                familiar[s->familiar_count++] = kd_ref_of(product->category);
        }
    return KD_OK;
}

/* Evenly among the others, which keep their order: [first, first + count) are the surprises. */
kd_status kd_slate_spread(kd_slate *s, size_t first, size_t count, kd_err *err)
{
    kd_recommended *spread_out = KD_NEW(s->arena, kd_recommended, s->request->count), *items = s->result->items;
    const size_t    total = s->result->count;
    size_t          other = 0, next = 0;

    if (!spread_out)
        return kd_fail_memory(err);
    for (size_t at = 0; at < total; at++) {
        if (next < count && at + 1 == (next + 1) * total / count) {
            spread_out[at] = items[first + next++];
            continue;
        }
        other += other == first ? count : 0;
        spread_out[at] = items[other++];
    }
    s->result->items = spread_out;
    return KD_OK;
}

/* Neither at first sight nor later: as if it had been looked at already. */
void kd_slate_leave_out_unwanted(kd_slate *s)
{
    const kd_stated  *stated = s->request->stated;
    const kd_variant *variant;
    bool              bought;

    for (uint32_t i = 0; i < stated->not_product_count; i++) {
        const kd_product *product = kd_snapshot_find_any(s->snapshot, stated->not_products[i], &variant);
        if (product && kd_slate_first_look(s, product, &bought))
            kd_slate_note_removed(s, product, KD_REMOVED_NOT_FOR_ME);
    }
}

bool kd_slate_is_not_for_me(const kd_stated *stated, const kd_product *product)
{
    for (uint32_t i = 0; i < stated->not_category_count; i++)
        if (kd_product_has(product, KD_ATTR_CATEGORY, stated->not_categories[i]))
            return true;
    return false;
}
