/* store/secret.h -- part of the port (store/store.h): wrapped data keys are exchanged, as a change of the master key does. */
#ifndef KD_STORE_SECRET_H
#define KD_STORE_SECRET_H
#include "store/store.h"

typedef struct kd_secret_change { kd_id person; kd_str before, after; } kd_secret_change;
/* Where the person's secret is still `before` it becomes `after`; one that was destroyed meanwhile stays destroyed. */
kd_status kd_txn_secrets_put(kd_txn *txn, const kd_secret_change *changes, size_t count, kd_err *err);
#endif
