/* customer/identity.h -- from an identity key (cookie, user id, e-mail, loyalty card) to a person id.
 *
 * A key is stored only as a keyed hash (BLAKE2b-128 under a key of the vault) of its type and normalised value. It gets a
 * person id at first sight. An event belongs for ever to the person of its strongest key, decided by the event alone.
 * Links between persons are evidence in the store; joining persons into customers is computed from them elsewhere.
 * Threads: find from any thread with its own reader; ensure from the writer only. */
#ifndef KD_CUSTOMER_IDENTITY_H
#define KD_CUSTOMER_IDENTITY_H
#include "base/clock.h"
#include "customer/seal.h"
#include "store/store.h"

typedef enum kd_key_type { /* stored: numbers never change; which is stronger says kd_key_strength */
    KD_KEY_NONE = 0, KD_KEY_ANONYMOUS = 1, KD_KEY_DEVICE = 2, KD_KEY_PHONE = 3, KD_KEY_EMAIL = 4, KD_KEY_CARD = 5, KD_KEY_USER = 6,
    KD_KEY_TILL = 7,      /* the customer's number at the tills */
    KD_KEY_RECEIPT = 8,   /* an e-receipt's id */
    KD_KEY_OWN_FIRST = 64, KD_KEY_OWN_LAST = 127 /* the shop's own kinds: customer/namespace.h */
} kd_key_type;
typedef enum kd_link_kind { /* stored: numbers never change */
    KD_LINK_LOGIN = 1,    /* beside a user id, which a server key or a user token vouches for */
    KD_LINK_ALIAS = 2,
    KD_LINK_ORDER = 3,    /* typed at a checkout */
    KD_LINK_CARD = 4,     /* read at a till: card, till number, receipt */
    KD_LINK_VERIFIED = 5, /* an e-mail or a phone that the shop has verified */
    KD_LINK_STAFF = 6, KD_LINK_APART = 7, /* staff's word: one customer; never one */
    KD_LINK_TYPED = 8     /* typed elsewhere: a newsletter form */
} kd_link_kind;
enum { KD_LINK_KINDS = 9 };
const char  *kd_link_kind_name(unsigned kind);                 /* "login", "alias", "order", "card", "verified", "staff", "apart", "typed" */
kd_link_kind kd_link_kind_parse(kd_str name);                  /* 0 when unknown */

/* The greatest of an event decides whose it is: 0 for what is no type. receipt < device < anonymous < own kinds < phone <
 * e-mail < card < till number < user. */
int  kd_key_strength(unsigned type);
/* A browser, an app or a slip of paper: says which thing, not who. */
static inline bool kd_key_is_thing(unsigned type) { return type == KD_KEY_ANONYMOUS || type == KD_KEY_DEVICE || type == KD_KEY_RECEIPT; }

const char *kd_key_type_name(kd_key_type type);                /* "anonymousId", "userId", "email", "card", ...; "" for own kinds: namespace.h */
kd_key_type kd_key_type_parse(kd_str name);                    /* built-in ones; KD_KEY_NONE when unknown */
enum { KD_KEY_VALUE_MAX = 256 };

/* Trim; e-mail and its domain to lower case; phone to E.164: digits with '+', national numbers with the vault's country
 * (kd_vault_set_country) in front, and as digits alone where it has none. KD_INVALID when nothing is left, it is longer than
 * KD_KEY_VALUE_MAX, or it is one of the values SDKs send for "nobody" ("null", "undefined", "0", "00000000-...", "anonymous", "guest", ...: identity.c). */
kd_status kd_key_make(kd_key *out, const kd_vault *vault, kd_key_type type, kd_str value, kd_err *err);

/* What SDKs and forms send when they do not know who it is. One person under such a key would be a crowd. */
bool kd_key_is_nobody(kd_str value);

typedef struct kd_identity kd_identity;
kd_status kd_identity_open(kd_identity **out, kd_store *store, size_t cache_bytes_max, kd_err *err);
void      kd_identity_close(kd_identity *identity);

/* Nil ids for unknown keys; never creates a person. That nobody has a key is remembered until kd_identity_ensure links it. */
kd_status kd_identity_find(kd_id *persons, kd_identity *identity, kd_reader *reader, const kd_key *keys, size_t count, kd_err *err);
/* The person of each key, made now where there is none: one transaction of the store for all new ones. is_new[i] says that
 * this call made persons[i] (for the first of equal keys). */
kd_status kd_identity_ensure(kd_id *persons, bool *is_new, kd_identity *identity, kd_reader *reader, const kd_key *keys,
                             size_t count, kd_rng *rng, int64_t now_ms, kd_err *err);
/* The keys of these persons were deleted in the store: nobody is found by them any more, whatever was read before. */
void   kd_identity_forget(kd_identity *identity, const kd_id *persons, size_t count);
size_t kd_identity_bytes(const kd_identity *identity);
#endif
