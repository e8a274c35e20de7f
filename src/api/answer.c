/* kd_answer_decide and kd_answer_recommend: one question about one person, answered as JSON. */
#include "api/parts.h"

#include <stdio.h>

#include "api/who.h"

enum { PLACEMENTS_MAX = 32, PRODUCTS_MAX = 100, ANSWER_BYTES = 6 * 1024 };

const kd_placements *kd_parts_placements(kd_parts *parts)
{
    const kd_placements *p;
    pthread_mutex_lock(&parts->placements_lock);
    p = parts->placements ? kd_placements_retain(parts->placements) : NULL;
    pthread_mutex_unlock(&parts->placements_lock);
    return p;
}

kd_status kd_parts_placements_reload(kd_parts *parts, kd_reader *reader, kd_err *err)
{
    const kd_snapshot   *snapshot = kd_snapshot_acquire(parts->catalog);
    const kd_placements *old;
    kd_placements       *fresh = NULL;
    kd_status            status = kd_placements_load(&fresh, reader, snapshot, err);
    kd_snapshot_release(snapshot);
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&parts->placements_lock);
    old = parts->placements;
    parts->placements = fresh;
    pthread_mutex_unlock(&parts->placements_lock);
    if (old)
        kd_placements_release(old);
    return KD_OK;
}

static kd_status product_refs(kd_ref **out, const kd_question *q, kd_arena *arena, kd_err *err)
{
    kd_ref *refs = KD_NEW(arena, kd_ref, q->product_count + 1);
    if (refs == NULL)
        return kd_fail_memory(err);
    if (q->product_count > PRODUCTS_MAX)
        return kd_fail_field(err, KD_INVALID, "/context/products", "more than %d products", PRODUCTS_MAX);
    for (size_t i = 0; i < q->product_count; i++)
        refs[i] = kd_ref_of(q->products[i]);
    *out = refs;
    return KD_OK;
}

/* Decision ids must not be guessable from one another, so the seed is the operating system's, once a thread. */
static uint64_t new_seed(void)
{
    static _Thread_local kd_rng rng;
    static _Thread_local bool   seeded;
    if (!seeded) {
        kd_rng_seed_os(&rng);
        seeded = true;
    }
    return kd_rng_u64(&rng);
}

static void write_identity(kd_jw *w, const kd_question *q, bool known, bool refused)
{
    KD_JW_Z(w, "identity", q->unproven ? "unproven" : refused ? "refused" : known ? "known" : "unknown");
}

/* What both questions hold while they work: given back in one place. */
typedef struct holding {
    kd_parts            *parts;
    const kd_snapshot   *snapshot;
    const kd_placements *placements;
    kd_customer          customer;   /* while `known`: borrowed facts, perhaps a lock */
    bool                 known;
    kd_id                person_id;  /* to whom receipts go; nil: a stranger */
    int64_t              folded;
    const kd_policy     *policy;
    kd_purposes          allowed;
    kd_profile           view;       /* what the reader may see of the person; empty without one */
    const kd_profile    *profile, *gates; /* it, where the person may be known; else what only keeps things out */
    kd_stated            told;       /* what they told us; empty: nothing */
    const kd_stated     *stated;     /* it, where there is something */
    kd_str               language;   /* of the sentences: asked for, told, or English */
    kd_ref              *products;
} holding;

static void let_person(holding *h)
{
    if (h->known)
        kd_customers_release(h->parts->customers, &h->customer);
    h->known = false;
}

static void let_go(holding *h)
{
    let_person(h);
    if (h->placements)
        kd_placements_release(h->placements);
    if (h->snapshot)
        kd_snapshot_release(h->snapshot);
    kd_policy_release(h->policy);
}

/* Everything but the person's lock, which is taken last and held only while the list is made. */
static kd_status take_hold(holding *h, kd_parts *parts, const kd_question *q, kd_arena *arena, kd_err *err)
{
    *h = (holding){ .parts = parts, .snapshot = kd_snapshot_acquire(parts->catalog), .policy = kd_parts_policy(parts) };
    return product_refs(&h->products, q, arena, err);
}

/* The customer of the strongest key that has one. By a public key an anonymous id opens what that browser did and no more; a
 * user id gets here only with the shop's token for it, and opens the customer. */
static kd_status lock_person(holding *h, kd_reader *reader, const kd_question *q, kd_err *err)
{
    kd_status status = KD_OK;
    if (!kd_id_is_nil(q->person)) {
        status = kd_who_customer(&h->customer, &h->known, h->parts, reader, q->person, true, err);
        if (status == KD_OK && !h->known)
            return kd_fail_field(err, KD_NOT_FOUND, "/customer/personId", "there is no person of this id");
    }
    for (size_t i = 0; i < q->key_count && status == KD_OK && !h->known; i++) { /* mostly the first is known */
        kd_id person;
        status = kd_identity_find(&person, h->parts->identity, reader, &q->keys[i], 1, err);
        if (status == KD_OK)
            status = kd_who_customer(&h->customer, &h->known, h->parts, reader, person, !q->public_caller || q->keys[i].type == KD_KEY_USER, err);
    }
    if (status == KD_OK && h->known) {
        h->person_id = h->customer.person;
        h->folded = h->customer.folded;
    }
    return status;
}

