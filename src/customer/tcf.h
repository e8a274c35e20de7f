/* customer/tcf.h -- IAB TCF consent strings (version 2.3 of the framework) and GPP strings, as purposes of the house.
 *
 * A TC string says by number which of the framework's purposes a person consented to. Vendors do not matter here: what is
 * asked is what the shop itself may do. Purpose 1 (to store and read on the device) is needed for all of ours:
 *   personalise  1, 5 and 6 (make and use a profile for content)
 *   analyse      1, 9 and 10 (understand audiences, improve services)
 *   share        1, 3 and 4 (make and use a profile for advertising)
 * What is not consented to is refused; legitimate interest of vendors is nobody's consent and is not read. Strings made since
 * 2026-02-28 must name the vendors that were disclosed (segment 1), as the framework demands.
 * A GPP string wraps sections; of those of the United States (7 national, 8 California, 9 Virginia, 10 Colorado, 11 Utah, 12
 * Connecticut) opt-outs of sale, sharing and targeted advertising are read, and its Sec-GPC: each refuses share. They grant nothing.
 * Pure; any thread. */
#ifndef KD_CUSTOMER_TCF_H
#define KD_CUSTOMER_TCF_H
#include "customer/purpose.h"

enum { KD_TCF_BYTES_MAX = 4096 };
typedef struct kd_tcf {
    int64_t  created_ms, updated_ms;
    uint32_t purposes;      /* consented: bit 1 << (number - 1) */
    uint8_t  policy_version;
    bool     disclosed;     /* segment of disclosed vendors is there */
} kd_tcf;
/* KD_INVALID with the reason: not base64url, too short, another version, cut off, or without disclosed vendors though it must have them. */
kd_status   kd_tcf_parse(kd_tcf *out, kd_str text, kd_err *err);
void        kd_tcf_purposes(kd_consent *into, const kd_tcf *tcf); /* adds to both masks */

typedef struct kd_gpp { uint32_t sections; /* bit: its number, up to 31 */ bool opted_out, gpc; } kd_gpp;
kd_status   kd_gpp_parse(kd_gpp *out, kd_str text, kd_err *err);
#endif
