#include "domain/tree.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
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

static void free_context(xmlParserCtxt *context) {
    if (context)
        xmlFreeParserCtxt(context);
}
DEFINE_CLEANUP(xmlParserCtxt, free_context)

/* Why our handlers stopped the parser. */
enum stop { STOP_NOT, STOP_DOCUMENT_TYPE, STOP_DEPTH, STOP_ELEMENTS };

struct parsing {
    enum stop stop;
    size_t elements;
    startElementNsSAX2Func start_element; /* libxml2's own */
};

static void stop(xmlParserCtxt *parser, enum stop reason) {
    struct parsing *parsing = parser->_private;
    parsing->stop = reason;
    xmlStopParser(parser);
}

/* Called at "<!DOCTYPE": entities can only be declared there, so without it there is nothing to expand or to fetch. */
static void refuse_document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    stop(context, STOP_DOCUMENT_TYPE);
}

/* Called at each start tag: libxml2's own limit on depth goes with XML_PARSE_HUGE, and it has none on elements. */
static void count_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **namespace_list, int attributes, int defaulted,
                          const xmlChar **attribute_list) {
    xmlParserCtxt *parser = context;
    struct parsing *parsing = parser->_private;
    if (parser->nodeNr >= TREE_DEPTH_MAX)
        stop(parser, STOP_DEPTH);
    else if (++parsing->elements > TREE_ELEMENTS_MAX)
        stop(parser, STOP_ELEMENTS);
    else
        parsing->start_element(context, name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                               attribute_list);
}

static int describe_problem(xmlParserCtxt *context, const struct parsing *parsing, struct error *err) {
    int line = context->input ? context->input->line : 0;
    switch (parsing->stop) {
    case STOP_DOCUMENT_TYPE:
        return error_set(err, ERROR_INPUT, "the domain XML declares a document type: remove its <!DOCTYPE ...>");
    case STOP_DEPTH:
        return error_set(err, ERROR_INPUT, "the domain XML is nested deeper than %d levels: line %d", TREE_DEPTH_MAX,
                         line);
    case STOP_ELEMENTS:
        return error_set(err, ERROR_LIMIT, "the domain XML has more than %d elements", TREE_ELEMENTS_MAX);
    case STOP_NOT:
        break;
    }
    const xmlError *problem = xmlCtxtGetLastError(context);
    if (!problem || !problem->message)
        return error_set(err, ERROR_INPUT, "the domain XML cannot be parsed");
    char reason[256]; /* libxml2's messages end in a newline */
    snprintf(reason, sizeof(reason), "%.*s", (int)strcspn(problem->message, "\n"), problem->message);
    return error_set(err, ERROR_INPUT, "the domain XML is not well-formed: line %d: %s", problem->line, reason);
}

