/* GET /v1/admin/live: events as they come in, as server-sent events. */
#include "api/caller.h"
#include "api/handlers.h"
#include "api/users.h"
#include "insight/live.h"

#include <sodium.h>
#include <stdlib.h>

/* Somebody who listens, with what they showed at the door: a stream goes on for hours, so it is looked at again and again, and
 * ends with the session (log out, 12 hours, a new password) or with the key. */
typedef struct watcher {
    kd_listener *listener;
    kd_keys     *keys;
    kd_users    *users;
    bool         by_key, masked;
    size_t       shown_len;
    char         shown[KD_KEY_TEXT + 1]; /* a key, or a session of KD_KEY_TEXT characters */
} watcher;

static bool may_listen(const watcher *w)
{
    const kd_str shown = { w->shown, w->shown_len };
    kd_key_role  role;
    kd_str       source;
    kd_session   session;
    if (!w->by_key)
        return kd_users_session(&session, w->users, shown) && kd_role_may(session.role, KD_SEE_PEOPLE) && (w->masked || kd_role_may(session.role, KD_SEE_PERSONAL));
    return kd_keys_check(&role, &source, w->keys, shown, NULL) == KD_OK && role == KD_ROLE_SERVER;
}

static size_t watcher_read(void *self, char *out, size_t room)
{
    watcher *w = self;
    return may_listen(w) ? kd_listener_read(w->listener, out, room) : KD_STREAM_END; /* a tick a second: soon enough */
}

static void watcher_close(void *self)
{
    watcher *w = self;
    kd_listener_close(w->listener);
    sodium_memzero(w, sizeof *w);
    free(w);
}

static kd_status watcher_new(watcher **out, kd_request *request, int64_t last_seq, kd_err *err)
{
    kd_str    key = kd_request_key(request), shown = key.len ? key : kd_request_cookie(request, KD_SESSION_COOKIE);
    watcher  *w = shown.len < sizeof w->shown ? calloc(1, sizeof *w) : NULL;
    kd_status status = w ? kd_live_listen(&w->listener, request->parts->live, last_seq, err) : kd_fail_memory(err);
    if (status != KD_OK) {
        free(w);
        return status;
    }
    w->keys = request->parts->keys;
    w->users = request->parts->users;
    w->masked = request->masked;
    if (w->masked)
        kd_listener_mask(w->listener);
    w->by_key = key.len > 0;
    w->shown_len = shown.len;
    memcpy(w->shown, shown.ptr, shown.len);
    *out = w;
    return KD_OK;
}

void kd_admin_live(kd_request *request)
{
    kd_str     last = kd_request_header(request, "Last-Event-ID");
    watcher   *w = NULL;
    kd_stream *stream;
    int64_t    last_seq = 0;
    kd_err     err = { 0 };
    if (!kd_caller_require(request, KD_SEE_PEOPLE))
        return;
    if (last.len && (!kd_str_i64(&last_seq, last) || last_seq < 0)) {
        kd_reply_error(request, 400, "invalid", "Last-Event-ID is not the id of an entry of this stream", "Last-Event-ID");
        return;
    }
    request->content_type = "text/event-stream";
    if (request->method == KD_HEAD)
        return;
    if (watcher_new(&w, request, last_seq, &err) != KD_OK) {
        kd_reply_problem(request, err.status, &err);
        return;
    }
    stream = kd_http_stream(request, &(kd_stream_source){ watcher_read, watcher_close, w });
    if (stream == NULL) {
        watcher_close(w);
        kd_reply_problem(request, kd_fail_memory(&err), &err);
        return;
    }
    kd_request_reply_header(request, "X-Accel-Buffering", KD_STR("no")); /* a proxy before us must not hold entries back */
    kd_listener_on_news(w->listener, kd_stream_wake, stream);
}
