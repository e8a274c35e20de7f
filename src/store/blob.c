#include "store/adapter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

enum { COPY_BYTES = 256 * 1024 };

static kd_status fail_errno(kd_err *err, const char *what)
{
    int code = errno;
    if (code == ENOSPC || code == EDQUOT)
        return kd_fail(err, KD_IO, "%s: disk full", what);
    return kd_fail(err, code == EACCES || code == EPERM || code == EROFS ? KD_DENIED : KD_IO, "%s: %s", what, strerror(code));
}

static kd_status folder_of(char out[4096], const char *path, kd_err *err)
{
    if (snprintf(out, 4096, "%s.blobs", path) >= 4096)
        return kd_fail(err, KD_LIMIT, "the path of the database is too long");
    return KD_OK;
}

static kd_status file_of(char out[4096], const char *path, kd_sha sha, kd_err *err)
{
    char hex[65];
    kd_sha_format(hex, sha);
    if (snprintf(out, 4096, "%s.blobs/%s", path, hex) >= 4096)
        return kd_fail(err, KD_LIMIT, "the path of the database is too long");
    return KD_OK;
}

void kd_sha_format(char out[65], kd_sha sha)
{
    sodium_bin2hex(out, 65, sha.b, sizeof sha.b);
}

bool kd_sha_parse(kd_sha *out, kd_str hex)
{
    kd_sha sha;
    size_t len = 0;
    if (hex.len != 64 || sodium_hex2bin(sha.b, sizeof sha.b, hex.ptr, hex.len, NULL, &len, NULL) != 0 || len != sizeof sha.b)
        return false;
    *out = sha;
    return true;
}

kd_status kd_fsync_folder_of(const char *path, kd_err *err)
{
    char        folder[4096];
    const char *slash = strrchr(path, '/');
    if (slash == path)
        slash++;
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (len >= sizeof folder)
        return kd_fail(err, KD_LIMIT, "the path is too long");
    memcpy(folder, len ? path : ".", len ? len : 1);
    folder[len ? len : 1] = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "open the folder");
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? KD_OK : fail_errno(err, "sync the folder");
}

static kd_status write_all(int fd, const void *bytes, size_t len, kd_err *err)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, "write a blob");
        at += n;
        len -= (size_t)n;
    }
    return KD_OK;
}

/* A name beside the blob that no other writer has. It ends in ".tmp", by which kd_blob_sweep knows it. */
static int create_beside(char temp[4160], const char *file)
{
    static atomic_uint counter;
    snprintf(temp, 4160, "%s.%ld.%u.tmp", file, (long)getpid(), atomic_fetch_add(&counter, 1));
    return open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Sync, rename, sync the folder: after a crash the blob is there whole or not at all. */
static kd_status publish(int fd, const char *temp, const char *file, kd_status status, kd_err *err)
{
    if (status == KD_OK && fsync(fd) != 0)
        status = fail_errno(err, "sync a blob");
    if (close(fd) != 0 && status == KD_OK)
        status = fail_errno(err, "close a blob");
    if (status == KD_OK && rename(temp, file) != 0)
        status = fail_errno(err, "rename a blob");
    if (status != KD_OK) {
        unlink(temp);
        return status;
    }
    return kd_fsync_folder_of(file, err);
}

static kd_status make_folder(const char *path, kd_err *err)
{
    char      folder[4096];
    kd_status status = folder_of(folder, path, err);
    if (status != KD_OK)
        return status;
    if (mkdir(folder, 0700) != 0)
        return errno == EEXIST ? KD_OK : fail_errno(err, "make the folder of blobs");
    return kd_fsync_folder_of(folder, err);
}

kd_status kd_blob_put(kd_sha *sha, const char *path, const void *bytes, size_t len, kd_err *err)
{
    char        file[4096], temp[4160];
    struct stat st;
    kd_sha      made;
    crypto_hash_sha256(made.b, bytes, len);
    kd_status status = file_of(file, path, made, err);
    if (status != KD_OK)
        return status;
    if (stat(file, &st) == 0 && (size_t)st.st_size == len) { /* it was renamed into place, so it is whole */
        *sha = made;
        return KD_OK;
    }
    status = make_folder(path, err);
    if (status != KD_OK)
        return status;
    int fd = create_beside(temp, file);
    if (fd < 0)
        return fail_errno(err, "make a blob");
    status = publish(fd, temp, file, write_all(fd, bytes, len, err), err);
    if (status == KD_OK)
        *sha = made;
    return status;
}

kd_status kd_blob_path(char out[4096], const char *path, kd_sha sha, kd_err *err)
{
    kd_status status = file_of(out, path, sha, err);
    if (status == KD_OK && access(out, F_OK) != 0)
        status = errno == ENOENT ? kd_fail(err, KD_NOT_FOUND, "there is no such blob") : fail_errno(err, "look for a blob");
    return status;
}

kd_status kd_blob_delete(const char *path, kd_sha sha, kd_err *err)
{
    char      file[4096];
    kd_status status = file_of(file, path, sha, err);
    if (status != KD_OK)
        return status;
    if (unlink(file) != 0)
        return errno == ENOENT ? kd_fail(err, KD_NOT_FOUND, "there is no such blob") : fail_errno(err, "delete a blob");
    return kd_fsync_folder_of(file, err);
}

void kd_blob_sweep(const char *path)
{
    char           folder[4096];
    struct dirent *entry;
    DIR           *dir = folder_of(folder, path, NULL) == KD_OK ? opendir(folder) : NULL;
    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".tmp") == 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}

