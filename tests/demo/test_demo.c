/* The made-up shop: the same for the same seed to the byte, plausible against its own truth, with pictures that are pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <expat.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "demo/world.h"

enum { CUSTOMERS = 500, PRODUCTS = 400, DAYS = 365 };
static const int64_t end_ms = INT64_C(1767225600000); /* 2026-01-01 */

/* ---- a shop of its own for each making, and what went through its log ---- */

typedef struct made {
    char           folder[64], truth[96];
    kd_store      *store;
    kd_reader     *reader;
    kd_vault      *vault;
    kd_people     *people;
    kd_identity   *identity;
    kd_catalog    *catalog;
    kd_ingest     *ingest;
    kd_demo_counts counts;
    /* by the observer, in the writer's thread */
    uint64_t lines, lines_liked, sized, sized_right, returned, returned_sized, returned_wrong, orders_of_nobody;
    double   chance;             /* lines that would be liked, were goods drawn by chance */
    world    world;              /* made once more, to know who is who */
} made;

/* The simulated person of an event: -1 when it does not tell. */
static int person_of(const kd_fact *fact)
{
    for (size_t i = 0; i < fact->ident_count; i++) {
        for (int p = 0; p < KD_PERSONAS; p++)
            if (kd_str_is(fact->idents[i].value, kd_demo_personas[p].user_id))
                return CUSTOMERS + p;
        static const char *const starts[] = { "c-", "anon-", "K" };
        char                     text[64];
        unsigned                 number;
        snprintf(text, sizeof text, "%.*s", (int)fact->idents[i].value.len, fact->idents[i].value.ptr);
        for (int s = 0; s < 3; s++)
            if (strncmp(text, starts[s], strlen(starts[s])) == 0 && sscanf(text + strlen(starts[s]), "%u", &number) == 1)
                return (int)number - 1;
    }
    return -1;
}

/* The size a sku names, as an index of sizes of the good: -1 when it has none. */
static int size_of(const world *w, uint32_t good_row, kd_str sku)
{
    const good *g = &w->goods[good_row];
    for (int c = 0; c < g->colors; c++)
        for (int s = 0; s < demo_size_count(g); s++) {
            char name[48];
            demo_sku(name, w, good_row, c, s);
            if (kd_str_is(sku, name))
                return demo_size_count(g) > 1 ? s : -1;
        }
    fail_msg("no such sku");
    return -1;
}

static void see_line(made *m, const person *p, const kd_fact_line *sold, bool is_return)
{
    char         id[64];
    unsigned     number;
    double       liked_share = 0;
    snprintf(id, sizeof id, "%.*s", (int)sold->product.len, sold->product.ptr);
    assert_int_equal(sscanf(id, "P%u", &number), 1);
    const good *g = &m->world.goods[number - 1];
    const int   size = size_of(&m->world, number - 1, sold->variant);
    const int   truth = demo_categories[g->category].sizes == SIZE_LETTER ? p->letter : p->shoe - SHOE_FIRST;
    if (is_return) {
        m->returned++;
        m->returned_sized += size >= 0;
        m->returned_wrong += size >= 0 && size != truth;
        return;
    }
    m->lines++;
    m->sized += size >= 0;
    m->sized_right += size >= 0 && size == truth;
    bool liked[CATEGORIES] = { false };
    for (int i = 0; i < LIKED_MAX; i++)
        liked[p->liked[i]] = true;
    m->lines_liked += liked[g->category];
    for (int c = 0; c < CATEGORIES; c++)
        liked_share += liked[c] ? (double)(m->world.of_category[c + 1] - m->world.of_category[c]) / PRODUCTS : 0;
    m->chance += liked_share;
}

static void observe(void *self, const kd_stored *events, size_t count)
{
    made *m = self;
    for (size_t i = 0; i < count; i++) {
        const kd_fact *fact = events[i].fact;
        const int      who = person_of(fact);
        if (fact->kind != KD_KIND_ORDER && fact->kind != KD_KIND_RETURN)
            continue;
        m->orders_of_nobody += fact->kind == KD_KIND_ORDER && who < 0;
        for (size_t l = 0; who >= 0 && l < fact->line_count; l++)
            see_line(m, &m->world.people[who], &fact->lines[l], fact->kind == KD_KIND_RETURN);
    }
}

