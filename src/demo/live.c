/* The demo's year: visits in the order of time, each with the events that a shop's systems would send. */
#include "demo/world.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS_PER_WRITE = 2000, WRITE_ARENA_BYTES = 256 << 20, LOOKED_AT_MAX = 12, BASKET_MAX = 5, OWNED_MAX = 12, TEXT_MAX = 4096 };

typedef enum visit_kind { VISIT_WEB, VISIT_STORE, VISIT_MAIL, VISIT_RETURN, VISIT_TILL_RETURN, VISIT_AGAIN, VISIT_PERSONA } visit_kind;
typedef struct visit { int64_t time_ms; uint32_t person, good, order /* of a persona: its deed */; uint8_t kind; uint8_t serial; uint16_t variant; } visit;
typedef struct visits { visit *items; size_t count, capacity; } visits;

typedef struct life { /* what the simulation remembers of a person */
    uint32_t owned[OWNED_MAX];
    uint8_t  owned_count, known; /* known: logged in before */
} life;

/* Events on their way to the writer. There are two: while one is written, the other is filled. */
typedef struct crate {
    kd_submission   submission; /* first: done() gets its address */
    kd_arena       *arena;
    kd_incoming    *events;
    pthread_mutex_t lock;
    pthread_cond_t  back;
    bool            away;       /* under lock, as is what came of it */
    kd_status       status;
    kd_err          err;
} crate;

typedef struct run {
    const world          *w;
    const kd_demo_target *to;
    kd_demo_counts       *counts;
    life                 *lives;
    const deed           *deeds;    /* of the personas, and the numbers that their orders got */
    uint32_t              persona_orders[KD_PERSONAS][DEED_ORDERS];
    visits                future;   /* returns and reorders: a heap by time */
    crate                 crates[2];
    crate                *filling;
    size_t                event_count;   /* in it */
    uint32_t              orders;
    uint64_t              message;
    kd_err               *err;
    kd_status             status;
} run;

/* ---- the calendar ---- */

static bool push(visits *v, visit one)
{
    if (v->count == v->capacity) {
        const size_t capacity = v->capacity ? v->capacity * 2 : 1024;
        visit       *more = realloc(v->items, capacity * sizeof *more);
        if (more == NULL)
            return false;
        v->items = more;
        v->capacity = capacity;
    }
    v->items[v->count++] = one;
    return true;
}

static bool earlier(const visit *a, const visit *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    if (a->person != b->person)
        return a->person < b->person;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->kind == VISIT_PERSONA ? a->order < b->order : a->serial < b->serial;
}

static int compare_visits(const void *a, const void *b) { return earlier(a, b) ? -1 : earlier(b, a) ? 1 : 0; }

static bool heap_push(visits *v, visit one)
{
    if (!push(v, one))
        return false;
    for (size_t at = v->count - 1; at > 0 && earlier(&v->items[at], &v->items[(at - 1) / 2]); at = (at - 1) / 2) {
        const visit swap = v->items[at];
        v->items[at] = v->items[(at - 1) / 2];
        v->items[(at - 1) / 2] = swap;
    }
    return true;
}

static visit heap_pop(visits *v)
{
    const visit first = v->items[0];

    v->items[0] = v->items[--v->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < v->count; child++)
            if (earlier(&v->items[child], &v->items[least]))
                least = child;
        if (least == at)
            return first;
        const visit swap = v->items[at];
        v->items[at] = v->items[least];
        v->items[least] = swap;
        at = least;
    }
}

/* Mornings are quiet, evenings busy; Sundays are for the web, shops are closed then. */
static int64_t pick_time(const world *w, kd_rng *rng, bool in_store)
{
    for (;;) {
        const int64_t day_ms = w->start_ms + (int64_t)kd_rng_below(rng, w->options.days) * KD_DAY_MS;
        const bool    sunday = (kd_day(day_ms) + 4) % 7 == 0;
        const double  hour = in_store ? 9.5 + 9.5 * kd_rng_unit(rng) : 20 + 3.2 * kd_rng_normal(rng);
        if ((in_store && sunday) || hour < 0 || hour >= 24)
            continue;
        return day_ms + (int64_t)(hour * 3600e3);
    }
}

