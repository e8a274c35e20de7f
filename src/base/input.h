/* base/input.h -- a stream of bytes from a file or standard input, gunzipped or un-zstd-ed by its first bytes.
 * A truncated or damaged gzip or zst gives KD_INVALID with a sentence, never a silent end. Threads: one at a time. */
#ifndef KD_BASE_INPUT_H
#define KD_BASE_INPUT_H
#include "base/string.h"

typedef struct kd_input kd_input;
/* `path` relative to the directory `dir_fd` (AT_FDCWD is fine); "-" reads `stdin_fd`. */
kd_status kd_input_open(kd_input **out, int dir_fd, int stdin_fd, const char *path, kd_err *err);
/* From memory (a request body): `encoding` "gzip", "zstd", "" ... ; KD_LIMIT once more than bytes_max come out (0: no cap). */
kd_status kd_input_memory(kd_input **out, const void *bytes, size_t len, const char *encoding, size_t bytes_max, kd_err *err);
/* The file that is open at `fd`, which stays the caller's and must outlive the input; `name` is for messages alone. */
kd_status kd_input_open_fd(kd_input **out, int fd, const char *name, kd_err *err);
void      kd_input_close(kd_input *in);
/* Up to `cap` bytes into `buf`; *len 0 means the end. */
kd_status kd_input_read(kd_input *in, void *buf, size_t cap, size_t *len, kd_err *err);
/* For a progress bar: bytes consumed of the file as stored, and its size (0 when unknown, as from a pipe). */
void kd_input_progress(const kd_input *in, uint64_t *done, uint64_t *total);
#endif
