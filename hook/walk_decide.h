/* The part of the walk that decides: for each device, host facts -> options -> ROM of the bundle -> verdict; then what
 * they have together, and the published files. */
#pragma once

#include "config/vmi.h"
#include "domain/domain.h"
#include "walk.h"

/* Decides for every passthrough device of the domain and its companions, and for the guest, and publishes the ROMs into
 * *plan (must be {0}; the caller frees its decisions, also on failure), with lines for the log in *reply. Nothing is
 * published unless nothing is refused. Fails with ERROR_REFUSED (all refusals in one message, under "enforce"),
 * ERROR_DENIED, ERROR_INPUT, ERROR_LIMIT or ERROR_INTERNAL. */
int walk_decide(const struct walk *walk, const struct config *config, const struct vmi *vmi,
                const struct domain *domain, struct plan *plan, struct walk_reply *reply, struct error *err);
