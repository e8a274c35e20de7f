/* event/import_values.h -- quantities and dates as shops write them. Pure; private to the importer.
 * Each false leaves a sentence in *why that names the form, never the value. */
#ifndef KD_EVENT_IMPORT_VALUES_H
#define KD_EVENT_IMPORT_VALUES_H
#include "event/import.h"

/* "6", "-3", "+2", "6.0", with `comma` also "6,0": whole pieces within int32. */
bool kd_import_quantity(int32_t *out, kd_str text, bool comma, const char **why);

/* ISO 8601 (docs/import.md lists them all), 31.12.2026, 2026/12/31, 20261231, seconds or milliseconds since 1970, and with
 * `dates` 31/12/2026 or 12/31/2026; each with an optional time of day. `offset_min`: of times without a zone.
 * *written_ms: as if without a zone meant UTC; ids are made of it, so that they do not depend on an option. */
bool kd_import_time(int64_t *out_ms, int64_t *written_ms, kd_str text, kd_import_dates dates, int offset_min, const char **why);
#endif
