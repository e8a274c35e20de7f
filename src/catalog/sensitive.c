#include "catalog/sensitive.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "catalog/change.h"
#include "catalog/query.h"
#include "catalog/sensitive_words.h"

enum { TOKEN_BYTES = 64, TOKENS_MAX = 4, CONCEPTS_BYTES_MAX = 64 * 1024 * 1024 };

typedef struct term { /* one word of one concept, ready to be compared */
    kd_str   tokens[TOKENS_MAX];
    uint8_t  count, concept;
    bool     open_end, open_begin;
} term;

struct kd_concepts {
    _Atomic uint32_t refs;
    kd_arena        *arena;
    kd_concept      *list;
    size_t           count;
    term            *terms;        /* by first byte of their first token, then those with an open beginning */
    uint32_t         begins[257];  /* terms of first byte b: begins[b] .. begins[b + 1] - 1 */
    size_t           term_count;
    kd_map          *categories, *products, *except; /* ref -> mask */
};

/* ---- words ---- */

/* A letter, a digit, or a byte of a letter beyond ASCII; the punctuation of UTF-8 that titles are full of (the signs for trade marks, dashes, hard
 * blanks) parts words too. */
static size_t punctuation(const char *at, size_t left)
{
    const unsigned char c = (unsigned char)at[0], d = left > 1 ? (unsigned char)at[1] : 0;
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 0 : 1;
    if (c == 0xC2)
        return left > 1 ? 2 : 1;
    return c == 0xE2 && d >= 0x80 && d <= 0x84 ? (left > 2 ? 3 : left) : 0;
}

typedef struct token { char text[TOKEN_BYTES]; size_t len, begin, end; } token; /* lower case; longer words are cut */

static bool next_token(token *t, kd_str text, size_t at)
{
    size_t step;
    while (at < text.len && (step = punctuation(text.ptr + at, text.len - at)) != 0)
        at += step;
    if (at >= text.len)
        return false;
    t->begin = at;
    while (at < text.len && punctuation(text.ptr + at, text.len - at) == 0)
        at++;
    t->end = at;
    t->len = at - t->begin < TOKEN_BYTES ? at - t->begin : TOKEN_BYTES;
    kd_lower(t->text, text.ptr + t->begin, t->len);
    return true;
}

static bool begins_with(const token *t, kd_str with) { return t->len >= with.len && memcmp(t->text, with.ptr, with.len) == 0; }

/* Does the term stand in the text from `first` on? *end: behind it. */
static bool stands(size_t *end, const term *one, const token *first, kd_str text)
{
    token t = *first;
    for (uint8_t i = 0; i < one->count; i++) {
        const bool last = i + 1 == one->count;
        if (i > 0 && !next_token(&t, text, t.end))
            return false;
        if (!begins_with(&t, one->tokens[i]) || (t.len != one->tokens[i].len && !(last && one->open_end)))
            return false;
    }
    *end = t.end;
    return true;
}

static bool has_inside(const token *t, const term *one)
{
    const kd_str part = one->tokens[0];
    for (size_t at = 0; at + part.len <= t->len; at++)
        if (memcmp(t->text + at, part.ptr, part.len) == 0 && (one->open_end || at + part.len == t->len))
            return true;
    return false;
}

/* Calls for every term that stands in the text; false from `found` ends it. */
typedef bool found_fn(void *self, const term *one, kd_str piece);
static void each_term(const kd_concepts *c, kd_str text, found_fn *found, void *self)
{
    token  t;
    size_t end = 0;
    for (size_t at = 0; next_token(&t, text, at); at = t.end) {
        const unsigned char first = (unsigned char)t.text[0];
        for (uint32_t i = c->begins[first]; i < c->begins[first + 1]; i++)
            if (stands(&end, &c->terms[i], &t, text) && !found(self, &c->terms[i], (kd_str){ text.ptr + t.begin, end - t.begin }))
                return;
        for (size_t i = c->begins[256]; i < c->term_count; i++)
            if (has_inside(&t, &c->terms[i]) && !found(self, &c->terms[i], (kd_str){ text.ptr + t.begin, t.end - t.begin }))
                return;
    }
}

