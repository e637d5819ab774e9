/* plan/fit: options that a device cannot have: an error where they are demanded for it, left out where they come from
 * "*" or a profile. */
#include <stdio.h>

#include "plan/fit.h"
#include "plan_support.h"

enum shape { WHOLE, VIRTUAL, MDEV };
enum { VGA = 0x030000, TDC = 0x030200, AUDIO = 0x040300 }; /* 0302 is "3D controller" */

/* Devices, as vendor, device and class. */
#define AMD     {0x1002, 0x1681}, VGA
#define NVIDIA  {0x10de, 0x2204}, VGA
#define A100    {0x10de, 0x20b0}, TDC
#define NVAUDIO {0x10de, 0x1aef}, AUDIO
#define HD530   {0x8086, 0x1912}, VGA /* generation 9 */
#define UHD770  {0x8086, 0x4680}, VGA /* generation 12 */
#define TGL3D   {0x8086, 0x1912}, TDC
#define NIC     {0x8086, 0x1521}, 0x020000

struct row {
    const char *options;
    enum shape shape;
    struct pci_id id;
    uint32_t class_code;
    enum chipset chipset;
    enum firmware firmware;
    const char *option; /* which does not go with it; NULL: all do */
    const char *reason;
    bool unknown; /* the host does not tell what it is */
};

