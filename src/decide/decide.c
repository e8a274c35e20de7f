#include "decide/decide.h"

static bool is_shown(const kd_product *const *shown, size_t count, const kd_product *product)
{
    for (size_t i = 0; i < count; i++)
        if (shown[i] == product)
            return true;
    return false;
}

/* One product once per page: what an earlier placement of the request shows is left out of the later ones. So ask for as
 * many more as were shown, as far as a list goes, and close the gaps. */
static kd_status fill_list(kd_decision *decision, const kd_product **shown, size_t *shown_count, kd_recommender *recommender,
                           const kd_snapshot *snapshot, const kd_decide_request *request, kd_arena *arena, kd_err *err)
{
    const kd_placement        *placement = decision->placement;
    const kd_recommend_request ask = {
        .recipe = placement->recipe,
        .profile = request->profile,
        .gates = request->gates,
        .stated = request->stated,
        .products = request->products,
        .product_count = request->product_count,
        .filter = &placement->filter,
        .count = placement->count + *shown_count < KD_RECOMMEND_MAX ? placement->count + *shown_count : KD_RECOMMEND_MAX,
        .now_ms = request->now_ms,
        .sensitive = (request->allowed & KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE)) != 0,
    };
    kd_recommend_result *list = &decision->list;
    kd_status            status = kd_recommend(list, recommender, snapshot, &ask, arena, err);
    size_t               kept = 0;

    if (status != KD_OK)
        return status;
    for (size_t i = 0; i < list->count && kept < placement->count; i++)
        if (!is_shown(shown, *shown_count, list->items[i].product))
            list->items[kept++] = list->items[i];
    list->count = kept;
    for (size_t i = 0; i < kept; i++)
        shown[(*shown_count)++] = list->items[i].product;
    decision->nothing = kept == 0;
    return KD_OK;
}

kd_status kd_decide(kd_decision **out, size_t *count, kd_recommender *recommender, const kd_snapshot *snapshot,
                    const kd_decide_request *request, kd_arena *arena, kd_err *err)
{
    kd_decision       *decisions = KD_NEW(arena, kd_decision, request->placement_count);
    const kd_product **shown;
    size_t             shown_count = 0, shown_max = 0;
    kd_rng             rng;

    for (size_t i = 0; i < request->placement_count; i++)
        shown_max += request->placements[i]->count;
    shown = KD_NEW(arena, const kd_product *, shown_max);
    if (decisions == NULL || shown == NULL)
        return kd_fail_memory(err);
    kd_rng_seed(&rng, request->seed);
    for (size_t i = 0; i < request->placement_count; i++) {
        const kd_placement *placement = request->placements[i];
        kd_decision        *decision = &decisions[i];
        const bool          here = placement->live && (placement->channels == 0 || (placement->channels >> request->channel & 1) != 0);
        kd_status           status = KD_OK;

        decision->id = kd_id_new(&rng, request->now_ms);
        decision->placement = placement;
        decision->nothing = !here;
        if (here && placement->kind == KD_PLACEMENT_RECOMMENDATION)
            status = fill_list(decision, shown, &shown_count, recommender, snapshot, request, arena, err);
        if (status != KD_OK)
            return status;
        if (!decision->nothing)
            decision->content = placement->content;
    }
    *out = decisions;
    *count = request->placement_count;
    return KD_OK;
}
