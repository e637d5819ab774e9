/* tree_write: the parts of the text that no edit touched, and new text where one did. */
#include <ctype.h>
#include <string.h>

#include "domain/write.h"

static void copy(const struct tree *tree, size_t from, size_t to, struct buffer *out) {
    buffer_append(out, tree->source.data + from, to - from);
}

/* One attribute of a start tag in the text: the white space before it, and itself. */
struct attribute_span {
    size_t blank, name, name_end, end;
};

/* The attribute at or after `at` in the tag that ends at `tag_end`. Returns false behind the last. */
static bool next_attribute(struct bytes source, size_t at, size_t tag_end, struct attribute_span *span) {
    span->blank = at;
    while (at < tag_end && isspace(source.data[at]))
        at++;
    if (at >= tag_end || source.data[at] == '/' || source.data[at] == '>')
        return false;
    span->name = at;
    while (at < tag_end && source.data[at] != '=' && !isspace(source.data[at]))
        at++;
    span->name_end = at;
    while (at < tag_end && source.data[at] != '"' && source.data[at] != '\'')
        at++;
    const uint8_t *close = at < tag_end ? memchr(source.data + at + 1, source.data[at], tag_end - at - 1) : NULL;
    span->end = close ? (size_t)(close - source.data) + 1 : tag_end;
    return close;
}

/* The node's attribute of that name in no namespace, or NULL. Prefixed attributes are never edited. */
static const xmlAttr *find_attribute(const xmlNode *node, const uint8_t *name, size_t size) {
    for (const xmlAttr *i = node->properties; i; i = i->next)
        if (!i->ns && strlen((const char *)i->name) == size && memcmp(i->name, name, size) == 0)
            return i;
    return NULL;
}

static bool is_foreign(const uint8_t *name, size_t size) {
    return memchr(name, ':', size) || (size == strlen("xmlns") && memcmp(name, "xmlns", size) == 0);
}

/* Where the attributes of a start tag begin, and where "/>" or ">" does. */
static size_t attributes_start(const struct tree *tree, const struct element_span *span) {
    size_t at = span->start + 1;
    while (at < span->open_end && !isspace(tree->source.data[at]) && !strchr("/>", tree->source.data[at]))
        at++;
    return at;
}

static size_t attributes_end(const struct element_span *span) {
    return span->open_end - (span->self_closing ? 2 : 1);
}

static bool stands_in_text(const struct tree *tree, const struct element_span *span, const xmlAttr *attribute) {
    size_t at = attributes_start(tree, span), end = attributes_end(span);
    const char *name = (const char *)attribute->name;
    struct attribute_span found;
    for (; next_attribute(tree->source, at, end, &found); at = found.end)
        if (found.name_end - found.name == strlen(name) &&
            memcmp(tree->source.data + found.name, name, strlen(name)) == 0)
            return true;
    return false;
}

/* The start tag of an element of the text whose attributes were edited: only those differ from the text. */
static void write_edited_tag(const struct tree *tree, const xmlNode *node, bool open, struct buffer *out) {
    const struct element_span *span = span_of(node);
    size_t at = attributes_start(tree, span), end = attributes_end(span);
    copy(tree, span->start, at, out);
    struct attribute_span found;
    for (; next_attribute(tree->source, at, end, &found); at = found.end) {
        const uint8_t *name = tree->source.data + found.name;
        size_t size = found.name_end - found.name;
        const xmlAttr *attribute = find_attribute(node, name, size);
        if (!attribute && !is_foreign(name, size))
            continue; /* taken away */
        bool edited = attribute && attribute->_private;
        copy(tree, found.blank, edited ? found.name : found.end, out);
        if (edited)
            write_attribute(attribute, out);
    }
    for (const xmlAttr *i = node->properties; i; i = i->next) {
        if (!i->_private || stands_in_text(tree, span, i))
            continue;
        buffer_append_text(out, " ");
        write_attribute(i, out);
    }
    if (open && span->self_closing)
        buffer_append_text(out, ">");
    else
        copy(tree, at, span->open_end, out);
}

/* An element of the text whose children are written, which come from its node and from the text. */
struct children {
    const struct tree *tree;
    struct layout layout; /* of what is added behind */
    bool text;            /* has the element text of its own? */
    size_t at;            /* where the text is written up to */
    struct buffer *out;
};

