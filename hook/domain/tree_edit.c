/* The edits of a tree, and what tree_write has to know of them. */
#include <string.h>

#include "base/memory.h"
#include "domain/span.h"

#define XML(text) ((const xmlChar *)(text))

static void mark_changed(struct tree *tree, const xmlNode *node) {
    tree->changed = true;
    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent)
        if (span_of(node))
            span_of(node)->changed = true;
}

int tree_set_attribute(struct tree *tree, xmlNode *node, const char *name, const char *value, struct error *err) {
    const char *now = tree_attribute(node, name);
    if (value ? now && strcmp(now, value) == 0 : !now)
        return 0;
    if (!value) {
        xmlUnsetProp(node, XML(name));
    } else {
        const size_t failures = memory_failures();
        xmlAttr *attribute = xmlSetProp(node, XML(name), XML(value));
        if (memory_failures() != failures) /* it may be there without its name or its value */
            return error_no_memory(err);
        attribute->_private = tree; /* any non-NULL pointer: tree_write takes the value from here, not from the text */
    }
    if (span_of(node))
        span_of(node)->tag_changed = true;
    mark_changed(tree, node);
    return 0;
}

static int check_depth(const xmlNode *parent, struct error *err) {
    int depth = 0;
    for (const xmlNode *node = parent; node->type == XML_ELEMENT_NODE; node = node->parent)
        depth++;
    if (depth < TREE_DEPTH_MAX)
        return 0;
    char storage[QUOTED_MAX];
    return error_set(err, ERROR_LIMIT, "the domain XML's <%s> is nested %d levels deep: nothing can be added to it",
                     text_quotable((const char *)parent->name, storage), depth);
}

static void put_child(struct tree *tree, xmlNode *parent, xmlNode *before, xmlNode *child) {
    /* Should there be text between the elements, this is where tree_write puts the new one. */
    xmlNode *last = before ? NULL : xmlLastElementChild(parent);
    if (last)
        xmlAddNextSibling(last, child);
    else if (before || parent->children)
        xmlAddPrevSibling(before ? before : parent->children, child);
    else
        xmlAddChild(parent, child);
    mark_changed(tree, parent);
}

static xmlNode *new_element(struct tree *tree, const xmlNode *parent, const char *name, struct error *err) {
    if (check_depth(parent, err) < 0)
        return NULL;
    xmlNode *node = xmlNewDocNode(tree->document, NULL, XML(name), NULL);
    if (!node)
        error_no_memory(err);
    return node;
}

/* Gives a new element a namespace of its own declaration; "" and NULL: none, where a default one is around it. */
static int declare(xmlNode *node, const char *href, const char *prefix, struct error *err) {
    xmlNs *declared = xmlNewNs(node, XML(href), XML(prefix));
    if (!declared || !declared->href || (prefix && !declared->prefix))
        return error_no_memory(err);
    node->ns = *href ? declared : NULL;
    return 0;
}

static void free_node(xmlNode *node) {
    if (node)
        xmlFreeNode(node);
}
DEFINE_CLEANUP(xmlNode, free_node)

xmlNode *tree_insert_child(struct tree *tree, xmlNode *parent, xmlNode *before, const char *name, struct error *err) {
    CLEANUP(free_node) xmlNode *child = new_element(tree, parent, name, err);
    if (!child)
        return NULL;
    /* Inside a default namespace a name without prefix would be in it. */
    const xmlNs *unnamed = xmlSearchNs(tree->document, parent, NULL);
    if (unnamed && *unnamed->href && declare(child, "", NULL, err) < 0)
        return NULL;
    put_child(tree, parent, before, child);
    return TAKE_PTR(child);
}

xmlNode *tree_add_child(struct tree *tree, xmlNode *parent, const char *name, struct error *err) {
    return tree_insert_child(tree, parent, NULL, name, err);
}

xmlNode *tree_add_child_ns(struct tree *tree, xmlNode *parent, const char *href, const char *prefix, const char *name,
                           struct error *err) {
    CLEANUP(free_node) xmlNode *child = new_element(tree, parent, name, err);
    if (!child)
        return NULL;
    if (parent->ns && xmlStrEqual(parent->ns->href, XML(href)))
        child->ns = parent->ns;
    else if (declare(child, href, prefix, err) < 0)
        return NULL;
    put_child(tree, parent, NULL, child);
    return TAKE_PTR(child);
}

int tree_set_text(struct tree *tree, xmlNode *node, const char *text, struct error *err) {
    if (has_only_text(node) && strcmp(tree_text(node), text) == 0)
        return 0;
    CLEANUP(free_node) xmlNode *content = xmlNewDocText(tree->document, XML(text));
    if (!content || !content->content)
        return error_no_memory(err);
    xmlFreeNodeList(node->children);
    node->children = node->last = NULL;
    if (*text)
        xmlAddChild(node, TAKE_PTR(content));
    if (span_of(node))
        span_of(node)->content_changed = true;
    mark_changed(tree, node);
    return 0;
}

/* Makes a place of an element of the text: tree_write has to know which of the texts and added elements around stand
 * before it. The node itself serves, so that nothing can fail; its name is the parser's and not freed with it. */
static void leave_place(xmlNode *node) {
    xmlFreeNodeList(node->children);
    xmlFreePropList(node->properties);
    xmlFreeNsList(node->nsDef);
    node->children = node->last = NULL;
    node->properties = NULL;
    node->nsDef = node->ns = NULL;
    node->type = XML_COMMENT_NODE;
}

void tree_remove(struct tree *tree, xmlNode *node) {
    mark_changed(tree, node->parent);
    if (span_of(node)) {
        leave_place(node);
    } else {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

void tree_remove_seconds(struct tree *tree, xmlNode *first) {
    for (xmlNode *second; (second = tree_next(first, (const char *)first->name));)
        tree_remove(tree, second);
}
