#include "event/incoming.h"

#include <math.h>

#include "event/commerce.h"
#include "event/evidence.h"
#include "event/consenting.h"
#include "event/fields.h"
#include "event/names.h"

enum { NAME_BYTES_MAX = 128, MERGE_STEPS_MAX = 16 * 1024 };

enum item_field {
    I_TYPE, I_MESSAGE_ID, I_USER_ID, I_ANONYMOUS_ID, I_PREVIOUS_ID, I_GROUP_ID, I_EVENT, I_NAME, I_CATEGORY, I_TRAITS,
    I_PROPERTIES, I_CONTEXT, I_INTEGRATIONS, I_TIMESTAMP, I_ORIGINAL_TIMESTAMP, I_SENT_AT, I_CHANNEL, I_WRITE_KEY, ITEM_FIELD_COUNT
};
static const kd_str item_names[ITEM_FIELD_COUNT] = {
    [I_TYPE] = KD_FIELD("type"), [I_MESSAGE_ID] = KD_FIELD("messageId"), [I_USER_ID] = KD_FIELD("userId"),
    [I_ANONYMOUS_ID] = KD_FIELD("anonymousId"), [I_PREVIOUS_ID] = KD_FIELD("previousId"), [I_GROUP_ID] = KD_FIELD("groupId"),
    [I_EVENT] = KD_FIELD("event"), [I_NAME] = KD_FIELD("name"), [I_CATEGORY] = KD_FIELD("category"), [I_TRAITS] = KD_FIELD("traits"),
    [I_PROPERTIES] = KD_FIELD("properties"), [I_CONTEXT] = KD_FIELD("context"), [I_INTEGRATIONS] = KD_FIELD("integrations"),
    [I_TIMESTAMP] = KD_FIELD("timestamp"), [I_ORIGINAL_TIMESTAMP] = KD_FIELD("originalTimestamp"), [I_SENT_AT] = KD_FIELD("sentAt"),
    [I_CHANNEL] = KD_FIELD("channel"), [I_WRITE_KEY] = KD_FIELD("writeKey"),
};

enum context_field { C_TRAITS, C_EXTERNAL_IDS, C_PAGE, C_DEVICE, C_CHANNEL, C_CONSENT, C_CONSENT_MANAGEMENT, C_GPC, CONTEXT_FIELD_COUNT };
static const kd_str context_names[CONTEXT_FIELD_COUNT] = {
    [C_TRAITS] = KD_FIELD("traits"), [C_EXTERNAL_IDS] = KD_FIELD("externalIds"), [C_PAGE] = KD_FIELD("page"),
    [C_DEVICE] = KD_FIELD("device"), [C_CHANNEL] = KD_FIELD("channel"), [C_CONSENT] = KD_FIELD("consent"),
    [C_CONSENT_MANAGEMENT] = KD_FIELD("consentManagement"), [C_GPC] = KD_FIELD("gpc"),
};

/* What a request says for all its items; NULL where it says nothing. Found once: a public caller's batch may have as many
 * members beside its items as items. */
typedef struct common { const kd_json *context, *integrations, *sent_at; } common;
static const common nothing_common;

/* One item and what its request says for all of them, as found: the batch's context lies under the item's own. */
typedef struct envelope {
    const kd_json *item;
    const common  *shared;
    const kd_json *field[ITEM_FIELD_COUNT];
    const kd_json *context[CONTEXT_FIELD_COUNT];
    kd_str         user_id, anonymous_id; /* empty when absent or a placeholder for nobody */
    bool           anonymous_from_header;
} envelope;

static kd_status refuse_field(kd_incoming *out, kd_status status, const char *field, const char *why)
{
    return out->status = kd_fail_field(&out->err, status, field, "%s", why);
}

/* ---- texts, times ---------------------------------------------------------------------------------------------- */

/* An id: text, or a number of an old client, whose digits are the id. Absent and nobody leave *id empty. */
static kd_status read_id(kd_str *id, kd_incoming *out, const kd_json *node, const char *field)
{
    kd_str text;
    *id = (kd_str){ 0 };
    if (!node)
        return KD_OK;
    if (node->type != KD_JSON_STRING && node->type != KD_JSON_NUMBER)
        return refuse_field(out, KD_INVALID, field, "must be text or a number");
    text = kd_str_trim(node->text);
    if (text.len > KD_KEY_VALUE_MAX)
        return refuse_field(out, KD_LIMIT, field, "longer than 256 bytes");
    if (!kd_key_is_nobody(text))
        *id = text;
    return KD_OK;
}

