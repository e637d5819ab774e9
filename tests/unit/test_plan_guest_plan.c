/* plan/guest_plan: what the guest as a whole gets, and what does not go together in it. */
#include <inttypes.h>
#include <stdio.h>

#include "plan/explain.h"
#include "plan/guest_plan.h"
#include "plan_support.h"

#define GIB (UINT64_C(1) << 20) /* in KiB */

/* A VM as KubeVirt makes it for a large GPU. */
static struct guest ordinary(void) {
    return (struct guest){.firmware = FIRMWARE_UEFI,
                          .machine = GUEST_X86_64,
                          .chipset = CHIPSET_Q35,
                          .memory_kib = 16 * GIB,
                          .has_cpu = true,
                          .cpu_passthrough = true,
                          .has_graphics = true};
}

/* Warnings go among the notes, behind a word of their own. */
static int plan(struct guest_options *options, const struct guest_facts *facts, struct guest_decision *decision,
                struct buffer *line, struct buffer *notes, struct error *err) {
    CLEANUP(buffer_free) struct buffer warnings = {0};
    memset(decision, 0xff, sizeof(*decision));
    int failed = plan_guest(options, facts, decision, notes, &warnings, err);
    if (warnings.size)
        buffer_printf(notes, "warning: %s", warnings.data);
    if (!failed)
        explain_guest_decision(decision, line);
    return failed;
}

static void taken_over(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"'hideHypervisor': true", "hideHypervisor on"},
        {"'hideHypervisor': false", "hideHypervisor off"},
        {"'hypervVendorId': 'abc'", "hypervVendorId abc"},
        {"'ioapic': 'kvm'", "ioapic kvm"},
        {"'ioapic': 'qemu'", "ioapic qemu"},
        {"'topoext': true", "topoext on"},
        {"'topoext': false", "topoext off"},
        {"'maxPhysAddr': 'passthrough'", "maxPhysAddr the host's"},
        {"'maxPhysAddr': {'mode': 'passthrough', 'limit': 40}", "maxPhysAddr the host's, at most 40 bits"},
        {"'pciHole64': '64GiB'", "pciHole64 64GiB"},
        {"'pciHole64': '0KiB'", "pciHole64 0KiB"},
        {"'ovmfMmio64': '64GiB'", "ovmfMmio64 64GiB"},
        {"'ovmfMmio64': '1MiB'", "ovmfMmio64 1MiB"},
        {"'emulatedVideo': 'keep'", ""},
        {"'emulatedVideo': 'remove'", "emulatedVideo removed"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct guest guest = ordinary();
        const struct guest_facts facts = {.guest = &guest};
        struct guest_options options = guest_options_of(cases[i][0], ORIGIN_ANNOTATION);
        struct guest_decision decision;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer line = {0}, notes = {0};
        if (plan(&options, &facts, &decision, &line, &notes, &err) < 0)
            fail_msg("%s: %s", cases[i][0], err.message);
        assert_string_equal(text_in(&line), cases[i][1]);
        assert_int_equal(notes.size, 0);
    }
}

