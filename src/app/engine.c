#include "app/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/jobs.h"
#include "api/keys.h"
#include "api/users.h"
#include "app/stages.h"
#include "app/train.h"
#include "base/log.h"
#include "demo/demo.h"
#include "insight/live.h"
#include "insight/pulse.h"
#include "insight/sources.h"
#include "insight/steps.h"
#include "journey/deliver.h"
#include "trust/audit.h"
#include "trust/erase.h"

enum { DOC_ARENA_BYTES = 16 << 20, EXPIRE_ROWS = 20000, RETAINED_MODELS = 3 };

struct kd_engine {
    kd_parts           parts;
    const kd_settings *settings;
    kd_reader         *reader; /* of the thread that opened the engine */
    pthread_mutex_t    train_lock;
};

/* --- observers: after the fold, before the answer --- */

enum { STUBS_AT_ONCE = 256 };

static void name_some(kd_engine *engine, const kd_stub *stubs, size_t count, int64_t now_ms)
{
    kd_err err = { 0 };
    if (count != 0 && kd_catalog_stubs(engine->parts.catalog, stubs, count, now_ms, &err) != KD_OK)
        kd_log(KD_LOG_WARN, "catalog", "stubs-failed", "count=%zu why=\"%s\"", count, err.msg);
}

/* Products nobody described: one commit and one snapshot for as many as came together. */
static void name_stubs(void *self, const kd_stored *events, size_t count)
{
    kd_engine    *engine = self;
    const int64_t now_ms = kd_now(engine->parts.clock);
    kd_stub       stubs[STUBS_AT_ONCE];
    size_t        n = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t l = 0; l < events[i].fact->line_count; l++) {
            if (events[i].fact->lines[l].product.len == 0)
                continue;
            stubs[n++] = (kd_stub){ events[i].fact->lines[l].product, events[i].stubs ? events[i].stubs[l].name : (kd_str){ 0 },
                                    events[i].fact->claimed };
            if (n == STUBS_AT_ONCE) {
                name_some(engine, stubs, n, now_ms);
                n = 0;
            }
        }
    name_some(engine, stubs, n, now_ms);
}

/* What came a second time. */
static void see_duplicates(void *self, const kd_stored *events, size_t count)
{
    kd_engine *engine = self;
    kd_pulse_see_duplicates(engine->parts.pulse, events, count);
    kd_live_see_duplicates(engine->parts.live, events, count);
}

/* What nobody may keep: it is counted, and shown to who watches, without its content. */
static void see_withheld(void *self, const kd_stored *events, size_t count)
{
    kd_engine *engine = self;
    for (size_t i = 0; i < count && kd_live_is_watched(engine->parts.live); i++) {
        const kd_fact *fact = events[i].fact;
        const kd_entry entry = { .state = KD_ENTRY_REJECTED, .time_ms = fact->time_ms, .received_ms = events[i].received_ms, .message_id = events[i].message_id,
                                 .source = fact->source, .name = fact->name, .type = kd_entry_type(fact->kind), .claimed = fact->claimed,
                                 .reason = KD_STR("not kept: every purpose it may serve is refused"), .field = KD_STR("/context/consent") };
        kd_live_see_rejected(engine->parts.live, &entry, (kd_str){ 0 });
    }
}

/* --- opening --- */

static bool is_demo(kd_reader *reader)
{
    kd_arena *arena = kd_arena_new(4096);
    kd_str    value;
    bool      is = arena != NULL && kd_reader_meta(&value, reader, KD_DEMO_META, arena, NULL) == KD_OK;
    kd_arena_free(arena);
    return is;
}

static void write_settings(void *self, kd_jw *w)
{
    const kd_engine *engine = self;
    kd_settings_write_json(engine->settings, w);
}

static kd_status train_for_api(void *self, kd_err *err) { return kd_engine_train(self, NULL, NULL, NULL, err); }

