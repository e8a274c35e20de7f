/* The ways in: links, passwords, second factors, invitations; who may what; what a masked answer looks like. */
#include "support.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "api/masking.h"
#include "api/roles.h"
#include "api/totp.h"
#include "api/users.h"

static int64_t now_ms = INT64_C(1795000000000);
typedef struct desk { house house; kd_users *users; } desk;

static void open_users(desk *d)
{
    kd_err err = { 0 };
    if (kd_users_open(&d->users, d->house.store, d->house.reader, d->house.vault, kd_clock_at(&now_ms), &err) != KD_OK)
        fail_msg("%s", err.msg);
}

static void desk_open(desk *d)
{
    house_open(&d->house);
    open_users(d);
}

static void desk_reopen(desk *d)
{
    kd_users_close(d->users);
    kd_vault_close(d->house.vault);
    kd_reader_close(d->house.reader);
    kd_store_close(d->house.store);
    house_reopen(&d->house);
    open_users(d);
}

static void desk_close(desk *d)
{
    kd_users_close(d->users);
    house_close(&d->house);
}

static kd_status log_in(desk *d, char session[KD_SESSION], const char *user, const char *password, const char *code, const char *address)
{
    kd_id    who;
    kd_login login = { kd_str_z(user), kd_str_z(password), kd_str_z(code), kd_str_z(address) };
    return kd_users_login(session, &who, d->users, &login, NULL);
}

static bool is_in(desk *d, const char *session)
{
    kd_session s;
    return kd_users_session(&s, d->users, kd_str_z(session));
}

static kd_id make_user(desk *d, const char *name, const char *email, kd_user_role role, const char *password)
{
    char                 token[KD_SESSION], session[KD_SESSION];
    kd_id                id, who;
    kd_err               err = { 0 };
    const kd_user_change what = { .name = kd_str_z(name), .email = kd_str_z(email), .role = role };
    if (kd_users_create(token, &id, d->users, &what, &err) != KD_OK || kd_users_accept(session, &who, d->users, kd_str_z(token), kd_str_z(password), &err) != KD_OK)
        fail_msg("%s", err.msg);
    assert_true(kd_id_eq(id, who) && is_in(d, session));
    assert_int_equal(kd_users_accept(session, &who, d->users, kd_str_z(token), kd_str_z(password), &err), KD_UNAUTHORIZED); /* once */
    return id;
}

/* ---- links and passwords -------------------------------------------------------------------------------------------------- */
static void test_login_links_and_sessions(void **state)
{
    desk  d;
    char  token[KD_SESSION], session[KD_SESSION], other[KD_SESSION];
    kd_id who;
    (void)state;
    desk_open(&d);
    assert_int_equal(kd_users_link_new(token, d.users, false, NULL), KD_OK);
    assert_false(is_in(&d, token));
    assert_int_equal(kd_users_login_by_link(session, &who, d.users, kd_str_z(token), NULL), KD_OK);
    assert_true(kd_id_eq(who, kd_users_first()));
    assert_int_equal(kd_users_login_by_link(other, &who, d.users, kd_str_z(token), NULL), KD_UNAUTHORIZED); /* once */
    assert_true(is_in(&d, session));
    kd_users_session_end(d.users, kd_str_z(session));
    assert_false(is_in(&d, session));
    assert_int_equal(kd_users_link_new(token, d.users, false, NULL), KD_OK);
    now_ms += 15 * 60 * 1000 + 1;
    assert_int_equal(kd_users_login_by_link(session, &who, d.users, kd_str_z(token), NULL), KD_UNAUTHORIZED); /* late */
    assert_int_equal(kd_users_link_new(token, d.users, true, NULL), KD_OK);
    desk_reopen(&d); /* the server that starts next honours it, once */
    assert_int_equal(kd_users_login_by_link(session, &who, d.users, kd_str_z(token), NULL), KD_OK);
    now_ms += 12 * 3600 * 1000 + 1;
    assert_false(is_in(&d, session) || is_in(&d, ""));
    desk_reopen(&d);
    assert_int_equal(kd_users_login_by_link(session, &who, d.users, kd_str_z(token), NULL), KD_UNAUTHORIZED);
    desk_close(&d);
}

