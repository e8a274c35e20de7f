/* What the clients send, as they send it, and what we make of it. Bodies are written by hand after docs/collect.md. */
#include "tests.h"

#include <stdio.h>

#include "event/incoming.h"
#include "event/names.h"

static const int64_t NOW = 1800000000000; /* 2027-01-15T08:00:00Z */

static kd_arena *arena;

static int make_arena(void **state)
{
    (void)state;
    arena = kd_arena_new(256 << 20);
    return arena ? 0 : -1;
}

static int free_arena(void **state)
{
    (void)state;
    kd_arena_free(arena);
    return 0;
}

static kd_incoming_context context_of(kd_speaker speaker)
{
    return (kd_incoming_context){ .speaker = speaker, .source = KD_STR("web"), .received_ms = NOW, .sent_at_ms = KD_TIME_MIN,
                                  .channel = KD_CHANNEL_UNKNOWN };
}

static kd_incoming *parse_as(size_t *count, kd_call call, const char *body, const kd_incoming_context *context)
{
    kd_incoming *events = NULL;
    kd_str       key;
    kd_err       err = { 0 };
    kd_status    status = kd_incoming_parse(&events, count, &key, call, body, strlen(body), context, arena, &err);
    if (status != KD_OK)
        fail_msg("%s: %s", kd_status_name(status), err.msg);
    return events;
}

static kd_incoming *parse(size_t *count, kd_call call, const char *body)
{
    kd_incoming_context context = context_of(KD_SPEAKER_PUBLIC);
    return parse_as(count, call, body, &context);
}

/* One event that must be taken. */
static kd_incoming *one_as(kd_call call, const char *body, const kd_incoming_context *context)
{
    size_t       count;
    kd_incoming *event = parse_as(&count, call, body, context);
    assert_int_equal(count, 1);
    if (event->status != KD_OK)
        fail_msg("refused: %s %s", event->err.field, event->err.msg);
    return event;
}

static kd_incoming *one(kd_call call, const char *body)
{
    kd_incoming_context context = context_of(KD_SPEAKER_PUBLIC);
    return one_as(call, body, &context);
}

/* A track event of u1 with these properties. */
static kd_incoming *track(const char *name, const char *properties)
{
    char *body = kd_arena_alloc(arena, strlen(name) + strlen(properties) + 200);
    sprintf(body, "{\"messageId\":\"m1\",\"userId\":\"u1\",\"event\":\"%s\",\"properties\":%s}", name, properties);
    return one(KD_CALL_TRACK, body);
}

static void assert_str(kd_str got, const char *want)
{
    if (!kd_str_is(got, want))
        fail_msg("got '%.*s', want '%s'", (int)got.len, got.ptr, want);
}

static const kd_ident *ident(const kd_incoming *event, kd_key_type type)
{
    for (size_t i = 0; i < event->fact.ident_count; i++)
        if (event->fact.idents[i].type == type)
            return &event->fact.idents[i];
    return NULL;
}

static const char *trait(const kd_fact *fact, const char *name)
{
    for (size_t i = 0; i < fact->trait_count; i++)
        if (kd_str_is(fact->traits[i].name, name))
            return kd_str_cstr(arena, fact->traits[i].value);
    return NULL;
}

/* ---- the clients ------------------------------------------------------------------------------------------------------- */

static void test_calls(void **state)
{
    static const char *const names[][2] = { { "batch", "b" }, { "identify", "i" }, { "track", "t" }, { "page", "p" },
                                            { "screen", "s" }, { "group", "g" }, { "alias", "a" } };
    kd_call call, brief;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(kd_call_parse(&call, kd_str_z(names[i][0])), KD_OK);
        assert_int_equal(kd_call_parse(&brief, kd_str_z(names[i][1])), KD_OK);
        assert_int_equal(call, brief);
    }
    assert_int_equal(kd_call_parse(&call, KD_STR("m")), KD_NOT_FOUND);
    assert_int_equal(kd_call_parse(&call, KD_STR("")), KD_NOT_FOUND);
    assert_int_equal(kd_call_parse(&call, KD_STR("Track")), KD_NOT_FOUND);
}

/* analytics-node: one batch, sentAt and writeKey on it, timestamp on each. */
static void test_segment_node(void **state)
{
    static const char body[] =
        "{\"batch\":[{\"userId\":\"019mr8mf4r\",\"event\":\"Product Viewed\",\"properties\":{\"product_id\":\"507f\",\"sku\":\"45790-32\","
        "\"name\":\"Monopoly: 3rd Edition\",\"price\":18.99,\"quantity\":1,\"currency\":\"usd\"},\"type\":\"track\","
        "\"timestamp\":\"2027-01-15T07:59:50.000Z\",\"messageId\":\"node-next-1799999990000-3d9c\",\"integrations\":{},"
        "\"context\":{\"library\":{\"name\":\"@segment/analytics-node\",\"version\":\"3.1.0\"}},\"_metadata\":{\"nodeVersion\":\"20.1.0\"}},"
        "{\"userId\":\"019mr8mf4r\",\"traits\":{\"email\":\"Anna@Example.com\",\"age\":41},\"type\":\"identify\","
        "\"timestamp\":\"2027-01-15T07:59:51.000Z\",\"messageId\":\"node-next-1799999991000-7a01\",\"context\":{}}],"
        "\"writeKey\":\"wk_1\",\"sentAt\":\"2027-01-15T07:59:55.000Z\"}";
    kd_incoming_context context = context_of(KD_SPEAKER_PUBLIC);
    kd_incoming        *events;
    kd_str              key;
    size_t              count;
    (void)state;
    assert_int_equal(kd_incoming_parse(&events, &count, &key, KD_CALL_BATCH, body, sizeof body - 1, &context, arena, NULL), KD_OK);
    assert_int_equal(count, 2);
    assert_str(key, "wk_1");
    assert_int_equal(events[0].status, KD_OK);
    assert_int_equal(events[0].fact.kind, KD_KIND_VIEW);
    assert_str(events[0].fact.name, "Product Viewed");
    assert_int_equal(events[0].fact.time_ms, NOW - 5000); /* the sender's clock is five seconds behind */
    assert_int_equal(events[0].fact.line_count, 1);
    assert_str(events[0].fact.lines[0].product, "507f");
    assert_str(events[0].fact.lines[0].variant, "45790-32");
    assert_int_equal(events[0].fact.lines[0].price_micro, 18990000);
    assert_string_equal(events[0].fact.currency.code, "USD");
    assert_str(events[0].stubs[0].name, "Monopoly: 3rd Edition");
    assert_true(events[0].fact.claimed);
    assert_int_equal(events[0].owner.type, KD_KEY_USER);
    assert_int_equal(events[0].fact.channel, KD_CHANNEL_UNKNOWN);
    assert_str(events[0].message_id, "node-next-1799999990000-3d9c");
    assert_int_equal(events[1].fact.kind, KD_KIND_IDENTIFY);
    assert_string_equal(trait(&events[1].fact, "age"), "41");
    assert_str(ident(&events[1], KD_KEY_EMAIL)->value, "Anna@Example.com");
    assert_int_equal(events[1].link_count, 1);
    assert_int_equal(events[1].links[0].kind, KD_LINK_LOGIN);
    assert_false(events[1].links[0].proven);
}

