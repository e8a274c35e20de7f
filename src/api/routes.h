/* api/routes.h -- the surface of the engine: every path, its handler and its description, in one table. */
#ifndef KD_API_ROUTES_H
#define KD_API_ROUTES_H
#include "api/http.h"

const kd_route *kd_api_routes(size_t *count);
#endif
