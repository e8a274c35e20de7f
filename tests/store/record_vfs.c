#include "record_vfs.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

/* ---- what is kept ---------------------------------------------------------------------------------------------------- */
typedef struct pending { /* a write since the last sync; bytes NULL: a truncation to `offset` */
    uint64_t seq;
    int64_t  offset;
    size_t   len;
    uint8_t *bytes;
} pending;

typedef struct image {
    struct image *next;
    char          path[PATH_MAX];
    bool          wal;
    uint8_t      *bytes; /* as of the last completed sync */
    size_t        len, cap;
    pending      *writes;
    size_t        count, room;
} image;

typedef struct handle {
    sqlite3_file  base;
    image        *image; /* NULL: a file that is not recorded */
    sqlite3_file *real;  /* lies behind this struct */
} handle;

static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER; /* of everything below */
static image           *images;
static kd_record_entry *entries;
static size_t           entry_count, entry_room;
static unsigned         fail_sync, fail_write, slow_us;
static bool             fail_full;
static sqlite3_vfs     *real_vfs;

static void *grown(void *ptr, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return ptr;
    *room = *room ? *room * 2 : 64;
    ptr = realloc(ptr, *room * size);
    if (!ptr)
        abort();
    return ptr;
}

static uint64_t note(kd_record_op op, bool wal, int64_t offset, size_t bytes, uint64_t value)
{
    entries = grown(entries, &entry_room, entry_count, sizeof *entries);
    entries[entry_count] = (kd_record_entry){ entry_count + 1, op, wal, offset, bytes, value };
    return ++entry_count;
}

static void extend(image *img, size_t len)
{
    if (len > img->cap) {
        img->cap = len * 2;
        img->bytes = realloc(img->bytes, img->cap);
        if (!img->bytes)
            abort();
    }
    if (len > img->len) {
        memset(img->bytes + img->len, 0, len - img->len);
        img->len = len;
    }
}

static void apply(image *img, const pending *write)
{
    if (!write->bytes) {
        if ((size_t)write->offset < img->len)
            img->len = (size_t)write->offset;
        return;
    }
    extend(img, (size_t)write->offset + write->len);
    memcpy(img->bytes + write->offset, write->bytes, write->len);
}

static void drop_writes(image *img, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(img->writes[i].bytes);
    memmove(img->writes, img->writes + count, (img->count - count) * sizeof *img->writes);
    img->count -= count;
}

static void add_write(image *img, const void *bytes, size_t len, int64_t offset)
{
    uint64_t seq = note(bytes ? KD_RECORD_WRITE : KD_RECORD_TRUNCATE, img->wal, offset, len, 0);
    pending  write = { seq, offset, len, bytes ? malloc(len ? len : 1) : NULL };
    if (bytes && !write.bytes)
        abort();
    if (bytes)
        memcpy(write.bytes, bytes, len);
    img->writes = grown(img->writes, &img->room, img->count, sizeof *img->writes);
    img->writes[img->count++] = write;
}

static image *find_image(const char *path)
{
    image *img = images;
    while (img && strcmp(img->path, path) != 0)
        img = img->next;
    return img;
}

/* A file that was there before counts as synced. */
static void load(image *img)
{
    uint8_t buf[65536];
    size_t  n;
    FILE   *file = fopen(img->path, "rb");
    while (file && (n = fread(buf, 1, sizeof buf, file)) > 0)
        apply(img, &(pending){ .offset = (int64_t)img->len, .len = n, .bytes = buf });
    if (file)
        fclose(file);
}

static image *image_of(const char *path)
{
    image *img = find_image(path);
    size_t len = strlen(path);
    if (img || len >= sizeof img->path)
        return img;
    img = calloc(1, sizeof *img);
    if (!img)
        abort();
    memcpy(img->path, path, len + 1);
    img->wal = len > 4 && strcmp(path + len - 4, "-wal") == 0;
    load(img);
    img->next = images;
    images = img;
    return img;
}

