#include "api/caller.h"

#include <sodium.h>

#include "api/users.h"
#include "base/log.h"

static kd_str basic_user(kd_arena *arena, kd_str encoded)
{
    size_t cap = encoded.len, len = 0;
    char  *text = kd_arena_alloc(arena, cap + 1), *colon;
    if (text == NULL || sodium_base642bin((unsigned char *)text, cap, encoded.ptr, encoded.len, " =", &len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
        return (kd_str){ 0 };
    colon = len ? memchr(text, ':', len) : NULL;
    return (kd_str){ text, colon ? (size_t)(colon - text) : len };
}

static bool has_scheme(kd_str *rest, kd_str header, const char *scheme)
{
    size_t len = strlen(scheme);
    if (header.len <= len || header.ptr[len] != ' ' || !kd_str_is_nocase((kd_str){ header.ptr, len }, scheme))
        return false;
    *rest = kd_str_trim((kd_str){ header.ptr + len, header.len - len });
    return true;
}

kd_str kd_request_key(const kd_request *request)
{
    kd_str header = kd_request_header(request, "Authorization"), rest;
    if (has_scheme(&rest, header, "Basic"))
        return basic_user(request->arena, rest);
    if (has_scheme(&rest, header, "Bearer"))
        return rest;
    return (kd_str){ 0 };
}

static kd_status refused(kd_request *request, kd_err *err)
{
    kd_api_counts *counts = &request->parts->counts;
    int64_t        now_s = request->now_ms / 1000;
    atomic_fetch_add(&counts->unauthorized, 1);
    if (atomic_exchange(&counts->unauthorized_s, now_s) != now_s)
        kd_log(KD_LOG_WARN, "api", "unauthorized", "request=%s total=%llu note=\"SDKs drop what they sent\"", request->request_id,
               (unsigned long long)atomic_load(&counts->unauthorized));
    return err->status;
}

static bool session_allows(kd_caller *out, const kd_request *request)
{
    bool       safe = request->method == KD_GET || request->method == KD_HEAD;
    kd_session session;
    char       id[KD_ID_TEXT];
    if (!kd_users_session(&session, request->parts->users, kd_request_cookie(request, KD_SESSION_COOKIE)) || (!safe && kd_request_header(request, "Kunde-CSRF").len == 0))
        return false;
    kd_id_format(id, session.user);
    out->role = KD_ROLE_ADMIN;
    out->user_role = session.role;
    out->needs_two_factor = session.needs_two_factor;
    out->user = kd_str_copy(request->arena, kd_str_z(id));
    return out->user.ptr != NULL;
}

kd_status kd_caller_of(kd_caller *out, kd_request *request, kd_str body_key, kd_err *err)
{
    kd_str key = kd_request_key(request);
    *out = (kd_caller){ 0 };
    if (key.len == 0)
        key = body_key;
    if (key.len == 0 && session_allows(out, request))
        return KD_OK;
    return kd_keys_check(&out->role, &out->source, request->parts->keys, key, err) == KD_OK ? KD_OK : refused(request, err);
}

bool kd_caller_is_admin(kd_request *request)
{
    return kd_caller_require(request, KD_OPERATE);
}

const kd_json *kd_request_json(kd_request *request, bool array)
{
    const kd_json *json = NULL;
    kd_err         err = { 0 };
    kd_status      status = kd_json_parse(&json, request->arena, request->body.ptr ? request->body.ptr : "", request->body.len, &err);
    if (status == KD_OK && json->type != KD_JSON_OBJECT && !(array && json->type == KD_JSON_ARRAY))
        status = kd_fail(&err, KD_INVALID, array ? "the body is neither a JSON array nor an object" : "the body is not a JSON object");
    if (status == KD_OK)
        return json;
    kd_reply_problem(request, status, &err);
    return NULL;
}
