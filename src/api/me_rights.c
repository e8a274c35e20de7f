/* Taking everything along, and being forgotten: what trust/ does for anybody, asked for by the person. */
#include "api/html.h"
#include "api/me.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "trust/erase.h"
#include "trust/export.h"

enum { EXPORTS_AT_ONCE = 2, EXPORT_BYTES_MAX = 256 * 1024 * 1024 };
#define CONFIRMED "forget me"

/* ---- to take along ------------------------------------------------------------------------------------------------------- */
/* Only this person's own anonymous id is proven to a visitor by write key: what the whole customer has is not theirs to take. */
static kd_status export_alone(kd_request *request, const kd_me *me, kd_err *err)
{
    kd_me_known known;
    kd_status   status = kd_me_know(&known, request, me, err);
    if (status != KD_OK)
        return status;
    status = kd_me_write_json(request, &known, err);
    kd_me_unknow(&known);
    kd_request_reply_header(request, "Content-Disposition", KD_STR("attachment; filename=\"my-data.json\""));
    return status;
}

/* The file is named by chance, readable by us alone, and has no name any more while it is sent. */
static kd_status export_all(kd_request *request, const kd_me *me, kd_err *err)
{
    kd_rng    rng;
    char      path[4200], id[KD_ID_TEXT];
    kd_status status;
    off_t     size;
    int       fd;
    kd_rng_seed_os(&rng);
    kd_id_format(id, kd_id_new(&rng, request->now_ms));
    snprintf(path, sizeof path, "%s.export-%s", kd_store_path(request->parts->store), id);
    status = kd_export_zip(request->parts->rights, request->reader, me->person, path, err);
    if (status != KD_OK)
        return status;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    if (fd < 0)
        return kd_fail(err, KD_IO, "the export cannot be opened");
    size = lseek(fd, 0, SEEK_END);
    if (size < 0 || size > EXPORT_BYTES_MAX || !kd_buf_reserve(&request->out, (size_t)size))
        status = kd_fail(err, size > EXPORT_BYTES_MAX ? KD_LIMIT : KD_IO, "the export is too large to be sent at once; the shop's staff can hand it over");
    for (ssize_t got = 1; status == KD_OK && (off_t)request->out.len < size && got > 0; request->out.len += got > 0 ? (size_t)got : 0) {
        got = pread(fd, request->out.ptr + request->out.len, (size_t)size - request->out.len, (off_t)request->out.len);
        if (got <= 0)
            status = kd_fail(err, KD_IO, "the export cannot be read");
    }
    close(fd);
    request->content_type = "application/zip";
    kd_request_reply_header(request, "Content-Disposition", KD_STR("attachment; filename=\"my-data.zip\""));
    return status;
}

void kd_me_export(kd_request *request, const kd_me *me)
{
    static atomic_int under_way;
    kd_err            err = { 0 };
    kd_status         status;
    request->no_store = true;
    if (atomic_fetch_add(&under_way, 1) >= EXPORTS_AT_ONCE) {
        request->retry_after_s = 10;
        status = kd_fail(&err, KD_BUSY, "other exports are being made; try again in some seconds");
    } else {
        status = me->alone || request->parts->rights == NULL ? export_alone(request, me, &err) : export_all(request, me, &err);
    }
    atomic_fetch_sub(&under_way, 1);
    if (status != KD_OK)
        request->content_type = NULL;
    kd_reply_json(request, status, &err);
}

/* ---- being forgotten --------------------------------------------------------------------------------------------------------- */
void kd_me_write_forget(kd_request *request, const kd_me *me, bool german)
{
    kd_buf *out = &request->out;
    kd_html(out, german ? "<section id=\"forget\"><h2>Vergessen</h2><p class=\"soft\">" : "<section id=\"forget\"><h2>Forget me</h2><p class=\"soft\">");
    kd_html_text(out, kd_str_z(german ? "Wir löschen dann, was wir über Sie wissen: Profil, Ereignisse, Kennungen und was Modelle von Ihnen gelernt haben. Das lässt sich nicht rückgängig machen. "
                                        "Was das Gesetz aufzuheben verlangt, etwa Rechnungen, liegt beim Laden und nicht hier."
                                      : "We then delete what we know of you: profile, events, keys, and what models learned from you. This cannot be undone. "
                                        "What the law tells shops to keep, such as invoices, lies with the shop and not here."));
    kd_html(out, "</p><form method=\"post\" action=\"/me/erase\"><input type=\"hidden\" name=\"csrf\"");
    kd_html_attr(out, "value", kd_str_z(me->csrf));
    kd_html(out, german ? "><label class=\"line\"><span>Zur Bestätigung tippen Sie: forget me</span><input type=\"text\" name=\"confirm\" autocomplete=\"off\"></label><button class=\"harm\">Alles löschen</button></form></section>"
                        : "><label class=\"line\"><span>To confirm, type: forget me</span><input type=\"text\" name=\"confirm\" autocomplete=\"off\"></label><button class=\"harm\">Delete everything</button></form></section>");
}

static void say_begun(kd_request *request, kd_id id, bool form)
{
    const bool german = kd_me_german(request, NULL);
    char       text[KD_ID_TEXT];
    kd_jw      w;
    if (form) { /* the session is over: there is nobody to show a page about */
        kd_me_set_cookie(request, (kd_id){ 0 });
        kd_me_simple_page(request, 200, german, german ? "Sie werden vergessen" : "You are being forgotten",
                          german ? "Die Löschung hat begonnen und ist gewöhnlich in Sekunden fertig. Sie können diese Seite schließen." : "Deleting has begun and is usually done within seconds. You can close this page.");
        return;
    }
    kd_id_format(text, id);
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_BOOL(&w, "success", true);
    KD_JW_Z(&w, "request", text);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

void kd_me_erase(kd_request *request, const kd_me *me, kd_str confirmed, bool form)
{
    kd_id     id = { 0 };
    kd_err    err = { 0 };
    kd_status status = KD_OK;
    if (!kd_str_is_nocase(kd_str_trim(confirmed), CONFIRMED))
        status = kd_fail_field(&err, KD_INVALID, "/confirm", "must be \"" CONFIRMED "\": it cannot be undone");
    else if (me->alone) /* by write key a browser proves its own id only; an erasure takes the whole customer */
        status = kd_fail(&err, KD_DENIED, "this needs a link of the shop or its user token, not an anonymous id alone");
    else if (request->parts->rights == NULL || kd_id_is_nil(me->person))
        status = kd_fail(&err, KD_NOT_FOUND, "there is no such person");
    if (status == KD_OK)
        status = kd_erase_start(&id, request->parts->rights, request->reader, me->person, KD_STR("me"), &err);
    if (status == KD_OK)
        say_begun(request, id, form);
    else
        kd_reply_problem(request, status, &err);
}
