#include "trust/proof.h"

#include <sodium.h>

_Static_assert(KD_PROOF_KEY_HEX == 2 * crypto_sign_PUBLICKEYBYTES && KD_PROOF_HEX == 2 * crypto_sign_BYTES
               && crypto_sign_SEEDBYTES == 32, "the proof is Ed25519's");

void kd_proof_sign(char signature[KD_PROOF_HEX + 1], char public_key[KD_PROOF_KEY_HEX + 1], const kd_vault *vault, kd_str text)
{
    uint8_t seed[crypto_sign_SEEDBYTES], pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES];
    kd_vault_derive(seed, vault, "receipt of erasure");
    crypto_sign_seed_keypair(pub, secret, seed);
    crypto_sign_detached(sig, NULL, (const uint8_t *)text.ptr, text.len, secret);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    sodium_bin2hex(signature, KD_PROOF_HEX + 1, sig, sizeof sig);
    sodium_bin2hex(public_key, KD_PROOF_KEY_HEX + 1, pub, sizeof pub);
}

static bool unhex(uint8_t *out, size_t bytes, kd_str hex)
{
    size_t      got = 0;
    const char *end = NULL;
    return hex.len == 2 * bytes && sodium_hex2bin(out, bytes, hex.ptr, hex.len, NULL, &got, &end) == 0 && got == bytes;
}

bool kd_proof_check(kd_str text, kd_str signature, kd_str public_key)
{
    uint8_t sig[crypto_sign_BYTES], pub[crypto_sign_PUBLICKEYBYTES];
    return unhex(sig, sizeof sig, signature) && unhex(pub, sizeof pub, public_key)
        && crypto_sign_verify_detached(sig, (const uint8_t *)text.ptr, text.len, pub) == 0;
}