static kd_status without_gifts(holding *h, kd_arena *arena, kd_err *err)
{
    const kd_profile masked = h->view;
    return kd_stated_view(&h->view, &masked, &h->told, arena, err); /* copies the struct: it outlives `masked` */
}

/* What they told us. Whoever pauses is served as a stranger: what is not for them stays away all the same, and the shop looks as
 * they want it. */
static kd_status listen(holding *h, const kd_profile *said, bool personal, kd_arena *arena, kd_err *err)
{
    kd_status status = kd_stated_read(&h->told, said, arena, err);
    if (status != KD_OK)
        return status;
    h->stated = &h->told;
    if (!personal) {
        const kd_stated all = h->told;
        h->told = (kd_stated){ .not_products = all.not_products, .not_product_count = all.not_product_count, .not_categories = all.not_categories,
                               .not_category_count = all.not_category_count, .language = all.language, .theme = all.theme, .layout = all.layout,
                               .start_page = all.start_page };
        return KD_OK;
    }
    return h->told.gift_count ? without_gifts(h, arena, err) : KD_OK;
}

/* What of the person may be used for this answer. Who refuses to be known by taste, or pauses, gets a stranger's answer, less what they have. */
static kd_status look(holding *h, const kd_question *q, kd_arena *arena, kd_err *err)
{
    const kd_profile *full = h->known ? h->customer.profile : NULL;
    kd_status         status;
    h->language = q->language;
    h->allowed = kd_allowed(h->policy, full, q->gpc);
    if (full == NULL)
        return KD_OK;
    const bool allowed = (h->allowed & KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE)) != 0, personal = allowed && !kd_stated_is_paused(full);
    status = kd_masked(&h->view, full, h->policy, personal ? KD_PURPOSE_PERSONALISE : KD_PURPOSE_OPERATE, q->gpc, arena);
    if (status != KD_OK)
        return kd_fail_memory(err);
    *(personal ? &h->profile : &h->gates) = &h->view;
    if (full->stated_count == 0)
        return KD_OK;
    status = listen(h, allowed && !personal ? full : &h->view, personal, arena, err);
    if (h->language.len == 0)
        h->language = h->told.language;
    return status;
}

static kd_status find_placements(const kd_placement ***out, holding *h, const kd_question *q, kd_arena *arena, kd_err *err)
{
    const kd_placement **found = KD_NEW(arena, const kd_placement *, q->placement_count + 1);
    char                 field[48];
    if (found == NULL)
        return kd_fail_memory(err);
    if (q->placement_count == 0 || q->placement_count > PLACEMENTS_MAX)
        return kd_fail_field(err, KD_INVALID, "/placements", q->placement_count ? "more than %d placements" : "name at least one placement", PLACEMENTS_MAX);
    h->placements = kd_parts_placements(h->parts);
    for (size_t i = 0; i < q->placement_count; i++) {
        found[i] = h->placements ? kd_placements_find(h->placements, q->placements[i]) : NULL;
        snprintf(field, sizeof field, "/placements/%zu", i);
        if (found[i] == NULL)
            return kd_fail_field(err, KD_NOT_FOUND, field, "there is no placement \"%.*s\"",
                                 (int)(q->placements[i].len < 64 ? q->placements[i].len : 64), q->placements[i].ptr);
    }
    *out = found;
    return KD_OK;
}

/* Receipts go behind the answer. When their buffer is full they are lost, and ingest's count says so: the shopper is served. */
static void append_receipts(const kd_decision *decisions, size_t count, const holding *h, const kd_decide_request *request, kd_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        kd_receipt_write receipt = { 0 };
        kd_buf           body;
        kd_buf_init(&body, arena);
        kd_receipt_encode(&body, &decisions[i], request, h->snapshot);
        if (body.failed)
            return;
        receipt.event = (kd_event){ .id = decisions[i].id, .person = h->person_id, .time_ms = request->now_ms, .received_ms = request->now_ms,
                                    .kind = KD_KIND_DECISION, .body = kd_buf_str(&body) };
        kd_ingest_receipt(h->parts->ingest, &receipt, NULL);
    }
}

