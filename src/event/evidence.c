#include "event/evidence.h"

#include "event/fields.h"

enum { EMAIL_CHARS_MIN = 3, PHONE_DIGITS_MIN = 5, OWN_MAX = 4 };

/* Where traits hold what identifies a person. */
enum trait_field { T_EMAIL, T_PHONE, T_LOYALTY_ID, T_LOYALTY_CAMEL, T_CARD_ID, T_CARD_ID_CAMEL, T_EMAIL_VERIFIED, T_PHONE_VERIFIED, TRAIT_FIELD_COUNT };
static const kd_str trait_names[TRAIT_FIELD_COUNT] = {
    [T_EMAIL] = KD_FIELD("email"), [T_PHONE] = KD_FIELD("phone"), [T_LOYALTY_ID] = KD_FIELD("loyalty_id"),
    [T_LOYALTY_CAMEL] = KD_FIELD("loyaltyId"), [T_CARD_ID] = KD_FIELD("loyalty_card_id"), [T_CARD_ID_CAMEL] = KD_FIELD("loyaltyCardId"),
    [T_EMAIL_VERIFIED] = KD_FIELD("emailVerified"), [T_PHONE_VERIFIED] = KD_FIELD("phoneVerified"),
};

typedef struct known_as {
    kd_str   email, phone, card, till, receipt, device;
    kd_ident own[OWN_MAX];
    size_t   own_count;
} known_as;

static bool is_email(kd_str text)
{
    const char *at = text.len >= EMAIL_CHARS_MIN ? memchr(text.ptr + 1, '@', text.len - 2) : NULL;
    return at && text.len <= KD_KEY_VALUE_MAX && !memchr(text.ptr, ' ', text.len);
}

static bool is_phone(kd_str text)
{
    size_t digits = 0;
    bool   zeros = true;
    for (size_t i = 0; i < text.len; i++) {
        digits += text.ptr[i] >= '0' && text.ptr[i] <= '9';
        zeros = zeros && !(text.ptr[i] >= '1' && text.ptr[i] <= '9');
    }
    return digits >= PHONE_DIGITS_MIN && !zeros && text.len <= KD_KEY_VALUE_MAX;
}

static bool is_id(kd_str text)
{
    return text.len > 0 && text.len <= KD_KEY_VALUE_MAX && !kd_key_is_nobody(text);
}

/* What is not there, or no address, number or card, adds nothing; what is known already stays. */
static void take(kd_str *into, const kd_json *node, bool (*is)(kd_str text))
{
    kd_str text = kd_str_trim(kd_json_text(node));
    if (!into->len && is(text))
        *into = text;
}

static void take_cards(known_as *known, const kd_json *object)
{
    static const enum trait_field cards[] = { T_LOYALTY_ID, T_LOYALTY_CAMEL, T_CARD_ID, T_CARD_ID_CAMEL };
    const kd_json                *found[TRAIT_FIELD_COUNT] = { 0 };
    kd_fields_pick(found, trait_names, TRAIT_FIELD_COUNT, object);
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++)
        take(&known->card, found[cards[i]], is_id);
}

static void take_traits(known_as *known, kd_verified *verified, const kd_json *traits)
{
    const kd_json *found[TRAIT_FIELD_COUNT] = { 0 };
    kd_fields_pick(found, trait_names, TRAIT_FIELD_COUNT, traits);
    verified->email |= !known->email.len && kd_json_is(found[T_EMAIL], KD_JSON_STRING) && kd_json_is(found[T_EMAIL_VERIFIED], KD_JSON_TRUE);
    verified->phone |= !known->phone.len && kd_json_is(found[T_PHONE], KD_JSON_STRING) && kd_json_is(found[T_PHONE_VERIFIED], KD_JSON_TRUE);
    take(&known->email, found[T_EMAIL], is_email);
    take(&known->phone, found[T_PHONE], is_phone);
    take_cards(known, traits);
}

/* One of each own kind; its value in its kind's form, owned by `arena`. */
static bool take_own(known_as *known, kd_key_type type, kd_str text, const kd_namespaces *namespaces, kd_arena *arena)
{
    char   room[KD_KEY_VALUE_MAX];
    kd_str normal = kd_namespaces_normal(room, namespaces, type, text);
    for (size_t i = 0; i < known->own_count; i++)
        if (known->own[i].type == type)
            return true;
    if (!is_id(normal) || known->own_count == OWN_MAX)
        return true;
    normal = kd_str_copy(arena, normal);
    known->own[known->own_count++] = (kd_ident){ type, normal, false };
    return normal.ptr != NULL;
}

