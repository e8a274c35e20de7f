#include "customer/stated.h"

#include <stdio.h>

/* ---- names -------------------------------------------------------------------------------------------------------- */

static const struct plain { const char *name; kd_stated_kind kind; } plain_names[] = {
    { "size", KD_STATED_SIZE }, { "color", KD_STATED_COLOR }, { "brand", KD_STATED_BRAND }, { "category", KD_STATED_CATEGORY },
    { "frequency", KD_STATED_FREQUENCY }, { "surprise", KD_STATED_SURPRISE }, { "paused", KD_STATED_PAUSED }, { "language", KD_STATED_LANGUAGE },
    { "theme", KD_STATED_THEME }, { "layout", KD_STATED_LAYOUT }, { "startPage", KD_STATED_START_PAGE },
};

static const struct begun { const char *prefix; kd_stated_kind kind; bool encoded; } begun_names[] = { /* a longer prefix first */
    { "size.", KD_STATED_SIZE, false }, { "topic.", KD_STATED_TOPIC, false }, { "channel.", KD_STATED_CHANNEL, false },
    { "gift/", KD_STATED_GIFT, true }, { "notForMe/category/", KD_STATED_NOT_CATEGORY, true }, { "notForMe/", KD_STATED_NOT_PRODUCT, true },
};

enum { PLAIN = sizeof plain_names / sizeof *plain_names, BEGUN = sizeof begun_names / sizeof *begun_names };

static kd_status refuse_name(kd_err *err, kd_str name, const char *why)
{
    char field[64];
    snprintf(field, sizeof field, "/%.*s", (int)(name.len < 60 ? name.len : 60), name.len ? name.ptr : "");
    return kd_fail_field(err, KD_INVALID, field, "%s", why);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A part of a name: nothing but %XX is special. Empty when it is broken. */
static kd_str decode(kd_str part, kd_arena *arena)
{
    char  *text;
    size_t len = 0;
    if (part.len == 0 || memchr(part.ptr, '%', part.len) == NULL)
        return part;
    text = kd_arena_alloc(arena, part.len);
    for (size_t i = 0; text && i < part.len; i++) {
        int high = i + 2 < part.len ? hex_value(part.ptr[i + 1]) : -1, low = i + 2 < part.len ? hex_value(part.ptr[i + 2]) : -1;
        if (part.ptr[i] != '%') {
            text[len++] = part.ptr[i];
            continue;
        }
        if (high < 0 || low < 0)
            return (kd_str){ 0 };
        text[len++] = (char)(high * 16 + low);
        i += 2;
    }
    return (kd_str){ text, text ? len : 0 };
}

static void encode(kd_buf *out, kd_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (part.ptr[i] == '/' || part.ptr[i] == '%')
            kd_buf_addf(out, "%%%02X", (unsigned)(unsigned char)part.ptr[i]);
        else
            kd_buf_add_byte(out, (uint8_t)part.ptr[i]);
    }
}

static bool is_text(kd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
    return s.len > 0 && kd_utf8_valid(s);
}

static bool is_channel(kd_str s) { return kd_str_is(s, "email") || kd_str_is(s, "post") || kd_str_is(s, "push"); }

static kd_status parse_rest(kd_stated_name *out, const struct begun *begun, kd_str name, kd_arena *arena, kd_err *err)
{
    const size_t len = strlen(begun->prefix);
    kd_str       rest = { name.ptr + len, name.len - len };
    const char  *slash = begun->encoded && rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
    out->kind = begun->kind;
    if (begun->kind == KD_STATED_GIFT) {
        if (slash == NULL)
            return refuse_name(err, name, "names no order and product: gift/<orderId>/<productId>");
        out->order = decode((kd_str){ rest.ptr, (size_t)(slash - rest.ptr) }, arena);
        rest = (kd_str){ slash + 1, rest.len - (size_t)(slash - rest.ptr) - 1 };
        slash = memchr(rest.len ? rest.ptr : "", '/', rest.len);
    }
    if (slash != NULL)
        return refuse_name(err, name, "a '/' within an id is written %2F");
    out->about = begun->encoded ? decode(rest, arena) : rest;
    if (!is_text(out->about) || (begun->kind == KD_STATED_GIFT && !is_text(out->order)))
        return refuse_name(err, name, "a part of the name is empty or no text");
    if (begun->kind == KD_STATED_CHANNEL && !is_channel(out->about))
        return refuse_name(err, name, "the channel must be email, post or push");
    return KD_OK;
}

