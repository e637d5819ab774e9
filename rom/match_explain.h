/* Why a device gets the ROM and the profiles that it gets, and what missed it narrowly. Pure; it decides by the same
 * comparisons as match.h. */
#pragma once

#include "rom/match.h"

enum match_standing {
    MATCH_WINS,      /* the ROM that the device gets; of the profiles, the one whose word counts most */
    MATCH_LOSES,     /* a ROM that fits, where another one fits better */
    MATCH_ADDS,      /* a profile that fits: it gives what the profiles before it leave out */
    MATCH_NEAR_MISS, /* does not fit, but names the vendor and device, or fails by firmware or unknown numbers alone */
};

struct match_line {
    const struct bundle *bundle;
    const struct manifest_rom *rom;         /* or NULL: */
    const struct manifest_profile *profile; /* or NULL */
    enum match_standing standing;
    char reason[160]; /* a few words; "" where it wins */
};

/* Starts as {0}. */
struct match_explanation {
    struct match_line *list;
    size_t count;
};

/* Lists the ROMs that fit the device, the winner first, then those that nearly do, then the profiles in the same way:
 * the one whose word counts most first. `device` holds what is known of the device: match_of(&identity, MATCH_ALL), or
 * match_of(&identity, MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE)) where there is only a pair of IDs. A match
 * that needs a number that is not known does not fit. The list borrows from the bundles; match_explanation_free gives
 * it back. Fails only without memory. */
int match_explain(struct bundle *const *bundles, size_t count, const struct rom_match *device, enum firmware firmware,
                  struct match_explanation *explanation, struct error *err);

void match_explanation_free(struct match_explanation *explanation);

static inline void match_explanation_free_at(struct match_explanation *explanation) {
    match_explanation_free(explanation);
}
