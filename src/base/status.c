#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

static kd_status fail(kd_err *err, kd_status status, size_t pos, const char *field, const char *format, va_list args)
{
    if (err == NULL)
        return status;
    err->status = status;
    err->pos = pos;
    snprintf(err->field, sizeof err->field, "%s", field);
    vsnprintf(err->msg, sizeof err->msg, format, args);
    return status;
}

kd_status kd_fail(kd_err *err, kd_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(err, status, 0, "", format, args);
    va_end(args);
    return status;
}

kd_status kd_fail_at(kd_err *err, kd_status status, size_t pos, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(err, status, pos, "", format, args);
    va_end(args);
    return status;
}

kd_status kd_fail_field(kd_err *err, kd_status status, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(err, status, 0, field ? field : "", format, args);
    va_end(args);
    return status;
}

kd_status kd_fail_memory(kd_err *err)
{
    return kd_fail(err, KD_LIMIT, "out of memory, or more than this request may use");
}

const char *kd_status_name(kd_status status)
{
    switch (status) {
    case KD_OK:           return "ok";
    case KD_INVALID:      return "invalid";
    case KD_UNAUTHORIZED: return "unauthorized";
    case KD_DENIED:       return "denied";
    case KD_NOT_FOUND:    return "not_found";
    case KD_CONFLICT:     return "conflict";
    case KD_LIMIT:        return "limit";
    case KD_BUSY:         return "busy";
    case KD_RETRY:        return "retry";
    case KD_UNKNOWN:      return "unknown";
    case KD_NUMERIC:      return "numeric";
    case KD_IO:           return "io";
    case KD_CORRUPT:      return "corrupt";
    }
    return "undefined";
}
