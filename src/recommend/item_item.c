#include "recommend/item_item.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 64, ROWS_AT_ONCE = 16 };

typedef struct gram_cell { double sum; uint32_t users; } gram_cell; /* users 0: this place is empty */

/* What all threads share: read only, but for `next` and `failed`. */
typedef struct gram_job {
    const kd_item_item_params *params;
    kd_csr         left;          /* items x users: seen', weights as the similarity wants them */
    kd_csr         right;         /* users x items: taken, likewise */
    double        *by_i, *by_j;   /* what the similarity divides or multiplies by, of each item */
    double         user_count;    /* lift's N */
    kd_neighbours *out;
    atomic_uint    next;          /* first item nobody has begun */
    atomic_int     failed;        /* a kd_status */
} gram_job;

float kd_interaction_weight(double weight, double age_days, double half_life_days)
{
    if (half_life_days <= 0.0)
        return (float)weight;
    return (float)(weight * exp2(-fmax(age_days, 0.0) / half_life_days));
}

void kd_neighbours_free(kd_neighbours *neighbours)
{
    free(neighbours->counts);
    free(neighbours->items);
    free(neighbours->support);
    *neighbours = (kd_neighbours){ 0 };
}

static kd_status neighbours_alloc(kd_neighbours *out, uint32_t item_count, uint32_t k, kd_err *err)
{
    uint32_t others = item_count > 1 ? item_count - 1 : 1;
    size_t   room;

    *out = (kd_neighbours){ .item_count = item_count, .k = k < others ? k : others };
    room = (size_t)item_count * out->k + 1;
    out->counts = calloc((size_t)item_count + 1, sizeof *out->counts);
    out->items = malloc(room * sizeof *out->items);     /* pages that no neighbour reaches are never touched */
    out->support = malloc(room * sizeof *out->support);
    if (!out->counts || !out->items || !out->support) {
        kd_neighbours_free(out);
        return kd_fail_memory(err);
    }
    return KD_OK;
}

/* ---- before the pass: bounded rows, weights as the similarity wants them ------------------------------------- */

static kd_status check_params(const kd_csr *seen, const kd_csr *taken, const kd_item_item_params *p, kd_err *err)
{
    if (seen->rows != taken->rows || seen->cols != taken->cols)
        return kd_fail(err, KD_INVALID, "the two matrices differ in shape");
    if ((unsigned)p->similarity > KD_SIM_LIFT)
        return kd_fail_field(err, KD_INVALID, "similarity", "there is no similarity number %d", (int)p->similarity);
    if (p->k == 0)
        return kd_fail_field(err, KD_INVALID, "k", "k must be at least 1");
    if (!(p->shrink >= 0.0) || !isfinite(p->shrink))
        return kd_fail_field(err, KD_INVALID, "shrink", "shrink must be 0 or more");
    if (p->similarity == KD_SIM_ASYMMETRIC && !(p->asymmetry >= 0.0 && p->asymmetry <= 1.0))
        return kd_fail_field(err, KD_INVALID, "asymmetry", "asymmetry must lie between 0 and 1");
    if (p->similarity == KD_SIM_RP3BETA && !(p->alpha > 0.0 && p->alpha <= 4.0))
        return kd_fail_field(err, KD_INVALID, "alpha", "alpha must be above 0 and at most 4");
    if (p->similarity == KD_SIM_RP3BETA && !(p->beta >= 0.0 && p->beta <= 4.0))
        return kd_fail_field(err, KD_INVALID, "beta", "beta must lie between 0 and 4");
    return KD_OK;
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const kd_scored *)a)->id, y = ((const kd_scored *)b)->id;
    return (x > y) - (x < y);
}

/* A copy in which no row has more than `row_max` cells: those of greatest weight, still ascending by item. */
static kd_status bounded_rows(kd_csr *out, const kd_csr *m, uint32_t row_max, kd_err *err)
{
    uint32_t  max = row_max ? row_max : UINT32_MAX;
    kd_status status = kd_csr_alloc(out, m->rows, m->cols, m->indptr[m->rows], err);
    kd_scored *kept = max < m->cols ? malloc(max * sizeof *kept) : NULL;
    uint64_t  to = 0;

    if (status == KD_OK && max < m->cols && !kept)
        status = kd_fail_memory(err);
    for (uint32_t r = 0; status == KD_OK && r < m->rows; r++) {
        uint64_t from = m->indptr[r], count = m->indptr[r + 1] - from;
        if (count <= max) {
            memcpy(out->indices + to, m->indices + from, count * sizeof *out->indices);
            memcpy(out->values + to, m->values + from, count * sizeof *out->values);
            to += count;
        } else {
            kd_topk top = { kept, 0, max };
            for (uint64_t n = from; n < from + count; n++)
                kd_topk_push(&top, m->values[n], m->indices[n]);
            qsort(kept, top.count, sizeof *kept, by_id);
            for (size_t n = 0; n < top.count; n++, to++) {
                out->indices[to] = kept[n].id;
                out->values[to] = kept[n].score;
            }
        }
        out->indptr[r + 1] = to;
    }
    free(kept);
    if (status != KD_OK)
        kd_csr_free(out);
    return status;
}

