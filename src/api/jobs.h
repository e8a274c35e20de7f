/* api/jobs.h -- what takes longer than a request may: started by one request, asked after by others.
 *
 * A small table in memory: the newest KD_JOBS_MAX, gone with the process. One of a kind runs at a time, on a thread of its
 * own (the long requests of admin.c count with them). Threads: any. */
#ifndef KD_API_JOBS_H
#define KD_API_JOBS_H
#include "api/parts.h"

enum { KD_JOBS_MAX = 50 };
typedef struct kd_jobs kd_jobs;

kd_status kd_jobs_open(kd_jobs **out, kd_parts *parts, kd_err *err);
/* Asks what runs to stop, and waits for it: an examination ends soon, a backup is finished. */
void      kd_jobs_close(kd_jobs *jobs);
#endif
