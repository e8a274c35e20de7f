/* catalog/sensitive_words.h -- the concepts that come with Kunde. Only src/catalog/ includes it. */
#ifndef KD_CATALOG_SENSITIVE_WORDS_H
#define KD_CATALOG_SENSITIVE_WORDS_H
#include <stddef.h>

typedef struct kd_concept_seed { const char *id, *title_en, *title_de, *words; } kd_concept_seed; /* words: parted by '|' */
extern const kd_concept_seed kd_concept_seeds[];
extern const size_t          kd_concept_seed_count;
#endif
