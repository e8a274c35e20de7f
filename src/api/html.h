/* api/html.h -- pages written on the server: a few calls that escape by where a text goes, so that no text can become markup.
 *
 * Markup of our own is a literal (kd_html); whatever comes from outside goes through one of the other three. There is no
 * template and nothing is parsed. Threads: the handler's. */
#ifndef KD_API_HTML_H
#define KD_API_HTML_H
#include "base/string.h"

void kd_html(kd_buf *out, const char *markup);                        /* our own, as it is */
void kd_html_text(kd_buf *out, kd_str text);                          /* between tags */
void kd_html_attr(kd_buf *out, const char *name, kd_str value);       /*  name="value", with the blank before it */
/* href or src: only https, http and paths of this server pass; for anything else ("javascript:", "//host") the attribute is left out. */
void kd_html_link(kd_buf *out, const char *name, kd_str url);
#endif