/* analytics-next: one by one on the short paths, timestamp and sentAt and writeKey in each. */
static void test_segment_browser(void **state)
{
    static const char body[] =
        "{\"timestamp\":\"2027-01-15T10:00:00.500Z\",\"integrations\":{},\"anonymousId\":\"0e3a8c1e-97bb-4b7e-9b52-3f5c5d9a2b11\","
        "\"type\":\"page\",\"properties\":{\"path\":\"/\",\"title\":\"Home\"},\"name\":\"Home\",\"category\":\"Start\","
        "\"context\":{\"page\":{\"path\":\"/\"},\"userAgent\":\"Mozilla/5.0\",\"locale\":\"de\",\"library\":{\"name\":\"analytics.js\"}},"
        "\"messageId\":\"ajs-next-1799999990000-2f6b1a30\",\"writeKey\":\"wk_1\",\"userId\":null,\"sentAt\":\"2027-01-15T10:00:01.000Z\","
        "\"_metadata\":{\"bundled\":[\"Segment.io\"]}}";
    kd_incoming *event = one(KD_CALL_PAGE, body);
    (void)state;
    assert_int_equal(event->fact.kind, KD_KIND_PAGE);
    assert_str(event->fact.name, "Home");
    assert_str(event->fact.topic, "Start");
    assert_int_equal(event->fact.channel, KD_CHANNEL_WEB);
    assert_int_equal(event->fact.time_ms, NOW - 500); /* a clock two hours ahead */
    assert_int_equal(event->owner.type, KD_KEY_ANONYMOUS);
    assert_int_equal(event->link_count, 0);
    assert_null(memmem(event->body.ptr, event->body.len, "writeKey", 8)); /* keys are not kept with people's data */
    assert_non_null(memmem(event->body.ptr, event->body.len, "\"sentAt\":\"2027-01-15T10:00:01.000Z\"", 35));
}

/* rudder-sdk-node: originalTimestamp always; traits twice. */
static void test_rudder_node(void **state)
{
    static const char body[] =
        "{\"batch\":[{\"userId\":\"u7\",\"traits\":{\"email\":\"a@b.de\",\"plan\":\"gold\"},\"context\":{\"traits\":{\"email\":\"a@b.de\","
        "\"plan\":\"gold\"},\"library\":{\"name\":\"@rudderstack/rudder-sdk-node\",\"version\":\"3.0.13\"}},\"type\":\"identify\","
        "\"channel\":\"server\",\"messageId\":\"9f0c2b1e-1111-4222-8333-444455556666\",\"originalTimestamp\":\"2027-01-15T07:59:59.000Z\","
        "\"sentAt\":\"2027-01-15T08:00:00.000Z\"},"
        "{\"userId\":\"u7\",\"event\":\"Order Completed\",\"properties\":{\"order_id\":\"o1\"},\"type\":\"track\",\"channel\":\"server\","
        "\"messageId\":\"9f0c2b1e-1111-4222-8333-444455556667\",\"originalTimestamp\":\"2027-01-15T07:59:59.000Z\","
        "\"timestamp\":\"2026-12-24T18:00:00Z\",\"sentAt\":\"2027-01-15T08:00:00.000Z\"}],\"sentAt\":\"2027-01-15T08:00:00.000Z\"}";
    size_t       count;
    kd_incoming *events = parse(&count, KD_CALL_BATCH, body);
    (void)state;
    assert_int_equal(count, 2);
    assert_int_equal(events[0].status, KD_OK);
    assert_int_equal(events[0].fact.time_ms, NOW - 1000);
    assert_int_equal(events[0].fact.trait_count, 2);
    assert_string_equal(trait(&events[0].fact, "plan"), "\"gold\"");
    assert_int_equal(events[0].fact.channel, KD_CHANNEL_SERVER);
    assert_int_equal(events[1].fact.time_ms, INT64_C(1798135200000)); /* a timestamp given beside the SDK's own clock is meant */
}

/* rudder analytics-js: traits in context only, ids of the device in headers, sentAt in the body. */
static void test_rudder_browser(void **state)
{
    static const char body[] =
        "{\"type\":\"identify\",\"channel\":\"web\",\"context\":{\"traits\":{\"email\":\"x@y.org\",\"address\":{\"city\": \"Bonn\"}},"
        "\"sessionId\":1,\"consentManagement\":{\"allowedConsentIds\":[]},\"app\":{\"name\":\"RudderLabs JavaScript SDK\"},"
        "\"page\":{\"path\":\"/\"}},\"originalTimestamp\":\"2027-01-15T07:59:58.000Z\",\"messageId\":\"c1a8\",\"userId\":\"u9\","
        "\"anonymousId\":\"5d4f8f5e-4e19-4f8a-8f6a-7d6d4b3a2c10\",\"integrations\":{\"All\":true},\"sentAt\":\"2027-01-15T07:59:59.000Z\"}";
    kd_incoming *event = one(KD_CALL_IDENTIFY, body);
    (void)state;
    assert_int_equal(event->fact.trait_count, 2);
    assert_string_equal(trait(&event->fact, "address"), "{\"city\": \"Bonn\"}");
    assert_int_equal(event->fact.channel, KD_CHANNEL_WEB);
    assert_int_equal(event->fact.ident_count, 3);
    assert_int_equal(event->link_count, 2);
    assert_non_null(memmem(event->body.ptr, event->body.len, "consentManagement", 17));
}

static void test_headers_of_rudder(void **state)
{
    kd_incoming_context context = context_of(KD_SPEAKER_PUBLIC);
    kd_incoming        *event;
    kd_fact             again = { .kind = KD_KIND_CUSTOM };
    (void)state;
    context.anonymous_id = KD_STR("anon-from-header");
    context.sent_at_ms = NOW - 60000;
    event = one_as(KD_CALL_TRACK, "{\"event\":\"E\",\"messageId\":\"m\",\"originalTimestamp\":\"2027-01-15T07:58:59Z\"}", &context);
    assert_int_equal(event->fact.time_ms, NOW - 1000);
    assert_str(event->owner.value, "anon-from-header");
    /* the stored body tells it too */
    assert_int_equal(kd_incoming_traits(&again, event->body, arena, NULL), KD_OK);
    assert_int_equal(again.ident_count, 1);
    assert_str(again.idents[0].value, "anon-from-header");
    /* the item's own id wins */
    event = one_as(KD_CALL_TRACK, "{\"event\":\"E\",\"messageId\":\"m\",\"anonymousId\":\"own\"}", &context);
    assert_str(event->owner.value, "own");
    assert_int_equal(event->fact.time_ms, NOW);
}

