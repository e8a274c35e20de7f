/* customer/consent.h, policy.h, mask.h: what was said, what it allows, and that nothing else is seen. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "customer/consent.h"
#include "customer/tcf.h"
#include "mask_mutants.h"

static kd_fact says(uint64_t n, int64_t time_ms, bool claimed, kd_purposes granted, kd_purposes refused)
{
    return (kd_fact){ .kind = KD_KIND_CONSENT, .id = counted_id(n, time_ms), .time_ms = time_ms, .claimed = claimed, .total_micro = KD_PRICE_NONE,
                      .consent = { .granted = granted, .refused = refused, .source = KD_STR("test") } };
}

static void fold(kd_profile *profile, const kd_fact *fact)
{
    const kd_profile_caps caps = kd_profile_caps_default();
    kd_err                err = { 0 };
    assert_int_equal(kd_profile_fold(profile, fact, &caps, &err), KD_OK);
}

static void test_states(void **state)
{
    kd_profile        p = { 0 };
    const kd_purposes email = KD_PURPOSE_BIT(KD_PURPOSE_MARKET_EMAIL), share = KD_PURPOSE_BIT(KD_PURPOSE_SHARE), operate = KD_PURPOSE_BIT(KD_PURPOSE_OPERATE);
    kd_ident          browser = { KD_KEY_ANONYMOUS, KD_STR("b1"), false }, user = { KD_KEY_USER, KD_STR("u1"), true };
    kd_fact           fact = says(1, T0, true, email, 0);
    (void)state;
    fact.idents = &browser;
    fact.ident_count = 1;
    fold(&p, &fact);
    assert_int_equal(kd_consent_of(&p, KD_PURPOSE_MARKET_EMAIL), KD_CONSENT_GRANTED); /* a browser speaks for itself */
    fact = says(2, T0 + 5, false, 0, 0);
    fact.idents = &user;
    fact.ident_count = 1;
    fold(&p, &fact);
    assert_int_equal(kd_consent_of(&p, KD_PURPOSE_MARKET_EMAIL), KD_CONSENT_UNKNOWN); /* and not for a customer */
    fact = says(3, T0 + 10, false, email | share, 0);
    fold(&p, &fact);
    fact = says(4, T0 + 10, true, 0, share | operate); /* of equal times the refusal, whoever says it; never of `operate` by write key */
    fold(&p, &fact);
    assert_int_equal(kd_consent_of(&p, KD_PURPOSE_MARKET_EMAIL), KD_CONSENT_GRANTED);
    assert_int_equal(kd_consent_of(&p, KD_PURPOSE_SHARE), KD_CONSENT_REFUSED);
    assert_int_equal(kd_consent_of(&p, KD_PURPOSE_OPERATE), KD_CONSENT_UNKNOWN);
    fact = says(5, T0 + 9, false, 0, email); /* older: an import of yesterday does not undo today */
    fold(&p, &fact);
    assert_int_equal(kd_consent_of(&p, KD_PURPOSE_MARKET_EMAIL), KD_CONSENT_GRANTED);
    assert_int_equal(kd_consent_register(&p, KD_PURPOSE_MARKET_EMAIL)->time_ms, T0 + 10);
    kd_profile_free(&p);
}

static void test_biometric_names(void **state)
{
    static const char *const never[] = { "face", "Face-ID", "face_template", "fingerprint", "leftThumbPrint", "voicePrint", "iris", "irisScan", "retina",
                                         "biometric_hash", "facial recognition", "DNA" };
    static const char *const fine[] = { "surface", "email", "interface", "preface", "typeface_size", "printer", "color", "palmolive", "irish", "navigation" };
    (void)state;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (!kd_is_biometric(kd_str_z(never[i])))
            fail_msg("taken: %s", never[i]);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (kd_is_biometric(kd_str_z(fine[i])))
            fail_msg("refused: %s", fine[i]);
}

/* ---- no value crosses ------------------------------------------------------------------------------------------------------ */

