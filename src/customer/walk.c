#include "customer/walk.h"

#include "base/map.h"

enum { VISITED_MAX = 3 * KD_GRAPH_PERSONS_MAX, FIRST_LIMIT = 32 };
typedef enum want { NOTHING, STRONG, FULL } want; /* along which rows to go on from a person */

typedef struct node {
    kd_id    id;
    uint8_t  type;
    uint8_t  want;
    bool     read, over;
    bool     torn;         /* looks as if it belonged to two user ids: not followed until the graph says that it does not */
    bool     cleared;      /* the graph has said so */
    uint32_t stamp;
    kd_link *rows;
    size_t   count;
} node;

typedef struct walking {
    kd_reader           *reader;
    const kd_namespaces *namespaces;
    kd_stamps           *stamps;
    kd_arena            *arena;
    kd_map              *rows;     /* id -> node */
    node                *nodes;
    size_t               count, room;
    uint32_t            *queue;
    size_t               head, tail, queue_room;
    kd_err              *err;
} walking;

static bool grow(void **list, size_t *room, size_t used, size_t size, kd_arena *arena)
{
    size_t wanted = *room ? *room * 2 : 16;
    void  *bigger;
    if (used < *room)
        return true;
    bigger = kd_arena_array(arena, wanted, size);
    if (!bigger)
        return false;
    if (used)
        memcpy(bigger, *list, used * size);
    *list = bigger;
    *room = wanted;
    return true;
}

static kd_status enqueue(walking *w, uint32_t at)
{
    if (!grow((void **)&w->queue, &w->queue_room, w->tail, sizeof *w->queue, w->arena))
        return kd_fail_memory(w->err);
    w->queue[w->tail++] = at;
    return KD_OK;
}

static kd_status visit(walking *w, kd_id id, uint8_t type, want how)
{
    bool     is_new = false;
    uint32_t at = kd_map_put_new(w->rows, kd_hash64(id.b, sizeof id.b, 0), (uint32_t)w->count, &is_new);
    if (at == UINT32_MAX || (is_new && !grow((void **)&w->nodes, &w->room, w->count, sizeof *w->nodes, w->arena)))
        return kd_fail_memory(w->err);
    if (is_new)
        w->nodes[w->count++] = (node){ .id = id, .type = type };
    if (w->nodes[at].want >= how)
        return KD_OK;
    w->nodes[at].want = (uint8_t)how;
    return enqueue(w, at);
}

/* Never more rows than a key within its limit can have: what has more is over it, whatever else there is. */
static size_t rows_max(const walking *w, unsigned type)
{
    return ((size_t)kd_namespaces_get(w->namespaces, type)->limit + 1) * KD_LINK_KINDS;
}

static kd_status read_rows(walking *w, node *n)
{
    size_t    limit = n->type ? rows_max(w, n->type) : FIRST_LIMIT;
    kd_status status;
    n->stamp = kd_stamps_read(w->stamps, n->id);
    status = kd_reader_evidence(&n->rows, &n->count, w->reader, n->id, limit, w->arena, w->err);
    if (status == KD_OK && n->count == limit && limit < rows_max(w, n->rows[0].person_type))
        status = kd_reader_evidence(&n->rows, &n->count, w->reader, n->id, rows_max(w, n->rows[0].person_type), w->arena, w->err);
    n->read = true;
    if (status == KD_OK && n->count) {
        n->type = n->rows[0].person_type;
        n->over = kd_links_over_limit(n->rows, n->count, w->namespaces);
    }
    return status;
}

static bool is_strong(const kd_link *row)
{
    return kd_strength_is_strong(kd_link_strength(row->kind, row->person_type, row->other_type));
}

/* Two user ids, going by its own rows; whether they are one customer is not known yet. */
static bool looks_torn(const walking *w, const node *n)
{
    const kd_id *user = NULL;
    if (n->cleared || n->type == KD_KEY_USER || !kd_namespaces_get(w->namespaces, n->type)->unique)
        return false;
    for (size_t i = 0; i < n->count; i++) {
        if (n->rows[i].other_type != KD_KEY_USER || n->rows[i].kind == KD_LINK_APART || is_strong(&n->rows[i]))
            continue;
        if (user && !kd_id_eq(*user, n->rows[i].other))
            return true;
        user = &n->rows[i].other;
    }
    return false;
}

