/* The parts of /me where the shopper tells us something: sizes, favourites, appearance, channels, pause. */
#include "api/html.h"
#include "api/me.h"

typedef struct telling { kd_buf *out; kd_request *request; const kd_me *me; const kd_me_known *known; bool german; } telling;

static void say(const telling *t, const char *english, const char *german) { kd_html_text(t->out, kd_str_z(t->german ? german : english)); }

static void begin_form(const telling *t, const char *group)
{
    kd_html(t->out, "<form method=\"post\" action=\"/me/preferences\"><input type=\"hidden\" name=\"csrf\"");
    kd_html_attr(t->out, "value", kd_str_z(t->me->csrf));
    kd_html(t->out, "><input type=\"hidden\" name=\"group\"");
    kd_html_attr(t->out, "value", kd_str_z(group));
    kd_html(t->out, ">");
}

static void end_form(const telling *t)
{
    kd_html(t->out, "<button class=\"main\">");
    say(t, "Save", "Speichern");
    kd_html(t->out, "</button></form>");
}

static kd_str stated_json(const telling *t, kd_str name)
{
    const kd_profile *p = &t->known->profile;
    for (uint32_t i = 0; i < p->stated_count; i++)
        if (kd_str_eq(p->stated[i].name, name))
            return p->stated[i].value;
    return (kd_str){ 0 };
}

/* The parsed value of a preference; NULL: not said. */
static const kd_json *stated(const telling *t, kd_str name)
{
    const kd_str   json = stated_json(t, name);
    const kd_json *node = NULL;
    return json.len && kd_json_parse(&node, t->request->arena, json.ptr, json.len, NULL) == KD_OK && node->type != KD_JSON_NULL ? node : NULL;
}

static bool is_among(const kd_json *list, kd_str text)
{
    for (const kd_json *n = kd_json_is(list, KD_JSON_ARRAY) ? list->child : NULL; n; n = n->next)
        if (kd_str_eq(kd_json_text(n), text))
            return true;
    return false;
}

static void tick(const telling *t, kd_str name, kd_str value, kd_str label, bool checked)
{
    kd_html(t->out, "<label><input type=\"checkbox\"");
    kd_html_attr(t->out, "name", name);
    kd_html_attr(t->out, "value", value);
    kd_html(t->out, checked ? " checked>" : ">");
    kd_html_text(t->out, label);
    kd_html(t->out, "</label>");
}

/* All there is to choose, and what was chosen before although the shop no longer has it. `names` lists the arrays of the form, so that one
 * without any tick is known to be empty. */
static void ticks(const telling *t, kd_str name, const char *english, const char *german, kd_str about, const kd_choice *choices, size_t count)
{
    const kd_json *chosen = stated(t, name);
    if (count == 0 && chosen == NULL)
        return;
    kd_html(t->out, "<fieldset><legend>");
    say(t, english, german);
    if (about.len) {
        kd_html(t->out, " – ");
        kd_html_text(t->out, about);
    }
    kd_html(t->out, "</legend><input type=\"hidden\" name=\"names\"");
    kd_html_attr(t->out, "value", name);
    kd_html(t->out, "><div class=\"ticks\">");
    for (size_t i = 0; i < count; i++)
        tick(t, name, choices[i].text, choices[i].text, is_among(chosen, choices[i].text));
    for (const kd_json *n = kd_json_is(chosen, KD_JSON_ARRAY) ? chosen->child : NULL; n; n = n->next) {
        bool offered = false;
        for (size_t i = 0; i < count && !offered; i++)
            offered = kd_str_eq(choices[i].text, kd_json_text(n));
        if (!offered)
            tick(t, name, kd_json_text(n), kd_json_text(n), true);
    }
    kd_html(t->out, "</div></fieldset>");
}

typedef struct option { const char *value, *english, *german; } option;

/* The first option's value is empty: nothing said. */
static void choose(const telling *t, const char *name, const char *english, const char *german, const option *options, size_t count)
{
    const kd_str json = stated_json(t, kd_str_z(name));
    const kd_str value = json.len > 1 && json.ptr[0] == '"' ? (kd_str){ json.ptr + 1, json.len - 2 } : json;
    kd_html(t->out, "<label class=\"line\"><span>");
    say(t, english, german);
    kd_html(t->out, "</span><select");
    kd_html_attr(t->out, "name", kd_str_z(name));
    kd_html(t->out, ">");
    for (size_t i = 0; i < count; i++) {
        kd_html(t->out, "<option");
        kd_html_attr(t->out, "value", kd_str_z(options[i].value));
        kd_html(t->out, kd_str_is(value, options[i].value) ? " selected>" : ">");
        say(t, options[i].english, options[i].german);
        kd_html(t->out, "</option>");
    }
    kd_html(t->out, "</select></label>");
}

#define CHOOSE(t, name, english, german, ...) choose(t, name, english, german, (const option[]){ __VA_ARGS__ }, sizeof((const option[]){ __VA_ARGS__ }) / sizeof(option))