static void test_password_of_the_first_owner(void **state)
{
    desk  d;
    char  token[KD_SESSION], session[KD_SESSION], mine[KD_SESSION];
    kd_id who;
    (void)state;
    desk_open(&d);
    assert_int_equal(log_in(&d, session, "", "anything at all", "", "a"), KD_UNAUTHORIZED);
    assert_int_equal(kd_users_set_password(d.users, kd_users_first(), KD_STR("too short"), (kd_str){ 0 }, false, NULL), KD_INVALID);
    assert_int_equal(kd_users_link_new(token, d.users, false, NULL), KD_OK);
    assert_int_equal(kd_users_login_by_link(session, &who, d.users, kd_str_z(token), NULL), KD_OK);
    assert_int_equal(kd_users_set_password(d.users, kd_users_first(), KD_STR("correct horse battery"), (kd_str){ 0 }, true, NULL), KD_OK); /* there was none */
    assert_false(is_in(&d, session)); /* whoever was in is out */
    assert_int_equal(log_in(&d, mine, "", "correct horse battery", "", "a"), KD_OK);
    assert_true(is_in(&d, mine));
    assert_int_equal(kd_users_set_password(d.users, kd_users_first(), KD_STR("another long one"), KD_STR("not it"), true, NULL), KD_UNAUTHORIZED);
    assert_int_equal(kd_users_set_password(d.users, kd_users_first(), KD_STR("another long one"), KD_STR("correct horse battery"), true, NULL), KD_OK);
    desk_reopen(&d); /* stored */
    assert_true(kd_users_has_password(d.users, kd_users_first()));
    assert_int_equal(log_in(&d, mine, "", "correct horse battery", "", "a"), KD_UNAUTHORIZED);
    assert_int_equal(log_in(&d, mine, "", "another long one", "", "a"), KD_OK);
    desk_close(&d);
}

static void test_a_password_of_before_users(void **state)
{
    desk  d;
    char  hash[crypto_pwhash_STRBYTES] = "", session[KD_SESSION];
    (void)state;
    house_open(&d.house);
    assert_int_equal(crypto_pwhash_str(hash, "from long ago", 13, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE), 0);
    assert_int_equal(kd_store_meta_put(d.house.store, "admin_password", kd_str_z(hash), NULL), KD_OK);
    open_users(&d);
    assert_int_equal(log_in(&d, session, "", "from long ago", "", "a"), KD_OK);
    desk_reopen(&d);
    assert_int_equal(log_in(&d, session, "", "from long ago", "", "a"), KD_OK);
    desk_close(&d);
}

static void test_tries_are_counted_by_user_and_address(void **state)
{
    desk d;
    char session[KD_SESSION], address[32];
    (void)state;
    desk_open(&d);
    make_user(&d, "Ada", "ada@example.org", KD_USER_OWNER, "ada's own password");
    make_user(&d, "Bob", "bob@example.org", KD_USER_SUPPORT, "bob's own password");
    for (int i = 0; i < KD_USERS_MAX && i < 5; i++)
        assert_int_equal(log_in(&d, session, "ada@example.org", "wrong wrong wrong", "", "1.2.3.4"), KD_UNAUTHORIZED);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "1.2.3.4"), KD_BUSY);
    assert_int_equal(log_in(&d, session, "bob@example.org", "bob's own password", "", "1.2.3.4"), KD_OK);  /* another user */
    assert_int_equal(log_in(&d, session, "ADA@example.org", "ada's own password", "", "5.6.7.8"), KD_OK);  /* another address */
    for (int i = 0; i < 14; i++)
        log_in(&d, session, "nobody@example.org", "wrong wrong wrong", "", i < 7 ? "9.9.9.9" : "1.2.3.4");
    for (int i = 0; i < 16; i++) /* names that nobody has use up the address's own tries only */
        log_in(&d, session, i % 2 ? "x@example.org" : "y@example.org", "wrong", "", "1.2.3.4");
    now_ms += 61 * 1000;
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "1.2.3.4"), KD_OK);
    for (int i = 0; i < 70; i++) { /* from everywhere: an hour's worth */
        snprintf(address, sizeof address, "10.0.0.%d", i);
        kd_status status = log_in(&d, session, "bob@example.org", "", "", address);
        assert_int_equal(status, i < 57 ? KD_UNAUTHORIZED : i > 62 ? KD_BUSY : status);
    }
    now_ms += 3600 * 1000;
    assert_int_equal(log_in(&d, session, "bob@example.org", "bob's own password", "", "1.2.3.4"), KD_OK);
    desk_close(&d);
}