kd_status kd_stated_name_parse(kd_stated_name *out, kd_str name, kd_arena *arena, kd_err *err)
{
    *out = (kd_stated_name){ .kind = KD_STATED_NONE };
    if (name.len > KD_STATED_NAME_MAX)
        return refuse_name(err, name, "the name is too long");
    for (size_t i = 0; i < PLAIN; i++)
        if (kd_str_is(name, plain_names[i].name)) {
            out->kind = plain_names[i].kind;
            return KD_OK;
        }
    for (size_t i = 0; i < BEGUN; i++)
        if (kd_str_starts(name, begun_names[i].prefix))
            return parse_rest(out, &begun_names[i], name, arena, err);
    return refuse_name(err, name, "there is no preference of this name");
}

void kd_stated_name_make(kd_buf *out, kd_stated_kind kind, kd_str order, kd_str about)
{
    for (size_t i = 0; i < BEGUN; i++) {
        if (begun_names[i].kind != kind || (about.len == 0 && !begun_names[i].encoded))
            continue;
        kd_buf_add_z(out, begun_names[i].prefix);
        if (kind == KD_STATED_GIFT) {
            encode(out, order);
            kd_buf_add_byte(out, '/');
        }
        if (begun_names[i].encoded)
            encode(out, about);
        else
            kd_buf_add_str(out, about);
        return;
    }
    for (size_t i = 0; i < PLAIN; i++)
        if (plain_names[i].kind == kind)
            kd_buf_add_z(out, plain_names[i].name);
}

/* ---- what may be written ------------------------------------------------------------------------------------------- */

static bool is_array_kind(kd_stated_kind kind)
{
    return kind == KD_STATED_SIZE || kind == KD_STATED_COLOR || kind == KD_STATED_BRAND || kind == KD_STATED_CATEGORY;
}

static bool is_bool_kind(kd_stated_kind kind)
{
    return kind == KD_STATED_TOPIC || kind == KD_STATED_CHANNEL || kind == KD_STATED_PAUSED || kind == KD_STATED_GIFT ||
           kind == KD_STATED_NOT_PRODUCT || kind == KD_STATED_NOT_CATEGORY;
}

/* NULL-terminated; NULL: any short text. */
static const char *const *choices_of(kd_stated_kind kind)
{
    static const char *const often[] = { "often", "normal", "seldom", NULL }, *const themes[] = { "auto", "light", "dark", NULL },
                      *const layouts[] = { "grid", "list", "large", NULL };
    return kind == KD_STATED_FREQUENCY ? often : kind == KD_STATED_THEME ? themes : kind == KD_STATED_LAYOUT ? layouts : NULL;
}

static kd_status check_array(kd_buf *out, kd_str name, const kd_json *value, kd_err *err)
{
    const kd_json one = { .type = value->type, .text = value->text }, *first = value->type == KD_JSON_ARRAY ? value->child : &one;
    kd_str        kept[KD_STATED_VALUES_MAX];
    size_t        count = 0;
    kd_jw         w;
    if (value->type != KD_JSON_ARRAY && value->type != KD_JSON_STRING && value->type != KD_JSON_NUMBER)
        return refuse_name(err, name, "must be an array of texts");
    for (const kd_json *node = first; node; node = node->next) {
        const kd_str text = kd_str_trim(kd_json_text(node));
        bool         said = false;
        if (!is_text(text) || text.len > KD_STATED_TEXT_MAX)
            return refuse_name(err, name, "each value must be a text of 1 to 80 bytes");
        for (size_t i = 0; i < count && !said; i++)
            said = kd_str_eq(kept[i], text);
        if (said)
            continue;
        if (count == KD_STATED_VALUES_MAX)
            return refuse_name(err, name, "at most 20 values");
        kept[count++] = text;
    }
    kd_jw_init(&w, out);
    kd_jw_array(&w);
    for (size_t i = 0; i < count; i++)
        kd_jw_str(&w, kept[i]);
    kd_jw_array_end(&w);
    return KD_OK;
}

