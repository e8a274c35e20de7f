#include "recommend/model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recommend/model_format.h"

typedef struct list { const uint32_t *items; size_t count; } list;

struct kd_model {
    _Atomic uint32_t refs;
    void          *mapped;             /* to unmap, or NULL */
    void          *copied;             /* to free, or NULL */
    const uint8_t *bytes;
    size_t         size;
    const kd_model_header *header;
    const kd_ref  *items;
    uint32_t      *buckets;            /* refs are hashes: by their top bits, where the search for one begins */
    unsigned       bucket_shift;
    const float   *popularity, *trend;
    list           popular, trending;
    kd_str         report;
    struct { const uint32_t *starts, *supports; const kd_model_neighbour *neighbours; } relations[KD_RELATION_COUNT];
};

/* ---- writing --------------------------------------------------------------------------------------------------- */

typedef struct writer {
    kd_buf          *out;
    size_t           begin;           /* of the file in *out */
    kd_model_section table[KD_MODEL_SECTIONS_MAX];
    uint32_t         count;
} writer;

static void pad(writer *w)
{
    static const uint8_t zeros[KD_MODEL_ALIGN];
    size_t over = (w->out->len - w->begin) % KD_MODEL_ALIGN;
    if (over)
        kd_buf_add(w->out, zeros, KD_MODEL_ALIGN - over);
}

static void section_begin(writer *w, uint32_t part)
{
    pad(w);
    w->table[w->count] = (kd_model_section){ .part = part, .offset = w->out->len - w->begin };
}

static void section_end(writer *w)
{
    kd_model_section *s = &w->table[w->count++];
    s->bytes = w->out->len - w->begin - s->offset;
    if (!w->out->failed)
        s->hash = kd_hash64(w->out->ptr + w->begin + s->offset, s->bytes, s->part);
}

static void write_section(writer *w, uint32_t part, const void *bytes, size_t size)
{
    section_begin(w, part);
    kd_buf_add(w->out, bytes, size);
    section_end(w);
}

static void write_relation(writer *w, uint32_t relation, const kd_neighbours *n, uint32_t item_count)
{
    uint32_t start = 0;

    section_begin(w, KD_MODEL_STARTS + relation);
    kd_put_u32(w->out, start);
    for (uint32_t i = 0; i < item_count; i++)
        kd_put_u32(w->out, start += n->counts ? n->counts[i] : 0);
    section_end(w);
    section_begin(w, KD_MODEL_NEIGHBOURS + relation);
    for (uint32_t i = 0; n->counts && i < item_count; i++) {
        for (uint32_t j = 0; j < n->counts[i]; j++) {
            size_t at = (size_t)i * n->k + j;
            kd_model_neighbour one = { n->items[at].id, n->items[at].score };
            kd_buf_add(w->out, &one, sizeof one);
        }
    }
    section_end(w);
    section_begin(w, KD_MODEL_SUPPORTS + relation);
    for (uint32_t i = 0; n->counts && i < item_count; i++)
        for (uint32_t j = 0; j < n->counts[i]; j++)
            kd_put_u32(w->out, n->support[(size_t)i * n->k + j]);
    section_end(w);
}

/* Items of value > 0, greatest first. */
static kd_status write_order(writer *w, uint32_t part, const float *values, uint32_t count, kd_err *err)
{
    kd_topk top = { malloc(((size_t)count + 1) * sizeof *top.items), 0, count };

    if (!top.items)
        return kd_fail_memory(err);
    for (uint32_t i = 0; i < count; i++)
        if (values[i] > 0.0f)
            kd_topk_push(&top, values[i], i);
    kd_topk_sort(&top);
    section_begin(w, part);
    for (size_t i = 0; i < top.count; i++)
        kd_put_u32(w->out, top.items[i].id);
    section_end(w);
    free(top.items);
    return KD_OK;
}

