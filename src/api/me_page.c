/* GET /me: one column, no script. Every form goes to POST /me/{what} (me_form.c) with the secret of its session. */
#include <stdio.h>

#include "api/handlers.h"
#include "api/html.h"
#include "api/me.h"
#include "recommend/recommend.h"

typedef struct page {
    kd_request        *request;
    kd_buf            *out;
    const kd_me       *me;
    const kd_me_known *known;
    const kd_snapshot *s;
    bool               german;
} page;

static void say(const page *p, const char *english, const char *german) { kd_html_text(p->out, kd_str_z(p->german ? german : english)); }

static void say_time(const page *p, int64_t ms)
{
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char    text[25];
    int64_t month;
    kd_time_format(text, ms);
    kd_html(p->out, "<time");
    kd_html_attr(p->out, "datetime", kd_str_z(text));
    kd_html(p->out, ">");
    if (p->german)
        kd_buf_addf(p->out, "%.2s.%.2s.%.4s", text + 8, text + 5, text);
    else if (kd_str_i64(&month, (kd_str){ text + 5, 2 }) && month >= 1 && month <= 12)
        kd_buf_addf(p->out, "%.2s %s %.4s", text + 8, months[month - 1], text);
    kd_html(p->out, "</time>");
}

static void begin_form(const page *p, const char *action)
{
    kd_html(p->out, "<form method=\"post\" action=\"/me/");
    kd_html(p->out, action);
    kd_html(p->out, "\"><input type=\"hidden\" name=\"csrf\"");
    kd_html_attr(p->out, "value", kd_str_z(p->me->csrf));
    kd_html(p->out, ">");
}

static void hidden(const page *p, const char *name, kd_str value)
{
    kd_html(p->out, "<input type=\"hidden\"");
    kd_html_attr(p->out, "name", kd_str_z(name));
    kd_html_attr(p->out, "value", value);
    kd_html(p->out, ">");
}

/* `about` completes what is read out: many buttons of a page bear the same word. */
static void button(const page *p, const char *class, const char *english, const char *german, kd_str about)
{
    kd_html(p->out, "<button");
    kd_html_attr(p->out, "class", kd_str_z(class));
    if (about.len) {
        kd_buf label;
        kd_buf_init(&label, p->request->arena);
        kd_buf_addf(&label, "%s: %.*s", p->german ? german : english, (int)about.len, about.ptr);
        kd_html_attr(p->out, "aria-label", kd_buf_str(&label));
    }
    kd_html(p->out, ">");
    say(p, english, german);
    kd_html(p->out, "</button></form>");
}

static void begin_section(const page *p, const char *id, const char *english, const char *german)
{
    kd_html(p->out, "<section");
    kd_html_attr(p->out, "id", kd_str_z(id));
    kd_html(p->out, "><h2>");
    say(p, english, german);
    kd_html(p->out, "</h2>");
}

static void paragraph(const page *p, const char *english, const char *german)
{
    kd_html(p->out, "<p class=\"soft\">");
    say(p, english, german);
    kd_html(p->out, "</p>");
}

/* ---- what we know ---------------------------------------------------------------------------------------------------------- */
static const char *key_name(kd_key_type type, bool german)
{
    switch ((int)type) {
    case KD_KEY_ANONYMOUS: return german ? "Dieser oder ein anderer Browser" : "This or another browser";
    case KD_KEY_DEVICE: return german ? "Gerät" : "Device";
    case KD_KEY_PHONE: return german ? "Telefon" : "Phone";
    case KD_KEY_EMAIL: return german ? "E-Mail" : "E-mail";
    case KD_KEY_CARD: return german ? "Kundenkarte" : "Loyalty card";
    case KD_KEY_USER: return german ? "Kundenkonto" : "Account";
    default: return kd_key_type_name(type);
    }
}

