/* plan/layout: where passthrough devices stand in the guest; a second plan from the result is the same. */
#include <stdio.h>

#include "plan/layout.h"
#include "plan_support.h"

enum { DEVICES = 4 };

/* A device on the host and what is said of it. */
struct spec {
    const char *host; /* its address; NULL: no more devices; "vgpu": a mediated device */
    const char *options;
    const char *guest; /* the address that the domain gives it, or NULL */
    int group;         /* 0: as the first one's */
    bool is_virtual;
};

struct stage {
    struct device devices[DEVICES];
    struct device_options options[DEVICES];
    struct decision decisions[DEVICES];
    struct layout_device layout[DEVICES];
    size_t count;
};

static struct pci_address address_of(const char *text) {
    struct pci_address address;
    if (pci_address_parse(text, &address) < 0)
        fail_msg("%s", text);
    return address;
}

static void set_stage(const struct spec specs[DEVICES], struct stage *stage) {
    static const char *const names[] = {"a", "b", "c", "d"};
    *stage = (struct stage){0};
    for (; stage->count < DEVICES && specs[stage->count].host; stage->count++) {
        const struct spec *spec = &specs[stage->count];
        struct device *device = &stage->devices[stage->count];
        bool is_mdev = strcmp(spec->host, "vgpu") == 0;
        *device = (struct device){.kind = is_mdev ? DEVICE_MDEV : DEVICE_PCI, .name = names[stage->count]};
        if (!is_mdev)
            device->address = address_of(spec->host);
        device->has_guest_address = spec->guest;
        if (spec->guest)
            device->guest_address = address_of(spec->guest);
        stage->options[stage->count] = device_options_of(spec->options, ORIGIN_ANNOTATION);
        stage->layout[stage->count] = (struct layout_device){.device = device,
                                                             .options = &stage->options[stage->count],
                                                             .is_virtual = spec->is_virtual,
                                                             .iommu_group = spec->group,
                                                             .decision = &stage->decisions[stage->count]};
    }
}

/* "06:00.0* -": the first placed there with multifunction, the second left alone. */
static void describe(const struct stage *stage, char text[128]) {
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < stage->count; i++) {
        const struct decision *decision = &stage->decisions[i];
        char address[PCI_ADDRESS_TEXT_MAX];
        pci_address_format(decision->guest_address, address);
        size += (size_t)snprintf(text + size, 128 - size, "%s%s%s", i ? " " : "",
                                 decision->is_placed ? address + strlen("0000:") : "-",
                                 decision->is_multifunction ? "*" : "");
    }
}

static const struct taken_address taken[] = {
    {{0, 0, 2, 0}, "video without alias"}, {{0, 0, 3, 0}, "interface ua-default"}, {{0, 1, 0, 0}, "controller ua-x"},
    {{0, 2, 0, 3}, "disk ua-root"},        {{0, 0, 5, 1}, "sound without alias"},
};

static struct guest guest_of(enum chipset chipset) {
    struct guest guest = {.chipset = chipset, .taken = (struct taken_address *)taken, .taken_count = COUNT(taken)};
    if (chipset == CHIPSET_Q35)
        guest.has_wide_bus[4] = true; /* pcie-to-pci-bridge */
    return guest;
}

#define MULTI "'layout': 'multifunction'"

