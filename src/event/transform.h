/* event/transform.h -- what a sender calls things, into what Kunde calls them, before an event or a row is read.
 *
 * A transform is a list of steps, an array of JSON objects with "do":
 *   {"do":"rename","from":PATH,"to":PATH}          move a value; where `to` is taken already, it stays
 *   {"do":"map","field":PATH,"values":{"old":new,...},"otherwise":V}   exact values; without "otherwise" others stay as they are
 *   {"do":"compute","field":PATH,"expression":E}   null takes the field away
 *   {"do":"default","field":PATH,"value":V}        where it is absent, null or an empty text
 *   {"do":"drop","field":PATH}
 *   {"do":"drop-event"}                            with "when": the whole event or row is left out
 * and, on any step, "when":E: the step is taken only where E is true. A PATH is dotted ("properties.price"), or a JSON pointer
 * when it begins with "/" (names with dots); what lies on the way is made. Of a CSV row the members are its columns, as text.
 *
 * An expression E knows null, true, false, numbers (six decimals, exact, never a double), texts in quotes, PATHs, parentheses,
 *   or and not, == != < <= > >=, + - * /, & (texts joined), and the functions
 *   coalesce(a,...) concat(a,...) if(c,a,b) lower(t) upper(t) trim(t) text(x) number(t) number(t,",") round(x,decimals) length(t)
 *   part(t,separator,n) replace(t,what,by) starts(t,with) contains(t,what) date(t,"dd.mm.yyyy HH:MM") date(t,FORM,"+01:00") field("PATH")
 * A null operand of arithmetic gives null; a text that is no number, a division by 0, a sum that leaves the range is an error:
 * the event or row is refused, and goes to quarantine, with the step named. Comparisons with null are false, but for == and !=.
 *
 * Pure: JSON in, JSON out, memory from the arena. A transform is immutable and may be shared freely. Steps that change nothing
 * leave the bytes alone: the same node comes out. */
#ifndef KD_EVENT_TRANSFORM_H
#define KD_EVENT_TRANSFORM_H
#include "base/json.h"

enum {
    KD_TRANSFORM_STEPS_MAX = 64, KD_TRANSFORM_VALUES_MAX = 1000, KD_EXPRESSION_BYTES_MAX = 1000, KD_EXPRESSION_DEPTH_MAX = 32,
    KD_EXPRESSION_NODES_MAX = 256, KD_TRANSFORM_PATH_MAX = 8 /* names of a path */,
    KD_TRANSFORM_OUT_BYTES_MAX = 1 << 20 /* of one event or row afterwards */
};

typedef struct kd_transform kd_transform;

/* `steps`: a JSON array; NULL or null makes a transform of no steps. Copies what it keeps into `arena`. KD_INVALID or KD_LIMIT: err->field is
 * the JSON pointer of the member at fault below `at` ("/transform" -> "/transform/2/expression"), err->pos the offset in an expression. */
kd_status kd_transform_parse(kd_transform **out, const kd_json *steps, const char *at, kd_arena *arena, kd_err *err);
size_t    kd_transform_step_count(const kd_transform *transform); /* 0 for NULL */
uint64_t  kd_transform_hash(const kd_transform *transform);       /* of what it does; 0 for NULL and no steps */

/* `item` after all steps: `item` itself when nothing changed, else a new tree with texts of its own, in `arena`. *dropped: a
 * drop-event step applied, and *out is NULL. KD_INVALID: an expression failed (err->field names the step, "/transform/2");
 * KD_LIMIT: it has grown too long. What is no object passes. */
kd_status kd_transform_apply(const kd_json **out, bool *dropped, const kd_transform *transform, const kd_json *item, kd_arena *arena, kd_err *err);

/* One expression on its own: for tests and for those who only ask. `*out` is JSON: null, true, 12.5, "text". */
typedef struct kd_expression kd_expression;
kd_status kd_expression_parse(kd_expression **out, kd_str text, kd_arena *arena, kd_err *err); /* KD_INVALID, KD_LIMIT with err->pos */
kd_status kd_expression_value(kd_str *out, const kd_expression *expression, const kd_json *item, kd_arena *arena, kd_err *err);
#endif
