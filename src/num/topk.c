#include "num/topk.h"

#include <stdbool.h>
#include <stdlib.h>

/* The total order of topk.h: `a` stands behind `b`. */
static bool worse(kd_scored a, kd_scored b)
{
    return a.score < b.score || (a.score == b.score && a.id > b.id);
}

/* The heap keeps its worst item at the root, the one that the next better item replaces. */
static void sift_up(kd_scored *heap, size_t at, kd_scored item)
{
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!worse(item, heap[parent]))
            break;
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = item;
}

static void sift_down(kd_scored *heap, size_t count, kd_scored item)
{
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && worse(heap[child + 1], heap[child]))
            child++;
        if (!worse(heap[child], item))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}

void kd_topk_push(kd_topk *top, float score, uint32_t id)
{
    kd_scored item = { score, id };

    if (score != score) /* NaN has no place in an order */
        return;
    if (top->count < top->k)
        sift_up(top->items, top->count++, item);
    else if (top->k > 0 && worse(top->items[0], item))
        sift_down(top->items, top->count, item);
}

static int best_first(const void *a, const void *b)
{
    kd_scored x = *(const kd_scored *)a, y = *(const kd_scored *)b;
    return worse(y, x) ? -1 : worse(x, y);
}

void kd_topk_sort(kd_topk *top)
{
    qsort(top->items, top->count, sizeof *top->items, best_first);
}
