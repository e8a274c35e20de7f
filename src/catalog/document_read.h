/* catalog/document_read.h -- one field at a time, for the files that read documents; errors name "<at>/<name>". */
#ifndef KD_CATALOG_DOCUMENT_READ_H
#define KD_CATALOG_DOCUMENT_READ_H
#include "catalog/document.h"

kd_status      kd_field_wrong(kd_err *err, const char *at, const char *name, const char *why);
const kd_json *kd_field(const kd_json *object, const char *name); /* NULL when absent or null */
/* Absent gives empty, false, NaN. Texts are trimmed and may be numbers. */
kd_status kd_field_text(kd_str *out, const kd_json *object, const char *at, const char *name, size_t bytes_max, kd_err *err);
kd_status kd_field_id(kd_str *out, const kd_json *object, const char *at, const char *name, kd_err *err);
kd_status kd_field_url(kd_str *out, const kd_json *object, const char *at, const char *name, bool picture, kd_err *err);
kd_status kd_field_bool(bool *out, const kd_json *object, const char *at, const char *name, kd_err *err);
kd_status kd_field_number(double *out, const kd_json *object, const char *at, const char *name, double min, double max, kd_err *err);
kd_status kd_field_texts(const kd_json *object, const char *at, const char *name, size_t bytes_max, kd_err *err);
/* Members but for null, repeated and named ones. */
void kd_print_members(kd_jw *w, const kd_json *object, const char *const *without, size_t without_count);

/* document_product.c */
kd_status kd_draft_product(kd_draft *draft, kd_buf *buf, const kd_json *body, int64_t created_ms, int64_t now_ms, kd_arena *arena,
                           kd_err *err);
#endif
