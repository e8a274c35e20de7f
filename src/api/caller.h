/* api/caller.h -- who sent this request, and what that allows. Threads: the handler's. */
#ifndef KD_API_CALLER_H
#define KD_API_CALLER_H
#include "api/http.h"
#include "api/keys.h"
#include "api/roles.h"

#define KD_SESSION_COOKIE "kunde_session"

typedef struct kd_caller {
    kd_key_role role;
    kd_str      source;   /* of the key; empty for a session */
    kd_user_role user_role; /* of a session; KD_USER_NOBODY for keys */
    kd_str      user;     /* id of the session's user, in the request's arena */
    bool        needs_two_factor; /* the role asks for it and the user has none: only enrolling is allowed */
} kd_caller;

/* At doors that take keys, too: whoever is there by a session must have the permission; a key passes. KD_DENIED. */
kd_status kd_session_check(const kd_caller *caller, kd_permission permission, kd_err *err);

/* The key of Authorization: Basic base64(key ":") or Bearer; empty when none. In the arena. */
kd_str    kd_request_key(const kd_request *request);
/* By the key of the headers, else `body_key`, else the session of a user (unsafe methods need the header Kunde-CSRF, which a
 * page of another origin cannot send). KD_UNAUTHORIZED: counted and logged, without the key. */
kd_status kd_caller_of(kd_caller *out, kd_request *request, kd_str body_key, kd_err *err);
/* A server key or somebody logged in, without any permission, also where the second factor is missing: for one's own things. */
bool      kd_caller_is_somebody(kd_request *request);
/* kd_caller_require(request, KD_OPERATE): for handlers that do not say what they need, the most. */
bool      kd_caller_is_admin(kd_request *request);
/* The request's body as a JSON object (or array, with `array`); otherwise the problem is answered already and it is NULL. */
const kd_json *kd_request_json(kd_request *request, bool array);
#endif
