#include "customer/graph.h"

#include <stdlib.h>

enum { SIDE_A = 1, SIDE_B = 2, NONE = -1 };

typedef struct merged { /* an edge while it is put together */
    kd_edge edge;
    uint8_t sides;      /* which of the two hold it, and not taken back */
    uint8_t strength;
} merged;

typedef struct apart_pair { uint32_t a, b; int32_t next; } apart_pair; /* lists of what a component may not meet */

typedef struct resolving {
    kd_graph            *graph;
    const kd_namespaces *namespaces;
    kd_arena            *arena;
    merged              *edges;   /* ascending by (a, b, kind, proven) */
    size_t               count;
    uint32_t            *parent;  /* union-find: the smaller row is the root, so a root is a home */
    uint16_t            *held;    /* of a root: which identifying types its persons are of */
    int32_t             *apart;   /* of a root: head of its list in pairs */
    apart_pair          *pairs;
    size_t               pair_count;
} resolving;

const char *kd_verdict_name(kd_verdict verdict)
{
    static const char *const names[] = { "used", "claimed", "half", "taken-back", "over-limit", "two-user-ids", "two-keys", "typed", "apart", "too-many" };
    return (unsigned)verdict < sizeof names / sizeof *names ? names[verdict] : "";
}

/* An alias of a browser says no more than a login in it: on a tablet that a family shares both are said of everybody. */
int kd_link_strength(uint8_t kind, uint8_t person_type, uint8_t other_type)
{
    switch (kind) {
    case KD_LINK_STAFF:    return KD_STRENGTH_STAFF;
    case KD_LINK_ALIAS:    return kd_key_is_thing(person_type) || kd_key_is_thing(other_type) ? KD_STRENGTH_LOGIN : KD_STRENGTH_ALIAS;
    case KD_LINK_LOGIN:    return KD_STRENGTH_LOGIN;
    case KD_LINK_CARD:
    case KD_LINK_VERIFIED: return KD_STRENGTH_CARD;
    case KD_LINK_ORDER:
    case KD_LINK_TYPED:    return person_type == KD_KEY_USER || other_type == KD_KEY_USER ? KD_STRENGTH_SAID : KD_STRENGTH_TYPED;
    default:               return KD_STRENGTH_NONE;
    }
}

/* ---- rules that one person's own rows answer ------------------------------------------------------------------------------ */

static bool counts(const kd_link *row)
{
    return row->proven && row->kind != KD_LINK_APART && kd_link_active(row);
}

/* Rows ascending by other. */
bool kd_links_over_limit(const kd_link *rows, size_t count, const kd_namespaces *namespaces)
{
    size_t       others = 0;
    unsigned     type = 0;
    const kd_id *last = NULL;
    for (size_t i = 0; i < count; i++) {
        type = rows[i].person_type > type ? rows[i].person_type : type;
        if (!counts(&rows[i]) || (last && kd_id_eq(*last, rows[i].other)))
            continue;
        last = &rows[i].other;
        others++;
    }
    return others > kd_namespaces_get(namespaces, type)->limit;
}

static bool identifies(unsigned type)
{
    return type == KD_KEY_USER || type == KD_KEY_TILL || type == KD_KEY_CARD || type == KD_KEY_EMAIL;
}

