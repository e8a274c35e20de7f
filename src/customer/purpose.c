#include "customer/purpose.h"

static const char *const purposes[KD_PURPOSE_COUNT] = { "operate", "personalise", "analyse", "market-email", "market-post", "market-push", "share", "sensitive" };
static const char *const bases[] = { [KD_BASIS_NONE] = "none", [KD_BASIS_CONSENT] = "consent", [KD_BASIS_CONTRACT] = "contract", [KD_BASIS_INTEREST] = "legitimate-interest" };

const char *kd_purpose_name(kd_purpose purpose)
{
    return (unsigned)purpose < KD_PURPOSE_COUNT ? purposes[purpose] : "unknown";
}

bool kd_purpose_parse(kd_purpose *out, kd_str name)
{
    for (int i = 0; i < KD_PURPOSE_COUNT; i++)
        if (kd_str_is(name, purposes[i])) {
            *out = (kd_purpose)i;
            return true;
        }
    return false;
}

const char *kd_basis_name(kd_basis basis)
{
    return (unsigned)basis < sizeof bases / sizeof *bases ? bases[basis] : "unknown";
}

bool kd_basis_parse(kd_basis *out, kd_str name)
{
    for (unsigned i = 0; i < sizeof bases / sizeof *bases; i++)
        if (kd_str_is(name, bases[i])) {
            *out = (kd_basis)i;
            return true;
        }
    return false;
}
