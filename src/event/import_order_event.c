#include "event/import_run.h"

#include "event/evidence.h"

/* The body of an order from a file: an event as any other source sends it, whose properties hold the rows as the shop wrote
 * them: "columns" once, and each row as an array (JSON Lines: the objects). Who it is about is read back from the body by
 * the one function that reads stored bodies, so that folding it again finds what was folded first. */

static const char *name_of(kd_kind kind)
{
    return kind == KD_KIND_ORDER ? "Order Completed" : kind == KD_KIND_RETURN ? "Order Refunded" : "Order Adjusted";
}

/* A key that names nobody ("0", "guest") would make one person of many: such a field is no key, and stays in the row. */
static bool names_somebody(const kd_import *run, kd_key_type type, kd_str value)
{
    kd_key key;
    return value.len > 0 && kd_key_make(&key, run->to->vault, type, value, NULL) == KD_OK;
}

static void write_external(kd_jw *w, const char *type, kd_str id)
{
    if (id.len == 0)
        return;
    kd_jw_object(w);
    KD_JW_Z(w, "type", type);
    KD_JW_STR(w, "id", id);
    kd_jw_object_end(w);
}

static void write_who(kd_jw *w, const kd_import *run, const kd_order_event *order)
{
    bool email = names_somebody(run, KD_KEY_EMAIL, order->email), card = names_somebody(run, KD_KEY_CARD, order->card);
    bool phone = names_somebody(run, KD_KEY_PHONE, order->phone);
    bool till = order->till_customer.len > 0 && !kd_key_is_nobody(order->till_customer), receipt = order->e_receipt.len > 0 && !kd_key_is_nobody(order->e_receipt);
    if (names_somebody(run, KD_KEY_USER, order->user))
        KD_JW_STR(w, "userId", order->user);
    if (!email && !card && !phone && !till && !receipt)
        return;
    kd_jw_key(w, "context");
    kd_jw_object(w);
    kd_jw_key(w, "traits");
    kd_jw_object(w);
    if (email)
        KD_JW_STR(w, "email", order->email);
    if (phone)
        KD_JW_STR(w, "phone", order->phone);
    if (card)
        KD_JW_STR(w, "loyalty_id", order->card);
    kd_jw_object_end(w);
    if (till || receipt) {
        kd_jw_key(w, "externalIds");
        kd_jw_array(w);
        write_external(w, "tillCustomerNumber", till ? order->till_customer : (kd_str){ 0 });
        write_external(w, "receiptId", receipt ? order->e_receipt : (kd_str){ 0 });
        kd_jw_array_end(w);
    }
    kd_jw_object_end(w);
}

/* Everything but the properties, closed: short, whatever the size of the order. */
static void write_envelope(kd_buf *out, const kd_import *run, const kd_order_event *order)
{
    kd_jw w;
    char  time[25];
    kd_time_format(time, order->time_ms);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "type", "track");
    KD_JW_Z(&w, "event", name_of(order->kind));
    KD_JW_STR(&w, "messageId", order->message_id);
    KD_JW_Z(&w, "timestamp", time);
    write_who(&w, run, order);
    kd_jw_object_end(&w);
}

static void write_properties(kd_buf *out, const kd_order_event *order)
{
    kd_jw w;
    out->len--; /* the brace that closed the envelope */
    kd_buf_add_z(out, ",\"properties\":");
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_STR(&w, "order_id", order->order);
    KD_JW_Z(&w, "currency", order->currency.code);
    kd_import_write_text(&w, "store_id", order->receipt ? order->place : (kd_str){ 0 });
    kd_import_write_text(&w, "till_id", order->till);
    if (order->columns.len > 0) {
        kd_jw_key(&w, "columns");
        kd_jw_raw(&w, order->columns);
    }
    kd_buf_add_z(out, ",\"rows\":[");
    kd_buf_add_str(out, order->rows);
    kd_buf_add_z(out, "]}}");
}

/* An order of nobody known: a person of its own, under the receipt's number. One person for all of them would be a crowd
 * whose taste is everybody's; none at all would lose the order for "also bought". */
static kd_status receipt_owner(kd_incoming *out, const kd_import *run, const kd_order_event *order, kd_arena *arena, kd_err *err)
{
    kd_buf key;
    kd_buf_init(&key, arena);
    kd_buf_add_z(&key, "receipt:");
    kd_buf_add_str(&key, run->options->source);
    kd_buf_add_byte(&key, ':');
    kd_buf_add_str(&key, order->known_as);
    if (key.len > KD_KEY_VALUE_MAX) {
        uint64_t hash = kd_hash64(key.ptr, key.len, 0);
        key.len = KD_KEY_VALUE_MAX - 20;
        kd_buf_addf(&key, ":%016llx", (unsigned long long)hash);
    }
    out->owner = (kd_ident){ KD_KEY_DEVICE, kd_buf_str(&key), true };
    return kd_buf_status(&key, err);
}

kd_status kd_import_order_event(kd_incoming *out, const kd_import *run, const kd_order_event *order, kd_arena *arena, kd_err *err)
{
    kd_buf    body;
    kd_status status;
    *out = (kd_incoming){ .received_ms = kd_now(run->to->clock), .message_id = order->message_id, .stubs = order->stubs };
    out->fact = (kd_fact){ .kind = order->kind, .channel = order->place.len || order->receipt ? KD_CHANNEL_STORE : KD_CHANNEL_FILE,
        .id = kd_event_id(run->options->source, order->message_id, order->written_ms, false),
        .time_ms = order->time_ms, .name = kd_str_z(name_of(order->kind)), .order_id = order->order, .place = order->place, .source = run->options->source,
        .currency = order->currency, .total_micro = KD_PRICE_NONE, .lines = order->lines, .line_count = order->line_count };
    kd_buf_init(&body, arena);
    kd_buf_reserve(&body, order->rows.len + order->columns.len + 1024);
    write_envelope(&body, run, order);
    status = kd_buf_status(&body, err);
    if (status == KD_OK)
        status = kd_incoming_traits(&out->fact, kd_buf_str(&body), arena, err);
    if (status != KD_OK)
        return status;
    if (out->fact.ident_count > 0)
        out->owner = out->fact.idents[0];
    else if ((status = receipt_owner(out, run, order, arena, err)) != KD_OK)
        return status;
    kd_evidence_read(out, (kd_verified){ false, false });
    write_properties(&body, order);
    out->body = kd_buf_str(&body);
    return kd_buf_status(&body, err);
}
