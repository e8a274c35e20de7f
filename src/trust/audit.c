#include "trust/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

enum {
    HASH = 32, HASH_HEX = 64,
    ANCHOR_ENTRIES = 64, ANCHOR_MS = 60 * 1000,
    TOGETHER_MAX = 256,              /* entries of one commit */
    TRIES = 5,
    ONCE_SLOTS = 4096, ONCE_MS = 10 * 60 * 1000,
    SLICE = 500, LOOKED_AT = 10 * SLICE,
    SLICE_BYTES = 8 * 1024 * 1024, PATH_MAX_BYTES = 4096
};
#define KIND KD_STR("audit")
#define HEAD "{\"hash\":\""         /* {"hash":"<64 hex>","entry":<text>} */
#define MIDDLE "\",\"entry\":"
enum { TEXT_AT = sizeof HEAD - 1 + HASH_HEX + sizeof MIDDLE - 1 };

typedef struct waiting {             /* an entry on the stack of the thread that waits for it */
    kd_str          rest;            /* its text without number */
    int64_t         now_ms;
    kd_status       status;
    bool            done;
    kd_err          err;
    struct waiting *next;
} waiting;

typedef struct mark { uint64_t number; uint8_t hash[HASH]; int64_t time_ms; } mark; /* a place in the chain */

struct kd_audit_log {
    kd_store       *store;
    kd_clock        clock;
    char           *anchor_path;     /* NULL: no anchor is kept */
    uint8_t         key[HASH];
    pthread_mutex_t lock;            /* of all below */
    pthread_cond_t  turned;          /* a commit is over */
    waiting        *first, **last;
    bool            leading;         /* some thread commits for all who wait; nobody else moves the end meanwhile */
    mark            end, anchor;
    bool            parted;          /* chain and anchor do not go together: the anchor stays as evidence */
    struct { uint64_t what; int64_t time_ms; } once[ONCE_SLOTS];
};

static kd_id id_of(uint64_t number)
{
    kd_id id = { { 0 } };
    for (int i = 0; i < 8; i++)
        id.b[15 - i] = (uint8_t)(number >> (8 * i));
    return id;
}

static bool number_of(uint64_t *out, kd_id id)
{
    *out = 0;
    for (int i = 8; i < 16; i++)
        *out = *out << 8 | id.b[i];
    return kd_id_eq(id, id_of(*out));
}

static void hash_next(uint8_t out[HASH], const kd_audit_log *log, const uint8_t before[HASH], kd_str text)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, log->key, sizeof log->key, HASH);
    crypto_generichash_update(&state, before, HASH);
    crypto_generichash_update(&state, (const uint8_t *)text.ptr, text.len);
    crypto_generichash_final(&state, out, HASH);
}

/* The two parts of a stored body; false when it is not of that form. */
static bool take_apart(uint8_t hash[HASH], kd_str *text, kd_str body)
{
    size_t len = 0;
    if (body.len < TEXT_AT + 3 || memcmp(body.ptr, HEAD, sizeof HEAD - 1) != 0
        || memcmp(body.ptr + sizeof HEAD - 1 + HASH_HEX, MIDDLE, sizeof MIDDLE - 1) != 0 || body.ptr[body.len - 1] != '}'
        || sodium_hex2bin(hash, HASH, body.ptr + sizeof HEAD - 1, HASH_HEX, NULL, &len, NULL) != 0 || len != HASH)
        return false;
    *text = (kd_str){ body.ptr + TEXT_AT, body.len - TEXT_AT - 1 };
    return true;
}

/* ---- the anchor: "<number> <hash> <time>" in a file of its own, replaced whole ------------------------------------------------ */
static kd_status read_anchor(mark *out, bool *there, const char *path, kd_err *err)
{
    char   text[160] = "", hex[HASH_HEX + 1], time[25];
    FILE  *f = fopen(path, "re");
    size_t len = 0;
    *there = f != NULL;
    *out = (mark){ 0 };
    if (f == NULL)
        return errno == ENOENT ? KD_OK : kd_fail(err, KD_IO, "open the anchor of the audit log: %s", strerror(errno));
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    if (sscanf(text, "%20" SCNu64 " %64[0-9a-f] %24s", &out->number, hex, time) != 3 || sodium_hex2bin(out->hash, HASH, hex, HASH_HEX, NULL, &len, NULL) != 0 || len != HASH
        || !kd_time_parse(&out->time_ms, kd_str_z(time), 0))
        return kd_fail(err, KD_CORRUPT, "the anchor of the audit log is damaged");
    return KD_OK;
}

