/* Any bytes as the VMI and as the annotation: refused as bad input, or options that merge for any device. */
#include <string.h>

#include "config/options.h"
#include "config/vmi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(vmi_free) struct vmi vmi = {0};
    CLEANUP(config_free) struct config config = {0};
    CLEANUP(free) char *text = strndup((const char *)data, size);
    struct error err = {0};
    if (vmi_parse((struct bytes){data, size}, &vmi, &err) == 0)
        vmi_asks_for(&vmi, "igpu");
    else if (err.code != ERROR_INPUT)
        __builtin_trap();
    error_clear(&err);
    struct device_options options;
    if (text && config_parse(text, &config, &err) == 0)
        config_device_options(&config, "igpu", (struct pci_address){0, 0xe5, 0, 0}, &options, &err);
    if (err.code != ERROR_NONE && err.code != ERROR_INPUT)
        __builtin_trap();
    return 0;
}