static void write_idents(const page *p)
{
    const kd_profile *k = &p->known->profile;
    kd_html(p->out, "<h3>");
    say(p, "How we recognise you", "Woran wir Sie erkennen");
    kd_html(p->out, "</h3><ul class=\"rows\">");
    for (uint32_t i = 0; i < k->ident_count; i++) {
        kd_html(p->out, "<li><span class=\"what\">");
        kd_html_text(p->out, kd_str_z(key_name(k->idents[i].type, p->german)));
        kd_html(p->out, ": <strong>");
        kd_html_text(p->out, k->idents[i].value);
        kd_html(p->out, "</strong><span class=\"from\">");
        if (k->idents[i].proven)
            say(p, "from the shop, since ", "vom Laden, seit ");
        else
            say(p, "from a browser, unproven, since ", "von einem Browser, unbewiesen, seit ");
        say_time(p, k->idents[i].first_ms);
        kd_html(p->out, "</span></span></li>");
    }
    kd_html(p->out, "</ul>");
}

/* A text without its quotes; anything else as it is. */
static kd_str plain_value(const page *p, kd_str json)
{
    const kd_json *node;
    if (kd_json_parse(&node, p->request->arena, json.ptr, json.len, NULL) == KD_OK && (node->type == KD_JSON_STRING || node->type == KD_JSON_NUMBER))
        return node->text;
    return json;
}

static void write_trait(const page *p, const kd_register *t)
{
    const kd_str value = plain_value(p, t->value);
    const bool   simple = t->value.len > 0 && t->value.ptr[0] != '{' && t->value.ptr[0] != '[';
    if (kd_str_is(t->value, "null"))
        return;
    kd_html(p->out, "<li><span class=\"what\">");
    kd_html_text(p->out, t->name);
    kd_html(p->out, ": <strong>");
    kd_html_text(p->out, value);
    kd_html(p->out, "</strong><span class=\"from\">");
    if (t->claimed)
        say(p, "from a browser, unproven, on ", "von einem Browser, unbewiesen, am ");
    else
        say(p, "from your account or from you, on ", "aus Ihrem Konto oder von Ihnen, am ");
    say_time(p, t->time_ms);
    kd_html(p->out, "</span></span>");
    if (simple) {
        kd_html(p->out, "<details><summary>");
        say(p, "Correct", "Berichtigen");
        kd_html(p->out, "</summary>");
        begin_form(p, "correct");
        hidden(p, "trait", t->name);
        kd_html(p->out, "<input type=\"text\" name=\"value\" maxlength=\"200\"");
        kd_html_attr(p->out, "value", value);
        kd_html_attr(p->out, "aria-label", t->name);
        kd_html(p->out, ">");
        button(p, "small", "Save", "Speichern", t->name);
        kd_html(p->out, "</details>");
    }
    begin_form(p, "correct");
    hidden(p, "trait", t->name);
    hidden(p, "remove", KD_STR("1"));
    button(p, "small", "Not me", "Stimmt nicht", t->name);
    kd_html(p->out, "</li>");
}

static const char *did(kd_kind kind, bool german)
{
    switch ((int)kind) {
    case KD_KIND_ORDER: return german ? "was Sie gekauft haben" : "what you bought";
    case KD_KIND_RETURN: return german ? "was Sie zurückgegeben haben" : "what you returned";
    case KD_KIND_CART_ADD: return german ? "was in Ihrem Warenkorb lag" : "what was in your cart";
    case KD_KIND_WISH_ADD: return german ? "Ihrem Wunschzettel" : "your wish list";
    default: return german ? "was Sie angesehen haben" : "what you looked at";
    }
}