static bool plan_person(visits *out, const world *w, uint32_t row)
{
    const person *p = &w->people[row];
    kd_rng        rng = demo_rng(w, 5, row);
    const uint32_t sessions = 1 + kd_rng_poisson(&rng, p->sessions);
    const uint32_t mails = p->mail ? kd_rng_poisson(&rng, 1.6 * w->options.days / 365.0) : 0;

    for (uint32_t s = 0; s < sessions && s < 250; s++) {
        const bool in_store = p->store && (!p->web || kd_rng_unit(&rng) < .4);
        if (!push(out, (visit){ .time_ms = pick_time(w, &rng, in_store), .person = row, .kind = in_store ? VISIT_STORE : VISIT_WEB, .serial = (uint8_t)s }))
            return false;
    }
    for (uint32_t m = 0; m < mails && m < 250; m++)
        if (!push(out, (visit){ .time_ms = pick_time(w, &rng, false), .person = row, .kind = VISIT_MAIL, .serial = (uint8_t)m }))
            return false;
    return true;
}

/* ---- events ---- */

static bool crate_make(crate *c)
{
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->back, NULL);
    c->arena = kd_arena_new(WRITE_ARENA_BYTES);
    c->events = c->arena ? KD_NEW(c->arena, kd_incoming, EVENTS_PER_WRITE) : NULL;
    return c->events != NULL;
}

static void crate_done(kd_submission *submission, kd_status status, size_t stored, size_t duplicates, const kd_err *err)
{
    crate *c = (crate *)submission;

    (void)stored, (void)duplicates;
    pthread_mutex_lock(&c->lock);
    c->status = status;
    if (status != KD_OK)
        c->err = *err;
    c->away = false;
    pthread_cond_signal(&c->back);
    pthread_mutex_unlock(&c->lock);
}

/* Until the writer has given it back, if he has it. What went wrong with it ends the run. */
static void wait_for(run *r, crate *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->away)
        pthread_cond_wait(&c->back, &c->lock);
    pthread_mutex_unlock(&c->lock);
    if (c->status != KD_OK && r->status == KD_OK) {
        r->status = c->status;
        *r->err = c->err;
    }
}

static void crate_free(crate *c)
{
    kd_arena_free(c->arena);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->back);
}

static void send_crate(run *r, crate *c)
{
    c->submission = (kd_submission){ .events = c->events, .count = r->event_count, .done = crate_done };
    for (size_t i = 0; r->status == KD_OK && i < r->event_count; i++) {
        if (c->events[i].status != KD_OK)
            r->status = kd_fail(r->err, c->events[i].status, "the collect door refused an event of the demo: %s", c->events[i].err.msg);
        c->submission.bytes += sizeof c->events[i] + c->events[i].body.len;
    }
    if (r->status != KD_OK)
        return;
    c->away = true;
    if (kd_ingest_submit(r->to->ingest, &c->submission, r->err) == KD_OK)
        return;
    c->away = false; /* a small queue: wait for room */
    r->status = kd_ingest_write(r->to->ingest, c->events, r->event_count, NULL, NULL, r->err);
}

static void write_events(run *r)
{
    if (r->status == KD_OK && r->event_count != 0) {
        send_crate(r, r->filling);
        r->counts->events += r->event_count;
        r->filling = r->filling == &r->crates[0] ? &r->crates[1] : &r->crates[0];
        wait_for(r, r->filling);
        kd_arena_reset(r->filling->arena);
        r->filling->events = KD_NEW(r->filling->arena, kd_incoming, EVENTS_PER_WRITE);
    }
    r->event_count = 0;
    if (r->status == KD_OK && r->filling->events == NULL)
        r->status = kd_fail_memory(r->err);
}

/* `body` is a JSON object without messageId and timestamp. */
static void send_event(run *r, kd_call call, int64_t time_ms, kd_channel channel, const char *source, const char *body)
{
    const kd_incoming_context context = { .speaker = KD_SPEAKER_SERVER, .source = kd_str_z(source), .received_ms = time_ms + 900, .sent_at_ms = KD_TIME_MIN, .channel = channel };
    const kd_json            *item = NULL;
    char                      time[25];
    kd_buf                    text;

    if (r->status != KD_OK)
        return;
    kd_time_format(time, time_ms);
    kd_buf_init(&text, r->filling->arena);
    kd_buf_addf(&text, "{\"messageId\":\"demo-%llu-%llu\",\"timestamp\":\"%s\",%s", (unsigned long long)r->w->options.seed, (unsigned long long)r->message++, time, body + 1);
    r->status = kd_buf_status(&text, r->err);
    if (r->status == KD_OK)
        r->status = kd_json_parse(&item, r->filling->arena, text.ptr, text.len, r->err);
    if (r->status != KD_OK)
        return;
    kd_incoming_from_json(&r->filling->events[r->event_count++], call, item, NULL, &context, r->filling->arena);
    if (r->event_count == EVENTS_PER_WRITE)
        write_events(r);
}

