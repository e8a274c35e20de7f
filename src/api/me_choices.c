/* What the shop has to choose from: departments with their sizes, colours, brands, categories, topics; the most frequent ones. Found by one
 * walk over the catalogue, kept until it changes, and at least some seconds, for a catalogue that changes all the time. */
#include "api/me.h"

#include <stdlib.h>

enum { KEEP_MS = 10000, TALLY_MAX = 4096, ARENA_BYTES = 512 * 1024 };

typedef struct entry { kd_ref of, value; uint32_t products; uint16_t attribute; } entry;
typedef struct tally { entry *items; size_t count; } tally; /* open addressing, TALLY_MAX slots; what finds no room is rare and left out */

static void add(tally *t, uint16_t attribute, kd_ref of, kd_ref value)
{
    size_t at = (size_t)((value ^ of * 31 ^ (uint64_t)attribute << 40) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % TALLY_MAX;
    if (value == 0)
        return;
    for (size_t tries = 0; tries < 32; tries++, at = (at + 1) % TALLY_MAX) {
        entry *e = &t->items[at];
        if (e->products == 0 && t->count < TALLY_MAX * 3 / 4) {
            *e = (entry){ of, value, 0, attribute };
            t->count++;
        }
        if (e->products == 0 && e->value == 0)
            return;
        if (e->value == value && e->of == of && e->attribute == attribute) {
            e->products++;
            return;
        }
    }
}

static void count_product(tally *t, const kd_product *p)
{
    add(t, 0, 0, p->department);
    for (uint16_t i = 0; i < p->attr_count; i++)
        add(t, p->attrs[i].attribute, 0, p->attrs[i].value);
    for (uint16_t v = 0; v < p->variant_count; v++) {
        bool again = false;
        for (uint16_t before = 0; before < v && !again; before++)
            again = p->facings[before].size == p->facings[v].size;
        if (!again)
            add(t, KD_ATTR_SIZE, p->department, p->facings[v].size);
        for (uint16_t i = 0; i < p->variants[v].attr_count; i++)
            if (p->variants[v].attrs[i].attribute == KD_ATTR_COLOR)
                add(t, KD_ATTR_COLOR, 0, p->variants[v].attrs[i].value);
    }
}

static int more_products(const void *a, const void *b)
{
    const kd_choice *x = a, *y = b;
    return x->products != y->products ? (x->products > y->products ? -1 : 1) : kd_str_cmp(x->text, y->text);
}

static int by_text(const void *a, const void *b) { return kd_str_cmp(((const kd_choice *)a)->text, ((const kd_choice *)b)->text); }

/* XS before S before M; numbers by value; else by text. */
static int by_size(const void *a, const void *b)
{
    static const char *const letters[] = { "XXS", "XS", "S", "M", "L", "XL", "XXL", "2XL", "3XL", "4XL" };
    const kd_str x = ((const kd_choice *)a)->text, y = ((const kd_choice *)b)->text;
    size_t       rank_x = 99, rank_y = 99;
    double       number_x, number_y;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        rank_x = kd_str_is_nocase(x, letters[i]) ? i : rank_x;
        rank_y = kd_str_is_nocase(y, letters[i]) ? i : rank_y;
    }
    if (rank_x != rank_y)
        return rank_x < rank_y ? -1 : 1;
    if (kd_str_f64(&number_x, x) && kd_str_f64(&number_y, y) && number_x != number_y)
        return number_x < number_y ? -1 : 1;
    return kd_str_cmp(x, y);
}

/* The `max` most frequent of one attribute. */
static size_t pick(kd_choice *out, size_t max, const tally *t, uint16_t attribute, kd_ref of, const kd_snapshot *s, kd_arena *arena)
{
    kd_choice all[TALLY_MAX / 4];
    size_t    count = 0;
    for (size_t i = 0; i < TALLY_MAX && count < TALLY_MAX / 4; i++) {
        const entry *e = &t->items[i];
        if (e->products == 0 || e->attribute != attribute || e->of != of)
            continue;
        const kd_str text = kd_snapshot_value_text(s, e->value);
        if (text.len > 0 && text.len <= KD_STATED_TEXT_MAX)
            all[count++] = (kd_choice){ text, e->products };
    }
    if (count > 1)
        qsort(all, count, sizeof *all, more_products);
    count = count < max ? count : max;
    if (count > 1)
        qsort(all, count, sizeof *all, by_text);
    for (size_t i = 0; i < count; i++)
        out[i] = (kd_choice){ kd_str_copy(arena, all[i].text), all[i].products };
    return count;
}

