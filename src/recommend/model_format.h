/* recommend/model_format.h -- the bytes of a model file, format 2. For model.c, its tests and its fuzz target only.
 *
 *   header | table of sections | section | section | ...      each section begins at a multiple of KD_MODEL_ALIGN
 *
 * Little-endian, as every machine we build for; mapped and read in place. The header's hash covers header (its hash taken
 * as 0) and table, each entry's hash covers its section: no byte that means anything is unchecked. */
#ifndef KD_RECOMMEND_MODEL_FORMAT_H
#define KD_RECOMMEND_MODEL_FORMAT_H
#include <stdint.h>

enum { KD_MODEL_FORMAT = 2, KD_MODEL_ALIGN = 64, KD_MODEL_SECTIONS_MAX = 64 };
#define KD_MODEL_MAGIC "KDMODEL\n"
#define KD_MODEL_SCORE_MAX 1e9f /* of a neighbour; popularity and trend too: sums of them stay in range wherever they are added */

typedef struct kd_model_header {
    char     magic[8];
    uint32_t format, section_count;
    uint64_t file_bytes, version;
    uint32_t item_count, zero;
    uint64_t hash;
} kd_model_header;

typedef enum kd_model_part {
    KD_MODEL_ITEMS = 1,       /* uint64 refs, ascending */
    KD_MODEL_POPULARITY = 2,  /* float of each item */
    KD_MODEL_TREND = 3,
    KD_MODEL_POPULAR = 4,     /* uint32 items by popularity, best first, without zeros */
    KD_MODEL_TRENDING = 5,
    KD_MODEL_REPORT = 6,      /* JSON */
    KD_MODEL_STARTS = 16,     /* + relation: uint32 item_count + 1, where the neighbours of each item begin */
    KD_MODEL_NEIGHBOURS = 32, /* + relation: kd_model_neighbour */
    KD_MODEL_SUPPORTS = 48    /* + relation: uint32 of each neighbour; apart, for only what is shown is explained */
} kd_model_part;

typedef struct kd_model_section {
    uint32_t part, zero;
    uint64_t offset, bytes, hash;
} kd_model_section;

_Static_assert(sizeof(kd_model_header) == 48 && sizeof(kd_model_section) == 32, "the file's structs have no padding");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "model files are read in place");
#endif
