/* customer/purpose.h -- what data may be used for, and what somebody said about it.
 *
 * A purpose is a word of the house; its legal basis is a document (customer/policy.h). A consent is one statement: these
 * purposes are granted, those refused, said at the event's time, heard from `source`, under the text `policy`, with `proof`.
 * What is in neither mask was not spoken of. Pure data, no threads. */
#ifndef KD_CUSTOMER_PURPOSE_H
#define KD_CUSTOMER_PURPOSE_H
#include "base/string.h"

typedef enum kd_purpose { /* bits of stored masks: numbers never change */
    KD_PURPOSE_OPERATE = 0,      /* serve what was asked for: orders, returns, receipts, the account */
    KD_PURPOSE_PERSONALISE = 1,
    KD_PURPOSE_ANALYSE = 2,
    KD_PURPOSE_MARKET_EMAIL = 3, KD_PURPOSE_MARKET_POST = 4, KD_PURPOSE_MARKET_PUSH = 5,
    KD_PURPOSE_SHARE = 6,        /* hand on to others, advertising partners among them; what Sec-GPC opts out of */
    KD_PURPOSE_SENSITIVE = 7,    /* no use of its own: what needs it needs it besides the purpose of the reader */
    KD_PURPOSE_COUNT = 8
} kd_purpose;
typedef uint16_t kd_purposes;    /* bit 1 << kd_purpose */
#define KD_PURPOSE_BIT(purpose) ((kd_purposes)(1u << (purpose)))
enum { KD_PURPOSES_ALL = (1 << KD_PURPOSE_COUNT) - 1 };

typedef enum kd_basis { KD_BASIS_NONE, KD_BASIS_CONSENT, KD_BASIS_CONTRACT, KD_BASIS_INTEREST } kd_basis;

const char *kd_purpose_name(kd_purpose purpose);             /* "market-email"; never NULL */
bool        kd_purpose_parse(kd_purpose *out, kd_str name);
const char *kd_basis_name(kd_basis basis);                   /* "legitimate-interest"; never NULL */
bool        kd_basis_parse(kd_basis *out, kd_str name);

enum { KD_CONSENT_SOURCE_MAX = 64, KD_CONSENT_POLICY_MAX = 64, KD_CONSENT_PROOF_MAX = 512 }; /* bytes; longer texts are cut between characters */
typedef struct kd_consent {
    kd_purposes granted, refused; /* a purpose in both is refused */
    kd_str      source;           /* who heard it: "context", "gpc", "tcf", "import", "me", "staff", ...; may be empty */
    kd_str      policy;           /* version of the text it was said to; may be empty */
    kd_str      proof;            /* a reference: a TC string, the id of a form; may be empty */
} kd_consent;
static inline bool kd_consent_says(const kd_consent *consent) { return (consent->granted | consent->refused) != 0; }
#endif
