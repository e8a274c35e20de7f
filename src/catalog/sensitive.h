/* catalog/sensitive.h -- products that say more about a person than they may want said: health, pregnancy, faith, ...
 *
 * A concept is a document of kind "sensitive": words to look for in titles, categories and attributes, categories and
 * products that staff named, products that are excepted. Seven concepts are there from the start (sensitive_words.c); a document of the same
 * id takes a concept's place. A product carries a bit for each concept it touches (kd_product.sensitive), found when its
 * object is made, so that asking costs one load. What follows from the bit is decided above: recommend/recommend.h.
 *
 *   word       matches
 *   test       the word "test", in any case (ASCII and Latin-1)
 *   test*      words that begin with it: German compounds
 *   *test*     words that have it anywhere
 *   two words  the two in a row (four at most; a star only behind the last)
 *
 * A kd_concepts is immutable and counted; it may be shared freely. */
#ifndef KD_CATALOG_SENSITIVE_H
#define KD_CATALOG_SENSITIVE_H
#include "catalog/catalog.h"

/* Bit i of a mask: concept i of the set the mask was made with. The last bit needs no concept: the product's own document says "sensitive". */
enum { KD_CONCEPTS_MAX = 31, KD_CONCEPT_OWN = 31, KD_CONCEPT_ID_BYTES_MAX = 40, KD_CONCEPT_LIST_MAX = 1000, KD_CONCEPT_WORD_BYTES_MAX = 64 };

typedef struct kd_concept { /* everything is owned by its set */
    kd_str        id, title_en, title_de;
    const kd_str *words, *categories, *products, *except;
    size_t        word_count, category_count, product_count, except_count;
    bool          active;     /* false: listed, marks nothing */
    bool          seeded;     /* comes with Kunde */
    bool          changed;    /* a document says it */
} kd_concept;

typedef struct kd_concepts kd_concepts;
/* `older` (NULL: those that come with Kunde) with one document laid over it: {"id","title":{"en","de"},"words":[..],"categories":[..],
 * "products":[..],"except":[..],"active"}. Lists that are absent stay as the older concept of this id has them. `doc` NULL: only a copy.
 * KD_INVALID or KD_LIMIT with err->field as a pointer into the document. */
kd_status          kd_concepts_with(kd_concepts **out, const kd_concepts *older, const kd_json *doc, kd_err *err);
const kd_concepts *kd_concepts_retain(const kd_concepts *concepts);
void               kd_concepts_release(const kd_concepts *concepts); /* NULL is fine */
size_t             kd_concepts_count(const kd_concepts *concepts);
const kd_concept  *kd_concepts_at(const kd_concepts *concepts, size_t index);
const kd_concept  *kd_concepts_by_id(const kd_concepts *concepts, kd_str id); /* NULL */
/* The concept as a document: its canonical body. */
void               kd_concept_print(kd_jw *w, const kd_concept *concept);

/* Active concepts whose words stand in the text, each once, in the order of the text. `piece` borrows the text. */
typedef struct kd_concept_hit { const kd_concept *concept; kd_str piece; } kd_concept_hit;
size_t   kd_concepts_find(kd_concept_hit hits[KD_CONCEPTS_MAX], const kd_concepts *concepts, kd_str text);
/* The mask of a product. `values` gives the texts of its categories. */
uint32_t kd_concepts_of_product(const kd_concepts *concepts, const kd_product *product, const kd_str *categories, size_t category_count);
uint32_t kd_concepts_of_content(const kd_concepts *concepts, const kd_content *content);
/* The mask of a category path alone: named by staff (it or one above it) or by its words. */
uint32_t kd_concepts_of_category(const kd_concepts *concepts, kd_str path);

/* Those the products of this snapshot were marked with; borrowed from it. */
const kd_concepts *kd_snapshot_concepts(const kd_snapshot *s);
uint32_t           kd_snapshot_sensitive(const kd_snapshot *s); /* how many of its products and contents carry a mark */
/* Write documents and mark everything anew: one commit, one snapshot. All or nothing; err->field points into the array
 * `docs`: "/2/words". Cost: about a microsecond a product. */
kd_status kd_catalog_concepts_put(kd_catalog *catalog, const kd_json *const *docs, size_t count, int64_t now_ms, kd_err *err);
#endif
