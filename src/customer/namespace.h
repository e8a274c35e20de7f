/* customer/namespace.h -- what a kind of identity key may do: its limit, whether it can belong to two, what joins by it.
 *
 * Policies are documents of kind "namespace", their id the name on the wire ("email", or one of the shop's own):
 *   {"limit":200, "unique":true, "typed":"guests", "normalise":"exact", "number":64}
 *   limit      a key linked to more persons than this is set aside: a kiosk, a test account
 *   unique     a key seen with two user ids belongs to neither (false: the first evidence wins)
 *   typed      what evidence typed at a checkout does by this key: "never" joins; joins "guests", who have no user id; or "customers"
 *   normalise  own kinds only: "exact", "lower", "digits"
 *   number     own kinds only, 64 to 127, given by the server; stored with every key, so it never changes
 * What no document says is built in. A kd_namespaces is immutable and counted. Threads: any. */
#ifndef KD_CUSTOMER_NAMESPACE_H
#define KD_CUSTOMER_NAMESPACE_H
#include "base/json.h"
#include "customer/identity.h"

typedef enum kd_typed { KD_TYPED_NEVER, KD_TYPED_GUESTS, KD_TYPED_CUSTOMERS } kd_typed;
typedef enum kd_normalise { KD_NORMALISE_EXACT, KD_NORMALISE_LOWER, KD_NORMALISE_DIGITS } kd_normalise;
enum { KD_NAMESPACE_NAME_MAX = 48, KD_NAMESPACE_LIMIT_MAX = 2000 };

typedef struct kd_namespace {
    char         name[KD_NAMESPACE_NAME_MAX + 1]; /* empty: there is no such kind */
    uint32_t     limit;
    bool         unique;
    kd_typed     typed;
    kd_normalise normalise;
} kd_namespace;

typedef struct kd_namespaces kd_namespaces;
const kd_namespaces *kd_namespaces_builtin(void); /* never freed; retain and release are harmless */
/* From the store's documents; one that does not read is passed over (it was checked when it was put). */
kd_status            kd_namespaces_load(const kd_namespaces **out, kd_reader *reader, kd_err *err);
const kd_namespaces *kd_namespaces_retain(const kd_namespaces *n);
void                 kd_namespaces_release(const kd_namespaces *n); /* NULL is fine */

const kd_namespace  *kd_namespaces_get(const kd_namespaces *n, unsigned type); /* never NULL: an unknown number has the strictest rules and no name */
kd_key_type          kd_namespaces_find(const kd_namespaces *n, kd_str name);  /* built-in and own; KD_KEY_NONE */
/* The value as it is stored and hashed: own kinds by their rule, built-in ones unchanged (kd_key_make knows them). */
kd_str               kd_namespaces_normal(char out[KD_KEY_VALUE_MAX], const kd_namespaces *n, kd_key_type type, kd_str value);

/* Check a document before it is put: KD_INVALID names the field. `number` (0: built in, or none given) and the rest go to *out. */
kd_status            kd_namespace_parse(kd_namespace *out, unsigned *number, kd_str name, const kd_json *body, kd_err *err);
void                 kd_namespace_write(kd_jw *w, const kd_namespace *ns, unsigned number);
#endif