static void write_liking(const page *p, const kd_liking *l)
{
    static const struct { const char *word[2]; } attributes[] = { [KD_ATTR_CATEGORY] = { { "Category", "Bereich" } }, [KD_ATTR_BRAND] = { { "Brand", "Marke" } },
                                                                  [KD_ATTR_PRICE_BAND] = { { "", "" } }, [KD_ATTR_COLOR] = { { "Colour", "Farbe" } }, [KD_ATTR_SIZE] = { { "Size", "Größe" } } };
    const char *strength = l->weight > 0.4 ? (p->german ? "sehr wahrscheinlich" : "very likely") : l->weight > 0.15 ? (p->german ? "wahrscheinlich" : "likely")
                                                                                                                   : (p->german ? "vielleicht" : "perhaps");
    kd_html(p->out, "<li><span class=\"what\">");
    kd_html_text(p->out, kd_str_z(attributes[l->attribute].word[p->german]));
    kd_html(p->out, ": <strong>");
    kd_html_text(p->out, l->value);
    kd_html(p->out, "</strong> <span class=\"state\">");
    kd_html_text(p->out, kd_str_z(strength));
    kd_html(p->out, "</span><span class=\"from\">");
    say(p, "a guess, from ", "geschätzt, aus ");
    kd_html_text(p->out, kd_str_z(did(l->kind, p->german)));
    kd_buf_addf(p->out, " (%u ×), ", l->count);
    say_time(p, l->time_ms);
    kd_html(p->out, "</span></span>");
    if (l->attribute == KD_ATTR_CATEGORY) {
        begin_form(p, "not-for-me");
        hidden(p, "category", l->value);
        button(p, "small", "Not for me", "Nichts für mich", l->value);
    } else {
        kd_html(p->out, "<a href=\"#told\"");
        kd_buf label;
        kd_buf_init(&label, p->request->arena);
        kd_buf_addf(&label, "%s: %.*s", p->german ? "Selbst angeben" : "Tell us yourself", (int)l->value.len, l->value.ptr);
        kd_html_attr(p->out, "aria-label", kd_buf_str(&label));
        kd_html(p->out, ">");
        say(p, "Tell us yourself", "Selbst angeben");
        kd_html(p->out, "</a>");
    }
    kd_html(p->out, "</li>");
}

static kd_status write_known(const page *p, kd_err *err)
{
    const kd_profile *k = &p->known->profile;
    kd_liking        *likings = NULL;
    size_t            count = 0;
    const kd_status   status = kd_me_likings(&likings, &count, p->request, p->known, p->s, err);
    if (status != KD_OK)
        return status;
    begin_section(p, "known", "What we know", "Was wir wissen");
    if (!p->known->known || k->ident_count == 0)
        paragraph(p, "Nothing yet.", "Noch nichts.");
    else
        write_idents(p);
    if (k->trait_count) {
        kd_html(p->out, "<h3>");
        say(p, "About you", "Zu Ihrer Person");
        kd_html(p->out, "</h3><ul class=\"rows\">");
        for (uint32_t i = 0; i < k->trait_count; i++)
            write_trait(p, &k->traits[i]);
        kd_html(p->out, "</ul>");
    }
    if (count) {
        kd_html(p->out, "<h3>");
        say(p, "What we believe you like", "Was Ihnen nach unserer Schätzung gefällt");
        kd_html(p->out, "</h3><ul class=\"rows\">");
        for (size_t i = 0; i < count; i++)
            write_liking(p, &likings[i]);
        kd_html(p->out, "</ul>");
    }
    kd_html(p->out, "</section>");
    return KD_OK;
}

/* ---- purchases --------------------------------------------------------------------------------------------------------------- */
static void mark_button(const page *p, const kd_purchase *b, const char *action, bool on, const char *english, const char *german, const char *english_off,
                        const char *german_off)
{
    begin_form(p, action);
    hidden(p, "product", b->product_id);
    if (kd_str_is(kd_str_z(action), "gift"))
        hidden(p, "order", b->order_id);
    hidden(p, "value", on ? KD_STR("false") : KD_STR("true"));
    button(p, "small", on ? english_off : english, on ? german_off : german, b->title);
}