static kd_status follow(walking *w, uint32_t at)
{
    node     *n = &w->nodes[at];
    want      how = (want)n->want;
    int       two_keys;
    kd_status status = n->read ? KD_OK : read_rows(w, n);
    kd_link  *rows = n->rows;
    size_t    count = n->count;
    if (status != KD_OK || n->over)
        return status;
    n->torn = how == FULL && looks_torn(w, n);
    two_keys = kd_links_two_keys(rows, count);
    const bool torn = n->torn;
    for (size_t i = 0; i < count && status == KD_OK; i++) { /* n moves when nodes are added */
        const kd_link *row = &rows[i];
        const int      strength = kd_link_strength(row->kind, row->person_type, row->other_type);
        if (strength == KD_STRENGTH_NONE)
            continue;
        if (kd_strength_is_strong(strength))
            status = visit(w, row->other, row->other_type, how);
        else if (torn && row->other_type == KD_KEY_USER) /* what was typed makes it so too */
            status = visit(w, row->other, row->other_type, STRONG);
        else if (how == FULL && !torn && (strength > two_keys || strength == KD_STRENGTH_SAID))
            status = visit(w, row->other, row->other_type, FULL);
    }
    return status;
}

static kd_status resolve(kd_walk *out, walking *w)
{
    size_t   total = 0, at = 0;
    kd_link *all;
    for (size_t i = 0; i < w->count; i++)
        total += w->nodes[i].count;
    all = KD_NEW(w->arena, kd_link, total + 1);
    if (!all)
        return kd_fail_memory(w->err);
    for (size_t i = 0; i < w->count; i++)
        if (w->nodes[i].count) {
            memcpy(all + at, w->nodes[i].rows, w->nodes[i].count * sizeof *all);
            at += w->nodes[i].count;
        }
    return kd_graph_resolve(&out->graph, all, total, w->namespaces, w->arena, w->err);
}

/* Keys that looked torn and are not, because their users are one customer: go on from them. */
static kd_status clear(bool *more, const kd_walk *out, walking *w)
{
    kd_status    status = KD_OK;
    const size_t count = w->count;
    *more = false;
    for (uint32_t i = 0; i < count && status == KD_OK; i++) {
        node  *n = &w->nodes[i];
        size_t at = n->torn ? kd_graph_find(&out->graph, n->id) : SIZE_MAX;
        if (at == SIZE_MAX || out->graph.why[at] == KD_VERDICT_TWO_USERS)
            continue;
        n->cleared = true;
        n->torn = false;
        *more = true;
        status = enqueue(w, i);
    }
    return status;
}

static kd_status finish(kd_walk *out, walking *w)
{
    out->visited = KD_NEW(w->arena, kd_id, w->count + 1);
    out->stamps = KD_NEW(w->arena, uint32_t, w->count + 1);
    if (!out->visited || !out->stamps)
        return kd_fail_memory(w->err);
    for (size_t i = 0; i < w->count; i++)
        if (w->nodes[i].read) {
            out->visited[out->visited_count] = w->nodes[i].id;
            out->stamps[out->visited_count++] = w->nodes[i].stamp;
        }
    out->start = out->crowd ? SIZE_MAX : kd_graph_find(&out->graph, w->nodes[0].id);
    out->crowd = out->crowd || (out->start != SIZE_MAX && out->graph.why[out->start] == KD_VERDICT_TOO_MANY);
    return KD_OK;
}

static kd_status walk(kd_walk *out, walking *w, kd_id start)
{
    bool      more = true;
    kd_status status = visit(w, start, KD_KEY_NONE, FULL);
    while (status == KD_OK && more) {
        while (status == KD_OK && w->head < w->tail && w->count <= VISITED_MAX)
            status = follow(w, w->queue[w->head++]);
        out->crowd = w->count > VISITED_MAX;
        if (status != KD_OK || out->crowd)
            break;
        status = resolve(out, w);
        if (status == KD_OK)
            status = clear(&more, out, w);
    }
    return status == KD_OK ? finish(out, w) : status;
}

kd_status kd_walk_from(kd_walk *out, kd_reader *reader, kd_id start, const kd_namespaces *namespaces, kd_stamps *stamps, kd_arena *arena, kd_err *err)
{
    walking   w = { .reader = reader, .namespaces = namespaces, .stamps = stamps, .arena = arena, .rows = kd_map_new(16), .err = err };
    kd_status status;
    *out = (kd_walk){ .start = SIZE_MAX };
    status = w.rows ? walk(out, &w, start) : kd_fail_memory(err);
    kd_map_free(w.rows);
    return status;
}
