#include "store/sqlite.h"

/* What a page no longer holds must not stay in it.
 *
 * SQLite leaves the bytes of moved and deleted rows in the unused part of a b-tree page: secure_delete overwrites what is
 * deleted, but a page that was split keeps the rows that went to the other half, until new ones happen to cover them. A keyed
 * hash or a wrapped key would outlive its row there. So this layer over the operating system's file sets the unused bytes
 * of each b-tree page to zero when the page goes home into the database file (by then the page is nobody's but the file's;
 * pages in the write-ahead log carry checksums and are left alone: the log is cut to nothing when that matters).
 *
 * The unused bytes mean nothing to SQLite, and a page is touched only when its header and every free block are exactly as
 * the file format says. Pages that are no b-tree begin with the high byte of a page number, which is 0 while the file
 * has fewer than 2^24 pages (128 GiB at our page size); a larger file is left as it is. */
enum { PAGE_BYTES_MAX = 65536, FIRST_HEADER = 100, LEAF_HEADER = 8, INNER_HEADER = 12, BLOCK_HEADER = 4 };
static const sqlite3_int64 PAGES_MAX = 1 << 24;

typedef struct scrub_file {
    sqlite3_file  base;
    sqlite3_file *real; /* in the room behind */
} scrub_file;

static sqlite3_file *real_of(sqlite3_file *file) { return ((scrub_file *)file)->real; }
static sqlite3_vfs *under(sqlite3_vfs *vfs) { return vfs->pAppData; }

static unsigned be16(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }

/* The free blocks of a page, or nothing when one is not as it must be: first a look, then the work. */
static bool walk_free_blocks(uint8_t *page, unsigned size, unsigned at, bool zero)
{
    while (at) {
        if (at + BLOCK_HEADER > size)
            return false;
        unsigned next = be16(page + at), bytes = be16(page + at + 2);
        if (bytes < BLOCK_HEADER || at + bytes > size || (next && next < at + bytes))
            return false;
        if (zero)
            memset(page + at + BLOCK_HEADER, 0, bytes - BLOCK_HEADER);
        at = next;
    }
    return true;
}

void kd_scrub_page(uint8_t *page, unsigned size, bool first)
{
    unsigned at = first ? FIRST_HEADER : 0, header, begin, content;
    switch (page[at]) {
    case 0x0a: case 0x0d: header = LEAF_HEADER; break;
    case 0x02: case 0x05: header = INNER_HEADER; break;
    default: return;
    }
    if (first && page[20] != 0) /* bytes reserved at the end of each page: a file of ours has none */
        return;
    begin = at + header + 2 * be16(page + at + 3);
    content = be16(page + at + 5) ? be16(page + at + 5) : PAGE_BYTES_MAX;
    if (begin > content || content > size || (be16(page + at + 1) && be16(page + at + 1) < content)
        || !walk_free_blocks(page, size, be16(page + at + 1), false))
        return;
    memset(page + begin, 0, content - begin);
    walk_free_blocks(page, size, be16(page + at + 1), true);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    sqlite3_file *real = real_of(file);
    sqlite3_int64 size = 0;
    uint8_t       page[KD_SQLITE_PAGE_BYTES];
    if (count != KD_SQLITE_PAGE_BYTES || at % count != 0 || real->pMethods->xFileSize(real, &size) != SQLITE_OK
        || size / count >= PAGES_MAX / 2 || at / count >= PAGES_MAX / 2)
        return real->pMethods->xWrite(real, bytes, count, at);
    memcpy(page, bytes, sizeof page);
    kd_scrub_page(page, sizeof page, at == 0);
    return real->pMethods->xWrite(real, page, count, at);
}

