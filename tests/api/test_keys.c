#include "support.h"

#include <sodium.h>
#include <stdio.h>

#include "api/keys.h"

static int64_t now_ms = INT64_C(1767225600000);

typedef struct desk { house house; kd_keys *keys; char write[64], server[64]; } desk;

static kd_status open_with(desk *d, const char *write_key, const char *server_key, kd_err *err)
{
    return kd_keys_open(&d->keys, d->house.store, d->house.reader, d->house.vault, kd_clock_at(&now_ms), write_key, server_key, d->write, d->server, err);
}

static void desk_open(desk *d)
{
    kd_err err = { 0 };
    house_open(&d->house);
    assert_int_equal(open_with(d, NULL, NULL, &err), KD_OK);
}

static void desk_close(desk *d)
{
    kd_keys_close(d->keys);
    house_close(&d->house);
}

static kd_key_role role_of(desk *d, const char *text)
{
    kd_key_role role;
    kd_str      source;
    kd_err      err = { 0 };
    kd_status   status = kd_keys_check(&role, &source, d->keys, kd_str_z(text), &err);
    assert_int_equal(status, role == KD_ROLE_NONE ? KD_UNAUTHORIZED : KD_OK);
    assert_null(strlen(text) > 3 ? strstr(err.msg, text) : NULL); /* a message never tells the key */
    if (role != KD_ROLE_NONE)
        assert_str(source, "shop");
    return role;
}

static void test_first_keys(void **state)
{
    desk   d;
    char   write[64], server[64];
    kd_err err = { 0 };
    (void)state;
    desk_open(&d);
    assert_true(strncmp(d.write, "wk_", 3) == 0 && strncmp(d.server, "sk_", 3) == 0);
    memcpy(write, d.write, 64);
    memcpy(server, d.server, 64);
    assert_int_equal(role_of(&d, write), KD_ROLE_WRITE);
    assert_int_equal(role_of(&d, server), KD_ROLE_SERVER);
    assert_int_equal(role_of(&d, ""), KD_ROLE_NONE);
    assert_int_equal(role_of(&d, "wk_"), KD_ROLE_NONE);
    assert_int_equal(role_of(&d, "wk_00000000000000000000000000000000"), KD_ROLE_NONE);
    assert_str(kd_keys_first_write(d.keys), write);
    assert_str(kd_keys_source_of(d.keys, kd_str_z(write)), "shop");
    assert_str(kd_keys_source_of(d.keys, kd_str_z(server)), "");
    kd_keys_close(d.keys); /* a second start tells nothing and knows both */
    assert_int_equal(open_with(&d, NULL, NULL, &err), KD_OK);
    assert_string_equal(d.write, "");
    assert_string_equal(d.server, "");
    assert_int_equal(role_of(&d, write), KD_ROLE_WRITE);
    assert_int_equal(role_of(&d, server), KD_ROLE_SERVER);
    desk_close(&d);
}

static void test_keys_from_settings(void **state)
{
    desk   d;
    char   first[64];
    kd_err err = { 0 };
    (void)state;
    desk_open(&d);
    memcpy(first, d.write, 64);
    kd_keys_close(d.keys);
    assert_int_equal(open_with(&d, "wk_by_setting", "sk_by_setting", &err), KD_OK);
    assert_string_equal(d.write, ""); /* replaced, not made: the operator knows it */
    assert_int_equal(role_of(&d, "wk_by_setting"), KD_ROLE_WRITE);
    assert_int_equal(role_of(&d, "sk_by_setting"), KD_ROLE_SERVER);
    assert_int_equal(role_of(&d, first), KD_ROLE_NONE);
    kd_keys_close(d.keys);
    assert_int_equal(open_with(&d, NULL, NULL, &err), KD_OK); /* and kept */
    assert_int_equal(role_of(&d, "wk_by_setting"), KD_ROLE_WRITE);
    kd_keys_close(d.keys);
    assert_int_equal(open_with(&d, "short", NULL, &err), KD_INVALID);
    assert_string_equal(err.field, "write_key");
    assert_int_equal(open_with(&d, NULL, "with:colon", &err), KD_INVALID);
    house_close(&d.house);
}