static bool add_bit(void *self, const term *one, kd_str piece)
{
    (void)piece;
    *(uint32_t *)self |= UINT32_C(1) << one->concept;
    return true;
}

static uint32_t mask_of_text(const kd_concepts *c, kd_str text)
{
    uint32_t mask = 0;
    each_term(c, text, add_bit, &mask);
    return mask;
}

typedef struct finding_hits { const kd_concepts *concepts; kd_concept_hit *hits; size_t count; uint32_t seen; } finding_hits;

static bool add_hit(void *self, const term *one, kd_str piece)
{
    finding_hits *f = self;
    if ((f->seen >> one->concept & 1) == 0)
        f->hits[f->count++] = (kd_concept_hit){ &f->concepts->list[one->concept], piece };
    f->seen |= UINT32_C(1) << one->concept;
    return f->count < f->concepts->count;
}

size_t kd_concepts_find(kd_concept_hit hits[KD_CONCEPTS_MAX], const kd_concepts *concepts, kd_str text)
{
    finding_hits f = { .concepts = concepts, .hits = hits };
    each_term(concepts, text, add_hit, &f);
    return f.count;
}

/* ---- making a set ---- */

static bool copied(kd_str *out, kd_arena *arena, kd_str text)
{
    *out = kd_str_copy(arena, text);
    return out->ptr != NULL;
}

static bool seed_words(kd_concept *c, const char *words, kd_arena *arena)
{
    size_t  count = 1, n = 0;
    kd_str *list;
    for (const char *at = words; *at; at++)
        count += *at == '|';
    list = KD_NEW(arena, kd_str, count);
    for (const char *at = words; list && n < count; n++) {
        const char *bar = strchr(at, '|');
        list[n] = (kd_str){ at, bar ? (size_t)(bar - at) : strlen(at) };
        at = bar ? bar + 1 : at;
    }
    c->words = list;
    c->word_count = count;
    return list != NULL;
}

static bool copy_list(const kd_str **out, const kd_str *from, size_t count, kd_arena *arena)
{
    kd_str *list = KD_NEW(arena, kd_str, count + 1);
    bool    ok = list != NULL;
    for (size_t i = 0; i < count && ok; i++)
        ok = copied(&list[i], arena, from[i]);
    *out = list;
    return ok;
}

static bool copy_concept(kd_concept *to, const kd_concept *from, kd_arena *arena)
{
    *to = *from;
    return copied(&to->id, arena, from->id) && copied(&to->title_en, arena, from->title_en) && copied(&to->title_de, arena, from->title_de)
        && copy_list(&to->words, from->words, from->word_count, arena) && copy_list(&to->categories, from->categories, from->category_count, arena)
        && copy_list(&to->products, from->products, from->product_count, arena) && copy_list(&to->except, from->except, from->except_count, arena);
}

static bool start_from(kd_concepts *set, const kd_concepts *older)
{
    const size_t count = older ? older->count : kd_concept_seed_count;
    set->list = KD_NEW(set->arena, kd_concept, KD_CONCEPTS_MAX);
    for (; set->list && set->count < count; set->count++) {
        const kd_concept_seed *seed = older ? NULL : &kd_concept_seeds[set->count];
        kd_concept            *to = &set->list[set->count];
        if (older) {
            if (!copy_concept(to, &older->list[set->count], set->arena))
                return false;
            continue;
        }
        *to = (kd_concept){ .id = kd_str_z(seed->id), .title_en = kd_str_z(seed->title_en), .title_de = kd_str_z(seed->title_de), .active = true, .seeded = true };
        if (!seed_words(to, seed->words, set->arena))
            return false;
    }
    return set->list != NULL;
}