static kd_status write_purchases(const page *p, kd_err *err)
{
    kd_purchase *list = NULL;
    size_t       count = 0;
    kd_status    status = kd_me_purchases(&list, &count, p->request, p->known, p->s, err);
    if (status != KD_OK)
        return status;
    begin_section(p, "purchases", "Purchases", "Einkäufe");
    paragraph(p, "What was a gift says nothing about your taste, and we leave it out. It still counts as bought.",
              "Was ein Geschenk war, sagt nichts über Ihren Geschmack, und wir lassen es weg. Als gekauft gilt es weiterhin.");
    if (count == 0)
        paragraph(p, "Nothing was bought yet.", "Es wurde noch nichts gekauft.");
    kd_html(p->out, "<ul class=\"rows\">");
    for (size_t i = 0; i < count; i++) {
        const kd_purchase *b = &list[i];
        kd_html(p->out, "<li>");
        if (b->image.len) {
            kd_html(p->out, "<img alt=\"\" loading=\"lazy\" referrerpolicy=\"no-referrer\"");
            kd_html_link(p->out, "src", b->image);
            kd_html(p->out, ">");
        }
        kd_html(p->out, "<span class=\"what\"><strong>");
        kd_html_text(p->out, b->title);
        kd_html(p->out, "</strong>");
        if (b->gift) {
            kd_html(p->out, " <span class=\"state\">");
            say(p, "gift", "Geschenk");
            kd_html(p->out, "</span>");
        }
        kd_html(p->out, "<span class=\"from\">");
        say(p, "bought ", "gekauft ");
        say_time(p, b->time_ms);
        if (b->order_id.len) {
            kd_html(p->out, " · ");
            kd_html_text(p->out, b->order_id);
        }
        kd_html(p->out, "</span></span>");
        kd_html(p->out, "<div class=\"acts\">");
        if (b->order_id.len)
            mark_button(p, b, "gift", b->gift, "Was a gift", "War ein Geschenk", "Was no gift", "War kein Geschenk");
        mark_button(p, b, "not-for-me", b->not_for_me, "Not for me", "Nichts für mich", "Show it again", "Wieder zeigen");
        kd_html(p->out, "</div></li>");
    }
    kd_html(p->out, "</ul></section>");
    return KD_OK;
}

/* ---- what you see, and why ------------------------------------------------------------------------------------------------------ */
static void write_shown(const page *p, const kd_me_history *h)
{
    begin_section(p, "why", "Why you saw this", "Warum Sie das gesehen haben");
    if (h->shown_count == 0)
        paragraph(p, "Nothing was chosen for you lately.", "In letzter Zeit wurde nichts für Sie ausgewählt.");
    for (size_t i = 0; i < h->shown_count; i++) {
        const kd_shown *d = &h->shown[i];
        kd_html(p->out, "<h3>");
        kd_html_text(p->out, d->placement);
        kd_html(p->out, ", ");
        say_time(p, d->time_ms);
        kd_html(p->out, "</h3><ul class=\"rows\">");
        for (size_t n = 0; n < d->item_count; n++) {
            kd_html(p->out, "<li><span class=\"what\"><strong>");
            kd_html_text(p->out, d->items[n].title);
            kd_html(p->out, "</strong><span class=\"from\">");
            kd_html_text(p->out, d->items[n].reasons);
            kd_html(p->out, "</span></span>");
            begin_form(p, "not-for-me");
            hidden(p, "product", d->items[n].product_id);
            hidden(p, "value", KD_STR("true"));
            button(p, "small", "Not for me", "Nichts für mich", d->items[n].title);
            kd_html(p->out, "</li>");
        }
        kd_html(p->out, "</ul>");
    }
    kd_html(p->out, "<p><a href=\"/me/how\">");
    say(p, "How the shop chooses", "Wie der Laden auswählt");
    kd_html(p->out, "</a></p></section>");
}

