/* api/collecting.h -- the collect door for those whose bodies had another form first (inbound.c). */
#ifndef KD_API_COLLECTING_H
#define KD_API_COLLECTING_H
#include "api/http.h"

typedef struct kd_guest {
    kd_str source;   /* who it is, where a signature said so; empty: by the request's key */
    bool   believed; /* as a server key is */
    bool   single;   /* one message: refused, it is a 400 */
} kd_guest;
/* request->body is a batch of the tracking API. Answers the request. */
void kd_collect_batch(kd_request *request, const kd_guest *guest);
#endif