/* ---- a document laid over ---- */

static kd_status read_id(kd_str *out, const kd_json *doc, kd_err *err)
{
    const kd_str id = kd_str_trim(kd_json_text(kd_json_get(doc, "id")));
    if (id.len == 0 || id.len > KD_CONCEPT_ID_BYTES_MAX)
        return kd_fail_field(err, KD_INVALID, "/id", "a concept needs an id of 1 to %d characters", KD_CONCEPT_ID_BYTES_MAX);
    for (size_t i = 0; i < id.len; i++)
        if (!((id.ptr[i] >= 'a' && id.ptr[i] <= 'z') || (id.ptr[i] >= '0' && id.ptr[i] <= '9') || id.ptr[i] == '-'))
            return kd_fail_field(err, KD_INVALID, "/id", "an id is made of small letters, digits and hyphens");
    *out = id;
    return KD_OK;
}

/* Is it a word we can look for: one to four tokens, a star only at its ends, and enough of it to mean something? */
static bool read_term(term *out, kd_str word)
{
    token  t;
    size_t bytes = 0, at = 0;
    *out = (term){ 0 };
    word = kd_str_trim(word);
    if (word.len && word.ptr[0] == '*')
        out->open_begin = true;
    if (word.len && word.ptr[word.len - 1] == '*')
        out->open_end = true;
    for (size_t i = out->open_begin; i + out->open_end < word.len; i++)
        if (word.ptr[i] == '*')
            return false;
    for (; next_token(&t, word, at); at = t.end, bytes += t.len) {
        if (out->count == TOKENS_MAX || t.end - t.begin > TOKEN_BYTES)
            return false;
        out->tokens[out->count++] = (kd_str){ word.ptr + t.begin, t.len };
    }
    return out->count > 0 && bytes >= (out->open_begin || out->open_end ? 4u : 2u) && (!out->open_begin || out->count == 1);
}

static kd_status read_list(const kd_str **out, size_t *count, const kd_json *doc, const char *name, bool words, kd_arena *arena, kd_err *err)
{
    const kd_json *array = kd_json_get(doc, name);
    char           field[64];
    kd_str        *list;
    size_t         n = 0;
    if (!array || array->type == KD_JSON_NULL)
        return KD_OK;
    snprintf(field, sizeof field, "/%s", name);
    if (array->type != KD_JSON_ARRAY || array->count > KD_CONCEPT_LIST_MAX)
        return kd_fail_field(err, KD_INVALID, field, "must be a list of at most %d texts", KD_CONCEPT_LIST_MAX);
    list = KD_NEW(arena, kd_str, array->count + 1);
    if (!list)
        return kd_fail_memory(err);
    for (const kd_json *v = array->child; v; v = v->next, n++) {
        const kd_str text = kd_str_trim(kd_json_text(v));
        term         unused;
        snprintf(field, sizeof field, "/%s/%zu", name, n);
        if (text.len == 0 || text.len > (words ? (size_t)KD_CONCEPT_WORD_BYTES_MAX : (size_t)KD_DOC_TITLE_BYTES_MAX))
            return kd_fail_field(err, KD_INVALID, field, "must be a text of 1 to %d bytes", words ? KD_CONCEPT_WORD_BYTES_MAX : KD_DOC_TITLE_BYTES_MAX);
        if (words && !read_term(&unused, text))
            return kd_fail_field(err, KD_INVALID, field, "one to four words, a star only at an end, and four letters beside a star");
        if (!copied(&list[n], arena, text))
            return kd_fail_memory(err);
    }
    *out = list;
    *count = n;
    return KD_OK;
}

