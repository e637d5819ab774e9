/* Elements that edits have added: their form is ours, their white space that of the text around. */
#include "domain/write.h"

#include <string.h>

static void write_escaped(const char *text, const char *special, struct buffer *out) {
    for (;;) {
        size_t plain = strcspn(text, special);
        buffer_append(out, text, plain);
        if (!text[plain])
            return;
        buffer_printf(out, "&#%d;", text[plain]);
        text += plain + 1;
    }
}

static void write_value(const char *value, struct buffer *out) {
    buffer_append_text(out, "=\"");
    write_escaped(value, "&<>\"\t\n\r", out);
    buffer_append_text(out, "\"");
}

void write_attribute(const xmlAttr *attribute, struct buffer *out) {
    buffer_append_text(out, (const char *)attribute->name);
    write_value(attribute->children ? (const char *)attribute->children->content : "", out);
}

static void write_name(const xmlNode *node, struct buffer *out) {
    if (node->ns && node->ns->prefix)
        buffer_printf(out, "%s:", (const char *)node->ns->prefix);
    buffer_append_text(out, (const char *)node->name);
}

static void write_declaration(const xmlNs *declaration, struct buffer *out) {
    buffer_append_text(out, " xmlns");
    if (declaration->prefix)
        buffer_printf(out, ":%s", (const char *)declaration->prefix);
    write_value((const char *)declaration->href, out);
}

void write_line(const struct layout *layout, size_t level, struct buffer *out) {
    buffer_append(out, layout->line.data, layout->line.size);
    for (; level > 0; level--)
        buffer_append(out, layout->step.data, layout->step.size);
}

/* A line without a break is no line: then all stands on one. */
static bool has_lines(const struct layout *layout) {
    return layout->line.size > 0 && memchr(layout->line.data, '\n', layout->line.size);
}

void write_added_content(const xmlNode *node, const struct layout *layout, size_t level, struct buffer *out) {
    static const struct layout one_line;
    bool lines = has_lines(layout) && xmlFirstElementChild((xmlNode *)node) && !layout_has_text(node);
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_TEXT_NODE) {
            write_escaped((const char *)child->content, "&<>\r", out);
            continue;
        }
        if (lines)
            write_line(layout, level + 1, out);
        write_added(child, lines ? layout : &one_line, level + 1, out);
    }
    if (lines)
        write_line(layout, level, out);
}

void write_added(const xmlNode *node, const struct layout *layout, size_t level, struct buffer *out) {
    buffer_append_text(out, "<");
    write_name(node, out);
    for (const xmlNs *i = node->nsDef; i; i = i->next)
        write_declaration(i, out);
    for (const xmlAttr *i = node->properties; i; i = i->next) {
        buffer_append_text(out, " ");
        write_attribute(i, out);
    }
    if (!node->children) {
        buffer_append_text(out, "/>");
        return;
    }
    buffer_append_text(out, ">");
    write_added_content(node, layout, level, out);
    buffer_append_text(out, "</");
    write_name(node, out);
    buffer_append_text(out, ">");
}
