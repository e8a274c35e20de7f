/* catalog/change.h -- documents and levels taken into the image. Only src/catalog/ includes it.
 *
 * A kd_showing is one edit of the image under way: documents are shown in it one by one, then it is published whole, or
 * dropped. The store is written between the two, so that nothing is seen that is not stored. */
#ifndef KD_CATALOG_CHANGE_H
#define KD_CATALOG_CHANGE_H
#include "catalog/image.h"

typedef struct kd_showing {
    kd_catalog       *catalog;
    kd_snapshot      *edit;      /* begun by the first change */
    kd_arena         *scratch;   /* one document at a time */
    bool              places;    /* some changed */
    kd_postal_change *postal;    /* malloc */
    size_t            postal_count, postal_cap;
} kd_showing;

/* Show a stored document. `version` 0: not stored yet, newer than all; kd_showing_version gives it later. KD_CORRUPT: the
 * body is no such document (it is left out, the showing stays good); KD_LIMIT: out of memory. */
kd_status kd_show(kd_showing *showing, const kd_draft *draft, uint64_t version, kd_err *err);
void      kd_showing_version(kd_showing *showing, const kd_draft *draft, uint64_t version);
/* After prices changed: products that left their price band because of `levels`. */
kd_status kd_show_bands(kd_showing *showing, const kd_level *levels, size_t count, kd_err *err);
/* After the catalogue's concepts changed: every product and content is marked anew, those whose mark differs are made anew. */
kd_status kd_show_marks(kd_showing *showing, kd_err *err);
/* Everything that can fail, before the store is written; then publishing cannot. */
kd_status kd_showing_ready(kd_showing *showing, kd_err *err);
void      kd_showing_publish(kd_showing *showing); /* when anything was shown */
/* Store what was shown, then publish it. Called with the write lock; on failure the showing is dropped. */
kd_status kd_showing_store(kd_showing *showing, const kd_draft *drafts, size_t count, int64_t now_ms, kd_arena *arena, kd_err *err);
void      kd_showing_drop(kd_showing *showing);
#endif