static int64_t shop_now(void *self) { (void)self; return end_ms; }

static void open_shop(made *m)
{
    char                    path[96], key[96];
    const kd_clock          clock = { shop_now, NULL };
    const kd_store_options  store = { .path = path, .create = true };
    const kd_people_options people = { (size_t)64 << 20, (size_t)32 << 20, kd_profile_caps_default(), false };
    const kd_ingest_options ingest = { .clock = clock };
    kd_err                  err = { 0 };

    *m = (made){ .folder = "/tmp/kd_demo_XXXXXX" };
    assert_non_null(mkdtemp(m->folder));
    snprintf(path, sizeof path, "%s/k.db", m->folder);
    snprintf(key, sizeof key, "%s/k.key", m->folder);
    snprintf(m->truth, sizeof m->truth, "%s/truth.jsonl", m->folder);
    if (kd_store_open(&m->store, &store, &err) != KD_OK || kd_reader_open(&m->reader, m->store, &err) != KD_OK ||
        kd_vault_open(&m->vault, m->store, m->reader, key, NULL, true, &err) != KD_OK || kd_people_open(&m->people, m->store, m->vault, &people, &err) != KD_OK ||
        kd_identity_open(&m->identity, m->store, (size_t)16 << 20, &err) != KD_OK || kd_catalog_open(&m->catalog, m->store, m->reader, clock, &err) != KD_OK ||
        kd_ingest_open(&m->ingest, m->store, m->people, m->identity, m->vault, &ingest, &err) != KD_OK)
        fail_msg("%s", err.msg);
    kd_ingest_observe(m->ingest, observe, m);
    assert_int_equal(kd_ingest_start(m->ingest, NULL, &err), KD_OK);
}

