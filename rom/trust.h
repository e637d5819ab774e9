/* Whose bundles are used. */
#pragma once

#include "rom/minisign.h"

#define TRUST_KEYS_MAX 16

/* Starts as {0}: nobody has to sign, and no signature is looked at. */
struct trust {
    struct minisign_public_key keys[TRUST_KEYS_MAX];
    size_t count;
};
