/* app/settings.h -- every setting is one row of one table, which feeds the parser, `kunde config` and docs/settings.md.
 *
 * Later wins: default, INI file (--config FILE, or kunde.ini beside the database), environment KUNDE_<NAME>, flag --<name>.
 * Values out of range are errors that name the file and line, the variable or the flag; so are unknown names in the file.
 * An unknown KUNDE_... in the environment is not ours: orchestrators set such (KUNDE_SERVICE_HOST). */
#ifndef KD_APP_SETTINGS_H
#define KD_APP_SETTINGS_H
#include "base/json.h"
#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct kd_settings {
    char    *db, *host, *config, *key_file, *log_level, *http_allowed_hosts, *phone_country, *drop_zone;
    char    *write_key, *server_key, *master_key;  /* only from environment or file, never a flag: flags show in process lists */
    int64_t  port, threads, http_body_bytes_max, http_arena_bytes_max, http_connections_max, http_connections_per_ip_max,
             http_timeout_s, people_bytes_max, people_dirty_bytes_max, identity_bytes_max, customers_bytes_max, queue_bytes_max, batch_events_max,
             checkpoint_events, checkpoint_rows, store_cache_bytes, wal_bytes_max, receipt_retention_days, webhook_private_hosts, k_floor, train_bytes_max,
             train_threads, train_interval_s;
    int64_t  drop_zone_poll_s;
    int64_t  trust_browser_orders; /* 0 or 1, as all switches */
} kd_settings;

kd_status kd_settings_load(kd_settings *out, int argc, char **argv, int *rest, kd_err *err); /* takes its flags out of argv; *rest: the new argc */
void      kd_settings_free(kd_settings *settings);
void      kd_settings_write_json(const kd_settings *settings, kd_jw *w);  /* secrets as "set" or "not set" */
void      kd_settings_print(const kd_settings *settings, bool as_json, bool as_markdown);
#endif
