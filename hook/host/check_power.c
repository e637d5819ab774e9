/* Power, reset, and the state of the link. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/check_result.h"

/* Linux Documentation/ABI/testing/sysfs-bus-pci: D3hot is where VFIO's drivers leave an idle device. */
void check_power_state(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const char *state = text_of(function, HOST_POWER_STATE), *status = text_of(function, HOST_RUNTIME_STATUS);
    char address[PCI_ADDRESS_TEXT_MAX];
    if (!state) {
        say_unread(result, "power_state", function->attributes[HOST_POWER_STATE].error, "the kernel does not tell");
        return;
    }
    if (strcmp(state, "D3cold") == 0) {
        if (!status)
            say(result, VERDICT_WARN, "power_state: D3cold, and whether it only sleeps cannot be seen");
        else if (strcmp(status, "active") == 0 || strcmp(status, "error") == 0)
            say(result, VERDICT_FAIL, "power_state: D3cold, runtime_status: %s: it cannot be powered up", status);
        else
            say(result, VERDICT_WARN, "power_state: D3cold: it sleeps, and the node must be able to power it up");
        const char *allowed = text_of(function, HOST_D3COLD_ALLOWED);
        if (allowed && strcmp(allowed, "0") == 0)
            advise(result, "power the node off and on where \"stuck in D3\" follows");
        else
            advise(result,
                   "echo 0 > /sys/bus/pci/devices/%s/d3cold_allowed; power the node off and on where \"stuck in D3\" "
                   "follows",
                   pci_address_format(function->address, address));
    } else if (strcmp(state, "error") == 0) {
        say(result, VERDICT_FAIL, "power_state: error: its power cannot be controlled");
        advise(result, "power the node off and on; kernel: pcie_port_pm=off, vfio-pci: disable_idle_d3=1");
    } else if (strcmp(state, "unknown") == 0 && function->device.driver[0]) {
        say(result, VERDICT_WARN, "power_state: unknown, though %s has it", function->device.driver);
        advise(result, "bind it again, and look at dmesg for what its driver met");
    } else if (strcmp(state, "unknown") == 0) {
        say(result, VERDICT_NOT_APPLICABLE, "power_state: unknown, as of any device without a driver");
    } else {
        say(result, VERDICT_PASS, "power_state: %s", state);
    }
}

/* --- reset --------------------------------------------------------------------------------------------------- */

/* GPUs whose own reset leaves them dead until the node restarts, unless the module vendor-reset adds the method
 * "device_specific": its table, gnif/vendor-reset src/device-db.h (Polaris, Vega, Navi). */
static bool wants_vendor_reset(const struct pci_id *id) {
    static const uint16_t devices[] = {0x67df, 0x67ef, 0x67ff, 0x67c0, 0x67c4, 0x67c7, 0x6fdf, 0x6980, 0x6981, 0x6985,
                                       0x6986, 0x6987, 0x6995, 0x6997, 0x699f, 0x687f, 0x6860, 0x6861, 0x6862, 0x6863,
                                       0x6864, 0x6867, 0x6868, 0x686c, 0x69a0, 0x69a1, 0x69a2, 0x69a3, 0x69af, 0x66a0,
                                       0x66a1, 0x66a2, 0x66a3, 0x66a7, 0x66af, 0x7310, 0x7312, 0x7318, 0x7319, 0x731a,
                                       0x731b, 0x731e, 0x731f, 0x7340, 0x7341, 0x7347, 0x734f, 0x7360, 0x7362};
    for (size_t i = 0; id->vendor == VENDOR_AMD && i < sizeof(devices) / sizeof(devices[0]); i++)
        if (devices[i] == id->device)
            return true;
    return false;
}

static bool has_word(const char *list, const char *word) {
    size_t size = strlen(word);
    for (const char *found = strstr(list, word); found; found = strstr(found + size, word))
        if ((found == list || found[-1] == ' ') && (found[size] == ' ' || !found[size]))
            return true;
    return false;
}

/* A bus reset reaches every function behind the bridge: VFIO makes it only where the VM has them all. */
static bool shares_bus(const struct checked *checked) {
    const struct host_function *function = checked->function;
    struct pci_address address = function->address;
    for (address.function = 0; address.function < 8; address.function++) {
        const struct host_function *sibling = host_facts_function(checked->facts, address);
        if (sibling && sibling != function && sibling->device.state == HOST_PRESENT &&
            (checked->vm ? !vm_has(checked, address) : !host_driver_is_vfio(sibling->device.driver)))
            return true;
    }
    return false;
}

void check_reset_method(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const struct host_text *methods = &function->attributes[HOST_RESET_METHOD];
    char address[PCI_ADDRESS_TEXT_MAX];
    if (methods->error && methods->error != ENOENT) {
        say_unread(result, "reset_method", methods->error, NULL);
    } else if (methods->error && function->reset_error == 0) {
        say(result, VERDICT_PASS, "reset: there is a method, which this kernel does not name");
    } else if (methods->error && is_partial(function)) {
        say(result, VERDICT_UNKNOWN, "neither reset_method nor reset: this is no whole /sys");
    } else if (methods->error) {
        say(result, VERDICT_WARN, "neither reset_method nor reset: the kernel cannot reset it");
        advise(result, "after each VM the node may have to restart before the device works again");
    } else if (!methods->text[0]) {
        say(result, VERDICT_WARN, "reset_method: empty: all methods were turned off");
        advise(result, "echo default > /sys/bus/pci/devices/%s/reset_method; if it stays empty, reboot the node",
               pci_address_format(function->address, address));
    } else if (wants_vendor_reset(&function->device.identity.id) && !has_word(methods->text, "device_specific")) {
        say(result, VERDICT_WARN, "reset_method: %.60s: resets of this GPU are known to leave it dead", methods->text);
        advise(result,
               "install the module vendor-reset on the node, and echo device_specific > "
               "/sys/bus/pci/devices/%s/reset_method",
               pci_address_format(function->address, address));
    } else if (strcmp(methods->text, "bus") == 0 && shares_bus(checked)) {
        say(result, VERDICT_WARN, "reset_method: bus only, which would reset its siblings too: VFIO does not do it");
        advise(result, "give the VM all functions of the slot");
    } else {
        say(result, VERDICT_PASS, "reset_method: %.100s", methods->text);
    }
}