/* ---- users ------------------------------------------------------------------------------------------------------------------ */
static void test_changes_act_at_once(void **state)
{
    desk                 d;
    char                 session[KD_SESSION], token[KD_SESSION], again[KD_SESSION];
    kd_session           s;
    const bool           yes = true, no = false;
    kd_id                ada, id;
    kd_err               err = { 0 };
    const kd_user_change taken = { .name = KD_STR("Ada 2"), .email = KD_STR("ADA@example.org"), .role = KD_USER_ANALYST };
    (void)state;
    desk_open(&d);
    ada = make_user(&d, "Ada", "ada@example.org", KD_USER_ANALYST, "ada's own password");
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "a"), KD_OK);
    assert_true(kd_users_session(&s, d.users, kd_str_z(session)) && s.role == KD_USER_ANALYST);
    assert_int_equal(kd_users_change(d.users, ada, &(kd_user_change){ .role = KD_USER_SUPPORT }, NULL), KD_OK);
    assert_true(kd_users_session(&s, d.users, kd_str_z(session)) && s.role == KD_USER_SUPPORT);
    assert_int_equal(kd_users_change(d.users, ada, &(kd_user_change){ .disabled = &yes }, NULL), KD_OK);
    assert_false(is_in(&d, session));
    assert_int_equal(log_in(&d, again, "ada@example.org", "ada's own password", "", "a"), KD_UNAUTHORIZED);
    assert_int_equal(kd_users_change(d.users, ada, &(kd_user_change){ .disabled = &no }, NULL), KD_OK);
    assert_true(is_in(&d, session));
    assert_int_equal(kd_users_create(token, &id, d.users, &taken, &err), KD_CONFLICT);
    assert_string_equal(err.field, "/email");
    assert_int_equal(kd_users_create(token, &id, d.users, &(kd_user_change){ .name = KD_STR("X"), .email = KD_STR("no address"), .role = KD_USER_ANALYST }, &err), KD_INVALID);
    assert_int_equal(kd_users_create(token, &id, d.users, &(kd_user_change){ .name = KD_STR("X"), .email = KD_STR("x@example.org") }, &err), KD_INVALID);
    assert_string_equal(err.field, "/role");
    assert_int_equal(kd_users_change(d.users, kd_users_first(), &(kd_user_change){ .role = KD_USER_ANALYST }, NULL), KD_CONFLICT);
    assert_int_equal(kd_users_change(d.users, kd_users_first(), &(kd_user_change){ .disabled = &yes }, NULL), KD_CONFLICT);
    assert_int_equal(kd_users_delete(d.users, kd_users_first(), NULL), KD_CONFLICT);
    desk_reopen(&d);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "a"), KD_OK);
    assert_int_equal(kd_users_delete(d.users, ada, NULL), KD_OK);
    assert_false(is_in(&d, session));
    assert_int_equal(kd_users_delete(d.users, ada, NULL), KD_NOT_FOUND);
    desk_reopen(&d);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "a"), KD_UNAUTHORIZED);
    desk_close(&d);
}

