#include "tests.h"

int main(void)
{
    int failed = 0;
    failed += run_incoming_tests();
    failed += run_ingest_tests();
    return failed != 0;
}
