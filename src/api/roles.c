#include "api/roles.h"

#include "api/caller.h"
#include "trust/audit.h"

#define BIT(permission) (1u << (permission))
enum { EVERYTHING = (1 << KD_PERMISSIONS) - 1 };

static const struct { const char *name; uint32_t may; } roles[KD_USER_ROLES] = {
    [KD_USER_NOBODY] = { "nobody", 0 },
    [KD_USER_OWNER] = { "owner", EVERYTHING },
    [KD_USER_MARKETER] = { "marketer", BIT(KD_SEE) | BIT(KD_SEE_PEOPLE) | BIT(KD_EDIT_PLACEMENTS) },
    [KD_USER_MERCHANDISER] = { "merchandiser", BIT(KD_SEE) | BIT(KD_EDIT_CATALOGUE) | BIT(KD_EDIT_PLACEMENTS) },
    [KD_USER_ANALYST] = { "analyst", BIT(KD_SEE) | BIT(KD_SEE_PEOPLE) },
    [KD_USER_PRIVACY_OFFICER] = { "privacy-officer", BIT(KD_SEE) | BIT(KD_SEE_PEOPLE) | BIT(KD_SEE_PERSONAL) | BIT(KD_EDIT_PRIVACY) | BIT(KD_HANDLE_RIGHTS) | BIT(KD_SEE_AUDIT) },
    [KD_USER_SUPPORT] = { "support", BIT(KD_SEE) | BIT(KD_SEE_PEOPLE) | BIT(KD_SEE_PERSONAL) | BIT(KD_HANDLE_RIGHTS) },
};

static const char *const permissions[KD_PERMISSIONS] = {
    [KD_SEE] = "see", [KD_SEE_PEOPLE] = "see-people", [KD_SEE_PERSONAL] = "see-personal", [KD_EDIT_CATALOGUE] = "edit-catalogue",
    [KD_EDIT_PLACEMENTS] = "edit-placements", [KD_EDIT_SOURCES] = "edit-sources", [KD_EDIT_PRIVACY] = "edit-privacy",
    [KD_HANDLE_RIGHTS] = "handle-rights", [KD_SEE_AUDIT] = "see-audit", [KD_MANAGE_USERS] = "manage-users", [KD_OPERATE] = "operate",
};

const char *kd_role_name(kd_user_role role) { return roles[role < KD_USER_ROLES ? role : KD_USER_NOBODY].name; }

kd_user_role kd_role_parse(kd_str name)
{
    for (int i = KD_USER_OWNER; i < KD_USER_ROLES; i++)
        if (kd_str_is(name, roles[i].name))
            return (kd_user_role)i;
    return KD_USER_NOBODY;
}

const char *kd_permission_name(kd_permission permission) { return permissions[permission]; }

bool kd_role_may(kd_user_role role, kd_permission permission)
{
    return role < KD_USER_ROLES && (roles[role].may & BIT(permission)) != 0;
}

static bool may(const kd_caller *caller, kd_permission permission)
{
    if (caller->role == KD_ROLE_SERVER)
        return permission != KD_MANAGE_USERS;
    return caller->role == KD_ROLE_ADMIN && !caller->needs_two_factor && kd_role_may(caller->user_role, permission);
}

bool kd_caller_may(const kd_request *request, kd_permission permission)
{
    return request->caller && may(request->caller, permission);
}

static kd_status check_permission(const kd_caller *caller, kd_permission permission, kd_err *err)
{
    if (may(caller, permission))
        return KD_OK;
    if (caller->role == KD_ROLE_SERVER)
        return kd_fail(err, KD_DENIED, "a server key may not do this: it needs somebody who is logged in and may %s", permissions[permission]);
    if (caller->needs_two_factor)
        return kd_fail_field(err, KD_DENIED, "twoFactor", "this role needs a second factor: set one up under Settings, My account");
    return kd_fail(err, KD_DENIED, "the role %s may not do this: it needs the permission %s", kd_role_name(caller->user_role), permissions[permission]);
}

kd_status kd_session_check(const kd_caller *caller, kd_permission permission, kd_err *err)
{
    return caller->role == KD_ROLE_ADMIN ? check_permission(caller, permission, err) : KD_OK;
}

/* `permission` NULL: whoever it is. */
static bool require(kd_request *request, const kd_permission *permission)
{
    kd_caller *caller = KD_NEW(request->arena, kd_caller, 1);
    kd_err     err = { 0 };
    kd_status  status = caller ? kd_caller_of(caller, request, (kd_str){ 0 }, &err) : kd_fail_memory(&err);
    request->no_store = true;
    if (status == KD_OK && caller->role == KD_ROLE_WRITE)
        status = kd_fail(&err, KD_DENIED, "a write key is public; this needs a server key or somebody who is logged in");
    else if (status == KD_OK && permission)
        status = check_permission(caller, *permission, &err);
    if (status != KD_OK) {
        kd_reply_problem(request, status, &err);
        return false;
    }
    request->caller = caller;
    request->masked = !may(caller, KD_SEE_PERSONAL);
    return true;
}

bool kd_caller_require(kd_request *request, kd_permission permission) { return require(request, &permission); }
bool kd_caller_is_somebody(kd_request *request) { return require(request, NULL); }

/* ---- the audit log, in the caller's name ------------------------------------------------------------------------------------ */
static kd_actor actor_of(char id[KD_KEY_ID], const kd_request *request)
{
    const kd_caller *caller = request->caller;
    kd_actor         who = { .kind = "user", .id = caller->user, .role = kd_role_name(caller->user_role), .request = kd_str_z(request->request_id) };
    id[0] = '\0';
    if (caller->role == KD_ROLE_ADMIN)
        return who;
    who.kind = "key";
    who.role = NULL;
    who.id = kd_keys_id(id, request->parts->keys, kd_request_key(request)) ? kd_str_z(id) : (kd_str){ 0 };
    return who;
}

static bool is_written(kd_request *request, kd_status status, const kd_err *err)
{
    if (status != KD_OK)
        kd_reply_problem(request, status, err);
    return status == KD_OK;
}

bool kd_audit(kd_request *request, const char *verb, kd_str object, kd_str detail)
{
    char     id[KD_KEY_ID];
    kd_actor who = actor_of(id, request);
    kd_err   err = { 0 };
    return is_written(request, kd_audit_write(request->parts->audit, &who, verb, object, detail, &err), &err);
}

bool kd_audit_read(kd_request *request, const char *verb, kd_str object)
{
    char     id[KD_KEY_ID];
    kd_actor who = actor_of(id, request);
    kd_err   err = { 0 };
    return is_written(request, kd_audit_write_once(request->parts->audit, &who, verb, object, &err), &err);
}

bool kd_audit_person(kd_request *request, kd_id person)
{
    char text[KD_ID_TEXT];
    if (request->masked)
        return true;
    kd_id_format(text, person);
    return kd_audit_read(request, "person.read", kd_str_z(text));
}