int kd_links_two_keys(const kd_link *rows, size_t count)
{
    const kd_id *seen[KD_KEY_RECEIPT + 1] = { NULL };
    bool         two[KD_KEY_RECEIPT + 1] = { false };
    int          weakest[KD_KEY_RECEIPT + 1] = { 0 }, unusable = KD_STRENGTH_NONE;
    for (size_t i = 0; i < count; i++) {
        const kd_link *row = &rows[i];
        const int      strength = kd_link_strength(row->kind, row->person_type, row->other_type);
        const unsigned type = row->other_type;
        if (!counts(row) || row->person_type == KD_KEY_USER || row->person_type == type || type == KD_KEY_USER || !identifies(type) || strength == KD_STRENGTH_NONE)
            continue;
        two[type] = two[type] || (seen[type] && !kd_id_eq(*seen[type], row->other));
        seen[type] = &row->other;
        weakest[type] = weakest[type] == 0 || strength < weakest[type] ? strength : weakest[type];
    }
    for (unsigned type = 0; type <= KD_KEY_RECEIPT; type++) /* a card and a browser have one e-mail; an e-mail may have two cards */
        if (two[type] && weakest[type] <= (type == KD_KEY_EMAIL ? KD_STRENGTH_CARD : KD_STRENGTH_TYPED))
            unusable = weakest[type] > unusable ? weakest[type] : unusable;
    return unusable;
}

/* ---- persons and edges out of rows ----------------------------------------------------------------------------------------- */

static int cmp_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(kd_id));
}

static int cmp_rows(const void *a, const void *b)
{
    const kd_link *x = a, *y = b;
    int            c = memcmp(x->person.b, y->person.b, sizeof x->person.b);
    if (c == 0)
        c = memcmp(x->other.b, y->other.b, sizeof x->other.b);
    if (c == 0)
        c = (int)x->kind - y->kind;
    return c ? c : (int)x->proven - y->proven;
}

size_t kd_graph_find(const kd_graph *graph, kd_id person)
{
    size_t low = 0, high = graph->person_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int    c = kd_id_cmp(graph->persons[mid], person);
        if (c == 0)
            return mid;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return SIZE_MAX;
}

static bool collect_persons(kd_graph *g, const kd_link *rows, size_t count, kd_arena *arena)
{
    size_t n = 0;
    g->persons = KD_NEW(arena, kd_id, 2 * count + 1);
    if (!g->persons)
        return false;
    for (size_t i = 0; i < count; i++) { /* rows are sorted by person, so most repetitions lie together */
        if (n == 0 || !kd_id_eq(g->persons[n - 1], rows[i].person))
            g->persons[n++] = rows[i].person;
    }
    for (size_t i = 0; i < count; i++)
        g->persons[n++] = rows[i].other;
    if (n)
        qsort(g->persons, n, sizeof *g->persons, cmp_ids);
    for (size_t i = 0; i < n; i++)
        if (g->person_count == 0 || !kd_id_eq(g->persons[g->person_count - 1], g->persons[i]))
            g->persons[g->person_count++] = g->persons[i];
    g->types = KD_NEW(arena, uint8_t, g->person_count + 1);
    g->customer = KD_NEW(arena, uint32_t, g->person_count + 1);
    g->why = KD_NEW(arena, uint8_t, g->person_count + 1);
    return g->types && g->customer && g->why && g->person_count < UINT32_MAX;
}

static int cmp_merged(const void *a, const void *b)
{
    const kd_edge *x = &((const merged *)a)->edge, *y = &((const merged *)b)->edge;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    if (x->b != y->b)
        return x->b < y->b ? -1 : 1;
    return x->kind != y->kind ? (int)x->kind - y->kind : (int)x->proven - y->proven;
}

static void absorb(merged *into, const merged *from)
{
    kd_edge       *e = &into->edge;
    const kd_edge *f = &from->edge;
    if (f->time_ms < e->time_ms || (f->time_ms == e->time_ms && kd_id_cmp(f->event, e->event) < 0)) {
        e->time_ms = f->time_ms;
        e->event = f->event;
    }
    e->last_ms = f->last_ms > e->last_ms ? f->last_ms : e->last_ms;
    e->taken_back_ms = f->taken_back_ms > e->taken_back_ms ? f->taken_back_ms : e->taken_back_ms;
    into->sides |= from->sides;
}

