/* customer/people.h -- the profiles in memory, in front of the store.
 *
 * One table of persons in shards, each with its lock. An entry is loaded from the store when asked for, folded in memory,
 * written behind in bulk by kd_people_checkpoint, and dropped when clean and the table is over `bytes_max`. Dirty entries
 * stay; over `dirty_bytes_max` kd_people_full says so and ingestion waits for a checkpoint: memory is bounded.
 * A row carries the log offset up to which it is folded, so that a replay of the tail folds each event exactly once,
 * whatever part of a checkpoint reached the disk. Threads: all calls from any thread. */
#ifndef KD_CUSTOMER_PEOPLE_H
#define KD_CUSTOMER_PEOPLE_H
#include "customer/profile.h"
#include "customer/seal.h"
#include "customer/stamps.h"

/* The name under which the log remembers how far it is folded into stored profiles. The number moves when what a fold keeps does:
 * then nothing is folded under the new name yet, the start of the next process replays the whole log, and a row of an earlier
 * version (kd_profile_decode: KD_CONFLICT) counts as one into which nothing was folded. */
#define KD_PROFILE_CONSUMER "profile.3"

typedef struct kd_people kd_people;
typedef struct kd_person {        /* an entry, locked between acquire and release */
    kd_id       id;
    kd_profile  profile;          /* read; change only through kd_person_fold */
    kd_data_key key;
    int64_t     head, folded;     /* newest event; newest folded event */
    kd_key      made_by;          /* the identity key that made the person */
    bool        alone;            /* customers.c: no proven link while the person's link stamp is `alone_stamp` */
    uint32_t    alone_stamp;
    struct kd_person_private *priv;
} kd_person;

typedef struct kd_people_options {
    size_t          bytes_max, dirty_bytes_max;
    kd_profile_caps caps;
    bool            trust_claims; /* orders by write key alone count as real ones: every profile is handed out with trusts_claims set */
} kd_people_options;
kd_status kd_people_open(kd_people **out, kd_store *store, const kd_vault *vault, const kd_people_options *options, kd_err *err);
void      kd_people_close(kd_people *people); /* without a checkpoint */

/* Lock the entry of a person; KD_NOT_FOUND when the store has none either. Hold it for microseconds; never two at a time. */
kd_status kd_people_acquire(kd_person **out, kd_people *people, kd_reader *reader, kd_id person, kd_err *err);
void      kd_people_release(kd_people *people, kd_person *person);
/* Bring these persons into memory in one read; what the store does not know is left out. They may be repeated. For the one
 * thread that folds: a fold of another between the read and the entry would be lost. */
kd_status kd_people_load(kd_people *people, kd_reader *reader, const kd_id *persons, size_t count, kd_err *err);

/* A person made just now (nothing in the store yet): fills *row for kd_txn_persons_put; `secret` gets the wrapped key and
 * must live as long as *row. It stays in memory, whatever the cap, until its first fold or touch. KD_CONFLICT when it is there already. Takes the person out again if the transaction fails: kd_people_forget. */
kd_status kd_people_new(kd_profile_row *row, uint8_t secret[KD_SECRET_BYTES], kd_people *people, kd_id person, kd_key made_by, kd_err *err);
void      kd_people_forget(kd_people *people, kd_id person);

/* Fold a stored event into a locked entry: a no-op when event_offset <= person->folded. Moves head and folded. */
kd_status kd_person_fold(kd_person *person, kd_people *people, const kd_fact *fact, int64_t event_offset, kd_err *err);
/* Move head and folded only (receipts, which the profile does not fold). */
void      kd_person_touch(kd_person *person, kd_people *people, int64_t event_offset);

/* Links of these persons were committed. */
void       kd_people_note_links(kd_people *people, const kd_id *persons, size_t count);
/* Was evidence of this person, or one that shares its stamp, ever taken back? Said before it is (`note`), kept for ever. */
void       kd_people_note_taken_back(kd_people *people, kd_id person);
bool       kd_people_taken_back(kd_people *people, kd_id person);
kd_stamps *kd_people_link_stamps(kd_people *people); /* moved by the above */
kd_stamps *kd_people_fold_stamps(kd_people *people); /* moved under the person's lock whenever a profile changes, or is no more */

/* What the log says of it now, in place of what it said before retention emptied some of it: takes *fresh over and leaves the old
 * profile there, to be freed. Folded and head stay. Only while nobody folds. */
void      kd_person_replace(kd_person *person, kd_people *people, kd_profile *fresh);

bool   kd_people_full(const kd_people *people); /* dirty_bytes_max passed */
size_t kd_people_bytes(const kd_people *people);
size_t kd_people_dirty_bytes(const kd_people *people);
size_t kd_people_count(const kd_people *people); /* resident */
const kd_profile_caps *kd_people_caps(const kd_people *people);
bool   kd_people_trust_claims(const kd_people *people); /* as it was opened */

/* Write all that was dirty when the call began, `batch` rows a transaction, sorted by store row, then `offset` (log offset
 * all of whose events had been folded before the call) for consumer KD_PROFILE_CONSUMER. Other threads go on meanwhile. On failure
 * nothing is lost: what was not written stays dirty. */
kd_status kd_people_checkpoint(kd_people *people, uint16_t group, int64_t offset, size_t batch, kd_err *err);
#endif