/* --- link ---------------------------------------------------------------------------------------------------- */

/* "16.0 GT/s PCIe" and "8 GT/s" are 16 and 8; 0 where it is neither: "Unknown". */
static double link_speed(const char *text) {
    return text ? strtod(text, NULL) : 0;
}

/* "16"; 0 and 255 are what a link that is down shows. */
static unsigned link_width(const char *text) {
    unsigned long width = text ? strtoul(text, NULL, 10) : 0;
    return width > 32 ? 0 : (unsigned)width;
}

void check_link(const struct checked *checked, struct check_result *result) {
    const struct host_function *function = checked->function;
    const struct host_function *port =
        function->bridge_count ? host_facts_function(checked->facts, function->bridges[function->bridge_count - 1])
                               : NULL;
    double speed = link_speed(text_of(function, HOST_LINK_SPEED)),
           speed_max = link_speed(text_of(function, HOST_LINK_SPEED_MAX));
    unsigned width = link_width(text_of(function, HOST_LINK_WIDTH)),
             width_max = link_width(text_of(function, HOST_LINK_WIDTH_MAX));
    const char *state = text_of(function, HOST_POWER_STATE);
    if (function->attributes[HOST_LINK_WIDTH].error == EAGAIN) {
        say(result, VERDICT_NOT_APPLICABLE, "it sleeps, and to look at its link would wake it");
        return;
    }
    if (speed <= 0 || speed_max <= 0 || width == 0 || width_max == 0 || function->device.is_virtual) {
        say(result, VERDICT_NOT_APPLICABLE, "it has no link of its own that could be measured");
        return;
    }
    /* A slot may be narrower than the card: that is how the node was built. */
    double port_speed = port ? link_speed(text_of(port, HOST_LINK_SPEED_MAX)) : 0;
    unsigned port_width = port ? link_width(text_of(port, HOST_LINK_WIDTH_MAX)) : 0;
    double speed_able = port_speed > 0 && port_speed < speed_max ? port_speed : speed_max;
    unsigned width_able = port_width > 0 && port_width < width_max ? port_width : width_max;
    bool sleeps = state && strncmp(state, "D3", 2) == 0;
    if (width < width_able) {
        say(result, VERDICT_WARN, "x%u, while card and slot can x%u", width, width_able);
        advise(result, "reseat the card; look at the riser, and at the slot's lanes in the firmware's setup");
    } else if (speed < speed_able && !sleeps) {
        say(result, VERDICT_WARN, "%.4g GT/s, while card and slot can %.4g GT/s", speed, speed_able);
        advise(result,
               "an idle GPU may do that: look again while a guest uses it (lspci -vv, LnkSta); then at the riser "
               "and the slot's speed in the firmware's setup");
    } else {
        say(result, VERDICT_PASS, "x%u, %.4g GT/s%s", width, speed,
            speed < speed_able                       ? ", as it is idle"
            : width < width_max || speed < speed_max ? ", all the slot can"
                                                     : "");
    }
}

/* --- AER ----------------------------------------------------------------------------------------------------- */

/* The number behind `name` at the start of a line, or -1. Linux drivers/pci/pcie/aer.c: "TOTAL_ERR_FATAL 0". */
static long counter(const char *text, const char *name) {
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ')
            return strtol(line + strlen(name), NULL, 10);
    }
    return -1;
}

void check_aer(const struct checked *checked, struct check_result *result) {
    static const struct {
        enum host_attribute attribute;
        const char *total;
    } files[] = {{HOST_AER_FATAL, "TOTAL_ERR_FATAL"},
                 {HOST_AER_NONFATAL, "TOTAL_ERR_NONFATAL"},
                 {HOST_AER_CORRECTABLE, "TOTAL_ERR_COR"}};
    const struct host_function *function = checked->function;
    long counts[3];
    for (size_t i = 0; i < 3; i++) {
        const char *name = host_attribute_name(files[i].attribute);
        counts[i] = counter(text_of(function, files[i].attribute), files[i].total);
        if (function->attributes[files[i].attribute].error) {
            say_unread(result, name, function->attributes[files[i].attribute].error,
                       "it does not report errors, or the kernel does not count them");
            return;
        }
        if (counts[i] < 0) {
            say(result, VERDICT_UNKNOWN, "%s has no %s", name, files[i].total);
            return;
        }
    }
    if (counts[0] > 0 || counts[1] > 0) {
        say(result, VERDICT_WARN, "since the node's start %ld fatal and %ld other uncorrectable errors", counts[0],
            counts[1]);
        advise(result, "dmesg | grep AER; reseat the card, look at the riser and its power; the count starts anew with "
                       "the node");
    } else {
        say(result, VERDICT_PASS, "no uncorrectable error since the node's start, %ld correctable", counts[2]);
    }
}