static bool collect_edges(resolving *r, const kd_link *rows, size_t count)
{
    kd_graph *g = r->graph;
    size_t    at = 0, n = 0;
    r->edges = KD_NEW(r->arena, merged, count + 1);
    if (!r->edges)
        return false;
    for (size_t i = 0; i < count; i++) {
        const kd_link *row = &rows[i];
        size_t         other = kd_graph_find(g, row->other);
        while (!kd_id_eq(g->persons[at], row->person)) /* rows and persons are sorted alike */
            at++;
        if (at == other)
            continue;
        g->types[at] = row->person_type > g->types[at] ? row->person_type : g->types[at];
        g->types[other] = row->other_type > g->types[other] ? row->other_type : g->types[other];
        r->edges[n++] = (merged){ .edge = { .a = (uint32_t)(at < other ? at : other), .b = (uint32_t)(at < other ? other : at), .kind = row->kind,
                                            .proven = row->proven, .time_ms = row->time_ms, .last_ms = row->last_ms ? row->last_ms : row->time_ms,
                                            .taken_back_ms = row->taken_back_ms, .event = row->event },
                                  .sides = !kd_link_active(row) ? 0 : at < other ? SIDE_A : SIDE_B };
    }
    if (n)
        qsort(r->edges, n, sizeof *r->edges, cmp_merged);
    for (size_t i = 0; i < n; i++)
        if (r->count && cmp_merged(&r->edges[r->count - 1], &r->edges[i]) == 0)
            absorb(&r->edges[r->count - 1], &r->edges[i]);
        else
            r->edges[r->count++] = r->edges[i];
    return true;
}

static bool alive(const merged *m)
{
    return m->edge.verdict == KD_VERDICT_USED && m->edge.kind != KD_LINK_APART;
}

/* Rule 1, for keeping apart as well: so a walk that reads no row that was taken back sees the same as who reads all. */
static void judge_edges(resolving *r)
{
    for (size_t i = 0; i < r->count; i++) {
        merged  *m = &r->edges[i];
        kd_edge *e = &m->edge;
        m->strength = (uint8_t)kd_link_strength(e->kind, r->graph->types[e->a], r->graph->types[e->b]);
        if (!e->proven)
            e->verdict = KD_VERDICT_CLAIMED;
        else if (m->sides != (SIDE_A | SIDE_B))
            e->verdict = e->taken_back_ms ? KD_VERDICT_TAKEN_BACK : KD_VERDICT_HALF;
        else if (e->kind != KD_LINK_APART && m->strength == KD_STRENGTH_NONE)
            e->verdict = KD_VERDICT_HALF;
    }
}

/* Rules 2 and 5: runs of one person's rows. */
static void judge_persons(resolving *r, const kd_link *rows, size_t count, uint8_t *two_keys)
{
    kd_graph *g = r->graph;
    size_t    at = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && kd_id_eq(rows[end].person, rows[i].person); end++)
            ;
        while (!kd_id_eq(g->persons[at], rows[i].person))
            at++;
        if (kd_links_over_limit(rows + i, end - i, r->namespaces))
            g->why[at] = KD_VERDICT_OVER_LIMIT;
        two_keys[at] = (uint8_t)kd_links_two_keys(rows + i, end - i);
    }
    for (size_t i = 0; i < r->count; i++)
        if (alive(&r->edges[i]) && (g->why[r->edges[i].edge.a] == KD_VERDICT_OVER_LIMIT || g->why[r->edges[i].edge.b] == KD_VERDICT_OVER_LIMIT))
            r->edges[i].edge.verdict = KD_VERDICT_OVER_LIMIT;
}

/* ---- union-find -------------------------------------------------------------------------------------------------------------- */

static uint32_t find(uint32_t *parent, uint32_t x)
{
    while (parent[x] != x)
        x = parent[x] = parent[parent[x]];
    return x;
}

static uint16_t bit_of(unsigned type)
{
    return identifies(type) ? (uint16_t)(1u << type) : 0;
}

