/* event/expression.h -- paths into an event or row, and expressions over it (event/transform.h says what they mean).
 * Private to event/'s transforms and sources. Pure; what is parsed is immutable and may be shared freely. */
#ifndef KD_EVENT_EXPRESSION_H
#define KD_EVENT_EXPRESSION_H
#include "event/transform.h"

typedef struct kd_path { kd_str names[KD_TRANSFORM_PATH_MAX]; uint32_t count; } kd_path;
/* "a.b.c", or "/a/b" with ~0 and ~1 as in a JSON pointer. Names are copied. KD_INVALID: empty, or an empty name; KD_LIMIT: too many names. */
kd_status kd_path_parse(kd_path *out, kd_str text, kd_arena *arena, kd_err *err);
/* NULL when it leads nowhere. Of an array a number is an element, from 0. */
const kd_json *kd_path_get(const kd_json *root, const kd_path *path);
/* What was not changed as it was written: a container whose `raw` is empty has been changed. */
void kd_json_write_kept(kd_jw *w, const kd_json *node);

kd_status kd_expression_truth(bool *out, const kd_expression *expression, const kd_json *item, kd_arena *arena, kd_err *err);
#endif
