/* host/check_memory: ROM and boot display, BARs, and the address spaces that they are seen in. */
#include <stdio.h>

#include "check_support.h"

static void rom_available(void **state) {
    (void)state;
    enum { VIRTUAL = 1, BAR = 2, BARS_UNREAD = 4, SHADOW = 8 };
    static const char none[] = "no display controller", given[] = "the VM gives it a ROM file",
                      bar[] = "rom: the device has a ROM BAR", no_bar[] = "no ROM BAR, and no bundle has a ROM for it";
    static const struct pci_id apu = {0x1002, 0x1681}, card = {0x1002, 0x7550}, geforce = {0x10de, 0x2484},
                               intel = {0x8086, 0x4680}, not_amds = {0x10de, 0x1681};
    static const struct {
        const struct pci_id *id;
        uint32_t class_code;
        unsigned flags;
        int rom_error;
        enum checked_rom rom;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        /* Only display controllers need one. */
        {&apu, 0x030200, 0, ENOENT, CHECKED_ROM_MISSING, NOT, none, NULL},
        {&apu, 0x040300, 0, ENOENT, CHECKED_ROM_MISSING, NOT, none, NULL},
        {&apu, 0x030000, VIRTUAL, ENOENT, CHECKED_ROM_MISSING, NOT, none, NULL},
        /* What the VM says of it comes before what the device has. */
        {&apu, 0x030000, BAR, 0, CHECKED_ROM_GIVEN, PASS, given, NULL},
        {&apu, 0x030000, 0, ENOENT, CHECKED_ROM_GIVEN, PASS, given, NULL},
        {&apu, 0x030000, BARS_UNREAD, EACCES, CHECKED_ROM_UNWANTED, NOT, "the VM wants no ROM file", NULL},
        {&apu, 0x030000, BAR, 0, CHECKED_ROM_UNWANTED, NOT, "the VM wants no ROM file", NULL},
        /* A ROM BAR, by its line, and where that is not known by the file. */
        {&apu, 0x030000, BAR, 0, CHECKED_ROM_MISSING, PASS, bar, NULL},
        {&apu, 0x030000, BAR, ENOENT, CHECKED_ROM_MISSING, PASS, bar, NULL},
        {&apu, 0x030000, BAR, EACCES, CHECKED_ROM_OF_NODE, PASS, bar, NULL},
        {&apu, 0x030000, BARS_UNREAD, 0, CHECKED_ROM_MISSING, PASS, bar, NULL},
        {&apu, 0x030000, BAR | BARS_UNREAD, EACCES, CHECKED_ROM_MISSING, UNKNOWN, "rom: Permission denied", "root"},
        {&apu, 0x030000, BARS_UNREAD, EIO, CHECKED_ROM_OF_NODE, UNKNOWN, "rom: Input/output error", NULL},
        {&apu, 0x030000, BARS_UNREAD, ENOENT, CHECKED_ROM_OF_NODE, NOT, "no ROM BAR: its ROM must come from", NULL},
        /* The file of a boot display shows what the firmware ran. */
        {&apu, 0x030000, BAR | SHADOW, 0, CHECKED_ROM_MISSING, FAIL, no_bar, "rom extract --vfct"},
        {&apu, 0x030000, 0, 0, CHECKED_ROM_MISSING, FAIL, no_bar, "rom extract --vfct"},
        {&apu, 0x030000, 0, EACCES, CHECKED_ROM_MISSING, FAIL, no_bar, "rom extract --vfct"},
        {&apu, 0x030000, BAR | SHADOW, 0, CHECKED_ROM_OF_NODE, NOT, "no ROM BAR: its ROM must come from", NULL},
        /* None at all: who needs it? */
        {&apu, 0x030000, 0, ENOENT, CHECKED_ROM_OF_NODE, NOT, "no ROM BAR: its ROM must come from a bundle", NULL},
        {&apu, 0x030000, 0, ENOENT, CHECKED_ROM_MISSING, FAIL, no_bar, "rom extract --vfct"},
        {&apu, 0x038000, 0, ENOENT, CHECKED_ROM_MISSING, FAIL, "amdgpu finds no BIOS ROM", "bundle add"},
        {&apu, 0x030000, BAR | BARS_UNREAD, ENOENT, CHECKED_ROM_MISSING, FAIL, no_bar, "bundle add"},
        {&card, 0x030000, 0, ENOENT, CHECKED_ROM_MISSING, WARN, no_bar, "bundle add"},
        {&geforce, 0x030000, 0, ENOENT, CHECKED_ROM_MISSING, WARN, no_bar, "bundle add"},
        {&not_amds, 0x030000, 0, ENOENT, CHECKED_ROM_MISSING, WARN, no_bar, "bundle add"},
        {&intel, 0x030000, 0, ENOENT, CHECKED_ROM_MISSING, PASS, "no ROM BAR; its drivers do without", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.gpu.device.identity.id = *cases[i].id;
        host.gpu.device.identity.class_code = cases[i].class_code;
        host.gpu.device.is_virtual = cases[i].flags & VIRTUAL;
        host.gpu.bars.rom.size = cases[i].flags & BAR ? MIB : 0;
        host.gpu.bars.rom.is_shadow = cases[i].flags & SHADOW;
        host.gpu.bars_error = cases[i].flags & BARS_UNREAD ? EIO : 0;
        host.gpu.rom_error = cases[i].rom_error;
        host.checked.rom = cases[i].rom;
        assert_finds(&host, CHECK_ROM_AVAILABLE, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* Integrated ones, from Raven to Krackan, and cards. */
static void whose_rom_is_in_the_firmware(void **state) {
    (void)state;
    static const struct {
        uint16_t device;
        bool is_apu;
    } cases[] = {{0x15dd, true},  {0x1636, true},  {0x1638, true},  {0x1681, true},  {0x164e, true},
                 {0x15bf, true},  {0x150e, true},  {0x1114, true},  {0x15de, false}, {0x67df, false},
                 {0x731f, false}, {0x73bf, false}, {0x744c, false}, {0x7550, false}, {0x1113, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.gpu.device.identity.id = (struct pci_id){0x1002, cases[i].device};
        host.gpu.bars.rom.size = 0;
        host.gpu.rom_error = ENOENT;
        host.checked.rom = CHECKED_ROM_MISSING;
        assert_finds(&host, CHECK_ROM_AVAILABLE, cases[i].is_apu ? FAIL : WARN, "no ROM BAR", "bundle add", i);
    }
}

static void boot_framebuffer(void **state) {
    (void)state;
    enum owner { NOBODY, NOT_TOLD, THIS, OTHER, OTHER_AND_THIS, OTHER_AND_NOT_TOLD };
    static const char held[] = "still holds its BAR", off[] = "initcall_blacklist=sysfb_init";
    static const struct {
        const char *boot; /* NULL: cannot be read */
        int error;
        enum owner owner;
        enum checked_rom rom;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {"0", 0, NOBODY, CHECKED_ROM_OF_NODE, PASS, "boot_vga: 0", NULL},
        {"1", 0, NOBODY, CHECKED_ROM_OF_NODE, WARN, "boot_vga: 1: what its ROM BAR shows may be", "a clean ROM"},
        {"1", 0, NOBODY, CHECKED_ROM_MISSING, WARN, "boot_vga: 1: what its ROM BAR shows may be", "a bundle"},
        {"1", 0, NOBODY, CHECKED_ROM_GIVEN, PASS, "boot_vga: 1, and no framebuffer holds it", NULL},
        {"1", 0, NOBODY, CHECKED_ROM_UNWANTED, PASS, "boot_vga: 1, and no framebuffer holds it", NULL},
        {"x", 0, NOBODY, CHECKED_ROM_MISSING, PASS, "boot_vga: x", NULL},
        {"11", 0, NOT_TOLD, CHECKED_ROM_MISSING, PASS, "boot_vga: 11", NULL},
        {NULL, ENOENT, NOBODY, CHECKED_ROM_MISSING, NOT, "no VGA controller", NULL},
        {NULL, EACCES, NOBODY, CHECKED_ROM_MISSING, UNKNOWN, "boot_vga: Permission denied", "root"},
        {NULL, EIO, NOT_TOLD, CHECKED_ROM_MISSING, UNKNOWN, "boot_vga: Input/output error", NULL},
        /* Where the kernel does not tell whose memory it is, it is the boot display's. */
        {"1", 0, NOT_TOLD, CHECKED_ROM_GIVEN, FAIL, "efi-framebuffer still holds its BAR", off},
        {"0", 0, NOT_TOLD, CHECKED_ROM_GIVEN, PASS, "boot_vga: 0", NULL},
        {NULL, ENOENT, NOT_TOLD, CHECKED_ROM_GIVEN, NOT, "no VGA controller", NULL},
        /* Where it does, that counts. */
        {"0", 0, THIS, CHECKED_ROM_GIVEN, FAIL, held, off},
        {NULL, EACCES, THIS, CHECKED_ROM_UNWANTED, FAIL, held, off},
        {"1", 0, OTHER, CHECKED_ROM_GIVEN, PASS, "boot_vga: 1, and no framebuffer holds it", NULL},
        {"0", 0, OTHER_AND_THIS, CHECKED_ROM_GIVEN, FAIL, "simple-framebuffer still holds", off},
        {"1", 0, OTHER_AND_NOT_TOLD, CHECKED_ROM_GIVEN, FAIL, "simple-framebuffer still holds", off},
        {"0", 0, OTHER_AND_NOT_TOLD, CHECKED_ROM_GIVEN, PASS, "boot_vga: 0", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        struct host_node *node = &host.facts.node;
        enum owner owner = cases[i].owner;
        set_file(&host.gpu, HOST_BOOT_VGA, cases[i].boot, cases[i].error);
        host.checked.rom = cases[i].rom;
        node->framebuffers[0] =
            (struct host_framebuffer){.driver = "efi-framebuffer",
                                      .has_owner = owner != NOT_TOLD,
                                      .owner = owner == THIS ? host.gpu.address : host.sound.address};
        node->framebuffers[1] = (struct host_framebuffer){
            .driver = "simple-framebuffer", .has_owner = owner == OTHER_AND_THIS, .owner = host.gpu.address};
        node->framebuffer_count = owner == NOBODY ? 0 : owner >= OTHER_AND_THIS ? 2 : 1;
        assert_finds(&host, CHECK_BOOT_FRAMEBUFFER, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* --- BARs ---------------------------------------------------------------------------------------------------- */

/* One BAR changes: its line in resource, and its register. */
static void bar_assigned(void **state) {
    (void)state;
    enum { VIRTUAL = 1, CONFIG_UNREAD = 2 };
    static const char no_address[] = "the kernel found no address for it: the guest would see \"BAR",
                      no_line[] = "its register is there, its line in resource is empty";
    static const char all[] = "resource: every BAR of memory has an address";
    static const struct pci_bar empty = {0}, there = {.start = 0xa2000000, .size = 4096, .is_memory = true},
                                at_zero = {.size = 4096, .is_memory = true},
                                unset = {.start = 0x1000, .size = 4096, .is_memory = true, .is_unset = true},
                                port_unset = {.size = 128, .is_unset = true};
    static const struct {
        size_t index;
        const struct pci_bar *bar;
        uint32_t reg;
        unsigned flags;
        enum check_verdict verdict;
        const char *evidence;
    } cases[] = {
        {0, &there, 0xa2000000, 0, PASS, all},
        {0, &at_zero, 0, 0, FAIL, "BAR 0: the kernel found no address for it: the guest would see \"BAR0 is 0M\""},
        {0, &unset, 0, 0, FAIL, no_address},
        {0, &unset, 0, CONFIG_UNREAD, FAIL, no_address},
        {0, &unset, 0, VIRTUAL, FAIL, no_address},
        {2, &unset, 0, CONFIG_UNREAD, FAIL, "BAR 2"}, /* the upper half of what nobody knows to be a pair */
        {5, &unset, 0, 0, FAIL, "BAR 5: the kernel found no address for it: the guest would see \"BAR5 is 0M\""},
        {5, &port_unset, 1, 0, PASS, all}, /* nobody needs ports */
        {5, &empty, 1, 0, PASS, all},
        {5, &empty, 0xfffffff1, 0, PASS, all},
        {5, &empty, 0xd, 0, PASS, all},
        /* The kernel shows no line where it had no room for a hot-plugged BAR. The register tells its type. */
        {0, &empty, 0, 0, PASS, all}, /* no BAR, or one of 32 bits: not to be told apart */
        {0, &empty, 0xfffffff0, 0, PASS, all},
        {0, &empty, 8, 0, FAIL, "BAR 0: its register is there, its line in resource is empty: the guest would see"},
        {5, &empty, 4, 0, FAIL, "BAR 5: its register is there"},
        {5, &empty, 2, 0, FAIL, no_line},
        {1, &empty, 0xc, 0, FAIL, "BAR 1: its register is there, its line in resource is empty"},
        {3, &empty, 0xc, 0, FAIL, "\"BAR3 is 0M\""},
        {1, &empty, 0xc, VIRTUAL, PASS, all},       /* their registers are zero, and their BARs elsewhere */
        {1, &empty, 0xc, CONFIG_UNREAD, PASS, all}, /* nobody has seen it */
        {1, &empty, 0, 0, PASS, all},
        /* The upper half of an address is no register of its own, whatever its bits. */
        {2, &empty, 0xffffffff, 0, PASS, all},
        {2, &empty, 0xc, 0, PASS, all},
        {4, &empty, 0x8, 0, PASS, all},
        {2, &unset, 0xc, 0, PASS, all},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.gpu.bars.list[cases[i].index] = *cases[i].bar;
        set_register(&host.gpu, cases[i].index, cases[i].reg);
        host.gpu.device.is_virtual = cases[i].flags & VIRTUAL;
        host.gpu.config_error = cases[i].flags & CONFIG_UNREAD ? EAGAIN : 0;
        assert_finds(&host, CHECK_BAR_ASSIGNED, cases[i].verdict, cases[i].evidence,
                     cases[i].verdict == FAIL ? "\"Above 4G Decoding\"" : NULL, i);
    }
}

/* The ROM's BAR has an address only while somebody reads it. */
static void a_rom_without_address(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.gpu.bars.rom = (struct pci_bar){.size = MIB, .is_memory = true, .is_unset = true};
    assert_finds(&host, CHECK_BAR_ASSIGNED, PASS, "every BAR", NULL, 0);
}

/* A port's register says nothing of the next one, though a bit of its address looks like that of a pair. */
static void behind_a_port(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.gpu.bars = (struct pci_bars){0};
    memset(host.gpu.config + 0x10, 0, 24);
    set_register(&host.gpu, 0, 0x3005);
    set_register(&host.gpu, 1, 0x8);
    assert_finds(&host, CHECK_BAR_ASSIGNED, FAIL, "BAR 1", "pci=realloc", 0);
    /* Behind the upper half comes the next one. */
    host.gpu.bars.list[0] = (struct pci_bar){.start = 0x6000000000, .size = 4096, .is_memory = true, .is_64bit = true};
    set_register(&host.gpu, 0, 0xc);
    assert_finds(&host, CHECK_BAR_ASSIGNED, PASS, "every BAR", NULL, 1);
    set_register(&host.gpu, 2, 0x8);
    assert_finds(&host, CHECK_BAR_ASSIGNED, FAIL, "BAR 2", "pci=realloc", 2);
}

static void bars_that_cannot_be_read(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.gpu.bars_error = EACCES;
    assert_finds(&host, CHECK_BAR_ASSIGNED, UNKNOWN, "resource: Permission denied", "root", 0);
    host.gpu.bars_error = ENOENT;
    assert_finds(&host, CHECK_BAR_ASSIGNED, UNKNOWN, "resource: No such file", NULL, 1);
    host.gpu.bars_error = 0;
    memset(host.gpu.config, 0xff, sizeof(host.gpu.config));
    host.gpu.bars.list[0].start = 0;
    assert_finds(&host, CHECK_BAR_ASSIGNED, NOT, "it does not answer: see config-space", NULL, 2);
    host.gpu.config[HOST_CONFIG_SIZE - 1] = 0xfe;
    assert_finds(&host, CHECK_BAR_ASSIGNED, FAIL, "BAR 0", "realloc", 3);
    host.gpu.config[HOST_CONFIG_SIZE - 1] = 0xff;
    host.gpu.config[0] = 0xfe;
    assert_finds(&host, CHECK_BAR_ASSIGNED, FAIL, "BAR 0", "realloc", 3);
    host.gpu.config[0] = 0xff;
    host.gpu.config_error = EIO;
    assert_finds(&host, CHECK_BAR_ASSIGNED, FAIL, "BAR 0", "realloc", 4);
}

#define G(n) (UINT64_C(n) * KIB_PER_GIB)

static void bar_window(void **state) {
    (void)state;
    enum { VM = 1, GUEST = 2, KNOWN = 4, ALL = VM | GUEST | KNOWN };
    static const char remedy[] = "\"ovmfMmio64\": \"auto\"";
    static const struct {
        uint64_t size; /* of the device's 64-bit BAR; 0: it has none */
        int error;
        unsigned flags;
        uint64_t bars, needed, least, most; /* of the guest, in KiB */
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {0, 0, ALL, 9, 9, 1, 1, NOT, "it has no 64-bit BAR", NULL},
        {GIB, EACCES, ALL, 9, 9, 1, 1, NOT, "resource cannot be read: see bar-assigned", NULL},
        {0, EACCES, 0, 0, 0, 0, 0, NOT, "resource cannot be read", NULL},
        /* No guest is known: what it would take. */
        {256 * MIB, 0, 0, 0, 0, 0, 0, NOT, "a guest's firmware needs a window of 512 MiB for it", NULL},
        {16 * GIB, 0, VM, 0, 0, 0, 0, NOT, "a window of 32 GiB for it", NULL},
        {32 * GIB, 0, VM, 9, 9, 1, 1, NOT, "a window of 64 GiB for it, more than the 32 GiB of its default", NULL},
        /* In a guest all devices count. */
        {GIB, 0, ALL, 0, 0, 0, 0, NOT, "no limit that is known", NULL},
        {GIB, 0, VM | GUEST, 9, 9, 0, 0, NOT, "no limit that is known", NULL},
        {GIB, 0, VM | GUEST, 9, 9, 1, 1, UNKNOWN, "the BARs of the VM's other devices cannot be read", NULL},
        {GIB, 0, ALL, G(9), G(64), G(64), G(64), PASS, "need 64 GiB, the guest's window has 64 GiB", NULL},
        {GIB, 0, ALL, 2048, 2048, G(64), G(99), PASS, "need 2 MiB, the guest's window has 64 GiB", NULL},
        {GIB, 0, ALL, 2048, 4096, 1025 * 1024, G(99), PASS, "need 4 MiB, the guest's window has 1025 MiB", NULL},
        /* They are placed with gaps: where the sum fits, so may they. */
        {GIB, 0, ALL, G(33), G(65), G(64), G(128), WARN, "a window of 65 GiB, the guest's has perhaps only 64 GiB",
         remedy},
        {GIB, 0, ALL, G(64), G(128), G(64), G(64), WARN, "a window of 128 GiB, the guest's has perhaps only 64 GiB",
         remedy},
        {GIB, 0, ALL, G(64), G(64) + 1024, G(64), G(64), WARN, "a window of 65537 MiB, the guest's", remedy},
        {GIB, 0, ALL, G(64) + 1024, G(128), G(32), G(64), FAIL, "take 65537 MiB, the guest's window has 64 GiB",
         remedy},
        {GIB, 0, ALL, G(129), G(256), G(64), G(128), FAIL, "take 129 GiB, the guest's window has 128 GiB", remedy},
        {GIB, 0, ALL, 512 * 1024, G(1), 256 * 1024, 256 * 1024, FAIL, "take 512 MiB, the guest's window has 256 MiB",
         remedy},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.gpu.bars = (struct pci_bars){0};
        host.gpu.bars.list[0] =
            (struct pci_bar){.start = 1, .size = cases[i].size, .is_memory = cases[i].size, .is_64bit = cases[i].size};
        host.gpu.bars_error = cases[i].error;
        if (cases[i].flags & VM)
            check_host_in_vm(&host);
        host.vm.has_guest = cases[i].flags & GUEST;
        host.vm.knows_bars = cases[i].flags & KNOWN;
        host.vm.bars_kib = cases[i].bars;
        host.vm.needed_kib = cases[i].needed;
        host.vm.window_least_kib = cases[i].least;
        host.vm.window_most_kib = cases[i].most;
        assert_finds(&host, CHECK_BAR_WINDOW, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* What fits into the default is not said to be more. */
static void the_default_window(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    host.gpu.bars.list[1].size = 16 * GIB;
    check_run(CHECK_BAR_WINDOW, &host.checked, &result);
    assert_string_equal(result.evidence, "a guest's firmware needs a window of 64 GiB for it, more than the 32 GiB "
                                         "of its default");
    host.gpu.bars.list[1].size = 8 * GIB;
    check_run(CHECK_BAR_WINDOW, &host.checked, &result);
    assert_string_equal(result.evidence, "a guest's firmware needs a window of 32 GiB for it");
}

/* --- where the device is ------------------------------------------------------------------------------------- */

/* The capability register's bits 21:16 are one less than the width; memory has a hole of 1 GiB at least. */
static void iommu_width(void **state) {
    (void)state;
    enum { VM = 1, GUEST = 2, BOTH = VM | GUEST };
    static const struct {
        const char *cap; /* NULL: there is no such file */
        unsigned flags;
        uint64_t memory; /* KiB */
        enum check_verdict verdict;
        const char *evidence;
    } cases[] = {
        {NULL, BOTH, UINT64_C(1) << 50, NOT, "its IOMMU does not tell"},
        {"garbage", BOTH, UINT64_C(1) << 50, NOT, "its IOMMU does not tell"},
        {"0", BOTH, UINT64_C(1) << 50, NOT, "its IOMMU does not tell"}, /* 1 bit: no IOMMU is like that */
        {"260000", 0, 0, PASS, "intel-iommu/cap: 39 bits"},
        {"260000", VM, UINT64_C(1) << 50, PASS, "intel-iommu/cap: 39 bits"},
        {"260000", BOTH, 16 * KIB_PER_GIB, PASS, "intel-iommu/cap: 39 bits"},
        {"260000", BOTH, 511 * KIB_PER_GIB, PASS, "intel-iommu/cap: 39 bits"},
        {"260000", BOTH, 511 * KIB_PER_GIB + 1, FAIL, "39 bits, and the guest has 511 GiB of memory"},
        {"1f0000", BOTH, 8 * KIB_PER_GIB, FAIL, "32 bits, and the guest has 8 GiB of memory"},
        {"200000", BOTH, 7 * KIB_PER_GIB, PASS, "33 bits"},
        {"3e0000", BOTH, UINT64_C(1) << 52, PASS, "63 bits"},
        {"3e0000", BOTH, UINT64_C(1) << 54, FAIL, "63 bits"},
        {"3f0000", BOTH, UINT64_C(1) << 53, PASS, "64 bits"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_IOMMU_CAP, cases[i].cap, ENOENT);
        host.vm.memory_kib = cases[i].memory;
        host.vm.has_guest = cases[i].flags & GUEST;
        if (cases[i].flags & VM)
            check_host_in_vm(&host);
        assert_finds(&host, CHECK_IOMMU_WIDTH, cases[i].verdict, cases[i].evidence,
                     cases[i].verdict == FAIL ? "give the VM less memory" : NULL, i);
    }
}

static void numa(void **state) {
    (void)state;
    enum { VM = 1, GUEST = 2, BOTH = VM | GUEST };
    static const char near[] = "numa_node: 1, where vCPUs are pinned";
    static const struct {
        const char *node, *local; /* NULL: cannot be read */
        int error;
        unsigned flags;
        const char *pinned;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {NULL, "8-15", ENOENT, BOTH, "0", NOT, "the kernel knows no nodes", NULL},
        {NULL, "8-15", EACCES, BOTH, "0", UNKNOWN, "numa_node: Permission denied", "root"},
        {"-1", "8-15", 0, BOTH, "0", NOT, "numa_node: -1", NULL},
        {"1", "8-15", 0, 0, "0", PASS, "numa_node: 1", NULL},
        {"1", NULL, EACCES, VM, "0", PASS, "numa_node: 1", NULL},
        {"1", "8-15", 0, BOTH, "", NOT, "numa_node: 1; the VM's vCPUs are not pinned", NULL},
        {"1", NULL, EACCES, BOTH, "8", UNKNOWN, "local_cpulist: Permission denied", "root"},
        {"1", NULL, ENOENT, BOTH, "8", UNKNOWN, "local_cpulist: No such file", NULL},
        {"1", "", 0, BOTH, "8", UNKNOWN, "local_cpulist: Invalid argument", NULL}, /* a node without CPUs */
        {"1", "8-15", 0, BOTH, "9", PASS, near, NULL},
        {"1", "8-15", 0, BOTH, "8-11,^9", UNKNOWN, "how vCPUs are pinned (8-11,^9) is not understood", NULL},
        {"1", "8-15", 0, BOTH, "9 ", UNKNOWN, "is not understood", NULL},
        {"1", "8-15", 0, BOTH, "x", UNKNOWN, "(x) is not understood", NULL},
        {"1", "8-15\n", 0, BOTH, "0,12", PASS, near, NULL},
        {"1", "8-15", 0, BOTH, "0-3", WARN, "numa_node: 1 (CPUs 8-15), and all vCPUs are pinned elsewhere (0-3)",
         "single-numa-node"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_NUMA_NODE, cases[i].node, cases[i].error);
        set_file(&host.gpu, HOST_LOCAL_CPULIST, cases[i].local, cases[i].error);
        host.vm.has_guest = cases[i].flags & GUEST;
        host.vm.cpus = cases[i].pinned;
        if (cases[i].flags & VM)
            check_host_in_vm(&host);
        assert_finds(&host, CHECK_NUMA, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* Whether two lists of CPUs have one in common, either way round. */
static void cpu_lists(void **state) {
    (void)state;
    static const struct {
        const char *local, *pinned;
        bool meet;
    } cases[] = {
        {"0", "0", true},
        {"0", "1", false},
        {"1", "10", false},
        {"0-3", "3", true},
        {"0-3", "4", false},
        {"4-7", "3", false},
        {"4-7", "0-4", true},
        {"4-7", "0-3", false},
        {"4-7", "7-9", true},
        {"4-7", "8-9", false},
        {"4-7", "5-6", true},
        {"0-3,8", "8", true},
        {"0-3,8", "4-7", false},
        {"0-3,8", "4,5,6,8", true},
        {"0-3,16-19", "4-15,20-31", false},
        {"0-3,16-19", "4-15,19-31", true},
        {"0-15,32-47", "16,17,40", true},
        {"0,2,4,6", "1,3,5,7", false},
        /* Nonsense ends, and changes nothing of the rest. */
        {"8-15,", "9", true},
        {"8-15,", "1", false},
        {"8-15", "1,,,9", true},
        {"15-8", "3", false}, /* reversed: no CPU */
        {"15-8", "20", false},
        {"4-7", "99999999999999999999", false},
        {"4-7", "0-99999999999999999999", true},
        {"8-15", "1-2-9", false},
    };
    for (size_t i = 0; i < COUNT(cases) * 2; i++) {
        struct check_host host;
        const char *const lists[] = {cases[i / 2].local, cases[i / 2].pinned};
        check_host_make(&host);
        set_text(&host.gpu, HOST_LOCAL_CPULIST, lists[i % 2]);
        host.vm.cpus = lists[!(i % 2)];
        check_host_in_vm(&host);
        assert_finds(&host, CHECK_NUMA, cases[i / 2].meet ? PASS : WARN, "numa_node: 0",
                     cases[i / 2].meet ? NULL : "topologyManagerPolicy", i / 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rom_available),
        cmocka_unit_test(whose_rom_is_in_the_firmware),
        cmocka_unit_test(boot_framebuffer),
        cmocka_unit_test(bar_assigned),
        cmocka_unit_test(a_rom_without_address),
        cmocka_unit_test(behind_a_port),
        cmocka_unit_test(bars_that_cannot_be_read),
        cmocka_unit_test(bar_window),
        cmocka_unit_test(the_default_window),
        cmocka_unit_test(iommu_width),
        cmocka_unit_test(numa),
        cmocka_unit_test(cpu_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
