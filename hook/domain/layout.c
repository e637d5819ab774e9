#include "domain/layout.h"

#include <ctype.h>
#include <string.h>

/* White space that is longer is not repeated: the reply could be much larger than the request. */
enum { LINE_MAX_SIZE = 256 };

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

/* Where the blanks before `at` begin, on its line and not before `low`. */
static size_t blanks_before(struct bytes source, size_t low, size_t at) {
    while (at > low && is_blank(source.data[at - 1]))
        at--;
    return at;
}

static size_t blanks_behind(struct bytes source, size_t at) {
    while (at < source.size && is_blank(source.data[at]))
        at++;
    return at;
}

/* Where the line break begins that ends at `at`; `at` when there is none. */
static size_t break_before(struct bytes source, size_t low, size_t at) {
    if (at == low || source.data[at - 1] != '\n')
        return at;
    return at - 1 > low && source.data[at - 2] == '\r' ? at - 2 : at - 1;
}

/* The line break and blanks that stand before `at`; empty when something else stands before it on its line. */
static struct bytes line_before(struct bytes source, size_t at) {
    size_t low = at > LINE_MAX_SIZE ? at - LINE_MAX_SIZE : 0;
    size_t blanks = blanks_before(source, low, at), start = break_before(source, low, blanks);
    return start < blanks ? (struct bytes){source.data + start, at - start} : (struct bytes){0};
}

static bool starts_with(struct bytes text, struct bytes start) {
    return start.size == 0 || (text.size >= start.size && memcmp(text.data, start.data, start.size) == 0);
}

static struct bytes without_break(struct bytes line) {
    while (line.size > 0 && !is_blank(*line.data))
        line = (struct bytes){line.data + 1, line.size - 1};
    return line;
}

/* By how much children of `parent` that stand behind `line` are indented. Where that cannot be told, the step of the
 * levels above it counts. */
static struct bytes find_step(const struct tree *tree, const xmlNode *parent, struct bytes line) {
    for (; line.size > 0 && parent->type == XML_ELEMENT_NODE; parent = parent->parent) {
        bool root = parent->parent->type != XML_ELEMENT_NODE;
        struct bytes outer = line_before(tree->source, span_of(parent)->start);
        struct bytes inner_blanks = without_break(line), outer_blanks = without_break(outer);
        if ((outer.size > 0 || root) && starts_with(inner_blanks, outer_blanks))
            return (struct bytes){inner_blanks.data + outer_blanks.size, inner_blanks.size - outer_blanks.size};
        if (outer.size > 0)
            line = outer;
    }
    return (struct bytes){0};
}

bool layout_has_text(const xmlNode *node) {
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_TEXT_NODE && !xmlIsBlankNode(child))
            return true;
    return false;
}

/* Where the content begins that is more than white space; span->close when there is none. */
static size_t content_start(struct bytes source, const struct element_span *span) {
    size_t at = span->open_end;
    while (at < span->close && isspace(source.data[at]))
        at++;
    return at;
}

/* The line of the children that node has in the text, also of those that were removed, or of the comment before them.
 */
static struct bytes line_of_children(const struct tree *tree, const xmlNode *node) {
    for (const xmlNode *child = node->children; child; child = child->next) {
        struct bytes line = span_of(child) ? line_before(tree->source, span_of(child)->start) : (struct bytes){0};
        if (line.size > 0)
            return line;
    }
    return line_before(tree->source, content_start(tree->source, span_of(node)));
}

struct layout layout_behind(const struct tree *tree, const xmlNode *node) {
    const struct element_span *span = span_of(node);
    if (layout_has_text(node))
        return (struct layout){0};
    if (!span->content_changed && content_start(tree->source, span) < span->close) {
        struct bytes line = line_of_children(tree, node);
        return (struct layout){line, find_step(tree, node, line), 0};
    }
    struct bytes line = line_before(tree->source, span->start);
    if (node->parent->type != XML_ELEMENT_NODE || line.size == 0)
        return (struct layout){0};
    return (struct layout){line, find_step(tree, node->parent, line), 1};
}

struct layout layout_before(const struct tree *tree, const xmlNode *sibling) {
    size_t at = span_of(sibling)->start;
    struct bytes line = line_before(tree->source, at);
    if (line.size > 0)
        return (struct layout){line, find_step(tree, sibling->parent, line), 0};
    size_t blanks = blanks_before(tree->source, at > LINE_MAX_SIZE ? at - LINE_MAX_SIZE : 0, at);
    return (struct layout){.line = {tree->source.data + blanks, at - blanks}};
}

/* The last of the places whose elements follow each other with nothing but blanks between. */
static const xmlNode *last_of_line(struct bytes source, const xmlNode *place) {
    const xmlNode *last = place;
    for (const xmlNode *i = place->next; i && !is_kept(i); i = i->next) {
        if (!is_place(i))
            continue;
        if (blanks_behind(source, span_of(last)->end) != span_of(i)->start)
            break;
        last = i;
    }
    return last;
}

/* Does the line, or the parent, end at `at`? */
static bool ends_line(struct bytes source, size_t at) {
    static const struct bytes ends[] = {
        {(const uint8_t *)"\n", 1}, {(const uint8_t *)"\r\n", 2}, {(const uint8_t *)"</", 2}};
    struct bytes rest = {source.data + at, source.size - at};
    return starts_with(rest, ends[0]) || starts_with(rest, ends[1]) || starts_with(rest, ends[2]);
}

struct hole layout_hole(const struct tree *tree, const xmlNode *place, size_t low, bool text, const xmlNode **last) {
    struct bytes source = tree->source;
    size_t start = span_of(place)->start;
    *last = place;
    if (text)
        return (struct hole){start, start, span_of(place)->end};
    *last = last_of_line(source, place);
    size_t end = span_of(*last)->end, behind = blanks_behind(source, end);
    size_t blanks = blanks_before(source, low, start), lead = break_before(source, low, blanks);
    if (lead == blanks) /* something stays before it on the line */
        return (struct hole){blanks, blanks, end};
    return (struct hole){lead, ends_line(source, behind) ? lead : start, behind};
}
