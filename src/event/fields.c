#include "event/fields.h"

void kd_fields_pick(const kd_json **found, const kd_str *names, size_t count, const kd_json *object)
{
    if (!kd_json_is(object, KD_JSON_OBJECT))
        return;
    for (const kd_json *member = object->child; member; member = member->next)
        for (size_t i = 0; i < count; i++)
            if (names[i].len == member->key.len && memcmp(names[i].ptr, member->key.ptr, member->key.len) == 0) {
                found[i] = member->type == KD_JSON_NULL ? NULL : member;
                break;
            }
}
