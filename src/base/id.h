/* base/id.h -- 16-byte ids and the hashes of the house.
 *
 * Ids are UUIDv7-shaped (RFC 9562, section 5.7): 48 bits of milliseconds, so that they sort by time. */
#ifndef KD_BASE_ID_H
#define KD_BASE_ID_H
#include "base/rng.h"
#include "base/string.h"

typedef struct kd_id { uint8_t b[16]; } kd_id;
enum { KD_PARTS = 1024, KD_ID_TEXT = 37 /* 36 characters and a NUL */ };

kd_id kd_id_new(kd_rng *rng, int64_t now_ms);
/* The id under which a foreign message is stored: `time_ms` as the sender wrote it (0 when it wrote none), the rest a
 * 74-bit hash of source and message id, so that a retry gives the same id on every node. */
kd_id   kd_id_of_message(kd_str source, kd_str message_id, int64_t time_ms);
bool    kd_id_parse(kd_id *out, kd_str text); /* canonical 8-4-4-4-12, any case of hex */
void    kd_id_format(char out[KD_ID_TEXT], kd_id id);
int     kd_id_cmp(kd_id a, kd_id b); /* bytewise, as the database sorts */
bool    kd_id_eq(kd_id a, kd_id b);
bool    kd_id_is_nil(kd_id id);
int64_t kd_id_time_ms(kd_id id);

/* PostgreSQL's uuid_hash (hash_bytes over the 16 bytes, Jenkins lookup3), as a uint32. */
uint32_t kd_uuid_hash(kd_id id);
/* 0..1023, for ever: ((uint32)(hash + 2^31)) >> 22, so that a Citus shard is a run of parts. */
uint16_t kd_part(kd_id person);

uint64_t kd_hash64(const void *bytes, size_t len, uint64_t seed); /* XXH3 */
/* The name of a product, variant, place or attribute inside facts and models: XXH3 of its text; never 0. */
typedef uint64_t kd_ref;
kd_ref kd_ref_of(kd_str text); /* 0 for the empty text */
#endif
