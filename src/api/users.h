/* api/users.h -- the people who work with Kunde: their roles, their ways in, their sessions.
 *
 * A user is a record of nobody, kind "user", sealed as a whole with the house key: name, e-mail, role, language, the Argon2id
 * hash of the password, the secret of the second factor, hashes of recovery codes and of an invitation. All are in memory too
 * (at most KD_USERS_MAX), so that every request sees the role as it is now. The first owner is always there: theirs is the
 * login link that a server prints, so whoever has the shell has the house; they cannot be deleted, disabled or given another
 * role. Sessions and login links live in memory and end with the process.
 * Threads: all calls from any. kd_users_login and the setters of passwords hash for some 100 ms, one at a time. */
#ifndef KD_API_USERS_H
#define KD_API_USERS_H
#include "api/roles.h"
#include "base/clock.h"
#include "customer/seal.h"
#include "store/store.h"

typedef struct kd_users kd_users;
enum { KD_USERS_MAX = 256, KD_SESSION = 65 /* with the NUL; tokens of links and invitations too */, KD_SESSION_S = 12 * 3600, KD_RECOVERY_CODES = 10, KD_RECOVERY_CODE = 12 };

/* Loads the users; makes the first owner when there is none (and takes over the password that an older database keeps for
 * "the admin"), and the login link that `kunde demo` printed. */
kd_status kd_users_open(kd_users **out, kd_store *store, kd_reader *reader, const kd_vault *vault, kd_clock clock, kd_err *err);
void      kd_users_close(kd_users *users);

/* ---- ways in ---- */
/* A link's token works once, for 15 minutes, as the first owner. `keep`: for the process that opens the store next. */
kd_status kd_users_link_new(char token[KD_SESSION], kd_users *users, bool keep, kd_err *err);
kd_status kd_users_login_by_link(char session[KD_SESSION], kd_id *who, kd_users *users, kd_str token, kd_err *err);
typedef struct kd_login { kd_str user; /* e-mail or id; empty: the first owner */ kd_str password, code; kd_str address; /* where from; empty: not known */ } kd_login;
/* *who is set as soon as the user is known, also where the login fails. KD_UNAUTHORIZED with field "/code": the password was
 * right, the second factor is missing or wrong; with "/password": user or password wrong, not said which. KD_BUSY: five
 * failures a minute of one user from one address, 20 of one address, or 60 an hour of one user. */
kd_status kd_users_login(char session[KD_SESSION], kd_id *who, kd_users *users, const kd_login *login, kd_err *err);
/* The password that an invitation's token (once, 7 days) lets its user set; then they are logged in. */
kd_status kd_users_accept(char session[KD_SESSION], kd_id *who, kd_users *users, kd_str token, kd_str password, kd_err *err);

typedef struct kd_session {
    kd_id        user;
    kd_user_role role;
    bool         by_link;           /* came by the link or an invitation: may set a password without the old one */
    bool         needs_two_factor;  /* the role asks for it and the user has none: nothing but enrolling is allowed */
} kd_session;
bool kd_users_session(kd_session *out, kd_users *users, kd_str session); /* false: none, expired, or the user is disabled or gone */
void kd_users_session_end(kd_users *users, kd_str session);

/* ---- oneself ---- */
bool      kd_users_has_password(kd_users *users, kd_id user);
/* At least 10 characters; all sessions of this user end. `current` is asked for where `check`: KD_UNAUTHORIZED. */
kd_status kd_users_set_password(kd_users *users, kd_id user, kd_str password, kd_str current, bool check, kd_err *err);
/* A new secret that counts only once a code of it came. KD_CONFLICT: there is one in force. */
kd_status kd_users_totp_begin(uint8_t secret[20], kd_users *users, kd_id user, kd_err *err);
/* codes: KD_RECOVERY_CODES texts, told once. KD_UNAUTHORIZED "/code". */
kd_status kd_users_totp_confirm(char codes[KD_RECOVERY_CODES][KD_RECOVERY_CODE], kd_users *users, kd_id user, kd_str code, kd_err *err);
kd_status kd_users_totp_end(kd_users *users, kd_id user, kd_str code, bool check, kd_err *err); /* `check`: a code (or recovery code) is asked for */

/* ---- managing ---- */
typedef struct kd_user_change { /* what is empty, KD_USER_NOBODY or NULL stays as it is */
    kd_str       name, email, language;
    kd_user_role role;
    const bool  *disabled;
} kd_user_change;
/* With an invitation's token. KD_CONFLICT: the e-mail is taken. KD_LIMIT. KD_INVALID names the field. */
kd_status kd_users_create(char token[KD_SESSION], kd_id *id, kd_users *users, const kd_user_change *what, kd_err *err);
/* At once, for sessions that are open too. KD_NOT_FOUND; KD_CONFLICT where it would change the first owner's role or disable them. */
kd_status kd_users_change(kd_users *users, kd_id id, const kd_user_change *what, kd_err *err);
kd_status kd_users_delete(kd_users *users, kd_id id, kd_err *err);
kd_status kd_users_invite(char token[KD_SESSION], kd_users *users, kd_id id, kd_err *err); /* a new one: the old invitation ends, the password stays */
void      kd_users_write(kd_jw *w, kd_users *users);             /* an array of all */
bool      kd_users_write_one(kd_jw *w, kd_users *users, kd_id id); /* false, and nothing written: not found */
kd_id     kd_users_first(void);                                   /* the first owner's id */
/* Roles whose users must have a second factor, as bits 1 << role. */
uint32_t  kd_users_two_factor_roles(kd_users *users);
kd_status kd_users_set_two_factor_roles(kd_users *users, uint32_t roles, kd_err *err);
#endif
