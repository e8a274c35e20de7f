/* Consent strings: whatever the bytes, kd_tcf_parse and kd_gpp_parse read them or say KD_INVALID, and what is read says each purpose once. */
#include "customer/tcf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_str     text = { (const char *)data, size };
    kd_consent said = { 0 };
    kd_err     err = { 0 };
    kd_tcf     tcf;
    kd_gpp     gpp;
    kd_status  status = kd_tcf_parse(&tcf, text, &err);
    if (status != KD_OK && status != KD_INVALID)
        abort();
    if (status == KD_OK) {
        kd_tcf_purposes(&said, &tcf);
        if (said.granted & said.refused || !kd_consent_says(&said))
            abort();
    }
    status = kd_gpp_parse(&gpp, text, &err);
    if (status != KD_OK && status != KD_INVALID)
        abort();
    return 0;
}
