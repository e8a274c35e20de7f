/* The people who work with Kunde: the way in, oneself, all users; the audit log. */
#include <stdio.h>

#include "api/caller.h"
#include "api/handlers.h"
#include "api/totp.h"
#include "api/users.h"
#include "insight/entry.h"
#include "trust/audit.h"

enum { AUDIT_LIMIT = 50, AUDIT_LIMIT_MAX = 500 };

static void reply_success(kd_request *request, kd_status status, const kd_err *err)
{
    if (status == KD_OK)
        kd_buf_add_z(&request->out, "{\"success\":true}");
    kd_reply_json(request, status, err);
}

/* ---- the way in ----------------------------------------------------------------------------------------------------------- */
/* Secure only behind TLS (a proxy says so): without it the browser would drop the cookie on a plain loopback server. */
static void set_cookie(kd_request *request, const char *session, int max_age_s)
{
    kd_buf cookie;
    kd_buf_init(&cookie, request->arena);
    kd_buf_addf(&cookie, KD_SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", session, max_age_s,
                kd_str_is_nocase(kd_request_header(request, "X-Forwarded-Proto"), "https") ? "; Secure" : "");
    kd_request_reply_header(request, "Set-Cookie", kd_buf_str(&cookie));
}

/* Before a session there is nothing that another page's request could misuse, but it could use up the tries. A page of
 * another origin cannot send Kunde-CSRF, and cannot leave Origin away; a program sends neither. */
static bool is_own_page(kd_request *request)
{
    kd_str origin = kd_request_header(request, "Origin"), host = kd_request_header(request, "Host"), site = kd_request_header(request, "Sec-Fetch-Site");
    const char *slashes = origin.len ? memmem(origin.ptr, origin.len, "://", 3) : NULL;
    bool        same = slashes && kd_str_eq((kd_str){ slashes + 3, origin.len - (size_t)(slashes + 3 - origin.ptr) }, host);
    if (kd_request_header(request, "Kunde-CSRF").len || (origin.len ? same : site.len == 0 || kd_str_is(site, "same-origin")))
        return true;
    kd_reply_error(request, 403, "denied", "another page may not log in here: the header Kunde-CSRF is missing", "Kunde-CSRF");
    return false;
}

/* One of the audit log about a way in; false: it could not be written, and nobody is let in. */
static bool tell_login(kd_request *request, const char *verb, kd_id who, bool failed, const char *how)
{
    char        id[KD_ID_TEXT] = "", detail[64];
    kd_actor    actor = { .kind = failed ? "nobody" : "user", .request = kd_str_z(request->request_id) };
    kd_err      err = { 0 };
    kd_status   status;
    if (!kd_id_is_nil(who))
        kd_id_format(id, who);
    if (!failed)
        actor.id = kd_str_z(id);
    snprintf(detail, sizeof detail, "{\"by\":\"%s\"}", how);
    status = kd_audit_write(request->parts->audit, &actor, verb, kd_str_z(id), kd_str_z(detail), &err);
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    return status == KD_OK;
}

static void let_in(kd_request *request, const char *session)
{
    set_cookie(request, session, KD_SESSION_S);
    reply_success(request, KD_OK, NULL);
}

static void log_in(kd_request *request)
{
    kd_users      *users = request->parts->users;
    const kd_json *json = kd_request_json(request, false);
    char           session[KD_SESSION];
    kd_id          who = { 0 };
    kd_err         err = { 0 };
    kd_status      status;
    kd_login       login;
    if (json == NULL)
        return;
    login = (kd_login){ kd_str_trim(kd_json_text(kd_json_get(json, "user"))), kd_json_text(kd_json_get(json, "password")), kd_json_text(kd_json_get(json, "code")),
                        kd_request_address(request) };
    status = kd_users_login(session, &who, users, &login, &err);
    if (status == KD_BUSY)
        request->retry_after_s = 60;
    if (status == KD_OK) {
        if (tell_login(request, "login", who, false, login.code.len ? "password and code" : "password"))
            let_in(request, session);
        else
            kd_users_session_end(users, kd_str_z(session));
        return;
    }
    /* The right password without its code is half a login, not a failed one. */
    if (status == KD_UNAUTHORIZED && !(strcmp(err.field, "/code") == 0 && login.code.len == 0) &&
        !tell_login(request, "login.failed", who, true, strcmp(err.field, "/code") == 0 ? "code" : "password"))
        return;
    kd_reply_problem(request, status, &err);
}

void kd_admin_login(kd_request *request)
{
    request->no_store = true;
    if (is_own_page(request))
        kd_api_aside(request, log_in); /* hashing a password takes longer than a shop's request may wait */
}