typedef struct who { char web[160], user[64]; } who; /* "anonymousId":..., and with "userId":... in front once known */

static void name_person(who *out, const run *r, uint32_t row)
{
    const life *l = &r->lives[row];
    names       known;
    demo_names(&known, r->w, row);
    snprintf(out->user, sizeof out->user, "\"userId\":\"%s\"", known.user);
    snprintf(out->web, sizeof out->web, "\"anonymousId\":\"%s\"%s%s", known.anonymous, l->known ? "," : "", l->known ? out->user : "");
}

static void describe_line(char *out, size_t cap, const world *w, const line *l, int quantity)
{
    const good *g = &w->goods[l->good];
    char        id[16], sku[48];

    demo_good_id(id, l->good);
    demo_sku(sku, w, l->good, l->color, l->size);
    snprintf(out, cap, "\"product_id\":\"%s\",\"sku\":\"%s\",\"variant\":\"%s\",\"name\":\"%s %s\",\"brand\":\"%s\",\"category\":\"%s\",\"price\":%u.%02u,\"quantity\":%d,\"currency\":\"EUR\"", id, sku, sku,
             demo_brands[g->brand].name, demo_categories[g->category].noun, demo_brands[g->brand].name, demo_categories[g->category].path, g->price_cents / 100, g->price_cents % 100, quantity);
}

static void send_track(run *r, int64_t time_ms, kd_channel channel, const char *source, const char *who_json, const char *event, const char *properties)
{
    kd_buf body;

    kd_buf_init(&body, r->filling->arena);
    kd_buf_addf(&body, "{%s,\"event\":\"%s\",\"properties\":{%s}}", who_json, event, properties);
    kd_buf_add_byte(&body, 0);
    if (body.failed)
        r->status = kd_fail_memory(r->err);
    else
        send_event(r, KD_CALL_TRACK, time_ms, channel, source, body.ptr);
}

/* ---- choosing ---- */

static int pick_liked(const person *p, kd_rng *rng)
{
    static const double shares[LIKED_MAX] = { .45, .25, .12, .08 };
    double              left = kd_rng_unit(rng);
    for (int i = 0; i < LIKED_MAX; i++)
        if ((left -= shares[i]) < 0)
            return p->liked[i];
    return (int)kd_rng_below(rng, CATEGORIES);
}

/* What goes with what is in the basket already, if it is on sale by then; else what was found. */
static uint32_t or_its_pair(const run *r, uint32_t found, uint32_t in_basket, int day)
{
    const uint32_t pair = r->w->goods[in_basket].pair;
    return r->w->goods[pair].since_day <= day ? pair : found;
}

static line pick_variant(const run *r, const person *p, kd_rng *rng, uint32_t good_row)
{
    const good *g = &r->w->goods[good_row];
    line        l = { good_row, 0, 0 };
    int         size = demo_categories[g->category].sizes == SIZE_LETTER ? p->letter : p->shoe - SHOE_FIRST;

    for (int c = 0; c < g->colors; c++)
        if (g->color[c] == p->color[0] || (g->color[c] == p->color[1] && g->color[l.color] != p->color[0]))
            l.color = (uint8_t)c;
    if (kd_rng_unit(rng) < .12) /* a wrong guess: it will come back */
        size += kd_rng_unit(rng) < .5 ? -1 : 1;
    const int last = demo_size_count(g) - 1;
    l.size = (uint8_t)(size < 0 ? 0 : size > last ? last : size);
    return l;
}

static bool fits(const person *p, const good *g, const line *l)
{
    switch (demo_categories[g->category].sizes) {
    case SIZE_LETTER: return l->size == p->letter;
    case SIZE_SHOE: return l->size + SHOE_FIRST == p->shoe;
    default: return true;
    }
}

