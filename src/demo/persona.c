/* Five customers with a story: who they are, and their year as a table of days. What they take from the shelf is chosen as the
 * other customers choose (demo_pick_good), so that the stories fit whatever catalogue the options make. */
#include "demo/world.h"

#include <stdlib.h>

enum { SWIMMER, MOTHER, RUNNER, FASHION, STORE };

const kd_demo_persona kd_demo_personas[KD_PERSONAS] = {
    [SWIMMER] = { "persona-swimmer", "Svea", "Thomsen", "Flensburg", "24937", "", "flensburg" },
    [MOTHER] = { "persona-mother", "Katrin", "Wolters", "Hannover", "30159", "", "hamburg" },
    [RUNNER] = { "persona-runner", "Tarek", "Aydin", "Köln", "50667", "", "hamburg" },
    [FASHION] = { "persona-fashion", "Clara", "Vogt", "Berlin", "10115", "", "hamburg" },
    [STORE] = { "persona-store", "Josef", "Huber", "München", "80331", "KP-2017-0417", "muenchen" },
};

/* Rows of demo_categories, brands and colours, by name. */
enum { JACKETS = 0, FLEECE = 1, HIKING_TROUSERS = 2, BOOTS = 3, BACKPACKS = 4, SWIMSUITS = 7, GOGGLES = 8, GLOVES = 9, HATS = 10, SHIRTS = 13, T_SHIRTS = 14, JEANS = 15, DRESSES = 16,
       KNITWEAR = 17, SNEAKERS = 18, RUNNING = 19, SOCKS = 20, BARS = 21, PROOFING = 22, SUNSCREEN = 23, NOTHING = CATEGORIES };
enum { FJELLREV = 1, ALSTER = 2, KIEZ = 3, BRANDUNG = 4, ISAR = 6, LODENHAUS = 7, MINIMA = 8, PLAIN = 9, SPROTTE = 10, KOMPASS = 11, GIPFEL = 12, DEICH = 13, TIDAL = 14, LINIE_7 = 15, KLAR = 18, PFAD = 23 };
enum { BLACK = 0, NAVY = 1, GREY = 3, OLIVE = 6, BLUE = 8, YELLOW = 9, ORANGE = 10, PINK = 11, TEAL = 12 };
enum { XS, S, M, L, XL };

static const person characters[KD_PERSONAS] = {
    [SWIMMER] = { .liked = { SWIMSUITS, GOGGLES, SUNSCREEN, T_SHIRTS }, .brand = { BRANDUNG, TIDAL, DEICH }, .color = { TEAL, NAVY }, .style = 1, .cut = 0, .woman = 1, .letter = M, .shoe = 39, .town = 0,
                  .web = 1, .mail = 0, .logs_in = 1, .price_feeling = .7F, .sessions = 16, .haste = .7F },
    [MOTHER] = { .liked = { T_SHIRTS, SNEAKERS, FLEECE, SOCKS }, .brand = { SPROTTE, PLAIN, ALSTER }, .color = { YELLOW, PINK }, .style = 2, .cut = 1, .woman = 1, .letter = XS, .shoe = 36, .town = 6,
                 .web = 1, .mail = 1, .logs_in = 1, .price_feeling = 1.6F, .sessions = 14, .haste = .6F },
    [RUNNER] = { .liked = { BARS, RUNNING, SOCKS, T_SHIRTS }, .brand = { PFAD, ISAR, KOMPASS }, .color = { ORANGE, BLACK }, .style = 1, .cut = 0, .woman = 0, .letter = L, .shoe = 44, .town = 10,
                 .web = 1, .mail = 1, .logs_in = 1, .price_feeling = .6F, .sessions = 15, .haste = .8F },
    [FASHION] = { .liked = { DRESSES, KNITWEAR, JEANS, SHIRTS }, .brand = { MINIMA, LINIE_7, KLAR }, .color = { BLACK, BLUE }, .style = 3, .cut = 1, .woman = 1, .letter = S, .shoe = 38, .town = 7,
                  .web = 1, .mail = 1, .logs_in = 1, .price_feeling = .4F, .sessions = 24, .haste = .6F },
    [STORE] = { .liked = { BOOTS, JACKETS, HIKING_TROUSERS, PROOFING }, .brand = { GIPFEL, LODENHAUS, FJELLREV }, .color = { OLIVE, GREY }, .style = 4, .cut = 2, .woman = 0, .letter = XL, .shoe = 45, .town = 17,
                .web = 1, .store = 1, .mail = 1, .logs_in = 1, .card = 1, .price_feeling = .5F, .sessions = 10, .haste = .4F },
};