static void accept_invitation(kd_request *request)
{
    const kd_json *json = kd_request_json(request, false);
    char           session[KD_SESSION];
    kd_id          who = { 0 };
    kd_err         err = { 0 };
    kd_status      status;
    if (json == NULL)
        return;
    status = kd_users_accept(session, &who, request->parts->users, kd_json_text(kd_json_get(json, "token")), kd_json_text(kd_json_get(json, "password")), &err);
    if (status != KD_OK)
        kd_reply_problem(request, status, &err);
    else if (tell_login(request, "login", who, false, "invitation"))
        let_in(request, session);
    else
        kd_users_session_end(request->parts->users, kd_str_z(session));
}

void kd_admin_invitation(kd_request *request)
{
    request->no_store = true;
    if (is_own_page(request))
        kd_api_aside(request, accept_invitation);
}

void kd_admin_logout(kd_request *request)
{
    kd_session session;
    kd_str     text = kd_request_cookie(request, KD_SESSION_COOKIE);
    request->no_store = true;
    if (kd_request_header(request, "Kunde-CSRF").len == 0) { /* a form of another port is the same site: its cookie comes along */
        kd_reply_error(request, 403, "denied", "the header Kunde-CSRF is missing, which only this server's own pages can send", "Kunde-CSRF");
        return;
    }
    if (kd_users_session(&session, request->parts->users, text)) {
        kd_users_session_end(request->parts->users, text);
        if (!tell_login(request, "logout", session.user, false, "user"))
            return;
    }
    set_cookie(request, "", 0);
    request->status = 204;
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
    char      session[KD_SESSION];
    kd_id     who = { 0 };
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
    status = kd_users_login_by_link(session, &who, request->parts->users, kd_request_query(request, "token"), &err);
    if (status != KD_OK && is_page_wanted(request)) {
        request->status = 303;
        kd_request_reply_header(request, "Location", KD_STR("/login?link=spent"));
        return;
    }
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    if (!tell_login(request, "login", who, false, "link")) {
        kd_users_session_end(request->parts->users, kd_str_z(session));
        return;
    }
    set_cookie(request, session, KD_SESSION_S);
    request->status = 303;
    kd_request_reply_header(request, "Location", KD_STR("/"));
}

/* ---- oneself ------------------------------------------------------------------------------------------------------------------ */
/* Somebody logged in, whatever their role and also without the second factor that their role asks for. */
static bool is_user(kd_request *request, kd_session *session)
{
    kd_err err = { 0 };
    if (!kd_caller_is_somebody(request))
        return false;
    if (request->caller->role == KD_ROLE_ADMIN && kd_users_session(session, request->parts->users, kd_request_cookie(request, KD_SESSION_COOKIE)))
        return true;
    kd_reply_problem(request, kd_fail(&err, KD_DENIED, "this is about a user; a server key is none"), &err);
    return false;
}

/* Of oneself; by a server key of the first owner, whose second factor it does not touch. */
static void set_password(kd_request *request)
{
    kd_users      *users = request->parts->users;
    kd_session     session = { .user = kd_users_first(), .by_link = true };
    const kd_json *json = kd_request_json(request, false);
    char           id[KD_ID_TEXT];
    kd_err         err = { 0 };
    kd_status      status;
    if (json == NULL)
        return;
    if (request->caller->role == KD_ROLE_ADMIN && !kd_users_session(&session, users, kd_request_cookie(request, KD_SESSION_COOKIE))) {
        kd_reply_problem(request, kd_fail(&err, KD_UNAUTHORIZED, "the session has ended"), &err);
        return;
    }
    kd_id_format(id, session.user);
    status = kd_users_set_password(users, session.user, kd_json_text(kd_json_get(json, "password")), kd_json_text(kd_json_get(json, "current")), !session.by_link, &err);
    if (status == KD_BUSY)
        request->retry_after_s = 60;
    if (status == KD_OK && !kd_audit(request, "user.password", kd_str_z(id), (kd_str){ 0 }))
        return;
    reply_success(request, status, &err);
}

void kd_admin_password(kd_request *request)
{
    if (kd_caller_is_somebody(request))
        kd_api_aside(request, set_password);
}