static bool plausible(int64_t ms)
{
    return ms >= KD_TIME_MIN && ms <= KD_TIME_MAX;
}

/* ISO 8601 text, or seconds or milliseconds since 1970 as a number or digits. */
static bool time_of(int64_t *ms, const kd_json *node)
{
    enum { SECONDS_BELOW = 100000000 }; /* thousands: a number below 1e11 can only mean seconds (5138 AD), above milliseconds (1973) */
    kd_str  text = kd_str_trim(kd_json_text(node));
    double  number;
    bool    is_text = kd_json_is(node, KD_JSON_STRING);
    if (is_text && kd_time_parse(ms, text, 0))
        return true;
    if (!kd_str_f64(&number, text) || !(fabs(number) <= 1e15) || (is_text && fabs(number) < SECONDS_BELOW))
        return false; /* "20261122" is a date of a form we do not know, and no second of 1970 */
    *ms = llround(fabs(number) < SECONDS_BELOW * 1000.0 ? number * 1000 : number);
    return plausible(*ms);
}

/* A time field of the item; *given false when it is absent. */
static kd_status read_time(int64_t *ms, bool *given, kd_incoming *out, const kd_json *node, const char *field)
{
    *given = node && !(node->type == KD_JSON_STRING && kd_str_trim(node->text).len == 0);
    if (*given && !time_of(ms, node))
        return refuse_field(out, KD_INVALID, field, "not a time between 1900 and 2200 (ISO 8601, or milliseconds since 1970)");
    return KD_OK;
}

/* When the item left the sender by the sender's clock: the item's own word first, which stands beside its timestamp. */
static bool sent_time(int64_t *ms, const envelope *e, const kd_incoming_context *context)
{
    if (e->field[I_SENT_AT] && time_of(ms, e->field[I_SENT_AT]))
        return true;
    if (e->shared->sent_at && time_of(ms, e->shared->sent_at))
        return true;
    *ms = context->sent_at_ms;
    return plausible(*ms) && *ms != KD_TIME_MIN;
}

/* fact.time_ms, corrected for the sender's clock; *written_ms as the sender wrote it (0: it wrote none), for the id, which
 * must be the same when the message is sent again. */
static kd_status read_times(int64_t *written_ms, kd_incoming *out, const envelope *e, const kd_incoming_context *context)
{
    int64_t   original = 0, timestamp = 0, sent, when = context->received_ms;
    bool      has_original, has_timestamp;
    kd_status status = read_time(&original, &has_original, out, e->field[I_ORIGINAL_TIMESTAMP], "/originalTimestamp");
    if (status == KD_OK)
        status = read_time(&timestamp, &has_timestamp, out, e->field[I_TIMESTAMP], "/timestamp");
    if (status != KD_OK)
        return status;
    *written_ms = has_original ? original : has_timestamp ? timestamp : 0;
    if (has_original && has_timestamp)
        when = timestamp; /* a time given beside the clock's own is told on purpose, or was corrected by a relay: taken as is */
    else if (has_original || has_timestamp)
        when = sent_time(&sent, e, context) ? context->received_ms - (sent - *written_ms) : *written_ms;
    if (when > context->received_ms + KD_FUTURE_SLACK_MS)
        when = context->received_ms;
    if (!plausible(when))
        return refuse_field(out, KD_INVALID, has_timestamp ? "/timestamp" : "/originalTimestamp",
                            "not between 1900 and 2200 once corrected by sentAt");
    out->fact.time_ms = when;
    return KD_OK;
}

/* ---- who --------------------------------------------------------------------------------------------------------- */

static bool read_keys(kd_fact *fact, kd_verified *verified, const envelope *e, const kd_incoming_context *context, kd_arena *arena)
{
    const kd_key_nodes nodes = { e->field[I_TRAITS], e->context[C_TRAITS], e->context[C_EXTERNAL_IDS], e->context[C_DEVICE], e->field[I_PROPERTIES],
                                 e->user_id, e->anonymous_id };
    return kd_keys_read(fact, verified, &nodes, context->speaker, context->namespaces, arena);
}

