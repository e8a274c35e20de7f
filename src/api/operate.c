/* /healthz, /readyz and /metrics. No key: they say nothing about any person. */
#include "api/handlers.h"
#include "insight/live.h"

#include <sys/resource.h>

#include "api/measure.h"

void kd_api_health(kd_request *request)
{
    kd_jw w;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "status", "ok");
    KD_JW_Z(&w, "version", request->parts->version);
    kd_jw_object_end(&w);
    request->no_store = true;
}

void kd_api_ready(kd_request *request)
{
    bool  stopping = atomic_load(&request->parts->stopping), ready = atomic_load(&request->parts->ready) && !stopping;
    kd_jw w;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "status", stopping ? "stopping" : ready ? "ready" : "starting");
    kd_jw_object_end(&w);
    request->status = ready ? 200 : 503;
    request->retry_after_s = ready ? 0 : 1;
    request->no_store = true;
}

static void write_ingest(kd_buf *out, const kd_ingest *ingest)
{
    kd_ingest_stats s;
    kd_ingest_get_stats(&s, ingest);
    kd_metric(out, "kunde_events_stored_total", "counter", "Events appended to the log since the start.", (double)s.stored);
    kd_metric(out, "kunde_events_duplicate_total", "counter", "Events that were known already.", (double)s.duplicates);
    kd_metric(out, "kunde_events_withheld_total", "counter", "Events not kept, since all they may serve is refused.", (double)s.withheld);
    kd_metric(out, "kunde_events_replayed_total", "counter", "Events folded again at the start.", (double)s.replayed);
    kd_metric(out, "kunde_ingest_commits_total", "counter", "Group commits of the writer.", (double)s.batches);
    kd_metric(out, "kunde_ingest_failures_total", "counter", "Group commits that failed.", (double)s.failed);
    kd_metric(out, "kunde_ingest_busy_total", "counter", "Requests answered 429 because the queue was full.", (double)s.busy);
    kd_metric(out, "kunde_ingest_queue_bytes", "gauge", "Bytes that wait for the writer.", (double)s.queue_bytes);
    kd_metric(out, "kunde_ingest_last_commit_seconds", "gauge", "How long the newest group commit took.", (double)s.last_commit_us / 1e6);
    kd_metric(out, "kunde_receipts_total", "counter", "Receipts of decisions taken.", (double)s.receipts);
    kd_metric(out, "kunde_receipts_lost_total", "counter", "Receipts lost because their buffer was full.", (double)s.receipts_lost);
    kd_metric(out, "kunde_checkpoints_total", "counter", "Checkpoints of profiles.", (double)s.checkpoints);
}

static void write_store(kd_buf *out, kd_reader *reader)
{
    kd_store_stats s;
    if (kd_reader_stats(&s, reader, NULL) != KD_OK)
        return;
    kd_metric(out, "kunde_store_file_bytes", "gauge", "Size of the database file.", (double)s.file_bytes);
    kd_metric(out, "kunde_store_wal_bytes", "gauge", "Size of its write-ahead log.", (double)s.wal_bytes);
    kd_metric(out, "kunde_store_events", "gauge", "Events in the log, receipts included.", (double)s.events);
    kd_metric(out, "kunde_store_persons", "gauge", "Persons known.", (double)s.persons);
    kd_metric(out, "kunde_store_documents", "gauge", "Versions of documents.", (double)s.documents);
    kd_metric(out, "kunde_store_commits_total", "counter", "Transactions committed.", (double)s.commits);
    kd_metric(out, "kunde_store_commit_seconds_total", "counter", "Time spent in commits.", (double)s.commit_us_total / 1e6);
}

static void write_house(kd_buf *out, kd_request *request)
{
    kd_parts          *parts = request->parts;
    const kd_snapshot *snapshot = kd_snapshot_acquire(parts->catalog);
    const kd_model    *model = kd_recommender_model(parts->recommender);
    kd_catalog_stats   catalog;
    kd_metric(out, "kunde_people_resident", "gauge", "Profiles in memory.", (double)kd_people_count(parts->people));
    kd_metric(out, "kunde_people_bytes", "gauge", "Memory of profiles.", (double)kd_people_bytes(parts->people));
    kd_metric(out, "kunde_people_dirty_bytes", "gauge", "Memory of profiles not written yet.", (double)kd_people_dirty_bytes(parts->people));
    kd_metric(out, "kunde_identity_bytes", "gauge", "Memory of the identity cache.", (double)kd_identity_bytes(parts->identity));
    kd_metric(out, "kunde_catalog_products", "gauge", "Products in the catalogue, stubs included.", (double)kd_snapshot_products(snapshot));
    kd_catalog_get_stats(&catalog, parts->catalog);
    kd_metric(out, "kunde_catalog_stubs", "gauge", "Products known from events alone.", (double)catalog.stubs);
    kd_metric(out, "kunde_catalog_claimed_stubs", "gauge", "Of these, products that nothing but events by write key named.", (double)catalog.claimed_stubs);
    kd_metric(out, "kunde_catalog_claims_left_out_total", "counter", "Events by write key that named an unknown product when there was no room for more.", (double)catalog.claims_left_out);
    kd_metric(out, "kunde_catalog_bytes", "gauge", "Memory of the catalogue.", (double)kd_catalog_bytes(parts->catalog));
    kd_metric(out, "kunde_model_items", "gauge", "Products in the live model; 0 without one.", model ? (double)kd_model_item_count(model) : 0);
    kd_metric(out, "kunde_model_trained_timestamp_seconds", "gauge", "When the live model was trained; 0 without one.", model ? (double)kd_model_version(model) / 1e3 : 0);
    if (model)
        kd_model_release(model);
    kd_snapshot_release(snapshot);
}

