/* base/csv.h -- RFC 4180 and what people really send: UTF-8 BOM, CRLF, LF, ';' or tab, quotes, line breaks inside quotes.
 * Streaming: memory is one record plus one read buffer. Threads: one at a time. */
#ifndef KD_BASE_CSV_H
#define KD_BASE_CSV_H
#include "base/input.h"

enum { KD_CSV_FIELDS_MAX = 1024 };
typedef struct kd_csv kd_csv;

/* `delimiter` 0 chooses among , ; tab | by the header line. `record_bytes_max` bounds one record (a longer one is a bad
 * record, passed over in bounded memory). The input stays the caller's. KD_INVALID for a UTF-16 file. */
kd_status kd_csv_open(kd_csv **out, kd_input *in, char delimiter, size_t record_bytes_max, kd_err *err);
void      kd_csv_close(kd_csv *csv);
/* The next record. *fields borrowed until the next call; `line` is the number of its first line (from 1).
 *   KD_OK         a record (blank lines are skipped); *raw is its text, too
 *   KD_NOT_FOUND  the end
 *   KD_INVALID    this record is bad (a quote left open, text behind a closing quote, a NUL byte, invalid UTF-8, more than
 *                 KD_CSV_FIELDS_MAX fields, too long): err says why, *raw is its text (cut at 4 KiB); the next call goes on.
 *                 Where the end of the record is not known (quotes, length, fields) only its first line is given up.
 *   KD_LIMIT/KD_IO  the input itself failed (a damaged gzip, too); no further record */
kd_status kd_csv_next(kd_csv *csv, const kd_str **fields, size_t *count, uint64_t *line, kd_str *raw, kd_err *err);
/* One field written so that kd_csv_next reads it back. */
void kd_csv_write(kd_buf *out, kd_str field, char delimiter);
#endif
