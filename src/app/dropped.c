#include "app/dropped.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/imported.h"

enum { NAME_KEPT = 180 /* of a long name, so that time and ".report.json" fit */, NAME_BYTES = 256, TRIES = 1000 };

/* ---- the name ---- */

static size_t without(const char *file, size_t len, const char *const *ends, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t end = strlen(ends[i]);
        if (len > end && strncasecmp(file + len - end, ends[i], end) == 0)
            return len - end;
    }
    return len;
}

/* The length of the name in front of its endings; 0: they are not those of data. */
static size_t stem(const char *file)
{
    static const char *const packed[] = { ".gz", ".zst" }, *const plain[] = { ".csv", ".jsonl" };
    const size_t len = without(file, strlen(file), packed, 2), left = without(file, len, plain, 2);
    return left < len ? left : 0;
}

bool kd_dropped_is_data(const char *file) { return file[0] != '.' && stem(file) != 0; }

kd_status kd_dropped_name(kd_dropped *d)
{
    const size_t len = stem(d->file);
    const char  *dot = memchr(d->file, '.', len), *end = d->file + len;
    const kd_str kind = { d->file, dot ? (size_t)(dot - d->file) : len };

    if (kd_import_what_parse(&d->what, kind) != KD_OK)
        return kd_fail_field(&d->err, KD_INVALID, "kind", "the name must begin with a kind that can be imported, as in orders.csv or receipts.tills.csv.gz");
    d->kind = kd_import_what_name(d->what);
    if (dot == NULL)
        return KD_OK;
    const char  *from = dot + 1, *next = memchr(from, '.', (size_t)(end - from));
    const size_t source = (size_t)((next ? next : end) - from);
    bool         good = source > 0 && source <= KD_DROPPED_SOURCE_MAX;
    for (size_t i = 0; good && i < source; i++)
        good = isalnum((unsigned char)from[i]) || from[i] == '-' || from[i] == '_';
    if (!good)
        return kd_fail_field(&d->err, KD_INVALID, "source", "the source in the name must be 1 to %d letters, digits, - or _", KD_DROPPED_SOURCE_MAX);
    memcpy(d->source, from, source);
    d->source[source] = '\0';
    return KD_OK;
}

/* ---- the report ---- */

static void write_reasons(kd_jw *w, const kd_import_reasons *reasons)
{
    kd_jw_key(w, "firstReasons");
    kd_jw_array(w);
    for (size_t i = 0; i < reasons->count; i++) {
        kd_jw_object(w);
        KD_JW_I64(w, "line", (int64_t)reasons->lines[i]);
        KD_JW_Z(w, "field", reasons->why[i].field);
        KD_JW_Z(w, "reason", reasons->why[i].msg);
        kd_jw_object_end(w);
    }
    kd_jw_array_end(w);
}

static void write_report(kd_buf *out, const kd_dropped *d)
{
    char  began[25];
    kd_jw w;

    kd_time_format(began, d->began_ms);
    kd_jw_init(&w, out);
    kd_jw_object(&w);
    KD_JW_Z(&w, "file", d->file);
    KD_JW_Z(&w, "kind", d->kind);
    KD_JW_Z(&w, "source", d->source[0] ? d->source : d->kind);
    KD_JW_Z(&w, "outcome", d->err.status == KD_OK ? "done" : "failed");
    KD_JW_Z(&w, "field", d->err.status == KD_OK || d->err.field[0] == '\0' ? NULL : d->err.field);
    KD_JW_Z(&w, "reason", d->err.status == KD_OK ? NULL : d->err.msg);
    KD_JW_Z(&w, "startedAt", began);
    kd_jw_key(&w, "seconds"), kd_jw_f64(&w, (double)d->us / 1e6, 3);
    KD_JW_I64(&w, "bytes", S_ISREG(d->about.st_mode) ? (int64_t)d->about.st_size : 0);
    kd_imported_write(&w, &d->counts);
    write_reasons(&w, &d->reasons);
    kd_jw_object_end(&w);
    kd_buf_add_byte(out, '\n');
}

/* Whole or not at all; one of the same name gives way. */
static kd_status put_file(int folder, const char *name, kd_str text, kd_err *err)
{
    static const char part[] = ".report.part";
    unlinkat(folder, part, 0);
    const int fd = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return kd_fail(err, KD_IO, "the report cannot be written: %s", strerror(errno));
    size_t  at = 0;
    ssize_t n = 0;
    while (at < text.len && ((n = write(fd, text.ptr + at, text.len - at)) > 0 || (n < 0 && errno == EINTR)))
        at += n > 0 ? (size_t)n : 0;
    const int error = at < text.len ? errno : 0;
    if (close(fd) != 0 || error != 0 || renameat(folder, part, folder, name) != 0) {
        const int why = error ? error : errno;
        unlinkat(folder, part, 0);
        return kd_fail(err, KD_IO, "the report cannot be written: %s", strerror(why));
    }
    return KD_OK;
}

