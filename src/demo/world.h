/* demo/world.h -- the made-up world behind the demo shop: its goods, its people, their tastes. Internal to demo/. */
#ifndef KD_DEMO_WORLD_H
#define KD_DEMO_WORLD_H
#include "base/rng.h"
#include "demo/demo.h"

enum { CATEGORIES = 24, BRANDS = 24, COLORS = 14, STYLES = 5, CUTS = 3, STORES = 3, LIKED_MAX = 4, TOWNS = 20 };

typedef enum size_kind { SIZE_NONE, SIZE_LETTER, SIZE_SHOE } size_kind;
typedef struct category {
    const char *path, *noun, *shape; /* shape: how its picture is drawn */
    size_kind   sizes;
    int         price_low, price_high;   /* euros */
    int         season;              /* day of year of its peak; -1: all year */
    int         again_days;          /* a consumable comes back after so many days; 0: it lasts */
    int         goes_with;           /* category of what is bought along */
    double      share;               /* of the catalogue and of demand */
} category;
typedef struct brand { const char *name; double price; int style; } brand;
typedef struct color { const char *name, *hex; } color;
typedef struct town { const char *name, *postal_code; double latitude, longitude; int store; /* the nearest */ } town;
extern const category demo_categories[CATEGORIES];
extern const brand    demo_brands[BRANDS];
extern const color    demo_colors[COLORS];
extern const town     demo_towns[TOWNS];
extern const char *const demo_styles[STYLES], *const demo_cuts[CUTS], *const demo_letters[6], *const demo_stores[STORES];
enum { SHOE_FIRST = 36, SHOE_LAST = 47 };

typedef struct good {
    uint32_t price_cents;
    uint32_t pair;            /* the good most often bought along */
    uint8_t  category, brand, style, cut, woman, colors, color[3];
    float    appeal;          /* common to everybody; a few goods sell much, most little */
    int16_t  since_day;       /* counted from the start of the history; goods arrive all year */
} good;

typedef struct person {
    uint8_t liked[LIKED_MAX], brand[3], color[2], style, cut, woman, letter, shoe, town;
    uint8_t web, store, mail, logs_in, card;   /* habits, 0 or 1 */
    float   price_feeling;    /* how much a price above the usual repels */
    float   sessions;         /* expected over the whole history */
    float   haste;            /* chance to go from the cart to the order */
} person;

typedef struct world {
    kd_demo_options options;
    int64_t         start_ms;
    good           *goods;
    person         *people;
    uint32_t        of_category[CATEGORIES + 1]; /* goods are sorted by category: rows from..to */
} world;

kd_status demo_world_make(world *out, const kd_demo_options *options, kd_err *err);
void      demo_world_free(world *w);
/* A generator for one thing of the world: the same whatever was drawn elsewhere. */
kd_rng    demo_rng(const world *w, uint32_t what, uint64_t index);
/* How well a good suits a person at a day of the history; larger is better, about -4 to 6. */
double    demo_utility(const world *w, const person *p, const good *g, int day);
void      demo_size_name(char out[8], const good *g, int size_index);
int       demo_size_count(const good *g);
void      demo_good_id(char out[16], uint32_t row);
void      demo_sku(char out[48], const world *w, uint32_t row, int color_index, int size_index);

kd_status demo_put_catalogue(kd_demo_counts *counts, const world *w, const kd_demo_target *to, kd_demo_progress progress, void *self, kd_err *err);
kd_status demo_write_truth(const world *w, kd_err *err);
kd_status demo_live(kd_demo_counts *counts, const world *w, const kd_demo_target *to, kd_demo_progress progress, void *self, kd_err *err);
#endif
