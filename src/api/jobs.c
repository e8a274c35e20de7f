#include "api/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/caller.h"
#include "api/handlers.h"
#include "base/log.h"
#include "insight/doctor.h"
#include "insight/entry.h"

enum { RESULT_BYTES_MAX = 256 * 1024, TEXT_BYTES_MAX = 4096 };

typedef enum job_state { JOB_FREE, JOB_RUNNING, JOB_DONE, JOB_FAILED } job_state;

typedef struct job {
    kd_id       id;
    const char *kind;
    job_state   state;
    uint64_t    done, total;
    int64_t     started_ms, ended_ms;
    kd_buf      result;       /* JSON; empty: none yet */
    char        error[240];
} job;

typedef kd_status (*job_work)(kd_jobs *jobs, job *mine, kd_buf *result, kd_err *err);

struct kd_jobs {
    kd_parts       *parts;
    atomic_bool     stopping;
    pthread_mutex_t lock;     /* guards all that follows */
    pthread_cond_t  idle;
    unsigned        running;
    kd_rng          rng;
    size_t          next;     /* the slot of the next job: the oldest gives way */
    job             table[KD_JOBS_MAX];
};

/* ---- the work ------------------------------------------------------------------------------------------------------------- */
typedef struct progress { kd_jobs *jobs; job *mine; kd_jw *w; unsigned faults; } progress;

static void show_progress(void *self, uint64_t done, uint64_t total)
{
    progress *p = self;
    pthread_mutex_lock(&p->jobs->lock);
    p->mine->done = done;
    p->mine->total = total;
    pthread_mutex_unlock(&p->jobs->lock);
}

/* "<database>.backup-20261122T213007123Z": a name that sorts by time and is not there already. */
static kd_status name_backup(char out[TEXT_BYTES_MAX], const kd_parts *parts, kd_err *err)
{
    char   time[25], brief[25];
    size_t len = 0;
    kd_time_format(time, kd_now(parts->clock));
    for (const char *c = time; *c; c++)
        if (*c != '-' && *c != ':' && *c != '.')
            brief[len++] = *c;
    brief[len] = '\0';
    return snprintf(out, TEXT_BYTES_MAX, "%s.backup-%s", kd_store_path(parts->store), brief) < TEXT_BYTES_MAX
        ? KD_OK : kd_fail(err, KD_INVALID, "the database's name is too long");
}

static kd_status back_up(kd_jobs *jobs, job *mine, kd_buf *result, kd_err *err)
{
    progress    p = { .jobs = jobs, .mine = mine };
    char        path[TEXT_BYTES_MAX];
    struct stat about = { 0 };
    kd_jw       w;
    kd_status   status = name_backup(path, jobs->parts, err);
    if (status == KD_OK)
        status = kd_ingest_flush(jobs->parts->ingest, err);
    if (status == KD_OK)
        status = kd_store_backup(jobs->parts->store, path, show_progress, &p, err);
    if (status != KD_OK)
        return status;
    if (stat(path, &about) != 0)
        return kd_fail(err, KD_IO, "the backup was written and cannot be found");
    kd_jw_init(&w, result);
    kd_jw_object(&w);
    KD_JW_Z(&w, "file", path);
    KD_JW_I64(&w, "bytes", (int64_t)about.st_size);
    kd_jw_object_end(&w);
    return KD_OK;
}

static void write_finding(void *self, bool ok, const char *line)
{
    progress *p = self;
    p->faults += !ok;
    kd_jw_object(p->w);
    KD_JW_BOOL(p->w, "ok", ok);
    KD_JW_Z(p->w, "finding", line);
    kd_jw_object_end(p->w);
}

static kd_status examine(kd_jobs *jobs, job *mine, kd_buf *result, kd_err *err)
{
    const kd_parts      *parts = jobs->parts;
    const kd_doctor_case about = { .store = parts->store, .ingest = parts->ingest, .people = parts->people, .vault = parts->vault,
                                   .recommender = parts->recommender, .key_file = parts->key_file, .cancel = &jobs->stopping };
    kd_jw                w;
    progress             p = { jobs, mine, &w, 0 };
    kd_status            status;
    kd_jw_init(&w, result);
    kd_jw_object(&w);
    kd_jw_key(&w, "findings");
    kd_jw_array(&w);
    status = kd_doctor(&about, write_finding, show_progress, &p, err);
    kd_jw_array_end(&w);
    KD_JW_BOOL(&w, "ok", p.faults == 0);
    kd_jw_object_end(&w);
    return status;
}

