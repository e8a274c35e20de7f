/* Taking a person out: every half of every trace, any call repeated, and nothing of it comes back. */
#include "conformance.h"
#include "support.h"

enum { EVENTS = 40, AT_ONCE = 7 };

typedef struct scene {
    kd_id    gone, stays, later; /* one group; `later` is made after the erasure */
    kd_event events[EVENTS];
    int64_t  head, from, next;
    size_t   erased;
    kd_erased counts;
} scene;

static kd_status put_all(kd_txn *txn, void *arg, kd_err *err)
{
    scene         *s = arg;
    uint32_t       slots[EVENTS] = { 0 };
    kd_append      results[EVENTS];
    kd_profile_row rows[2] = { { .person = s->gone, .secret = KD_STR("a secret") }, { .person = s->stays, .secret = KD_STR("a secret") } };
    kd_record      records[3] = { { s->gone, KD_STR("request"), s->gone, T0, KD_STR("x") }, { s->gone, KD_STR("tombstone"), s->gone, T0, KD_STR("t") },
                                  { s->stays, KD_STR("request"), s->stays, T0, KD_STR("y") } };
    kd_link        links[3] = { { .person = s->gone, .other = s->stays }, { .person = s->stays, .other = s->gone },
                                { .person = s->stays, .other = s->later } };
    for (size_t i = 0; i < 3; i++)
        links[i].kind = 1, links[i].proven = true, links[i].time_ms = T0, links[i].event = s->gone;
    kd_status status = kd_txn_persons_put(txn, rows, 2, err);
    s->head = 0;
    if (status == KD_OK)
        status = kd_txn_append(txn, s->events, EVENTS, &s->head, slots, results, err);
    if (status == KD_OK && results[0] == KD_APPEND_DUPLICATE) /* run again after all */
        s->head = EVENTS;
    if (status == KD_OK)
        status = kd_txn_records_put(txn, records, 3, err);
    return status == KD_OK ? kd_txn_links_put(txn, links, 3, err) : status;
}

static kd_status erase_some(kd_txn *txn, void *arg, kd_err *err)
{
    scene *s = arg;
    s->next = s->from;
    return kd_txn_chain_erase(txn, s->gone, T0 + 1000, &s->next, AT_ONCE, &s->erased, err);
}

static kd_status erase_rest(kd_txn *txn, void *arg, kd_err *err)
{
    scene    *s = arg;
    size_t    links = 0;
    kd_status status = kd_txn_person_erase(txn, s->gone, &s->counts, err);
    return status == KD_OK ? kd_txn_link_erase(txn, s->stays, s->gone, &links, err) : status;
}

static kd_status come_again(kd_txn *txn, void *arg, kd_err *err)
{
    scene    *s = arg;
    kd_event  events[3] = { s->events[3], s->events[3], s->events[3] };
    int64_t   heads[2] = { 0 };
    uint32_t  slots[3] = { 0, 0, 1 };
    kd_append results[3];
    events[0].person = events[1].person = s->later;
    events[1].id = numbered_id(9999, T0);
    events[2].person = s->stays; /* it was there before: two customers may well send one id */
    kd_status status = kd_txn_append(txn, events, 3, heads, slots, results, err);
    if (status == KD_OK && results[0] != KD_APPEND_DUPLICATE)
        status = kd_fail(err, KD_CORRUPT, "an erased event came back");
    return status;
}

