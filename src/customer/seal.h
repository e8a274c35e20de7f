/* customer/seal.h -- the one function through which identifying values pass on their way to disk.
 *
 * Each person has a data key of 32 random bytes, wrapped by the master key, which lies outside the database; destroying
 * the wrapped key makes everything sealed with it unreadable (DESIGN, "Consent is physics"). XChaCha20-Poly1305 (libsodium),
 * a random 24-byte nonce and 16 bytes of authentication: KD_SEAL_OVERHEAD longer than the text.
 * Threads: a vault is immutable once open; randomness comes from a per-thread generator seeded by libsodium. */
#ifndef KD_CUSTOMER_SEAL_H
#define KD_CUSTOMER_SEAL_H
#include "store/store.h"

enum { KD_SEAL_OVERHEAD = 40, KD_SECRET_BYTES = 32 + KD_SEAL_OVERHEAD };
typedef struct kd_vault kd_vault;
typedef struct kd_data_key { uint8_t b[32]; } kd_data_key;

/* The master key is read from `key_path` (64 hex digits; made with mode 0600 when `create` and absent) or, when `hex` is
 * not NULL, from there. KD_DENIED when the file is readable by group or others. "vault_check" in the store's meta, written
 * when `create`, proves that key and database belong together: KD_UNAUTHORIZED when not, or when the database has a key and
 * the file is gone (a new key could read nothing, so none is made). KD_NOT_FOUND: neither has one, and not `create`. */
kd_status kd_vault_open(kd_vault **out, kd_store *store, kd_reader *reader, const char *key_path, const char *hex, bool create, kd_err *err);
void      kd_vault_close(kd_vault *vault);
/* The country calling code ("49") that phone numbers without one get; before anything is hashed. "" (the default): none. KD_INVALID. */
kd_status   kd_vault_set_country(kd_vault *vault, const char *code, kd_err *err);
const char *kd_vault_country(const kd_vault *vault);

void      kd_data_key_new(kd_data_key *out);
void      kd_vault_wrap(uint8_t out[KD_SECRET_BYTES], const kd_vault *vault, const kd_data_key *key, kd_id person);
kd_status kd_vault_unwrap(kd_data_key *out, const kd_vault *vault, kd_str secret, kd_id person, kd_err *err);
/* The key for what belongs to nobody (quarantined rows, operator's data). */
const kd_data_key *kd_vault_house_key(const kd_vault *vault);
/* A 32-byte key for one use, derived from the root: "identity", "usertoken", ... */
void kd_vault_derive(uint8_t out[32], const kd_vault *vault, const char *use);
/* BLAKE2b-128 of `type` and `value` under the key derived for "identity": how an identity key is stored. */
void kd_vault_hash(uint8_t out[16], const kd_vault *vault, uint8_t type, kd_str value);

/* Append the sealed text to `out`; `about` (person and event id, say) is authenticated, not stored. */
void      kd_seal(kd_buf *out, const kd_data_key *key, kd_str about, kd_str text);
kd_status kd_unseal(kd_str *text, kd_arena *arena, const kd_data_key *key, kd_str about, kd_str sealed, kd_err *err); /* KD_CORRUPT */
#endif