static const struct row rows[] = {
    /* rom */
    {"'rom': 'auto'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'rom': 'auto'", MDEV, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "rom", "a mediated device has no ROM", false},
    {"'rom': 'none'", MDEV, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "rom", "a mediated device has no ROM", false},
    {"'rom': 'device'", MDEV, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "rom", "a mediated device has no ROM", true},
    {"'rom': 'auto'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, "rom", "a virtual function has no ROM BAR", false},
    {"'rom': 'an-id'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, "rom", "a virtual function has no ROM BAR", false},
    {"'rom': 'none'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'rom': 'device'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    /* romBar */
    {"'romBar': 'on'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'romBar': 'off'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'romBar': 'off'", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, "romBar", "a mediated device has no ROM", false},
    /* expect */
    {"'expect': '1002:1681'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'expect': '10de:20b0'", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, "expect", "a mediated device has no PCI ID",
     false},
    /* guestAddress */
    {"'guestAddress': '06:00.0'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'guestAddress': '06:00.0'", WHOLE, AMD, CHIPSET_VIRT, FIRMWARE_UEFI, NULL, NULL, false},
    {"'guestAddress': '00:06.0'", MDEV, A100, CHIPSET_I440FX, FIRMWARE_BIOS, NULL, NULL, false},
    {"'guestAddress': '06:00.0'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'guestAddress': '06:00.0'", WHOLE, AMD, CHIPSET_OTHER, FIRMWARE_UEFI, "guestAddress",
     "the VM's machine type is none whose PCI buses are known", false},
    /* layout */
    {"'layout': 'multifunction'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'layout': 'separate'", WHOLE, AMD, CHIPSET_OTHER, FIRMWARE_UEFI, NULL, NULL, false},
    {"'layout': 'separate'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'layout': 'multifunction'", WHOLE, AMD, CHIPSET_OTHER, FIRMWARE_UEFI, "layout", "the VM's machine type is none",
     false},
    {"'layout': 'multifunction'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, "layout",
     "virtual functions are devices of their own", false},
    {"'layout': 'separate'", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, "layout", "a mediated device is no function",
     false},
    /* companions */
    {"'companions': 'slot'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'companions': 'group'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, true},
    {"'companions': 'none'", MDEV, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'companions': 'slot'", MDEV, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "companions",
     "nothing is left behind of a mediated device", false},
    {"'companions': 'group'", VIRTUAL, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "companions",
     "nothing is left behind of a virtual function", false},
    /* xVga */
    {"'xVga': true", WHOLE, NVIDIA, CHIPSET_Q35, FIRMWARE_BIOS, NULL, NULL, false},
    {"'xVga': true", WHOLE, NVIDIA, CHIPSET_Q35, FIRMWARE_BIOS, NULL, NULL, true},
    {"'xVga': true", WHOLE, NVAUDIO, CHIPSET_Q35, FIRMWARE_BIOS, NULL, NULL, true},
    {"'xVga': false", WHOLE, NVIDIA, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'xVga': false", MDEV, NVIDIA, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'xVga': true", WHOLE, NVIDIA, CHIPSET_Q35, FIRMWARE_UEFI, "xVga", "UEFI firmware does not use VGA ranges", false},
    {"'xVga': true", WHOLE, NVIDIA, CHIPSET_Q35, FIRMWARE_UEFI, "xVga", "UEFI firmware does not use VGA ranges", true},
    {"'xVga': true", WHOLE, A100, CHIPSET_Q35, FIRMWARE_BIOS, "xVga", "only a VGA controller (class 0300) has", false},
    {"'xVga': true", WHOLE, NVAUDIO, CHIPSET_Q35, FIRMWARE_BIOS, "xVga", "only a VGA controller", false},
    {"'xVga': true", MDEV, NVIDIA, CHIPSET_Q35, FIRMWARE_BIOS, "xVga", "a vGPU has no VGA ranges", false},
    {"'xVga': true", VIRTUAL, NVIDIA, CHIPSET_Q35, FIRMWARE_BIOS, "xVga", "a vGPU has no VGA ranges", false},
    /* display, ramfb */
    {"'display': true", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'display': true", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'display': true", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, true},
    {"'display': false", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'display': true", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "display", "only a vGPU draws into QEMU's display",
     false},
    {"'ramfb': true", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'ramfb': true", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'ramfb': true", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, true},
    {"'ramfb': false", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'ramfb': true", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "ramfb", "only a vGPU draws into QEMU's display", false},
    /* igd */
    {"'igd': 'legacy'", WHOLE, HD530, CHIPSET_I440FX, FIRMWARE_BIOS, NULL, NULL, false},
    {"'igd': 'legacy'", WHOLE, AMD, CHIPSET_I440FX, FIRMWARE_BIOS, NULL, NULL, true},
    {"'igd': 'upt'", WHOLE, UHD770, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'igd': 'upt'", WHOLE, TGL3D, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'igd': 'upt'", MDEV, HD530, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'igd': {'mode': 'upt', 'lpc': true}", WHOLE, UHD770, CHIPSET_I440FX, FIRMWARE_BIOS, NULL, NULL, false},
    {"'igd': {'mode': 'upt', 'lpc': false}", WHOLE, UHD770, CHIPSET_Q35, FIRMWARE_BIOS, NULL, NULL, false},
    {"'igd': 'upt'", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "igd", "it is for Intel's integrated GPUs", false},
    {"'igd': 'upt'", WHOLE, NIC, CHIPSET_Q35, FIRMWARE_UEFI, "igd", "it is for Intel's integrated GPUs", false},
    {"'igd': 'upt'", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, "igd", "it is for Intel's integrated GPUs", false},
    {"'igd': 'upt'", VIRTUAL, UHD770, CHIPSET_Q35, FIRMWARE_UEFI, "igd", "a virtual function of the iGPU has no",
     false},
    {"'igd': {'mode': 'upt', 'lpc': true}", WHOLE, UHD770, CHIPSET_Q35, FIRMWARE_BIOS, "igd",
     "QEMU sets the LPC bridge's IDs on the machine type \"pc\"", false},
    {"'igd': 'legacy'", MDEV, HD530, CHIPSET_I440FX, FIRMWARE_BIOS, "igd", "a mediated device takes \"upt\" only",
     false},
    {"'igd': 'legacy'", WHOLE, HD530, CHIPSET_Q35, FIRMWARE_BIOS, "igd", "legacy mode needs the machine type \"pc\"",
     false},
    {"'igd': 'legacy'", WHOLE, HD530, CHIPSET_I440FX, FIRMWARE_UEFI, "igd", "legacy mode runs the iGPU's VBIOS", false},
    {"'igd': 'legacy'", WHOLE, UHD770, CHIPSET_I440FX, FIRMWARE_BIOS, "igd", "legacy mode ends with the generation 9",
     false},
    {"'igd': 'legacy'", WHOLE, TGL3D, CHIPSET_I440FX, FIRMWARE_BIOS, "igd", "legacy mode ends with the generation 9",
     false},
    /* ids, vfio: whatever it is */
    {"'ids': {'vendor': '10de'}, 'vfio': {'x-no-mmap': true}, 'checks': {'link': 'warn'}", WHOLE, AMD, CHIPSET_OTHER,
     FIRMWARE_BIOS, NULL, NULL, false},
    {"'ids': {'vendor': '10de'}, 'vfio': {'x-no-mmap': true}, 'checks': {'link': 'warn'}", MDEV, AMD, CHIPSET_OTHER,
     FIRMWARE_BIOS, NULL, NULL, false},
    /* gpudirectClique */
    {"'gpudirectClique': 0", WHOLE, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'gpudirectClique': 1", WHOLE, NVIDIA, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'gpudirectClique': 1", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, true},
    {"'gpudirectClique': 1", WHOLE, AMD, CHIPSET_Q35, FIRMWARE_UEFI, "gpudirectClique", "it is for NVIDIA's GPUs",
     false},
    {"'gpudirectClique': 1", WHOLE, NVAUDIO, CHIPSET_Q35, FIRMWARE_UEFI, "gpudirectClique", "it is for NVIDIA's GPUs",
     false},
    {"'gpudirectClique': 1", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, "gpudirectClique", "a vGPU takes no part in",
     false},
    {"'gpudirectClique': 1", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, "gpudirectClique", "a vGPU takes no part in",
     false},
    /* driverModel */
    {"'driverModel': 'x'", WHOLE, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'driverModel': 'x'", VIRTUAL, A100, CHIPSET_Q35, FIRMWARE_UEFI, NULL, NULL, false},
    {"'driverModel': 'x'", MDEV, A100, CHIPSET_Q35, FIRMWARE_UEFI, "driverModel", "libvirt's <driver model> is for PCI",
     false},
};

static enum device_option option_named(const char *name) {
    enum device_option option = 0;
    while (option < OPTION_COUNT && strcmp(device_option_name(option), name) != 0)
        option++;
    assert_true(option < OPTION_COUNT);
    return option;
}

static void try_row(const struct row *row, uint8_t origin) {
    static struct bundle *const bundles[] = {&plan_empty, &plan_lab};
    const struct guest guest = {.chipset = row->chipset, .firmware = row->firmware};
    struct device device = make_device(false);
    struct device_facts facts = make_facts(row->unknown ? HOST_UNKNOWN : HOST_PRESENT, bundles, 2);
    struct device_options options = device_options_of(row->options, origin), before = options;
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer notes = {0};
    device.kind = row->shape == MDEV ? DEVICE_MDEV : DEVICE_PCI;
    facts.guest = &guest;
    facts.host.is_virtual = row->shape == VIRTUAL;
    if (!row->unknown)
        facts.host.identity = (struct pci_identity){.id = row->id, .class_code = row->class_code};
    int failed = plan_fit(&device, &facts, &options, &notes, &err);
    bool misfit = row->option, demanded = origin == ORIGIN_ANNOTATION;
    if (failed != (misfit && demanded ? -1 : 0) || (misfit && !demanded) != (notes.size > 0))
        fail_msg("row %td (%s): %s%s", row - rows, row->options, err.message, text_in(&notes));
    if (!misfit) {
        assert_memory_equal(&options, &before, sizeof(options));
        return;
    }
    char expected[256], who[ORIGIN_TEXT_MAX], label[DEVICE_LABEL_MAX];
    if (demanded) {
        snprintf(expected, sizeof(expected), "\"%s\" does not go with this device: %s", row->option, row->reason);
        assert_error(&err, ERROR_INPUT, expected);
        return;
    }
    snprintf(expected, sizeof(expected), "%s: \"%s\" of %s is left out: %s", device_label(&device, label), row->option,
             origin_describe(origin, bundles, who), row->reason);
    if (strncmp(notes.data, expected, strlen(expected)) != 0 || notes.data[notes.size - 1] != '\n')
        fail_msg("row %td: %s", row - rows, notes.data);
    assert_false(device_option_given(&options, option_named(row->option)));
}

static void each_row(void **state) {
    (void)state;
    static const uint8_t origins[] = {ORIGIN_ANNOTATION, ORIGIN_EVERY_DEVICE, ORIGIN_PROFILE(1), ORIGIN_BUILTIN};
    bool fits[OPTION_COUNT] = {false}, misfits[OPTION_COUNT] = {false};
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t j = 0; j < COUNT(origins); j++)
            try_row(&rows[i], origins[j]);
        struct device_options options = device_options_of(rows[i].options, 0);
        for (enum device_option option = 0; option < OPTION_COUNT; option++)
            fits[option] |= !rows[i].option && device_option_given(&options, option);
        if (rows[i].option)
            misfits[option_named(rows[i].option)] = true;
    }
    for (enum device_option option = 0; option < OPTION_COUNT; option++) {
        assert_true(fits[option]);
        assert_true(misfits[option] || option == OPTION_IDS || option == OPTION_VFIO || option == OPTION_CHECKS);
    }
}

/* The families of Intel's GPUs whose generation has legacy mode, by the upper half of the device ID. */
static void legacy_generations(void **state) {
    (void)state;
    static const uint8_t with[] = {0x01, 0x04, 0x0a, 0x0c, 0x0d, 0x0f, 0x16, 0x19,
                                   0x1a, 0x22, 0x31, 0x3e, 0x59, 0x5a, 0x9b};
    const struct guest guest = {.chipset = CHIPSET_I440FX, .firmware = FIRMWARE_BIOS};
    for (unsigned family = 1; family < 256; family++) {
        struct device device = make_device(false);
        struct device_facts facts = make_facts(HOST_PRESENT, NULL, 0);
        struct device_options options = device_options_of("'igd': 'legacy'", ORIGIN_ANNOTATION);
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0};
        facts.guest = &guest;
        facts.host.identity =
            (struct pci_identity){.id = {0x8086, (uint16_t)(family << 8 | 0x12)}, .class_code = 0x030000};
        bool has = memchr(with, (int)family, sizeof(with));
        assert_int_equal(plan_fit(&device, &facts, &options, &notes, &err), has ? 0 : -1);
    }
}

/* Profiles and "*" yield to a domain that disables the ROM: who names the device is told, see plan/rom. */
static void a_disabled_rom(void **state) {
    (void)state;
    static const struct {
        uint8_t origin;
        bool stays;
    } cases[] = {
        {ORIGIN_BUILTIN, false}, {ORIGIN_ANNOTATION, true}, {ORIGIN_EVERY_DEVICE, false}, {ORIGIN_PROFILE(0), false}};
    static struct bundle *const bundles[] = {&plan_lab};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device device = make_device(true);
        struct device_facts facts = make_facts(HOST_PRESENT, bundles, 1);
        struct device_options options = device_options_of("'rom': 'device', 'romBar': 'on'", cases[i].origin);
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0};
        assert_int_equal(plan_fit(&device, &facts, &options, &notes, &err), 0);
        assert_int_equal(options.rom_bar, cases[i].stays ? TOGGLE_ON : TOGGLE_UNSET);
        assert_int_equal(options.rom.choice, cases[i].stays ? ROM_DEVICE : ROM_UNSET);
        assert_int_equal(notes.size == 0, cases[i].stays);
    }
}

/* Several at once: each has its line, and what fits stays. */
static void several(void **state) {
    (void)state;
    struct device device = make_device(false);
    struct device_facts facts = make_facts(HOST_PRESENT, NULL, 0);
    struct device_options options = device_options_of(
        "'rom': 'auto', 'romBar': 'on', 'display': true, 'gpudirectClique': 3, 'guestAddress': '06:00.0'",
        ORIGIN_EVERY_DEVICE);
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer notes = {0};
    device.kind = DEVICE_MDEV;
    assert_int_equal(plan_fit(&device, &facts, &options, &notes, &err), 0);
    assert_bytes(buffer_bytes(&notes),
                 "vGPU (igpu): \"rom\" of the annotation's \"*\" is left out: a mediated device has no ROM\n"
                 "vGPU (igpu): \"romBar\" of the annotation's \"*\" is left out: a mediated device has no ROM\n"
                 "vGPU (igpu): \"gpudirectClique\" of the annotation's \"*\" is left out: a vGPU takes no part in "
                 "GPUDirect P2P\n");
    CLEANUP(json_decref) json_t *object = device_options_to_json(&options);
    CLEANUP(free) char *text = json_dumps(object, 0);
    assert_string_equal(text, "{\"guestAddress\": \"0000:06:00.0\", \"display\": \"on\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(legacy_generations),
        cmocka_unit_test(a_disabled_rom),
        cmocka_unit_test(several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