typedef kd_status (*mask)(kd_profile *, const kd_profile *, const kd_policy *, kd_purpose, bool, kd_arena *);
enum { POLICIES = 4, EVENTS = 40, TRIALS_PER_PERSON = 60 };

/* What was said, kept in the plainest way there is. */
typedef struct oracle { struct { int64_t time_ms; int said; /* -1 refused, 0 nothing, 1 granted */ } of[KD_PURPOSE_COUNT]; } oracle;

static void hear(oracle *o, const kd_fact *fact)
{
    for (int p = 0; p < KD_PURPOSE_COUNT; p++) {
        int said = fact->consent.refused >> p & 1 ? -1 : fact->consent.granted >> p & 1;
        if (said == 0 || (fact->claimed && (said == 1 || p == KD_PURPOSE_OPERATE)))
            continue;
        if (o->of[p].said == 0 || fact->time_ms > o->of[p].time_ms || (fact->time_ms == o->of[p].time_ms && said == -1)) {
            o->of[p].said = said;
            o->of[p].time_ms = fact->time_ms;
        }
    }
}

static bool has_basis(const oracle *o, const kd_policy *policy, kd_purpose purpose, bool gpc)
{
    const kd_purpose_rule *rule = kd_policy_purpose(policy, purpose);
    if (rule->basis == KD_BASIS_NONE || o->of[purpose].said == -1 || (gpc && rule->gpc))
        return false;
    return rule->basis != KD_BASIS_CONSENT || o->of[purpose].said == 1;
}

static bool may_see(const oracle *o, const kd_policy *policy, kd_purposes purposes, kd_purpose reader, bool gpc)
{
    if (!(purposes >> reader & 1) || !has_basis(o, policy, reader, gpc))
        return false;
    return !(purposes >> KD_PURPOSE_SENSITIVE & 1) || has_basis(o, policy, KD_PURPOSE_SENSITIVE, gpc);
}

static kd_purposes purposes_of_register(const kd_policy *policy, kd_str name, const char *otherwise)
{
    for (size_t i = 0; i < kd_policy_field_count(policy); i++)
        if (kd_str_eq(kd_policy_field_at(policy, i)->name, name))
            return kd_policy_field_at(policy, i)->data_class.len ? kd_policy_class(policy, kd_policy_field_at(policy, i)->data_class)->purposes
                                                                : kd_policy_field_at(policy, i)->purposes;
    return kd_policy_class(policy, kd_str_z(otherwise))->purposes;
}

#define CROSSES(seen, may) ((seen) && !(may))

/* False when the view shows what it may not, or hides what it may. */
static bool is_right(const kd_profile *view, const kd_profile *full, const oracle *o, const kd_policy *policy, kd_purpose reader, bool gpc)
{
    uint32_t expected = 0;
    bool     orders = may_see(o, policy, kd_policy_of_kind(policy, KD_KIND_ORDER), reader, gpc) && may_see(o, policy, kd_policy_of_kind(policy, KD_KIND_RETURN), reader, gpc);
    bool     keys = may_see(o, policy, kd_policy_class(policy, KD_STR(KD_CLASS_IDENTITY))->purposes, reader, gpc);
    for (uint32_t i = 0; i < view->counter_count; i++)
        if (!may_see(o, policy, kd_policy_class_of_event(policy, (kd_kind)view->counters[i].kind, (kd_str){ 0 })->purposes, reader, gpc))
            return false;
    for (uint32_t i = 0; i < full->counter_count; i++)
        expected += may_see(o, policy, kd_policy_of_kind(policy, (kd_kind)full->counters[i].kind), reader, gpc);
    for (uint32_t i = 0; i < view->day_count; i++)
        if (!may_see(o, policy, kd_policy_of_kind(policy, (kd_kind)view->days[i].kind), reader, gpc))
            return false;
    for (uint32_t i = 0; i < view->recent_count; i++)
        if (!may_see(o, policy, kd_policy_of_kind(policy, (kd_kind)view->recent[i].kind), reader, gpc))
            return false;
    for (uint32_t i = 0; i < view->trait_count; i++)
        if (!may_see(o, policy, purposes_of_register(policy, view->traits[i].name, KD_CLASS_ACCOUNT), reader, gpc))
            return false;
    for (uint32_t i = 0; i < view->stated_count; i++)
        if (!may_see(o, policy, purposes_of_register(policy, view->stated[i].name, KD_CLASS_PREFERENCES), reader, gpc))
            return false;
    if (CROSSES(view->bought_count || view->spent_count || view->claimed_bought_count || view->claimed_spent_count, orders) || CROSSES(view->ident_count, keys))
        return false;
    return view->counter_count == expected && (!orders || view->bought_count == full->bought_count) && (!keys || view->ident_count == full->ident_count);
}

