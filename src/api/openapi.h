/* api/openapi.h -- what /openapi.json says about a route, written beside the route itself (routes.c): one table, so that
 * nothing is served that is not described. */
#ifndef KD_API_OPENAPI_H
#define KD_API_OPENAPI_H
#include "api/http.h"

typedef enum kd_security { KD_OPEN, KD_WRITE_KEY, KD_ADMIN_KEY } kd_security; /* a write key may also be a server key */

typedef struct kd_operation {
    const char *tag, *summary;
    const char *description;   /* NULL: none */
    kd_security security;
    const char *path_names;    /* of the "{}" of the pattern, comma-separated */
    const char *query_names;   /* comma-separated, of those openapi.c describes */
    const char *body;          /* schema; NULL: none */
    const char *answer;        /* schema; NULL: none */
    const char *media;         /* of the answer; NULL: application/json */
    int         code;          /* of success; 0: 200 */
    const char *errors;        /* statuses besides 400, comma-separated: "401,404" */
} kd_operation;

typedef struct kd_schema { const char *name, *json; } kd_schema;
extern const kd_schema kd_schemas[];  /* openapi_schemas.c; ends with a NULL name */

void kd_openapi_write(kd_buf *out, const kd_route *routes, size_t count, const char *version);
#endif
