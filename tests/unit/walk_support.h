/* A node with a GPU and its audio function, a bundle with a ROM for the first, and a hook: for tests of the walk. */
#pragma once

#include <jansson.h>

#include "support.h"
#include "walk.h"

/* 1002:1681 at 0000:e5:00.0, and 1002:1640 at 0000:e5:00.1. */
extern const struct pci_identity lab_gpu, lab_audio;

/* And a mediated device. */
#define LAB_MDEV "5d307ca9-b3ef-428c-8861-06e72d69f223"

struct lab {
    char *folder;
    char paths[3][256]; /* bundle, sysfs, ROM folder */
    const char *bundle_path;
    struct walk walk;
};

#define GPU(more)                                                                                                      \
    "<hostdev type='pci'><source><address bus='0xe5' slot='0x00' function='0x0'/></source>"                            \
    "<alias name='ua-gpu-igpu'/>" more "</hostdev>"
#define AUDIO(more)                                                                                                    \
    "<hostdev type='pci'><source><address bus='0xe5' slot='0x00' function='0x1'/></source>"                            \
    "<alias name='ua-hostdevice-audio'/>" more "</hostdev>"
#define DOMAIN(devices) "<domain type='kvm'><os firmware='efi'/><devices>" devices "</devices></domain>"

#define VMI_START "{\"metadata\": {\"uid\": \"u1\", \"annotations\": {\"gpu.vm.kubevirt.io/config\": \""
#define VMI_END   "\"}}, \"spec\": {\"domain\": {\"devices\": {\"gpus\": [{\"name\": \"igpu\"}]}}}}"
#define PLAIN_VMI "{\"metadata\": {\"uid\": \"u1\"}}"

/* cmocka fixtures: *state is a fresh lab. */
int lab_open(void **state);
int lab_close(void **state);
#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, lab_open, lab_close)

/* Puts a bundle of that name whose ROM matches 1002:<match>. */
void put_bundle(const struct lab *lab, const char *name, const char *match);

/* The reply's domain, which must be given; the caller frees it. */
struct buffer ask(const struct lab *lab, const char *domain, const char *vmi);

/* Asks, and checks that it is refused, without a domain and without a published ROM. */
#define assert_refused(lab, domain, vmi, code, part) check_refused((lab), (domain), (vmi), (code), (part), __LINE__)
void check_refused(const struct lab *lab, const char *domain, const char *vmi, enum error_code code, const char *part,
                   int line);