static kd_status read_title(kd_concept *c, const kd_json *doc, kd_arena *arena, kd_err *err)
{
    const kd_json *title = kd_json_get(doc, "title");
    const kd_str   en = kd_str_trim(kd_json_text(kd_json_get(title, "en"))), de = kd_str_trim(kd_json_text(kd_json_get(title, "de")));
    if (title && title->type != KD_JSON_NULL && title->type != KD_JSON_OBJECT)
        return kd_fail_field(err, KD_INVALID, "/title", "must be {\"en\":..,\"de\":..}");
    if (en.len > 200 || de.len > 200)
        return kd_fail_field(err, KD_INVALID, "/title", "at most 200 bytes");
    if ((en.len && !copied(&c->title_en, arena, en)) || (de.len && !copied(&c->title_de, arena, de)))
        return kd_fail_memory(err);
    if (c->title_en.len == 0)
        c->title_en = c->title_de.len ? c->title_de : c->id;
    if (c->title_de.len == 0)
        c->title_de = c->title_en;
    return KD_OK;
}

static kd_status lay_over(kd_concepts *set, const kd_json *doc, kd_err *err)
{
    kd_concept *c = NULL;
    kd_str      id = { 0 };
    kd_status   status = kd_json_is(doc, KD_JSON_OBJECT) ? read_id(&id, doc, err) : kd_fail_field(err, KD_INVALID, "", "a concept is an object");
    if (status != KD_OK)
        return status;
    for (size_t i = 0; i < set->count && !c; i++)
        if (kd_str_eq(set->list[i].id, id))
            c = &set->list[i];
    if (!c && set->count == KD_CONCEPTS_MAX)
        return kd_fail_field(err, KD_LIMIT, "/id", "there are %d concepts already", KD_CONCEPTS_MAX);
    if (!c) {
        c = &set->list[set->count++];
        *c = (kd_concept){ .active = true };
        if (!copied(&c->id, set->arena, id))
            return kd_fail_memory(err);
    }
    c->changed = true;
    if (kd_json_get(doc, "active") && !kd_json_is(kd_json_get(doc, "active"), KD_JSON_TRUE) && !kd_json_is(kd_json_get(doc, "active"), KD_JSON_FALSE))
        return kd_fail_field(err, KD_INVALID, "/active", "must be true or false");
    c->active = kd_json_bool(kd_json_get(doc, "active"), c->active);
    status = read_title(c, doc, set->arena, err);
    if (status == KD_OK)
        status = read_list(&c->words, &c->word_count, doc, "words", true, set->arena, err);
    if (status == KD_OK)
        status = read_list(&c->categories, &c->category_count, doc, "categories", false, set->arena, err);
    if (status == KD_OK)
        status = read_list(&c->products, &c->product_count, doc, "products", false, set->arena, err);
    return status == KD_OK ? read_list(&c->except, &c->except_count, doc, "except", false, set->arena, err) : status;
}

/* ---- the tables to ask ---- */

static int first_byte(const term *t) { return t->open_begin ? 256 : (unsigned char)t->tokens[0].ptr[0]; }

static int compare_terms(const void *a, const void *b)
{
    const term *x = a, *y = b;
    return first_byte(x) != first_byte(y) ? first_byte(x) - first_byte(y) : (int)x->concept - (int)y->concept;
}

static bool add_terms(kd_concepts *set)
{
    size_t room = 0;
    for (size_t i = 0; i < set->count; i++)
        room += set->list[i].active ? set->list[i].word_count : 0;
    set->terms = KD_NEW(set->arena, term, room + 1);
    for (size_t i = 0; set->terms && i < set->count; i++)
        for (size_t w = 0; set->list[i].active && w < set->list[i].word_count; w++) {
            term *t = &set->terms[set->term_count];
            if (!read_term(t, set->list[i].words[w]))
                continue; /* checked when it was written; an older build may have allowed more */
            t->concept = (uint8_t)i;
            for (uint8_t k = 0; k < t->count; k++) {
                char *lower = kd_arena_copy(set->arena, t->tokens[k].ptr, t->tokens[k].len);
                if (!lower)
                    return false;
                kd_lower(lower, t->tokens[k].ptr, t->tokens[k].len);
                t->tokens[k].ptr = lower;
            }
            set->term_count++;
        }
    if (!set->terms)
        return false;
    if (set->term_count)
        qsort(set->terms, set->term_count, sizeof *set->terms, compare_terms);
    for (size_t b = 0, at = 0; b <= 256; b++) {
        set->begins[b] = (uint32_t)at;
        while (b < 256 && at < set->term_count && first_byte(&set->terms[at]) == (int)b)
            at++;
    }
    return true;
}

