/* app/dropzone.h -- a folder whose files a server imports by itself.
 *
 * A thread of its own looks at the folder every few seconds. A data file (app/dropped.h) that was the same at two looks -- name,
 * inode, size, time of change -- is imported by the code of `kunde import`, one at a time, oldest first, and then moved to done/
 * or failed/ with a report beside it. It is moved last: after kill -9 it is still there, and its import goes on where it was.
 * Only ordinary files with one name, directly in the folder, are read: no links, pipes, subfolders.
 * What is no fault of the file (a full disk, a server that stops) leaves it there: it is tried again, later each time, and given
 * up after KD_DROP_TRIES. Files beyond KD_DROP_FILES wait until there is room. Threads: start and stop from one. */
#ifndef KD_APP_DROPZONE_H
#define KD_APP_DROPZONE_H
#include "api/parts.h"

enum { KD_DROP_FILES = 1024 /* at once */, KD_DROP_TRIES = 8 };

typedef struct kd_dropzone kd_dropzone;
/* `path` NULL: there is none, *out is NULL. KD_NOT_FOUND or KD_IO when it is no folder that can be read and written. */
kd_status kd_dropzone_start(kd_dropzone **out, kd_parts *parts, const char *path, int64_t poll_s, kd_err *err);
void      kd_dropzone_stop(kd_dropzone *zone); /* what is being imported ends at its next row, and goes on at the next start; NULL is fine */
#endif
