#include "catalog/document.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "catalog/document_read.h"

static const char *const kind_names[KD_DOC_KINDS] = { "product", "place", "content", "postal", "stub" };

bool kd_doc_kind_parse(kd_doc_kind *out, kd_str name)
{
    for (int k = 0; k < KD_DOC_STUB; k++) /* a stub is Kunde's own: nobody sends one */
        if (kd_str_is(name, kind_names[k])) {
            *out = (kd_doc_kind)k;
            return true;
        }
    return false;
}

const char *kd_doc_kind_name(kd_doc_kind kind)
{
    return kind_names[kind];
}

/* ---- fields ---- */

kd_status kd_field_wrong(kd_err *err, const char *at, const char *name, const char *why)
{
    char field[sizeof err->field];
    snprintf(field, sizeof field, "%s/%s", at, name);
    return kd_fail_field(err, KD_INVALID, field, "%s: %s", name, why);
}

const kd_json *kd_field(const kd_json *object, const char *name)
{
    const kd_json *node = kd_json_get(object, name);
    return kd_json_is(node, KD_JSON_NULL) ? NULL : node;
}

static bool has_control(kd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    return false;
}

kd_status kd_field_text(kd_str *out, const kd_json *object, const char *at, const char *name, size_t bytes_max, kd_err *err)
{
    const kd_json *node = kd_field(object, name);
    *out = (kd_str){ 0 };
    if (!node)
        return KD_OK;
    if (node->type != KD_JSON_STRING && node->type != KD_JSON_NUMBER)
        return kd_field_wrong(err, at, name, "must be text");
    *out = kd_str_trim(node->text);
    if (out->len > bytes_max) {
        char why[64];
        snprintf(why, sizeof why, "longer than %zu bytes", bytes_max);
        return kd_field_wrong(err, at, name, why);
    }
    return KD_OK;
}

kd_status kd_field_id(kd_str *out, const kd_json *object, const char *at, const char *name, kd_err *err)
{
    const kd_status status = kd_field_text(out, object, at, name, KD_DOC_ID_BYTES_MAX, err);
    if (status == KD_OK && has_control(*out))
        return kd_field_wrong(err, at, name, "must not hold control characters");
    return status;
}

/* Where a link may lead: pages and templates print it, so a script must not come in through the catalogue. */
kd_status kd_field_url(kd_str *out, const kd_json *object, const char *at, const char *name, bool picture, kd_err *err)
{
    const kd_status status = kd_field_text(out, object, at, name, picture ? KD_DOC_TEXT_BYTES_MAX : KD_DOC_URL_BYTES_MAX, err);
    if (status != KD_OK || out->len == 0)
        return status;
    size_t end = 0;
    while (end < out->len && !strchr(":/?#", out->ptr[end]))
        end++;
    if (has_control(*out))
        return kd_field_wrong(err, at, name, "must not hold control characters");
    if (end == out->len || out->ptr[end] != ':')
        return KD_OK;
    const kd_str scheme = { out->ptr, end };
    if (kd_str_is_nocase(scheme, "http") || kd_str_is_nocase(scheme, "https") || (picture && kd_str_starts(*out, "data:image/")))
        return KD_OK;
    return kd_field_wrong(err, at, name, picture ? "must be an http(s) address, a path or a data:image"
                          : "must be an http(s) address or a path");
}

kd_status kd_field_bool(bool *out, const kd_json *object, const char *at, const char *name, kd_err *err)
{
    const kd_json *node = kd_field(object, name);
    *out = kd_json_is(node, KD_JSON_TRUE);
    return !node || *out || node->type == KD_JSON_FALSE ? KD_OK : kd_field_wrong(err, at, name, "must be true or false");
}

kd_status kd_field_number(double *out, const kd_json *object, const char *at, const char *name, double min, double max, kd_err *err)
{
    const kd_json *node = kd_field(object, name);
    char           why[64];
    *out = NAN;
    if (!node)
        return KD_OK;
    if (!kd_str_f64(out, kd_str_trim(kd_json_text(node))))
        return kd_field_wrong(err, at, name, "must be a number");
    snprintf(why, sizeof why, "must be between %g and %g", min, max);
    return *out >= min && *out <= max ? KD_OK : kd_field_wrong(err, at, name, why);
}

