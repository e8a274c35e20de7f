/* The shop's pulse: days, today against what is usual, what happens now, sources. */
#include "api/caller.h"
#include "api/handlers.h"
#include "insight/entry.h"
#include "insight/pulse.h"

enum { DAYS_DEFAULT = 365, WEEKS_BEFORE = 8 };

/* ---- what is asked ------------------------------------------------------------------------------------------------------ */
/* A day of the query, "2026-11-22"; false when it is none. */
static bool read_day(int32_t *out, kd_request *request, const char *name, int32_t otherwise)
{
    kd_str  text = kd_request_query(request, name);
    int64_t ms;
    *out = otherwise;
    if (text.len == 0)
        return true;
    if (text.len != 10 || !kd_time_parse(&ms, text, 0)) {
        kd_reply_error(request, 400, "invalid", "must be a day, as in 2026-11-22", name);
        return false;
    }
    *out = kd_day(ms);
    return true;
}

typedef struct span { int32_t from, to, today; kd_str source; } span;

static bool read_span(span *out, kd_request *request)
{
    *out = (span){ .today = kd_day(request->now_ms), .source = kd_request_query(request, "source") };
    if (!read_day(&out->to, request, "to", out->today) || !read_day(&out->from, request, "from", out->to - DAYS_DEFAULT + 1))
        return false;
    if (out->from <= out->to && out->to - out->from < KD_TALLY_DAYS)
        return true;
    kd_reply_error(request, 400, "invalid", out->from > out->to ? "from is after to" : "more than 4000 days", "from");
    return false;
}