static kd_limits limits_of(const kd_settings *s)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return (kd_limits){
        .body_bytes_max = (size_t)s->http_body_bytes_max,
        .arena_bytes_max = (size_t)s->http_arena_bytes_max,
        .connections_max = (uint32_t)s->http_connections_max,
        .connections_per_ip_max = (uint32_t)s->http_connections_per_ip_max,
        .timeout_s = (uint32_t)s->http_timeout_s,
        .threads = s->threads != 0 ? (uint32_t)s->threads : (uint32_t)(processors < 1 ? 1 : processors),
        .header_bytes_max = 16384,
    };
}

static kd_status load_namespaces(kd_parts *p, kd_reader *reader, kd_err *err)
{
    const kd_namespaces *namespaces = NULL;
    kd_status            status = kd_namespaces_load(&namespaces, reader, err);

    if (status == KD_OK)
        kd_customers_set_namespaces(p->customers, namespaces);
    return status;
}

static kd_status open_customers(kd_engine *e, const kd_settings *s, bool is_new, kd_err *err)
{
    kd_parts               *p = &e->parts;
    const kd_people_options people = { (size_t)s->people_bytes_max, (size_t)s->people_dirty_bytes_max, kd_profile_caps_default(),
                                              s->trust_browser_orders != 0 };
    kd_status               status = kd_vault_open(&p->vault, p->store, e->reader, s->key_file, s->master_key, is_new, err);

    if (status == KD_OK)
        status = kd_people_open(&p->people, p->store, p->vault, &people, err);
    if (status == KD_OK)
        status = kd_identity_open(&p->identity, p->store, (size_t)s->identity_bytes_max, err);
    if (status == KD_OK && s->phone_country != NULL)
        status = kd_vault_set_country(p->vault, s->phone_country, err);
    if (status == KD_OK)
        status = kd_customers_open(&p->customers, p->store, p->people, (size_t)s->customers_bytes_max, err);
    if (status == KD_OK)
        status = load_namespaces(p, e->reader, err);
    return status;
}

static const kd_policy *policy_for_webhooks(void *parts) { return kd_parts_policy(parts); }

static kd_status open_deliver(kd_engine *e, kd_err *err)
{
    kd_parts                *p = &e->parts;
    const kd_deliver_options options = { .store = p->store, .people = p->people, .customers = p->customers, .vault = p->vault, .clock = p->clock,
                                         .private_hosts = p->webhook_private_hosts, .policy = policy_for_webhooks, .policy_self = p };
    return kd_deliver_open(&p->deliver, &options, err);
}

static kd_status open_ingest(kd_engine *e, const kd_settings *s, uint64_t *replayed, kd_err *err)
{
    kd_parts               *p = &e->parts;
    const kd_ingest_options options = {
        .queue_bytes_max = (size_t)s->queue_bytes_max,
        .batch_events_max = (size_t)s->batch_events_max,
        .checkpoint_events = (uint64_t)s->checkpoint_events,
        .checkpoint_rows = (size_t)s->checkpoint_rows,
        .clock = p->clock,
    };
    kd_status status = kd_ingest_open(&p->ingest, p->store, p->people, p->identity, p->vault, &options, err);

    if (status != KD_OK)
        return status;
    kd_ingest_observe(p->ingest, name_stubs, e);
    kd_ingest_observe(p->ingest, kd_recommender_observe, p->recommender);
    kd_ingest_observe(p->ingest, kd_pulse_see_stored, p->pulse);
    kd_ingest_observe(p->ingest, kd_watch_see_stored, p->watch);
    kd_ingest_observe(p->ingest, kd_live_see_stored, p->live);
    kd_ingest_observe(p->ingest, kd_deliver_see_stored, p->deliver);
    kd_ingest_observe_duplicates(p->ingest, see_duplicates, e);
    kd_ingest_observe_withheld(p->ingest, see_withheld, e);
    return kd_ingest_start(p->ingest, replayed, err);
}

