#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

kd_str text(kd_arena *arena, const char *format, ...)
{
    char    buffer[512];
    va_list args;
    va_start(args, format);
    vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    return kd_str_copy(arena, kd_str_z(buffer));
}

kd_id counted_id(uint64_t n, int64_t time_ms)
{
    kd_id    id;
    uint64_t mixed = kd_hash64(&n, sizeof n, 7);
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)((uint64_t)time_ms >> (40 - 8 * i));
    memcpy(id.b + 6, &mixed, 8);
    memcpy(id.b + 14, &n, 2);
    id.b[6] = (uint8_t)(0x70 | (id.b[6] & 15));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 63));
    return id;
}

static const kd_kind kinds[] = { KD_KIND_CUSTOM, KD_KIND_IDENTIFY, KD_KIND_PAGE, KD_KIND_VIEW, KD_KIND_VIEW, KD_KIND_CLICK, KD_KIND_SEARCH,
                                 KD_KIND_CART_ADD, KD_KIND_CART_REMOVE, KD_KIND_ORDER, KD_KIND_ORDER, KD_KIND_ORDER_CANCELLED,
                                 KD_KIND_RETURN, KD_KIND_WISH_ADD, KD_KIND_WISH_REMOVE, KD_KIND_CONTENT, KD_KIND_EMAIL,
                                 KD_KIND_POINTS_EARNED, KD_KIND_POINTS_REDEEMED, KD_KIND_POINTS_ADJUSTED, KD_KIND_OPENED,
                                 KD_KIND_CONSENT, KD_KIND_PREFERENCE, KD_KIND_PREFERENCE };

static int64_t random_price(kd_rng *rng)
{
    switch (kd_rng_below(rng, 12)) {
    case 0: return KD_PRICE_NONE;
    case 1: return -(int64_t)kd_rng_below(rng, 9000000);
    case 2: return INT64_MAX - kd_rng_below(rng, 3);
    default: return (int64_t)kd_rng_below(rng, 20000) * 10000;
    }
}

static void random_lines(kd_fact *fact, kd_rng *rng, kd_arena *arena)
{
    size_t        count = kd_rng_below(rng, 8) == 0 ? 0 : 1 + kd_rng_below(rng, kd_rng_below(rng, 10) ? 3 : 80);
    kd_fact_line *lines = KD_NEW(arena, kd_fact_line, count);
    for (size_t i = 0; i < count; i++) {
        lines[i].product = text(arena, "p%u", kd_rng_below(rng, 25));
        if (kd_rng_below(rng, 2))
            lines[i].variant = text(arena, "v%u", kd_rng_below(rng, 4));
        lines[i].quantity = kd_rng_below(rng, 30) ? 1 + (int32_t)kd_rng_below(rng, 3) : INT32_MAX;
        lines[i].price_micro = random_price(rng);
    }
    fact->lines = lines;
    fact->line_count = count;
}

static void random_idents(kd_fact *fact, kd_rng *rng, kd_arena *arena)
{
    kd_trait *traits = KD_NEW(arena, kd_trait, KD_FACT_TRAITS_MAX);
    kd_ident *idents = KD_NEW(arena, kd_ident, 8);
    fact->trait_count = fact->kind == KD_KIND_IDENTIFY || fact->kind == KD_KIND_PREFERENCE ? kd_rng_below(rng, 6) : 0;
    for (size_t i = 0; i < fact->trait_count; i++) {
        traits[i].name = text(arena, "t%u", kd_rng_below(rng, 9));
        traits[i].value = text(arena, "\"%u%0*u\"", kd_rng_below(rng, 5), (int)kd_rng_below(rng, 40), 1);
    }
    fact->ident_count = kd_rng_below(rng, 4);
    for (size_t i = 0; i < fact->ident_count; i++) {
        idents[i].type = (kd_key_type)(1 + kd_rng_below(rng, 6));
        idents[i].value = text(arena, "k%u", kd_rng_below(rng, 7));
        idents[i].proven = !fact->claimed && kd_rng_below(rng, 2);
    }
    fact->traits = traits;
    fact->idents = idents;
}