static kd_status read_owner(kd_incoming *out, const envelope *e, const kd_incoming_context *context)
{
    bool strong = context->speaker == KD_SPEAKER_SERVER; /* a server may speak of a customer by card, e-mail or phone alone */
    if (out->fact.ident_count == 0 || (!strong && !e->user_id.len && !e->anonymous_id.len))
        return refuse_field(out, KD_INVALID, "/userId", "userId or anonymousId is required, and neither names anybody");
    out->owner = out->fact.idents[0];
    return KD_OK;
}

static bool looks_like_uuid(kd_str text)
{
    kd_id id;
    return kd_id_parse(&id, text);
}

static void add_link(kd_incoming *out, kd_link_kind kind, kd_ident other)
{
    if (out->link_count < sizeof out->links / sizeof *out->links) {
        out->links[out->link_count].kind = kind;
        out->links[out->link_count].other = other;
        out->links[out->link_count++].proven = other.proven;
    }
}

/* previousId may be an anonymous id or a user id, and nothing on the wire says which: SDKs make anonymous ids as UUIDs. */
static kd_status read_previous(kd_incoming *out, const envelope *e, const kd_incoming_context *context)
{
    kd_str    previous;
    bool      browser;
    kd_status status;
    if (!e->user_id.len)
        return refuse_field(out, KD_INVALID, "/userId", "alias needs a userId");
    if ((status = read_id(&previous, out, e->field[I_PREVIOUS_ID], "/previousId")) != KD_OK)
        return status;
    if (!previous.len)
        return refuse_field(out, KD_INVALID, "/previousId", "alias needs a previousId");
    browser = kd_str_eq(previous, e->anonymous_id) || looks_like_uuid(previous);
    if (!kd_str_eq(previous, e->user_id)) /* browsers send alias(u1) of u1: true, and says nothing */
        add_link(out, KD_LINK_ALIAS, (kd_ident){ browser ? KD_KEY_ANONYMOUS : KD_KEY_USER, previous,
                                                 !out->fact.claimed && (browser || context->speaker == KD_SPEAKER_SERVER) });
    return KD_OK;
}

/* ---- what -------------------------------------------------------------------------------------------------------- */

static bool has_trait(const kd_trait *traits, size_t count, kd_str name)
{
    for (size_t i = 0; i < count; i++)
        if (kd_str_eq(traits[i].name, name))
            return true;
    return false;
}

/* The members of `object` that are not there yet; of equal names in it the last counts, as everywhere. */
static size_t add_traits(kd_trait *traits, size_t count, const kd_json *object)
{
    if (!kd_json_is(object, KD_JSON_OBJECT))
        return count;
    for (const kd_json *member = object->child; member && count < KD_FACT_TRAITS_MAX; member = member->next)
        if (member->key.len && !has_trait(traits, count, member->key)) {
            const kd_json *last = kd_json_get_str(object, member->key);
            traits[count++] = (kd_trait){ member->key, last->raw };
        }
    return count;
}

/* identify: traits, and context.traits (where RudderStack's browser SDK puts them). False when the arena is full. */
static bool read_traits(kd_fact *fact, const envelope *e, kd_arena *arena)
{
    const kd_json *own = e->field[I_TRAITS], *of_context = e->context[C_TRAITS];
    size_t         room = (own ? own->count : 0) + (of_context ? of_context->count : 0);
    kd_trait      *traits = KD_NEW(arena, kd_trait, room < KD_FACT_TRAITS_MAX ? room : KD_FACT_TRAITS_MAX);
    if (!traits)
        return false;
    fact->traits = traits;
    fact->trait_count = add_traits(traits, add_traits(traits, 0, own), of_context);
    return true;
}

/* Cut before the byte NAME_BYTES_MAX, never inside a character. */
static kd_str short_name(kd_str name)
{
    name = kd_str_trim(name);
    if (name.len > NAME_BYTES_MAX) {
        name.len = NAME_BYTES_MAX;
        while (name.len && ((unsigned char)name.ptr[name.len] & 0xC0) == 0x80)
            name.len--;
    }
    return name;
}

