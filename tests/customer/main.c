#include "support.h"

int main(void)
{
    int failures = 0;
    failures += run_fact_tests();
    failures += run_profile_tests();
    failures += run_opinion_tests();
    failures += run_seal_tests();
    failures += run_stated_tests();
    failures += run_graph_simulated_tests();
    failures += run_graph_tests();
    failures += run_identity_tests();
    failures += run_people_tests();
    failures += run_consent_tests();
    return failures != 0;
}
