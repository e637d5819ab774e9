#include "cmd/devices.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "cmd/cmd.h"

static void *grow(void *list, size_t count, size_t size, const struct argp_state *state) {
    void *larger = reallocarray(list, count + 1, size);
    if (!larger)
        argp_failure(state, EXIT_UNKNOWN, 0, "out of memory");
    return larger;
}

void devices_take(struct host_devices *devices, const char *argument, const struct argp_state *state) {
    struct pci_address address;
    char storage[QUOTED_MAX];
    if (pci_address_parse(argument, &address) == 0) {
        for (size_t i = 0; i < devices->function_count; i++)
            if (pci_address_equal(devices->functions[i], address))
                return; /* named twice */
        devices->functions = grow(devices->functions, devices->function_count, sizeof(address), state);
        devices->functions[devices->function_count++] = address;
    } else if (text_is_uuid(argument)) {
        for (size_t i = 0; i < devices->mdev_count; i++)
            if (strcasecmp(devices->mdevs[i], argument) == 0)
                return;
        devices->mdevs = grow(devices->mdevs, devices->mdev_count, sizeof(*devices->mdevs), state);
        memcpy(devices->mdevs[devices->mdev_count++], argument, sizeof(*devices->mdevs));
    } else {
        argp_error(state, "'%s' is neither a PCI address, as 0000:e5:00.0, nor the UUID of a mediated device",
                   text_quotable(argument, storage));
    }
}

int devices_find(const struct sysfs *sysfs, struct host_devices *devices, struct error *err) {
    if (devices->function_count || devices->mdev_count)
        return 0;
    return host_devices_list(sysfs, devices, err);
}

int devices_read(const struct sysfs *sysfs, const struct host_devices *devices, struct host_facts *facts,
                 struct error *err) {
    for (size_t i = 0; i < devices->function_count; i++)
        if (host_facts_add(facts, sysfs, devices->functions[i], err) < 0)
            return -1;
    for (size_t i = 0; i < devices->mdev_count; i++)
        if (host_facts_add_mdev(facts, sysfs, devices->mdevs[i], err) < 0)
            return -1;
    return 0;
}