static void write_anchor(kd_audit_log *log, int64_t now_ms)
{
    char beside[PATH_MAX_BYTES + 8], hex[HASH_HEX + 1], time[25], text[160];
    int  fd, len;
    bool ok;
    if (log->anchor_path == NULL || log->parted)
        return;
    snprintf(beside, sizeof beside, "%s.new", log->anchor_path);
    kd_time_format(time, now_ms);
    sodium_bin2hex(hex, sizeof hex, log->end.hash, HASH);
    len = snprintf(text, sizeof text, "%" PRIu64 " %s %s\n", log->end.number, hex, time);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, text, (size_t)len) == len && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!ok || rename(beside, log->anchor_path) != 0) {
        kd_log(KD_LOG_WARN, "trust", "anchor-not-written", "why=\"%s\"", strerror(errno));
        return;
    }
    log->anchor = log->end;
    log->anchor.time_ms = now_ms;
}

/* ---- open -------------------------------------------------------------------------------------------------------------------- */
static kd_status one_after(kd_record **out, kd_reader *reader, uint64_t number, kd_arena *arena, kd_err *err)
{
    size_t    count = 0;
    kd_status status;
    kd_arena_reset(arena);
    status = kd_reader_records(out, &count, reader, (kd_id){ 0 }, KIND, number ? id_of(number) : (kd_id){ 0 }, 1, arena, err);
    if (status == KD_OK && count == 0)
        *out = NULL;
    return status;
}

/* The newest entry, found by halving: that there is one after a number stays true up to the end, also where some are gone. */
static kd_status find_end(mark *end, kd_reader *reader, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(SLICE_BYTES);
    kd_record *record = NULL;
    kd_str     text;
    uint64_t   low = 0, high = 1, found;
    kd_status  status = arena ? KD_OK : kd_fail_memory(err);
    *end = (mark){ 0 };
    while (status == KD_OK && (status = one_after(&record, reader, high - 1, arena, err)) == KD_OK && record && high < (UINT64_MAX >> 2)) {
        low = high;
        high *= 2;
    }
    while (status == KD_OK && high - low > 1) { /* there is one after low - 1, none after high - 1 */
        uint64_t middle = low + (high - low) / 2;
        status = one_after(&record, reader, middle - 1, arena, err);
        record ? (low = middle) : (high = middle);
    }
    if (status == KD_OK && low > 0 && (status = one_after(&record, reader, low - 1, arena, err)) == KD_OK && record && number_of(&found, record->id)) {
        end->number = found;
        end->time_ms = record->time_ms;
        if (!take_apart(end->hash, &text, record->body))
            memset(end->hash, 0, HASH); /* verify will name it; the log goes on from here */
    }
    kd_arena_free(arena);
    return status;
}

/* Is the anchor's hash that of its entry? */
static kd_status is_anchored(bool *out, const mark *anchor, kd_reader *reader, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(SLICE_BYTES);
    kd_record *record = NULL;
    uint8_t    hash[HASH] = { 0 };
    kd_str     text;
    kd_status  status = arena ? KD_OK : kd_fail_memory(err);
    *out = anchor->number == 0;
    if (status == KD_OK && anchor->number > 0)
        status = one_after(&record, reader, anchor->number - 1, arena, err);
    if (record && kd_id_eq(record->id, id_of(anchor->number)) && take_apart(hash, &text, record->body))
        *out = sodium_memcmp(hash, anchor->hash, HASH) == 0;
    kd_arena_free(arena);
    return status;
}

static kd_status compare(kd_audit_log *log, kd_reader *reader, kd_err *err)
{
    bool      there = false, fits = false;
    kd_status status;
    if (log->anchor_path == NULL)
        return KD_OK;
    status = read_anchor(&log->anchor, &there, log->anchor_path, err);
    if (status == KD_CORRUPT)
        there = true;
    else if (status != KD_OK)
        return status;
    else if (there && (status = is_anchored(&fits, &log->anchor, reader, err)) != KD_OK)
        return status;
    log->parted = there ? !fits : log->end.number > 0;
    if (log->parted)
        kd_log(KD_LOG_WARN, "trust", "audit-parted", "entries=%" PRIu64 " anchor=%" PRIu64 " note=\"the audit log does not go together with its anchor: kunde audit verify\"",
               log->end.number, log->anchor.number);
    else if (!there)
        write_anchor(log, kd_now(log->clock)); /* of an empty log: from now on a missing anchor means something */
    return KD_OK;
}

