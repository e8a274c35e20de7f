#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

kd_request *request_new(const char *target)
{
    kd_arena   *arena = kd_arena_new(4 << 20);
    kd_request *request = KD_NEW(arena, kd_request, 1);
    const char *question = strchr(target, '?');
    request->arena = arena;
    request->priv = KD_NEW(arena, struct kd_request_private, 1);
    request->status = 200;
    request->path = (kd_str){ target, question ? (size_t)(question - target) : strlen(target) };
    if (question)
        request->priv->query = kd_str_z(question + 1);
    memcpy(request->request_id, "0123456789abcdef0123456789abcdef", 33);
    kd_buf_init(&request->out, arena);
    return request;
}

void request_free(kd_request *request)
{
    kd_arena_free(request->arena);
}

void request_add_header(kd_request *request, const char *name, const char *value)
{
    request->priv->headers[request->priv->header_count++] = (kd_header){ kd_str_z(name), kd_str_z(value) };
}

void house_reopen(house *h)
{
    kd_err           err = { 0 };
    kd_store_options options = { .path = h->path, .create = true };
    assert_int_equal(kd_store_open(&h->store, &options, &err), KD_OK);
    assert_int_equal(kd_reader_open(&h->reader, h->store, &err), KD_OK);
    assert_int_equal(kd_vault_open(&h->vault, h->store, h->reader, h->key_path, NULL, true, &err), KD_OK);
}

static void house_shut(house *h)
{
    kd_vault_close(h->vault);
    kd_reader_close(h->reader);
    kd_store_close(h->store);
}

void house_open(house *h)
{
    memset(h, 0, sizeof *h);
    snprintf(h->folder, sizeof h->folder, "%s/kunde-api-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    assert_non_null(mkdtemp(h->folder));
    snprintf(h->path, sizeof h->path, "%s/kunde.db", h->folder);
    snprintf(h->key_path, sizeof h->key_path, "%s/kunde.key", h->folder);
    house_reopen(h);
}

static void remove_folder(const char *path)
{
    DIR           *dir = opendir(path);
    struct dirent *entry;
    char           name[512];
    while (dir && (entry = readdir(dir)) != NULL) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(name) != 0)
            remove_folder(name);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

void house_close(house *h)
{
    house_shut(h);
    remove_folder(h->folder);
}

void assert_str(kd_str got, const char *want)
{
    if (!kd_str_is(got, want))
        fail_msg("\"%.*s\" is not \"%s\"", (int)got.len, got.ptr ? got.ptr : "", want);
}
