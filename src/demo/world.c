#include "demo/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const category demo_categories[CATEGORIES] = {
    { "Outdoor > Jackets", "Jacket", "jacket", SIZE_LETTER, 79, 349, 320, 0, 9, .070 },
    { "Outdoor > Fleece", "Fleece", "jacket", SIZE_LETTER, 39, 129, 330, 0, 0, .045 },
    { "Outdoor > Trousers", "Trousers", "trousers", SIZE_LETTER, 49, 159, 150, 0, 3, .050 },
    { "Outdoor > Hiking Boots", "Boots", "shoe", SIZE_SHOE, 99, 259, 200, 0, 20, .055 },
    { "Outdoor > Backpacks", "Backpack", "bag", SIZE_NONE, 49, 229, 170, 0, 5, .040 },
    { "Outdoor > Tents", "Tent", "tent", SIZE_NONE, 149, 599, 180, 0, 6, .020 },
    { "Outdoor > Sleeping Bags", "Sleeping Bag", "bag", SIZE_NONE, 69, 299, 180, 0, 5, .020 },
    { "Swim > Swimsuits", "Swimsuit", "swim", SIZE_LETTER, 29, 89, 180, 0, 8, .045 },
    { "Swim > Goggles", "Goggles", "goggles", SIZE_NONE, 15, 49, 180, 0, 7, .025 },
    { "Winter > Gloves", "Gloves", "glove", SIZE_LETTER, 19, 99, 345, 0, 10, .030 },
    { "Winter > Hats", "Hat", "hat", SIZE_NONE, 15, 49, 345, 0, 9, .035 },
    { "Winter > Ski Underwear", "Ski Underwear", "shirt", SIZE_LETTER, 29, 99, 10, 0, 12, .025 },
    { "Winter > Ski Trousers", "Ski Trousers", "trousers", SIZE_LETTER, 99, 299, 10, 0, 11, .020 },
    { "Fashion > Shirts", "Shirt", "shirt", SIZE_LETTER, 29, 99, -1, 0, 15, .080 },
    { "Fashion > T-Shirts", "T-Shirt", "shirt", SIZE_LETTER, 15, 49, 170, 0, 15, .090 },
    { "Fashion > Jeans", "Jeans", "trousers", SIZE_LETTER, 59, 149, -1, 0, 13, .075 },
    { "Fashion > Dresses", "Dress", "dress", SIZE_LETTER, 49, 179, 160, 0, 18, .050 },
    { "Fashion > Knitwear", "Pullover", "jacket", SIZE_LETTER, 49, 169, 320, 0, 15, .055 },
    { "Fashion > Sneakers", "Sneakers", "shoe", SIZE_SHOE, 59, 159, 110, 0, 20, .075 },
    { "Running > Running Shoes", "Running Shoes", "shoe", SIZE_SHOE, 79, 189, 110, 0, 21, .050 },
    { "Basics > Socks", "Socks", "sock", SIZE_LETTER, 8, 25, -1, 150, 14, .025 },
    { "Running > Energy Bars", "Energy Bars", "box", SIZE_NONE, 12, 30, -1, 45, 22, .010 },
    { "Care > Wash-in Proofing", "Wash-in Proofing", "bottle", SIZE_NONE, 9, 19, 310, 120, 0, .005 },
    { "Care > Sunscreen", "Sunscreen", "bottle", SIZE_NONE, 8, 24, 185, 60, 7, .005 },
};
const brand demo_brands[BRANDS] = {
    { "Nordkap", 1.2, 1 }, { "Fjellrev", 1.3, 4 }, { "Alster", 1.0, 0 }, { "Kiez", .8, 2 }, { "Brandung", 1.0, 1 }, { "Watt & Weite", 1.1, 4 },
    { "Isar", .9, 1 }, { "Lodenhaus", 1.4, 4 }, { "Minima", 1.2, 3 }, { "Plain", .7, 3 }, { "Sprotte", .8, 2 }, { "Kompass", 1.0, 0 },
    { "Gipfel", 1.3, 1 }, { "Deich", .9, 0 }, { "Tidal", 1.1, 1 }, { "Linie 7", .9, 2 }, { "Weber & Sohn", 1.3, 4 }, { "Halde", .7, 2 },
    { "Klar", 1.0, 3 }, { "Bergwerk", 1.1, 1 }, { "Stern", .8, 0 }, { "Ostwind", 1.0, 0 }, { "Moor", 1.2, 3 }, { "Pfad", .9, 1 },
};
const color demo_colors[COLORS] = {
    { "black", "#22262b" }, { "navy", "#1f3a5f" }, { "white", "#f2efe8" }, { "grey", "#8b9299" }, { "red", "#b3372c" }, { "green", "#2f7d4f" }, { "olive", "#6b6e37" },
    { "sand", "#cbb994" }, { "blue", "#4a6fa5" }, { "yellow", "#d9a92f" }, { "orange", "#c8781e" }, { "pink", "#c97b94" }, { "teal", "#0e6b5c" }, { "brown", "#7a5638" },
};
const town demo_towns[TOWNS] = {
    { "Flensburg", "24937", 54.78, 9.44, 0 }, { "Kiel", "24103", 54.32, 10.13, 0 }, { "Husum", "25813", 54.48, 9.05, 0 }, { "Hamburg", "20095", 53.55, 10.00, 1 },
    { "Lübeck", "23552", 53.87, 10.69, 1 }, { "Bremen", "28195", 53.08, 8.81, 1 }, { "Hannover", "30159", 52.37, 9.73, 1 }, { "Berlin", "10115", 52.53, 13.38, 1 },
    { "Leipzig", "04109", 51.34, 12.37, 1 }, { "Dresden", "01067", 51.05, 13.74, 2 }, { "Köln", "50667", 50.94, 6.96, 1 }, { "Dortmund", "44137", 51.51, 7.46, 1 },
    { "Frankfurt", "60311", 50.11, 8.68, 2 }, { "Mainz", "55116", 50.00, 8.27, 2 }, { "Stuttgart", "70173", 48.78, 9.18, 2 }, { "Nürnberg", "90402", 49.45, 11.08, 2 },
    { "Augsburg", "86150", 48.37, 10.89, 2 }, { "München", "80331", 48.14, 11.57, 2 }, { "Rosenheim", "83022", 47.86, 12.12, 2 }, { "Garmisch", "82467", 47.49, 11.10, 2 },
};
const char *const demo_styles[STYLES] = { "classic", "sporty", "urban", "minimal", "heritage" };
const char *const demo_cuts[CUTS] = { "slim", "regular", "relaxed" };
const char *const demo_letters[6] = { "XS", "S", "M", "L", "XL", "XXL" };
const char *const demo_stores[STORES] = { "flensburg", "hamburg", "muenchen" };