static bool take_external_ids(known_as *known, const kd_json *ids, const kd_namespaces *namespaces, kd_arena *arena)
{
    if (!kd_json_is(ids, KD_JSON_ARRAY))
        return true;
    for (const kd_json *id = ids->child; id; id = id->next) {
        kd_str         name = kd_json_text(kd_json_get(id, "type"));
        const kd_json *value = kd_json_get(id, "id");
        kd_key_type    type = kd_str_is(name, "loyalty_card") || kd_str_is(name, "loyalty_id") ? KD_KEY_CARD : kd_namespaces_find(namespaces, name);
        switch (type) {
        case KD_KEY_EMAIL:   take(&known->email, value, is_email); break;
        case KD_KEY_PHONE:   take(&known->phone, value, is_phone); break;
        case KD_KEY_CARD:    take(&known->card, value, is_id); break;
        case KD_KEY_TILL:    take(&known->till, value, is_id); break;
        case KD_KEY_RECEIPT: take(&known->receipt, value, is_id); break;
        case KD_KEY_DEVICE:  take(&known->device, value, is_id); break;
        default: /* userId and anonymousId have fields of their own: here they would be a second one */
            if (type >= KD_KEY_OWN_FIRST && !take_own(known, type, kd_json_text(value), namespaces, arena))
                return false;
        }
    }
    return true;
}

static void add(kd_fact *fact, kd_ident *idents, kd_key_type type, kd_str value, bool proven)
{
    if (value.len && fact->ident_count < KD_EVENT_KEYS_MAX)
        idents[fact->ident_count++] = (kd_ident){ type, value, proven };
}

bool kd_keys_read(kd_fact *fact, kd_verified *verified, const kd_key_nodes *nodes, kd_speaker speaker, const kd_namespaces *namespaces, kd_arena *arena)
{
    /* A user token proves its user id, and that this browser is theirs; not the e-mail, card or number that they type beside
     * it. A server is believed. */
    const bool believed = speaker == KD_SPEAKER_SERVER, proven = !fact->claimed;
    known_as   known = { 0 };
    kd_ident  *idents = KD_NEW(arena, kd_ident, KD_EVENT_KEYS_MAX);
    *verified = (kd_verified){ false, false };
    take_traits(&known, verified, nodes->traits);
    take_traits(&known, verified, nodes->context_traits);
    if (!idents || !take_external_ids(&known, nodes->external_ids, namespaces ? namespaces : kd_namespaces_builtin(), arena))
        return false;
    take_cards(&known, nodes->properties);
    take(&known.device, kd_json_get(nodes->device, "id"), is_id);
    verified->email = verified->email && believed;
    verified->phone = verified->phone && believed;
    fact->idents = idents;
    fact->ident_count = 0;
    add(fact, idents, KD_KEY_USER, nodes->user_id, proven);
    add(fact, idents, KD_KEY_TILL, known.till, believed);
    add(fact, idents, KD_KEY_CARD, known.card, believed);
    add(fact, idents, KD_KEY_EMAIL, known.email, believed);
    add(fact, idents, KD_KEY_PHONE, known.phone, believed);
    for (size_t i = 0; i < known.own_count; i++)
        add(fact, idents, known.own[i].type, known.own[i].value, believed);
    add(fact, idents, KD_KEY_ANONYMOUS, nodes->anonymous_id, proven);
    add(fact, idents, KD_KEY_DEVICE, known.device, proven);
    add(fact, idents, KD_KEY_RECEIPT, known.receipt, believed);
    return true;
}

static bool at_checkout(kd_kind kind)
{
    return kind == KD_KIND_ORDER || kind == KD_KIND_ORDER_UPDATED || kind == KD_KIND_ORDER_CANCELLED || kind == KD_KIND_RETURN || kind == KD_KIND_CHECKOUT;
}

static bool read_at_tills(kd_key_type type)
{
    return type == KD_KEY_USER || type == KD_KEY_TILL || type == KD_KEY_CARD || type == KD_KEY_RECEIPT;
}

kd_link_kind kd_evidence_kind(const kd_fact *fact, kd_ident owner, kd_ident other, kd_verified verified)
{
    if (verified.email && (other.type == KD_KEY_EMAIL || owner.type == KD_KEY_EMAIL))
        return KD_LINK_VERIFIED;
    if (verified.phone && (other.type == KD_KEY_PHONE || owner.type == KD_KEY_PHONE))
        return KD_LINK_VERIFIED;
    if (fact->channel == KD_CHANNEL_STORE && read_at_tills(owner.type) && read_at_tills(other.type))
        return KD_LINK_CARD;
    if (kd_key_is_thing(other.type) && (owner.type == KD_KEY_USER || kd_key_is_thing(owner.type)))
        return KD_LINK_LOGIN; /* this browser is theirs */
    if (at_checkout(fact->kind))
        return KD_LINK_ORDER;
    if (owner.type == KD_KEY_USER)
        return KD_LINK_LOGIN; /* what the account says */
    if (fact->kind == KD_KIND_IDENTIFY && (owner.type == KD_KEY_CARD || owner.type == KD_KEY_TILL) && !kd_key_is_thing(other.type))
        return KD_LINK_CARD;  /* what the file of cards says */
    return KD_LINK_TYPED;
}

void kd_evidence_read(kd_incoming *out, kd_verified verified)
{
    for (size_t i = 1; i < out->fact.ident_count && out->link_count < sizeof out->links / sizeof *out->links; i++) {
        const kd_ident other = out->fact.idents[i];
        out->links[out->link_count].kind = kd_evidence_kind(&out->fact, out->owner, other, verified);
        out->links[out->link_count].other = other;
        out->links[out->link_count++].proven = other.proven && out->owner.proven;
    }
}