static void test_context_of_the_batch(void **state)
{
    static const char body[] =
        "{\"context\":{\"traits\":{\"email\":\"shared@x.de\"},\"locale\":\"de\",\"page\":{\"path\":\"/shared\"}},\"integrations\":{\"All\":false},"
        "\"batch\":[{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u1\",\"messageId\":\"1\"},"
        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u1\",\"messageId\":\"2\",\"context\":{\"locale\":\"fr\",\"page\":null,\"traits\":{\"email\":\"own@x.de\"}},"
        "\"integrations\":{\"Mail\":true}}]}";
    size_t         count;
    kd_incoming   *events = parse(&count, KD_CALL_BATCH, body);
    const kd_json *stored;
    (void)state;
    assert_str(ident(&events[0], KD_KEY_EMAIL)->value, "shared@x.de");
    assert_int_equal(events[0].fact.channel, KD_CHANNEL_WEB);
    assert_int_equal(kd_json_parse(&stored, arena, events[0].body.ptr, events[0].body.len, NULL), KD_OK);
    assert_str(kd_json_text(kd_json_path(stored, "context.locale")), "de");
    assert_str(ident(&events[1], KD_KEY_EMAIL)->value, "own@x.de");
    assert_int_equal(events[1].fact.channel, KD_CHANNEL_UNKNOWN); /* null takes the shared page away */
    assert_int_equal(kd_json_parse(&stored, arena, events[1].body.ptr, events[1].body.len, NULL), KD_OK);
    assert_str(kd_json_text(kd_json_path(stored, "context.locale")), "fr");
    assert_true(kd_json_is(kd_json_path(stored, "context.page"), KD_JSON_NULL));
    assert_true(kd_json_is(kd_json_path(stored, "integrations.All"), KD_JSON_FALSE));
    assert_true(kd_json_is(kd_json_path(stored, "integrations.Mail"), KD_JSON_TRUE));
}

/* ---- the same message gets the same id ------------------------------------------------------------------------------------ */

static void test_retry_is_the_same(void **state)
{
    static const char *const items[] = {
        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"a\"}",
        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"a\",\"timestamp\":\"2027-01-15T07:59:00Z\"}",
        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"a\",\"originalTimestamp\":\"2027-01-15T07:59:00Z\"}",
        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"a\",\"timestamp\":1799999940000}",
        "{\"type\":\"track\",\"event\":\"purchase\",\"userId\":\"u\",\"properties\":{\"transaction_id\":\"T1\"}}",
        "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u\",\"properties\":{\"order_id\":\"T1\"},\"timestamp\":\"2027-01-15T07:59:00Z\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        char                first[600], second[600];
        kd_incoming_context now = context_of(KD_SPEAKER_PUBLIC), later = now;
        size_t              count;
        kd_incoming        *a, *b;
        later.received_ms += 5000;
        snprintf(first, sizeof first, "{\"batch\":[%s],\"sentAt\":\"2027-01-15T08:00:00.000Z\"}", items[i]);
        snprintf(second, sizeof second, "{\"batch\":[%s],\"sentAt\":\"2027-01-15T08:00:05.000Z\"}", items[i]);
        a = parse_as(&count, KD_CALL_BATCH, first, &now);
        b = parse_as(&count, KD_CALL_BATCH, second, &later);
        assert_int_equal(a->status, KD_OK);
        assert_true(kd_id_eq(a->fact.id, b->fact.id));
        assert_true(kd_str_eq(a->message_id, b->message_id));
    }
}

static void test_ids_that_differ(void **state)
{
    kd_incoming_context shop = context_of(KD_SPEAKER_PUBLIC), till = shop, server = context_of(KD_SPEAKER_SERVER);
    const char         *message = "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"a\"}";
    const char         *order = "{\"event\":\"Order Completed\",\"userId\":\"u\",\"properties\":{\"order_id\":\"7\"}}";
    const char         *refund = "{\"event\":\"Order Refunded\",\"userId\":\"u\",\"properties\":{\"order_id\":\"7\"}}";
    const char         *part = "{\"event\":\"Order Refunded\",\"userId\":\"u\",\"properties\":{\"order_id\":\"7\",\"products\":[{\"product_id\":\"p\"}]}}";
    kd_incoming        *a, *b;
    (void)state;
    till.source = KD_STR("till");
    assert_false(kd_id_eq(one_as(KD_CALL_TRACK, message, &shop)->fact.id, one_as(KD_CALL_TRACK, message, &till)->fact.id));
    /* what a page claims to be order 7 does not stand in the way of the order */
    assert_false(kd_id_eq(one_as(KD_CALL_TRACK, order, &shop)->fact.id, one_as(KD_CALL_TRACK, order, &server)->fact.id));
    assert_false(kd_id_eq(one(KD_CALL_TRACK, order)->fact.id, one(KD_CALL_TRACK, refund)->fact.id));
    assert_true(kd_id_eq(one(KD_CALL_TRACK, refund)->fact.id, one(KD_CALL_TRACK, refund)->fact.id));
    assert_false(kd_id_eq(one(KD_CALL_TRACK, part)->fact.id, one(KD_CALL_TRACK, part)->fact.id));
    a = one(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"\"}");
    b = one(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u\"}");
    assert_int_equal(a->message_id.len, 36);
    assert_false(kd_id_eq(a->fact.id, b->fact.id));
    assert_non_null(memmem(b->body.ptr, b->body.len, b->message_id.ptr, b->message_id.len)); /* read-back shows it */
    assert_int_equal(kd_id_time_ms(b->fact.id), 0);
}

/* ---- clocks ------------------------------------------------------------------------------------------------------------------ */

/* Whoever knows the public key must not be able to make the shop's own event a duplicate before it comes. */
static void test_claimed_ids_are_apart(void **state)
{
    kd_incoming_context server = context_of(KD_SPEAKER_SERVER);
    const kd_incoming  *claimed, *proven;
    (void)state;
    proven = one_as(KD_CALL_TRACK, "{\"event\":\"Order Completed\",\"userId\":\"u\",\"properties\":{\"order_id\":\"7\"}}", &server);
    claimed = one(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"order:proven:20:7\"}");
    assert_true(kd_str_eq(proven->message_id, claimed->message_id));
    assert_false(kd_id_eq(proven->fact.id, claimed->fact.id));
    proven = one_as(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"m\",\"timestamp\":1799999999000}", &server);
    claimed = one(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"m\",\"timestamp\":1799999999000}");
    assert_false(kd_id_eq(proven->fact.id, claimed->fact.id));
    assert_int_equal(kd_id_time_ms(proven->fact.id), kd_id_time_ms(claimed->fact.id));
}

