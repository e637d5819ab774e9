#include "domain/tree.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "domain/parser.h"
#include "domain/span.h"

#define XML(text) ((const xmlChar *)(text))

/* What a caller is to know is in an error of ours; without memory libxml2 writes to standard error whatever it was
 * told. */
static void __attribute__((format(printf, 2, 3))) ignore(void *context, const char *format, ...) {
    (void)context, (void)format;
}

void tree_setup(void) {
    LIBXML_TEST_VERSION
    xmlSetGenericErrorFunc(NULL, ignore);
    xmlThrDefSetGenericErrorFunc(NULL, ignore);
    xmlMemSetup(memory_free, memory_allocate, memory_resize, memory_copy);
    xmlInitParser();
}

static int check_document(struct tree *tree, const char *root, struct error *err) {
    const xmlNode *found = xmlDocGetRootElement(tree->document);
    char storage[QUOTED_MAX];
    if (found->ns)
        return error_set(err, ERROR_INPUT, "the domain XML's root is in the namespace \"%s\": it must be in none",
                         text_quotable((const char *)found->ns->href, storage));
    if (strcmp((const char *)found->name, root) != 0)
        return error_set(err, ERROR_INPUT, "the domain XML's root is <%s>: it must be <%s>",
                         text_quotable((const char *)found->name, storage), root);
    return 0;
}

int tree_parse(struct bytes source, const char *root, struct tree *tree, struct error *err) {
    *tree = (struct tree){0};
    struct parser parser;
    CLEANUP(parser_free) xmlParserCtxt *context = parser_new(source, &parser, err);
    if (!context)
        return -1;
    tree->source = source;
    /* White space between elements, comments and CDATA marks are kept by tree_write, from the text: the tree is smaller
     * without them, and the text of an element is one node. */
    context->sax->comment = NULL;
    context->sax->processingInstruction = NULL;
    int failed = parser_run(context, source, &tree->document, err);
    tree->elements = parser.elements;
    if (failed == 0)
        failed = check_document(tree, root, err);
    if (failed)
        tree_free(tree);
    return failed;
}

int tree_editable(struct tree *tree, struct error *err) {
    tree->spans = span_map(tree->source, xmlDocGetRootElement(tree->document), tree->elements, err);
    return tree->spans ? 0 : -1;
}

/* href NULL: no namespace. */
static bool is_named(const xmlNode *node, const char *href, const char *name) {
    if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0)
        return false;
    return href ? node->ns && xmlStrEqual(node->ns->href, XML(href)) : !node->ns;
}

static xmlNode *find_named(xmlNode *node, const char *href, const char *name) {
    while (node && !is_named(node, href, name))
        node = node->next;
    return node;
}

xmlNode *tree_child(const xmlNode *parent, const char *name) {
    return parent ? find_named(parent->children, NULL, name) : NULL;
}

xmlNode *tree_next(const xmlNode *sibling, const char *name) {
    return find_named(sibling->next, NULL, name);
}

xmlNode *tree_child_ns(const xmlNode *parent, const char *href, const char *name) {
    return find_named(parent->children, href, name);
}

xmlNode *tree_next_ns(const xmlNode *sibling, const char *href, const char *name) {
    return find_named(sibling->next, href, name);
}

const char *tree_attribute(const xmlNode *node, const char *name) {
    const xmlAttr *attribute = node ? xmlHasNsProp((xmlNode *)node, XML(name), NULL) : NULL;
    if (!attribute)
        return NULL;
    return attribute->children ? (const char *)attribute->children->content : "";
}

bool tree_attribute_is(const xmlNode *node, const char *name, const char *value) {
    const char *found = tree_attribute(node, name);
    return found && strcmp(found, value) == 0;
}

const char *tree_text(const xmlNode *node) {
    const xmlNode *text = node->children;
    return text && text->type == XML_TEXT_NODE && text->content ? (const char *)text->content : "";
}

void tree_free(struct tree *tree) {
    if (tree->document)
        xmlFreeDoc(tree->document);
    free(tree->spans);
    *tree = (struct tree){0};
}
