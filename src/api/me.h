/* api/me.h -- the shopper's own console: who may come in, what they may say, what they see. Private to api/.
 *
 * Ways in: a signed link (GET /me?t=TOKEN, made by staff or the shop's server), which becomes a cookie at once so that no token stays
 * in an address; the shop's user token beside a write key; a write key with the browser's own anonymous id, which sees and changes
 * the person of that id alone; a server key, which names whom it speaks for. Tokens are HMAC-SHA256 under a key derived
 * from the master key: person, what for, until when. Nothing is kept on the server.
 * Threads: the handler's, but for what comes after a statement is durable. */
#ifndef KD_API_ME_H
#define KD_API_ME_H
#include "api/caller.h"
#include "api/http.h"
#include "customer/purpose.h"
#include "customer/stated.h"

#define KD_ME_COOKIE "kunde_me"
enum { KD_ME_TOKEN = 96 /* with the NUL */, KD_ME_SESSION_S = 3600, KD_ME_LINK_S = 24 * 3600, KD_ME_LINK_MAX_S = 30 * 24 * 3600,
       KD_ME_UNSUBSCRIBE_S = 400 * 24 * 3600 };
typedef enum kd_me_use { KD_ME_LINK = 1, KD_ME_SESSION = 2, KD_ME_UNSUBSCRIBE = 3 } kd_me_use; /* in tokens out there: numbers never change */

/* `detail`: of an unsubscribe token the purpose it withdraws; else 0. */
void kd_me_token_make(char out[KD_ME_TOKEN], const kd_vault *vault, kd_me_use use, uint8_t detail, kd_id person, int64_t expiry_ms);
/* False: not ours, changed, for something else, or over (*expired says so). Constant time in the signature. */
bool kd_me_token_read(kd_id *person, uint8_t *detail, bool *expired, const kd_vault *vault, kd_me_use use, kd_str token, int64_t now_ms);

typedef struct kd_me {
    kd_id  person;       /* nil: an anonymous id of which nothing is known yet */
    bool   alone;        /* see this person only, not whom it is joined with */
    bool   claimed;      /* by a public key and an anonymous id: a consent is given for that browser, never for a customer */
    bool   by_cookie;
    kd_ident owner;      /* by which key they came; NONE: by a session or a person id */
    char   csrf[44];     /* what every form of this session must bring; "" without a cookie */
} kd_me;
/* For the API: the problem is answered when it is false. `changes`: a cookie needs the header Kunde-CSRF as well; also counts for the
 * limit of changes a minute. */
bool kd_me_enter(kd_me *out, kd_request *request, bool changes);
/* For pages: by the cookie alone; false: nothing is answered yet. */
bool kd_me_by_cookie(kd_me *out, kd_request *request);
bool kd_me_may_change(kd_request *request, const kd_me *me); /* the limit; false: answered 429 */
void kd_me_set_cookie(kd_request *request, kd_id person); /* a new session of KD_ME_SESSION_S; nil: ends it */

/* What is known, copied, so that no lock is held while a page is written. */
typedef struct kd_me_known {
    kd_profile  profile;     /* of the whole customer, or of the person alone; free with kd_me_unknow */
    kd_stated   stated;      /* in the arena */
    kd_id       person;      /* whose log and key these are: the one asked for */
    const kd_id *persons; size_t person_count; /* of the customer; in the arena */
    kd_data_key key;
    int64_t     head;
    bool        known;       /* false: nobody, everything empty */
    bool        claimed;     /* as kd_me says */
} kd_me_known;
kd_status kd_me_know(kd_me_known *out, kd_request *request, const kd_me *me, kd_err *err);
void      kd_me_unknow(kd_me_known *known);

/* ---- saying something: an event of this person, proven ------------------------------------------------------------------- */
typedef struct kd_me_said { /* in the arena */
    kd_kind         kind;     /* PREFERENCE, CONSENT, IDENTIFY */
    kd_trait       *traits;
    size_t          trait_count;
    kd_consent      consent;
} kd_me_said;
/* Stores it and then sends what stands in the request as its answer (status, headers, body: set before); a failure sends a problem
 * instead. To be called last in a handler. `source`: "me", "unsubscribe". */
void kd_me_say(kd_request *request, const kd_me *me, const kd_me_known *known, const kd_me_said *said, const char *source);
/* One preference more: checked, and left out when it is said already. KD_INVALID with the field; KD_LIMIT: too many. */
kd_status kd_me_add(kd_me_said *said, const kd_me_known *known, kd_str name, const kd_json *value, kd_arena *arena, kd_err *err);

/* A trait set right, or (null) taken out. */
kd_status kd_me_correct(kd_me_said *said, const kd_me_known *known, kd_str trait, kd_str json, kd_arena *arena, kd_err *err);

/* ---- forms ------------------------------------------------------------------------------------------------------------------ */
typedef struct kd_field { kd_str name, value; } kd_field;
enum { KD_FIELDS_MAX = 512 };
/* application/x-www-form-urlencoded; decoded, in the arena. KD_INVALID: not UTF-8; KD_LIMIT: too many. */
kd_status kd_form_read(kd_field **out, size_t *count, kd_str body, kd_arena *arena, kd_err *err);
kd_str    kd_form_get(const kd_field *fields, size_t count, const char *name); /* the first; empty */

