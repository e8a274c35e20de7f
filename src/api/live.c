/* GET /v1/admin/live: events as they come in, as server-sent events. */
#include "api/caller.h"
#include "api/handlers.h"
#include "insight/live.h"

void kd_admin_live(kd_request *request)
{
    kd_live     *live = request->parts->live;
    kd_str       last = kd_request_header(request, "Last-Event-ID");
    kd_listener *listener = NULL;
    kd_stream   *stream;
    int64_t      last_seq = 0;
    kd_err       err = { 0 };
    if (!kd_caller_is_admin(request))
        return;
    if (last.len && (!kd_str_i64(&last_seq, last) || last_seq < 0)) {
        kd_reply_error(request, 400, "invalid", "Last-Event-ID is not the id of an entry of this stream", "Last-Event-ID");
        return;
    }
    request->content_type = "text/event-stream";
    if (request->method == KD_HEAD)
        return;
    if (kd_live_listen(&listener, live, last_seq, &err) != KD_OK) {
        kd_reply_problem(request, err.status, &err);
        return;
    }
    stream = kd_http_stream(request, &(kd_stream_source){ kd_listener_read, kd_listener_close, listener });
    if (stream == NULL) {
        kd_listener_close(listener);
        kd_reply_problem(request, kd_fail_memory(&err), &err);
        return;
    }
    kd_request_reply_header(request, "X-Accel-Buffering", KD_STR("no")); /* a proxy before us must not hold entries back */
    kd_listener_on_news(listener, kd_stream_wake, stream);
}
