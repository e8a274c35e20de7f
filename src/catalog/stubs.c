/* Products that events named and nobody described.
 *
 * A write key is public, so anybody can name products that do not exist. Those that nothing but claimed events named have a small
 * room of their own, KD_CLAIMED_STUBS_MAX, and an end: what was not seen for KEEP_DAYS is dropped, and when the room is full
 * the quarter that was seen least makes place, once a day. A flood of invented ids thus fills that room and no other; what
 * real visitors look at again and again stays in it. A dropped stub keeps its row as long as the process lives (rows are never
 * given back), so that the rows ever made for claims are bounded as well. */
#include "catalog/change.h"
#include <stdlib.h>
#include "base/clock.h"

enum { KEEP_DAYS = 30, PLACE_FOR = 4 };

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static kd_status stub_id(kd_str *id, const kd_stub *stub, kd_err *err)
{
    bool wrong;
    *id = kd_str_trim(stub->product_id);
    wrong = id->len == 0 || id->len > KD_DOC_ID_BYTES_MAX || !kd_utf8_valid(*id);
    for (size_t i = 0; i < id->len && !wrong; i++)
        wrong = is_control(id->ptr[i]);
    return wrong ? kd_fail_field(err, KD_INVALID, "product_id", "a product id is 1 to %d bytes of UTF-8 without control characters",
                                 KD_DOC_ID_BYTES_MAX)
                 : KD_OK;
}

/* A name that an event gave: cut to what a title may be, at a whole character; none at all becomes the id. */
static kd_str stub_name(kd_str name, kd_str id)
{
    name = kd_str_trim(name);
    if (!kd_utf8_valid(name))
        return id;
    if (name.len > KD_DOC_TITLE_BYTES_MAX) {
        name.len = KD_DOC_TITLE_BYTES_MAX;
        while (name.len > 0 && ((unsigned char)name.ptr[name.len] & 0xc0) == 0x80)
            name.len--;
    }
    return name.len ? name : id;
}

static kd_status stub_draft(kd_draft *out, kd_str id, kd_str name, bool claimed, int64_t now_ms, kd_arena *arena, kd_err *err)
{
    kd_buf buf;
    kd_jw  w;
    char   iso[25];
    kd_time_format(iso, now_ms);
    kd_buf_init(&buf, arena);
    kd_jw_init(&w, &buf);
    kd_jw_object(&w);
    KD_JW_STR(&w, "id", id);
    KD_JW_STR(&w, "title", name);
    KD_JW_Z(&w, "createdAt", iso);
    if (claimed)
        KD_JW_BOOL(&w, "claimed", true);
    kd_jw_object_end(&w);
    *out = (kd_draft){ .kind = KD_DOC_STUB, .id = id, .ref = kd_ref_of(id), .body = kd_buf_str(&buf) };
    return kd_buf_status(&buf, err);
}

/* ---- claims: seen, dropped ---- */

static kd_product_object *object_at(const kd_snapshot *s, uint32_t row)
{
    return (kd_product_object *)(void *)kd_table_get(&s->products, row);
}

static bool is_dropped(const kd_product *p)
{
    return p->stub && p->hidden;
}

/* Nothing to do for this one? Notes in passing that a claimed stub was seen again. */
static bool says_nothing_new(const kd_snapshot *s, const kd_stub *stub, kd_ref ref, int32_t day)
{
    const kd_variant *variant;
    const kd_product *known = kd_snapshot_find_any(s, ref, &variant);
    if (!known || is_dropped(known) || (known->claimed && !stub->claimed))
        return false;
    if (known->claimed) {
        kd_product_object *object = object_at(s, known->row);
        atomic_fetch_add_explicit(&object->seen, 1, memory_order_relaxed);
        atomic_store_explicit(&object->seen_day, day, memory_order_relaxed);
    }
    return true;
}

/* Neither free room nor the right to make some today? */
static bool claims_are_closed(const kd_catalog *catalog, const kd_snapshot *s, int32_t day)
{
    const bool full = s->claimed_stubs >= KD_CLAIMED_STUBS_MAX && day <= atomic_load_explicit(&catalog->claims_settled_day, memory_order_relaxed);
    return full || atomic_load_explicit(&catalog->claimed_row_count, memory_order_relaxed) >= KD_CLAIMED_ROWS_MAX;
}

