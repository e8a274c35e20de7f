/* trust/rights.h -- what the files of rights share. Private to trust/. */
#ifndef KD_TRUST_RIGHTS_H
#define KD_TRUST_RIGHTS_H
#include <pthread.h>
#include <stdatomic.h>

#include "base/json.h"
#include "trust/erase.h"

typedef enum kd_step { KD_STEP_GATHER, KD_STEP_UNLEARN, KD_STEP_KEYS, KD_STEP_EMPTY, KD_STEP_CLOSE, KD_STEP_TRACES, KD_STEP_RECEIPT, KD_STEP_SWEEP, KD_STEP_DONE, KD_STEPS } kd_step;
const char *kd_step_name(kd_step step);

/* A request as it is stored; more than callers see. */
typedef struct kd_case {
    kd_right_case seen;
    kd_step       step;
    kd_id        *persons; size_t person_count; /* of an erasure under way */
    kd_str       *values;  size_t value_count;  /* that identify them: to find rows in quarantine */
    uint64_t      events, keys, profiles, links, records, quarantined;
    int64_t       began_ms;
    kd_purposes   granted, refused;             /* of a restriction: what was said before it */
} kd_case;

struct kd_rights {
    kd_rights_house house;
    pthread_mutex_t lock;     /* of what follows; and one change of a request at a time */
    pthread_cond_t  moved;
    bool            stop, wanted, started;
    pthread_t       thread;
    kd_reader      *reader;   /* the thread's */
    kd_rng          rng;
    uint64_t        erased, failed;
    int64_t         swept_ms;  /* when retention ran last; the thread's */
    uint64_t        emptied;   /* by it */
    int64_t         retrain_due_ms, erased_ms; /* 0: none; when the last one the model may rest on was erased */
};

kd_status kd_case_load(kd_case *out, kd_rights *rights, kd_reader *reader, kd_id id, kd_arena *arena, kd_err *err);
kd_status kd_case_read(kd_case *out, const kd_vault *vault, const kd_record *record, kd_arena *arena, kd_err *err);
kd_status kd_case_save(kd_rights *rights, const kd_case *c, kd_err *err); /* durable */
/* Run `body` as a transaction of the person's group until it is decided. */
kd_status kd_rights_txn(kd_rights *rights, kd_id person, kd_status (*body)(kd_txn *txn, void *arg, kd_err *err), void *arg, kd_err *err);
/* Carry it out from where it stands; KD_OK: it is done. */
kd_status kd_erase_run(kd_rights *rights, kd_case *c, kd_arena *arena, kd_err *err);
/* The deadline of the model, kept in the store's meta. */
kd_status kd_retrain_note(kd_rights *rights, kd_err *err);
enum { KD_RIGHTS_ARENA_BYTES = 64 << 20 };
#endif
