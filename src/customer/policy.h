/* customer/policy.h -- which purpose rests on what, and what each piece of data may serve.
 *
 * An immutable snapshot of the documents of kinds "purpose", "data-class" and "field", swapped whole when one of them changes,
 * as placements are. A purpose has a legal basis; a data class has purposes and names the kinds of events that belong to it; a
 * field (a trait, a stated preference) belongs to a class or names purposes of its own. Nothing without a purpose can be
 * registered, and nothing biometric at all. What no document names falls to a class that is built in: every value has one.
 * Threads: a kd_policy may be shared freely. */
#ifndef KD_CUSTOMER_POLICY_H
#define KD_CUSTOMER_POLICY_H
#include "base/json.h"
#include "customer/profile.h"
#include "customer/purpose.h"

typedef struct kd_policy kd_policy;

typedef struct kd_purpose_rule {
    kd_purpose purpose;
    kd_basis   basis;
    bool       gpc;          /* Sec-GPC: 1 is an objection to it */
    kd_str     title, text;  /* what the shopper reads; may be empty */
    kd_str     categories;   /* JSON array of names of categories in consent managers that speak of it */
    uint64_t   version;      /* of its document; 0: as built in */
} kd_purpose_rule;

typedef struct kd_data_class { /* what a reader must be allowed */
    kd_str      id, title;
    kd_purposes purposes;      /* with KD_PURPOSE_SENSITIVE in it, that one is needed besides */
    uint64_t    version;
} kd_data_class;

/* Classes that are built in. Kinds of events belong to the first seven. */
#define KD_CLASS_BEHAVIOUR   "behaviour"   /* views, clicks, cart, search, pages; events nobody named */
#define KD_CLASS_ORDERS      "orders"      /* orders, returns, what was spent */
#define KD_CLASS_MARKETING   "marketing"   /* e-mails sent, opened; promotions; coupons */
#define KD_CLASS_REVIEWS     "reviews"
#define KD_CLASS_ACCOUNT     "account"     /* identify, alias, group; traits that no field document names */
#define KD_CLASS_PREFERENCES "preferences" /* what was stated */
#define KD_CLASS_CONSENT     "consent"     /* statements themselves: kept whatever they say */
#define KD_CLASS_CONTACT     "contact"     /* e-mail, phone, address */
#define KD_CLASS_IDENTITY    "identity"    /* keys */

/* The newest documents of the store over what is built in. A document that does not read is logged and left out. */
kd_status        kd_policy_load(kd_policy **out, kd_reader *reader, kd_err *err);
kd_status        kd_policy_built_in(kd_policy **out, kd_err *err); /* without any document: tests, tools */
const kd_policy *kd_policy_retain(const kd_policy *policy);        /* NULL is fine, as in release */
void             kd_policy_release(const kd_policy *policy);
uint64_t         kd_policy_version(const kd_policy *policy);       /* of its newest document; 0: built in */

/* May a document be put? KD_INVALID or KD_LIMIT with err->field: a class or field without purposes, a name that is biometric,
 * a basis nobody knows, ... `kind` is one of the three, `id` its id (a purpose's wire name). */
kd_status kd_policy_check(const kd_policy *policy, kd_str kind, kd_str id, const kd_json *doc, kd_err *err);
/* What a database starts with: one document per purpose, class and known field. Nothing where there are such documents. */
kd_status kd_policy_first(kd_store *store, kd_reader *reader, int64_t now_ms, kd_err *err);

const kd_purpose_rule *kd_policy_purpose(const kd_policy *policy, kd_purpose purpose);
typedef struct kd_field_rule { /* a trait or a stated preference, registered */
    kd_str      name, title;
    kd_str      data_class;    /* empty: it names purposes of its own */
    kd_purposes purposes;
    uint64_t    version;
} kd_field_rule;
size_t                 kd_policy_field_count(const kd_policy *policy);
const kd_field_rule   *kd_policy_field_at(const kd_policy *policy, size_t index);
const kd_field_rule   *kd_policy_field(const kd_policy *policy, kd_str name); /* NULL: not registered */
size_t                 kd_policy_class_count(const kd_policy *policy);
const kd_data_class   *kd_policy_class_at(const kd_policy *policy, size_t index);
const kd_data_class   *kd_policy_class(const kd_policy *policy, kd_str id);    /* NULL: there is none */
const kd_data_class   *kd_policy_class_of_event(const kd_policy *policy, kd_kind kind, kd_str event_name);
/* What a reader of counters and recent lines of this kind must be allowed. Events of a name of their own are counted as
 * "custom" together, so for that kind it is what all of their classes have in common. Nanoseconds. */
kd_purposes            kd_policy_of_kind(const kd_policy *policy, kd_kind kind);
/* What may be done with one event; a data class may name events that no kind knows ("Symptom Checked"). */
kd_purposes            kd_policy_of_event(const kd_policy *policy, kd_kind kind, kd_str event_name);
kd_purposes            kd_policy_of_trait(const kd_policy *policy, kd_str name);           /* of its field, else of "account" */
kd_purposes            kd_policy_of_stated(const kd_policy *policy, kd_str name);          /* of its field, else of "preferences" */
/* What a category of a consent manager speaks of ("Advertising", "C0004", a purpose's own name); 0: nothing known. */
kd_purposes            kd_policy_of_category(const kd_policy *policy, kd_str category);

/* Which purposes have a basis for this person now: where it is consent, what was granted; where it is contract or legitimate
 * interest, what was not refused; where it is none, never. `gpc`: the request carried Sec-GPC: 1. NULL profile: a stranger.
 * Costs nanoseconds: the masks are in the profile. */
kd_purposes kd_allowed(const kd_policy *policy, const kd_profile *profile, bool gpc);
kd_purposes kd_allowed_by(const kd_policy *policy, kd_purposes granted, kd_purposes refused, bool gpc);
/* May `reader` see what serves `purposes`, for a person who allows `allowed`? */
static inline bool kd_may(kd_purposes purposes, kd_purpose reader, kd_purposes allowed)
{
    kd_purposes needed = (kd_purposes)(KD_PURPOSE_BIT(reader) | (purposes & KD_PURPOSE_BIT(KD_PURPOSE_SENSITIVE)));
    return (needed & (purposes & allowed)) == needed;
}

/* Names that only biometric data has ("fingerprint", "face_template", "voicePrint"): never registered, refused when collected. */
bool kd_is_biometric(kd_str name);
kd_purposes kd_policy_gpc(const kd_policy *policy); /* what Sec-GPC: 1 objects to */
#endif