/* Whether the event itself tells where it happened. */
static bool read_channel(kd_fact *fact, const envelope *e, const kd_incoming_context *context)
{
    kd_str     type = kd_json_text(kd_json_get(e->context[C_DEVICE], "type"));
    kd_channel channel = kd_channel_of_name(kd_json_text(e->field[I_CHANNEL]));
    if (channel == KD_CHANNEL_UNKNOWN)
        channel = kd_channel_of_name(kd_json_text(e->context[C_CHANNEL]));
    if (fact->kind == KD_KIND_EMAIL)
        channel = KD_CHANNEL_EMAIL;
    else if (kd_kind_is_message(fact->kind) && kd_channel_of_message(fact->name) != KD_CHANNEL_UNKNOWN)
        channel = kd_channel_of_message(fact->name);
    else if (channel == KD_CHANNEL_UNKNOWN || channel == KD_CHANNEL_SERVER) { /* a server may report what a browser did */
        if (fact->kind == KD_KIND_SCREEN || kd_str_is_nocase(type, "ios") || kd_str_is_nocase(type, "android"))
            channel = KD_CHANNEL_APP;
        else if (kd_json_is(e->context[C_PAGE], KD_JSON_OBJECT) || fact->kind == KD_KIND_PAGE)
            channel = KD_CHANNEL_WEB;
    }
    fact->channel = channel == KD_CHANNEL_UNKNOWN ? context->channel : channel;
    return channel != KD_CHANNEL_UNKNOWN && channel != KD_CHANNEL_SERVER;
}

static kd_status read_group(kd_incoming *out, const envelope *e)
{
    kd_status status = read_id(&out->fact.topic, out, e->field[I_GROUP_ID], "/groupId");
    if (status == KD_OK && !out->fact.topic.len)
        return refuse_field(out, KD_INVALID, "/groupId", "group needs a groupId");
    return status;
}

/* Kind, name, and what the calls other than track say. */
static kd_status read_kind(kd_incoming *out, kd_call call, const envelope *e, const kd_incoming_context *context)
{
    kd_fact *fact = &out->fact;
    switch (call) {
    case KD_CALL_IDENTIFY:
        fact->kind = KD_KIND_IDENTIFY;
        return KD_OK;
    case KD_CALL_PAGE: case KD_CALL_SCREEN:
        fact->kind = call == KD_CALL_PAGE ? KD_KIND_PAGE : KD_KIND_SCREEN;
        fact->name = short_name(kd_json_text(e->field[I_NAME]));
        fact->topic = short_name(kd_json_text(e->field[I_CATEGORY]));
        return KD_OK;
    case KD_CALL_GROUP:
        fact->kind = KD_KIND_GROUP;
        return read_group(out, e);
    case KD_CALL_ALIAS:
        fact->kind = KD_KIND_ALIAS;
        return read_previous(out, e, context);
    case KD_CALL_TRACK: case KD_CALL_BATCH: /* a batch's items were told apart before */
        break;
    }
    fact->name = short_name(kd_json_text(e->field[I_EVENT]));
    if (!fact->name.len)
        return refuse_field(out, KD_INVALID, "/event", "track needs the event's name as text");
    fact->kind = kd_kind_of_name(fact->name);
    return KD_OK;
}

/* ---- message id and body ----------------------------------------------------------------------------------------- */

/* An order without a messageId is the same order however often a page or a job reports it; what only claims to be it must
 * not take its place. Leaves *out empty when the event is no whole order, refund or cancellation. False when the arena is full. */
static bool order_message_id(kd_str *out, const kd_fact *fact, kd_arena *arena)
{
    kd_buf id;
    bool   whole = fact->kind == KD_KIND_ORDER || fact->kind == KD_KIND_ORDER_CANCELLED
              || (fact->kind == KD_KIND_RETURN && fact->line_count == 0); /* parts of an order can come back more than once */
    if (!whole || !fact->order_id.len)
        return true;
    kd_buf_init(&id, arena);
    kd_buf_addf(&id, "order:%s:%d:", fact->claimed ? "claimed" : "proven", (int)fact->kind);
    kd_buf_add_str(&id, fact->order_id);
    *out = kd_buf_str(&id);
    return !id.failed;
}

static kd_str random_message_id(const kd_incoming_context *context, kd_arena *arena)
{
    static _Thread_local kd_rng rng;
    static _Thread_local bool   seeded;
    char                        text[KD_ID_TEXT];
    if (!seeded) {
        kd_rng_seed_os(&rng);
        seeded = true;
    }
    rng.s[0] ^= context->random_ids;
    kd_id_format(text, kd_id_new(&rng, context->received_ms));
    return kd_str_copy(arena, kd_str_z(text));
}