void kd_admin_totp(kd_request *request)
{
    const kd_json *json;
    kd_session     session;
    char           codes[KD_RECOVERY_CODES][KD_RECOVERY_CODE], text[KD_TOTP_SECRET_TEXT], id[KD_ID_TEXT];
    uint8_t        secret[KD_TOTP_SECRET];
    kd_str         code;
    kd_buf         uri;
    kd_err         err = { 0 };
    kd_status      status;
    kd_jw          w;
    if (!is_user(request, &session) || (json = kd_request_json(request, false)) == NULL)
        return;
    code = kd_json_text(kd_json_get(json, "code"));
    kd_id_format(id, session.user);
    kd_jw_init(&w, &request->out);
    if (code.len == 0) {
        status = kd_users_totp_begin(secret, request->parts->users, session.user, &err);
        if (status == KD_OK) {
            kd_base32(text, secret, sizeof secret);
            kd_buf_init(&uri, request->arena);
            kd_totp_uri(&uri, secret, KD_STR("Kunde"), kd_request_header(request, "Host"));
            kd_jw_object(&w);
            KD_JW_Z(&w, "secret", text);
            KD_JW_STR(&w, "uri", kd_buf_str(&uri));
            kd_jw_object_end(&w);
        }
        kd_reply_json(request, status, &err);
        return;
    }
    status = kd_users_totp_confirm(codes, request->parts->users, session.user, code, &err);
    if (status == KD_OK && !kd_audit(request, "user.two-factor", kd_str_z(id), KD_STR("{\"state\":\"on\"}")))
        return;
    if (status == KD_OK) {
        kd_jw_object(&w);
        kd_jw_key(&w, "recoveryCodes");
        kd_jw_array(&w);
        for (size_t i = 0; i < KD_RECOVERY_CODES; i++)
            kd_jw_z(&w, codes[i]);
        kd_jw_array_end(&w);
        kd_jw_object_end(&w);
    }
    kd_reply_json(request, status, &err);
}

void kd_admin_totp_end(kd_request *request)
{
    const kd_json *json;
    kd_session     session;
    char           id[KD_ID_TEXT];
    kd_err         err = { 0 };
    kd_status      status;
    if (!is_user(request, &session) || (json = kd_request_json(request, false)) == NULL)
        return;
    kd_id_format(id, session.user);
    status = kd_users_totp_end(request->parts->users, session.user, kd_json_text(kd_json_get(json, "code")), true, &err);
    if (status == KD_OK && !kd_audit(request, "user.two-factor", kd_str_z(id), KD_STR("{\"state\":\"off\"}")))
        return;
    reply_success(request, status, &err);
}

/* ---- all users ------------------------------------------------------------------------------------------------------------------ */
void kd_admin_users(kd_request *request)
{
    kd_jw w;
    if (!kd_caller_require(request, KD_MANAGE_USERS))
        return;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "users");
    kd_users_write(&w, request->parts->users);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

static kd_status read_change(kd_user_change *out, bool *disabled, const kd_json *json, kd_err *err)
{
    const kd_json *role = kd_json_get(json, "role"), *off = kd_json_get(json, "disabled");
    *out = (kd_user_change){ .name = kd_str_trim(kd_json_text(kd_json_get(json, "name"))), .email = kd_str_trim(kd_json_text(kd_json_get(json, "email"))),
                             .language = kd_json_text(kd_json_get(json, "language")), .role = role ? kd_role_parse(kd_json_text(role)) : KD_USER_NOBODY };
    if (role && out->role == KD_USER_NOBODY)
        return kd_fail_field(err, KD_INVALID, "/role", "must be owner, marketer, merchandiser, analyst, privacy-officer or support");
    if (off && !kd_json_is(off, KD_JSON_TRUE) && !kd_json_is(off, KD_JSON_FALSE))
        return kd_fail_field(err, KD_INVALID, "/disabled", "must be true or false");
    *disabled = kd_json_bool(off, false);
    out->disabled = off ? disabled : NULL;
    return KD_OK;
}

static bool user_of(kd_id *id, kd_request *request)
{
    if (kd_id_parse(id, kd_request_segment(request, 3)))
        return true;
    kd_reply_error(request, 404, "not_found", "there is no user of this id", "id");
    return false;
}

