#include "customer/tcf.h"

enum { CORE_BITS_MIN = 213, SECTIONS_MAX = 32 };
static const int64_t DISCLOSED_SINCE_MS = INT64_C(1772236800000); /* 2026-02-28 */

/* Bits of one segment, base64url without padding, from the left. */
typedef struct bits { kd_str text; size_t at; bool failed; } bits;

static int six_of(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '-' ? 62 : c == '_' ? 63 : -1;
}

static uint64_t take(bits *b, unsigned count)
{
    uint64_t value = 0;
    for (; count; count--, b->at++) {
        int six = b->at / 6 < b->text.len ? six_of(b->text.ptr[b->at / 6]) : -1;
        if (six < 0)
            b->failed = true;
        value = value << 1 | (six < 0 ? 0u : (unsigned)six >> (5 - b->at % 6) & 1u);
    }
    return b->failed ? 0 : value;
}

static bool is_base64url(kd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (six_of(text.ptr[i]) < 0)
            return false;
    return text.len > 0;
}

/* The part before the next `by`; `rest` moves behind it. False at the end. */
static bool next_part(kd_str *part, kd_str *rest, char by)
{
    const char *end = rest->len ? memchr(rest->ptr, by, rest->len) : NULL;
    if (!rest->ptr)
        return false;
    part->ptr = rest->ptr;
    part->len = end ? (size_t)(end - rest->ptr) : rest->len;
    *rest = end ? (kd_str){ end + 1, rest->len - part->len - 1 } : (kd_str){ NULL, 0 };
    return true;
}

static kd_status no_tcf(kd_err *err, const char *why)
{
    return kd_fail(err, KD_INVALID, "this TC string is no consent: %s", why);
}

kd_status kd_tcf_parse(kd_tcf *out, kd_str text, kd_err *err)
{
    kd_str rest = text, part;
    kd_tcf tcf = { 0 };
    bits   b = { 0 };
    if (text.len == 0 || text.len > KD_TCF_BYTES_MAX || !next_part(&b.text, &rest, '.') || !is_base64url(b.text))
        return no_tcf(err, "it is not base64url of 1 to 4096 bytes");
    if (take(&b, 6) != 2)
        return no_tcf(err, "its version is not 2");
    tcf.created_ms = (int64_t)take(&b, 36) * 100;
    tcf.updated_ms = (int64_t)take(&b, 36) * 100;
    take(&b, 12 + 12 + 6 + 12 + 12); /* who asked, on which screen, in which language, by which list of vendors */
    tcf.policy_version = (uint8_t)take(&b, 6);
    take(&b, 1 + 1 + 12);            /* service specific, own texts, special features */
    for (int p = 0; p < 24; p++)
        tcf.purposes |= (uint32_t)take(&b, 1) << p;
    take(&b, 24 + 1 + 12);           /* legitimate interest, purpose one, country */
    if (b.failed || b.text.len * 6 < CORE_BITS_MIN)
        return no_tcf(err, "it is cut off");
    while (next_part(&part, &rest, '.')) {
        bits segment = { part, 0, false };
        if (!is_base64url(part))
            return no_tcf(err, "one of its segments is not base64url");
        tcf.disclosed |= take(&segment, 3) == 1;
    }
    if (tcf.created_ms > tcf.updated_ms)
        return no_tcf(err, "it was changed before it was made");
    if (!tcf.disclosed && tcf.created_ms >= DISCLOSED_SINCE_MS)
        return no_tcf(err, "since 2026-02-28 it must name the vendors that were disclosed (TCF 2.3)");
    *out = tcf;
    return KD_OK;
}

