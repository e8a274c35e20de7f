/* The page at "/": the state of the engine and snippets that work as pasted. No script, no secret, two languages. */
#include "api/handlers.h"

#include <sodium.h>
#include <stdio.h>

#include "api/caller.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#FBFAF7;--surface:#FFFFFF;--line:#E6E2DA;--ink:#1D2329;--soft:#5C6670;--awning:#0E6B5C}"
    "@media(prefers-color-scheme:dark){:root{--paper:#16191D;--surface:#1E2228;--line:#30363E;--ink:#ECEAE4;--soft:#A3ABB3;--awning:#4CC2AC}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:880px;margin:0 auto;padding:32px 16px 48px}header{display:flex;justify-content:space-between;align-items:baseline;gap:16px;flex-wrap:wrap}"
    "h1{margin:0;font-size:32px}h2{font-size:18px;margin:40px 0 8px}p{margin:8px 0;max-width:65ch}a{color:var(--awning)}.soft{color:var(--soft)}"
    "dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:8px;margin:16px 0}"
    "dl div{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:8px 16px 16px}"
    "dt{font-size:13px;color:var(--soft)}dd{margin:0;font-size:18px;font-variant-numeric:tabular-nums}"
    "pre{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:16px;overflow-x:auto;font-size:13px;line-height:1.6;user-select:all}"
    "pre:focus-visible,a:focus-visible{outline:2px solid var(--awning);outline-offset:2px}";

typedef struct words { /* English, German: written, not translated word by word */
    const char *lang, *other, *other_name;
    const char *lead, *state, *version, *events, *people, *products, *model, *uptime, *size, *no_model;
    const char *send, *send_note, *ask, *ask_note, *node, *node_note, *copy;
    const char *door, *in, *in_no_password, *out, *links, *starting;
} words;

static const words english = {
    .lang = "en", .other = "de", .other_name = "Deutsch",
    .lead = "Knows who comes in, what they like, and what is on the shelf today. This engine is running.",
    .state = "State", .version = "Version", .events = "Events", .people = "People", .products = "Products", .model = "Model", .uptime = "Running for", .size = "Database",
    .no_model = "none yet",
    .send = "Send an event", .send_note = "The write key below is yours, and public: it may stand in a web page.",
    .ask = "Ask what to show", .ask_note = "The same visitor, one placement. Each item says why it is there.",
    .node = "From your shop's code", .node_note = "The published Segment client for Node delivers here as it is; RudderStack's does too.",
    .copy = "A click on a box selects all of it.",
    .door = "Who is at the door", .in = "You are logged in.", .in_no_password = "You are logged in by the printed link. Set a password with POST /v1/admin/password, so that you can come back without it.",
    .out = "To log in, open the link that the server printed when it started.", .links = "More", .starting = "starting",
};
static const words german = {
    .lang = "de", .other = "en", .other_name = "English",
    .lead = "Weiß, wer hereinkommt, was gefällt und was heute im Regal liegt. Diese Maschine läuft.",
    .state = "Zustand", .version = "Version", .events = "Ereignisse", .people = "Personen", .products = "Artikel", .model = "Modell", .uptime = "In Betrieb seit", .size = "Datenbank",
    .no_model = "noch keines",
    .send = "Ein Ereignis senden", .send_note = "Der Schreibschlüssel unten gehört Ihnen und ist öffentlich: Er darf in einer Webseite stehen.",
    .ask = "Fragen, was gezeigt werden soll", .ask_note = "Dieselbe Besucherin, eine Platzierung. Jeder Artikel sagt, warum er da ist.",
    .node = "Aus dem Code Ihres Shops", .node_note = "Der veröffentlichte Segment-Client für Node liefert unverändert hierher, der von RudderStack ebenso.",
    .copy = "Ein Klick auf einen Kasten wählt ihn ganz aus.",
    .door = "Wer an der Tür ist", .in = "Sie sind angemeldet.", .in_no_password = "Sie sind über den ausgegebenen Link angemeldet. Setzen Sie mit POST /v1/admin/password ein Passwort, damit Sie ohne ihn wiederkommen können.",
    .out = "Zum Anmelden öffnen Sie den Link, den der Server beim Start ausgegeben hat.", .links = "Mehr", .starting = "startet",
};

