/* insight/doctor.h -- is the database sound, and everything beside it? Behind `kunde doctor` and the dashboard's button.
 *
 * Reads only, while everything goes on: the laws of the store, the master key's file, profiles against a refold of their
 * events (the first PERSONS_CHECKED), the model. Threads: one per call. */
#ifndef KD_INSIGHT_DOCTOR_H
#define KD_INSIGHT_DOCTOR_H
#include <stdatomic.h>
#include "event/ingest.h"
#include "recommend/recommend.h"

typedef struct kd_doctor_case {
    kd_store       *store;
    kd_ingest      *ingest;
    kd_people      *people;
    const kd_vault *vault;
    kd_recommender *recommender;
    const char     *key_file;      /* NULL: the master key comes from the environment or the settings */
    const atomic_bool *cancel;     /* may be NULL: leaves the rest unlooked at */
} kd_doctor_case;

/* One call of `say` per finding, `ok` false for a fault; of `step` (may be NULL) as the examination goes on. What cannot be
 * examined at all is an error. */
kd_status kd_doctor(const kd_doctor_case *c, void (*say)(void *self, bool ok, const char *line),
                    void (*step)(void *self, uint64_t done, uint64_t total), void *self, kd_err *err);
#endif
