/* event/fields.h -- the members of a JSON object that we know, found in one pass.
 *
 * An event is read by its fields; asking for each by name would walk the object once a name. Private to event/. */
#ifndef KD_EVENT_FIELDS_H
#define KD_EVENT_FIELDS_H
#include "base/json.h"

#define KD_FIELD(literal) { "" literal, sizeof(literal) - 1 } /* KD_STR as a constant initializer */

/* found[i] gets the member called names[i]; what is not there stays as it was, so that a second call lays one object over
 * another. A null is absence (found[i] becomes NULL), and of equal keys the last counts. `object` may be NULL or no object. */
void kd_fields_pick(const kd_json **found, const kd_str *names, size_t count, const kd_json *object);
#endif
