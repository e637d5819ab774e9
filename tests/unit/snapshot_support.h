/* For tests of host/snapshot: the folder of each test has the looked-at "sys" and gets "copy"; paths are relative to
 * the test's folder. */
#pragma once

#include "host/snapshot.h"
#include "support.h"

/* Two UUIDs, and the numbers that they get in an anonymised copy. */
#define U1 "4b20d080-1b54-4048-85b3-a6a62d165c01"
#define U2 "5d307ca9-b3ef-428c-8861-06e72d69f223"
#define N1 "00000000-0000-4000-8000-000000000001"
#define N2 "00000000-0000-4000-8000-000000000002"

/* The folder of a test, with "sys" in it, as the working directory. */
int enter_folder(void **state);
int leave_folder(void **state);
#define WITH_SYS(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

/* Appends a line for each entry: "folder/", "link -> target", "file = content" (up to its first NUL). */
void list_folder(const char *root, const char *name, struct buffer *out);

/* Fails the test unless the copy has exactly these. */
void assert_copy(const char *expected);

/* Watches "sys". */
struct snapshot *watch(struct sysfs *sysfs);
void look_into(const struct sysfs *sysfs, const char *path);

/* Writes it, and fails the test unless so many files and links are in it, so many are left out, and that is the first.
 */
void write_most(const struct snapshot *snapshot, const char *folder, bool anonymise, size_t written, size_t left_out,
                const char *first);

/* The same, where nothing is left out. */
void write_copy(const struct snapshot *snapshot, const char *folder, bool anonymise, size_t expected);
