#include "decide/decide.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"

enum { ITEMS_DEFAULT = 10, ITEMS_MAX = 100, PLACEMENTS_BYTES_MAX = 64 << 20, DOCS_PER_READ = 256, FILTER_VALUES_MAX = 200, TITLE_MAX = 200, ID_MAX = 64 };

struct kd_placements {
    atomic_uint   refs;
    kd_arena     *arena;
    kd_placement *items;
    size_t        count;
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

/* {"category": ["Shoes", "Boots"], "brand": "Nord"} -> attribute pairs. */
static kd_status parse_attributes(const kd_product_attr **out, size_t *count, const kd_json *object, const char *field,
                                  const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    static const char *const other_words[] = { "not", "price", "includeBought", "includeOutOfStock" };
    kd_product_attr         *list = KD_NEW(arena, kd_product_attr, FILTER_VALUES_MAX);
    size_t                   n = 0;

    if (list == NULL)
        return kd_fail_memory(err);
    for (const kd_json *member = object ? object->child : NULL; member != NULL; member = member->next) {
        bool is_other = false;
        for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++)
            is_other = is_other || kd_str_is(member->key, other_words[i]);
        if (is_other)
            continue;
        const uint16_t attribute = kd_snapshot_attribute_by_name(snapshot, member->key);
        if (attribute == 0)
            return kd_fail_field(err, KD_INVALID, field, "the catalogue has no attribute \"%.*s\"", (int)(member->key.len > 40 ? 40 : member->key.len),
                                 member->key.ptr);
        const bool     is_list = kd_json_is(member, KD_JSON_ARRAY);
        const kd_json *value = is_list ? member->child : member;
        for (; value != NULL; value = is_list ? value->next : NULL) {
            const kd_str text = kd_json_text(value);
            if (text.len == 0)
                return kd_fail_field(err, KD_INVALID, field, "a filter value must be a text that is not empty");
            if (n == FILTER_VALUES_MAX)
                return kd_fail_field(err, KD_LIMIT, field, "more than %d values in one filter", FILTER_VALUES_MAX);
            list[n++] = (kd_product_attr){ attribute, kd_ref_of(text) };
        }
    }
    *out = list;
    *count = n;
    return KD_OK;
}

static kd_status parse_price(int64_t *out, const kd_json *price, const char *name, const char *field, kd_err *err)
{
    const kd_json *node = kd_json_get(price, name);
    if (node == NULL)
        return KD_OK;
    if (!kd_micro_parse(out, kd_json_text(node), false) || *out < 0)
        return kd_fail_field(err, KD_INVALID, field, "must be an amount that is not negative");
    return KD_OK;
}

