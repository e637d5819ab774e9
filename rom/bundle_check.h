/* A whole bundle looked over: what the sidecar would only find when a VM wants a ROM. */
#pragma once

#include "rom/bundle.h"
#include "rom/finding.h"

/* Who listens while a bundle is checked; either function may be NULL. */
struct bundle_observer {
    void *owner;
    /* `done` of `total` ROMs have been looked at. */
    void (*progress)(void *owner, size_t done, size_t total);
    /* Something about a file of the bundle. The finding lives during the call. */
    void (*found)(void *owner, const char *file, const struct finding *finding);
};

/* Reads every file of the bundle once, checks each ROM's hash, judges it for the device that its match names (under its
 * firmware, as far as those are given), and names what is missing and what no ROM of the manifest refers to. Returns 0
 * when all was looked at, whatever was found; -1 with ERROR_REFUSED when the bundle cannot be read to its end,
 * or ERROR_LIMIT (memory). */
int bundle_check(const struct bundle *bundle, const struct bundle_observer *observer, struct error *err);

/* The findings on a ROM's bytes for what its match and firmware say of it. */
void bundle_judge_rom(const struct manifest_rom *rom, struct bytes content, struct findings *findings);
