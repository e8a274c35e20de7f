/* Expressions of transforms: parsed by recursive descent into nodes, evaluated over one event or row. */
#include "event/expression.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/money.h"

enum { ARGS_MAX = 16, TEXT_BYTES_MAX = 64 * 1024, MICRO_DECIMALS = 6 };
static const int64_t MICRO = 1000000;
__extension__ typedef __int128 wide; /* of products of two numbers, before they are divided again */

typedef enum value_type { V_NULL, V_BOOL, V_NUMBER, V_TEXT, V_OTHER /* an array or object: passed on, never computed with */ } value_type;
typedef struct value { value_type type; bool truth; int64_t micro; kd_str text; } value;

typedef enum op {
    OP_CONSTANT, OP_FIELD, OP_OR, OP_AND, OP_NOT, OP_NEGATE, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE,
    OP_JOIN, OP_COALESCE, OP_CONCAT, OP_IF, OP_LOWER, OP_UPPER, OP_TRIM, OP_TEXT, OP_NUMBER, OP_ROUND, OP_LENGTH, OP_PART, OP_REPLACE, OP_STARTS,
    OP_CONTAINS, OP_DATE
} op;

typedef struct node {
    op           op;
    uint32_t     at;      /* where it stands in the text, for messages */
    value        constant;
    kd_path      path;
    struct node *args[ARGS_MAX];
    uint32_t     count;
} node;

struct kd_expression { node *root; };

/* ---- parsing --------------------------------------------------------------------------------------------------------------- */
typedef struct parser { kd_str text; size_t at; int depth; uint32_t nodes; kd_arena *arena; kd_err *err; kd_status status; } parser;

static node *parse_or(parser *p);

static node *fail(parser *p, kd_status status, const char *why)
{
    if (p->status == KD_OK)
        p->status = kd_fail_at(p->err, status, p->at, "at character %zu: %s", p->at + 1, why);
    return NULL;
}

static void skip_blanks(parser *p)
{
    while (p->at < p->text.len && (p->text.ptr[p->at] == ' ' || p->text.ptr[p->at] == '\t' || p->text.ptr[p->at] == '\n' || p->text.ptr[p->at] == '\r'))
        p->at++;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (unsigned char)c >= 0x80; }
static bool is_name(char c) { return is_name_start(c) || is_digit(c) || c == '-'; }

