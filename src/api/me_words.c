/* The frame and the words of the shopper's pages, English and German. */
#include "api/handlers.h"
#include "api/html.h"
#include "api/me.h"

static const char policy[] = "default-src 'none'; style-src 'self'; img-src 'self' https: data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static const char style[] =
    ":root{color-scheme:light dark;--paper:#FBFAF7;--surface:#FFFFFF;--line:#E6E2DA;--field:#8A8479;--ink:#1D2329;--soft:#5C6670;--awning:#0E6B5C;--on:#FFFFFF;"
    "--brick:#B3372C;--leaf:#2F7D4F}\n"
    "@media (prefers-color-scheme:dark){:root:not([data-theme=light]){--paper:#16191D;--surface:#1E2228;--line:#30363E;--field:#7C858E;--ink:#ECEAE4;--soft:#A3ABB3;"
    "--awning:#4CC2AC;--on:#10221E;--brick:#EE8A7E;--leaf:#7CC79A}}\n"
    ":root[data-theme=dark]{color-scheme:dark;--paper:#16191D;--surface:#1E2228;--line:#30363E;--field:#7C858E;--ink:#ECEAE4;--soft:#A3ABB3;--awning:#4CC2AC;--on:#10221E;"
    "--brick:#EE8A7E;--leaf:#7CC79A}\n"
    ":root[data-theme=light]{color-scheme:light}\n"
    "*{box-sizing:border-box}html{scroll-padding-top:16px}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;overflow-wrap:anywhere}\n"
    "main,.top,footer{max-width:720px;margin:0 auto;padding:16px}\n"
    ".top{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:baseline;justify-content:space-between;padding-top:24px}\n"
    ".top a{white-space:nowrap}h1{font-size:28px;line-height:1.2;margin:8px 0}h2{font-size:20px;margin:0 0 8px}h3{font-size:16px;margin:24px 0 8px}\n"
    "p{margin:0 0 12px}.soft,.from{color:var(--soft)}.from{font-size:14px;display:block}\n"
    "a{color:var(--awning)}section{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:24px;margin:0 0 24px;box-shadow:0 1px 2px rgb(0 0 0/.05)}\n"
    "nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:8px 16px;padding:0;margin:0 0 16px}nav a{display:inline-block;padding:4px 0}\n"
    "ul.rows{list-style:none;padding:0;margin:0}ul.rows>li{border-top:1px solid var(--line);padding:12px 0;display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;justify-content:space-between}\n"
    "ul.rows>li:first-child{border-top:0}ul.rows .what{flex:1 1 240px;min-width:0}ul.rows form,.acts{display:flex;flex-wrap:wrap;gap:8px;align-items:center}\n"
    "fieldset{border:0;padding:0;margin:0 0 16px;min-width:0}legend{font-weight:600;padding:0;margin:0 0 8px}\n"
    ".ticks{display:flex;flex-wrap:wrap;gap:8px}.ticks label{display:inline-flex;gap:8px;align-items:center;border:1px solid var(--line);border-radius:8px;padding:6px 12px;min-height:40px;cursor:pointer}\n"
    ".ticks label:has(:checked){border-color:var(--awning);box-shadow:inset 0 0 0 1px var(--awning)}input[type=checkbox],input[type=radio]{accent-color:var(--awning);width:18px;height:18px;margin:0}\n"
    "label.line{display:block;margin:0 0 12px}label.line>span{display:block;font-weight:600;margin:0 0 4px}\n"
    "select,input[type=text]{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--field);border-radius:8px;padding:8px 12px;min-height:40px;max-width:100%;min-width:0}\n"
    "button,.button{font:inherit;font-weight:600;border-radius:8px;padding:8px 16px;min-height:40px;border:1px solid var(--awning);background:transparent;color:var(--awning);cursor:pointer;text-decoration:none;display:inline-block}\n"
    "button.main{background:var(--awning);color:var(--on)}button.harm{border-color:var(--brick);color:var(--brick)}button.small{padding:4px 12px;min-height:32px;font-size:14px}\n"
    ":focus-visible{outline:3px solid var(--awning);outline-offset:2px}\n"
    ".notice{border:1px solid var(--leaf);border-left-width:6px;border-radius:8px;padding:12px 16px;margin:0 0 16px;background:var(--surface)}.notice.bad{border-color:var(--brick)}\n"
    ".state{font-size:14px;border:1px solid var(--line);border-radius:999px;padding:2px 10px;white-space:nowrap}\n"
    "details{margin:8px 0}summary{cursor:pointer;color:var(--awning);padding:4px 0}\n"
    "img{width:56px;height:56px;object-fit:cover;border-radius:8px;border:1px solid var(--line);flex:none}\n"
    ".skip{position:absolute;left:-9999px}.skip:focus{left:16px;top:8px;background:var(--surface);padding:8px 16px;z-index:1}\n"
    "@media (max-width:480px){section{padding:16px}main,.top,footer{padding:12px}button.main{width:100%}}\n"
    "@media print{nav,form,button,.skip{display:none}section{box-shadow:none}}\n";

