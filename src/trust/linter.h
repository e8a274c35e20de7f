/* trust/linter.h -- does this text, rule or audience speak of what people may not want spoken of?
 *
 * Three ways to say a sensitive concept (catalog/sensitive.h): to name it (a text, a filter on its category), to mean it (an
 * audience that overlaps with the concept's people or products far more than chance), to print it (the sentence of a reason).
 * A finding tells which, how sure, and what to do; it never holds a person. Biometric names are refused, never only warned of.
 * Pure given its inputs; everything made is owned by the arena of the list. Threads: any. */
#ifndef KD_TRUST_LINTER_H
#define KD_TRUST_LINTER_H
#include "catalog/sensitive.h"
#include "decide/decide.h"

/* An audience means a concept when it holds KD_LINT_LIFT times as many of the concept as everybody does, surely (lower end of the 95 %
 * interval above the share of everybody), and at least k of them. */
#define KD_LINT_LIFT 2.0
enum { KD_FINDINGS_MAX = 500, KD_LINT_ACKNOWLEDGED_MAX = KD_CONCEPTS_MAX + 1 };

typedef enum kd_lint_why { KD_LINT_NAMES, KD_LINT_OVERLAP, KD_LINT_SENTENCE, KD_LINT_BIOMETRIC } kd_lint_why;
typedef enum kd_lint_severity { KD_LINT_NOTE, KD_LINT_WARNING, KD_LINT_BLOCKING } kd_lint_severity;
const char *kd_lint_why_name(kd_lint_why why);                 /* "names", "overlap", "sentence", "biometric" */
const char *kd_lint_severity_name(kd_lint_severity severity);  /* "note", "warning", "blocking" */

typedef struct kd_overlap { /* of an audience with the people, or products, of a concept */
    uint64_t audience, seed, both, population;
    double   share, lift;   /* both / audience; that by seed / population. 0 when either is empty */
    bool     means_it;
} kd_overlap;
/* The figures from counts; `k` the floor below which nothing is said (means_it stays false). */
kd_overlap kd_overlap_of(uint64_t audience, uint64_t seed, uint64_t both, uint64_t population, uint32_t k);
/* From two ascending sets; one listed twice counts once. For audiences of persons: segments. */
kd_overlap kd_overlap_of_persons(const kd_id *audience, size_t audience_count, const kd_id *seed, size_t seed_count, uint64_t population, uint32_t k);

typedef struct kd_finding {
    kd_str            object_kind, object, title; /* "placement", its id, its title; "sentence"; "text" */
    char              field[48];                  /* JSON pointer into the object; "" for all of it */
    const kd_concept *concept;                    /* borrowed from the concepts; NULL: a product's own "sensitive", or biometric */
    kd_lint_why       why;
    kd_lint_severity  severity;
    kd_str            piece;                      /* the words that say it */
    kd_overlap        overlap;                    /* OVERLAP: of products */
    bool              acknowledged;               /* its owner said that it is meant */
} kd_finding;

typedef struct kd_findings {
    kd_finding *items;
    size_t      count, cap;
    bool        cut;        /* there were more than KD_FINDINGS_MAX */
    kd_arena   *arena;      /* set by the caller */
} kd_findings;

/* The object that findings are about, and how hard they are judged. */
typedef struct kd_lint_object { kd_str kind, id, title; kd_lint_severity severity; } kd_lint_object;

/* A plain text. KD_LIMIT: out of memory. */
kd_status kd_lint_text(kd_findings *out, const kd_lint_object *object, const char *field, const kd_concepts *concepts, kd_str text, kd_err *err);
/* A placement: what its filter names blocks (unless acknowledged: "acknowledged":["pregnancy"] in the document); what its title and
 * content name, and a filter whose products mean a concept, warn. Filters on biometric names block always. */
kd_status kd_lint_placement(kd_findings *out, const kd_snapshot *snapshot, const kd_placement *placement, const kd_json *doc, uint32_t k, kd_err *err);
/* The sentences of every reason that could name this product, in both languages. */
kd_status kd_lint_sentences(kd_findings *out, const kd_snapshot *snapshot, const kd_product *about, kd_err *err);

/* The worst finding that nobody acknowledged and that blocks; NULL. */
const kd_finding *kd_findings_blocking(const kd_findings *findings);
/* {"object":{..},"field","concept":{..},"why","severity",...,"suggestion":{"en","de"}} */
void kd_finding_write(kd_jw *w, const kd_finding *finding);
#endif
