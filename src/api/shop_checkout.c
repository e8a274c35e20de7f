/* The till of the storefront: an order is checked against catalogue and stock, takes the stock, and is told to Kunde by the
 * server, so that it is proven. Then the account: what was ordered. */
#include "api/handlers.h"
#include "api/shop.h"

#include <pthread.h>
#include <stdio.h>

#include "api/caller.h"
#include "recommend/shelf.h"

enum { LINES_MAX = 20, QUANTITY_MAX = 10, RING = 256, NUMBER_BYTES = 24, ORDERS_SHOWN = 20, RETURNS_SHOWN = 64, SCRATCH_BYTES = 4 * 1024 * 1024, CART_KEEP_DAYS = 30 };

/* ---- the desk: one at a time looks into the stock and takes from it ------------------------------------------------------------ */
typedef struct receipt { kd_id checkout; char number[NUMBER_BYTES]; bool settled; } receipt;
static struct desk {
    pthread_mutex_t lock;         /* over everything here, and from a look at the stock until it is taken */
    receipt         ring[RING];   /* the last checkouts: a browser that asks again gets the same order */
    size_t          next;
} desk = { .lock = PTHREAD_MUTEX_INITIALIZER };

typedef struct wanted { const kd_product *product; const kd_variant *variant; int64_t quantity; kd_price price; } wanted;
typedef struct checkout {
    kd_id           id;
    char            number[NUMBER_BYTES];
    wanted          lines[LINES_MAX];
    size_t          count;
    const kd_place *from;         /* whose stock it takes: the warehouse, or the store that keeps it ready */
    bool            collect;
    int64_t         total_minor;
    kd_currency     currency;
} checkout;

static kd_status set_stock(const checkout *c, kd_request *request, int sign, kd_err *err)
{
    kd_level levels[LINES_MAX];
    for (size_t i = 0; i < c->count; i++) {
        const int32_t now = kd_stock_at(request->parts->catalog, c->lines[i].variant->row, c->from->row);
        levels[i] = (kd_level){ .variant = c->lines[i].variant->ref, .place = c->from->ref, .what = KD_LEVEL_STOCK, .value = now + sign * c->lines[i].quantity, .at_ms = kd_now(request->parts->clock) };
    }
    return kd_catalog_levels_put(request->parts->catalog, levels, c->count, err);
}

static kd_status check_stock(const checkout *c, kd_request *request, kd_err *err)
{
    char field[48];
    for (size_t i = 0; i < c->count; i++) {
        const int32_t left = kd_stock_at(request->parts->catalog, c->lines[i].variant->row, c->from->row);
        snprintf(field, sizeof field, "/lines/%zu/quantity", i);
        if (left < c->lines[i].quantity) /* unknown is less than anything */
            return kd_fail_field(err, KD_CONFLICT, field, left > 0 ? "only %d of it are left there" : "it is sold out there", left);
    }
    return KD_OK;
}

static receipt *find_receipt(kd_id checkout_id)
{
    for (size_t i = 0; i < RING; i++)
        if (kd_id_eq(desk.ring[i].checkout, checkout_id))
            return &desk.ring[i];
    return NULL;
}

/* *again: it was taken before, and the number is that of then. */
static kd_status take(bool *again, checkout *c, kd_request *request, kd_err *err)
{
    kd_status status = KD_OK;
    *again = false;
    pthread_mutex_lock(&desk.lock);
    receipt *known = find_receipt(c->id);
    if (known && !known->settled) {
        status = kd_fail_field(err, KD_CONFLICT, "/checkoutId", "this order is being taken; ask again in a moment");
    } else if (known) {
        memcpy(c->number, known->number, sizeof c->number);
        *again = true;
    } else if ((status = check_stock(c, request, err)) == KD_OK && (status = set_stock(c, request, -1, err)) == KD_OK) {
        receipt *fresh = &desk.ring[desk.next++ % RING];
        *fresh = (receipt){ .checkout = c->id };
        memcpy(fresh->number, c->number, sizeof fresh->number);
    }
    pthread_mutex_unlock(&desk.lock);
    return status;
}