/* ---- one day ------------------------------------------------------------------------------------------------------------- */
static void write_sums(kd_jw *w, const char *key, const kd_pulse_day *day, bool returned)
{
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (size_t i = 0; i < day->money_count; i++) {
        kd_jw_object(w);
        KD_JW_Z(w, "currency", day->money[i].currency.code);
        kd_write_money(w, "amount", returned ? day->money[i].returned_micro : day->money[i].bought_micro, day->money[i].currency);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

/* The members of a day; people are counted for everybody, not by source. */
static void write_day(kd_jw *w, const kd_pulse_day *day, bool everybody)
{
    char text[25];
    kd_time_format(text, (int64_t)day->day * KD_DAY_MS);
    KD_JW_STR(w, "day", ((kd_str){ text, 10 }));
    KD_JW_I64(w, "events", (int64_t)day->events);
    kd_jw_key(w, "people");
    everybody ? kd_jw_i64(w, (int64_t)day->people) : kd_jw_null(w);
    kd_jw_key(w, "newPeople");
    everybody ? kd_jw_i64(w, (int64_t)day->new_people) : kd_jw_null(w);
    KD_JW_I64(w, "orders", (int64_t)day->orders);
    KD_JW_I64(w, "claimedOrders", (int64_t)day->claimed_orders);
    write_sums(w, "revenue", day, false);
    write_sums(w, "returned", day, true);
}

/* ---- today against what is usual --------------------------------------------------------------------------------------------- */
static int64_t bought_in(const kd_pulse_day *day, kd_currency currency)
{
    for (size_t i = 0; i < day->money_count; i++)
        if (memcmp(day->money[i].currency.code, currency.code, sizeof currency.code) == 0)
            return day->money[i].bought_micro;
    return 0;
}

/* The currency in which most was sold on these days. */
static kd_currency main_currency(const kd_pulse_day *days, size_t count)
{
    kd_currency best = { "" };
    int64_t     most = -1;
    for (size_t d = 0; d < count; d++)
        for (size_t m = 0; m < days[d].money_count; m++) {
            int64_t sum = 0;
            for (size_t i = 0; i < count; i++)
                sum += bought_in(&days[i], days[d].money[m].currency) / 1000; /* only to compare: no sum may overflow */
            if (sum > most) {
                most = sum;
                best = days[d].money[m].currency;
            }
        }
    return best;
}

/* The same weekday of the weeks before, as far as the shop goes back: their mean, the least and the most of them. */
static void write_usual(kd_jw *w, const kd_pulse_day *days, size_t count, int32_t today)
{
    const kd_currency currency = main_currency(days, count);
    double            orders = 0, low = 0, high = 0, revenue = 0, revenue_low = 0, revenue_high = 0;
    int               n = 0, decimals = kd_currency_exponent(currency);
    for (size_t i = 0; i < count; i++) {
        double o = (double)days[i].orders, r = (double)bought_in(&days[i], currency) / 1e6;
        if (days[i].day == today || (today - days[i].day) % 7 != 0)
            continue;
        orders += o;
        revenue += r;
        low = n == 0 || o < low ? o : low;
        high = n == 0 || o > high ? o : high;
        revenue_low = n == 0 || r < revenue_low ? r : revenue_low;
        revenue_high = n == 0 || r > revenue_high ? r : revenue_high;
        n++;
    }
    kd_jw_key(w, "usual");
    if (n == 0) {
        kd_jw_null(w);
        return;
    }
    kd_jw_object(w);
    KD_JW_I64(w, "days", n);
    kd_jw_key(w, "orders");
    kd_jw_object(w);
    kd_jw_key(w, "mean"), kd_jw_f64(w, orders / n, 2);
    kd_jw_key(w, "low"), kd_jw_f64(w, low, 0);
    kd_jw_key(w, "high"), kd_jw_f64(w, high, 0);
    kd_jw_object_end(w);
    kd_jw_key(w, "revenue");
    if (currency.code[0]) {
        kd_jw_object(w);
        KD_JW_Z(w, "currency", currency.code);
        kd_jw_key(w, "mean"), kd_jw_f64(w, revenue / n, decimals);
        kd_jw_key(w, "low"), kd_jw_f64(w, revenue_low, decimals);
        kd_jw_key(w, "high"), kd_jw_f64(w, revenue_high, decimals);
        kd_jw_object_end(w);
    } else {
        kd_jw_null(w);
    }
    kd_jw_object_end(w);
}

/* ---- the answer -------------------------------------------------------------------------------------------------------------- */
static kd_status write_sources(kd_jw *w, kd_request *request, kd_err *err)
{
    kd_pulse_source *sources = NULL;
    size_t           count = 0;
    kd_status        status = kd_pulse_sources(&sources, &count, request->parts->pulse, request->now_ms, request->arena, err);
    kd_jw_key(w, "sources");
    kd_jw_array(w);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "source", sources[i].name.len ? sources[i].name : KD_STR("(unknown)")); /* events of before sources were kept */
        kd_write_time(w, "lastEventAt", sources[i].last_ms);
        KD_JW_I64(w, "events", (int64_t)sources[i].events);
        KD_JW_I64(w, "events24h", (int64_t)sources[i].events_24h);
        KD_JW_I64(w, "rejected", (int64_t)sources[i].rejected);
        KD_JW_I64(w, "duplicates", (int64_t)sources[i].duplicates);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    return status;
}

static void write_now(kd_jw *w, kd_request *request)
{
    kd_pulse_now now;
    kd_pulse_now_at(&now, request->parts->pulse, request->now_ms);
    kd_jw_key(w, "now");
    kd_jw_object(w);
    KD_JW_I64(w, "people", (int64_t)now.people);
    kd_jw_key(w, "perMinute");
    kd_jw_array(w);
    for (size_t i = 0; i < sizeof now.per_minute / sizeof *now.per_minute; i++)
        kd_jw_i64(w, (int64_t)now.per_minute[i]);
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

static kd_status write_days(kd_jw *w, kd_request *request, const span *asked, kd_err *err)
{
    kd_parts     *parts = request->parts;
    const bool    claims = kd_people_trust_claims(parts->people), everybody = asked->source.len == 0;
    kd_pulse_day *days = NULL, *recent = NULL, none = { .day = asked->today };
    size_t        count = 0, recent_count = 0;
    kd_status     status = kd_pulse_days(&days, &count, parts->pulse, asked->from, asked->to, asked->source, claims, request->arena, err);
    if (status == KD_OK)
        status = kd_pulse_days(&recent, &recent_count, parts->pulse, asked->today - 7 * WEEKS_BEFORE, asked->today, asked->source, claims, request->arena, err);
    kd_jw_key(w, "days");
    kd_jw_array(w);
    for (size_t i = 0; i < count && status == KD_OK; i++) {
        kd_jw_object(w);
        write_day(w, &days[i], everybody);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    kd_jw_key(w, "today");
    kd_jw_object(w);
    if (status == KD_OK) {
        write_day(w, recent_count ? &recent[recent_count - 1] : &none, everybody);
        write_usual(w, recent, recent_count, asked->today);
    }
    kd_jw_object_end(w);
    return status;
}

static kd_status answer_pulse(kd_request *request, const span *asked, kd_err *err)
{
    kd_pulse_state state;
    kd_status      status;
    kd_jw          w;
    kd_jw_init(&w, &request->out);
    kd_jw_object(&w);
    status = write_days(&w, request, asked, err);
    write_now(&w, request);
    if (status == KD_OK)
        status = write_sources(&w, request, err);
    kd_pulse_get_state(&state, request->parts->pulse, request->now_ms);
    kd_write_time(&w, "freshAt", state.fresh_ms);
    KD_JW_BOOL(&w, "complete", state.complete);
    KD_JW_I64(&w, "leftOut", (int64_t)state.left_out);
    kd_jw_object_end(&w);
    return status;
}

void kd_admin_pulse(kd_request *request)
{
    span   asked;
    kd_err err = { 0 };
    if (kd_caller_require(request, KD_SEE) && read_span(&asked, request))
        kd_reply_json(request, answer_pulse(request, &asked, &err), &err);
}
