#include "json_outcome.h"

#include <stdlib.h>

#include "inject.h"

void outcome_json(struct outcome *outcome, const json_t *value) {
    inject_pause();
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(1));
    if (!text)
        abort();
    outcome_text(outcome, text);
    free(text);
    inject_resume();
}
