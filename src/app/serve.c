/* kunde serve, kunde demo. */
#include "app/command.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/http.h"
#include "api/keys.h"
#include "api/routes.h"
#include "api/users.h"
#include "app/dropzone.h"
#include "base/log.h"
#include "demo/demo.h"
#include "trust/audit.h"

enum { CHORES_EVERY_S = 5, EXPIRE_EVERY_S = 3600 };

/* ---- what every start prints ---- */

/* Those made just now: the server key is never shown again, so also where the start fails after it was made. */
static void print_keys(const kd_io *io, const kd_engine_news *news)
{
    if (news->write_key[0] != '\0')
        kd_print(io, "write key: %s\n", news->write_key);
    if (news->server_key[0] != '\0')
        kd_print(io, "server key: %s\n", news->server_key);
}

/* `keep` true: the login link is for the server that is started next. */
static void print_doors(const kd_io *io, kd_engine *engine, const kd_engine_news *news, const char *host, unsigned port, bool keep)
{
    kd_parts   *parts = kd_engine_parts(engine);
    char        token[65];
    const bool  is_v6 = strchr(host, ':') != NULL;
    const char *shown = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ? "127.0.0.1" : host;

    kd_err      err = { 0 };

    if (kd_users_link_new(token, parts->users, keep, &err) != KD_OK)
        kd_log(KD_LOG_WARN, "app", "login-link-not-kept", "why=\"%s\"", err.msg);
    kd_print(io, "url: http://%s%s%s:%u/\n", is_v6 && shown == host ? "[" : "", shown, is_v6 && shown == host ? "]" : "", port);
    kd_print(io, "login: http://%s%s%s:%u/login?token=%s\n", is_v6 && shown == host ? "[" : "", shown, is_v6 && shown == host ? "]" : "", port, token);
    print_keys(io, news);
}

/* ---- chores of a server: training when there is something new, receipts past their retention ---- */

typedef struct chores { kd_engine *engine; pthread_t thread; pthread_mutex_t lock; pthread_cond_t wake; bool stop; } chores;

static void train_if_due(kd_engine *engine, int64_t *trained_us, uint64_t *trained_events)
{
    const kd_settings *s = kd_engine_settings(engine);
    kd_ingest_stats    stats;
    kd_err             err = { 0 };

    kd_ingest_get_stats(&stats, kd_engine_parts(engine)->ingest);
    if (s->train_interval_s == 0 || stats.stored == *trained_events || kd_monotonic_us() - *trained_us < s->train_interval_s * INT64_C(1000000))
        return;
    *trained_us = kd_monotonic_us();
    *trained_events = stats.stored;
    const kd_status status = kd_engine_train(engine, NULL, NULL, NULL, &err);
    if (status != KD_OK && status != KD_NOT_FOUND && status != KD_BUSY)
        kd_log(KD_LOG_ERROR, "recommend", "training-failed", "why=\"%s\"", err.msg);
}