/* Sets message_id and fact.id. False when the arena is full. */
static bool read_message_id(kd_incoming *out, int64_t written_ms, const envelope *e, const kd_incoming_context *context, kd_arena *arena)
{
    const kd_json *sent = e->field[I_MESSAGE_ID];
    kd_str         text = kd_str_trim(kd_json_text(sent));
    if (sent && sent->type != KD_JSON_STRING && sent->type != KD_JSON_NUMBER)
        return refuse_field(out, KD_INVALID, "/messageId", "must be text or a number"), true;
    if (text.len > KD_MESSAGE_ID_MAX)
        return refuse_field(out, KD_LIMIT, "/messageId", "longer than 100 bytes"), true;
    if (!text.len) {
        if (!order_message_id(&text, &out->fact, arena))
            return false;
        if (text.len)
            written_ms = 0; /* a page loaded again reports its order with another time */
        else if (!(text = random_message_id(context, arena)).ptr)
            return false;
    }
    out->message_id = text;
    out->fact.id = kd_event_id(context->source, text, written_ms, out->fact.claimed);
    return true;
}

/* The members of `under` that `over` does not have, then those of `over`. */
static void write_merged(kd_jw *w, const kd_json *under, const kd_json *over)
{
    kd_jw_object(w);
    for (const kd_json *member = under->child; member; member = member->next)
        if (!kd_json_get_str(over, member->key)) {
            kd_jw_key_str(w, member->key);
            kd_jw_raw(w, member->raw);
        }
    for (const kd_json *member = over ? over->child : NULL; member; member = member->next) {
        kd_jw_key_str(w, member->key);
        kd_jw_raw(w, member->raw);
    }
    kd_jw_object_end(w);
}

/* What a request says for all its items and this one lacks or adds to. NULL: nothing to merge. */
static const kd_json *from_batch(const envelope *e, enum item_field field)
{
    const kd_json *shared = field == I_CONTEXT ? e->shared->context : e->shared->integrations;
    const kd_json *own = e->field[field];
    return shared && (!own || own->type == KD_JSON_OBJECT) ? shared : NULL;
}

/* The item as sent where nothing is to be added; else written anew, without the write key, which may be a secret one. */
static bool read_body(kd_incoming *out, const envelope *e, kd_arena *arena)
{
    const kd_json *shared[2] = { from_batch(e, I_CONTEXT), from_batch(e, I_INTEGRATIONS) };
    const bool     add_id = !kd_str_trim(kd_json_text(e->field[I_MESSAGE_ID])).len;
    kd_buf         buf;
    kd_jw          w;
    if (!shared[0] && !shared[1] && !add_id && !e->anonymous_from_header && !e->field[I_WRITE_KEY]) {
        out->body = e->item->raw;
        return true;
    }
    kd_buf_init(&buf, arena);
    kd_buf_reserve(&buf, e->item->raw.len + (shared[0] ? shared[0]->raw.len : 0) + (shared[1] ? shared[1]->raw.len : 0)
                             + out->message_id.len + e->anonymous_id.len + 64);
    kd_jw_init(&w, &buf);
    kd_jw_object(&w);
    for (const kd_json *member = e->item->child; member; member = member->next) {
        if (kd_str_eq(member->key, item_names[I_WRITE_KEY]) || (shared[0] && kd_str_eq(member->key, item_names[I_CONTEXT]))
            || (shared[1] && kd_str_eq(member->key, item_names[I_INTEGRATIONS]))
            || (add_id && kd_str_eq(member->key, item_names[I_MESSAGE_ID]))
            || (e->anonymous_from_header && kd_str_eq(member->key, item_names[I_ANONYMOUS_ID])))
            continue;
        kd_jw_key_str(&w, member->key);
        kd_jw_raw(&w, member->raw);
    }
    for (int i = 0; i < 2; i++)
        if (shared[i]) {
            kd_jw_key_str(&w, item_names[i == 0 ? I_CONTEXT : I_INTEGRATIONS]);
            write_merged(&w, shared[i], e->field[i == 0 ? I_CONTEXT : I_INTEGRATIONS]);
        }
    if (add_id)
        KD_JW_STR(&w, "messageId", out->message_id);
    if (e->anonymous_from_header)
        KD_JW_STR(&w, "anonymousId", e->anonymous_id);
    kd_jw_object_end(&w);
    out->body = kd_buf_str(&buf);
    return !buf.failed;
}

/* ---- one event --------------------------------------------------------------------------------------------------- */

static size_t raw_len(const kd_json *node)
{
    return node ? node->raw.len : 0;
}

static const kd_json *if_members(const kd_json *node)
{
    return kd_json_is(node, KD_JSON_OBJECT) && node->child ? node : NULL;
}