static kd_status open_watch(kd_engine *e, kd_err *err)
{
    kd_parts *p = &e->parts;
    kd_status status = kd_steps_open(&p->steps, p->store, err);

    if (status == KD_OK)
        status = kd_watch_open(&p->watch, p->store, p->vault, p->clock, err);
    return status == KD_OK ? kd_parts_sources_reload(p, e->reader, err) : status;
}

/* The anchor lies beside the master key's file, which is not where the database is when its owner was careful. */
static kd_status open_audit(kd_engine *e, const kd_settings *s, kd_err *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s.audit", s->key_file) >= (int)sizeof path)
        return kd_fail(err, KD_INVALID, "the path of the master key is too long");
    return kd_audit_open(&e->parts.audit, e->parts.store, e->reader, e->parts.vault, path, e->parts.clock, err);
}

/* After an erasure. It ends with the house, which does not wait for it: the deadline stands, and the next start trains. */
static kd_status retrain(void *self, kd_err *err)
{
    kd_engine *engine = self;
    return kd_engine_train(engine, NULL, NULL, &engine->parts.stopping, err);
}

static void forget_persons(void *self, const kd_id *persons, size_t count)
{
    kd_engine *engine = self;
    kd_err    err = { 0 };
    (void)persons, (void)count;
    kd_live_forget(engine->parts.live);
    kd_watch_flush(engine->parts.watch, &err); /* what was refused a moment ago goes into the quarantine, which is searched next */
}

static const kd_policy *policy_for_rights(void *engine) { return kd_parts_policy(&((kd_engine *)engine)->parts); }

static kd_status open_rights(kd_engine *e, kd_err *err)
{
    const kd_parts       *p = &e->parts;
    const kd_rights_house house = {
        .store = p->store, .vault = p->vault, .identity = p->identity, .people = p->people, .customers = p->customers, .ingest = p->ingest,
        .recommender = p->recommender, .clock = p->clock, .due_days = 30, .retrain_hours = 24, .self = e, .policy = policy_for_rights, .forget = forget_persons, .retrain = retrain,
    };
    return kd_rights_open(&e->parts.rights, &house, err);
}

static kd_status open_parts(kd_engine *e, const kd_settings *s, bool create, kd_engine_news *news, kd_err *err)
{
    kd_parts              *p = &e->parts;
    const kd_store_options store = { .path = s->db, .create = create, .cache_bytes = (size_t)s->store_cache_bytes, .wal_bytes_max = (size_t)s->wal_bytes_max };
    kd_status              status = kd_store_open(&p->store, &store, err);

    if (status == KD_OK)
        status = kd_reader_open(&e->reader, p->store, err);
    if (status == KD_OK)
        status = open_customers(e, s, create, err);
    if (status == KD_OK)
        /* Keys of the environment are for the server and the maker of a database: a command in a shell where another shop's
         * keys are exported must not put them in. */
        status = kd_keys_open(&p->keys, p->store, e->reader, p->vault, p->clock, create ? s->write_key : NULL, create ? s->server_key : NULL, news->write_key, news->server_key, err);
    if (status == KD_OK)
        status = open_audit(e, s, err);
    if (status == KD_OK)
        status = kd_users_open(&p->users, p->store, e->reader, p->vault, p->clock, err);
    news->made = status == KD_OK && news->server_key[0] != '\0';
    if (news->made)
        status = kd_shop_first_placements(p->store, kd_now(p->clock), err);
    if (status == KD_OK && news->made)
        status = kd_policy_first(p->store, e->reader, kd_now(p->clock), err);
    if (status == KD_OK)
        status = kd_catalog_open(&p->catalog, p->store, e->reader, p->clock, err);
    if (status == KD_OK)
        p->demo = is_demo(e->reader);
    if (status == KD_OK)
        status = kd_recommender_open(&p->recommender, p->catalog, err);
    if (status == KD_OK)
        status = kd_engine_load_model(e, e->reader, err);
    if (status == KD_OK)
        status = kd_live_open(&p->live, p->catalog, p->clock, err);
    if (status == KD_OK)
        status = kd_pulse_open(&p->pulse, p->store, p->clock, err);
    if (status == KD_OK)
        status = open_watch(e, err);
    if (status == KD_OK)
        status = open_deliver(e, err);
    if (status == KD_OK)
        status = open_ingest(e, s, &news->replayed, err);
    if (status == KD_OK)
        status = kd_parts_placements_reload(p, e->reader, err);
    if (status == KD_OK)
        status = kd_parts_policy_reload(p, e->reader, err);
    if (status == KD_OK)
        status = kd_pulse_start(p->pulse, err);
    if (status == KD_OK)
        status = kd_watch_start(p->watch, err);
    if (status == KD_OK)
        status = kd_jobs_open(&p->jobs, p, err);
    if (status == KD_OK)
        status = kd_deliver_start(p->deliver, err);
    if (status == KD_OK)
        status = open_rights(e, err);
    return status;
}

