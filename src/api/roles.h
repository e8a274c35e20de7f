/* api/roles.h -- which role may do what: one table, and the one question that every handler asks of it.
 *
 * A person who logs in is a user with a role (api/users.h); a server key may what an owner may, except managing users; a
 * write key is public and may nothing of this. The role is read from the live user at every request, so that a change or a
 * disabling acts at once. docs/security.md holds the same table; tests/test_roles.py compares them.
 * Threads: the handler's. */
#ifndef KD_API_ROLES_H
#define KD_API_ROLES_H
#include "api/http.h"

typedef enum kd_user_role { KD_USER_NOBODY, KD_USER_OWNER, KD_USER_MARKETER, KD_USER_MERCHANDISER, KD_USER_ANALYST, KD_USER_PRIVACY_OFFICER, KD_USER_SUPPORT, KD_USER_ROLES } kd_user_role;

typedef enum kd_permission {
    KD_SEE,             /* figures, catalogue, placements: everybody who may log in */
    KD_SEE_PEOPLE,      /* persons and their events, with what identifies them masked */
    KD_SEE_PERSONAL,    /* names, e-mail, raw events in clear; who lacks it gets every answer masked (api/masking.h) */
    KD_EDIT_CATALOGUE,
    KD_EDIT_PLACEMENTS,
    KD_EDIT_SOURCES,
    KD_EDIT_PRIVACY,    /* purposes, fields, retention, sensitive concepts */
    KD_HANDLE_RIGHTS,   /* requests of persons: export, erase; consents on their behalf */
    KD_SEE_AUDIT,
    KD_MANAGE_USERS,
    KD_OPERATE,         /* keys, training, backups, settings, the state of the engine */
    KD_PERMISSIONS
} kd_permission;

const char  *kd_role_name(kd_user_role role);            /* "owner", "privacy-officer", ...; "nobody" */
kd_user_role kd_role_parse(kd_str name);                 /* KD_USER_NOBODY when unknown */
const char  *kd_permission_name(kd_permission permission); /* "see-personal", ... */
bool         kd_role_may(kd_user_role role, kd_permission permission);

/* False: the problem is answered already (401 without a key or session, 403 without the permission, naming it). True: go on;
 * request->caller says who it is, request->masked whether the answer passes the mask. The answer is not to be stored. */
bool kd_caller_require(kd_request *request, kd_permission permission);
bool kd_caller_may(const kd_request *request, kd_permission permission); /* after kd_caller_require: may this caller that, too? */

/* Writes an entry of the audit log (trust/audit.h) in the caller's name, durable when it returns true; false: it could not
 * be written and the problem is answered: do not do or show the thing. `verb`: "person.read", "user.change", ...; `object`:
 * an id of ours, empty for none; `detail`: a JSON object without personal values, empty for none. Reads of the same object by
 * the same caller within ten minutes are one entry: kd_audit_read. From the worker or an aside; after kd_caller_require. */
bool kd_audit(kd_request *request, const char *verb, kd_str object, kd_str detail);
bool kd_audit_read(kd_request *request, const char *verb, kd_str object);
/* The page of one person: writes "person.read" where the caller sees it in clear; nothing where it is masked. */
bool kd_audit_person(kd_request *request, kd_id person);
#endif