static const struct { const char *kind; job_work work; } kinds[] = { { "backup", back_up }, { "doctor", examine } };

/* ---- running ---------------------------------------------------------------------------------------------------------------- */
typedef struct errand { kd_jobs *jobs; job *mine; job_work work; } errand;

static void *run(void *self)
{
    errand    e = *(errand *)self;
    kd_buf    result;
    kd_err    err = { 0 };
    kd_status status;
    free(self);
    kd_buf_init(&result, NULL);
    result.max = RESULT_BYTES_MAX;
    status = e.work(e.jobs, e.mine, &result, &err);
    if (status == KD_OK)
        status = kd_buf_status(&result, &err);
    kd_log(status == KD_OK ? KD_LOG_INFO : KD_LOG_ERROR, "api", status == KD_OK ? "job-done" : "job-failed", "kind=%s why=\"%s\"", e.mine->kind, err.msg);
    pthread_mutex_lock(&e.jobs->lock);
    e.mine->state = status == KD_OK ? JOB_DONE : JOB_FAILED;
    e.mine->ended_ms = kd_now(e.jobs->parts->clock);
    if (status == KD_OK)
        e.mine->result = result;
    else
        kd_buf_free(&result);
    snprintf(e.mine->error, sizeof e.mine->error, "%s", err.msg);
    atomic_fetch_sub(&e.jobs->parts->counts.asides, 1);
    e.jobs->running--;
    pthread_cond_broadcast(&e.jobs->idle);
    pthread_mutex_unlock(&e.jobs->lock);
    return NULL;
}

/* With the lock held. NULL: every slot runs, which cannot be, since one of a kind does. */
static job *take_slot(kd_jobs *jobs)
{
    for (size_t i = 0; i < KD_JOBS_MAX; i++) {
        job *j = &jobs->table[jobs->next++ % KD_JOBS_MAX];
        if (j->state == JOB_RUNNING)
            continue;
        kd_buf_free(&j->result);
        *j = (job){ 0 };
        kd_buf_init(&j->result, NULL);
        return j;
    }
    return NULL;
}

/* With the lock held. */
static kd_status begin(kd_id *id, kd_jobs *jobs, const char *kind, job_work work, kd_err *err)
{
    errand   *e = NULL;
    pthread_t thread;
    job      *mine;
    for (size_t i = 0; i < KD_JOBS_MAX; i++)
        if (jobs->table[i].state == JOB_RUNNING && strcmp(jobs->table[i].kind, kind) == 0)
            return kd_fail(err, KD_CONFLICT, "a job of this kind runs already");
    if (atomic_load(&jobs->stopping) || (mine = take_slot(jobs)) == NULL)
        return kd_fail(err, KD_BUSY, "jobs are not taken now");
    if ((e = malloc(sizeof *e)) == NULL)
        return kd_fail_memory(err);
    *e = (errand){ jobs, mine, work };
    *mine = (job){ .id = kd_id_new(&jobs->rng, kd_now(jobs->parts->clock)), .kind = kind, .state = JOB_RUNNING, .started_ms = kd_now(jobs->parts->clock),
                   .ended_ms = KD_TIME_MIN };
    *id = mine->id;
    atomic_fetch_add(&jobs->parts->counts.asides, 1);
    jobs->running++;
    if (pthread_create(&thread, NULL, run, e) == 0) {
        pthread_detach(thread);
        return KD_OK;
    }
    free(e);
    *mine = (job){ 0 };
    jobs->running--;
    atomic_fetch_sub(&jobs->parts->counts.asides, 1);
    return kd_fail(err, KD_BUSY, "no thread for the job");
}

kd_status kd_jobs_open(kd_jobs **out, kd_parts *parts, kd_err *err)
{
    kd_jobs *jobs = calloc(1, sizeof *jobs);
    if (jobs == NULL)
        return kd_fail_memory(err);
    jobs->parts = parts;
    kd_rng_seed_os(&jobs->rng);
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->idle, NULL);
    *out = jobs;
    return KD_OK;
}

