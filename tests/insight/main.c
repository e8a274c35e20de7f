#include "suite.h"

int main(void)
{
    int failed = run_tally_tests();
    failed += run_pulse_tests();
    failed += run_live_tests();
    failed += run_source_tests();
    return failed ? 1 : 0;
}