/* What a guest cannot have: an error where the annotation says it, left out where a profile does. */
static void misfits(void **state) {
    (void)state;
    enum change { ARM, BIOS, NO_CPU, SPLIT, HYPERV, OTHER_MACHINE, NOTHING };
    static const struct {
        enum change change;
        const char *options, *option, *reason; /* option NULL: it fits */
    } cases[] = {
        {ARM, "'hideHypervisor': true", "hideHypervisor", "only x86 guests have it"},
        {ARM, "'hypervVendorId': 'x'", "hypervVendorId", "only x86 guests have it"},
        {ARM, "'ioapic': 'qemu'", "ioapic", "only x86 guests have it"},
        {ARM, "'topoext': true", "topoext", "only x86 guests have it"},
        {ARM, "'maxPhysAddr': 'passthrough'", "maxPhysAddr", "only x86 guests have it"},
        {ARM, "'pciHole64': '64GiB'", "pciHole64", "only the machine types q35 and pc have it"},
        {ARM, "'ovmfMmio64': '64GiB'", "ovmfMmio64", "only OVMF on x86 has it"},
        {ARM, "'emulatedVideo': 'remove'", NULL, NULL},
        {BIOS, "'ovmfMmio64': '64GiB'", "ovmfMmio64", "it is for UEFI firmware, and the VM boots with SeaBIOS"},
        {BIOS, "'pciHole64': '64GiB', 'hideHypervisor': true", NULL, NULL},
        {NO_CPU, "'topoext': true", "topoext", "the domain has no <cpu> that could have it"},
        {NO_CPU, "'maxPhysAddr': 'passthrough'", "maxPhysAddr", "the domain has no <cpu> that could have it"},
        {SPLIT, "'ioapic': 'kvm'", "ioapic", "a virtual IOMMU that remaps interrupts, and more than 255 vCPUs"},
        {SPLIT, "'ioapic': 'qemu'", NULL, NULL},
        {HYPERV, "'hypervVendorId': 'x'", "hypervVendorId", "with hyperv mode passthrough the vendor id is KVM's"},
        {HYPERV, "'hideHypervisor': true", NULL, NULL},
        {OTHER_MACHINE, "'pciHole64': '64GiB'", "pciHole64", "only the machine types q35 and pc have it"},
        {NOTHING, "'maxPhysAddr': {'mode': 'emulate', 'bits': 40}", "maxPhysAddr",
         "the CPU model host-passthrough has the host's address bits whatever is emulated"},
    };
    static struct bundle *const bundles[] = {&plan_lab};
    static const uint8_t origins[] = {ORIGIN_ANNOTATION, ORIGIN_PROFILE(0), ORIGIN_BUILTIN};
    for (size_t i = 0; i < COUNT(cases) * COUNT(origins); i++) {
        enum change change = cases[i / COUNT(origins)].change;
        const char *said = cases[i / COUNT(origins)].options, *option = cases[i / COUNT(origins)].option;
        uint8_t origin = origins[i % COUNT(origins)];
        struct guest guest = ordinary();
        const struct guest_facts facts = {.guest = &guest, .bundles = bundles};
        struct guest_options options = guest_options_of(said, origin);
        struct guest_decision decision;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer line = {0}, notes = {0};
        guest.machine = change == ARM ? GUEST_AARCH64 : GUEST_X86_64;
        guest.chipset = change == ARM ? CHIPSET_VIRT : change == OTHER_MACHINE ? CHIPSET_OTHER : CHIPSET_Q35;
        guest.firmware = change == BIOS ? FIRMWARE_BIOS : FIRMWARE_UEFI;
        guest.has_cpu = change != NO_CPU;
        guest.needs_split_ioapic = change == SPLIT;
        guest.has_hyperv_passthrough = change == HYPERV;
        bool demanded = origin == ORIGIN_ANNOTATION;
        int failed = plan(&options, &facts, &decision, &line, &notes, &err);
        if (failed != (option && demanded ? -1 : 0) || (option && !demanded) != (notes.size > 0))
            fail_msg("%s: %s%s", said, err.message, text_in(&notes));
        if (!option) {
            assert_true(line.size > 0);
            continue;
        }
        char expected[256], who[ORIGIN_TEXT_MAX];
        if (demanded) {
            snprintf(expected, sizeof(expected), "the guest's \"%s\" does not go with this VM: %s", option,
                     cases[i / COUNT(origins)].reason);
            assert_error(&err, ERROR_INPUT, expected);
            continue;
        }
        snprintf(expected, sizeof(expected), "the guest's \"%s\" of %s is left out: %s", option,
                 origin_describe(origin, bundles, who), cases[i / COUNT(origins)].reason);
        assert_memory_equal(notes.data, expected, strlen(expected));
        assert_int_equal(line.size, 0);
    }
}

/* A machine of which the domain does not say what it is may be an x86 one. */
static void an_unknown_machine(void **state) {
    (void)state;
    struct guest guest = ordinary();
    const struct guest_facts facts = {.guest = &guest};
    struct guest_options options = guest_options_of("'hideHypervisor': true, 'maxPhysAddr': {'mode': 'emulate', "
                                                    "'bits': 40}",
                                                    ORIGIN_ANNOTATION);
    struct guest_decision decision;
    struct error err = {0};
    CLEANUP(buffer_free) struct buffer line = {0}, notes = {0};
    guest.machine = GUEST_ANY;
    guest.cpu_passthrough = false;
    plan(&options, &facts, &decision, &line, &notes, &err);
    assert_no_error(&err);
    assert_string_equal(line.data, "hideHypervisor on, maxPhysAddr 40 bits");
}

