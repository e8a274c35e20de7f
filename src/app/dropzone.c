#include "app/dropzone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/dropped.h"
#include "app/imported.h"
#include "base/log.h"

enum { PATH_FIELD_SHOWN = 150, RETRY_S = 10 };

typedef struct seen {
    char        name[NAME_MAX + 1];
    struct stat about;
    bool        present, same;      /* at the last look; as it was at the one before */
    unsigned    tries;
    int64_t     not_before_us;
} seen;

struct kd_dropzone {
    kd_parts       *parts;
    char           *path;
    int64_t         poll_s;
    seen           *files;          /* KD_DROP_FILES */
    size_t          count;
    bool            in_trouble;     /* said once, not at every look */
    atomic_bool     stop;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  wake;
};

/* ---- looking ---- */

static bool unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec
        && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void note_file(kd_dropzone *z, const char *name, const struct stat *about)
{
    seen *file = NULL;

    for (size_t i = 0; i < z->count && file == NULL; i++)
        if (strcmp(z->files[i].name, name) == 0)
            file = &z->files[i];
    if (file == NULL && z->count == KD_DROP_FILES)
        return;
    if (file == NULL) {
        file = &z->files[z->count++];
        *file = (seen){ .present = false };
        memcpy(file->name, name, strlen(name) + 1);
    } else if (unchanged(&file->about, about)) {
        file->same = file->present = true;
        file->about = *about; /* its count of names may be another */
        return;
    }
    file->about = *about;
    file->present = true;
    file->same = false;
    file->tries = 0;
    file->not_before_us = 0;
}