kd_status kd_audit_open(kd_audit_log **out, kd_store *store, kd_reader *reader, const kd_vault *vault, const char *anchor_path, kd_clock clock, kd_err *err)
{
    kd_audit_log *log = calloc(1, sizeof *log);
    kd_status     status;
    if (log == NULL || sodium_init() < 0 || (anchor_path && (log->anchor_path = strdup(anchor_path)) == NULL)) {
        free(log);
        return kd_fail_memory(err);
    }
    log->store = store;
    log->clock = clock;
    log->last = &log->first;
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->turned, NULL);
    kd_vault_derive(log->key, vault, "audit");
    status = anchor_path && strlen(anchor_path) >= PATH_MAX_BYTES ? kd_fail(err, KD_INVALID, "the path of the anchor is too long") : find_end(&log->end, reader, err);
    if (status == KD_OK)
        status = compare(log, reader, err);
    if (status != KD_OK) {
        log->parted = true; /* leaves the anchor alone */
        kd_audit_close(log);
        return status;
    }
    *out = log;
    return KD_OK;
}

void kd_audit_settle(kd_audit_log *log)
{
    int64_t now_ms = kd_now(log->clock);
    pthread_mutex_lock(&log->lock);
    if (!log->leading && log->end.number != log->anchor.number && (now_ms - log->anchor.time_ms >= ANCHOR_MS || now_ms < log->anchor.time_ms))
        write_anchor(log, now_ms);
    pthread_mutex_unlock(&log->lock);
}

void kd_audit_close(kd_audit_log *log)
{
    if (log == NULL)
        return;
    if (log->end.number != log->anchor.number)
        write_anchor(log, kd_now(log->clock));
    pthread_mutex_destroy(&log->lock);
    pthread_cond_destroy(&log->turned);
    sodium_memzero(log->key, sizeof log->key);
    free(log->anchor_path);
    free(log);
}

/* ---- write ------------------------------------------------------------------------------------------------------------------- */
static bool is_object(kd_str detail, kd_arena *arena)
{
    const kd_json *json = NULL;
    return kd_json_parse(&json, arena, detail.ptr, detail.len, NULL) == KD_OK && json->type == KD_JSON_OBJECT;
}

static kd_status check(const char *verb, kd_str object, kd_str detail, kd_arena *arena, kd_err *err)
{
    if (verb[0] == '\0' || strlen(verb) > KD_AUDIT_VERB_MAX)
        return kd_fail_field(err, KD_INVALID, "verb", "a verb has 1 to %d bytes", KD_AUDIT_VERB_MAX);
    if (object.len > KD_AUDIT_OBJECT_MAX)
        return kd_fail_field(err, KD_INVALID, "object", "longer than %d bytes", KD_AUDIT_OBJECT_MAX);
    if (detail.len > KD_AUDIT_DETAIL_MAX || (detail.len && !is_object(detail, arena)))
        return kd_fail_field(err, KD_INVALID, "detail", "must be a JSON object of at most %d bytes", KD_AUDIT_DETAIL_MAX);
    return KD_OK;
}

/* Everything but the number, which only the one who commits knows. */
static void write_rest(kd_buf *out, int64_t now_ms, const kd_actor *who, const char *verb, kd_str object, kd_str detail)
{
    kd_jw w;
    char  time[25];
    kd_time_format(time, now_ms);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "time", time);
    KD_JW_Z(&w, "actor", who->kind);
    if (who->id.len)
        KD_JW_STR(&w, "id", who->id);
    if (who->role)
        KD_JW_Z(&w, "role", who->role);
    KD_JW_Z(&w, "verb", verb);
    if (object.len)
        KD_JW_STR(&w, "object", object);
    if (who->request.len)
        KD_JW_STR(&w, "request", who->request);
    if (detail.len) {
        kd_jw_key(&w, "detail");
        kd_jw_raw(&w, detail);
    }
    kd_jw_object_end(&w);
}

/* Numbers and hashes them in the order they came, and commits. Run again where the commit's fate is not known: the same
 * numbers get the same bodies. */