/* The token stands behind '#': a browser does not send that part, so it is in no log. */
static void reply_invitation(kd_request *request, kd_id id, const char *token)
{
    kd_buf path;
    kd_jw  w;
    kd_buf_init(&path, request->arena);
    kd_buf_addf(&path, "/login#invitation=%s", token);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_write_id(&w, "id", id);
    KD_JW_Z(&w, "token", token);
    KD_JW_STR(&w, "invitation", kd_buf_str(&path));
    KD_JW_I64(&w, "days", 7);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

static kd_str detail_of(kd_request *request, const kd_user_change *c, const char *two_factor)
{
    kd_buf text;
    kd_jw  w;
    kd_buf_init(&text, request->arena);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    if (c->role != KD_USER_NOBODY)
        KD_JW_Z(&w, "role", kd_role_name(c->role));
    if (c->disabled)
        KD_JW_BOOL(&w, "disabled", *c->disabled);
    if (c->name.len || c->email.len) /* that, not what */
        KD_JW_BOOL(&w, "nameOrEmail", true);
    if (two_factor)
        KD_JW_Z(&w, "twoFactor", two_factor);
    kd_jw_object_end(&w);
    return kd_buf_str(&text);
}

void kd_admin_user_create(kd_request *request)
{
    const kd_json *json;
    kd_user_change change;
    char           token[KD_SESSION], text[KD_ID_TEXT];
    bool           disabled;
    kd_id          id;
    kd_err         err = { 0 };
    kd_status      status;
    if (!kd_caller_require(request, KD_MANAGE_USERS) || (json = kd_request_json(request, false)) == NULL)
        return;
    status = read_change(&change, &disabled, json, &err);
    if (status == KD_OK)
        status = kd_users_create(token, &id, request->parts->users, &change, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    kd_id_format(text, id);
    if (!kd_audit(request, "user.create", kd_str_z(text), detail_of(request, &change, NULL)))
        return;
    request->status = 201;
    reply_invitation(request, id, token);
}

/* What is told before it is done: an entry that says more than was done is better than the other way round. */
void kd_admin_user_change(kd_request *request)
{
    const kd_json *json, *two_factor;
    kd_user_change change;
    char           text[KD_ID_TEXT];
    bool           disabled, reset;
    kd_id          id;
    kd_err         err = { 0 };
    kd_status      status;
    kd_jw          w;
    if (!kd_caller_require(request, KD_MANAGE_USERS) || !user_of(&id, request) || (json = kd_request_json(request, false)) == NULL)
        return;
    two_factor = kd_json_get(json, "twoFactor");
    reset = kd_json_is(two_factor, KD_JSON_FALSE);
    kd_id_format(text, id);
    status = read_change(&change, &disabled, json, &err);
    if (status == KD_OK && kd_json_is(two_factor, KD_JSON_NULL))
        two_factor = NULL;
    if (status == KD_OK && two_factor && !reset && !kd_json_is(two_factor, KD_JSON_TRUE))
        status = kd_fail_field(&err, KD_INVALID, "/twoFactor", "must be false, which takes a lost second factor away");
    if (status == KD_OK && !kd_audit(request, "user.change", kd_str_z(text), detail_of(request, &change, reset ? "reset" : NULL)))
        return;
    if (status == KD_OK)
        status = kd_users_change(request->parts->users, id, &change, &err);
    if (status == KD_OK && reset)
        status = kd_users_totp_end(request->parts->users, id, (kd_str){ 0 }, false, &err);
    kd_jw_init(&w, &request->out);
    if (status == KD_OK && !kd_users_write_one(&w, request->parts->users, id))
        status = kd_fail(&err, KD_NOT_FOUND, "there is no user of this id");
    kd_reply_json(request, status, &err);
}

void kd_admin_user_delete(kd_request *request)
{
    char   text[KD_ID_TEXT];
    kd_id  id;
    kd_err err = { 0 };
    if (!kd_caller_require(request, KD_MANAGE_USERS) || !user_of(&id, request))
        return;
    kd_id_format(text, id);
    if (kd_audit(request, "user.delete", kd_str_z(text), (kd_str){ 0 }))
        reply_success(request, kd_users_delete(request->parts->users, id, &err), &err);
}

void kd_admin_user_invite(kd_request *request)
{
    char      token[KD_SESSION], text[KD_ID_TEXT];
    kd_id     id;
    kd_err    err = { 0 };
    kd_status status;
    if (!kd_caller_require(request, KD_MANAGE_USERS) || !user_of(&id, request))
        return;
    kd_id_format(text, id);
    if (!kd_audit(request, "user.invite", kd_str_z(text), (kd_str){ 0 }))
        return;
    status = kd_users_invite(token, request->parts->users, id, &err);
    if (status == KD_OK)
        reply_invitation(request, id, token);
    else
        kd_reply_problem(request, status, &err);
}

/* ---- what is asked of everybody -------------------------------------------------------------------------------------------------- */
static void write_security(kd_request *request)
{
    const uint32_t roles = kd_users_two_factor_roles(request->parts->users);
    kd_jw          w;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "twoFactorRoles");
    kd_jw_array(&w);
    for (int r = KD_USER_OWNER; r < KD_USER_ROLES; r++)
        if (roles & 1u << r)
            kd_jw_z(&w, kd_role_name((kd_user_role)r));
    kd_jw_array_end(&w);
    kd_jw_key(&w, "roles"); /* what each may, for the page that gives them */
    kd_jw_array(&w);
    for (int r = KD_USER_OWNER; r < KD_USER_ROLES; r++) {
        kd_jw_object(&w);
        KD_JW_Z(&w, "role", kd_role_name((kd_user_role)r));
        kd_jw_key(&w, "permissions");
        kd_jw_array(&w);
        for (int p = 0; p < KD_PERMISSIONS; p++)
            if (kd_role_may((kd_user_role)r, (kd_permission)p))
                kd_jw_z(&w, kd_permission_name((kd_permission)p));
        kd_jw_array_end(&w);
        kd_jw_object_end(&w);
    }
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

void kd_admin_security(kd_request *request)
{
    if (kd_caller_require(request, KD_SEE))
        write_security(request);
}

void kd_admin_security_put(kd_request *request)
{
    const kd_json *json, *list;
    uint32_t       roles = 0;
    kd_err         err = { 0 };
    kd_status      status = KD_OK;
    if (!kd_caller_require(request, KD_MANAGE_USERS) || (json = kd_request_json(request, false)) == NULL)
        return;
    list = kd_json_get(json, "twoFactorRoles");
    if (!kd_json_is(list, KD_JSON_ARRAY))
        status = kd_fail_field(&err, KD_INVALID, "/twoFactorRoles", "must be an array of roles");
    for (const kd_json *r = status == KD_OK ? list->child : NULL; r && status == KD_OK; r = r->next) {
        kd_user_role role = kd_role_parse(kd_json_text(r));
        roles |= 1u << role;
        if (role == KD_USER_NOBODY)
            status = kd_fail_field(&err, KD_INVALID, "/twoFactorRoles", "must be an array of roles: one of them is none");
    }
    if (status == KD_OK) {
        kd_buf detail;
        kd_buf_init(&detail, request->arena);
        kd_buf_addf(&detail, "{\"twoFactorRoles\":%.*s}", (int)(list->raw.len < 512 ? list->raw.len : 0), list->raw.ptr);
        if (!kd_audit(request, "security.change", (kd_str){ 0 }, list->raw.len < 512 ? kd_buf_str(&detail) : (kd_str){ 0 }))
            return;
        status = kd_users_set_two_factor_roles(request->parts->users, roles, &err);
    }
    if (status == KD_OK)
        write_security(request);
    else
        kd_reply_problem(request, status, &err);
}

/* ---- the audit log --------------------------------------------------------------------------------------------------------------- */
static void write_audit_state(kd_jw *w, kd_audit_log *log)
{
    kd_audit_verdict v;
    kd_audit_state(&v, log);
    kd_jw_key(w, "state");
    kd_jw_object(w);
    KD_JW_I64(w, "entries", (int64_t)v.entries);
    KD_JW_I64(w, "anchored", (int64_t)v.anchored);
    kd_write_time(w, "newestAt", v.newest_ms ? v.newest_ms : KD_TIME_MIN);
    kd_write_time(w, "anchoredAt", v.anchored_ms ? v.anchored_ms : KD_TIME_MIN);
    KD_JW_Z(w, "problem", v.why[0] ? v.why : NULL);
    kd_jw_object_end(w);
}

void kd_admin_audit(kd_request *request)
{
    kd_str    limit_text, cursor;
    int64_t   limit = AUDIT_LIMIT, before = 0;
    uint64_t  next = 0;
    char      text[24];
    kd_err    err = { 0 };
    kd_status status;
    kd_jw     w;
    if (!kd_caller_require(request, KD_SEE_AUDIT))
        return;
    limit_text = kd_request_query(request, "limit");
    cursor = kd_request_query(request, "cursor");
    if (limit_text.len && (!kd_str_i64(&limit, limit_text) || limit < 1 || limit > AUDIT_LIMIT_MAX)) {
        kd_reply_error(request, 400, "invalid", "limit must be a whole number from 1 to 500", "limit");
        return;
    }
    if (cursor.len && (!kd_str_i64(&before, cursor) || before < 1)) {
        kd_reply_error(request, 400, "invalid", "not a cursor of this list", "cursor");
        return;
    }
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "entries");
    kd_jw_array(&w);
    status = kd_audit_list(&w, &next, request->reader, (uint64_t)before, (size_t)limit, kd_request_query(request, "user"), kd_request_query(request, "verb"), request->arena, &err);
    kd_jw_array_end(&w);
    snprintf(text, sizeof text, "%lld", (long long)next);
    KD_JW_Z(&w, "cursor", next ? text : NULL);
    write_audit_state(&w, request->parts->audit);
    kd_jw_object_end(&w);
    kd_reply_json(request, status, &err);
}
