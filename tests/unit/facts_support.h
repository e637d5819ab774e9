/* Facts of a folder laid out as sysfs, for the tests of host/facts. Addresses and lists of them are texts. */
#pragma once

#include "host/facts.h"
#include "support.h"

#define DEVICES "bus/pci/devices/"
#define DEVICE  DEVICES "0000:e5:00.0/"

extern const struct pci_identity facts_gpu, facts_bridge; /* 10de:2204 and 8086:1901 */

struct facts_attribute {
    enum host_attribute attribute;
    const char *name;
    bool of_bridges;  /* read of a bridge above a device too */
    bool of_virtuals; /* read of a device that is a virtual function */
    bool when_awake;  /* not read where that would wake the device */
};
extern const struct facts_attribute facts_attributes[HOST_ATTRIBUTE_COUNT];

/* "bus/pci/devices/ADDRESS/NAME", as path_in gives it. */
const char *function_file(const char *address, const char *name);

/* Every attribute, each with its own content: its name. */
void put_attributes(const char *root, const char *address);

/* Adds the device and returns it: it must be known as a whole then. */
const struct host_function *add_device(struct host_facts *facts, const char *root, const char *address);

/* host_facts_function. */
const struct host_function *find_function(const struct host_facts *facts, const char *address);

/* Fails the test unless these are the addresses: "0000:e5:00.0 0000:e5:00.1". */
#define assert_addresses(list, count, expected) check_addresses((list), (count), (expected), __FILE__, __LINE__)
void check_addresses(const struct pci_address *list, size_t count, const char *expected, const char *file, int line);

/* The same for the functions of the facts. */
#define assert_functions(facts, expected) check_functions((facts), (expected), __FILE__, __LINE__)
void check_functions(const struct host_facts *facts, const char *expected, const char *file, int line);
