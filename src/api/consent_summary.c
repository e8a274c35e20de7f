/* How persons stand to each purpose, and how they came to: counted from the profiles as they are stored. A day counts the statements in
 * force now that had been made by its end. Counts below the floor are not told (customer/floor.h). */
#include "api/caller.h"
#include "api/handlers.h"
#include "customer/consent.h"
#include "customer/floor.h"

enum { PERSONS_MAX = 20000, ROWS = 256, DAYS_MAX = 400, SCAN_BYTES = 64 << 20, DAYS_DEFAULT = 90 };

typedef struct tally { uint32_t granted[KD_PURPOSE_COUNT], refused[KD_PURPOSE_COUNT], unknown[KD_PURPOSE_COUNT]; } tally;
typedef struct summary {
    tally    now;
    tally   *days;      /* of current statements, by the day they were made; unknown stays 0 */
    tally    before;    /* those older than the first day */
    int32_t  first_day;
    int      day_count;
    uint32_t persons;
    bool     more;      /* there are persons that were not looked at */
} summary;

static void count_profile(summary *s, const kd_profile *profile)
{
    s->persons++;
    for (int p = 0; p < KD_PURPOSE_COUNT; p++) {
        const kd_register *said = kd_consent_register(profile, (kd_purpose)p);
        bool               granted = (profile->granted & KD_PURPOSE_BIT(p)) != 0;
        int32_t            day = said ? kd_day(said->time_ms) - s->first_day : -1;
        if (!said)
            s->now.unknown[p]++;
        else
            (granted ? s->now.granted : s->now.refused)[p]++;
        if (said && day < 0)
            (granted ? s->before.granted : s->before.refused)[p]++;
        if (day >= 0 && day < s->day_count)
            (granted ? s->days[day].granted : s->days[day].refused)[p]++;
    }
}

/* A row that cannot be read says nothing here; `kunde doctor` names it. */
static void count_row(summary *s, const kd_parts *parts, const kd_profile_row *row, kd_arena *arena)
{
    kd_data_key key;
    kd_str      state;
    kd_profile  profile;
    if (row->state.len == 0 || kd_vault_unwrap(&key, parts->vault, row->secret, row->person, NULL) != KD_OK
        || kd_unseal(&state, arena, &key, (kd_str){ (const char *)row->person.b, sizeof row->person.b }, row->state, NULL) != KD_OK
        || kd_profile_decode(&profile, state, NULL) != KD_OK)
        return;
    count_profile(s, &profile);
    kd_profile_free(&profile);
}

static kd_status scan(summary *s, kd_request *request, kd_err *err)
{
    kd_arena *arena = kd_arena_new(SCAN_BYTES);
    kd_status status = arena ? KD_OK : kd_fail_memory(err);
    for (uint16_t group = 0; status == KD_OK && group < kd_store_groups(request->parts->store); group++) {
        int64_t cursor = 0;
        size_t  count = 1;
        while (status == KD_OK && count > 0 && !s->more) {
            kd_profile_row *rows;
            kd_arena_reset(arena);
            status = kd_reader_profile_scan(&rows, &count, request->reader, group, &cursor, ROWS, arena, err);
            for (size_t i = 0; status == KD_OK && i < count; i++)
                count_row(s, request->parts, &rows[i], arena);
            s->more = s->persons >= PERSONS_MAX && count > 0;
        }
    }
    kd_arena_free(arena);
    return status;
}

static void write_tally(kd_jw *w, const tally *t, const char *day, int purpose, uint32_t k)
{
    const uint64_t people[] = { t->granted[purpose], t->refused[purpose], t->unknown[purpose] };
    bool           hidden[3];
    kd_floor_parts(hidden, people, 3, k);
    kd_jw_object(w);
    if (day)
        KD_JW_Z(w, "day", day);
    KD_JW_Z(w, "purpose", kd_purpose_name((kd_purpose)purpose));
    kd_floor_write_part(w, "granted", people[0], hidden[0], k);
    kd_floor_write_part(w, "refused", people[1], hidden[1], k);
    kd_floor_write_part(w, "unknown", people[2], hidden[2], k);
    kd_jw_object_end(w);
}

/* What had been said by the end of each day: sums in place. Whoever had not spoken by then is unknown. */
static void add_up(summary *s)
{
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        for (int d = 0; d < s->day_count; d++) {
            const tally *earlier = d ? &s->days[d - 1] : &s->before;
            s->days[d].granted[p] += earlier->granted[p];
            s->days[d].refused[p] += earlier->refused[p];
            s->days[d].unknown[p] = s->persons - s->days[d].granted[p] - s->days[d].refused[p];
        }
}

static void write_summary(kd_jw *w, const summary *s, uint32_t k)
{
    kd_jw_object(w);
    KD_JW_I64(w, "persons", s->persons);
    KD_JW_BOOL(w, "more", s->more);
    kd_jw_key(w, "now");
    kd_jw_array(w);
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        write_tally(w, &s->now, NULL, p, k);
    kd_jw_array_end(w);
    kd_jw_key(w, "days");
    kd_jw_array(w);
    for (int d = 0; d < s->day_count; d++) {
        char time[25];
        kd_time_format(time, (int64_t)(s->first_day + d) * KD_DAY_MS);
        time[10] = '\0';
        for (int p = 0; p < KD_PURPOSE_COUNT; p++)
            if (s->days[d].granted[p] || s->days[d].refused[p])
                write_tally(w, &s->days[d], time, p, k);
    }
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

static kd_status read_range(summary *s, kd_request *request, kd_err *err)
{
    kd_str  from = kd_request_query(request, "from"), to = kd_request_query(request, "to");
    int64_t to_ms = request->now_ms, from_ms;
    if (to.len && !kd_time_parse(&to_ms, to, 0))
        return kd_fail_field(err, KD_INVALID, "to", "must be a day such as 2026-11-23");
    from_ms = to_ms - (DAYS_DEFAULT - 1) * KD_DAY_MS;
    if (from.len && !kd_time_parse(&from_ms, from, 0))
        return kd_fail_field(err, KD_INVALID, "from", "must be a day such as 2026-11-23");
    s->first_day = kd_day(from_ms);
    s->day_count = kd_day(to_ms) - s->first_day + 1;
    if (s->day_count < 1 || s->day_count > DAYS_MAX)
        return kd_fail_field(err, KD_INVALID, "from", "must lie 0 to %d days before \"to\"", DAYS_MAX - 1);
    s->days = KD_NEW(request->arena, tally, (size_t)s->day_count);
    return s->days ? KD_OK : kd_fail_memory(err);
}

void kd_admin_consents_summary(kd_request *request)
{
    summary   s = { 0 };
    kd_err    err = { 0 };
    kd_status status;
    kd_jw     w;
    if (!kd_caller_require(request, KD_SEE))
        return;
    request->no_store = true;
    status = read_range(&s, request, &err);
    if (status == KD_OK)
        status = kd_ingest_checkpoint(request->parts->ingest, &err);
    if (status == KD_OK)
        status = scan(&s, request, &err);
    kd_jw_init(&w, &request->out);
    if (status == KD_OK) {
        add_up(&s);
        write_summary(&w, &s, request->parts->k_floor);
    }
    kd_reply_json(request, status, &err);
}
