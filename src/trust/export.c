#include "trust/export.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "trust/rights.h"

enum { PAGE_EVENTS = 250, FILES_MAX = 16, FLUSH_BYTES = 256 * 1024 };

typedef struct written { const char *name, *what; char sha[crypto_hash_sha256_BYTES * 2 + 1]; uint64_t bytes; } written;

typedef struct export { /* one file in the making */
    kd_rights  *rights;
    kd_reader  *reader;
    zipFile     zip;
    kd_id       person;
    kd_id      *persons;
    size_t      person_count;
    kd_arena   *arena;   /* of one page */
    written     files[FILES_MAX];
    size_t      file_count;
    crypto_hash_sha256_state sha;
    kd_buf      buf;     /* of the entry, flushed as it fills */
    kd_jw       w;
    kd_err     *err;
} export;

/* ---- entries of the ZIP ------------------------------------------------------------------------------------------------ */
static kd_status put(export *x, const char *bytes, size_t len)
{
    kd_status status = kd_buf_status(&x->buf, x->err);
    if (status == KD_OK && len && zipWriteInFileInZip(x->zip, bytes, (unsigned)len) != ZIP_OK)
        status = kd_fail(x->err, KD_IO, "write the export: %s", errno ? strerror(errno) : "the ZIP library failed");
    crypto_hash_sha256_update(&x->sha, (const uint8_t *)bytes, len);
    x->files[x->file_count].bytes += len;
    return status;
}

/* A full buffer goes out. The JSON writer looks at the last byte for its commas, so that one stays: `kept` says so. */
static kd_status flush_if_full(export *x, bool *kept)
{
    if (x->buf.len < FLUSH_BYTES)
        return KD_OK;
    kd_status status = put(x, x->buf.ptr + *kept, x->buf.len - *kept);
    x->buf.ptr[0] = x->buf.ptr[x->buf.len - 1];
    x->buf.len = 1;
    *kept = true;
    return status;
}

static kd_status begin(export *x, const char *name, const char *what)
{
    zip_fileinfo info = { .tmz_date = { .tm_mday = 1, .tm_year = 1980 } }; /* the same person gives the same entries */
    if (x->file_count == FILES_MAX || zipOpenNewFileInZip64(x->zip, name, &info, NULL, 0, NULL, 0, NULL, Z_DEFLATED, Z_BEST_SPEED, 0) != ZIP_OK)
        return kd_fail(x->err, KD_IO, "write the export: cannot add %s", name);
    x->files[x->file_count] = (written){ .name = name, .what = what };
    crypto_hash_sha256_init(&x->sha);
    x->buf.len = 0;
    kd_jw_init(&x->w, &x->buf);
    return KD_OK;
}

static kd_status end(export *x, bool kept)
{
    uint8_t   sha[crypto_hash_sha256_BYTES];
    kd_status status = x->buf.len ? put(x, x->buf.ptr + kept, x->buf.len - kept) : kd_buf_status(&x->buf, x->err);
    crypto_hash_sha256_final(&x->sha, sha);
    sodium_bin2hex(x->files[x->file_count].sha, sizeof x->files[x->file_count].sha, sha, sizeof sha);
    x->file_count++;
    if (zipCloseFileInZip(x->zip) != ZIP_OK && status == KD_OK)
        status = kd_fail(x->err, KD_IO, "write the export: cannot finish a file");
    return status;
}

static void write_time(kd_jw *w, const char *key, int64_t ms)
{
    char text[25];
    kd_time_format(text, ms);
    KD_JW_Z(w, key, text);
}

/* ---- events of one sort ------------------------------------------------------------------------------------------------ */
typedef bool (*wanted)(const kd_event *event, const kd_fact *fact);
typedef void (*writing)(export *x, const kd_event *event, const kd_fact *fact, kd_str body);

static bool is_event(const kd_event *event, const kd_fact *fact) { (void)fact; return event->kind < KD_KIND_DECISION; }
static bool is_decision(const kd_event *event, const kd_fact *fact) { (void)fact; return event->kind >= KD_KIND_DECISION; }
static bool is_consent(const kd_event *event, const kd_fact *fact) { return event->kind == KD_KIND_CONSENT || (fact && kd_consent_says(&fact->consent)); }
static bool is_message(const kd_event *event, const kd_fact *fact) { (void)fact; return kd_kind_is_message(event->kind) || event->kind == KD_KIND_EMAIL; }
static bool is_text(const kd_event *event, const kd_fact *fact) { (void)fact; return event->kind == KD_KIND_REVIEW || event->kind == KD_KIND_SERVICE; }
static bool is_order(const kd_event *event, const kd_fact *fact) { return event->kind == KD_KIND_ORDER && fact; }

