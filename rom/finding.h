/* What there is to say about a ROM, each with the offset that it is about. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum finding_level {
    FINDING_REMARK,  /* worth knowing; nothing suffers */
    FINDING_WARNING, /* somebody who might expect this ROM to do something will be disappointed */
    FINDING_ERROR,   /* this ROM will not do */
};

#define FINDING_TEXT_MAX 400
#define FINDINGS_MAX     64

struct finding {
    enum finding_level level;
    size_t offset; /* from the start of the file */
    char text[FINDING_TEXT_MAX];
};

/* Starts as {0}. Holds no pointers. When full, a finding of a higher level takes the place of the last lower one, so
 * that no error is lost to remarks. */
struct findings {
    struct finding list[FINDINGS_MAX];
    size_t count;
    bool failed; /* something could not be looked at for want of memory: the rest is no answer */
};

/* Returns 0, or -1 with err filled where they failed. */
int findings_check(const struct findings *findings, struct error *err);

void findings_add(struct findings *findings, enum finding_level level, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The first finding of that level, or NULL. */
const struct finding *findings_first(const struct findings *findings, enum finding_level level);

/* "remark", "warning", "error". */
const char *finding_level_name(enum finding_level level);