kd_rng demo_rng(const world *w, uint32_t what, uint64_t index)
{
    const uint64_t words[3] = { w->options.seed, what, index };
    kd_rng         rng;
    kd_rng_seed(&rng, kd_hash64(words, sizeof words, 0));
    return rng;
}

static int pick_category(kd_rng *rng)
{
    double left = kd_rng_unit(rng);
    for (int c = 0; c < CATEGORIES; c++)
        if ((left -= demo_categories[c].share) < 0)
            return c;
    return 14; /* the shares leave a little: T-shirts */
}

static void make_good(good *g, const world *w, int category_row, uint32_t row)
{
    kd_rng          rng = demo_rng(w, 1, row);
    const category *c = &demo_categories[category_row];

    *g = (good){ .category = (uint8_t)category_row, .brand = (uint8_t)kd_rng_below(&rng, BRANDS) };
    g->style = kd_rng_unit(&rng) < .7 ? (uint8_t)demo_brands[g->brand].style : (uint8_t)kd_rng_below(&rng, STYLES);
    g->cut = (uint8_t)kd_rng_below(&rng, CUTS);
    g->woman = category_row == 16 || kd_rng_below(&rng, 2) == 1;
    const double where = kd_rng_unit(&rng) * .7 + kd_rng_unit(&rng) * .3;
    const double euros = (c->price_low + where * (c->price_high - c->price_low)) * demo_brands[g->brand].price;
    g->price_cents = (uint32_t)(euros < 5 ? 5 : euros) * 100 - 5;
    g->colors = (uint8_t)(c->sizes == SIZE_NONE ? 1 : 1 + kd_rng_below(&rng, 3));
    const uint32_t first_color = kd_rng_below(&rng, COLORS);
    for (uint32_t i = 0; i < g->colors; i++)
        g->color[i] = (uint8_t)((first_color + i * 5) % COLORS);
    g->appeal = (float)(kd_rng_normal(&rng) * .8);
    g->since_day = kd_rng_unit(&rng) < .8 ? (int16_t)-1 : (int16_t)kd_rng_below(&rng, w->options.days);
}