static void test_times(void **state)
{
    static const struct { const char *fields; int64_t want; const char *why; } cases[] = {
        { "", NOW, "no time: when it came" },
        { ",\"timestamp\":\"2027-01-15T07:00:00Z\"", NOW - 3600000, "no sentAt: as is" },
        { ",\"timestamp\":\"2027-01-15T09:00:00+02:00\"", NOW - 3600000, "with a zone" },
        { ",\"timestamp\":1799996400", NOW - 3600000, "seconds" },
        { ",\"timestamp\":1799996400000", NOW - 3600000, "milliseconds" },
        { ",\"timestamp\":\"1799996400000\"", NOW - 3600000, "milliseconds as text" },
        { ",\"timestamp\":\"2020-02-02T00:00:00Z\",\"sentAt\":\"2027-01-15T08:00:00Z\"", INT64_C(1580601600000), "a historic import survives" },
        { ",\"timestamp\":\"2001-01-01T00:00:00Z\",\"sentAt\":\"2001-01-01T00:00:10Z\"", NOW - 10000, "a clock at its birth" },
        { ",\"timestamp\":\"2037-01-01T00:00:00Z\",\"sentAt\":\"2037-01-01T00:00:10Z\"", NOW - 10000, "a clock ahead" },
        { ",\"timestamp\":\"2027-01-15T09:00:00Z\"", NOW, "the future is clamped" },
        { ",\"timestamp\":\"2027-01-15T08:00:59Z\"", NOW + 59000, "but for the slack" },
        { ",\"timestamp\":\"2027-01-15T07:00:00Z\",\"sentAt\":\"nonsense\"", NOW - 3600000, "sentAt is only a help" },
        { ",\"timestamp\":null,\"originalTimestamp\":\"\"", NOW, "null and empty are absent" },
        { ",\"timestamp\":\"1905-05-05T00:00:00Z\"", INT64_C(-2040508800000), "before 1970" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char         body[400];
        kd_incoming *event;
        snprintf(body, sizeof body, "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"m\"%s}", cases[i].fields);
        event = one(KD_CALL_TRACK, body);
        if (event->fact.time_ms != cases[i].want)
            fail_msg("%s: got %lld", cases[i].why, (long long)event->fact.time_ms);
        assert_int_equal(event->received_ms, NOW);
    }
}

/* ---- what is refused, and where it says so --------------------------------------------------------------------------------------- */

static char *spaces(size_t count)
{
    char *text = kd_arena_alloc(arena, count + 1);
    memset(text, 'x', count);
    return text;
}

static void test_refused_items(void **state)
{
    static const struct { const char *item, *field; kd_status status; } cases[] = {
        { "{\"type\":\"track\",\"event\":\"E\",\"messageId\":\"m\"}", "/userId", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"\",\"anonymousId\":null}", "/userId", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"null\",\"anonymousId\":\"00000000-0000-0000-0000-000000000000\"}", "/userId", KD_INVALID },
        { "{\"type\":\"identify\",\"traits\":{\"email\":\"a@b.de\"}}", "/userId", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":{\"id\":1}}", "/userId", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"anonymousId\":[1]}", "/anonymousId", KD_INVALID },
        { "{\"type\":\"track\",\"userId\":\"u\"}", "/event", KD_INVALID },
        { "{\"type\":\"track\",\"userId\":\"u\",\"event\":\" \"}", "/event", KD_INVALID },
        { "{\"type\":\"track\",\"userId\":\"u\",\"event\":{}}", "/event", KD_INVALID },
        { "{\"type\":\"alias\",\"userId\":\"u\"}", "/previousId", KD_INVALID },
        { "{\"type\":\"alias\",\"previousId\":\"u\",\"anonymousId\":\"a\"}", "/userId", KD_INVALID },
        { "{\"type\":\"group\",\"userId\":\"u\"}", "/groupId", KD_INVALID },
        { "{\"type\":\"merge\",\"userId\":\"u\"}", "/type", KD_INVALID },
        { "{\"type\":\"t\",\"userId\":\"u\",\"event\":\"E\"}", "/type", KD_INVALID },
        { "{\"type\":\"batch\",\"userId\":\"u\",\"event\":\"E\"}", "/type", KD_INVALID },
        { "{\"userId\":\"u\",\"event\":\"E\"}", "/type", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"timestamp\":\"yesterday\"}", "/timestamp", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"timestamp\":\"20261122\"}", "/timestamp", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"timestamp\":{}}", "/timestamp", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"originalTimestamp\":\"1899-01-01T00:00:00Z\"}", "/originalTimestamp", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"timestamp\":\"1900-01-02T00:00:00Z\",\"sentAt\":\"2099-01-01T00:00:00Z\"}", "/timestamp", KD_INVALID },
        { "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"messageId\":[]}", "/messageId", KD_INVALID },
        { "17", "", KD_INVALID },
        { "[]", "", KD_INVALID },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char         body[600];
        size_t       count;
        kd_incoming *events;
        snprintf(body, sizeof body, "{\"batch\":[{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\"},%s]}", cases[i].item);
        events = parse(&count, KD_CALL_BATCH, body);
        assert_int_equal(count, 2);
        assert_int_equal(events[0].status, KD_OK); /* its neighbour is taken */
        if (events[1].status != cases[i].status || strcmp(events[1].err.field, cases[i].field) != 0 || !events[1].err.msg[0])
            fail_msg("%s: %s at '%s': %s", cases[i].item, kd_status_name(events[1].status), events[1].err.field, events[1].err.msg);
    }
}

static void test_limits(void **state)
{
    static char  body[KD_EVENT_BYTES_MAX * 4];
    size_t       count;
    kd_incoming *events;
    kd_str       key;
    kd_err       err = { 0 };
    kd_incoming_context context = context_of(KD_SPEAKER_PUBLIC);
    (void)state;
    sprintf(body, "{\"batch\":[{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"properties\":{\"a\":\"%s\"}},{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\"}]}",
            spaces(KD_EVENT_BYTES_MAX));
    events = parse(&count, KD_CALL_BATCH, body);
    assert_int_equal(events[0].status, KD_LIMIT);
    assert_int_equal(events[1].status, KD_OK);
    sprintf(body, "{\"context\":{\"a\":\"%s\"},\"batch\":[{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\"}]}", spaces(KD_EVENT_BYTES_MAX));
    assert_int_equal(parse(&count, KD_CALL_BATCH, body)->status, KD_LIMIT);
    sprintf(body, "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"%s\"}", spaces(100));
    assert_int_equal(parse(&count, KD_CALL_TRACK, body)->status, KD_OK);
    sprintf(body, "{\"event\":\"E\",\"userId\":\"u\",\"messageId\":\"%s\"}", spaces(101));
    events = parse(&count, KD_CALL_TRACK, body);
    assert_int_equal(events->status, KD_LIMIT);
    assert_string_equal(events->err.field, "/messageId");
    sprintf(body, "{\"event\":\"E\",\"userId\":\"%s\"}", spaces(257));
    events = parse(&count, KD_CALL_TRACK, body);
    assert_int_equal(events->status, KD_LIMIT);
    assert_string_equal(events->err.field, "/userId");
    strcpy(body, "{\"batch\":[0");
    for (int i = 0; i < KD_BATCH_EVENTS_MAX; i++)
        strcat(body + 2 * i, ",0");
    strcat(body, "]}");
    assert_int_equal(kd_incoming_parse(&events, &count, &key, KD_CALL_BATCH, body, strlen(body), &context, arena, &err), KD_LIMIT);
    assert_string_equal(err.field, "/batch");
}

static size_t write_members(char *out, char first, int count)
{
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += (size_t)sprintf(out + len, "%s\"%c%d\":0", i ? "," : "", first, i);
    return len;
}

/* What a public caller's batch says for all its items is looked at once, and what would be laid over it is bounded. */
static void test_batch_with_many_members(void **state)
{
    static char  body[4 << 20], own[8192];
    size_t       count, len = 0;
    kd_incoming *events;
    int64_t      began_us = kd_monotonic_us();
    (void)state;
    len += (size_t)sprintf(body, "{");
    len += write_members(body + len, 'm', 200000);
    len += (size_t)sprintf(body + len, ",\"batch\":[0");
    for (int i = 1; i < KD_BATCH_EVENTS_MAX; i++)
        len += (size_t)sprintf(body + len, ",{}");
    strcpy(body + len, "]}");
    events = parse(&count, KD_CALL_BATCH, body);
    assert_int_equal(count, KD_BATCH_EVENTS_MAX);
    assert_int_equal(events[1].status, KD_INVALID);
    assert_true(kd_monotonic_us() - began_us < 5 * 1000000); /* half a thousand million looks took a minute */
    write_members(own, 'n', 200);
    len = (size_t)sprintf(body, "{\"context\":{");
    len += write_members(body + len, 'm', 200);
    sprintf(body + len, "},\"batch\":[{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"context\":{%s}},"
                        "{\"type\":\"track\",\"event\":\"E\",\"userId\":\"u\",\"context\":{\"n\":0}}]}", own);
    events = parse(&count, KD_CALL_BATCH, body);
    assert_int_equal(events[0].status, KD_LIMIT);
    assert_string_equal(events[0].err.field, "/context");
    assert_int_equal(events[1].status, KD_OK);
}

static void test_refused_bodies(void **state)
{
    static const char *const bodies[] = { "", "{", "[]", "null", "\"x\"", "{\"batch\":{}}", "{}", "{\"batch\":[1,]}", "\xff\xfe", "{\"batch\":[]}x" };
    kd_incoming_context      context = context_of(KD_SPEAKER_PUBLIC);
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        kd_incoming *events;
        size_t       count;
        kd_str       key;
        kd_err       err = { 0 };
        assert_int_equal(kd_incoming_parse(&events, &count, &key, KD_CALL_BATCH, bodies[i], strlen(bodies[i]), &context, arena, &err), KD_INVALID);
        assert_true(err.msg[0]);
    }
}

