#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include "catalog/feed_row.h"

/* RSS 2.0 (<item>) and Atom (<entry>) with Google's g: names; also any other root with such elements. Prefixes are read as
 * they stand, so that a file that forgot to declare "g" is still read. Each finished item suspends the parser: memory is one
 * item and one buffer. Entities must not be declared: that is how a small file becomes a large one. */

enum { CHUNK = 64 * 1024, DEPTH_MAX = 64, NAME_BYTES = 128, RAW_BYTES = 4096 };

struct kd_feed_xml {
    const kd_feed_options *options;
    XML_Parser   parser;
    kd_input    *in;
    uint64_t     lines_before, fed;
    bool         suspended, last;
    int          depth, item_depth; /* item_depth 0: outside of items */
    char         name[NAME_BYTES];  /* of the element of the item being read */
    bool         nested;            /* it has elements inside */
    kd_buf       text;
    size_t       item_bytes;
    bool         too_long, ready;
    kd_feed_row *row;               /* during a call of next */
    kd_arena    *arena;
    kd_err       failure;           /* what a handler found */
    char         raw[RAW_BYTES];
};

static void fail(kd_feed_xml *xml, kd_status status, const char *why)
{
    if (xml->failure.status == KD_OK)
        kd_fail(&xml->failure, status, "the XML is refused at line %llu: %s",
                (unsigned long long)(XML_GetCurrentLineNumber(xml->parser) + xml->lines_before), why);
    XML_StopParser(xml->parser, XML_FALSE);
}

static kd_str field_of(kd_feed_xml *xml, kd_str column)
{
    const kd_str bare = kd_str_starts(column, "g:") ? (kd_str){ column.ptr + 2, column.len - 2 } : column;
    for (size_t m = 0; m < xml->options->map_count; m++) {
        const kd_str wanted = kd_str_z(xml->options->map[m].column);
        if (kd_str_eq(wanted, column) || kd_str_eq(wanted, bare))
            return kd_str_copy(xml->arena, kd_str_z(xml->options->map[m].field));
    }
    return kd_feed_field(column, xml->options->what, KD_STYLE_XML, xml->arena);
}

static void add_cell(kd_feed_xml *xml, kd_str column, kd_str value)
{
    const kd_str name = kd_str_copy(xml->arena, column), field = field_of(xml, column);
    if (!name.ptr || !field.ptr || !kd_feed_row_add(xml->row, field, name, value, xml->arena))
        fail(xml, KD_LIMIT, "an item needs more memory than there is");
}

/* "http://base.google.com/ns/1.0" is bound to "g" by custom; other prefixes say nothing and are dropped. */
static kd_str local_name(const char *qualified)
{
    const char *colon = strchr(qualified, ':');
    return colon && strncmp(qualified, "g:", 2) != 0 ? kd_str_z(colon + 1) : kd_str_z(qualified);
}

static void XMLCALL on_start(void *self, const char *qualified, const char **attributes)
{
    kd_feed_xml *xml = self;
    const kd_str name = local_name(qualified);
    if (++xml->depth > DEPTH_MAX) {
        fail(xml, KD_IO, "elements are nested deeper than 64");
        return;
    }
    if (xml->item_depth == 0) {
        if (kd_str_is(name, "item") || kd_str_is(name, "entry")) {
            xml->item_depth = xml->depth;
            xml->item_bytes = 0;
            xml->too_long = false;
            *xml->row = (kd_feed_row){ .line = XML_GetCurrentLineNumber(xml->parser) + xml->lines_before };
        }
        return;
    }
    if (xml->depth > xml->item_depth + 1) {
        xml->nested = true;
        return;
    }
    snprintf(xml->name, sizeof xml->name, "%.*s", (int)(name.len < NAME_BYTES ? name.len : NAME_BYTES - 1), name.ptr);
    xml->nested = false;
    xml->text.len = 0;
    if (!kd_str_is(name, "link")) /* Atom: <link href="..."/> */
        return;
    const char *href = NULL, *rel = "alternate";
    for (size_t i = 0; attributes[i]; i += 2) {
        if (strcmp(attributes[i], "href") == 0)
            href = attributes[i + 1];
        if (strcmp(attributes[i], "rel") == 0)
            rel = attributes[i + 1];
    }
    if (href && strcmp(rel, "alternate") == 0)
        add_cell(xml, name, kd_str_z(href));
}

static void XMLCALL on_text(void *self, const char *text, int len)
{
    kd_feed_xml *xml = self;
    if (xml->item_depth == 0 || xml->depth <= xml->item_depth)
        return;
    xml->item_bytes += (size_t)len;
    xml->too_long = xml->too_long || xml->item_bytes > xml->options->record_bytes_max;
    if (!xml->too_long)
        kd_buf_add(&xml->text, text, (size_t)len);
}

/* In an Atom entry <id> is an address and <g:id> the product: what Google's name says counts. */
static void prefer_google(kd_feed_row *row)
{
    size_t kept = 0;
    for (size_t i = 0; i < row->count; i++) {
        bool other = false;
        for (size_t k = 0; k < row->count && !other && !kd_str_starts(row->cells[i].column, "g:"); k++)
            other = k != i && kd_str_starts(row->cells[k].column, "g:") && kd_str_eq(row->cells[k].field, row->cells[i].field);
        if (!other)
            row->cells[kept++] = row->cells[i];
    }
    row->count = kept;
}

