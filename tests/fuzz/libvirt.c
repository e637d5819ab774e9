/* Any bytes as a libvirt domain: refused, or objects of which the annotation is one that the sidecar takes. */
#include "import/libvirt.h"
#include "domain/tree.h"
#include "imported.h"
#include "mutate/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(import_vm_free) struct import_vm vm = {0};
    struct error err = {0};
    tree_setup();
    if (import_vm_init(&vm, &err) < 0)
        __builtin_trap();
    check_imported(&vm, import_libvirt((struct bytes){data, size}, &vm, &err), &err);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_xml, 0, size, (struct input){data, size, most}, seed);
}