/* A path of the shop itself: what comes from here is put into pages, so it must lead nowhere else. */
static bool is_own_path(kd_str s)
{
    if (s.len == 0 || s.ptr[0] != '/' || (s.len > 1 && (s.ptr[1] == '/' || s.ptr[1] == '\\')))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || strchr("\\\"<>", s.ptr[i]))
            return false;
    return true;
}

/* "de", "de-AT" */
static bool is_language(kd_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (i >= 3 && ((c >= '0' && c <= '9') || c == '-')) || (i == 2 && c == '-')))
            return false;
    }
    return s.len >= 2 && s.len <= 12 && (s.len == 2 || s.ptr[2] == '-');
}

static kd_status check_text(kd_buf *out, kd_str name, kd_stated_kind kind, const kd_json *value, kd_err *err)
{
    const char *const *choices = choices_of(kind);
    const kd_str       text = kd_str_trim(kd_json_text(value));
    bool               ok = choices == NULL;
    kd_jw              w;
    if (value->type != KD_JSON_STRING || !is_text(text) || text.len > KD_STATED_TEXT_MAX)
        return refuse_name(err, name, "must be a text of 1 to 80 bytes");
    for (size_t i = 0; choices && choices[i]; i++)
        ok = ok || kd_str_is(text, choices[i]);
    if (!ok)
        return refuse_name(err, name, kind == KD_STATED_FREQUENCY ? "must be often, normal or seldom"
                                      : kind == KD_STATED_THEME ? "must be auto, light or dark" : "must be grid, list or large");
    if (kind == KD_STATED_START_PAGE && !is_own_path(text))
        return refuse_name(err, name, "must be a path of the shop itself, such as /women");
    if (kind == KD_STATED_LANGUAGE && !is_language(text))
        return refuse_name(err, name, "must be a language tag such as de or en-GB");
    kd_jw_init(&w, out);
    kd_jw_str(&w, text);
    return KD_OK;
}

