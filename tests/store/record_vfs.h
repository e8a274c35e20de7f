/* tests/store/record_vfs.h -- a SQLite VFS that writes down what reaches the disk, and when.
 *
 * It passes everything on to the default VFS and keeps, for each database, WAL and journal file, every write and every
 * sync under one rising sequence number, and the bytes the file would have if the machine lost its power now: those of its
 * last completed sync. Open a store with `.vfs = kd_record_vfs()`.
 * Threads: all calls from any. Memory: the bytes of the files; for small tests. */
#ifndef KD_TEST_STORE_RECORD_VFS_H
#define KD_TEST_STORE_RECORD_VFS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum kd_record_op { KD_RECORD_WRITE = 1, KD_RECORD_TRUNCATE, KD_RECORD_SYNC_BEGIN, KD_RECORD_SYNC_END, KD_RECORD_NOTE } kd_record_op;

typedef struct kd_record_entry {
    uint64_t     seq;   /* from 1, without gaps, over all files */
    kd_record_op op;
    bool         wal;   /* the file's name ends in "-wal" */
    int64_t      offset;
    size_t       bytes; /* WRITE */
    uint64_t     value; /* NOTE: the caller's; SYNC_END: seq of its beginning, before which all writes are now safe */
} kd_record_entry;

const char *kd_record_vfs(void);      /* registers it when first called; its name */
void        kd_record_clear(void);    /* forget all files and entries; no database of it may be open */
uint64_t    kd_record_note(uint64_t value); /* an entry of the test's own, such as "answer 7 went out"; its seq */
size_t      kd_record_entries(const kd_record_entry **out); /* borrowed until the next call of anything here */
/* Bytes of this file ("x.db", "x.db-wal") written and not yet covered by a completed sync. */
size_t      kd_record_unsynced(const char *path);
/* Write "<to>" and "<to>-wal" as the files at `path` would be after a loss of power now. */
bool        kd_record_cut(const char *path, const char *to);

/* The nth sync (or write) of a WAL from now fails; 0: none. A failed sync leaves open what reached the disk. */
void kd_record_fail_sync(unsigned nth);
void kd_record_fail_write(unsigned nth, bool disk_full);
void kd_record_slow_sync(unsigned us); /* each sync of a WAL takes so much longer */
#endif