static kd_status commit(mark *end, kd_audit_log *log, const waiting *list, kd_arena *arena, kd_err *err)
{
    kd_record records[TOGETHER_MAX];
    size_t    count = 0;
    kd_status status = KD_OK;
    for (const waiting *e = list; e; e = e->next) {
        char   number[40], hex[HASH_HEX + 1];
        kd_buf body;
        kd_str text;
        kd_buf_init(&body, arena);
        snprintf(number, sizeof number, "{\"number\":%" PRIu64 ",", ++end->number);
        kd_buf_reserve(&body, TEXT_AT + e->rest.len + sizeof number);
        kd_buf_addf(&body, "%s%0*d%s", HEAD, HASH_HEX, 0, MIDDLE);
        kd_buf_add_z(&body, number);
        kd_buf_add(&body, e->rest.ptr + 1, e->rest.len - 1);
        kd_buf_add_z(&body, "}");
        if (body.failed)
            return kd_fail_memory(err);
        text = (kd_str){ body.ptr + TEXT_AT, body.len - TEXT_AT - 1 };
        hash_next(end->hash, log, end->hash, text);
        memcpy(body.ptr + sizeof HEAD - 1, sodium_bin2hex(hex, sizeof hex, end->hash, HASH), HASH_HEX);
        end->time_ms = e->now_ms;
        records[count++] = (kd_record){ .kind = KIND, .id = id_of(end->number), .time_ms = e->now_ms, .body = kd_buf_str(&body) };
    }
    for (int tries = 0; tries < TRIES && (tries == 0 || status == KD_RETRY || status == KD_UNKNOWN); tries++) {
        kd_txn *txn = NULL;
        status = kd_txn_begin(&txn, log->store, kd_store_group_of(log->store, (kd_id){ 0 }), err);
        if (status == KD_OK && (status = kd_txn_records_put(txn, records, count, err)) != KD_OK)
            kd_txn_rollback(txn);
        else if (status == KD_OK)
            status = kd_txn_commit(txn, err);
    }
    return status;
}

/* For all who wait, until nobody does. Called and left with the lock held. */
static void lead(kd_audit_log *log)
{
    log->leading = true;
    while (log->first) {
        waiting  *list = log->first, *last = list;
        mark      end = log->end;
        kd_err    err = { 0 };
        kd_arena *arena;
        kd_status status;
        for (int n = 1; n < TOGETHER_MAX && last->next; n++)
            last = last->next;
        log->first = last->next;
        last->next = NULL;
        if (log->first == NULL)
            log->last = &log->first;
        pthread_mutex_unlock(&log->lock);
        arena = kd_arena_new(TOGETHER_MAX * (size_t)(KD_AUDIT_DETAIL_MAX + 2048));
        status = arena ? commit(&end, log, list, arena, &err) : kd_fail_memory(&err);
        kd_arena_free(arena);
        pthread_mutex_lock(&log->lock);
        if (status == KD_OK) {
            log->end = end;
            if (end.number - log->anchor.number >= ANCHOR_ENTRIES || end.time_ms - log->anchor.time_ms >= ANCHOR_MS)
                write_anchor(log, end.time_ms);
        }
        for (waiting *e = list, *next; e; e = next) { /* once done is seen, its thread's stack goes on */
            next = e->next;
            e->status = status;
            e->err = err;
            e->done = true;
        }
        pthread_cond_broadcast(&log->turned);
    }
    log->leading = false;
}

static kd_status write_entry(kd_audit_log *log, int64_t now_ms, kd_str rest, kd_err *err)
{
    waiting e = { .rest = rest, .now_ms = now_ms };
    pthread_mutex_lock(&log->lock);
    *log->last = &e;
    log->last = &e.next;
    while (!e.done)
        if (!log->leading)
            lead(log);
        else
            pthread_cond_wait(&log->turned, &log->lock);
    pthread_mutex_unlock(&log->lock);
    if (err && e.status != KD_OK)
        *err = e.err;
    return e.status;
}

kd_status kd_audit_write(kd_audit_log *log, const kd_actor *who, const char *verb, kd_str object, kd_str detail, kd_err *err)
{
    const int64_t now_ms = kd_now(log->clock);
    kd_arena     *arena = kd_arena_new(256 * 1024);
    kd_buf        rest;
    kd_status     status = arena ? check(verb, object, detail, arena, err) : kd_fail_memory(err);
    kd_buf_init(&rest, arena);
    if (status == KD_OK) {
        write_rest(&rest, now_ms, who, verb, object, detail);
        status = kd_buf_status(&rest, err);
    }
    if (status == KD_OK)
        status = write_entry(log, now_ms, kd_buf_str(&rest), err);
    kd_arena_free(arena);
    return status;
}