static void add_html(kd_buf *out, kd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        switch (text.ptr[i]) {
        case '&':  kd_buf_add_z(out, "&amp;"); break;
        case '<':  kd_buf_add_z(out, "&lt;"); break;
        case '>':  kd_buf_add_z(out, "&gt;"); break;
        case '"':  kd_buf_add_z(out, "&quot;"); break;
        case '\'': kd_buf_add_z(out, "&#39;"); break;
        default:   kd_buf_add(out, &text.ptr[i], 1);
        }
}

static const words *choose_words(const kd_request *request)
{
    kd_str wish = kd_request_query(request, "lang");
    if (wish.len == 0)
        wish = kd_request_header(request, "Accept-Language");
    return wish.len >= 2 && strncasecmp(wish.ptr, "de", 2) == 0 ? &german : &english;
}

/* 1,234,567 or 1.234.567 */
static void add_number(kd_buf *out, uint64_t n, const words *t)
{
    char digits[24];
    int  len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            kd_buf_add_z(out, t == &german ? "." : ",");
        kd_buf_add(out, &digits[i], 1);
    }
}

static const char *span_text(char out[48], int64_t ms, const words *t)
{
    static const struct { int64_t s; const char *en[2], *de[2]; } units[] = {
        { 86400, { "day", "days" }, { "Tag", "Tagen" } }, { 3600, { "hour", "hours" }, { "Stunde", "Stunden" } },
        { 60, { "minute", "minutes" }, { "Minute", "Minuten" } }, { 1, { "second", "seconds" }, { "Sekunde", "Sekunden" } },
    };
    int64_t s = ms / 1000 > 0 ? ms / 1000 : 0;
    size_t  i = 0;
    while (i < 3 && s < units[i].s)
        i++;
    s /= units[i].s;
    snprintf(out, 48, "%lld %s", (long long)s, t == &german ? units[i].de[s != 1] : units[i].en[s != 1]);
    return out;
}

static void add_fact(kd_buf *out, const char *name, const char *value)
{
    kd_buf_addf(out, "<div><dt>%s</dt><dd>%s</dd></div>", name, value);
}

static void add_count(kd_buf *out, const char *name, uint64_t n, const words *t)
{
    kd_buf_addf(out, "<div><dt>%s</dt><dd>", name);
    add_number(out, n, t);
    kd_buf_add_z(out, "</dd></div>");
}

static void add_state(kd_buf *out, kd_request *request, const words *t)
{
    kd_parts          *parts = request->parts;
    const kd_snapshot *snapshot = kd_snapshot_acquire(parts->catalog);
    const kd_model    *model = kd_recommender_model(parts->recommender);
    kd_store_stats     stats = { 0 };
    char               span[48], text[96];
    kd_reader_stats(&stats, request->reader, NULL);
    kd_buf_addf(out, "<h2>%s</h2><dl>", t->state);
    add_fact(out, t->version, parts->version);
    add_count(out, t->events, stats.events, t);
    add_count(out, t->people, stats.persons, t);
    add_count(out, t->products, kd_snapshot_products(snapshot), t);
    if (model) {
        snprintf(text, sizeof text, t == &german ? "vor %s trainiert" : "trained %s ago", span_text(span, request->now_ms - (int64_t)kd_model_version(model), t));
        add_fact(out, t->model, text);
        kd_model_release(model);
    } else {
        add_fact(out, t->model, t->no_model);
    }
    add_fact(out, t->uptime, atomic_load(&parts->ready) ? span_text(span, request->now_ms - parts->started_ms, t) : t->starting);
    snprintf(text, sizeof text, "%.1f MB", (double)(stats.file_bytes + stats.wal_bytes) / 1e6);
    if (t == &german && strchr(text, '.'))
        *strchr(text, '.') = ',';
    add_fact(out, t->size, text);
    kd_buf_add_z(out, "</dl>");
    kd_snapshot_release(snapshot);
}

/* `%` stands for the server's address, `~` for the write key. */
static void add_snippet(kd_buf *out, kd_str address, kd_str write_key, const char *snippet)
{
    kd_buf_add_z(out, "<pre tabindex=\"0\">");
    for (const char *p = snippet; *p; p++) {
        if (*p == '%')
            add_html(out, address);
        else if (*p == '~')
            add_html(out, write_key);
        else
            add_html(out, (kd_str){ p, 1 });
    }
    kd_buf_add_z(out, "</pre>");
}