static bool owns(const life *l, uint32_t good_row)
{
    for (int i = 0; i < l->owned_count; i++)
        if (l->owned[i] == good_row)
            return true;
    return false;
}

/* ---- orders, returns, reorders ---- */

static void plan_aftermath(run *r, uint32_t row, const line *l, uint32_t order, int64_t time_ms, kd_rng *rng, bool in_store)
{
    const good *g = &r->w->goods[l->good];
    const int   again = demo_categories[g->category].again_days;
    const bool  comes_back = again == 0 && kd_rng_unit(rng) < (fits(&r->w->people[row], g, l) ? (in_store ? .02 : .07) : .75);
    life       *mine = &r->lives[row];

    if (again == 0 && !comes_back && mine->owned_count < OWNED_MAX)
        mine->owned[mine->owned_count++] = l->good;
    visit next = { .person = row, .good = l->good, .order = order, .variant = (uint16_t)(l->color << 8 | l->size), .serial = (uint8_t)kd_rng_below(rng, 256) };
    if (comes_back) {
        next.kind = in_store ? VISIT_TILL_RETURN : VISIT_RETURN;
        next.time_ms = time_ms + (int64_t)((4 + 8 * kd_rng_unit(rng)) * (double)KD_DAY_MS);
    } else if (again != 0 && kd_rng_unit(rng) < .6) {
        next.kind = VISIT_AGAIN;
        next.time_ms = time_ms + (int64_t)(again * (.8 + .4 * kd_rng_unit(rng)) * (double)KD_DAY_MS);
    } else
        return;
    if (next.time_ms < r->w->options.end_ms && !heap_push(&r->future, next))
        r->status = kd_fail_memory(r->err);
}

/* At the till nobody is known but by a card; each receipt is somebody of its own. A persona's card is looked up: one customer. */
static void name_buyer(char *out, size_t cap, const run *r, uint32_t row, uint32_t order, bool in_store)
{
    names known;
    demo_names(&known, r->w, row);
    if (!in_store)
        snprintf(out, cap, "\"userId\":\"%s\",\"anonymousId\":\"%s\"", known.user, known.anonymous);
    else if (known.card[0] == '\0')
        snprintf(out, cap, "\"anonymousId\":\"till-receipt-%u\"", order);
    else if (row < r->w->options.customers)
        snprintf(out, cap, "\"context\":{\"traits\":{\"loyaltyId\":\"%s\"}},\"anonymousId\":\"till-receipt-%u\"", known.card, order);
    else
        snprintf(out, cap, "\"userId\":\"%s\",\"context\":{\"traits\":{\"loyaltyId\":\"%s\"}}", known.user, known.card);
}

static void tell_order(run *r, uint32_t row, uint32_t order, const line *lines, int count, int quantity, int64_t time_ms, bool in_store)
{
    const person *p = &r->w->people[row];
    char          properties[TEXT_MAX], who_json[200];
    kd_buf        text;
    uint64_t      cents = 0;

    kd_buf_init(&text, r->filling->arena);
    for (int i = 0; i < count; i++)
        cents += (uint64_t)r->w->goods[lines[i].good].price_cents * (uint64_t)quantity;
    kd_buf_addf(&text, "\"order_id\":\"%s-%u\",\"total\":%llu.%02llu,\"currency\":\"EUR\",", in_store ? "till" : "web", order, (unsigned long long)cents / 100, (unsigned long long)cents % 100);
    if (in_store)
        kd_buf_addf(&text, "\"store_id\":\"%s\",", demo_stores[demo_towns[p->town].store]);
    kd_buf_add_z(&text, "\"products\":[");
    for (int i = 0; i < count; i++) {
        describe_line(properties, sizeof properties, r->w, &lines[i], quantity);
        kd_buf_addf(&text, "%s{%s}", i ? "," : "", properties);
    }
    kd_buf_add(&text, "]", 2); /* with its NUL */
    if (text.failed) {
        r->status = kd_fail_memory(r->err);
        return;
    }
    name_buyer(who_json, sizeof who_json, r, row, order, in_store);
    send_track(r, time_ms, in_store ? KD_CHANNEL_STORE : KD_CHANNEL_SERVER, in_store ? "till" : "shop", who_json, "Order Completed", text.ptr);
    r->counts->orders++;
    r->counts->order_lines += (uint64_t)count;
}

