/* base/json_index.h -- where the tokens of a JSON text begin. Private to base/: the seam between simdjson (C++) and json.c. */
#ifndef KD_BASE_JSON_INDEX_H
#define KD_BASE_JSON_INDEX_H
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

enum { KD_JSON_PADDING = 64 /* readable bytes behind the text */ };

/* The offset of every brace, bracket, colon, comma, opening quote and first byte of a bare word, in order; nothing but blanks,
 * the rest of a string or the rest of a word stands between two of them. Borrowed until this thread's next call.
 *   KD_INVALID  empty, no UTF-8, a control character in a string, or a string without an end
 *   KD_LIMIT    out of memory, or more than 4 GB */
kd_status kd_json_index(const uint32_t **tokens, size_t *count, const char *text, size_t len);
#endif
