#include "suite.h"

int main(void)
{
    int failures = 0;
    failures += run_audit_tests();
    failures += run_linter_tests();
    failures += run_proof_tests();
    return failures != 0;
}
