#include "domain/parser.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "domain/span.h"

void parser_stop(xmlParserCtxt *context, enum parser_stop reason) {
    parser_of(context)->stop = reason;
    xmlStopParser(context);
}

/* Called at "<!DOCTYPE": entities can only be declared there, so without it there is nothing to expand or to fetch. */
static void refuse_document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    parser_stop(context, PARSER_DOCUMENT_TYPE);
}

/* Called at each start tag: libxml2's own limit on depth goes with XML_PARSE_HUGE, and it has none on elements. */
static void count_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **namespace_list, int attributes, int defaulted,
                          const xmlChar **attribute_list) {
    xmlParserCtxt *context = data;
    struct parser *parser = parser_of(context);
    if (context->nameNr >= TREE_DEPTH_MAX)
        parser_stop(context, PARSER_DEPTH);
    else if (++parser->elements > TREE_ELEMENTS_MAX)
        parser_stop(context, PARSER_ELEMENTS);
    else
        parser->start_element(context, name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                              attribute_list);
}

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

xmlParserCtxt *parser_new(struct bytes source, struct parser *parser, struct error *err) {
    *parser = (struct parser){.memory_failures = memory_failures()};
    if (check_text(source, err) < 0)
        return NULL;
    xmlParserCtxt *context = xmlNewParserCtxt();
    if (!context) {
        error_no_memory(err);
        return NULL;
    }
    context->_private = parser;
    parser->start_element = context->sax->startElementNs;
    context->sax->internalSubset = refuse_document_type;
    context->sax->startElementNs = count_element;
    return context;
}

static int describe_problem(xmlParserCtxt *context, struct error *err) {
    int line = context->input ? context->input->line : 0;
    switch (parser_of(context)->stop) {
    case PARSER_DOCUMENT_TYPE:
        return error_set(err, ERROR_INPUT, "the domain XML declares a document type: remove its <!DOCTYPE ...>");
    case PARSER_DEPTH:
        return error_set(err, ERROR_INPUT, "the domain XML is nested deeper than %d levels: line %d", TREE_DEPTH_MAX,
                         line);
    case PARSER_ELEMENTS:
        return error_set(err, ERROR_LIMIT, "the domain XML has more than %d elements", TREE_ELEMENTS_MAX);
    case PARSER_DONE:
    case PARSER_GOES_ON:
        break;
    }
    const xmlError *problem = xmlCtxtGetLastError(context);
    if (!problem || !problem->message)
        return error_set(err, ERROR_INPUT, "the domain XML cannot be parsed");
    char reason[256]; /* libxml2's messages end in a newline */
    snprintf(reason, sizeof(reason), "%.*s", (int)strcspn(problem->message, "\n"), problem->message);
    return error_set(err, ERROR_INPUT, "the domain XML is not well-formed: line %d: %s", problem->line, reason);
}

/* Where libxml2 has changed the encoding on the way it is the input's. */
static int check_encoding(const xmlParserCtxt *context, const xmlDoc *document, struct error *err) {
    const xmlChar *encoding = document            ? document->encoding
                              : context->encoding ? context->encoding
                              : context->input    ? context->input->encoding
                                                  : NULL;
    if (!encoding || xmlStrcasecmp(encoding, (const xmlChar *)"UTF-8") == 0)
        return 0;
    return error_set(err, ERROR_INPUT, "the domain XML is encoded in %.32s: it must be UTF-8", encoding);
}

int parser_run(xmlParserCtxt *context, struct bytes source, xmlDoc **document, struct error *err) {
    const struct parser *parser = parser_of(context);
    /* HUGE lifts the limit of 10 MB on a single text; what else it lifts is limited here. */
    *document = xmlCtxtReadMemory(context, (const char *)source.data, (int)source.size, NULL, NULL,
                                  XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT |
                                      XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA | XML_PARSE_HUGE);
    int failed;
    if (memory_failures() != parser->memory_failures) /* libxml2 may have gone on without, or blame the text */
        failed = error_no_memory(err);
    else if (!context->wellFormed || parser->stop != PARSER_GOES_ON)
        failed = describe_problem(context, err);
    else
        failed = check_encoding(context, *document, err);
    if (failed && *document) {
        xmlFreeDoc(*document);
        *document = NULL;
    }
    return failed;
}