static void person(kd_profile *p, oracle *o, kd_rng *rng, kd_arena *arena)
{
    kd_ident user = { KD_KEY_USER, KD_STR("u-1"), true };
    kd_trait traits[] = { { KD_STR("email"), KD_STR("\"a@b.example\"") }, { KD_STR("city"), KD_STR("\"Ulm\"") }, { KD_STR("allergy"), KD_STR("\"nuts\"") } };
    kd_fact  known = { .kind = KD_KIND_IDENTIFY, .id = counted_id(1, T0), .time_ms = T0, .idents = &user, .ident_count = 1, .traits = traits, .trait_count = 3,
                       .total_micro = KD_PRICE_NONE };
    *o = (oracle){ 0 };
    fold(p, &known);
    known.kind = KD_KIND_PREFERENCE;
    known.traits = traits + 1;
    known.trait_count = 2;
    fold(p, &known);
    for (int i = 0; i < EVENTS; i++) {
        kd_fact fact = random_fact(rng, arena);
        hear(o, &fact);
        fold(p, &fact);
    }
}

/* How many of `trials` reads came out wrong. */
static unsigned count_wrong(mask masked, kd_policy *const *policies, unsigned trials, uint64_t seed)
{
    kd_arena *arena = kd_arena_new(1 << 24);
    unsigned  wrong = 0, done = 0;
    kd_rng    rng;
    kd_rng_seed(&rng, seed);
    while (done < trials) {
        kd_profile p = { 0 };
        oracle     o;
        kd_arena_reset(arena);
        person(&p, &o, &rng, arena);
        for (int i = 0; i < TRIALS_PER_PERSON && done < trials; i++, done++) {
            const kd_policy *policy = policies[kd_rng_below(&rng, POLICIES)];
            const kd_purpose reader = (kd_purpose)kd_rng_below(&rng, KD_PURPOSE_COUNT);
            const bool       gpc = kd_rng_below(&rng, 4) == 0;
            kd_profile       view;
            if (kd_rng_below(&rng, 3) == 0) {
                kd_fact fact = says(kd_rng_u64(&rng), T0 + kd_rng_below(&rng, 60) * KD_DAY_MS / 3, kd_rng_below(&rng, 4) == 0,
                                    (kd_purposes)kd_rng_below(&rng, 256), (kd_purposes)(kd_rng_below(&rng, 256) & kd_rng_below(&rng, 256)));
                hear(&o, &fact);
                fold(&p, &fact);
            }
            if (masked(&view, &p, policy, reader, gpc, arena) != KD_OK || !is_right(&view, &p, &o, policy, reader, gpc))
                wrong++;
        }
        kd_profile_free(&p);
    }
    kd_arena_free(arena);
    return wrong;
}