/* ---- what the shop offers to choose from -------------------------------------------------------------------------------------- */
enum { KD_CHOICE_VALUES_MAX = 60, KD_CHOICE_DEPARTMENTS_MAX = 16, KD_CHOICE_SIZES_MAX = 40 };
typedef struct kd_choice { kd_str text; uint32_t products; } kd_choice;
typedef struct kd_choices { /* the most frequent ones, by text; owned by the arena */
    struct { kd_str name; kd_choice sizes[KD_CHOICE_SIZES_MAX]; size_t size_count; } departments[KD_CHOICE_DEPARTMENTS_MAX];
    size_t    department_count;
    kd_choice colors[KD_CHOICE_VALUES_MAX], brands[KD_CHOICE_VALUES_MAX], categories[KD_CHOICE_VALUES_MAX], topics[KD_CHOICE_VALUES_MAX];
    size_t    color_count, brand_count, category_count, topic_count;
} kd_choices;
const kd_choices *kd_me_choices(kd_arena *arena, const kd_snapshot *snapshot, kd_err *err); /* NULL: out of memory */

/* ---- what the pages and the API show, from the log and the profile --------------------------------------------------------------- */
typedef struct kd_purchase { int64_t time_ms; kd_str order_id, product_id, title, image; int32_t quantity; bool gift, not_for_me; } kd_purchase;
/* Newest first, proven and believed, at most KD_PURCHASES_MAX lines. Texts in the arena. */
enum { KD_PURCHASES_MAX = 60, KD_SHOWN_DECISIONS = 8, KD_SHOWN_ITEMS = 4, KD_LOG_LOOKED_AT = 500, KD_SAID_SHOWN = 40 };
kd_status kd_me_purchases(kd_purchase **out, size_t *count, kd_request *request, const kd_me_known *known, const kd_snapshot *s, kd_err *err);

typedef struct kd_shown { int64_t time_ms; kd_id id; kd_str placement; size_t item_count; bool personal;
                          struct { kd_str product_id, title, reasons; } items[KD_SHOWN_ITEMS]; } kd_shown;
typedef struct kd_consent_said { int64_t time_ms; kd_purpose purpose; bool granted; kd_str source, policy; } kd_consent_said;
typedef struct kd_me_history { kd_shown *shown; size_t shown_count; kd_consent_said *said; size_t said_count; } kd_me_history;
/* Recent decisions with their reasons from the receipts, in words, and what was said about purposes: from the newest KD_LOG_LOOKED_AT
 * events of the person. A receipt that passed its retention is left out. */
kd_status kd_me_history_read(kd_me_history *out, kd_request *request, const kd_me_known *known, const kd_snapshot *s, bool german, kd_err *err);
kd_basis  kd_me_basis(kd_request *request, kd_purpose purpose);
const char *kd_me_state(const kd_me_known *known, kd_purpose purpose);  /* "granted", "refused", "unknown" */
bool      kd_me_allows(kd_request *request, const kd_me_known *known, kd_purpose purpose); /* basis and what was said, together */

typedef struct kd_liking { uint16_t attribute; kd_str value; double weight; uint32_t count; int64_t time_ms; kd_kind kind; } kd_liking;
kd_status kd_me_likings(kd_liking **out, size_t *count, kd_request *request, const kd_me_known *known, const kd_snapshot *s, kd_err *err); /* what we infer */

/* ---- one-click unsubscribe (RFC 8058) -------------------------------------------------------------------------------------------- */
/* The values of List-Unsubscribe and List-Unsubscribe-Post of a message sent to this person for `purpose`. `base`: "https://shop.example". */
void kd_unsubscribe_headers(kd_buf *list_unsubscribe, kd_buf *list_unsubscribe_post, const kd_vault *vault, kd_str base, kd_id person,
                            kd_purpose purpose, int64_t now_ms);

/* ---- words ------------------------------------------------------------------------------------------------------------------------ */
bool kd_me_german(const kd_request *request, const kd_stated *stated); /* ?lang, what was stated, Accept-Language */
const char *kd_purpose_title(kd_purpose purpose, bool german);  /* "E-mails with offers" */
const char *kd_purpose_text(kd_purpose purpose, bool german);   /* what it is for, a sentence */
/* The page of somebody who is not let in, or of one that was; `status` of the answer. */
void kd_me_simple_page(kd_request *request, int status, bool german, const char *title, const char *text);
void kd_me_page_begin(kd_request *request, bool german, const char *title, const kd_stated *stated); /* with the headers of a page */
void kd_me_page_end(kd_request *request);

/* The whole of /me (me_page.c), with a line on top that says what happened (NULL: none), and its parts in other files. */
void kd_me_write_page(kd_request *request, const kd_me *me, const kd_me_known *known, const char *notice, bool bad);
kd_status kd_me_write_told(kd_request *request, const kd_me *me, const kd_me_known *known, const kd_snapshot *s, bool german, kd_err *err); /* me_told.c */
void kd_me_write_send(kd_request *request, const kd_me *me, const kd_me_known *known, bool german);                                         /* me_told.c */
void kd_me_write_forget(kd_request *request, const kd_me *me, bool german);                                                                  /* me_rights.c */
/* The export of what is known, and the request to forget: answers the request. */
void kd_me_export(kd_request *request, const kd_me *me);
void kd_me_erase(kd_request *request, const kd_me *me, kd_str confirmed, bool form);
/* {"person",...}: GET /v1/me and the export. */
kd_status kd_me_write_json(kd_request *request, const kd_me_known *known, kd_err *err);
#endif