static int check_document(struct tree *tree, const char *root, struct error *err) {
    const xmlChar *encoding = tree->document->encoding;
    if (encoding && xmlStrcasecmp(encoding, XML("UTF-8")) != 0)
        return error_set(err, ERROR_INPUT, "the domain XML is encoded in %.32s: it must be UTF-8", encoding);
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

/* Checks what libxml2 does not, or too late. */
static int check_text(struct bytes source, struct error *err) {
    if (source.size == 0)
        return error_set(err, ERROR_INPUT, "the domain XML is empty");
    if (source.size > INT32_MAX)
        return error_set(err, ERROR_LIMIT, "the domain XML has %zu bytes", source.size);
    size_t valid = utf8_valid_prefix(source);
    if (valid < source.size)
        return error_set(err, ERROR_INPUT, "the domain XML is not UTF-8: byte 0x%02x at offset %zu", source.data[valid],
                         valid);
    /* libxml2 takes a NUL for the end and would not look at what follows. */
    const uint8_t *nul = memchr(source.data, '\0', source.size);
    if (nul)
        return error_set(err, ERROR_INPUT, "the domain XML has a NUL byte at offset %zu", (size_t)(nul - source.data));
    /* libxml2 compares each attribute with all others of its element. */
    size_t crowded = span_crowded_tag(source, TREE_ATTRIBUTES_MAX);
    if (crowded < source.size)
        return error_set(err, ERROR_LIMIT, "the domain XML has an element with more than %d attributes: offset %zu",
                         TREE_ATTRIBUTES_MAX, crowded);
    return 0;
}

int tree_parse(struct bytes source, const char *root, struct tree *tree, struct error *err) {
    *tree = (struct tree){0};
    if (check_text(source, err) < 0)
        return -1;
    const size_t failures = memory_failures();
    CLEANUP(free_context) xmlParserCtxt *context = xmlNewParserCtxt();
    if (!context)
        return error_no_memory(err);
    tree->source = source;
    struct parsing parsing = {.start_element = context->sax->startElementNs};
    context->_private = &parsing;
    context->sax->internalSubset = refuse_document_type;
    context->sax->startElementNs = count_element;
    /* White space between elements, comments and CDATA marks are kept by tree_write, from the text: the tree is smaller
     * without them, and the text of an element is one node. HUGE lifts the limit of 10 MB on a single text; what else
     * it lifts is limited here. */
    context->sax->comment = NULL;
    context->sax->processingInstruction = NULL;
    tree->document = xmlCtxtReadMemory(context, (const char *)source.data, (int)source.size, NULL, NULL,
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT |
                                           XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA | XML_PARSE_HUGE);
    tree->elements = parsing.elements;
    int failed;
    if (memory_failures() != failures) /* libxml2 may have gone on without, or blame the text */
        failed = error_no_memory(err);
    else if (!tree->document || parsing.stop != STOP_NOT)
        failed = describe_problem(context, &parsing, err);
    else
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

static bool same_text(const xmlChar *a, const xmlChar *b) {
    return xmlStrEqual(a ? a : XML(""), b ? b : XML(""));
}

static bool same_namespace(const xmlNs *a, const xmlNs *b) {
    return a && b ? xmlStrEqual(a->href, b->href) : a == b;
}

static bool same_attributes(const xmlNode *a, const xmlNode *b) {
    size_t surplus = 0;
    for (const xmlAttr *i = b->properties; i; i = i->next)
        surplus++;
    for (const xmlAttr *i = a->properties; i; i = i->next, surplus--) {
        const xmlAttr *other = xmlHasNsProp((xmlNode *)b, i->name, i->ns ? i->ns->href : NULL);
        if (!other || surplus == 0 ||
            !same_text(i->children ? i->children->content : NULL, other->children ? other->children->content : NULL))
            return false;
    }
    return surplus == 0;
}

/* The text up to the next child element, as one: where an element was removed the tree has it in two nodes. */
struct run {
    const xmlNode *node; /* the next to read; when all is read the element that ends the run, or NULL */
    const xmlChar *rest; /* of the node before */
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

static bool same_run(struct run *a, struct run *b, bool exact) {
    xmlChar x, y;
    do {
        x = next_compared(a, exact);
        y = next_compared(b, exact);
    } while (x == y && x);
    return x == y;
}

bool tree_equal(const xmlNode *a, const xmlNode *b) {
    if (!xmlStrEqual(a->name, b->name) || !same_namespace(a->ns, b->ns) || !same_attributes(a, b))
        return false;
    bool exact = has_only_text(a) && has_only_text(b);
    struct run x = {.node = a->children}, y = {.node = b->children};
    while (same_run(&x, &y, exact)) {
        if (!x.node || !y.node)
            return x.node == y.node;
        if (!tree_equal(x.node, y.node))
            return false;
        x = (struct run){.node = x.node->next};
        y = (struct run){.node = y.node->next};
    }
    return false;
}

void tree_free(struct tree *tree) {
    if (tree->document)
        xmlFreeDoc(tree->document);
    free(tree->spans);
    *tree = (struct tree){0};
}
