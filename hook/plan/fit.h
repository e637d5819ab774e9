/* Which options a device of a kind can have at all: one row of a table each. Pure. */
#pragma once

#include "plan/options.h"

/* Goes through the options that are given. One that the device cannot have fails with ERROR_INPUT and the reason where
 * the annotation gives it for this device; where a profile or "*" does, which speak of many devices, it is taken out of
 * *options and *notes gets a line. */
int plan_fit(const struct device *device, const struct device_facts *facts, struct device_options *options,
             struct buffer *notes, struct error *err);