static bool add_mask(kd_map *map, kd_ref ref, uint32_t bit)
{
    uint32_t mask = 0;
    kd_map_get(map, ref, &mask);
    return kd_map_set(map, ref, mask | bit);
}

/* "outdoor>Jackets" as the catalogue writes it: "outdoor > Jackets", then in lower case, so that spelling decides less. */
static kd_ref category_ref(kd_str path)
{
    char   text[KD_DOC_TITLE_BYTES_MAX * 3];
    size_t len = 0;
    while (path.len != 0) {
        const char  *end = memchr(path.ptr, '>', path.len);
        const kd_str level = kd_str_trim((kd_str){ path.ptr, end ? (size_t)(end - path.ptr) : path.len });
        const size_t step = end ? (size_t)(end - path.ptr) + 1 : path.len;
        path = (kd_str){ path.ptr + step, path.len - step };
        if (level.len == 0)
            continue;
        if (len + 3 + level.len > sizeof text)
            break;
        if (len != 0) {
            memcpy(text + len, " > ", 3);
            len += 3;
        }
        kd_lower(text + len, level.ptr, level.len);
        len += level.len;
    }
    return kd_ref_of((kd_str){ text, len });
}

static bool add_names(kd_concepts *set)
{
    set->categories = kd_map_new(16);
    set->products = kd_map_new(16);
    set->except = kd_map_new(16);
    bool ok = set->categories && set->products && set->except;
    for (size_t i = 0; i < set->count && ok; i++) {
        const kd_concept *c = &set->list[i];
        const uint32_t    bit = UINT32_C(1) << i;
        for (size_t n = 0; c->active && n < c->category_count && ok; n++)
            ok = add_mask(set->categories, category_ref(c->categories[n]), bit);
        for (size_t n = 0; c->active && n < c->product_count && ok; n++)
            ok = add_mask(set->products, kd_ref_of(c->products[n]), bit);
        for (size_t n = 0; n < c->except_count && ok; n++)
            ok = add_mask(set->except, kd_ref_of(c->except[n]), bit);
    }
    return ok;
}

kd_status kd_concepts_with(kd_concepts **out, const kd_concepts *older, const kd_json *doc, kd_err *err)
{
    kd_concepts *set = calloc(1, sizeof *set);
    kd_status    status;
    if (!set)
        return kd_fail_memory(err);
    atomic_init(&set->refs, 1);
    set->arena = kd_arena_new(CONCEPTS_BYTES_MAX);
    status = set->arena && start_from(set, older) ? KD_OK : kd_fail_memory(err);
    if (status == KD_OK && doc)
        status = lay_over(set, doc, err);
    if (status == KD_OK && (!add_terms(set) || !add_names(set)))
        status = kd_fail_memory(err);
    if (status == KD_OK)
        *out = set;
    else
        kd_concepts_release(set);
    return status;
}

const kd_concepts *kd_concepts_retain(const kd_concepts *concepts)
{
    kd_concepts *c = (kd_concepts *)(uintptr_t)concepts; /* const for its readers; the count is everybody's */
    if (c)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return concepts;
}

void kd_concepts_release(const kd_concepts *concepts)
{
    kd_concepts *c = (kd_concepts *)(uintptr_t)concepts;
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    kd_map_free(c->categories);
    kd_map_free(c->products);
    kd_map_free(c->except);
    kd_arena_free(c->arena);
    free(c);
}