/* As built in; everything by consent; orders for operating only, clicks for nobody but analysts; a sensitive trait and a basis of none. */
static void make_policies(kd_policy *policies[POLICIES], house *h)
{
    static const struct { int from; const char *kind, *id, *body; } docs[] = {
        { 1, "purpose", "operate", "{\"basis\":\"consent\"}" }, { 1, "purpose", "personalise", "{\"basis\":\"consent\"}" }, { 1, "purpose", "analyse", "{\"basis\":\"consent\"}" },
        { 2, "purpose", "personalise", "{\"basis\":\"legitimate-interest\",\"gpc\":true}" }, { 2, "purpose", "analyse", "{\"basis\":\"contract\"}" },
        { 2, "data-class", "orders", "{\"purposes\":[\"operate\"],\"kinds\":[\"order\",\"return\"]}" }, { 2, "data-class", "clicks", "{\"purposes\":[\"analyse\"],\"kinds\":[\"click\"]}" },
        { 3, "purpose", "analyse", "{\"basis\":\"none\"}" }, { 3, "field", "allergy", "{\"purposes\":[\"personalise\",\"operate\",\"sensitive\"]}" },
        { 3, "field", "city", "{\"purposes\":[\"market-post\"]}" }, { 3, "data-class", "identity", "{\"purposes\":[\"share\"]}" },
    };
    kd_err err = { 0 };
    assert_int_equal(kd_policy_built_in(&policies[0], &err), KD_OK);
    for (int i = 1; i < POLICIES; i++) {
        for (size_t d = 0; d < sizeof docs / sizeof *docs; d++) {
            kd_doc doc = { .kind = kd_str_z(docs[d].kind), .id = kd_str_z(docs[d].id), .body = kd_str_z(docs[d].body) };
            if (docs[d].from == i)
                assert_int_equal(kd_store_docs_put(h->store, &doc, 1, &err), KD_OK);
        }
        assert_int_equal(kd_policy_load(&policies[i], h->reader, &err), KD_OK);
        assert_true(kd_policy_version(policies[i]) > 0);
    }
}

static void test_no_value_crosses(void **state)
{
    static const struct { mask masked; const char *without; } mutants[] = {
        { masked_without_basis, "the basis" }, { masked_without_kinds, "the kinds" }, { masked_without_traits, "the traits" },
        { masked_without_stated, "what was stated" }, { masked_without_keys, "the keys" },
    };
    char       folder[64];
    house      h;
    kd_policy *policies[POLICIES];
    const char *asked = getenv("KD_TRIALS");
    (void)state;
    temp_folder(folder);
    house_open(&h, folder, 1);
    make_policies(policies, &h);
    assert_int_equal(count_wrong(kd_masked, policies, asked ? (unsigned)atoi(asked) : LONG_PROOF(1000000, 20000), 7), 0);
    for (size_t i = 0; i < sizeof mutants / sizeof *mutants; i++) {
        unsigned wrong = count_wrong(mutants[i].masked, policies, 20000, 11);
        print_message("without %s: %u of 20000 reads are wrong\n", mutants[i].without, wrong);
        assert_true(wrong > 0);
    }
    for (int i = 0; i < POLICIES; i++)
        kd_policy_release(policies[i]);
    house_close(&h);
    remove_folder(folder);
}

