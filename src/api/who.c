#include "api/who.h"

enum { LINKS_BYTES = 256 * 1024 };

static bool looks_like_phone(kd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("+0123456789 ()-./", s.ptr[i]) || s.ptr[i] == '\0')
            return false;
    return s.len >= 6;
}

size_t kd_who_keys(kd_key out[KD_WHO_KEYS], const kd_vault *vault, kd_str id)
{
    static const kd_key_type tried[] = { KD_KEY_USER, KD_KEY_CARD, KD_KEY_EMAIL, KD_KEY_PHONE, KD_KEY_DEVICE, KD_KEY_ANONYMOUS };
    const char *colon = id.len ? memchr(id.ptr, ':', id.len) : NULL;
    kd_key_type named = colon ? kd_key_type_parse((kd_str){ id.ptr, (size_t)(colon - id.ptr) }) : KD_KEY_NONE;
    size_t      count = 0;
    if (named != KD_KEY_NONE && kd_key_make(&out[0], vault, named, (kd_str){ colon + 1, id.len - (size_t)(colon - id.ptr) - 1 }, NULL) == KD_OK)
        count = 1;
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        if ((tried[i] == KD_KEY_PHONE && !looks_like_phone(id)) || (tried[i] == KD_KEY_EMAIL && !(id.len && memchr(id.ptr, '@', id.len))))
            continue;
        if (kd_key_make(&out[count], vault, tried[i], id, NULL) == KD_OK)
            count++;
    }
    return count;
}

static kd_status acquire(kd_person **entry, kd_parts *parts, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_status status = kd_people_acquire(entry, parts->people, reader, person, err);
    if (status != KD_NOT_FOUND)
        return status;
    *entry = NULL;
    return KD_OK;
}

static kd_status acquire_linked(kd_person **entry, kd_parts *parts, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_arena *arena = kd_arena_new(LINKS_BYTES);
    kd_link  *links = NULL;
    size_t    count = 0;
    kd_status status = arena ? kd_reader_links(&links, &count, reader, person, arena, err) : kd_fail_memory(err);
    for (size_t i = 0; i < count && status == KD_OK && *entry == NULL; i++)
        if (links[i].proven)
            status = acquire(entry, parts, reader, links[i].other, err);
    kd_arena_free(arena);
    return status;
}

kd_status kd_who_acquire(kd_person **entry, kd_parts *parts, kd_reader *reader, const kd_id *persons, size_t count, bool follow, kd_err *err)
{
    kd_status status = KD_OK;
    *entry = NULL;
    for (size_t i = 0; i < count && status == KD_OK && *entry == NULL; i++) {
        if (kd_id_is_nil(persons[i]))
            continue;
        status = acquire(entry, parts, reader, persons[i], err);
        if (status == KD_OK && *entry == NULL && follow)
            status = acquire_linked(entry, parts, reader, persons[i], err);
    }
    return status;
}