static bool take_sign(parser *p, const char *sign)
{
    const size_t len = strlen(sign);
    skip_blanks(p);
    if (p->text.len - p->at < len || memcmp(p->text.ptr + p->at, sign, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* A word of the language, not the beginning of a name. */
static bool take_word(parser *p, const char *word)
{
    const size_t len = strlen(word);
    skip_blanks(p);
    if (p->text.len - p->at < len || memcmp(p->text.ptr + p->at, word, len) != 0)
        return false;
    if (p->at + len < p->text.len && (is_name(p->text.ptr[p->at + len]) || p->text.ptr[p->at + len] == '.'))
        return false;
    p->at += len;
    return true;
}

static node *new_node(parser *p, op what, size_t at)
{
    node *n;
    if (p->status != KD_OK)
        return NULL;
    if (++p->nodes > KD_EXPRESSION_NODES_MAX)
        return fail(p, KD_LIMIT, "the expression has too many parts");
    if ((n = KD_NEW(p->arena, node, 1)) == NULL) {
        p->status = kd_fail_memory(p->err);
        return NULL;
    }
    n->op = what;
    n->at = (uint32_t)at;
    return n;
}

static node *join2(parser *p, op what, size_t at, node *a, node *b)
{
    node *n = a && b ? new_node(p, what, at) : NULL;
    if (n) {
        n->args[0] = a;
        n->args[1] = b;
        n->count = 2;
    }
    return n;
}

static node *parse_text(parser *p)
{
    const size_t from = p->at;
    const char   quote = p->text.ptr[p->at++];
    kd_buf       text;
    node        *n;
    kd_buf_init(&text, p->arena);
    for (; p->at < p->text.len && p->text.ptr[p->at] != quote; p->at++) {
        if (p->text.ptr[p->at] == '\\' && p->at + 1 < p->text.len)
            p->at++; /* the character behind it as it is */
        kd_buf_add_byte(&text, (uint8_t)p->text.ptr[p->at]);
    }
    if (p->at >= p->text.len) {
        p->at = from;
        return fail(p, KD_INVALID, "a text that begins here has no end");
    }
    p->at++;
    n = new_node(p, OP_CONSTANT, from);
    if (n)
        n->constant = (value){ .type = V_TEXT, .text = kd_buf_str(&text) };
    return n;
}

static node *parse_number(parser *p)
{
    const size_t from = p->at;
    node        *n;
    while (p->at < p->text.len && (is_digit(p->text.ptr[p->at]) || p->text.ptr[p->at] == '.'))
        p->at++;
    n = new_node(p, OP_CONSTANT, from);
    if (n && !kd_micro_parse(&n->constant.micro, (kd_str){ p->text.ptr + from, p->at - from }, false)) {
        p->at = from;
        return fail(p, KD_INVALID, "not a number of at most six decimals");
    }
    if (n)
        n->constant.type = V_NUMBER;
    return n;
}

static const struct { const char *name; op op; uint8_t least, most; } functions[] = {
    { "coalesce", OP_COALESCE, 1, ARGS_MAX }, { "concat", OP_CONCAT, 1, ARGS_MAX }, { "if", OP_IF, 3, 3 }, { "lower", OP_LOWER, 1, 1 },
    { "upper", OP_UPPER, 1, 1 }, { "trim", OP_TRIM, 1, 1 }, { "text", OP_TEXT, 1, 1 }, { "number", OP_NUMBER, 1, 2 }, { "round", OP_ROUND, 1, 2 },
    { "length", OP_LENGTH, 1, 1 }, { "part", OP_PART, 3, 3 }, { "replace", OP_REPLACE, 3, 3 }, { "starts", OP_STARTS, 2, 2 },
    { "contains", OP_CONTAINS, 2, 2 }, { "date", OP_DATE, 2, 3 }, { "field", OP_FIELD, 1, 1 },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static node *field_node(parser *p, kd_str path, size_t from)
{
    node  *n = new_node(p, OP_FIELD, from);
    kd_err why = { 0 };
    if (n && kd_path_parse(&n->path, path, p->arena, &why) != KD_OK) {
        p->at = from;
        return fail(p, why.status, why.msg);
    }
    return n;
}

static node *parse_call(parser *p, size_t which, size_t from)
{
    node *n = new_node(p, functions[which].op, from);
    while (n && !take_sign(p, ")")) {
        if (n->count > 0 && !take_sign(p, ","))
            return fail(p, KD_INVALID, "expected , or )");
        if (n->count == functions[which].most)
            return fail(p, KD_INVALID, "this function takes fewer arguments");
        if ((n->args[n->count++] = parse_or(p)) == NULL)
            return NULL;
    }
    if (n && n->count < functions[which].least)
        return fail(p, KD_INVALID, "this function takes more arguments");
    if (n && n->op == OP_FIELD) {
        if (n->args[0]->op != OP_CONSTANT || n->args[0]->constant.type != V_TEXT)
            return fail(p, KD_INVALID, "field() takes a path in quotes");
        return field_node(p, n->args[0]->constant.text, from);
    }
    return n;
}

/* A path, a word that stands for a value, or a function. */
static node *parse_name(parser *p)
{
    static const struct { const char *word; value value; } words[] = { { "true", { V_BOOL, true, 0, { 0 } } }, { "false", { V_BOOL, false, 0, { 0 } } }, { "null", { V_NULL, false, 0, { 0 } } } };
    const size_t from = p->at;
    kd_str       name;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (take_word(p, words[i].word)) {
            node *n = new_node(p, OP_CONSTANT, from);
            if (n)
                n->constant = words[i].value;
            return n;
        }
    while (p->at < p->text.len && (is_name(p->text.ptr[p->at]) || p->text.ptr[p->at] == '.'))
        p->at++;
    name = (kd_str){ p->text.ptr + from, p->at - from };
    if (take_sign(p, "(")) {
        for (size_t i = 0; i < FUNCTIONS; i++)
            if (kd_str_is(name, functions[i].name))
                return parse_call(p, i, from);
        p->at = from;
        return fail(p, KD_INVALID, "there is no function of this name");
    }
    return field_node(p, name, from);
}

static node *parse_primary(parser *p)
{
    node *n = NULL;
    char  c;
    skip_blanks(p);
    if (p->status != KD_OK)
        return NULL;
    if (p->at >= p->text.len)
        return fail(p, KD_INVALID, "a value is missing");
    if (++p->depth > KD_EXPRESSION_DEPTH_MAX)
        return fail(p, KD_LIMIT, "nested too deep");
    c = p->text.ptr[p->at];
    if (c == '(') {
        p->at++;
        n = parse_or(p);
        if (n && !take_sign(p, ")"))
            n = fail(p, KD_INVALID, "a ) is missing");
    } else if (c == '-') {
        const size_t from = p->at++;
        node        *inner = parse_primary(p);
        if (inner && (n = new_node(p, OP_NEGATE, from)) != NULL) {
            n->args[0] = inner;
            n->count = 1;
        }
    } else if (c == '"' || c == '\'') {
        n = parse_text(p);
    } else if (is_digit(c) || c == '.') {
        n = parse_number(p);
    } else if (is_name_start(c)) {
        n = parse_name(p);
    } else {
        n = fail(p, KD_INVALID, "a value, a path or a function is expected here");
    }
    p->depth--;
    return n;
}

static node *parse_product(parser *p)
{
    node *left = parse_primary(p);
    while (left) {
        const size_t at = p->at;
        if (take_sign(p, "*"))
            left = join2(p, OP_MULTIPLY, at, left, parse_primary(p));
        else if (take_sign(p, "/"))
            left = join2(p, OP_DIVIDE, at, left, parse_primary(p));
        else
            break;
    }
    return left;
}

static node *parse_sum(parser *p)
{
    node *left = parse_product(p);
    while (left) {
        const size_t at = p->at;
        if (take_sign(p, "+"))
            left = join2(p, OP_ADD, at, left, parse_product(p));
        else if (take_sign(p, "-"))
            left = join2(p, OP_SUBTRACT, at, left, parse_product(p));
        else if (take_sign(p, "&"))
            left = join2(p, OP_JOIN, at, left, parse_product(p));
        else
            break;
    }
    return left;
}

static node *parse_comparison(parser *p)
{
    static const struct { const char *sign; op op; } signs[] = { { "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE }, { "<", OP_LT }, { ">", OP_GT } };
    node *left = parse_sum(p);
    for (size_t i = 0; left && i < sizeof signs / sizeof *signs; i++) {
        const size_t at = p->at;
        if (take_sign(p, signs[i].sign))
            return join2(p, signs[i].op, at, left, parse_sum(p));
    }
    return left;
}

static node *parse_not(parser *p)
{
    size_t negations = 0, at;
    node  *inner;
    skip_blanks(p);
    for (at = p->at; take_word(p, "not"); negations++)
        ;
    inner = parse_comparison(p);
    if (inner && negations % 2 == 1) {
        node *n = new_node(p, OP_NOT, at);
        if (n == NULL)
            return NULL;
        n->args[0] = inner;
        n->count = 1;
        return n;
    }
    return inner;
}

static node *parse_and(parser *p)
{
    node *left = parse_not(p);
    for (size_t at = p->at; left && take_word(p, "and"); at = p->at)
        left = join2(p, OP_AND, at, left, parse_not(p));
    return left;
}

static node *parse_or(parser *p)
{
    node *left;
    if (p->status != KD_OK)
        return NULL;
    if (++p->depth > KD_EXPRESSION_DEPTH_MAX)
        return fail(p, KD_LIMIT, "nested too deep");
    left = parse_and(p);
    for (size_t at = p->at; left && take_word(p, "or"); at = p->at)
        left = join2(p, OP_OR, at, left, parse_and(p));
    p->depth--;
    return left;
}

kd_status kd_expression_parse(kd_expression **out, kd_str text, kd_arena *arena, kd_err *err)
{
    parser         p = { .text = kd_str_copy(arena, text), .arena = arena, .err = err };
    kd_expression *e = KD_NEW(arena, kd_expression, 1);
    if (p.text.ptr == NULL || e == NULL)
        return kd_fail_memory(err);
    if (text.len > KD_EXPRESSION_BYTES_MAX)
        return kd_fail_at(err, KD_LIMIT, KD_EXPRESSION_BYTES_MAX, "longer than %d bytes", KD_EXPRESSION_BYTES_MAX);
    e->root = parse_or(&p);
    skip_blanks(&p);
    if (e->root && p.at < p.text.len)
        fail(&p, KD_INVALID, "nothing more is expected here");
    if (p.status == KD_OK)
        *out = e;
    return p.status;
}

/* ---- values ------------------------------------------------------------------------------------------------------------------ */
typedef struct evaluation { const kd_json *item; kd_arena *arena; kd_err *err; kd_status status; } evaluation;

static value compute(evaluation *v, const node *n);
static const value nothing = { .type = V_NULL };

static value refuse(evaluation *v, const node *n, const char *why)
{
    if (v->status == KD_OK)
        v->status = kd_fail_at(v->err, KD_INVALID, n->at, "at character %u of the expression: %s", n->at + 1, why);
    return nothing;
}

static value of_text(kd_str text) { return (value){ .type = V_TEXT, .text = text }; }
static value of_number(int64_t micro) { return (value){ .type = V_NUMBER, .micro = micro }; }
static value of_bool(bool truth) { return (value){ .type = V_BOOL, .truth = truth }; }

static value of_json(evaluation *e, const kd_json *json)
{
    value v = nothing;
    if (json == NULL)
        return v;
    switch (json->type) {
    case KD_JSON_NULL:   return v;
    case KD_JSON_TRUE:   return of_bool(true);
    case KD_JSON_FALSE:  return of_bool(false);
    case KD_JSON_STRING: return of_text(json->text);
    case KD_JSON_NUMBER:
        if (kd_micro_parse(&v.micro, json->text, false)) {
            v.type = V_NUMBER;
            return v;
        }
        return of_text(json->text); /* of more decimals than six: kept as written, and refused by arithmetic */
    default: {
        kd_buf text;
        kd_jw  w;
        kd_buf_init(&text, e->arena);
        kd_jw_init(&w, &text);
        kd_json_write_kept(&w, json);
        if (text.failed && e->status == KD_OK)
            e->status = kd_fail_memory(e->err);
        return (value){ .type = V_OTHER, .text = kd_buf_str(&text) };
    }
    }
}

/* "12.5": no zeros at the end, and no point where nothing stands behind it. */
static kd_str number_text(evaluation *v, int64_t micro)
{
    char     text[40];
    uint64_t whole = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    int      len = snprintf(text, sizeof text, "%s%llu.%06llu", micro < 0 ? "-" : "", (unsigned long long)(whole / 1000000), (unsigned long long)(whole % 1000000));
    while (text[len - 1] == '0')
        len--;
    len -= text[len - 1] == '.';
    kd_str copy = kd_str_copy(v->arena, (kd_str){ text, (size_t)len });
    if (copy.ptr == NULL && v->status == KD_OK)
        v->status = kd_fail_memory(v->err);
    return copy;
}

static kd_str text_of(evaluation *v, value a)
{
    switch (a.type) {
    case V_NULL:   return (kd_str){ 0 };
    case V_BOOL:   return a.truth ? KD_STR("true") : KD_STR("false");
    case V_NUMBER: return number_text(v, a.micro);
    default:       return a.text;
    }
}

static bool truth_of(value a)
{
    return (a.type == V_BOOL && a.truth) || (a.type == V_NUMBER && a.micro != 0) || ((a.type == V_TEXT || a.type == V_OTHER) && a.text.len > 0);
}

/* False and no error: the operand is null, and so is the result. */
static bool micro_of(int64_t *out, evaluation *v, const node *n, value a)
{
    kd_str text = a.type == V_TEXT ? kd_str_trim(a.text) : (kd_str){ 0 };
    if (a.type == V_NUMBER) {
        *out = a.micro;
        return true;
    }
    if (a.type == V_NULL || (a.type == V_TEXT && text.len == 0))
        return false;
    if (a.type == V_TEXT && kd_micro_parse(out, text, false))
        return true;
    refuse(v, n, "this is not a number of at most six decimals");
    return false;
}

/* a / b, half away from zero. */
static wide divided(wide a, wide b)
{
    const wide half = (b < 0 ? -b : b) / 2;
    return (a < 0 ? a - half : a + half) / b;
}

static value calculate(evaluation *v, const node *n)
{
    int64_t  a, b;
    wide     sum;
    value    left = compute(v, n->args[0]), right = compute(v, n->args[1]);
    if (v->status != KD_OK || !micro_of(&a, v, n->args[0], left) || !micro_of(&b, v, n->args[1], right))
        return nothing;
    if (n->op == OP_DIVIDE && b == 0)
        return refuse(v, n, "a division by 0");
    switch (n->op) {
    case OP_ADD:      sum = (wide)a + b; break;
    case OP_SUBTRACT: sum = (wide)a - b; break;
    case OP_MULTIPLY: sum = divided((wide)a * b, MICRO); break;
    default:          sum = divided((wide)a * MICRO, b); break;
    }
    return sum > INT64_MAX || sum < -INT64_MAX ? refuse(v, n, "the result leaves the range of numbers") : of_number((int64_t)sum);
}

/* -1, 0, 1; 2 when the two cannot be compared. Numbers with texts that are numbers are compared as numbers. */
static int compared(value a, value b)
{
    int64_t x, y;
    if (a.type == V_NULL || b.type == V_NULL)
        return a.type == b.type ? 0 : 2;
    if (a.type == V_BOOL || b.type == V_BOOL)
        return a.type == b.type ? (a.truth > b.truth) - (a.truth < b.truth) : 2;
    if (a.type == V_NUMBER || b.type == V_NUMBER) {
        x = a.micro;
        y = b.micro;
        if ((a.type != V_NUMBER && (a.type != V_TEXT || !kd_micro_parse(&x, kd_str_trim(a.text), false)))
            || (b.type != V_NUMBER && (b.type != V_TEXT || !kd_micro_parse(&y, kd_str_trim(b.text), false))))
            return 2;
        return (x > y) - (x < y);
    }
    const int c = kd_str_cmp(a.text, b.text);
    return (c > 0) - (c < 0);
}

static value compare(evaluation *v, const node *n)
{
    const value a = compute(v, n->args[0]), b = compute(v, n->args[1]);
    const int   c = compared(a, b);
    switch (n->op) {
    case OP_EQ: return of_bool(c == 0);
    case OP_NE: return of_bool(c != 0);
    default:    break;
    }
    if (c == 2 || a.type == V_NULL)
        return of_bool(false);
    return of_bool(n->op == OP_LT ? c < 0 : n->op == OP_LE ? c <= 0 : n->op == OP_GT ? c > 0 : c >= 0);
}

/* ---- functions of texts -------------------------------------------------------------------------------------------------------- */
static value made(evaluation *v, const node *n, const kd_buf *text)
{
    if (text->len > TEXT_BYTES_MAX)
        return refuse(v, n, "the text becomes longer than 64 KiB");
    if (text->failed) {
        if (v->status == KD_OK)
            v->status = kd_fail_memory(v->err);
        return nothing;
    }
    return of_text(kd_buf_str(text));
}

static value concat(evaluation *v, const node *n)
{
    kd_buf text;
    kd_buf_init(&text, v->arena);
    for (uint32_t i = 0; i < n->count && v->status == KD_OK && text.len <= TEXT_BYTES_MAX; i++)
        kd_buf_add_str(&text, text_of(v, compute(v, n->args[i])));
    return v->status == KD_OK ? made(v, n, &text) : nothing;
}

/* ASCII, and the letters of Latin-1 as UTF-8 writes them: a to z, and what western Europe puts above them. */
static value change_case(evaluation *v, const node *n, bool upper)
{
    const value a = compute(v, n->args[0]);
    kd_str      from = text_of(v, a);
    kd_buf      text;
    if (a.type == V_NULL)
        return nothing;
    kd_buf_init(&text, v->arena);
    for (size_t i = 0; i < from.len; i++) {
        unsigned char c = (unsigned char)from.ptr[i];
        const bool    latin = i > 0 && (unsigned char)from.ptr[i - 1] == 0xC3;
        if (upper && ((c >= 'a' && c <= 'z') || (latin && c >= 0xA0 && c <= 0xBE && c != 0xB7)))
            c = (unsigned char)(c - 0x20);
        else if (!upper && ((c >= 'A' && c <= 'Z') || (latin && c >= 0x80 && c <= 0x9E && c != 0x97)))
            c = (unsigned char)(c + 0x20);
        kd_buf_add_byte(&text, c);
    }
    return made(v, n, &text);
}

/* The nth part (from 1) of a text cut at each separator; null when there are fewer. */
static value part(evaluation *v, const node *n)
{
    const value whole = compute(v, n->args[0]);
    kd_str      text = text_of(v, whole), cut = text_of(v, compute(v, n->args[1]));
    int64_t     which;
    if (v->status != KD_OK || whole.type == V_NULL || !micro_of(&which, v, n->args[2], compute(v, n->args[2])))
        return nothing;
    if (cut.len == 0 || which < MICRO || which % MICRO != 0)
        return refuse(v, n, "part() takes a separator and a number from 1");
    for (which /= MICRO;; which--) {
        const char *end = text.len ? memmem(text.ptr, text.len, cut.ptr, cut.len) : NULL;
        const size_t len = end ? (size_t)(end - text.ptr) : text.len;
        if (which == 1)
            return of_text((kd_str){ text.ptr, len });
        if (end == NULL)
            return nothing;
        text = (kd_str){ end + cut.len, text.len - len - cut.len };
    }
}

static value replace(evaluation *v, const node *n)
{
    const value whole = compute(v, n->args[0]);
    kd_str      text = text_of(v, whole), what = text_of(v, compute(v, n->args[1])), by = text_of(v, compute(v, n->args[2]));
    kd_buf      out;
    if (v->status != KD_OK || whole.type == V_NULL)
        return nothing;
    kd_buf_init(&out, v->arena);
    for (size_t i = 0; i < text.len && out.len <= TEXT_BYTES_MAX;) {
        if (what.len && text.len - i >= what.len && memcmp(text.ptr + i, what.ptr, what.len) == 0) {
            kd_buf_add_str(&out, by);
            i += what.len;
        } else {
            kd_buf_add_byte(&out, (uint8_t)text.ptr[i++]);
        }
    }
    return made(v, n, &out);
}

static value holds(evaluation *v, const node *n)
{
    kd_str text = text_of(v, compute(v, n->args[0])), what = text_of(v, compute(v, n->args[1]));
    if (n->op == OP_STARTS)
        return of_bool(text.len >= what.len && (what.len == 0 || memcmp(text.ptr, what.ptr, what.len) == 0));
    return of_bool(what.len == 0 || (text.len && memmem(text.ptr, text.len, what.ptr, what.len) != NULL));
}

/* ---- numbers and dates ------------------------------------------------------------------------------------------------------------ */
static value number(evaluation *v, const node *n)
{
    const value a = compute(v, n->args[0]);
    kd_str      text = kd_str_trim(text_of(v, a)), point = n->count > 1 ? text_of(v, compute(v, n->args[1])) : KD_STR(".");
    kd_buf      plain;
    int64_t     micro;
    if (a.type == V_NUMBER || v->status != KD_OK)
        return v->status == KD_OK ? a : nothing;
    if (text.len == 0)
        return nothing;
    kd_buf_init(&plain, v->arena);
    for (size_t i = 0; i < text.len; i++) { /* "1.234,50" or "1,234.50": the other sign groups thousands, as a blank or ' does */
        const char c = text.ptr[i];
        if (c == ' ' || c == '\'' || ((c == '.' || c == ',') && c != (point.len ? point.ptr[0] : '.')))
            continue;
        kd_buf_add_byte(&plain, c == ',' ? '.' : (uint8_t)c);
    }
    return kd_micro_parse(&micro, kd_buf_str(&plain), false) ? of_number(micro) : refuse(v, n, "this text is not a number of at most six decimals");
}

static value rounded(evaluation *v, const node *n)
{
    int64_t micro, decimals = 0, unit = MICRO;
    if (!micro_of(&micro, v, n->args[0], compute(v, n->args[0])) || (n->count > 1 && !micro_of(&decimals, v, n->args[1], compute(v, n->args[1]))))
        return nothing;
    decimals /= MICRO;
    if (decimals < 0 || decimals > MICRO_DECIMALS)
        return refuse(v, n, "round() keeps 0 to 6 decimals");
    while (decimals-- > 0)
        unit /= 10;
    const wide whole = divided(micro, unit) * unit;
    return whole > INT64_MAX || whole < -INT64_MAX ? refuse(v, n, "the result leaves the range of numbers") : of_number((int64_t)whole);
}

static bool take_digits(int *out, kd_str text, size_t *at, size_t least, size_t most)
{
    size_t len = 0;
    *out = 0;
    while (len < most && *at < text.len && is_digit(text.ptr[*at])) {
        *out = *out * 10 + (text.ptr[(*at)++] - '0');
        len++;
    }
    return len >= least;
}

typedef struct moment { int year, month, day, hour, minute, second; } moment;

/* Reads `text` by `form`, whose letters y M (month: mm before HH, too) d H m s stand for digits; everything else for itself. */
static bool read_moment(moment *out, kd_str text, kd_str form)
{
    size_t at = 0;
    bool   timed = false; /* behind HH, mm means minutes */
    *out = (moment){ .month = 1, .day = 1 };
    for (size_t i = 0; i < form.len;) {
        const char c = form.ptr[i];
        size_t     run = 1;
        int       *into = c == 'y' ? &out->year : c == 'M' || (c == 'm' && !timed) ? &out->month : c == 'd' ? &out->day : c == 'H' ? &out->hour
                        : c == 'm' ? &out->minute : c == 's' ? &out->second : NULL;
        while (i + run < form.len && form.ptr[i + run] == c)
            run++;
        if (into == NULL) {
            if (at >= text.len || text.ptr[at++] != c)
                return false;
            i++;
            continue;
        }
        if (!take_digits(into, text, &at, c == 'y' ? run : 1, run < 2 ? 2 : run))
            return false;
        if (c == 'y' && run == 2)
            out->year += out->year < 70 ? 2000 : 1900;
        timed = timed || c == 'H';
        i += run;
    }
    return at == text.len;
}

static bool offset_of(int *minutes, kd_str text)
{
    size_t at = 1;
    int    hours, rest;
    if (text.len != 6 || (text.ptr[0] != '+' && text.ptr[0] != '-') || text.ptr[3] != ':' || !take_digits(&hours, text, &at, 2, 2))
        return false;
    at++;
    if (!take_digits(&rest, text, &at, 2, 2) || hours > 14 || rest > 59)
        return false;
    *minutes = (text.ptr[0] == '-' ? -1 : 1) * (hours * 60 + rest);
    return true;
}

/* Into ISO 8601 in UTC, which every reader behind it understands. */
static value date(evaluation *v, const node *n)
{
    const value a = compute(v, n->args[0]);
    kd_str      text = kd_str_trim(text_of(v, a)), form = text_of(v, compute(v, n->args[1])), zone = n->count > 2 ? text_of(v, compute(v, n->args[2])) : KD_STR("+00:00");
    moment      m;
    char        iso[64], written[25];
    int         offset;
    int64_t     ms;
    if (v->status != KD_OK || text.len == 0)
        return nothing;
    if (!offset_of(&offset, zone))
        return refuse(v, n, "the offset from UTC must look like +01:00");
    if (!read_moment(&m, text, form))
        return refuse(v, n, "the date is not written as the form says");
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02d", m.year, m.month, m.day, m.hour, m.minute, m.second);
    if (!kd_time_parse(&ms, kd_str_z(iso), offset))
        return refuse(v, n, "there is no such date");
    kd_time_format(written, ms);
    kd_str copy = kd_str_copy(v->arena, kd_str_z(written));
    return copy.ptr ? of_text(copy) : nothing;
}

/* ---- one node --------------------------------------------------------------------------------------------------------------------- */
static value coalesce(evaluation *v, const node *n)
{
    for (uint32_t i = 0; i < n->count; i++) {
        const value a = compute(v, n->args[i]);
        if (a.type != V_NULL && !(a.type == V_TEXT && a.text.len == 0))
            return a;
    }
    return nothing;
}

static value length(evaluation *v, const node *n)
{
    kd_str  text = text_of(v, compute(v, n->args[0]));
    int64_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return of_number(count * MICRO);
}

static value negate(evaluation *v, const node *n)
{
    int64_t micro;
    if (!micro_of(&micro, v, n->args[0], compute(v, n->args[0])))
        return nothing;
    return micro == INT64_MIN ? refuse(v, n, "the result leaves the range of numbers") : of_number(-micro);
}

static value compute(evaluation *v, const node *n)
{
    value a;
    if (v->status != KD_OK)
        return nothing;
    switch (n->op) {
    case OP_CONSTANT: return n->constant;
    case OP_FIELD:    return of_json(v, kd_path_get(v->item, &n->path));
    case OP_OR:       return of_bool(truth_of(compute(v, n->args[0])) || truth_of(compute(v, n->args[1])));
    case OP_AND:      return of_bool(truth_of(compute(v, n->args[0])) && truth_of(compute(v, n->args[1])));
    case OP_NOT:      return of_bool(!truth_of(compute(v, n->args[0])));
    case OP_NEGATE:   return negate(v, n);
    case OP_EQ: case OP_NE: case OP_LT: case OP_LE: case OP_GT: case OP_GE: return compare(v, n);
    case OP_ADD: case OP_SUBTRACT: case OP_MULTIPLY: case OP_DIVIDE: return calculate(v, n);
    case OP_JOIN: case OP_CONCAT: return concat(v, n);
    case OP_COALESCE: return coalesce(v, n);
    case OP_IF:       return truth_of(compute(v, n->args[0])) ? compute(v, n->args[1]) : compute(v, n->args[2]);
    case OP_LOWER:    return change_case(v, n, false);
    case OP_UPPER:    return change_case(v, n, true);
    case OP_TRIM:     a = compute(v, n->args[0]); return a.type == V_TEXT ? of_text(kd_str_trim(a.text)) : a;
    case OP_TEXT:     a = compute(v, n->args[0]); return a.type == V_NULL ? a : of_text(text_of(v, a));
    case OP_NUMBER:   return number(v, n);
    case OP_ROUND:    return rounded(v, n);
    case OP_LENGTH:   return length(v, n);
    case OP_PART:     return part(v, n);
    case OP_REPLACE:  return replace(v, n);
    case OP_STARTS: case OP_CONTAINS: return holds(v, n);
    case OP_DATE:     return date(v, n);
    }
    return nothing;
}

kd_status kd_expression_truth(bool *out, const kd_expression *expression, const kd_json *item, kd_arena *arena, kd_err *err)
{
    evaluation v = { .item = item, .arena = arena, .err = err };
    *out = truth_of(compute(&v, expression->root));
    return v.status;
}

kd_status kd_expression_value(kd_str *out, const kd_expression *expression, const kd_json *item, kd_arena *arena, kd_err *err)
{
    evaluation v = { .item = item, .arena = arena, .err = err };
    const value a = compute(&v, expression->root);
    kd_buf      text;
    kd_jw       w;
    if (v.status != KD_OK)
        return v.status;
    kd_buf_init(&text, arena);
    kd_jw_init(&w, &text);
    switch (a.type) {
    case V_NULL:   kd_jw_null(&w); break;
    case V_BOOL:   kd_jw_bool(&w, a.truth); break;
    case V_TEXT:   kd_jw_str(&w, a.text); break;
    case V_NUMBER: kd_jw_raw(&w, number_text(&v, a.micro)); break;
    case V_OTHER:  kd_jw_raw(&w, a.text); break;
    }
    *out = kd_buf_str(&text);
    return v.status == KD_OK ? kd_buf_status(&text, err) : v.status;
}
