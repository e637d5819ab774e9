/* The devices that a command names, or finds: of check and snapshot. */
#pragma once

#include <argp.h>

#include "host/devices.h"
#include "host/facts.h"

/* Adds the device that an argument names, an address or the UUID of a mediated device, to the list (host_devices_free
 * gives it back). Anything else is wrong usage. */
void devices_take(struct host_devices *devices, const char *argument, const struct argp_state *state);

/* Finds the node's devices where none was named. */
int devices_find(const struct sysfs *sysfs, struct host_devices *devices, struct error *err);

/* Reads the facts of all of them. */
int devices_read(const struct sysfs *sysfs, const struct host_devices *devices, struct host_facts *facts,
                 struct error *err);
