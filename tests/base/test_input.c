#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/input.h"
#include "base/rng.h"

static char dir[] = "/tmp/kd-test-input-XXXXXX";
static int  dir_fd = -1;

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return 1;
    dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir_fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlinkat(dir_fd, "file", 0);
    unlinkat(dir_fd, "folder", AT_REMOVEDIR);
    close(dir_fd);
    return rmdir(dir);
}

static kd_buf gzipped(const void *bytes, size_t len)
{
    kd_buf   out;
    z_stream z = { 0 };
    kd_buf_init(&out, NULL);
    CHECK(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    kd_buf_reserve(&out, deflateBound(&z, (uLong)len) + 64);
    z.next_in = (z_const Bytef *)bytes;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)out.ptr;
    z.avail_out = (uInt)out.cap;
    CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out.len = z.total_out;
    deflateEnd(&z);
    return out;
}

static kd_buf zstded(const void *bytes, size_t len)
{
    kd_buf out;
    kd_buf_init(&out, NULL);
    kd_buf_reserve(&out, ZSTD_compressBound(len));
    out.len = ZSTD_compress(out.ptr, out.cap, bytes, len, 3);
    CHECK(!ZSTD_isError(out.len));
    return out;
}

static void write_file(const void *bytes, size_t len)
{
    int fd = openat(dir_fd, "file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

/* Everything `in` gives, in pieces of random size; the status that ended it. Closes `in`. */
static kd_status drain(kd_buf *out, kd_input *in, kd_err *err)
{
    kd_rng    rng;
    kd_status status;
    size_t    len;
    uint64_t  done = 0, total = 0, before = 0;
    kd_rng_seed(&rng, 1);
    kd_buf_init(out, NULL);
    do {
        size_t want = 1 + kd_rng_below(&rng, 100000);
        kd_buf_reserve(out, want);
        status = kd_input_read(in, out->ptr + out->len, want, &len, err);
        CHECK(len <= want && (status == KD_OK || len == 0));
        out->len += len;
        kd_input_progress(in, &done, &total);
        CHECK(done >= before && (total == 0 || done <= total));
        before = done;
    } while (status == KD_OK && len > 0);
    CHECK(kd_input_read(in, out->ptr, 1, &len, err) == status && len == 0); /* it stays ended, or failed */
    CHECK(status != KD_OK || total == 0 || done == total);
    kd_input_close(in);
    return status;
}

static kd_status drain_file(kd_buf *out, const void *bytes, size_t len, kd_err *err)
{
    kd_input *in = NULL;
    write_file(bytes, len);
    CHECK(kd_input_open(&in, dir_fd, -1, "file", err) == KD_OK);
    return drain(out, in, err);
}

static char *sample(size_t len)
{
    kd_rng rng;
    char  *bytes = malloc(len + 1);
    kd_rng_seed(&rng, len);
    for (size_t i = 0; i < len; i++) /* half noise, half text that packs well */
        bytes[i] = (char)(i % 2000 < 1000 ? kd_rng_below(&rng, 256) : 'a' + i % 7);
    if (len > 0)
        bytes[0] = 'x';
    return bytes;
}

static void plain_gzip_and_zstd_give_the_same(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 3, 4, 65535, 65536, 65537, 500000 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char  *bytes = sample(sizes[i]);
        kd_buf gz = gzipped(bytes, sizes[i]), zst = zstded(bytes, sizes[i]), out;
        kd_err err = { 0 };
        const struct { const void *ptr; size_t len; const char *encoding; } forms[] = {
            { bytes, sizes[i], "" }, { gz.ptr, gz.len, "gzip" }, { zst.ptr, zst.len, "ZSTD" },
        };
        for (size_t k = 0; k < COUNT(forms); k++) {
            CHECK(drain_file(&out, forms[k].ptr, forms[k].len, &err) == KD_OK);
            CHECK_STR(kd_buf_str(&out), ((kd_str){ bytes, sizes[i] }));
            kd_buf_free(&out);
            kd_input *in = NULL;
            CHECK(kd_input_memory(&in, forms[k].ptr, forms[k].len, forms[k].encoding, sizes[i], &err) == KD_OK);
            CHECK(drain(&out, in, &err) == KD_OK);
            CHECK_STR(kd_buf_str(&out), ((kd_str){ bytes, sizes[i] }));
            kd_buf_free(&out);
        }
        kd_buf_free(&gz);
        kd_buf_free(&zst);
        free(bytes);
    }
}

static void members_follow_one_another(void **state)
{
    (void)state;
    for (int zstd = 0; zstd < 2; zstd++) {
        kd_buf both, out, a = zstd ? zstded("first,", 6) : gzipped("first,", 6), b = zstd ? zstded("second", 6) : gzipped("second", 6);
        kd_err err = { 0 };
        kd_buf_init(&both, NULL);
        kd_buf_add(&both, a.ptr, a.len);
        kd_buf_add(&both, b.ptr, b.len);
        CHECK(drain_file(&out, both.ptr, both.len, &err) == KD_OK);
        CHECK_STR(kd_buf_str(&out), KD_STR("first,second"));
        kd_buf_free(&out);

        /* every cut except between the two is noticed */
        for (size_t len = 4; len < both.len; len++) {
            kd_status status = drain_file(&out, both.ptr, len, &err);
            CHECK(status == (len == a.len ? KD_OK : KD_INVALID));
            if (status == KD_INVALID)
                CHECK(strncmp(err.msg, "file: ", 6) == 0);
            kd_buf_free(&out);
        }
        kd_buf_add_z(&both, "garbage");
        CHECK(drain_file(&out, both.ptr, both.len, &err) == KD_INVALID);
        CHECK(strstr(err.msg, "damaged") != NULL);
        kd_buf_free(&out);
        kd_buf_free(&both);
        kd_buf_free(&a);
        kd_buf_free(&b);
    }
}

static void damage_is_noticed(void **state)
{
    (void)state;
    char  *bytes = sample(30000);
    kd_buf gz = gzipped(bytes, 30000), out;
    kd_err err = { 0 };
    gz.ptr[gz.len / 2] = (char)~gz.ptr[gz.len / 2];
    CHECK(drain_file(&out, gz.ptr, gz.len, &err) == KD_INVALID);
    CHECK(strcmp(err.msg, "file: the gzip data is damaged") == 0);
    kd_buf_free(&out);
    kd_buf_free(&gz);
    gz = gzipped(bytes, 30000);
    CHECK(drain_file(&out, gz.ptr, gz.len - 9, &err) == KD_INVALID);
    CHECK(strcmp(err.msg, "file: the gzip data ends too early: the file is cut off") == 0);
    kd_buf_free(&out);
    gz.ptr[gz.len - 5] = (char)~gz.ptr[gz.len - 5]; /* the checksum */
    CHECK(drain_file(&out, gz.ptr, gz.len, &err) == KD_INVALID);
    kd_buf_free(&out);
    kd_buf_free(&gz);
    free(bytes);
}

static void bombs_are_stopped(void **state)
{
    (void)state;
    char *zeros = calloc(1, 5000000);
    for (int zstd = 0; zstd < 2; zstd++) {
        kd_buf    bomb = zstd ? zstded(zeros, 5000000) : gzipped(zeros, 5000000), out;
        kd_err    err = { 0 };
        kd_input *in = NULL;
        CHECK(bomb.len < 20000);
        CHECK(kd_input_memory(&in, bomb.ptr, bomb.len, zstd ? "zstd" : "x-gzip", 1000000, &err) == KD_OK);
        CHECK(drain(&out, in, &err) == KD_LIMIT);
        CHECK(out.len <= 1000000 && strcmp(err.msg, "the body: more than 1000000 bytes") == 0);
        kd_buf_free(&out);
        CHECK(kd_input_memory(&in, bomb.ptr, bomb.len, zstd ? "zstd" : "gzip", 0, &err) == KD_OK);
        CHECK(drain(&out, in, &err) == KD_OK && out.len == 5000000);
        kd_buf_free(&out);
        kd_buf_free(&bomb);
    }
    free(zeros);
}

static void bodies_name_their_encoding(void **state)
{
    (void)state;
    kd_input *in = NULL;
    kd_err    err = { 0 };
    kd_buf    out;
    CHECK(kd_input_memory(&in, "x", 1, "br", 0, &err) == KD_INVALID && strcmp(err.field, "Content-Encoding") == 0 && in == NULL);
    CHECK(kd_input_memory(&in, "plain", 5, "gzip", 0, &err) == KD_OK);
    CHECK(drain(&out, in, &err) == KD_INVALID);
    kd_buf_free(&out);
    CHECK(kd_input_memory(&in, "", 0, "gzip", 0, &err) == KD_OK);
    CHECK(drain(&out, in, &err) == KD_INVALID);
    kd_buf_free(&out);
    kd_buf gz = gzipped("x", 1); /* a body that says nothing of gzip is taken as it is */
    CHECK(kd_input_memory(&in, gz.ptr, gz.len, "identity", 0, &err) == KD_OK);
    CHECK(drain(&out, in, &err) == KD_OK && out.len == gz.len);
    kd_buf_free(&out);
    kd_buf_free(&gz);
}

static void what_cannot_be_opened_says_why(void **state)
{
    (void)state;
    kd_input *in = NULL;
    kd_err    err = { 0 };
    CHECK(kd_input_open(&in, dir_fd, -1, "secret/place/orders.csv", &err) == KD_NOT_FOUND);
    CHECK(strcmp(err.msg, "orders.csv: no such file") == 0);
    CHECK(mkdirat(dir_fd, "folder", 0700) == 0);
    CHECK(kd_input_open(&in, dir_fd, -1, "./folder", &err) == KD_IO);
    CHECK(strcmp(err.msg, "folder: is a directory, not a file") == 0);
    CHECK(kd_input_open(&in, dir_fd, -1, "", &err) == KD_NOT_FOUND && in == NULL);
    CHECK(kd_input_open(&in, dir_fd, -1, "-", &err) == KD_IO && strstr(err.msg, "standard input") == err.msg);
}

static void reads_from_a_pipe(void **state)
{
    (void)state;
    int fds[2];
    CHECK(pipe(fds) == 0);
    kd_buf gz = gzipped("from a pipe", 11), out;
    CHECK(write(fds[1], gz.ptr, 1) == 1 && write(fds[1], gz.ptr + 1, gz.len - 1) == (ssize_t)gz.len - 1);
    close(fds[1]);
    kd_input *in = NULL;
    kd_err    err = { 0 };
    CHECK(kd_input_open(&in, dir_fd, fds[0], "-", &err) == KD_OK);
    CHECK(drain(&out, in, &err) == KD_OK);
    CHECK_STR(kd_buf_str(&out), KD_STR("from a pipe"));
    CHECK(fcntl(fds[0], F_GETFD) >= 0); /* standard input stays open: it is not ours */
    close(fds[0]);
    kd_buf_free(&out);
    kd_buf_free(&gz);
}

int test_input(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_gzip_and_zstd_give_the_same), cmocka_unit_test(members_follow_one_another),
        cmocka_unit_test(damage_is_noticed),                 cmocka_unit_test(bombs_are_stopped),
        cmocka_unit_test(bodies_name_their_encoding),        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(reads_from_a_pipe),
    };
    return cmocka_run_group_tests_name("base: input", tests, set_up, tear_down);
}
