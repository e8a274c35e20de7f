#include "api/routes.h"

#include "api/handlers.h"
#include "api/openapi.h"

/* One description for a call and its short name. */
#define COLLECT(name, text, schema)                                                                                                            \
    static const kd_operation name = { .tag = "collect", .summary = text, .security = KD_WRITE_KEY, .body = schema, .answer = "CollectAnswer", \
                                       .errors = "401,413,429,503",                                                                           \
                                       .description = "Any Content-Type; gzip and zstd are understood. With a write key alone user ids are claimed, not proven: the "  \
                                                      "header Kunde-User-Token or a server key proves them. Answered when durable." }
COLLECT(batch_call, "Send many events", "Batch");
COLLECT(track_call, "Tell what a customer did", "Event");
COLLECT(identify_call, "Tell who a customer is", "Event");
COLLECT(page_call, "Tell which page was seen", "Event");
COLLECT(screen_call, "Tell which screen of an app was seen", "Event");
COLLECT(group_call, "Tell which group a customer belongs to", "Event");
COLLECT(alias_call, "Tell that two ids are one customer", "Event");

#define ROUTE(method, path, handler, name, flags, ...) { method, path, handler, name, flags, &(const kd_operation){ __VA_ARGS__ } }
#define CALL(path, name, operation) { KD_POST, path, kd_collect, name, KD_ROUTE_CORS | KD_ROUTE_SEGMENT, &operation }
#define ADMIN .tag = "admin", .security = KD_ADMIN_KEY

#define PAGE(path, handler, name) { KD_GET, path, handler, name, 0, NULL } /* for people: not in /openapi.json */

