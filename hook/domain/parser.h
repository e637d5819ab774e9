/* libxml2's parser, held to the limits of tree.h: what every text of a domain goes through, whatever is made of it. */
#pragma once

#include <libxml/parser.h>

#include "base/cleanup.h"
#include "domain/tree.h"

/* Why the parser was stopped. */
enum parser_stop { PARSER_GOES_ON, PARSER_DOCUMENT_TYPE, PARSER_DEPTH, PARSER_ELEMENTS, PARSER_DONE };

/* Our part of a parser: its context's _private. */
struct parser {
    enum parser_stop stop;
    size_t elements;                      /* until now */
    startElementNsSAX2Func start_element; /* called for each that is within the limits; as it comes, libxml2's own */
    void *reader;                         /* whose handlers these are; NULL: libxml2's */
    size_t memory_failures;               /* before it began */
};

/* Checks what libxml2 does not, or too late, and makes a parser that makes a tree, without white space between elements
 * and without CDATA marks; who wants something else takes its handlers, but not startElementNs, which counts. Returns
 * NULL with err filled as tree_parse does. parser_free gives it back; *parser must outlive it. */
xmlParserCtxt *parser_new(struct bytes source, struct parser *parser, struct error *err);

/* Reads the text. *document becomes the tree, the caller's to free; NULL where no tree is made. Returns 0, or -1 as
 * tree_parse does; also after parser_stop, which is for the handlers, with PARSER_DONE. */
int parser_run(xmlParserCtxt *context, struct bytes source, xmlDoc **document, struct error *err);

void parser_stop(xmlParserCtxt *context, enum parser_stop reason);

static inline struct parser *parser_of(const xmlParserCtxt *context) {
    return context->_private;
}

static inline void parser_free(xmlParserCtxt *context) {
    if (context)
        xmlFreeParserCtxt(context);
}
DEFINE_CLEANUP(xmlParserCtxt, parser_free)
