/* base/string.h -- text with a length, and a buffer that grows.
 *
 * A kd_str borrows; who owns the bytes is said where it is made. A kd_buf appends; its failure is sticky, so that a writer
 * checks once, at the end. */
#ifndef KD_BASE_STRING_H
#define KD_BASE_STRING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/arena.h"
#include "base/status.h"

typedef struct kd_str {
    const char *ptr; /* not NUL-terminated unless said so; may be NULL when len is 0 */
    size_t      len;
} kd_str;

#define KD_STR(literal) ((kd_str){ (literal), sizeof(literal) - 1 })
static inline kd_str kd_str_z(const char *z) { return (kd_str){ z, z ? strlen(z) : 0 }; }

bool   kd_str_eq(kd_str a, kd_str b);
bool   kd_str_is(kd_str a, const char *z);
bool   kd_str_is_nocase(kd_str a, const char *z); /* ASCII case */
int    kd_str_cmp(kd_str a, kd_str b);            /* bytewise; a prefix is smaller */
bool   kd_str_starts(kd_str a, const char *prefix);
kd_str kd_str_trim(kd_str a); /* ASCII blanks at both ends */
kd_str kd_str_copy(kd_arena *arena, kd_str a); /* owned by `arena`, NUL-terminated; ptr NULL when out of memory */
const char *kd_str_cstr(kd_arena *arena, kd_str a); /* likewise, as a C string; NULL when out of memory or it holds a NUL */
bool   kd_str_i64(int64_t *out, kd_str a);     /* the whole text is a decimal integer in range */
bool   kd_str_f64(double *out, kd_str a);      /* the whole text is a finite number; locale-free */
bool   kd_utf8_valid(kd_str a);
size_t kd_utf8_prefix(kd_str a); /* bytes of the longest valid prefix: where the first wrong byte stands */
size_t kd_utf8_step(kd_str a);   /* bytes of the first character; 0 when it is not valid, or the text is empty */

typedef struct kd_buf {
    char     *ptr;
    size_t    len, cap;
    size_t    max;    /* 0: no cap of its own */
    kd_arena *arena;  /* NULL: malloc, then end with kd_buf_free */
    bool      failed; /* out of memory or over `max`: nothing is appended any more */
} kd_buf;

void      kd_buf_init(kd_buf *buf, kd_arena *arena);
void      kd_buf_free(kd_buf *buf); /* only does something when arena is NULL */
bool      kd_buf_grow(kd_buf *buf, size_t more); /* what kd_buf_reserve does when there is no room yet */
/* Here and not in string.c: answers are written in small pieces that nearly always find room. */
static inline bool kd_buf_reserve(kd_buf *buf, size_t more)
{
    return (!buf->failed && buf->ptr != NULL && more <= buf->cap - buf->len) || kd_buf_grow(buf, more);
}
static inline void kd_buf_add(kd_buf *buf, const void *bytes, size_t len)
{
    if (len == 0 || !kd_buf_reserve(buf, len))
        return;
    memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
}
static inline void kd_buf_add_str(kd_buf *buf, kd_str s) { kd_buf_add(buf, s.ptr, s.len); }
static inline void kd_buf_add_z(kd_buf *buf, const char *z) { kd_buf_add(buf, z, strlen(z)); }
static inline void kd_buf_add_byte(kd_buf *buf, uint8_t byte)
{
    if (kd_buf_reserve(buf, 1))
        buf->ptr[buf->len++] = (char)byte;
}
void      kd_buf_add_i64(kd_buf *buf, int64_t value); /* decimal */
void      kd_buf_addf(kd_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
kd_str    kd_buf_str(const kd_buf *buf); /* borrowed until the next append */
kd_status kd_buf_status(const kd_buf *buf, kd_err *err); /* KD_LIMIT when failed */

/* Compact binary: little-endian fixed widths, LEB128 varints, zig-zag for signed. The reader's failure is sticky too. */
void kd_put_u8(kd_buf *buf, uint8_t v);
void kd_put_u32(kd_buf *buf, uint32_t v);
void kd_put_u64(kd_buf *buf, uint64_t v);
void kd_put_varint(kd_buf *buf, uint64_t v);
void kd_put_zigzag(kd_buf *buf, int64_t v);
void kd_put_str(kd_buf *buf, kd_str s); /* varint length, bytes */

typedef struct kd_cut { /* reads what kd_put_* wrote */
    const uint8_t *ptr, *end;
    bool           failed; /* ran past the end, or a varint of more than 10 bytes: every later read gives 0 */
} kd_cut;
static inline kd_cut kd_cut_from(const void *ptr, size_t len) { return (kd_cut){ ptr, (const uint8_t *)ptr + len, false }; }
uint8_t  kd_cut_u8(kd_cut *cut);
uint32_t kd_cut_u32(kd_cut *cut);
uint64_t kd_cut_u64(kd_cut *cut);
uint64_t kd_cut_varint(kd_cut *cut);
int64_t  kd_cut_zigzag(kd_cut *cut);
kd_str   kd_cut_str(kd_cut *cut);                  /* borrowed from the bytes being read */
kd_str   kd_cut_bytes(kd_cut *cut, size_t len);    /* likewise */
#endif