/* ---- purposes --------------------------------------------------------------------------------------------------------------------- */
static const char *basis_text(kd_basis basis, bool german)
{
    switch (basis) {
    case KD_BASIS_CONTRACT: return german ? "Grundlage: Ihr Vertrag mit dem Laden" : "Basis: your contract with the shop";
    case KD_BASIS_INTEREST: return german ? "Grundlage: berechtigtes Interesse; Sie können widersprechen" : "Basis: legitimate interest; you can object";
    case KD_BASIS_CONSENT: return german ? "Grundlage: Ihre Einwilligung; ohne sie geschieht nichts" : "Basis: your consent; without it nothing happens";
    default: return german ? "Der Laden nutzt Ihre Daten dafür nicht" : "The shop does not use your data for this";
    }
}

static void write_purpose(const page *p, kd_purpose purpose)
{
    const kd_basis basis = kd_me_basis(p->request, purpose);
    const bool     allowed = kd_me_allows(p->request, p->known, purpose);
    const kd_str   title = kd_str_z(kd_purpose_title(purpose, p->german));
    kd_html(p->out, "<li><span class=\"what\"><strong>");
    kd_html_text(p->out, title);
    kd_html(p->out, "</strong> <span class=\"state\">");
    say(p, allowed ? "on" : "off", allowed ? "an" : "aus");
    kd_html(p->out, "</span><br>");
    kd_html_text(p->out, kd_str_z(kd_purpose_text(purpose, p->german)));
    kd_html(p->out, "<span class=\"from\">");
    kd_html_text(p->out, kd_str_z(basis_text(basis, p->german)));
    kd_html(p->out, "</span></span>");
    if (basis == KD_BASIS_CONSENT || basis == KD_BASIS_INTEREST) {
        begin_form(p, "consents");
        hidden(p, "purpose", kd_str_z(kd_purpose_name(purpose)));
        hidden(p, "granted", allowed ? KD_STR("false") : KD_STR("true"));
        button(p, "small", allowed ? "Turn off" : "Turn on", allowed ? "Ausschalten" : "Einschalten", title);
    }
    kd_html(p->out, "</li>");
}

static void write_consents(const page *p, const kd_me_history *h)
{
    begin_section(p, "consents", "Consents", "Einwilligungen");
    kd_html(p->out, "<ul class=\"rows\">");
    for (int purpose = 0; purpose < KD_PURPOSE_COUNT; purpose++)
        write_purpose(p, (kd_purpose)purpose);
    kd_html(p->out, "</ul>");
    if (h->said_count) {
        kd_html(p->out, "<details><summary>");
        say(p, "What you said, and when", "Was Sie wann gesagt haben");
        kd_html(p->out, "</summary><ul class=\"rows\">");
        for (size_t i = 0; i < h->said_count; i++) {
            kd_html(p->out, "<li><span class=\"what\">");
            say_time(p, h->said[i].time_ms);
            kd_html(p->out, ": ");
            kd_html_text(p->out, kd_str_z(kd_purpose_title(h->said[i].purpose, p->german)));
            kd_html(p->out, " – ");
            say(p, h->said[i].granted ? "granted" : "refused", h->said[i].granted ? "erlaubt" : "abgelehnt");
            if (h->said[i].source.len) {
                kd_html(p->out, "<span class=\"from\">");
                kd_html_text(p->out, h->said[i].source);
                kd_html(p->out, " ");
                kd_html_text(p->out, h->said[i].policy);
                kd_html(p->out, "</span>");
            }
            kd_html(p->out, "</span></li>");
        }
        kd_html(p->out, "</ul></details>");
    }
    kd_html(p->out, "</section>");
}

