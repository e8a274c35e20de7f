#include "api/masking.h"

#include <ctype.h>

#define DOTS "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"

/* Members whose whole value tells who somebody is or what they sent, whatever is inside. */
static const char *const personal[] = {
    "identities", "traits", "raw", "row", "body", "payload", "proof", "context", "text", "excerpt", "snippet", "note", "subject", "contact", "stated",
    "email", "phone", "firstName", "lastName", "fullName", "address", "street", "city", "zip", "postalCode", "birthday", "userId", "anonymousId", "previousId", "groupId",
    "externalIds", "card", "keys", "orderId", "properties", "message",
};

static bool is_personal(kd_str key)
{
    for (size_t i = 0; i < sizeof personal / sizeof *personal; i++)
        if (kd_str_is_nocase(key, personal[i]))
            return true;
    return false;
}

static const char *find_at(kd_str text)
{
    const char *at = text.len ? memchr(text.ptr, '@', text.len) : NULL;
    return at && at > text.ptr && at + 1 < text.ptr + text.len ? at : NULL;
}

/* '+' and at least eight digits, with what people write between them. */
static bool is_phone(kd_str text)
{
    size_t digits = 0;
    if (text.len < 9 || text.len > 32 || text.ptr[0] != '+')
        return false;
    for (size_t i = 1; i < text.len; i++) {
        if (isdigit((unsigned char)text.ptr[i]))
            digits++;
        else if (!strchr(" -/().", text.ptr[i]))
            return false;
    }
    return digits >= 8;
}

static size_t characters(kd_str text, size_t enough)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < enough; i++)
        n += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return n;
}

static kd_str first_of(kd_str text)
{
    size_t step = kd_utf8_step(text);
    return (kd_str){ text.ptr, step ? step : 0 };
}

void kd_mask_text(kd_jw *w, kd_str text)
{
    const char *at = find_at(text);
    if (at && memchr(text.ptr, ' ', text.len) == NULL) {
        kd_str      domain = { at + 1, text.len - (size_t)(at + 1 - text.ptr) };
        const char *dot = memrchr(domain.ptr, '.', domain.len);
        kd_str      tail = dot ? (kd_str){ dot, domain.len - (size_t)(dot - domain.ptr) } : (kd_str){ 0 };
        kd_jw_pieces(w, (kd_str[]){ first_of(text), KD_STR(DOTS "@"), first_of(domain), KD_STR(DOTS), tail }, 5);
    } else if (characters(text, 4) > 3) {
        kd_jw_pieces(w, (kd_str[]){ first_of(text), KD_STR(DOTS) }, 2);
    } else {
        kd_jw_z(w, text.len ? DOTS : "");
    }
}

/* {"type":"email","value":...}, {"field":"trait.city","value":...}, {"kind":"identity","value":...}: identities, fields with
 * their lineage, facts. {"value":"red","score":...} is an opinion about colours. */
static bool names_value(const kd_json *object)
{
    kd_str kind = kd_json_text(kd_json_get(object, "kind"));
    return kd_json_get(object, "type") || kd_json_get(object, "field") || kd_str_is(kind, "trait") || kd_str_is(kind, "identity") || kd_str_is(kind, "orderId");
}

static void mask(kd_jw *w, const kd_json *node, bool inside);

static void mask_object(kd_jw *w, const kd_json *node, bool inside)
{
    const bool decision = kd_str_is(kd_json_text(kd_json_get(node, "type")), "decision"), values = names_value(node);
    kd_jw_object(w);
    for (const kd_json *m = node->child; m; m = m->next) {
        const bool sent = kd_str_is(m->key, "event") && kd_json_is(m, KD_JSON_OBJECT) && !decision && !kd_json_get(m, "person"); /* as it was sent; a receipt is ours, and so is a reference */
        kd_jw_key_str(w, m->key);
        if (m->type == KD_JSON_STRING && kd_str_is(m->key, "messageId"))
            kd_jw_str(w, m->text);
        else
            mask(w, m, inside || sent || is_personal(m->key) || (values && kd_str_is(m->key, "value")));
    }
    kd_jw_object_end(w);
}

static void mask(kd_jw *w, const kd_json *node, bool inside)
{
    switch (node->type) {
    case KD_JSON_OBJECT:
        mask_object(w, node, inside);
        break;
    case KD_JSON_ARRAY:
        kd_jw_array(w);
        for (const kd_json *e = node->child; e; e = e->next)
            mask(w, e, inside);
        kd_jw_array_end(w);
        break;
    case KD_JSON_STRING:
        if (inside || find_at(node->text) || is_phone(node->text))
            kd_mask_text(w, node->text);
        else
            kd_jw_str(w, node->text);
        break;
    case KD_JSON_NULL:
        kd_jw_null(w);
        break;
    default: /* a number or a truth: as telling as a text, where it is about somebody */
        if (inside)
            kd_jw_z(w, DOTS);
        else
            kd_jw_raw(w, node->raw);
    }
}

kd_status kd_mask_json(kd_buf *out, kd_str json, kd_arena *arena, kd_err *err)
{
    const kd_json *node = NULL;
    kd_jw          w;
    kd_status      status = kd_json_parse(&node, arena, json.ptr ? json.ptr : "", json.len, err);
    if (status != KD_OK)
        return status;
    kd_jw_init(&w, out);
    mask(&w, node, false);
    return kd_buf_status(out, err);
}