void kd_tcf_purposes(kd_consent *into, const kd_tcf *tcf)
{
    static const struct { kd_purpose ours; uint32_t needs; } map[] = {
        { KD_PURPOSE_PERSONALISE, 1u | 1u << 4 | 1u << 5 }, { KD_PURPOSE_ANALYSE, 1u | 1u << 8 | 1u << 9 }, { KD_PURPOSE_SHARE, 1u | 1u << 2 | 1u << 3 },
    };
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        *((tcf->purposes & map[i].needs) == map[i].needs ? &into->granted : &into->refused) |= KD_PURPOSE_BIT(map[i].ours);
}

/* ---- GPP ------------------------------------------------------------------------------------------------------------------ */

/* Sums of Fibonacci numbers, the smallest first, ended by two ones. */
static uint32_t take_fibonacci(bits *b)
{
    uint32_t value = 0, low = 1, high = 2;
    bool     before = false;
    for (int i = 0; i < 30 && !b->failed; i++) {
        bool one = take(b, 1);
        if (one && before)
            return value;
        if (one)
            value += low;
        before = one;
        high += low;
        low = high - low;
    }
    b->failed = true;
    return 0;
}

static bool take_header(uint32_t ids[SECTIONS_MAX], size_t *count, bits *b)
{
    uint32_t last = 0, ranges;
    *count = 0;
    if (take(b, 6) != 3 || take(b, 6) != 1)
        return false;
    ranges = (uint32_t)take(b, 12);
    for (uint32_t r = 0; r < ranges && !b->failed; r++) {
        bool     range = take(b, 1);
        uint32_t first = last + take_fibonacci(b);
        last = range ? first + take_fibonacci(b) : first;
        if (b->failed || last - first >= SECTIONS_MAX)
            return false;
        for (uint32_t id = first; id <= last; id++) {
            if (*count == SECTIONS_MAX)
                return false;
            ids[(*count)++] = id;
        }
    }
    return !b->failed;
}

/* Where the opt-outs stand, in fields of two bits behind the version's six. */
static bool read_us(kd_gpp *out, uint32_t id, kd_str section)
{
    static const struct { uint8_t skip, count; } layout[] = { [7] = { 6, 3 }, [8] = { 3, 2 }, [9] = { 3, 2 }, [10] = { 3, 2 }, [11] = { 4, 2 }, [12] = { 3, 2 } };
    kd_str rest = section, part;
    bool   core = true;
    while (next_part(&part, &rest, '.')) {
        bits b = { part, 0, false };
        if (!is_base64url(part))
            return false;
        if (core) {
            if (take(&b, 6) != 1)
                return false;
            take(&b, 2u * layout[id].skip);
            for (int i = 0; i < layout[id].count; i++)
                out->opted_out |= take(&b, 2) == 1;
        } else if (take(&b, 2) == 1) {
            out->gpc |= take(&b, 1);
        }
        if (b.failed)
            return false;
        core = false;
    }
    return !core;
}

kd_status kd_gpp_parse(kd_gpp *out, kd_str text, kd_err *err)
{
    kd_str   rest = text, part;
    kd_gpp   gpp = { 0 };
    bits     b = { 0 };
    uint32_t ids[SECTIONS_MAX];
    size_t   count;
    if (text.len == 0 || text.len > KD_TCF_BYTES_MAX || !next_part(&b.text, &rest, '~') || !take_header(ids, &count, &b))
        return kd_fail(err, KD_INVALID, "this GPP string is no consent: its header does not read");
    for (size_t i = 0; i < count; i++) {
        if (!next_part(&part, &rest, '~'))
            return kd_fail(err, KD_INVALID, "this GPP string is no consent: it is cut off before section %u", ids[i]);
        if (ids[i] < 32)
            gpp.sections |= 1u << ids[i];
        if (ids[i] >= 7 && ids[i] <= 12 && !read_us(&gpp, ids[i], part))
            return kd_fail(err, KD_INVALID, "this GPP string is no consent: section %u does not read", ids[i]);
    }
    if (rest.ptr)
        return kd_fail(err, KD_INVALID, "this GPP string is no consent: it has more sections than its header says");
    *out = gpp;
    return KD_OK;
}