void demo_persona(person *out, int persona) { *out = characters[persona]; }

/* ---- a year in days ---- */

typedef enum how { ONLINE, /* looks, and orders what is bought */ BASKET, /* leaves it in the cart */ TILL, MAIL } how;
typedef struct day {
    int16_t     ago;             /* days before the end of the history */
    uint8_t     how;
    uint8_t     wants[DEED_LINES]; /* categories, until NOTHING; the same one twice: the same good in another size */
    const char *fits;            /* of each want: '.' the person's own size, '+' one larger, 'a' to 'd' see sizes_of() */
    const char *fate;            /* of each want: '-' only looked at, 'b' bought, 'r' bought and sent back */
    uint8_t     quantity;
    const char *read;            /* a content seen before; NULL */
} day;
#define WANTS(...) { __VA_ARGS__ }

static const day swimmer[] = {
    { 352, ONLINE, WANTS(SWIMSUITS, SWIMSUITS, GOGGLES, NOTHING), ".+.", "br-", 1, "article-swim" }, { 331, ONLINE, WANTS(GOGGLES, NOTHING), ".", "b", 1, "guide-goggles" },
    { 297, ONLINE, WANTS(T_SHIRTS, SWIMSUITS, NOTHING), "..", "b-", 1, NULL },                       { 262, ONLINE, WANTS(SWIMSUITS, GOGGLES, NOTHING), "..", "b-", 1, NULL },
    { 233, ONLINE, WANTS(SUNSCREEN, SWIMSUITS, NOTHING), "..", "b-", 2, "guide-sun" },               { 204, ONLINE, WANTS(SNEAKERS, T_SHIRTS, NOTHING), "..", "-b", 1, NULL },
    { 176, ONLINE, WANTS(SUNSCREEN, SWIMSUITS, NOTHING), "..", "bb", 1, NULL },                      { 148, ONLINE, WANTS(GOGGLES, SWIMSUITS, NOTHING), "..", "--", 1, NULL },
    { 119, ONLINE, WANTS(SUNSCREEN, GOGGLES, NOTHING), "..", "bb", 1, NULL },                        { 83, ONLINE, WANTS(SWIMSUITS, SWIMSUITS, NOTHING), ".+", "b-", 1, "article-swim" },
    { 54, ONLINE, WANTS(FLEECE, T_SHIRTS, NOTHING), "..", "b-", 1, NULL },                           { 26, ONLINE, WANTS(SWIMSUITS, GOGGLES, NOTHING), "..", "b-", 1, NULL },
    { 9, ONLINE, WANTS(GOGGLES, SWIMSUITS, NOTHING), "..", "--", 1, NULL },                          { 2, BASKET, WANTS(GOGGLES, SWIMSUITS, NOTHING), "..", "b-", 1, "guide-goggles" },
};
static const day mother[] = { /* Mia and Lotte grow: a, b until spring, c, d since */
    { 348, ONLINE, WANTS(T_SHIRTS, T_SHIRTS, SOCKS, NOTHING), "aba", "bbb", 1, NULL },  { 322, ONLINE, WANTS(GLOVES, GLOVES, HATS, NOTHING), "ab.", "bbb", 1, "video-gloves" },
    { 290, ONLINE, WANTS(SNEAKERS, SNEAKERS, NOTHING), "ab", "bb", 1, NULL },           { 263, MAIL, WANTS(NOTHING), "", "", 1, NULL },
    { 251, ONLINE, WANTS(FLEECE, FLEECE, JACKETS, NOTHING), "abc", "bb-", 1, NULL },    { 214, ONLINE, WANTS(SWIMSUITS, SWIMSUITS, SUNSCREEN, NOTHING), "ab.", "brb", 1, "guide-sun" },
    { 190, ONLINE, WANTS(T_SHIRTS, T_SHIRTS, NOTHING), "cd", "bb", 1, NULL },           { 158, ONLINE, WANTS(SNEAKERS, SNEAKERS, NOTHING), "cd", "bb", 1, NULL },
    { 131, ONLINE, WANTS(SOCKS, SOCKS, BACKPACKS, NOTHING), "cd.", "bbb", 1, NULL },    { 101, MAIL, WANTS(NOTHING), "", "", 1, NULL },
    { 88, ONLINE, WANTS(JACKETS, JACKETS, NOTHING), "cd", "bb", 1, "guide-layers" },    { 52, ONLINE, WANTS(T_SHIRTS, T_SHIRTS, NOTHING), "cd", "bb", 1, NULL },
    { 23, ONLINE, WANTS(FLEECE, FLEECE, GLOVES, NOTHING), "cdc", "bb-", 1, NULL },      { 5, ONLINE, WANTS(GLOVES, HATS, SNEAKERS, NOTHING), "c.c", "---", 1, NULL },
};
static const day runner[] = { /* bars every six weeks, socks twice a year, shoes when they are worn out */
    { 359, ONLINE, WANTS(BARS, SOCKS, NOTHING), "..", "bb", 2, NULL },    { 340, ONLINE, WANTS(RUNNING, RUNNING, NOTHING), ".+", "b-", 1, "article-run" },
    { 314, ONLINE, WANTS(BARS, NOTHING), ".", "b", 2, NULL },             { 269, ONLINE, WANTS(BARS, T_SHIRTS, NOTHING), "..", "bb", 2, NULL },
    { 240, MAIL, WANTS(NOTHING), "", "", 1, NULL },                       { 223, ONLINE, WANTS(BARS, SOCKS, NOTHING), "..", "b-", 2, NULL },
    { 209, ONLINE, WANTS(SOCKS, NOTHING), ".", "b", 2, NULL },            { 178, ONLINE, WANTS(BARS, SUNSCREEN, NOTHING), "..", "bb", 2, "guide-sun" },
    { 169, ONLINE, WANTS(RUNNING, NOTHING), ".", "b", 1, NULL },          { 133, ONLINE, WANTS(BARS, T_SHIRTS, NOTHING), "..", "b-", 2, NULL },
    { 97, MAIL, WANTS(NOTHING), "", "", 1, NULL },                        { 89, ONLINE, WANTS(BARS, NOTHING), ".", "b", 2, NULL },
    { 58, ONLINE, WANTS(SOCKS, NOTHING), ".", "b", 2, NULL },             { 44, ONLINE, WANTS(BARS, RUNNING, NOTHING), "..", "b-", 2, NULL },
    { 12, ONLINE, WANTS(RUNNING, T_SHIRTS, NOTHING), "..", "--", 1, NULL }, { 3, ONLINE, WANTS(RUNNING, NOTHING), ".", "-", 1, "article-run" },
};
static const day fashion[] = { /* between S and M: she orders both, one goes back */
    { 355, ONLINE, WANTS(DRESSES, DRESSES, KNITWEAR, NOTHING), ".+.", "rb-", 1, NULL },   { 339, ONLINE, WANTS(JEANS, JEANS, SHIRTS, NOTHING), ".+.", "br-", 1, "guide-jeans" },
    { 318, ONLINE, WANTS(KNITWEAR, KNITWEAR, NOTHING), ".+", "br", 1, "article-wool" },   { 301, MAIL, WANTS(NOTHING), "", "", 1, NULL },
    { 284, ONLINE, WANTS(SNEAKERS, SHIRTS, DRESSES, NOTHING), "...", "bb-", 1, NULL },    { 257, ONLINE, WANTS(DRESSES, DRESSES, NOTHING), ".+", "br", 1, NULL },
    { 236, ONLINE, WANTS(SHIRTS, SHIRTS, JEANS, NOTHING), "+..", "rb-", 1, NULL },        { 211, ONLINE, WANTS(DRESSES, SNEAKERS, NOTHING), "+.", "rb", 1, NULL },
    { 187, ONLINE, WANTS(T_SHIRTS, T_SHIRTS, DRESSES, NOTHING), ".+.", "br-", 1, NULL },  { 160, MAIL, WANTS(NOTHING), "", "", 1, NULL },
    { 149, ONLINE, WANTS(JEANS, JEANS, NOTHING), ".+", "rb", 1, NULL },                   { 122, ONLINE, WANTS(DRESSES, KNITWEAR, SHIRTS, NOTHING), "...", "r--", 1, NULL },
    { 98, ONLINE, WANTS(KNITWEAR, KNITWEAR, SNEAKERS, NOTHING), ".+.", "brb", 1, NULL },  { 71, ONLINE, WANTS(DRESSES, DRESSES, NOTHING), ".+", "br", 1, NULL },
    { 47, ONLINE, WANTS(SHIRTS, JEANS, NOTHING), "+.", "r-", 1, NULL },                   { 29, ONLINE, WANTS(KNITWEAR, DRESSES, NOTHING), "..", "b-", 1, NULL },
    { 14, ONLINE, WANTS(DRESSES, KNITWEAR, SHIRTS, NOTHING), "...", "---", 1, NULL },     { 6, ONLINE, WANTS(SNEAKERS, JEANS, DRESSES, NOTHING), "...", "---", 1, NULL },
    { 1, BASKET, WANTS(DRESSES, KNITWEAR, NOTHING), "..", "b-", 1, NULL },
};
static const day store[] = { /* joined online once for the card; since then at the till */
    { 347, ONLINE, WANTS(BACKPACKS, NOTHING), ".", "-", 1, NULL },               { 338, TILL, WANTS(BOOTS, SOCKS, NOTHING), "..", "bb", 1, NULL },
    { 302, TILL, WANTS(HIKING_TROUSERS, NOTHING), ".", "b", 1, NULL },           { 276, MAIL, WANTS(NOTHING), "", "", 1, NULL },
    { 253, TILL, WANTS(JACKETS, PROOFING, NOTHING), "..", "bb", 1, NULL },       { 218, TILL, WANTS(SHIRTS, NOTHING), ".", "b", 1, NULL },
    { 181, TILL, WANTS(BACKPACKS, SOCKS, NOTHING), "..", "bb", 1, NULL },        { 141, TILL, WANTS(PROOFING, HIKING_TROUSERS, NOTHING), "..", "bb", 1, NULL },
    { 109, MAIL, WANTS(NOTHING), "", "", 1, NULL },                              { 93, TILL, WANTS(FLEECE, NOTHING), ".", "b", 1, NULL },
    { 60, TILL, WANTS(GLOVES, HATS, NOTHING), "..", "bb", 1, NULL },             { 34, TILL, WANTS(PROOFING, SOCKS, NOTHING), "..", "bb", 1, NULL },
    { 18, ONLINE, WANTS(BOOTS, JACKETS, NOTHING), "..", "--", 1, "guide-boots" },
};
#define YEAR(days) { days, sizeof days / sizeof *days }
static const struct { const day *days; size_t count; } years[KD_PERSONAS] = {
    [SWIMMER] = YEAR(swimmer), [MOTHER] = YEAR(mother), [RUNNER] = YEAR(runner), [FASHION] = YEAR(fashion), [STORE] = YEAR(store),
};