static kd_status check_build(const kd_model_build *b, kd_err *err)
{
    for (uint32_t i = 1; i < b->item_count; i++)
        if (b->items[i - 1] >= b->items[i])
            return kd_fail(err, KD_INVALID, "the items of a model must ascend: item %u does not", i);
    for (int r = 0; r < KD_RELATION_COUNT; r++) {
        uint64_t total = 0;
        if (b->relations[r].counts && b->relations[r].item_count != b->item_count)
            return kd_fail(err, KD_INVALID, "relation %d of the model is about %u items, not %u", r, b->relations[r].item_count,
                           b->item_count);
        for (uint32_t i = 0; b->relations[r].counts && i < b->item_count; i++)
            total += b->relations[r].counts[i];
        if (total > UINT32_MAX)
            return kd_fail(err, KD_LIMIT, "relation %d of the model has more than 2^32 neighbours", r);
    }
    return KD_OK;
}

kd_status kd_model_write(kd_buf *out, const kd_model_build *b, kd_err *err)
{
    const uint32_t  count = 6 + 3 * KD_RELATION_COUNT;
    const size_t    head_bytes = sizeof(kd_model_header) + count * sizeof(kd_model_section);
    const uint8_t   zeros[sizeof(kd_model_header) + KD_MODEL_SECTIONS_MAX * sizeof(kd_model_section)] = { 0 };
    writer          w = { .out = out, .begin = out->len };
    kd_model_header header = { .magic = KD_MODEL_MAGIC, .format = KD_MODEL_FORMAT, .section_count = count, .version = b->version,
                               .item_count = b->item_count };
    kd_status       status = check_build(b, err);

    if (status != KD_OK)
        return status;
    kd_buf_add(out, zeros, head_bytes);
    write_section(&w, KD_MODEL_ITEMS, b->items, b->item_count * sizeof *b->items);
    write_section(&w, KD_MODEL_POPULARITY, b->popularity, b->item_count * sizeof *b->popularity);
    write_section(&w, KD_MODEL_TREND, b->trend, b->item_count * sizeof *b->trend);
    if ((status = write_order(&w, KD_MODEL_POPULAR, b->popularity, b->item_count, err)) != KD_OK)
        return status;
    if ((status = write_order(&w, KD_MODEL_TRENDING, b->trend, b->item_count, err)) != KD_OK)
        return status;
    for (uint32_t r = 0; r < KD_RELATION_COUNT; r++)
        write_relation(&w, r, &b->relations[r], b->item_count);
    write_section(&w, KD_MODEL_REPORT, b->report.ptr, b->report.len);
    if ((status = kd_buf_status(out, err)) != KD_OK)
        return status;

    header.file_bytes = out->len - w.begin;
    memcpy(out->ptr + w.begin, &header, sizeof header);
    memcpy(out->ptr + w.begin + sizeof header, w.table, count * sizeof *w.table);
    header.hash = kd_hash64(out->ptr + w.begin, head_bytes, KD_MODEL_FORMAT);
    memcpy(out->ptr + w.begin, &header, sizeof header);
    return KD_OK;
}

/* ---- reading: nothing is believed before it is checked ----------------------------------------------------------- */

static kd_status check_header(kd_model *m, kd_err *err)
{
    const kd_model_header *h = m->header = (const kd_model_header *)m->bytes;
    kd_model_header        bare;
    uint8_t                head[sizeof(kd_model_header) + KD_MODEL_SECTIONS_MAX * sizeof(kd_model_section)];
    size_t                 head_bytes;

    if (m->size < sizeof *h)
        return kd_fail(err, KD_CORRUPT, "the model file is cut off: %zu bytes", m->size);
    if (memcmp(h->magic, KD_MODEL_MAGIC, sizeof h->magic) != 0)
        return kd_fail(err, KD_INVALID, "this is not a Kunde model");
    if (h->format != KD_MODEL_FORMAT)
        return kd_fail(err, KD_INVALID, "the model has format %u; this version reads format %d", h->format, KD_MODEL_FORMAT);
    if (h->file_bytes != m->size)
        return kd_fail(err, KD_CORRUPT, "the model file has %zu bytes, its header says %llu", m->size,
                       (unsigned long long)h->file_bytes);
    head_bytes = sizeof *h + (size_t)h->section_count * sizeof(kd_model_section);
    if (h->section_count > KD_MODEL_SECTIONS_MAX || head_bytes > m->size)
        return kd_fail(err, KD_CORRUPT, "the model's table of sections is damaged");
    bare = *h;
    bare.hash = 0;
    memcpy(head, m->bytes, head_bytes);
    memcpy(head, &bare, sizeof bare);
    if (kd_hash64(head, head_bytes, KD_MODEL_FORMAT) != h->hash)
        return kd_fail(err, KD_CORRUPT, "the model's header fails its check");
    return KD_OK;
}