static void write_event(export *x, const kd_event *event, const kd_fact *fact, kd_str body)
{
    kd_jw *w = &x->w;
    kd_jw_object(w);
    KD_JW_Z(w, "kind", kd_kind_name((kd_kind)event->kind));
    write_time(w, "time", event->time_ms);
    write_time(w, "received", event->received_ms);
    if (event->flags & KD_EVENT_CLAIMED)
        KD_JW_BOOL(w, "claimed", true);
    if (event->flags & KD_EVENT_HOLLOW)
        KD_JW_BOOL(w, "expired", true);
    if (fact && fact->source.len)
        KD_JW_STR(w, "source", fact->source);
    if (body.len)
        kd_jw_key(w, "event"), kd_jw_raw(w, body);
    kd_jw_object_end(w);
}

static void write_purposes(kd_jw *w, const char *key, kd_purposes mask)
{
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (int p = 0; p < KD_PURPOSE_COUNT; p++)
        if (mask & KD_PURPOSE_BIT(p))
            kd_jw_z(w, kd_purpose_name((kd_purpose)p));
    kd_jw_array_end(w);
}

static void write_consent(export *x, const kd_event *event, const kd_fact *fact, kd_str body)
{
    kd_jw *w = &x->w;
    (void)body;
    kd_jw_object(w);
    write_time(w, "time", event->time_ms);
    if (fact) {
        write_purposes(w, "granted", fact->consent.granted & ~fact->consent.refused);
        write_purposes(w, "refused", fact->consent.refused);
        KD_JW_STR(w, "source", fact->consent.source);
        KD_JW_STR(w, "policy", fact->consent.policy);
        KD_JW_STR(w, "proof", fact->consent.proof);
        KD_JW_BOOL(w, "claimed", fact->claimed);
    }
    kd_jw_object_end(w);
}

static void write_money(kd_jw *w, const char *key, int64_t micro) { kd_jw_key(w, key), kd_jw_fixed(w, micro, 6); }

