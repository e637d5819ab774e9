/* host/checks: which checks are made of what, what they come to, and what every one of them must do. */
#include <stdio.h>

#include "check_support.h"
#include "host/check_result.h"

static void titles(void **state) {
    (void)state;
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        assert_in_range(strlen(check_title(i)), 1, 60);
        for (enum check j = 0; j < i; j++)
            assert_string_not_equal(check_title(i), check_title(j));
    }
    static const char *const names[] = {
        [NOT] = "not-applicable", [PASS] = "pass", [UNKNOWN] = "unknown", [WARN] = "warn", [FAIL] = "fail"};
    for (enum check_verdict i = 0; i < COUNT(names); i++)
        assert_string_equal(verdict_name(i), names[i]);
}

static bool is_vital(enum check check) {
    /* Without these nobody knows whether the VM would start: docs/checks.md. */
    return check == CHECK_DEVICE_PRESENT || check == CHECK_IDENTITY || check == CHECK_CONFIG_SPACE ||
           check == CHECK_DRIVER || check == CHECK_IOMMU_GROUP || check == CHECK_GROUP_VIABLE || check == CHECK_MDEV;
}

static void what_wants_the_guest(void **state) {
    (void)state;
    for (enum check i = 0; i < CHECK_COUNT; i++)
        assert_int_equal(check_is_vital(i), is_vital(i));
    for (enum check i = 0; i < CHECK_COUNT; i++)
        assert_int_equal(check_wants_guest(i), i == CHECK_BAR_WINDOW || i == CHECK_NUMA || i == CHECK_IOMMU_WIDTH);
}

/* Nothing is wrong with the node that all other tests start from. */
static void healthy(void **state) {
    (void)state;
    static const struct {
        enum check_verdict alone, in_vm;
    } expected[CHECK_COUNT] = {
        [CHECK_DEVICE_PRESENT] = {PASS, PASS},
        [CHECK_IDENTITY] = {NOT, NOT},
        [CHECK_CONFIG_SPACE] = {PASS, PASS},
        [CHECK_DRIVER] = {PASS, PASS},
        [CHECK_IOMMU_GROUP] = {PASS, PASS},
        [CHECK_GROUP_VIABLE] = {PASS, PASS},
        [CHECK_IOMMU_REMAPPING] = {PASS, PASS},
        [CHECK_POWER_STATE] = {PASS, PASS},
        [CHECK_RESET_METHOD] = {PASS, PASS},
        [CHECK_ROM_AVAILABLE] = {PASS, PASS},
        [CHECK_BOOT_FRAMEBUFFER] = {PASS, PASS},
        [CHECK_BAR_ASSIGNED] = {PASS, PASS},
        [CHECK_BAR_WINDOW] = {NOT, PASS},
        [CHECK_LINK] = {PASS, PASS},
        [CHECK_AER] = {PASS, PASS},
        [CHECK_SIBLINGS] = {PASS, PASS},
        [CHECK_MDEV] = {NOT, NOT},
        [CHECK_VGPU_PROFILE] = {NOT, NOT},
        [CHECK_MIG] = {NOT, NOT},
        [CHECK_SRIOV] = {NOT, NOT},
        [CHECK_NUMA] = {PASS, NOT},
        [CHECK_IOMMU_WIDTH] = {PASS, PASS},
    };
    struct check_host host;
    check_host_make(&host);
    for (enum check i = 0; i < CHECK_COUNT; i++)
        assert_finds(&host, i, expected[i].alone, "", NULL, i);
    check_host_in_vm(&host);
    for (enum check i = 0; i < CHECK_COUNT; i++)
        assert_finds(&host, i, expected[i].in_vm, "", NULL, i);
}

/* Of what is not there, or cannot be read, only that is said; of a mediated device what its parent is does not count.
 */
