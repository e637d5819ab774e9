/* tree_write: the parts of the text that no edit touched, and new text where one did. */
#include <ctype.h>
#include <string.h>

#include "domain/span.h"
#include "domain/tree.h"

static void copy(const struct tree *tree, size_t from, size_t to, struct buffer *out) {
    buffer_append(out, tree->source.data + from, to - from);
}

static void write_attribute(const xmlAttr *attribute, struct buffer *out) {
    const char *value = attribute->children ? (const char *)attribute->children->content : "";
    buffer_printf(out, "%s=\"", (const char *)attribute->name);
    for (const char *c = value; *c; c++) {
        static const char special[] = "&<>\"\t\n\r";
        if (strchr(special, *c))
            buffer_printf(out, "&#%d;", *c);
        else
            buffer_append(out, c, 1);
    }
    buffer_append_text(out, "\"");
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

/* An element that an edit has added, without children. */
static void write_new_tag(const xmlNode *node, struct buffer *out) {
    buffer_printf(out, "<%s", (const char *)node->name);
    for (const xmlAttr *i = node->properties; i; i = i->next) {
        buffer_append_text(out, " ");
        write_attribute(i, out);
    }
    buffer_append_text(out, "/>");
}

/* The line break and white space that stand before a child element in the text: a new sibling gets the same. */
static struct bytes indentation(const struct tree *tree, const xmlNode *parent) {
    size_t from = span_of(parent)->open_end;
    for (const xmlNode *child = xmlFirstElementChild((xmlNode *)parent); child;
         child = xmlNextElementSibling((xmlNode *)child)) {
        if (!span_of(child))
            continue;
        size_t at = span_of(child)->start;
        while (at > from && isspace(tree->source.data[at - 1]))
            at--;
        if (memchr(tree->source.data + at, '\n', span_of(child)->start - at))
            return (struct bytes){tree->source.data + at, span_of(child)->start - at};
        from = span_of(child)->end;
    }
    return (struct bytes){0};
}

static void write_element(const struct tree *tree, const xmlNode *node, struct buffer *out);

static void write_children(const struct tree *tree, const xmlNode *node, struct buffer *out) {
    const struct element_span *span = span_of(node);
    struct bytes indent = indentation(tree, node);
    size_t at = span->open_end;
    for (const xmlNode *child = xmlFirstElementChild((xmlNode *)node); child;
         child = xmlNextElementSibling((xmlNode *)child)) {
        if (span_of(child)) {
            copy(tree, at, span_of(child)->start, out);
            at = span_of(child)->end;
        } else {
            buffer_append(out, indent.data, indent.size);
        }
        write_element(tree, child, out);
    }
    copy(tree, at, span->close, out);
}

static void write_element(const struct tree *tree, const xmlNode *node, struct buffer *out) {
    const struct element_span *span = span_of(node);
    if (!span) {
        write_new_tag(node, out);
        return;
    }
    if (!span->changed) {
        copy(tree, span->start, span->end, out);
        return;
    }
    bool opened = span->self_closing && xmlFirstElementChild((xmlNode *)node);
    if (span->tag_changed || opened)
        write_edited_tag(tree, node, opened, out);
    else
        copy(tree, span->start, span->open_end, out);
    write_children(tree, node, out);
    if (opened)
        buffer_printf(out, "</%s>", (const char *)node->name);
    else
        copy(tree, span->close, span->end, out);
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