static void send_order(run *r, uint32_t row, const line *lines, int count, int64_t time_ms, kd_rng *rng, bool in_store)
{
    const uint32_t order = ++r->orders;

    tell_order(r, row, order, lines, count, 1, time_ms, in_store);
    for (int i = 0; i < count; i++)
        plan_aftermath(r, row, &lines[i], order, time_ms, rng, in_store);
}

static void send_return(run *r, const visit *v, bool in_store)
{
    const person *p = &r->w->people[v->person];
    const line    l = { v->good, (uint8_t)(v->variant >> 8), (uint8_t)(v->variant & 255) };
    char          properties[TEXT_MAX], product[1024], who_json[200], store[64] = "";

    describe_line(product, sizeof product, r->w, &l, 1);
    if (in_store)
        snprintf(store, sizeof store, "\"store_id\":\"%s\",", demo_stores[demo_towns[p->town].store]);
    snprintf(properties, sizeof properties, "\"order_id\":\"%s-%u\",\"currency\":\"EUR\",%s\"products\":[{%s}]", in_store ? "till" : "web", v->order, store, product);
    name_buyer(who_json, sizeof who_json, r, v->person, v->order, in_store);
    send_track(r, v->time_ms, in_store ? KD_CHANNEL_STORE : KD_CHANNEL_SERVER, in_store ? "till" : "shop", who_json, "Order Refunded", properties);
    r->counts->returns++;
}

/* ---- visits ---- */

static void log_in(run *r, uint32_t row, int64_t time_ms)
{
    const person *p = &r->w->people[row];
    names         known;
    char          body[TEXT_MAX], card[64] = "";

    if (r->lives[row].known)
        return;
    r->lives[row].known = 1;
    demo_names(&known, r->w, row);
    if (known.card[0] != '\0')
        snprintf(card, sizeof card, ",\"loyaltyId\":\"%s\"", known.card);
    snprintf(body, sizeof body, "{\"userId\":\"%s\",\"anonymousId\":\"%s\",\"traits\":{\"email\":\"%s\",\"firstName\":\"%s\",\"lastName\":\"%s\",\"city\":\"%s\",\"postalCode\":\"%s\",\"newsletter\":%s%s}}",
             known.user, known.anonymous, known.email, known.first, known.last, demo_towns[p->town].name, demo_towns[p->town].postal_code, p->mail ? "true" : "false", card);
    send_event(r, KD_CALL_IDENTIFY, time_ms, KD_CHANNEL_WEB, "shop", body);
}

static void send_home(run *r, const who *me, int64_t time_ms)
{
    char body[TEXT_MAX];
    snprintf(body, sizeof body, "{%s,\"name\":\"Home\",\"properties\":{\"path\":\"/\",\"title\":\"Home\"}}", me->web);
    send_event(r, KD_CALL_PAGE, time_ms, KD_CHANNEL_WEB, "shop", body);
}

static void visit_web(run *r, const visit *v)
{
    const person *p = &r->w->people[v->person];
    const int     day = (int)((v->time_ms - r->w->start_ms) / KD_DAY_MS);
    kd_rng        rng = demo_rng(r->w, 6, (uint64_t)v->person << 8 | v->serial);
    const int     looks = 1 + (int)kd_rng_poisson(&rng, 2.2);
    int64_t       now = v->time_ms;
    line          basket[BASKET_MAX];
    int           count = 0, category_row = pick_liked(p, &rng);
    char          properties[TEXT_MAX];
    who           me;

    name_person(&me, r, v->person);
    send_home(r, &me, now);
    for (int i = 0; i < looks && i < LOOKED_AT_MAX && r->status == KD_OK; i++) {
        if (i > 0 && kd_rng_unit(&rng) < .3)
            category_row = pick_liked(p, &rng);
        uint32_t good_row = demo_pick_good(r->w, p, &rng, category_row, day);
        if (count > 0 && kd_rng_unit(&rng) < .35)
            good_row = or_its_pair(r, good_row, basket[count - 1].good, day);
        if (good_row == UINT32_MAX)
            continue;
        now += (int64_t)((12 + 50 * kd_rng_exponential(&rng)) * 1000);
        const line l = pick_variant(r, p, &rng, good_row);
        describe_line(properties, sizeof properties, r->w, &l, 1);
        send_track(r, now, KD_CHANNEL_WEB, "shop", me.web, "Product Viewed", properties);
        const double wish = demo_utility(r->w, p, &r->w->goods[good_row], day);
        if (count < BASKET_MAX && !owns(&r->lives[v->person], good_row) && kd_rng_unit(&rng) < 1 / (1 + exp(2.6 - wish))) {
            basket[count++] = l;
            send_track(r, now + 8000, KD_CHANNEL_WEB, "shop", me.web, "Product Added", properties);
        }
    }
    if (count > 0 && p->logs_in && kd_rng_unit(&rng) < p->haste) {
        log_in(r, v->person, now + 30000);
        send_order(r, v->person, basket, count, now + 90000, &rng, false);
    }
}

