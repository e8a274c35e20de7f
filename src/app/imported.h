/* app/imported.h -- what is told of a file that was imported, by `kunde import` and by the drop zone alike. Threads: any. */
#ifndef KD_APP_IMPORTED_H
#define KD_APP_IMPORTED_H
#include "api/parts.h"

/* The members of the outcome, inside an object that is open. */
void kd_imported_write(kd_jw *w, const kd_import_counts *counts);
/* Where the steps of the house are listed: a file is told by its name without its folder. `source` NULL: the kind. */
void kd_imported_note(kd_parts *parts, const char *kind, const char *source, const char *file, const kd_import_counts *counts, int64_t us, bool failed);
#endif
