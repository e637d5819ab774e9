/* What one device gets, from its options and what the host says of it. Pure. */
#pragma once

#include "plan/rom.h"

/* Decides for one device, all but its place in the guest. Options that it cannot have are taken out of *options, see
 * plan_fit; *notes gets lines for the log. On success *candidate is the ROM to verify and publish, see plan_rom. Fails
 * with ERROR_REFUSED, or ERROR_INPUT for options that contradict each other or the domain; the message leaves the
 * device to the caller. */
int plan_device(const struct device *device, const struct device_facts *facts, struct device_options *options,
                struct decision *decision, struct rom_candidate *candidate, struct buffer *notes, struct error *err);
