#include "insight/steps.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum { VERSION = 1, ARENA_BYTES = 1 << 20 };
static const kd_id nobody;
#define KIND KD_STR("steps")

struct kd_steps {
    kd_store       *store;
    pthread_mutex_t write_lock; /* taken before `lock` */
    pthread_mutex_t lock;       /* guards what follows */
    kd_step         ring[KD_STEPS_MAX];
    size_t          next, count;
};

static kd_id record_id(void)
{
    return kd_id_of_message(KIND, KD_STR("all"), 1);
}

static void put_step(kd_buf *out, const kd_step *s)
{
    kd_put_str(out, kd_str_z(s->name));
    kd_put_str(out, kd_str_z(s->about));
    kd_put_str(out, kd_str_z(s->source));
    kd_put_zigzag(out, s->started_ms);
    kd_put_varint(out, s->us);
    kd_put_varint(out, s->rows_in);
    kd_put_varint(out, s->rows_out);
    kd_put_varint(out, s->rejected);
    kd_put_varint(out, s->dropped);
    kd_put_u8(out, s->failed);
}

static void cut_text(char *out, size_t cap, kd_cut *cut)
{
    kd_str text = kd_cut_str(cut);
    snprintf(out, cap, "%.*s", (int)(text.len < cap ? text.len : cap - 1), text.ptr ? text.ptr : "");
}

static void cut_step(kd_step *s, kd_cut *cut)
{
    cut_text(s->name, sizeof s->name, cut);
    cut_text(s->about, sizeof s->about, cut);
    cut_text(s->source, sizeof s->source, cut);
    s->started_ms = kd_cut_zigzag(cut);
    s->us = kd_cut_varint(cut);
    s->rows_in = kd_cut_varint(cut);
    s->rows_out = kd_cut_varint(cut);
    s->rejected = kd_cut_varint(cut);
    s->dropped = kd_cut_varint(cut);
    s->failed = kd_cut_u8(cut) != 0;
}

/* The nth newest, from 0. */
static const kd_step *newest(const kd_steps *s, size_t n)
{
    return &s->ring[(s->next + KD_STEPS_MAX - 1 - n) % KD_STEPS_MAX];
}

static void add(kd_steps *s, const kd_step *step)
{
    s->ring[s->next] = *step;
    s->next = (s->next + 1) % KD_STEPS_MAX;
    s->count += s->count < KD_STEPS_MAX;
}

static kd_status write_all(kd_steps *s, kd_arena *arena, kd_err *err)
{
    kd_buf    body;
    kd_txn   *txn = NULL;
    kd_status status;
    kd_buf_init(&body, arena);
    pthread_mutex_lock(&s->lock);
    kd_put_u8(&body, VERSION);
    kd_put_varint(&body, s->count);
    for (size_t i = s->count; i-- > 0;)
        put_step(&body, newest(s, i));
    const kd_record record = { .kind = KIND, .id = record_id(), .time_ms = s->count ? newest(s, 0)->started_ms : 0, .body = kd_buf_str(&body) };
    pthread_mutex_unlock(&s->lock);
    if ((status = kd_buf_status(&body, err)) != KD_OK || (status = kd_txn_begin(&txn, s->store, kd_store_group_of(s->store, nobody), err)) != KD_OK)
        return status;
    if ((status = kd_txn_records_put(txn, &record, 1, err)) != KD_OK) {
        kd_txn_rollback(txn);
        return status;
    }
    return kd_txn_commit(txn, err);
}

void kd_steps_note(kd_steps *s, const kd_step *step)
{
    kd_arena *arena = kd_arena_new(ARENA_BYTES);
    kd_err    err = { 0 };
    pthread_mutex_lock(&s->write_lock);
    pthread_mutex_lock(&s->lock);
    add(s, step);
    pthread_mutex_unlock(&s->lock);
    if (arena == NULL || write_all(s, arena, &err) != KD_OK)
        kd_log(KD_LOG_WARN, "insight", "step-not-written", "step=%s", step->name);
    pthread_mutex_unlock(&s->write_lock);
    kd_arena_free(arena);
}

kd_status kd_steps_list(kd_step **out, size_t *count, kd_steps *s, size_t limit, kd_arena *arena, kd_err *err)
{
    kd_step *list = KD_NEW(arena, kd_step, limit < KD_STEPS_MAX ? limit : KD_STEPS_MAX);
    if (list == NULL)
        return kd_fail_memory(err);
    pthread_mutex_lock(&s->lock);
    for (*count = 0; *count < limit && *count < s->count; ++*count)
        list[*count] = *newest(s, *count);
    pthread_mutex_unlock(&s->lock);
    *out = list;
    return KD_OK;
}

bool kd_steps_newest(kd_step *out, kd_steps *s, const char *name)
{
    bool found = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count && !found; i++)
        if ((found = strcmp(newest(s, i)->name, name) == 0))
            *out = *newest(s, i);
    pthread_mutex_unlock(&s->lock);
    return found;
}

static void load(kd_steps *s, kd_str bytes)
{
    kd_cut         cut = kd_cut_from(bytes.ptr, bytes.len);
    const bool     known = kd_cut_u8(&cut) == VERSION;
    const uint64_t count = kd_cut_varint(&cut);
    for (uint64_t i = 0; known && i < count && i < KD_STEPS_MAX && !cut.failed; i++) {
        kd_step step = { 0 };
        cut_step(&step, &cut);
        if (!cut.failed)
            add(s, &step);
    }
}

kd_status kd_steps_open(kd_steps **out, kd_store *store, kd_err *err)
{
    kd_steps  *s = calloc(1, sizeof *s);
    kd_arena  *arena = kd_arena_new(ARENA_BYTES);
    kd_reader *reader = NULL;
    kd_record *records = NULL;
    size_t     count = 0;
    kd_status  status = s && arena ? kd_reader_open(&reader, store, err) : kd_fail_memory(err);
    if (status == KD_OK) {
        status = kd_reader_records(&records, &count, reader, nobody, KIND, nobody, 1, arena, err);
        kd_reader_close(reader);
    }
    if (status != KD_OK) {
        free(s);
        kd_arena_free(arena);
        return status;
    }
    s->store = store;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->write_lock, NULL);
    if (count)
        load(s, records[0].body);
    kd_arena_free(arena);
    *out = s;
    return KD_OK;
}

void kd_steps_close(kd_steps *s)
{
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->write_lock);
    free(s);
}
