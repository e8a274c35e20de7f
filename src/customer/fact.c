#include "customer/fact.h"

#include <assert.h>

/* Layout, version 1. Varints are LEB128, texts a varint length and bytes.
 *
 *   u8 version, u8 channel, varint flags (which of the following are there)
 *   [name] [topic] [order id] [place] [3 bytes currency] [zig-zag total]
 *   [varint lines, each: u8 flags, product, [variant], [varint quantity], [zig-zag price]]
 *   [who, sealed] [source]
 * Who, before it is sealed: varint idents, each: u8 type, value; varint traits, each: name, value; and, where the event says
 * something about purposes: varint granted, varint refused, source, policy, proof. The type's high bit says
 * that the event proves something, but not this ident (which nothing stored before the bit was made use of had). */
enum { VERSION = 1 };
enum { HAS_NAME = 1, HAS_TOPIC = 2, HAS_ORDER = 4, HAS_PLACE = 8, HAS_CURRENCY = 16, HAS_TOTAL = 32, HAS_LINES = 64, HAS_WHO = 128, HAS_SOURCE = 256, HAS_ALL = 511 };
enum { IDENT_UNPROVEN = 128 };
enum { LINE_VARIANT = 1, LINE_QUANTITY = 2, LINE_PRICE = 4, LINE_ALL = 7 };
enum { LINE_BYTES_MIN = 2, IDENT_BYTES_MIN = 2, TRAIT_BYTES_MIN = 2 }; /* these bound a count before memory is taken for it */

const char *kd_kind_name(kd_kind kind)
{
    switch (kind) {
    case KD_KIND_CUSTOM: return "custom";
    case KD_KIND_IDENTIFY: return "identify";
    case KD_KIND_PAGE: return "page";
    case KD_KIND_SCREEN: return "screen";
    case KD_KIND_GROUP: return "group";
    case KD_KIND_ALIAS: return "alias";
    case KD_KIND_VIEW: return "view";
    case KD_KIND_CLICK: return "click";
    case KD_KIND_LIST: return "list";
    case KD_KIND_SEARCH: return "search";
    case KD_KIND_CART_ADD: return "cart_add";
    case KD_KIND_CART_REMOVE: return "cart_remove";
    case KD_KIND_CART_VIEW: return "cart_view";
    case KD_KIND_CHECKOUT: return "checkout";
    case KD_KIND_ORDER: return "order";
    case KD_KIND_ORDER_UPDATED: return "order_updated";
    case KD_KIND_ORDER_CANCELLED: return "order_cancelled";
    case KD_KIND_RETURN: return "return";
    case KD_KIND_WISH_ADD: return "wish_add";
    case KD_KIND_WISH_REMOVE: return "wish_remove";
    case KD_KIND_PROMO_VIEW: return "promo_view";
    case KD_KIND_PROMO_CLICK: return "promo_click";
    case KD_KIND_COUPON: return "coupon";
    case KD_KIND_SHARE: return "share";
    case KD_KIND_REVIEW: return "review";
    case KD_KIND_CONTENT: return "content";
    case KD_KIND_EMAIL: return "email";
    case KD_KIND_SENT: return "message_sent";
    case KD_KIND_DELIVERED: return "message_delivered";
    case KD_KIND_OPENED: return "message_opened";
    case KD_KIND_CLICKED: return "message_clicked";
    case KD_KIND_BOUNCED: return "message_bounced";
    case KD_KIND_UNSUBSCRIBED: return "unsubscribed";
    case KD_KIND_REDEEMED: return "coupon_redeemed";
    case KD_KIND_CONSENT: return "consent";
    case KD_KIND_PREFERENCE: return "preference";
    case KD_KIND_POINTS_EARNED: return "points_earned";
    case KD_KIND_POINTS_REDEEMED: return "points_redeemed";
    case KD_KIND_POINTS_EXPIRED: return "points_expired";
    case KD_KIND_POINTS_ADJUSTED: return "points_adjusted";
    case KD_KIND_SERVICE: return "service";
    case KD_KIND_DECISION: return "decision";
    case KD_KIND_COUNT: break;
    }
    return "unknown";
}

static void put_line(kd_buf *out, const kd_fact_line *line)
{
    unsigned flags = (line->variant.len ? LINE_VARIANT : 0) | (line->quantity != 1 ? LINE_QUANTITY : 0)
                   | (line->price_micro != KD_PRICE_NONE ? LINE_PRICE : 0);
    assert(line->quantity > 0);
    kd_put_u8(out, (uint8_t)flags);
    kd_put_str(out, line->product);
    if (flags & LINE_VARIANT)
        kd_put_str(out, line->variant);
    if (flags & LINE_QUANTITY)
        kd_put_varint(out, (uint64_t)line->quantity);
    if (flags & LINE_PRICE)
        kd_put_zigzag(out, line->price_micro);
}