/* ---- taking it along, leaving ------------------------------------------------------------------------------------------------------- */
static void write_rights(const page *p)
{
    begin_section(p, "take", "Take it with you", "Zum Mitnehmen");
    paragraph(p, "Everything that stands on this page, as a file that other programs can read.", "Alles, was auf dieser Seite steht, als Datei, die andere Programme lesen können.");
    begin_form(p, "export");
    button(p, "", "Download", "Herunterladen", (kd_str){ 0 });
    kd_html(p->out, "</section>");
    kd_me_write_forget(p->request, p->me, p->german);
}

static void write_top(const page *p, const char *notice, bool bad)
{
    static const struct { const char *id, *words[2]; } places[] = {
        { "known", { "What we know", "Was wir wissen" } }, { "told", { "What you told us", "Was Sie uns gesagt haben" } }, { "purchases", { "Purchases", "Einkäufe" } },
        { "send", { "What we send you", "Was wir Ihnen senden" } }, { "why", { "Why you saw this", "Warum Sie das gesehen haben" } },
        { "consents", { "Consents", "Einwilligungen" } }, { "take", { "Take it with you", "Zum Mitnehmen" } }, { "forget", { "Forget me", "Vergessen" } },
    };
    kd_html(p->out, "<a class=\"skip\" href=\"#known\">");
    say(p, "To the content", "Zum Inhalt");
    kd_html(p->out, p->german ? "</a><header class=\"top\"><a href=\"/me?lang=en\" hreflang=\"en\" lang=\"en\">English</a>"
                              : "</a><header class=\"top\"><a href=\"/me?lang=de\" hreflang=\"de\" lang=\"de\">Deutsch</a>");
    begin_form(p, "leave");
    button(p, "small", "Leave", "Abmelden", (kd_str){ 0 });
    kd_html(p->out, "</header><main><h1>");
    say(p, "You and this shop", "Sie und dieser Laden");
    kd_html(p->out, "</h1>");
    paragraph(p, "What is known about you here, where it comes from, and what you want done with it.", "Was hier über Sie bekannt ist, woher es stammt und was damit geschehen soll.");
    if (notice) {
        kd_html(p->out, bad ? "<p class=\"notice bad\" role=\"alert\">" : "<p class=\"notice\" role=\"status\">");
        kd_html_text(p->out, kd_str_z(notice));
        kd_html(p->out, "</p>");
    }
    kd_html(p->out, "<nav");
    kd_html_attr(p->out, "aria-label", kd_str_z(p->german ? "Auf dieser Seite" : "On this page"));
    kd_html(p->out, "><ul>");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        kd_buf_addf(p->out, "<li><a href=\"#%s\">", places[i].id);
        say(p, places[i].words[0], places[i].words[1]);
        kd_html(p->out, "</a></li>");
    }
    kd_html(p->out, "</ul></nav>");
}

void kd_me_write_page(kd_request *request, const kd_me *me, const kd_me_known *known, const char *notice, bool bad)
{
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    page               p = { request, &request->out, me, known, s, kd_me_german(request, &known->stated) };
    kd_me_history      history;
    kd_err             err = { 0 };
    kd_status          status;
    kd_me_page_begin(request, p.german, p.german ? "Sie und dieser Laden" : "You and this shop", &known->stated);
    write_top(&p, notice, bad);
    status = write_known(&p, &err);
    if (status == KD_OK)
        status = kd_me_write_told(request, me, known, s, p.german, &err);
    if (status == KD_OK)
        status = write_purchases(&p, &err);
    if (status == KD_OK)
        status = kd_me_history_read(&history, request, known, s, p.german, &err);
    if (status == KD_OK) {
        kd_me_write_send(request, me, known, p.german);
        write_shown(&p, &history);
        write_consents(&p, &history);
        write_rights(&p);
        kd_html(&request->out, "</main>");
        kd_me_page_end(request);
    }
    kd_snapshot_release(s);
    if (status != KD_OK || request->out.failed)
        kd_reply_problem(request, status != KD_OK ? status : kd_fail_memory(&err), &err);
}