/* "auto", by the BARs, the IOMMU and what is there already. */
static void windows(void **state) {
    (void)state;
    enum { MODEL = 1, PC = 2, UNREADABLE = 4 };
    static const struct {
        const char *options;
        uint64_t window, memory; /* KiB */
        unsigned iommu, flags;
        uint64_t has_hole; /* KiB; 0: none set */
        bool has_ovmf;
        const char *demanded, *profile; /* the decision; NULL: refused, left out */
        const char *reason;
    } cases[] = {
        /* The defaults will do. */
        {"'pciHole64': 'auto', 'ovmfMmio64': 'auto'", 0, GIB, 0, 0, 0, false, "", "", ""},
        {"'pciHole64': 'auto', 'ovmfMmio64': 'auto'", 32 * GIB, GIB, 0, 0, 0, false, "", "", ""},
        {"'pciHole64': 'auto'", 64 * GIB, GIB, 0, 0, 0, false, "pciHole64 64GiB", "pciHole64 64GiB", ""},
        {"'ovmfMmio64': 'auto'", 64 * GIB, GIB, 0, MODEL, 0, false, "ovmfMmio64 64GiB", "ovmfMmio64 64GiB", ""},
        /* OVMF's own window: an eighth of the host's address bits, 32 GiB with a model's. */
        {"'ovmfMmio64': 'auto'", 8192 * GIB, GIB, 0, 0, 0, false, "", "", ""},
        {"'ovmfMmio64': 'auto'", 16384 * GIB, GIB, 0, 0, 0, false, "ovmfMmio64 16TiB", "ovmfMmio64 16TiB", ""},
        {"'ovmfMmio64': 'auto'", 64 * GIB, GIB, 39, 0, 0, false, "", "", ""},
        {"'ovmfMmio64': 'auto'", 128 * GIB, GIB, 39, 0, 0, false, "ovmfMmio64 128GiB", "ovmfMmio64 128GiB", ""},
        {"'ovmfMmio64': 'auto'", 32 * GIB, GIB, 0, MODEL, 0, false, "", "", ""},
        {"'pciHole64': 'auto'", 64 * GIB, GIB, 0, PC, 0, false, "pciHole64 64GiB", "pciHole64 64GiB", ""},
        /* The address bits: 46 at most with host-passthrough, the IOMMU's where it has less, 40 of a model. */
        {"'pciHole64': 'auto'", GIB << 15, GIB, 0, 0, 0, false, "pciHole64 32TiB", "pciHole64 32TiB", ""},
        {"'pciHole64': 'auto'", GIB << 16, GIB, 0, 0, 0, false, NULL, "",
         "the devices' BARs need 64TiB, which does not fit beside the memory into the 46 address bits of the guest's CPU: give "},
        {"'pciHole64': 'auto'", GIB << 15, GIB << 15, 0, 0, 0, false, NULL, "", "into the 46 address bits"},
        {"'pciHole64': 'auto'", 256 * GIB, GIB, 39, 0, 0, false, "pciHole64 256GiB", "pciHole64 256GiB", ""},
        {"'pciHole64': 'auto'", 512 * GIB, GIB, 39, 0, 0, false, NULL, "", "into the 39 address bits"},
        {"'pciHole64': 'auto'", 256 * GIB, 252 * GIB, 39, 0, 0, false, "pciHole64 256GiB", "pciHole64 256GiB", ""},
        {"'pciHole64': 'auto'", 256 * GIB, 252 * GIB + 1, 39, 0, 0, false, NULL, "", "into the 39 address bits"},
        {"'pciHole64': 'auto'", 512 * GIB, GIB, 0, MODEL, 0, false, "pciHole64 512GiB", "pciHole64 512GiB", ""},
        {"'ovmfMmio64': 'auto'", 1024 * GIB, GIB, 0, MODEL, 0, false, NULL, "",
         "which does not fit beside the memory into the 40 address bits of the guest's CPU: set the VM's cpu.model to"},
        {"'pciHole64': 'auto', 'maxPhysAddr': {'mode': 'emulate', 'bits': 42}", 1024 * GIB, GIB, 0, MODEL, 0, false,
         "maxPhysAddr 42 bits, pciHole64 1TiB", "maxPhysAddr 42 bits, pciHole64 1TiB", ""},
        {"'pciHole64': 'auto', 'maxPhysAddr': {'mode': 'passthrough', 'limit': 39}", 512 * GIB, GIB, 0, 0, 0, false,
         NULL, "maxPhysAddr the host's, at most 39 bits", "into the 39 address bits"},
        {"'pciHole64': 'auto', 'maxPhysAddr': 'passthrough'", 1024 * GIB, GIB, 0, MODEL, 0, false,
         "maxPhysAddr the host's, pciHole64 1TiB", "maxPhysAddr the host's, pciHole64 1TiB", ""},
        {"'pciHole64': 'auto'", 64 * GIB, GIB, 0, UNREADABLE, 0, false, NULL, "",
         "the BARs of its devices cannot be read: mount the node's /sys, say --sysfs, or give a size"},
        /* What is there stays where it is enough, or where only a profile would change it. */
        {"'pciHole64': 'auto'", 64 * GIB, GIB, 0, 0, 64 * GIB, false, "pciHole64 64GiB", "pciHole64 64GiB", ""},
        {"'pciHole64': 'auto'", 64 * GIB, GIB, 0, 0, 128 * GIB, false, "", "", ""},
        {"'pciHole64': 'auto'", 64 * GIB, GIB, 0, 0, 32 * GIB, false, "pciHole64 64GiB", "", ""},
        {"'pciHole64': 'auto'", 0, GIB, 0, 0, 32 * GIB, false, "", "", ""},
        {"'pciHole64': '48GiB'", 0, GIB, 0, 0, 64 * GIB, false, "pciHole64 48GiB", "pciHole64 48GiB", ""},
        {"'ovmfMmio64': 'auto'", 64 * GIB, GIB, 0, MODEL, 0, true, "ovmfMmio64 64GiB", "", ""},
        {"'ovmfMmio64': '48GiB'", 64 * GIB, GIB, 0, 0, 0, true, "ovmfMmio64 48GiB", "ovmfMmio64 48GiB", ""},
        {"'ovmfMmio64': 'auto'", 0, GIB, 0, 0, 0, true, "", "", ""},
        /* maxPhysAddr */
        {"'maxPhysAddr': 'auto'", 0, GIB, 39, 0, 0, false, "maxPhysAddr the host's, at most 39 bits",
         "maxPhysAddr the host's, at most 39 bits", ""},
        {"'maxPhysAddr': 'auto'", 0, 480 * GIB, 39, 0, 0, false, "", "", ""}, /* the memory needs more */
        {"'maxPhysAddr': 'auto'", 0, GIB, 46, 0, 0, false, "", "", ""},
        {"'maxPhysAddr': 'auto'", 0, GIB, 57, 0, 0, false, "", "", ""},
        {"'maxPhysAddr': 'auto'", 0, GIB, 0, 0, 0, false, "", "", ""},
    };
    for (size_t i = 0; i < COUNT(cases) * 2; i++) {
        size_t row = i / 2;
        bool demanded = i % 2 == 0;
        const char *expected = demanded ? cases[row].demanded : cases[row].profile;
        if (!demanded && !expected)
            continue;
        struct guest guest = ordinary();
        guest.memory_kib = cases[row].memory;
        guest.cpu_passthrough = !(cases[row].flags & MODEL);
        guest.chipset = cases[row].flags & PC ? CHIPSET_I440FX : CHIPSET_Q35;
        guest.has_hole64 = cases[row].has_hole;
        guest.hole64_kib = cases[row].has_hole;
        guest.has_ovmf_mmio64 = cases[row].has_ovmf;
        const struct guest_facts facts = {.guest = &guest,
                                          .knows_bars = !(cases[row].flags & UNREADABLE),
                                          .window_kib = cases[row].window,
                                          .iommu_bits = cases[row].iommu};
        struct guest_options options =
            guest_options_of(cases[row].options, demanded ? ORIGIN_ANNOTATION : ORIGIN_BUILTIN);
        struct guest_decision decision;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer line = {0}, notes = {0};
        int failed = plan(&options, &facts, &decision, &line, &notes, &err);
        if (failed != (expected ? 0 : -1) || (expected && strcmp(text_in(&line), expected) != 0))
            fail_msg("row %zu: %s %s", row, text_in(&line), err.message);
        if (failed) {
            assert_error(&err, ERROR_REFUSED, cases[row].reason);
            continue;
        }
        if (decision.has_hole64)
            assert_int_equal(decision.hole64_on_pcie, !(cases[row].flags & PC));
        bool left_out = !demanded && !cases[row].demanded;
        assert_int_equal(notes.size > 0, left_out);
        assert_true(!left_out || strstr(notes.data, cases[row].reason));
    }
}