/* ---- from days to deeds ---- */

typedef struct diary {
    const world *w;
    deed        *deeds;
    size_t       count;
    kd_rng       rng;
    int64_t      now_ms;
    uint32_t     last[CATEGORIES];   /* the good last chosen of each, to buy again; UINT32_MAX: none */
    uint16_t     orders;
    uint8_t      persona;
} diary;

/* A deed more than any day makes: home, login, content, a look and an addition of each want, the order, its returns. */
enum { DEEDS_A_DAY = 4 + 3 * DEED_LINES };

static deed *add(diary *d, deed_kind kind, int pause_s)
{
    deed *one = &d->deeds[d->count++];
    d->now_ms += (int64_t)pause_s * 1000;
    *one = (deed){ .time_ms = d->now_ms, .persona = d->persona, .kind = (uint8_t)kind, .quantity = 1 };
    return one;
}

/* The letter or shoe size as an index of the good's sizes. Letters a to d: two children before and after a year's growth. */
static uint8_t size_of(const diary *d, const good *g, char fit)
{
    static const uint8_t children[4][2] = { { XS, 36 }, { S, 38 }, { S, 37 }, { M, 40 } };
    const person        *p = &characters[d->persona];
    const bool           child = fit >= 'a' && fit <= 'd';
    const int            letter = (child ? children[fit - 'a'][0] : p->letter) + (fit == '+'), shoe = (child ? children[fit - 'a'][1] : p->shoe) + (fit == '+');

    switch (demo_categories[g->category].sizes) {
    case SIZE_LETTER: return (uint8_t)letter;
    case SIZE_SHOE: return (uint8_t)(shoe - SHOE_FIRST);
    default: return 0;
    }
}