void kd_me_style(kd_request *request)
{
    request->content_type = "text/css; charset=utf-8";
    kd_request_reply_header(request, "Cache-Control", KD_STR("public, max-age=300"));
    kd_buf_add(&request->out, style, sizeof style - 1);
}

bool kd_me_german(const kd_request *request, const kd_stated *stated)
{
    const kd_str asked = kd_request_query(request, "lang"), accepted = kd_request_header(request, "Accept-Language");
    const kd_str told = stated ? stated->language : (kd_str){ 0 };
    if (asked.len)
        return kd_str_starts(asked, "de");
    if (told.len)
        return kd_str_starts(told, "de");
    for (size_t i = 0; i + 1 < accepted.len; i++) { /* the first of the two that is named: browsers name them by preference */
        const bool begins = i == 0 || accepted.ptr[i - 1] == ',' || accepted.ptr[i - 1] == ' ';
        if (begins && kd_str_is_nocase((kd_str){ accepted.ptr + i, 2 }, "de"))
            return true;
        if (begins && kd_str_is_nocase((kd_str){ accepted.ptr + i, 2 }, "en"))
            return false;
    }
    return false;
}

static const struct { const char *title[2], *text[2]; } purposes[KD_PURPOSE_COUNT] = {
    [KD_PURPOSE_OPERATE] = { { "Serving your orders", "Ihre Bestellungen abwickeln" },
        { "Orders, returns, receipts and your account. Without this we cannot deliver.", "Bestellungen, Rücksendungen, Belege und Ihr Konto. Ohne das können wir nicht liefern." } },
    [KD_PURPOSE_PERSONALISE] = { { "Choosing what you see", "Auswählen, was Sie sehen" },
        { "We use what you looked at and bought to show you what may suit you.", "Wir nutzen, was Sie angesehen und gekauft haben, um Ihnen zu zeigen, was zu Ihnen passen kann." } },
    [KD_PURPOSE_ANALYSE] = { { "Understanding the shop", "Den Laden verstehen" },
        { "We count and compare, so that the shop gets better. Nobody looks at you in particular.", "Wir zählen und vergleichen, damit der Laden besser wird. Niemand sieht dabei Sie im Besonderen an." } },
    [KD_PURPOSE_MARKET_EMAIL] = { { "Offers by e-mail", "Angebote per E-Mail" }, { "E-mails with news and offers.", "E-Mails mit Neuigkeiten und Angeboten." } },
    [KD_PURPOSE_MARKET_POST] = { { "Offers by post", "Angebote per Post" }, { "Letters and catalogues.", "Briefe und Kataloge." } },
    [KD_PURPOSE_MARKET_PUSH] = { { "Messages on your phone", "Nachrichten auf Ihr Telefon" }, { "Short notes from our app.", "Kurze Hinweise aus unserer App." } },
    [KD_PURPOSE_SHARE] = { { "Handing data on", "Daten weitergeben" },
        { "To others outside this shop, such as advertising partners.", "An andere außerhalb dieses Ladens, etwa Werbepartner." } },
    [KD_PURPOSE_SENSITIVE] = { { "Sensitive subjects", "Sensible Themen" },
        { "Use also what may say something about health, faith or intimacy.", "Auch nutzen, was etwas über Gesundheit, Glauben oder Intimes aussagen kann." } },
};

const char *kd_purpose_title(kd_purpose purpose, bool german) { return purposes[purpose].title[german]; }
const char *kd_purpose_text(kd_purpose purpose, bool german) { return purposes[purpose].text[german]; }

void kd_me_page_begin(kd_request *request, bool german, const char *title, const kd_stated *stated)
{
    kd_buf *out = &request->out;
    request->no_store = true;
    request->content_type = "text/html; charset=utf-8";
    kd_request_reply_header(request, "Content-Security-Policy", KD_STR(policy));
    kd_request_reply_header(request, "Referrer-Policy", KD_STR("no-referrer"));
    kd_request_reply_header(request, "Cross-Origin-Opener-Policy", KD_STR("same-origin"));
    kd_request_reply_header(request, "X-Robots-Tag", KD_STR("noindex, nofollow"));
    kd_html(out, "<!doctype html>\n<html lang=\"");
    kd_html(out, german ? "de\"" : "en\"");
    if (stated && (kd_str_is(stated->theme, "dark") || kd_str_is(stated->theme, "light")))
        kd_html_attr(out, "data-theme", stated->theme);
    kd_html(out, "><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
    kd_html_text(out, kd_str_z(title));
    kd_html(out, "</title><link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/me/style.css\"></head><body>\n");
}

void kd_me_page_end(kd_request *request) { kd_html(&request->out, "</body></html>\n"); }

void kd_me_simple_page(kd_request *request, int status, bool german, const char *title, const char *text)
{
    request->status = status;
    kd_me_page_begin(request, german, title, NULL);
    kd_html(&request->out, "<main><section><h1>");
    kd_html_text(&request->out, kd_str_z(title));
    kd_html(&request->out, "</h1><p>");
    kd_html_text(&request->out, kd_str_z(text));
    kd_html(&request->out, "</p></section></main>");
    kd_me_page_end(request);
}
