/* Any bytes as a Proxmox VM and, behind the first NUL, as the cluster's mappings: refused, or objects of which the
 * annotation is one that the sidecar takes. */
#include "import/proxmox.h"
#include "imported.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    const size_t length = end ? (size_t)(end - data) : size;
    const struct proxmox_source source = {
        .conf = {data, length}, .mapping = end ? (struct bytes){end + 1, size - length - 1} : (struct bytes){0}};
    CLEANUP(import_vm_free) struct import_vm vm = {0};
    struct error err = {0};
    if (import_vm_init(&vm, &err) < 0)
        __builtin_trap();
    check_imported(&vm, import_proxmox(&source, &vm, &err), &err);
    return 0;
}