/* What the firmware surely has, and surely no more than that: 0 where no limit is known. */
static void the_firmwares_window(void **state) {
    (void)state;
    enum { MODEL = 1, BIOS = 2, ARM = 4, OVMF_SET = 8, ANY_MACHINE = 16 };
    static const struct {
        unsigned flags;
        uint64_t mmio64_mib;
        struct phys_addr_wish phys_addr;
        unsigned iommu;
        uint64_t least, most;
    } cases[] = {
        /* An eighth of the host's bits, 46 at most; of a model's, which some machine types give the host's, 32 GiB. */
        {0, 0, {0}, 0, 8192 * GIB, 8192 * GIB},
        {0, 0, {0}, 39, 64 * GIB, 8192 * GIB},
        {0, 0, {0}, 57, 8192 * GIB, 8192 * GIB},
        {ANY_MACHINE, 0, {0}, 0, 8192 * GIB, 8192 * GIB},
        {MODEL, 0, {0}, 0, 32 * GIB, 8192 * GIB},
        {MODEL, 0, {0}, 39, 32 * GIB, 8192 * GIB},
        {MODEL, 0, {.mode = PHYS_ADDR_PASSTHROUGH}, 0, 8192 * GIB, 8192 * GIB},
        {MODEL, 0, {.mode = PHYS_ADDR_PASSTHROUGH, .limit = 40}, 0, 128 * GIB, 128 * GIB},
        {0, 0, {.mode = PHYS_ADDR_PASSTHROUGH, .limit = 39}, 0, 64 * GIB, 64 * GIB},
        {0, 0, {.mode = PHYS_ADDR_PASSTHROUGH, .limit = 42}, 39, 64 * GIB, 512 * GIB},
        {MODEL, 0, {.mode = PHYS_ADDR_EMULATE, .bits = 42}, 0, 32 * GIB, 512 * GIB},
        {MODEL, 0, {.mode = PHYS_ADDR_EMULATE, .bits = 36}, 0, 32 * GIB, 32 * GIB}, /* OVMF's least */
        /* What we set is what it has. */
        {0, 64 * 1024, {0}, 0, 64 * GIB, 64 * GIB},
        {MODEL, 1024 * 1024, {0}, 0, 1024 * GIB, 1024 * GIB},
        {MODEL, 1, {0}, 0, 1024, 1024},
        {OVMF_SET, 64 * 1024, {0}, 0, 64 * GIB, 64 * GIB},
        {OVMF_SET, 0, {0}, 0, 0, 0}, /* somebody else did, to what is not read */
        {OVMF_SET | MODEL, 0, {0}, 0, 0, 0},
        /* Other firmware. */
        {BIOS, 0, {0}, 0, 0, 0},
        {BIOS, 1024, {0}, 0, 0, 0},
        {ARM, 0, {0}, 0, 0, 0},
        {ARM, 1024, {0}, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest guest = ordinary();
        const struct guest_facts facts = {.guest = &guest, .iommu_bits = cases[i].iommu};
        const struct guest_decision decision = {.ovmf_mmio64_mib = cases[i].mmio64_mib,
                                                .max_phys_addr = cases[i].phys_addr};
        uint64_t least = 99, most = 99;
        guest.cpu_passthrough = !(cases[i].flags & MODEL);
        guest.firmware = cases[i].flags & BIOS ? FIRMWARE_BIOS : FIRMWARE_UEFI;
        guest.machine = cases[i].flags & ARM ? GUEST_AARCH64 : cases[i].flags & ANY_MACHINE ? GUEST_ANY : GUEST_X86_64;
        guest.has_ovmf_mmio64 = cases[i].flags & OVMF_SET;
        plan_guest_window(&decision, &facts, &least, &most);
        if (least != cases[i].least || most != cases[i].most)
            fail_msg("row %zu: %" PRIu64 " to %" PRIu64, i, least, most);
    }
}

/* Devices together with the guest. */
static void together(void **state) {
    (void)state;
    enum { NO_GRAPHICS = 1, RAMFB = 2 };
    static const struct {
        const char *devices[2];          /* NULL: no more */
        bool display_on[2], ramfb_on[2]; /* the domain says so */
        const char *guest;
        unsigned flags;
        const char *part; /* NULL: fine */
    } cases[] = {
        {{"", ""}, {false}, {false}, "", NO_GRAPHICS, NULL},
        {{"'display': true", NULL}, {false}, {false}, "", 0, NULL},
        {{"'display': true", "'display': true"}, {false}, {false}, "", 0, NULL},
        {{"'display': true", NULL},
         {false},
         {false},
         "",
         NO_GRAPHICS,
         "vGPU (a): \"display\" is on, and the VM has no graphics (VNC) to show it"},
        {{"", "'display': true"}, {false}, {false}, "'emulatedVideo': 'remove'", 0, "vGPU (b): \"display\" is on"},
        {{"", NULL}, {true}, {false}, "", NO_GRAPHICS, "vGPU (a): \"display\" is on"},
        {{"'display': false", NULL}, {true}, {false}, "", NO_GRAPHICS, NULL},
        {{"'igd': 'legacy'", NULL},
         {false},
         {false},
         "",
         0,
         "vGPU (a): \"igd\": \"legacy\" makes it the VM's only display: say \"emulatedVideo\": \"remove\""},
        {{"'igd': 'legacy'", NULL}, {false}, {false}, "'emulatedVideo': 'remove'", 0, NULL},
        {{"'igd': 'legacy'", NULL}, {false}, {false}, "'emulatedVideo': 'keep'", NO_GRAPHICS, NULL},
        {{"'display': true, 'ramfb': true", NULL}, {false}, {false}, "", 0, NULL},
        {{"'display': true, 'ramfb': true", NULL},
         {false},
         {false},
         "",
         RAMFB,
         "vGPU (a): \"ramfb\" is on, and the VM's emulated video is a ramfb already"},
        {{"", NULL}, {true}, {true}, "", RAMFB, "vGPU (a): \"ramfb\" is on"},
        {{"'ramfb': false", NULL}, {true}, {true}, "", RAMFB, NULL},
        {{"'ramfb': true", NULL}, {false}, {false}, "'emulatedVideo': 'remove'", RAMFB, NULL},
        {{"'ramfb': true", "'ramfb': true"},
         {true, true},
         {false},
         "",
         0,
         "vGPU (a) and vGPU (b) both have \"ramfb\" on: a VM has one, say \"off\" for the other"},
        {{"'ramfb': true", ""}, {true, true}, {false, true}, "", 0, "both have \"ramfb\" on"},
        {{"'ramfb': true", "'ramfb': false"}, {true, true}, {false, true}, "", 0, NULL},
        {{"'xVga': true", "'xVga': true"},
         {false},
         {false},
         "",
         0,
         "vGPU (a) and vGPU (b) both have the VGA ranges (\"xVga\", \"igd\": \"legacy\")"},
        {{"'xVga': true", "'igd': 'legacy'"}, {false}, {false}, "", NO_GRAPHICS, "both have the VGA ranges"},
        {{"'xVga': true", "'xVga': false"}, {false}, {false}, "", 0, NULL},
        {{"'gpudirectClique': 0", NULL}, {false}, {false}, "", 0, NULL},
        {{"'gpudirectClique': 0", NULL}, {false}, {false}, "'hideHypervisor': false", 0, NULL},
        {{"", "'gpudirectClique': 0"},
         {false},
         {false},
         "'hideHypervisor': true",
         0,
         "vGPU (b): \"gpudirectClique\" counts for nothing in a guest that sees no hypervisor"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static const char *const names[] = {"a", "b"};
        struct device devices[2];
        struct device_options options[2] = {0};
        struct decision decisions[2] = {0};
        struct layout_device layout[2] = {0};
        struct guest guest = ordinary();
        struct guest_facts facts = {.guest = &guest, .devices = layout};
        for (; facts.count < 2 && cases[i].devices[facts.count]; facts.count++) {
            size_t j = facts.count;
            devices[j] = (struct device){.kind = DEVICE_MDEV,
                                         .name = names[j],
                                         .display_on = cases[i].display_on[j],
                                         .ramfb_on = cases[i].ramfb_on[j]};
            options[j] = device_options_of(cases[i].devices[j], ORIGIN_ANNOTATION);
            decisions[j].display = options[j].display;
            decisions[j].ramfb = options[j].ramfb;
            layout[j] =
                (struct layout_device){.device = &devices[j], .options = &options[j], .decision = &decisions[j]};
        }
        guest.has_graphics = !(cases[i].flags & NO_GRAPHICS);
        guest.has_ramfb = cases[i].flags & RAMFB;
        struct guest_options of_guest = guest_options_of(cases[i].guest, ORIGIN_ANNOTATION);
        struct guest_decision decision;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer notes = {0}, warnings = {0};
        if (plan_guest(&of_guest, &facts, &decision, &notes, &warnings, &err) != (cases[i].part ? -1 : 0))
            fail_msg("row %zu: %s", i, err.message);
        if (cases[i].part)
            assert_error(&err, ERROR_INPUT, cases[i].part);
    }
}

static void idle_roms(void **state) {
    (void)state;
    static const struct {
        enum firmware firmware;
        enum guest_machine machine;
        bool has_vga, has_gpu_rom, removes_video, noted;
    } cases[] = {
        {FIRMWARE_BIOS, GUEST_X86_64, true, true, false, true},
        {FIRMWARE_BIOS, GUEST_X86_64, false, true, false, false},
        {FIRMWARE_BIOS, GUEST_X86_64, true, false, false, false},
        {FIRMWARE_BIOS, GUEST_X86_64, true, true, true, false},
        {FIRMWARE_UEFI, GUEST_X86_64, true, true, false, false},
        {FIRMWARE_BIOS, GUEST_AARCH64, true, true, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct device device = {.kind = DEVICE_PCI, .name = "gpu", .address = {.bus = 1}};
        struct decision decided = {0};
        struct device_options nothing = {0};
        const struct layout_device layout = {
            .device = &device, .options = &nothing, .decision = &decided, .has_gpu_rom = cases[i].has_gpu_rom};
        struct guest guest = ordinary();
        guest.firmware = cases[i].firmware;
        guest.machine = cases[i].machine;
        guest.has_vga = cases[i].has_vga;
        const struct guest_facts facts = {.guest = &guest, .devices = &layout, .count = 1};
        struct guest_options options =
            guest_options_of(cases[i].removes_video ? "'emulatedVideo': 'remove'" : "", ORIGIN_ANNOTATION);
        struct guest_decision decision;
        struct error err = {0};
        CLEANUP(buffer_free) struct buffer line = {0}, notes = {0};
        if (plan(&options, &facts, &decision, &line, &notes, &err) < 0)
            fail_msg("row %zu: %s", i, err.message);
        const char *noted = notes.size ? notes.data : "";
        if (!cases[i].noted && *noted)
            fail_msg("row %zu: %s", i, noted);
        if (cases[i].noted)
            assert_string_equal(noted, "0000:01:00.0 (gpu): SeaBIOS runs no GPU's ROM beside the emulated video: for a "
                                       "picture from the start say \"emulatedVideo\": \"remove\" for the guest\n");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_over),
        cmocka_unit_test(misfits),
        cmocka_unit_test(an_unknown_machine),
        cmocka_unit_test(windows),
        cmocka_unit_test(the_firmwares_window),
        cmocka_unit_test(together),
        cmocka_unit_test(idle_roms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
