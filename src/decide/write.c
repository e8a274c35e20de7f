/* Decisions as the JSON that shops read, with reasons taken from the terms of the real score. */
#include "decide/decide.h"

#include "base/fetch.h"

/* "de", "de-AT", "DE_de": tags of languages know no case. */
static bool is_german(kd_str language)
{
    return language.len >= 2 && kd_str_is_nocase((kd_str){ language.ptr, 2 }, "de") && (language.len == 2 || language.ptr[2] == '-' || language.ptr[2] == '_');
}

/* The sentences of terms, in words that could stand on the page: around what it is about, or plain. */
static const struct sentence { const char *before, *behind, *plain; } sentences[][2] = { /* English, German; behind NULL: without the title */
    [KD_TERM_BOUGHT] = { { "because you bought ", "", "because of what you bought" }, { "weil Sie ", " gekauft haben", "wegen Ihrer Einkäufe" } },
    [KD_TERM_VIEWED] = { { "because you looked at ", "", "because of what you looked at" },
                         { "weil Sie sich ", " angesehen haben", "wegen Ihrer angesehenen Artikel" } },
    [KD_TERM_CART] = { { "because ", " is in your cart", "goes with your cart" }, { "weil ", " in Ihrem Warenkorb liegt", "passt zu Ihrem Warenkorb" } },
    [KD_TERM_WISHED] = { { "because ", " is on your wish list", "goes with your wish list" },
                         { "weil ", " auf Ihrem Wunschzettel steht", "passt zu Ihrem Wunschzettel" } },
    [KD_TERM_CONTEXT] = { { "often chosen together with ", "", "often chosen together" }, { "wird oft zusammen mit ", " gewählt", "wird oft zusammen gewählt" } },
    [KD_TERM_AFFINITY] = { { "like ", ", to your taste", "to your taste" }, { "wie ", " nach Ihrem Geschmack", "nach Ihrem Geschmack" } },
    [KD_TERM_TREND] = { { "in demand just now", NULL, "in demand just now" }, { "gerade gefragt", NULL, "gerade gefragt" } },
    [KD_TERM_POPULAR] = { { "popular here", NULL, "popular here" }, { "hier beliebt", NULL, "hier beliebt" } },
    [KD_TERM_RECENT] = { { "you looked at this lately", NULL, "new in the shop" }, { "haben Sie kürzlich angesehen", NULL, "neu im Sortiment" } },
    [KD_TERM_STATED] = { { "because you told us you like ", "", "because of what you told us" },
                         { "weil Sie uns gesagt haben, dass Sie ", " mögen", "wegen Ihrer Angaben" } },
    [KD_TERM_SURPRISE] = { { "something else for once, as you asked", NULL, "something else for once, as you asked" },
                           { "einmal etwas anderes, wie Sie es wünschen", NULL, "einmal etwas anderes, wie Sie es wünschen" } },
};

_Static_assert(sizeof sentences / sizeof *sentences == KD_TERM_KINDS, "every kind of term has its sentence");

bool kd_reason_names(kd_term_kind kind) { return sentences[kind][0].behind != NULL; }

size_t kd_reason_sentence(kd_str pieces[3], kd_term_kind kind, kd_str about, bool german)
{
    const struct sentence *one = &sentences[kind][german];
    if (about.len != 0 && one->behind != NULL) {
        pieces[0] = kd_str_z(one->before);
        pieces[1] = about;
        pieces[2] = kd_str_z(one->behind);
        return 3;
    }
    pieces[0] = kd_str_z(about.len != 0 ? one->before : one->plain);
    return 1;
}

static void write_sentence(kd_jw *w, const kd_term *term, kd_str about, bool german)
{
    kd_str       pieces[3];
    const size_t count = kd_reason_sentence(pieces, term->kind, about, german);

    kd_jw_key(w, "text");
    if (count == 1)
        kd_jw_str(w, pieces[0]);
    else
        kd_jw_pieces(w, pieces, count);
}

/* What a reason says apart from its weight is the same wherever it stands in an answer: said once, then copied from there. */
enum { SAID_MAX = 48 };
typedef struct said { kd_term_kind kind; kd_ref about; size_t begin, end; } said; /* bytes of the answer */
typedef struct said_list { said items[SAID_MAX]; size_t count; } said_list;

static const said *find_said(const said_list *list, const kd_term *term)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].about == term->about && list->items[i].kind == term->kind)
            return &list->items[i];
    return NULL;
}

/* "Jackets" of "Outdoor > Jackets". */
static kd_str last_level(kd_str path)
{
    for (size_t i = path.len; i > 2; i--)
        if (path.ptr[i - 1] == ' ' && path.ptr[i - 2] == '>')
            return (kd_str){ path.ptr + i, path.len - i };
    return path;
}

