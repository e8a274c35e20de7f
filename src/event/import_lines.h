/* event/import_lines.h -- lines of text from a stream, in bounded memory. Private to the importer. */
#ifndef KD_EVENT_IMPORT_LINES_H
#define KD_EVENT_IMPORT_LINES_H
#include "base/input.h"

typedef struct kd_lines kd_lines;
kd_status kd_lines_open(kd_lines **out, kd_input *in, size_t line_bytes_max, kd_err *err);
void      kd_lines_close(kd_lines *lines); /* NULL is fine */
/* The next line that is not blank, without its end (LF or CRLF) and without a byte order mark; borrowed until the next call.
 * KD_NOT_FOUND at the end; KD_INVALID: longer than line_bytes_max, skipped to its end (`text` is its beginning). */
kd_status kd_lines_next(kd_str *text, kd_lines *lines, uint64_t *number, kd_err *err);
#endif
