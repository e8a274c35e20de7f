#include "event/commerce.h"

#include "event/fields.h"

enum property {
    P_PRODUCTS, P_ITEMS, P_ORDER_ID, P_ORDER_ID_CAMEL, P_TRANSACTION_ID, P_CURRENCY, P_TOTAL, P_REVENUE, P_VALUE,
    P_LIST_ID, P_ITEM_LIST_ID, P_CATEGORY, P_PROMOTION_ID, P_PROMOTION_NAME, P_COUPON_ID, P_COUPON, P_CONTENT_ID,
    P_ARTICLE_ID, P_CONTENT_ASSET_ID, P_ASSET_ID, P_VIDEO_ID, P_ID, P_CAMPAIGN_ID, P_EMAIL_ID, P_STORE_ID, P_STORE_ID_CAMEL,
    P_PLACE_ID, P_CHANNEL, P_COST, P_POINTS, PROPERTY_COUNT
};
static const kd_str property_names[PROPERTY_COUNT] = {
    [P_PRODUCTS] = KD_FIELD("products"), [P_ITEMS] = KD_FIELD("items"), [P_ORDER_ID] = KD_FIELD("order_id"),
    [P_ORDER_ID_CAMEL] = KD_FIELD("orderId"), [P_TRANSACTION_ID] = KD_FIELD("transaction_id"), [P_CURRENCY] = KD_FIELD("currency"),
    [P_TOTAL] = KD_FIELD("total"), [P_REVENUE] = KD_FIELD("revenue"), [P_VALUE] = KD_FIELD("value"), [P_LIST_ID] = KD_FIELD("list_id"),
    [P_ITEM_LIST_ID] = KD_FIELD("item_list_id"), [P_CATEGORY] = KD_FIELD("category"), [P_PROMOTION_ID] = KD_FIELD("promotion_id"),
    [P_PROMOTION_NAME] = KD_FIELD("promotion_name"), [P_COUPON_ID] = KD_FIELD("coupon_id"), [P_COUPON] = KD_FIELD("coupon"),
    [P_CONTENT_ID] = KD_FIELD("content_id"), [P_ARTICLE_ID] = KD_FIELD("article_id"),
    [P_CONTENT_ASSET_ID] = KD_FIELD("content_asset_id"), [P_ASSET_ID] = KD_FIELD("asset_id"), [P_VIDEO_ID] = KD_FIELD("video_id"),
    [P_ID] = KD_FIELD("id"), [P_CAMPAIGN_ID] = KD_FIELD("campaign_id"), [P_EMAIL_ID] = KD_FIELD("email_id"),
    [P_STORE_ID] = KD_FIELD("store_id"), [P_STORE_ID_CAMEL] = KD_FIELD("storeId"), [P_PLACE_ID] = KD_FIELD("place_id"),
    [P_CHANNEL] = KD_FIELD("channel"), [P_COST] = KD_FIELD("cost"), [P_POINTS] = KD_FIELD("points"),
};

enum line_field {
    L_PRODUCT_ID, L_PRODUCT_ID_CAMEL, L_ITEM_ID, L_ID, L_SKU, L_VARIANT_ID, L_VARIANT, L_ITEM_VARIANT, L_NAME, L_ITEM_NAME,
    L_PRICE, L_QUANTITY, LINE_FIELD_COUNT
};
static const kd_str line_names[LINE_FIELD_COUNT] = {
    [L_PRODUCT_ID] = KD_FIELD("product_id"), [L_PRODUCT_ID_CAMEL] = KD_FIELD("productId"), [L_ITEM_ID] = KD_FIELD("item_id"),
    [L_ID] = KD_FIELD("id"), [L_SKU] = KD_FIELD("sku"), [L_VARIANT_ID] = KD_FIELD("variant_id"), [L_VARIANT] = KD_FIELD("variant"),
    [L_ITEM_VARIANT] = KD_FIELD("item_variant"), [L_NAME] = KD_FIELD("name"), [L_ITEM_NAME] = KD_FIELD("item_name"),
    [L_PRICE] = KD_FIELD("price"), [L_QUANTITY] = KD_FIELD("quantity"),
};