static void test_create_and_revoke(void **state)
{
    desk   d;
    char   text[64], id[24], first[64];
    kd_err err = { 0 };
    kd_buf out;
    kd_jw  w;
    (void)state;
    desk_open(&d);
    memcpy(first, d.server, 64);
    assert_int_equal(kd_keys_revoke(d.keys, d.house.store, KD_STR("first-server"), &err), KD_CONFLICT);
    assert_int_equal(kd_keys_revoke(d.keys, d.house.store, KD_STR("nothing"), &err), KD_NOT_FOUND);
    assert_int_equal(kd_keys_create(text, id, d.keys, d.house.store, KD_ROLE_SERVER, KD_STR("Till"), KD_STR(""), &err), KD_OK);
    assert_int_equal(role_of(&d, text), KD_ROLE_SERVER);
    kd_buf_init(&out, NULL);
    kd_jw_init(&w, &out);
    kd_keys_write_json(&w, d.keys);
    kd_buf_add(&out, "", 1);
    assert_non_null(strstr(out.ptr, d.write));
    assert_null(strstr(out.ptr, text)); /* a server key's text is nowhere */
    assert_non_null(strstr(out.ptr, "\"Till\""));
    kd_buf_free(&out);
    assert_int_equal(kd_keys_revoke(d.keys, d.house.store, KD_STR("first-server"), &err), KD_OK);
    assert_int_equal(role_of(&d, first), KD_ROLE_NONE);
    assert_int_equal(role_of(&d, text), KD_ROLE_SERVER);
    kd_keys_close(d.keys);
    assert_int_equal(open_with(&d, NULL, NULL, &err), KD_OK);
    assert_string_equal(d.server, ""); /* others serve: no new first one */
    assert_int_equal(role_of(&d, first), KD_ROLE_NONE);
    assert_int_equal(role_of(&d, text), KD_ROLE_SERVER);
    desk_close(&d);
}

static void sign(char out[128], const char *secret, const char *user, long long expiry_s)
{
    crypto_auth_hmacsha256_state s;
    unsigned char                mac[32];
    char                         message[128], base64[64];
    snprintf(message, sizeof message, "%s.%lld", user, expiry_s);
    crypto_auth_hmacsha256_init(&s, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&s, (const unsigned char *)message, strlen(message));
    crypto_auth_hmacsha256_final(&s, mac);
    sodium_bin2base64(base64, sizeof base64, mac, sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(out, 128, "%lld.%s", expiry_s, base64);
}

static void test_user_tokens(void **state)
{
    desk   d;
    char   secret[65], token[128], own[KD_USER_TOKEN];
    kd_err err = { 0 };
    (void)state;
    desk_open(&d);
    kd_user_token_secret(secret, d.keys);
    assert_int_equal(strlen(secret), 64);
    sign(token, secret, "ada", now_ms / 1000 + 60);
    assert_int_equal(kd_user_token_check(d.keys, KD_STR("ada"), kd_str_z(token), now_ms, &err), KD_OK);
    kd_user_token_make(own, d.keys, KD_STR("ada"), now_ms / 1000 + 60); /* the house makes the same as a shop does */
    assert_string_equal(own, token);
    assert_int_equal(kd_user_token_check(d.keys, KD_STR("bob"), kd_str_z(token), now_ms, &err), KD_UNAUTHORIZED);
    assert_int_equal(kd_user_token_check(d.keys, KD_STR("ada"), kd_str_z(token), now_ms + 61000, &err), KD_UNAUTHORIZED);
    token[strlen(token) - 2] ^= 1;
    assert_int_equal(kd_user_token_check(d.keys, KD_STR("ada"), kd_str_z(token), now_ms, &err), KD_UNAUTHORIZED);
    for (size_t i = 0; i < 6; i++) {
        static const char *const bad[] = { "", ".", "1.", "x.y", "9999999999.", "9999999999.!!" };
        assert_int_equal(kd_user_token_check(d.keys, KD_STR("ada"), kd_str_z(bad[i]), now_ms, &err), KD_UNAUTHORIZED);
    }
    desk_close(&d);
}

int run_keys_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_keys), cmocka_unit_test(test_keys_from_settings), cmocka_unit_test(test_create_and_revoke),
        cmocka_unit_test(test_user_tokens),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
