/* A healthy node with a GPU, in memory: for tests of the host checks, which change what they want to see found. */
#pragma once

#include <errno.h>

#include "host/checks.h"
#include "support.h"

/* Verdicts, for tables. */
#define NOT     VERDICT_NOT_APPLICABLE
#define PASS    VERDICT_PASS
#define UNKNOWN VERDICT_UNKNOWN
#define WARN    VERDICT_WARN
#define FAIL    VERDICT_FAIL

#define MIB         (UINT64_C(1) << 20)
#define GIB         (UINT64_C(1) << 30)
#define KIB_PER_GIB (UINT64_C(1) << 20)

enum { CHECK_MORE_MAX = 16, CHECK_LIST_MAX = CHECK_MORE_MAX + 3, CHECK_GROUP = 12 };

/* The facts point into it: it may not be copied. */
struct check_host {
    struct host_facts facts;
    struct host_function port;  /* 0000:00:01.0, the GPU's root port: a neighbour, in no group */
    struct host_function gpu;   /* 0000:01:00.0, NVIDIA's, a VGA controller of which everything was read */
    struct host_function sound; /* 0000:01:00.1, its audio function: a neighbour, in its group */
    struct host_function more[CHECK_MORE_MAX];
    size_t more_count;
    struct host_group group; /* CHECK_GROUP: the GPU and its audio function */
    struct host_mdev mdev;   /* a vGPU of the GPU's; among the facts, not what is checked */
    struct checked_vm vm;    /* with the GPU and its audio function, and a guest that suits them; not what is checked */
    struct checked checked;  /* the GPU, without a VM */
    struct host_function *functions[CHECK_LIST_MAX];
    struct host_group *groups[1];
    struct host_mdev *mdevs[1];
    struct pci_address members[CHECK_LIST_MAX], vm_devices[CHECK_LIST_MAX];
};

void check_host_make(struct check_host *host);

/* Adds a neighbour that is there, without driver and in no group. */
struct host_function *check_host_add(struct check_host *host, const char *address, struct pci_id id,
                                     uint32_t class_code);

/* Makes a function a member of the group, and one that the VM gets. */
void check_host_join(struct check_host *host, struct host_function *function);
void check_host_give(struct check_host *host, const struct host_function *function);

/* Have the GPU checked as the VM's, or the mediated device. */
void check_host_in_vm(struct check_host *host);
void check_host_as_mdev(struct check_host *host);

/* What a file says, "" included, and why it could not be read. The text must outlive the function. */
void set_text(struct host_function *function, enum host_attribute attribute, const char *text);
void set_error(struct host_function *function, enum host_attribute attribute, int error);

/* Either: NULL is for the error. */
void set_file(struct host_function *function, enum host_attribute attribute, const char *text, int error);

void set_driver(struct host_function *function, const char *driver);

/* A BAR's register in the configuration space. */
void set_register(struct host_function *function, size_t bar, uint32_t value);

/* Makes the check, and fails the test unless it has the verdict, and the parts are in its evidence and in its remedy
 * (NULL: there must be none). `row` of a table is for the message. */
void assert_finds(const struct check_host *host, enum check check, enum check_verdict verdict, const char *evidence,
                  const char *remedy, size_t row);

/* Fails the test unless the result is one that a check may have: with evidence, printable and whole, and a remedy where
 * it fails or warns, but none where nothing is wrong. */
void assert_sound(enum check check, const struct check_result *result);