static void test_memory(void **state)
{
    static const char   body[] = "{\"batch\":[{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u\",\"properties\":{\"products\":[{\"id\":1},{\"id\":2}]}},"
                                 "{\"type\":\"identify\",\"userId\":\"u\",\"traits\":{\"a\":1,\"email\":\"a@b.de\"}}]}";
    kd_incoming_context context = context_of(KD_SPEAKER_PUBLIC);
    bool                done = false;
    (void)state;
    for (size_t cap = 64; !done; cap += 64) { /* wherever it runs out, it says so */
        kd_arena    *small = kd_arena_new(cap);
        kd_incoming *events;
        size_t       count;
        kd_str       key;
        kd_status    status = kd_incoming_parse(&events, &count, &key, KD_CALL_BATCH, body, sizeof body - 1, &context, small, NULL);
        assert_true(status == KD_LIMIT || status == KD_OK);
        done = status == KD_OK;
        kd_arena_free(small);
    }
}

/* ---- who --------------------------------------------------------------------------------------------------------------------------- */

static void test_owner_and_links(void **state)
{
    kd_incoming_context server = context_of(KD_SPEAKER_SERVER), token = context_of(KD_SPEAKER_TOKEN);
    kd_incoming        *event;
    (void)state;
    token.user_token_id = KD_STR("u1");
    event = one(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":41,\"anonymousId\":\"a1\"}");
    assert_int_equal(event->owner.type, KD_KEY_USER);
    assert_str(event->owner.value, "41"); /* old clients send numbers */
    assert_int_equal(event->link_count, 1);
    assert_int_equal(event->links[0].kind, KD_LINK_LOGIN);
    assert_str(event->links[0].other.value, "a1");
    assert_false(event->links[0].proven);
    event = one_as(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u1\",\"anonymousId\":\"a1\"}", &token);
    assert_true(event->links[0].proven);
    assert_false(event->fact.claimed);
    event = one_as(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u2\",\"anonymousId\":\"a1\"}", &token);
    assert_false(event->links[0].proven);
    assert_true(event->fact.claimed);
    event = one_as(KD_CALL_IDENTIFY, "{\"userId\":\"u1\",\"anonymousId\":\"a1\",\"traits\":{\"email\":\"a@b.de\",\"loyalty_id\":\"7\",\"phone\":\"+49228123\"}}", &token);
    assert_int_equal(event->link_count, 4);
    for (size_t i = 0; i < event->fact.ident_count; i++) /* and so are the keys that the profile will show */
        assert_int_equal(event->fact.idents[i].proven, event->fact.idents[i].type == KD_KEY_ANONYMOUS || event->fact.idents[i].type == KD_KEY_USER);
    for (size_t i = 0; i < event->link_count; i++) /* a token proves nobody's address, card or number */
        assert_int_equal(event->links[i].proven, event->links[i].other.type == KD_KEY_ANONYMOUS);
    assert_false(one_as(KD_CALL_ALIAS, "{\"userId\":\"u1\",\"previousId\":\"u2\"}", &token)->links[0].proven);
    event = one_as(KD_CALL_IDENTIFY, "{\"traits\":{\"email\":\" a@b.de \"}}", &server);
    assert_int_equal(event->owner.type, KD_KEY_EMAIL);
    assert_str(event->owner.value, "a@b.de");
    assert_false(event->fact.claimed);
    event = one_as(KD_CALL_TRACK, "{\"event\":\"Order Completed\",\"properties\":{\"loyalty_card_id\":\"77\",\"order_id\":\"5\"},"
                                  "\"context\":{\"externalIds\":[{\"type\":\"email\",\"id\":\"a@b.de\"},{\"type\":\"phone\",\"id\":\"+49 228 12345\"}]}}", &server);
    assert_int_equal(event->owner.type, KD_KEY_CARD);
    assert_int_equal(event->link_count, 2);
    assert_int_equal(event->links[0].kind, KD_LINK_ORDER); /* typed into a form, not read by a till */
    event = one_as(KD_CALL_TRACK, "{\"event\":\"Order Completed\",\"userId\":\"u\",\"context\":{\"traits\":{\"email\":\"a@b.de\"}},\"properties\":{\"order_id\":\"5\"}}", &server);
    assert_int_equal(event->links[0].kind, KD_LINK_ORDER);
    assert_true(event->links[0].proven);
    event = one(KD_CALL_IDENTIFY, "{\"userId\":\"undefined\",\"anonymousId\":\"a\",\"traits\":{\"email\":\"n/a\",\"phone\":\"0000000\"}}");
    assert_int_equal(event->fact.ident_count, 1); /* nobody, no address, no number */
    assert_int_equal(event->owner.type, KD_KEY_ANONYMOUS);
}

