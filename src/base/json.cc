/* The only C++ of the tree. simdjson's first stage checks UTF-8 and finds the tokens, 64 bytes at a time, with what the processor
 * offers. Its own readers on top (DOM, On-Demand) are not used: both make numbers of the numbers, neither says where a container
 * ends, and On-Demand leaves unvisited values unchecked; json.c walks the tokens instead. */
extern "C" {
#include "base/json_index.h"
}

#include <memory>
#include <simdjson.h>

namespace {

using stage = simdjson::internal::dom_parser_implementation;

/* Above it a text's index (four bytes a byte of text) is given back after use. */
constexpr size_t CAPACITY_MIN = 16 * 1024, CAPACITY_KEPT = 1024 * 1024;

thread_local std::unique_ptr<stage> kept;

bool make_room(size_t len)
{
    size_t capacity = len < CAPACITY_MIN ? CAPACITY_MIN : len;
    if (!kept)
        return !simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, kept);
    if (kept->capacity() >= len && (kept->capacity() <= CAPACITY_KEPT || len > CAPACITY_KEPT))
        return true;
    if (len > CAPACITY_MIN && len <= CAPACITY_KEPT / 2)
        capacity = len * 2; /* growing texts do not allocate each time */
    return !kept->allocate(capacity, 1);
}

} // namespace

kd_status kd_json_index(const uint32_t **tokens, size_t *count, const char *text, size_t len)
{
    if (len == 0)
        return KD_INVALID;
    if (len >= simdjson::SIMDJSON_MAXSIZE_BYTES || !make_room(len)) {
        kept.reset();
        return KD_LIMIT;
    }
    if (kept->stage1(reinterpret_cast<const uint8_t *>(text), len, simdjson::stage1_mode::regular))
        return KD_INVALID;
    *tokens = kept->structural_indexes.get();
    *count = kept->n_structural_indexes;
    return KD_OK;
}