kd_status kd_engine_open(kd_engine **out, const kd_settings *settings, bool create, kd_engine_news *news, kd_err *err)
{
    kd_engine *e = calloc(1, sizeof *e);
    kd_status  status = KD_OK;

    *news = (kd_engine_news){ 0 };
    if (e == NULL)
        return kd_fail_memory(err);
    e->settings = settings;
    pthread_mutex_init(&e->train_lock, NULL);
    pthread_mutex_init(&e->parts.placements_lock, NULL);
    pthread_mutex_init(&e->parts.policy_lock, NULL);
    pthread_mutex_init(&e->parts.sources_lock, NULL);
    e->parts.clock = kd_clock_system();
    e->parts.limits = limits_of(settings);
    e->parts.started_ms = kd_now(e->parts.clock);
    e->parts.version = KD_VERSION;
    e->parts.key_file = settings->master_key ? NULL : settings->key_file;
    e->parts.receipt_retention_days = (uint32_t)settings->receipt_retention_days;
    e->parts.webhook_private_hosts = settings->webhook_private_hosts != 0;
    e->parts.k_floor = (uint32_t)settings->k_floor;
    e->parts.train = train_for_api;
    e->parts.train_self = e;
    e->parts.settings_json = write_settings;
    e->parts.settings_self = e;
    status = open_parts(e, settings, create, news, err);
    if (status != KD_OK) {
        kd_engine_close(e, NULL);
        return status;
    }
    atomic_store(&e->parts.ready, true);
    *out = e;
    return KD_OK;
}

kd_status kd_engine_close(kd_engine *engine, kd_err *err)
{
    kd_status status = KD_OK;
    kd_parts *p;

    if (engine == NULL)
        return KD_OK;
    p = &engine->parts;
    atomic_store(&p->ready, false);
    atomic_store(&p->stopping, true);
    kd_rights_close(p->rights);
    kd_jobs_close(p->jobs); /* they write and read through all that follows */
    if (p->ingest != NULL) {
        status = kd_ingest_stop(p->ingest, err);
        kd_ingest_close(p->ingest);
    }
    kd_deliver_close(p->deliver);
    kd_watch_close(p->watch);
    kd_steps_close(p->steps);
    kd_sources_release(p->sources);
    kd_pulse_close(p->pulse);
    kd_live_close(p->live);
    kd_placements_release(p->placements);
    if (p->recommender != NULL)
        kd_recommender_close(p->recommender);
    if (p->catalog != NULL)
        kd_catalog_close(p->catalog);
    kd_audit_close(p->audit);
    kd_users_close(p->users);
    if (p->keys != NULL)
        kd_keys_close(p->keys);
    if (p->identity != NULL)
        kd_identity_close(p->identity);
    kd_customers_close(p->customers);
    if (p->people != NULL)
        kd_people_close(p->people);
    if (p->vault != NULL)
        kd_vault_close(p->vault);
    if (engine->reader != NULL)
        kd_reader_close(engine->reader);
    if (p->store != NULL)
        kd_store_close(p->store);
    pthread_mutex_destroy(&p->placements_lock);
    kd_policy_release(p->policy);
    pthread_mutex_destroy(&p->policy_lock);
    pthread_mutex_destroy(&p->sources_lock);
    pthread_mutex_destroy(&engine->train_lock);
    free(engine);
    return status;
}