static common common_of(const kd_json *batch)
{
    const kd_json *found[ITEM_FIELD_COUNT] = { 0 };
    kd_fields_pick(found, item_names, ITEM_FIELD_COUNT, batch);
    return (common){ if_members(found[I_CONTEXT]), if_members(found[I_INTEGRATIONS]), found[I_SENT_AT] };
}

static void open_envelope(envelope *e, const kd_json *item, const common *shared)
{
    *e = (envelope){ .item = item, .shared = shared };
    kd_fields_pick(e->field, item_names, ITEM_FIELD_COUNT, item);
    if (raw_len(from_batch(e, I_CONTEXT)) <= KD_EVENT_BYTES_MAX) /* else the event is too long, whatever stands in it */
        kd_fields_pick(e->context, context_names, CONTEXT_FIELD_COUNT, from_batch(e, I_CONTEXT));
    kd_fields_pick(e->context, context_names, CONTEXT_FIELD_COUNT, e->field[I_CONTEXT]);
}

static kd_status refuse_type(kd_incoming *out, kd_str type)
{
    char shown[33];
    int  len = 0;
    for (size_t i = 0; i < type.len && len < (int)sizeof shown - 1; i++)
        shown[len++] = type.ptr[i] > ' ' && type.ptr[i] < 0x7F ? type.ptr[i] : '?';
    return out->status = kd_fail_field(&out->err, KD_INVALID, "/type", type.len
        ? "unknown type '%.*s': must be identify, track, page, screen, group or alias"
        : "type is required in a batch%.*s: identify, track, page, screen, group or alias", len, shown);
}

/* The type of a batch's item. */
static kd_status read_call(kd_call *call, kd_incoming *out, const envelope *e)
{
    kd_str type = kd_json_text(e->field[I_TYPE]);
    if (*call != KD_CALL_BATCH)
        return KD_OK;
    if (type.len < 4 || kd_call_parse(call, type) != KD_OK || *call == KD_CALL_BATCH) /* the short names are for paths only */
        return refuse_type(out, type);
    return KD_OK;
}

static kd_status read_ids(kd_incoming *out, envelope *e, const kd_incoming_context *context)
{
    kd_status status = read_id(&e->user_id, out, e->field[I_USER_ID], "/userId");
    if (status == KD_OK)
        status = read_id(&e->anonymous_id, out, e->field[I_ANONYMOUS_ID], "/anonymousId");
    if (status == KD_OK && !e->field[I_ANONYMOUS_ID] && context->anonymous_id.len) {
        kd_str header = kd_str_trim(context->anonymous_id);
        if (header.len <= KD_KEY_VALUE_MAX && !kd_key_is_nobody(header) && kd_utf8_valid(header)) {
            e->anonymous_id = header;
            e->anonymous_from_header = header.len > 0;
        }
    }
    return status;
}

/* Each member of the one is looked for among those of the other. */
static bool can_merge(const envelope *e, enum item_field field)
{
    const kd_json *under = from_batch(e, field), *over = e->field[field];
    return !under || !over || (uint64_t)under->count * over->count <= MERGE_STEPS_MAX;
}

/* The item after the transform of its source; what is refused or dropped there has its status then. */
static bool transformed(const kd_json **item, kd_incoming *out, const kd_incoming_context *context, kd_arena *arena)
{
    const kd_json *before = *item;
    if (!context->document || before->raw.len > KD_EVENT_BYTES_MAX)
        return true;
    out->status = kd_transform_apply(item, &out->dropped, context->document->transform, before, arena, &out->err);
    if (out->dropped)
        out->status = kd_fail(&out->err, KD_DENIED, "left out by the transform of the source");
    return out->status == KD_OK;
}

static const char *name_of_call(kd_call call)
{
    static const char *const names[] = { [KD_CALL_IDENTIFY] = "identify", [KD_CALL_PAGE] = "page", [KD_CALL_SCREEN] = "screen", [KD_CALL_GROUP] = "group", [KD_CALL_ALIAS] = "alias" };
    return names[call];
}

/* What it brought of the schema; of a strict source, what breaks it refuses the event. False when the arena is full. */
static bool look_at_schema(kd_incoming *out, kd_call call, const kd_json *item, const kd_incoming_context *context, kd_arena *arena)
{
    kd_source_seen *seen = NULL;
    if (!context->document || context->document->event_count == 0)
        return true;
    out->status = kd_source_look(&seen, context->document, call == KD_CALL_TRACK ? out->fact.name : kd_str_z(name_of_call(call)), item, arena, &out->err);
    out->seen = seen;
    return out->status != KD_LIMIT;
}

