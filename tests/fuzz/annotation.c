/* Any bytes as the VMI and as the annotation: refused as bad input, or options that merge for any device and that are
 * read again as they are written. */
#include <string.h>

#include "config/annotation.h"
#include "config/vmi.h"
#include "mutate/mutate.h"

static void read_again(const struct option_table *table, const void *options, void *again) {
    static const struct json_place place = {"again"};
    struct error err = {0};
    CLEANUP(json_decref) json_t *object = options_to_json(table, options);
    if (!object || options_parse(table, object, &place, again, &err) < 0)
        __builtin_trap();
    CLEANUP(json_decref) json_t *object_again = options_to_json(table, again);
    if (!json_equal(object, object_again))
        __builtin_trap();
}

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
    struct device_options options = {0}, options_again = {0};
    struct guest_options guest_again = {0};
    if (text && config_parse(text, &config, &err) == 0 &&
        config_device_options(&config, "igpu", &(struct pci_address){0, 0xe5, 0, 0}, &options, &err) == 0) {
        read_again(&device_option_table, &options, &options_again);
        read_again(&guest_option_table, &config.guest, &guest_again);
    }
    if (err.code != ERROR_NONE && err.code != ERROR_INPUT)
        __builtin_trap();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_custom(mutate_json, 0, size, (struct input){data, size, most}, seed);
}
