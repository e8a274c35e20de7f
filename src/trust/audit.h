/* trust/audit.h -- who did what to whose data, in a log that cannot be bent unseen.
 *
 * Entries are records of nobody, kind "audit", numbered from 1 without a gap. Each carries the BLAKE2b-256, under a key
 * derived from the vault, of the hash before it and its own text, so that an edit, a deletion or an exchange breaks the
 * chain, and whoever has the database but not the key cannot make a new one. The end of the chain is also noted in a file
 * outside the database, beside the master key (the anchor): a chain that ends before its anchor was cut off.
 * Not detectable: what was cut off after the last anchor (at most ANCHOR_ENTRIES entries or a minute), and a whole
 * new chain by somebody who has database, key and anchor; copy the anchor elsewhere against that.
 * An entry tells a user's or key's id, never a name, an e-mail or what stands in a profile.
 * Threads: all calls from any; entries that come together share one commit. */
#ifndef KD_TRUST_AUDIT_H
#define KD_TRUST_AUDIT_H
#include <stdatomic.h>
#include "base/clock.h"
#include "base/json.h"
#include "customer/seal.h"
#include "store/store.h"

typedef struct kd_audit_log kd_audit_log;

enum { KD_AUDIT_VERB_MAX = 40, KD_AUDIT_OBJECT_MAX = 128, KD_AUDIT_DETAIL_MAX = 4096 };

typedef struct kd_actor {
    const char *kind;     /* "user", "key", "command", "system", "person" (the shopper), "nobody" (a login that failed) */
    kd_str      id;       /* of user or key; empty for others */
    const char *role;     /* of a user; NULL for others */
    kd_str      request;  /* the request's id; empty when there was none */
} kd_actor;

/* Reads the end of the chain and compares it with the anchor. When they do not go together the log goes on, warns, and
 * leaves the anchor as it is until kd_audit_accept: the evidence must not be overwritten. `anchor_path` NULL: none is kept. */
kd_status kd_audit_open(kd_audit_log **out, kd_store *store, kd_reader *reader, const kd_vault *vault, const char *anchor_path, kd_clock clock, kd_err *err);
/* Writes the anchor when entries wait for it longer than a minute: a chore, every few seconds. */
void      kd_audit_settle(kd_audit_log *log);
void      kd_audit_close(kd_audit_log *log); /* writes the anchor; NULL is fine */

/* Durable when it returns KD_OK: what the entry tells of is done or shown only after that. `detail` is a JSON object or empty.
 * KD_INVALID: a verb, object or detail past its limit. Never inside an open kd_txn of the same thread. */
kd_status kd_audit_write(kd_audit_log *log, const kd_actor *who, const char *verb, kd_str object, kd_str detail, kd_err *err);
/* The same, unless the same actor did the same to the same object in the last ten minutes: reading a page is several requests. */
kd_status kd_audit_write_once(kd_audit_log *log, const kd_actor *who, const char *verb, kd_str object, kd_err *err);

/* Newest first: at most `limit` entries numbered below `before` (0: from the end) that fit `user` (an actor's id) and `verb`
 * (the whole verb, or its first part: "person" fits "person.read"), both empty for all, as members of an open array. *next: where to go on, 0 at the end. It looks at a bounded
 * number of entries, so that there may be fewer than `limit` and yet a next. */
kd_status kd_audit_list(kd_jw *w, uint64_t *next, kd_reader *reader, uint64_t before, size_t limit, kd_str user, kd_str verb, kd_arena *arena, kd_err *err);

typedef struct kd_audit_verdict {
    uint64_t entries, anchored;  /* how many there are; up to which the anchor speaks (0: there is none) */
    uint64_t broken;             /* number of the first broken entry, 0: none */
    int64_t  newest_ms, anchored_ms; /* 0: none */
    char     why[160];           /* "" when all is well */
} kd_audit_verdict;
/* Walks the whole chain in slices. KD_OK also when it is broken: the verdict says so. `cancel` may be NULL. */
kd_status kd_audit_verify(kd_audit_verdict *out, kd_audit_log *log, kd_reader *reader, const atomic_bool *cancel, kd_err *err);
/* The cheap part of it, for a page: newest entry, anchor, and whether they were seen to go together at open. */
void      kd_audit_state(kd_audit_verdict *out, kd_audit_log *log);
/* After a backup was restored, say: writes an entry that tells what the anchor said, and anchors the chain as it is now. */
kd_status kd_audit_accept(kd_audit_log *log, const kd_actor *who, kd_err *err);
#endif
