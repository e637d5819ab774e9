#include "domain/span.h"

#include <string.h>

enum tag_kind { TAG_OPEN, TAG_CLOSE, TAG_EMPTY, TAG_NONE };

struct tag {
    enum tag_kind kind;
    size_t start, end; /* from "<" to behind ">" */
};

/* The offset behind the next `text` at or after `at`; the end of source when there is none. */
static size_t skip_past(struct bytes source, size_t at, const char *text) {
    const uint8_t *found = memmem(source.data + at, source.size - at, text, strlen(text));
    return found ? (size_t)(found - source.data) + strlen(text) : source.size;
}

static bool starts_with(struct bytes source, size_t at, const char *text) {
    return source.size - at >= strlen(text) && memcmp(source.data + at, text, strlen(text)) == 0;
}

/* The end of the tag at `at`: a ">" outside quotes. */
static size_t tag_end(struct bytes source, size_t at) {
    char quote = '\0';
    for (; at < source.size; at++) {
        char c = (char)source.data[at];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? '\0' : c;
        else if (!quote && c == '>')
            return at + 1;
    }
    return at;
}

static size_t count_quoted(struct bytes source, size_t at, size_t end) {
    size_t count = 0;
    char quote = '\0';
    for (; at < end; at++) {
        char c = (char)source.data[at];
        if (quote ? c == quote : c == '"' || c == '\'') {
            count += quote != '\0';
            quote = quote ? '\0' : c;
        }
    }
    return count;
}

size_t span_crowded_tag(struct bytes source, size_t most) {
    enum { ATTRIBUTE_SIZE = 4 }; /* at least: a="" without the blank */
    const uint8_t *end = source.data + source.size, *found = memchr(source.data, '<', source.size);
    while (found) {
        const uint8_t *next = memchr(found + 1, '<', (size_t)(end - found) - 1);
        size_t start = (size_t)(found - source.data);
        /* Between one "<" and the next is at most one tag: most are too short to look at. */
        if ((size_t)((next ? next : end) - found) > most * ATTRIBUTE_SIZE && !starts_with(source, start, "<!") &&
            !starts_with(source, start, "<?") && count_quoted(source, start, tag_end(source, start)) > most)
            return start;
        found = next;
    }
    return source.size;
}

/* The next tag at or after *at, which moves behind it. Comments, CDATA sections and processing instructions are no
 * tags. */
static struct tag next_tag(struct bytes source, size_t *at) {
    while (*at < source.size) {
        const uint8_t *found = memchr(source.data + *at, '<', source.size - *at);
        if (!found)
            break;
        size_t start = (size_t)(found - source.data);
        if (starts_with(source, start, "<!--")) /* "<!--->" is a beginning only */
            *at = skip_past(source, start + strlen("<!--"), "-->");
        else if (starts_with(source, start, "<![CDATA["))
            *at = skip_past(source, start, "]]>");
        else if (starts_with(source, start, "<?"))
            *at = skip_past(source, start, "?>");
        else {
            *at = tag_end(source, start);
            bool empty = *at - start >= 2 && source.data[*at - 2] == '/';
            return (struct tag){starts_with(source, start, "</") ? TAG_CLOSE
                                : empty                          ? TAG_EMPTY
                                                                 : TAG_OPEN,
                                start, *at};
        }
    }
    return (struct tag){TAG_NONE, source.size, source.size};
}

xmlNode *span_next_element(const xmlNode *node, const xmlNode *root) {
    xmlNode *child = xmlFirstElementChild((xmlNode *)node);
    if (child)
        return child;
    for (; node != root; node = node->parent) {
        xmlNode *sibling = xmlNextElementSibling((xmlNode *)node);
        if (sibling)
            return sibling;
    }
    return NULL;
}

/* Does the tag's text name this node? A check of our own scanner against libxml2. */
static bool tag_names(struct bytes source, struct tag tag, const xmlNode *node) {
    size_t at = tag.start + (tag.kind == TAG_CLOSE ? 2 : 1);
    if (node->ns && node->ns->prefix) {
        size_t size = strlen((const char *)node->ns->prefix);
        if (!starts_with(source, at, (const char *)node->ns->prefix) || !starts_with(source, at + size, ":"))
            return false;
        at += size + 1;
    }
    if (!starts_with(source, at, (const char *)node->name))
        return false;
    at += strlen((const char *)node->name);
    return at < tag.end && strchr(" \t\r\n/>", source.data[at]) != NULL;
}

struct element_span *span_map(struct bytes source, xmlNode *root, size_t count, struct error *err) {
    CLEANUP(free) struct element_span *spans = calloc(count, sizeof(*spans));
    if (!spans) {
        error_no_memory(err);
        return NULL;
    }
    size_t at = 0, used = 0;
    xmlNode *next = root, *open = NULL;
    for (;;) {
        struct tag tag = next_tag(source, &at);
        xmlNode *node = tag.kind == TAG_CLOSE ? open : next;
        if (tag.kind == TAG_NONE && !next && !open)
            return TAKE_PTR(spans);
        if (tag.kind == TAG_NONE || !node || !tag_names(source, tag, node) || (tag.kind != TAG_CLOSE && used == count))
            break;
        if (tag.kind == TAG_CLOSE) {
            struct element_span *span = span_of(node);
            span->close = tag.start;
            span->end = tag.end;
            open = node == root ? NULL : node->parent;
            continue;
        }
        spans[used] = (struct element_span){.start = tag.start,
                                            .open_end = tag.end,
                                            .close = tag.end,
                                            .end = tag.end,
                                            .self_closing = tag.kind == TAG_EMPTY};
        node->_private = &spans[used++];
        next = span_next_element(node, root);
        if (tag.kind == TAG_OPEN)
            open = node;
    }
    error_set(err, ERROR_INTERNAL, "the domain XML's tags around byte %zu differ from its parsed tree", at);
    return NULL;
}
