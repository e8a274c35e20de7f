#include "catalog/image.h"

static kd_str text_of(const kd_json *doc, const char *name)
{
    return kd_str_trim(kd_json_text(kd_json_get(doc, name)));
}

static bool add_categories(kd_attr_list *list, kd_catalog *catalog, const kd_json *node)
{
    const kd_word *whole = NULL;
    bool           ok = kd_attr_add_category(list, catalog, kd_json_text(node), &whole);
    for (const kd_json *v = kd_json_is(node, KD_JSON_ARRAY) ? node->child : NULL; v && ok; v = v->next)
        ok = kd_attr_add_category(list, catalog, kd_json_text(v), &whole);
    return ok;
}

static kd_object *pack_content(kd_catalog *catalog, const kd_json *body, const kd_attr_list *attrs, kd_ref ref, uint64_t hash, bool deleted);

kd_object *kd_content_marked(kd_catalog *catalog, const kd_content_object *old)
{
    const kd_content  *c = &old->content;
    const kd_attr_list attrs = { .items = (kd_product_attr *)(uintptr_t)c->attrs, .count = c->attr_count }; /* copied, not changed */
    kd_object         *object = pack_content(catalog, c->doc, &attrs, c->ref, old->head.hash, old->head.deleted);
    if (object)
        object->version = old->head.version;
    return object;
}

kd_object *kd_content_make(kd_catalog *catalog, const kd_draft *draft, const kd_json *body, kd_arena *arena)
{
    kd_attr_list   attrs = { .arena = arena };
    const uint16_t topic = kd_attribute_number(catalog, KD_STR("topic"));
    if (topic == 0 || !add_categories(&attrs, catalog, kd_json_get(body, "categories"))
        || !kd_attr_add_node(&attrs, catalog, topic, kd_json_get(body, "topics")))
        return NULL;
    kd_attr_sort(&attrs);
    return pack_content(catalog, body, &attrs, draft->ref, kd_hash64(draft->body.ptr, draft->body.len, 0), draft->deleted);
}

static kd_object *pack_content(kd_catalog *catalog, const kd_json *body, const kd_attr_list *attrs, kd_ref ref, uint64_t hash, bool deleted)
{
    const size_t head = kd_pack_array_bytes(1, sizeof(kd_content_object));
    const size_t bytes = head + kd_pack_tree_bytes(body) + kd_pack_array_bytes(attrs->count, sizeof(kd_product_attr));
    kd_content_object *object = kd_object_new(catalog, bytes, hash, deleted);
    if (!object)
        return NULL;
    kd_pack     pack = { (char *)object + head, (char *)object + bytes };
    kd_content *c = &object->content;
    c->doc = kd_pack_tree(&pack, body);
    c->id = text_of(c->doc, "id");
    c->kind = text_of(c->doc, "kind");
    c->title = text_of(c->doc, "title");
    c->url = text_of(c->doc, "url");
    c->image = text_of(c->doc, "image");
    c->ref = ref;
    c->hidden = deleted || kd_json_bool(kd_json_get(c->doc, "hidden"), false);
    c->attrs = kd_pack_array(&pack, attrs->items, attrs->count, sizeof(kd_product_attr));
    c->attr_count = (uint16_t)attrs->count;
    c->sensitive = kd_concepts_of_content(catalog->concepts, c);
    return &object->head;
}