size_t            kd_concepts_count(const kd_concepts *concepts) { return concepts->count; }
const kd_concept *kd_concepts_at(const kd_concepts *concepts, size_t index) { return &concepts->list[index]; }

const kd_concept *kd_concepts_by_id(const kd_concepts *concepts, kd_str id)
{
    for (size_t i = 0; i < concepts->count; i++)
        if (kd_str_eq(concepts->list[i].id, id))
            return &concepts->list[i];
    return NULL;
}

static void print_list(kd_jw *w, const char *name, const kd_str *list, size_t count)
{
    kd_jw_key(w, name);
    kd_jw_array(w);
    for (size_t i = 0; i < count; i++)
        kd_jw_str(w, list[i]);
    kd_jw_array_end(w);
}

void kd_concept_print(kd_jw *w, const kd_concept *c)
{
    kd_jw_object(w);
    KD_JW_STR(w, "id", c->id);
    kd_jw_key(w, "title");
    kd_jw_object(w);
    KD_JW_STR(w, "en", c->title_en);
    KD_JW_STR(w, "de", c->title_de);
    kd_jw_object_end(w);
    KD_JW_BOOL(w, "active", c->active);
    print_list(w, "words", c->words, c->word_count);
    print_list(w, "categories", c->categories, c->category_count);
    print_list(w, "products", c->products, c->product_count);
    print_list(w, "except", c->except, c->except_count);
    kd_jw_object_end(w);
}

/* ---- products ---- */

static uint32_t mask_of_node(const kd_concepts *c, const kd_json *node)
{
    uint32_t mask = 0;
    if (kd_json_is(node, KD_JSON_STRING))
        return mask_of_text(c, node->text);
    for (const kd_json *v = kd_json_is(node, KD_JSON_ARRAY) || kd_json_is(node, KD_JSON_OBJECT) ? node->child : NULL; v; v = v->next)
        mask |= mask_of_node(c, v) | (kd_json_is(v, KD_JSON_FALSE) ? 0 : mask_of_text(c, v->key)); /* "halal": false says the opposite */
    return mask;
}

uint32_t kd_concepts_of_category(const kd_concepts *concepts, kd_str path)
{
    uint32_t mask = mask_of_text(concepts, path), named = 0;
    for (size_t len = 1; len <= path.len && kd_map_count(concepts->categories) != 0; len++) /* every level above it, and itself */
        if ((len == path.len || path.ptr[len] == '>') && kd_map_get(concepts->categories, category_ref((kd_str){ path.ptr, len }), &named))
            mask |= named;
    return mask;
}

static uint32_t without_excepted(const kd_concepts *c, uint32_t mask, kd_ref ref)
{
    uint32_t except = 0;
    kd_map_get(c->except, ref, &except);
    return mask & ~except;
}

uint32_t kd_concepts_of_product(const kd_concepts *c, const kd_product *p, const kd_str *categories, size_t category_count)
{
    const kd_json *own = kd_json_get(p->doc, "sensitive");
    uint32_t       mask = mask_of_text(c, p->title) | mask_of_node(c, kd_json_get(p->doc, "attributes")) | mask_of_node(c, kd_json_get(p->doc, "tags")), named = 0;
    for (size_t i = 0; i < category_count; i++)
        mask |= kd_concepts_of_category(c, categories[i]);
    if (kd_map_get(c->products, p->ref, &named))
        mask |= named;
    if (kd_json_is(own, KD_JSON_TRUE))
        mask |= UINT32_C(1) << KD_CONCEPT_OWN;
    return without_excepted(c, mask, p->ref);
}

