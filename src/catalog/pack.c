#include <assert.h>
#include <stdalign.h>
#include "catalog/image.h"

/* Every part starts on 8 bytes, so that sizes add up in any order. */
static size_t rounded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

size_t kd_pack_array_bytes(size_t count, size_t size)
{
    return rounded(count * size);
}

size_t kd_pack_str_bytes(kd_str s)
{
    return rounded(s.len + 1);
}

static void *take(kd_pack *pack, size_t bytes)
{
    void *at = pack->at;
    assert(rounded(bytes) <= (size_t)(pack->end - pack->at));
    pack->at += rounded(bytes);
    return at;
}

void *kd_pack_array(kd_pack *pack, const void *items, size_t count, size_t size)
{
    void *at = take(pack, count * size);
    if (count != 0 && items != NULL)
        memcpy(at, items, count * size);
    return at;
}

kd_str kd_pack_str(kd_pack *pack, kd_str s)
{
    char *at = take(pack, s.len + 1);
    if (s.len != 0)
        memcpy(at, s.ptr, s.len);
    at[s.len] = 0;
    return (kd_str){ at, s.len };
}

/* Texts of a tree mostly lie inside its source text, which is copied whole; only unescaped ones stand elsewhere. */
static bool inside(kd_str source, kd_str s)
{
    return (uintptr_t)s.ptr >= (uintptr_t)source.ptr && (uintptr_t)s.ptr + s.len <= (uintptr_t)source.ptr + source.len;
}

static size_t count_tree(const kd_json *node, kd_str source, size_t *text_bytes)
{
    size_t nodes = 1;
    if (node->key.len != 0 && !inside(source, node->key))
        *text_bytes += kd_pack_str_bytes(node->key);
    if (node->text.len != 0 && !inside(source, node->text))
        *text_bytes += kd_pack_str_bytes(node->text);
    for (const kd_json *child = node->child; child; child = child->next)
        nodes += count_tree(child, source, text_bytes);
    return nodes;
}

size_t kd_pack_tree_bytes(const kd_json *tree)
{
    size_t       text_bytes = kd_pack_str_bytes(tree->raw);
    const size_t nodes = count_tree(tree, tree->raw, &text_bytes);
    return text_bytes + nodes * rounded(sizeof(kd_json));
}

static kd_str move_text(kd_pack *pack, kd_str from, kd_str to, kd_str s)
{
    if (s.len == 0)
        return (kd_str){ 0 };
    return inside(from, s) ? (kd_str){ to.ptr + (s.ptr - from.ptr), s.len } : kd_pack_str(pack, s);
}

static kd_json *move_node(kd_pack *pack, kd_str from, kd_str to, const kd_json *node)
{
    kd_json        *copy = take(pack, sizeof *copy);
    const kd_json **link = &copy->child;
    *copy = (kd_json){ .type = node->type, .count = node->count };
    copy->key = move_text(pack, from, to, node->key);
    copy->text = move_text(pack, from, to, node->text);
    copy->raw = inside(from, node->raw) ? move_text(pack, from, to, node->raw) : (kd_str){ 0 };
    for (const kd_json *child = node->child; child; child = child->next) {
        kd_json *moved = move_node(pack, from, to, child);
        *link = moved;
        link = &moved->next;
    }
    return copy;
}

kd_json *kd_pack_tree(kd_pack *pack, const kd_json *tree)
{
    static_assert(alignof(kd_json) <= 8, "parts start on 8 bytes");
    const kd_str to = kd_pack_str(pack, tree->raw);
    return move_node(pack, tree->raw, to, tree);
}