/* The busiest first: the first match wins, and the search is in this order. */
static const kd_route routes[] = {
    ROUTE(KD_POST, "/v1/decide", kd_api_decide, "decide", KD_ROUTE_CORS, .tag = "decide", .summary = "Decide what a person sees at one or more placements",
          .description = "With a write key only the anonymous id is answered personally; a user id needs a user token, an e-mail or card a server key.",
          .security = KD_WRITE_KEY, .body = "DecideRequest", .answer = "DecideAnswer", .errors = "401,404,413,503"),
    CALL("/v1/batch", "batch", batch_call),
    CALL("/v1/track", "track", track_call),
    ROUTE(KD_POST, "/v1/recommend", kd_api_recommend, "recommend", KD_ROUTE_CORS, .tag = "decide", .summary = "Recommend products by a recipe or a placement",
          .security = KD_WRITE_KEY, .body = "RecommendRequest", .answer = "RecommendAnswer", .errors = "401,404,413,503"),
    CALL("/v1/identify", "identify", identify_call),
    CALL("/v1/page", "page", page_call),
    CALL("/v1/screen", "screen", screen_call),
    CALL("/v1/group", "group", group_call),
    CALL("/v1/alias", "alias", alias_call),
    CALL("/v1/b", "batch", batch_call),
    CALL("/v1/t", "track", track_call),
    CALL("/v1/i", "identify", identify_call),
    CALL("/v1/p", "page", page_call),
    CALL("/v1/s", "screen", screen_call),
    CALL("/v1/g", "group", group_call),
    CALL("/v1/a", "alias", alias_call),
    ROUTE(KD_POST, "/v1/m", kd_collect_nothing, "sdk_metrics", KD_ROUTE_CORS | KD_ROUTE_SEGMENT, .tag = "collect", .summary = "An SDK's report about itself: taken and dropped",
          .security = KD_OPEN, .answer = "CollectAnswer", .errors = "413"),
    ROUTE(KD_GET, "/v1/projects/{}/settings", kd_collect_project_settings, "project_settings", KD_ROUTE_CORS, .tag = "collect", .summary = "Settings for Segment's browser SDK",
          .security = KD_OPEN, .path_names = "key", .answer = "ProjectSettings", .errors = "404"),
    ROUTE(KD_GET, "/sourceConfig", kd_collect_source_config, "source_config", KD_ROUTE_CORS, .tag = "collect", .summary = "Settings for RudderStack's browser SDK",
          .security = KD_WRITE_KEY, .query_names = "writeKey", .answer = "SourceConfig", .errors = "401"),

    ROUTE(KD_GET, "/healthz", kd_api_health, "healthz", 0, .tag = "operate", .summary = "Does the process live?", .answer = "Health"),
    ROUTE(KD_GET, "/readyz", kd_api_ready, "readyz", 0, .tag = "operate", .summary = "Are requests served?", .answer = "Health", .errors = "503"),
    ROUTE(KD_GET, "/metrics", kd_api_metrics, "metrics", 0, .tag = "operate", .summary = "Figures for Prometheus; no personal data", .answer = "Text",
          .media = "text/plain; version=0.0.4; charset=utf-8"),
    ROUTE(KD_GET, "/openapi.json", kd_api_openapi, "openapi", 0, .tag = "operate", .summary = "This document", .answer = "Anything"),
    ROUTE(KD_GET, "/demo/pictures/{}", kd_api_demo_picture, "demo_picture", 0, .tag = "operate", .summary = "The drawn picture of a product (ID.svg)", .path_names = "id",
          .answer = "Text", .media = "image/svg+xml", .errors = "404"),
    ROUTE(KD_GET, "/login", kd_api_login_link, "login_link", 0, .tag = "operate", .summary = "Log in by the link that the server prints", .query_names = "token", .code = 303, .errors = "401"),

    ROUTE(KD_GET, "/v1/admin/me", kd_admin_me, "admin_me", 0, ADMIN, .summary = "Who is asking, and of which server", .answer = "Me", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/profiles", kd_admin_people_recent, "admin_people_recent", 0, ADMIN, .summary = "Who was seen last", .query_names = "limit", .answer = "RecentPeople",
          .errors = "401,403"),
    ROUTE(KD_POST, "/v1/admin/search", kd_admin_search, "admin_search", 0, ADMIN, .summary = "People by an identity value, products by words; in the body, so that nothing personal stands in a URL",
          .body = "SearchRequest", .answer = "Found", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/events", kd_admin_events, "admin_events", 0, ADMIN, .summary = "What everybody did, newest first", .query_names = "limit,cursor", .answer = "Entries",
          .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/events/{}/{}", kd_admin_event, "admin_event", 0, ADMIN, .summary = "One event: what was sent, what it added to the profile, which decisions named its products",
          .path_names = "person,id", .answer = "EntryInFull", .errors = "401,403,404,410"),
    ROUTE(KD_GET, "/v1/admin/live", kd_admin_live, "admin_live", 0, ADMIN, .summary = "Events as they come in: a stream of server-sent events",
          .description = "\"entry\" for each event (schema Entry; rejected ones with \"raw\", what was sent, at most 8 KB) and \"tick\" every second "
                         "({\"perSecond\",\"dropped\"}). The id of an entry is its seq; the header Last-Event-ID goes on behind it as far as entries are kept (1,000). "
                         "At most 500 entries a second are shown; what is left out is counted as dropped.",
          .answer = "Text", .media = "text/event-stream", .errors = "401,403,429"),
    ROUTE(KD_GET, "/v1/admin/profiles/{}", kd_admin_profile, "admin_profile", 0, ADMIN, .summary = "What is known of one person", .path_names = "id", .answer = "Profile", .errors = "401,403,404"),
    ROUTE(KD_GET, "/v1/admin/profiles/{}/events", kd_admin_profile_events, "admin_profile_events", 0, ADMIN, .summary = "What one person did, newest first",
          .path_names = "id", .query_names = "limit,cursor", .answer = "ProfileEvents", .errors = "401,403,404"),
    ROUTE(KD_POST, "/v1/admin/profiles/find", kd_admin_profile_find, "admin_profile_find", 0, ADMIN, .summary = "The same by an id in the body, so that it stands in no URL",
          .body = "FindRequest", .answer = "Profile", .errors = "401,403,404"),
    ROUTE(KD_GET, "/v1/admin/decisions/{}", kd_admin_decision, "admin_decision", 0, ADMIN, .summary = "The receipt of a decision", .path_names = "id", .query_names = "person",
          .answer = "Receipt", .errors = "401,403,404"),
    ROUTE(KD_GET, "/v1/admin/state", kd_admin_state, "admin_state", 0, ADMIN, .summary = "The state of the engine in figures", .answer = "State", .errors = "401,403"),
    ROUTE(KD_POST, "/v1/admin/train", kd_admin_train, "admin_train", 0, ADMIN, .summary = "Train a model now and put it in force", .answer = "Anything", .errors = "401,403,404,409,429,503"),
    ROUTE(KD_POST, "/v1/admin/checkpoint", kd_admin_checkpoint, "admin_checkpoint", 0, ADMIN, .summary = "Write all profiles to the database now", .answer = "Success", .errors = "401,403,429,503"),
    ROUTE(KD_GET, "/v1/admin/pulse", kd_admin_pulse, "admin_pulse", 0, ADMIN, .summary = "The shop's pulse: events, people, orders and revenue by UTC day, today against what is usual, what happens now, sources",
          .description = "Counted in the background and by every event; complete is false while a database is counted for the first time.",
          .query_names = "from,to,source", .answer = "Pulse", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/sources", kd_admin_sources, "admin_sources", 0, ADMIN, .summary = "Who sends events: the last one, how many, how many were refused or known already", .answer = "Sources",
          .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/sources/{}", kd_admin_source, "admin_source", 0, ADMIN, .summary = "One source: its document, completeness and drift of the fields of its schema", .path_names = "id",
          .answer = "Source", .errors = "401,403,404"),
    ROUTE(KD_PUT, "/v1/admin/sources/{}", kd_admin_source_put, "admin_source_put", 0, ADMIN, .summary = "Make or change the document of a source: schema, purposes, freshness, transform",
          .path_names = "id", .body = "SourceDocument", .answer = "Source", .errors = "401,403,413"),
    ROUTE(KD_DELETE, "/v1/admin/sources/{}", kd_admin_source_delete, "admin_source_delete", 0, ADMIN, .summary = "Take the document of a source away; what it sent stays", .path_names = "id",
          .answer = "Success", .errors = "401,403,404"),
    ROUTE(KD_POST, "/v1/admin/sources/{}/dry-run", kd_admin_source_dry_run, "admin_source_dry_run", 0, ADMIN, .summary = "What a source's transform and schema do to a sample; nothing is stored",
          .path_names = "id", .body = "DryRunRequest", .answer = "DryRun", .errors = "401,403,413"),
    ROUTE(KD_GET, "/v1/admin/quarantine", kd_admin_quarantine, "admin_quarantine", 0, ADMIN, .summary = "Rows and events that were refused, with field and reason", .query_names = "source,limit,cursor",
          .answer = "Quarantine", .errors = "401,403"),
    ROUTE(KD_POST, "/v1/admin/quarantine/replay", kd_admin_quarantine_replay, "admin_quarantine_replay", 0, ADMIN, .summary = "Read refused rows again, after a transform was mended; at most 500 a call",
          .body = "ReplayRequest", .answer = "Replayed", .errors = "401,403,413,503"),
    ROUTE(KD_POST, "/v1/admin/quarantine/{}", kd_admin_quarantine_mend, "admin_quarantine_mend", 0, ADMIN, .summary = "Mend one refused row and read it again", .path_names = "id", .body = "MendRequest",
          .answer = "Mended", .errors = "401,403,404,413,503"),
    ROUTE(KD_DELETE, "/v1/admin/quarantine/{}", kd_admin_quarantine_drop, "admin_quarantine_drop", 0, ADMIN, .summary = "Forget one refused row", .path_names = "id", .answer = "Success", .errors = "401,403,404"),
    ROUTE(KD_GET, "/v1/admin/steps", kd_admin_steps, "admin_steps", 0, ADMIN, .summary = "Every step from a request or a file to the model in force, with run time and rows", .answer = "Steps", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/profiles/{}/lineage", kd_admin_lineage, "admin_lineage", 0, ADMIN, .summary = "From a field of a profile to the event that set it", .path_names = "id", .query_names = "field",
          .answer = "Lineage", .errors = "401,403,404"),
    ROUTE(KD_POST, "/v1/admin/backup", kd_admin_backup, "admin_backup", 0, ADMIN, .summary = "Back the database up, beside its file; a job that goes on by itself", .answer = "JobStarted", .code = 202,
          .errors = "401,403,409,429"),
    ROUTE(KD_POST, "/v1/admin/doctor", kd_admin_doctor, "admin_doctor", 0, ADMIN, .summary = "Examine the database and what belongs to it; a job that goes on by itself", .answer = "JobStarted", .code = 202,
          .errors = "401,403,409,429"),
    ROUTE(KD_GET, "/v1/admin/jobs", kd_admin_jobs, "admin_jobs", 0, ADMIN, .summary = "Jobs of this process, newest first", .answer = "Jobs", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/jobs/{}", kd_admin_job, "admin_job", 0, ADMIN, .summary = "One job: how far it is, and what came of it", .path_names = "id", .answer = "Job", .errors = "401,403,404"),
    ROUTE(KD_GET, "/v1/admin/placements", kd_admin_placements_list, "admin_placements", 0, ADMIN, .summary = "All placements", .answer = "Placements", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/placements/{}", kd_admin_placement, "admin_placement", 0, ADMIN, .summary = "One placement", .path_names = "id", .answer = "Placement", .errors = "401,403,404"),
    ROUTE(KD_PUT, "/v1/admin/placements/{}", kd_admin_placement_put, "admin_placement_put", 0, ADMIN, .summary = "Make or change a placement", .path_names = "id",
          .body = "PlacementDocument", .answer = "Placement", .errors = "401,403,413"),
    ROUTE(KD_DELETE, "/v1/admin/placements/{}", kd_admin_placement_delete, "admin_placement_delete", 0, ADMIN, .summary = "Take a placement out", .path_names = "id",
          .answer = "Success", .errors = "401,403,404"),
    ROUTE(KD_GET, "/v1/admin/products", kd_admin_products_list, "admin_products", 0, ADMIN, .summary = "Products, by pages", .query_names = "q,category,available,limit,cursor", .answer = "Products", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/categories", kd_admin_categories, "admin_categories", 0, ADMIN, .summary = "The categories of the products that are for sale, on every level", .answer = "Categories", .errors = "401,403"),
    ROUTE(KD_PUT, "/v1/admin/products", kd_admin_products_put, "admin_products_put", 0, ADMIN, .summary = "Make or change products", .body = "ProductDocuments", .answer = "Changes", .errors = "401,403,413"),
    ROUTE(KD_GET, "/v1/admin/products/{}", kd_admin_product, "admin_product", 0, ADMIN, .summary = "One product with variants, stock, prices and neighbours; by product id or sku",
          .path_names = "id", .answer = "Product", .errors = "401,403,404"),
    ROUTE(KD_DELETE, "/v1/admin/products/{}", kd_admin_product_delete, "admin_product_delete", 0, ADMIN, .summary = "Take a product out of sale", .path_names = "id", .answer = "Success", .errors = "401,403,404"),
    ROUTE(KD_GET, "/v1/admin/places", kd_admin_places_list, "admin_places", 0, ADMIN, .summary = "Places: stores, warehouses", .query_names = "limit,cursor", .answer = "Anything", .errors = "401,403"),
    ROUTE(KD_PUT, "/v1/admin/places", kd_admin_places_put, "admin_places_put", 0, ADMIN, .summary = "Make or change places", .body = "Documents", .answer = "Changes", .errors = "401,403,413"),
    ROUTE(KD_GET, "/v1/admin/content", kd_admin_content_list, "admin_content", 0, ADMIN, .summary = "Content: articles, guides, videos", .query_names = "limit,cursor", .answer = "Anything", .errors = "401,403"),
    ROUTE(KD_PUT, "/v1/admin/content", kd_admin_content_put, "admin_content_put", 0, ADMIN, .summary = "Make or change content", .body = "Documents", .answer = "Changes", .errors = "401,403,413"),
    ROUTE(KD_POST, "/v1/admin/stock", kd_admin_levels_put, "admin_stock", 0, ADMIN, .summary = "Set stock and prices of variants", .body = "Levels", .answer = "Changes", .errors = "401,403,413,503"),
    ROUTE(KD_GET, "/v1/admin/keys", kd_admin_keys_list, "admin_keys", 0, ADMIN, .summary = "All keys, without the texts of server keys", .answer = "Anything", .errors = "401,403"),
    ROUTE(KD_POST, "/v1/admin/keys", kd_admin_keys_create, "admin_key_create", 0, ADMIN, .summary = "Make a key; a server key's text is told here and never again",
          .body = "KeyRequest", .answer = "KeyMade", .code = 201, .errors = "401,403,413"),
    ROUTE(KD_DELETE, "/v1/admin/keys/{}", kd_admin_keys_revoke, "admin_key_revoke", 0, ADMIN, .summary = "Revoke a key at once", .path_names = "id", .answer = "Success", .errors = "401,403,404,409"),
    ROUTE(KD_POST, "/v1/admin/login", kd_admin_login, "admin_login", 0, .tag = "admin", .summary = "Log in by user, password and code", .body = "LoginRequest", .answer = "Success", .errors = "401,403,429,503",
          .description = "Without a user: the first owner. 401 names /password (user or password wrong) or /code (the second factor is missing or wrong)."),
    ROUTE(KD_POST, "/v1/admin/invitation", kd_admin_invitation, "admin_invitation", 0, .tag = "admin", .summary = "Take an invitation: set the password, and be logged in", .body = "InvitationRequest", .answer = "Success",
          .errors = "401,403,429,503"),
    ROUTE(KD_POST, "/v1/admin/logout", kd_admin_logout, "admin_logout", 0, .tag = "admin", .summary = "End the session", .code = 204, .errors = "403"),
    ROUTE(KD_POST, "/v1/admin/password", kd_admin_password, "admin_password", 0, ADMIN, .summary = "Set one's own password; all one's sessions end",
          .description = "The old one as current, unless the session came by the login link. With a server key: the first owner's.", .body = "PasswordRequest", .answer = "Success", .errors = "401,403,429,503"),
    ROUTE(KD_POST, "/v1/admin/me/totp", kd_admin_totp, "admin_totp", 0, ADMIN, .summary = "Set up one's second factor: a secret first, then a code of it", .body = "CodeRequest", .answer = "Anything", .errors = "401,403,409,429,503"),
    ROUTE(KD_DELETE, "/v1/admin/me/totp", kd_admin_totp_end, "admin_totp_end", 0, ADMIN, .summary = "End one's second factor, by a code of it", .body = "CodeRequest", .answer = "Success", .errors = "401,403,429,503"),
    ROUTE(KD_GET, "/v1/admin/users", kd_admin_users, "admin_users", 0, ADMIN, .summary = "All users", .answer = "Users", .errors = "401,403"),
    ROUTE(KD_POST, "/v1/admin/users", kd_admin_user_create, "admin_user_create", 0, ADMIN, .summary = "Invite somebody; the link is told here and works once, for seven days", .body = "UserRequest",
          .answer = "Invitation", .code = 201, .errors = "401,403,409,413,503"),
    ROUTE(KD_PUT, "/v1/admin/users/{}", kd_admin_user_change, "admin_user_change", 0, ADMIN, .summary = "Change a user's name, e-mail, role or language; disable them; take a lost second factor away", .path_names = "id",
          .body = "UserRequest", .answer = "User", .errors = "401,403,404,409,503"),
    ROUTE(KD_DELETE, "/v1/admin/users/{}", kd_admin_user_delete, "admin_user_delete", 0, ADMIN, .summary = "Delete a user at once", .path_names = "id", .answer = "Success", .errors = "401,403,404,409,503"),
    ROUTE(KD_POST, "/v1/admin/users/{}/invite", kd_admin_user_invite, "admin_user_invite", 0, ADMIN, .summary = "A new invitation, for whoever has lost the link or the password", .path_names = "id", .answer = "Invitation",
          .errors = "401,403,404,503"),
    ROUTE(KD_GET, "/v1/admin/security", kd_admin_security, "admin_security", 0, ADMIN, .summary = "Roles, what they may, and which of them need a second factor", .answer = "Security", .errors = "401,403"),
    ROUTE(KD_PUT, "/v1/admin/security", kd_admin_security_put, "admin_security_put", 0, ADMIN, .summary = "Say which roles need a second factor", .body = "SecurityRequest", .answer = "Security", .errors = "401,403,503"),
    ROUTE(KD_GET, "/v1/admin/audit", kd_admin_audit, "admin_audit", 0, ADMIN, .summary = "The audit log, newest first", .query_names = "cursor,limit,user,verb", .answer = "AuditEntries", .errors = "401,403"),

    ROUTE(KD_GET, "/v1/admin/trust", kd_admin_trust, "admin_trust", 0, ADMIN, .summary = "Trust in one answer: findings, sensitive products, the audit chain", .answer = "Anything", .errors = "401,403"),
    ROUTE(KD_GET, "/v1/admin/findings", kd_admin_findings, "admin_findings", 0, ADMIN, .summary = "What speaks of sensitive concepts: placements and sentences, with the sentences there are",
          .answer = "Findings", .errors = "401,403"),
    ROUTE(KD_POST, "/v1/admin/findings/preview", kd_admin_findings_preview, "admin_findings_preview", 0, ADMIN, .summary = "Would you print this on the banner? A text, or the reasons a product could give",
          .body = "PreviewRequest", .answer = "Findings", .errors = "401,403,404,413"),
    ROUTE(KD_GET, "/v1/admin/sensitive", kd_admin_sensitive, "admin_sensitive", 0, ADMIN, .summary = "Sensitive concepts and the products they mark", .answer = "Concepts", .errors = "401,403"),
    ROUTE(KD_PUT, "/v1/admin/sensitive", kd_admin_sensitive_put, "admin_sensitive_put", 0, ADMIN, .summary = "Make or change sensitive concepts; lists that are absent stay", .body = "ConceptDocuments",
          .answer = "Concepts", .errors = "401,403,413"),

    PAGE("/", kd_web_dashboard, "dashboard"),
    PAGE("/assets/{}", kd_web_asset, "asset"),
    PAGE("/kunde.js", kd_web_asset, "tag"),
    PAGE("/docs", kd_web_docs, "docs"),
    PAGE("/docs/{}", kd_web_docs, "docs"),
    PAGE("/shop", kd_shop_page, "shop"),
    PAGE("/shop/c/{}", kd_shop_page, "shop"),
    PAGE("/shop/c/{}/{}", kd_shop_page, "shop"),
    PAGE("/shop/p/{}", kd_shop_page, "shop"),
    PAGE("/shop/cart", kd_shop_page, "shop"),
    PAGE("/shop/checkout", kd_shop_page, "shop"),
    PAGE("/shop/account", kd_shop_page, "shop"),
    PAGE("/shop/search", kd_shop_page, "shop"),
    PAGE("/shop/people", kd_shop_page, "shop"),
    PAGE("/shop/api/start", kd_shop_start, "shop_start"),
    PAGE("/shop/api/products", kd_shop_products, "shop_products"),
    PAGE("/shop/api/products/{}", kd_shop_product, "shop_product"),
    PAGE("/shop/api/account", kd_shop_account, "shop_account"),
    PAGE("/shop/api/glass", kd_shop_glass, "shop_glass"),
    { KD_POST, "/shop/api/login", kd_shop_login, "shop_login", 0, NULL }, /* the storefront's own backend: docs/storefront.md */
    { KD_POST, "/shop/api/checkout", kd_shop_checkout, "shop_checkout", 0, NULL },
    PAGE("/live", kd_web_dashboard, "dashboard"),
    PAGE("/people", kd_web_dashboard, "dashboard"),
    PAGE("/people/{}", kd_web_dashboard, "dashboard"),
    PAGE("/trust", kd_web_dashboard, "dashboard"),
    PAGE("/trust/{}", kd_web_dashboard, "dashboard"),
    PAGE("/catalogue", kd_web_dashboard, "dashboard"),
    PAGE("/catalogue/{}", kd_web_dashboard, "dashboard"),
    PAGE("/recommendations", kd_web_dashboard, "dashboard"),
    PAGE("/sources", kd_web_dashboard, "dashboard"),
    PAGE("/sources/{}", kd_web_dashboard, "dashboard"),
    PAGE("/settings", kd_web_dashboard, "dashboard"),
    PAGE("/settings/{}", kd_web_dashboard, "dashboard"),
};

const kd_route *kd_api_routes(size_t *count)
{
    *count = sizeof routes / sizeof *routes;
    return routes;
}
