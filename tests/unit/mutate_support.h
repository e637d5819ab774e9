/* What the tests of the fuzz targets' mutators share. */
#pragma once

#include "mutate.h"
#include "support.h"

/* Changes `start` again and again, each time from the start or from what came of it before, and fails unless each
 * result keeps within `most` bytes and the same seed makes the same. Returns how many of 1,000 were changed into what
 * `is_whole`. */
size_t count_whole(mutate_fn *change, struct bytes start, size_t most, bool (*is_whole)(struct bytes result));
