#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const kd_str about = { "person and event", 16 };

static void test_seal_round_trip(void **state)
{
    kd_arena   *arena = kd_arena_new(1 << 20);
    kd_data_key key, other;
    kd_err      err = { 0 };
    (void)state;
    kd_data_key_new(&key);
    kd_data_key_new(&other);
    for (size_t len = 0; len < 300; len += 37) {
        char   clear[300];
        kd_buf buf;
        kd_str sealed, back;
        memset(clear, 'x', sizeof clear);
        kd_buf_init(&buf, arena);
        kd_seal(&buf, &key, about, (kd_str){ clear, len });
        sealed = kd_buf_str(&buf);
        assert_int_equal(sealed.len, len + KD_SEAL_OVERHEAD);
        assert_int_equal(kd_unseal(&back, arena, &key, about, sealed, &err), KD_OK);
        assert_true(str_same(back, (kd_str){ clear, len }));
        assert_int_equal(kd_unseal(&back, arena, &other, about, sealed, &err), KD_CORRUPT);
        assert_int_equal(kd_unseal(&back, arena, &key, KD_STR("another event"), sealed, &err), KD_CORRUPT);
        for (size_t i = 0; i < sealed.len; i++) { /* any byte changed, any byte missing */
            buf.ptr[i] ^= 1;
            assert_int_equal(kd_unseal(&back, arena, &key, about, sealed, &err), KD_CORRUPT);
            buf.ptr[i] ^= 1;
            assert_int_equal(kd_unseal(&back, arena, &key, about, (kd_str){ sealed.ptr, i }, &err), KD_CORRUPT);
        }
    }
    kd_arena_free(arena);
}

/* No nonce comes twice, in no thread's pool and in no child's. */
static void test_nonces(void **state)
{
    enum { COUNT = 500, NONCE = 24 };
    static uint8_t nonces[2 * COUNT][NONCE];
    kd_data_key    key;
    int            pipes[2];
    pid_t          child;
    (void)state;
    kd_data_key_new(&key);
    assert_int_equal(pipe(pipes), 0);
    child = fork();
    assert_true(child >= 0);
    for (int i = 0; i < COUNT; i++) {
        kd_buf buf;
        kd_buf_init(&buf, NULL);
        kd_seal(&buf, &key, about, KD_STR("text"));
        memcpy(nonces[i], buf.ptr, NONCE);
        kd_buf_free(&buf);
    }
    if (child == 0)
        _exit(write(pipes[1], nonces, COUNT * NONCE) == COUNT * NONCE ? 0 : 1);
    close(pipes[1]);
    for (size_t got = 0; got < COUNT * NONCE;) {
        ssize_t n = read(pipes[0], (uint8_t *)nonces[COUNT] + got, COUNT * NONCE - got);
        assert_true(n > 0);
        got += (size_t)n;
    }
    close(pipes[0]);
    waitpid(child, NULL, 0);
    for (int i = 0; i < 2 * COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(nonces[i], nonces[j], NONCE);
}

static kd_status try_open(house *h, const char *folder, const char *hex, bool create, kd_err *err)
{
    char key[128];
    snprintf(key, sizeof key, "%s/kunde.key", folder);
    return kd_vault_open(&h->vault, h->store, h->reader, key, hex, create, err);
}

static void test_vault(void **state)
{
    char        folder[64], key[128], away[128], hex[65] = { 0 };
    house       h;
    kd_err      err = { 0 };
    kd_data_key data, back;
    uint8_t     secret[KD_SECRET_BYTES], a[32], b[32], house_key[32];
    kd_id       person = counted_id(1, T0), other = counted_id(2, T0);
    struct stat st;
    FILE       *file;
    (void)state;
    temp_folder(folder);
    house_open(&h, folder, 1);
    snprintf(key, sizeof key, "%s/kunde.key", folder);
    snprintf(away, sizeof away, "%s/away.key", folder);
    assert_int_equal(stat(key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    file = fopen(key, "r");
    assert_int_equal(fread(hex, 1, 64, file), 64);
    fclose(file);

    kd_data_key_new(&data);
    kd_vault_wrap(secret, h.vault, &data, person);
    assert_int_equal(kd_vault_unwrap(&back, h.vault, (kd_str){ (char *)secret, sizeof secret }, person, &err), KD_OK);
    assert_memory_equal(&data, &back, sizeof data);
    assert_int_equal(kd_vault_unwrap(&back, h.vault, (kd_str){ (char *)secret, sizeof secret }, other, &err), KD_CORRUPT);
    assert_int_equal(kd_vault_unwrap(&back, h.vault, (kd_str){ (char *)secret, 10 }, person, &err), KD_CORRUPT);
    kd_vault_derive(a, h.vault, "usertoken");
    kd_vault_derive(b, h.vault, "session");
    assert_memory_not_equal(a, b, 32);
    memcpy(house_key, kd_vault_house_key(h.vault)->b, 32);
    kd_vault_close(h.vault);

    assert_int_equal(try_open(&h, folder, NULL, false, &err), KD_OK); /* the same key again */
    kd_vault_derive(b, h.vault, "usertoken");
    assert_memory_equal(a, b, 32);
    assert_memory_equal(house_key, kd_vault_house_key(h.vault)->b, 32);
    kd_vault_close(h.vault);
    assert_int_equal(try_open(&h, folder, hex, false, &err), KD_OK); /* from the environment, say */
    kd_vault_close(h.vault);
    hex[3] = hex[3] == '0' ? '1' : '0';
    assert_int_equal(try_open(&h, folder, hex, true, &err), KD_UNAUTHORIZED);
    assert_int_equal(try_open(&h, folder, "abc", true, &err), KD_INVALID);
    assert_int_equal(chmod(key, 0640), 0);
    assert_int_equal(try_open(&h, folder, NULL, true, &err), KD_DENIED);
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(rename(key, away), 0);
    assert_int_equal(try_open(&h, folder, NULL, true, &err), KD_UNAUTHORIZED); /* a lost key is not replaced */
    assert_int_not_equal(stat(key, &st), 0);
    file = fopen(key, "w");
    fputs("no key at all\n", file);
    fclose(file);
    chmod(key, 0600);
    assert_int_equal(try_open(&h, folder, NULL, true, &err), KD_INVALID);
    unlink(key);
    mkdir(key, 0700);
    assert_int_equal(try_open(&h, folder, NULL, true, &err), KD_INVALID);
    h.vault = NULL;
    house_close(&h);
    remove_folder(folder);
}

static void test_vault_of_new_database(void **state)
{
    char             folder[64], path[128];
    house            h = { 0 };
    kd_err           err = { 0 };
    kd_store_options options = { .path = path, .create = true };
    (void)state;
    temp_folder(folder);
    snprintf(path, sizeof path, "%s/kunde.db", folder);
    assert_int_equal(kd_store_open(&h.store, &options, &err), KD_OK);
    assert_int_equal(kd_reader_open(&h.reader, h.store, &err), KD_OK);
    assert_int_equal(try_open(&h, folder, NULL, false, &err), KD_NOT_FOUND);
    assert_int_equal(try_open(&h, "/nonexistent-folder", NULL, true, &err), KD_IO);
    assert_int_equal(try_open(&h, folder, NULL, true, &err), KD_OK);
    house_close(&h);
    remove_folder(folder);
}

int run_seal_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_round_trip), cmocka_unit_test(test_nonces), cmocka_unit_test(test_vault),
        cmocka_unit_test(test_vault_of_new_database),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
