/* benches/bare_sqlite.c -- the baseline of ingest: nothing but SQLite. A rowid table, a unique time-ordered index, rows of the
 * same size as Kunde stores, commits of 100, synchronous=FULL, WAL, after a warm-up of rows already there.
 * usage: bare_sqlite FILE ROWS FACTS_BYTES BODY_BYTES     (call again on the same file to go on)
 * Prints one JSON line: rows, seconds, rows_s, cpu_s. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { COMMIT = 100 };

static void must(int code, sqlite3 *db)
{
    if (code != SQLITE_OK && code != SQLITE_DONE) {
        fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
        exit(3);
    }
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

int main(int argc, char **argv)
{
    sqlite3        *db;
    sqlite3_stmt   *insert, *count;
    struct timespec from, to;
    struct rusage   before, after;

    if (argc != 5)
        return 2;
    const int64_t rows = atoll(argv[2]);
    const int     facts_len = atoi(argv[3]), body_len = atoi(argv[4]);
    must(sqlite3_open(argv[1], &db), db);
    must(sqlite3_exec(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                          "CREATE TABLE IF NOT EXISTS log (offset INTEGER PRIMARY KEY, id BLOB, person BLOB, time INTEGER, received INTEGER, kind INTEGER, flags INTEGER, prev INTEGER, facts BLOB, body BLOB);"
                          "CREATE UNIQUE INDEX IF NOT EXISTS log_id ON log (id, person)", NULL, NULL, NULL), db);
    must(sqlite3_prepare_v2(db, "SELECT coalesce(max(offset), 0) FROM log", -1, &count, NULL), db);
    sqlite3_step(count);
    int64_t next = sqlite3_column_int64(count, 0) + 1;
    sqlite3_finalize(count);
    must(sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO log VALUES (?,?,?,?,?,?,?,?,?,?)", -1, &insert, NULL), db);
    uint8_t *bytes = malloc((size_t)facts_len + (size_t)body_len + 16);
    for (int i = 0; i < facts_len + body_len; i++)
        bytes[i] = (uint8_t)mix((uint64_t)i);
    getrusage(RUSAGE_SELF, &before);
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int64_t row = 0; row < rows; row++, next++) {
        uint64_t      id[2] = { __builtin_bswap64((uint64_t)(1767225600000 + next) << 16 | 0x7000), mix((uint64_t)next) };
        const uint64_t who = mix((uint64_t)next / 3) % 100000;
        uint64_t      person[2] = { __builtin_bswap64((uint64_t)1767225600000 << 16 | 0x7000), mix(who) };
        if (row % COMMIT == 0)
            must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), db);
        sqlite3_bind_int64(insert, 1, next);
        sqlite3_bind_blob(insert, 2, id, 16, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 3, person, 16, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 4, 1767225600000 + next);
        sqlite3_bind_int64(insert, 5, 1767225600000 + next);
        sqlite3_bind_int(insert, 6, 10);
        sqlite3_bind_int(insert, 7, 1);
        sqlite3_bind_int64(insert, 8, next > 3 ? next - 3 : 0);
        sqlite3_bind_blob(insert, 9, bytes, facts_len, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 10, bytes + facts_len, body_len, SQLITE_STATIC);
        must(sqlite3_step(insert), db);
        sqlite3_reset(insert);
        if (row % COMMIT == COMMIT - 1 || row + 1 == rows)
            must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    getrusage(RUSAGE_SELF, &after);
    const double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    const double cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
                       (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    printf("{\"rows\":%lld,\"seconds\":%.3f,\"rows_s\":%.0f,\"cpu_s\":%.2f}\n", (long long)rows, seconds, (double)rows / seconds, cpu);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    free(bytes);
    return 0;
}
