#include "api/measure.h"

static const int64_t bound_us[KD_MEASURE_BUCKETS] = { 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 250000, 1000000, 5000000 };

void kd_measure_bump(_Atomic uint64_t *counter, uint64_t by)
{
    /* One writer: a load and a store are enough, and cheaper than a locked addition. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

void kd_measure_add(kd_measure *measure, size_t route, int status, int64_t us, uint64_t bytes_in, uint64_t bytes_out)
{
    kd_measure_route *r = &measure->routes[route < KD_MEASURE_ROUTES_MAX ? route : KD_MEASURE_ROUTES_MAX];
    size_t            bucket = 0;
    while (bucket < KD_MEASURE_BUCKETS && us > bound_us[bucket])
        bucket++;
    if (status >= 100 && status < 600)
        kd_measure_bump(&r->classes[status / 100 - 1], 1);
    kd_measure_bump(&r->buckets[bucket], 1);
    kd_measure_bump(&r->sum_us, us > 0 ? (uint64_t)us : 0);
    kd_measure_bump(&measure->bytes_in, bytes_in);
    kd_measure_bump(&measure->bytes_out, bytes_out);
}

static void sum_route(kd_measure_route *into, const kd_measure_route *from)
{
    for (size_t i = 0; i < KD_MEASURE_CLASSES; i++)
        kd_measure_bump(&into->classes[i], atomic_load_explicit(&from->classes[i], memory_order_relaxed));
    for (size_t i = 0; i <= KD_MEASURE_BUCKETS; i++)
        kd_measure_bump(&into->buckets[i], atomic_load_explicit(&from->buckets[i], memory_order_relaxed));
    kd_measure_bump(&into->sum_us, atomic_load_explicit(&from->sum_us, memory_order_relaxed));
}

void kd_measure_sum(kd_measure *into, const kd_measure *from)
{
    for (size_t i = 0; i <= KD_MEASURE_ROUTES_MAX; i++)
        sum_route(&into->routes[i], &from->routes[i]);
    kd_measure_bump(&into->bytes_in, atomic_load_explicit(&from->bytes_in, memory_order_relaxed));
    kd_measure_bump(&into->bytes_out, atomic_load_explicit(&from->bytes_out, memory_order_relaxed));
    kd_measure_bump(&into->aborted, atomic_load_explicit(&from->aborted, memory_order_relaxed));
    kd_measure_bump(&into->refused, atomic_load_explicit(&from->refused, memory_order_relaxed));
}

void kd_metric(kd_buf *out, const char *name, const char *type, const char *help, double value)
{
    kd_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

/* The routes that share the name of route `first`, added up; false when an earlier route has the name already. */
static bool gather(kd_measure_route *out, const kd_measure *sum, const char *const *names, size_t route_count, size_t first)
{
    for (size_t i = 0; i < first; i++)
        if (strcmp(names[i], names[first]) == 0)
            return false;
    memset(out, 0, sizeof *out);
    for (size_t i = first; i < route_count; i++)
        if (strcmp(names[i], names[first]) == 0)
            sum_route(out, &sum->routes[i]);
    return true;
}

static void write_requests(kd_buf *out, const char *name, const kd_measure_route *r)
{
    for (size_t i = 0; i < KD_MEASURE_CLASSES; i++)
        if (r->classes[i] > 0)
            kd_buf_addf(out, "kunde_http_requests_total{route=\"%s\",status=\"%zuxx\"} %llu\n", name, i + 1, (unsigned long long)r->classes[i]);
}

static void write_durations(kd_buf *out, const char *name, const kd_measure_route *r)
{
    uint64_t count = 0;
    for (size_t i = 0; i < KD_MEASURE_BUCKETS; i++) {
        count += r->buckets[i];
        kd_buf_addf(out, "kunde_http_request_duration_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", name, (double)bound_us[i] / 1e6, (unsigned long long)count);
    }
    count += r->buckets[KD_MEASURE_BUCKETS];
    kd_buf_addf(out, "kunde_http_request_duration_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n", name, (unsigned long long)count);
    kd_buf_addf(out, "kunde_http_request_duration_seconds_sum{route=\"%s\"} %.6f\n", name, (double)r->sum_us / 1e6);
    kd_buf_addf(out, "kunde_http_request_duration_seconds_count{route=\"%s\"} %llu\n", name, (unsigned long long)count);
}

static void write_each(kd_buf *out, const kd_measure *sum, const char *const *names, size_t route_count,
                       void (*write)(kd_buf *, const char *, const kd_measure_route *))
{
    kd_measure_route r;
    for (size_t i = 0; i < route_count; i++)
        if (gather(&r, sum, names, route_count, i))
            write(out, names[i], &r);
    write(out, "none", &sum->routes[KD_MEASURE_ROUTES_MAX]);
}

void kd_measure_write(kd_buf *out, const kd_measure *sum, const char *const *names, size_t route_count)
{
    kd_buf_add_z(out, "# HELP kunde_http_requests_total Requests answered, by route and class of status.\n# TYPE kunde_http_requests_total counter\n");
    write_each(out, sum, names, route_count, write_requests);
    kd_buf_add_z(out, "# HELP kunde_http_request_duration_seconds From the request line to the answer handed to the network.\n"
                      "# TYPE kunde_http_request_duration_seconds histogram\n");
    write_each(out, sum, names, route_count, write_durations);
    kd_metric(out, "kunde_http_request_bytes_total", "counter", "Bytes of request bodies, as sent.", (double)sum->bytes_in);
    kd_metric(out, "kunde_http_response_bytes_total", "counter", "Bytes of answers' bodies.", (double)sum->bytes_out);
    kd_metric(out, "kunde_http_aborted_total", "counter", "Requests that ended before their answer was handed over.", (double)sum->aborted);
    kd_metric(out, "kunde_http_refused_total", "counter", "Malformed requests refused by the guard.", (double)sum->refused);
}