void kd_fact_encode(kd_buf *out, const kd_fact *fact)
{
    unsigned flags = (fact->name.len ? HAS_NAME : 0) | (fact->topic.len ? HAS_TOPIC : 0) | (fact->order_id.len ? HAS_ORDER : 0)
                   | (fact->place.len ? HAS_PLACE : 0) | (fact->currency.code[0] ? HAS_CURRENCY : 0)
                   | (fact->total_micro != KD_PRICE_NONE ? HAS_TOTAL : 0) | (fact->line_count ? HAS_LINES : 0) | (fact->who.len ? HAS_WHO : 0)
                   | (fact->source.len ? HAS_SOURCE : 0);
    assert(fact->line_count <= KD_FACT_LINES_MAX);
    kd_put_u8(out, VERSION);
    kd_put_u8(out, (uint8_t)fact->channel);
    kd_put_varint(out, flags);
    if (flags & HAS_NAME)
        kd_put_str(out, fact->name);
    if (flags & HAS_TOPIC)
        kd_put_str(out, fact->topic);
    if (flags & HAS_ORDER)
        kd_put_str(out, fact->order_id);
    if (flags & HAS_PLACE)
        kd_put_str(out, fact->place);
    if (flags & HAS_CURRENCY)
        kd_buf_add(out, fact->currency.code, 3);
    if (flags & HAS_TOTAL)
        kd_put_zigzag(out, fact->total_micro);
    if (flags & HAS_LINES) {
        kd_put_varint(out, fact->line_count);
        for (size_t i = 0; i < fact->line_count; i++)
            put_line(out, &fact->lines[i]);
    }
    if (flags & HAS_WHO)
        kd_put_str(out, fact->who);
    if (flags & HAS_SOURCE)
        kd_put_str(out, fact->source);
}

static bool cut_line(kd_fact_line *line, kd_cut *cut)
{
    unsigned flags = kd_cut_u8(cut);
    uint64_t quantity = 1;
    line->product = kd_cut_str(cut);
    if (flags & LINE_VARIANT)
        line->variant = kd_cut_str(cut);
    if (flags & LINE_QUANTITY)
        quantity = kd_cut_varint(cut);
    line->quantity = (int32_t)quantity;
    line->price_micro = flags & LINE_PRICE ? kd_cut_zigzag(cut) : KD_PRICE_NONE;
    return !cut->failed && flags <= LINE_ALL && quantity >= 1 && quantity <= INT32_MAX;
}

static kd_status corrupt(kd_err *err, const char *what)
{
    return kd_fail(err, KD_CORRUPT, "stored facts of an event: %s", what);
}

static kd_status cut_lines(kd_fact *fact, kd_cut *cut, kd_arena *arena, kd_err *err)
{
    uint64_t      count = kd_cut_varint(cut);
    kd_fact_line *lines;
    if (cut->failed || count < 1 || count > KD_FACT_LINES_MAX || count > (uint64_t)(cut->end - cut->ptr) / LINE_BYTES_MIN)
        return corrupt(err, "impossible number of lines");
    lines = KD_NEW(arena, kd_fact_line, count);
    if (!lines)
        return kd_fail_memory(err);
    for (uint64_t i = 0; i < count; i++)
        if (!cut_line(&lines[i], cut))
            return corrupt(err, "damaged line");
    fact->lines = lines;
    fact->line_count = (size_t)count;
    return KD_OK;
}

kd_status kd_fact_decode(kd_fact *out, kd_str bytes, kd_arena *arena, kd_err *err)
{
    kd_cut   cut = kd_cut_from(bytes.ptr, bytes.len);
    kd_fact  fact = { .total_micro = KD_PRICE_NONE };
    unsigned version = kd_cut_u8(&cut), channel = kd_cut_u8(&cut);
    uint64_t flags = kd_cut_varint(&cut);
    if (cut.failed || version != VERSION)
        return corrupt(err, "unknown version");
    if (channel >= KD_CHANNEL_COUNT || flags > HAS_ALL)
        return corrupt(err, "unknown channel or flag");
    fact.channel = (kd_channel)channel;
    if (flags & HAS_NAME)
        fact.name = kd_cut_str(&cut);
    if (flags & HAS_TOPIC)
        fact.topic = kd_cut_str(&cut);
    if (flags & HAS_ORDER)
        fact.order_id = kd_cut_str(&cut);
    if (flags & HAS_PLACE)
        fact.place = kd_cut_str(&cut);
    if (flags & HAS_CURRENCY) {
        kd_str code = kd_cut_bytes(&cut, 3);
        if (cut.failed || !kd_currency_parse(&fact.currency, code))
            return corrupt(err, "no currency code where one should be");
    }
    if (flags & HAS_TOTAL)
        fact.total_micro = kd_cut_zigzag(&cut);
    if (flags & HAS_LINES) {
        kd_status status = cut_lines(&fact, &cut, arena, err);
        if (status != KD_OK)
            return status;
    }
    if (flags & HAS_WHO)
        fact.who = kd_cut_str(&cut);
    if (flags & HAS_SOURCE)
        fact.source = kd_cut_str(&cut);
    if (cut.failed || cut.ptr != cut.end)
        return corrupt(err, "too short or too long");
    *out = fact;
    return KD_OK;
}

