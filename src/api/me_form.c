/* /me itself: the way in, and what its forms send. Every change needs the session's secret, is stored before it is answered, and leads
 * back to the page by a redirect, so that reloading repeats nothing. */
#include "api/handlers.h"
#include "api/html.h"
#include "api/me.h"

typedef struct form { kd_request *request; kd_me me; kd_me_known known; kd_field *fields; size_t count; kd_me_said said; bool german; } form;

static void no_entry(kd_request *request, bool expired)
{
    const bool german = kd_me_german(request, NULL);
    kd_me_simple_page(request, expired ? 410 : 401, german, german ? "Bitte kommen Sie mit einem neuen Link" : "Please come with a new link",
                      german ? "Diese Seite zeigt, was über Sie bekannt ist, und öffnet sich darum nur mit einem Link, der für Sie gemacht wurde. Er gilt eine begrenzte Zeit; "
                               "im Konto des Ladens oder auf Anfrage bekommen Sie einen neuen."
                             : "This page shows what is known about you, so it opens only by a link that was made for you. A link is valid for a limited time; the "
                               "shop's account page or its staff will give you a new one.");
}

static void go_to(kd_request *request, const char *where)
{
    request->status = 303;
    request->no_store = true;
    kd_request_reply_header(request, "Location", kd_str_z(where));
    kd_request_reply_header(request, "Referrer-Policy", KD_STR("no-referrer"));
}

static const char *notice_of(kd_str saved, bool german)
{
    if (kd_str_is(saved, "1"))
        return german ? "Gespeichert. Es gilt ab sofort." : "Saved. It counts from now on.";
    if (kd_str_is(saved, "erase"))
        return german ? "Ihr Wunsch, vergessen zu werden, ist aufgenommen." : "Your wish to be forgotten is taken down.";
    return NULL;
}