static kd_status make_shop(made *m, uint64_t seed, kd_err *err)
{
    const kd_demo_options options = { CUSTOMERS, PRODUCTS, DAYS, seed, end_ms, m->truth };
    const kd_demo_target  to = { m->store, m->ingest, m->catalog };
    assert_int_equal(demo_world_make(&m->world, &options, err), KD_OK);
    return kd_demo_make(&m->counts, &to, &options, NULL, NULL, err);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void close_shop(made *m)
{
    kd_ingest_close(m->ingest);
    kd_catalog_close(m->catalog);
    kd_identity_close(m->identity);
    kd_people_close(m->people);
    kd_vault_close(m->vault);
    kd_reader_close(m->reader);
    kd_store_close(m->store);
    demo_world_free(&m->world);
    nftw(m->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Two shops of one seed and one of another. */
static made shops[3];

static int make_all(void **state)
{
    static const uint64_t seeds[] = { 11, 11, 12 };
    (void)state;
    kd_log_set_level(KD_LOG_OFF);
    for (int i = 0; i < 3; i++) {
        kd_err err = { 0 };
        open_shop(&shops[i]);
        if (make_shop(&shops[i], seeds[i], &err) != KD_OK) {
            print_message("%s\n", err.msg);
            return -1;
        }
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        close_shop(&shops[i]);
    return 0;
}

/* ---- the same seed ---- */

static uint64_t mix(uint64_t hash, kd_str text)
{
    hash = kd_hash64(&text.len, sizeof text.len, hash);
    return text.len ? kd_hash64(text.ptr, text.len, hash) : hash;
}

/* Of every event, as it was sent and in its order; persons get ids by chance and are left out. */
static uint64_t log_hash(made *m, size_t *count)
{
    kd_arena *arena = kd_arena_new((size_t)256 << 20);
    uint64_t  hash = 1;
    int64_t   after = 0;
    size_t    n;

    *count = 0;
    do {
        kd_event *events = NULL;
        kd_arena_reset(arena);
        assert_int_equal(kd_reader_log(&events, &n, m->reader, 0, after, 1000, true, arena, NULL), KD_OK);
        for (size_t i = 0; i < n; i++) {
            kd_person *owner = NULL;
            kd_str     body;
            kd_fact    fact;
            assert_int_equal(kd_people_acquire(&owner, m->people, m->reader, events[i].person, NULL), KD_OK);
            assert_int_equal(kd_stored_body(&body, &events[i], &owner->key, arena, NULL), KD_OK);
            assert_int_equal(kd_stored_fact(&fact, &events[i], &owner->key, arena, NULL), KD_OK);
            kd_people_release(m->people, owner);
            hash = kd_hash64(events[i].id.b, sizeof events[i].id.b, hash);
            hash = kd_hash64(&events[i].time_ms, sizeof events[i].time_ms, hash);
            hash = kd_hash64(&events[i].received_ms, sizeof events[i].received_ms, hash);
            hash = kd_hash64(&events[i].kind, sizeof events[i].kind, hash);
            hash = mix(mix(hash, fact.order_id), body) + fact.channel + fact.line_count; /* what is sealed differs in its nonce */
            after = events[i].offset;
        }
        *count += n;
    } while (n > 0);
    kd_arena_free(arena);
    return hash;
}

static uint64_t catalogue_hash(made *m)
{
    kd_arena *arena = kd_arena_new((size_t)256 << 20);
    uint64_t  hash = 1, after = 0;
    int64_t   cursor = 0;
    size_t    n;

    do {
        kd_doc *docs = NULL;
        assert_int_equal(kd_reader_docs(&docs, &n, m->reader, after, 500, arena, NULL), KD_OK);
        for (size_t i = 0; i < n; i++) {
            hash = mix(mix(mix(hash, docs[i].kind), docs[i].id), docs[i].body);
            after = docs[i].version;
        }
    } while (n > 0);
    do {
        kd_level *levels = NULL;
        assert_int_equal(kd_reader_levels(&levels, &n, m->reader, &cursor, 5000, arena, NULL), KD_OK);
        for (size_t i = 0; i < n; i++) {
            hash ^= kd_hash64(&levels[i].variant, sizeof levels[i].variant, levels[i].what) * (uint64_t)(levels[i].value + 1) + levels[i].place; /* in any order */
        }
    } while (n > 0);
    kd_arena_free(arena);
    return hash;
}

static kd_str read_truth(const made *m, kd_arena *arena)
{
    FILE  *file = fopen(m->truth, "rb");
    char  *text = kd_arena_alloc(arena, 1 << 20);
    size_t len;
    assert_non_null(file);
    len = fread(text, 1, 1 << 20, file);
    fclose(file);
    return (kd_str){ text, len };
}

static void test_the_same_seed(void **state)
{
    kd_arena *arena = kd_arena_new((size_t)16 << 20);
    size_t    counts[3];
    uint64_t  logs[3], catalogues[3];
    kd_str    truths[3];
    (void)state;
    assert_non_null(arena);
    for (int i = 0; i < 3; i++) {
        logs[i] = log_hash(&shops[i], &counts[i]);
        catalogues[i] = catalogue_hash(&shops[i]);
        truths[i] = read_truth(&shops[i], arena);
        assert_int_equal(counts[i], shops[i].counts.events);
    }
    assert_int_equal(counts[0], counts[1]);
    assert_true(logs[0] == logs[1]);
    assert_true(catalogues[0] == catalogues[1]);
    assert_true(kd_str_eq(truths[0], truths[1]));
    assert_memory_equal(&shops[0].counts, &shops[1].counts, sizeof shops[0].counts);
    assert_true(logs[0] != logs[2] && catalogues[0] != catalogues[2] && !kd_str_eq(truths[0], truths[2]));
    kd_arena_free(arena);
}

/* Twice into the same shop is no second year: every event is known already. */
static void test_once_more_changes_nothing(void **state)
{
    kd_err          err = { 0 };
    kd_ingest_stats before, after;
    kd_demo_counts  counts = shops[2].counts;
    made           *m = &shops[2];
    (void)state;
    kd_ingest_get_stats(&before, m->ingest);
    demo_world_free(&m->world);
    assert_int_equal(make_shop(m, 12, &err), KD_OK);
    for (int tries = 0; tries < 500; tries++) { /* counted after the answer */
        kd_ingest_get_stats(&after, m->ingest);
        if (after.duplicates - before.duplicates == counts.events)
            break;
        usleep(10000);
    }
    assert_int_equal(after.stored, before.stored);
    assert_int_equal(after.duplicates - before.duplicates, counts.events);
}

/* ---- the truth ---- */

static void test_counts(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        const kd_demo_counts *c = &shops[i].counts;
        assert_int_equal(c->customers, CUSTOMERS);
        assert_int_equal(c->products, PRODUCTS);
        assert_true(c->variants > 5 * PRODUCTS);
        assert_in_range(c->events, 12 * CUSTOMERS, 20 * CUSTOMERS); /* about fifteen a customer */
        assert_in_range(c->orders, CUSTOMERS / 2, 3 * CUSTOMERS);
        assert_true(c->order_lines > c->orders && c->order_lines < 3 * c->orders);
        assert_true(c->returns > 0 && c->returns < c->order_lines / 4);
        assert_in_range(shops[i].orders_of_nobody, 1, c->orders / 2); /* the till without a card */
    }
}

static void test_plausible(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i += 2) {
        const made  *m = &shops[i];
        const double liked = (double)m->lines_liked / (double)m->lines, chance = m->chance / (double)m->lines;
        const double right = (double)m->sized_right / (double)m->sized, wrong_returned = (double)m->returned_wrong / (double)m->returned_sized;
        print_message("liked %.2f (by chance %.2f), right size %.2f, wrong among returned %.2f of %llu\n", liked, chance, right, wrong_returned, (unsigned long long)m->returned_sized);
        assert_true(m->lines > 300 && m->sized > 200 && m->returned_sized > 10);
        assert_true(liked > .6 && liked > 2 * chance);
        assert_true(right > .8 && right < .97);
        assert_true(wrong_returned > .4 && wrong_returned > 3 * (1 - right)); /* few are wrong, but they come back */
    }
}

static void test_truth_file(void **state)
{
    kd_arena *arena = kd_arena_new((size_t)16 << 20);
    kd_str    text = read_truth(&shops[0], arena);
    uint32_t  row = 0;
    (void)state;
    while (text.len > 0) {
        const char    *end = memchr(text.ptr, '\n', text.len);
        const kd_json *json = NULL;
        const person  *p = &shops[0].world.people[row];
        char           user[32];
        assert_non_null(end);
        assert_int_equal(kd_json_parse(&json, arena, text.ptr, (size_t)(end - text.ptr), NULL), KD_OK);
        if (++row > CUSTOMERS)
            snprintf(user, sizeof user, "%s", kd_demo_personas[row - CUSTOMERS - 1].user_id);
        else
            snprintf(user, sizeof user, "c-%06u", row % 1000000);
        assert_true(kd_str_is(kd_json_text(kd_json_get(json, "userId")), user));
        assert_true(kd_str_is(kd_json_text(kd_json_get(json, "categories")->child), demo_categories[p->liked[0]].path));
        assert_true(kd_str_is(kd_json_text(kd_json_get(json, "size")), demo_letters[p->letter]));
        text.len -= (size_t)(end + 1 - text.ptr);
        text.ptr = end + 1;
    }
    assert_int_equal(row, CUSTOMERS + KD_PERSONAS);
    kd_arena_free(arena);
}

/* ---- personas ---- */

/* The profile of a persona, by its user id; its whole year is one person's. */
static void persona_profile(kd_profile *out, made *m, const char *user_id)
{
    kd_person *owner = NULL;
    kd_id      id;
    kd_key     key;
    kd_buf     bytes;
    assert_int_equal(kd_key_make(&key, m->vault, KD_KEY_USER, kd_str_z(user_id), NULL), KD_OK);
    assert_int_equal(kd_identity_find(&id, m->identity, m->reader, &key, 1, NULL), KD_OK);
    assert_int_equal(kd_people_acquire(&owner, m->people, m->reader, id, NULL), KD_OK);
    kd_buf_init(&bytes, NULL);
    kd_profile_encode(&bytes, &owner->profile);
    kd_people_release(m->people, owner);
    assert_int_equal(kd_profile_decode(out, kd_buf_str(&bytes), NULL), KD_OK);
    kd_buf_free(&bytes);
}

/* Each has a story that its facts tell: enough orders, the swimmer nothing of winter, the store customer nothing online, ... */
static void test_personas(void **state)
{
    const kd_snapshot *s = kd_snapshot_acquire(shops[0].catalog);
    (void)state;
    for (int p = 0; p < KD_PERSONAS; p++) {
        kd_profile        profile;
        persona_profile(&profile, &shops[0], kd_demo_personas[p].user_id);
        const kd_counter *orders = kd_profile_counter(&profile, KD_KIND_ORDER), *returns = kd_profile_counter(&profile, KD_KIND_RETURN);
        const kd_recent  *lines = kd_profile_recent(&profile, KD_KIND_ORDER);
        print_message("%s: %llu orders, %llu returns, %u lines\n", kd_demo_personas[p].user_id, (unsigned long long)orders->count, (unsigned long long)(returns ? returns->count : 0), lines->count);
        assert_in_range(orders->count, 8, 20);
        assert_true((kd_str_is(kd_str_z(kd_demo_personas[p].user_id), "persona-fashion")) == (returns != NULL && returns->count * 3 > orders->count));
        for (uint32_t i = 0; i < lines->count; i++) {
            const kd_product *product = kd_snapshot_find(s, lines->items[i].product);
            assert_non_null(product);
            if (p == 0)
                assert_false(kd_str_starts(product->category, "Winter"));
            assert_int_equal(lines->items[i].channel == KD_CHANNEL_STORE, p == 4);
        }
        kd_profile_free(&profile);
    }
    kd_snapshot_release(s);
}

static void test_says_it_is_a_demo(void **state)
{
    kd_arena *arena = kd_arena_new(4096);
    kd_str    value;
    (void)state;
    assert_int_equal(kd_reader_meta(&value, shops[0].reader, KD_DEMO_META, arena, NULL), KD_OK);
    assert_true(kd_str_is(value, "1"));
    kd_arena_free(arena);
}

/* ---- pictures ---- */

typedef struct picture_seen { int svg, paths; bool script; } picture_seen;

static void on_element(void *self, const XML_Char *name, const XML_Char **attributes)
{
    picture_seen *seen = self;
    seen->svg += strcmp(name, "svg") == 0;
    seen->script = seen->script || strcmp(name, "script") == 0;
    for (; *attributes; attributes += 2)
        if (strcmp(name, "path") == 0 && strcmp(attributes[0], "d") == 0)
            seen->paths += attributes[1][0] == 'M';
}

static void check_picture(const kd_product *product)
{
    kd_buf       text;
    picture_seen seen = { 0 };
    XML_Parser   parser = XML_ParserCreate("UTF-8");
    kd_buf_init(&text, NULL);
    kd_demo_picture(&text, product, NULL);
    assert_int_equal(kd_buf_status(&text, NULL), KD_OK);
    XML_SetUserData(parser, &seen);
    XML_SetStartElementHandler(parser, on_element);
    if (XML_Parse(parser, text.ptr, (int)text.len, 1) != XML_STATUS_OK)
        fail_msg("%s in %.*s", XML_ErrorString(XML_GetErrorCode(parser)), (int)text.len, text.ptr);
    assert_true(seen.svg == 1 && seen.paths >= 1 && !seen.script);
    XML_ParserFree(parser);
    kd_buf_free(&text);
}

static void test_pictures(void **state)
{
    const kd_snapshot *s = kd_snapshot_acquire(shops[0].catalog);
    kd_product         odd = { .id = KD_STR("\"><script>"), .ref = UINT64_MAX, .category = KD_STR("\"/><script>alert(1)</script>"), .title = KD_STR("&") };
    const kd_variant   variant = { .color = KD_STR("\" onload=\"alert(1)") };
    (void)state;
    assert_int_equal(kd_snapshot_products(s), PRODUCTS);
    for (uint32_t row = 0; row < PRODUCTS; row++)
        check_picture(kd_snapshot_product(s, row));
    check_picture(&odd); /* of a shop that is no demo */
    odd.variants = &variant;
    odd.variant_count = 1;
    check_picture(&odd);
    kd_snapshot_release(s);
}

/* A good in two colours has two pictures. */
static void test_pictures_in_their_colour(void **state)
{
    const kd_snapshot *s = kd_snapshot_acquire(shops[0].catalog);
    size_t             compared = 0;
    (void)state;
    for (uint32_t row = 0; row < PRODUCTS; row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        const kd_variant *last = &p->variants[p->variant_count - 1];
        kd_buf            first_picture, last_picture;
        if (kd_str_eq(p->variants[0].color, last->color))
            continue;
        kd_buf_init(&first_picture, NULL);
        kd_buf_init(&last_picture, NULL);
        kd_demo_picture(&first_picture, p, NULL);
        kd_demo_picture(&last_picture, p, last);
        assert_false(kd_str_eq(kd_buf_str(&first_picture), kd_buf_str(&last_picture)));
        kd_buf_free(&first_picture);
        kd_buf_free(&last_picture);
        compared++;
    }
    assert_true(compared > PRODUCTS / 4);
    kd_snapshot_release(s);
}

static void test_catalogue(void **state)
{
    const kd_snapshot *s = kd_snapshot_acquire(shops[0].catalog);
    double             km = 0;
    (void)state;
    assert_int_equal(kd_snapshot_places(s), 4);
    assert_int_equal(kd_snapshot_contents(s), 12);
    const kd_place *near = kd_snapshot_nearest(s, KD_STR("DE"), KD_STR("24103"), &km); /* Kiel */
    assert_non_null(near);
    assert_true(kd_str_is(near->id, "flensburg") && km > 30 && km < 110);
    for (uint32_t row = 0; row < PRODUCTS; row++) {
        const kd_product *p = kd_snapshot_product(s, row);
        kd_price          price;
        assert_false(p->stub || p->hidden);
        assert_true(p->title.len && p->brand.len && p->category.len && p->image.len && p->variant_count > 0);
        assert_true(kd_price_of(&price, shops[0].catalog, p->variants[0].row) && price.micro >= 4000000);
    }
    kd_snapshot_release(s);
}

/* ---- what fails ---- */

static void test_failures_are_told(void **state)
{
    made   m;
    kd_err err = { 0 };
    (void)state;
    open_shop(&m);
    snprintf(m.truth, sizeof m.truth, "%s/no/such/folder", m.folder);
    assert_int_equal(make_shop(&m, 1, &err), KD_IO);
    assert_non_null(strstr(err.msg, "truth"));
    demo_world_free(&m.world);
    snprintf(m.truth, sizeof m.truth, "%s/truth.jsonl", m.folder);
    assert_int_equal(kd_ingest_stop(m.ingest, NULL), KD_OK); /* events are not taken any more */
    assert_int_not_equal(make_shop(&m, 1, &err), KD_OK);
    assert_true(err.msg[0] != '\0');
    close_shop(&m);
}

/* The smallest shop: most categories have nothing on the shelf. */
static void test_ten_products_one_day(void **state)
{
    made   m;
    kd_err err = { 0 };
    (void)state;
    open_shop(&m);
    const kd_demo_options options = { 40, 10, 1, 5, end_ms, NULL };
    const kd_demo_target  to = { m.store, m.ingest, m.catalog };
    assert_int_equal(demo_world_make(&m.world, &options, &err), KD_OK);
    if (kd_demo_make(&m.counts, &to, &options, NULL, NULL, &err) != KD_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(m.counts.products, 10);
    assert_true(m.counts.events >= 20);
    close_shop(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_seed), cmocka_unit_test(test_counts), cmocka_unit_test(test_plausible), cmocka_unit_test(test_truth_file),
        cmocka_unit_test(test_personas), cmocka_unit_test(test_says_it_is_a_demo), cmocka_unit_test(test_pictures), cmocka_unit_test(test_pictures_in_their_colour), cmocka_unit_test(test_catalogue), cmocka_unit_test(test_once_more_changes_nothing),
        cmocka_unit_test(test_failures_are_told), cmocka_unit_test(test_ten_products_one_day),
    };
    return cmocka_run_group_tests(tests, make_all, close_all);
}