/* False: the shelf is empty. Consumables are bought again; the same category twice in a day is one good in two sizes. */
static bool choose(line *out, diary *d, const day *on, int want)
{
    const person *p = &characters[d->persona];
    const int     category_row = on->wants[want];
    const bool    again = demo_categories[category_row].again_days != 0 || (want > 0 && on->wants[want - 1] == category_row);
    const int     history_day = (int)((d->now_ms - d->w->start_ms) / KD_DAY_MS);
    uint32_t      row = again ? d->last[category_row] : UINT32_MAX;

    for (int tries = 0; row == UINT32_MAX && tries < 4; tries++) {
        row = demo_pick_good(d->w, p, &d->rng, category_row, history_day);
        if (row == d->last[category_row] && tries < 3)
            row = UINT32_MAX; /* something new */
    }
    if (row == UINT32_MAX)
        return false;
    const good *g = &d->w->goods[row];
    *out = (line){ .good = row, .size = size_of(d, g, on->fits[want]) };
    for (int c = 0; c < g->colors; c++)
        if (g->color[c] == p->color[0] || (g->color[c] == p->color[1] && g->color[out->color] != p->color[0]))
            out->color = (uint8_t)c;
    d->last[category_row] = row;
    return true;
}

static void send_back(diary *d, const line *l, uint16_t order)
{
    const int64_t now_ms = d->now_ms;
    const int     days = 5 + (int)kd_rng_below(&d->rng, 6);

    if (now_ms + days * KD_DAY_MS >= d->w->options.end_ms)
        return;
    deed *back = add(d, DEED_RETURN, days * 86400);
    back->order = order;
    back->lines[0] = *l;
    back->line_count = 1;
    d->now_ms = now_ms;
}

