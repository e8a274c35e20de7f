/* A request of the collect door. The first byte is a digit that says which call ('0' a batch), the rest is the body. What is
 * taken has an owner and a fact that can be stored; its stored body, read again, names the same person and the same traits. */
#include "fuzz.h"

#include "event/incoming.h"

static void check_stored(const kd_incoming *event, kd_arena *arena)
{
    kd_fact again = { .kind = event->fact.kind };
    MUST(kd_incoming_traits(&again, event->body, arena, NULL) == KD_OK);
    MUST(again.ident_count == event->fact.ident_count && again.trait_count == event->fact.trait_count);
    for (size_t i = 0; i < again.ident_count; i++)
        MUST(again.idents[i].type == event->fact.idents[i].type && kd_str_eq(again.idents[i].value, event->fact.idents[i].value));
    for (size_t i = 0; i < again.trait_count; i++)
        MUST(kd_str_eq(again.traits[i].name, event->fact.traits[i].name) && kd_str_eq(again.traits[i].value, event->fact.traits[i].value));
}

static void check_event(const kd_incoming *event, kd_arena *arena)
{
    kd_buf  facts;
    kd_fact decoded;
    if (event->status != KD_OK) {
        MUST(event->err.msg[0] != '\0');
        return;
    }
    MUST(event->fact.ident_count > 0 && event->owner.value.len > 0 && event->owner.value.len <= KD_KEY_VALUE_MAX);
    MUST(event->message_id.len > 0 && !kd_id_is_nil(event->fact.id));
    MUST(event->fact.time_ms >= KD_TIME_MIN && event->fact.time_ms <= event->received_ms + KD_FUTURE_SLACK_MS);
    MUST(event->fact.line_count == 0 || event->stubs);
    kd_buf_init(&facts, arena);
    kd_fact_encode(&facts, &event->fact);
    MUST(kd_fact_decode(&decoded, kd_buf_str(&facts), arena, NULL) == KD_OK && decoded.line_count == event->fact.line_count);
    check_stored(event, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_incoming_context context = { .source = KD_STR("web"), .received_ms = 1800000000000, .sent_at_ms = KD_TIME_MIN,
                                    .anonymous_id = KD_STR("from-a-header") };
    kd_arena           *arena;
    kd_incoming        *events;
    kd_str              key;
    size_t              count;
    kd_err              err = { 0 };
    kd_status           status;
    if (size == 0 || !(arena = kd_arena_new(64 << 20)))
        return 0;
    context.speaker = (kd_speaker)(data[0] % 3);
    status = kd_incoming_parse(&events, &count, &key, (kd_call)((data[0] - '0' + 7 * 256) % 7), (const char *)data + 1, size - 1, &context,
                               arena, &err);
    MUST(status == KD_OK || status == KD_INVALID || status == KD_LIMIT);
    MUST(status == KD_OK || err.msg[0] != '\0');
    for (size_t i = 0; status == KD_OK && i < count; i++)
        check_event(&events[i], arena);
    kd_arena_free(arena);
    return 0;
}