static kd_status check_sections(const kd_model *m, kd_err *err)
{
    const kd_model_section *table = (const kd_model_section *)(m->bytes + sizeof *m->header);

    for (uint32_t i = 0; i < m->header->section_count; i++) {
        const kd_model_section *s = table + i;
        if (s->offset % KD_MODEL_ALIGN || s->offset > m->size || s->bytes > m->size - s->offset)
            return kd_fail(err, KD_CORRUPT, "section %u of the model lies outside the file", s->part);
        if (kd_hash64(m->bytes + s->offset, s->bytes, s->part) != s->hash)
            return kd_fail(err, KD_CORRUPT, "section %u of the model fails its check", s->part);
    }
    return KD_OK;
}

/* A part as an array of elements of `size` bytes. */
static kd_status find_part(const void **out, size_t *count, const kd_model *m, uint32_t part, size_t size, kd_err *err)
{
    const kd_model_section *table = (const kd_model_section *)(m->bytes + sizeof *m->header);

    for (uint32_t i = 0; i < m->header->section_count; i++) {
        if (table[i].part != part)
            continue;
        if (table[i].bytes % size)
            break;
        *out = m->bytes + table[i].offset;
        *count = table[i].bytes / size;
        return KD_OK;
    }
    return kd_fail(err, KD_CORRUPT, "section %u of the model is missing or has an odd length", part);
}

static kd_status read_items(kd_model *m, kd_err *err)
{
    const void *part = NULL;
    size_t      count = 0;
    kd_status   status = find_part(&part, &count, m, KD_MODEL_ITEMS, sizeof *m->items, err);

    if (status != KD_OK)
        return status;
    m->items = part;
    if (count != m->header->item_count)
        return kd_fail(err, KD_CORRUPT, "the model lists %zu items, its header says %u", count, m->header->item_count);
    for (size_t i = 1; i < count; i++)
        if (m->items[i - 1] >= m->items[i])
            return kd_fail(err, KD_CORRUPT, "the model's items do not ascend");
    return KD_OK;
}

/* The values of each item and the order by them. */
static kd_status read_ranking(const float **values, list *order, const kd_model *m, uint32_t values_part, uint32_t order_part, kd_err *err)
{
    const void *part = NULL;
    size_t      count = 0;
    kd_status   status = find_part(&part, &count, m, values_part, sizeof **values, err);

    if (status != KD_OK)
        return status;
    *values = part;
    if (count != m->header->item_count)
        return kd_fail(err, KD_CORRUPT, "section %u of the model has %zu values for %u items", values_part, count, m->header->item_count);
    for (size_t i = 0; i < count; i++)
        if (!((*values)[i] >= 0.0f && (*values)[i] <= KD_MODEL_SCORE_MAX))
            return kd_fail(err, KD_CORRUPT, "section %u of the model has a value out of range", values_part);
    if ((status = find_part(&part, &order->count, m, order_part, sizeof *order->items, err)) != KD_OK)
        return status;
    order->items = part;
    for (size_t i = 0; i < order->count; i++) {
        uint32_t item = order->items[i], before = i ? order->items[i - 1] : 0;
        if (item >= m->header->item_count)
            return kd_fail(err, KD_CORRUPT, "section %u of the model names an item that is not there", order_part);
        if (i && ((*values)[before] < (*values)[item] || ((*values)[before] == (*values)[item] && before >= item)))
            return kd_fail(err, KD_CORRUPT, "section %u of the model is not in order", order_part);
    }
    return KD_OK;
}