/* One text, or a list of texts. */
kd_status kd_field_texts(const kd_json *object, const char *at, const char *name, size_t bytes_max, kd_err *err)
{
    const kd_json *node = kd_field(object, name);
    if (!node || node->type == KD_JSON_STRING || node->type == KD_JSON_NUMBER)
        return !node || node->text.len <= bytes_max ? KD_OK : kd_field_wrong(err, at, name, "is too long");
    if (node->type != KD_JSON_ARRAY)
        return kd_field_wrong(err, at, name, "must be text or a list of texts");
    if (node->count > KD_DOC_VALUES_MAX)
        return kd_field_wrong(err, at, name, "has more than 100 values");
    for (const kd_json *v = node->child; v; v = v->next)
        if ((v->type != KD_JSON_STRING && v->type != KD_JSON_NUMBER) || v->text.len > bytes_max)
            return kd_field_wrong(err, at, name, "must be a list of texts of bearable length");
    return KD_OK;
}

bool kd_price_text(int64_t *micro, kd_currency *currency, kd_str text, bool comma)
{
    text = kd_str_trim(text);
    *currency = (kd_currency){ "" };
    if (text.len > 3 && kd_currency_parse(currency, (kd_str){ text.ptr + text.len - 3, 3 }))
        text.len -= 3;
    else if (text.len > 3 && kd_currency_parse(currency, (kd_str){ text.ptr, 3 }))
        text = (kd_str){ text.ptr + 3, text.len - 3 };
    return kd_micro_parse(micro, kd_str_trim(text), comma);
}

bool kd_postal_key(char out[KD_POSTAL_CODE_BYTES + 2], kd_str country, kd_str code)
{
    size_t len = 2;
    memset(out, 0, KD_POSTAL_CODE_BYTES + 2);
    if (country.len != 2)
        return false;
    for (size_t i = 0; i < country.len + code.len; i++) {
        char c = i < 2 ? country.ptr[i] : code.ptr[i - 2];
        if (i >= 2 && (c == ' ' || c == '-'))
            continue;
        c = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        if (!((c >= 'A' && c <= 'Z') || (i >= 2 && c >= '0' && c <= '9')) || (i >= 2 && len == KD_POSTAL_CODE_BYTES + 2))
            return false;
        out[i < 2 ? i : len++] = c;
    }
    return len > 2;
}

/* ---- a document's id ---- */

kd_status kd_draft_id(kd_str *out, kd_doc_kind kind, const kd_json *body, kd_str id, kd_arena *arena, kd_err *err)
{
    kd_str    said = { 0 };
    kd_status status;
    if (body && body->type != KD_JSON_OBJECT)
        return kd_fail_field(err, KD_INVALID, "", "a %s document must be a JSON object", kind_names[kind]);
    if (body && body->count > KD_DOC_MEMBERS_MAX)
        return kd_fail_field(err, KD_INVALID, "", "a document must not have more than %d members", KD_DOC_MEMBERS_MAX);
    if (kind == KD_DOC_POSTAL && body) {
        char   key[KD_POSTAL_CODE_BYTES + 2], text[KD_POSTAL_CODE_BYTES + 4];
        kd_str country, code;
        if ((status = kd_field_text(&country, body, "", "country", 2, err)) != KD_OK
            || (status = kd_field_text(&code, body, "", "postalCode", 32, err)) != KD_OK)
            return status;
        if (country.len != 2)
            return kd_field_wrong(err, "", "country", "must be two letters (ISO 3166), such as DE");
        if (!kd_postal_key(key, country, code))
            return kd_field_wrong(err, "", "postalCode", "must be 1 to 10 letters and digits");
        snprintf(text, sizeof text, "%.2s %.10s", key, key + 2);
        *out = kd_str_copy(arena, kd_str_z(text));
        return out->ptr ? KD_OK : kd_fail_memory(err);
    }
    if ((status = kd_field_id(&said, body, "", "id", err)) != KD_OK)
        return status;
    id = kd_str_trim(id);
    if (id.len > KD_DOC_ID_BYTES_MAX || has_control(id))
        return kd_field_wrong(err, "", "id", "longer than 256 bytes, or with control characters");
    if (said.len != 0 && id.len != 0 && !kd_str_eq(said, id))
        return kd_field_wrong(err, "", "id", "differs from the id the document was sent under");
    *out = kd_str_copy(arena, said.len ? said : id);
    if (!out->ptr)
        return kd_fail_memory(err);
    return out->len ? KD_OK : kd_field_wrong(err, "", "id", "is missing");
}

