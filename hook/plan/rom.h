/* Which ROM a device gets. Pure. */
#pragma once

#include "plan/options.h"

/* Decides for one PCI device. On success *candidate is the bundle's ROM to verify and publish (its `rom` is NULL if
 * none is wanted) and the ROM's members of *decision hold the rest. Fails with ERROR_REFUSED, or ERROR_INPUT for
 * options that contradict the domain; the message leaves the device to the caller, for several devices may share a
 * reason. */
int plan_rom(const struct device *device, const struct device_options *options, const struct device_facts *facts,
             struct decision *decision, struct rom_candidate *candidate, struct error *err);

/* "1002:1681 (subsystem 1462:1381, revision c8)", for messages. Returns `text`. */
#define IDENTITY_TEXT_MAX 64
const char *identity_describe(const struct pci_identity *identity, char text[IDENTITY_TEXT_MAX]);
