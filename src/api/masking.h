/* api/masking.h -- what an answer looks like to somebody who may not see personal data.
 *
 * One function over the finished JSON, called where every answer leaves (kd_reply_json), so that a new handler is masked
 * without doing anything. Masked are: everything inside members that hold what a person is or sent (identities, traits, raw
 * events, quarantined rows, texts, proofs, ...), the values of identities, fields and traits wherever they stand, and any
 * string anywhere that has the shape of an e-mail address or an international telephone number. Ids of ours, products, figures and times stay.
 * Threads: pure functions. */
#ifndef KD_API_MASKING_H
#define KD_API_MASKING_H
#include "base/json.h"

/* "anna@example.org" -> "a•••@e•••.org", "Annegret" -> "A•••", up to three characters -> "•••". */
void kd_mask_text(kd_jw *w, kd_str text);
/* The document again, masked. KD_INVALID when it is no JSON, KD_LIMIT. */
kd_status kd_mask_json(kd_buf *out, kd_str json, kd_arena *arena, kd_err *err);
#endif
