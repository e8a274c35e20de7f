/* insight/entry.h -- one event as a line of a list: what the dashboard's stream and its list of events show.
 *
 * Nothing in it identifies anybody: the person is an id of ours, the text of a rejected event goes apart (`raw`).
 * Threads: pure functions. */
#ifndef KD_INSIGHT_ENTRY_H
#define KD_INSIGHT_ENTRY_H
#include "base/clock.h"
#include "base/json.h"
#include "catalog/catalog.h"
#include "customer/fact.h"

typedef enum kd_entry_state { KD_ENTRY_STORED, KD_ENTRY_DUPLICATE, KD_ENTRY_REJECTED } kd_entry_state;

typedef struct kd_entry {
    int64_t        seq;         /* grows; of the stream in the stream, of the log in lists */
    kd_entry_state state;
    int64_t        time_ms, received_ms; /* KD_TIME_MIN: not known */
    kd_id          person, id;  /* nil: none */
    kd_str         message_id, source, name; /* empty: none */
    kd_str         product;     /* the first product it names, as sent */
    const char    *type;        /* "track", "identify", ...; NULL when not known */
    bool           claimed;
    kd_str         reason, field; /* of a rejected one */
} kd_entry;

/* The call by which a kind of event comes: "track" for all but five. */
const char *kd_entry_type(kd_kind kind);
/* The members of the entry, inside an object of the caller's, who may add more. */
void kd_entry_write(kd_jw *w, const kd_entry *entry, const kd_snapshot *snapshot);

void kd_write_time(kd_jw *w, const char *key, int64_t ms); /* null for KD_TIME_MIN */
void kd_write_id(kd_jw *w, const char *key, kd_id id);     /* null for nil */
void kd_write_text(kd_jw *w, const char *key, kd_str text);/* null when empty */
/* An amount as a number of the major unit; null when it leaves what can be written. */
void kd_write_money(kd_jw *w, const char *key, int64_t micro, kd_currency currency);
/* {"productId","title","image"} of a product or sku as sent; what is not in the catalogue has its id only. */
void kd_write_product(kd_jw *w, kd_str sent, const kd_snapshot *snapshot);
#endif
