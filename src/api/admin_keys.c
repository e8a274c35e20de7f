/* Keys. */
#include "api/caller.h"
#include "api/handlers.h"

void kd_admin_keys_list(kd_request *request)
{
    kd_jw w;
    if (!kd_caller_require(request, KD_OPERATE))
        return;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "keys");
    kd_keys_write_json(&w, request->parts->keys);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

void kd_admin_keys_create(kd_request *request)
{
    const kd_json *json;
    kd_str         type;
    char           text[KD_KEY_TEXT], id[KD_KEY_ID], secret[65];
    bool           server;
    kd_err         err = { 0 };
    kd_status      status;
    kd_jw          w;
    if (!kd_caller_require(request, KD_OPERATE) || (json = kd_request_json(request, false)) == NULL)
        return;
    type = kd_json_text(kd_json_get(json, "type"));
    server = kd_str_is(type, "server");
    if (!server && !kd_str_is(type, "write")) {
        kd_reply_error(request, 400, "invalid", "type must be \"write\" or \"server\"", "type");
        return;
    }
    status = kd_keys_create(text, id, request->parts->keys, request->parts->store, server ? KD_ROLE_SERVER : KD_ROLE_WRITE, kd_json_text(kd_json_get(json, "name")),
                            kd_json_text(kd_json_get(json, "source")), &err);
    if (status == KD_OK && !kd_audit(request, "key.create", kd_str_z(id), server ? KD_STR("{\"type\":\"server\"}") : KD_STR("{\"type\":\"write\"}")))
        return;
    if (status == KD_OK) {
        request->status = 201;
        kd_jw_init(&w, &request->out);
        kd_jw_object(&w);
        KD_JW_Z(&w, "id", id);
        KD_JW_Z(&w, "type", server ? "server" : "write");
        KD_JW_Z(&w, "key", text);
        if (server) {
            kd_user_token_secret(secret, request->parts->keys);
            KD_JW_Z(&w, "userTokenSecret", secret);
        }
        kd_jw_object_end(&w);
    }
    kd_reply_json(request, status, &err);
}

void kd_admin_keys_revoke(kd_request *request)
{
    kd_err    err = { 0 };
    kd_status status;
    if (!kd_caller_require(request, KD_OPERATE))
        return;
    if (!kd_audit(request, "key.revoke", kd_request_segment(request, 3).len < KD_KEY_ID ? kd_request_segment(request, 3) : (kd_str){ 0 }, (kd_str){ 0 }))
        return;
    status = kd_keys_revoke(request->parts->keys, request->parts->store, kd_request_segment(request, 3), &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}
