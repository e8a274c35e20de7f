/* A receipt of any bytes: KD_CORRUPT with a sentence, or JSON that reads. */
#include "fuzz.h"

#include "decide/decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_arena      *arena = kd_arena_new((size_t)64 << 20);
    const kd_json *json = NULL;
    kd_err         err = { 0 };
    kd_buf         text;
    kd_jw          w;

    MUST(arena != NULL);
    kd_buf_init(&text, arena);
    kd_jw_init(&w, &text);
    kd_status status = kd_receipt_write_json(&w, (kd_str){ (const char *)data, size }, NULL, &err);
    MUST(status == KD_OK || status == KD_CORRUPT);
    if (status == KD_OK && !text.failed)
        MUST(kd_json_parse(&json, arena, text.ptr, text.len, &err) == KD_OK || err.status == KD_LIMIT);
    else
        MUST(text.failed || err.msg[0] != '\0');
    kd_arena_free(arena);
    return 0;
}