static void write_live(kd_buf *out, kd_live *live)
{
    kd_live_stats s;
    kd_live_get_stats(&s, live);
    kd_metric(out, "kunde_live_listeners", "gauge", "Pages that watch the live stream.", s.listeners);
    kd_metric(out, "kunde_live_entries_total", "counter", "Entries told to the live stream.", (double)s.entries);
    kd_metric(out, "kunde_live_dropped_total", "counter", "Entries that the live stream left out, or a slow page missed.", (double)s.dropped);
}

static void write_drop(kd_buf *out, kd_drop_counts *drop)
{
    if (!atomic_load(&drop->on))
        return;
    kd_metric(out, "kunde_drop_zone_done_total", "counter", "Files of the drop zone that were imported.", (double)atomic_load(&drop->done));
    kd_metric(out, "kunde_drop_zone_failed_total", "counter", "Files of the drop zone that were moved to failed/.", (double)atomic_load(&drop->failed));
    kd_metric(out, "kunde_drop_zone_rows_total", "counter", "Rows of the imported files.", (double)atomic_load(&drop->rows));
    kd_metric(out, "kunde_drop_zone_quarantined_total", "counter", "Of these, rows that could not be read.", (double)atomic_load(&drop->quarantined));
    kd_metric(out, "kunde_drop_zone_troubles_total", "counter", "Looks at the drop zone and imports that failed and are tried again.", (double)atomic_load(&drop->troubles));
    kd_metric(out, "kunde_drop_zone_waiting", "gauge", "Files in the drop zone at the last look.", (double)atomic_load(&drop->waiting));
    kd_metric(out, "kunde_drop_zone_importing", "gauge", "1 while a file of the drop zone is imported.", atomic_load(&drop->importing));
}

static void write_process(kd_buf *out, kd_request *request)
{
    struct rusage  usage;
    kd_api_counts *counts = &request->parts->counts;
    getrusage(RUSAGE_SELF, &usage);
    kd_metric(out, "kunde_start_timestamp_seconds", "gauge", "When this process started.", (double)request->parts->started_ms / 1e3);
    kd_metric(out, "kunde_cpu_seconds_total", "counter", "CPU time of this process.",
              (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    kd_metric(out, "kunde_peak_resident_bytes", "gauge", "Greatest resident memory so far.", (double)usage.ru_maxrss * 1024);
    kd_metric(out, "kunde_unauthorized_total", "counter", "Requests with no key or a wrong one; SDKs drop what they sent.", (double)atomic_load(&counts->unauthorized));
    kd_metric(out, "kunde_events_rejected_total", "counter", "Events refused one by one.", (double)atomic_load(&counts->rejected));
    kd_metric(out, "kunde_user_tokens_refused_total", "counter", "User tokens wrong or expired.", (double)atomic_load(&counts->tokens_refused));
}

void kd_api_metrics(kd_request *request)
{
    kd_buf *out = &request->out;
    request->content_type = "text/plain; version=0.0.4; charset=utf-8";
    request->no_store = true;
    kd_buf_addf(out, "# HELP kunde_build_info The version that runs.\n# TYPE kunde_build_info gauge\nkunde_build_info{version=\"%s\"} 1\n", request->parts->version);
    kd_metric(out, "kunde_ready", "gauge", "1 when requests are served.", atomic_load(&request->parts->ready) && !atomic_load(&request->parts->stopping));
    write_process(out, request);
    write_ingest(out, request->parts->ingest);
    write_store(out, request->reader);
    write_house(out, request);
    write_live(out, request->parts->live);
    write_drop(out, &request->parts->drop);
    kd_http_metrics(out, kd_request_http(request));
}
