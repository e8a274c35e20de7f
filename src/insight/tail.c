#include "insight/tail.h"

enum { WINDOW = 128 };

typedef struct group_tail {
    int64_t   before; /* events of smaller offsets are still to come */
    kd_event *events; /* the window read, ascending */
    size_t    left;   /* of them not given yet */
} group_tail;

struct kd_tail {
    kd_reader  *reader;
    kd_arena   *arena;
    uint16_t    group_count;
    group_tail *groups;
};

/* "offset.offset...", one a group. */
static kd_status read_cursor(kd_tail *tail, kd_str cursor, kd_err *err)
{
    for (uint16_t g = 0; g < tail->group_count; g++) {
        const char *dot = cursor.len ? memchr(cursor.ptr, '.', cursor.len) : NULL;
        kd_str      number = { cursor.ptr, dot ? (size_t)(dot - cursor.ptr) : cursor.len };
        bool        last = g + 1 == tail->group_count;
        int64_t     before;
        if (!kd_str_i64(&before, number) || before < 1 || before > tail->groups[g].before || (dot == NULL) != last)
            return kd_fail_field(err, KD_INVALID, "cursor", "not a cursor of this list");
        tail->groups[g].before = before;
        if (dot)
            cursor = (kd_str){ dot + 1, cursor.len - number.len - 1 };
    }
    return KD_OK;
}

kd_status kd_tail_open(kd_tail **out, const kd_store *store, kd_reader *reader, kd_str cursor, kd_arena *arena, kd_err *err)
{
    kd_tail  *tail = KD_NEW(arena, kd_tail, 1);
    kd_status status = KD_OK;
    if (tail == NULL)
        return kd_fail_memory(err);
    *tail = (kd_tail){ .reader = reader, .arena = arena, .group_count = kd_store_groups(store) };
    tail->groups = KD_NEW(arena, group_tail, tail->group_count);
    if (tail->groups == NULL)
        return kd_fail_memory(err);
    for (uint16_t g = 0; g < tail->group_count && status == KD_OK; g++) {
        int64_t end = 0;
        status = kd_reader_log_end(&end, reader, g, err);
        tail->groups[g].before = end + 1;
    }
    if (status == KD_OK && cursor.len)
        status = read_cursor(tail, cursor, err);
    *out = tail;
    return status;
}

static kd_status fill(kd_tail *tail, uint16_t g, kd_err *err)
{
    group_tail *group = &tail->groups[g];
    int64_t     after = group->before - 1 - WINDOW > 0 ? group->before - 1 - WINDOW : 0;
    size_t      count = 0;
    kd_status   status = kd_reader_log(&group->events, &count, tail->reader, g, after, (size_t)(group->before - 1 - after), false, tail->arena, err);
    if (status != KD_OK)
        return status;
    group->left = count;
    if (count == 0)
        group->before = 1; /* nothing where something was: do not ask for ever */
    return KD_OK;
}

kd_status kd_tail_next(const kd_event **event, kd_tail *tail, kd_err *err)
{
    group_tail *newest = NULL;
    *event = NULL;
    for (uint16_t g = 0; g < tail->group_count; g++) {
        group_tail *group = &tail->groups[g];
        if (group->left == 0 && group->before > 1) {
            kd_status status = fill(tail, g, err);
            if (status != KD_OK)
                return status;
        }
        if (group->left && (newest == NULL || group->events[group->left - 1].received_ms > newest->events[newest->left - 1].received_ms))
            newest = group;
    }
    if (newest == NULL)
        return KD_OK;
    *event = &newest->events[--newest->left];
    newest->before = (*event)->offset;
    return KD_OK;
}

void kd_tail_cursor(kd_buf *out, const kd_tail *tail)
{
    bool more = false;
    for (uint16_t g = 0; g < tail->group_count; g++)
        more = more || tail->groups[g].before > 1;
    for (uint16_t g = 0; g < tail->group_count && more; g++)
        kd_buf_addf(out, "%s%lld", g ? "." : "", (long long)tail->groups[g].before);
}
