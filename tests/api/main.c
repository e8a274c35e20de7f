#include "support.h"

#include <sodium.h>

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    return run_guard_tests() + run_request_tests() + run_openapi_tests() + run_keys_tests() + run_server_tests() + run_users_tests();
}
