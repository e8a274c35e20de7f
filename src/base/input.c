#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { STORED_BYTES = 64 * 1024 };

typedef enum coding { CODING_UNKNOWN, CODING_NONE, CODING_GZIP, CODING_ZSTD } coding;

struct kd_input {
    int            fd;          /* -1: from memory */
    bool           close_fd;
    uint8_t       *buffer;      /* STORED_BYTES, of a file */
    const uint8_t *stored;      /* what is not yet consumed of the file as stored */
    size_t         stored_len;
    bool           stored_end;  /* nothing comes behind it */
    coding         kind;
    bool           inside;      /* within a gzip member or a zstd frame: the end would be too early */
    z_stream       gzip;
    ZSTD_DCtx     *zstd;
    uint64_t       read_bytes, total_bytes, given_bytes;
    uint64_t       bytes_max;   /* 0: no cap */
    kd_err         failure;     /* KD_OK until something failed; then every read says so */
    char           name[64];    /* base name, for messages */
};

static kd_input *new_input(const char *name)
{
    kd_input *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->fd = -1;
    size_t len = strlen(name), cut = len < sizeof in->name ? len : sizeof in->name - 1;
    memcpy(in->name, name, cut);
    return in;
}

static kd_status open_failed(int error, const char *name, kd_err *err)
{
    if (error == ENOENT || error == ENOTDIR)
        return kd_fail(err, KD_NOT_FOUND, "%s: no such file", name);
    return kd_fail(err, KD_IO, "%s: cannot be opened: %s", name, strerror(error));
}

/* `fd` below 0: it could not be opened, and `error` says why. */
static kd_status open_at(kd_input **out, int fd, bool close_fd, int error, const char *name, kd_err *err)
{
    kd_input   *in = new_input(name);
    kd_status   status = KD_OK;
    struct stat about;
    if (in == NULL) {
        if (close_fd && fd >= 0)
            close(fd);
        return kd_fail_memory(err);
    }
    in->buffer = malloc(STORED_BYTES);
    in->fd = fd;
    in->close_fd = close_fd && fd >= 0;
    if (in->buffer == NULL)
        status = kd_fail_memory(err);
    else if (fd < 0 || fstat(fd, &about) != 0)
        status = open_failed(fd < 0 ? error : errno, in->name, err);
    else if (S_ISDIR(about.st_mode))
        status = kd_fail(err, KD_IO, "%s: is a directory, not a file", in->name);
    if (status != KD_OK) {
        kd_input_close(in);
        return status;
    }
    if (S_ISREG(about.st_mode))
        in->total_bytes = (uint64_t)about.st_size;
    *out = in;
    return KD_OK;
}

kd_status kd_input_open(kd_input **out, int dir_fd, int stdin_fd, const char *path, kd_err *err)
{
    if (strcmp(path, "-") == 0)
        return open_at(out, stdin_fd, false, EBADF, "standard input", err);
    const char *slash = strrchr(path, '/');
    const int   fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return open_at(out, fd, true, errno, slash != NULL && slash[1] != 0 ? slash + 1 : path, err);
}

kd_status kd_input_open_fd(kd_input **out, int fd, const char *name, kd_err *err) { return open_at(out, fd, false, EBADF, name, err); }

static kd_status start_decoding(kd_input *in, coding kind, kd_err *err)
{
    if (kind == CODING_GZIP && inflateInit2(&in->gzip, 15 + 16) != Z_OK)
        return kd_fail_memory(err);
    if (kind == CODING_ZSTD && (in->zstd = ZSTD_createDCtx()) == NULL)
        return kd_fail_memory(err);
    in->kind = kind;
    return KD_OK;
}

kd_status kd_input_memory(kd_input **out, const void *bytes, size_t len, const char *encoding, size_t bytes_max, kd_err *err)
{
    kd_str   name = kd_str_z(encoding);
    coding   kind = CODING_UNKNOWN;
    if (name.len == 0 || kd_str_is_nocase(name, "identity"))
        kind = CODING_NONE;
    else if (kd_str_is_nocase(name, "gzip") || kd_str_is_nocase(name, "x-gzip"))
        kind = CODING_GZIP;
    else if (kd_str_is_nocase(name, "zstd"))
        kind = CODING_ZSTD;
    else
        return kd_fail_field(err, KD_INVALID, "Content-Encoding", "the content encoding must be gzip, zstd or none");

    kd_input *in = new_input("the body");
    if (in == NULL)
        return kd_fail_memory(err);
    kd_status status = start_decoding(in, kind, err);
    if (status != KD_OK) {
        kd_input_close(in);
        return status;
    }
    in->stored = bytes;
    in->stored_len = len;
    in->stored_end = true;
    in->inside = kind != CODING_NONE; /* of what calls itself gzip, nothing at all is too little */
    in->bytes_max = bytes_max;
    in->read_bytes = in->total_bytes = len;
    *out = in;
    return KD_OK;
}

void kd_input_close(kd_input *in)
{
    if (in == NULL)
        return;
    if (in->kind == CODING_GZIP)
        inflateEnd(&in->gzip);
    ZSTD_freeDCtx(in->zstd);
    if (in->close_fd)
        close(in->fd);
    free(in->buffer);
    free(in);
}

