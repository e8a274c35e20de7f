#include "api/html.h"

void kd_html(kd_buf *out, const char *markup) { kd_buf_add_z(out, markup); }

/* The five characters that mean something in text or in a quoted attribute; what is no UTF-8 becomes U+FFFD, other control
 * characters a blank. */
static void escape(kd_buf *out, kd_str text)
{
    while (text.len > 0) {
        const unsigned char c = (unsigned char)text.ptr[0];
        size_t              step = kd_utf8_step(text);
        switch (c) {
        case '&': kd_buf_add_z(out, "&amp;"); break;
        case '<': kd_buf_add_z(out, "&lt;"); break;
        case '>': kd_buf_add_z(out, "&gt;"); break;
        case '"': kd_buf_add_z(out, "&quot;"); break;
        case '\'': kd_buf_add_z(out, "&#39;"); break;
        default:
            if (step == 0) {
                kd_buf_add_z(out, "\xEF\xBF\xBD");
                step = 1;
            } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
                kd_buf_add_byte(out, ' ');
            } else {
                kd_buf_add(out, text.ptr, step);
            }
        }
        text.ptr += step;
        text.len -= step;
    }
}

void kd_html_text(kd_buf *out, kd_str text) { escape(out, text); }

void kd_html_attr(kd_buf *out, const char *name, kd_str value)
{
    kd_buf_add_byte(out, ' ');
    kd_buf_add_z(out, name);
    kd_buf_add_z(out, "=\"");
    escape(out, value);
    kd_buf_add_byte(out, '"');
}

static bool leads_somewhere_plain(kd_str url)
{
    const bool own = url.len > 0 && url.ptr[0] == '/' && (url.len == 1 || (url.ptr[1] != '/' && url.ptr[1] != '\\'));
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f || (own && url.ptr[i] == '\\'))
            return false;
    return own || kd_str_starts(url, "https://") || kd_str_starts(url, "http://");
}

void kd_html_link(kd_buf *out, const char *name, kd_str url)
{
    if (leads_somewhere_plain(url))
        kd_html_attr(out, name, url);
}
