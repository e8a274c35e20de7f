/* /demo/pictures/ID.svg: pictures of a catalogue that has none of its own, drawn from category and colour. ID is that of a
 * product, or the sku of a variant, which is drawn in its own colour. */
#include "api/handlers.h"
#include "demo/demo.h"

void kd_api_demo_picture(kd_request *request)
{
    kd_str             file = kd_request_segment(request, 2);
    const kd_snapshot *snapshot;
    const kd_product  *product = NULL;
    const kd_variant  *variant = NULL;
    kd_err             err = { 0 };

    if (file.len < 5 || memcmp(file.ptr + file.len - 4, ".svg", 4) != 0) {
        kd_fail_field(&err, KD_NOT_FOUND, "file", "pictures end in .svg");
        kd_reply_problem(request, KD_NOT_FOUND, &err);
        return;
    }
    file.len -= 4;
    snapshot = kd_snapshot_acquire(request->parts->catalog);
    product = kd_snapshot_find_any(snapshot, kd_ref_of(file), &variant);
    if (product != NULL) {
        kd_demo_picture(&request->out, product, variant);
        request->content_type = "image/svg+xml";
        kd_request_reply_header(request, "Content-Security-Policy", KD_STR("default-src 'none'; sandbox")); /* opened by itself it is a document */
        kd_request_reply_header(request, "Cache-Control", KD_STR("public, max-age=86400"));
    }
    kd_snapshot_release(snapshot);
    if (product == NULL) {
        kd_fail_field(&err, KD_NOT_FOUND, "file", "no product and no variant has this id");
        kd_reply_problem(request, KD_NOT_FOUND, &err);
    }
}