static void test_invitations_end(void **state)
{
    desk                 d;
    char                 token[KD_SESSION], second[KD_SESSION], session[KD_SESSION];
    kd_id                id, who;
    const kd_user_change what = { .name = KD_STR("Ada"), .email = KD_STR("ada@example.org"), .role = KD_USER_ANALYST };
    (void)state;
    desk_open(&d);
    assert_int_equal(kd_users_create(token, &id, d.users, &what, NULL), KD_OK);
    assert_int_equal(kd_users_accept(session, &who, d.users, kd_str_z(token), KD_STR("short"), NULL), KD_INVALID); /* does not use it up */
    assert_int_equal(kd_users_invite(second, d.users, id, NULL), KD_OK);
    assert_int_equal(kd_users_accept(session, &who, d.users, kd_str_z(token), KD_STR("long enough now"), NULL), KD_UNAUTHORIZED);
    desk_reopen(&d); /* they outlive a restart */
    now_ms += INT64_C(7) * 86400 * 1000 + 1;
    assert_int_equal(kd_users_accept(session, &who, d.users, kd_str_z(second), KD_STR("long enough now"), NULL), KD_UNAUTHORIZED);
    desk_close(&d);
}

/* ---- the second factor --------------------------------------------------------------------------------------------------------- */
static void test_vectors_of_rfc_6238(void **state)
{
    static const struct { uint64_t seconds; const char *code; } vectors[] = {
        { 59, "94287082" }, { 1111111109, "07081804" }, { 1111111111, "14050471" }, { 1234567890, "89005924" }, { 2000000000, "69279037" }, { 20000000000, "65353130" },
    };
    char code[9];
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        kd_totp_code(code, 8, (const uint8_t *)"12345678901234567890", 20, vectors[i].seconds / 30);
        assert_string_equal(code, vectors[i].code);
    }
    kd_base32(code, (const uint8_t *)"fooba", 5); /* RFC 4648, section 10 */
    assert_string_equal(code, "MZXW6YTB");
    kd_base32(code, (const uint8_t *)"foob", 4);
    assert_string_equal(code, "MZXW6YQ");
}