static void make_person(person *p, const world *w, uint32_t row)
{
    kd_rng rng = demo_rng(w, 2, row);

    *p = (person){ .woman = (uint8_t)kd_rng_below(&rng, 2) };
    for (int i = 0; i < LIKED_MAX; i++)
        p->liked[i] = (uint8_t)pick_category(&rng);
    for (int i = 0; i < 3; i++)
        p->brand[i] = (uint8_t)kd_rng_below(&rng, BRANDS);
    for (int i = 0; i < 2; i++)
        p->color[i] = (uint8_t)kd_rng_below(&rng, COLORS);
    p->style = (uint8_t)kd_rng_below(&rng, STYLES);
    p->cut = (uint8_t)kd_rng_below(&rng, CUTS);
    const double build = kd_rng_normal(&rng);
    const double letter = 2.4 + build * 1.1 - (p->woman ? .6 : 0);
    p->letter = (uint8_t)(letter < 0 ? 0 : letter > 5 ? 5 : letter);
    const double shoe = (p->woman ? 38.7 : 43) + build * .7 + kd_rng_normal(&rng);
    p->shoe = (uint8_t)(shoe < SHOE_FIRST ? SHOE_FIRST : shoe > SHOE_LAST ? SHOE_LAST : shoe);
    p->town = (uint8_t)kd_rng_below(&rng, TOWNS);
    const double habit = kd_rng_unit(&rng);
    p->web = habit < .85;
    p->store = habit > .6;
    p->mail = kd_rng_unit(&rng) < .55;
    p->logs_in = kd_rng_unit(&rng) < .8;
    p->card = p->store && kd_rng_unit(&rng) < .7;
    p->price_feeling = (float)(.4 + 1.4 * kd_rng_unit(&rng));
    p->sessions = (float)(kd_rng_gamma(&rng, 1.1) * 2.6 * w->options.days / 365.0);
    p->haste = (float)(.25 + .5 * kd_rng_unit(&rng));
}

/* The good of the companion category that matches best in style and brand tier: what a good salesperson would bring. */
static uint32_t find_pair(const world *w, uint32_t row)
{
    const good *g = &w->goods[row];
    const int   with = demo_categories[g->category].goes_with;
    const uint32_t from = w->of_category[with], to = w->of_category[with + 1];
    kd_rng      rng = demo_rng(w, 3, row);

    if (from == to)
        return row;
    uint32_t best = from;
    double   best_fit = -1e9;
    for (int i = 0; i < 12; i++) {
        const uint32_t at = from + kd_rng_below(&rng, to - from);
        const double   fit = w->goods[at].appeal + (w->goods[at].style == g->style) + (w->goods[at].brand == g->brand) + (w->goods[at].woman == g->woman) * 2.0;
        if (at != row && fit > best_fit) {
            best_fit = fit;
            best = at;
        }
    }
    return best;
}

kd_status demo_world_make(world *out, const kd_demo_options *options, kd_err *err)
{
    world          w = { .options = *options, .start_ms = options->end_ms - options->days * KD_DAY_MS };
    const uint32_t goods = options->products;

    w.goods = calloc(goods, sizeof *w.goods);
    w.people = calloc((size_t)options->customers + KD_PERSONAS, sizeof *w.people);
    if (w.goods == NULL || w.people == NULL) {
        demo_world_free(&w);
        return kd_fail_memory(err);
    }
    double   until = 0;
    uint32_t row = 0;
    for (int c = 0; c < CATEGORIES; c++) {
        until += demo_categories[c].share;
        w.of_category[c] = row;
        const uint32_t last = c + 1 == CATEGORIES ? goods : (uint32_t)(until * goods);
        for (; row < last && row < goods; row++)
            make_good(&w.goods[row], &w, c, row);
    }
    w.of_category[CATEGORIES] = goods;
    for (uint32_t g = 0; g < goods; g++)
        w.goods[g].pair = find_pair(&w, g);
    for (uint32_t p = 0; p < options->customers; p++)
        make_person(&w.people[p], &w, p);
    for (int p = 0; p < KD_PERSONAS; p++)
        demo_persona(&w.people[options->customers + (uint32_t)p], p);
    *out = w;
    return KD_OK;
}

