/* demo/world.h -- the made-up world behind the demo shop: its goods, its people, their tastes. Internal to demo/. */
#ifndef KD_DEMO_WORLD_H
#define KD_DEMO_WORLD_H
#include "base/rng.h"
#include "demo/demo.h"

enum { CATEGORIES = 24, BRANDS = 24, COLORS = 14, STYLES = 5, CUTS = 3, STORES = 3, LIKED_MAX = 4, TOWNS = 20, CONSIDERED = 10 };

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

typedef struct line { uint32_t good; uint8_t color, size; } line; /* of an order or a look: indexes of the good's colours and sizes */

typedef struct world {
    kd_demo_options options;
    int64_t         start_ms;
    good           *goods;
    person         *people;     /* the customers, then the KD_PERSONAS of the storefront */
    uint32_t        of_category[CATEGORIES + 1]; /* goods are sorted by category: rows from..to */
} world;

kd_status demo_world_make(world *out, const kd_demo_options *options, kd_err *err);
void      demo_world_free(world *w);
/* A generator for one thing of the world: the same whatever was drawn elsewhere. */
kd_rng    demo_rng(const world *w, uint32_t what, uint64_t index);
/* How well a good suits a person at a day of the history; larger is better, about -4 to 6. */
double    demo_utility(const world *w, const person *p, const good *g, int day);
/* The best of a few that come to sight, with some whim: a logit choice (Gumbel noise). UINT32_MAX: the shelf is empty. */
uint32_t  demo_pick_good(const world *w, const person *p, kd_rng *rng, int category_row, int day);
void      demo_size_name(char out[8], const good *g, int size_index);
int       demo_size_count(const good *g);
void      demo_good_id(char out[16], uint32_t row);
void      demo_sku(char out[48], const world *w, uint32_t row, int color_index, int size_index);

/* How the shop's systems know the person in a row of `people`. */
typedef struct names { char user[32], anonymous[40], card[16], email[48]; const char *first, *last; } names;
void      demo_names(names *out, const world *w, uint32_t row);

/* persona.c: what the personas do, told in advance and in the order of time; live.c makes it happen among the rest. */
typedef enum deed_kind { DEED_HOME, DEED_LOGIN, DEED_LOOK, DEED_ADD, DEED_READ, DEED_MAIL, DEED_ORDER, DEED_TILL, DEED_RETURN } deed_kind;
enum { DEED_LINES = 4, DEED_ORDERS = 64 };
typedef struct deed {
    int64_t     time_ms;
    uint8_t     persona, kind, line_count;
    uint8_t     quantity;            /* of each line */
    uint16_t    order;               /* of this persona, from 1: of an order and of what comes back of it */
    const char *about;               /* DEED_READ: the content's id */
    line        lines[DEED_LINES];
} deed;
void      demo_persona(person *out, int persona);
kd_status demo_deeds(deed **out, size_t *count, const world *w, kd_err *err); /* free() them */

kd_status demo_put_catalogue(kd_demo_counts *counts, const world *w, const kd_demo_target *to, kd_demo_progress progress, void *self, kd_err *err);
kd_status demo_write_truth(const world *w, kd_err *err);
kd_status demo_live(kd_demo_counts *counts, const world *w, const kd_demo_target *to, kd_demo_progress progress, void *self, kd_err *err);
#endif