kd_status kd_audit_write_once(kd_audit_log *log, const kd_actor *who, const char *verb, kd_str object, kd_err *err)
{
    const int64_t now_ms = kd_now(log->clock);
    uint64_t      what = kd_hash64(who->id.ptr, who->id.len, kd_hash64(who->kind, strlen(who->kind), 0));
    size_t        slot;
    bool          again;
    kd_status     status;
    what = kd_hash64(verb, strlen(verb), kd_hash64(object.ptr, object.len, what));
    slot = what % ONCE_SLOTS;
    pthread_mutex_lock(&log->lock);
    again = log->once[slot].what == what && now_ms >= log->once[slot].time_ms && now_ms - log->once[slot].time_ms < ONCE_MS;
    pthread_mutex_unlock(&log->lock);
    if (again)
        return KD_OK;
    status = kd_audit_write(log, who, verb, object, (kd_str){ 0 }, err);
    if (status == KD_OK) {
        pthread_mutex_lock(&log->lock);
        log->once[slot].what = what;
        log->once[slot].time_ms = now_ms;
        pthread_mutex_unlock(&log->lock);
    }
    return status;
}

/* ---- read -------------------------------------------------------------------------------------------------------------------- */
static bool fits(const kd_json *entry, kd_str user, kd_str verb)
{
    kd_str is = kd_json_text(kd_json_get(entry, "verb"));
    if (user.len && !kd_str_eq(kd_json_text(kd_json_get(entry, "id")), user))
        return false;
    return verb.len == 0 || kd_str_eq(is, verb) || (is.len > verb.len && is.ptr[verb.len] == '.' && memcmp(is.ptr, verb.ptr, verb.len) == 0);
}

kd_status kd_audit_list(kd_jw *w, uint64_t *next, kd_reader *reader, uint64_t before, size_t limit, kd_str user, kd_str verb, kd_arena *arena, kd_err *err)
{
    kd_arena *slice = kd_arena_new(SLICE_BYTES);
    mark      end = { .number = before ? before - 1 : 0 };
    size_t    shown = 0, looked = 0;
    uint64_t  top;
    kd_status status = slice == NULL ? kd_fail_memory(err) : before ? KD_OK : find_end(&end, reader, err);
    (void)arena;
    top = end.number; /* the newest not looked at yet */
    while (status == KD_OK && top > 0 && shown < limit && looked < LOOKED_AT) {
        const uint64_t from = top > SLICE ? top - SLICE : 0;
        kd_record     *records = NULL;
        size_t         count = 0;
        kd_arena_reset(slice);
        status = kd_reader_records(&records, &count, reader, (kd_id){ 0 }, KIND, from ? id_of(from) : (kd_id){ 0 }, (size_t)(top - from), slice, err);
        for (size_t i = count; status == KD_OK && i > 0 && shown < limit; i--) {
            const kd_json *entry = NULL;
            uint8_t        hash[HASH];
            uint64_t       number;
            kd_str         text;
            if (!number_of(&number, records[i - 1].id) || number > top)
                continue;
            top = number - 1;
            if (!take_apart(hash, &text, records[i - 1].body) || kd_json_parse(&entry, slice, text.ptr, text.len, NULL) != KD_OK || !fits(entry, user, verb))
                continue;
            kd_jw_raw(w, text);
            shown++;
        }
        if (shown < limit)
            top = from;
        looked += SLICE;
    }
    *next = top > 0 ? top + 1 : 0;
    kd_arena_free(slice);
    return status;
}

/* ---- verify ------------------------------------------------------------------------------------------------------------------ */
static void fault(kd_audit_verdict *out, uint64_t number, const char *why)
{
    if (out->broken)
        return;
    out->broken = number;
    snprintf(out->why, sizeof out->why, "entry %" PRIu64 " %s", number, why);
}

