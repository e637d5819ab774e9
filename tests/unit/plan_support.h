/* A device, what a node says of it, and bundles: for tests of plan/. */
#pragma once

#include "plan/plan.h"
#include "plan/rom.h"
#include "support.h"

/* 1002:1681, subsystem 1462:1381, revision c8: a VGA controller. */
extern const struct pci_identity plan_gpu;

/* Bundle "lab" has ROMs for it: "plain", and "bios", which is narrower; "alien" is for another device. */
extern struct bundle plan_lab, plan_empty;

#define PAIR (MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE))
#define IDS(vendor, device)                                                                                            \
    {                                                                                                                  \
        .keys = PAIR, .value = { [MATCH_VENDOR] = vendor, [MATCH_DEVICE] = device }                                    \
    }

/* 0000:e5:00.0 (igpu). */
struct device make_device(bool rom_disabled);

/* The device above, present or not, in a guest with UEFI on q35. */
struct device_facts make_facts(enum host_state state, struct bundle *const *bundles, size_t count);

/* Options from JSON without its outer braces, with ' for ": "'rom': 'none'". All of them said by `origin`. */
struct device_options device_options_of(const char *text, uint8_t origin);
struct guest_options guest_options_of(const char *text, uint8_t origin);

/* What a decision says besides the ROM, with the type of each property: " x-vga:bool=true". */
void describe_properties(const struct decision *decision, struct buffer *text);

/* NULL is "". */
static inline const char *text_in(const struct buffer *buffer) {
    return buffer->data ? buffer->data : "";
}
