/* Any bytes: the first chooses what the file is to be and how it is read, the rest is the file. Whatever comes out as a document
 * is read as one; when it is accepted, its canonical body must read again to the same bytes and say nothing more about stock
 * and price. Reading ends, and every bad row has a reason. */
#include "fuzz.h"

#include "catalog/document.h"
#include "catalog/feeds.h"

static void check_document(const kd_catalog_change *change, kd_arena *arena)
{
    kd_doc_kind    kind;
    kd_draft       draft, again;
    const kd_json *body = NULL;
    kd_err         err = { 0 };
    MUST(kd_doc_kind_parse(&kind, change->kind) && change->body != NULL);
    if (kd_draft_read(&draft, kind, change->body, change->id, 1, 1, arena, &err) != KD_OK) {
        MUST(err.msg[0] != 0);
        return;
    }
    MUST(draft.id.len > 0 && draft.ref != 0);
    MUST(kd_json_parse(&body, arena, draft.body.ptr, draft.body.len, &err) == KD_OK);
    MUST(kd_draft_read(&again, kind, body, draft.id, 2, 2, arena, &err) == KD_OK);
    MUST(kd_str_eq(draft.body, again.body) && again.level_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_input *in = NULL;
    kd_feed  *feed = NULL;
    kd_err    err = { 0 };
    size_t    turns = 0;
    if (size == 0)
        return 0;
    const kd_feed_options options = { .what = (kd_feed_what)(data[0] & 3), .currency = { "EUR" }, .decimal_comma = (data[0] & 4) != 0,
                                      .record_bytes_max = (data[0] & 8) != 0 ? 100 : 0 };
    kd_arena *arena = kd_arena_new(64 << 20);
    MUST(arena != NULL && kd_input_memory(&in, data + 1, size - 1, "", 0, NULL) == KD_OK);
    kd_status status = kd_feed_open(&feed, in, &options, &err);
    MUST(status == KD_OK || (feed == NULL && err.msg[0] != 0));
    while (feed != NULL && (status == KD_OK || status == KD_INVALID)) {
        kd_catalog_change change;
        uint64_t          line = 0;
        kd_str            raw;
        err = (kd_err){ 0 };
        kd_arena_reset(arena);
        status = kd_feed_next(&change, feed, arena, &line, &raw, &err);
        MUST(++turns <= size + 1);
        MUST(status == KD_OK || status == KD_NOT_FOUND || err.msg[0] != 0);
        MUST((status != KD_OK && status != KD_INVALID) || line > 0);
        if (status == KD_OK)
            check_document(&change, arena);
    }
    kd_feed_close(feed);
    kd_input_close(in);
    kd_arena_free(arena);
    return 0;
}