/* What it says about purposes; of what a preference event states, the traits. Biometric data is not taken, wherever it stands. */
static bool read_said(kd_incoming *out, const envelope *e, const kd_incoming_context *context, kd_arena *arena)
{
    kd_fact       *fact = &out->fact;
    const kd_json *properties = e->field[I_PROPERTIES];
    if (fact->kind == KD_KIND_PREFERENCE) {
        kd_trait *traits = KD_NEW(arena, kd_trait, KD_FACT_TRAITS_MAX);
        if (!traits)
            return false;
        fact->traits = traits;
        fact->trait_count = add_traits(traits, 0, properties);
    }
    out->status = kd_consenting_refuse_biometric(e->field[I_TRAITS], "/traits", &out->err);
    if (out->status == KD_OK)
        out->status = kd_consenting_refuse_biometric(e->context[C_TRAITS], "/context/traits", &out->err);
    if (out->status == KD_OK)
        out->status = kd_consenting_refuse_biometric(properties, "/properties", &out->err);
    if (out->status == KD_OK)
        out->status = kd_consenting_read(fact, e->context[C_CONSENT], e->context[C_CONSENT_MANAGEMENT], context->gpc || kd_json_is(e->context[C_GPC], KD_JSON_TRUE),
                                         properties, context->policy, arena, &out->err);
    return true;
}