/* More of the stored bytes, behind what is left of them. */
static kd_status fetch(kd_input *in, kd_err *err)
{
    if (in->stored_end)
        return KD_OK;
    if (in->stored_len > 0)
        memmove(in->buffer, in->stored, in->stored_len);
    in->stored = in->buffer;
    ssize_t got;
    do {
        got = read(in->fd, in->buffer + in->stored_len, STORED_BYTES - in->stored_len);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return kd_fail(err, KD_IO, "%s: cannot be read: %s", in->name, strerror(errno));
    in->stored_end = got == 0;
    in->stored_len += (size_t)got;
    in->read_bytes += (uint64_t)got;
    return KD_OK;
}

static void consume(kd_input *in, size_t len)
{
    if (len == 0)
        return;
    in->stored += len;
    in->stored_len -= len;
}

static bool is_zstd(const uint8_t *b)
{
    bool frame = b[0] == 0x28 && b[1] == 0xB5 && b[2] == 0x2F && b[3] == 0xFD;
    bool skippable = (b[0] & 0xF0) == 0x50 && b[1] == 0x2A && b[2] == 0x4D && b[3] == 0x18;
    return frame || skippable;
}

static kd_status sniff(kd_input *in, kd_err *err)
{
    kd_status status = KD_OK;
    coding    kind = CODING_NONE;
    while (status == KD_OK && in->stored_len < 4 && !in->stored_end)
        status = fetch(in, err);
    if (status != KD_OK)
        return status;
    if (in->stored_len >= 2 && in->stored[0] == 0x1F && in->stored[1] == 0x8B)
        kind = CODING_GZIP;
    else if (in->stored_len >= 4 && is_zstd(in->stored))
        kind = CODING_ZSTD;
    in->inside = kind != CODING_NONE;
    return start_decoding(in, kind, err);
}

static size_t copy_stored(kd_input *in, void *buf, size_t cap)
{
    size_t len = in->stored_len < cap ? in->stored_len : cap;
    if (len > 0)
        memcpy(buf, in->stored, len);
    consume(in, len);
    return len;
}

/* Members may follow one another; anything else behind a member is refused, because it may be a member damaged at its head. */
static kd_status inflate_some(kd_input *in, void *buf, size_t cap, size_t *len, kd_err *err)
{
    if (!in->inside) {
        if (inflateReset(&in->gzip) != Z_OK)
            return kd_fail(err, KD_INVALID, "%s: the gzip data is damaged", in->name);
        in->inside = true;
    }
    unsigned room = cap < 1u << 30 ? (unsigned)cap : 1u << 30;
    unsigned given = in->stored_len < 1u << 30 ? (unsigned)in->stored_len : 1u << 30;
    in->gzip.next_in = (z_const Bytef *)in->stored;
    in->gzip.avail_in = given;
    in->gzip.next_out = buf;
    in->gzip.avail_out = room;
    int result = inflate(&in->gzip, Z_NO_FLUSH);
    consume(in, given - in->gzip.avail_in);
    *len = room - in->gzip.avail_out;
    if (result == Z_STREAM_END)
        in->inside = false;
    else if (result == Z_MEM_ERROR)
        return kd_fail_memory(err);
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return kd_fail(err, KD_INVALID, "%s: the gzip data is damaged", in->name);
    return KD_OK;
}

static kd_status unzstd_some(kd_input *in, void *buf, size_t cap, size_t *len, kd_err *err)
{
    ZSTD_inBuffer  from = { in->stored, in->stored_len, 0 };
    ZSTD_outBuffer to = { buf, cap, 0 };
    size_t         result = ZSTD_decompressStream(in->zstd, &to, &from);
    consume(in, from.pos);
    *len = to.pos;
    if (ZSTD_isError(result))
        return kd_fail(err, KD_INVALID, "%s: the zstd data is damaged: %s", in->name, ZSTD_getErrorName(result));
    in->inside = result != 0;
    return KD_OK;
}

/* Some decoded bytes, or *len 0 at the end. */
static kd_status decode(kd_input *in, void *buf, size_t cap, size_t *len, kd_err *err)
{
    kd_status status = in->kind == CODING_UNKNOWN ? sniff(in, err) : KD_OK;
    bool      more_inside = true; /* a decoder may still hold output when all stored bytes are in it */
    *len = 0;
    while (status == KD_OK && *len == 0) {
        if (in->stored_len == 0 && !in->stored_end) {
            status = fetch(in, err);
            continue;
        }
        if (in->stored_len == 0 && (!in->inside || !more_inside || in->kind == CODING_NONE))
            break;
        more_inside = in->stored_len > 0;
        if (in->kind == CODING_GZIP)
            status = inflate_some(in, buf, cap, len, err);
        else if (in->kind == CODING_ZSTD)
            status = unzstd_some(in, buf, cap, len, err);
        else
            *len = copy_stored(in, buf, cap);
    }
    if (status == KD_OK && *len == 0 && in->inside)
        status = kd_fail(err, KD_INVALID, "%s: the %s data ends too early: the file is cut off", in->name,
                         in->kind == CODING_GZIP ? "gzip" : "zstd");
    return status;
}

kd_status kd_input_read(kd_input *in, void *buf, size_t cap, size_t *len, kd_err *err)
{
    *len = 0;
    if (in->failure.status == KD_OK && cap > 0) {
        if (decode(in, buf, cap, len, &in->failure) == KD_OK) {
            in->given_bytes += *len;
            if (in->bytes_max != 0 && in->given_bytes > in->bytes_max)
                kd_fail(&in->failure, KD_LIMIT, "%s: more than %llu bytes", in->name, (unsigned long long)in->bytes_max);
        }
    }
    if (in->failure.status != KD_OK) {
        *len = 0;
        if (err != NULL)
            *err = in->failure;
    }
    return in->failure.status;
}

void kd_input_progress(const kd_input *in, uint64_t *done, uint64_t *total)
{
    *done = in->read_bytes - in->stored_len;
    *total = in->total_bytes;
}