uint32_t kd_concepts_of_content(const kd_concepts *c, const kd_content *content)
{
    uint32_t       mask = mask_of_text(c, content->title) | mask_of_node(c, kd_json_get(content->doc, "topics")), named = 0;
    const kd_json *categories = kd_json_get(content->doc, "categories");
    if (kd_json_is(categories, KD_JSON_STRING))
        mask |= kd_concepts_of_category(c, categories->text);
    for (const kd_json *v = kd_json_is(categories, KD_JSON_ARRAY) ? categories->child : NULL; v; v = v->next)
        mask |= kd_concepts_of_category(c, kd_json_text(v));
    if (kd_map_get(c->products, content->ref, &named))
        mask |= named;
    return without_excepted(c, mask, content->ref);
}

/* ---- written ---- */

typedef struct concept_batch {
    kd_catalog  *catalog;
    kd_concepts *with;   /* all documents laid over */
    kd_doc      *docs;
    kd_arena    *arena;
} concept_batch;

static kd_status read_batch(concept_batch *b, const kd_json *const *docs, size_t count, int64_t now_ms, kd_err *err)
{
    kd_status status = (b->docs = KD_NEW(b->arena, kd_doc, count + 1)) ? KD_OK : kd_fail_memory(err);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_concepts *with = NULL;
        kd_err       why = { 0 };
        kd_buf       body;
        kd_jw        w;
        status = kd_concepts_with(&with, b->with ? b->with : b->catalog->concepts, docs[i], &why);
        if (status != KD_OK) {
            char field[sizeof why.field + 24];
            snprintf(field, sizeof field, "/%zu%s", i, why.field);
            return kd_fail_field(err, status, field, "%s", why.msg);
        }
        kd_concepts_release(b->with);
        b->with = with;
        const kd_concept *c = kd_concepts_by_id(with, kd_str_trim(kd_json_text(kd_json_get(docs[i], "id"))));
        kd_buf_init(&body, b->arena);
        kd_jw_init(&w, &body);
        kd_concept_print(&w, c);
        b->docs[i] = (kd_doc){ .kind = KD_STR("sensitive"), .id = kd_str_copy(b->arena, c->id), .valid_from_ms = now_ms, .body = kd_buf_str(&body) };
        status = b->docs[i].id.ptr ? kd_buf_status(&body, err) : kd_fail_memory(err);
    }
    return status;
}

/* Stored first, then shown: what is marked is never less than what is stored says. */
static kd_status write_batch(concept_batch *b, size_t count, kd_err *err)
{
    kd_catalog        *catalog = b->catalog;
    const kd_concepts *before = catalog->concepts;
    kd_arena          *scratch = kd_arena_new(CONCEPTS_BYTES_MAX);
    kd_showing         showing = { .catalog = catalog, .scratch = scratch };
    kd_status          status = scratch ? KD_OK : kd_fail_memory(err);
    catalog->concepts = b->with;
    if (status == KD_OK)
        status = kd_show_marks(&showing, err);
    if (status == KD_OK)
        status = kd_store_docs_put(catalog->store, b->docs, count, err);
    if (status == KD_OK) {
        b->with = NULL; /* the catalogue's now */
        for (size_t i = 0; i < count; i++)
            if (b->docs[i].version > showing.edit->version)
                showing.edit->version = b->docs[i].version;
        kd_concepts_release(before);
        kd_showing_publish(&showing);
    } else {
        catalog->concepts = before;
        kd_showing_drop(&showing);
    }
    kd_arena_free(scratch);
    return status;
}

kd_status kd_catalog_concepts_put(kd_catalog *catalog, const kd_json *const *docs, size_t count, int64_t now_ms, kd_err *err)
{
    concept_batch b = { .catalog = catalog, .arena = kd_arena_new(CONCEPTS_BYTES_MAX) };
    kd_status     status;
    if (!b.arena)
        return kd_fail_memory(err);
    pthread_mutex_lock(&catalog->write_lock);
    status = read_batch(&b, docs, count, now_ms, err);
    if (status == KD_OK && count != 0)
        status = write_batch(&b, count, err);
    pthread_mutex_unlock(&catalog->write_lock);
    kd_concepts_release(b.with);
    kd_arena_free(b.arena);
    return status;
}
