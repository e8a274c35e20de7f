/* api/inbound.h -- messages of other systems' forms into calls of the collect door. Pure: bytes in, a batch's JSON out. */
#ifndef KD_API_INBOUND_H
#define KD_API_INBOUND_H
#include "base/json.h"

enum { KD_WEBHOOK_TOLERANCE_S = 300 };

typedef struct kd_message { /* what CloudEvents and Standard Webhooks have in common */
    kd_str         id;        /* unique with `source` */
    kd_str         source;    /* as the sender calls it; may be empty */
    kd_str         type;      /* "com.example.order.completed", "track" */
    kd_str         time;      /* ISO 8601, or empty */
    kd_str         user, anonymous; /* extension attributes userid, anonymousid; may be empty */
    const kd_json *data;      /* may be NULL */
    kd_str         text;      /* data that is no JSON */
} kd_message;

/* One item of a batch. Types whose last word is a call (track, identify, page, screen, group, alias) carry that call; those that end in order,
 * receipt, order.completed, order.cancelled, order.refunded are orders; any other is an event of that name, its data the properties. */
void      kd_message_write(kd_jw *w, const kd_message *message);
/* A CloudEvent in its JSON form. KD_INVALID naming the attribute. Borrows from `json`. */
kd_status kd_message_from_cloudevent(kd_message *out, const kd_json *json, kd_arena *arena, kd_err *err);

/* Does one of the signatures ("v1,BASE64 v1,BASE64") come from one of the secrets (apart by blanks or line ends; "whsec_BASE64"
 * or as they are)? Compares in constant time. KD_UNAUTHORIZED: none, or `timestamp` is more than five minutes from now;
 * KD_INVALID: a header is missing or broken. */
kd_status kd_webhook_verify(kd_str secrets, kd_str id, kd_str timestamp, kd_str signatures, kd_str body, int64_t now_ms, kd_err *err);
#endif
