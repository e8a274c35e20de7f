/* Decisions as the JSON that shops read, with reasons taken from the terms of the real score. */
#include "decide/decide.h"

/* "de", "de-AT", "DE_de": tags of languages know no case. */
static bool is_german(kd_str language)
{
    return language.len >= 2 && kd_str_is_nocase((kd_str){ language.ptr, 2 }, "de") && (language.len == 2 || language.ptr[2] == '-' || language.ptr[2] == '_');
}

/* The sentence of a term, in words that could stand on the page. `%.*s` is the product it is about. */
static void write_sentence(kd_jw *w, const kd_term *term, const kd_product *about, bool german, kd_arena *arena)
{
    static const struct { const char *en, *de, *en_plain, *de_plain; } sentences[] = {
        [KD_TERM_BOUGHT] = { "because you bought %.*s", "weil Sie %.*s gekauft haben", "because of what you bought", "wegen Ihrer Einkäufe" },
        [KD_TERM_VIEWED] = { "because you looked at %.*s", "weil Sie sich %.*s angesehen haben", "because of what you looked at", "wegen Ihrer angesehenen Artikel" },
        [KD_TERM_CART] = { "because %.*s is in your cart", "weil %.*s in Ihrem Warenkorb liegt", "goes with your cart", "passt zu Ihrem Warenkorb" },
        [KD_TERM_WISHED] = { "because %.*s is on your wish list", "weil %.*s auf Ihrem Wunschzettel steht", "goes with your wish list", "passt zu Ihrem Wunschzettel" },
        [KD_TERM_CONTEXT] = { "often chosen together with %.*s", "wird oft zusammen mit %.*s gewählt", "often chosen together", "wird oft zusammen gewählt" },
        [KD_TERM_AFFINITY] = { "like %.*s, to your taste", "wie %.*s nach Ihrem Geschmack", "to your taste", "nach Ihrem Geschmack" },
        [KD_TERM_TREND] = { "in demand just now", "gerade gefragt", "in demand just now", "gerade gefragt" },
        [KD_TERM_POPULAR] = { "popular here", "hier beliebt", "popular here", "hier beliebt" },
        [KD_TERM_RECENT] = { "you looked at this lately", "haben Sie kürzlich angesehen", "new in the shop", "neu im Sortiment" },
    };
    const bool  known = about != NULL && about->title.len != 0;
    const char *format = known ? (german ? sentences[term->kind].de : sentences[term->kind].en)
                               : (german ? sentences[term->kind].de_plain : sentences[term->kind].en_plain);
    kd_buf      text;

    kd_buf_init(&text, arena);
    const char *hole = strstr(format, "%.*s");
    if (hole == NULL)
        kd_buf_add_z(&text, format);
    else {
        kd_buf_add(&text, format, (size_t)(hole - format));
        kd_buf_add_str(&text, about->title);
        kd_buf_add_z(&text, hole + 4);
    }
    if (text.failed)
        w->buf->failed = true; /* half a sentence is worse than none */
    KD_JW_STR(w, "text", kd_buf_str(&text));
    kd_buf_free(&text);
}

static void write_reasons(kd_jw *w, const kd_recommended *item, const kd_snapshot *snapshot, kd_str language, kd_arena *arena)
{
    kd_jw_key(w, "reasons");
    kd_jw_array(w);
    for (uint8_t t = 0; t < item->term_count; t++) {
        const kd_term    *term = &item->terms[t];
        const kd_product *about = term->about ? kd_snapshot_find(snapshot, term->about) : NULL;

        kd_jw_object(w);
        KD_JW_Z(w, "kind", kd_term_kind_name(term->kind));
        if (about != NULL) {
            KD_JW_STR(w, "product", about->id);
            KD_JW_STR(w, "title", about->title);
        }
        kd_jw_key(w, "weight");
        kd_jw_f64(w, term->weight, 6);
        if (term->support != 0)
            KD_JW_I64(w, "support", term->support);
        write_sentence(w, term, about, is_german(language), arena);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_price(kd_jw *w, const kd_price *price)
{
    int64_t minor = 0;
    if (!kd_money_from_micro(&minor, price->micro, price->currency))
        return;
    kd_jw_key(w, "price");
    kd_jw_fixed(w, minor, kd_currency_exponent(price->currency));
    if (price->list_micro > price->micro && kd_money_from_micro(&minor, price->list_micro, price->currency)) {
        kd_jw_key(w, "listPrice");
        kd_jw_fixed(w, minor, kd_currency_exponent(price->currency));
    }
    KD_JW_Z(w, "currency", price->currency.code);
}

void kd_recommended_write(kd_jw *w, const kd_recommended *item, const kd_snapshot *snapshot, const kd_catalog *catalog, kd_str language)
{
    const kd_product *product = item->product;
    const kd_variant *priced = item->variant ? item->variant : product->variants;
    const kd_str      image = item->variant && item->variant->image.len ? item->variant->image : product->image; /* in its own colour */
    kd_price          price;

    kd_jw_object(w);
    KD_JW_STR(w, "productId", product->id);
    if (item->variant != NULL) {
        KD_JW_STR(w, "sku", item->variant->sku);
        if (item->variant->size.len != 0)
            KD_JW_STR(w, "size", item->variant->size);
        if (item->variant->color.len != 0)
            KD_JW_STR(w, "color", item->variant->color);
    }
    KD_JW_STR(w, "title", product->title);
    if (product->brand.len != 0)
        KD_JW_STR(w, "brand", product->brand);
    if (product->category.len != 0)
        KD_JW_STR(w, "category", product->category);
    if (product->url.len != 0)
        KD_JW_STR(w, "url", product->url);
    if (image.len != 0)
        KD_JW_STR(w, "image", image);
    if (product->variant_count != 0 && kd_price_of(&price, catalog, priced->row))
        write_price(w, &price);
    kd_jw_key(w, "score");
    kd_jw_f64(w, item->score, 6);
    KD_JW_I64(w, "layer", item->layer);
    write_reasons(w, item, snapshot, language, w->buf->arena);
    kd_jw_object_end(w);
}

void kd_decision_write(kd_jw *w, const kd_decision *decision, const kd_snapshot *snapshot, const kd_catalog *catalog, kd_str language)
{
    char id[KD_ID_TEXT];

    kd_id_format(id, decision->id);
    kd_jw_object(w);
    KD_JW_STR(w, "placement", decision->placement->id);
    KD_JW_Z(w, "decisionId", id);
    KD_JW_Z(w, "kind", decision->nothing ? "nothing" : decision->placement->kind == KD_PLACEMENT_CONTENT ? "content" : "recommendation");
    kd_jw_key(w, "content");
    if (decision->content.len != 0)
        kd_jw_raw(w, decision->content);
    else
        kd_jw_null(w);
    kd_jw_key(w, "items");
    kd_jw_array(w);
    for (size_t i = 0; i < decision->list.count; i++)
        kd_recommended_write(w, &decision->list.items[i], snapshot, catalog, language);
    kd_jw_array_end(w);
    /* The decision's own reasons; those of a recommendation stand with its items. */
    kd_jw_key(w, "reasons");
    kd_jw_array(w);
    if (!decision->nothing && decision->placement->kind == KD_PLACEMENT_CONTENT)
        kd_jw_z(w, is_german(language) ? "für alle gleich" : "the same for everybody");
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}