void demo_world_free(world *w)
{
    free(w->goods);
    free(w->people);
    w->goods = NULL;
    w->people = NULL;
}

double demo_utility(const world *w, const person *p, const good *g, int day)
{
    const category *c = &demo_categories[g->category];
    double          u = g->appeal;

    u += (g->brand == p->brand[0]) * 1.2 + (g->brand == p->brand[1]) * .9 + (g->brand == p->brand[2]) * .6;
    u += (g->style == p->style) * .9 + (g->cut == p->cut) * .4;
    for (int i = 0; i < g->colors; i++)
        u += (g->color[i] == p->color[0]) * .7 + (g->color[i] == p->color[1]) * .4;
    if (c->sizes != SIZE_NONE)
        u -= (g->woman != p->woman) * 3.0;
    u -= p->price_feeling * (g->price_cents / 100.0 / (.5 * (c->price_low + c->price_high)) - 1.0);
    if (c->season >= 0) {
        const int    day_of_year = (int)(kd_day(w->start_ms) + day) % 365;
        const int    apart = abs(day_of_year - c->season);
        u += .8 * cos((apart > 182 ? 365 - apart : apart) * 3.14159265 / 182.0);
    }
    return u;
}

uint32_t demo_pick_good(const world *w, const person *p, kd_rng *rng, int category_row, int day)
{
    const uint32_t from = w->of_category[category_row], to = w->of_category[category_row + 1];
    uint32_t       best = UINT32_MAX;
    double         best_value = 0;

    for (int i = 0; from < to && i < CONSIDERED; i++) {
        const uint32_t row = from + kd_rng_below(rng, to - from);
        const good    *g = &w->goods[row];
        const double   value = demo_utility(w, p, g, day) - log(kd_rng_exponential(rng)) * .7;
        if (g->since_day <= day && (best == UINT32_MAX || value > best_value)) {
            best = row;
            best_value = value;
        }
    }
    return best;
}

int demo_size_count(const good *g)
{
    switch (demo_categories[g->category].sizes) {
    case SIZE_LETTER: return 6;
    case SIZE_SHOE: return SHOE_LAST - SHOE_FIRST + 1;
    default: return 1;
    }
}

void demo_size_name(char out[8], const good *g, int size_index)
{
    switch (demo_categories[g->category].sizes) {
    case SIZE_LETTER: snprintf(out, 8, "%s", demo_letters[size_index]); break;
    case SIZE_SHOE: snprintf(out, 8, "%u", (SHOE_FIRST + (unsigned)size_index) % 100); break;
    default: out[0] = '\0';
    }
}

void demo_names(names *out, const world *w, uint32_t row)
{
    static const char *const first_names[] = { "Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hannes", "Ida", "Jan", "Karla", "Lars", "Mia", "Nils", "Olga", "Paul" };
    static const char *const last_names[] = { "Petersen", "Schmidt", "Weber", "Hansen", "Maier", "Koch", "Wagner", "Jensen", "Bauer", "Wolf", "Klein", "Neumann" };

    *out = (names){ .first = first_names[row % 16], .last = last_names[row / 16 % 12] };
    if (row < w->options.customers) {
        snprintf(out->user, sizeof out->user, "c-%06u", row + 1);
        snprintf(out->anonymous, sizeof out->anonymous, "anon-%06u", row + 1);
        snprintf(out->email, sizeof out->email, "c%06u@example.com", row + 1);
        if (w->people[row].card)
            snprintf(out->card, sizeof out->card, "K%07u", row + 1);
        return;
    }
    const kd_demo_persona *persona = &kd_demo_personas[row - w->options.customers];
    out->first = persona->first;
    out->last = persona->last;
    snprintf(out->user, sizeof out->user, "%s", persona->user_id);
    snprintf(out->anonymous, sizeof out->anonymous, "anon-%s", persona->user_id);
    snprintf(out->email, sizeof out->email, "%s@example.com", persona->user_id);
    snprintf(out->card, sizeof out->card, "%s", persona->card);
}

void demo_good_id(char out[16], uint32_t row) { snprintf(out, 16, "P%05u", row + 1); }

void demo_sku(char out[48], const world *w, uint32_t row, int color_index, int size_index)
{
    const good *g = &w->goods[row];
    char        size[8];

    demo_size_name(size, g, size_index);
    snprintf(out, 48, "P%05u-%s%s%s", row + 1, demo_colors[g->color[color_index]].name, size[0] ? "-" : "", size);
}
