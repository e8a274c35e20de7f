#include "suite.h"

#include <string.h>

#include "trust/proof.h"

static void test_a_signature_holds_for_its_text_and_key_only(void **state)
{
    trust_house h;
    char        signature[KD_PROOF_HEX + 1], again[KD_PROOF_HEX + 1], public_key[KD_PROOF_KEY_HEX + 1], same[KD_PROOF_KEY_HEX + 1];
    kd_str      text = kd_str_z("erased: 12 events");
    (void)state;
    trust_house_open(&h, 1);
    kd_proof_sign(signature, public_key, h.vault, text);
    assert_true(kd_proof_check(text, kd_str_z(signature), kd_str_z(public_key)));
    assert_false(kd_proof_check(kd_str_z("erased: 13 events"), kd_str_z(signature), kd_str_z(public_key)));
    trust_house_reopen(&h);
    kd_proof_sign(again, same, h.vault, text);
    assert_string_equal(same, public_key); /* the pair is a function of the master key */
    assert_string_equal(again, signature);
    public_key[3] ^= 1;
    assert_false(kd_proof_check(text, kd_str_z(signature), kd_str_z(public_key)));
    trust_house_close(&h);
}

static void test_what_is_no_signature_is_refused(void **state)
{
    char zeros[KD_PROOF_HEX + 1];
    (void)state;
    memset(zeros, '0', sizeof zeros - 1);
    zeros[KD_PROOF_HEX] = 0;
    assert_false(kd_proof_check(kd_str_z(""), kd_str_z(""), kd_str_z("")));
    assert_false(kd_proof_check(kd_str_z("x"), kd_str_z(zeros), (kd_str){ zeros, KD_PROOF_KEY_HEX }));
    assert_false(kd_proof_check(kd_str_z("x"), (kd_str){ zeros, KD_PROOF_HEX - 1 }, (kd_str){ zeros, KD_PROOF_KEY_HEX }));
    zeros[0] = 'g';
    assert_false(kd_proof_check(kd_str_z("x"), kd_str_z(zeros), (kd_str){ zeros + 1, KD_PROOF_KEY_HEX }));
}

int run_proof_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signature_holds_for_its_text_and_key_only),
        cmocka_unit_test(test_what_is_no_signature_is_refused),
    };
    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
