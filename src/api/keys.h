/* api/keys.h -- which programs may call: write keys (public), server keys (secret), and the user tokens of a shop.
 *
 * Keys are documents of kind "key": {"type":"write"|"server","hash":BLAKE2b of the secret,"name","source","createdAt"}; a
 * server key's text is shown once. Write keys are public and kept readable ("key"). The document "all" of kind "key-index"
 * lists their ids. People log in: api/users.h. Threads: any. */
#ifndef KD_API_KEYS_H
#define KD_API_KEYS_H
#include "base/clock.h"
#include "base/json.h"
#include "customer/seal.h"
#include "event/incoming.h"
#include "store/store.h"

typedef struct kd_keys kd_keys;
typedef enum kd_key_role { KD_ROLE_NONE, KD_ROLE_WRITE, KD_ROLE_SERVER, KD_ROLE_ADMIN } kd_key_role;

/* Loads; makes one write key and one server key when there are none (texts from `write_key`, `server_key` when not NULL,
 * which also replace the stored first ones), and tells the texts once: made_* are "" when nothing was made. */
kd_status kd_keys_open(kd_keys **out, kd_store *store, kd_reader *reader, const kd_vault *vault, kd_clock clock, const char *write_key,
                       const char *server_key, char made_write[64], char made_server[64], kd_err *err);
void      kd_keys_close(kd_keys *keys);
/* Constant time in the secret. *source gets the source's id, owned by keys. KD_UNAUTHORIZED otherwise. */
kd_status kd_keys_check(kd_key_role *role, kd_str *source, kd_keys *keys, kd_str key, kd_err *err);
bool      kd_keys_id(char id[24], kd_keys *keys, kd_str key); /* which one it is, for the audit log; false when unknown */
kd_str    kd_keys_first_write(kd_keys *keys);
enum { KD_KEYS_MAX = 256, KD_KEY_TEXT_MIN = 8, KD_KEY_TEXT = 64 /* with the NUL */, KD_KEY_ID = 24 };
/* One more key of KD_ROLE_WRITE or KD_ROLE_SERVER; `text` is told here and, for a server key, never again. `source` empty: the
 * first one's, "shop": the same message by either key is one message. KD_LIMIT: KD_KEYS_MAX. */
kd_status kd_keys_create(char text[64], char id[24], kd_keys *keys, kd_store *store, kd_key_role role, kd_str name, kd_str source, kd_err *err);
/* At once. KD_NOT_FOUND; KD_CONFLICT: the last key of its type. */
kd_status kd_keys_revoke(kd_keys *keys, kd_store *store, kd_str id, kd_err *err);
void      kd_keys_write_json(kd_jw *w, kd_keys *keys); /* [{id,type,name,source,createdAt,key?}]: texts of write keys only */
kd_str    kd_keys_source_of(kd_keys *keys, kd_str write_key); /* empty when it is no write key */

/* User token "<expiry s>.<base64url HMAC-SHA256(secret, user id "." expiry)>", made by the shop with the token secret that
 * belongs to the write key (shown with the server key). KD_UNAUTHORIZED: wrong or expired. */
kd_status kd_user_token_check(const kd_keys *keys, kd_str user_id, kd_str token, int64_t now_ms, kd_err *err);
enum { KD_USER_TOKEN = 72 /* with the NUL */ };
void      kd_user_token_make(char out[KD_USER_TOKEN], const kd_keys *keys, kd_str user_id, int64_t expiry_s); /* as a shop would: the storefront of the demo */
void      kd_user_token_secret(char out[65], const kd_keys *keys);
#endif
