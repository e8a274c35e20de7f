/* api/sources.h -- what the files about sources share: admin_sources.c, admin_source_documents.c, admin_quarantine.c. Private to api/. */
#ifndef KD_API_SOURCES_H
#define KD_API_SOURCES_H
#include "api/http.h"
#include "event/quarantine.h"
#include "event/source.h"
#include "insight/sources.h"

/* What reads an import or a replay for this request; `sources` and `policy` are retained by the caller meanwhile. */
static inline kd_importer kd_request_importer(const kd_request *request, kd_reader *reader, const kd_sources *sources, const kd_policy *policy)
{
    const kd_parts *p = request->parts;
    return (kd_importer){ p->store, reader, p->ingest, p->catalog, p->vault, p->clock, sources, policy };
}
#endif
