#include "api/who.h"

static bool looks_like_phone(kd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("+0123456789 ()-./", s.ptr[i]) || s.ptr[i] == '\0')
            return false;
    return s.len >= 6;
}

size_t kd_who_keys(kd_key out[KD_WHO_KEYS], const kd_vault *vault, kd_str id)
{
    static const kd_key_type tried[] = { KD_KEY_USER, KD_KEY_TILL, KD_KEY_CARD, KD_KEY_EMAIL, KD_KEY_PHONE, KD_KEY_ANONYMOUS, KD_KEY_DEVICE, KD_KEY_RECEIPT };
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

/* The person whose profile a key without one stands for: of the customer it belongs to. */
static kd_status acquire_joined(kd_person **entry, kd_parts *parts, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_customer customer;
    kd_id       known;
    kd_status   status = kd_customers_acquire(&customer, parts->customers, reader, person, err);
    if (status != KD_OK)
        return status == KD_NOT_FOUND ? KD_OK : status;
    known = customer.person;
    kd_customers_release(parts->customers, &customer);
    return acquire(entry, parts, reader, known, err);
}

kd_status kd_who_customer(kd_customer *out, bool *found, kd_parts *parts, kd_reader *reader, kd_id person, bool follow, kd_err *err)
{
    kd_status status = KD_NOT_FOUND;
    if (!kd_id_is_nil(person))
        status = follow ? kd_customers_acquire(out, parts->customers, reader, person, err)
                        : kd_customers_acquire_alone(out, parts->customers, reader, person, err);
    *found = status == KD_OK;
    return status == KD_NOT_FOUND ? KD_OK : status;
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
            status = acquire_joined(entry, parts, reader, persons[i], err);
    }
    return status;
}