static void copy_to(struct children *children, size_t to) {
    copy(children->tree, children->at, to, children->out);
    children->at = to;
}

/* The added ones of the children from `child` up to `end`, behind what is written. */
static void write_behind(const struct children *children, const xmlNode *child, const xmlNode *end) {
    for (; child != end; child = child->next) {
        if (!is_added(child))
            continue;
        write_line(&children->layout, children->layout.level, children->out);
        write_added(child, &children->layout, children->layout.level, children->out);
    }
}

/* The added children from `child` up to `sibling`, which gets new white space because they take what it had. */
static void write_before(struct children *children, const xmlNode *child, const xmlNode *sibling) {
    struct layout layout = child != sibling ? layout_before(children->tree, sibling) : (struct layout){0};
    copy_to(children, span_of(sibling)->start);
    for (; child != sibling; child = child->next) {
        write_added(child, &layout, 0, children->out);
        write_line(&layout, 0, children->out);
    }
}

/* The text without what was removed at `place` and beside it; there stands what was added from `child` on. Returns the
 * next child. */
static const xmlNode *write_hole(struct children *children, const xmlNode *child, const xmlNode *place) {
    const xmlNode *last;
    struct hole hole = layout_hole(children->tree, place, children->at, children->text, &last);
    copy_to(children, hole.lead);
    write_behind(children, child, last);
    copy_to(children, hole.from);
    children->at = hole.to;
    return last->next;
}

static void write_element(const struct tree *tree, const xmlNode *node, struct buffer *out);

/* One child, with the added ones before it that `child` begins. Returns the next child. */
static const xmlNode *write_child(struct children *children, const xmlNode *child) {
    const xmlNode *next = child;
    while (next && is_added(next))
        next = next->next;
    if (next && is_place(next))
        return write_hole(children, child, next);
    if (!next || !is_kept(next)) {
        write_behind(children, child, next);
        return next ? next->next : NULL;
    }
    write_before(children, child, next);
    write_element(children->tree, next, children->out);
    children->at = span_of(next)->end;
    return next->next;
}

static void write_children(const struct tree *tree, const xmlNode *node, struct buffer *out) {
    const struct element_span *span = span_of(node);
    struct children children = {tree, layout_behind(tree, node), layout_has_text(node), span->open_end, out};
    for (const xmlNode *child = node->children; child;)
        child = write_child(&children, child);
    copy_to(&children, span->close);
    /* The first children of an empty element: its end tag goes to a line of its own, unless it has one. */
    if (children.layout.level > 0 && xmlFirstElementChild((xmlNode *)node) &&
        !memchr(tree->source.data + span->open_end, '\n', span->close - span->open_end))
        write_line(&children.layout, 0, out);
}

static void write_content(const struct tree *tree, const xmlNode *node, struct buffer *out) {
    if (span_of(node)->content_changed) {
        struct layout layout = layout_behind(tree, node);
        write_added_content(node, &layout, 0, out);
    } else {
        write_children(tree, node, out);
    }
}

static void write_element(const struct tree *tree, const xmlNode *node, struct buffer *out) {
    const struct element_span *span = span_of(node);
    if (!span->changed) {
        copy(tree, span->start, span->end, out);
        return;
    }
    bool opened = span->self_closing && node->children;
    if (span->tag_changed || opened)
        write_edited_tag(tree, node, opened, out);
    else
        copy(tree, span->start, span->open_end, out);
    write_content(tree, node, out);
    if (opened) {
        buffer_append_text(out, "</");
        copy(tree, span->start + 1, attributes_start(tree, span), out);
        buffer_append_text(out, ">");
    } else {
        copy(tree, span->close, span->end, out);
    }
}

int tree_write(const struct tree *tree, struct buffer *out, struct error *err) {
    const xmlNode *root = xmlDocGetRootElement(tree->document);
    if (!tree->changed) {
        copy(tree, 0, tree->source.size, out);
    } else {
        copy(tree, 0, span_of(root)->start, out);
        write_element(tree, root, out);
        copy(tree, span_of(root)->end, tree->source.size, out);
    }
    return buffer_check(out, err);
}
