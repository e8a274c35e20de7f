/* One event against the schema of its source. */
#include "event/source.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/money.h"
#include "event/expression.h"

static bool is_time(const kd_json *node)
{
    int64_t ms;
    double  number;
    if (node->type == KD_JSON_STRING)
        return kd_time_parse(&ms, kd_str_trim(node->text), 0);
    return kd_json_f64(&number, node);
}

static bool is_of(kd_field_type type, const kd_json *node)
{
    int64_t whole;
    double  number;
    switch (type) {
    case KD_FIELD_ANY:     return true;
    case KD_FIELD_TEXT:    return node->type == KD_JSON_STRING;
    case KD_FIELD_NUMBER:  return node->type == KD_JSON_NUMBER && kd_json_f64(&number, node);
    case KD_FIELD_INTEGER: return kd_json_i64(&whole, node);
    case KD_FIELD_BOOLEAN: return node->type == KD_JSON_TRUE || node->type == KD_JSON_FALSE;
    case KD_FIELD_TIME:    return is_time(node);
    case KD_FIELD_ARRAY:   return node->type == KD_JSON_ARRAY;
    case KD_FIELD_OBJECT:  return node->type == KD_JSON_OBJECT;
    }
    return false;
}

/* Which of the allowed values; the count when none. */
static size_t which_value(const kd_source_field *field, const kd_json *node)
{
    const kd_str text = node->type == KD_JSON_STRING ? node->text : node->raw;
    size_t       i = 0;
    while (i < field->value_count && !kd_str_eq(field->values[i], text))
        i++;
    return i;
}

/* Numbers by half powers of ten, so that prices of two kinds fall apart and noise within one does not. */
static uint8_t bucket_of_number(double x)
{
    if (!(x > 0))
        return x < 0 ? 1 : 0;
    const double step = floor(2 * log10(x)) + 4; /* 0.01 -> 0 */
    return (uint8_t)(2 + (step < 0 ? 0 : step > KD_SOURCE_BUCKETS - 3 ? KD_SOURCE_BUCKETS - 3 : step));
}

static uint8_t bucket_of(const kd_source_field *field, const kd_json *node)
{
    double number;
    if (field->value_count) {
        const size_t which = which_value(field, node);
        return (uint8_t)(which < KD_SOURCE_BUCKETS - 1 ? which : KD_SOURCE_BUCKETS - 1);
    }
    switch (node->type) {
    case KD_JSON_FALSE: return 0;
    case KD_JSON_TRUE:  return 1;
    case KD_JSON_NUMBER: return kd_json_f64(&number, node) ? bucket_of_number(number) : 0;
    case KD_JSON_STRING: return field->type == KD_FIELD_TIME ? 0 : (uint8_t)(kd_hash64(node->text.ptr, node->text.len, 0) % KD_SOURCE_BUCKETS);
    default:            return (uint8_t)(node->count < KD_SOURCE_BUCKETS ? node->count : KD_SOURCE_BUCKETS - 1);
    }
}

static const kd_json *value_of(const kd_json *item, const kd_source_field *field)
{
    kd_path path = { .count = (uint32_t)field->name_count };
    memcpy(path.names, field->names, field->name_count * sizeof *field->names);
    const kd_json *node = kd_path_get(item, &path);
    return kd_json_is(node, KD_JSON_NULL) || (kd_json_is(node, KD_JSON_STRING) && node->text.len == 0) ? NULL : node;
}

static struct kd_seen_field look_at(const kd_source_field *field, const kd_json *item)
{
    const kd_json *node = value_of(item, field);
    if (node == NULL)
        return (struct kd_seen_field){ KD_SEEN_ABSENT, 0 };
    if (!is_of(field->type, node))
        return (struct kd_seen_field){ KD_SEEN_TYPE, bucket_of(field, node) };
    if (field->value_count && which_value(field, node) == field->value_count)
        return (struct kd_seen_field){ KD_SEEN_VALUE, bucket_of(field, node) };
    return (struct kd_seen_field){ KD_SEEN_FINE, bucket_of(field, node) };
}

static kd_status refuse(const kd_source_field *field, kd_seen_state state, kd_err *err)
{
    char pointer[48];
    int  len = 0;
    for (size_t i = 0; i < field->name_count && len < (int)sizeof pointer - 1; i++)
        len += snprintf(pointer + len, sizeof pointer - (size_t)len, "/%.*s", (int)field->names[i].len, field->names[i].ptr);
    return state == KD_SEEN_ABSENT ? kd_fail_field(err, KD_INVALID, pointer, "the schema of the source requires this field")
         : state == KD_SEEN_TYPE   ? kd_fail_field(err, KD_INVALID, pointer, "the schema of the source wants %s here", kd_field_type_name(field->type))
                                   : kd_fail_field(err, KD_INVALID, pointer, "not one of the values that the schema of the source knows");
}

kd_status kd_source_look(kd_source_seen **out, const kd_source *source, kd_str name, const kd_json *item, kd_arena *arena, kd_err *err)
{
    const kd_source_event *event = NULL;
    kd_source_seen        *seen;
    *out = NULL;
    for (size_t i = 0; i < source->event_count && event == NULL; i++)
        if (kd_str_eq(source->events[i].name, name))
            event = &source->events[i];
    if (event == NULL)
        return KD_OK;
    seen = kd_arena_alloc(arena, sizeof *seen + event->field_count * sizeof seen->fields[0]);
    if (seen == NULL)
        return kd_fail_memory(err);
    seen->schema_hash = source->schema_hash;
    seen->event = (uint16_t)(event - source->events);
    seen->count = (uint16_t)event->field_count;
    for (size_t i = 0; i < event->field_count; i++) {
        seen->fields[i] = look_at(&event->fields[i], item);
        if (source->strict && ((seen->fields[i].state == KD_SEEN_ABSENT && event->fields[i].required) || seen->fields[i].state >= KD_SEEN_TYPE))
            return refuse(&event->fields[i], (kd_seen_state)seen->fields[i].state, err);
    }
    *out = seen;
    return KD_OK;
}