static void random_consent(kd_fact *fact, kd_rng *rng, kd_arena *arena)
{
    if (fact->kind != KD_KIND_CONSENT && kd_rng_below(rng, 6))
        return;
    fact->consent.granted = (kd_purposes)(kd_rng_below(rng, 256) & kd_rng_below(rng, 256));
    fact->consent.refused = (kd_purposes)(kd_rng_below(rng, 256) & kd_rng_below(rng, 256));
    if (kd_rng_below(rng, 2))
        fact->consent.source = text(arena, "s%u", kd_rng_below(rng, 3));
    if (kd_rng_below(rng, 4) == 0)
        fact->consent.policy = text(arena, "\"20%u\n", kd_rng_below(rng, 30));
    if (kd_rng_below(rng, 4) == 0)
        fact->consent.proof = text(arena, "form %u", kd_rng_below(rng, 30));
}

kd_fact random_fact(kd_rng *rng, kd_arena *arena)
{
    static const char *const codes[] = { "", "EUR", "EUR", "USD", "CHF" };
    kd_fact fact = { .kind = kinds[kd_rng_below(rng, sizeof kinds / sizeof *kinds)], .channel = (kd_channel)kd_rng_below(rng, 7),
                     .claimed = kd_rng_below(rng, 3) == 0, .total_micro = random_price(rng), .name = KD_STR("Something Happened") };
    fact.time_ms = T0 + (int64_t)kd_rng_below(rng, 40) * KD_DAY_MS / 3;
    if (kd_rng_below(rng, 50) == 0)
        fact.time_ms = kd_rng_below(rng, 2) ? INT64_MAX : INT64_MIN;
    fact.id = counted_id(kd_rng_below(rng, 20) ? kd_rng_u64(rng) : 5, kd_rng_below(rng, 4) && fact.time_ms >= 0 ? fact.time_ms : 0);
    strcpy(fact.currency.code, codes[kd_rng_below(rng, 5)]);
    if (kd_rng_below(rng, 2))
        fact.topic = text(arena, "topic%u", kd_rng_below(rng, 4));
    if (kd_rng_below(rng, 2))
        fact.order_id = text(arena, "o%u", kd_rng_below(rng, 6));
    if (kd_rng_below(rng, 3) == 0)
        fact.place = KD_STR("store-1");
    if (kd_rng_below(rng, 2))
        fact.source = KD_STR("shop");
    random_lines(&fact, rng, arena);
    random_idents(&fact, rng, arena);
    random_consent(&fact, rng, arena);
    return fact;
}

kd_fact line_fact(kd_arena *arena, kd_kind kind, int64_t time_ms, const char *product, const char *variant, int32_t quantity,
                  int64_t price_micro)
{
    static uint64_t serial = 1;
    kd_fact_line   *line = KD_NEW(arena, kd_fact_line, 1);
    *line = (kd_fact_line){ kd_str_z(product), kd_str_z(variant), quantity, price_micro };
    return (kd_fact){ .kind = kind, .channel = KD_CHANNEL_WEB, .id = counted_id(serial++, time_ms), .time_ms = time_ms,
                      .total_micro = KD_PRICE_NONE, .currency = { "EUR" }, .lines = line, .line_count = 1 };
}

kd_profile_caps random_caps(kd_rng *rng)
{
    if (kd_rng_below(rng, 3) == 0)
        return kd_profile_caps_default();
    return (kd_profile_caps){ .recent = 1 + kd_rng_below(rng, 6), .days = 1 + kd_rng_below(rng, 4), .bought = 1 + kd_rng_below(rng, 8),
                              .traits = 1 + kd_rng_below(rng, 4), .idents = 1 + kd_rng_below(rng, 4), .trait_bytes = 4 + kd_rng_below(rng, 40),
                              .stated = kd_rng_below(rng, 5) };
}

kd_str encoded(const kd_profile *profile, kd_arena *arena)
{
    kd_buf buf;
    kd_buf_init(&buf, arena);
    kd_profile_encode(&buf, profile);
    assert_false(buf.failed);
    return kd_buf_str(&buf);
}

