/* customer/vault.h -- what a vault is made of. Private to seal.c and rotate.c. */
#ifndef KD_CUSTOMER_VAULT_H
#define KD_CUSTOMER_VAULT_H
#include <stdatomic.h>
#include "customer/seal.h"

enum { KD_MASTER_BYTES = 32, KD_VAULT_CHECK_BYTES = 32, KD_MASTERS_MAX = 8, KD_VAULT_PATH_MAX = 4096 };
#define KD_VAULT_CHECK "vault_check"         /* which master key is in force: BLAKE2b of it */
#define KD_VAULT_ROOT "vault_root"           /* the root, sealed by the master key in force; absent in databases of before it */
#define KD_VAULT_NEXT "vault_next"           /* the check of the master key that takes over, while it does */
#define KD_VAULT_ROOT_NEXT "vault_root_next" /* the root, sealed by that one */

/* In sodium_malloc's guarded memory, read-only but for the moments in which a master key is added. The master key wraps data keys and the root,
 * nothing else; every other key is derived from the root, which never changes: so identity hashes, tokens and what the house
 * key sealed outlive a change of the master key. In a database of before the root existed it is the first master key itself. */
struct kd_vault {
    uint8_t     root[KD_MASTER_BYTES];
    uint8_t     master[KD_MASTERS_MAX][KD_MASTER_BYTES];
    kd_data_key wrap[KD_MASTERS_MAX];        /* derived from each; the last of `masters` wraps, all unwrap */
    atomic_uint masters;                     /* raised after its entry is written */
    kd_data_key house, identity;
    char        country[4]; /* calling code of phone numbers without one; not secret, but here is where keys are made of values */
};

void      kd_vault_derive_from(uint8_t out[32], const uint8_t secret[KD_MASTER_BYTES], const char *use);
kd_status kd_vault_add_master(kd_vault *vault, const uint8_t master[KD_MASTER_BYTES], kd_err *err); /* KD_LIMIT */
bool      kd_vault_unwrap_by(kd_data_key *out, const kd_vault *vault, unsigned master, kd_str secret, kd_id person);
void      kd_vault_seal_root(kd_buf *out, const uint8_t root[KD_MASTER_BYTES], const uint8_t master[KD_MASTER_BYTES]);
kd_status kd_vault_meta(kd_str *out, kd_reader *reader, const char *name, kd_arena *arena, kd_err *err); /* empty when absent */
/* The master key's file; KD_NOT_FOUND, KD_DENIED where others may read it. `make` never overwrites (KD_IO). */
kd_status kd_vault_read_file(uint8_t master[KD_MASTER_BYTES], const char *path, kd_err *err);
kd_status kd_vault_make_file(uint8_t master[KD_MASTER_BYTES], const char *path, kd_err *err);
bool      kd_vault_sync_folder(const char *path); /* the folder of a file: its entry is durable */
#endif
