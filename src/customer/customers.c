#include "customer/customers.h"

#include <pthread.h>
#include <stdlib.h>

struct kd_customers {
    kd_store            *store;
    kd_people           *people;
    size_t               bytes_max;
    pthread_mutex_t      policy;     /* guards `namespaces` */
    const kd_namespaces *namespaces;
};

struct kd_customer_private { kd_person *entry; /* locked */ };

kd_status kd_customers_open(kd_customers **out, kd_store *store, kd_people *people, size_t cache_bytes_max, kd_err *err)
{
    kd_customers *c = calloc(1, sizeof *c);
    if (!c)
        return kd_fail_memory(err);
    *c = (kd_customers){ .store = store, .people = people, .bytes_max = cache_bytes_max, .namespaces = kd_namespaces_builtin() };
    pthread_mutex_init(&c->policy, NULL);
    *out = c;
    return KD_OK;
}

void kd_customers_close(kd_customers *c)
{
    if (!c)
        return;
    kd_namespaces_release(c->namespaces);
    pthread_mutex_destroy(&c->policy);
    free(c);
}

kd_status kd_customers_acquire_alone(kd_customer *out, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err)
{
    kd_person *entry;
    kd_status  status = kd_people_acquire(&entry, c->people, reader, person, err);
    if (status != KD_OK)
        return status;
    *out = (kd_customer){ .home = person, .persons = &entry->id, .person_count = 1, .profile = &entry->profile, .person = person,
                          .folded = entry->folded, .head = entry->head, .priv = (struct kd_customer_private *)entry->priv };
    return KD_OK;
}

kd_status kd_customers_acquire(kd_customer *out, kd_customers *c, kd_reader *reader, kd_id person, kd_err *err)
{
    return kd_customers_acquire_alone(out, c, reader, person, err);
}

void kd_customers_release(kd_customers *c, kd_customer *customer)
{
    kd_people_release(c->people, (kd_person *)(uintptr_t)((const char *)customer->persons - offsetof(kd_person, id)));
    *customer = (kd_customer){ 0 };
}

kd_status kd_customers_members(kd_id **persons, size_t *count, kd_customers *c, kd_reader *reader, kd_id person, kd_arena *arena, kd_err *err)
{
    (void)c;
    (void)reader;
    *persons = KD_NEW(arena, kd_id, 1);
    *count = 1;
    if (*persons == NULL)
        return kd_fail_memory(err);
    (*persons)[0] = person;
    return KD_OK;
}

void kd_customers_changed(kd_customers *c, const kd_id *persons, size_t count)
{
    kd_people_note_links(c->people, persons, count, false);
}

const kd_namespaces *kd_customers_namespaces(kd_customers *c)
{
    const kd_namespaces *n;
    pthread_mutex_lock(&c->policy);
    n = kd_namespaces_retain(c->namespaces);
    pthread_mutex_unlock(&c->policy);
    return n;
}

void kd_customers_set_namespaces(kd_customers *c, const kd_namespaces *namespaces)
{
    const kd_namespaces *old;
    pthread_mutex_lock(&c->policy);
    old = c->namespaces;
    c->namespaces = namespaces;
    pthread_mutex_unlock(&c->policy);
    kd_namespaces_release(old);
}
