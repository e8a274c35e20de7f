/* Any bytes: the first chooses the delimiter and the limit of a record, the rest is the file. Whatever is read as a record must
 * read back the same after it is written; reading ends, and no line is given out twice. */
#include "fuzz.h"

#include "base/csv.h"

static void check_round_trip(const kd_str *fields, size_t count)
{
    kd_buf        text;
    kd_input     *in = NULL;
    kd_csv       *csv = NULL;
    const kd_str *again = NULL;
    size_t        again_count = 0;
    uint64_t      line = 0;
    kd_str        raw;
    kd_buf_init(&text, NULL);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            kd_buf_add_byte(&text, ',');
        kd_csv_write(&text, fields[i], ',');
    }
    MUST(kd_input_memory(&in, text.ptr, text.len, "", 0, NULL) == KD_OK);
    MUST(kd_csv_open(&csv, in, ',', 1 << 20, NULL) == KD_OK);
    MUST(kd_csv_next(csv, &again, &again_count, &line, &raw, NULL) == KD_OK && again_count == count && line == 1);
    for (size_t i = 0; i < count; i++)
        MUST(kd_str_eq(fields[i], again[i]));
    MUST(kd_csv_next(csv, &again, &again_count, &line, &raw, NULL) == KD_NOT_FOUND);
    kd_csv_close(csv);
    kd_input_close(in);
    kd_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = { 0, ',', ';', '\t' };
    kd_input *in = NULL;
    kd_csv   *csv = NULL;
    kd_err    err = { 0 };
    uint64_t  line = 0, before = 0;
    size_t    records = 0;
    if (size == 0)
        return 0;
    char   delimiter = delimiters[data[0] & 3];
    size_t record_max = (data[0] & 4) != 0 ? 10 : 100000;
    MUST(kd_input_memory(&in, data + 1, size - 1, "", 0, NULL) == KD_OK);
    kd_status status = kd_csv_open(&csv, in, delimiter, record_max, &err);
    MUST(status == KD_OK || (status == KD_INVALID && csv == NULL && err.msg[0] != 0));
    while (status == KD_OK || (status == KD_INVALID && csv != NULL)) {
        const kd_str *fields = NULL;
        size_t        count = 0;
        kd_str        raw = { NULL, 0 };
        status = kd_csv_next(csv, &fields, &count, &line, &raw, &err);
        if (status == KD_NOT_FOUND)
            break;
        MUST(status == KD_OK || status == KD_INVALID);
        MUST(line > before && raw.len > 0 && raw.len <= 4096 && ++records <= size);
        before = line;
        if (status == KD_OK && count > 0 && records < 100)
            check_round_trip(fields, count);
        MUST(status != KD_OK || count > 0);
    }
    kd_csv_close(csv);
    kd_input_close(in);
    return 0;
}