/* ---- everything else goes through as it comes ---------------------------------------------------------------------- */
static int file_close(sqlite3_file *f) { return real_of(f)->pMethods->xClose(real_of(f)); }
static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) { return real_of(f)->pMethods->xRead(real_of(f), to, n, at); }
static int file_truncate(sqlite3_file *f, sqlite3_int64 n) { return real_of(f)->pMethods->xTruncate(real_of(f), n); }
static int file_sync(sqlite3_file *f, int flags) { return real_of(f)->pMethods->xSync(real_of(f), flags); }
static int file_size(sqlite3_file *f, sqlite3_int64 *n) { return real_of(f)->pMethods->xFileSize(real_of(f), n); }
static int file_lock(sqlite3_file *f, int level) { return real_of(f)->pMethods->xLock(real_of(f), level); }
static int file_unlock(sqlite3_file *f, int level) { return real_of(f)->pMethods->xUnlock(real_of(f), level); }
static int file_reserved(sqlite3_file *f, int *out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); }
static int file_control(sqlite3_file *f, int op, void *arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); }
static int file_sector(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int file_device(sqlite3_file *f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }
static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) { return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out); }
static int file_shm_lock(sqlite3_file *f, int at, int n, int flags) { return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags); }
static void file_shm_barrier(sqlite3_file *f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
static int file_shm_unmap(sqlite3_file *f, int remove) { return real_of(f)->pMethods->xShmUnmap(real_of(f), remove); }

/* Version 2: without memory-mapped reads, which no connection of ours asks for. */
static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate, .xSync = file_sync,
    .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock, .xCheckReservedLock = file_reserved, .xFileControl = file_control,
    .xSectorSize = file_sector, .xDeviceCharacteristics = file_device, .xShmMap = file_shm_map, .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier, .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    scrub_file *f = (scrub_file *)file;
    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return under(vfs)->xOpen(under(vfs), name, file, flags, out_flags); /* in its own room, and its own methods */
    f->base.pMethods = NULL;
    f->real = (sqlite3_file *)(f + 1);
    f->real->pMethods = NULL;
    int rc = under(vfs)->xOpen(under(vfs), name, f->real, flags, out_flags);
    if (f->real->pMethods)
        f->base.pMethods = &methods;
    return rc;
}

static int vfs_delete(sqlite3_vfs *v, const char *name, int sync) { return under(v)->xDelete(under(v), name, sync); }
static int vfs_access(sqlite3_vfs *v, const char *name, int flags, int *out) { return under(v)->xAccess(under(v), name, flags, out); }
static int vfs_full(sqlite3_vfs *v, const char *name, int n, char *out) { return under(v)->xFullPathname(under(v), name, n, out); }
static int vfs_random(sqlite3_vfs *v, int n, char *out) { return under(v)->xRandomness(under(v), n, out); }
static int vfs_sleep(sqlite3_vfs *v, int us) { return under(v)->xSleep(under(v), us); }
static int vfs_time(sqlite3_vfs *v, double *out) { return under(v)->xCurrentTime(under(v), out); }
static int vfs_error(sqlite3_vfs *v, int n, char *out) { return under(v)->xGetLastError ? under(v)->xGetLastError(under(v), n, out) : 0; }
static int vfs_time64(sqlite3_vfs *v, sqlite3_int64 *out) { return under(v)->xCurrentTimeInt64(under(v), out); }

void kd_scrub_register(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs       *system = sqlite3_vfs_find(NULL);
    if (!system || system->iVersion < 2)
        return;
    vfs = (sqlite3_vfs){ .iVersion = 2, .szOsFile = (int)sizeof(scrub_file) + system->szOsFile, .mxPathname = system->mxPathname,
                         .zName = KD_SCRUB_VFS, .pAppData = system, .xOpen = vfs_open, .xDelete = vfs_delete, .xAccess = vfs_access,
                         .xFullPathname = vfs_full, .xRandomness = vfs_random, .xSleep = vfs_sleep, .xCurrentTime = vfs_time,
                         .xGetLastError = vfs_error, .xCurrentTimeInt64 = vfs_time64 };
    sqlite3_vfs_register(&vfs, 0);
}
