/* The host checks: will this device work in a VM, as far as the node's kernel tells? Pure functions over the facts, one
 * row of a table each: to add one is to add a name in base/check.c, a row in checks.c, a snapshot that shows it
 * (tests/check) and a section in docs/checks.md.
 *
 * The functions are in check_*.c, by subject.
 */
#pragma once

#include "base/check.h"
#include "host/facts.h"

enum check_verdict {
    VERDICT_NOT_APPLICABLE, /* it means nothing for this device */
    VERDICT_PASS,
    VERDICT_UNKNOWN, /* what it needs could not be seen: never fails a device */
    VERDICT_WARN,    /* the VM starts, but somebody should look */
    VERDICT_FAIL,    /* the VM would not start, or its device would be dead */
};

/* "pass", "not-applicable"... */
const char *verdict_name(enum check_verdict verdict);

struct check_result {
    enum check_verdict verdict;
    char evidence[224]; /* the file and the value that were seen; never empty once the check was made */
    char remedy[256];   /* a command or a setting; "" where there is nothing to do */
};

enum checked_rom {
    CHECKED_ROM_OF_NODE,  /* no VM: whether a bundle has one is not known */
    CHECKED_ROM_GIVEN,    /* the VM gives it one */
    CHECKED_ROM_UNWANTED, /* its owner wants none, or the device's own */
    CHECKED_ROM_MISSING,  /* nobody gives it one */
};

/* What only a VM's definition tells. */
struct checked_vm {
    const struct pci_address *devices; /* all the functions that it gets, in any order */
    size_t device_count;
    bool has_guest;            /* what follows is known */
    bool knows_bars;           /* the BARs of all of them could be read */
    uint64_t bars_kib;         /* with knows_bars, as is the next: the sum of their 64-bit BARs */
    uint64_t needed_kib;       /* the window that they need, see window_needed */
    uint64_t window_least_kib; /* the firmware surely has this much for 64-bit BARs; 0: no limit is known */
    uint64_t window_most_kib;  /* with window_least_kib: and surely no more than this */
    uint64_t memory_kib;       /* that it starts with */
    const char *cpus;          /* those of the host that its vCPUs are pinned to, as "0-3,8"; "" for none */
};

/* One device to be checked. */
struct checked {
    const struct host_facts *facts;
    const struct host_function *function; /* of a mediated device, its parent, or NULL where that is not known */
    const struct host_mdev *mdev;         /* NULL: the device is a PCI function */
    const struct checked_vm *vm;          /* NULL: the node is checked by itself */
    const struct pci_id *expect;          /* what it must be; NULL: anything */
    enum checked_rom rom;
    bool has_vf_token; /* the VM knows the secret of a physical function that VFIO has */
};

/* What the check is about, in a few words. */
const char *check_title(enum check check);

/* Does the check need checked_vm.has_guest, so that it can only be made once the guest is decided? */
bool check_wants_guest(enum check check);

/* Where its answer is unknown, is it unknown whether a VM would start? */
bool check_is_vital(enum check check);

/* Makes one check. */
void check_run(enum check check, const struct checked *checked, struct check_result *result);

/* Is the device ready? VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_WARN or VERDICT_PASS: the worst of the results, in this
 * order, where an unknown one counts only if it is vital. */
enum check_verdict checks_sum(const struct check_result results[CHECK_COUNT]);