/* ---- the file ---------------------------------------------------------------------------------------------------------- */
static sqlite3_file *real_of(sqlite3_file *file) { return ((handle *)file)->real; }

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *buf, int len, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), buf, len, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset)
{
    image *img = ((handle *)file)->image;
    if (img) {
        pthread_mutex_lock(&lock);
        bool fails = img->wal && fail_write > 0 && --fail_write == 0;
        int  failure = fail_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        if (!fails)
            add_write(img, bytes, (size_t)len, offset);
        pthread_mutex_unlock(&lock);
        if (fails)
            return failure;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, len, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    image *img = ((handle *)file)->image;
    if (img) {
        pthread_mutex_lock(&lock);
        add_write(img, NULL, 0, size);
        pthread_mutex_unlock(&lock);
    }
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    image *img = ((handle *)file)->image;
    if (!img)
        return real_of(file)->pMethods->xSync(real_of(file), flags);
    pthread_mutex_lock(&lock);
    bool     fails = img->wal && fail_sync > 0 && --fail_sync == 0;
    unsigned us = img->wal ? slow_us : 0;
    uint64_t begun = note(KD_RECORD_SYNC_BEGIN, img->wal, 0, 0, 0); /* what is written later is not promised by it */
    pthread_mutex_unlock(&lock);
    if (us)
        nanosleep(&(struct timespec){ us / 1000000, us % 1000000 * 1000 }, NULL);
    int rc = fails ? SQLITE_IOERR_FSYNC : real_of(file)->pMethods->xSync(real_of(file), flags);
    if (rc == SQLITE_OK) {
        pthread_mutex_lock(&lock);
        size_t covered = 0;
        for (; covered < img->count && img->writes[covered].seq < begun; covered++)
            apply(img, &img->writes[covered]);
        drop_writes(img, covered);
        note(KD_RECORD_SYNC_END, img->wal, 0, 0, begun);
        pthread_mutex_unlock(&lock);
    }
    return rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend_it, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend_it, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

/* Version 2: no xFetch, so that no byte passes by unseen in a mapping. */
static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate,
    .xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock, .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control, .xSectorSize = file_sector, .xDeviceCharacteristics = file_traits, .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock, .xShmBarrier = file_shm_barrier, .xShmUnmap = file_shm_unmap,
};

/* ---- the VFS ----------------------------------------------------------------------------------------------------------- */
static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    handle *h = (handle *)file;
    (void)vfs;
    memset(h, 0, sizeof *h);
    h->real = (sqlite3_file *)(h + 1);
    if (name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL))) {
        pthread_mutex_lock(&lock);
        h->image = image_of(name);
        pthread_mutex_unlock(&lock);
    }
    int rc = real_vfs->xOpen(real_vfs, name, h->real, flags, out_flags);
    h->base.pMethods = h->real->pMethods ? &methods : NULL;
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    pthread_mutex_lock(&lock);
    image *img = find_image(name);
    if (img) {
        drop_writes(img, img->count);
        img->len = 0;
    }
    pthread_mutex_unlock(&lock);
    return real_vfs->xDelete(real_vfs, name, sync_folder);
}

const char *kd_record_vfs(void)
{
    static sqlite3_vfs recorder;
    pthread_mutex_lock(&lock);
    if (!real_vfs) {
        sqlite3_initialize();
        real_vfs = sqlite3_vfs_find(NULL);
        recorder = *real_vfs; /* the other methods do not look at which VFS they are called through */
        recorder.zName = "kd-record";
        recorder.szOsFile = (int)sizeof(handle) + real_vfs->szOsFile;
        recorder.xOpen = vfs_open;
        recorder.xDelete = vfs_delete;
        recorder.pNext = NULL;
        sqlite3_vfs_register(&recorder, 0);
    }
    pthread_mutex_unlock(&lock);
    return "kd-record";
}

void kd_record_clear(void)
{
    pthread_mutex_lock(&lock);
    while (images) {
        image *img = images;
        images = img->next;
        drop_writes(img, img->count);
        free(img->writes);
        free(img->bytes);
        free(img);
    }
    free(entries);
    entries = NULL;
    entry_count = entry_room = 0;
    fail_sync = fail_write = slow_us = 0;
    pthread_mutex_unlock(&lock);
}

uint64_t kd_record_note(uint64_t value)
{
    pthread_mutex_lock(&lock);
    uint64_t seq = note(KD_RECORD_NOTE, false, 0, 0, value);
    pthread_mutex_unlock(&lock);
    return seq;
}

size_t kd_record_entries(const kd_record_entry **out)
{
    pthread_mutex_lock(&lock);
    *out = entries;
    size_t count = entry_count;
    pthread_mutex_unlock(&lock);
    return count;
}

static image *known(const char *path)
{
    char full[PATH_MAX];
    return realpath(path, full) ? find_image(full) : NULL;
}

size_t kd_record_unsynced(const char *path)
{
    size_t bytes = 0;
    pthread_mutex_lock(&lock);
    image *img = known(path);
    for (size_t i = 0; img && i < img->count; i++)
        bytes += img->writes[i].len;
    pthread_mutex_unlock(&lock);
    return bytes;
}

static bool write_image(const image *img, const char *to)
{
    FILE *file = fopen(to, "wb");
    bool  ok = file && (!img || fwrite(img->bytes ? img->bytes : (const uint8_t *)"", 1, img->len, file) == img->len);
    return (!file || fclose(file) == 0) && ok;
}

bool kd_record_cut(const char *path, const char *to)
{
    char from_wal[PATH_MAX], to_wal[PATH_MAX];
    snprintf(from_wal, sizeof from_wal, "%s-wal", path);
    snprintf(to_wal, sizeof to_wal, "%s-wal", to);
    pthread_mutex_lock(&lock); /* both files at one moment */
    image *main_image = known(path), *wal_image = known(from_wal);
    bool   ok = main_image && write_image(main_image, to);
    if (wal_image && wal_image->len)
        ok = write_image(wal_image, to_wal) && ok;
    else
        unlink(to_wal);
    pthread_mutex_unlock(&lock);
    return ok;
}

void kd_record_fail_sync(unsigned nth)
{
    pthread_mutex_lock(&lock);
    fail_sync = nth;
    pthread_mutex_unlock(&lock);
}

void kd_record_fail_write(unsigned nth, bool disk_full)
{
    pthread_mutex_lock(&lock);
    fail_write = nth;
    fail_full = disk_full;
    pthread_mutex_unlock(&lock);
}

void kd_record_slow_sync(unsigned us)
{
    pthread_mutex_lock(&lock);
    slow_us = us;
    pthread_mutex_unlock(&lock);
}
