/* Whose rule says which options of the annotation count. */
#pragma once

#include "walk.h"

#define RULE_MAX (LABEL_MAX + sizeof("\"allow\" of bundle \"\""))

/* *allowed becomes the rule, and `rule` what it is called in messages. Fails where a stranger's annotation waits for a
 * rule that cannot be read, which may be narrower than any other: with the bundles' error. */
int walk_rule(const struct walk *walk, const struct bundle_view *bundles, struct allowed *allowed, char rule[RULE_MAX],
              struct error *err);