static void test_kinds_of_evidence(void **state)
{
    kd_incoming_context server = context_of(KD_SPEAKER_SERVER), token = context_of(KD_SPEAKER_TOKEN);
    kd_incoming        *event;
    (void)state;
    token.user_token_id = KD_STR("u1");
    event = one_as(KD_CALL_TRACK, "{\"event\":\"Order Completed\",\"channel\":\"store\",\"properties\":{\"loyalty_card_id\":\"77\",\"order_id\":\"5\"},"
                                  "\"context\":{\"externalIds\":[{\"type\":\"receiptId\",\"id\":\"r9\"},{\"type\":\"email\",\"id\":\"a@b.de\"}]}}", &server);
    assert_int_equal(event->owner.type, KD_KEY_CARD);
    assert_int_equal(event->link_count, 2);
    assert_int_equal(event->links[0].kind, KD_LINK_ORDER); /* the address was told at the till */
    assert_int_equal(event->links[1].kind, KD_LINK_CARD);  /* the receipt was printed for the card */
    assert_int_equal(event->links[1].other.type, KD_KEY_RECEIPT);
    event = one_as(KD_CALL_TRACK, "{\"event\":\"Order Completed\",\"userId\":\"u1\",\"anonymousId\":\"a1\",\"properties\":{\"order_id\":\"5\"}}", &server);
    assert_int_equal(event->links[0].kind, KD_LINK_LOGIN);
    event = one_as(KD_CALL_IDENTIFY, "{\"anonymousId\":\"a1\",\"traits\":{\"email\":\"a@b.de\",\"emailVerified\":true}}", &server);
    assert_int_equal(event->links[0].kind, KD_LINK_VERIFIED);
    event = one_as(KD_CALL_IDENTIFY, "{\"anonymousId\":\"a1\",\"traits\":{\"email\":\"a@b.de\",\"emailVerified\":\"true\"}}", &server);
    assert_int_equal(event->links[0].kind, KD_LINK_TYPED); /* a text is no truth */
    event = one_as(KD_CALL_IDENTIFY, "{\"userId\":\"u1\",\"traits\":{\"email\":\"a@b.de\",\"emailVerified\":true}}", &token);
    assert_int_equal(event->links[0].kind, KD_LINK_LOGIN); /* nor is what a browser says of its own address */
    assert_false(event->links[0].proven);
    event = one_as(KD_CALL_IDENTIFY, "{\"traits\":{\"loyalty_id\":\"7\",\"email\":\"a@b.de\"}}", &server);
    assert_int_equal(event->links[0].kind, KD_LINK_CARD); /* the file of cards */
    event = one_as(KD_CALL_TRACK, "{\"event\":\"E\",\"anonymousId\":\"a1\",\"context\":{\"device\":{\"id\":\"d1\"},"
                                  "\"externalIds\":[{\"type\":\"userId\",\"id\":\"u9\"},{\"type\":\"noSuchKind\",\"id\":\"x\"},{\"type\":\"tillCustomerNumber\",\"id\":0}]}}", &server);
    assert_int_equal(event->fact.ident_count, 2); /* a second user id, an unknown kind and nobody are no keys */
    assert_int_equal(event->owner.type, KD_KEY_ANONYMOUS);
    assert_int_equal(event->links[0].other.type, KD_KEY_DEVICE);
    assert_int_equal(event->links[0].kind, KD_LINK_LOGIN);
}

static void test_alias_and_group(void **state)
{
    kd_incoming *event = one(KD_CALL_ALIAS, "{\"userId\":\"u2\",\"previousId\":\"u1\"}");
    (void)state;
    assert_int_equal(event->fact.kind, KD_KIND_ALIAS);
    assert_int_equal(event->link_count, 1);
    assert_int_equal(event->links[0].kind, KD_LINK_ALIAS);
    assert_int_equal(event->links[0].other.type, KD_KEY_USER);
    event = one(KD_CALL_ALIAS, "{\"userId\":\"u2\",\"previousId\":\"5d4f8f5e-4e19-4f8a-8f6a-7d6d4b3a2c10\"}");
    assert_int_equal(event->links[0].other.type, KD_KEY_ANONYMOUS);
    event = one(KD_CALL_ALIAS, "{\"userId\":\"u1\",\"previousId\":\"u1\"}"); /* what browsers send after identify('u1') */
    assert_int_equal(event->link_count, 0);
    event = one(KD_CALL_GROUP, "{\"anonymousId\":\"a\",\"groupId\":12,\"traits\":{\"name\":\"Club\"}}");
    assert_int_equal(event->fact.kind, KD_KIND_GROUP);
    assert_str(event->fact.topic, "12");
    assert_int_equal(event->fact.trait_count, 0); /* a group's traits are no person's */
}

static void test_traits(void **state)
{
    char         body[16 * 200 + 200] = "{\"userId\":\"u\",\"traits\":{\"a\":1,\"a\":2,\"n\":null,\"\":5";
    kd_incoming *event;
    kd_fact      again = { .kind = KD_KIND_IDENTIFY };
    (void)state;
    for (int i = 0; i < 100; i++)
        sprintf(body + strlen(body), ",\"t%d\":%d", i, i);
    strcat(body, "},\"context\":{\"traits\":{\"a\":3,\"z\":true}}}");
    event = one(KD_CALL_IDENTIFY, body);
    assert_int_equal(event->fact.trait_count, KD_FACT_TRAITS_MAX);
    assert_string_equal(trait(&event->fact, "a"), "2");
    assert_string_equal(trait(&event->fact, "n"), "null");
    event = one(KD_CALL_IDENTIFY, "{\"userId\":\"u\",\"traits\":{\"a\":1},\"context\":{\"traits\":{\"a\":3,\"z\":true}}}");
    assert_string_equal(trait(&event->fact, "a"), "1");
    assert_string_equal(trait(&event->fact, "z"), "true");
    assert_int_equal(kd_incoming_traits(&again, event->body, arena, NULL), KD_OK);
    assert_int_equal(again.trait_count, 2);
    event = one(KD_CALL_TRACK, "{\"userId\":\"u\",\"event\":\"Order Completed\",\"properties\":{\"email\":\"a@b.de\"},\"context\":{\"traits\":{\"a\":3}}}");
    assert_int_equal(event->fact.trait_count, 0);
    assert_int_equal(event->fact.ident_count, 1);
}