static void write_decisions(kd_buf *out, const kd_decision *decisions, size_t count, const holding *h, const kd_question *q)
{
    kd_jw w;
    kd_buf_reserve(out, ANSWER_BYTES); /* an answer of ten items with reasons, in one piece */
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    kd_jw_key(&w, "decisions");
    kd_jw_array(&w);
    for (size_t i = 0; i < count; i++)
        kd_decision_write(&w, &decisions[i], h->snapshot, h->parts->catalog, h->language);
    kd_jw_array_end(&w);
    write_identity(&w, q, !kd_id_is_nil(h->person_id), h->gates != NULL);
    if (h->stated)
        kd_stated_write_appearance(&w, "appearance", h->stated);
    kd_jw_object_end(&w);
}

kd_status kd_answer_decide(kd_buf *out, kd_parts *parts, kd_reader *reader, const kd_question *q, kd_arena *arena, kd_err *err)
{
    holding              h;
    const kd_placement **placements = NULL;
    kd_decision         *decisions = NULL;
    kd_decide_request    request = { .placement_count = q->placement_count, .channel = q->channel, .product_count = q->product_count,
                                     .now_ms = kd_now(parts->clock), .seed = new_seed() };
    size_t               count = 0;
    kd_status            status = take_hold(&h, parts, q, arena, err);
    if (status == KD_OK)
        status = find_placements(&placements, &h, q, arena, err);
    if (status == KD_OK)
        status = lock_person(&h, reader, q, err);
    if (status == KD_OK)
        status = look(&h, q, arena, err);
    if (status == KD_OK) {
        request.placements = placements;
        request.products = h.products;
        request.profile = h.profile;
        request.gates = h.gates;
        request.stated = h.stated;
        request.allowed = h.known ? h.allowed : 0;
        request.policy_version = kd_policy_version(h.policy);
        request.folded = h.known ? h.folded : 0;
        status = kd_decide(&decisions, &count, parts->recommender, h.snapshot, &request, arena, err);
    }
    let_person(&h); /* the decisions point into the snapshot and the arena only; the profile's address says "personal" to the receipt */
    if (status == KD_OK) {
        if (q->receipt)
            append_receipts(decisions, count, &h, &request, arena);
        write_decisions(out, decisions, count, &h, q);
        status = kd_buf_status(out, err);
    }
    let_go(&h);
    return status;
}

static void write_removed(kd_jw *w, const kd_recommend_result *list)
{
    kd_jw_key(w, "removedItems");
    kd_jw_array(w);
    for (size_t i = 0; i < list->removed_count; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "productId", list->removed[i].product->id);
        KD_JW_STR(w, "title", list->removed[i].product->title);
        KD_JW_STR(w, "image", list->removed[i].product->image);
        KD_JW_Z(w, "why", kd_removal_name(list->removed[i].why));
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_list(kd_buf *out, const kd_recommend_result *list, const holding *h, const kd_question *q)
{
    kd_jw w;
    kd_buf_reserve(out, ANSWER_BYTES);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    kd_jw_key(&w, "items");
    kd_jw_array(&w);
    kd_recommended_write(&w, list->items, list->count, h->snapshot, h->parts->catalog, h->language);
    kd_jw_array_end(&w);
    KD_JW_I64(&w, "modelVersion", (int64_t)list->model_version);
    if (q->explain) {
        KD_JW_I64(&w, "candidates", list->candidates);
        kd_jw_key(&w, "removed");
        kd_jw_object(&w);
        KD_JW_I64(&w, "bought", list->removed_bought);
        KD_JW_I64(&w, "stock", list->removed_stock);
        KD_JW_I64(&w, "filter", list->removed_filter);
        kd_jw_object_end(&w);
    }
    if (q->removed_max)
        write_removed(&w, list);
    write_identity(&w, q, !kd_id_is_nil(h->person_id), h->gates != NULL);
    kd_jw_object_end(&w);
}

kd_status kd_answer_recommend(kd_buf *out, kd_parts *parts, kd_reader *reader, const kd_question *q, kd_arena *arena, kd_err *err)
{
    holding              h;
    kd_recommend_result  list = { 0 };
    kd_recommend_request request = { .recipe = q->recipe, .product_count = q->product_count, .filter = q->filter, .count = q->count,
                                     .now_ms = kd_now(parts->clock), .removed_max = q->removed_max };
    kd_status            status = take_hold(&h, parts, q, arena, err);
    if (status == KD_OK)
        status = lock_person(&h, reader, q, err);
    if (status == KD_OK)
        status = look(&h, q, arena, err);
    if (status == KD_OK) {
        request.products = h.products;
        request.profile = h.profile;
        request.gates = h.gates;
        request.stated = h.stated;
        request.sensitive = h.known && (h.allowed & KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE)) != 0;
        status = kd_recommend(&list, parts->recommender, h.snapshot, &request, arena, err);
    }
    let_person(&h);
    if (status == KD_OK) {
        write_list(out, &list, &h, q);
        status = kd_buf_status(out, err);
    }
    let_go(&h);
    return status;
}