static void leave_out(kd_catalog *catalog, size_t count)
{
    atomic_fetch_add_explicit(&catalog->claims_left_out, count, memory_order_relaxed);
}

typedef struct sighting { uint32_t row, seen; int32_t day; } sighting;

static int least_seen_first(const void *a, const void *b)
{
    const sighting *x = a, *y = b;
    if (x->seen != y->seen)
        return x->seen < y->seen ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The claimed stubs that are to go. What stays is seen half as often as it was: old fame fades. */
static size_t pick_drops(sighting *out, const kd_catalog *catalog, int32_t day)
{
    const uint32_t rows = atomic_load_explicit(&catalog->claimed_row_count, memory_order_relaxed);
    size_t         kept = 0, old = 0, drops;
    sighting      *all = out; /* the old ones are gathered in front, the others behind them */
    for (uint32_t i = 0; i < rows; i++) {
        kd_product_object *object = object_at(catalog->current, catalog->claimed_rows[i]);
        if (!object || !object->product.claimed || object->head.deleted)
            continue;
        const sighting s = { catalog->claimed_rows[i], atomic_load_explicit(&object->seen, memory_order_relaxed),
                             atomic_load_explicit(&object->seen_day, memory_order_relaxed) };
        atomic_store_explicit(&object->seen, s.seen / 2, memory_order_relaxed);
        all[old + kept] = s;
        if (s.day < day - KEEP_DAYS) {
            all[old + kept] = all[old];
            all[old++] = s;
        } else {
            kept++;
        }
    }
    drops = old;
    if (kept >= KD_CLAIMED_STUBS_MAX) {
        qsort(all + old, kept, sizeof *all, least_seen_first);
        drops += KD_CLAIMED_STUBS_MAX / PLACE_FOR;
    }
    return drops;
}

/* Once a day, when somebody asks for room: drop what nobody asks for. */
static kd_status settle_claims(kd_catalog *catalog, int64_t now_ms, kd_arena *arena, kd_arena *scratch, kd_err *err)
{
    kd_showing showing = { .catalog = catalog, .scratch = scratch };
    sighting  *drops = KD_NEW(arena, sighting, KD_CLAIMED_ROWS_MAX);
    size_t     count = drops ? pick_drops(drops, catalog, kd_day(now_ms)) : 0;
    kd_draft  *drafts = KD_NEW(arena, kd_draft, count);
    kd_status  status = drops && drafts ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        const kd_product *p = &object_at(catalog->current, drops[i].row)->product;
        kd_buf            body;
        kd_buf_init(&body, arena);
        kd_product_print(&body, p);
        drafts[i] = (kd_draft){ .kind = KD_DOC_STUB, .id = p->id, .ref = p->ref, .body = kd_buf_str(&body), .deleted = true };
        status = kd_buf_status(&body, err);
        if (status == KD_OK)
            status = kd_show(&showing, &drafts[i], 0, err);
    }
    if (status == KD_OK && count)
        status = kd_showing_store(&showing, drafts, count, now_ms, arena, err);
    else
        kd_showing_drop(&showing);
    if (status == KD_OK)
        atomic_store_explicit(&catalog->claims_settled_day, kd_day(now_ms), memory_order_relaxed);
    return status;
}

/* ---- writing ---- */

typedef struct naming { /* stubs being named, under the write lock */
    kd_catalog *catalog;
    kd_showing  showing;
    kd_arena   *arena;
    kd_draft   *drafts;
    kd_map     *seen;
    size_t      used, proven, claimed; /* drafts, and how many of each */
    int64_t     now_ms;
    kd_err      wrong;  /* the first that could not be named */
} naming;

/* Is there room for one more? Claims beyond theirs are left out without a word: a flood is no error of ours. */
static bool has_room(naming *n, bool claimed)
{
    const kd_snapshot *s = n->catalog->current;
    if (!claimed) {
        if (s->stubs - s->claimed_stubs + n->proven < KD_STUBS_MAX)
            return true;
        n->wrong.status = kd_fail(&n->wrong, KD_LIMIT, "%d products are known by events alone: describe some, or stop inventing ids", KD_STUBS_MAX);
        return false;
    }
    if (s->claimed_stubs + n->claimed < KD_CLAIMED_STUBS_MAX
        && atomic_load_explicit(&n->catalog->claimed_row_count, memory_order_relaxed) < KD_CLAIMED_ROWS_MAX)
        return true;
    leave_out(n->catalog, 1);
    return false;
}

