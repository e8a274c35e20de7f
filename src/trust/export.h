/* trust/export.h -- everything the house knows of a customer, as one file to take along: access (GDPR 15) and portability (20).
 *
 * A ZIP of JSON: README.txt in words, manifest.json with the SHA-256 of each file, person.json and orders.json in the terms of
 * schema.org, profile, identities, events as they were sent, consents with their history, stated preferences, segments,
 * decisions with their reasons, messages, texts (reviews, mails to the service), requests. It covers all persons of the
 * customer; nothing is masked, for it is theirs. What was emptied by retention is named with its time and kind only.
 * Memory: one page of events at a time. Threads: any, with its own reader. */
#ifndef KD_TRUST_EXPORT_H
#define KD_TRUST_EXPORT_H
#include "trust/request.h"

/* Write the file `path`, which must not exist (KD_CONFLICT), readable by its owner only; nothing is left of it on failure.
 * KD_NOT_FOUND: no such person. */
kd_status kd_export_zip(kd_rights *rights, kd_reader *reader, kd_id person, const char *path, kd_err *err);
#endif