static const struct {
    enum chipset chipset;
    struct spec specs[DEVICES];
    const char *expected;
} good[] = {
    /* What need not be somewhere is libvirt's to place. */
    {CHIPSET_Q35, {{"01:00.0", "", NULL, 0, false}, {"01:00.1", "", NULL, 0, false}}, "- -"},
    {CHIPSET_Q35, {{"01:00.0", "", "07:00.0", 0, false}}, "-"},
    {CHIPSET_Q35, {{"01:00.0", "'layout': 'separate'", NULL, 0, false}}, "-"},
    {CHIPSET_Q35, {{NULL, NULL, NULL, 0, false}}, ""},
    /* guestAddress */
    {CHIPSET_Q35, {{"01:00.0", "'guestAddress': '06:00.0'", NULL, 0, false}}, "06:00.0"},
    {CHIPSET_Q35, {{"01:00.0", "'guestAddress': '06:00.0'", "07:00.0", 0, false}}, "06:00.0"},
    {CHIPSET_Q35, {{"vgpu", "'guestAddress': '06:00.0'", NULL, 0, false}}, "06:00.0"},
    {CHIPSET_Q35, {{"01:00.0", "'guestAddress': '00:10.0'", NULL, 0, false}}, "00:10.0"},
    {CHIPSET_Q35, {{"01:00.0", "'guestAddress': '04:1f.0'", NULL, 0, false}}, "04:1f.0"},
    {CHIPSET_Q35, {{"01:00.0", "'guestAddress': 'ff:00.0'", NULL, 0, false}}, "ff:00.0"},
    {CHIPSET_VIRT, {{"01:00.0", "'guestAddress': '00:1f.0'", NULL, 0, false}}, "00:1f.0"},
    {CHIPSET_VIRT, {{"01:00.0", "'guestAddress': '09:00.0'", NULL, 0, false}}, "09:00.0"},
    {CHIPSET_I440FX, {{"01:00.0", "'guestAddress': '00:1f.0'", NULL, 0, false}}, "00:1f.0"},
    {CHIPSET_I440FX, {{"01:00.0", "'guestAddress': '01:05.0'", NULL, 0, false}}, "01:05.0"},
    /* Two functions on one slot by hand: function 0 says so. */
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '06:00.0'", NULL, 0, false},
      {"02:00.0", "'guestAddress': '06:00.1'", NULL, 9, false}},
     "06:00.0* 06:00.1"},
    {CHIPSET_Q35,
     {{"02:00.0", "'guestAddress': '06:00.1'", NULL, 9, false}, {"01:00.0", "", "06:00.0", 0, false}},
     "06:00.1 06:00.0*"},
    /* multifunction: function 0 keeps its slot, all others come to it with their numbers */
    {CHIPSET_Q35, {{"01:00.0", MULTI, NULL, 0, false}}, "-"},
    {CHIPSET_Q35, {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 0, false}}, "03:00.0* 03:00.1"},
    {CHIPSET_Q35, {{"01:00.0", "", NULL, 0, false}, {"01:00.1", MULTI, NULL, 0, false}}, "03:00.0* 03:00.1"},
    {CHIPSET_Q35, {{"01:00.1", MULTI, NULL, 0, false}, {"01:00.0", MULTI, NULL, 0, false}}, "03:00.1 03:00.0*"},
    {CHIPSET_Q35, {{"01:00.0", MULTI, "09:00.0", 0, false}, {"01:00.1", "", NULL, 0, false}}, "09:00.0* 09:00.1"},
    {CHIPSET_Q35, {{"01:00.0", MULTI, "09:00.0", 0, false}, {"01:00.1", "", "0a:00.0", 0, false}}, "09:00.0* 09:00.1"},
    {CHIPSET_Q35,
     {{"01:00.0", MULTI ", 'guestAddress': '0b:00.0'", "09:00.0", 0, false}, {"01:00.1", "", "0a:00.0", 0, false}},
     "0b:00.0* 0b:00.1"},
    {CHIPSET_Q35,
     {{"01:00.0", MULTI ", 'guestAddress': '0b:00.0'", NULL, 0, false},
      {"01:00.1", "'guestAddress': '0b:00.1'", NULL, 0, false}},
     "0b:00.0* 0b:00.1"},
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.2", MULTI, NULL, 0, false}, {"01:00.7", MULTI, NULL, 0, false}},
     "03:00.0* 03:00.2 03:00.7"},
    /* A place that is no function 0 is no slot to keep. */
    {CHIPSET_Q35, {{"01:00.0", MULTI, "09:00.1", 0, false}, {"01:00.1", "", NULL, 0, false}}, "03:00.0* 03:00.1"},
    /* Other slots, domains and what wants to be alone do not join. */
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false},
      {"01:00.1", "'layout': 'separate'", NULL, 0, false},
      {"01:01.0", "", NULL, 0, false}},
     "- - -"},
    {CHIPSET_Q35, {{"01:00.0", MULTI, NULL, 0, false}, {"0001:01:00.1", "", NULL, 0, false}}, "- -"},
    {CHIPSET_Q35, {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 0, true}}, "- -"},
    {CHIPSET_Q35, {{"vgpu", MULTI, NULL, 0, false}, {"00:00.1", "", NULL, 0, false}}, "- -"},
    {CHIPSET_Q35, {{"01:00.1", MULTI, NULL, 0, true}}, "-"}, /* a virtual function */
    /* Groups that are not known are no difference. */
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, HOST_GROUP_UNKNOWN, false}},
     "03:00.0* 03:00.1"},
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, HOST_GROUP_UNKNOWN, false}, {"01:00.1", "", NULL, 5, false}},
     "03:00.0* 03:00.1"},
    {CHIPSET_Q35, {{"01:00.0", MULTI, NULL, 5, false}, {"01:00.1", "", NULL, 5, false}}, "03:00.0* 03:00.1"},
    /* Two cards */
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false},
      {"02:00.0", MULTI, NULL, 0, false},
      {"02:00.1", "", NULL, 0, false},
      {"01:00.1", "", NULL, 0, false}},
     "03:00.0* 05:00.0* 05:00.1 03:00.1"}, /* 4 is no bus of root ports */
    /* The lowest free slot is one that no other device keeps. */
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 0, false}, {"02:00.0", "", "03:00.0", 0, false}},
     "05:00.0* 05:00.1 -"},
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false},
      {"01:00.1", "", NULL, 0, false},
      {"02:00.0", "'guestAddress': '03:00.0'", NULL, 0, false}},
     "05:00.0* 05:00.1 03:00.0"},
    {CHIPSET_VIRT, {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 0, false}}, "03:00.0* 03:00.1"},
    {CHIPSET_I440FX, {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 0, false}}, "00:04.0* 00:04.1"},
    {CHIPSET_I440FX,
     {{"01:00.0", MULTI, NULL, 0, false},
      {"01:00.1", "", NULL, 0, false},
      {"02:00.0", MULTI, NULL, 0, false},
      {"02:00.1", "", NULL, 0, false}},
     "00:04.0* 00:04.1 00:06.0* 00:06.1"},
};