/* ---- what ------------------------------------------------------------------------------------------------------------------------------ */

static void test_names(void **state)
{
    static const struct { const char *name; kd_kind kind; } cases[] = {
        { "Product Viewed", KD_KIND_VIEW }, { "product_viewed", KD_KIND_VIEW }, { "PRODUCT-VIEWED", KD_KIND_VIEW }, { "Viewed Product", KD_KIND_VIEW },
        { "Products Searched", KD_KIND_SEARCH }, { "Product List Viewed", KD_KIND_LIST }, { "Product List Filtered", KD_KIND_LIST },
        { "Promotion Viewed", KD_KIND_PROMO_VIEW }, { "Promotion Clicked", KD_KIND_PROMO_CLICK }, { "Product Clicked", KD_KIND_CLICK },
        { "Product Added", KD_KIND_CART_ADD }, { "Product Removed", KD_KIND_CART_REMOVE }, { "Cart Viewed", KD_KIND_CART_VIEW },
        { "Checkout Started", KD_KIND_CHECKOUT }, { "Checkout Step Viewed", KD_KIND_CHECKOUT }, { "Checkout Step Completed", KD_KIND_CHECKOUT },
        { "Payment Info Entered", KD_KIND_CHECKOUT }, { "Order Updated", KD_KIND_ORDER_UPDATED }, { "Order Completed", KD_KIND_ORDER },
        { "Order Cancelled", KD_KIND_ORDER_CANCELLED }, { "Order Refunded", KD_KIND_RETURN }, { "Coupon Entered", KD_KIND_COUPON },
        { "Coupon Applied", KD_KIND_COUPON }, { "Coupon Denied", KD_KIND_COUPON }, { "Coupon Removed", KD_KIND_COUPON },
        { "Product Added to Wishlist", KD_KIND_WISH_ADD }, { "Product Removed from Wishlist", KD_KIND_WISH_REMOVE },
        { "Wishlist Product Added to Cart", KD_KIND_CART_ADD }, { "Product Shared", KD_KIND_SHARE }, { "Cart Shared", KD_KIND_SHARE },
        { "Product Reviewed", KD_KIND_REVIEW }, { "Content Viewed", KD_KIND_CONTENT }, { "Email Opened", KD_KIND_OPENED },
        { "Segment Consent Preference Updated", KD_KIND_CONSENT },
        { "view_item_list", KD_KIND_LIST }, { "select_item", KD_KIND_CLICK }, { "view_item", KD_KIND_VIEW }, { "add_to_wishlist", KD_KIND_WISH_ADD },
        { "add_to_cart", KD_KIND_CART_ADD }, { "remove_from_cart", KD_KIND_CART_REMOVE }, { "view_cart", KD_KIND_CART_VIEW },
        { "begin_checkout", KD_KIND_CHECKOUT }, { "add_shipping_info", KD_KIND_CHECKOUT }, { "add_payment_info", KD_KIND_CHECKOUT },
        { "purchase", KD_KIND_ORDER }, { "refund", KD_KIND_RETURN }, { "view_promotion", KD_KIND_PROMO_VIEW },
        { "select_promotion", KD_KIND_PROMO_CLICK }, { "search", KD_KIND_SEARCH },
        { "login", KD_KIND_CUSTOM }, { "sign_up", KD_KIND_CUSTOM }, { "Newsletter Joined", KD_KIND_CUSTOM }, { "", KD_KIND_CUSTOM },
        { "Product Viewed in a dream of a very long name", KD_KIND_CUSTOM },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (kd_kind_of_name(kd_str_z(cases[i].name)) != cases[i].kind)
            fail_msg("%s is %s", cases[i].name, kd_kind_name(kd_kind_of_name(kd_str_z(cases[i].name))));
}

static void test_order(void **state)
{
    const kd_fact *fact = &track("Order Completed",
        "{\"order_id\":\"50314b8e\",\"affiliation\":\"Shop\",\"subtotal\":22.5,\"total\":27.5,\"revenue\":25,\"shipping\":3,\"currency\":\"EUR\",\"coupon\":\"hasbros\","
        "\"products\":[{\"product_id\":\"507f1f77\",\"sku\":\"45790-32\",\"name\":\"Monopoly\",\"price\":19,\"quantity\":1},"
        "{\"id\":505,\"sku\":\"46493-32\",\"variant\":\"Red\",\"name\":\"Uno\",\"price\":\"3.125\",\"quantity\":\"2\"},"
        "{\"sku\":\"only-sku\",\"variant\":\"Blue\"},{\"product_id\":\"p\",\"variant\":\"M\",\"price\":null,\"quantity\":1.0}]}")->fact;
    (void)state;
    assert_int_equal(fact->kind, KD_KIND_ORDER);
    assert_str(fact->order_id, "50314b8e");
    assert_str(fact->topic, "hasbros");
    assert_int_equal(fact->total_micro, 27500000);
    assert_string_equal(fact->currency.code, "EUR");
    assert_int_equal(fact->line_count, 4);
    assert_int_equal(fact->lines[0].price_micro, 19000000);
    assert_str(fact->lines[1].product, "505");
    assert_str(fact->lines[1].variant, "46493-32");
    assert_int_equal(fact->lines[1].quantity, 2);
    assert_int_equal(fact->lines[1].price_micro, 3125000);
    assert_str(fact->lines[2].product, "only-sku");
    assert_str(fact->lines[2].variant, "Blue");
    assert_int_equal(fact->lines[2].price_micro, KD_PRICE_NONE);
    assert_str(fact->lines[3].variant, "M");
}

static void test_google_analytics(void **state)
{
    const kd_incoming *event = track("purchase",
        "{\"transaction_id\":\"T_12345\",\"value\":72.05,\"tax\":3.6,\"currency\":\"USD\",\"coupon\":\"SUMMER\",\"items\":["
        "{\"item_id\":\"SKU_12345\",\"item_name\":\"Stan and Friends Tee\",\"item_variant\":\"green\",\"price\":10.01,\"quantity\":3},"
        "{\"item_id\":\"SKU_12346\",\"price\":21.01,\"quantity\":2}]}");
    (void)state;
    assert_int_equal(event->fact.kind, KD_KIND_ORDER);
    assert_str(event->fact.order_id, "T_12345");
    assert_int_equal(event->fact.total_micro, 72050000);
    assert_int_equal(event->fact.line_count, 2);
    assert_str(event->fact.lines[0].product, "SKU_12345");
    assert_str(event->fact.lines[0].variant, "green");
    assert_int_equal(event->fact.lines[0].quantity, 3);
    assert_str(event->stubs[0].name, "Stan and Friends Tee");
    event = track("view_item_list", "{\"item_list_id\":\"related\",\"items\":[{\"item_id\":\"1\"},{\"item_id\":\"2\"}]}");
    assert_str(event->fact.topic, "related");
    assert_int_equal(event->fact.line_count, 2);
    event = track("refund", "{\"transaction_id\":\"T_12345\"}");
    assert_int_equal(event->fact.kind, KD_KIND_RETURN);
    assert_int_equal(event->fact.line_count, 0);
    event = track("search", "{\"search_term\":\"gift for my ill mother\"}");
    assert_int_equal(event->fact.kind, KD_KIND_SEARCH);
    assert_int_equal(event->fact.topic.len, 0); /* searches may say anything: only in the sealed body */
}

static void test_lines_left_out(void **state)
{
    static const char *const bad[] = { "0", "-1", "1.5", "\"two\"", "99999999999", "{}" };
    const kd_incoming *event;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char properties[200];
        snprintf(properties, sizeof properties, "{\"order_id\":\"1\",\"products\":[{\"id\":\"a\",\"quantity\":%s},{\"id\":\"b\"}]}", bad[i]);
        event = track("Order Completed", properties);
        assert_int_equal(event->fact.line_count, 1);
        assert_int_equal(event->lines_dropped, 1);
        assert_str(event->fact.lines[0].product, "b");
        assert_str(event->stubs[0].product, "b");
    }
    event = track("Order Completed", "{\"products\":[{},5,{\"name\":\"no id\"}]}");
    assert_int_equal(event->fact.line_count, 0);
    assert_int_equal(event->lines_dropped, 3);
    assert_null(event->stubs);
    event = track("Order Completed", "{\"id\":\"this is the order\",\"order_id\":\"1\"}");
    assert_int_equal(event->fact.line_count, 0);
    event = track("Product Added", "{\"id\":\"p\",\"quantity\":-2}");
    assert_int_equal(event->fact.line_count, 0);
    assert_int_equal(event->lines_dropped, 1);
    event = track("Newsletter Joined", "{\"product_id\":\"p\"}");
    assert_int_equal(event->fact.kind, KD_KIND_CUSTOM);
    assert_int_equal(event->fact.line_count, 0);
}