static void reset(resolving *r)
{
    for (uint32_t i = 0; i < r->graph->person_count; i++) {
        r->parent[i] = i;
        r->held[i] = bit_of(r->graph->types[i]);
        r->apart[i] = NONE;
    }
    r->pair_count = 0;
    for (size_t i = 0; i < r->count; i++) {
        const kd_edge *e = &r->edges[i].edge;
        if (e->kind != KD_LINK_APART || e->verdict != KD_VERDICT_USED)
            continue;
        for (int side = 0; side < 2; side++) {
            uint32_t who = side ? e->b : e->a;
            r->pairs[r->pair_count] = (apart_pair){ e->a, e->b, r->apart[who] };
            r->apart[who] = (int32_t)r->pair_count++;
        }
    }
}

static bool kept_apart(resolving *r, uint32_t x, uint32_t y)
{
    for (int32_t i = r->apart[x]; i != NONE; i = r->pairs[i].next) {
        uint32_t a = find(r->parent, r->pairs[i].a), b = find(r->parent, r->pairs[i].b);
        if ((a == x && b == y) || (a == y && b == x))
            return true;
    }
    return false;
}

static void join(resolving *r, uint32_t x, uint32_t y)
{
    uint32_t root = x < y ? x : y, other = x < y ? y : x;
    int32_t  last = r->apart[other];
    r->parent[other] = root;
    r->held[root] |= r->held[other];
    if (last == NONE)
        return;
    while (r->pairs[last].next != NONE) /* staff keeps few apart */
        last = r->pairs[last].next;
    r->pairs[last].next = r->apart[root];
    r->apart[root] = r->apart[other];
}

/* Rule 7 for one edge: may it join these two components? */
static kd_verdict may_join(resolving *r, const merged *m, uint32_t x, uint32_t y)
{
    const uint16_t user = bit_of(KD_KEY_USER), one_each = bit_of(KD_KEY_EMAIL) | bit_of(KD_KEY_CARD);
    const kd_edge  *e = &m->edge;
    const kd_graph *g = r->graph;
    if (kept_apart(r, x, y))
        return KD_VERDICT_APART;
    if (kd_strength_is_strong(m->strength))
        return KD_VERDICT_USED;
    if (r->held[x] & r->held[y] & user)
        return KD_VERDICT_TWO_USERS;
    if (m->strength >= KD_STRENGTH_LOGIN)
        return KD_VERDICT_USED;
    if ((r->held[x] & r->held[y] & one_each) && g->types[e->a] != KD_KEY_TILL && g->types[e->b] != KD_KEY_TILL)
        return KD_VERDICT_TWO_KEYS; /* a card that was given on, a browser in which two confirmed their address; tills know replaced cards */
    if (m->strength > KD_STRENGTH_SAID)
        return KD_VERDICT_USED;
    if (r->held[x] & r->held[y])
        return KD_VERDICT_TWO_KEYS;
    for (int side = 0; side < 2; side++) {
        unsigned type = g->types[side ? e->b : e->a];
        kd_typed typed = type == KD_KEY_USER ? KD_TYPED_CUSTOMERS : kd_namespaces_get(r->namespaces, type)->typed;
        if (typed == KD_TYPED_NEVER || (typed == KD_TYPED_GUESTS && m->strength == KD_STRENGTH_TYPED && ((r->held[x] | r->held[y]) & user)))
            return KD_VERDICT_TYPED;
    }
    return KD_VERDICT_USED;
}

static _Thread_local const merged *sorted_edges; /* qsort's comparison has no argument of its own */

static int cmp_order(const void *a, const void *b)
{
    const merged *x = &sorted_edges[*(const uint32_t *)a], *y = &sorted_edges[*(const uint32_t *)b];
    if (x->strength != y->strength)
        return x->strength > y->strength ? -1 : 1;
    if (x->edge.time_ms != y->edge.time_ms)
        return x->edge.time_ms < y->edge.time_ms ? -1 : 1;
    return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1; /* edges lie by (a, b, kind) */
}