kd_parts *kd_engine_parts(kd_engine *engine) { return &engine->parts; }
const kd_settings *kd_engine_settings(const kd_engine *engine) { return engine->settings; }

/* --- the model: a document {"sha","version"} of kind "model" names a blob; older versions stand behind it --- */

static kd_status model_of_doc(kd_model **out, const kd_engine *engine, const kd_doc *doc, kd_arena *arena, kd_err *err)
{
    const kd_json *json = NULL;
    kd_sha         sha;
    char           path[4096];
    kd_status      status = kd_json_parse(&json, arena, doc->body.ptr, doc->body.len, err);

    if (status != KD_OK)
        return status;
    if (!kd_sha_parse(&sha, kd_json_text(kd_json_get(json, "sha"))))
        return kd_fail(err, KD_CORRUPT, "the model's document names no blob");
    if ((status = kd_store_blob_path(path, engine->parts.store, sha, err)) != KD_OK)
        return status;
    return kd_model_load(out, path, err);
}

kd_status kd_engine_load_model(kd_engine *engine, kd_reader *reader, kd_err *err)
{
    kd_arena *arena = kd_arena_new(DOC_ARENA_BYTES);
    kd_doc   *docs = NULL;
    size_t    count = 0;
    kd_status status = arena == NULL ? kd_fail_memory(err)
                                     : kd_reader_doc_history(&docs, &count, reader, KD_STR("model"), KD_STR("recommend"), RETAINED_MODELS, arena, err);

    for (size_t i = 0; status == KD_OK && i < count; i++) {
        kd_model *model = NULL;
        kd_err    why = { 0 };
        if (model_of_doc(&model, engine, &docs[i], arena, &why) == KD_OK) {
            kd_recommender_set_model(engine->parts.recommender, model);
            kd_model_release(model);
            break;
        }
        kd_log(KD_LOG_ERROR, "recommend", "model-unreadable", "version=%llu why=\"%s\"", (unsigned long long)docs[i].version, why.msg);
    }
    kd_arena_free(arena);
    return status;
}

static kd_status publish(kd_engine *engine, kd_reader *reader, kd_str bytes, kd_arena *arena, kd_err *err)
{
    kd_model *model = NULL;
    kd_sha    sha;
    char      hex[65];
    kd_buf    body;
    kd_jw     w;
    kd_doc   *old = NULL;
    size_t    old_count = 0;
    kd_status status = kd_model_from_bytes(&model, bytes, err); /* what does not read is not published */

    if (status != KD_OK)
        return status;
    if ((status = kd_store_blob_put(&sha, engine->parts.store, bytes.ptr, bytes.len, err)) == KD_OK) {
        kd_sha_format(hex, sha);
        kd_buf_init(&body, arena);
        kd_jw_init(&w, &body);
        kd_jw_object(&w);
        KD_JW_Z(&w, "sha", hex);
        KD_JW_I64(&w, "version", (int64_t)kd_model_version(model));
        KD_JW_I64(&w, "items", kd_model_item_count(model));
        kd_jw_key(&w, "report");
        kd_jw_raw(&w, kd_model_report(model));
        kd_jw_object_end(&w);
        kd_doc doc = { .kind = KD_STR("model"), .id = KD_STR("recommend"), .valid_from_ms = kd_now(engine->parts.clock), .body = kd_buf_str(&body) };
        if ((status = kd_buf_status(&body, err)) == KD_OK)
            status = kd_store_docs_put(engine->parts.store, &doc, 1, err);
    }
    kd_model_release(model);
    if (status == KD_OK)
        status = kd_engine_load_model(engine, reader, err);
    /* Blobs of versions that nobody would go back to any more. */
    if (status == KD_OK && kd_reader_doc_history(&old, &old_count, reader, KD_STR("model"), KD_STR("recommend"), RETAINED_MODELS + 4, arena, NULL) == KD_OK)
        for (size_t i = RETAINED_MODELS; i < old_count; i++) {
            const kd_json *json = NULL;
            kd_sha         gone;
            if (kd_json_parse(&json, arena, old[i].body.ptr, old[i].body.len, NULL) == KD_OK &&
                kd_sha_parse(&gone, kd_json_text(kd_json_get(json, "sha"))) && memcmp(gone.b, sha.b, sizeof sha.b) != 0)
                kd_store_blob_delete(engine->parts.store, gone, NULL);
        }
    return status;
}

