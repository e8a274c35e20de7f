/* Keys, and the admin's login. */
#include "api/caller.h"
#include "api/handlers.h"

void kd_admin_keys_list(kd_request *request)
{
    kd_jw w;
    if (!kd_caller_is_admin(request))
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
    if (!kd_caller_is_admin(request) || (json = kd_request_json(request, false)) == NULL)
        return;
    type = kd_json_text(kd_json_get(json, "type"));
    server = kd_str_is(type, "server");
    if (!server && !kd_str_is(type, "write")) {
        kd_reply_error(request, 400, "invalid", "type must be \"write\" or \"server\"", "type");
        return;
    }
    status = kd_keys_create(text, id, request->parts->keys, request->parts->store, server ? KD_ROLE_SERVER : KD_ROLE_WRITE, kd_json_text(kd_json_get(json, "name")),
                            kd_json_text(kd_json_get(json, "source")), &err);
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
    if (!kd_caller_is_admin(request))
        return;
    status = kd_keys_revoke(request->parts->keys, request->parts->store, kd_request_segment(request, 3), &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

/* ---- login --------------------------------------------------------------------------------------------------------------- */
/* Secure only behind TLS (a proxy says so): without it the browser would drop the cookie on a plain loopback server. */
static void set_cookie(kd_request *request, const char *session, int max_age_s)
{
    kd_buf cookie;
    kd_buf_init(&cookie, request->arena);
    kd_buf_addf(&cookie, KD_SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", session, max_age_s,
                kd_str_is_nocase(kd_request_header(request, "X-Forwarded-Proto"), "https") ? "; Secure" : "");
    kd_request_reply_header(request, "Set-Cookie", kd_buf_str(&cookie));
}

void kd_admin_login(kd_request *request)
{
    const kd_json *json = kd_request_json(request, false);
    char           session[65];
    kd_err         err = { 0 };
    kd_status      status;
    request->no_store = true;
    if (json == NULL)
        return;
    status = kd_login_by_password(session, request->parts->keys, kd_json_text(kd_json_get(json, "password")), &err);
    if (status == KD_BUSY)
        request->retry_after_s = 60;
    if (status == KD_OK) {
        set_cookie(request, session, 12 * 3600);
        kd_buf_add_z(&request->out, "{\"success\":true}");
    }
    kd_reply_json(request, status, &err);
}

void kd_admin_logout(kd_request *request)
{
    request->no_store = true;
    if (kd_request_header(request, "Kunde-CSRF").len == 0) { /* a form of another port is the same site: its cookie comes along */
        kd_reply_error(request, 403, "denied", "the header Kunde-CSRF is missing, which only this server's own pages can send", "Kunde-CSRF");
        return;
    }
    kd_session_end(request->parts->keys, kd_request_cookie(request, KD_SESSION_COOKIE));
    set_cookie(request, "", 0);
    request->status = 204;
}

void kd_admin_password(kd_request *request)
{
    const kd_json *json;
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_caller_is_admin(request) || (json = kd_request_json(request, false)) == NULL)
        return;
    status = kd_password_set(request->parts->keys, request->parts->store, kd_json_text(kd_json_get(json, "password")), &err);
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, &err);
}

static bool is_page_wanted(const kd_request *request)
{
    kd_str accepted = kd_request_header(request, "Accept");
    return accepted.len > 0 && memmem(accepted.ptr, accepted.len, "text/html", 9) != NULL;
}

/* GET /login?token=...: the link that the server prints; without a token, the page to log in. HEAD must not use it up. A
 * person whose link is spent gets that page too, which says so; a program gets the problem. */
void kd_api_login_link(kd_request *request)
{
    char      session[65];
    kd_err    err = { 0 };
    kd_status status;
    if (kd_request_query(request, "token").len == 0) {
        kd_web_dashboard(request);
        return;
    }
    request->no_store = true;
    kd_request_reply_header(request, "Referrer-Policy", KD_STR("no-referrer"));
    if (request->method != KD_GET) {
        request->status = 204;
        return;
    }
    status = kd_login_by_token(session, request->parts->keys, kd_request_query(request, "token"), &err);
    if (status != KD_OK && is_page_wanted(request)) {
        request->status = 303;
        kd_request_reply_header(request, "Location", KD_STR("/login?link=spent"));
        return;
    }
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    set_cookie(request, session, 12 * 3600);
    request->status = 303;
    kd_request_reply_header(request, "Location", KD_STR("/"));
}
