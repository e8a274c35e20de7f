/* api/measure.h -- what the server says about itself to Prometheus: requests by route and status class, how long they took.
 *
 * Each worker thread counts for itself (no shared cache line on the path of a request); a scrape adds the workers up.
 * Threads: kd_measure_add by the owner only, kd_measure_sum from any. */
#ifndef KD_API_MEASURE_H
#define KD_API_MEASURE_H
#include <stdatomic.h>
#include "base/string.h"

enum { KD_MEASURE_ROUTES_MAX = 320, KD_MEASURE_CLASSES = 5, KD_MEASURE_BUCKETS = 14 };

typedef struct kd_measure_route {
    _Atomic uint64_t classes[KD_MEASURE_CLASSES];     /* 1xx .. 5xx */
    _Atomic uint64_t buckets[KD_MEASURE_BUCKETS + 1]; /* not cumulative; the last is over all bounds */
    _Atomic uint64_t sum_us;
} kd_measure_route;
typedef struct kd_measure {
    kd_measure_route routes[KD_MEASURE_ROUTES_MAX + 1]; /* the last: no route */
    _Atomic uint64_t bytes_in, bytes_out, aborted, refused;
} kd_measure;

void kd_measure_add(kd_measure *measure, size_t route, int status, int64_t us, uint64_t bytes_in, uint64_t bytes_out);
void kd_measure_bump(_Atomic uint64_t *counter, uint64_t by); /* single writer */
void kd_measure_sum(kd_measure *into, const kd_measure *from);
/* `names[i]` of route i; several routes may share a name and are added up. */
void kd_measure_write(kd_buf *out, const kd_measure *sum, const char *const *names, size_t route_count);
/* A line of text exposition: "# HELP", "# TYPE" and the value. */
void kd_metric(kd_buf *out, const char *name, const char *type, const char *help, double value);
#endif