static void visit_store(run *r, const visit *v)
{
    const person *p = &r->w->people[v->person];
    const int     day = (int)((v->time_ms - r->w->start_ms) / KD_DAY_MS);
    kd_rng        rng = demo_rng(r->w, 7, (uint64_t)v->person << 8 | v->serial);
    line          basket[BASKET_MAX];
    int           count = 0;
    const int     wanted = 1 + (int)kd_rng_poisson(&rng, .6);

    if (kd_rng_unit(&rng) > .55) /* only looking */
        return;
    for (int i = 0; i < wanted && count < BASKET_MAX; i++) {
        uint32_t good_row = demo_pick_good(r->w, p, &rng, pick_liked(p, &rng), day);
        if (count > 0 && kd_rng_unit(&rng) < .35)
            good_row = or_its_pair(r, good_row, basket[count - 1].good, day);
        if (good_row != UINT32_MAX && !owns(&r->lives[v->person], good_row))
            basket[count++] = pick_variant(r, p, &rng, good_row);
    }
    if (count > 0)
        send_order(r, v->person, basket, count, v->time_ms, &rng, true);
}

static void visit_mail(run *r, const visit *v)
{
    const person *p = &r->w->people[v->person];
    kd_rng        rng = demo_rng(r->w, 8, (uint64_t)v->person << 8 | v->serial);
    char          properties[200];
    who           me;

    if (!r->lives[v->person].known) /* the newsletter knows whom the shop knows */
        return;
    name_person(&me, r, v->person);
    snprintf(properties, sizeof properties, "\"campaign_id\":\"newsletter-%d\"", (int)((v->time_ms - r->w->start_ms) / (7 * KD_DAY_MS)));
    send_track(r, v->time_ms, KD_CHANNEL_EMAIL, "newsletter", me.user, "Email Opened", properties);
    if (kd_rng_unit(&rng) < .25) {
        const uint32_t good_row = demo_pick_good(r->w, p, &rng, pick_liked(p, &rng), (int)((v->time_ms - r->w->start_ms) / KD_DAY_MS));
        send_track(r, v->time_ms + 20000, KD_CHANNEL_EMAIL, "newsletter", me.user, "Email Link Clicked", properties);
        if (good_row == UINT32_MAX)
            return;
        const line l = pick_variant(r, p, &rng, good_row);
        char       product[TEXT_MAX];
        describe_line(product, sizeof product, r->w, &l, 1);
        send_track(r, v->time_ms + 25000, KD_CHANNEL_WEB, "shop", me.user, "Product Viewed", product);
    }
}

static void buy_again(run *r, const visit *v)
{
    kd_rng     rng = demo_rng(r->w, 9, (uint64_t)v->order << 20 | v->good);
    const line l = { v->good, (uint8_t)(v->variant >> 8), (uint8_t)(v->variant & 255) };
    send_order(r, v->person, &l, 1, v->time_ms, &rng, !r->lives[v->person].known);
}

