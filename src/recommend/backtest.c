#include "recommend/backtest.h"

#include <math.h>
#include <stdlib.h>

#include "recommend/seeds.h"

enum { LIST = 20, NDCG_AT = 10, DAYS = 14, MINUTES_A_DAY = 1440 };

/* Working memory over all users. */
typedef struct bench {
    const kd_deeds *deeds;
    const kd_model *model;
    int32_t         cut;
    kd_kind         target_kind;
    kd_scorer       scorer;
    uint8_t        *known;       /* by item: 1 had before the cut, 2 target; 0 again after each user */
    kd_deed        *history;     /* of one user, newest first */
    kd_candidate   *candidates;
} bench;

typedef struct segment { size_t begin, end; } segment; /* the rows of one user */

/* ---- where to cut ----------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

int32_t kd_backtest_cut(const kd_deeds *d)
{
    int32_t  cut = d->newest_minute - DAYS * MINUTES_A_DAY;
    size_t   after = 0;
    int32_t *minutes = malloc((d->count + 1) * sizeof *minutes);

    for (size_t n = 0; n < d->count; n++)
        after += d->rows[n].minute >= cut;
    if (minutes && (after < d->count / 100 || after > d->count / 2)) {
        for (size_t n = 0; n < d->count; n++)
            minutes[n] = d->rows[n].minute;
        qsort(minutes, d->count, sizeof *minutes, ascending);
        cut = d->count ? minutes[d->count - d->count / 10 - 1] : cut;
    }
    free(minutes);
    return cut;
}

/* ---- one user ------------------------------------------------------------------------------------------------------ */

/* Mark what the user had (1) and what is to be found (2); returns how many targets. `clear` takes the marks off again. */
static uint32_t mark(bench *b, segment user, bool clear)
{
    uint32_t targets = 0;

    for (size_t n = user.begin; n < user.end; n++) {
        const kd_deed *row = &b->deeds->rows[n];
        if (clear)
            b->known[row->item] = 0;
        else if (row->kind == b->target_kind && row->minute < b->cut)
            b->known[row->item] = 1;
        else if (row->kind == b->target_kind && b->known[row->item] == 0) { /* rows of an item ascend in time */
            b->known[row->item] = 2;
            targets++;
        }
    }
    return targets;
}

