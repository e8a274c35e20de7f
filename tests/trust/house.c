#include "suite.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_in(trust_house *h, uint16_t groups, bool create)
{
    char             path[128], key[160];
    kd_err           err = { 0 };
    kd_store_options options = { .path = path, .groups = groups, .create = create };
    snprintf(path, sizeof path, "%s/shop.db", h->folder);
    snprintf(key, sizeof key, "%s.key", path);
    if (kd_store_open(&h->store, &options, &err) != KD_OK || kd_reader_open(&h->reader, h->store, &err) != KD_OK
        || kd_vault_open(&h->vault, h->store, h->reader, key, NULL, create, &err) != KD_OK)
        fail_msg("open a house: %s", err.msg);
}

void trust_house_open(trust_house *h, uint16_t groups)
{
    *h = (trust_house){ .folder = "/tmp/kunde-trust-XXXXXX", .arena = kd_arena_new(64 * 1024 * 1024) };
    assert_non_null(h->arena);
    assert_non_null(mkdtemp(h->folder));
    open_in(h, groups, true);
}

static void shut(trust_house *h)
{
    kd_vault_close(h->vault);
    kd_reader_close(h->reader);
    kd_store_close(h->store);
}

void trust_house_reopen(trust_house *h)
{
    shut(h);
    open_in(h, 0, false);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

void trust_house_close(trust_house *h)
{
    shut(h);
    nftw(h->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    kd_arena_free(h->arena);
}
