/* decide/decide.h -- one answer for one person at one or more placements, with its reasons and its receipt.
 *
 * A placement is a document: what may stand there (a recommendation by a recipe with filters and a count, or fixed content).
 * kd_decide is pure given its inputs (profile, snapshot, model, clock, seed); the caller appends the receipt.
 * Threads: any; allocation in the request's arena only. */
#ifndef KD_DECIDE_DECIDE_H
#define KD_DECIDE_DECIDE_H
#include "customer/purpose.h"
#include "recommend/recommend.h"

typedef enum kd_placement_kind { KD_PLACEMENT_RECOMMENDATION, KD_PLACEMENT_CONTENT } kd_placement_kind;
typedef struct kd_placement {
    kd_str            id, title;
    uint64_t          version;      /* of its document */
    kd_placement_kind kind;
    kd_recipe         recipe;
    kd_filter         filter;
    uint16_t          count;
    kd_str            content;      /* CONTENT: JSON as written in the document; RECOMMENDATION: optional extra JSON */
    uint32_t          channels;     /* bit 1 << kd_channel; 0: all */
    bool              live;
} kd_placement;

/* All placements, immutable once made; swapped whole when a document changes. */
typedef struct kd_placements kd_placements;
/* Read one document: {"id","title","kind":"recommendation"|"content","recipe","count","filter":{"category":[..],"brand":[..],
 * "not":{...},"price":{"min","max"},"includeBought","includeOutOfStock"},"content":{...},"channels":[..],"live"}. An "id" in it
 * must be `id`; a member that is null counts as absent. KD_INVALID or KD_LIMIT with err->field as a JSON pointer. */
kd_status kd_placement_parse(kd_placement *out, kd_str id, const kd_json *doc, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err);
/* The "filter" of a placement or of POST /v1/recommend; NULL gives the empty filter. Arrays owned by `arena`. */
kd_status kd_filter_parse(kd_filter *out, const kd_json *filter, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err);
/* "web", "app", "store", "email", "server", "file"; KD_INVALID without a message otherwise. */
kd_status kd_channel_parse(kd_channel *out, kd_str name);
const char *kd_channel_name(kd_channel channel); /* "unknown" besides; never NULL */
/* All placements of the store. A document that no longer reads is left out and logged. */
kd_status kd_placements_load(kd_placements **out, kd_reader *reader, const kd_snapshot *snapshot, kd_err *err);
const kd_placements *kd_placements_retain(const kd_placements *placements);
void      kd_placements_release(const kd_placements *placements);
const kd_placement *kd_placements_find(const kd_placements *placements, kd_str id);
size_t    kd_placements_count(const kd_placements *placements);
const kd_placement *kd_placements_at(const kd_placements *placements, size_t index);

typedef struct kd_decision {
    kd_id                 id;           /* UUIDv7 */
    const kd_placement   *placement;
    kd_recommend_result   list;         /* RECOMMENDATION */
    kd_str                content;      /* JSON or empty */
    bool                  nothing;      /* nothing was worth showing */
} kd_decision;

typedef struct kd_decide_request {
    const kd_placement *const *placements;
    size_t            placement_count;
    const kd_profile *profile;          /* NULL: a stranger, or not allowed to be known */
    const kd_profile *gates;            /* where `profile` is NULL: what still keeps things out (recommend/recommend.h) */
    const kd_stated  *stated;           /* what the person told us; NULL: nothing */
    kd_channel        channel;
    const kd_ref     *products;         /* context */
    size_t            product_count;
    kd_purposes       allowed;          /* what this person allows: for sensitive products, and the receipt; 0: a stranger */
    uint64_t          policy_version;   /* of the purposes it was decided under */
    int64_t           folded;           /* log offset up to which `profile` holds its person's events; 0: a stranger */
    int64_t           now_ms;
    uint64_t          seed;             /* makes the decision ids */
} kd_decide_request;
/* Decisions in the order asked. A product stands at one placement of a request only: at the first that would show it. A placement
 * that is not live, or not for this channel, decides "nothing". KD_INVALID: a recipe that needs context got none. */
kd_status kd_decide(kd_decision **out, size_t *count, kd_recommender *recommender, const kd_snapshot *snapshot,
                    const kd_decide_request *request, kd_arena *arena, kd_err *err);

/* {"placement","decisionId","kind","content",items:[{productId,sku,title,url,image,price,currency,score,layer,reasons:[...]}],reasons:[...]}
 * The reasons are the terms of the real score: {"kind":"bought","product":"SKU","title":"...","weight":0.42,"text":"because you bought X"}. */
void kd_decision_write(kd_jw *w, const kd_decision *decision, const kd_snapshot *snapshot, const kd_catalog *catalog, kd_str language);
/* The sentence of a reason of this kind about something titled `about` (empty: about nothing in particular), in at most three pieces; returns
 * how many. These are all the sentences there are; kd_reason_names: those that say the title. */
enum { KD_TERM_KINDS = KD_TERM_SURPRISE + 1 };
size_t kd_reason_sentence(kd_str pieces[3], kd_term_kind kind, kd_str about, bool german);
bool   kd_reason_names(kd_term_kind kind);
/* The items alone, one after the other into what is open in `w`; what reasons share is made once for all of them. An item's variant is one of its product's. */
void kd_recommended_write(kd_jw *w, const kd_recommended *items, size_t count, const kd_snapshot *snapshot, const kd_catalog *catalog, kd_str language);

/* The same sentence of a reason as a shopper reads it, from the words of a receipt: its kind ("bought") and what it is about (a title, a
 * value; may be empty). False: no such kind. */
bool kd_reason_text(kd_buf *out, kd_str kind, kd_str about, bool german);

/* The receipt: compact binary with everything live that the decision used (watermarks of documents and model, placement
 * version, log position of the person's facts, candidates counts, the items with scores and terms, seed). Versioned: receipt.c. */
void      kd_receipt_encode(kd_buf *out, const kd_decision *decision, const kd_decide_request *request, const kd_snapshot *snapshot);
/* As JSON for people and machines; `snapshot` (may be NULL) gives products their names. KD_CORRUPT when it is none: what was
 * written to `w` until then is to be thrown away. */
kd_status kd_receipt_write_json(kd_jw *w, kd_str receipt, const kd_snapshot *snapshot, kd_err *err);
#endif