static kd_status read_relation(kd_model *m, uint32_t relation, kd_err *err)
{
    const void *starts_part = NULL, *neighbours_part = NULL, *supports_part = NULL;
    size_t      starts_count = 0, count = 0, support_count = 0;
    kd_status   status = find_part(&starts_part, &starts_count, m, KD_MODEL_STARTS + relation, sizeof(uint32_t), err);

    if (status == KD_OK)
        status = find_part(&neighbours_part, &count, m, KD_MODEL_NEIGHBOURS + relation, sizeof(kd_model_neighbour), err);
    if (status == KD_OK)
        status = find_part(&supports_part, &support_count, m, KD_MODEL_SUPPORTS + relation, sizeof(uint32_t), err);
    if (status != KD_OK)
        return status;
    m->relations[relation].supports = supports_part;
    const uint32_t           *starts = m->relations[relation].starts = starts_part;
    const kd_model_neighbour *all = m->relations[relation].neighbours = neighbours_part;
    if (starts_count != (size_t)m->header->item_count + 1 || starts[0] != 0 || starts[starts_count - 1] != count || support_count != count)
        return kd_fail(err, KD_CORRUPT, "the neighbours of relation %u do not fit the items", relation);
    for (uint32_t i = 0; i < m->header->item_count; i++) {
        if (starts[i] > starts[i + 1] || starts[i + 1] > count)
            return kd_fail(err, KD_CORRUPT, "the neighbours of relation %u do not ascend", relation);
        for (uint32_t n = starts[i]; n < starts[i + 1]; n++) {
            bool best_first = n == starts[i] || all[n - 1].score >= all[n].score;
            if (all[n].item >= m->header->item_count || all[n].item == i || !best_first ||
                !(all[n].score > 0.0f && all[n].score <= KD_MODEL_SCORE_MAX))
                return kd_fail(err, KD_CORRUPT, "relation %u of the model has a neighbour that cannot be", relation);
        }
    }
    return KD_OK;
}

static kd_status index_items(kd_model *m, kd_err *err)
{
    uint32_t count = m->header->item_count, bits = 1;

    while (bits < 31 && (UINT32_C(1) << bits) < count)
        bits++;
    m->bucket_shift = 64 - bits;
    m->buckets = malloc(((size_t)(UINT32_C(1) << bits) + 1) * sizeof *m->buckets);
    if (!m->buckets)
        return kd_fail_memory(err);
    for (uint32_t b = 0, i = 0; b <= UINT32_C(1) << bits; b++) {
        while (i < count && (m->items[i] >> m->bucket_shift) < b)
            i++;
        m->buckets[b] = i;
    }
    return KD_OK;
}

static kd_status read_all(kd_model *m, kd_err *err)
{
    const void *report = NULL;
    kd_status   status = check_header(m, err);

    if (status == KD_OK)
        status = check_sections(m, err);
    if (status == KD_OK)
        status = read_items(m, err);
    if (status == KD_OK)
        status = read_ranking(&m->popularity, &m->popular, m, KD_MODEL_POPULARITY, KD_MODEL_POPULAR, err);
    if (status == KD_OK)
        status = read_ranking(&m->trend, &m->trending, m, KD_MODEL_TREND, KD_MODEL_TRENDING, err);
    for (uint32_t r = 0; status == KD_OK && r < KD_RELATION_COUNT; r++)
        status = read_relation(m, r, err);
    if (status == KD_OK)
        status = find_part(&report, &m->report.len, m, KD_MODEL_REPORT, 1, err);
    m->report.ptr = report;
    return status == KD_OK ? index_items(m, err) : status;
}

static kd_status model_new(kd_model **out, kd_err *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return kd_fail_memory(err);
    atomic_init(&(*out)->refs, 1);
    return KD_OK;
}

