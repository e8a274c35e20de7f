/* trust/proof.h -- a statement of the house that anybody can check: Ed25519 over its bytes.
 *
 * The signing key is derived from the vault's master key for this one use, so it needs no place of its own; the public half
 * stands beside each signature and under GET /v1/admin/requests, so that a receipt can be checked without the database.
 * Derived from the root that a rotation of the master key leaves as it is (customer/vault.h), so that receipts stay checkable.
 * Threads: all calls from any thread. */
#ifndef KD_TRUST_PROOF_H
#define KD_TRUST_PROOF_H
#include "customer/seal.h"

enum { KD_PROOF_KEY_HEX = 64, KD_PROOF_HEX = 128 };

/* The public key, and the signature of `text`, as hex digits ending in NUL. */
void kd_proof_sign(char signature[KD_PROOF_HEX + 1], char public_key[KD_PROOF_KEY_HEX + 1], const kd_vault *vault, kd_str text);
/* Was `text` signed by the owner of `public_key`? False as well for what is not hex of the right length. */
bool kd_proof_check(kd_str text, kd_str signature, kd_str public_key);
#endif
