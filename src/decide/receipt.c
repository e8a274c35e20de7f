/* The stored form of a decision. Version 1, little-endian, varints; scores and weights in millionths, as they were ranked.
 * The numbers of kinds, recipes, channels, layers and terms are part of the format: their enums may grow at the end only. */
#include "decide/decide.h"

#include <math.h>
#include <stdio.h>

enum { RECEIPT_VERSION = 1, LINES_MAX = 4096 };

static int64_t fixed(double value) { return (int64_t)llround(value * 1e6); }

static void encode_item(kd_buf *out, const kd_recommended *item)
{
    kd_put_str(out, item->product->id);
    kd_put_str(out, item->variant ? item->variant->sku : (kd_str){ 0 });
    kd_put_zigzag(out, fixed(item->score));
    kd_put_u8(out, item->layer);
    kd_put_u8(out, item->term_count);
    for (uint8_t t = 0; t < item->term_count; t++) {
        const kd_term *term = &item->terms[t];
        kd_put_u8(out, (uint8_t)term->kind);
        kd_put_u64(out, term->about);
        kd_put_zigzag(out, fixed(term->weight));
        kd_put_zigzag(out, term->time_ms);
        kd_put_varint(out, term->support);
    }
}

void kd_receipt_encode(kd_buf *out, const kd_decision *decision, const kd_decide_request *request, const kd_snapshot *snapshot)
{
    const kd_recommend_result *list = &decision->list;

    kd_put_u8(out, RECEIPT_VERSION);
    kd_put_str(out, decision->placement->id);
    kd_put_varint(out, decision->placement->version);
    kd_put_u8(out, (uint8_t)decision->placement->kind);
    kd_put_u8(out, (uint8_t)decision->placement->recipe);
    kd_put_u8(out, (uint8_t)request->channel);
    kd_put_u8(out, (uint8_t)((decision->nothing ? 1 : 0) | (request->profile != NULL ? 2 : 0)));
    kd_put_varint(out, (uint64_t)request->folded);
    kd_put_zigzag(out, request->now_ms);
    kd_put_u64(out, request->seed);
    kd_put_varint(out, kd_snapshot_version(snapshot));
    kd_put_varint(out, list->model_version);
    kd_put_varint(out, list->candidates);
    kd_put_varint(out, list->removed_bought);
    kd_put_varint(out, list->removed_stock);
    kd_put_varint(out, list->removed_filter);
    kd_put_varint(out, request->product_count);
    for (size_t i = 0; i < request->product_count; i++)
        kd_put_u64(out, request->products[i]);
    kd_put_varint(out, list->count);
    for (size_t i = 0; i < list->count; i++)
        encode_item(out, &list->items[i]);
}

static void write_ref(kd_jw *w, const char *key, kd_ref ref, const kd_snapshot *snapshot)
{
    const kd_product *product = snapshot ? kd_snapshot_find(snapshot, ref) : NULL;
    char              hex[20];

    kd_jw_key(w, key);
    if (product != NULL)
        kd_jw_str(w, product->id);
    else {
        snprintf(hex, sizeof hex, "#%016llx", (unsigned long long)ref);
        kd_jw_z(w, hex);
    }
}