static const char track_snippet[] =
    "curl -u ~: -d '{\"anonymousId\":\"visitor-1\",\"event\":\"Product Viewed\",\n"
    "  \"properties\":{\"product_id\":\"P-1\",\"name\":\"Rain jacket\",\"price\":89.90,\"currency\":\"EUR\"}}' \\\n  %/v1/track";
static const char ask_snippet[] =
    "curl -u ~: -d '{\"customer\":{\"anonymousId\":\"visitor-1\"},\"recipe\":\"for-you\",\"count\":5}' \\\n  %/v1/recommend";
static const char node_snippet[] =
    "import { Analytics } from '@segment/analytics-node'\n"
    "const analytics = new Analytics({ writeKey: '~', host: '%' })\n"
    "analytics.track({ anonymousId: 'visitor-1', event: 'Product Added',\n"
    "  properties: { product_id: 'P-1', price: 89.90, currency: 'EUR', quantity: 1 } })\n"
    "await analytics.closeAndFlush()";

static void add_snippets(kd_buf *out, kd_request *request, const words *t)
{
    kd_str host = kd_request_header(request, "Host"), key = kd_keys_first_write(request->parts->keys);
    kd_buf address;
    kd_buf_init(&address, request->arena);
    kd_buf_add_z(&address, kd_str_is_nocase(kd_request_header(request, "X-Forwarded-Proto"), "https") ? "https://" : "http://");
    kd_buf_add_str(&address, host.len ? host : KD_STR("127.0.0.1:8080"));
    kd_buf_addf(out, "<h2>%s</h2><p>%s <span class=\"soft\">%s</span></p>", t->send, t->send_note, t->copy);
    add_snippet(out, kd_buf_str(&address), key, track_snippet);
    kd_buf_addf(out, "<h2>%s</h2><p>%s</p>", t->ask, t->ask_note);
    add_snippet(out, kd_buf_str(&address), key, ask_snippet);
    kd_buf_addf(out, "<h2>%s</h2><p>%s</p>", t->node, t->node_note);
    add_snippet(out, kd_buf_str(&address), key, node_snippet);
}

/* No script at all; the one style by its hash, so that nothing else can be slipped in. */
static void add_policy(kd_request *request)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char          text[64];
    kd_buf        policy;
    crypto_hash_sha256(hash, (const unsigned char *)style, sizeof style - 1);
    sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    kd_buf_init(&policy, request->arena);
    kd_buf_addf(&policy, "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", text);
    kd_request_reply_header(request, "Content-Security-Policy", kd_buf_str(&policy));
    kd_request_reply_header(request, "Referrer-Policy", KD_STR("no-referrer"));
    kd_request_reply_header(request, "Vary", KD_STR("Accept-Language"));
}

void kd_api_home(kd_request *request)
{
    const words *t = choose_words(request);
    kd_buf      *out = &request->out;
    bool         in = kd_session_valid(request->parts->keys, kd_request_cookie(request, KD_SESSION_COOKIE));
    request->content_type = "text/html; charset=utf-8";
    request->no_store = true;
    add_policy(request);
    kd_buf_addf(out, "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Kunde</title><style>%s</style></head><body><main>",
                t->lang, style);
    kd_buf_addf(out, "<header><h1>Kunde</h1><a href=\"/?lang=%s\" hreflang=\"%s\" lang=\"%s\">%s</a></header><p>%s</p>", t->other, t->other, t->other, t->other_name, t->lead);
    add_state(out, request, t);
    add_snippets(out, request, t);
    kd_buf_addf(out, "<h2>%s</h2><p>%s</p>", t->door, !in ? t->out : kd_password_is_set(request->parts->keys) ? t->in : t->in_no_password);
    kd_buf_addf(out, "<h2>%s</h2><p><a href=\"/openapi.json\">OpenAPI</a> · <a href=\"/metrics\">Prometheus</a> · <a href=\"/readyz\">Readiness</a></p></main></body></html>\n", t->links);
}