static void test_a_code_works_once_and_a_step_around(void **state)
{
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";
    const int64_t  at_ms = INT64_C(1795000000000);
    const uint64_t now = (uint64_t)at_ms / 30000;
    uint64_t       step = 0;
    char           code[7];
    (void)state;
    for (int64_t off = -3; off <= 3; off++) {
        kd_totp_code(code, 6, secret, 20, now + (uint64_t)off);
        assert_int_equal(kd_totp_check(&step, secret, kd_str_z(code), 0, at_ms), off >= -1 && off <= 1);
    }
    kd_totp_code(code, 6, secret, 20, now);
    assert_false(kd_totp_check(&step, secret, kd_str_z(code), now, at_ms));      /* used */
    assert_false(kd_totp_check(&step, secret, kd_str_z(code), now + 1, at_ms)); /* a later one was */
    static const char *const bad[] = { "", "12345", "1234567", "12345a", "      ", "-12345" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(kd_totp_check(&step, secret, kd_str_z(bad[i]), 0, at_ms));
}

static void test_second_factor(void **state)
{
    desk       d;
    char       session[KD_SESSION], code[7], codes[KD_RECOVERY_CODES][KD_RECOVERY_CODE];
    uint8_t    secret[KD_TOTP_SECRET];
    kd_session s;
    kd_id      ada;
    (void)state;
    desk_open(&d);
    ada = make_user(&d, "Ada", "ada@example.org", KD_USER_ANALYST, "ada's own password");
    assert_int_equal(kd_users_set_two_factor_roles(d.users, 1u << KD_USER_ANALYST, NULL), KD_OK);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "a"), KD_OK);
    assert_true(kd_users_session(&s, d.users, kd_str_z(session)) && s.needs_two_factor);
    assert_int_equal(kd_users_totp_confirm(codes, d.users, ada, KD_STR("123456"), NULL), KD_CONFLICT);
    assert_int_equal(kd_users_totp_begin(secret, d.users, ada, NULL), KD_OK);
    kd_totp_code(code, 6, secret, sizeof secret, (uint64_t)now_ms / 30000);
    assert_int_equal(kd_users_totp_confirm(codes, d.users, ada, KD_STR("000000"), NULL), strcmp(code, "000000") ? KD_UNAUTHORIZED : KD_OK);
    assert_int_equal(kd_users_totp_confirm(codes, d.users, ada, kd_str_z(code), NULL), KD_OK);
    assert_true(kd_users_session(&s, d.users, kd_str_z(session)) && !s.needs_two_factor);
    assert_int_equal(kd_users_totp_begin(secret, d.users, ada, NULL), KD_CONFLICT);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "b"), KD_UNAUTHORIZED);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", code, "b"), KD_UNAUTHORIZED); /* used when enrolling */
    now_ms += 30000;
    kd_totp_code(code, 6, secret, sizeof secret, (uint64_t)now_ms / 30000);
    assert_int_equal(log_in(&d, session, "ada@example.org", "wrong wrong wrong", code, "b"), KD_UNAUTHORIZED); /* does not use it up */
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", code, "b"), KD_OK);
    desk_reopen(&d); /* a used code stays used */
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", code, "b"), KD_UNAUTHORIZED);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", codes[3], "b"), KD_OK);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", codes[3], "b"), KD_UNAUTHORIZED);
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", codes[9], "b"), KD_OK);
    assert_int_equal(kd_users_totp_end(d.users, ada, KD_STR("000001"), true, NULL), KD_UNAUTHORIZED);
    assert_int_equal(kd_users_totp_end(d.users, ada, kd_str_z(codes[0]), true, NULL), KD_OK);
    now_ms += 61 * 1000;
    assert_int_equal(log_in(&d, session, "ada@example.org", "ada's own password", "", "b"), KD_OK);
    assert_true(kd_users_session(&s, d.users, kd_str_z(session)) && s.needs_two_factor); /* the setting outlived the restart */
    desk_close(&d);
}

/* ---- nothing of it lies open on disk ------------------------------------------------------------------------------------------- */
static void test_users_are_sealed(void **state)
{
    desk       d;
    kd_record *records = NULL;
    size_t     count = 0;
    kd_arena  *arena = kd_arena_new(1 << 20);
    (void)state;
    desk_open(&d);
    make_user(&d, "Annegret", "annegret@example.org", KD_USER_ANALYST, "a long password");
    assert_int_equal(kd_reader_records(&records, &count, d.house.reader, (kd_id){ 0 }, KD_STR("user"), (kd_id){ 0 }, 10, arena, NULL), KD_OK);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_null(memmem(records[i].body.ptr, records[i].body.len, "nnegret", 7));
        assert_null(memmem(records[i].body.ptr, records[i].body.len, "argon2", 6));
    }
    kd_arena_free(arena);
    desk_close(&d);
}

/* ---- roles and masks -------------------------------------------------------------------------------------------------------------- */
static void test_roles(void **state)
{
    (void)state;
    for (int p = 0; p < KD_PERMISSIONS; p++) {
        assert_true(kd_role_may(KD_USER_OWNER, (kd_permission)p));
        assert_false(kd_role_may(KD_USER_NOBODY, (kd_permission)p));
        assert_true(kd_permission_name((kd_permission)p)[0] != '\0');
    }
    for (int r = KD_USER_OWNER; r < KD_USER_ROLES; r++) {
        assert_int_equal(kd_role_parse(kd_str_z(kd_role_name((kd_user_role)r))), r);
        assert_true(kd_role_may((kd_user_role)r, KD_SEE));
        assert_true(r == KD_USER_OWNER || !kd_role_may((kd_user_role)r, KD_MANAGE_USERS));
        assert_true(!kd_role_may((kd_user_role)r, KD_SEE_PERSONAL) || kd_role_may((kd_user_role)r, KD_SEE_PEOPLE));
    }
    assert_int_equal(kd_role_parse(KD_STR("nobody")), KD_USER_NOBODY);
    assert_int_equal(kd_role_parse(KD_STR("admin")), KD_USER_NOBODY);
    assert_false(kd_role_may(KD_USER_ANALYST, KD_SEE_PERSONAL) || kd_role_may(KD_USER_MARKETER, KD_SEE_PERSONAL) || kd_role_may(KD_USER_MERCHANDISER, KD_SEE_PEOPLE));
}