/* The trimmed text of the first of these fields that has one. */
static kd_str first_text(const kd_json *const *found, const uint8_t *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kd_str text = kd_str_trim(kd_json_text(found[fields[i]]));
        if (text.len)
            return text;
    }
    return (kd_str){ 0 };
}
#define FIRST(found, ...) first_text((found), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* Sums made in JavaScript arrive as 59.97000000000001: more decimals than we keep are rounded away. */
static int64_t amount_of(const kd_json *node)
{
    kd_str      text = kd_str_trim(kd_json_text(node));
    const char *point = text.len ? memchr(text.ptr, '.', text.len) : NULL;
    size_t      keep, end;
    int64_t     micro;
    if (kd_micro_parse(&micro, text, false))
        return micro;
    if (!point)
        return KD_PRICE_NONE;
    keep = (size_t)(point - text.ptr) + 7; /* the point and six decimals */
    for (end = (size_t)(point - text.ptr) + 1; end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9'; end++)
        ;
    if (end != text.len || keep >= text.len || !kd_micro_parse(&micro, (kd_str){ text.ptr, keep }, false))
        return KD_PRICE_NONE;
    if (text.ptr[keep] < '5' || micro == INT64_MAX || micro == KD_PRICE_NONE)
        return micro;
    return text.ptr[0] == '-' ? micro - 1 : micro + 1;
}

/* Missing: 1. False for what is no positive whole number. */
static bool quantity_of(int32_t *out, const kd_json *node)
{
    int64_t micro;
    *out = 1;
    if (!node)
        return true;
    if (!kd_micro_parse(&micro, kd_str_trim(kd_json_text(node)), false) || micro <= 0 || micro % 1000000 != 0
        || micro / 1000000 > INT32_MAX)
        return false;
    *out = (int32_t)(micro / 1000000);
    return true;
}

/* One product. `id_is_product` false where a bare "id" names something else (an order, a review). */
static bool read_line(kd_fact_line *line, struct kd_stub_hint *stub, const kd_json *object, bool id_is_product)
{
    const kd_json *found[LINE_FIELD_COUNT] = { 0 };
    kd_str         sku;
    kd_fields_pick(found, line_names, LINE_FIELD_COUNT, object);
    if (!id_is_product)
        found[L_ID] = NULL;
    line->product = FIRST(found, L_PRODUCT_ID, L_PRODUCT_ID_CAMEL, L_ITEM_ID, L_ID, L_SKU);
    if (!line->product.len || !quantity_of(&line->quantity, found[L_QUANTITY]))
        return false;
    sku = FIRST(found, L_SKU);
    line->variant = FIRST(found, L_VARIANT_ID);
    if (!line->variant.len && !kd_str_eq(sku, line->product))
        line->variant = sku; /* an id of the variant says more than its description */
    if (!line->variant.len)
        line->variant = FIRST(found, L_VARIANT, L_ITEM_VARIANT);
    line->price_micro = amount_of(found[L_PRICE]);
    *stub = (struct kd_stub_hint){ line->product, FIRST(found, L_NAME, L_ITEM_NAME) };
    return true;
}

static bool kind_has_lines(kd_kind kind)
{
    switch (kind) {
    case KD_KIND_VIEW: case KD_KIND_CLICK: case KD_KIND_LIST: case KD_KIND_CART_ADD: case KD_KIND_CART_REMOVE:
    case KD_KIND_CART_VIEW: case KD_KIND_CHECKOUT: case KD_KIND_ORDER: case KD_KIND_ORDER_UPDATED:
    case KD_KIND_ORDER_CANCELLED: case KD_KIND_RETURN: case KD_KIND_WISH_ADD: case KD_KIND_WISH_REMOVE:
    case KD_KIND_SHARE: case KD_KIND_REVIEW:
        return true;
    default:
        return false;
    }
}

/* Events about one product, whose properties are the product's own fields. */
static bool kind_is_product(kd_kind kind)
{
    return kind == KD_KIND_VIEW || kind == KD_KIND_CLICK || kind == KD_KIND_CART_ADD || kind == KD_KIND_CART_REMOVE
        || kind == KD_KIND_WISH_ADD || kind == KD_KIND_WISH_REMOVE;
}

static bool kind_has_order(kd_kind kind)
{
    return kind == KD_KIND_ORDER || kind == KD_KIND_ORDER_UPDATED || kind == KD_KIND_ORDER_CANCELLED || kind == KD_KIND_RETURN
        || kind == KD_KIND_CHECKOUT;
}

static bool read_lines(kd_fact *fact, const struct kd_stub_hint **stubs, uint32_t *dropped, const kd_json *properties,
                       const kd_json *list, kd_arena *arena)
{
    size_t               count = list ? list->count : 1, kept = 0;
    kd_fact_line        *lines;
    struct kd_stub_hint *hints;
    if (count > KD_FACT_LINES_MAX)
        count = KD_FACT_LINES_MAX;
    lines = KD_NEW(arena, kd_fact_line, count);
    hints = KD_NEW(arena, struct kd_stub_hint, count);
    if (!lines || !hints)
        return false;
    if (!list) {
        kept = read_line(lines, hints, properties, kind_is_product(fact->kind));
        *dropped += !kept && lines->product.len;
    } else {
        for (const kd_json *object = list->child; object; object = object->next)
            if (kept < count && read_line(&lines[kept], &hints[kept], object, true))
                kept++;
            else
                ++*dropped;
    }
    if (kept) {
        fact->lines = lines;
        fact->line_count = kept;
        *stubs = hints;
    }
    return true;
}

static kd_str topic_of(kd_kind kind, const kd_json *const *found)
{
    switch (kind) {
    case KD_KIND_LIST: return FIRST(found, P_LIST_ID, P_ITEM_LIST_ID, P_CATEGORY);
    case KD_KIND_PROMO_VIEW: case KD_KIND_PROMO_CLICK: return FIRST(found, P_PROMOTION_ID, P_PROMOTION_NAME);
    case KD_KIND_COUPON: case KD_KIND_REDEEMED: return FIRST(found, P_COUPON_ID, P_COUPON);
    case KD_KIND_ORDER: case KD_KIND_ORDER_UPDATED: case KD_KIND_CHECKOUT: return FIRST(found, P_COUPON);
    case KD_KIND_CONTENT:
        return FIRST(found, P_CONTENT_ID, P_ARTICLE_ID, P_CONTENT_ASSET_ID, P_ASSET_ID, P_VIDEO_ID, P_ID);
    case KD_KIND_EMAIL: case KD_KIND_SENT: case KD_KIND_DELIVERED: case KD_KIND_OPENED: case KD_KIND_CLICKED:
    case KD_KIND_BOUNCED: case KD_KIND_UNSUBSCRIBED:
        return FIRST(found, P_CAMPAIGN_ID, P_EMAIL_ID);
    default: return (kd_str){ 0 }; /* not the text of a search: it may say anything, and facts are not sealed */
    }
}

bool kd_commerce_read(kd_fact *fact, const struct kd_stub_hint **stubs, uint32_t *dropped, const kd_json *properties,
                      bool other_channel, kd_arena *arena)
{
    const kd_json *found[PROPERTY_COUNT] = { 0 };
    kd_channel     channel;
    if (fact->kind == KD_KIND_CUSTOM || !kd_json_is(properties, KD_JSON_OBJECT))
        return true;
    kd_fields_pick(found, property_names, PROPERTY_COUNT, properties);
    fact->topic = topic_of(fact->kind, found);
    fact->place = FIRST(found, P_STORE_ID, P_STORE_ID_CAMEL, P_PLACE_ID);
    channel = kd_channel_of_name(kd_str_trim(kd_json_text(found[P_CHANNEL])));
    if (channel == KD_CHANNEL_STORE || (channel == KD_CHANNEL_UNKNOWN && fact->place.len && !other_channel))
        fact->channel = KD_CHANNEL_STORE;
    if (kd_kind_is_message(fact->kind) && !other_channel && channel != KD_CHANNEL_UNKNOWN)
        fact->channel = channel;
    if (kd_kind_is_message(fact->kind) || fact->kind == KD_KIND_REDEEMED) { /* what it cost us */
        kd_currency_parse(&fact->currency, kd_str_trim(kd_json_text(found[P_CURRENCY])));
        fact->total_micro = amount_of(found[P_COST]);
    }
    if (kd_kind_is_points(fact->kind))
        fact->total_micro = amount_of(found[P_POINTS]);
    if (kind_has_order(fact->kind) || fact->kind == KD_KIND_COUPON || fact->kind == KD_KIND_REDEEMED || kd_kind_is_points(fact->kind))
        fact->order_id = FIRST(found, P_ORDER_ID, P_ORDER_ID_CAMEL, P_TRANSACTION_ID);
    if (!kind_has_lines(fact->kind))
        return true;
    kd_currency_parse(&fact->currency, kd_str_trim(kd_json_text(found[P_CURRENCY])));
    if (kind_has_order(fact->kind))
        fact->total_micro = amount_of(found[P_TOTAL] ? found[P_TOTAL] : found[P_REVENUE] ? found[P_REVENUE] : found[P_VALUE]);
    if (kd_json_is(found[P_PRODUCTS], KD_JSON_ARRAY))
        return read_lines(fact, stubs, dropped, properties, found[P_PRODUCTS], arena);
    return read_lines(fact, stubs, dropped, properties, kd_json_is(found[P_ITEMS], KD_JSON_ARRAY) ? found[P_ITEMS] : NULL, arena);
}

kd_channel kd_channel_of_name(kd_str name)
{
    static const struct { const char *name; kd_channel channel; } channels[] = {
        { "web", KD_CHANNEL_WEB }, { "browser", KD_CHANNEL_WEB }, { "mobile", KD_CHANNEL_APP }, { "app", KD_CHANNEL_APP },
        { "pos", KD_CHANNEL_STORE }, { "store", KD_CHANNEL_STORE }, { "in_store", KD_CHANNEL_STORE },
        { "in-store", KD_CHANNEL_STORE }, { "till", KD_CHANNEL_STORE }, { "email", KD_CHANNEL_EMAIL },
        { "server", KD_CHANNEL_SERVER }, { "post", KD_CHANNEL_POST }, { "letter", KD_CHANNEL_POST },
        { "direct_mail", KD_CHANNEL_POST }, { "push", KD_CHANNEL_PUSH }, { "sms", KD_CHANNEL_SMS },
    };
    for (size_t i = 0; name.len && i < sizeof channels / sizeof *channels; i++)
        if (kd_str_is_nocase(name, channels[i].name))
            return channels[i].channel;
    return KD_CHANNEL_UNKNOWN;
}
