/* api/web.h -- the pages: files that web/build.mjs bundled and meson embedded. What is not in the table does not exist, so
 * no path leads anywhere else. Threads: the handler's. */
#ifndef KD_API_WEB_H
#define KD_API_WEB_H
#include "api/http.h"

typedef struct kd_web_file {
    const char          *path;       /* "/index.html", "/assets/kunde-ABC.js" */
    const char          *type;
    const char          *hash;       /* of the content */
    const unsigned char *gzip;
    size_t               gzip_len, len;
} kd_web_file;
extern const kd_web_file kd_web_files[]; /* sorted by path; empty in a build with -Dweb=false */
extern const size_t      kd_web_files_count;

/* Answers with an embedded file: hashed names for ever, pages with their policy and looked up again each time. Clients that
 * take no gzip get it unpacked. 404 when there is no such file. */
void kd_web_send(kd_request *request, const char *path);
#endif