bool str_same(kd_str a, kd_str b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static FILE *golden_file(const char *name, const char *mode)
{
    char  path[1024];
    FILE *file;
    snprintf(path, sizeof path, "%s/tests/golden/%s", KD_SOURCE_ROOT, name);
    file = fopen(path, mode);
    assert_non_null(file);
    return file;
}

kd_str stored(const char *name, kd_arena *arena)
{
    char  *bytes = kd_arena_alloc(arena, 65536);
    FILE  *file = golden_file(name, "rb");
    size_t len = fread(bytes, 1, 65536, file);
    fclose(file);
    return (kd_str){ bytes, len };
}

kd_str golden(const char *name, kd_str now, kd_arena *arena)
{
    if (getenv("KD_GOLDEN_WRITE")) {
        FILE *file = golden_file(name, "wb");
        assert_int_equal(fwrite(now.ptr, 1, now.len, file), now.len);
        fclose(file);
    }
    return stored(name, arena);
}

void temp_folder(char out[64])
{
    strcpy(out, "/tmp/kd-customer-XXXXXX");
    assert_non_null(mkdtemp(out));
}

void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        char below[1024];
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, d->d_name);
        if (unlink(below) != 0)
            remove_folder(below);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

void house_open(house *h, const char *folder, uint16_t groups)
{
    char             path[128], key[128];
    kd_err           err = { 0 };
    kd_store_options options = { .path = path, .groups = groups, .create = true };
    snprintf(path, sizeof path, "%s/kunde.db", folder);
    snprintf(key, sizeof key, "%s/kunde.key", folder);
    assert_int_equal(kd_store_open(&h->store, &options, &err), KD_OK);
    assert_int_equal(kd_reader_open(&h->reader, h->store, &err), KD_OK);
    assert_int_equal(kd_vault_open(&h->vault, h->store, h->reader, key, NULL, true, &err), KD_OK);
}

void house_close(house *h)
{
    kd_vault_close(h->vault);
    kd_reader_close(h->reader);
    kd_store_close(h->store);
}

/* ---- failure on purpose -------------------------------------------------------------------------------------------------- */

static atomic_uint allocations_left; /* 0: no failing */
static unsigned    commits_left;
static kd_status   commit_status;
static bool        commit_happens;
static void      (*commit_hook)(void *self);
static void       *commit_self;

void fail_allocation(unsigned nth)
{
    atomic_store(&allocations_left, nth);
}

static bool allow(void)
{
    unsigned left = atomic_load(&allocations_left);
    if (left > 1)
        atomic_store(&allocations_left, left - 1);
    return left != 1;
}

void fail_commits(unsigned count, kd_status status, bool happen)
{
    commits_left = count;
    commit_status = status;
    commit_happens = happen;
}

void before_commit(void (*hook)(void *self), void *self)
{
    commit_hook = hook;
    commit_self = self;
}

static void run_hook(void)
{
    void (*hook)(void *self) = commit_hook;
    commit_hook = NULL;
    if (hook)
        hook(commit_self);
}

void     *__real_malloc(size_t size);
void     *__real_calloc(size_t count, size_t size);
void     *__real_realloc(void *old, size_t size);
kd_status __real_kd_txn_commit(kd_txn *txn, kd_err *err);
void     *__wrap_malloc(size_t size);
void     *__wrap_calloc(size_t count, size_t size);
void     *__wrap_realloc(void *old, size_t size);
kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err);
kd_status __real_kd_store_keys_link(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err);
kd_status __wrap_kd_store_keys_link(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err);

void *__wrap_malloc(size_t size)
{
    return allow() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allow() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
    return allow() ? __real_realloc(old, size) : NULL;
}

kd_status __wrap_kd_txn_commit(kd_txn *txn, kd_err *err)
{
    run_hook();
    if (!commits_left)
        return __real_kd_txn_commit(txn, err);
    commits_left--;
    if (commit_happens)
        assert_int_equal(__real_kd_txn_commit(txn, err), KD_OK);
    else
        kd_txn_rollback(txn);
    return kd_fail(err, commit_status, "the test says so");
}

kd_status __wrap_kd_store_keys_link(kd_store *store, const kd_key *keys, kd_id *persons, size_t count, kd_err *err)
{
    run_hook();
    if (!commits_left)
        return __real_kd_store_keys_link(store, keys, persons, count, err);
    commits_left--;
    if (commit_happens)
        assert_int_equal(__real_kd_store_keys_link(store, keys, persons, count, err), KD_OK);
    memset(persons, 0, count * sizeof *persons); /* nothing is promised about them */
    return kd_fail(err, commit_status, "the test says so");
}