/* ---- the move ---- */

static kd_status open_folder(int *out, int zone, const char *name, kd_err *err)
{
    if (mkdirat(zone, name, 0750) != 0 && errno != EEXIST)
        return kd_fail(err, KD_IO, "the folder %s/ cannot be made in the drop zone: %s", name, strerror(errno));
    *out = openat(zone, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *out >= 0 ? KD_OK : kd_fail(err, KD_IO, "%s in the drop zone must be a folder, and no link to one: %s", name, strerror(errno));
}

kd_status kd_dropped_folders(int zone, kd_err *err)
{
    static const char *const names[] = { "done", "failed" };
    for (size_t i = 0; i < 2; i++) {
        int             fd = -1;
        const kd_status status = open_folder(&fd, zone, names[i], err);
        if (status != KD_OK)
            return status;
        if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
            const int why = errno;
            close(fd);
            return kd_fail(err, KD_IO, "the folder %s/ in the drop zone cannot be written to: %s", names[i], strerror(why));
        }
        close(fd);
    }
    return KD_OK;
}

static bool is_same(const struct stat *a, const struct stat *b) { return a->st_dev == b->st_dev && a->st_ino == b->st_ino; }

/* The first free name: the file's own, then with the time of its import, then that with a number. */
static kd_status free_name(char out[NAME_BYTES], int folder, const kd_dropped *d, kd_err *err)
{
    size_t kept = strlen(d->file), at = 0;
    char   time[25], plain[25];

    if (kept > NAME_KEPT) /* not within a character */
        for (kept = NAME_KEPT; kept > 1 && ((unsigned char)d->file[kept] & 0xC0) == 0x80;)
            kept--;
    kd_time_format(time, d->began_ms);
    for (const char *c = time; *c != '\0' && *c != '.'; c++)
        if (*c != '-' && *c != ':')
            plain[at++] = *c;
    plain[at] = '\0';
    for (int i = 0; i < TRIES; i++) {
        struct stat there;
        if (i == 0)
            snprintf(out, NAME_BYTES, "%.*s", (int)kept, d->file);
        else if (i == 1)
            snprintf(out, NAME_BYTES, "%s-%.*s", plain, (int)kept, d->file);
        else
            snprintf(out, NAME_BYTES, "%s-%d-%.*s", plain, i, (int)kept, d->file);
        if (fstatat(folder, out, &there, AT_SYMLINK_NOFOLLOW) != 0)
            return errno == ENOENT ? KD_OK : kd_fail(err, KD_IO, "the folder beside the drop zone's files cannot be read: %s", strerror(errno));
    }
    return kd_fail(err, KD_CONFLICT, "there are too many files of that name");
}

/* Never over another file. Where the file system cannot say so, nobody but this thread puts anything there. */
static int move_to(int from, const char *name, int to, const char *target)
{
    const int done = renameat2(from, name, to, target, RENAME_NOREPLACE);
    return done == 0 || (errno != EINVAL && errno != ENOSYS) ? done : renameat(from, name, to, target);
}

static kd_status move_into(int folder, const kd_dropped *d, int zone, kd_err *err)
{
    char        target[NAME_BYTES], report[NAME_BYTES + 16];
    struct stat now;
    kd_buf      text;
    kd_status   status = free_name(target, folder, d, err);

    if (status != KD_OK)
        return status;
    if (fstatat(zone, d->file, &now, AT_SYMLINK_NOFOLLOW) != 0 || !is_same(&now, &d->about))
        return kd_fail(err, KD_NOT_FOUND, "the file is no longer there, or another one is");
    snprintf(report, sizeof report, "%s.report.json", target);
    kd_buf_init(&text, NULL);
    write_report(&text, d);
    status = kd_buf_status(&text, err);
    if (status == KD_OK)
        status = put_file(folder, report, kd_buf_str(&text), err);
    kd_buf_free(&text);
    if (status != KD_OK)
        return status;
    if (move_to(zone, d->file, folder, target) != 0) {
        const int why = errno;
        unlinkat(folder, report, 0);
        return kd_fail(err, why == ENOENT ? KD_NOT_FOUND : KD_IO, "the file cannot be moved away: %s", strerror(why));
    }
    if (fstatat(folder, target, &now, AT_SYMLINK_NOFOLLOW) == 0 && !is_same(&now, &d->about) && move_to(folder, target, zone, d->file) == 0) {
        unlinkat(folder, report, 0); /* renamed over in that very moment: it is a file that nobody has read yet */
        return kd_fail(err, KD_NOT_FOUND, "another file took its name");
    }
    return KD_OK;
}

kd_status kd_dropped_move(const kd_dropped *dropped, int zone, kd_err *err)
{
    int       folder = -1;
    kd_status status = open_folder(&folder, zone, dropped->err.status == KD_OK ? "done" : "failed", err);

    if (status == KD_OK)
        status = move_into(folder, dropped, zone, err);
    if (folder >= 0)
        close(folder);
    return status;
}