kd_status kd_stated_check(kd_buf *out, kd_str name, const kd_json *value, kd_arena *arena, kd_err *err)
{
    const size_t   before = out->len;
    kd_stated_name parts;
    double         number = 0;
    kd_jw          w;
    kd_status      status = kd_stated_name_parse(&parts, name, arena, err);
    if (status != KD_OK)
        return status;
    kd_jw_init(&w, out);
    if (value->type == KD_JSON_NULL) {
        kd_jw_null(&w);
    } else if (is_array_kind(parts.kind)) {
        status = check_array(out, name, value, err);
    } else if (is_bool_kind(parts.kind)) {
        if (value->type != KD_JSON_TRUE && value->type != KD_JSON_FALSE)
            return refuse_name(err, name, "must be true or false");
        kd_jw_bool(&w, value->type == KD_JSON_TRUE);
    } else if (parts.kind == KD_STATED_SURPRISE) {
        if (!kd_json_f64(&number, value) || !(number >= 0 && number <= 1))
            return refuse_name(err, name, "must be a number from 0 to 1");
        kd_jw_f64(&w, number, 2);
    } else {
        status = check_text(out, name, parts.kind, value, err);
    }
    if (status == KD_OK && out->len - before > KD_STATED_VALUE_MAX)
        return refuse_name(err, name, "all values together are too long");
    return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static bool counts(const kd_register *r) { return !r->claimed && !kd_str_is(r->value, "null"); }

/* The texts of an array register, copied. */
static kd_status read_texts(kd_stated_refs *out, const kd_json *value, kd_arena *arena, kd_err *err)
{
    const uint32_t room = value->type == KD_JSON_ARRAY ? value->count : 0;
    kd_ref        *refs = KD_NEW(arena, kd_ref, room + 1);
    kd_str        *texts = KD_NEW(arena, kd_str, room + 1);
    *out = (kd_stated_refs){ refs, texts, 0 };
    if (!refs || !texts)
        return kd_fail_memory(err);
    for (const kd_json *node = room ? value->child : NULL; node && out->count < KD_STATED_VALUES_MAX; node = node->next) {
        const kd_str text = kd_json_text(node);
        if (text.len == 0)
            continue;
        texts[out->count] = text;
        refs[out->count++] = kd_ref_of(text);
    }
    return KD_OK;
}

static kd_status read_sizes(kd_stated *out, kd_ref of, const kd_json *value, kd_arena *arena, kd_err *err)
{
    kd_stated_refs sizes;
    kd_status      status = read_texts(&sizes, value, arena, err);
    for (uint32_t i = 0; status == KD_OK && i < sizes.count && out->size_count < KD_STATED_MAX; i++)
        out->sizes[out->size_count++] = (kd_stated_size){ of, sizes.refs[i] };
    return status;
}

static bool is_true(const kd_register *r) { return kd_str_is(r->value, "true"); }

static kd_status read_value(kd_stated *out, const kd_stated_name *name, const kd_register *r, kd_arena *arena, kd_err *err)
{
    const kd_json *value;
    kd_status      status = kd_json_parse(&value, arena, r->value.ptr, r->value.len, err);
    if (status != KD_OK)
        return status == KD_LIMIT ? status : KD_OK; /* stored by an older or foreign hand: passed over */
    switch (name->kind) {
    case KD_STATED_SIZE: return read_sizes(out, kd_ref_of(name->about), value, arena, err);
    case KD_STATED_COLOR: return read_texts(&out->colors, value, arena, err);
    case KD_STATED_BRAND: return read_texts(&out->brands, value, arena, err);
    case KD_STATED_CATEGORY: return read_texts(&out->categories, value, arena, err);
    case KD_STATED_SURPRISE:
        if (!kd_json_f64(&out->surprise, value) || !(out->surprise >= 0 && out->surprise <= 1))
            out->surprise = 0;
        return KD_OK;
    case KD_STATED_LANGUAGE: out->language = kd_json_text(value); return KD_OK;
    case KD_STATED_THEME: out->theme = kd_json_text(value); return KD_OK;
    case KD_STATED_LAYOUT: out->layout = kd_json_text(value); return KD_OK;
    case KD_STATED_START_PAGE: out->start_page = kd_json_text(value); return KD_OK;
    default: return KD_OK;
    }
}

/* The general sizes, said under "size", come first by name; whoever looks for a size takes the special ones first. */
static void special_first(kd_stated *out, kd_arena *arena)
{
    kd_stated_size *sorted = KD_NEW(arena, kd_stated_size, out->size_count + 1);
    uint32_t        count = 0;
    if (!sorted)
        return; /* the order is then that of the names: a worse choice, no wrong one */
    for (int general = 0; general < 2; general++)
        for (uint32_t i = 0; i < out->size_count; i++)
            if ((out->sizes[i].of == 0) == (general == 1))
                sorted[count++] = out->sizes[i];
    out->sizes = sorted;
}

kd_status kd_stated_read(kd_stated *out, const kd_profile *profile, kd_arena *arena, kd_err *err)
{
    const kd_register *list = profile->stated;
    const uint32_t     count = profile->stated_count;
    kd_status          status = KD_OK;
    *out = (kd_stated){ 0 };
    if (count == 0)
        return KD_OK;
    out->sizes = KD_NEW(arena, kd_stated_size, KD_STATED_MAX);
    out->gifts = KD_NEW(arena, kd_stated_gift, count);
    out->not_products = KD_NEW(arena, kd_ref, count);
    out->not_categories = KD_NEW(arena, kd_ref, count);
    if (!out->sizes || !out->gifts || !out->not_products || !out->not_categories)
        return kd_fail_memory(err);
    for (uint32_t i = 0; i < count && status == KD_OK; i++) {
        kd_stated_name name;
        if (!counts(&list[i]) || kd_stated_name_parse(&name, list[i].name, arena, NULL) != KD_OK)
            continue;
        switch (name.kind) {
        case KD_STATED_PAUSED: out->paused = is_true(&list[i]); break;
        case KD_STATED_TOPIC: case KD_STATED_CHANNEL: case KD_STATED_FREQUENCY: break; /* for those who send, not for those who show */
        case KD_STATED_GIFT:
            if (is_true(&list[i]))
                out->gifts[out->gift_count++] = (kd_stated_gift){ kd_ref_of(name.order), kd_ref_of(name.about) };
            break;
        case KD_STATED_NOT_PRODUCT:
            if (is_true(&list[i]))
                out->not_products[out->not_product_count++] = kd_ref_of(name.about);
            break;
        case KD_STATED_NOT_CATEGORY:
            if (is_true(&list[i]))
                out->not_categories[out->not_category_count++] = kd_ref_of(name.about);
            break;
        default: status = read_value(out, &name, &list[i], arena, err);
        }
    }
    if (out->size_count > 1)
        special_first(out, arena);
    return status;
}

bool kd_stated_is_paused(const kd_profile *profile)
{
    const kd_register *said = profile && profile->stated_count ? kd_profile_stated(profile, "paused") : NULL;
    return said && counts(said) && is_true(said);
}

/* The same list without its gifts, in the arena. */
static kd_status leave_gifts_out(kd_recent *out, const kd_recent *orders, const kd_stated *stated, kd_arena *arena, kd_err *err)
{
    *out = *orders;
    out->items = KD_NEW(arena, kd_interaction, orders->count);
    out->count = 0;
    if (!out->items)
        return kd_fail_memory(err);
    for (uint32_t i = 0; i < orders->count; i++)
        if (!kd_stated_is_gift(stated, orders->items[i].topic, orders->items[i].product))
            out->items[out->count++] = orders->items[i];
    return KD_OK;
}

kd_status kd_stated_view(kd_profile *view, const kd_profile *full, const kd_stated *stated, kd_arena *arena, kd_err *err)
{
    kd_recent *recents;
    *view = *full;
    if (!stated || stated->gift_count == 0)
        return KD_OK;
    recents = KD_NEW(arena, kd_recent, full->recent_count + 1);
    if (!recents)
        return kd_fail_memory(err);
    view->recent = recents;
    view->recent_count = 0;
    for (uint32_t i = 0; i < full->recent_count; i++) {
        kd_recent *kept = &recents[view->recent_count];
        kd_status  status = KD_OK;
        *kept = full->recent[i];
        if (kept->kind == KD_KIND_ORDER)
            status = leave_gifts_out(kept, &full->recent[i], stated, arena, err);
        if (status != KD_OK)
            return status;
        view->recent_count += kept->count > 0; /* a list is never empty */
    }
    return KD_OK;
}

bool kd_stated_is_gift(const kd_stated *stated, kd_ref order, kd_ref product)
{
    for (uint32_t i = 0; stated && i < stated->gift_count; i++)
        if (stated->gifts[i].order == order && stated->gifts[i].product == product)
            return true;
    return false;
}

bool kd_stated_write_appearance(kd_jw *w, const char *key, const kd_stated *stated)
{
    const struct { const char *name; kd_str value; } said[] = {
        { "theme", stated->theme }, { "layout", stated->layout }, { "startPage", stated->start_page }, { "language", stated->language },
    };
    bool open = false;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (said[i].value.len == 0)
            continue;
        if (!open && key)
            kd_jw_key(w, key);
        if (!open)
            kd_jw_object(w);
        open = true;
        KD_JW_STR(w, said[i].name, said[i].value);
    }
    if (open)
        kd_jw_object_end(w);
    return open;
}
