/* Every step from a request or a file to the model in force: what runs all the time as counters, what runs now and then as runs. */
#include "api/caller.h"
#include "api/handlers.h"
#include "api/sources.h"
#include "insight/entry.h"
#include "insight/pulse.h"
#include "insight/steps.h"

enum { RUNS_SHOWN = 50 };

static void write_step(kd_jw *w, const char *step, int64_t last_ms, uint64_t rows_in, uint64_t rows_out, int64_t us)
{
    kd_jw_object(w);
    KD_JW_Z(w, "step", step);
    kd_write_time(w, "lastAt", last_ms);
    KD_JW_I64(w, "rowsIn", (int64_t)rows_in);
    KD_JW_I64(w, "rowsOut", (int64_t)rows_out);
    kd_jw_key(w, "milliseconds");
    if (us < 0)
        kd_jw_null(w);
    else
        kd_jw_f64(w, (double)us / 1000, 3);
    kd_jw_object_end(w);
}

static void write_noted(kd_jw *w, kd_steps *steps, const char *step)
{
    kd_step newest = { 0 };
    if (kd_steps_newest(&newest, steps, step))
        write_step(w, step, newest.started_ms, newest.rows_in, newest.rows_out, (int64_t)newest.us);
    else
        write_step(w, step, KD_TIME_MIN, 0, 0, -1);
}

/* In the order in which data passes; counters since the server began, and the newest run of the others. */
static kd_status write_chain(kd_jw *w, kd_request *request, kd_err *err)
{
    kd_parts           *parts = request->parts;
    kd_pulse_source    *sources = NULL;
    kd_ingest_stats     ingest;
    kd_store_stats      store = { 0 };
    kd_transform_counts transformed;
    size_t              count = 0;
    int64_t             last_ms = KD_TIME_MIN;
    kd_status           status = kd_pulse_sources(&sources, &count, parts->pulse, request->now_ms, request->arena, err);
    if (status == KD_OK)
        status = kd_reader_stats(&store, request->reader, err);
    for (size_t i = 0; i < count; i++)
        last_ms = sources[i].last_ms > last_ms ? sources[i].last_ms : last_ms;
    kd_ingest_get_stats(&ingest, parts->ingest);
    kd_watch_transformed(&transformed, parts->watch, (kd_str){ 0 });
    kd_jw_key(w, "chain");
    kd_jw_array(w);
    write_noted(w, parts->steps, "import");
    write_step(w, "collect", last_ms, ingest.stored + ingest.duplicates + atomic_load(&parts->counts.rejected), ingest.stored + ingest.duplicates, -1);
    write_step(w, "transform", transformed.events ? last_ms : KD_TIME_MIN, transformed.events, transformed.events - transformed.dropped, transformed.events ? (int64_t)transformed.us : -1);
    write_step(w, "store", last_ms, ingest.stored + ingest.duplicates, ingest.stored, store.commits ? (int64_t)store.commit_us_total : -1);
    write_step(w, "fold", last_ms, ingest.stored + ingest.replayed, ingest.stored + ingest.replayed, -1);
    write_step(w, "checkpoint", KD_TIME_MIN, ingest.checkpoints, ingest.checkpoints, -1);
    write_noted(w, parts->steps, "train");
    write_noted(w, parts->steps, "publish");
    kd_jw_array_end(w);
    return status;
}

static void write_run(kd_jw *w, const kd_step *s)
{
    kd_jw_object(w);
    KD_JW_Z(w, "step", s->name);
    kd_write_text(w, "about", kd_str_z(s->about));
    kd_write_text(w, "source", kd_str_z(s->source));
    kd_write_time(w, "startedAt", s->started_ms);
    kd_jw_key(w, "milliseconds"), kd_jw_f64(w, (double)s->us / 1000, 3);
    KD_JW_I64(w, "rowsIn", (int64_t)s->rows_in);
    KD_JW_I64(w, "rowsOut", (int64_t)s->rows_out);
    KD_JW_I64(w, "rejected", (int64_t)s->rejected);
    KD_JW_I64(w, "dropped", (int64_t)s->dropped);
    KD_JW_BOOL(w, "failed", s->failed);
    kd_jw_object_end(w);
}

void kd_admin_steps(kd_request *request)
{
    kd_step  *runs = NULL;
    size_t    count = 0;
    kd_err    err = { 0 };
    kd_status status;
    kd_jw     w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    status = write_chain(&w, request, &err);
    if (status == KD_OK)
        status = kd_steps_list(&runs, &count, request->parts->steps, RUNS_SHOWN, request->arena, &err);
    kd_jw_key(&w, "runs");
    kd_jw_array(&w);
    for (size_t i = 0; i < count && status == KD_OK; i++)
        write_run(&w, &runs[i]);
    kd_jw_array_end(&w);
    kd_jw_object_end(&w);
    kd_reply_json(request, status, &err);
}
