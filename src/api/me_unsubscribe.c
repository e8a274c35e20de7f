/* One-click unsubscribe, RFC 8058: a mail program posts List-Unsubscribe=One-Click to the address in the message's header, without cookie
 * or login, and expects no redirect. A person who opens the same address gets a page with one button. The token says who and from what. */
#include "api/handlers.h"
#include "api/html.h"
#include "api/me.h"

#include <stdio.h>

void kd_unsubscribe_headers(kd_buf *list_unsubscribe, kd_buf *list_unsubscribe_post, const kd_vault *vault, kd_str base, kd_id person,
                            kd_purpose purpose, int64_t now_ms)
{
    char token[KD_ME_TOKEN];
    kd_me_token_make(token, vault, KD_ME_UNSUBSCRIBE, (uint8_t)purpose, person, now_ms + KD_ME_UNSUBSCRIBE_S * INT64_C(1000));
    kd_buf_addf(list_unsubscribe, "<%.*s/u/%s>", (int)base.len, base.len ? base.ptr : "", token);
    kd_buf_add_z(list_unsubscribe_post, "List-Unsubscribe=One-Click");
}

static bool read_token(kd_me *me, kd_purpose *purpose, kd_request *request, bool german)
{
    uint8_t detail = 0;
    bool    expired;
    *me = (kd_me){ 0 };
    if (kd_me_token_read(&me->person, &detail, &expired, request->parts->vault, KD_ME_UNSUBSCRIBE, kd_request_segment(request, 1), request->now_ms) &&
        detail < KD_PURPOSE_COUNT) {
        *purpose = (kd_purpose)detail;
        return true;
    }
    kd_me_simple_page(request, expired ? 410 : 404, german, german ? "Dieser Link gilt nicht" : "This link is not valid",
                      german ? "Er ist abgelaufen oder unvollständig. Bitte nutzen Sie den Link aus einer neueren Nachricht."
                             : "It has expired or is incomplete. Please use the link from a newer message.");
    return false;
}

void kd_me_unsubscribe_page(kd_request *request)
{
    const bool german = kd_me_german(request, NULL);
    kd_me      me;
    kd_purpose purpose;
    kd_buf    *out = &request->out;
    if (!read_token(&me, &purpose, request, german))
        return;
    kd_me_page_begin(request, german, german ? "Abbestellen" : "Unsubscribe", NULL);
    kd_html(out, "<main><section><h1>");
    kd_html(out, german ? "Abbestellen" : "Unsubscribe");
    kd_html(out, "</h1><p>");
    kd_html(out, german ? "Sie bekommen dann nicht mehr: " : "You will no longer get: ");
    kd_html(out, "<strong>");
    kd_html_text(out, kd_str_z(kd_purpose_title(purpose, german)));
    kd_html(out, "</strong>.</p><form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\"><button class=\"main\">");
    kd_html(out, german ? "Abbestellen" : "Unsubscribe");
    kd_html(out, "</button></form></section></main>");
    kd_me_page_end(request);
}

void kd_me_unsubscribe(kd_request *request)
{
    const bool  german = kd_me_german(request, NULL);
    kd_me       me;
    kd_me_known known;
    kd_me_said  said = { .kind = KD_KIND_CONSENT };
    kd_purpose  purpose;
    kd_field   *fields;
    size_t      count;
    kd_err      err = { 0 };
    kd_status   status;
    request->no_store = true;
    if (!read_token(&me, &purpose, request, german))
        return;
    status = kd_form_read(&fields, &count, request->body, request->arena, &err);
    if (status == KD_OK && !kd_str_is(kd_form_get(fields, count, "List-Unsubscribe"), "One-Click"))
        status = kd_fail_field(&err, KD_INVALID, "List-Unsubscribe", "must be One-Click (RFC 8058)");
    if (status == KD_OK)
        status = kd_me_know(&known, request, &me, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return;
    }
    kd_me_simple_page(request, 200, german, german ? "Abbestellt" : "You are unsubscribed",
                      german ? "Sie bekommen keine solchen Nachrichten mehr. Was schon unterwegs ist, kann Sie noch erreichen."
                             : "You will get no more of these messages. What is on its way already may still reach you.");
    said.consent = (kd_consent){ .refused = KD_PURPOSE_BIT(purpose), .source = KD_STR("unsubscribe"), .proof = KD_STR("List-Unsubscribe=One-Click") };
    if (!known.known)
        return; /* erased meanwhile: nothing is sent to them any more */
    kd_me_say(request, &me, &known, &said, "unsubscribe");
    kd_me_unknow(&known);
}