static void *do_chores(void *arg)
{
    chores  *c = arg;
    int64_t  trained_us = kd_monotonic_us(), expired_us = 0;
    uint64_t trained_events = 0;

    pthread_mutex_lock(&c->lock);
    while (!c->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += CHORES_EVERY_S;
        pthread_cond_timedwait(&c->wake, &c->lock, &until);
        if (c->stop)
            break;
        pthread_mutex_unlock(&c->lock);
        train_if_due(c->engine, &trained_us, &trained_events);
        kd_audit_settle(kd_engine_parts(c->engine)->audit);
        if (expired_us == 0 || kd_monotonic_us() - expired_us > EXPIRE_EVERY_S * INT64_C(1000000)) {
            size_t hollowed = 0;
            kd_err err = { 0 };
            expired_us = kd_monotonic_us();
            if (kd_engine_expire(c->engine, &hollowed, &err) != KD_OK)
                kd_log(KD_LOG_ERROR, "decide", "expire-failed", "why=\"%s\"", err.msg);
            else if (hollowed != 0)
                kd_log(KD_LOG_INFO, "decide", "receipts-expired", "count=%zu", hollowed);
        }
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static bool chores_start(chores *c, kd_engine *engine)
{
    pthread_condattr_t attributes;

    *c = (chores){ .engine = engine };
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return pthread_create(&c->thread, NULL, do_chores, c) == 0;
}

static void chores_stop(chores *c)
{
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->wake);
}

/* ---- serve ---- */

static void wait_for_signal(const sigset_t *signals)
{
    int caught = 0;
    while (sigwait(signals, &caught) != 0)
        ;
    kd_log(KD_LOG_INFO, "app", "stopping", "signal=%d", caught);
}

static int serve(kd_run *run, kd_engine *engine, const kd_engine_news *news, const sigset_t *signals)
{
    kd_parts       *parts = kd_engine_parts(engine);
    kd_http_options options = { .host = run->settings->host, .port = (uint16_t)run->settings->port, .limits = parts->limits, .allowed_hosts = run->settings->http_allowed_hosts };
    kd_http        *http = NULL;
    kd_control     *control = NULL;
    kd_dropzone    *dropzone = NULL;
    chores          housework;
    kd_err          err = { 0 };

    options.routes = kd_api_routes(&options.route_count);
    if (kd_http_start(&http, parts, &options, &err) != KD_OK || kd_dropzone_start(&dropzone, parts, run->settings->drop_zone, run->settings->drop_zone_poll_s, &err) != KD_OK
        || kd_control_start(&control, engine, &err) != KD_OK) {
        kd_dropzone_stop(dropzone);
        if (http != NULL)
            kd_http_stop(http);
        print_keys(&run->io, news);
        return kd_report(&run->io, &err);
    }
    const bool works = chores_start(&housework, engine);
    if (!works)
        kd_log(KD_LOG_ERROR, "app", "chores-not-started", "why=\"no thread: nothing trains or expires by itself\"");
    print_doors(&run->io, engine, news, run->settings->host, kd_http_port(http), false);
    kd_log(KD_LOG_INFO, "app", "serving", "port=%u replayed=%llu", kd_http_port(http), (unsigned long long)news->replayed);
    wait_for_signal(signals);
    atomic_store(&parts->stopping, true);
    atomic_store(&parts->ready, false);
    kd_dropzone_stop(dropzone);
    kd_control_stop(control);
    if (works)
        chores_stop(&housework);
    kd_http_stop(http);
    return KD_EXIT_DONE;
}

static int run_serve(kd_run *run)
{
    kd_engine_news news;
    kd_engine     *engine = NULL;
    kd_err         err = { 0 };
    sigset_t       signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread is made: they inherit it */
    if (kd_engine_open(&engine, run->settings, true, &news, &err) != KD_OK)
        return kd_report(&run->io, &err);
    int exit_code = serve(run, engine, &news, &signals);
    if (kd_engine_close(engine, &err) != KD_OK)
        exit_code = kd_report(&run->io, &err);
    return exit_code;
}

/* ---- demo ---- */

typedef struct demo_options { bool json; int64_t customers, products, days, seed; } demo_options;

static error_t take_number(int64_t *out, const char *arg, int64_t min, int64_t max, const char *name, struct argp_state *state)
{
    if (kd_str_i64(out, kd_str_z(arg)) && *out >= min && *out <= max)
        return 0;
    argp_error(state, "--%s must be a whole number from %lld to %lld", name, (long long)min, (long long)max);
    return EINVAL;
}

static error_t parse_demo(int key, char *arg, struct argp_state *state)
{
    demo_options *o = state->input;

    switch (key) {
    case ARGP_KEY_INIT: *o = (demo_options){ false, 20000, 2000, 365, 1 }; return 0;
    case 'j': o->json = true; return 0;
    case 'c': return take_number(&o->customers, arg, 1, 100000000, "customers", state);
    case 'p': return take_number(&o->products, arg, 10, 1000000, "products", state);
    case 'd': return take_number(&o->days, arg, 1, 3650, "days", state);
    case 's': return take_number(&o->seed, arg, 0, INT64_MAX, "seed", state);
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option demo_flags[] = {
    { "customers", 'c', "N", 0, "default 20000", 0 }, { "products", 'p', "N", 0, "default 2000", 0 }, { "days", 'd', "N", 0, "of history; default 365", 0 },
    { "seed", 's', "N", 0, "the same seed on the same day makes the same shop; default 1", 0 }, { "json", 'j', NULL, 0, "the outcome as JSON", 0 }, { 0 },
};
static const struct argp demo_argp = { demo_flags, parse_demo, NULL, "Makes a whole demo shop in a new database: catalogue, stores, customers, a year of events, a trained model. `kunde serve` then serves it.", NULL, NULL, NULL };

static void show_step(void *self, const char *step, uint64_t done, uint64_t total) { kd_bar_show(self, step, done, total, "done"); }

static kd_status make_shop(kd_demo_counts *counts, kd_run *run, kd_engine *engine, kd_err *err)
{
    const demo_options   *o = run->options;
    kd_parts             *parts = kd_engine_parts(engine);
    const int64_t         now_ms = kd_now(parts->clock);
    const kd_demo_target  to = { parts->store, parts->ingest, parts->catalog };
    char                  truth[4096];
    const kd_demo_options options = { (uint32_t)o->customers, (uint32_t)o->products, (uint32_t)o->days, (uint64_t)o->seed, now_ms - now_ms % KD_DAY_MS, truth };
    kd_bar                bar;

    if (snprintf(truth, sizeof truth, "%s.truth.jsonl", run->settings->db) >= (int)sizeof truth)
        return kd_fail(err, KD_INVALID, "the database's name is too long");
    kd_bar_start(&bar, &run->io);
    kd_status status = kd_demo_make(counts, &to, &options, show_step, &bar, err);
    if (status == KD_OK)
        status = kd_engine_train(engine, show_step, &bar, NULL, err);
    kd_bar_end(&bar);
    return status;
}

static void print_demo_json(const kd_io *io, const kd_demo_counts *counts, const kd_engine_news *news, double seconds)
{
    kd_buf text;
    kd_jw  w;

    kd_buf_init(&text, NULL);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    KD_JW_I64(&w, "products", (int64_t)counts->products);
    KD_JW_I64(&w, "variants", (int64_t)counts->variants);
    KD_JW_I64(&w, "customers", (int64_t)counts->customers);
    KD_JW_I64(&w, "events", (int64_t)counts->events);
    KD_JW_I64(&w, "orders", (int64_t)counts->orders);
    kd_jw_key(&w, "seconds");
    kd_jw_f64(&w, seconds, 1);
    KD_JW_Z(&w, "writeKey", news->write_key);
    KD_JW_Z(&w, "serverKey", news->server_key);
    kd_jw_object_end(&w);
    kd_buf_add_byte(&text, '\n');
    kd_print_str(io, kd_buf_str(&text));
    kd_buf_free(&text);
}

static int run_demo(kd_run *run)
{
    const demo_options *o = run->options;
    kd_engine_news      news;
    kd_engine          *engine = NULL;
    kd_demo_counts      counts = { 0 };
    kd_err              err = { 0 };
    const int64_t       from = kd_monotonic_us();

    if (access(run->settings->db, F_OK) == 0) {
        kd_fail(&err, KD_CONFLICT, "%s is there already; the demo makes a new database: choose another with --db", run->settings->db);
        kd_report(&run->io, &err);
        return KD_EXIT_NOT_SO;
    }
    if (kd_engine_open(&engine, run->settings, true, &news, &err) != KD_OK)
        return kd_report(&run->io, &err);
    int exit_code = make_shop(&counts, run, engine, &err) == KD_OK ? KD_EXIT_DONE : kd_report(&run->io, &err);
    if (exit_code == KD_EXIT_DONE) {
        const double seconds = (double)(kd_monotonic_us() - from) / 1e6;
        if (o->json)
            print_demo_json(&run->io, &counts, &news, seconds);
        else {
            print_doors(&run->io, engine, &news, run->settings->host, (unsigned)run->settings->port, true);
            kd_print(&run->io, "demo shop: %llu products in %llu variants, %llu customers, %llu events, %llu orders in %.1f s\n  next: kunde serve\n",
                     (unsigned long long)counts.products, (unsigned long long)counts.variants, (unsigned long long)counts.customers, (unsigned long long)counts.events,
                     (unsigned long long)counts.orders, seconds);
        }
    }
    if (kd_engine_close(engine, &err) != KD_OK)
        exit_code = kd_report(&run->io, &err);
    return exit_code;
}

static const struct argp serve_argp = { NULL, NULL, NULL, "Serves the API and pages. Makes the database and its keys when there is none. Settings are flags too: --db FILE, --host ADDR, --port N; `kunde config` lists them.", NULL, NULL, NULL };

const kd_command kd_command_serve = { "serve", "serve the API, the pages and the commands of others", KD_NEED_STORE_ALONE, &serve_argp, 1, run_serve };
const kd_command kd_command_demo = { "demo", "make a whole demo shop in a new database", KD_NEED_STORE_ALONE, &demo_argp, sizeof(demo_options), run_demo };