/* Those alive with at least `weakest`, in the order of rule 7. */
static size_t order(uint32_t *out, const resolving *r, int weakest)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++)
        if (alive(&r->edges[i]) && r->edges[i].strength >= weakest)
            out[n++] = (uint32_t)i;
    sorted_edges = r->edges;
    if (n)
        qsort(out, n, sizeof *out, cmp_order);
    return n;
}

static void join_all(resolving *r, const uint32_t *edges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        merged    *m = &r->edges[edges[i]];
        uint32_t   x = find(r->parent, m->edge.a), y = find(r->parent, m->edge.b);
        kd_verdict verdict = x == y ? KD_VERDICT_USED : may_join(r, m, x, y);
        m->edge.verdict = (uint8_t)verdict;
        if (x != y && verdict == KD_VERDICT_USED)
            join(r, x, y);
    }
}

/* ---- rules 4, 5 and 6 --------------------------------------------------------------------------------------------------------- */

/* With the strong groups in `parent`: the users that weak evidence shows a key. `first` gets their group, or UINT32_MAX - 1 for two. */
static void find_torn(resolving *r, uint32_t *first)
{
    kd_graph *g = r->graph;
    for (size_t i = 0; i < g->person_count; i++)
        first[i] = UINT32_MAX;
    for (size_t i = 0; i < r->count; i++) {
        const kd_edge *e = &r->edges[i].edge;
        if (!alive(&r->edges[i]) || kd_strength_is_strong(r->edges[i].strength))
            continue;
        for (int side = 0; side < 2; side++) {
            uint32_t key = side ? e->b : e->a, user = side ? e->a : e->b, group;
            if (g->types[user] != KD_KEY_USER || g->types[key] == KD_KEY_USER || !kd_namespaces_get(r->namespaces, g->types[key])->unique)
                continue;
            group = find(r->parent, user);
            if (first[key] == UINT32_MAX)
                first[key] = group;
            else if (first[key] != group)
                g->why[key] = KD_VERDICT_TWO_USERS;
        }
    }
}

/* What was told beside a user id is the account's own word. */
static bool is_unusable(const merged *m, uint8_t a, uint8_t b)
{
    return m->strength != KD_STRENGTH_SAID && (m->strength <= a || m->strength <= b);
}

static void drop_torn(resolving *r, const uint8_t *two_keys)
{
    const kd_graph *g = r->graph;
    for (size_t i = 0; i < r->count; i++) {
        kd_edge *e = &r->edges[i].edge;
        if (!alive(&r->edges[i]) || kd_strength_is_strong(r->edges[i].strength))
            continue;
        if (g->why[e->a] == KD_VERDICT_TWO_USERS || g->why[e->b] == KD_VERDICT_TWO_USERS)
            e->verdict = KD_VERDICT_TWO_USERS;
        else if (is_unusable(&r->edges[i], two_keys[e->a], two_keys[e->b]))
            e->verdict = KD_VERDICT_TWO_KEYS;
    }
}

static void drop_crowds(resolving *r, uint32_t *size)
{
    kd_graph *g = r->graph;
    for (uint32_t i = 0; i < g->person_count; i++) {
        r->parent[i] = i;
        size[i] = 0;
    }
    for (size_t i = 0; i < r->count; i++)
        if (alive(&r->edges[i])) {
            uint32_t x = find(r->parent, r->edges[i].edge.a), y = find(r->parent, r->edges[i].edge.b);
            r->parent[x > y ? x : y] = x > y ? y : x;
        }
    for (uint32_t i = 0; i < g->person_count; i++)
        size[find(r->parent, i)]++;
    for (uint32_t i = 0; i < g->person_count; i++)
        if (size[find(r->parent, i)] > KD_GRAPH_PERSONS_MAX)
            g->why[i] = KD_VERDICT_TOO_MANY;
    for (size_t i = 0; i < r->count; i++)
        if (alive(&r->edges[i]) && g->why[r->edges[i].edge.a] == KD_VERDICT_TOO_MANY)
            r->edges[i].edge.verdict = KD_VERDICT_TOO_MANY;
}

