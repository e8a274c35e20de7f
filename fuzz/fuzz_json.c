/* Any bytes: refused with a place inside the text, or a tree that prints, reads back and prints the same; and every slice of the
 * source is itself the value it claims to be. */
#include "fuzz.h"

#include "base/json.h"

enum { ARENA_MAX = 64 << 20 };

static kd_str print(kd_arena *arena, const kd_json *tree)
{
    kd_buf buf;
    kd_jw  w;
    kd_buf_init(&buf, arena);
    kd_jw_init(&w, &buf);
    kd_jw_node(&w, tree);
    MUST(!buf.failed);
    return kd_buf_str(&buf);
}

static void check_slices(kd_arena *arena, const kd_json *node, int *left)
{
    const kd_json *again = NULL;
    if (--*left < 0)
        return;
    MUST(kd_json_parse(&again, arena, node->raw.ptr, node->raw.len, NULL) == KD_OK);
    MUST(again->type == node->type && again->count == node->count && again->raw.len == node->raw.len);
    MUST(kd_str_eq(again->text, node->text) && kd_utf8_valid(node->text) && kd_utf8_valid(node->key));
    uint32_t count = 0;
    for (const kd_json *child = node->child; child != NULL; child = child->next, count++)
        check_slices(arena, child, left);
    MUST(count == node->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_arena      *arena = kd_arena_new(ARENA_MAX);
    const kd_json *tree = NULL, *again = NULL;
    kd_err         err = { 0 };
    int            slices = 200;
    MUST(arena != NULL);
    kd_status status = kd_json_parse(&tree, arena, (const char *)data, size, &err);
    if (status == KD_OK) {
        kd_str text = print(arena, tree);
        MUST(kd_json_parse(&again, arena, text.ptr, text.len, &err) == KD_OK);
        MUST(kd_str_eq(print(arena, again), text));
        check_slices(arena, tree, &slices);
    } else {
        MUST((status == KD_INVALID || status == KD_LIMIT) && tree == NULL && err.status == status && err.pos <= size && err.msg[0] != 0);
    }
    kd_arena_free(arena);
    return 0;
}
