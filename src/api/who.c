#include "api/who.h"

enum { LINKS_BYTES = 256 * 1024 };

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