void kd_who_encode(kd_buf *out, const kd_fact *fact)
{
    kd_put_varint(out, fact->ident_count);
    for (size_t i = 0; i < fact->ident_count; i++) {
        bool beside = !fact->claimed && !fact->idents[i].proven;
        kd_put_u8(out, (uint8_t)((unsigned)fact->idents[i].type | (beside ? IDENT_UNPROVEN : 0)));
        kd_put_str(out, fact->idents[i].value);
    }
    kd_put_varint(out, fact->trait_count);
    for (size_t i = 0; i < fact->trait_count; i++) {
        kd_put_str(out, fact->traits[i].name);
        kd_put_str(out, fact->traits[i].value);
    }
    if (kd_consent_says(&fact->consent)) {
        kd_put_varint(out, fact->consent.granted);
        kd_put_varint(out, fact->consent.refused);
        kd_put_str(out, fact->consent.source);
        kd_put_str(out, fact->consent.policy);
        kd_put_str(out, fact->consent.proof);
    }
}

/* Nothing was said where nothing more stands there, as in all that was stored before consents were. */
static void cut_consent(kd_consent *out, kd_cut *cut)
{
    uint64_t granted, refused;
    *out = (kd_consent){ 0 };
    if (cut->failed || cut->ptr == cut->end)
        return;
    granted = kd_cut_varint(cut);
    refused = kd_cut_varint(cut);
    out->source = kd_cut_str(cut);
    out->policy = kd_cut_str(cut);
    out->proof = kd_cut_str(cut);
    if ((granted | refused) == 0 || (granted | refused) > KD_PURPOSES_ALL)
        cut->failed = true;
    out->granted = (kd_purposes)granted;
    out->refused = (kd_purposes)refused;
}

/* A count of elements of `bytes_min` bytes or more; sticky failure when they cannot be there. */
static size_t cut_count(kd_cut *cut, size_t bytes_min)
{
    uint64_t count = kd_cut_varint(cut);
    if (!cut->failed && count > (uint64_t)(cut->end - cut->ptr) / bytes_min)
        cut->failed = true;
    return cut->failed ? 0 : (size_t)count;
}

kd_status kd_who_decode(kd_fact *fact, kd_str bytes, kd_arena *arena, kd_err *err)
{
    kd_cut    cut = kd_cut_from(bytes.ptr, bytes.len);
    size_t    ident_count = cut_count(&cut, IDENT_BYTES_MIN), trait_count;
    kd_ident *idents = KD_NEW(arena, kd_ident, ident_count);
    kd_trait *traits;
    kd_consent consent;
    if (!idents)
        return kd_fail_memory(err);
    for (size_t i = 0; i < ident_count; i++) {
        unsigned type = kd_cut_u8(&cut);
        idents[i].type = (kd_key_type)(type & (IDENT_UNPROVEN - 1));
        idents[i].proven = !fact->claimed && !(type & IDENT_UNPROVEN);
        idents[i].value = kd_cut_str(&cut);
    }
    trait_count = cut_count(&cut, TRAIT_BYTES_MIN);
    traits = KD_NEW(arena, kd_trait, trait_count);
    if (!traits)
        return kd_fail_memory(err);
    for (size_t i = 0; i < trait_count; i++) {
        traits[i].name = kd_cut_str(&cut);
        traits[i].value = kd_cut_str(&cut);
    }
    cut_consent(&consent, &cut);
    if (cut.failed || cut.ptr != cut.end)
        return corrupt(err, "damaged traits, identities or consent");
    fact->idents = idents;
    fact->ident_count = ident_count;
    fact->traits = traits;
    fact->trait_count = trait_count;
    fact->consent = consent;
    return KD_OK;
}
