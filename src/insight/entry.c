#include "insight/entry.h"

const char *kd_entry_type(kd_kind kind)
{
    switch (kind) {
    case KD_KIND_IDENTIFY: return "identify";
    case KD_KIND_PAGE:     return "page";
    case KD_KIND_SCREEN:   return "screen";
    case KD_KIND_GROUP:    return "group";
    case KD_KIND_ALIAS:    return "alias";
    case KD_KIND_DECISION: return "decision";
    default:               return "track";
    }
}

void kd_write_time(kd_jw *w, const char *key, int64_t ms)
{
    char text[25];
    if (ms != KD_TIME_MIN)
        kd_time_format(text, ms);
    KD_JW_Z(w, key, ms == KD_TIME_MIN ? NULL : text);
}

void kd_write_id(kd_jw *w, const char *key, kd_id id)
{
    char text[KD_ID_TEXT];
    kd_id_format(text, id);
    KD_JW_Z(w, key, kd_id_is_nil(id) ? NULL : text);
}

void kd_write_text(kd_jw *w, const char *key, kd_str text)
{
    kd_jw_key(w, key);
    if (text.len)
        kd_jw_str(w, text);
    else
        kd_jw_null(w);
}

void kd_write_money(kd_jw *w, const char *key, int64_t micro, kd_currency currency)
{
    int64_t minor;
    char    text[32];
    kd_jw_key(w, key);
    if (!kd_money_from_micro(&minor, micro, currency)) {
        kd_jw_null(w);
        return;
    }
    kd_money_format(text, minor, currency);
    kd_jw_raw(w, kd_str_z(text));
}

void kd_write_product(kd_jw *w, kd_str sent, const kd_snapshot *snapshot)
{
    const kd_variant *variant = NULL;
    const kd_product *product = snapshot ? kd_snapshot_find_any(snapshot, kd_ref_of(sent), &variant) : NULL;
    kd_jw_object(w);
    KD_JW_STR(w, "productId", product ? product->id : sent);
    kd_write_text(w, "title", product ? product->title : (kd_str){ 0 });
    kd_write_text(w, "image", product ? product->image : (kd_str){ 0 });
    kd_jw_object_end(w);
}

void kd_entry_write(kd_jw *w, const kd_entry *entry, const kd_snapshot *snapshot)
{
    static const char *const states[] = { "stored", "duplicate", "rejected" };
    KD_JW_I64(w, "seq", entry->seq);
    KD_JW_Z(w, "state", states[entry->state]);
    kd_write_time(w, "time", entry->time_ms);
    kd_write_time(w, "receivedAt", entry->received_ms);
    kd_write_id(w, "person", entry->person);
    kd_write_id(w, "id", entry->id);
    kd_write_text(w, "messageId", entry->message_id);
    kd_write_text(w, "source", entry->source);
    kd_write_text(w, "name", entry->name);
    KD_JW_Z(w, "type", entry->type);
    KD_JW_BOOL(w, "claimed", entry->claimed);
    kd_jw_key(w, "product");
    if (entry->product.len)
        kd_write_product(w, entry->product, snapshot);
    else
        kd_jw_null(w);
    kd_write_text(w, "reason", entry->reason);
    kd_write_text(w, "field", entry->field);
}