static kd_status check_weights(const kd_csr *m, kd_err *err)
{
    for (uint32_t u = 0; u < m->rows; u++)
        for (uint64_t n = m->indptr[u]; n < m->indptr[u + 1]; n++)
            if (!isfinite(m->values[n]) || !(m->values[n] > 0.0f))
                return kd_fail(err, KD_NUMERIC, "the weight of user %u, item %u is not a number above 0", u, m->indices[n]);
    return KD_OK;
}

/* sums[j] += weight^power over all cells of column j. */
static void add_columns(double *sums, const kd_csr *m, double power)
{
    for (uint64_t n = 0; n < m->indptr[m->rows]; n++) {
        double x = m->values[n];
        sums[m->indices[n]] += power == 2.0 ? x * x : power == 1.0 ? x : 1.0;
    }
}

/* RP3beta's two steps of the walk: each row of `m` becomes (weight / sum of the row)^alpha. */
static void rows_to_steps(kd_csr *m, double alpha)
{
    for (uint32_t r = 0; r < m->rows; r++) {
        double sum = 0.0;
        for (uint64_t n = m->indptr[r]; n < m->indptr[r + 1]; n++)
            sum += m->values[n];
        for (uint64_t n = m->indptr[r]; n < m->indptr[r + 1]; n++) {
            double step = m->values[n] / sum;
            m->values[n] = (float)(alpha == 1.0 ? step : pow(step, alpha));
        }
    }
}

static double count_users(const kd_csr *seen, const kd_csr *taken)
{
    double users = 0.0;
    for (uint32_t u = 0; u < seen->rows; u++)
        users += seen->indptr[u + 1] > seen->indptr[u] || taken->indptr[u + 1] > taken->indptr[u];
    return users;
}

/* Fill by_i, by_j and the weights of left and right; `seen` is what left was transposed from. */
static void prepare(gram_job *job, const kd_csr *seen)
{
    const kd_item_item_params *p = job->params;
    double   power = p->similarity == KD_SIM_RP3BETA ? 1.0 : p->similarity == KD_SIM_LIFT ? 0.0 : 2.0;
    double   a = p->similarity == KD_SIM_ASYMMETRIC ? p->asymmetry : 0.5;

    add_columns(job->by_i, seen, power);
    add_columns(job->by_j, &job->right, power);
    job->user_count = count_users(seen, &job->right);
    for (uint32_t i = 0; i < seen->cols; i++) {
        if (p->similarity == KD_SIM_COSINE || p->similarity == KD_SIM_ASYMMETRIC) {
            job->by_i[i] = pow(job->by_i[i], a);
            job->by_j[i] = pow(job->by_j[i], 1.0 - a);
        } else if (p->similarity == KD_SIM_RP3BETA) {
            job->by_j[i] = pow(job->by_j[i], -p->beta);
        }
    }
    if (p->similarity == KD_SIM_RP3BETA) {
        rows_to_steps(&job->left, p->alpha);
        rows_to_steps(&job->right, p->alpha);
    }
}

/* ---- the pass -------------------------------------------------------------------------------------------------- */

static double score_of(const gram_job *job, uint32_t i, uint32_t j, gram_cell g)
{
    const kd_item_item_params *p = job->params;
    double c = g.users;

    switch (p->similarity) {
    case KD_SIM_COSINE:
    case KD_SIM_ASYMMETRIC: return g.sum / (job->by_i[i] * job->by_j[j] + p->shrink);
    case KD_SIM_JACCARD:    return g.sum / (job->by_i[i] + job->by_j[j] - g.sum + p->shrink);
    case KD_SIM_RP3BETA:    return g.sum * job->by_j[j];
    case KD_SIM_LIFT:       return job->user_count * c / (job->by_i[i] * job->by_j[j]) * (c / (c + p->shrink));
    }
    return 0.0;
}

/* Row i of the Gram matrix into `row`, whose touched places are listed in `touched`; returns how many. */
static uint32_t gram_row(gram_cell *restrict row, uint32_t *restrict touched, const gram_job *job, uint32_t i)
{
    uint32_t count = 0;

    for (uint64_t n = job->left.indptr[i]; n < job->left.indptr[i + 1]; n++) {
        uint32_t u = job->left.indices[n];
        double   w = job->left.values[n];
        for (uint64_t m = job->right.indptr[u]; m < job->right.indptr[u + 1]; m++) {
            uint32_t   j = job->right.indices[m];
            gram_cell *cell = row + j;
            if (cell->users++ == 0)
                touched[count++] = j;
            cell->sum += w * job->right.values[m];
        }
    }
    return count;
}

