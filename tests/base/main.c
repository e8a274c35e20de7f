#include "check.h"

int main(void)
{
    int failed = test_memory() + test_text() + test_json() + test_time() + test_money() + test_id() + test_random() + test_csv() +
                 test_input() + test_log();
    return failed != 0;
}
