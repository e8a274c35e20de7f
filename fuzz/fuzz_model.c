/* A model file of any bytes: loaded or refused, never a crash, and what loads is safe to serve from. Each input is tried as it is
 * and with its hashes made right, so that the checks behind the hashes are reached. */
#include "fuzz.h"

#include <string.h>

#include "recommend/model.h"
#include "recommend/model_format.h"

static void reseal(uint8_t *bytes, size_t size)
{
    kd_model_header  header;
    kd_model_section table[KD_MODEL_SECTIONS_MAX];

    if (size < sizeof header)
        return;
    memcpy(&header, bytes, sizeof header);
    if (header.section_count > KD_MODEL_SECTIONS_MAX || sizeof header + header.section_count * sizeof *table > size)
        return;
    memcpy(table, bytes + sizeof header, header.section_count * sizeof *table);
    for (uint32_t i = 0; i < header.section_count; i++)
        if (table[i].offset <= size && table[i].bytes <= size - table[i].offset)
            table[i].hash = kd_hash64(bytes + table[i].offset, table[i].bytes, table[i].part);
    memcpy(bytes + sizeof header, table, header.section_count * sizeof *table);
    memcpy(header.magic, KD_MODEL_MAGIC, sizeof header.magic);
    header.format = KD_MODEL_FORMAT;
    header.file_bytes = size;
    header.hash = 0;
    memcpy(bytes, &header, sizeof header);
    header.hash = kd_hash64(bytes, sizeof header + header.section_count * sizeof *table, KD_MODEL_FORMAT);
    memcpy(bytes, &header, sizeof header);
}

static void walk(const kd_model *m)
{
    const kd_model_neighbour *neighbours;
    const uint32_t           *order;
    uint32_t                  count = kd_model_item_count(m);

    for (uint32_t i = 0; i < count; i++) {
        MUST(kd_model_find(m, kd_model_item(m, i)) == i);
        MUST(kd_model_popularity(m, i) >= 0.0f && kd_model_trend(m, i) >= 0.0f);
        for (int r = 0; r < KD_RELATION_COUNT; r++)
            for (size_t n = kd_model_neighbours(m, (kd_relation)r, i, &neighbours); n > 0; n--)
                MUST(neighbours[n - 1].item < count && neighbours[n - 1].score > 0.0f);
    }
    for (size_t n = kd_model_popular(m, &order); n > 0; n--)
        MUST(order[n - 1] < count);
    for (size_t n = kd_model_trending(m, &order); n > 0; n--)
        MUST(order[n - 1] < count);
    kd_str report = kd_model_report(m);
    MUST(report.len == 0 || kd_hash64(report.ptr, report.len, 0) != 1);
}

static void load(const uint8_t *bytes, size_t size)
{
    kd_model *model = NULL;
    kd_err    err = { 0 };
    kd_status status = kd_model_from_bytes(&model, (kd_str){ (const char *)bytes, size }, &err);

    MUST(status == KD_OK || status == KD_CORRUPT || status == KD_INVALID);
    if (status == KD_OK)
        walk(model);
    else
        MUST(err.msg[0] != '\0');
    kd_model_release(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    MUST(copy != NULL);
    load(data, size);
    if (size)
        memcpy(copy, data, size);
    reseal(copy, size);
    load(copy, size);
    free(copy);
    return 0;
}