static void gather(kd_choices *out, tally *t, const kd_snapshot *s, kd_arena *arena)
{
    const uint16_t topic = kd_snapshot_attribute_by_name(s, KD_STR("topic"));
    kd_choice      departments[KD_CHOICE_DEPARTMENTS_MAX];
    for (uint32_t row = 0; row < kd_snapshot_products(s); row++) {
        kd_snapshot_walk_ahead(s, row);
        const kd_product *p = kd_snapshot_product(s, row);
        if (!p->hidden && !p->stub && p->sensitive == 0) /* what says much about somebody is not held out to be ticked */
            count_product(t, p);
    }
    for (uint32_t row = 0; topic && row < kd_snapshot_contents(s); row++) {
        const kd_content *c = kd_snapshot_content(s, row);
        for (uint16_t i = 0; !c->hidden && i < c->attr_count; i++)
            if (c->attrs[i].attribute == topic)
                add(t, topic, 0, c->attrs[i].value);
    }
    out->color_count = pick(out->colors, KD_CHOICE_VALUES_MAX, t, KD_ATTR_COLOR, 0, s, arena);
    out->brand_count = pick(out->brands, KD_CHOICE_VALUES_MAX, t, KD_ATTR_BRAND, 0, s, arena);
    out->category_count = pick(out->categories, KD_CHOICE_VALUES_MAX, t, KD_ATTR_CATEGORY, 0, s, arena);
    out->topic_count = topic ? pick(out->topics, KD_CHOICE_VALUES_MAX, t, topic, 0, s, arena) : 0;
    const size_t count = pick(departments, KD_CHOICE_DEPARTMENTS_MAX, t, 0, 0, s, arena);
    for (size_t d = 0; d < count; d++) {
        const size_t at = out->department_count;
        out->departments[at].name = departments[d].text;
        out->departments[at].size_count = pick(out->departments[at].sizes, KD_CHOICE_SIZES_MAX, t, KD_ATTR_SIZE, kd_ref_of(departments[d].text), s, arena);
        if (out->departments[at].size_count > 1)
            qsort(out->departments[at].sizes, out->departments[at].size_count, sizeof(kd_choice), by_size);
        out->department_count += out->departments[at].size_count > 1; /* one size is no choice */
    }
}

static struct {
    pthread_mutex_t lock;
    uint64_t        version;
    uint32_t        products;
    int64_t         made_ms;
    bool            made;
    kd_arena       *arena;   /* of the texts in `choices` */
    kd_choices      choices;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void make(const kd_snapshot *snapshot, int64_t now_ms)
{
    tally t = { .items = calloc(TALLY_MAX, sizeof *t.items) };
    if (kept.arena == NULL)
        kept.arena = kd_arena_new(ARENA_BYTES);
    if (t.items && kept.arena) {
        kd_arena_reset(kept.arena);
        memset(&kept.choices, 0, sizeof kept.choices);
        gather(&kept.choices, &t, snapshot, kept.arena);
        kept.version = kd_snapshot_version(snapshot);
        kept.products = kd_snapshot_products(snapshot);
        kept.made_ms = now_ms;
        kept.made = true;
    }
    free(t.items);
}

static void copy_texts(kd_choice *list, size_t count, kd_arena *arena)
{
    for (size_t i = 0; i < count; i++)
        list[i].text = kd_str_copy(arena, list[i].text);
}

const kd_choices *kd_me_choices(kd_arena *arena, const kd_snapshot *snapshot, kd_err *err)
{
    kd_choices   *out = KD_NEW(arena, kd_choices, 1);
    const int64_t now_ms = kd_monotonic_us() / 1000;
    if (!out) {
        kd_fail_memory(err);
        return NULL;
    }
    pthread_mutex_lock(&kept.lock); /* one walk at a time; who comes meanwhile waits for it */
    const bool same = kept.version == kd_snapshot_version(snapshot) && kept.products == kd_snapshot_products(snapshot);
    if (!kept.made || (!same && now_ms - kept.made_ms > KEEP_MS))
        make(snapshot, now_ms);
    *out = kept.choices;
    copy_texts(out->colors, out->color_count, arena);
    copy_texts(out->brands, out->brand_count, arena);
    copy_texts(out->categories, out->category_count, arena);
    copy_texts(out->topics, out->topic_count, arena);
    for (size_t d = 0; d < out->department_count; d++) {
        out->departments[d].name = kd_str_copy(arena, out->departments[d].name);
        copy_texts(out->departments[d].sizes, out->departments[d].size_count, arena);
    }
    pthread_mutex_unlock(&kept.lock);
    return out;
}
