#include "suite.h"

#include <stdio.h>
#include <unistd.h>

const char *shared_file(char out[4096], const char *name)
{
    const char *shared = getenv("KD_SHARED");

    if (shared)
        snprintf(out, 4096, "%s/%s", shared, name);
    else
        snprintf(out, 4096, "%s/../shared/%s", KD_SOURCE_ROOT, name);
    if (access(out, R_OK) == 0)
        return out;
    print_message("skipped: %s is not there\n", name);
    return NULL;
}

int main(void)
{
    int failed = _cmocka_run_group_tests("item_item", item_item_tests, item_item_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("quality", quality_tests, quality_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("model", model_tests, model_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("score", score_tests, score_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("trending", trending_tests, trending_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("train", train_tests, train_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("recommend", recommend_tests, recommend_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("sensitive", sensitive_tests, sensitive_test_count, NULL, NULL);
    failed += _cmocka_run_group_tests("stated", stated_tests, stated_test_count, NULL, NULL);
    return failed != 0;
}