/* False when the arena is full; otherwise out->status tells. */
static bool read_event(kd_incoming *out, kd_call call, const kd_json *item, const common *shared, const kd_incoming_context *context,
                       kd_arena *arena)
{
    kd_fact *fact = &out->fact;
    envelope e;
    int64_t  written_ms = 0;
    bool     other_channel;
    kd_verified verified;
    *out = (kd_incoming){ .received_ms = context->received_ms, .fact.total_micro = KD_PRICE_NONE, .fact.source = context->source, .raw = item->raw };
    if (!kd_json_is(item, KD_JSON_OBJECT))
        return refuse_field(out, KD_INVALID, "", "an event must be a JSON object"), true;
    if (!transformed(&item, out, context, arena))
        return true;
    open_envelope(&e, item, shared);
    if (item->raw.len + raw_len(from_batch(&e, I_CONTEXT)) + raw_len(from_batch(&e, I_INTEGRATIONS)) > KD_EVENT_BYTES_MAX)
        return refuse_field(out, KD_LIMIT, "", "event longer than 32 KiB (its share of the batch's context counted)"), true;
    if (!can_merge(&e, I_CONTEXT) || !can_merge(&e, I_INTEGRATIONS))
        return refuse_field(out, KD_LIMIT, "/context", "too many members to lay over those of the batch's context or integrations"), true;
    if (read_call(&call, out, &e) != KD_OK || read_ids(out, &e, context) != KD_OK || read_times(&written_ms, out, &e, context) != KD_OK)
        return true;
    fact->claimed = !(context->speaker == KD_SPEAKER_SERVER
                      || (context->speaker == KD_SPEAKER_TOKEN && e.user_id.len && kd_str_eq(e.user_id, context->user_token_id)));
    if (read_kind(out, call, &e, context) != KD_OK)
        return true;
    if (!read_keys(fact, &verified, &e, context, arena))
        return false;
    if (read_owner(out, &e, context) != KD_OK)
        return true;
    if (fact->kind == KD_KIND_IDENTIFY && !read_traits(fact, &e, arena))
        return false;
    other_channel = read_channel(fact, &e, context);
    if (call == KD_CALL_TRACK && !kd_commerce_read(fact, &out->stubs, &out->lines_dropped, e.field[I_PROPERTIES], other_channel, arena))
        return false;
    if (!look_at_schema(out, call, item, context, arena))
        return false;
    if (out->status == KD_OK && !read_said(out, &e, context, arena))
        return false;
    if (out->status != KD_OK)
        return true;
    kd_evidence_read(out, verified); /* now that channel and kind are known */
    if (!read_message_id(out, written_ms, &e, context, arena))
        return false;
    return out->status != KD_OK || read_body(out, &e, arena);
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

kd_id kd_event_id(kd_str source, kd_str message_id, int64_t written_ms, bool claimed)
{
    kd_id id = kd_id_of_message(source, message_id, written_ms > 0 ? written_ms : 0);
    id.b[15] = (uint8_t)((id.b[15] & 0xFE) | claimed);
    return id;
}

kd_status kd_call_parse(kd_call *out, kd_str name)
{
    static const struct { const char *name, *brief; } calls[] = {
        [KD_CALL_BATCH] = { "batch", "b" }, [KD_CALL_IDENTIFY] = { "identify", "i" }, [KD_CALL_TRACK] = { "track", "t" },
        [KD_CALL_PAGE] = { "page", "p" },   [KD_CALL_SCREEN] = { "screen", "s" },     [KD_CALL_GROUP] = { "group", "g" },
        [KD_CALL_ALIAS] = { "alias", "a" },
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (kd_str_is(name, calls[i].name) || kd_str_is(name, calls[i].brief)) {
            *out = (kd_call)i;
            return KD_OK;
        }
    return KD_NOT_FOUND;
}

static kd_status parse_batch(kd_incoming **out, size_t *count, const kd_json *root, const kd_incoming_context *context,
                             kd_arena *arena, kd_err *err)
{
    const kd_json *items = kd_json_get(root, "batch");
    const common   shared = common_of(root);
    kd_incoming   *events;
    size_t         i = 0;
    if (!kd_json_is(items, KD_JSON_ARRAY))
        return kd_fail_field(err, KD_INVALID, "/batch", "a batch needs an array of events called batch");
    if (items->count > KD_BATCH_EVENTS_MAX)
        return kd_fail_field(err, KD_LIMIT, "/batch", "%u events in one batch; at most %d are taken", items->count, KD_BATCH_EVENTS_MAX);
    events = KD_NEW(arena, kd_incoming, items->count);
    if (!events)
        return kd_fail_memory(err);
    for (const kd_json *item = items->child; item; item = item->next)
        if (!read_event(&events[i++], KD_CALL_BATCH, item, &shared, context, arena))
            return kd_fail_memory(err);
    *out = events;
    *count = i;
    return KD_OK;
}

kd_status kd_incoming_parse(kd_incoming **out, size_t *count, kd_str *body_write_key, kd_call call, const char *body, size_t len,
                            const kd_incoming_context *context, kd_arena *arena, kd_err *err)
{
    const kd_json *root;
    kd_incoming   *event;
    kd_status      status = kd_json_parse(&root, arena, body, len, err);
    *body_write_key = (kd_str){ 0 };
    if (status != KD_OK)
        return status;
    if (root->type != KD_JSON_OBJECT)
        return kd_fail(err, KD_INVALID, "the body must be a JSON object");
    *body_write_key = kd_json_text(kd_json_get(root, "writeKey"));
    if (call == KD_CALL_BATCH)
        return parse_batch(out, count, root, context, arena, err);
    event = KD_NEW(arena, kd_incoming, 1);
    if (!event || !read_event(event, call, root, &nothing_common, context, arena))
        return kd_fail_memory(err);
    *out = event;
    *count = 1;
    return KD_OK;
}

void kd_incoming_from_json(kd_incoming *out, kd_call call, const kd_json *item, const kd_json *batch, const kd_incoming_context *context,
                           kd_arena *arena)
{
    const common shared = common_of(batch);
    if (!read_event(out, call, item, &shared, context, arena))
        out->status = kd_fail_memory(&out->err);
}

kd_status kd_incoming_traits(kd_fact *fact, kd_str body, kd_arena *arena, kd_err *err)
{
    const kd_incoming_context nobody = { 0 }, server = { .speaker = KD_SPEAKER_SERVER };
    kd_verified               verified;
    const kd_json            *root;
    kd_incoming               read = { 0 };
    envelope                  e;
    kd_status                 status = kd_json_parse(&root, arena, body.ptr, body.len, err);
    if (status != KD_OK)
        return status == KD_INVALID ? kd_fail(err, KD_CORRUPT, "the body of a stored event is no JSON") : status;
    open_envelope(&e, root, &nothing_common);
    if (read_ids(&read, &e, &nobody) != KD_OK)
        return kd_fail(err, KD_CORRUPT, "the body of a stored event has an id of the wrong form");
    if (!read_keys(fact, &verified, &e, &server, arena) || (fact->kind == KD_KIND_IDENTIFY && !read_traits(fact, &e, arena)))
        return kd_fail_memory(err);
    return KD_OK;
}