/* What the annotation says of devices by name is never left out. */
static int lay_out(const struct guest *guest, const struct stage *stage, struct error *err) {
    CLEANUP(buffer_free) struct buffer notes = {0};
    int failed = plan_layout(guest, stage->layout, stage->count, &notes, err);
    assert_int_equal(notes.size, 0);
    return failed;
}

static void placed(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct guest guest = guest_of(good[i].chipset);
        struct stage stage;
        struct error err = {0};
        char first[128], second[128];
        set_stage(good[i].specs, &stage);
        lay_out(&guest, &stage, &err);
        describe(&stage, first);
        if (err.code != ERROR_NONE || strcmp(first, good[i].expected) != 0)
            fail_msg("row %zu: %s %s", i, first, err.message);
        /* As KubeVirt asks again, with what the first reply has become in libvirt. */
        for (size_t j = 0; j < stage.count; j++) {
            if (stage.decisions[j].is_placed) {
                stage.devices[j].has_guest_address = true;
                stage.devices[j].guest_address = stage.decisions[j].guest_address;
            }
            stage.decisions[j] = (struct decision){0};
        }
        lay_out(&guest, &stage, &err);
        assert_no_error(&err);
        describe(&stage, second);
        assert_string_equal(second, first);
    }
}

/* An iGPU in legacy mode, on a machine whose emulated video is gone. */
static void legacy_igd(void **state) {
    (void)state;
    struct guest guest = {.chipset = CHIPSET_I440FX};
    static const struct spec specs[DEVICES] = {{"00:02.0", "'igd': 'legacy'", "00:07.0", 0, false},
                                               {"01:00.0", "", NULL, 0, false}};
    struct stage stage;
    struct error err = {0};
    char text[128];
    set_stage(specs, &stage);
    lay_out(&guest, &stage, &err);
    assert_no_error(&err);
    describe(&stage, text);
    assert_string_equal(text, "00:02.0 -");
    assert_true(pci_address_equal(igd_legacy_address, (struct pci_address){0, 0, 2, 0}));
    guest = guest_of(CHIPSET_I440FX);
    set_stage(specs, &stage);
    assert_int_equal(lay_out(&guest, &stage, &err), -1);
    assert_error(&err, ERROR_INPUT,
                 "0000:00:02.0 (a) would stand at 0000:00:02.0 of the guest, where video without alias is");
}