static kd_status parse_filter(kd_filter *out, const kd_json *filter, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    if (filter == NULL)
        return KD_OK;
    if (!kd_json_is(filter, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/filter", "must be an object");
    const kd_json *none = kd_json_get(filter, "not");
    const kd_json *price = kd_json_get(filter, "price");
    kd_status      status = KD_OK;

    if (none != NULL && !kd_json_is(none, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/filter/not", "must be an object");
    if (price != NULL && !kd_json_is(price, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "/filter/price", "must be an object with min and max");
    if ((status = parse_attributes(&out->any_of, &out->any_of_count, filter, "/filter", snapshot, arena, err)) != KD_OK ||
        (status = parse_attributes(&out->none_of, &out->none_of_count, none, "/filter/not", snapshot, arena, err)) != KD_OK ||
        (status = parse_price(&out->price_min_micro, price, "min", "/filter/price/min", err)) != KD_OK ||
        (status = parse_price(&out->price_max_micro, price, "max", "/filter/price/max", err)) != KD_OK)
        return status;
    if (out->price_max_micro != 0 && out->price_max_micro < out->price_min_micro)
        return kd_fail_field(err, KD_INVALID, "/filter/price/max", "must not be less than min");
    out->include_bought = kd_json_bool(kd_json_get(filter, "includeBought"), false);
    out->include_out_of_stock = kd_json_bool(kd_json_get(filter, "includeOutOfStock"), false);
    return KD_OK;
}

kd_status kd_filter_parse(kd_filter *out, const kd_json *filter, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    *out = (kd_filter){ 0 };
    return parse_filter(out, filter, snapshot, arena, err);
}

kd_status kd_channel_parse(kd_channel *out, kd_str name)
{
    static const struct { const char *name; kd_channel channel; } names[] = {
        { "web", KD_CHANNEL_WEB }, { "app", KD_CHANNEL_APP }, { "store", KD_CHANNEL_STORE }, { "email", KD_CHANNEL_EMAIL },
        { "server", KD_CHANNEL_SERVER }, { "file", KD_CHANNEL_FILE },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (kd_str_is_nocase(name, names[i].name)) {
            *out = names[i].channel;
            return KD_OK;
        }
    return KD_INVALID;
}

static kd_status parse_channels(uint32_t *out, const kd_json *channels, kd_err *err)
{
    if (channels == NULL)
        return KD_OK;
    if (!kd_json_is(channels, KD_JSON_ARRAY))
        return kd_fail_field(err, KD_INVALID, "/channels", "must be an array of web, app, store, email, server");
    for (const kd_json *node = channels->child; node != NULL; node = node->next) {
        kd_channel channel;
        if (kd_channel_parse(&channel, kd_json_text(node)) != KD_OK)
            return kd_fail_field(err, KD_INVALID, "/channels", "must be an array of web, app, store, email, server");
        *out |= 1u << channel;
    }
    return KD_OK;
}

static kd_status parse_recommendation(kd_placement *out, const kd_json *doc, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    const kd_json *recipe = kd_json_get(doc, "recipe");
    const kd_json *items = kd_json_get(doc, "count");
    int64_t        count = ITEMS_DEFAULT;

    out->kind = KD_PLACEMENT_RECOMMENDATION;
    out->recipe = KD_RECIPE_FOR_YOU;
    if (recipe != NULL) {
        const kd_status status = kd_recipe_parse(&out->recipe, kd_json_text(recipe), err);
        if (status != KD_OK)
            return status;
    }
    if (items != NULL && (!kd_json_i64(&count, items) || count < 1 || count > ITEMS_MAX))
        return kd_fail_field(err, KD_INVALID, "/count", "must be a whole number from 1 to %d", ITEMS_MAX);
    out->count = (uint16_t)count;
    return parse_filter(&out->filter, kd_json_get(doc, "filter"), snapshot, arena, err);
}

kd_status kd_placement_parse(kd_placement *out, kd_str id, const kd_json *doc, const kd_snapshot *snapshot, kd_arena *arena, kd_err *err)
{
    kd_placement   p = { .live = true };
    const kd_json *content = kd_json_get(doc, "content");
    const kd_str   kind = kd_json_text(kd_json_get(doc, "kind"));
    const kd_str   title = kd_json_text(kd_json_get(doc, "title"));
    kd_status      status = KD_OK;

    if (!kd_json_is(doc, KD_JSON_OBJECT))
        return kd_fail_field(err, KD_INVALID, "", "a placement must be a JSON object");
    if (!is_id(id))
        return kd_fail_field(err, KD_INVALID, "/id", "must be 1 to %d letters, digits, '-', '_' or '.'", ID_MAX);
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
        status = parse_channels(&p.channels, kd_json_get(doc, "channels"), err);
    if (status != KD_OK)
        return status;
    if (content != NULL && (p.content = kd_str_copy(arena, content->raw)).ptr == NULL)
        return kd_fail_memory(err);
    p.live = kd_json_bool(kd_json_get(doc, "live"), true);
    *out = p;
    return KD_OK;
}

static kd_status read_docs(kd_doc **out, size_t *count, kd_reader *reader, kd_arena *arena, kd_err *err)
{
    uint64_t after = 0;
    size_t   capacity = 0, n = 0;
    kd_doc  *kept = NULL;

    for (;;) {
        kd_doc   *docs = NULL;
        size_t    read = 0;
        kd_status status = kd_reader_docs(&docs, &read, reader, after, DOCS_PER_READ, arena, err);
        if (status != KD_OK)
            return status;
        if (read == 0)
            break;
        after = docs[read - 1].version;
        for (size_t i = 0; i < read; i++) {
            if (!kd_str_is(docs[i].kind, "placement") || docs[i].deleted)
                continue;
            if (n == capacity) {
                capacity = capacity ? capacity * 2 : 64;
                kd_doc *more = KD_NEW(arena, kd_doc, capacity);
                if (more == NULL)
                    return kd_fail_memory(err);
                if (n != 0)
                    memcpy(more, kept, n * sizeof *kept);
                kept = more;
            }
            kept[n++] = docs[i];
        }
    }
    *out = kept;
    *count = n;
    return KD_OK;
}

static void placements_free(kd_placements *placements)
{
    kd_map_free(placements->by_id);
    kd_arena_free(placements->arena);
    free(placements);
}

kd_status kd_placements_load(kd_placements **out, kd_reader *reader, const kd_snapshot *snapshot, kd_err *err)
{
    kd_placements *placements = calloc(1, sizeof *placements);
    kd_doc        *docs = NULL;
    size_t         count = 0;
    kd_status      status = KD_OK;

    if (placements == NULL)
        return kd_fail_memory(err);
    atomic_init(&placements->refs, 1);
    placements->arena = kd_arena_new(PLACEMENTS_BYTES_MAX);
    placements->by_id = kd_map_new(64);
    if (placements->arena == NULL || placements->by_id == NULL)
        status = kd_fail_memory(err);
    if (status == KD_OK)
        status = read_docs(&docs, &count, reader, placements->arena, err);
    if (status == KD_OK && (placements->items = KD_NEW(placements->arena, kd_placement, count + 1)) == NULL)
        status = kd_fail_memory(err);
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        const kd_json *doc = NULL;
        kd_placement  *p = &placements->items[placements->count];
        kd_err         why = { 0 };
        /* A document that no longer reads (its attribute left the catalogue, say) must not take the others with it. */
        if (kd_json_parse(&doc, placements->arena, docs[i].body.ptr, docs[i].body.len, &why) != KD_OK ||
            kd_placement_parse(p, docs[i].id, doc, snapshot, placements->arena, &why) != KD_OK) {
            kd_log(KD_LOG_WARN, "decide", "placement-left-out", "placement=%.*s why=\"%s\"", (int)docs[i].id.len, docs[i].id.ptr, why.msg);
            continue;
        }
        p->version = docs[i].version;
        if (!kd_map_set(placements->by_id, kd_hash64(p->id.ptr, p->id.len, 0), (uint32_t)placements->count++))
            status = kd_fail_memory(err);
    }
    if (status != KD_OK) {
        placements_free(placements);
        return status;
    }
    *out = placements;
    return KD_OK;
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