static void test_masking(void **state)
{
#define DOTS "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"
    static const struct { const char *in, *out; } cases[] = {
        { "{\"a\":\"anna.b@example.org\"}", "{\"a\":\"a" DOTS "@e" DOTS ".org\"}" },
        { "{\"traits\":{\"firstName\":\"Annegret\",\"age\":42,\"vip\":true,\"x\":\"Bo\",\"none\":null,\"list\":[\"Leipzig\"]}}",
          "{\"traits\":{\"firstName\":\"A" DOTS "\",\"age\":\"" DOTS "\",\"vip\":\"" DOTS "\",\"x\":\"" DOTS "\",\"none\":null,\"list\":[\"L" DOTS "\"]}}" },
        { "{\"identities\":[{\"type\":\"userId\",\"value\":\"u-1001\"}]}", "{\"identities\":[{\"type\":\"u" DOTS "\",\"value\":\"u" DOTS "\"}]}" },
        { "{\"facts\":[{\"kind\":\"trait\",\"name\":\"city\",\"value\":\"Leipzig\"}]}", "{\"facts\":[{\"kind\":\"trait\",\"name\":\"city\",\"value\":\"L" DOTS "\"}]}" },
        { "{\"color\":[{\"value\":\"red\",\"score\":0.5}]}", "{\"color\":[{\"value\":\"red\",\"score\":0.5}]}" },
        { "{\"type\":\"track\",\"name\":\"X\",\"event\":{\"deep\":{\"er\":\"secret\"}}}", "{\"type\":\"track\",\"name\":\"X\",\"event\":{\"deep\":{\"er\":\"s" DOTS "\"}}}" },
        { "{\"type\":\"decision\",\"event\":{\"items\":[\"P1234\"]}}", "{\"type\":\"decision\",\"event\":{\"items\":[\"P1234\"]}}" },
        { "{\"x\":\"call +49 (341) 123-456\"}", "{\"x\":\"call +49 (341) 123-456\"}" },
        { "{\"x\":\"+49 (341) 123-456\",\"y\":\"+123\"}", "{\"x\":\"+" DOTS "\",\"y\":\"+123\"}" },
        { "{\"x\":\"mail to anna@example.org now\"}", "{\"x\":\"m" DOTS "\"}" },
        { "[\"\",\"plain\",1,true,null]", "[\"\",\"plain\",1,true,null]" },
    };
    kd_arena *arena = kd_arena_new(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_buf out;
        kd_buf_init(&out, arena);
        assert_int_equal(kd_mask_json(&out, kd_str_z(cases[i].in), arena, NULL), KD_OK);
        assert_str(kd_buf_str(&out), cases[i].out);
    }
    kd_buf out;
    kd_buf_init(&out, arena);
    assert_int_equal(kd_mask_json(&out, KD_STR("{"), arena, NULL), KD_INVALID);
    kd_arena_free(arena);
}

int run_users_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_links_and_sessions), cmocka_unit_test(test_password_of_the_first_owner), cmocka_unit_test(test_a_password_of_before_users),
        cmocka_unit_test(test_tries_are_counted_by_user_and_address), cmocka_unit_test(test_changes_act_at_once), cmocka_unit_test(test_invitations_end),
        cmocka_unit_test(test_vectors_of_rfc_6238), cmocka_unit_test(test_a_code_works_once_and_a_step_around), cmocka_unit_test(test_second_factor),
        cmocka_unit_test(test_users_are_sealed), cmocka_unit_test(test_roles), cmocka_unit_test(test_masking),
    };
    return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
