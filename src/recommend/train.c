#include "recommend/train.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "recommend/backtest.h"
#include "recommend/interactions.h"

enum { STEPS_MAX = 16 };

/* One run: what it may use, where it is, how long each step took. */
typedef struct run {
    const kd_train_options *options;
    kd_train_progress       progress;
    void                   *self;
    size_t                  bytes_max;
    struct { const char *name; int64_t us; } steps[STEPS_MAX];
    size_t                  step_count;
    int64_t                 step_began_us;
    kd_err                 *err;
} run;

typedef struct parts { /* one model in the making */
    kd_csr         orders, views, viewed, taken;
    kd_model_build build;
    float         *popularity, *trend;
} parts;

kd_train_options kd_train_options_default(int64_t now_ms)
{
    return (kd_train_options){
        .now_ms = now_ms, .order_half_life_days = 180.0, .view_half_life_days = 30.0, .trend_days = 7.0, .k = 100,
        .orders = { .similarity = KD_SIM_RP3BETA, .alpha = 0.9, .beta = 0.3, .support_min = 1, .normalize = true },
        .views = { .similarity = KD_SIM_COSINE, .shrink = 2.0, .support_min = 1, .normalize = true },
        .person_items_max = 500,
    };
}

static void step_begin(run *r, const char *name)
{
    r->step_began_us = kd_monotonic_us();
    if (r->progress)
        r->progress(r->self, name, 0, 1);
}