static void spend(diary *d, const day *on)
{
    line    chosen[DEED_LINES], bought[DEED_LINES];
    char    fate[DEED_LINES];
    uint8_t count = 0, taken = 0;

    for (int want = 0; want < DEED_LINES && on->wants[want] != NOTHING; want++)
        if (choose(&chosen[count], d, on, want))
            fate[count++] = on->fate[want];
    for (uint8_t i = 0; i < count; i++) {
        for (int step = 0; on->how != TILL && step < (fate[i] == '-' ? 1 : 2); step++) {
            deed *one = add(d, step == 0 ? DEED_LOOK : DEED_ADD, 15 + (int)kd_rng_below(&d->rng, 70));
            one->lines[0] = chosen[i];
            one->line_count = 1;
            one->quantity = step == 0 ? 1 : on->quantity;
        }
        if (fate[i] != '-')
            bought[taken++] = chosen[i];
    }
    if (taken == 0 || on->how == BASKET)
        return;
    deed *order = add(d, on->how == TILL ? DEED_TILL : DEED_ORDER, 120);
    order->order = ++d->orders;
    order->quantity = on->quantity;
    order->line_count = taken;
    memcpy(order->lines, bought, taken * sizeof *bought);
    for (uint8_t i = 0; i < count; i++)
        if (fate[i] == 'r')
            send_back(d, &chosen[i], d->orders);
}

static void live_through(diary *d, const day *on, bool *logged_in)
{
    const int64_t midnight_ms = d->w->options.end_ms - on->ago * KD_DAY_MS;
    const bool    sunday = (kd_day(midnight_ms) + 4) % 7 == 0; /* shops are closed then: the day before */
    const double  hour = on->how == TILL ? 10 + 5 * kd_rng_unit(&d->rng) : 17.5 + 4.5 * kd_rng_unit(&d->rng);

    d->now_ms = midnight_ms - (on->how == TILL && sunday ? KD_DAY_MS : 0) + (int64_t)(hour * 3600e3);
    if (d->now_ms < d->w->start_ms)
        return;
    if (on->how == MAIL) {
        if (*logged_in)
            add(d, DEED_MAIL, 0);
        return;
    }
    if (on->how != TILL) {
        add(d, DEED_HOME, 0);
        if (!*logged_in)
            add(d, DEED_LOGIN, 20);
        *logged_in = true;
        if (on->read != NULL)
            add(d, DEED_READ, 45)->about = on->read;
    }
    spend(d, on);
}

kd_status demo_deeds(deed **out, size_t *count, const world *w, kd_err *err)
{
    size_t days = 0;

    for (int p = 0; p < KD_PERSONAS; p++)
        days += years[p].count;
    diary d = { .w = w, .deeds = calloc(days * DEEDS_A_DAY, sizeof *d.deeds) };
    if (d.deeds == NULL)
        return kd_fail_memory(err);
    for (int p = 0; p < KD_PERSONAS; p++) {
        bool logged_in = false;
        d.persona = (uint8_t)p;
        d.orders = 0;
        d.rng = demo_rng(w, 10, (uint64_t)p);
        for (int c = 0; c < CATEGORIES; c++)
            d.last[c] = UINT32_MAX;
        for (size_t i = 0; i < years[p].count; i++)
            live_through(&d, &years[p].days[i], &logged_in);
    }
    *out = d.deeds;
    *count = d.count;
    return KD_OK;
}
