/* app/engine.h -- the house, wired: who is opened in which order, who observes whom.
 *
 * One kd_engine a process and database. Everything the API and the commands use hangs on it. */
#ifndef KD_APP_ENGINE_H
#define KD_APP_ENGINE_H
#include "api/parts.h"
#include "app/settings.h"

typedef struct kd_engine kd_engine;
typedef struct kd_engine_news { /* what this opening made or found */
    bool     made;                         /* the database is new */
    char     write_key[64], server_key[64];/* texts of keys made just now, else "" */
    uint64_t replayed;                     /* events folded again from the tail of the log */
} kd_engine_news;

/* Opens store, vault, people, identity, catalogue, ingest (with its replay), model, placements, keys. With `create` the
 * database is made when it is not there, with its keys and first placements. `settings` borrowed until close. */
kd_status kd_engine_open(kd_engine **out, const kd_settings *settings, bool create, kd_engine_news *news, kd_err *err);
kd_status kd_engine_close(kd_engine *engine, kd_err *err); /* last checkpoint, then everything in reverse; NULL is fine */
kd_parts *kd_engine_parts(kd_engine *engine);
const kd_settings *kd_engine_settings(const kd_engine *engine);

/* A line of progress of something long: `total` 0 when unknown. */
typedef void (*kd_progress)(void *self, const char *step, uint64_t done, uint64_t total);

/* Train in a child process, publish the model and swap it in. One run at a time (KD_BUSY). KD_BUSY too when *cancel (may
 * be NULL) became true or the server stops. Whatever fails, the last model serves on. app/train.c */
kd_status kd_engine_train(kd_engine *engine, kd_progress progress, void *self, const atomic_bool *cancel, kd_err *err);
/* Load the newest published model that reads; keeps what serves when none does. */
kd_status kd_engine_load_model(kd_engine *engine, kd_reader *reader, kd_err *err);
/* Take the content out of receipts past their retention. */
kd_status kd_engine_expire(kd_engine *engine, size_t *hollowed, kd_err *err);
/* Put the placements a new shop starts with. app/shop.c */
kd_status kd_shop_first_placements(kd_store *store, int64_t now_ms, kd_err *err);
#endif