/* One deed of a persona, as it was planned: nothing is drawn here. */
static void do_deed(run *r, const visit *v)
{
    const deed *d = &r->deeds[v->order];
    char        properties[TEXT_MAX];
    who         me;

    name_person(&me, r, v->person);
    if (d->line_count != 0)
        describe_line(properties, sizeof properties, r->w, &d->lines[0], d->quantity);
    switch ((deed_kind)d->kind) {
    case DEED_HOME: send_home(r, &me, d->time_ms); break;
    case DEED_LOGIN: log_in(r, v->person, d->time_ms); break;
    case DEED_LOOK: send_track(r, d->time_ms, KD_CHANNEL_WEB, "shop", me.web, "Product Viewed", properties); break;
    case DEED_ADD: send_track(r, d->time_ms, KD_CHANNEL_WEB, "shop", me.web, "Product Added", properties); break;
    case DEED_READ:
        snprintf(properties, sizeof properties, "\"content_id\":\"%s\"", d->about);
        send_track(r, d->time_ms, KD_CHANNEL_WEB, "shop", me.web, "Content Viewed", properties);
        break;
    case DEED_MAIL: send_track(r, d->time_ms, KD_CHANNEL_EMAIL, "newsletter", me.user, "Email Opened", "\"campaign_id\":\"newsletter\""); break;
    case DEED_ORDER:
    case DEED_TILL:
        r->persona_orders[d->persona][d->order] = ++r->orders;
        tell_order(r, v->person, r->orders, d->lines, d->line_count, d->quantity, d->time_ms, d->kind == DEED_TILL);
        break;
    case DEED_RETURN: {
        const visit back = { .time_ms = d->time_ms, .person = v->person, .good = d->lines[0].good, .order = r->persona_orders[d->persona][d->order],
                             .variant = (uint16_t)(d->lines[0].color << 8 | d->lines[0].size) };
        send_return(r, &back, false);
        break;
    }
    }
}

static void live_visit(run *r, const visit *v)
{
    switch ((visit_kind)v->kind) {
    case VISIT_WEB: visit_web(r, v); break;
    case VISIT_STORE: visit_store(r, v); break;
    case VISIT_MAIL: visit_mail(r, v); break;
    case VISIT_RETURN: send_return(r, v, false); break;
    case VISIT_TILL_RETURN: send_return(r, v, true); break;
    case VISIT_AGAIN: buy_again(r, v); break;
    case VISIT_PERSONA: do_deed(r, v); break;
    }
}

kd_status demo_live(kd_demo_counts *counts, const world *w, const kd_demo_target *to, kd_demo_progress progress, void *self, kd_err *err)
{
    run    r = { .w = w, .to = to, .counts = counts, .err = err, .status = KD_OK };
    visits plan = { 0 };
    deed  *deeds = NULL;
    size_t deed_count = 0;

    r.lives = calloc((size_t)w->options.customers + KD_PERSONAS, sizeof *r.lives);
    const bool first = crate_make(&r.crates[0]), second = crate_make(&r.crates[1]);
    r.filling = &r.crates[0];
    if (r.lives == NULL || !first || !second)
        r.status = kd_fail_memory(err);
    for (uint32_t row = 0; r.status == KD_OK && row < w->options.customers; row++)
        if (!plan_person(&plan, w, row))
            r.status = kd_fail_memory(err);
    if (r.status == KD_OK)
        r.status = demo_deeds(&deeds, &deed_count, w, err);
    r.deeds = deeds;
    for (size_t i = 0; r.status == KD_OK && i < deed_count; i++)
        if (!push(&plan, (visit){ .time_ms = deeds[i].time_ms, .person = w->options.customers + deeds[i].persona, .order = (uint32_t)i, .kind = VISIT_PERSONA }))
            r.status = kd_fail_memory(err);
    if (plan.count != 0)
        qsort(plan.items, plan.count, sizeof *plan.items, compare_visits);
    for (size_t at = 0; r.status == KD_OK && at < plan.count; at++) {
        while (r.future.count != 0 && r.status == KD_OK && earlier(&r.future.items[0], &plan.items[at])) {
            const visit due = heap_pop(&r.future);
            live_visit(&r, &due);
        }
        live_visit(&r, &plan.items[at]);
        if (progress != NULL && at % 512 == 0)
            progress(self, "visits", at, plan.count);
    }
    while (r.status == KD_OK && r.future.count != 0) {
        const visit due = heap_pop(&r.future);
        live_visit(&r, &due);
    }
    write_events(&r);
    for (int i = 0; i < 2; i++) { /* whatever happened: the writer may still read from them */
        wait_for(&r, &r.crates[i]);
        crate_free(&r.crates[i]);
    }
    counts->customers = w->options.customers;
    free(r.future.items);
    free(deeds);
    free(plan.items);
    free(r.lives);
    return r.status;
}
