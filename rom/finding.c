#include "rom/finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

/* Where the next finding of `level` goes, or NULL when all that is there matters as much. */
static struct finding *place_for(struct findings *findings, enum finding_level level) {
    if (findings->count < FINDINGS_MAX)
        return &findings->list[findings->count++];
    for (size_t i = FINDINGS_MAX; i-- > 0;)
        if (findings->list[i].level < level)
            return &findings->list[i];
    return NULL;
}

void findings_add(struct findings *findings, enum finding_level level, size_t offset, const char *format, ...) {
    struct finding *finding = place_for(findings, level);
    if (!finding)
        return;
    finding->level = level;
    finding->offset = offset;
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(finding->text, sizeof(finding->text), format, arguments) >= (int)sizeof(finding->text))
        text_ellipsis(finding->text, sizeof(finding->text));
    text_make_printable(finding->text);
    va_end(arguments);
}

int findings_check(const struct findings *findings, struct error *err) {
    return findings->failed ? error_no_memory(err) : 0;
}

const struct finding *findings_first(const struct findings *findings, enum finding_level level) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].level == level)
            return &findings->list[i];
    return NULL;
}

const char *finding_level_name(enum finding_level level) {
    static const char *const names[] = {
        [FINDING_REMARK] = "remark", [FINDING_WARNING] = "warning", [FINDING_ERROR] = "error"};
    return names[level];
}
