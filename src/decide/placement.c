#include "decide/decide.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"

enum {
    ITEMS_DEFAULT = 10, ITEMS_MAX = 100, FILTER_VALUES_MAX = 200, TITLE_MAX = 200, ID_MAX = 64,
    PLACEMENTS_BYTES_MAX = 64 << 20, /* of all that are kept */
    READ_BYTES_MAX = 512 << 20,      /* of DOCS_PER_READ documents of any kind: a product's may have a megabyte */
    DOCS_PER_READ = 256
};

struct kd_placements {
    atomic_uint   refs;
    kd_arena     *arena;
    kd_placement *items;
    size_t        count, capacity;
    kd_map       *by_id; /* kd_hash64 of the id -> index */
};

static bool is_id(kd_str id)
{
    if (id.len == 0 || id.len > ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        const char c = id.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return true;
}

/* A member that says something: null is the same as absent. */
static const kd_json *given(const kd_json *object, const char *name)
{
    const kd_json *node = kd_json_get(object, name);
    return kd_json_is(node, KD_JSON_NULL) ? NULL : node;
}

/* ---- filters ---------------------------------------------------------------------------------------------------------- */

static kd_status parse_flag(bool *out, const kd_json *object, const char *name, const char *field, kd_err *err)
{
    const kd_json *node = given(object, name);

    if (node == NULL)
        return KD_OK;
    if (!kd_json_is(node, KD_JSON_TRUE) && !kd_json_is(node, KD_JSON_FALSE))
        return kd_fail_field(err, KD_INVALID, field, "must be true or false");
    *out = kd_json_is(node, KD_JSON_TRUE);
    return KD_OK;
}

typedef struct attr_list { kd_product_attr *items; size_t count; } attr_list;

/* One attribute with its value, or a list of values any of which will do. */
static kd_status parse_attribute(attr_list *out, const kd_json *member, const char *field, const kd_snapshot *snapshot, kd_err *err)
{
    const uint16_t attribute = kd_snapshot_attribute_by_name(snapshot, member->key);
    const bool     is_list = kd_json_is(member, KD_JSON_ARRAY);
    const kd_json *value = is_list ? member->child : member;

    if (attribute == 0)
        return kd_fail_field(err, KD_INVALID, field, "the catalogue has no attribute of this name");
    if (value == NULL) /* it would let everything through, or nothing: let nobody guess */
        return kd_fail_field(err, KD_INVALID, field, "names no value; leave the attribute out instead");
    for (; value != NULL; value = is_list ? value->next : NULL) {
        const kd_str text = kd_json_text(value);
        if (text.len == 0)
            return kd_fail_field(err, KD_INVALID, field, "a filter's value must be a text that is not empty");
        if (out->count == FILTER_VALUES_MAX)
            return kd_fail_field(err, KD_LIMIT, field, "more than %d values in one filter", FILTER_VALUES_MAX);
        out->items[out->count++] = (kd_product_attr){ attribute, kd_ref_of(text) };
    }
    return KD_OK;
}

/* {"category": ["Shoes", "Boots"], "brand": "Nord"} -> attribute pairs. `words` are members that are no attributes. */
static kd_status parse_attributes(attr_list *out, const kd_json *object, const char *at, const char *const *words, const kd_snapshot *snapshot,
                                  kd_arena *arena, kd_err *err)
{
    kd_status status = KD_OK;

    *out = (attr_list){ KD_NEW(arena, kd_product_attr, object ? FILTER_VALUES_MAX : 0), 0 };
    if (out->items == NULL)
        return kd_fail_memory(err);
    for (const kd_json *member = object ? object->child : NULL; status == KD_OK && member != NULL; member = member->next) {
        char field[48];
        bool is_word = kd_json_is(member, KD_JSON_NULL);
        for (size_t i = 0; words[i] != NULL; i++)
            is_word = is_word || kd_str_is(member->key, words[i]);
        if (is_word)
            continue;
        snprintf(field, sizeof field, "%s/%.*s", at, (int)kd_utf8_prefix((kd_str){ member->key.ptr, member->key.len < 32 ? member->key.len : 32 }),
                 member->key.ptr);
        status = parse_attribute(out, member, field, snapshot, err);
    }
    return status;
}

/* 0 stays for "open": a bound that is given must say something. */
static kd_status parse_price(int64_t *out, const kd_json *price, const char *name, const char *field, int64_t least, kd_err *err)
{
    const kd_json *node = given(price, name);

    if (node == NULL)
        return KD_OK;
    if (!kd_micro_parse(out, kd_json_text(node), false) || *out < least)
        return kd_fail_field(err, KD_INVALID, field, least > 0 ? "must be an amount above 0" : "must be an amount that is not negative");
    return KD_OK;
}

static kd_status parse_filter(kd_filter *out, const kd_json *filter, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    static const char *const words[] = { "not", "price", "includeBought", "includeOutOfStock", NULL };

    if (filter == NULL)
        return KD_OK;
    if (kd_json_is(filter, KD_JSON_NULL))
        return KD_OK;
    if (!kd_json_is(filter, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/filter", "must be an object");
    const kd_json *none = given(filter, "not");
    const kd_json *price = given(filter, "price");
    attr_list      any_of, none_of;
    kd_status      status;

    if (none != NULL && !kd_json_is(none, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/filter/not", "must be an object");
    if (price != NULL && !kd_json_is(price, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/filter/price", "must be an object with min and max");
    if ((status = parse_attributes(&any_of, filter, "/filter", words, snapshot, arena, err)) != KD_OK ||
        (status = parse_attributes(&none_of, none, "/filter/not", words + sizeof words / sizeof *words - 1, snapshot, arena, err)) != KD_OK ||
        (status = parse_price(&out->price_min_micro, price, "min", "/filter/price/min", 0, err)) != KD_OK ||
        (status = parse_price(&out->price_max_micro, price, "max", "/filter/price/max", 1, err)) != KD_OK ||
        (status = parse_flag(&out->include_bought, filter, "includeBought", "/filter/includeBought", err)) != KD_OK ||
        (status = parse_flag(&out->include_out_of_stock, filter, "includeOutOfStock", "/filter/includeOutOfStock", err)) != KD_OK)
        return status;
    if (out->price_max_micro != 0 && out->price_max_micro < out->price_min_micro)
        return kd_fail_field(err, KD_INVALID, "/filter/price/max", "must not be less than min");
    out->any_of = any_of.items;
    out->any_of_count = any_of.count;
    out->none_of = none_of.items;
    out->none_of_count = none_of.count;
    return KD_OK;
}

kd_status kd_filter_parse(kd_filter *out, const kd_json *filter, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    *out = (kd_filter){ 0 };
    return parse_filter(out, filter, snapshot, arena, err);
}

/* ---- channels --------------------------------------------------------------------------------------------------------- */

static const char *const channel_names[] = {
    [KD_CHANNEL_UNKNOWN] = "unknown", [KD_CHANNEL_WEB] = "web", [KD_CHANNEL_APP] = "app", [KD_CHANNEL_STORE] = "store",
    [KD_CHANNEL_EMAIL] = "email", [KD_CHANNEL_SERVER] = "server", [KD_CHANNEL_FILE] = "file",
    [KD_CHANNEL_POST] = "post", [KD_CHANNEL_PUSH] = "push", [KD_CHANNEL_SMS] = "sms",
};
enum { CHANNELS = sizeof channel_names / sizeof *channel_names };

const char *kd_channel_name(kd_channel channel) { return channel_names[(unsigned)channel < CHANNELS ? channel : KD_CHANNEL_UNKNOWN]; }

kd_status kd_channel_parse(kd_channel *out, kd_str name)
{
    for (int i = KD_CHANNEL_UNKNOWN + 1; i < CHANNELS; i++)
        if (kd_str_is_nocase(name, channel_names[i])) {
            *out = (kd_channel)i;
            return KD_OK;
        }
    return KD_INVALID;
}

static kd_status parse_channels(uint32_t *out, const kd_json *channels, kd_err *err)
{
    if (channels == NULL)
        return KD_OK;
    if (!kd_json_is(channels, KD_JSON_ARRAY) || channels->child == NULL)
        return kd_fail_field(err, KD_INVALID, "/channels", "must name at least one of web, app, store, email, post, push, sms, server; leave it out for all");
    for (const kd_json *node = channels->child; node != NULL; node = node->next) {
        kd_channel channel;
        if (kd_channel_parse(&channel, kd_json_text(node)) != KD_OK)
            return kd_fail_field(err, KD_INVALID, "/channels", "must be an array of web, app, store, email, post, push, sms, server");
        *out |= 1u << channel;
    }
    return KD_OK;
}

/* ---- one placement ---------------------------------------------------------------------------------------------------- */

static kd_status parse_recommendation(kd_placement *out, const kd_json *doc, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    const kd_json *recipe = given(doc, "recipe");
    const kd_json *items = given(doc, "count");
    int64_t        count = ITEMS_DEFAULT;

    out->kind = KD_PLACEMENT_RECOMMENDATION;
    out->recipe = KD_RECIPE_FOR_YOU;
    if (recipe != NULL) {
        const kd_status status = kd_recipe_parse(&out->recipe, kd_json_text(recipe), err);
        if (status != KD_OK) {
            if (err != NULL)
                snprintf(err->field, sizeof err->field, "/recipe"); /* known to the recommender by its bare name */
            return status;
        }
    }
    if (items != NULL && (!kd_json_i64(&count, items) || count < 1 || count > ITEMS_MAX))
        return kd_fail_field(err, KD_INVALID, "/count", "must be a whole number from 1 to %d", ITEMS_MAX);
    out->count = (uint16_t)count;
    return parse_filter(&out->filter, given(doc, "filter"), snapshot, arena, err);
}

kd_status kd_placement_parse(kd_placement *out, kd_str id, const kd_json *doc, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    kd_placement   p = { .live = true };
    const kd_json *content = given(doc, "content");
    const kd_json *named = given(doc, "id"), *title_node = given(doc, "title");
    const kd_str   kind = kd_json_text(given(doc, "kind")), title = kd_json_text(title_node);
    kd_status      status = KD_OK;

    if (!kd_json_is(doc, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "", "a placement must be a JSON object");
    if (!is_id(id))
        return kd_fail_field(err, KD_INVALID, "/id", "must be 1 to %d letters, digits, '-', '_' or '.'", ID_MAX);
    if (named != NULL && !kd_str_eq(kd_json_text(named), id))
        return kd_fail_field(err, KD_INVALID, "/id", "differs from the id of the placement");
    if (title_node != NULL && !kd_json_is(title_node, KD_JSON_STRING))
        return kd_fail_field(err, KD_INVALID, "/title", "must be a text");
    if (title.len > TITLE_MAX)
        return kd_fail_field(err, KD_LIMIT, "/title", "must be at most %d bytes", TITLE_MAX);
    p.id = kd_str_copy(arena, id);
    p.title = kd_str_copy(arena, title.len != 0 ? title : id);
    if (p.id.ptr == NULL || p.title.ptr == NULL)
        return kd_fail_memory(err);
    if (kd_str_is(kind, "recommendation"))
        status = parse_recommendation(&p, doc, snapshot, arena, err);
    else if (kd_str_is(kind, "content")) {
        p.kind = KD_PLACEMENT_CONTENT;
        if (content == NULL)
            status = kd_fail_field(err, KD_INVALID, "/content", "a content placement needs its content (any JSON)");
    } else
        status = kd_fail_field(err, KD_INVALID, "/kind", "must be \"recommendation\" or \"content\"");
    if (status == KD_OK)
        status = parse_channels(&p.channels, given(doc, "channels"), err);
    if (status == KD_OK)
        status = parse_flag(&p.live, doc, "live", "/live", err);
    if (status != KD_OK)
        return status;
    if (content != NULL && (p.content = kd_str_copy(arena, content->raw)).ptr == NULL)
        return kd_fail_memory(err);
    *out = p;
    return KD_OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------------------ */

static void placements_free(kd_placements *placements)
{
    kd_map_free(placements->by_id);
    kd_arena_free(placements->arena);
    free(placements);
}

static bool make_room(kd_placements *placements)
{
    if (placements->count < placements->capacity)
        return true;
    const size_t  capacity = placements->capacity ? placements->capacity * 2 : 64;
    kd_placement *more = KD_NEW(placements->arena, kd_placement, capacity);
    if (more == NULL)
        return false;
    if (placements->count != 0)
        memcpy(more, placements->items, placements->count * sizeof *more);
    placements->items = more;
    placements->capacity = capacity;
    return true;
}

/* A document that no longer reads (its attribute left the catalogue, say) must not take the others with it. */
static kd_status add_doc(kd_placements *placements, const kd_doc *doc, const kd_snapshot *snapshot, kd_arena *scratch, kd_err *err)
{
    const kd_json *json = NULL;
    kd_placement   p;
    kd_err         why = { 0 };

    if (kd_json_parse(&json, scratch, doc->body.ptr, doc->body.len, &why) != KD_OK ||
        kd_placement_parse(&p, doc->id, json, snapshot, placements->arena, &why) != KD_OK) {
        kd_log(KD_LOG_WARN, "decide", "placement-left-out", "placement=%.*s field=%s version=%llu", (int)doc->id.len, doc->id.ptr,
               why.field[0] ? why.field : "-", (unsigned long long)doc->version);
        return KD_OK;
    }
    if (!make_room(placements))
        return kd_fail_memory(err);
    p.version = doc->version;
    placements->items[placements->count] = p;
    if (!kd_map_set(placements->by_id, kd_hash64(p.id.ptr, p.id.len, 0), (uint32_t)placements->count++))
        return kd_fail_memory(err);
    return KD_OK;
}

/* The documents of a whole catalogue pass by here: they are read into `scratch`, chunk by chunk, and only placements are kept. */
static kd_status add_docs(kd_placements *placements, kd_reader *reader, const kd_snapshot *snapshot, kd_arena *scratch, kd_err *err)
{
    uint64_t after = 0;

    for (;;) {
        kd_doc   *docs = NULL;
        size_t    count = 0;
        kd_status status;
        kd_arena_reset(scratch);
        status = kd_reader_docs(&docs, &count, reader, after, DOCS_PER_READ, scratch, err);
        if (status != KD_OK || count == 0)
            return status;
        after = docs[count - 1].version;
        for (size_t i = 0; status == KD_OK && i < count; i++)
            if (kd_str_is(docs[i].kind, "placement") && !docs[i].deleted)
                status = add_doc(placements, &docs[i], snapshot, scratch, err);
        if (status != KD_OK)
            return status;
    }
}

kd_status kd_placements_load(kd_placements **out, kd_reader *reader, const kd_snapshot *snapshot, kd_err *err)
{
    kd_placements *placements = calloc(1, sizeof *placements);
    kd_arena      *scratch = kd_arena_new(READ_BYTES_MAX);
    kd_status      status = KD_OK;

    if (placements == NULL) {
        kd_arena_free(scratch);
        return kd_fail_memory(err);
    }
    atomic_init(&placements->refs, 1);
    placements->arena = kd_arena_new(PLACEMENTS_BYTES_MAX);
    placements->by_id = kd_map_new(64);
    if (scratch == NULL || placements->arena == NULL || placements->by_id == NULL)
        status = kd_fail_memory(err);
    if (status == KD_OK)
        status = add_docs(placements, reader, snapshot, scratch, err);
    kd_arena_free(scratch);
    if (status == KD_OK)
        *out = placements;
    else
        placements_free(placements);
    return status;
}

const kd_placements *kd_placements_retain(const kd_placements *placements)
{
    if (placements != NULL)
        atomic_fetch_add_explicit(&((kd_placements *)(uintptr_t)placements)->refs, 1, memory_order_relaxed);
    return placements;
}

void kd_placements_release(const kd_placements *placements)
{
    kd_placements *mine = (kd_placements *)(uintptr_t)placements;
    if (mine != NULL && atomic_fetch_sub_explicit(&mine->refs, 1, memory_order_acq_rel) == 1)
        placements_free(mine);
}

const kd_placement *kd_placements_find(const kd_placements *placements, kd_str id)
{
    uint32_t index;
    if (placements == NULL || !kd_map_get(placements->by_id, kd_hash64(id.ptr, id.len, 0), &index) ||
        !kd_str_eq(placements->items[index].id, id))
        return NULL;
    return &placements->items[index];
}

size_t kd_placements_count(const kd_placements *placements) { return placements == NULL ? 0 : placements->count; }

const kd_placement *kd_placements_at(const kd_placements *placements, size_t index)
{
    return index < kd_placements_count(placements) ? &placements->items[index] : NULL;
}
