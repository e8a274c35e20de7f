/* GET /me/how: by which rules and models the shop chooses. Public, for everybody, nothing personal; read off the placements and the model
 * in force, so that it cannot say anything else than what runs. */
#include "api/handlers.h"
#include "api/html.h"
#include "api/me.h"

static const struct { const char *words[2]; } recipes[KD_RECIPE_COUNT] = {
    [KD_RECIPE_FOR_YOU] = { { "what goes with what you told us, bought, put into the cart, wished for or looked at", "was zu dem passt, was Sie uns gesagt, gekauft, in den Warenkorb gelegt, gewünscht oder angesehen haben" } },
    [KD_RECIPE_ALSO_BOUGHT] = { { "what others bought together with the thing on the page", "was andere zusammen mit dem gezeigten Stück gekauft haben" } },
    [KD_RECIPE_ALSO_VIEWED] = { { "what others looked at besides the thing on the page", "was andere außer dem gezeigten Stück angesehen haben" } },
    [KD_RECIPE_VIEWED_THEN_BOUGHT] = { { "what others bought after they had looked at the thing on the page", "was andere kauften, nachdem sie das gezeigte Stück angesehen hatten" } },
    [KD_RECIPE_CART] = { { "what others bought with the things in the cart", "was andere zu den Dingen im Warenkorb gekauft haben" } },
    [KD_RECIPE_POPULAR] = { { "what sells best; the same for everybody", "was sich am besten verkauft; für alle gleich" } },
    [KD_RECIPE_TRENDING] = { { "what is in demand just now; the same for everybody", "was gerade gefragt ist; für alle gleich" } },
    [KD_RECIPE_RECENTLY_VIEWED] = { { "what you looked at lately", "was Sie zuletzt angesehen haben" } },
};

static const struct { const char *words[2]; } rules[] = {
    { { "What you told us counts more than anything we guess.", "Was Sie uns gesagt haben, zählt mehr als alles, was wir schätzen." } },
    { { "What you bought is not shown again, unless it is used up and bought anew.", "Was Sie gekauft haben, wird nicht noch einmal gezeigt, außer es wird verbraucht und nachgekauft." } },
    { { "Shown is only what is in stock; where your size is known, in your size.", "Gezeigt wird nur, was vorrätig ist; wo Ihre Größe bekannt ist, in Ihrer Größe." } },
    { { "What you marked as not for you is never shown. What was a gift says nothing about your taste.", "Was Sie als nichts für Sie bezeichnet haben, wird nie gezeigt. Was ein Geschenk war, sagt nichts über Ihren Geschmack." } },
    { { "Products that may say something about health, faith or intimacy are used for choosing only if you allowed it.", "Produkte, die etwas über Gesundheit, Glauben oder Intimes aussagen können, werden nur mit Ihrer Erlaubnis zum Auswählen genutzt." } },
    { { "Prices are the same for everybody: nothing on this list changes a price.", "Preise sind für alle gleich: Nichts auf dieser Liste ändert einen Preis." } },
    { { "Each choice leaves a receipt with its reasons; you find the last ones on your page.", "Jede Auswahl hinterlässt einen Beleg mit ihren Gründen; die letzten finden Sie auf Ihrer Seite." } },
};

static void write_places(kd_buf *out, const kd_placements *placements, bool german)
{
    kd_html(out, "<ul class=\"rows\">");
    for (size_t i = 0; placements && i < kd_placements_count(placements); i++) {
        const kd_placement *p = kd_placements_at(placements, i);
        if (!p->live)
            continue;
        kd_html(out, "<li><span class=\"what\"><strong>");
        kd_html_text(out, p->title.len ? p->title : p->id);
        kd_html(out, "</strong><span class=\"from\">");
        if (p->kind == KD_PLACEMENT_CONTENT)
            kd_html_text(out, kd_str_z(german ? "derselbe Inhalt für alle" : "the same content for everybody"));
        else
            kd_html_text(out, kd_str_z(recipes[p->recipe].words[german]));
        kd_html(out, "</span></span></li>");
    }
    kd_html(out, "</ul>");
}

static void write_model(kd_buf *out, const kd_model *model, bool german)
{
    char time[25];
    if (model == NULL) {
        kd_html_text(out, kd_str_z(german ? "Noch wurde kein Modell gelernt; gezeigt wird, was gefragt und was neu ist." : "No model was learned yet; shown is what is in demand and what is new."));
        return;
    }
    kd_time_format(time, (int64_t)kd_model_version(model));
    kd_html_text(out, kd_str_z(german ? "Eine Tabelle, welche Dinge von denselben Leuten gekauft und angesehen werden. Sie enthält keine Personen. Gelernt am "
                                      : "A table of which things are bought and looked at by the same people. It holds no persons. Learned on "));
    kd_buf_add(out, time, 10);
    kd_buf_addf(out, german ? ", für %u Produkte." : ", for %u products.", kd_model_item_count(model));
}

void kd_me_how(kd_request *request)
{
    const bool           german = kd_me_german(request, NULL);
    const kd_placements *placements = kd_parts_placements(request->parts);
    const kd_model      *model = kd_recommender_model(request->parts->recommender);
    kd_buf              *out = &request->out;
    kd_me_page_begin(request, german, german ? "Wie der Laden auswählt" : "How the shop chooses", NULL);
    kd_html(out, german ? "<header class=\"top\"><a href=\"/me\">Zu Ihrer Seite</a><a href=\"/me/how?lang=en\" hreflang=\"en\" lang=\"en\">English</a></header><main><h1>Wie der Laden auswählt</h1>"
                        : "<header class=\"top\"><a href=\"/me\">To your page</a><a href=\"/me/how?lang=de\" hreflang=\"de\" lang=\"de\">Deutsch</a></header><main><h1>How the shop chooses</h1>");
    kd_html(out, german ? "<section><h2>Was überall gilt</h2><ul>" : "<section><h2>What holds everywhere</h2><ul>");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        kd_html(out, "<li>");
        kd_html_text(out, kd_str_z(rules[i].words[german]));
        kd_html(out, "</li>");
    }
    kd_html(out, german ? "</ul></section><section><h2>Wo etwas ausgewählt wird</h2>" : "</ul></section><section><h2>Where something is chosen</h2>");
    write_places(out, placements, german);
    kd_html(out, german ? "</section><section><h2>Was gelernt wurde</h2><p>" : "</section><section><h2>What was learned</h2><p>");
    write_model(out, model, german);
    kd_html(out, "</p></section></main>");
    kd_me_page_end(request);
    if (placements)
        kd_placements_release(placements);
    if (model)
        kd_model_release(model);
}