/* ---- places, contents, postal codes ---- */

static bool clock_text(int *minutes, const kd_json *node)
{
    const kd_str t = kd_json_text(node);
    if (t.len != 5 || t.ptr[2] != ':')
        return false;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (t.ptr[i] < '0' || t.ptr[i] > '9'))
            return false;
    *minutes = ((t.ptr[0] - '0') * 10 + t.ptr[1] - '0') * 60 + (t.ptr[3] - '0') * 10 + t.ptr[4] - '0';
    return *minutes <= 24 * 60 && t.ptr[3] < '6';
}

static kd_status check_hours(const kd_json *hours, kd_err *err)
{
    static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
    if (!hours)
        return KD_OK;
    if (hours->type != KD_JSON_OBJECT)
        return kd_field_wrong(err, "", "hours", "must be an object of days, mon to sun");
    for (const kd_json *day = hours->child; day; day = day->next) {
        size_t known = 0;
        while (known < 7 && !kd_str_is(day->key, days[known]))
            known++;
        if (known == 7)
            return kd_field_wrong(err, "", "hours", "knows the days mon, tue, wed, thu, fri, sat, sun only");
        if (day->type != KD_JSON_ARRAY)
            return kd_field_wrong(err, "/hours", days[known], "must be a list of [\"09:00\",\"18:00\"]");
        for (const kd_json *span = day->child; span; span = span->next) {
            int opens = 0, closes = 0;
            if (span->type != KD_JSON_ARRAY || span->count != 2 || !clock_text(&opens, span->child)
                || !clock_text(&closes, span->child->next))
                return kd_field_wrong(err, "/hours", days[known], "must be a list of [\"09:00\",\"18:00\"]");
            if (closes <= opens)
                return kd_field_wrong(err, "/hours", days[known],
                                      "closes before it opens (after midnight belongs to the next day)");
        }
    }
    return KD_OK;
}

static kd_status check_place(const kd_json *body, kd_err *err)
{
    double         latitude, longitude;
    kd_str         text;
    kd_status      status;
    const kd_json *address = kd_field(body, "address");
    if ((status = kd_field_text(&text, body, "", "name", KD_DOC_TITLE_BYTES_MAX, err)) != KD_OK)
        return status;
    if (text.len == 0)
        return kd_field_wrong(err, "", "name", "is missing");
    if ((status = kd_field_text(&text, body, "", "kind", 64, err)) != KD_OK)
        return status;
    if (text.len != 0 && !kd_str_is(text, "store") && !kd_str_is(text, "warehouse") && !kd_str_is(text, "pickup"))
        return kd_field_wrong(err, "", "kind", "must be store, warehouse or pickup");
    if ((status = kd_field_number(&latitude, body, "", "latitude", -90, 90, err)) != KD_OK
        || (status = kd_field_number(&longitude, body, "", "longitude", -180, 180, err)) != KD_OK)
        return status;
    if (isnan(latitude) != isnan(longitude))
        return kd_field_wrong(err, "", isnan(latitude) ? "latitude" : "longitude", "is missing beside the other coordinate");
    if (address && address->type != KD_JSON_OBJECT)
        return kd_field_wrong(err, "", "address", "must be an object");
    return check_hours(kd_field(body, "hours"), err);
}

static kd_status check_content(const kd_json *body, kd_err *err)
{
    kd_str    text;
    bool      hidden;
    kd_status status;
    if ((status = kd_field_text(&text, body, "", "title", KD_DOC_TITLE_BYTES_MAX, err)) != KD_OK)
        return status;
    if (text.len == 0)
        return kd_field_wrong(err, "", "title", "is missing");
    if ((status = kd_field_text(&text, body, "", "kind", 64, err)) != KD_OK
        || (status = kd_field_url(&text, body, "", "url", false, err)) != KD_OK
        || (status = kd_field_url(&text, body, "", "image", true, err)) != KD_OK
        || (status = kd_field_bool(&hidden, body, "", "hidden", err)) != KD_OK
        || (status = kd_field_texts(body, "", "topics", KD_DOC_ID_BYTES_MAX, err)) != KD_OK
        || (status = kd_field_texts(body, "", "categories", KD_DOC_TITLE_BYTES_MAX, err)) != KD_OK)
        return status;
    return kd_field_texts(body, "", "products", KD_DOC_ID_BYTES_MAX, err);
}

