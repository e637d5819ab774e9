/* What the unit tests share: cmocka, checks of errors, temporary folders, pseudo-random numbers, small option ROMs.
 *
 * Everything here ends the running test with a failure when it cannot do its part.
 */
#pragma once

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/pci.h"
#include "base/text.h"

/* Tables of long texts are full of joined literals, which clang takes for forgotten commas. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wstring-concatenation"
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The text without its NUL. */
struct bytes bytes_of(const char *text);

/* Fails the test unless bytes are exactly the text. */
#define assert_bytes(bytes, text) check_bytes((bytes), (text), __FILE__, __LINE__)
void check_bytes(struct bytes bytes, const char *text, const char *file, int line);

/* Fails the test unless err has this code and its message contains `part`. Clears err, so that it can be used again. */
#define assert_error(err, code, part) check_error((err), (code), (part), __FILE__, __LINE__)
void check_error(struct error *err, enum error_code code, const char *part, const char *file, int line);

/* Fails the test if err is set, and prints it. */
#define assert_no_error(err) check_no_error((err), __FILE__, __LINE__)
void check_no_error(const struct error *err, const char *file, int line);

/* cmocka fixtures: *state is the path of a fresh, empty folder of mode 0755, removed with all in it afterwards. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* The path of `name` in folder. The text is overwritten by this thread's 16th call after this one. */
const char *path_in(const char *folder, const char *name);

/* Writes a file below folder, replacing one, making the folders that its name has. */
void put_file(const char *folder, const char *name, struct bytes content);
void put_text(const char *folder, const char *name, const char *text);
void put_folder(const char *folder, const char *name);
void put_link(const char *folder, const char *name, const char *target);

/* The whole file, which the caller frees by buffer_free. */
struct buffer get_file(const char *folder, const char *name);

/* Runs a program in the folder; `arguments` ends in NULL and starts with its name, `input` is its standard input. What
 * it prints is in the folder's file "output" afterwards. Returns its exit status, -1 if a signal ended it; a program
 * that is not there fails the test, never skips it. */
int run_program(const char *folder, const char *input, const char *const *arguments);

/* If we are root, to whom nothing is denied: from here on as user 65534, or as root again. */
void be_nobody(bool nobody);

/* How many entries the folder has; 0 when it does not exist. */
size_t count_entries(const char *folder);

/* Writes a device as sysfs has it: folder/bus/pci/devices/<address>/... */
void put_sysfs_device(const char *sysfs, const char *address, const struct pci_identity *identity);

/* Pseudo-random numbers that are the same in every run: xorshift from a seed other than 0. */
struct sequence {
    uint64_t state;
};
uint32_t sequence_next(struct sequence *sequence);
uint32_t sequence_below(struct sequence *sequence, uint32_t limit);

/* An image of an option ROM. */
struct image_spec {
    uint8_t code_type;
    struct pci_id id;
    size_t units; /* of 512 bytes, in the PCIR and in the header */
    bool last;
    uint8_t pcir_revision;
    uint16_t device_list[8]; /* with revision 3: written when not empty, with its end mark */
};

enum {
    IMAGE_UNIT = 512,
    IMAGE_PCIR = 0x1c,   /* where image_build puts the PCIR structure */
    IMAGE_LIST = 0x40,   /* and the device list */
    IMAGE_DRIVER = 0x80, /* and an EFI image's driver: the headers of a PE32+ image for X64 */
};

/* Builds the image, whose checksum is right, into out, which has room for units * 512 bytes. Returns that size. */
size_t image_build(uint8_t *out, const struct image_spec *spec);

/* Whole ROMs into out: one x86 image of 512 bytes, one EFI image of 512 bytes, and the two in one file. */
size_t rom_build_x86(uint8_t out[512], struct pci_id id);
size_t rom_build_efi(uint8_t out[512], struct pci_id id);
size_t rom_build_both(uint8_t out[1024], struct pci_id id);

/* Makes the bytes of an x86 image sum to 0 again. */
void image_fix_checksum(uint8_t *image, size_t init_size);