static kd_status name_one(naming *n, const kd_stub *stub, kd_err *err)
{
    kd_str    id;
    bool      is_new = false;
    kd_status status;
    if (stub_id(&id, stub, n->wrong.status == KD_OK ? &n->wrong : NULL) != KD_OK
        || says_nothing_new(n->catalog->current, stub, kd_ref_of(id), kd_day(n->now_ms)))
        return KD_OK;
    if (kd_map_put_new(n->seen, kd_ref_of(id), 0, &is_new) == UINT32_MAX)
        return kd_fail_memory(err);
    if (!is_new || !has_room(n, stub->claimed))
        return KD_OK;
    status = stub_draft(&n->drafts[n->used], id, stub_name(stub->name, id), stub->claimed, n->now_ms, n->arena, err);
    if (status == KD_OK)
        status = kd_show(&n->showing, &n->drafts[n->used], 0, err);
    n->used++;
    *(stub->claimed ? &n->claimed : &n->proven) += 1;
    return status;
}

/* Called with the write lock. Proven ones first: what is named both ways at once is proven. */
static kd_status stubs_write(kd_catalog *catalog, const kd_stub *stubs, size_t count, int64_t now_ms, kd_arena *arena,
                             kd_arena *scratch, kd_err *err)
{
    naming    n = { .catalog = catalog, .showing = { .catalog = catalog, .scratch = scratch }, .arena = arena, .now_ms = now_ms,
                    .drafts = KD_NEW(arena, kd_draft, count), .seen = kd_map_new(count) };
    kd_status status = n.drafts && n.seen ? KD_OK : kd_fail_memory(err);
    catalog->today = kd_day(now_ms);
    if (status == KD_OK && catalog->current->claimed_stubs >= KD_CLAIMED_STUBS_MAX && !claims_are_closed(catalog, catalog->current, kd_day(now_ms)))
        status = settle_claims(catalog, now_ms, arena, scratch, err);
    for (int claimed = 0; claimed < 2; claimed++)
        for (size_t i = 0; i < count && status == KD_OK; i++)
            if (stubs[i].claimed == claimed)
                status = name_one(&n, &stubs[i], err);
    kd_map_free(n.seen);
    if (status == KD_OK && n.used != 0)
        status = kd_showing_store(&n.showing, n.drafts, n.used, now_ms, arena, err);
    else
        kd_showing_drop(&n.showing);
    if (status == KD_OK && n.wrong.status != KD_OK && err)
        *err = n.wrong;
    return status == KD_OK ? n.wrong.status : status;
}

kd_status kd_catalog_stubs(kd_catalog *catalog, const kd_stub *stubs, size_t count, int64_t now_ms, kd_err *err)
{
    const kd_snapshot *snapshot = kd_snapshot_acquire(catalog);
    const int32_t      day = kd_day(now_ms);
    const bool         closed = claims_are_closed(catalog, snapshot, day);
    size_t             left_out = 0;
    bool               nothing_new = true;
    for (size_t i = 0; i < count && nothing_new; i++) {
        nothing_new = says_nothing_new(snapshot, &stubs[i], kd_ref_of(kd_str_trim(stubs[i].product_id)), day);
        if (!nothing_new && closed && stubs[i].claimed)
            nothing_new = true, left_out++;
    }
    kd_snapshot_release(snapshot);
    if (nothing_new) { /* by far the most calls: no lock of the writer */
        leave_out(catalog, left_out);
        return KD_OK;
    }
    kd_arena *arena = kd_arena_new(SIZE_MAX / 4), *scratch = kd_arena_new(SIZE_MAX / 4);
    kd_status status = arena && scratch ? KD_OK : kd_fail_memory(err);
    if (status == KD_OK) {
        pthread_mutex_lock(&catalog->write_lock);
        status = stubs_write(catalog, stubs, count, now_ms, arena, scratch, err);
        pthread_mutex_unlock(&catalog->write_lock);
    }
    kd_arena_free(arena);
    kd_arena_free(scratch);
    return status;
}
