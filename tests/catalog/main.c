#include "suite.h"

int main(void)
{
    int failures = 0;
    failures += run_document_tests();
    failures += run_catalog_tests();
    failures += run_place_tests();
    failures += run_law_tests();
    failures += run_thread_tests();
    failures += run_feed_tests();
    failures += run_fault_tests();
    failures += run_sensitive_tests();
    return failures != 0;
}