static void test_policy_documents(void **state)
{
    static const struct { const char *kind, *id, *body, *field; } bad[] = {
        { "field", "fingerprint", "{\"purposes\":[\"operate\"]}", "/id" }, { "field", "shoe", "{}", "/purposes" }, { "field", "shoe", "{\"purposes\":[]}", "/purposes" },
        { "field", "shoe", "{\"purposes\":[\"sensitive\"]}", "/purposes" }, { "field", "shoe", "{\"class\":\"nowhere\"}", "/class" },
        { "field", "shoe", "{\"class\":\"orders\",\"purposes\":[\"operate\"]}", "/class" }, { "field", "", "{\"class\":\"orders\"}", "/id" },
        { "data-class", "x", "{\"purposes\":[\"fun\"]}", "/purposes" }, { "data-class", "x", "{\"purposes\":[\"operate\"],\"kinds\":[\"walk\"]}", "/kinds" },
        { "data-class", "x", "{\"purposes\":[\"operate\"],\"kinds\":[\"consent\"]}", "/kinds" }, { "data-class", "consent", "{\"purposes\":[\"analyse\"]}", "/purposes" },
        { "purpose", "fun", "{\"basis\":\"consent\"}", "/id" }, { "purpose", "share", "{}", "/basis" }, { "purpose", "share", "{\"basis\":\"consent\",\"gpc\":false}", "/gpc" },
        { "purpose", "sensitive", "{\"basis\":\"contract\"}", "/basis" }, { "purpose", "share", "{\"basis\":\"consent\",\"categories\":[1]}", "/categories" },
    };
    kd_arena  *arena = kd_arena_new(1 << 20);
    kd_policy *policy;
    kd_err     err = { 0 };
    (void)state;
    assert_int_equal(kd_policy_built_in(&policy, &err), KD_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const kd_json *json;
        err = (kd_err){ 0 };
        assert_int_equal(kd_json_parse(&json, arena, bad[i].body, strlen(bad[i].body), &err), KD_OK);
        if (kd_policy_check(policy, kd_str_z(bad[i].kind), kd_str_z(bad[i].id), json, &err) != KD_INVALID || strcmp(err.field, bad[i].field) != 0)
            fail_msg("%s %s %s: %s %s", bad[i].kind, bad[i].id, bad[i].body, err.field, err.msg);
    }
    assert_int_equal(kd_policy_of_category(policy, KD_STR("personalization")), KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE));
    assert_int_equal(kd_policy_of_category(policy, KD_STR("market-email")), KD_PURPOSE_BIT(KD_PURPOSE_MARKET_EMAIL));
    assert_int_equal(kd_policy_of_category(policy, KD_STR("Advertising")), KD_PURPOSE_BIT(KD_PURPOSE_SHARE));
    assert_int_equal(kd_policy_of_category(policy, KD_STR("Unheard of")), 0);
    assert_int_equal(kd_allowed(policy, NULL, false), KD_PURPOSE_BIT(KD_PURPOSE_OPERATE) | KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE) | KD_PURPOSE_BIT(KD_PURPOSE_ANALYSE));
    kd_policy_release(policy);
    kd_arena_free(arena);
}

/* ---- strings of the advertising industry, made bit by bit from the layouts that the framework publishes ----------------------- */

typedef struct bit_text { char text[200]; size_t at; } bit_text;