bool kd_reason_text(kd_buf *out, kd_str kind, kd_str about, bool german)
{
    kd_str pieces[3];
    for (size_t k = 0; k < sizeof sentences / sizeof *sentences; k++) {
        if (!kd_str_is(kind, kd_term_kind_name((kd_term_kind)k)))
            continue;
        const size_t count = kd_reason_sentence(pieces, (kd_term_kind)k, k == KD_TERM_STATED ? last_level(about) : about, german);
        for (size_t i = 0; i < count; i++)
            kd_buf_add_str(out, pieces[i]);
        return true;
    }
    return false;
}

static void write_saying(kd_jw *w, said_list *list, const kd_term *term, const kd_snapshot *snapshot, bool german)
{
    const said       *before = find_said(list, term);
    const bool        stated = term->kind == KD_TERM_STATED;
    const kd_product *about = before == NULL && term->about && !stated ? kd_snapshot_find(snapshot, term->about) : NULL;
    const size_t      begin = w->buf->len;

    if (before != NULL) {
        if (kd_buf_reserve(w->buf, before->end - before->begin)) /* first: the bytes may move */
            kd_buf_add(w->buf, w->buf->ptr + before->begin, before->end - before->begin);
        return;
    }
    KD_JW_Z(w, "kind", kd_term_kind_name(term->kind));
    if (about != NULL) {
        KD_JW_STR(w, "product", about->id);
        KD_JW_STR(w, "title", about->title);
    }
    if (stated && term->about) {
        const kd_str value = kd_snapshot_value_text(snapshot, term->about);
        KD_JW_STR(w, "value", value);
        write_sentence(w, term, last_level(value), german);
    } else {
        write_sentence(w, term, about ? about->title : (kd_str){ 0 }, german);
    }
    if (list->count < SAID_MAX)
        list->items[list->count++] = (said){ term->kind, term->about, begin, w->buf->len };
}

static void write_reasons(kd_jw *w, said_list *list, const kd_recommended *item, const kd_snapshot *snapshot, bool german)
{
    kd_jw_key(w, "reasons");
    kd_jw_array(w);
    for (uint8_t t = 0; t < item->term_count; t++) {
        const kd_term *term = &item->terms[t];

        kd_jw_object(w);
        kd_jw_key(w, "weight");
        kd_jw_f64(w, term->weight, 6);
        if (term->support != 0)
            KD_JW_I64(w, "support", term->support);
        write_saying(w, list, term, snapshot, german);
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

static void write_item(kd_jw *w, said_list *list, const kd_recommended *item, const kd_snapshot *snapshot, const kd_catalog *catalog, bool german)
{
    const kd_product *product = item->product;
    const kd_variant *priced = item->variant ? item->variant : product->variants;
    const kd_str      image = item->variant && item->variant->image.len ? item->variant->image : product->image; /* in its own colour */
    kd_price          price;

    kd_jw_object(w);
    kd_jw_raw(w, product->card);
    if (item->variant != NULL) {
        KD_JW_STR(w, "sku", item->variant->sku);
        if (item->variant->size.len != 0)
            KD_JW_STR(w, "size", item->variant->size);
        if (item->variant->color.len != 0)
            KD_JW_STR(w, "color", item->variant->color);
    }
    if (image.len != 0)
        KD_JW_STR(w, "image", image);
    if (product->variant_count != 0 && kd_price_of(&price, catalog, priced->row))
        write_price(w, &price);
    kd_jw_key(w, "score");
    kd_jw_f64(w, item->score, 6);
    KD_JW_I64(w, "layer", item->layer);
    write_reasons(w, list, item, snapshot, german);
    kd_jw_object_end(w);
}

void kd_recommended_write(kd_jw *w, const kd_recommended *items, size_t count, const kd_snapshot *snapshot, const kd_catalog *catalog, kd_str language)
{
    said_list list;

    list.count = 0;
    for (size_t i = 0; i < count; i++) { /* their texts and prices, while the first is written */
        const kd_product *product = items[i].product;
        kd_fetch_ahead(product->card.ptr, product->card.len);
        if (product->variant_count != 0)
            kd_price_fetch_ahead(catalog, product->facings[items[i].variant ? items[i].variant - product->variants : 0].row);
        kd_fetch_ahead(items[i].variant, sizeof *items[i].variant);
    }
    for (size_t i = 0; i < count; i++)
        write_item(w, &list, &items[i], snapshot, catalog, is_german(language));
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
    kd_recommended_write(w, decision->list.items, decision->list.count, snapshot, catalog, language);
    kd_jw_array_end(w);
    /* The decision's own reasons; those of a recommendation stand with its items. */
    kd_jw_key(w, "reasons");
    kd_jw_array(w);
    if (!decision->nothing && decision->placement->kind == KD_PLACEMENT_CONTENT)
        kd_jw_z(w, is_german(language) ? "für alle gleich" : "the same for everybody");
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}