static kd_status map_file(kd_model *m, const char *path, kd_err *err)
{
    struct stat st;
    kd_status   status = KD_OK;
    int         fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return kd_fail(err, errno == ENOENT ? KD_NOT_FOUND : KD_IO, "open the model: %s", strerror(errno));
    if (fstat(fd, &st) != 0)
        status = kd_fail(err, KD_IO, "look at the model: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = kd_fail(err, KD_INVALID, "the model is not a file");
    else if (st.st_size == 0)
        status = kd_fail(err, KD_CORRUPT, "the model file is empty");
    else {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            status = kd_fail(err, KD_IO, "map the model: %s", strerror(errno));
        } else {
            m->mapped = map;
            m->bytes = map;
            m->size = (size_t)st.st_size;
        }
    }
    close(fd);
    return status;
}

kd_status kd_model_load(kd_model **out, const char *path, kd_err *err)
{
    kd_model *m;
    kd_status status = model_new(&m, err);

    if (status != KD_OK)
        return status;
    status = map_file(m, path, err);
    if (status == KD_OK)
        status = read_all(m, err);
    if (status == KD_OK)
        *out = m;
    else
        kd_model_release(m);
    return status;
}

kd_status kd_model_from_bytes(kd_model **out, kd_str bytes, kd_err *err)
{
    kd_model *m;
    kd_status status = model_new(&m, err);

    if (status != KD_OK)
        return status;
    m->bytes = (const uint8_t *)bytes.ptr;
    m->size = bytes.len;
    if ((uintptr_t)bytes.ptr % _Alignof(kd_model_header)) { /* a file is mapped at a page; bytes may lie anywhere */
        m->copied = malloc(bytes.len ? bytes.len : 1);
        if (m->copied)
            memcpy(m->copied, bytes.ptr, bytes.len);
        else
            status = kd_fail_memory(err);
        m->bytes = m->copied;
    }
    if (status == KD_OK)
        status = read_all(m, err);
    if (status == KD_OK)
        *out = m;
    else
        kd_model_release(m);
    return status;
}

const kd_model *kd_model_retain(const kd_model *model)
{
    if (model)
        atomic_fetch_add_explicit(&((kd_model *)model)->refs, 1, memory_order_relaxed);
    return model;
}

void kd_model_release(const kd_model *model)
{
    kd_model *m = (kd_model *)model;

    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (m->mapped)
        munmap(m->mapped, m->size);
    free(m->copied);
    free(m->buckets);
    free(m);
}

/* ---- what is in it -------------------------------------------------------------------------------------------------- */

uint64_t kd_model_version(const kd_model *m) { return m->header->version; }
uint32_t kd_model_item_count(const kd_model *m) { return m->header->item_count; }
kd_ref   kd_model_item(const kd_model *m, uint32_t item) { return m->items[item]; }
float    kd_model_popularity(const kd_model *m, uint32_t item) { return m->popularity[item]; }
float    kd_model_trend(const kd_model *m, uint32_t item) { return m->trend[item]; }
kd_str   kd_model_report(const kd_model *m) { return m->report; }

uint32_t kd_model_find(const kd_model *m, kd_ref item)
{
    uint64_t bucket = item >> m->bucket_shift;
    uint32_t low = m->buckets[bucket], high = m->buckets[bucket + 1], end = high;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && m->items[low] == item ? low : UINT32_MAX;
}

size_t kd_model_neighbours(const kd_model *m, kd_relation relation, uint32_t item, const kd_model_neighbour **out)
{
    const uint32_t *starts = m->relations[relation].starts;
    *out = m->relations[relation].neighbours + starts[item];
    return starts[item + 1] - starts[item];
}

uint32_t kd_model_support(const kd_model *m, kd_relation relation, const kd_model_neighbour *neighbour)
{
    return m->relations[relation].supports[neighbour - m->relations[relation].neighbours];
}

size_t kd_model_popular(const kd_model *m, const uint32_t **out)
{
    *out = m->popular.items;
    return m->popular.count;
}

size_t kd_model_trending(const kd_model *m, const uint32_t **out)
{
    *out = m->trending.items;
    return m->trending.count;
}