static const struct {
    enum chipset chipset;
    struct spec specs[DEVICES];
    const char *part;
} bad[] = {
    /* Places that the machine does not have */
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '00:1f.0'", NULL, 0, false}},
     "0000:01:00.0 (a) cannot stand at 0000:00:1f.0 of the guest: that is the slot of the chipset's own functions (ICH9)"},
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '00:1f.4'", NULL, 0, false}},
     "(ICH9); choose another \"guestAddress\""},
    {CHIPSET_I440FX,
     {{"01:00.0", "'guestAddress': '00:01.0'", NULL, 0, false}},
     "cannot stand at 0000:00:01.0 of the guest: that is the slot of the chipset's own functions (PIIX)"},
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '06:01.0'", NULL, 0, false}},
     "cannot stand at 0000:06:01.0 of the guest: a root port has slot 0 only"},
    {CHIPSET_VIRT, {{"01:00.0", "'guestAddress': '06:01.0'", NULL, 0, false}}, "a root port has slot 0 only"},
    {CHIPSET_I440FX,
     {{"01:00.0", "'guestAddress': '06:00.0'", NULL, 0, false}},
     "cannot stand at 0000:06:00.0 of the guest: a PCI bridge has no device in slot 0"},
    /* Two on one address */
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '06:00.0'", NULL, 0, false},
      {"02:00.0", "'guestAddress': '06:00.0'", NULL, 0, false}},
     "0000:01:00.0 (a) would stand at 0000:06:00.0 of the guest, where 0000:02:00.0 (b) is: choose another"},
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '06:00.0'", NULL, 0, false}, {"vgpu", "", "06:00.0", 0, false}},
     "0000:01:00.0 (a) would stand at 0000:06:00.0 of the guest, where vGPU (b) is"},
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '00:03.0'", NULL, 0, false}},
     "0000:01:00.0 (a) would stand at 0000:00:03.0 of the guest, where interface ua-default is: choose another"},
    {CHIPSET_Q35,
     {{"01:00.0", MULTI ", 'guestAddress': '02:00.0'", NULL, 0, false}, {"01:00.3", "", NULL, 0, false}},
     "0000:01:00.0 (a) would stand at 0000:02:00.0 of the guest, where disk ua-root is"},
    /* QEMU wants function 0 to announce the others, which somebody else's does not. */
    {CHIPSET_I440FX,
     {{"01:00.0", "'guestAddress': '00:03.1'", NULL, 0, false}},
     "0000:01:00.0 (a) would stand at 0000:00:03.1 of the guest, where interface ua-default is"},
    /* A function without function 0 */
    {CHIPSET_Q35,
     {{"01:00.0", "'guestAddress': '06:00.1'", NULL, 0, false}},
     "0000:01:00.0 (a) would stand at 0000:06:00.1 of the guest, whose function 0 is missing"},
    {CHIPSET_Q35, {{"01:00.0", "'guestAddress': '02:00.1'", NULL, 0, false}}, "where disk ua-root is"},
    {CHIPSET_Q35,
     {{"01:00.1", MULTI, NULL, 0, false}},
     "0000:01:00.1 (a): \"layout\": \"multifunction\" needs function 0 of its slot in the VM, with the same layout"},
    {CHIPSET_Q35,
     {{"01:00.1", MULTI, NULL, 0, false}, {"01:00.0", "'layout': 'separate'", NULL, 0, false}},
     "needs function 0 of its slot in the VM, with the same layout"},
    {CHIPSET_Q35,
     {{"01:00.1", MULTI, NULL, 0, false}, {"02:00.0", MULTI, NULL, 0, false}},
     "needs function 0 of its slot"},
    {CHIPSET_Q35, {{"01:00.1", MULTI, NULL, 0, false}, {"01:00.0", "", NULL, 0, true}}, "needs function 0 of its slot"},
    /* Groups */
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 7, false}},
     "\"layout\": \"multifunction\": 0000:01:00.0 (a) is in IOMMU group 0 and 0000:01:00.1 (b) in 7: functions of one"},
    /* Two wishes */
    {CHIPSET_Q35,
     {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "'guestAddress': '0b:00.0'", NULL, 0, false}},
     "0000:01:00.1 (b): \"layout\": \"multifunction\" puts it at 0000:03:00.1 of the guest, \"guestAddress\" elsewhere"},
    {CHIPSET_Q35,
     {{"01:00.0", MULTI ", 'guestAddress': '06:00.1'", NULL, 0, false}, {"01:00.1", "", NULL, 0, false}},
     "0000:01:00.0 (a): \"layout\": \"multifunction\" puts it at"},
    {CHIPSET_I440FX,
     {{"01:00.0", "", NULL, 0, false}, {"01:00.1", MULTI ", 'guestAddress': '01:00.1'", NULL, 0, false}},
     "0000:01:00.1 (b): \"layout\": \"multifunction\" puts it at 0000:00:04.1"},
};

static void refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct guest guest = guest_of(bad[i].chipset);
        struct stage stage;
        struct error err = {0};
        set_stage(bad[i].specs, &stage);
        if (lay_out(&guest, &stage, &err) != -1)
            fail_msg("row %zu was accepted", i);
        assert_error(&err, ERROR_INPUT, bad[i].part);
    }
}

