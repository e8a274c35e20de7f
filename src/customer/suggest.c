#include "customer/suggest.h"

#include <stdlib.h>

enum { EMAIL_MAX = 80, NAME_MAX_BYTES = 120, GROUP_MAX = 8 };

typedef struct mark { uint64_t hash; uint32_t row; bool email; } mark; /* rows of one mark are looked at together */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool kd_one_typo_apart(kd_str a, kd_str b)
{
    size_t i = 0, j = 0;
    if (a.len > b.len) {
        kd_str swap = a;
        a = b;
        b = swap;
    }
    if (b.len - a.len > 1)
        return false;
    while (i < a.len && lower(a.ptr[i]) == lower(b.ptr[i]))
        i++;
    while (j < a.len - i && lower(a.ptr[a.len - 1 - j]) == lower(b.ptr[b.len - 1 - j]))
        j++;
    if (a.len != b.len)
        return i + j >= a.len;
    if (a.len - i - j == 2) /* two neighbours in the other order */
        return lower(a.ptr[i]) == lower(b.ptr[i + 1]) && lower(a.ptr[i + 1]) == lower(b.ptr[i]);
    return a.len - i - j == 1;
}

/* "Müller-Lüdenscheid, Anna" and "mullerludenscheid anna" are one. UTF-8's two-byte Latin letters lose their accent. */
static size_t plain(char *out, size_t room, kd_str text)
{
    static const char latin[] = "aaaaaaaceeeeiiiidnooooo ouuuuy saaaaaaaceeeeiiiidnooooo ouuuuy y"; /* U+00C0.. */
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < room; i++) {
        unsigned char c = (unsigned char)lower(text.ptr[i]);
        if (c == 0xC3 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] >= 0x80 && (unsigned char)text.ptr[i + 1] < 0xC0)
            c = (unsigned char)latin[(unsigned char)text.ptr[++i] - 0x80];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c > 0x80)
            out[len++] = (char)c;
    }
    return len;
}

/* The e-mail itself and each with one character left out: two that are one slip apart share a mark. */
static size_t mark_email(mark *out, kd_str email, uint32_t row)
{
    char   text[EMAIL_MAX], less[EMAIL_MAX];
    size_t n = 0;
    if (email.len < 6 || email.len > EMAIL_MAX)
        return 0;
    for (size_t i = 0; i < email.len; i++)
        text[i] = lower(email.ptr[i]);
    out[n++] = (mark){ kd_hash64(text, email.len, 1), row, true };
    for (size_t i = 0; i < email.len; i++) {
        memcpy(less, text, i);
        memcpy(less + i, text + i + 1, email.len - i - 1);
        out[n++] = (mark){ kd_hash64(less, email.len - 1, 1), row, true };
    }
    return n;
}

static size_t mark_name(mark *out, const kd_candidate *c, uint32_t row)
{
    char   text[NAME_MAX_BYTES + 1 + 16];
    size_t name = plain(text, NAME_MAX_BYTES, c->name), len = name;
    if (name < 4 || c->postcode.len < 3)
        return 0;
    text[len++] = '/';
    len += plain(text + len, 16, c->postcode);
    *out = (mark){ kd_hash64(text, len, 2), row, false };
    return 1;
}

static int cmp_marks(const void *a, const void *b)
{
    const mark *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int cmp_suggestions(const void *a, const void *b)
{
    const kd_suggestion *x = a, *y = b;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return x->b < y->b ? -1 : x->b > y->b;
}

static size_t pairs_of(kd_suggestion *out, size_t room, const mark *group, size_t count, const kd_candidate *candidates)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count && n < room; k++) {
            const kd_candidate *x = &candidates[group[i].row], *y = &candidates[group[k].row];
            if (group[i].row == group[k].row || kd_id_eq(x->customer, y->customer) || (group[i].email && !kd_one_typo_apart(x->email, y->email)))
                continue;
            out[n++] = (kd_suggestion){ group[i].row, group[k].row, !group[i].email, group[i].email };
        }
    return n;
}

static size_t unite(kd_suggestion *list, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (n && cmp_suggestions(&list[n - 1], &list[i]) == 0) {
            list[n - 1].by_name |= list[i].by_name;
            list[n - 1].by_email |= list[i].by_email;
        } else {
            list[n++] = list[i];
        }
    return n;
}

kd_status kd_suggest(kd_suggestion **out, size_t *count, const kd_candidate *candidates, size_t candidate_count, size_t max, kd_arena *arena, kd_err *err)
{
    size_t         room = 0, marked = 0, n = 0, pair_room = 8 * max + 64;
    mark          *marks;
    kd_suggestion *list = KD_NEW(arena, kd_suggestion, pair_room);
    for (size_t i = 0; i < candidate_count; i++)
        room += candidates[i].email.len + 2;
    marks = KD_NEW(arena, mark, room + 1);
    if (!list || !marks)
        return kd_fail_memory(err);
    for (size_t i = 0; i < candidate_count; i++) {
        marked += mark_email(marks + marked, candidates[i].email, (uint32_t)i);
        marked += mark_name(marks + marked, &candidates[i], (uint32_t)i);
    }
    if (marked)
        qsort(marks, marked, sizeof *marks, cmp_marks);
    for (size_t i = 0, end; i < marked; i = end) {
        for (end = i + 1; end < marked && marks[end].hash == marks[i].hash; end++)
            ;
        if (end - i <= GROUP_MAX) /* a name that a whole town has, a domain's test addresses: nothing to look at */
            n += pairs_of(list + n, pair_room - n, marks + i, end - i, candidates);
    }
    if (n)
        qsort(list, n, sizeof *list, cmp_suggestions);
    n = unite(list, n);
    *out = list;
    *count = n < max ? n : max;
    return KD_OK;
}