static kd_status copy_bytes(int to, int from, kd_err *err)
{
    char     *buf = malloc(COPY_BYTES);
    kd_status status = buf ? KD_OK : kd_fail_memory(err);
    while (status == KD_OK) {
        ssize_t n = read(from, buf, COPY_BYTES);
        if (n == 0)
            break;
        if (n > 0)
            status = write_all(to, buf, (size_t)n, err);
        else if (errno != EINTR)
            status = fail_errno(err, "read a blob");
    }
    free(buf);
    return status;
}

static kd_status copy_one(const char *from_path, const char *to_path, kd_sha sha, kd_err *err)
{
    char      from[4096], to[4096], temp[4160];
    kd_status status = file_of(from, from_path, sha, err);
    if (status == KD_OK)
        status = file_of(to, to_path, sha, err);
    if (status != KD_OK)
        return status;
    /* A blob never changes, so a second name for the same bytes is a copy, as long as it is on the same disk. */
    if (link(from, to) == 0 || errno == EEXIST || errno == ENOENT)
        return KD_OK;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return errno == ENOENT ? KD_OK : fail_errno(err, "open a blob");
    int out = create_beside(temp, to);
    if (out < 0)
        status = fail_errno(err, "make a blob");
    else
        status = publish(out, temp, to, copy_bytes(out, in, err), err);
    close(in);
    return status;
}

kd_status kd_blob_copy_all(const char *from_path, const char *to_path, kd_err *err)
{
    char           folder[4096];
    struct dirent *entry;
    kd_sha         sha;
    kd_status      status = folder_of(folder, from_path, err);
    DIR           *dir = status == KD_OK ? opendir(folder) : NULL;
    if (!dir)
        return status != KD_OK || errno == ENOENT ? status : fail_errno(err, "open the folder of blobs");
    status = make_folder(to_path, err);
    while (status == KD_OK && (entry = readdir(dir)))
        if (kd_sha_parse(&sha, kd_str_z(entry->d_name)))
            status = copy_one(from_path, to_path, sha, err);
    closedir(dir);
    return status;
}

static kd_status hash_file(kd_sha *out, int fd, kd_err *err)
{
    crypto_hash_sha256_state state;
    unsigned char           *buf = malloc(COPY_BYTES);
    kd_status                status = buf ? KD_OK : kd_fail_memory(err);
    crypto_hash_sha256_init(&state);
    while (status == KD_OK) {
        ssize_t n = read(fd, buf, COPY_BYTES);
        if (n == 0)
            break;
        if (n > 0)
            crypto_hash_sha256_update(&state, buf, (size_t)n);
        else if (errno != EINTR)
            status = fail_errno(err, "read a blob");
    }
    crypto_hash_sha256_final(&state, out->b);
    free(buf);
    return status;
}

kd_status kd_blob_check_all(const char *path, kd_store_say say, void *self, kd_err *err)
{
    char           folder[4096], line[256];
    struct dirent *entry;
    kd_sha         name, content;
    size_t         sound = 0, bad = 0;
    kd_status      status = folder_of(folder, path, err);
    DIR           *dir = status == KD_OK ? opendir(folder) : NULL;
    while (dir && status == KD_OK && (entry = readdir(dir))) {
        if (!kd_sha_parse(&name, kd_str_z(entry->d_name)))
            continue;
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
        status = fd < 0 ? fail_errno(err, "open a blob") : hash_file(&content, fd, err);
        if (fd >= 0)
            close(fd);
        if (status == KD_OK && memcmp(&name, &content, sizeof name) != 0) {
            snprintf(line, sizeof line, "blob %.64s: its bytes are not what its name says", entry->d_name);
            say(self, false, line);
            bad++;
        } else if (status == KD_OK) {
            sound++;
        }
    }
    if (dir)
        closedir(dir);
    if (status == KD_OK && bad == 0) {
        snprintf(line, sizeof line, "%zu blobs are what their names say", sound);
        say(self, true, line);
    }
    return status;
}