/* The order is told, or could not be and the goods go back. */
static void settle(const checkout *c, kd_request *request, bool done)
{
    pthread_mutex_lock(&desk.lock);
    receipt *known = find_receipt(c->id);
    if (known && done)
        known->settled = true;
    else if (known)
        memset(known, 0, sizeof *known);
    if (!done)
        set_stock(c, request, 1, NULL);
    pthread_mutex_unlock(&desk.lock);
}

/* ---- what is ordered -------------------------------------------------------------------------------------------------------------- */
static kd_status read_line(wanted *out, const checkout *before, const kd_json *node, const kd_snapshot *s, const kd_catalog *catalog, kd_err *err)
{
    char   field[48];
    kd_str sku = kd_json_text(kd_json_get(node, "sku"));
    snprintf(field, sizeof field, "/lines/%zu/sku", before->count);
    *out = (wanted){ .variant = NULL };
    out->product = sku.len ? kd_snapshot_find_any(s, kd_ref_of(sku), &out->variant) : NULL;
    if (out->product && out->variant == NULL && out->product->variant_count == 1)
        out->variant = &out->product->variants[0];
    if (out->product == NULL || out->variant == NULL || out->product->hidden || out->product->stub)
        return kd_fail_field(err, KD_INVALID, field, "the shop has no article of this sku");
    for (size_t i = 0; i < before->count; i++)
        if (before->lines[i].variant == out->variant)
            return kd_fail_field(err, KD_INVALID, field, "is named twice; say how many instead");
    if (!kd_price_of(&out->price, catalog, out->variant->row))
        return kd_fail_field(err, KD_CONFLICT, field, "has no price at the moment");
    snprintf(field, sizeof field, "/lines/%zu/quantity", before->count);
    if (!kd_json_i64(&out->quantity, kd_json_get(node, "quantity")) || out->quantity < 1 || out->quantity > QUANTITY_MAX)
        return kd_fail_field(err, KD_INVALID, field, "must be a whole number from 1 to %d", QUANTITY_MAX);
    return KD_OK;
}

static kd_status read_delivery(checkout *out, const kd_json *json, const kd_snapshot *s, kd_err *err)
{
    const kd_json *delivery = kd_json_get(json, "delivery");
    kd_str         kind = kd_json_text(kd_json_get(delivery, "kind"));
    out->collect = kd_str_is(kind, "store");
    if (!out->collect && !kd_str_is(kind, "home"))
        return kd_fail_field(err, KD_INVALID, "/delivery/kind", "must be home or store");
    out->from = kd_snapshot_place_find(s, out->collect ? kd_ref_of(kd_json_text(kd_json_get(delivery, "place"))) : kd_ref_of(KD_STR("web")));
    if (out->from == NULL || out->from->closed || (out->collect && !kd_str_is(out->from->kind, "store")))
        return kd_fail_field(err, KD_INVALID, "/delivery/place", "there is no store of this id");
    return KD_OK;
}

/* K261122-7F3QX: the day, and five characters that a customer can read out on the telephone. */
static void make_number(checkout *c, int64_t now_ms)
{
    static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    uint64_t          hash = kd_hash64(c->id.b, sizeof c->id.b, 0);
    char              day[25], tail[6] = "";
    kd_time_format(day, now_ms);
    for (int i = 0; i < 5; i++, hash >>= 5)
        tail[i] = letters[hash & 31];
    snprintf(c->number, sizeof c->number, "K%.2s%.2s%.2s-%s", day + 2, day + 5, day + 8, tail);
}

