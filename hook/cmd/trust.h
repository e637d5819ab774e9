/* --trusted-key, for every command that opens bundles. */
#pragma once

#include <argp.h>

#include "rom/trust.h"

/* For the `children` of a command's argp; its input is a struct trust, which must be {0}. */
extern const struct argp trust_argp;
