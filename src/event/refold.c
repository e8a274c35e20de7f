/* What the log says, read back: a stored event as a fact, and a person's profile from nothing but the log. */
#include "event/writer.h"

enum { CHUNK_EVENTS = 256, CHUNK_BYTES_MAX = 64 << 20 };

kd_status kd_stored_body(kd_str *out, const kd_event *event, const kd_data_key *key, kd_arena *arena, kd_err *err)
{
    if (event->flags & KD_EVENT_HOLLOW)
        return kd_fail(err, KD_NOT_FOUND, "the content of this event passed its retention");
    if (event->flags & KD_EVENT_SEALED)
        return kd_unseal(out, arena, key, (kd_str){ (const char *)event->id.b, sizeof event->id.b }, event->body, err);
    *out = event->body;
    return KD_OK;
}

/* Traits and identities of a stored event are sealed beside its facts, so that a fold never opens a body. What is sealed
 * says whose it is, so that neither part of one event passes for the other, or for another event's. */
typedef struct about { uint8_t b[sizeof(kd_id) + 3]; } about;

static kd_str about_who(about *out, const kd_id *event)
{
    memcpy(out->b, event->b, sizeof event->b);
    memcpy(out->b + sizeof event->b, "who", 3);
    return (kd_str){ (const char *)out->b, sizeof out->b };
}

void kd_who_seal(kd_buf *out, const kd_fact *fact, const kd_data_key *key, kd_buf *scratch)
{
    about bound;
    scratch->len = 0;
    kd_who_encode(scratch, fact);
    if (scratch->failed)
        out->failed = true;
    else
        kd_seal(out, key, about_who(&bound, &fact->id), kd_buf_str(scratch));
}

kd_status kd_stored_fact(kd_fact *out, const kd_event *event, const kd_data_key *key, kd_arena *arena, kd_err *err)
{
    about     bound;
    kd_str    who;
    kd_status status;
    if (event->flags & KD_EVENT_HOLLOW)
        return kd_fail(err, KD_NOT_FOUND, "the content of this event passed its retention");
    status = kd_fact_decode(out, event->facts, arena, err);
    if (status != KD_OK)
        return status;
    out->kind = (kd_kind)event->kind;
    out->id = event->id;
    out->time_ms = event->time_ms;
    out->claimed = (event->flags & KD_EVENT_CLAIMED) != 0;
    if (!(event->flags & KD_EVENT_TRAITS))
        return KD_OK;
    status = kd_unseal(&who, arena, key, about_who(&bound, &event->id), out->who, err);
    return status == KD_OK ? kd_who_decode(out, who, arena, err) : status;
}

typedef struct refolding {
    kd_profile             *out;
    const kd_data_key      *key;
    const kd_profile_caps  *caps;
    kd_arena               *arena; /* of one chunk */
} refolding;

static kd_status refold_event(refolding *r, const kd_event *event, kd_err *err)
{
    kd_fact   fact;
    kd_status status;
    if (event->kind >= KD_KIND_DECISION || (event->flags & KD_EVENT_HOLLOW))
        return KD_OK; /* as the writer folds: receipts and what passed its retention say nothing of the customer */
    status = kd_stored_fact(&fact, event, r->key, r->arena, err);
    return status == KD_OK ? kd_profile_fold(r->out, &fact, r->caps, err) : status;
}

/* Back along the chain from the newest event that the profile's row knows. */
static kd_status refold_chain(refolding *r, kd_reader *reader, kd_id person, int64_t head, kd_err *err)
{
    kd_status status = KD_OK;
    while (head > 0 && status == KD_OK) {
        kd_event *events;
        size_t    count;
        kd_arena_reset(r->arena);
        status = kd_reader_chain(&events, &count, reader, person, head, CHUNK_EVENTS, false, r->arena, err);
        if (status == KD_OK && count == 0)
            return kd_fail(err, KD_CORRUPT, "the chain of a person's events ends at offset %lld, which is not there", (long long)head);
        for (size_t i = 0; i < count && status == KD_OK; i++) {
            status = refold_event(r, &events[i], err);
            head = events[i].prev;
        }
    }
    return status;
}

kd_status kd_refold(kd_profile *out, kd_reader *reader, const kd_vault *vault, kd_id person, int64_t head, const kd_profile_caps *caps,
                    kd_err *err)
{
    kd_arena      *rows = kd_arena_new(CHUNK_BYTES_MAX);
    kd_arena      *chunk = kd_arena_new(CHUNK_BYTES_MAX);
    kd_profile_row row = { 0 };
    kd_data_key    key;
    kd_status      status = rows && chunk ? kd_reader_profiles(&row, reader, &person, 1, rows, err) : kd_fail_memory(err);
    *out = (kd_profile){ 0 };
    if (status == KD_OK && kd_id_is_nil(row.person))
        status = kd_fail(err, KD_NOT_FOUND, "no such person");
    if (status == KD_OK)
        status = kd_vault_unwrap(&key, vault, row.secret, person, err);
    if (status == KD_OK)
        status = refold_chain(&(refolding){ out, &key, caps, chunk }, reader, person, head ? head : row.head, err);
    if (status != KD_OK)
        kd_profile_free(out);
    kd_arena_free(rows);
    kd_arena_free(chunk);
    return status;
}