/* Canonical: {"country":"DE","postalCode":"24937","latitude":54.78,"longitude":9.43} with what else is not kept. */
static kd_status read_postal(kd_buf *buf, const kd_json *body, kd_str id, kd_err *err)
{
    double    latitude, longitude;
    kd_status status;
    kd_jw     w;
    if ((status = kd_field_number(&latitude, body, "", "latitude", -90, 90, err)) != KD_OK
        || (status = kd_field_number(&longitude, body, "", "longitude", -180, 180, err)) != KD_OK)
        return status;
    if (isnan(latitude) || isnan(longitude))
        return kd_field_wrong(err, "", isnan(latitude) ? "latitude" : "longitude", "is missing");
    kd_jw_init(&w, buf);
    kd_jw_object(&w);
    KD_JW_STR(&w, "country", ((kd_str){ id.ptr, 2 }));
    KD_JW_STR(&w, "postalCode", ((kd_str){ id.ptr + 3, id.len - 3 }));
    kd_jw_key(&w, "latitude");
    kd_jw_fixed(&w, llround(latitude * 1e6), 6);
    kd_jw_key(&w, "longitude");
    kd_jw_fixed(&w, llround(longitude * 1e6), 6);
    kd_jw_object_end(&w);
    return KD_OK;
}

void kd_print_members(kd_jw *w, const kd_json *object, const char *const *without, size_t without_count)
{
    for (const kd_json *member = object ? object->child : NULL; member; member = member->next) {
        bool skip = member->type == KD_JSON_NULL || kd_json_get_str(object, member->key) != member;
        for (size_t i = 0; !skip && i < without_count; i++)
            skip = kd_str_is(member->key, without[i]);
        if (skip)
            continue;
        kd_jw_key_str(w, member->key);
        kd_jw_node(w, member);
    }
}

static void print_plain(kd_buf *buf, const kd_json *body, kd_str id)
{
    static const char *const without[] = { "id", "deleted" };
    kd_jw w;
    kd_jw_init(&w, buf);
    kd_jw_object(&w);
    KD_JW_STR(&w, "id", id);
    kd_print_members(&w, body, without, 2);
    kd_jw_object_end(&w);
}

kd_status kd_draft_read(kd_draft *out, kd_doc_kind kind, const kd_json *body, kd_str id, int64_t created_ms, int64_t now_ms,
                        kd_arena *arena, kd_err *err)
{
    kd_buf    buf;
    kd_status status;
    *out = (kd_draft){ .kind = kind };
    if (!body)
        return kd_fail_field(err, KD_INVALID, "", "a %s document needs a body", kind_names[kind]);
    if ((status = kd_draft_id(&out->id, kind, body, id, arena, err)) != KD_OK)
        return status;
    out->ref = kd_ref_of(out->id);
    kd_buf_init(&buf, arena);
    switch (kind) {
    case KD_DOC_PRODUCT: status = kd_draft_product(out, &buf, body, created_ms, now_ms, arena, err); break;
    case KD_DOC_PLACE:   status = check_place(body, err); break;
    case KD_DOC_CONTENT: status = check_content(body, err); break;
    case KD_DOC_POSTAL:  status = read_postal(&buf, body, out->id, err); break;
    default:             assert(!"stubs are made, not read"); break;
    }
    if (status == KD_OK && (kind == KD_DOC_PLACE || kind == KD_DOC_CONTENT))
        print_plain(&buf, body, out->id);
    if (status == KD_OK && buf.len > KD_DOC_BYTES_MAX)
        return kd_fail_field(err, KD_INVALID, "", "a document must not be longer than %d bytes", KD_DOC_BYTES_MAX);
    if (status == KD_OK)
        status = kd_buf_status(&buf, err);
    out->body = kd_buf_str(&buf);
    return status;
}