static kd_status read_checkout(checkout *out, kd_request *request, const kd_json *json, const kd_snapshot *s, kd_err *err)
{
    const kd_json *lines = kd_json_get(json, "lines");
    kd_status      status = KD_OK;
    *out = (checkout){ .count = 0 };
    if (!kd_id_parse(&out->id, kd_json_text(kd_json_get(json, "checkoutId"))) || kd_id_is_nil(out->id))
        return kd_fail_field(err, KD_INVALID, "/checkoutId", "must be a UUID made for this order");
    if (!kd_json_is(lines, KD_JSON_ARRAY) || lines->count < 1 || lines->count > LINES_MAX)
        return kd_fail_field(err, KD_INVALID, "/lines", "must be an array of 1 to %d lines with sku and quantity", LINES_MAX);
    for (const kd_json *node = lines->child; node && status == KD_OK; node = node->next) {
        wanted *line = &out->lines[out->count];
        int64_t minor = 0;
        status = read_line(line, out, node, s, request->parts->catalog, err);
        if (status != KD_OK)
            break;
        if (out->count == 0)
            out->currency = line->price.currency;
        if (strcmp(out->currency.code, line->price.currency.code) != 0 || !kd_money_line(&minor, line->price.micro, line->quantity, out->currency))
            return kd_fail_field(err, KD_INVALID, "/lines", "an order is paid in one currency");
        out->total_minor += minor;
        out->count++;
    }
    if (status == KD_OK)
        status = read_delivery(out, json, s, err);
    make_number(out, request->now_ms);
    return status;
}

/* ---- telling Kunde -------------------------------------------------------------------------------------------------------------------- */
typedef struct letter { /* an event on its way to the writer */
    kd_submission   submission; /* first: done() gets its address */
    pthread_mutex_t lock;
    pthread_cond_t  back;
    bool            is_back;    /* under lock, as is what came of it */
    bool            known;      /* the log had it already */
    kd_status       status;
    kd_err          err;
} letter;

static void letter_done(kd_submission *submission, kd_status status, size_t stored, size_t duplicates, const kd_err *err)
{
    letter *l = (letter *)submission;
    (void)stored;
    pthread_mutex_lock(&l->lock);
    l->known = duplicates > 0;
    l->status = status;
    if (status != KD_OK)
        l->err = *err;
    l->is_back = true;
    pthread_cond_signal(&l->back);
    pthread_mutex_unlock(&l->lock);
}

/* Durable when it returns KD_OK; KD_BUSY as the collect door says it. *known: it was durable before. */
static kd_status deliver(bool *known, kd_request *request, const kd_incoming *event, kd_err *err)
{
    letter l = { .submission = { .events = event, .count = 1, .bytes = sizeof *event + event->body.len, .done = letter_done }, .lock = PTHREAD_MUTEX_INITIALIZER, .back = PTHREAD_COND_INITIALIZER };
    kd_status status = kd_ingest_submit(request->parts->ingest, &l.submission, err);
    if (status != KD_OK)
        return status;
    pthread_mutex_lock(&l.lock);
    while (!l.is_back)
        pthread_cond_wait(&l.back, &l.lock);
    pthread_mutex_unlock(&l.lock);
    if (l.status != KD_OK && err)
        *err = l.err;
    *known = l.known;
    return l.status;
}

