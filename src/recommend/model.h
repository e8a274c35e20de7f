/* recommend/model.h -- one trained snapshot: a file, mapped, swapped whole.
 *
 * Sections: items (refs), neighbours bought-with-bought (orders), viewed-with-viewed (views), viewed-then-bought, popularity
 * and trend per item, report (JSON). Versioned header, length and XXH3 of every section checked at load: a damaged, truncated
 * or newer file is KD_CORRUPT or KD_INVALID and the last good model keeps serving. Items are kd_ref, so that a file is valid
 * on every node. Threads: a loaded model is immutable and counted; kd_recommender_set_model swaps. The bytes: model_format.h. */
#ifndef KD_RECOMMEND_MODEL_H
#define KD_RECOMMEND_MODEL_H
#include "base/id.h"
#include "recommend/item_item.h"

typedef enum kd_relation { KD_RELATION_BOUGHT, KD_RELATION_VIEWED, KD_RELATION_VIEWED_BOUGHT, KD_RELATION_COUNT } kd_relation;

typedef struct kd_model_neighbour { uint32_t item; float score; } kd_model_neighbour;
typedef struct kd_model kd_model;

typedef struct kd_model_build { /* what the trainer hands to the writer */
    uint64_t             version;      /* ms of the training run */
    uint32_t             item_count;
    const kd_ref        *items;        /* ascending */
    kd_neighbours        relations[KD_RELATION_COUNT];
    const float         *popularity, *trend;   /* per item, >= 0 */
    kd_str               report;       /* JSON: data, parameters, figures, times */
} kd_model_build;
/* The bytes of the file: the same for the same build. A relation without `counts` is written as empty. */
kd_status kd_model_write(kd_buf *out, const kd_model_build *build, kd_err *err);

kd_status kd_model_load(kd_model **out, const char *path, kd_err *err); /* maps the file; KD_NOT_FOUND when there is none */
kd_status kd_model_from_bytes(kd_model **out, kd_str bytes, kd_err *err); /* borrowed: tests, fuzzing */
const kd_model *kd_model_retain(const kd_model *model);
void      kd_model_release(const kd_model *model);

uint64_t  kd_model_version(const kd_model *m);
uint32_t  kd_model_item_count(const kd_model *m);
kd_ref    kd_model_item(const kd_model *m, uint32_t item);
uint32_t  kd_model_find(const kd_model *m, kd_ref item); /* UINT32_MAX when not in it */
size_t    kd_model_neighbours(const kd_model *m, kd_relation relation, uint32_t item, const kd_model_neighbour **out); /* best first */
uint32_t  kd_model_support(const kd_model *m, kd_relation relation, const kd_model_neighbour *neighbour); /* of one of that relation's: persons who have both */
float     kd_model_popularity(const kd_model *m, uint32_t item);
float     kd_model_trend(const kd_model *m, uint32_t item);
/* Items by popularity or trend, best first: precomputed in the file. */
size_t    kd_model_popular(const kd_model *m, const uint32_t **out);
size_t    kd_model_trending(const kd_model *m, const uint32_t **out);
kd_str    kd_model_report(const kd_model *m);
#endif