/* One entry against the hash before it, which becomes its own. */
static void verify_one(kd_audit_verdict *out, mark *at, const kd_audit_log *log, const kd_record *record, const mark *anchor, kd_arena *arena)
{
    const kd_json *entry = NULL;
    uint8_t        stored[HASH], hash[HASH];
    uint64_t       number = 0;
    int64_t        inside = 0, time_ms = 0;
    kd_str         text;
    if (!number_of(&number, record->id) || number != at->number + 1) {
        fault(out, at->number + 1, number > at->number + 1 ? "is missing" : "has a wrong number");
        return;
    }
    at->number = number;
    if (!take_apart(stored, &text, record->body)) {
        fault(out, number, "is not in the form of an entry");
        return;
    }
    hash_next(hash, log, at->hash, text);
    if (sodium_memcmp(hash, stored, HASH) != 0)
        fault(out, number, "was changed, or the one before it was");
    else if (kd_json_parse(&entry, arena, text.ptr, text.len, NULL) != KD_OK || !kd_json_i64(&inside, kd_json_get(entry, "number")) || (uint64_t)inside != number
             || !kd_time_parse(&time_ms, kd_json_text(kd_json_get(entry, "time")), 0) || time_ms != record->time_ms)
        fault(out, number, "stands in another's place, or its time was changed");
    else if (anchor->number == number && sodium_memcmp(hash, anchor->hash, HASH) != 0)
        fault(out, number, "is not the one that the anchor knows");
    memcpy(at->hash, hash, HASH);
    at->time_ms = record->time_ms;
}

kd_status kd_audit_verify(kd_audit_verdict *out, kd_audit_log *log, kd_reader *reader, const atomic_bool *cancel, kd_err *err)
{
    kd_arena  *arena = kd_arena_new(2 * SLICE_BYTES);
    mark       at = { 0 }, anchor = { 0 };
    kd_record *records = NULL;
    size_t     count = 1;
    bool       there = true;
    kd_status  status = arena ? KD_OK : kd_fail_memory(err), anchor_status = KD_OK;
    *out = (kd_audit_verdict){ 0 };
    if (status == KD_OK && log->anchor_path) { /* first: what is written meanwhile comes after it */
        anchor_status = read_anchor(&anchor, &there, log->anchor_path, err);
        status = anchor_status == KD_CORRUPT ? KD_OK : anchor_status;
    }
    while (status == KD_OK && count > 0 && !out->broken) {
        if (cancel && atomic_load_explicit(cancel, memory_order_relaxed)) {
            status = kd_fail(err, KD_BUSY, "stopped before the end");
            break;
        }
        kd_arena_reset(arena);
        status = kd_reader_records(&records, &count, reader, (kd_id){ 0 }, KIND, at.number ? id_of(at.number) : (kd_id){ 0 }, SLICE, arena, err);
        for (size_t i = 0; status == KD_OK && i < count && !out->broken; i++)
            verify_one(out, &at, log, &records[i], &anchor, arena);
    }
    out->entries = at.number;
    out->newest_ms = at.time_ms;
    out->anchored = anchor.number;
    out->anchored_ms = anchor.time_ms;
    if (status == KD_OK && anchor.number > at.number)
        fault(out, at.number + 1, "is missing: the log was cut off, its anchor knows more");
    if (status == KD_OK && out->broken == 0 && anchor_status == KD_CORRUPT)
        snprintf(out->why, sizeof out->why, "the anchor beside the master key is damaged");
    else if (status == KD_OK && out->broken == 0 && !there)
        snprintf(out->why, sizeof out->why, "the anchor beside the master key is missing");
    kd_arena_free(arena);
    return status;
}

void kd_audit_state(kd_audit_verdict *out, kd_audit_log *log)
{
    pthread_mutex_lock(&log->lock);
    *out = (kd_audit_verdict){ .entries = log->end.number, .newest_ms = log->end.time_ms, .anchored = log->anchor.number, .anchored_ms = log->anchor.time_ms };
    if (log->parted)
        snprintf(out->why, sizeof out->why, "the log did not go together with its anchor when it was opened");
    pthread_mutex_unlock(&log->lock);
}

kd_status kd_audit_accept(kd_audit_log *log, const kd_actor *who, kd_err *err)
{
    char      detail[200], hex[HASH_HEX + 1];
    kd_status status;
    pthread_mutex_lock(&log->lock);
    snprintf(detail, sizeof detail, "{\"anchor\":%" PRIu64 ",\"anchorHash\":\"%s\",\"entries\":%" PRIu64 "}", log->anchor.number,
             sodium_bin2hex(hex, sizeof hex, log->anchor.hash, HASH), log->end.number);
    pthread_mutex_unlock(&log->lock);
    status = kd_audit_write(log, who, "audit.accept", (kd_str){ 0 }, kd_str_z(detail), err);
    pthread_mutex_lock(&log->lock);
    if (status == KD_OK) {
        log->parted = false;
        write_anchor(log, kd_now(log->clock));
    }
    pthread_mutex_unlock(&log->lock);
    return status;
}