static void made_of_what(void **state) {
    (void)state;
    static const char gone[] = "the device is not there", unread[] = "the device cannot be read: see device-present",
                      mediated[] = "a mediated device", made[] = "";
    static const char no_mdev[] = "no mediated device", unread_mdev[] = "the device cannot be read: see mdev";
    static const struct {
        const char *absent, *unknown, *mdev, *mdev_gone;
    } expected[CHECK_COUNT] = {
        [CHECK_DEVICE_PRESENT] = {made, made, made, made},
        [CHECK_IDENTITY] = {gone, unread, mediated, gone},
        [CHECK_CONFIG_SPACE] = {gone, unread, mediated, gone},
        [CHECK_DRIVER] = {gone, unread, made, gone},
        [CHECK_IOMMU_GROUP] = {gone, unread, made, gone},
        [CHECK_GROUP_VIABLE] = {gone, unread, mediated, gone},
        [CHECK_IOMMU_REMAPPING] = {gone, unread, mediated, gone},
        [CHECK_POWER_STATE] = {gone, unread, mediated, gone},
        [CHECK_RESET_METHOD] = {gone, unread, mediated, gone},
        [CHECK_ROM_AVAILABLE] = {gone, unread, mediated, gone},
        [CHECK_BOOT_FRAMEBUFFER] = {gone, unread, mediated, gone},
        [CHECK_BAR_ASSIGNED] = {gone, unread, mediated, gone},
        [CHECK_BAR_WINDOW] = {gone, unread, mediated, gone},
        [CHECK_LINK] = {gone, unread, mediated, gone},
        [CHECK_AER] = {gone, unread, mediated, gone},
        [CHECK_SIBLINGS] = {gone, unread, mediated, gone},
        [CHECK_MDEV] = {no_mdev, no_mdev, made, made},
        [CHECK_VGPU_PROFILE] = {gone, unread, made, gone},
        [CHECK_MIG] = {gone, unread, made, gone},
        [CHECK_SRIOV] = {gone, unread, mediated, gone},
        [CHECK_NUMA] = {gone, unread, mediated, gone},
        [CHECK_IOMMU_WIDTH] = {gone, unread, mediated, gone},
    };
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        const char *const texts[] = {expected[i].absent, expected[i].unknown, expected[i].mdev, expected[i].mdev_gone,
                                     expected[i].mdev_gone == gone ? unread_mdev : expected[i].mdev_gone};
        for (size_t j = 0; j < COUNT(texts); j++) {
            struct check_host host;
            struct check_result result;
            check_host_make(&host);
            host.gpu.device.state = j == 0 ? HOST_ABSENT : HOST_UNKNOWN;
            snprintf(host.gpu.device.reason, sizeof(host.gpu.device.reason), "why not");
            host.mdev.error = j < 3 ? 0 : j == 3 ? ENOENT : EACCES;
            if (j >= 2) {
                check_host_as_mdev(&host);
                host.checked.function = j == 2 ? &host.gpu : NULL;
            }
            memset(&result, 0xff, sizeof(result));
            check_run(i, &host.checked, &result);
            bool is_made = texts[j] == made;
            if (is_made == (strcmp(result.evidence, gone) == 0 || strcmp(result.evidence, unread) == 0 ||
                            strcmp(result.evidence, mediated) == 0 || strcmp(result.evidence, no_mdev) == 0 ||
                            strcmp(result.evidence, unread_mdev) == 0) ||
                (!is_made && (strcmp(result.evidence, texts[j]) != 0 || result.verdict != NOT)))
                fail_msg("%s, %zu: %s: %s", check_name(i), j, verdict_name(result.verdict), result.evidence);
            assert_sound(i, &result);
        }
    }
}

/* Every two checks with every two verdicts. */
static void sums(void **state) {
    (void)state;
    for (enum check a = 0; a < CHECK_COUNT; a++)
        for (enum check b = 0; b < CHECK_COUNT; b++)
            for (unsigned both = 0; both < 25 * 2; both++) {
                struct check_result results[CHECK_COUNT];
                const enum check_verdict one = both % 5, other = a == b ? one : both / 5 % 5;
                for (enum check i = 0; i < CHECK_COUNT; i++)
                    results[i].verdict = both < 25 ? PASS : NOT;
                results[a].verdict = one;
                results[b].verdict = other;
                bool unknown = (one == UNKNOWN && is_vital(a)) || (other == UNKNOWN && is_vital(b));
                enum check_verdict expected = one == FAIL || other == FAIL   ? FAIL
                                              : unknown                      ? UNKNOWN
                                              : one == WARN || other == WARN ? WARN
                                                                             : PASS;
                if (checks_sum(results) != expected)
                    fail_msg("%s %s, %s %s: %s", check_name(a), verdict_name(one), check_name(b), verdict_name(other),
                             verdict_name(checks_sum(results)));
            }
}

