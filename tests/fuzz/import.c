/* Any bytes as a Proxmox VM and, behind the first NUL, as the cluster's mappings: refused, or objects of which the
 * annotation is one that the sidecar takes. */
#include <string.h>

#include "import/proxmox.h"
#include "import/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    const size_t length = end ? (size_t)(end - data) : size;
    const struct proxmox_source source = {
        .conf = {data, length}, .mapping = end ? (struct bytes){end + 1, size - length - 1} : (struct bytes){0}};
    CLEANUP(import_vm_free) struct import_vm vm = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    struct error err = {0};
    if (import_vm_init(&vm, &err) < 0)
        __builtin_trap();
    CLEANUP(json_decref) json_t *result = import_proxmox(&source, &vm, &err) < 0 ? NULL : import_result(&vm, &err);
    if (result && import_result_text(result, "fuzz", &text, &err) < 0)
        __builtin_trap();
    const bool is_scarce = err.code == ERROR_LIMIT && strstr(err.message, "out of memory");
    if (is_scarce || (err.code != ERROR_NONE && err.code != ERROR_INPUT && err.code != ERROR_LIMIT))
        __builtin_trap();
    return 0;
}
