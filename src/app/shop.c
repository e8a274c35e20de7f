/* What a new shop starts with. */
#include "app/engine.h"

kd_status kd_shop_first_placements(kd_store *store, int64_t now_ms, kd_err *err)
{
    static const struct { const char *id, *body; } placements[] = {
        { "home", "{\"title\":\"For you\",\"kind\":\"recommendation\",\"recipe\":\"for-you\",\"count\":10}" },
        { "product", "{\"title\":\"Bought together\",\"kind\":\"recommendation\",\"recipe\":\"also-bought\",\"count\":6}" },
        { "cart", "{\"title\":\"Goes with your cart\",\"kind\":\"recommendation\",\"recipe\":\"cart\",\"count\":4}" },
        { "trending", "{\"title\":\"In demand now\",\"kind\":\"recommendation\",\"recipe\":\"trending\",\"count\":10}" },
        { "service", "{\"title\":\"Service\",\"kind\":\"content\",\"content\":{\"text\":\"Free returns within 30 days.\",\"textDe\":\"Kostenlose Rückgabe innerhalb von 30 Tagen.\"}}" },
    };
    enum { COUNT = sizeof placements / sizeof *placements };
    kd_doc docs[COUNT] = { 0 };

    for (size_t i = 0; i < COUNT; i++)
        docs[i] = (kd_doc){ .kind = KD_STR("placement"), .id = kd_str_z(placements[i].id), .valid_from_ms = now_ms, .body = kd_str_z(placements[i].body) };
    return kd_store_docs_put(store, docs, COUNT, err);
}