/* --- what checks are written with ---------------------------------------------------------------------------- */

static void texts_are_cut(void **state) {
    (void)state;
    static const struct {
        size_t size;
        const char *tail; /* behind that many letters */
        bool evidence_cut, remedy_cut;
    } cases[] = {
        {223, "", false, false},
        {224, "", true, false},
        {255, "", true, false},
        {256, "", true, true},
        {1000, "", true, true},
        {219, "\xc3\xa9zzz", true, false},
        {251, "\xc3\xa9zzz", true, true},
        {218, "\xe2\x82\xaczzz", true, false},
        {0, "", false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[1100];
        struct check_result result = {0};
        memset(text, 'x', cases[i].size);
        snprintf(text + cases[i].size, sizeof(text) - cases[i].size, "%s", cases[i].tail);
        say(&result, WARN, "%s", text);
        advise(&result, "%s", text);
        assert_int_equal(result.verdict, WARN);
        const char *const found[] = {result.evidence, result.remedy};
        for (size_t j = 0; j < 2; j++) {
            size_t room = j ? sizeof(result.remedy) : sizeof(result.evidence), size = strlen(found[j]);
            if (!(j ? cases[i].remedy_cut : cases[i].evidence_cut)) {
                assert_string_equal(found[j], text);
                continue;
            }
            assert_in_range(size, room - 1 - 3, room - 1);
            assert_string_equal(found[j] + size - 3, "...");
            assert_memory_equal(found[j], text, size - 3);
            assert_int_equal(utf8_valid_prefix(bytes_of(found[j])), size);
        }
    }
}

/* What was read from files may have several lines, or end in half a character where a check cut it. */
static void texts_are_printable(void **state) {
    (void)state;
    struct check_result result = {0};
    say(&result, PASS, "%.8s", "1234567\xc3\xa9");
    advise(&result, "a\nb\033[31m\xffz");
    assert_string_equal(result.evidence, "1234567?");
    assert_string_equal(result.remedy, "a?b?[31m?z");
}

static void what_cannot_be_read(void **state) {
    (void)state;
    static const struct {
        int error;
        const char *absent;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {ENOENT, "it is none", NOT, "it is none", ""},
        {ENOENT, NULL, UNKNOWN, "rom: No such file or directory", ""},
        {EACCES, "it is none", UNKNOWN, "rom: Permission denied", "run this as root on the node"},
        {EPERM, NULL, UNKNOWN, "rom: Operation not permitted", "run this as root on the node"},
        {EIO, "it is none", UNKNOWN, "rom: Input/output error", ""},
        {EINVAL, NULL, UNKNOWN, "rom: Invalid argument", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_result result = {0};
        say_unread(&result, "rom", cases[i].error, cases[i].absent);
        assert_int_equal(result.verdict, cases[i].verdict);
        assert_string_equal(result.evidence, cases[i].evidence);
        assert_string_equal(result.remedy, cases[i].remedy);
    }
}

/* What else stands in a slot: a card's USB is its own, a Ryzen's slot is full of the board's. */
static void parts_of_a_gpu(void **state) {
    (void)state;
    enum { APU = 1, OTHER_VENDOR = 2, OTHER_SLOT = 4, VIRTUAL = 8 };
    static const struct {
        uint32_t class_code;
        unsigned flags;
        bool belongs;
    } cases[] = {
        {0x040300, 0, true},
        {0x040300, APU | OTHER_VENDOR, true},
        {0x030000, 0, true},
        {0x038000, OTHER_VENDOR, true},
        {0x0c0330, 0, true},
        {0x0c8000, 0, true},
        {0x0c0330, APU, false},
        {0x0c8000, APU, false},
        {0x0c0330, OTHER_VENDOR, false},
        {0x0c8000, OTHER_VENDOR, false},
        {0x108000, 0, false}, /* the PSP */
        {0x048000, 0, false},
        {0x060400, 0, false},
        {0x010802, 0, false},
        {0x040300, OTHER_SLOT, false},
        {0x040300, VIRTUAL, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        if (cases[i].flags & APU)
            host.gpu.device.identity.id = (struct pci_id){0x1002, 0x1681};
        host.sound.device.identity.id.vendor =
            cases[i].flags & OTHER_VENDOR ? 0x8086 : host.gpu.device.identity.id.vendor;
        host.sound.device.identity.class_code = cases[i].class_code;
        host.sound.device.is_virtual = cases[i].flags & VIRTUAL;
        host.sound.address.slot = cases[i].flags & OTHER_SLOT ? 1 : 0;
        if (belongs_to_gpu(&host.gpu, &host.sound) != cases[i].belongs)
            fail_msg("row %zu", i);
    }
}

static void what_makes_vgpus(void **state) {
    (void)state;
    static const struct {
        const char *numvfs; /* NULL: there is no such file */
        bool has_mdev_types, is_virtual, makes;
    } cases[] = {
        {NULL, false, false, false}, {"0", false, false, false}, {"4", false, false, true},
        {NULL, true, false, true},   {"0", true, false, true},   {"4", true, true, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_SRIOV_NUMVFS, cases[i].numvfs, ENOENT);
        host.gpu.has_mdev_types = cases[i].has_mdev_types;
        host.gpu.device.is_virtual = cases[i].is_virtual;
        assert_int_equal(makes_vgpus(&host.gpu), cases[i].makes);
    }
}

static void what_the_vm_has(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    assert_false(vm_has(&host.checked, host.gpu.address));
    check_host_in_vm(&host);
    assert_true(vm_has(&host.checked, host.gpu.address));
    assert_true(vm_has(&host.checked, host.sound.address));
    assert_false(vm_has(&host.checked, host.port.address));
    host.vm.device_count = 1;
    assert_false(vm_has(&host.checked, host.sound.address));
}

/* --- whatever the files say ---------------------------------------------------------------------------------- */

static const char *const words[] = {
    "",
    "0",
    "1",
    "-1",
    "\n",
    "\n\n",
    "\n\n\n0",
    "x",
    ",",
    ",,",
    "-",
    "--",
    "1-",
    "-1-",
    "0-3,8",
    "0-3,,8,",
    "5-6",
    "8-5",
    "^2",
    " ",
    "  7",
    "99999999999999999999",
    "0-99999999999999999999",
    "-99999999999999999999",
    "D0",
    "D3hot",
    "D3cold",
    "error",
    "unknown",
    "active",
    "suspended",
    "bus",
    "flr bus",
    "device_specific",
    "Unknown",
    "Unknown speed",
    "2.5 GT/s PCIe",
    "16.0 GT/s PCIe",
    "nan",
    "inf",
    "1e999",
    "0x10",
    "8",
    "16",
    "63",
    "255",
    "256",
    "TOTAL_ERR_FATAL",
    "TOTAL_ERR_FATAL ",
    "TOTAL_ERR_FATAL 1",
    "DLP 1\n\nTOTAL_ERR_FATAL x\nTOTAL_ERR_NONFATAL -1",
    "TOTAL_ERR_NONFATAL 99999999999999999999",
    "1145 : NVIDIA L40S-2Q",
    "ID : vGPU Name\n5:\n6 :\n7 : X-1-2C",
    ":",
    " : ",
    "\n:\n",
    "1145",
    "vfio-pci",
    "nvidia",
    "d2008c40660462",
    "1f0000",
    "7",
    "ffffffffffffffff",
    "zzz",
    "Y",
};

static const char *const drivers[] = {"", "vfio-pci", "nvidia", "pcieport", "snd_hda_intel", "pci-stub"};

static void mix(struct host_function *function, struct sequence *sequence) {
    static const int errors[] = {ENOENT, EACCES, EIO, EINVAL, EAGAIN};
    static const uint16_t vendors[] = {0x1002, 0x10de, 0x8086, 0x1af4};
    static const uint32_t classes[] = {0x030000, 0x030200, 0x038000, 0x040300, 0x060400};
    for (enum host_attribute i = 0; i < HOST_ATTRIBUTE_COUNT; i++)
        if (sequence_below(sequence, 8) == 0)
            set_error(function, i, errors[sequence_below(sequence, COUNT(errors))]);
        else if (sequence_next(sequence) % 2)
            set_text(function, i, words[sequence_below(sequence, COUNT(words))]);
    set_driver(function, drivers[sequence_below(sequence, COUNT(drivers))]);
    function->device.state = sequence_below(sequence, 8) == 0 ? HOST_ABSENT : HOST_PRESENT;
    function->device.is_virtual = sequence_below(sequence, 3) == 0;
    function->device.identity.id.vendor = vendors[sequence_below(sequence, COUNT(vendors))];
    function->device.identity.class_code = classes[sequence_below(sequence, COUNT(classes))];
    function->config_error = sequence_below(sequence, 3) ? 0 : errors[sequence_below(sequence, COUNT(errors))];
    function->bars_error = sequence_below(sequence, 3) ? 0 : errors[sequence_below(sequence, COUNT(errors))];
    function->rom_error = sequence_below(sequence, 3) ? 0 : errors[sequence_below(sequence, COUNT(errors))];
    function->reset_error = sequence_below(sequence, 3) ? 0 : errors[sequence_below(sequence, COUNT(errors))];
    bool answers = sequence_below(sequence, 4);
    for (size_t i = 0; i < HOST_CONFIG_SIZE; i++)
        function->config[i] = answers ? (uint8_t)sequence_next(sequence) : 0xff;
    for (size_t i = 0; i < PCI_BARS; i++) {
        function->bars.list[i].size = sequence_next(sequence) % 2 ? UINT64_C(1) << sequence_below(sequence, 64) : 0;
        function->bars.list[i].start = sequence_next(sequence) % 2 ? UINT64_MAX : 0;
    }
}

/* Each check ends, says something, and says what to do where something is wrong. */
static void nonsense(void **state) {
    (void)state;
    struct sequence sequence = {20240607};
    size_t verdicts[CHECK_COUNT][FAIL + 1] = {{0}};
    for (size_t round = 0; round < 4000; round++) {
        struct check_host host;
        check_host_make(&host);
        set_text(&host.gpu, HOST_VGPU_TYPE, "7");
        set_text(&host.gpu, HOST_VGPU_CREATABLE, "ID : vGPU Name\n5:\n6 :\n7 : X-1-2C");
        mix(&host.port, &sequence);
        mix(&host.gpu, &sequence);
        mix(&host.sound, &sequence);
        host.facts.node.remapping = sequence_below(&sequence, 3);
        host.group.error = sequence_below(&sequence, 8) ? 0 : EIO;
        host.group.is_unprotected = sequence_below(&sequence, 8) == 0;
        host.gpu.device.has_physical = sequence_next(&sequence) % 2;
        host.gpu.device.physical = host.sound.address;
        host.vm.cpus = words[sequence_below(&sequence, COUNT(words))];
        host.vm.needed_kib = UINT64_C(1) << sequence_below(&sequence, 43);
        host.vm.device_count = sequence_below(&sequence, 3);
        if (sequence_next(&sequence) % 2)
            check_host_in_vm(&host);
        if (sequence_below(&sequence, 4) == 0)
            check_host_as_mdev(&host);
        host.checked.rom = sequence_below(&sequence, 4);
        for (enum check i = 0; i < CHECK_COUNT; i++) {
            struct check_result result;
            memset(&result, 0xff, sizeof(result));
            check_run(i, &host.checked, &result);
            assert_sound(i, &result);
            verdicts[i][result.verdict]++;
        }
    }
    /* The mix is rich enough to be of any use. */
    for (enum check i = 0; i < CHECK_COUNT; i++)
        if (i != CHECK_MDEV && i != CHECK_DEVICE_PRESENT && i != CHECK_IDENTITY)
            if (verdicts[i][PASS] == 0 || verdicts[i][WARN] + verdicts[i][FAIL] == 0)
                fail_msg("%s", check_name(i));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles),
        cmocka_unit_test(what_wants_the_guest),
        cmocka_unit_test(healthy),
        cmocka_unit_test(made_of_what),
        cmocka_unit_test(sums),
        cmocka_unit_test(texts_are_cut),
        cmocka_unit_test(texts_are_printable),
        cmocka_unit_test(what_cannot_be_read),
        cmocka_unit_test(parts_of_a_gpu),
        cmocka_unit_test(what_makes_vgpus),
        cmocka_unit_test(what_the_vm_has),
        cmocka_unit_test(nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