void kd_me_page(kd_request *request)
{
    const kd_str token = kd_request_query(request, "t");
    kd_me        me;
    kd_me_known  known;
    kd_id        person;
    uint8_t      detail;
    bool         expired;
    kd_err       err = { 0 };
    if (token.len) { /* no token stays in an address: the next request comes with the cookie */
        if (!kd_me_token_read(&person, &detail, &expired, request->parts->vault, KD_ME_LINK, token, request->now_ms)) {
            no_entry(request, expired);
            return;
        }
        kd_me_set_cookie(request, person);
        go_to(request, "/me");
        return;
    }
    if (!kd_me_by_cookie(&me, request)) {
        no_entry(request, false);
        return;
    }
    const kd_status status = kd_me_know(&known, request, &me, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    if (known.known)
        kd_me_write_page(request, &me, &known, notice_of(kd_request_query(request, "saved"), kd_me_german(request, &known.stated)), false);
    else
        no_entry(request, true); /* erased since the link was made */
    kd_me_unknow(&known);
}

/* POST /me with user_id and user_token: the shop's own page sends its logged-in customer over, by a form. */
void kd_me_enter_by_token(kd_request *request)
{
    kd_field *fields;
    size_t    count;
    kd_key    key;
    kd_id     person = { 0 };
    kd_err    err = { 0 };
    kd_status status = kd_form_read(&fields, &count, request->body, request->arena, &err);
    kd_str    user = status == KD_OK ? kd_form_get(fields, count, "user_id") : (kd_str){ 0 };
    request->no_store = true;
    if (status == KD_OK)
        status = kd_user_token_check(request->parts->keys, user, kd_form_get(fields, count, "user_token"), request->now_ms, &err);
    if (status == KD_UNAUTHORIZED)
        atomic_fetch_add(&request->parts->counts.tokens_refused, 1);
    if (status == KD_OK)
        status = kd_key_make(&key, request->parts->vault, KD_KEY_USER, user, &err);
    if (status == KD_OK)
        status = kd_identity_find(&person, request->parts->identity, request->reader, &key, 1, &err);
    if (status != KD_OK || kd_id_is_nil(person)) {
        no_entry(request, false);
        return;
    }
    kd_me_set_cookie(request, person);
    go_to(request, "/me");
}

/* ---- what the forms say ------------------------------------------------------------------------------------------------------ */
static kd_status add_text(form *f, kd_str name, kd_str json, kd_err *err)
{
    const kd_json *value;
    kd_status      status = kd_json_parse(&value, f->request->arena, json.ptr, json.len, err);
    return status == KD_OK ? kd_me_add(&f->said, &f->known, name, value, f->request->arena, err) : kd_fail_field(err, KD_INVALID, "/", "a value does not read");
}

static kd_str quoted(form *f, kd_str text)
{
    kd_buf out;
    kd_jw  w;
    kd_buf_init(&out, f->request->arena);
    kd_jw_init(&w, &out);
    if (text.len)
        kd_jw_str(&w, text);
    else
        kd_jw_null(&w);
    return kd_buf_str(&out);
}

/* The ticked values of one array. */
static kd_status add_ticks(form *f, kd_str name, kd_err *err)
{
    kd_buf out;
    kd_jw  w;
    size_t ticked = 0;
    kd_buf_init(&out, f->request->arena);
    kd_jw_init(&w, &out);
    kd_jw_array(&w);
    for (size_t i = 0; i < f->count; i++)
        if (kd_str_eq(f->fields[i].name, name)) {
            kd_jw_str(&w, f->fields[i].value);
            ticked++;
        }
    kd_jw_array_end(&w);
    return add_text(f, name, ticked ? kd_buf_str(&out) : KD_STR("null"), err);
}

static bool has_field(const form *f, kd_str name)
{
    for (size_t i = 0; i < f->count; i++)
        if (kd_str_eq(f->fields[i].name, name))
            return true;
    return false;
}

static kd_status say_preferences(form *f, kd_err *err)
{
    static const char *const texts[] = { "theme", "layout", "language", "startPage", "frequency" }, *const values[] = { "surprise", "channel.email", "channel.post", "channel.push" };
    kd_status status = KD_OK;
    for (size_t i = 0; i < f->count && status == KD_OK; i++) {
        if (kd_str_is(f->fields[i].name, "names"))
            status = add_ticks(f, f->fields[i].value, err);
        else if (kd_str_is(f->fields[i].name, "switches"))
            status = add_text(f, f->fields[i].value, has_field(f, f->fields[i].value) ? KD_STR("true") : KD_STR("null"), err);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == KD_OK; i++)
        if (has_field(f, kd_str_z(texts[i])))
            status = add_text(f, kd_str_z(texts[i]), quoted(f, kd_str_trim(kd_form_get(f->fields, f->count, texts[i]))), err);
    for (size_t i = 0; i < sizeof values / sizeof *values && status == KD_OK; i++)
        if (has_field(f, kd_str_z(values[i]))) {
            const kd_str value = kd_form_get(f->fields, f->count, values[i]);
            status = add_text(f, kd_str_z(values[i]), value.len ? value : KD_STR("null"), err);
        }
    return status;
}

static kd_str truth(const form *f, const char *name)
{
    return kd_str_is(kd_form_get(f->fields, f->count, name), "false") ? KD_STR("false") : KD_STR("true");
}

static kd_status say_about(form *f, kd_stated_kind kind, const char *field, kd_err *err)
{
    const kd_str about = kd_form_get(f->fields, f->count, field), order = kd_form_get(f->fields, f->count, "order");
    kd_buf       name;
    kd_buf_init(&name, f->request->arena);
    if (about.len == 0 || (kind == KD_STATED_GIFT && order.len == 0))
        return kd_fail_field(err, KD_INVALID, field, "must not be empty");
    kd_stated_name_make(&name, kind, order, about);
    const kd_str off = kind == KD_STATED_GIFT ? KD_STR("false") : KD_STR("null");
    return add_text(f, kd_buf_str(&name), kd_str_is(truth(f, "value"), "true") ? KD_STR("true") : off, err);
}

static kd_status say_consent(form *f, kd_err *err)
{
    kd_purpose purpose;
    if (!kd_purpose_parse(&purpose, kd_form_get(f->fields, f->count, "purpose")))
        return kd_fail_field(err, KD_INVALID, "purpose", "there is no such purpose");
    if (kd_me_basis(f->request, purpose) != KD_BASIS_CONSENT && kd_me_basis(f->request, purpose) != KD_BASIS_INTEREST)
        return kd_fail_field(err, KD_INVALID, "purpose", "this purpose does not rest on what you say");
    f->said.kind = KD_KIND_CONSENT;
    f->said.consent = (kd_consent){ .source = KD_STR("me") };
    if (kd_str_is(truth(f, "granted"), "true"))
        f->said.consent.granted = KD_PURPOSE_BIT(purpose);
    else
        f->said.consent.refused = KD_PURPOSE_BIT(purpose);
    return KD_OK;
}

static kd_status say_correction(form *f, kd_err *err)
{
    const kd_str name = kd_form_get(f->fields, f->count, "trait"), value = kd_form_get(f->fields, f->count, "value");
    const bool   remove = kd_form_get(f->fields, f->count, "remove").len > 0;
    return kd_me_correct(&f->said, &f->known, name, remove ? KD_STR("null") : quoted(f, kd_str_trim(value)), f->request->arena, err);
}

static kd_status read_form(form *f, kd_str what, kd_err *err)
{
    if (kd_str_is(what, "preferences"))
        return say_preferences(f, err);
    if (kd_str_is(what, "gift"))
        return say_about(f, KD_STATED_GIFT, "product", err);
    if (kd_str_is(what, "not-for-me"))
        return has_field(f, KD_STR("category")) ? say_about(f, KD_STATED_NOT_CATEGORY, "category", err) : say_about(f, KD_STATED_NOT_PRODUCT, "product", err);
    if (kd_str_is(what, "pause"))
        return add_text(f, KD_STR("paused"), truth(f, "paused"), err);
    if (kd_str_is(what, "consents"))
        return say_consent(f, err);
    if (kd_str_is(what, "correct"))
        return say_correction(f, err);
    return kd_fail(err, KD_NOT_FOUND, "there is no such form");
}

static bool enter_form(form *f, kd_request *request, kd_err *err)
{
    kd_status status;
    *f = (form){ .request = request };
    request->no_store = true;
    if (!kd_me_by_cookie(&f->me, request)) {
        no_entry(request, false);
        return false;
    }
    status = kd_form_read(&f->fields, &f->count, request->body, request->arena, err);
    if (status == KD_OK && !kd_str_is(kd_form_get(f->fields, f->count, "csrf"), f->me.csrf))
        status = kd_fail_field(err, KD_DENIED, "csrf", "the form is not of this session; open the page again");
    if (status == KD_OK)
        return kd_me_may_change(request, &f->me);
    kd_reply_problem(request, status, err);
    return false;
}

void kd_me_form(kd_request *request)
{
    const kd_str what = kd_request_segment(request, 1);
    form         f;
    kd_err       err = { 0 };
    kd_status    status;
    if (!enter_form(&f, request, &err))
        return;
    if (kd_str_is(what, "leave")) {
        kd_me_set_cookie(request, (kd_id){ 0 });
        go_to(request, "/me");
        return;
    }
    if (kd_str_is(what, "export") || kd_str_is(what, "erase")) {
        kd_str_is(what, "export") ? kd_me_export(request, &f.me) : kd_me_erase(request, &f.me, kd_form_get(f.fields, f.count, "confirm"), true);
        return;
    }
    status = kd_me_know(&f.known, request, &f.me, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    f.german = kd_me_german(request, &f.known.stated);
    status = f.known.known ? read_form(&f, what, &err) : kd_fail(&err, KD_NOT_FOUND, "nothing is known of you any more");
    if (status == KD_OK) {
        go_to(request, "/me?saved=1");
        kd_me_say(request, &f.me, &f.known, &f.said, "me");
    } else if (status == KD_INVALID || status == KD_LIMIT) { /* the page again, and what is wrong */
        kd_buf text;
        kd_buf_init(&text, request->arena);
        kd_buf_addf(&text, "%s%s: %s", f.german ? "Nicht gespeichert: " : "Not saved: ", err.field[0] == '/' ? err.field + 1 : err.field, err.msg);
        kd_buf_add_byte(&text, 0);
        request->status = 400;
        kd_me_write_page(request, &f.me, &f.known, text.failed ? err.msg : text.ptr, true);
    } else {
        kd_reply_problem(request, status, &err);
    }
    kd_me_unknow(&f.known);
}
