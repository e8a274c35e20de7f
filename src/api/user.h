/* api/user.h -- what a user, a ticket and the table of users are made of. Private to users.c (who they are, on disk and managed) and
 * door.c (how they come in). */
#ifndef KD_API_USER_H
#define KD_API_USER_H
#include <pthread.h>
#include <sodium.h>
#include "api/totp.h"
#include "api/tries.h"
#include "api/users.h"

enum { KD_USER_HASH = 32, KD_LINKS = 16, KD_SESSIONS = 1024, KD_USER_NAME_MAX = 100, KD_USER_EMAIL_MAX = 254, KD_USER_LANGUAGE_MAX = 8 };
#define KD_LINK_META "login_ticket" /* the link that `kunde demo` printed */

typedef struct kd_user {
    kd_id        id;
    char         name[KD_USER_NAME_MAX + 1], email[KD_USER_EMAIL_MAX + 1], language[KD_USER_LANGUAGE_MAX + 1];
    kd_user_role role;
    bool         disabled;
    int64_t      created_ms, seen_ms;             /* 0: never logged in */
    char         password[crypto_pwhash_STRBYTES];/* "" when none is set */
    bool         has_totp, has_pending;
    uint8_t      totp[KD_TOTP_SECRET], pending[KD_TOTP_SECRET];
    uint64_t     used_step;                       /* of the second factor: never again */
    uint8_t      recovery[KD_RECOVERY_CODES][KD_USER_HASH];
    uint32_t     recovery_count;
    uint8_t      invitation[KD_USER_HASH];
    int64_t      invited_until_ms;                /* 0: no invitation is open */
} kd_user;

typedef struct kd_ticket { /* a login link's token or a session, by hash: reading the memory gives none away */
    uint8_t hash[KD_USER_HASH];
    int64_t until_ms;
    kd_id   user;
    bool    by_link;
} kd_ticket;

struct kd_users {
    kd_store          *store;
    kd_clock           clock;
    const kd_data_key *house;
    uint8_t            hash_key[KD_USER_HASH];
    pthread_mutex_t    change_lock;       /* one change at a time; taken before `lock` */
    pthread_mutex_t    hash_lock;         /* one Argon2 at a time: each takes 64 MB; never together with the others */
    pthread_mutex_t    lock;              /* of all below */
    kd_user            table[KD_USERS_MAX];
    size_t             count;
    kd_ticket          links[KD_LINKS], sessions[KD_SESSIONS];
    uint32_t           two_factor_roles;
    kd_tries           tries;
    char               nobody[crypto_pwhash_STRBYTES]; /* what is hashed against where there is no user: it takes as long */
};

void      kd_users_hash(uint8_t out[KD_USER_HASH], const kd_users *users, kd_str text);
void      kd_users_token(char text[KD_SESSION], uint8_t hash[KD_USER_HASH], const kd_users *users); /* a new one, and its hash */
bool      kd_users_same_address(const char *a, kd_str b);
/* With the lock held. */
kd_user  *kd_users_find(kd_users *users, kd_id id); /* NULL: none */
void      kd_users_end_sessions(kd_users *users, kd_id id);
/* A copy is changed and saved, then takes the old one's place: begin takes the change lock where it gives KD_OK, end gives it back. A status that is
 * not KD_OK is passed through, and nothing changes. */
kd_status kd_users_begin(kd_user *out, kd_users *users, kd_id id, kd_err *err);
kd_status kd_users_end(kd_users *users, kd_user *changed, kd_status status, kd_err *err);
#endif
