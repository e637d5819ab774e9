/* tree_reads_back: the text is compared with the tree while it is read. A second tree would take as long to make as the
 * first, and as much memory. */
#include <libxml/parserInternals.h>
#include <string.h>

#include "domain/parser.h"
#include "domain/span.h"

/* The text up to the next child element, as one: where an element was removed the tree has it in two nodes. */
struct run {
    const xmlNode *node; /* the next to read; when all is read the element that ends the run, or NULL */
    const xmlChar *rest; /* of the node before */
};

struct comparison {
    const xmlNode *element; /* that is open; NULL: none */
    struct run run;         /* what is to come next in it */
    bool exact;             /* white space counts in it */
    bool differs;
    /* libxml2 leaves out white space where the element has no text yet (parser.c, areBlanks): this stands for the
     * element in the tree that it does not make. What it leaves out beside child elements does not count anyway. */
    xmlNode node, text;
};

static xmlChar next_character(struct run *run) {
    while (!run->rest || !*run->rest) {
        if (!run->node || run->node->type == XML_ELEMENT_NODE)
            return '\0';
        run->rest = run->node->content;
        run->node = run->node->next;
    }
    return *run->rest++;
}

/* Beside child elements libxml2 leaves out white space that has no other text before it, so that none counts there. */
static xmlChar next_compared(struct run *run, bool exact) {
    xmlChar c = next_character(run);
    while (!exact && IS_BLANK_CH(c))
        c = next_character(run);
    return c;
}

static void go_on_in(xmlParserCtxt *context, const xmlNode *element, const xmlNode *next) {
    struct comparison *comparison = parser_of(context)->reader;
    comparison->element = element;
    comparison->run = (struct run){.node = next};
    comparison->exact = element && has_only_text(element);
    comparison->node.children = comparison->node.last = NULL;
    context->node = &comparison->node;
}

static void differ(xmlParserCtxt *context) {
    struct comparison *comparison = parser_of(context)->reader;
    comparison->differs = true;
    parser_stop(context, PARSER_DONE);
}

/* What libxml2's tree makes of a name as it is read: a prefix that is not declared is a part of the name, and the
 * namespace is none (SAX2.c, xmlSAX2StartElementNs). */
static bool same_name(const xmlChar *name, const xmlNs *namespace, const xmlChar *local, const xmlChar *prefix,
                      const xmlChar *uri) {
    if (uri)
        return namespace && xmlStrEqual(namespace->href, uri) && xmlStrEqual(name, local);
    if (namespace)
        return false;
    const int size = prefix ? xmlStrlen(prefix) : 0;
    return size == 0 ? xmlStrEqual(name, local)
                     : xmlStrncmp(name, prefix, size) == 0 && name[size] == ':' && xmlStrEqual(name + size + 1, local);
}

/* libxml2 hands out an ampersand as a reference (parser.c, xmlParseAttValueInternal), all else as it is meant. */
static bool same_value(const xmlAttr *attribute, const xmlChar *value, const xmlChar *end) {
    static const char ampersand[] = "&#38;";
    const size_t size = sizeof(ampersand) - 1;
    const xmlChar *wanted = attribute->children ? attribute->children->content : (const xmlChar *)"";
    while (value < end) {
        const bool is_reference = (size_t)(end - value) >= size && memcmp(value, ampersand, size) == 0;
        if (*wanted++ != *value)
            return false;
        value += is_reference ? size : 1;
    }
    return *wanted == '\0';
}

/* In libxml2's list an attribute is its name, prefix, URI, and where its value begins and ends. */
static bool has_attribute(const xmlNode *element, const xmlChar **wanted) {
    for (const xmlAttr *i = element->properties; i; i = i->next)
        if (same_name(i->name, i->ns, wanted[0], wanted[1], wanted[2]))
            return same_value(i, wanted[3], wanted[4]);
    return false;
}

/* libxml2 lets two of one name pass where two prefixes stand for one namespace: then the first counts. */
static bool same_attributes(const xmlNode *element, const xmlChar **list, int count) {
    int surplus = count;
    for (const xmlAttr *i = element->properties; i; i = i->next)
        surplus--;
    if (surplus != 0)
        return false;
    for (int i = 0; i < count; i++)
        if (!has_attribute(element, list + (ptrdiff_t)5 * i))
            return false;
    return true;
}

static void start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **namespace_list, int attributes, int defaulted,
                          const xmlChar **attribute_list) {
    struct comparison *comparison = parser_of(context)->reader;
    (void)namespaces, (void)namespace_list, (void)defaulted;
    if (next_compared(&comparison->run, comparison->exact) != '\0') {
        differ(context);
        return;
    }
    const xmlNode *element = comparison->run.node;
    if (element && same_name(element->name, element->ns, name, prefix, uri) &&
        same_attributes(element, attribute_list, attributes))
        go_on_in(context, element, element->children);
    else
        differ(context);
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    struct comparison *comparison = parser_of(context)->reader;
    (void)name, (void)prefix, (void)uri;
    const xmlNode *element = comparison->element, *parent = element->parent;
    if (next_compared(&comparison->run, comparison->exact) != '\0' || comparison->run.node)
        differ(context);
    else
        go_on_in(context, parent->type == XML_ELEMENT_NODE ? parent : NULL, element->next);
}

static void compare_text(void *context, const xmlChar *text, int size) {
    struct comparison *comparison = parser_of(context)->reader;
    comparison->node.children = comparison->node.last = &comparison->text;
    for (const xmlChar *i = text; i < text + size; i++) {
        if (!comparison->exact && IS_BLANK_CH(*i))
            continue;
        if (next_compared(&comparison->run, comparison->exact) != *i) {
            differ(context);
            return;
        }
    }
}

int tree_reads_back(const struct tree *tree, struct bytes text, struct error *err) {
    struct comparison comparison = {
        .run.node = xmlDocGetRootElement(tree->document), .node.type = XML_ELEMENT_NODE, .text.type = XML_TEXT_NODE};
    struct parser parser;
    xmlDoc *none;
    CLEANUP(parser_free) xmlParserCtxt *context = parser_new(text, &parser, err);
    if (!context)
        return -1;
    xmlSAXHandler *handlers = context->sax;
    *handlers = (xmlSAXHandler){.initialized = XML_SAX2_MAGIC,
                                .internalSubset = handlers->internalSubset,
                                .startElementNs = handlers->startElementNs,
                                .endElementNs = end_element,
                                .characters = compare_text};
    parser.start_element = start_element;
    parser.reader = &comparison;
    struct error problem = {0};
    const int failed = parser_run(context, text, &none, &problem);
    if (failed && comparison.differs && problem.code != ERROR_LIMIT) /* where memory was short, that is why */
        return 0;
    return failed ? error_set(err, problem.code, "%s", problem.message) : 1;
}
