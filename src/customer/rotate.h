/* customer/rotate.h -- a new master key: every data key is wrapped anew, while everything goes on.
 *
 * The new key is made beside the old one ("<file>.next"), noted in the database, and from then on wraps what is new; all data
 * keys are wrapped anew in slices; then it takes the old one's place, which stays as "<file>.old-<name of the key>" for backups made
 * before. Whatever moment the process ends in, the next opening knows both keys and the next call goes on. Data keys, identity hashes, user
 * tokens and what the house key sealed stay as they are: somebody who had the old master key and a copy of the database keeps what that copy holds.
 * Threads: one call at a time (KD_BUSY); readers and writers of the vault go on meanwhile. */
#ifndef KD_CUSTOMER_ROTATE_H
#define KD_CUSTOMER_ROTATE_H
#include <stdatomic.h>
#include "customer/seal.h"

typedef struct kd_rotation { uint64_t rewrapped, persons; bool resumed; char old_path[4096]; } kd_rotation;
/* `key_path` NULL: the master key comes from the settings, where nobody but the operator can change it (KD_CONFLICT). KD_BUSY
 * too when *cancel (may be NULL) became true: what is done stays done, and the next call goes on. */
kd_status kd_vault_rotate(kd_rotation *out, kd_vault *vault, kd_store *store, kd_reader *reader, const char *key_path,
                          void (*progress)(void *self, uint64_t done, uint64_t total), void *self, const atomic_bool *cancel, kd_err *err);
/* At opening: a change that was decided but not tidied up is brought to its end. Called by kd_vault_open. */
void kd_vault_finish(kd_vault *vault, kd_store *store, kd_reader *reader, const char *key_path);
#endif
