/* Two JSON texts, parted by a NUL: the steps of a transform, and an event. Whatever reads is taken; what comes out reads as JSON, and a
 * transform of no steps gives the very node back. Without a NUL the bytes are an expression. */
#include "fuzz.h"

#include <string.h>

#include "event/transform.h"

static void try_expression(const uint8_t *data, size_t size, kd_arena *arena)
{
    static const char item[] = "{\"a\":1.5,\"b\":\"x\",\"c\":{\"d\":[1,\"2\",null]}}";
    const kd_json    *json = NULL, *value = NULL;
    kd_expression    *e = NULL;
    kd_str            text;
    kd_err            err = { 0 };
    MUST(kd_json_parse(&json, arena, item, sizeof item - 1, NULL) == KD_OK);
    if (kd_expression_parse(&e, (kd_str){ (const char *)data, size }, arena, &err) != KD_OK) {
        MUST(err.msg[0] && (err.pos <= size || err.status == KD_LIMIT));
        return;
    }
    if (kd_expression_value(&text, e, json, arena, &err) == KD_OK)
        MUST(kd_json_parse(&value, arena, text.ptr, text.len, &err) == KD_OK || err.status == KD_LIMIT);
    else
        MUST(err.msg[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size ? memchr(data, 0, size) : NULL;
    kd_arena      *arena = kd_arena_new(32 << 20);
    const kd_json *steps = NULL, *item = NULL, *out = NULL, *again = NULL;
    kd_transform  *t = NULL, *none = NULL;
    bool           dropped;
    kd_err         err = { 0 };
    MUST(arena != NULL);
    if (cut == NULL)
        try_expression(data, size, arena);
    else if (kd_json_parse(&steps, arena, (const char *)data, (size_t)(cut - data), NULL) == KD_OK
             && kd_json_parse(&item, arena, (const char *)cut + 1, size - (size_t)(cut - data) - 1, NULL) == KD_OK) {
        MUST(kd_transform_parse(&none, NULL, "/transform", arena, NULL) == KD_OK);
        MUST(kd_transform_apply(&out, &dropped, none, item, arena, NULL) == KD_OK && out == item && !dropped);
        if (kd_transform_parse(&t, steps, "/transform", arena, &err) == KD_OK) {
            const kd_status status = kd_transform_apply(&out, &dropped, t, item, arena, &err);
            MUST(status == KD_OK || (err.msg[0] && err.field[0]));
            if (status == KD_OK && !dropped)
                MUST(kd_json_parse(&again, arena, out->raw.ptr, out->raw.len, NULL) == KD_OK);
        } else {
            MUST(err.msg[0]);
        }
    }
    kd_arena_free(arena);
    return 0;
}