static bool resolve(resolving *r, const kd_link *rows, size_t count)
{
    kd_graph *g = r->graph;
    size_t    room = g->person_count + 1, n;
    uint8_t  *two_keys = KD_NEW(r->arena, uint8_t, room);
    uint32_t *scratch = KD_NEW(r->arena, uint32_t, room), *ordered = KD_NEW(r->arena, uint32_t, r->count + 1);
    size_t    apart = 0;
    for (size_t i = 0; i < r->count; i++)
        apart += r->edges[i].edge.kind == KD_LINK_APART;
    r->parent = KD_NEW(r->arena, uint32_t, room);
    r->held = KD_NEW(r->arena, uint16_t, room);
    r->apart = KD_NEW(r->arena, int32_t, room);
    r->pairs = KD_NEW(r->arena, apart_pair, 2 * apart + 1);
    g->edges = KD_NEW(r->arena, kd_edge, r->count + 1);
    if (!two_keys || !scratch || !ordered || !r->parent || !r->held || !r->apart || !r->pairs || !g->edges)
        return false;
    judge_edges(r);
    judge_persons(r, rows, count, two_keys);
    reset(r);
    n = order(ordered, r, KD_STRENGTH_ALIAS);
    join_all(r, ordered, n);
    find_torn(r, scratch);
    drop_torn(r, two_keys);
    drop_crowds(r, scratch);
    reset(r);
    n = order(ordered, r, KD_STRENGTH_TYPED);
    join_all(r, ordered, n);
    for (uint32_t i = 0; i < g->person_count; i++)
        g->customer[i] = find(r->parent, i);
    for (size_t i = 0; i < r->count; i++)
        g->edges[i] = r->edges[i].edge;
    g->edge_count = r->count;
    return true;
}

/* One row for each (person, other, kind, proven), as the store keeps them. */
static size_t unite(kd_link *rows, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        kd_link row = rows[i], *into = n ? &rows[n - 1] : NULL;
        row.last_ms = row.last_ms ? row.last_ms : row.time_ms;
        if (!into || cmp_rows(into, &row) != 0) {
            rows[n++] = row;
            continue;
        }
        if (row.time_ms < into->time_ms || (row.time_ms == into->time_ms && kd_id_cmp(row.event, into->event) < 0)) {
            into->time_ms = row.time_ms;
            into->event = row.event;
        }
        into->last_ms = row.last_ms > into->last_ms ? row.last_ms : into->last_ms;
        into->taken_back_ms = row.taken_back_ms > into->taken_back_ms ? row.taken_back_ms : into->taken_back_ms;
        into->person_type = row.person_type > into->person_type ? row.person_type : into->person_type;
        into->other_type = row.other_type > into->other_type ? row.other_type : into->other_type;
    }
    return n;
}

kd_status kd_graph_resolve(kd_graph *out, const kd_link *links, size_t count, const kd_namespaces *namespaces, kd_arena *arena, kd_err *err)
{
    resolving r = { .graph = out, .namespaces = namespaces, .arena = arena };
    kd_link  *rows = KD_NEW(arena, kd_link, count + 1);
    *out = (kd_graph){ 0 };
    if (!rows)
        return kd_fail_memory(err);
    if (count) {
        memcpy(rows, links, count * sizeof *rows);
        qsort(rows, count, sizeof *rows, cmp_rows);
        count = unite(rows, count);
    }
    if (!collect_persons(out, rows, count, arena) || !collect_edges(&r, rows, count) || !resolve(&r, rows, count))
        return kd_fail_memory(err);
    return KD_OK;
}