static void write_sizes(const telling *t, const kd_choices *c)
{
    kd_html(t->out, "<h3>");
    say(t, "Your sizes", "Ihre Größen");
    kd_html(t->out, "</h3><p class=\"soft\">");
    say(t, "We then show only what is there in one of them.", "Wir zeigen dann nur, was es in einer davon gibt.");
    kd_html(t->out, "</p>");
    begin_form(t, "sizes");
    for (size_t d = 0; d < c->department_count; d++) {
        kd_buf name;
        kd_buf_init(&name, t->request->arena);
        kd_stated_name_make(&name, KD_STATED_SIZE, (kd_str){ 0 }, c->departments[d].name);
        ticks(t, kd_buf_str(&name), "Size", "Größe", c->departments[d].name, c->departments[d].sizes, c->departments[d].size_count);
    }
    ticks(t, KD_STR("size"), "Size, everywhere", "Größe, überall", (kd_str){ 0 }, NULL, 0);
    end_form(t);
}

static void write_favourites(const telling *t, const kd_choices *c)
{
    kd_html(t->out, "<h3>");
    say(t, "Your favourites", "Was Sie mögen");
    kd_html(t->out, "</h3><p class=\"soft\">");
    say(t, "What you tick counts more than anything we guess, from the next page on.", "Was Sie ankreuzen, zählt mehr als alles, was wir schätzen, und zwar ab der nächsten Seite.");
    kd_html(t->out, "</p>");
    begin_form(t, "likes");
    ticks(t, KD_STR("color"), "Colours", "Farben", (kd_str){ 0 }, c->colors, c->color_count);
    ticks(t, KD_STR("brand"), "Brands", "Marken", (kd_str){ 0 }, c->brands, c->brand_count);
    ticks(t, KD_STR("category"), "Categories", "Bereiche", (kd_str){ 0 }, c->categories, c->category_count);
    CHOOSE(t, "surprise", "Surprise me", "Überraschen Sie mich", { "", "Not said", "Nicht gesagt" }, { "0", "Not at all", "Gar nicht" }, { "0.25", "A little: every eighth thing", "Ein wenig: jedes achte Stück" },
           { "0.5", "Some: every fourth thing", "Etwas: jedes vierte Stück" }, { "1", "Much: every second thing", "Viel: jedes zweite Stück" });
    end_form(t);
}

static void write_appearance(const telling *t)
{
    const kd_str start = t->known->stated.start_page;
    kd_html(t->out, "<h3>");
    say(t, "How the shop looks for you", "Wie der Laden für Sie aussieht");
    kd_html(t->out, "</h3>");
    begin_form(t, "appearance");
    CHOOSE(t, "theme", "Light or dark", "Hell oder dunkel", { "", "Not said", "Nicht gesagt" }, { "auto", "As my device", "Wie mein Gerät" }, { "light", "Light", "Hell" }, { "dark", "Dark", "Dunkel" });
    CHOOSE(t, "layout", "Layout", "Darstellung", { "", "Not said", "Nicht gesagt" }, { "grid", "Grid", "Raster" }, { "list", "List", "Liste" }, { "large", "Large pictures", "Große Bilder" });
    CHOOSE(t, "language", "Language", "Sprache", { "", "Not said", "Nicht gesagt" }, { "en", "English", "English" }, { "de", "Deutsch", "Deutsch" });
    kd_html(t->out, "<label class=\"line\"><span>");
    say(t, "Begin at this page of the shop", "Mit dieser Seite des Ladens beginnen");
    kd_html(t->out, "</span><input type=\"text\" name=\"startPage\" maxlength=\"80\" placeholder=\"/\"");
    kd_html_attr(t->out, "value", start);
    kd_html(t->out, "></label>");
    end_form(t);
}

/* What is not to be shown, each with a way back. */
static void write_hidden(const telling *t)
{
    const kd_profile *p = &t->known->profile;
    bool              begun = false;
    for (uint32_t i = 0; i < p->stated_count; i++) {
        kd_stated_name name;
        if (!kd_str_is(p->stated[i].value, "true") || kd_stated_name_parse(&name, p->stated[i].name, t->request->arena, NULL) != KD_OK ||
            (name.kind != KD_STATED_NOT_PRODUCT && name.kind != KD_STATED_NOT_CATEGORY))
            continue;
        if (!begun) {
            kd_html(t->out, "<h3>");
            say(t, "Not for you", "Nichts für Sie");
            kd_html(t->out, "</h3><ul class=\"rows\">");
        }
        begun = true;
        kd_html(t->out, "<li><span class=\"what\">");
        const kd_snapshot *s = kd_snapshot_acquire(t->request->parts->catalog);
        const kd_variant  *variant;
        const kd_product  *product = name.kind == KD_STATED_NOT_PRODUCT ? kd_snapshot_find_any(s, kd_ref_of(name.about), &variant) : NULL;
        kd_html_text(t->out, product && product->title.len ? product->title : name.about);
        kd_snapshot_release(s);
        kd_html(t->out, "</span><form method=\"post\" action=\"/me/not-for-me\"><input type=\"hidden\" name=\"csrf\"");
        kd_html_attr(t->out, "value", kd_str_z(t->me->csrf));
        kd_html(t->out, name.kind == KD_STATED_NOT_PRODUCT ? "><input type=\"hidden\" name=\"product\"" : "><input type=\"hidden\" name=\"category\"");
        kd_html_attr(t->out, "value", name.about);
        kd_html(t->out, "><input type=\"hidden\" name=\"value\" value=\"false\"><button class=\"small\">");
        say(t, "Show it again", "Wieder zeigen");
        kd_html(t->out, "</button></form></li>");
    }
    if (begun)
        kd_html(t->out, "</ul>");
}