void kd_jobs_close(kd_jobs *jobs)
{
    if (jobs == NULL)
        return;
    atomic_store(&jobs->stopping, true);
    pthread_mutex_lock(&jobs->lock);
    while (jobs->running)
        pthread_cond_wait(&jobs->idle, &jobs->lock);
    pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; i < KD_JOBS_MAX; i++)
        kd_buf_free(&jobs->table[i].result);
    pthread_cond_destroy(&jobs->idle);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}

/* ---- requests ------------------------------------------------------------------------------------------------------------------ */
static void start(kd_request *request, size_t which)
{
    kd_jobs  *jobs = request->parts->jobs;
    kd_id     id = { 0 };
    kd_err    err = { 0 };
    kd_status status;
    kd_jw     w;
    if (!kd_caller_require(request, KD_OPERATE) || !kd_audit(request, which == 0 ? "backup" : "doctor", (kd_str){ 0 }, (kd_str){ 0 }))
        return;
    pthread_mutex_lock(&jobs->lock);
    status = begin(&id, jobs, kinds[which].kind, kinds[which].work, &err);
    pthread_mutex_unlock(&jobs->lock);
    if (status == KD_OK) {
        request->status = 202;
        kd_jw_init(&w, &request->out);
        kd_jw_object(&w);
        kd_write_id(&w, "job", id);
        kd_jw_object_end(&w);
    }
    kd_reply_json(request, status, &err);
}

void kd_admin_backup(kd_request *request)
{
    start(request, 0);
}

void kd_admin_doctor(kd_request *request)
{
    start(request, 1);
}

static void write_job(kd_jw *w, const job *j)
{
    static const char *const states[] = { "", "running", "done", "failed" };
    kd_jw_object(w);
    kd_write_id(w, "id", j->id);
    KD_JW_Z(w, "kind", j->kind);
    KD_JW_Z(w, "state", states[j->state]);
    KD_JW_I64(w, "done", (int64_t)j->done);
    KD_JW_I64(w, "total", (int64_t)j->total);
    kd_write_time(w, "startedAt", j->started_ms);
    kd_write_time(w, "endedAt", j->ended_ms);
    kd_jw_key(w, "result");
    if (j->result.len)
        kd_jw_raw(w, kd_buf_str(&j->result));
    else
        kd_jw_null(w);
    KD_JW_Z(w, "error", j->state == JOB_FAILED ? j->error : NULL);
    kd_jw_object_end(w);
}

void kd_admin_jobs(kd_request *request)
{
    kd_jobs *jobs = request->parts->jobs;
    kd_jw    w;
    if (!kd_caller_require(request, KD_OPERATE))
        return;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "jobs");
    kd_jw_array(&w);
    pthread_mutex_lock(&jobs->lock);
    for (size_t i = 1; i <= KD_JOBS_MAX; i++) { /* newest first */
        const job *j = &jobs->table[(jobs->next + KD_JOBS_MAX - i) % KD_JOBS_MAX];
        if (j->state != JOB_FREE)
            write_job(&w, j);
    }
    pthread_mutex_unlock(&jobs->lock);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_reply_json(request, KD_OK, NULL);
}

void kd_admin_job(kd_request *request)
{
    kd_jobs *jobs = request->parts->jobs;
    bool     found = false;
    kd_id    id;
    kd_jw    w;
    if (!kd_caller_require(request, KD_OPERATE))
        return;
    kd_jw_init(&w, &request->out);
    if (kd_id_parse(&id, kd_request_segment(request, 3)) && !kd_id_is_nil(id)) {
        pthread_mutex_lock(&jobs->lock);
        for (size_t i = 0; i < KD_JOBS_MAX && !found; i++)
            if ((found = jobs->table[i].state != JOB_FREE && kd_id_eq(jobs->table[i].id, id)))
                write_job(&w, &jobs->table[i]);
        pthread_mutex_unlock(&jobs->lock);
    }
    if (!found)
        kd_reply_error(request, 404, "not_found", "there is no job of this id; the newest 50 since the start are known", "");
    else
        kd_reply_json(request, KD_OK, NULL);
}
