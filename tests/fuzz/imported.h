/* What holds for every VM that an importer takes. */
#pragma once

#include <string.h>

#include "import/result.h"

/* Writes the VM that was read (`failed`: it was not), and traps where that fails for another reason than the input. */
static inline void check_imported(struct import_vm *vm, int failed, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(json_decref) json_t *result = failed ? NULL : import_result(vm, err);
    if (result && import_result_text(result, "fuzz", &text, err) < 0)
        __builtin_trap();
    const bool is_scarce = err->code == ERROR_LIMIT && strstr(err->message, "out of memory");
    if (is_scarce || (err->code != ERROR_NONE && err->code != ERROR_INPUT && err->code != ERROR_LIMIT))
        __builtin_trap();
}
