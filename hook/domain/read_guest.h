/* What a domain says of its guest. */
#pragma once

#include "domain/tree.h"
#include "plan/guest.h"

/* Reads the domain's root into *guest (overwritten). What cannot be read is as if it were not there: whether the domain
 * is right is libvirt's to judge. Fails without memory. guest_free gives it back, also after a failure. */
int guest_read(const xmlNode *root, struct guest *guest, struct error *err);

void guest_free(struct guest *guest);

/* An amount of memory in KiB, which is also the unit where none is given (virDomainParseScaledValue). 0: it is none. */
uint64_t guest_read_kib(const char *text, const char *unit);

/* Is it a <hostdev> of a PCI function or a mediated device, which is ours to look after? */
bool hostdev_is_passthrough(const xmlNode *element);

/* A device element other than `own` (which may be NULL) that has the alias, or NULL. */
const xmlNode *alias_find(const xmlNode *root, const char *alias, const xmlNode *own);