static void test_amounts(void **state)
{
    static const struct { const char *text; int64_t want; } cases[] = {
        { "19.99", 19990000 }, { "59.97000000000001", 59970000 }, { "0.30000000000000004", 300000 }, { "1.9999999", 2000000 },
        { "-1.9999999", -2000000 }, { "\"12.50\"", 12500000 }, { "1e2", 100000000 }, { "\"12,50\"", KD_PRICE_NONE }, { "\"free\"", KD_PRICE_NONE },
        { "9223372036854.7758079", INT64_MAX }, { "1e300", KD_PRICE_NONE }, { "true", KD_PRICE_NONE }, { "\"1.23456789x\"", KD_PRICE_NONE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char properties[200];
        snprintf(properties, sizeof properties, "{\"id\":\"p\",\"price\":%s}", cases[i].text);
        if (track("Product Viewed", properties)->fact.lines[0].price_micro != cases[i].want)
            fail_msg("%s: %lld", cases[i].text, (long long)track("Product Viewed", properties)->fact.lines[0].price_micro);
    }
}

static void test_channels_and_topics(void **state)
{
    kd_incoming_context import = context_of(KD_SPEAKER_SERVER);
    const kd_incoming  *event = track("Order Completed", "{\"store_id\":\"S1\",\"order_id\":\"1\"}");
    (void)state;
    import.channel = KD_CHANNEL_FILE;
    assert_int_equal(event->fact.channel, KD_CHANNEL_STORE);
    assert_str(event->fact.place, "S1");
    event = one(KD_CALL_TRACK, "{\"event\":\"Order Completed\",\"userId\":\"u\",\"properties\":{\"store_id\":\"S1\"},\"context\":{\"page\":{\"path\":\"/\"}}}");
    assert_int_equal(event->fact.channel, KD_CHANNEL_WEB); /* click and collect: bought on the web */
    assert_str(event->fact.place, "S1");
    assert_int_equal(track("purchase", "{\"channel\":\"POS\"}")->fact.channel, KD_CHANNEL_STORE);
    event = one(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u\",\"context\":{\"device\":{\"type\":\"iOS\"}}}");
    assert_int_equal(event->fact.channel, KD_CHANNEL_APP);
    assert_int_equal(one(KD_CALL_SCREEN, "{\"userId\":\"u\",\"name\":\"Cart\"}")->fact.channel, KD_CHANNEL_APP);
    assert_int_equal(track("Email Opened", "{\"campaign_id\":\"c9\"}")->fact.channel, KD_CHANNEL_EMAIL);
    assert_str(track("Email Opened", "{\"campaign_id\":\"c9\"}")->fact.topic, "c9");
    assert_str(track("Content Viewed", "{\"content_id\":\"guide-1\"}")->fact.topic, "guide-1");
    assert_str(track("Promotion Clicked", "{\"promotion_id\":\"spring\"}")->fact.topic, "spring");
    assert_str(track("Product List Viewed", "{\"category\":\"Games\"}")->fact.topic, "Games");
    assert_int_equal(one_as(KD_CALL_TRACK, "{\"event\":\"E\",\"userId\":\"u\"}", &import)->fact.channel, KD_CHANNEL_FILE);
    event = track("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                  "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                  "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                  "x\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "{}");
    assert_int_equal(event->fact.name.len, 127); /* not in the middle of a letter */
    assert_true(kd_utf8_valid(event->fact.name));
}

int run_incoming_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_segment_node),
        cmocka_unit_test(test_segment_browser),
        cmocka_unit_test(test_rudder_node),
        cmocka_unit_test(test_rudder_browser),
        cmocka_unit_test(test_headers_of_rudder),
        cmocka_unit_test(test_context_of_the_batch),
        cmocka_unit_test(test_retry_is_the_same),
        cmocka_unit_test(test_ids_that_differ),
        cmocka_unit_test(test_claimed_ids_are_apart),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_refused_items),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_batch_with_many_members),
        cmocka_unit_test(test_refused_bodies),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_owner_and_links), cmocka_unit_test(test_kinds_of_evidence),
        cmocka_unit_test(test_alias_and_group),
        cmocka_unit_test(test_traits),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_google_analytics),
        cmocka_unit_test(test_lines_left_out),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_channels_and_topics),
    };
    return cmocka_run_group_tests_name("incoming", tests, make_arena, free_arena);
}
