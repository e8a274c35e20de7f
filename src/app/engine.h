/* app/engine.h -- the house, wired: who is opened in which order, who observes whom.
 *
 * One kd_engine a process and database. Everything the API and the commands use hangs on it. */
#ifndef KD_APP_ENGINE_H
#define KD_APP_ENGINE_H
#include "api/parts.h"
#include "app/settings.h"

typedef struct kd_engine kd_engine;
/* Opens the store (made when `create`), vault, people, identity, catalogue, ingest with its replay, model, placements, keys.
 * `new_keys` tells that this call made the database and its keys. */
kd_status kd_engine_open(kd_engine **out, const kd_settings *settings, bool create, bool *is_new, kd_err *err);
kd_status kd_engine_close(kd_engine *engine, kd_err *err); /* last checkpoint, then everything in reverse */
kd_parts *kd_engine_parts(kd_engine *engine);
#endif