static void put(bit_text *b, uint64_t value, unsigned count)
{
    static const char six[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (; count; count--, b->at++) {
        unsigned old = b->at % 6 ? (unsigned)(strchr(six, b->text[b->at / 6]) - six) : 0;
        b->text[b->at / 6] = six[old | ((unsigned)(value >> (count - 1) & 1) << (5 - b->at % 6))];
    }
}

static kd_str tc_string(kd_arena *arena, int version, int64_t created_ms, uint32_t purposes, bool disclosed)
{
    bit_text core = { "", 0 }, vendors = { "", 0 };
    put(&core, (uint64_t)version, 6);
    put(&core, (uint64_t)created_ms / 100, 36);
    put(&core, (uint64_t)created_ms / 100, 36);
    put(&core, 0, 12 + 12 + 6 + 12 + 12);
    put(&core, 5, 6);
    put(&core, 0, 14);
    for (int p = 0; p < 24; p++)
        put(&core, purposes >> p & 1, 1);
    put(&core, 0, 24 + 1 + 12);
    put(&core, 0, 34); /* no vendors */
    put(&vendors, 1, 3);
    put(&vendors, 0, 17);
    return disclosed ? text(arena, "%s.%s", core.text, vendors.text) : text(arena, "%s", core.text);
}

static void test_tcf(void **state)
{
    const int64_t early = INT64_C(1767225600000), late = INT64_C(1780000000000); /* January, May 2026 */
    const uint32_t content = 1u | 1u << 4 | 1u << 5, ads = 1u | 1u << 2 | 1u << 3;
    kd_arena *arena = kd_arena_new(1 << 20);
    kd_tcf    tcf;
    kd_err    err = { 0 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        const uint32_t purposes = i == 0 ? content : i == 1 ? ads & ~1u : content | ads | 1u << 8 | 1u << 9;
        kd_consent     said = { 0 };
        assert_int_equal(kd_tcf_parse(&tcf, tc_string(arena, 2, late, purposes, true), &err), KD_OK);
        assert_true(tcf.created_ms == late && tcf.purposes == purposes && tcf.policy_version == 5 && tcf.disclosed);
        kd_tcf_purposes(&said, &tcf);
        assert_int_equal(said.granted, i == 0 ? KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE) : i == 1 ? 0 /* without purpose 1 nothing */
                         : KD_PURPOSE_BIT(KD_PURPOSE_PERSONALISE) | KD_PURPOSE_BIT(KD_PURPOSE_ANALYSE) | KD_PURPOSE_BIT(KD_PURPOSE_SHARE));
        assert_int_equal(said.granted & said.refused, 0);
        assert_int_equal(kd_tcf_parse(&tcf, tc_string(arena, 2, early, purposes, false), &err), KD_OK);
        assert_int_equal(kd_tcf_parse(&tcf, tc_string(arena, 2, late, purposes, false), &err), KD_INVALID); /* as of TCF 2.3 */
        assert_non_null(strstr(err.msg, "2026-02-28"));
    }
    assert_int_equal(kd_tcf_parse(&tcf, KD_STR("CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"), &err), KD_OK);
    assert_int_equal(tcf.purposes, 0);
    assert_int_equal(kd_tcf_parse(&tcf, tc_string(arena, 1, early, content, true), &err), KD_INVALID);
    for (size_t len = 0; len < 35; len++)
        assert_int_equal(kd_tcf_parse(&tcf, (kd_str){ tc_string(arena, 2, early, content, false).ptr, len }, &err), KD_INVALID);
    assert_int_equal(kd_tcf_parse(&tcf, KD_STR("C PXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"), &err), KD_INVALID);
    kd_arena_free(arena);
}

static void test_gpp(void **state)
{
    static const struct { const char *text; bool ok, out, gpc; uint32_t sections; } cases[] = {
        { "DBACNYA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN", true, false, false, 1u << 2 | 1u << 6 },
        { "DBABL~BAAQAAAAAA", true, true, false, 1u << 7 },    /* national: sale opt-out is field 7 */
        { "DBABL~BAAgAAAAAA.YA", true, false, true, 1u << 7 }, /* did not opt out; but the segment of Global Privacy Control says 1 */
        { "DBABzYA~BAQAAAA", false, false, false, 0 },
        { "DBABL", false, false, false, 0 }, { "DBABL~", false, false, false, 0 }, { "", false, false, false, 0 }, { "~", false, false, false, 0 },
        { "CBABL~BAAQAAAAAA", false, false, false, 0 }, { "DBABL~CAAQAAAAAA", false, false, false, 0 }, { "DBABL~BAAQAAAAAA~X", false, false, false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kd_gpp    gpp = { 0 };
        kd_err    err = { 0 };
        kd_status status = kd_gpp_parse(&gpp, kd_str_z(cases[i].text), &err);
        if (status != (cases[i].ok ? KD_OK : KD_INVALID) || gpp.opted_out != cases[i].out || gpp.gpc != cases[i].gpc || gpp.sections != cases[i].sections)
            fail_msg("%s: %d %d %d %x %s", cases[i].text, (int)status, gpp.opted_out, gpp.gpc, gpp.sections, err.msg);
    }
}

int run_consent_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states), cmocka_unit_test(test_biometric_names), cmocka_unit_test(test_policy_documents), cmocka_unit_test(test_tcf), cmocka_unit_test(test_gpp), cmocka_unit_test(test_no_value_crosses),
    };
    return cmocka_run_group_tests_name("consent", tests, NULL, NULL);
}