static void check_keys(conform *c, const scene *s)
{
    kd_err      err = { 0 };
    kd_key      keys[30], cursor = { 0 };
    kd_id       persons[30], found[30];
    kd_key_row *rows, all[30];
    size_t      count, total = 0;
    bool        more = true;
    for (size_t i = 0; i < 30; i++) {
        keys[i] = (kd_key){ (uint8_t)(1 + i % 3), { (uint8_t)(i * 7) } };
        persons[i] = i % 3 ? s->stays : s->gone;
    }
    AGAIN(kd_store_keys_link(c->store, keys, persons, 30, &err));
    while (more) {
        AGAIN(kd_reader_keys_of(&rows, &count, &more, c->reader, &s->gone, 1, &cursor, 4, c->arena, &err));
        for (size_t i = 0; i < count; i++)
            all[total++] = rows[i];
    }
    assert_int_equal(total, 10);
    all[9].person = s->stays; /* not its person: it stays */
    AGAIN(kd_store_keys_unlink(c->store, all, total, &err));
    AGAIN(kd_store_keys_unlink(c->store, all, total, &err));
    AGAIN(kd_reader_keys(found, c->reader, keys, 30, &err));
    for (size_t i = total = 0; i < 30; i++) {
        total += kd_id_eq(found[i], s->gone);
        assert_true(i % 3 == 0 || kd_id_eq(found[i], s->stays));
    }
    assert_int_equal(total, 1);
}

void conform_erase(void **state)
{
    conform       *c = *state;
    scene         *s = calloc(1, sizeof *s);
    kd_err         err = { 0 };
    kd_profile_row rows[2];
    kd_record     *records;
    kd_event      *events;
    kd_link       *links;
    size_t         count;
    s->gone = conform_person_of(c, 0, 1);
    s->stays = conform_person_of(c, 0, 2);
    for (uint64_t n = 0; kd_id_is_nil(s->later) || kd_store_group_of(c->store, s->later) != 0; n++)
        s->later = numbered_id(n, T0 + 2000);
    for (size_t i = 0; i < EVENTS; i++)
        s->events[i] = (kd_event){ .id = numbered_id(i, T0), .person = s->gone, .kind = (uint16_t)(i % 2 ? 3 : 120), .received_ms = T0,
                                   .facts = KD_STR("facts"), .body = KD_STR("body") };
    conform_txn(c, 0, put_all, s);
    for (s->from = s->head; s->from; s->from = s->next)
        conform_txn(c, 0, erase_some, s);
    s->from = s->head;
    conform_txn(c, 0, erase_some, s); /* again: nothing is left to do */
    assert_int_equal(s->erased, 0);
    AGAIN(kd_reader_chain(&events, &count, c->reader, s->gone, s->head, 1000, true, c->arena, &err));
    assert_int_equal(count, EVENTS);
    for (size_t i = 0; i < count; i++)
        assert_true(events[i].body.len == 0 && events[i].facts.len == 0 && events[i].flags == (KD_EVENT_HOLLOW | KD_EVENT_ERASED));
    conform_txn(c, 0, erase_rest, s);
    conform_txn(c, 0, erase_rest, s);
    if (!c->adapter->rough)
        assert_true(s->counts.profiles == 1 && s->counts.records == 1 && s->counts.links == 1);
    AGAIN(kd_reader_profiles(rows, c->reader, (kd_id[]){ s->gone, s->stays }, 2, c->arena, &err));
    assert_true(kd_id_is_nil(rows[0].person) && kd_id_eq(rows[1].person, s->stays));
    AGAIN(kd_reader_records(&records, &count, c->reader, s->gone, KD_STR("request"), (kd_id){ 0 }, 10, c->arena, &err));
    assert_int_equal(count, 0);
    AGAIN(kd_reader_records(&records, &count, c->reader, s->gone, KD_STR("tombstone"), (kd_id){ 0 }, 10, c->arena, &err));
    assert_int_equal(count, 1);
    AGAIN(kd_reader_links(&links, &count, c->reader, s->gone, 1000, c->arena, &err));
    assert_int_equal(count, 0);
    AGAIN(kd_reader_links(&links, &count, c->reader, s->stays, 1000, c->arena, &err));
    assert_true(count == 1 && kd_id_eq(links[0].other, s->later));
    conform_txn(c, 0, come_again, s);
    check_keys(c, s);
    AGAIN(kd_store_sweep(c->store, &err));
    kd_reader_close(c->reader); /* what was erased is remembered by the file, not by the process */
    kd_store_close(c->store);
    OK(c->adapter->open(&c->store, c->path, 0, &err));
    AGAIN(kd_reader_open(&c->reader, c->store, &err));
    conform_txn(c, 0, come_again, s);
    free(s);
}