static void write_terms(kd_jw *w, kd_cut *cut, const kd_snapshot *snapshot)
{
    const uint8_t terms = kd_cut_u8(cut);

    kd_jw_key(w, "terms");
    kd_jw_array(w);
    for (uint8_t t = 0; t < terms && !cut->failed; t++) {
        const uint8_t  kind = kd_cut_u8(cut);
        const kd_ref   about = kd_cut_u64(cut);
        const int64_t  weight = kd_cut_zigzag(cut);
        const int64_t  time_ms = kd_cut_zigzag(cut);
        const uint64_t support = kd_cut_varint(cut);
        char           time[25];

        kd_jw_object(w);
        KD_JW_Z(w, "kind", kd_term_kind_name((kd_term_kind)kind));
        if (about != 0)
            write_ref(w, "product", about, snapshot);
        kd_jw_key(w, "weight");
        kd_jw_fixed(w, weight, 6);
        if (time_ms != 0) {
            kd_time_format(time, time_ms);
            KD_JW_Z(w, "at", time);
        }
        KD_JW_I64(w, "support", (int64_t)support);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_items(kd_jw *w, kd_cut *cut, const kd_snapshot *snapshot)
{
    const uint64_t items = kd_cut_varint(cut);

    kd_jw_key(w, "items");
    kd_jw_array(w);
    for (uint64_t i = 0; i < items && i < LINES_MAX && !cut->failed; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "productId", kd_cut_str(cut));
        const kd_str sku = kd_cut_str(cut);
        if (sku.len != 0)
            KD_JW_STR(w, "sku", sku);
        kd_jw_key(w, "score");
        kd_jw_fixed(w, kd_cut_zigzag(cut), 6);
        KD_JW_I64(w, "layer", kd_cut_u8(cut));
        write_terms(w, cut, snapshot);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

kd_status kd_receipt_write_json(kd_jw *w, kd_str receipt, const kd_snapshot *snapshot, kd_err *err)
{
    kd_cut cut = kd_cut_from(receipt.ptr, receipt.len);
    char   time[25];

    if (kd_cut_u8(&cut) != RECEIPT_VERSION)
        return kd_fail(err, KD_CORRUPT, "a receipt of an unknown version");
    kd_jw_object(w);
    KD_JW_STR(w, "placement", kd_cut_str(&cut));
    KD_JW_I64(w, "placementVersion", (int64_t)kd_cut_varint(&cut));
    KD_JW_Z(w, "kind", kd_cut_u8(&cut) == KD_PLACEMENT_CONTENT ? "content" : "recommendation");
    const uint8_t recipe = kd_cut_u8(&cut);
    KD_JW_Z(w, "recipe", recipe < KD_RECIPE_COUNT ? kd_recipe_name((kd_recipe)recipe) : NULL);
    KD_JW_Z(w, "channel", kd_channel_name((kd_channel)kd_cut_u8(&cut)));
    const uint8_t flags = kd_cut_u8(&cut);
    KD_JW_BOOL(w, "nothing", (flags & 1) != 0);
    KD_JW_BOOL(w, "personal", (flags & 2) != 0);
    KD_JW_I64(w, "factsUpTo", (int64_t)kd_cut_varint(&cut));
    kd_time_format(time, kd_cut_zigzag(&cut));
    KD_JW_Z(w, "at", time);
    kd_jw_key(w, "seed"); /* as text: JSON readers lose 64-bit integers */
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)kd_cut_u64(&cut));
    kd_jw_z(w, seed);
    KD_JW_I64(w, "catalogueVersion", (int64_t)kd_cut_varint(&cut));
    KD_JW_I64(w, "modelVersion", (int64_t)kd_cut_varint(&cut));
    KD_JW_I64(w, "candidates", (int64_t)kd_cut_varint(&cut));
    KD_JW_I64(w, "removedBought", (int64_t)kd_cut_varint(&cut));
    KD_JW_I64(w, "removedStock", (int64_t)kd_cut_varint(&cut));
    KD_JW_I64(w, "removedFilter", (int64_t)kd_cut_varint(&cut));
    const uint64_t products = kd_cut_varint(&cut);
    kd_jw_key(w, "products");
    kd_jw_array(w);
    for (uint64_t i = 0; i < products && i < LINES_MAX && !cut.failed; i++) {
        kd_jw_object(w);
        write_ref(w, "productId", kd_cut_u64(&cut), snapshot);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    write_items(w, &cut, snapshot);
    kd_jw_object_end(w);
    return cut.failed || cut.ptr != cut.end ? kd_fail(err, KD_CORRUPT, "a receipt that ends early or late") : KD_OK;
}
