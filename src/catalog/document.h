/* catalog/document.h -- what a shop may write into a document, and what of it is stored.
 *
 * Reads a body as the shop sent it, checks every field, and prints the canonical body: id first, null members and all prices
 * and stock taken out (those become levels), variants last and in one order of members. Equal meaning gives equal bytes,
 * so that sending a whole file again makes no new version. The fields are described in docs/catalogue.md.
 * Errors name the field as a JSON pointer. Everything made is owned by the arena given. */
#ifndef KD_CATALOG_DOCUMENT_H
#define KD_CATALOG_DOCUMENT_H
#include "catalog/catalog.h"

enum {
    KD_DOC_ID_BYTES_MAX = 256, KD_DOC_TITLE_BYTES_MAX = 1024, KD_DOC_TEXT_BYTES_MAX = 64 * 1024, KD_DOC_URL_BYTES_MAX = 4096,
    KD_DOC_BYTES_MAX = 1024 * 1024, KD_DOC_VARIANTS_MAX = 2000, KD_DOC_ATTRIBUTES_MAX = 200, KD_DOC_VALUES_MAX = 100,
    KD_DOC_MEMBERS_MAX = 500 /* of one object; looking for repeated keys is quadratic */
};

typedef enum kd_doc_kind { KD_DOC_PRODUCT, KD_DOC_PLACE, KD_DOC_CONTENT, KD_DOC_POSTAL, KD_DOC_STUB, KD_DOC_KINDS } kd_doc_kind;
bool        kd_doc_kind_parse(kd_doc_kind *out, kd_str name);
const char *kd_doc_kind_name(kd_doc_kind kind);

typedef struct kd_draft { /* a document about to be stored */
    kd_doc_kind kind;
    kd_str      id;
    kd_ref      ref;
    kd_str      body;     /* canonical */
    bool        deleted;
    bool        unchanged; /* the newest version says the same: nothing to store but its levels */
    kd_level   *levels;   /* what the body said about stock and price */
    size_t      level_count;
} kd_draft;

/* `body` -> *out. `id` is the one given beside the body ("" when none): they must agree. `created_ms` goes into a product
 * that does not say since when it exists. */
kd_status kd_draft_read(kd_draft *out, kd_doc_kind kind, const kd_json *body, kd_str id, int64_t created_ms, int64_t now_ms,
                        kd_arena *arena, kd_err *err);
/* The id a body claims, checked; needed before its older version can be found. */
kd_status kd_draft_id(kd_str *out, kd_doc_kind kind, const kd_json *body, kd_str id, kd_arena *arena, kd_err *err);
/* A newer body laid over an older one: members of the newer win, variants it does not name stay. */
kd_status kd_draft_merge(const kd_json **out, const kd_json *older, const kd_json *newer, kd_arena *arena, kd_err *err);

/* "19.99", "19.99 EUR", "EUR 19.99": currency->code "" when none is named. */
bool kd_price_text(int64_t *micro, kd_currency *currency, kd_str text, bool comma);
/* Postal codes compare without blanks and hyphens, in upper case; false when nothing or more than 10 bytes is left. */
enum { KD_POSTAL_CODE_BYTES = 10 };
bool kd_postal_key(char out[KD_POSTAL_CODE_BYTES + 2], kd_str country, kd_str code);
#endif