static void normalize_row(kd_scored *items, size_t count)
{
    double sum = 0.0;
    for (size_t n = 0; n < count; n++)
        sum += items[n].score;
    for (size_t n = 0; n < count && sum > 0.0; n++)
        items[n].score = (float)(items[n].score / sum);
}

static kd_status train_row(gram_job *job, uint32_t i, gram_cell *row, uint32_t *touched)
{
    const kd_item_item_params *p = job->params;
    kd_topk   top = { job->out->items + (size_t)i * job->out->k, 0, job->out->k };
    uint32_t *support = job->out->support + (size_t)i * job->out->k;
    uint32_t  count = gram_row(row, touched, job, i);
    kd_status status = KD_OK;

    for (uint32_t n = 0; n < count; n++) {
        uint32_t j = touched[n];
        if (j == i || row[j].users < p->support_min)
            continue;
        float score = (float)score_of(job, i, j, row[j]);
        if (!isfinite(score))
            status = KD_NUMERIC;
        else if (score > 0.0f)
            kd_topk_push(&top, score, j);
    }
    kd_topk_sort(&top);
    job->out->counts[i] = (uint32_t)top.count;
    for (size_t n = 0; n < top.count; n++)
        support[n] = row[top.items[n].id].users;
    if (p->normalize)
        normalize_row(top.items, top.count);
    for (uint32_t n = 0; n < count; n++)
        row[touched[n]] = (gram_cell){ 0.0, 0 };
    return status;
}

static void *train_rows(void *arg)
{
    gram_job  *job = arg;
    uint32_t   items = job->out->item_count;
    gram_cell *row = calloc((size_t)items + 1, sizeof *row);
    uint32_t  *touched = malloc(((size_t)items + 1) * sizeof *touched);

    if (!row || !touched)
        atomic_store(&job->failed, KD_LIMIT);
    while (atomic_load(&job->failed) == KD_OK) {
        uint32_t from = atomic_fetch_add(&job->next, ROWS_AT_ONCE);
        if (from >= items)
            break;
        for (uint32_t i = from; i < items && i < from + ROWS_AT_ONCE; i++) {
            kd_status status = train_row(job, i, row, touched);
            if (status != KD_OK)
                atomic_store(&job->failed, (int)status);
        }
    }
    free(row);
    free(touched);
    return NULL;
}

static kd_status run_threads(gram_job *job, kd_err *err)
{
    long      processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned  wanted = job->params->threads ? job->params->threads : processors > 0 ? (unsigned)processors : 1;
    unsigned  rounds = (job->out->item_count + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, started = 0;
    pthread_t threads[THREADS_MAX];

    if (wanted > THREADS_MAX)
        wanted = THREADS_MAX;
    while (started + 1 < wanted && started + 1 < rounds && pthread_create(&threads[started], NULL, train_rows, job) == 0)
        started++; /* a thread that cannot be had is no failure: the others do its work */
    train_rows(job);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    switch (atomic_load(&job->failed)) {
    case KD_OK:      return KD_OK;
    case KD_NUMERIC: return kd_fail(err, KD_NUMERIC, "a similarity left the range of float: the weights are too far apart");
    default:         return kd_fail_memory(err);
    }
}

kd_status kd_item_item_cross(kd_neighbours *out, const kd_csr *seen, const kd_csr *taken, const kd_item_item_params *params, kd_err *err)
{
    kd_csr    bounded = { 0 };
    gram_job  job = { .params = params, .out = out };
    kd_status status = check_params(seen, taken, params, err);

    *out = (kd_neighbours){ 0 };
    if (status == KD_OK)
        status = check_weights(seen, err);
    if (status == KD_OK && taken != seen)
        status = check_weights(taken, err);
    if (status == KD_OK)
        status = bounded_rows(&bounded, seen, params->row_max, err);
    if (status == KD_OK)
        status = kd_csr_transpose(&job.left, &bounded, err);
    if (status == KD_OK)
        status = bounded_rows(&job.right, taken, params->row_max, err);
    if (status == KD_OK) {
        job.by_i = calloc((size_t)seen->cols + 1, sizeof *job.by_i);
        job.by_j = calloc((size_t)seen->cols + 1, sizeof *job.by_j);
        status = job.by_i && job.by_j ? KD_OK : kd_fail_memory(err);
    }
    if (status == KD_OK)
        status = neighbours_alloc(out, seen->cols, params->k, err);
    if (status == KD_OK) {
        prepare(&job, &bounded);
        status = run_threads(&job, err);
    }
    kd_csr_free(&bounded);
    kd_csr_free(&job.left);
    kd_csr_free(&job.right);
    free(job.by_i);
    free(job.by_j);
    if (status != KD_OK)
        kd_neighbours_free(out);
    return status;
}

kd_status kd_item_item_train(kd_neighbours *out, const kd_csr *users_items, const kd_item_item_params *params, kd_err *err)
{
    return kd_item_item_cross(out, users_items, users_items, params, err);
}