static void write_order(export *x, const kd_event *event, const kd_fact *fact, kd_str body)
{
    kd_jw *w = &x->w;
    (void)body;
    kd_jw_object(w);
    KD_JW_Z(w, "@context", "https://schema.org");
    KD_JW_Z(w, "@type", "Order");
    write_time(w, "orderDate", event->time_ms);
    if (fact->order_id.len)
        KD_JW_STR(w, "orderNumber", fact->order_id);
    if (fact->currency.code[0])
        KD_JW_STR(w, "priceCurrency", ((kd_str){ fact->currency.code, strnlen(fact->currency.code, sizeof fact->currency.code) }));
    if (fact->total_micro != KD_PRICE_NONE)
        write_money(w, "price", fact->total_micro);
    kd_jw_key(w, "orderedItem");
    kd_jw_array(w);
    for (size_t i = 0; i < fact->line_count; i++) {
        const kd_fact_line *line = &fact->lines[i];
        kd_jw_object(w);
        KD_JW_Z(w, "@type", "OrderItem");
        KD_JW_I64(w, "orderQuantity", line->quantity);
        kd_jw_key(w, "orderedItem");
        kd_jw_object(w);
        KD_JW_Z(w, "@type", "Product");
        KD_JW_STR(w, "productID", line->product);
        if (line->variant.len)
            KD_JW_STR(w, "sku", line->variant);
        kd_jw_object_end(w);
        if (line->price_micro != KD_PRICE_NONE)
            write_money(w, "price", line->price_micro);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    kd_jw_object_end(w);
}

static kd_status take_events(export *x, const kd_event *events, size_t count, const kd_data_key *key, wanted want, writing write, bool *kept)
{
    kd_status status = KD_OK;
    for (size_t i = 0; status == KD_OK && i < count; i++) {
        kd_fact fact;
        kd_str  body = { 0 };
        bool    known = !(events[i].flags & KD_EVENT_HOLLOW) && kd_stored_fact(&fact, &events[i], key, x->arena, NULL) == KD_OK;
        if (!want(&events[i], known ? &fact : NULL))
            continue;
        if (write == write_event && kd_stored_body(&body, &events[i], key, x->arena, NULL) != KD_OK)
            body = (kd_str){ 0 };
        write(x, &events[i], known ? &fact : NULL, body);
        status = flush_if_full(x, kept);
    }
    return status;
}

static kd_status each_page(export *x, kd_id person, wanted want, writing write, bool *kept)
{
    kd_person  *entry = NULL;
    kd_data_key key;
    int64_t     at;
    kd_status   status = kd_people_acquire(&entry, x->rights->house.people, x->reader, person, x->err);
    if (status != KD_OK)
        return status == KD_NOT_FOUND ? KD_OK : status;
    key = entry->key;
    at = entry->head;
    kd_people_release(x->rights->house.people, entry);
    while (status == KD_OK && at > 0) {
        kd_event *events = NULL;
        size_t    count = 0;
        kd_arena_reset(x->arena);
        status = kd_reader_chain(&events, &count, x->reader, person, at, PAGE_EVENTS, write == write_event, x->arena, x->err);
        if (status == KD_OK) {
            at = count ? events[count - 1].prev : 0;
            status = take_events(x, events, count, &key, want, write, kept);
        }
    }
    sodium_memzero(&key, sizeof key);
    return status;
}

static kd_status write_events(export *x, const char *name, const char *what, wanted want, writing write)
{
    bool      kept = false;
    kd_status status = begin(x, name, what);
    if (status != KD_OK)
        return status;
    kd_jw_array(&x->w);
    for (size_t i = 0; status == KD_OK && i < x->person_count; i++)
        status = each_page(x, x->persons[i], want, write, &kept);
    kd_jw_array_end(&x->w);
    kd_status ended = end(x, kept);
    return status == KD_OK ? ended : status;
}

/* ---- what is known now --------------------------------------------------------------------------------------------------- */
static void write_registers(kd_jw *w, const char *key, const kd_register *registers, size_t count)
{
    kd_jw_key(w, key);
    kd_jw_array(w);
    for (size_t i = 0; i < count; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "name", registers[i].name);
        kd_jw_key(w, "value"), kd_jw_raw(w, registers[i].value);
        write_time(w, "since", registers[i].time_ms);
        KD_JW_BOOL(w, "claimed", registers[i].claimed);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_person(kd_jw *w, const kd_profile *p)
{
    static const char *const names[][2] = { { "email", "email" }, { "phone", "telephone" }, { "name", "name" }, { "firstName", "givenName" },
        { "first_name", "givenName" }, { "lastName", "familyName" }, { "last_name", "familyName" }, { "gender", "gender" }, { "birthday", "birthDate" },
        { "address", "address" } };
    const char *said[sizeof names / sizeof *names] = { 0 };
    kd_jw_object(w);
    KD_JW_Z(w, "@context", "https://schema.org");
    KD_JW_Z(w, "@type", "Person");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const kd_register *trait = kd_profile_trait(p, names[i][0]);
        bool               again = false;
        for (size_t n = 0; n < i; n++)
            again = again || (said[n] && strcmp(said[n], names[i][1]) == 0);
        if (!trait || again)
            continue;
        said[i] = names[i][1];
        kd_jw_key(w, names[i][1]), kd_jw_raw(w, trait->value);
    }
    kd_jw_object_end(w);
}

static void write_counts(kd_jw *w, const kd_profile *p)
{
    kd_jw_key(w, "counters");
    kd_jw_array(w);
    for (uint32_t i = 0; i < p->counter_count; i++) {
        kd_jw_object(w);
        KD_JW_Z(w, "kind", kd_kind_name((kd_kind)p->counters[i].kind));
        KD_JW_I64(w, "events", (int64_t)p->counters[i].count);
        write_time(w, "first", p->counters[i].first_ms);
        write_time(w, "last", p->counters[i].last_ms);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
    kd_jw_key(w, "spent");
    kd_jw_array(w);
    for (uint32_t i = 0; i < p->spent_count; i++) {
        kd_jw_object(w);
        KD_JW_STR(w, "currency", ((kd_str){ p->spent[i].currency.code, strnlen(p->spent[i].currency.code, sizeof p->spent[i].currency.code) }));
        write_money(w, "bought", p->spent[i].bought_micro);
        write_money(w, "returned", p->spent[i].returned_micro);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_idents(kd_jw *w, const kd_profile *p)
{
    kd_jw_array(w);
    for (uint32_t i = 0; i < p->ident_count; i++) {
        kd_jw_object(w);
        KD_JW_Z(w, "type", kd_key_type_name((kd_key_type)p->idents[i].type));
        KD_JW_STR(w, "value", p->idents[i].value);
        write_time(w, "first", p->idents[i].first_ms);
        write_time(w, "last", p->idents[i].last_ms);
        KD_JW_BOOL(w, "proven", p->idents[i].proven);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

enum { SHEET_PERSON, SHEET_PROFILE, SHEET_IDENTITIES, SHEET_PREFERENCES, SHEETS };

static void write_sheet(kd_jw *w, int sheet, const kd_profile *p)
{
    switch (sheet) {
    case SHEET_PERSON: write_person(w, p); break;
    case SHEET_PROFILE:
        kd_jw_object(w);
        write_registers(w, "traits", p->traits, p->trait_count);
        write_registers(w, "consents", p->consents, p->consent_count);
        write_counts(w, p);
        kd_jw_object_end(w);
        break;
    case SHEET_IDENTITIES: write_idents(w, p); break;
    default:
        kd_jw_object(w);
        write_registers(w, "preferences", p->stated, p->stated_count);
        kd_jw_object_end(w);
    }
}

static kd_status write_sheets(export *x)
{
    static const char *const names[SHEETS][2] = { { "person.json", "who you are, in the terms of schema.org" },
        { "profile.json", "what is known now: traits, consents in force, counts" }, { "identities.json", "the keys by which you are recognised" },
        { "preferences.json", "what you told us you like" } };
    kd_status status = KD_OK;
    for (int sheet = 0; status == KD_OK && sheet < SHEETS; sheet++) {
        kd_customer customer;
        if ((status = begin(x, names[sheet][0], names[sheet][1])) != KD_OK)
            return status;
        status = kd_customers_acquire(&customer, x->rights->house.customers, x->reader, x->person, x->err);
        if (status == KD_OK) {
            write_sheet(&x->w, sheet, customer.profile);
            kd_customers_release(x->rights->house.customers, &customer);
        }
        kd_status ended = end(x, false);
        status = status == KD_OK ? ended : status;
    }
    return status;
}

static bool is_theirs(const export *x, kd_id person)
{
    for (size_t i = 0; i < x->person_count; i++)
        if (kd_id_eq(x->persons[i], person))
            return true;
    return false;
}

static kd_status write_requests(export *x)
{
    kd_id     after = { 0 };
    bool      more = true, kept = false;
    kd_status status = begin(x, "requests.json", "what you asked for, and what became of it");
    kd_jw_array(&x->w);
    while (status == KD_OK && more) {
        kd_right_case *cases = NULL;
        size_t         count = 0;
        kd_arena_reset(x->arena);
        status = kd_rights_list(&cases, &count, &more, x->rights, x->reader, after, 200, x->arena, x->err);
        for (size_t i = 0; status == KD_OK && i < count; i++) {
            after = cases[i].id;
            if (!is_theirs(x, cases[i].person))
                continue;
            kd_jw_object(&x->w);
            KD_JW_Z(&x->w, "right", kd_right_name(cases[i].right));
            KD_JW_Z(&x->w, "state", kd_right_state_name(cases[i].state));
            write_time(&x->w, "opened", cases[i].opened_ms);
            write_time(&x->w, "due", cases[i].due_ms);
            if (cases[i].closed_ms)
                write_time(&x->w, "closed", cases[i].closed_ms);
            kd_jw_object_end(&x->w);
            status = flush_if_full(x, &kept);
        }
    }
    kd_jw_array_end(&x->w);
    kd_status ended = end(x, kept);
    return status == KD_OK ? ended : status;
}

static kd_status write_plain(export *x, const char *name, const char *what, const char *text)
{
    kd_status status = begin(x, name, what);
    if (status != KD_OK)
        return status;
    kd_buf_add_z(&x->buf, text);
    return end(x, false);
}

static kd_status write_manifest(export *x)
{
    size_t    count = x->file_count;
    kd_status status = begin(x, "manifest.json", "");
    if (status != KD_OK)
        return status;
    kd_jw_object(&x->w);
    KD_JW_Z(&x->w, "format", "kunde-export");
    KD_JW_I64(&x->w, "version", 1);
    write_time(&x->w, "made", kd_now(x->rights->house.clock));
    kd_jw_key(&x->w, "files");
    kd_jw_array(&x->w);
    for (size_t i = 0; i < count; i++) {
        kd_jw_object(&x->w);
        KD_JW_Z(&x->w, "name", x->files[i].name);
        KD_JW_Z(&x->w, "what", x->files[i].what);
        KD_JW_I64(&x->w, "bytes", (int64_t)x->files[i].bytes);
        KD_JW_Z(&x->w, "sha256", x->files[i].sha);
        kd_jw_object_end(&x->w);
    }
    kd_jw_array_end(&x->w);
    kd_jw_object_end(&x->w);
    return end(x, false);
}

static const char readme[] =
    "This is what the shop knows of you.\r\n\r\n"
    "manifest.json lists the files with a checksum each. All of them are JSON, which any program can read.\r\n\r\n"
    "person.json       who you are, in the terms of schema.org\r\n"
    "orders.json       your orders, in the terms of schema.org\r\n"
    "profile.json      what is known now: traits, consents in force, counts\r\n"
    "identities.json   the keys by which you are recognised: account, e-mail, browsers\r\n"
    "events.json       everything that was received about you, as it was sent, newest first\r\n"
    "consents.json     what you agreed to or refused, with time and source\r\n"
    "preferences.json  what you told us you like\r\n"
    "segments.json     groups you were put into\r\n"
    "decisions.json    what was chosen for you, and why\r\n"
    "messages.json     messages sent to you\r\n"
    "texts.json        reviews and mails you wrote\r\n"
    "requests.json     what you asked for, and what became of it\r\n\r\n"
    "\"claimed\" marks what a browser told us and nobody proved. \"expired\" marks what was deleted when its time was over.\r\n";

static kd_status write_all(export *x)
{
    kd_status status = write_plain(x, "README.txt", "this file in words", readme);
    if (status == KD_OK)
        status = write_sheets(x);
    if (status == KD_OK)
        status = write_events(x, "orders.json", "your orders, in the terms of schema.org", is_order, write_order);
    if (status == KD_OK)
        status = write_events(x, "events.json", "everything that was received about you", is_event, write_event);
    if (status == KD_OK)
        status = write_events(x, "consents.json", "what you agreed to or refused", is_consent, write_consent);
    if (status == KD_OK)
        status = write_plain(x, "segments.json", "groups you were put into", "[]");
    if (status == KD_OK)
        status = write_events(x, "decisions.json", "what was chosen for you, and why", is_decision, write_event);
    if (status == KD_OK)
        status = write_events(x, "messages.json", "messages sent to you", is_message, write_event);
    if (status == KD_OK)
        status = write_events(x, "texts.json", "reviews and mails you wrote", is_text, write_event);
    if (status == KD_OK)
        status = write_requests(x);
    return status == KD_OK ? write_manifest(x) : status;
}

/* A file of its owner's only, before the library opens it by name. */
static kd_status make_file(const char *path, kd_err *err)
{
    FILE *file = fopen(path, "wxe");
    if (!file)
        return kd_fail(err, errno == EEXIST ? KD_CONFLICT : KD_IO, "cannot make the export's file: %s", strerror(errno));
    fchmod(fileno(file), 0600);
    fclose(file);
    return KD_OK;
}

kd_status kd_export_zip(kd_rights *rights, kd_reader *reader, kd_id person, const char *path, kd_err *err)
{
    export    x = { .rights = rights, .reader = reader, .person = person, .err = err, .arena = kd_arena_new(KD_RIGHTS_ARENA_BYTES) };
    kd_arena *own = kd_arena_new(16 << 20);
    kd_status status = x.arena && own ? kd_customers_members(&x.persons, &x.person_count, rights->house.customers, reader, person, own, err) : kd_fail_memory(err);
    kd_customer known;
    if (status == KD_OK && (status = kd_customers_acquire(&known, rights->house.customers, reader, person, err)) == KD_OK)
        kd_customers_release(rights->house.customers, &known);
    if (status == KD_OK)
        status = make_file(path, err);
    if (status == KD_OK) {
        kd_buf_init(&x.buf, NULL);
        x.zip = zipOpen64(path, APPEND_STATUS_CREATE);
        status = x.zip ? write_all(&x) : kd_fail(err, KD_IO, "cannot write the export");
        if (x.zip && zipClose(x.zip, NULL) != ZIP_OK && status == KD_OK)
            status = kd_fail(err, KD_IO, "cannot finish the export");
        kd_buf_free(&x.buf);
        if (status != KD_OK)
            unlink(path);
    }
    kd_arena_free(x.arena);
    kd_arena_free(own);
    return status;
}