static void write_order(kd_jw *w, const checkout *c)
{
    KD_JW_STR(w, "order_id", kd_str_z(c->number));
    kd_jw_key(w, "total");
    kd_jw_fixed(w, c->total_minor, kd_currency_exponent(c->currency));
    KD_JW_Z(w, "currency", c->currency.code);
    KD_JW_Z(w, "delivery", c->collect ? "store" : "home");
    if (c->collect)
        KD_JW_STR(w, "pickup_store", c->from->id);
    kd_jw_key(w, "products");
    kd_jw_array(w);
    for (size_t i = 0; i < c->count; i++) {
        const wanted *line = &c->lines[i];
        kd_jw_object(w);
        KD_JW_STR(w, "product_id", line->product->id);
        KD_JW_STR(w, "sku", line->variant->sku);
        KD_JW_STR(w, "variant", line->variant->sku);
        KD_JW_STR(w, "name", line->product->title);
        KD_JW_STR(w, "category", line->product->category);
        kd_shop_write_price(w, "price", line->price.micro, line->price.currency);
        KD_JW_I64(w, "quantity", line->quantity);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

/* The shop knows who ordered; of a visitor who allowed no id it tells Kunde the order alone, as of a receipt without a name. */
static kd_status tell(bool *known, const checkout *c, kd_request *request, const kd_visitor *visitor, kd_err *err)
{
    const kd_incoming_context context = { .speaker = KD_SPEAKER_SERVER, .source = KD_STR("shop"), .received_ms = request->now_ms, .sent_at_ms = KD_TIME_MIN, .channel = KD_CHANNEL_WEB };
    const kd_json *item = NULL;
    kd_incoming    event = { 0 };
    kd_buf         text;
    kd_jw          w;
    char           id[KD_ID_TEXT], time[25], message[KD_ID_TEXT + 16], nobody[NUMBER_BYTES + 8];
    kd_id_format(id, c->id);
    kd_time_format(time, request->now_ms);
    snprintf(message, sizeof message, "checkout-%s", id);
    snprintf(nobody, sizeof nobody, "order-%s", c->number);
    kd_buf_init(&text, request->arena);
    kd_jw_init(&w, &text);
    kd_jw_object(&w);
    KD_JW_Z(&w, "messageId", message);
    KD_JW_Z(&w, "timestamp", time);
    if (visitor->user_id.len)
        KD_JW_STR(&w, "userId", visitor->user_id);
    if (visitor->anonymous_id.len || visitor->user_id.len == 0)
        KD_JW_STR(&w, "anonymousId", visitor->anonymous_id.len ? visitor->anonymous_id : kd_str_z(nobody));
    KD_JW_Z(&w, "event", "Order Completed");
    kd_jw_key(&w, "properties");
    kd_jw_object(&w);
    write_order(&w, c);
    kd_jw_object_end(&w);
    kd_jw_object_end(&w);
    kd_status status = kd_buf_status(&text, err);
    if (status == KD_OK)
        status = kd_json_parse(&item, request->arena, text.ptr, text.len, err);
    if (status != KD_OK)
        return status;
    kd_incoming_from_json(&event, KD_CALL_TRACK, item, NULL, &context, request->arena);
    if (event.status != KD_OK && err)
        *err = event.err;
    return event.status == KD_OK ? deliver(known, request, &event, err) : event.status;
}

void kd_shop_checkout(kd_request *request)
{
    const kd_json *json;
    kd_visitor     visitor;
    bool           again = false;
    kd_err         err = { 0 };
    if (!kd_shop_enter(request, true) || !kd_shop_visitor(&visitor, request) || (json = kd_request_json(request, false)) == NULL)
        return;
    checkout          *c = KD_NEW(request->arena, checkout, 1);
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    kd_status          status = c ? read_checkout(c, request, json, s, &err) : kd_fail_memory(&err);
    if (status == KD_OK)
        status = take(&again, c, request, &err);
    if (status == KD_OK && !again) {
        bool known = false; /* a retry that the memory of checkouts no longer has: its goods were taken the first time */
        status = tell(&known, c, request, &visitor, &err);
        settle(c, request, status == KD_OK && !known);
    }
    if (status == KD_OK) {
        kd_jw w;
        kd_jw_init(&w, &request->out);
        kd_jw_object(&w);
        KD_JW_Z(&w, "orderId", c->number);
        write_order(&w, c);
        kd_jw_object_end(&w);
    }
    kd_snapshot_release(s);
    kd_reply_json(request, status, &err);
}

/* ---- GET /shop/api/account ------------------------------------------------------------------------------------------------------------ */
typedef struct ordered { kd_id event; int64_t time_ms; kd_channel channel; } ordered;
typedef struct returned { kd_ref order, product, variant; int32_t quantity; } returned;
typedef struct account { /* copied under the person's lock; what is read from the log comes after */
    kd_id         person;
    kd_data_key   key;
    ordered       orders[ORDERS_SHOWN];
    returned      returns[RETURNS_SHOWN];
    size_t        order_count, return_count;
    kd_cart_line *cart;
    size_t        cart_count;
    kd_sizes      sizes;
} account;

static kd_status copy_account(account *out, const kd_person *entry, kd_request *request, const kd_snapshot *s, kd_err *err)
{
    const kd_recent *orders = kd_profile_recent(&entry->profile, KD_KIND_ORDER), *returns = kd_profile_recent(&entry->profile, KD_KIND_RETURN);
    out->person = entry->id;
    out->key = entry->key;
    for (uint32_t i = 0; orders && i < orders->count && out->order_count < ORDERS_SHOWN; i++) {
        const kd_interaction *x = &orders->items[i];
        if (out->order_count == 0 || !kd_id_eq(out->orders[out->order_count - 1].event, x->id)) /* lines of one order lie together */
            out->orders[out->order_count++] = (ordered){ x->id, x->time_ms, (kd_channel)x->channel };
    }
    for (uint32_t i = 0; returns && i < returns->count && out->return_count < RETURNS_SHOWN; i++)
        out->returns[out->return_count++] = (returned){ returns->items[i].topic, returns->items[i].product, returns->items[i].variant, returns->items[i].quantity };
    kd_sizes_learn(&out->sizes, &entry->profile, s, true); /* in their own account */
    return kd_opinion_cart(&out->cart, &out->cart_count, &entry->profile, CART_KEEP_DAYS * KD_DAY_MS, request->now_ms, request->arena, err);
}

static int64_t sent_back(const account *a, kd_str order_id, kd_ref product, kd_ref variant)
{
    int64_t count = 0;
    for (size_t i = 0; i < a->return_count; i++)
        if (a->returns[i].order == kd_ref_of(order_id) && a->returns[i].product == product && (a->returns[i].variant == 0 || a->returns[i].variant == variant))
            count += a->returns[i].quantity;
    return count;
}

static void write_article(kd_jw *w, kd_ref product, kd_ref variant, const kd_snapshot *s, const kd_catalog *catalog)
{
    const kd_variant *v = NULL;
    const kd_product *p = variant ? kd_snapshot_find_any(s, variant, &v) : NULL;
    if (p == NULL)
        p = kd_snapshot_find_any(s, product, &v);
    if (p == NULL)
        return;
    kd_shop_write_card(w, p, v, catalog);
    if (v == NULL)
        return;
    KD_JW_STR(w, "sku", v->sku);
    KD_JW_STR(w, "size", v->size);
    KD_JW_STR(w, "color", v->color);
}

static void write_order_lines(kd_jw *w, const kd_json *properties, const account *a, const kd_snapshot *s, const kd_catalog *catalog)
{
    const kd_json *products = kd_json_get(properties, "products");
    kd_jw_key(w, "lines");
    kd_jw_array(w);
    for (const kd_json *node = kd_json_is(products, KD_JSON_ARRAY) ? products->child : NULL; node; node = node->next) {
        kd_ref  product = kd_ref_of(kd_json_text(kd_json_get(node, "product_id"))), variant = kd_ref_of(kd_json_text(kd_json_get(node, "sku")));
        int64_t quantity = 1;
        kd_json_i64(&quantity, kd_json_get(node, "quantity"));
        kd_jw_object(w);
        write_article(w, product, variant, s, catalog);
        KD_JW_I64(w, "quantity", quantity);
        KD_JW_STR(w, "paid", kd_json_text(kd_json_get(node, "price")));
        KD_JW_I64(w, "returned", sent_back(a, kd_json_text(kd_json_get(properties, "order_id")), product, variant));
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

/* As the shop itself wrote it at the time. */
static kd_status write_one_order(kd_jw *w, const ordered *o, const account *a, kd_request *request, const kd_snapshot *s, kd_arena *scratch, kd_err *err)
{
    kd_event       event;
    kd_str         body;
    const kd_json *doc = NULL;
    char           at[25];
    kd_arena_reset(scratch);
    kd_status status = kd_reader_event(&event, request->reader, a->person, o->event, scratch, err);
    if (status == KD_OK)
        status = kd_stored_body(&body, &event, &a->key, scratch, err);
    if (status == KD_OK)
        status = kd_json_parse(&doc, scratch, body.ptr, body.len, err);
    if (status != KD_OK)
        return status == KD_NOT_FOUND ? KD_OK : status; /* past its retention */
    const kd_json *properties = kd_json_get(doc, "properties");
    kd_time_format(at, o->time_ms);
    kd_jw_object(w);
    KD_JW_STR(w, "orderId", kd_json_text(kd_json_get(properties, "order_id")));
    KD_JW_Z(w, "at", at);
    KD_JW_Z(w, "channel", kd_channel_name(o->channel));
    KD_JW_STR(w, "store", kd_json_text(kd_json_get(properties, "store_id")));
    KD_JW_STR(w, "pickupStore", kd_json_text(kd_json_get(properties, "pickup_store")));
    KD_JW_STR(w, "total", kd_json_text(kd_json_get(properties, "total")));
    KD_JW_STR(w, "currency", kd_json_text(kd_json_get(properties, "currency")));
    write_order_lines(w, properties, a, s, request->parts->catalog);
    kd_jw_object_end(w);
    return KD_OK;
}

static void write_kept_cart(kd_jw *w, const account *a, const kd_snapshot *s, const kd_catalog *catalog)
{
    kd_jw_key(w, "cart");
    kd_jw_array(w);
    for (size_t i = 0; i < a->cart_count; i++) {
        kd_jw_object(w);
        write_article(w, a->cart[i].product, a->cart[i].variant, s, catalog);
        KD_JW_I64(w, "quantity", a->cart[i].quantity);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

/* So that the product page can choose the shopper's own size. */
static void write_sizes(kd_jw *w, const kd_sizes *sizes, const kd_snapshot *s)
{
    kd_jw_key(w, "sizes");
    kd_jw_array(w);
    for (uint32_t i = 0; i < sizes->count; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "category", kd_snapshot_value_text(s, sizes->believed[i].department));
        KD_JW_STR(w, "size", kd_snapshot_value_text(s, sizes->believed[i].size));
        KD_JW_I64(w, "purchases", sizes->believed[i].purchases);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

void kd_shop_account(kd_request *request)
{
    kd_visitor visitor;
    kd_person *entry = NULL;
    kd_jw      w;
    kd_err     err = { 0 };
    if (!kd_shop_enter(request, false) || !kd_shop_visitor(&visitor, request))
        return;
    account  *a = KD_NEW(request->arena, account, 1);
    kd_arena *scratch = kd_arena_new(SCRATCH_BYTES);
    kd_status status = a && scratch ? kd_shop_acquire(&entry, request, &visitor, &err) : kd_fail_memory(&err);
    const kd_snapshot *s = kd_snapshot_acquire(request->parts->catalog);
    if (entry) {
        status = copy_account(a, entry, request, s, &err);
        kd_people_release(request->parts->people, entry);
    }
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    kd_jw_key(&w, "orders");
    kd_jw_array(&w);
    for (size_t i = 0; status == KD_OK && i < a->order_count; i++)
        status = write_one_order(&w, &a->orders[i], a, request, s, scratch, &err);
    kd_jw_array_end(&w);
    if (status == KD_OK) {
        write_kept_cart(&w, a, s, request->parts->catalog);
        write_sizes(&w, &a->sizes, s);
    }
    kd_jw_object_end(&w);
    kd_snapshot_release(s);
    kd_arena_free(scratch);
    kd_reply_json(request, status, &err);
}
