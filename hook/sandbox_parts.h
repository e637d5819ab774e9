/* The parts of sandbox.c that have a file of their own. */
#pragma once

#include <seccomp.h>

#include "sandbox.h"

/* Restricts the process to the sandbox's paths and its port, as far as this kernel's Landlock goes; *abi becomes its
 * version. Returns 0 or an errno value: ENOSYS, EOPNOTSUPP where there is none. */
int sandbox_enter_landlock(const struct sandbox *sandbox, int *abi);

/* Leaves the process the system calls that a service makes; every other fails with ENOSYS, and none ends it. Returns 0
 * or an errno value: ENOSYS where the kernel has no seccomp. */
int sandbox_enter_seccomp(const struct sandbox *sandbox);

/* Which these are, into a filter for whatever architectures it has. Returns 0 or an errno value. */
int sandbox_add_rules(scmp_filter_ctx filter, const struct sandbox *sandbox);
