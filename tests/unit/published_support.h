/* A published ROM for tests of what is made of it. */
#pragma once

#include "rom/publish.h"

#define PUBLISHED_PATH "/compute/gop-6162636465666768.rom"

/* The ROM, between the fixtures' calls. */
extern const struct published_rom *published;

/* cmocka fixtures for a group whose tests parse trees as well. */
int published_setup(void **state);
int published_teardown(void **state);
