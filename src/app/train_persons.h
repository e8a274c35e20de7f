/* app/train_persons.h -- whom a model may learn from: the persons whose consents allow the purpose personalise, as a file.
 *
 * The training child has no key to open profiles, and shall not have one: the parent reads them and hands over ids only,
 * 16 bytes each. Who is not in the file is not learned from, so that somebody new or unreadable is left out, never let in. */
#ifndef KD_APP_TRAIN_PERSONS_H
#define KD_APP_TRAIN_PERSONS_H
#include "api/parts.h"
#include "base/map.h"

/* Writes the file (0600, must not exist) as of all events acknowledged before the call. *allowed and *left_out count. KD_BUSY when *cancel
 * (may be NULL) or the server's stopping became true. */
kd_status kd_train_persons_write(const char *path, kd_parts *parts, uint64_t *allowed, uint64_t *left_out, const atomic_bool *cancel, kd_err *err);
/* The ids of the file as keys kd_hash64(id); to be freed. */
kd_status kd_train_persons_read(kd_map **out, const char *path, kd_err *err);
#endif
