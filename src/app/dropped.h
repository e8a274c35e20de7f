/* app/dropped.h -- one file of the drop zone: what its name says, its report, and where it goes. Threads: any. */
#ifndef KD_APP_DROPPED_H
#define KD_APP_DROPPED_H
#include <sys/stat.h>
#include "event/import.h"

enum { KD_DROPPED_SOURCE_MAX = 64 };

typedef struct kd_dropped {
    const char       *file;       /* its name in the folder */
    kd_import_what    what;       /* with `kind` */
    const char       *kind;       /* NULL: the name does not say */
    char              source[KD_DROPPED_SOURCE_MAX + 1]; /* "": named by the kind */
    int64_t           began_ms, us;
    struct stat       about;      /* as it was when it was read */
    kd_import_counts  counts;
    kd_import_reasons reasons;
    kd_err            err;        /* status KD_OK: it was imported */
} kd_dropped;

/* Whether a name is one of a data file: ends in .csv or .jsonl, also packed, and is not hidden. Others are left alone. */
bool kd_dropped_is_data(const char *file);
/* kind[.source[.anything]].csv|jsonl[.gz|.zst] into `what`, `kind`, `source`; KD_INVALID with a sentence in dropped->err. */
kd_status kd_dropped_name(kd_dropped *dropped);
/* Makes done/ and failed/ in the folder when they are not there; KD_IO when one is something else. */
kd_status kd_dropped_folders(int zone, kd_err *err);
/* Writes the report, then moves the file beside it: into done/, or into failed/ when dropped->err says so. A name that is taken
 * there gets the time in front. Killed in between, the file is still in the folder, and the report is written anew.
 * KD_NOT_FOUND: another file stands under that name meanwhile, or none; it was not moved. */
kd_status kd_dropped_move(const kd_dropped *dropped, int zone, kd_err *err);
#endif