static kd_status look(kd_dropzone *z, int zone, kd_err *err)
{
    const int      fd = openat(zone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR           *folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    uint64_t       waiting = 0;

    if (folder == NULL) {
        const int why = errno;
        if (fd >= 0)
            close(fd);
        return kd_fail(err, KD_IO, "the folder cannot be read: %s", strerror(why));
    }
    for (size_t i = 0; i < z->count; i++)
        z->files[i].present = false;
    while ((entry = readdir(folder)) != NULL) {
        struct stat about;
        if (!kd_dropped_is_data(entry->d_name) || fstatat(zone, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(about.st_mode))
            continue;
        waiting++;
        note_file(z, entry->d_name, &about);
    }
    closedir(folder);
    for (size_t i = 0; i < z->count;)
        if (z->files[i].present)
            i++;
        else
            z->files[i] = z->files[--z->count];
    atomic_store(&z->parts->drop.waiting, waiting);
    return KD_OK;
}

/* The oldest that may be read now; of equal age the name decides. NULL: none. */
static seen *next_file(kd_dropzone *z)
{
    const int64_t now_us = kd_monotonic_us();
    seen         *next = NULL;

    for (size_t i = 0; i < z->count; i++) {
        seen *f = &z->files[i];
        if (!f->same || f->not_before_us > now_us)
            continue;
        const struct timespec *a = &f->about.st_mtim, *b = next ? &next->about.st_mtim : NULL;
        if (next == NULL || a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && (a->tv_nsec < b->tv_nsec || (a->tv_nsec == b->tv_nsec && strcmp(f->name, next->name) < 0))))
            next = f;
    }
    return next;
}

/* ---- importing ---- */

/* No fault of the file. */
static bool may_pass(kd_status status) { return status == KD_BUSY || status == KD_RETRY || status == KD_UNKNOWN || status == KD_IO || status == KD_CONFLICT; }

static kd_status import(kd_dropzone *z, kd_dropped *d, int fd)
{
    kd_parts               *parts = z->parts;
    kd_reader              *reader = NULL;
    kd_input               *in = NULL;
    const kd_import_options options = { .what = d->what, .source = kd_str_z(d->source), .reasons = &d->reasons };
    kd_status               status = kd_reader_open(&reader, parts->store, &d->err);

    if (status == KD_OK)
        status = kd_input_open_fd(&in, fd, d->file, &d->err);
    if (status == KD_OK) {
        const kd_sources *sources = kd_parts_sources(parts);
        const kd_policy  *policy = kd_parts_policy(parts);
        const kd_importer to = { parts->store, reader, parts->ingest, parts->catalog, parts->vault, parts->clock, sources, policy };
        atomic_store(&parts->drop.importing, true);
        status = kd_import_run(&d->counts, &to, in, d->file, &options, NULL, NULL, &z->stop, &d->err);
        atomic_store(&parts->drop.importing, false);
        char   byte;
        size_t len;
        if (status == KD_IO && kd_input_read(in, &byte, 1, &len, NULL) == KD_INVALID)
            status = KD_INVALID; /* no trouble of the disk: the packed file is cut off or damaged, and will be next time */
        kd_sources_release(sources);
        kd_policy_release(policy);
    }
    kd_input_close(in);
    if (reader != NULL)
        kd_reader_close(reader);
    return status;
}

/* Opened without following anything or waiting for anybody: what stands there may have become something else since the look. */
static kd_status open_file(int *out, kd_dropped *d, int zone)
{
    kd_status status = kd_dropped_name(d);

    if (!S_ISREG(d->about.st_mode))
        return kd_fail(&d->err, KD_INVALID, S_ISLNK(d->about.st_mode) ? "it is a symbolic link, which is not followed" : "it is not an ordinary file");
    if (d->about.st_nlink > 1)
        return kd_fail(&d->err, KD_INVALID, "the file has a second name elsewhere (a hard link), so that it may be somebody else's");
    if (status != KD_OK)
        return status;
    *out = openat(zone, d->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (*out < 0)
        return kd_fail(&d->err, errno == EACCES || errno == EPERM ? KD_DENIED : KD_IO, "the file cannot be opened: %s", strerror(errno));
    return KD_OK;
}

/* How often a file was tried belongs to it as it is: a file that changed begins anew. */
static void try_later(kd_dropzone *z, seen *file, const kd_err *err)
{
    file->tries++;
    file->not_before_us = kd_monotonic_us() + (int64_t)RETRY_S * 1000000 * (INT64_C(1) << (file->tries < 9 ? file->tries - 1 : 8));
    atomic_fetch_add(&z->parts->drop.troubles, 1);
    kd_log(KD_LOG_WARN, "drop", "tried-again-later", "tries=%u why=%s", file->tries, kd_status_name(err->status));
}

static void settle(kd_dropzone *z, seen *file, kd_dropped *d, int zone)
{
    kd_drop_counts *counts = &z->parts->drop;
    const bool      failed = d->err.status != KD_OK;
    kd_err          err = { 0 };
    const kd_status status = kd_dropped_move(d, zone, &err);

    file->same = false;
    if (status == KD_NOT_FOUND) /* the next look sees what is there */
        return;
    if (status != KD_OK) {
        file->same = true;
        try_later(z, file, &err);
        return;
    }
    kd_imported_note(z->parts, d->kind ? d->kind : "unknown", d->source[0] ? d->source : d->kind ? d->kind : "drop zone", d->file, &d->counts, d->us, failed);
    atomic_fetch_add(failed ? &counts->failed : &counts->done, 1);
    if (atomic_load(&counts->waiting) > 0)
        atomic_fetch_sub(&counts->waiting, 1);
    if (!failed) {
        atomic_fetch_add(&counts->rows, d->counts.rows);
        atomic_fetch_add(&counts->quarantined, d->counts.quarantined);
    }
    kd_log(failed ? KD_LOG_WARN : KD_LOG_INFO, "drop", failed ? "failed" : "imported", "kind=%s rows=%llu quarantined=%llu ms=%lld why=%s", d->kind ? d->kind : "unknown",
           (unsigned long long)d->counts.rows, (unsigned long long)d->counts.quarantined, (long long)(d->us / 1000), kd_status_name(d->err.status));
}

static void take(kd_dropzone *z, seen *file, int zone, kd_dropped *d)
{
    const int64_t from_us = kd_monotonic_us();
    struct stat   now;
    int           fd = -1;
    kd_status     status;

    *d = (kd_dropped){ .file = file->name, .about = file->about, .began_ms = kd_now(z->parts->clock) };
    status = open_file(&fd, d, zone);
    if (status == KD_OK && (fstat(fd, &now) != 0 || !unchanged(&now, &file->about))) {
        file->same = false; /* the next look takes it as it is now */
        close(fd);
        return;
    }
    if (status == KD_OK)
        status = import(z, d, fd);
    d->us = kd_monotonic_us() - from_us;
    d->err.status = status;
    const bool grew = fd >= 0 && (fstat(fd, &now) != 0 || !unchanged(&now, &file->about));
    if (fd >= 0)
        close(fd);
    if (atomic_load(&z->stop) && (status != KD_OK || d->counts.cancelled))
        return;
    if (grew)
        file->same = false; /* all of it is read again; what is known already stays as it is */
    else if (may_pass(status) && file->tries + 1 < KD_DROP_TRIES)
        try_later(z, file, &d->err);
    else
        settle(z, file, d, zone);
}

/* ---- the thread ---- */

static void say_trouble(kd_dropzone *z, const kd_err *err)
{
    atomic_fetch_add(&z->parts->drop.troubles, 1);
    if (!z->in_trouble)
        kd_log(KD_LOG_ERROR, "drop", "folder-not-read", "why=\"%s\"", err->msg);
    z->in_trouble = true;
}

static kd_status open_zone(int *out, const char *path, kd_err *err)
{
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out >= 0)
        return KD_OK;
    return kd_fail_field(err, errno == ENOENT || errno == ENOTDIR ? KD_NOT_FOUND : KD_IO, "drop_zone", "the drop zone %.*s is not a folder that can be read: %s",
                         PATH_FIELD_SHOWN, path, strerror(errno));
}

static void poll_once(kd_dropzone *z, kd_dropped *d)
{
    int       zone = -1;
    kd_err    err = { 0 };
    kd_status status = open_zone(&zone, z->path, &err);
    seen     *file;

    if (status == KD_OK)
        status = look(z, zone, &err);
    if (status != KD_OK)
        say_trouble(z, &err);
    else
        z->in_trouble = false;
    while (status == KD_OK && !atomic_load(&z->stop) && (file = next_file(z)) != NULL)
        take(z, file, zone, d);
    if (zone >= 0)
        close(zone);
}

static void *run(void *arg)
{
    kd_dropzone *z = arg;
    kd_dropped  *d = malloc(sizeof *d); /* with its reasons too much for a stack */

    if (d == NULL)
        kd_log(KD_LOG_ERROR, "drop", "not-started", "why=\"out of memory\"");
    while (d != NULL && !atomic_load(&z->stop)) {
        struct timespec until;
        poll_once(z, d);
        pthread_mutex_lock(&z->lock);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += z->poll_s;
        while (!atomic_load(&z->stop) && pthread_cond_timedwait(&z->wake, &z->lock, &until) != ETIMEDOUT)
            ;
        pthread_mutex_unlock(&z->lock);
    }
    free(d);
    return NULL;
}

static void free_zone(kd_dropzone *z)
{
    pthread_mutex_destroy(&z->lock);
    pthread_cond_destroy(&z->wake);
    free(z->files);
    free(z->path);
    free(z);
}

kd_status kd_dropzone_start(kd_dropzone **out, kd_parts *parts, const char *path, int64_t poll_s, kd_err *err)
{
    pthread_condattr_t attributes;
    int                zone = -1;
    kd_status          status;

    *out = NULL;
    if (path == NULL)
        return KD_OK;
    status = open_zone(&zone, path, err);
    if (status == KD_OK)
        status = kd_dropped_folders(zone, err);
    if (zone >= 0)
        close(zone);
    if (status != KD_OK)
        return status;
    kd_dropzone *z = calloc(1, sizeof *z);
    if (z == NULL)
        return kd_fail_memory(err);
    z->parts = parts;
    z->poll_s = poll_s;
    z->path = strdup(path);
    z->files = calloc(KD_DROP_FILES, sizeof *z->files);
    pthread_mutex_init(&z->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&z->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (z->path == NULL || z->files == NULL)
        status = kd_fail_memory(err);
    else if (pthread_create(&z->thread, NULL, run, z) != 0)
        status = kd_fail(err, KD_IO, "no thread for the drop zone");
    if (status != KD_OK) {
        free_zone(z);
        return status;
    }
    atomic_store(&parts->drop.on, true);
    *out = z;
    return KD_OK;
}

void kd_dropzone_stop(kd_dropzone *z)
{
    if (z == NULL)
        return;
    pthread_mutex_lock(&z->lock);
    atomic_store(&z->stop, true);
    pthread_cond_signal(&z->wake);
    pthread_mutex_unlock(&z->lock);
    pthread_join(z->thread, NULL);
    free_zone(z);
}