static int newest_first(const void *a, const void *b)
{
    const kd_deed *x = a, *y = b;
    if (x->minute != y->minute)
        return x->minute > y->minute ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static size_t gather_seeds(kd_seed *seeds, bench *b, segment user)
{
    size_t count = 0, rows = 0;

    for (size_t n = user.begin; n < user.end; n++)
        if (b->deeds->rows[n].minute < b->cut)
            b->history[rows++] = b->deeds->rows[n];
    qsort(b->history, rows, sizeof *b->history, newest_first);
    for (size_t rank = 0; kd_seed_kind(rank) != KD_KIND_CUSTOM; rank++) {
        size_t from = count;
        for (size_t n = 0; n < rows; n++) {
            const kd_deed *row = &b->history[n];
            bool bought = b->known[row->item] == 1 && b->target_kind == KD_KIND_ORDER;
            if (row->kind != kd_seed_kind(rank) || (bought && row->kind != KD_KIND_ORDER))
                continue;
            if (!kd_seed_add(seeds, &count, from, rank, row->item, (int64_t)row->minute * 60000, (int64_t)b->cut * 60000, b->model))
                break;
        }
    }
    return count;
}

/* The first LIST items of the model's ranking, popularity behind it; *own says how many are the model's. */
static size_t list_of_model(uint32_t *list, size_t *own, bench *b, segment user)
{
    const uint32_t *popular;
    kd_seed         seeds[KD_SEEDS_MAX];
    size_t          count = 0, seed_count = gather_seeds(seeds, b, user), candidates;

    kd_scorer_add(&b->scorer, b->model, seeds, seed_count);
    candidates = kd_scorer_top(b->candidates, b->scorer.touched_count, &b->scorer);
    for (size_t n = 0; n < candidates && count < LIST; n++)
        if (b->known[b->candidates[n].item] != 1)
            list[count++] = b->candidates[n].item;
    *own = count;
    for (size_t n = 0, all = kd_model_popular(b->model, &popular); n < all && count < LIST; n++) {
        bool listed = false;
        for (size_t k = 0; k < *own && !listed; k++)
            listed = list[k] == popular[n];
        if (!listed && b->known[popular[n]] != 1)
            list[count++] = popular[n];
    }
    return count;
}

static size_t list_of_popularity(uint32_t *list, const bench *b)
{
    const uint32_t *popular;
    size_t          count = 0;

    for (size_t n = 0, all = kd_model_popular(b->model, &popular); n < all && count < LIST; n++)
        if (b->known[popular[n]] != 1)
            list[count++] = popular[n];
    return count;
}

static void add_figures(kd_backtest_figures *sum, const bench *b, const uint32_t *list, size_t count, uint32_t targets)
{
    double hits = 0.0, gain = 0.0, ideal = 0.0;

    for (size_t n = 0; n < count; n++) {
        bool hit = b->known[list[n]] == 2;
        hits += hit;
        gain += n < NDCG_AT && hit ? 1.0 / log2((double)n + 2.0) : 0.0;
    }
    for (uint32_t n = 0; n < NDCG_AT && n < targets; n++)
        ideal += 1.0 / log2((double)n + 2.0);
    sum->recall_20 += hits / targets;
    sum->ndcg_10 += gain / ideal;
}

/* ---- all users ------------------------------------------------------------------------------------------------------- */

/* Rows of users who were known before the cut and have targets behind it; NULL when out of memory. */
static segment *find_users(uint32_t *count, bench *b)
{
    const kd_deeds *d = b->deeds;
    segment        *users = malloc(((size_t)d->user_count + 1) * sizeof *users);

    *count = 0;
    for (size_t n = 0, end; users && n < d->count; n = end) {
        bool known = false;
        for (end = n; end < d->count && d->rows[end].user == d->rows[n].user; end++)
            known |= d->rows[end].minute < b->cut;
        segment user = { n, end };
        if (known && mark(b, user, false) > 0)
            users[(*count)++] = user;
        mark(b, user, true);
    }
    return users;
}

static void run_users(kd_backtest *out, bench *b, const segment *users, uint32_t count)
{
    out->users = count < KD_BACKTEST_USERS ? count : KD_BACKTEST_USERS;
    for (uint32_t n = 0; n < out->users; n++) {
        segment  user = users[(uint64_t)n * count / out->users];
        uint32_t list[LIST], targets = mark(b, user, false);
        size_t   own, length = list_of_model(list, &own, b, user);
        out->served_by_model += own;
        add_figures(&out->model, b, list, length, targets);
        length = list_of_popularity(list, b);
        add_figures(&out->popularity, b, list, length, targets);
        mark(b, user, true);
    }
    for (int n = 0; n < 2 && out->users > 0; n++) {
        kd_backtest_figures *f = n ? &out->popularity : &out->model;
        f->recall_20 /= out->users;
        f->ndcg_10 /= out->users;
    }
}

kd_status kd_backtest_run(kd_backtest *out, const kd_deeds *deeds, int32_t cut_minute, const kd_model *model, kd_err *err)
{
    bench     b = { .deeds = deeds, .model = model, .cut = cut_minute, .target_kind = KD_KIND_VIEW };
    segment  *users = NULL;
    uint32_t  count = 0;
    kd_status status = kd_scorer_reserve(&b.scorer, deeds->item_count, err);

    for (size_t n = 0; n < deeds->count && b.target_kind != KD_KIND_ORDER; n++)
        if (deeds->rows[n].kind == KD_KIND_ORDER)
            b.target_kind = KD_KIND_ORDER;
    *out = (kd_backtest){ .cut_ms = (int64_t)cut_minute * 60000, .on_orders = b.target_kind == KD_KIND_ORDER };
    b.known = calloc((size_t)deeds->item_count + 1, 1);
    b.history = malloc((deeds->count + 1) * sizeof *b.history);
    b.candidates = malloc(((size_t)deeds->item_count + 1) * sizeof *b.candidates);
    if (status == KD_OK && (!b.known || !b.history || !b.candidates || !(users = find_users(&count, &b))))
        status = kd_fail_memory(err);
    if (status == KD_OK)
        run_users(out, &b, users, count);
    kd_scorer_free(&b.scorer);
    free(b.known);
    free(b.history);
    free(b.candidates);
    free(users);
    return status;
}