static void XMLCALL on_end(void *self, const char *qualified)
{
    kd_feed_xml *xml = self;
    (void)qualified;
    if (xml->item_depth != 0 && xml->depth == xml->item_depth + 1 && !xml->too_long) {
        const kd_str name = kd_str_z(xml->name);
        if (xml->text.failed)
            fail(xml, KD_LIMIT, "an item needs more memory than there is");
        else if (!(xml->nested && kd_str_starts(name, "g:"))) /* g:shipping and its like; text in unescaped HTML is kept */
            add_cell(xml, name, kd_buf_str(&xml->text));
    }
    if (xml->item_depth == xml->depth) {
        xml->item_depth = 0;
        xml->ready = true;
        prefer_google(xml->row);
        XML_StopParser(xml->parser, XML_TRUE);
    }
    xml->depth--;
}

static void XMLCALL on_entity(void *self, const char *name, int parameter, const char *value, int len, const char *base,
                              const char *system,
                              const char *public_id, const char *notation)
{
    (void)name, (void)parameter, (void)value, (void)len, (void)base, (void)system, (void)public_id, (void)notation;
    fail(self, KD_IO, "it declares entities, which a product feed does not need");
}

kd_status kd_feed_xml_open(kd_feed_xml **out, kd_input *in, uint64_t lines_before, const kd_feed_options *options, kd_err *err)
{
    kd_feed_xml *xml = calloc(1, sizeof *xml);
    if (!xml)
        return kd_fail_memory(err);
    xml->options = options;
    xml->in = in;
    xml->lines_before = lines_before;
    kd_buf_init(&xml->text, NULL);
    xml->parser = XML_ParserCreate(NULL);
    if (!xml->parser || XML_Parse(xml->parser, "<", 1, 0) != XML_STATUS_OK) { /* the byte by which the file was known */
        kd_feed_xml_close(xml);
        return kd_fail_memory(err);
    }
    xml->fed = 1;
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_start, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetEntityDeclHandler(xml->parser, on_entity);
    *out = xml;
    return KD_OK;
}

void kd_feed_xml_close(kd_feed_xml *xml)
{
    if (!xml)
        return;
    if (xml->parser)
        XML_ParserFree(xml->parser);
    kd_buf_free(&xml->text);
    free(xml);
}

static kd_status broken(kd_feed_xml *xml, kd_err *err)
{
    if (xml->failure.status != KD_OK) {
        if (err)
            *err = xml->failure;
        return xml->failure.status;
    }
    return kd_fail(err, KD_IO, "the XML is broken at line %llu: %s",
                   (unsigned long long)(XML_GetCurrentLineNumber(xml->parser) + xml->lines_before),
                       XML_ErrorString(XML_GetErrorCode(xml->parser)));
}

/* One buffer more into the parser. */
static kd_status feed_some(kd_feed_xml *xml, enum XML_Status *parsed, kd_err *err)
{
    size_t len = 0;
    void  *buffer = XML_GetBuffer(xml->parser, CHUNK);
    if (!buffer)
        return kd_fail_memory(err);
    const kd_status status = kd_input_read(xml->in, buffer, CHUNK, &len, err);
    if (status != KD_OK)
        return status == KD_INVALID ? KD_IO : status;
    xml->last = len == 0;
    xml->fed += len;
    *parsed = XML_ParseBuffer(xml->parser, (int)len, xml->last);
    const XML_Index at = XML_GetCurrentByteIndex(xml->parser);
    if (*parsed == XML_STATUS_OK && at >= 0 && xml->fed - (uint64_t)at > xml->options->record_bytes_max + 4 * CHUNK)
        return kd_fail(err, KD_IO, "the XML is refused at line %llu: a tag or comment is longer than %zu bytes",
                       (unsigned long long)(XML_GetCurrentLineNumber(xml->parser) + xml->lines_before),
                           xml->options->record_bytes_max);
    return KD_OK;
}

/* "id=4711; title=Boot; ...": what can be shown of a bad item. */
static kd_str summary(kd_feed_xml *xml)
{
    size_t len = 0;
    for (size_t i = 0; i < xml->row->count && len + 1 < RAW_BYTES; i++) {
        const kd_cell *cell = &xml->row->cells[i];
        len += (size_t)snprintf(xml->raw + len, RAW_BYTES - len, "%s%.*s=%.*s", i ? "; " : "", (int)cell->column.len,
                                cell->column.ptr,
                                (int)(cell->value.len < RAW_BYTES ? cell->value.len : RAW_BYTES), cell->value.ptr);
    }
    return (kd_str){ xml->raw, len < RAW_BYTES ? len : RAW_BYTES - 1 };
}

kd_status kd_feed_xml_next(kd_feed_row *row, kd_feed_xml *xml, kd_arena *arena, kd_str *raw, kd_err *err)
{
    xml->row = row;
    xml->arena = arena;
    xml->ready = false;
    *row = (kd_feed_row){ 0 };
    while (!xml->ready) {
        enum XML_Status parsed = XML_STATUS_OK;
        kd_status       status = KD_OK;
        if (xml->suspended) {
            parsed = XML_ResumeParser(xml->parser);
        } else {
            if (xml->last)
                return KD_NOT_FOUND;
            status = feed_some(xml, &parsed, err);
        }
        xml->suspended = parsed == XML_STATUS_SUSPENDED;
        if (status != KD_OK)
            return status;
        if (parsed == XML_STATUS_ERROR || xml->failure.status != KD_OK)
            return broken(xml, err);
    }
    *raw = summary(xml);
    return xml->too_long ? kd_fail(err, KD_INVALID, "the item is longer than %zu bytes", xml->options->record_bytes_max) : KD_OK;
}