static void step_end(run *r, const char *name)
{
    if (r->step_count < STEPS_MAX) {
        r->steps[r->step_count].name = name;
        r->steps[r->step_count++].us = kd_monotonic_us() - r->step_began_us;
    }
    if (r->progress)
        r->progress(r->self, name, 1, 1);
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static uint64_t cell_count(const kd_csr *m) { return m->indptr ? m->indptr[m->rows] : 0; }

/* Neighbours cannot be more than k an item, nor than the pairs that any row makes. */
static uint64_t neighbours_bound(const kd_csr *m, uint32_t k, uint32_t row_max)
{
    uint64_t pairs = 0, all = (uint64_t)m->cols * k;
    for (uint32_t u = 0; u < m->rows; u++) {
        uint64_t row = m->indptr[u + 1] - m->indptr[u];
        row = row < row_max ? row : row_max;
        pairs += row * row;
    }
    return pairs < all ? pairs : all;
}

static uint64_t neighbour_count(const kd_neighbours *n)
{
    uint64_t count = 0;
    for (uint32_t i = 0; n->counts && i < n->item_count; i++)
        count += n->counts[i];
    return count;
}

/* What is held, plus what training `next` will add, against the cap. */
static kd_status check_memory(const run *r, const kd_deeds *deeds, const parts *p, const kd_csr *next, uint32_t k)
{
    uint64_t bytes = deeds->room * sizeof *deeds->rows + deeds->item_count * UINT64_C(64);
    bytes += 8 * (cell_count(&p->orders) + cell_count(&p->views) + cell_count(&p->viewed) + cell_count(&p->taken));
    for (int n = 0; n < KD_RELATION_COUNT; n++)
        bytes += 24 * neighbour_count(&p->build.relations[n]); /* in memory and in the file */
    if (next)
        bytes += 24 * cell_count(next) + 24 * neighbours_bound(next, k, r->options->person_items_max);
    if (bytes <= r->bytes_max)
        return KD_OK;
    return kd_fail(r->err, KD_LIMIT, "training needs about %llu MB and may use %zu MB: raise its memory setting or lower k",
                   (unsigned long long)(bytes >> 20), r->bytes_max >> 20);
}

/* ---- one model ----------------------------------------------------------------------------------------------------- */

static void parts_free(parts *p)
{
    kd_csr_free(&p->orders);
    kd_csr_free(&p->views);
    kd_csr_free(&p->viewed);
    kd_csr_free(&p->taken);
    for (int n = 0; n < KD_RELATION_COUNT; n++)
        kd_neighbours_free(&p->build.relations[n]);
    free(p->popularity);
    free(p->trend);
}

static kd_item_item_params params_of(const run *r, kd_item_item_params p)
{
    p.k = r->options->k;
    p.threads = r->options->threads;
    p.row_max = r->options->person_items_max;
    return p;
}

static kd_status train_relation(parts *p, run *r, const kd_deeds *deeds, kd_relation relation, const kd_csr *seen, const kd_csr *taken,
                                const kd_item_item_params *given, const char *step)
{
    kd_item_item_params params = params_of(r, *given);
    kd_status           status = check_memory(r, deeds, p, taken, params.k);

    if (status != KD_OK)
        return status;
    step_begin(r, step);
    status = kd_item_item_cross(&p->build.relations[relation], seen, taken, &params, r->err);
    step_end(r, step);
    return status;
}

static kd_status make_matrices(parts *p, run *r, const kd_deeds *deeds)
{
    const kd_train_options *o = r->options;
    kd_status               status = kd_deeds_matrix(&p->orders, deeds, KD_SIDE_ORDERS, o->order_half_life_days, r->err);

    if (status == KD_OK)
        status = kd_deeds_matrix(&p->views, deeds, KD_SIDE_VIEWS, o->view_half_life_days, r->err);
    if (status == KD_OK)
        status = kd_deeds_occasions(&p->viewed, &p->taken, deeds, o->order_half_life_days, r->err);
    p->popularity = calloc((size_t)deeds->item_count + 1, sizeof *p->popularity);
    p->trend = calloc((size_t)deeds->item_count + 1, sizeof *p->trend);
    if (status == KD_OK && (!p->popularity || !p->trend))
        status = kd_fail_memory(r->err);
    if (status == KD_OK)
        status = kd_deeds_popularity(p->popularity, deeds, &p->orders, &p->views, r->err);
    if (status == KD_OK)
        status = kd_deeds_trend(p->trend, deeds, o->trend_days, r->err);
    return status;
}

/* Everything but the report. `backtest` names the steps apart. */
static kd_status train_parts(parts *p, run *r, const kd_deeds *deeds, bool backtest)
{
    const kd_train_options *o = r->options;
    kd_status               status;

    step_begin(r, backtest ? "backtest-matrices" : "matrices");
    status = make_matrices(p, r, deeds);
    step_end(r, backtest ? "backtest-matrices" : "matrices");
    if (status == KD_OK)
        status = train_relation(p, r, deeds, KD_RELATION_BOUGHT, &p->orders, &p->orders, &o->orders, backtest ? "backtest-orders" : "orders");
    if (status == KD_OK)
        status = train_relation(p, r, deeds, KD_RELATION_VIEWED, &p->views, &p->views, &o->views, backtest ? "backtest-views" : "views");
    if (status == KD_OK && !backtest) /* no recipe of the back-test asks it */
        status = train_relation(p, r, deeds, KD_RELATION_VIEWED_BOUGHT, &p->viewed, &p->taken, &o->orders, "viewed-then-bought");
    p->build.version = (uint64_t)o->now_ms;
    p->build.item_count = deeds->item_count;
    p->build.items = deeds->items;
    p->build.popularity = p->popularity;
    p->build.trend = p->trend;
    return status;
}

static kd_status backtest(kd_backtest *out, run *r, const kd_deeds *deeds)
{
    int32_t   cut = kd_backtest_cut(deeds);
    kd_deeds  before = { 0 };
    parts     p = { 0 };
    kd_model *model = NULL;
    kd_buf    bytes;
    kd_status status = kd_deeds_before(&before, deeds, cut, r->err);

    kd_buf_init(&bytes, NULL);
    if (status == KD_OK)
        status = train_parts(&p, r, &before, true);
    if (status == KD_OK)
        status = kd_model_write(&bytes, &p.build, r->err);
    parts_free(&p);
    if (status == KD_OK)
        status = kd_model_from_bytes(&model, kd_buf_str(&bytes), r->err);
    if (status == KD_OK) {
        step_begin(r, "backtest");
        status = kd_backtest_run(out, deeds, cut, model, r->err);
        step_end(r, "backtest");
    }
    kd_model_release(model);
    kd_buf_free(&bytes);
    kd_deeds_free(&before);
    return status;
}

/* ---- the report ---------------------------------------------------------------------------------------------------------- */

static void write_params(kd_jw *w, const char *key, kd_item_item_params p)
{
    static const char *const names[] = { "cosine", "asymmetric", "jaccard", "rp3beta", "lift" };
    kd_jw_key(w, key);
    kd_jw_object(w);
    KD_JW_Z(w, "similarity", names[p.similarity]);
    KD_JW_I64(w, "k", p.k);
    kd_jw_key(w, "shrink"), kd_jw_f64(w, p.shrink, 4);
    if (p.similarity == KD_SIM_ASYMMETRIC)
        kd_jw_key(w, "asymmetry"), kd_jw_f64(w, p.asymmetry, 4);
    if (p.similarity == KD_SIM_RP3BETA) {
        kd_jw_key(w, "alpha"), kd_jw_f64(w, p.alpha, 4);
        kd_jw_key(w, "beta"), kd_jw_f64(w, p.beta, 4);
    }
    KD_JW_I64(w, "supportMin", p.support_min);
    KD_JW_BOOL(w, "normalize", p.normalize);
    kd_jw_object_end(w);
}

static void write_matrix(kd_jw *w, const char *key, const kd_csr *m, const kd_neighbours *n)
{
    kd_jw_key(w, key);
    kd_jw_object(w);
    KD_JW_I64(w, "rows", m->rows);
    KD_JW_I64(w, "items", m->cols);
    KD_JW_I64(w, "cells", (int64_t)cell_count(m));
    kd_jw_key(w, "density"), kd_jw_f64(w, m->rows && m->cols ? (double)cell_count(m) / m->rows / m->cols : 0.0, 8);
    KD_JW_I64(w, "neighbours", (int64_t)neighbour_count(n));
    kd_jw_object_end(w);
}

static void write_figures(kd_jw *w, const char *key, kd_backtest_figures f)
{
    kd_jw_key(w, key);
    kd_jw_object(w);
    kd_jw_key(w, "recall@20"), kd_jw_f64(w, f.recall_20, 5);
    kd_jw_key(w, "ndcg@10"), kd_jw_f64(w, f.ndcg_10, 5);
    kd_jw_object_end(w);
}

static void write_backtest(kd_jw *w, const kd_backtest *b)
{
    char cut[25];

    kd_time_format(cut, b->cut_ms);
    kd_jw_key(w, "backtest");
    kd_jw_object(w);
    KD_JW_Z(w, "cut", cut);
    KD_JW_Z(w, "targets", b->on_orders ? "orders" : "views");
    KD_JW_I64(w, "users", b->users);
    if (b->users > 0) {
        write_figures(w, "model", b->model);
        write_figures(w, "popularity", b->popularity);
        kd_jw_key(w, "servedByModel"), kd_jw_f64(w, (double)b->served_by_model / (20.0 * b->users), 4);
        KD_JW_BOOL(w, "beatsPopularity", b->model.recall_20 > b->popularity.recall_20 && b->model.ndcg_10 > b->popularity.ndcg_10);
    }
    kd_jw_object_end(w);
}

static void write_report(kd_buf *out, const run *r, const kd_deeds *d, const parts *p, const kd_backtest *b)
{
    const kd_train_options *o = r->options;
    char                    trained[25], newest[25];
    kd_jw                   w;

    kd_time_format(trained, o->now_ms);
    kd_time_format(newest, (int64_t)d->newest_minute * 60000);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_I64(&w, "version", o->now_ms);
    KD_JW_Z(&w, "trained", trained);
    KD_JW_Z(&w, "newestInteraction", newest);
    KD_JW_I64(&w, "events", (int64_t)d->events);
    KD_JW_I64(&w, "users", d->user_count);
    KD_JW_I64(&w, "items", d->item_count);
    KD_JW_I64(&w, "orderLines", (int64_t)d->order_lines);
    KD_JW_I64(&w, "viewLines", (int64_t)d->view_lines);
    KD_JW_I64(&w, "claimedOrderLines", (int64_t)d->claimed_order_lines);
    KD_JW_I64(&w, "returnedLines", (int64_t)d->returned_lines);
    KD_JW_I64(&w, "interactions", (int64_t)d->count);
    write_matrix(&w, "orders", &p->orders, &p->build.relations[KD_RELATION_BOUGHT]);
    write_matrix(&w, "views", &p->views, &p->build.relations[KD_RELATION_VIEWED]);
    write_matrix(&w, "viewedThenBought", &p->taken, &p->build.relations[KD_RELATION_VIEWED_BOUGHT]);
    kd_jw_key(&w, "parameters");
    kd_jw_object(&w);
    kd_jw_key(&w, "orderHalfLifeDays"), kd_jw_f64(&w, o->order_half_life_days, 3);
    kd_jw_key(&w, "viewHalfLifeDays"), kd_jw_f64(&w, o->view_half_life_days, 3);
    kd_jw_key(&w, "trendDays"), kd_jw_f64(&w, o->trend_days, 3);
    KD_JW_I64(&w, "personItemsMax", o->person_items_max);
    write_params(&w, "orders", params_of(r, o->orders));
    write_params(&w, "views", params_of(r, o->views));
    kd_jw_object_end(&w);
    if (b)
        write_backtest(&w, b);
    kd_jw_key(&w, "ms");
    kd_jw_object(&w);
    for (size_t n = 0; n < r->step_count; n++)
        kd_jw_key(&w, r->steps[n].name), kd_jw_f64(&w, (double)r->steps[n].us / 1000.0, 1);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
}

/* ---- the run ---------------------------------------------------------------------------------------------------------------- */

static kd_status check_options(const kd_train_options *o, kd_err *err)
{
    if (o->k == 0 || o->k > 10000)
        return kd_fail_field(err, KD_INVALID, "k", "k must lie between 1 and 10000");
    if (!(o->order_half_life_days >= 0.0) || !(o->view_half_life_days >= 0.0))
        return kd_fail_field(err, KD_INVALID, "half_life_days", "a half-life must be 0 (no decay) or more days");
    if (!(o->trend_days >= 1.0 / 24.0))
        return kd_fail_field(err, KD_INVALID, "trend_days", "the trend's window must be at least an hour");
    if (o->person_items_max == 0)
        return kd_fail_field(err, KD_INVALID, "person_items_max", "a person must count with at least one item");
    return KD_OK;
}

kd_status kd_train(kd_buf *out, kd_store *store, const kd_train_options *options, kd_train_progress progress, void *self, kd_err *err)
{
    run         r = { .options = options, .progress = progress, .self = self, .err = err,
                      .bytes_max = options->bytes_max ? options->bytes_max : (size_t)4 << 30 };
    kd_deeds    deeds = { 0 };
    kd_backtest tested = { 0 };
    parts       p = { 0 };
    kd_buf      report;
    kd_status   status = check_options(options, err);

    if (status != KD_OK)
        return status;
    kd_buf_init(&report, NULL);
    r.step_began_us = kd_monotonic_us();
    status = kd_deeds_scan(&deeds, store, options->now_ms, options->only, options->trust_claims, r.bytes_max, progress, self, err);
    step_end(&r, "scan");
    step_begin(&r, "settle");
    if (status == KD_OK)
        status = kd_deeds_settle(&deeds, err);
    step_end(&r, "settle");
    if (status == KD_OK && !options->no_backtest)
        status = backtest(&tested, &r, &deeds);
    if (status == KD_OK)
        status = train_parts(&p, &r, &deeds, false);
    if (status == KD_OK)
        status = check_memory(&r, &deeds, &p, NULL, 0);
    if (status == KD_OK) {
        write_report(&report, &r, &deeds, &p, options->no_backtest ? NULL : &tested);
        status = kd_buf_status(&report, err);
    }
    if (status == KD_OK) {
        p.build.report = kd_buf_str(&report);
        status = kd_model_write(out, &p.build, err);
    }
    parts_free(&p);
    kd_deeds_free(&deeds);
    kd_buf_free(&report);
    return status;
}