static uint64_t items_of_model(kd_engine *engine)
{
    const kd_model *model = kd_recommender_model(engine->parts.recommender);
    const uint64_t  items = model ? kd_model_item_count(model) : 0;
    if (model)
        kd_model_release(model);
    return items;
}

kd_status kd_engine_train(kd_engine *engine, kd_progress progress, void *self, const atomic_bool *cancel, kd_err *err)
{
    const int64_t from = kd_monotonic_us();
    kd_reader    *reader = NULL;
    kd_arena     *arena = NULL;
    kd_buf        bytes;
    kd_stages     stages;
    kd_store_stats stats = { 0 };
    int64_t       publish_us = 0;
    kd_status     status;

    if (pthread_mutex_trylock(&engine->train_lock) != 0)
        return kd_fail(err, KD_BUSY, "a training run is under way");
    kd_stages_begin(&stages, &engine->parts, progress, self);
    kd_buf_init(&bytes, NULL);
    status = kd_ingest_flush(engine->parts.ingest, err);
    if (status == KD_OK)
        status = kd_train_in_child(&bytes, engine, kd_stages_tell, &stages, cancel, err);
    if (status == KD_OK)
        status = kd_reader_open(&reader, engine->parts.store, err);
    if (status == KD_OK && (arena = kd_arena_new(DOC_ARENA_BYTES)) == NULL)
        status = kd_fail_memory(err);
    if (status == KD_OK) {
        const int64_t began_us = kd_monotonic_us();
        status = publish(engine, reader, kd_buf_str(&bytes), arena, err);
        publish_us = kd_monotonic_us() - began_us;
    }
    if (reader != NULL)
        kd_reader_stats(&stats, reader, NULL);
    kd_stages_end(&stages, status != KD_OK, stats.events, status == KD_OK ? items_of_model(engine) : 0, publish_us);
    if (status == KD_OK)
        kd_log(KD_LOG_INFO, "recommend", "trained", "bytes=%zu ms=%lld", bytes.len, (long long)((kd_monotonic_us() - from) / 1000));
    kd_arena_free(arena);
    if (reader != NULL)
        kd_reader_close(reader);
    kd_buf_free(&bytes);
    pthread_mutex_unlock(&engine->train_lock);
    return status;
}

kd_status kd_engine_expire(kd_engine *engine, size_t *hollowed, kd_err *err)
{
    const int64_t before_ms = kd_now(engine->parts.clock) - (int64_t)engine->parts.receipt_retention_days * KD_DAY_MS;
    kd_status     status = KD_OK;

    *hollowed = 0;
    for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(engine->parts.store); group++) {
        int64_t cursor = 0, was = -1;
        while (status == KD_OK && cursor != was && !atomic_load(&engine->parts.stopping)) {
            kd_txn *txn = NULL;
            size_t  some = 0;
            was = cursor;
            if ((status = kd_txn_begin(&txn, engine->parts.store, group, err)) != KD_OK)
                break;
            status = kd_txn_hollow(txn, KD_KIND_DECISION, before_ms, &cursor, EXPIRE_ROWS, &some, err);
            if (status != KD_OK)
                kd_txn_rollback(txn);
            else if ((status = kd_txn_commit(txn, err)) == KD_OK)
                *hollowed += some;
        }
    }
    return status;
}