/* A profile and "*" speak of many devices: where they cannot be laid out together, each stays where it is. */
static void left_out(void **state) {
    (void)state;
    static const struct {
        struct spec specs[DEVICES];
        const char *expected, *note;
    } cases[] = {
        {{{"01:00.1", MULTI, NULL, 0, false}, {"02:00.0", MULTI, NULL, 0, false}, {"02:00.1", "", NULL, 0, false}},
         "- 03:00.0* 03:00.1",
         "0000:01:00.1 (a): \"layout\": \"multifunction\" needs function 0 of its slot"},
        {{{"01:00.0", MULTI, "09:00.0", 0, false}, {"01:00.1", "", NULL, 7, false}},
         "- -",
         "0000:01:00.0 (a) is in IOMMU group 0 and 0000:01:00.1 (b) in 7"},
    };
    static const uint8_t origins[] = {ORIGIN_EVERY_DEVICE, ORIGIN_BUILTIN, ORIGIN_PROFILE(0)};
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t j = 0; j < COUNT(origins); j++) {
            struct guest guest = guest_of(CHIPSET_Q35);
            struct stage stage;
            struct error err = {0};
            char text[128];
            CLEANUP(buffer_free) struct buffer notes = {0};
            set_stage(cases[i].specs, &stage);
            for (size_t k = 0; k < stage.count; k++)
                stage.options[k].said.origin[OPTION_LAYOUT] = origins[j];
            assert_int_equal(plan_layout(&guest, stage.layout, stage.count, &notes, &err), 0);
            describe(&stage, text);
            assert_string_equal(text, cases[i].expected);
            assert_non_null(notes.data);
            assert_non_null(strstr(notes.data, cases[i].note));
            assert_non_null(strstr(notes.data, " (left out)\n"));
            assert_false(device_option_given(&stage.options[0], OPTION_LAYOUT));
        }
    }
}

static void the_first_slot(void **state) {
    (void)state;
    static const struct spec specs[DEVICES] = {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 0, false}};
    static const struct {
        enum chipset chipset;
        const char *first;
    } cases[] = {
        {CHIPSET_Q35, "01:00.0* 01:00.1"}, {CHIPSET_VIRT, "01:00.0* 01:00.1"}, {CHIPSET_I440FX, "00:03.0* 00:03.1"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct guest guest = {.chipset = cases[i].chipset};
        struct stage stage;
        struct error err = {0};
        char text[128];
        set_stage(specs, &stage);
        lay_out(&guest, &stage, &err);
        assert_no_error(&err);
        describe(&stage, text);
        assert_string_equal(text, cases[i].first);
    }
}

static void no_free_slot(void **state) {
    (void)state;
    static const struct spec specs[DEVICES] = {{"01:00.0", MULTI, NULL, 0, false}, {"01:00.1", "", NULL, 0, false}};
    static const struct {
        enum chipset chipset;
        const char *last; /* the slot that is left for them */
    } cases[] = {
        {CHIPSET_Q35, "ff:00.0* ff:00.1"}, {CHIPSET_VIRT, "ff:00.0* ff:00.1"}, {CHIPSET_I440FX, "00:1f.0* 00:1f.1"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool is_pc = cases[i].chipset == CHIPSET_I440FX;
        struct taken_address all[256];
        for (size_t j = 0; j < COUNT(all); j++)
            all[j] = (struct taken_address){.address = {0, is_pc ? 0 : (uint8_t)j, is_pc ? (uint8_t)(j % 32) : 0, 0}};
        for (size_t left = 0; left < 2; left++) {
            struct guest guest = {.chipset = cases[i].chipset, .taken = all, .taken_count = (is_pc ? 32 : 256) - left};
            struct stage stage;
            struct error err = {0};
            char text[128];
            set_stage(specs, &stage);
            int failed = lay_out(&guest, &stage, &err);
            assert_int_equal(failed, left ? 0 : -1);
            if (failed) {
                assert_error(&err, ERROR_INPUT, "0000:01:00.0 (a): the guest has no free PCI slot for it");
                continue;
            }
            describe(&stage, text);
            assert_string_equal(text, cases[i].last);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placed),   cmocka_unit_test(legacy_igd),     cmocka_unit_test(refused),
        cmocka_unit_test(left_out), cmocka_unit_test(the_first_slot), cmocka_unit_test(no_free_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