kd_status kd_me_write_told(kd_request *request, const kd_me *me, const kd_me_known *known, const kd_snapshot *s, bool german, kd_err *err)
{
    const telling     t = { &request->out, request, me, known, german };
    const kd_choices *choices = kd_me_choices(request->arena, s, err);
    if (choices == NULL)
        return KD_LIMIT;
    kd_html(t.out, "<section id=\"told\"><h2>");
    say(&t, "What you told us", "Was Sie uns gesagt haben");
    kd_html(t.out, "</h2>");
    write_sizes(&t, choices);
    write_favourites(&t, choices);
    write_appearance(&t);
    write_hidden(&t);
    kd_html(t.out, "</section>");
    return KD_OK;
}

static void write_topics(const telling *t, const kd_choices *c)
{
    if (c == NULL || c->topic_count == 0)
        return;
    kd_html(t->out, "<fieldset><legend>");
    say(t, "Topics", "Themen");
    kd_html(t->out, "</legend><div class=\"ticks\">");
    for (size_t i = 0; i < c->topic_count; i++) {
        kd_buf name;
        kd_buf_init(&name, t->request->arena);
        kd_stated_name_make(&name, KD_STATED_TOPIC, (kd_str){ 0 }, c->topics[i].text);
        kd_html(t->out, "<input type=\"hidden\" name=\"switches\"");
        kd_html_attr(t->out, "value", kd_buf_str(&name));
        kd_html(t->out, ">");
        tick(t, kd_buf_str(&name), KD_STR("true"), c->topics[i].text, kd_str_is(stated_json(t, kd_buf_str(&name)), "true"));
    }
    kd_html(t->out, "</div></fieldset>");
}

void kd_me_write_send(kd_request *request, const kd_me *me, const kd_me_known *known, bool german)
{
    const telling     t = { &request->out, request, me, known, german };
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    const kd_choices  *choices = kd_me_choices(request->arena, s, NULL);
    kd_snapshot_release(s);
    kd_html(t.out, "<section id=\"send\"><h2>");
    say(&t, "What we send you", "Was wir Ihnen senden");
    kd_html(t.out, "</h2><p class=\"soft\">");
    say(&t, "Whether we may write at all you decide under Consents; here, by which way and how often.",
        "Ob wir überhaupt schreiben dürfen, entscheiden Sie unter Einwilligungen; hier, auf welchem Weg und wie oft.");
    kd_html(t.out, "</p>");
    begin_form(&t, "send");
    CHOOSE(&t, "channel.email", "E-mail", "E-Mail", { "", "Not said", "Nicht gesagt" }, { "true", "Yes", "Ja" }, { "false", "No", "Nein" });
    CHOOSE(&t, "channel.post", "Post", "Post", { "", "Not said", "Nicht gesagt" }, { "true", "Yes", "Ja" }, { "false", "No", "Nein" });
    CHOOSE(&t, "channel.push", "Messages on the phone", "Nachrichten auf das Telefon", { "", "Not said", "Nicht gesagt" }, { "true", "Yes", "Ja" }, { "false", "No", "Nein" });
    CHOOSE(&t, "frequency", "How often", "Wie oft", { "", "Not said", "Nicht gesagt" }, { "often", "Often", "Häufig" }, { "normal", "Now and then", "Ab und zu" }, { "seldom", "Seldom", "Selten" });
    write_topics(&t, choices);
    end_form(&t);
    kd_html(t.out, "<h3>");
    say(&t, "Pause", "Pause");
    kd_html(t.out, "</h3><p>");
    if (known->stated.paused)
        say(&t, "The shop treats you like somebody it has never met. Nothing is chosen for you.", "Der Laden behandelt Sie wie jemanden, den er nicht kennt. Nichts wird für Sie ausgewählt.");
    else
        say(&t, "You can have the shop treat you like a stranger for as long as you want. Nothing is lost.", "Sie können sich vom Laden wie Unbekannte behandeln lassen, so lange Sie möchten. Nichts geht verloren.");
    kd_html(t.out, "</p><form method=\"post\" action=\"/me/pause\"><input type=\"hidden\" name=\"csrf\"");
    kd_html_attr(t.out, "value", kd_str_z(me->csrf));
    kd_html(t.out, known->stated.paused ? "><input type=\"hidden\" name=\"paused\" value=\"false\"><button>" : "><input type=\"hidden\" name=\"paused\" value=\"true\"><button>");
    say(&t, known->stated.paused ? "Know me again" : "Pause", known->stated.paused ? "Mich wieder kennen" : "Pausieren");
    kd_html(t.out, "</button></form></section>");
}
