/* host/report, host/report_style and host/report_table: what the host checks found, for people. */
#include "host/report_style.h"
#include "report_support.h"

/* --- made ---------------------------------------------------------------------------------------------------- */

static void every_check_of_every_device(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_error(&host.gpu, HOST_POWER_STATE, EACCES);
    host.port.attributes[HOST_POWER_STATE].error = ENOENT;
    struct pci_address functions[] = {host.gpu.address};
    char uuids[][37] = {REPORT_UUID};
    const struct host_devices devices = {functions, 1, uuids, 1};
    CLEANUP(host_report_free) struct host_report report = {0};
    struct error err = {0};
    assert_int_equal(host_report_make(&host.facts, &devices, &report, &err), 0);
    assert_int_equal(report.count, 2);
    assert_ptr_equal(report.devices[0].function, &host.gpu);
    assert_null(report.devices[0].mdev);
    assert_ptr_equal(report.devices[1].function, &host.gpu);
    assert_ptr_equal(report.devices[1].mdev, &host.mdev);
    for (size_t i = 0; i < report.count; i++) {
        const struct checked checked = {.facts = &host.facts, .function = &host.gpu, .mdev = i ? &host.mdev : NULL};
        for (enum check check = 0; check < CHECK_COUNT; check++) {
            struct check_result result;
            check_run(check, &checked, &result);
            assert_int_equal(report.devices[i].results[check].verdict, result.verdict);
            assert_string_equal(report.devices[i].results[check].evidence, result.evidence);
            assert_string_equal(report.devices[i].results[check].remedy, result.remedy);
        }
        assert_int_equal(report.devices[i].sum, checks_sum(report.devices[i].results));
    }
    host_report_free(&report);
    assert_null(report.devices);
    assert_int_equal(report.count, 0);
}

/* The worst of them: a failure before what is unknown, and a warning is ready. */
static void sums(void **state) {
    (void)state;
    enum kind { READY, WARNED, UNKNOWN_ONE, FAILED };
    static const enum check_verdict expected[] = {
        [READY] = PASS, [WARNED] = WARN, [UNKNOWN_ONE] = UNKNOWN, [FAILED] = FAIL};
    for (enum kind first = 0; first <= FAILED; first++)
        for (enum kind second = 0; second <= FAILED; second++) {
            struct check_host host;
            check_host_make(&host);
            const enum kind kinds[] = {first, second};
            struct pci_address addresses[2];
            for (size_t i = 0; i < 2; i++) {
                struct host_function *function =
                    check_host_add(&host, i ? "0000:41:00.0" : "0000:40:00.0", (struct pci_id){1, 2}, 0x030000);
                struct pci_address address = function->address;
                *function = host.gpu;
                addresses[i] = function->address = address;
                if (kinds[i] == FAILED)
                    set_driver(function, "nouveau");
                function->config_error = kinds[i] == UNKNOWN_ONE ? EIO : 0;
                if (kinds[i] == WARNED)
                    set_text(function, HOST_RESET_METHOD, "");
            }
            const struct host_devices devices = {.functions = addresses, .function_count = 2};
            CLEANUP(host_report_free) struct host_report report = {0};
            struct error err = {0};
            assert_int_equal(host_report_make(&host.facts, &devices, &report, &err), 0);
            assert_int_equal(report.devices[0].sum, expected[first]);
            assert_int_equal(report.devices[1].sum, expected[second]);
            assert_int_equal(report.sum, first == FAILED || second == FAILED             ? FAIL
                                         : first == UNKNOWN_ONE || second == UNKNOWN_ONE ? UNKNOWN
                                                                                         : PASS);
        }
}

static void without_devices(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    CLEANUP(host_report_free) struct host_report report = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(host_report_make(&host.facts, &(const struct host_devices){0}, &report, &err), 0);
    assert_int_equal(report.sum, PASS);
    host_report_table(&report, &(const struct report_style){0}, &out);
    host_report_tree(&report, &(const struct report_style){0}, &out);
    host_report_nfd(&report, &out); /* no node to go to: nothing */
    assert_string_equal(out.data, "ready: no GPU and no vGPU on this node\n"
                                  "ready: no GPU and no vGPU on this node\n");
}

/* A mediated device whose parent is not known. */
static void an_orphan(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    host.mdev.has_parent = false;
    host.mdev.error = EACCES;
    char uuids[][37] = {REPORT_UUID};
    const struct host_devices devices = {.mdevs = uuids, .mdev_count = 1};
    CLEANUP(host_report_free) struct host_report report = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(host_report_make(&host.facts, &devices, &report, &err), 0);
    assert_null(report.devices[0].function);
    host_report_summary(&report, &out);
    assert_string_equal(out.data, "unknown: 1 of 1 device: " REPORT_UUID " (mdev)\n");
}

/* --- summary ------------------------------------------------------------------------------------------------- */

static void summaries(void **state) {
    (void)state;
    static const struct {
        enum check_verdict gpu, sound, mdev; /* what the check driver found; NOT: it is no part of the report */
        const char *expected;
    } cases[] = {
        {PASS, NOT, NOT, "ready: 1 device\n"},
        {PASS, PASS, NOT, "ready: 2 devices\n"},
        {WARN, PASS, WARN, "ready: 3 devices\n"},
        {FAIL, NOT, NOT, "not ready: 1 of 1 device: 0000:01:00.0 (driver)\n"},
        {PASS, FAIL, NOT, "not ready: 1 of 2 devices: 0000:01:00.1 (driver)\n"},
        {FAIL, WARN, FAIL, "not ready: 2 of 3 devices: 0000:01:00.0 (driver), " REPORT_UUID " (driver)\n"},
        {FAIL, UNKNOWN, PASS, "not ready: 1 of 3 devices: 0000:01:00.0 (driver)\n"},
        {UNKNOWN, PASS, UNKNOWN, "unknown: 2 of 3 devices: 0000:01:00.0 (driver), " REPORT_UUID " (driver)\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        struct made_report made;
        CLEANUP(buffer_free) struct buffer out = {0};
        check_host_make(&host);
        report_start(&made, &host);
        const enum check_verdict found[] = {cases[i].gpu, cases[i].sound, cases[i].mdev};
        for (size_t j = 0; j < COUNT(found); j++) {
            if (found[j] != NOT)
                report_find(report_add(&made, j == 1 ? &host.sound : &host.gpu, j == 2 ? &host.mdev : NULL, found[j]),
                            CHECK_DRIVER, found[j], "e", "r");
        }
        host_report_summary(&made.report, &out);
        assert_string_equal(out.data, cases[i].expected);
    }
}

/* All reasons, and none that is not one. */
static void reasons(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    CLEANUP(buffer_free) struct buffer out = {0};
    check_host_make(&host);
    report_start(&made, &host);
    struct reported_device *gpu = report_add(&made, &host.gpu, NULL, FAIL);
    report_find(gpu, CHECK_IOMMU_WIDTH, FAIL, "e", "r");
    report_find(gpu, CHECK_DRIVER, FAIL, "e", "r");
    report_find(gpu, CHECK_LINK, WARN, "e", "r");
    report_find(gpu, CHECK_AER, UNKNOWN, "e", "");
    report_find(gpu, CHECK_GROUP_VIABLE, FAIL, "e", "r");
    host_report_summary(&made.report, &out);
    assert_string_equal(out.data, "not ready: 1 of 1 device: 0000:01:00.0 (driver, group-viable, iommu-width)\n");
}

/* What is unknown, and does not matter for whether the VM starts, is no reason. */
static void vital_reasons(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    CLEANUP(buffer_free) struct buffer out = {0};
    check_host_make(&host);
    report_start(&made, &host);
    struct reported_device *gpu = report_add(&made, &host.gpu, NULL, UNKNOWN);
    report_find(gpu, CHECK_IOMMU_REMAPPING, UNKNOWN, "e", "");
    report_find(gpu, CHECK_CONFIG_SPACE, UNKNOWN, "e", "");
    report_find(gpu, CHECK_AER, WARN, "e", "r");
    host_report_summary(&made.report, &out);
    assert_string_equal(out.data, "unknown: 1 of 1 device: 0000:01:00.0 (config-space)\n");
}

/* --- table --------------------------------------------------------------------------------------------------- */

static void tables(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    check_host_make(&host);
    report_start(&made, &host);
    struct reported_device *gpu = report_add(&made, &host.gpu, NULL, FAIL),
                           *vgpu = report_add(&made, &host.gpu, &host.mdev, UNKNOWN);
    report_find(gpu, CHECK_DRIVER, FAIL, "nouveau has it, so QEMU cannot",
                "driverctl set-override 0000:01:00.0 vfio-pci");
    report_find(gpu, CHECK_BOOT_FRAMEBUFFER, PASS, "boot_vga: 0", "");
    report_find(vgpu, CHECK_MDEV, UNKNOWN, "bus/mdev/devices: why not", "");
    static const char plain[] = "not ready: 1 of 2 devices: 0000:01:00.0 (driver)\n"
                                "\n"
                                "0000:01:00.0  10de:2484  VGA controller  not ready\n"
                                "  fail            driver             nouveau has it, so QEMU cannot\n"
                                "                                  -> driverctl set-override 0000:01:00.0 vfio-pci\n"
                                "  pass            boot-framebuffer   boot_vga: 0\n"
                                "\n" REPORT_UUID "  mediated device nvidia-222  unknown\n"
                                "  unknown         mdev               bus/mdev/devices: why not\n";
    static const char colourful[] = "not ready: 1 of 2 devices: 0000:01:00.0 (driver)\n"
                                    "\n"
                                    "0000:01:00.0  10de:2484  VGA controller  \033[1;31mnot ready\033[0m\n"
                                    "  \033[1;31mfail          \033[0m  driver             nouveau has it, so QEMU\n"
                                    "                                     cannot\n"
                                    "                                  -> driverctl set-override\n"
                                    "                                     0000:01:00.0 vfio-pci\n"
                                    "  \033[32mpass          \033[0m  boot-framebuffer   boot_vga: 0\n"
                                    "\n" REPORT_UUID "  mediated device nvidia-222  \033[35munknown\033[0m\n"
                                    "  \033[35munknown       \033[0m  mdev               bus/mdev/devices: why\n"
                                    "                                     not\n";
    CLEANUP(buffer_free) struct buffer out = {0}, wrapped = {0}, all = {0};
    host_report_table(&made.report, &(const struct report_style){0}, &out);
    assert_string_equal(out.data, plain);
    host_report_table(&made.report, &(const struct report_style){.colour = true, .width = 37 + 23}, &wrapped);
    assert_string_equal(wrapped.data, colourful);
    host_report_table(&made.report, &(const struct report_style){.all = true}, &all);
    size_t lines = 0;
    for (size_t i = 0; i < all.size; i++)
        lines += all.data[i] == '\n';
    assert_int_equal(lines, 1 + 2 * (2 + CHECK_COUNT) + 1);
    assert_non_null(strstr(all.data, "  not-applicable  iommu-width        nothing\n"));
}

/* The first lines of devices of which little is known. */
static void headings(void **state) {
    (void)state;
    struct check_host host;
    struct made_report made;
    CLEANUP(buffer_free) struct buffer out = {0};
    check_host_make(&host);
    host.gpu.device.state = HOST_ABSENT;
    host.sound.device.state = HOST_UNKNOWN;
    host.mdev.type[0] = '\0';
    report_start(&made, &host);
    report_add(&made, &host.gpu, NULL, FAIL);
    report_add(&made, &host.sound, NULL, UNKNOWN);
    report_add(&made, NULL, &host.mdev, PASS);
    report_add(&made, &host.port, NULL, WARN);
    host_report_table(&made.report, &(const struct report_style){0}, &out);
    assert_string_equal(out.data, "not ready: 1 of 4 devices: 0000:01:00.0 ()\n"
                                  "\n0000:01:00.0  not ready\n"
                                  "\n0000:01:00.1  unknown\n"
                                  "\n" REPORT_UUID "  mediated device  ready\n"
                                  "\n0000:00:01.0  8086:460d  PCI bridge  ready\n");
}

/* Lines are broken between words, and only where there is room for words at all: nothing is lost. */
static void wrapping(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t size; /* with one blank between words */
    } texts[] = {{"a bb ccc dddd eeeee ffffff ggggggg hhhhhhhh iiiiiiiii jjjjjjjjjj", 64},
                 {"wordthatislongerthananylineofanyterminalthatanybodywouldeveruse and more", 72},
                 {"two  blanks, and one at the end ", 30},
                 {" one at the start", 16},
                 {"exactlytwentyoneletrs exactlytwentyoneletrs", 43}};
    for (size_t i = 0; i < COUNT(texts); i++)
        for (unsigned width = 0; width <= 140; width++) {
            struct check_host host;
            struct made_report made;
            CLEANUP(buffer_free) struct buffer out = {0};
            check_host_make(&host);
            report_start(&made, &host);
            report_find(report_add(&made, &host.gpu, NULL, WARN), CHECK_LINK, WARN, texts[i].text, texts[i].text);
            host_report_table(&made.report, &(const struct report_style){.width = width}, &out);
            char *line = strstr(out.data, "  warn            link               ");
            assert_non_null(line);
            const char *word = texts[i].text;
            size_t lines = 0;
            for (char *rest = NULL, *part = strtok_r(line, "\n", &rest); part; part = strtok_r(NULL, "\n", &rest)) {
                lines++;
                assert_true(width <= 37 + 20 || strlen(part) <= width || !strchr(part + 37, ' '));
                assert_int_not_equal(part[strlen(part) - 1], ' ');
                bool is_remedy = strncmp(part + 37 - 3, "-> ", 3) == 0;
                assert_true(lines == 1 || is_remedy || strspn(part, " ") == 37);
                if (is_remedy) { /* all of the evidence was there, and its words once more */
                    assert_int_equal(word[strspn(word, " ")], '\0');
                    word = texts[i].text;
                }
                for (char *more = NULL, *found = strtok_r(part + 37, " ", &more); found;
                     found = strtok_r(NULL, " ", &more)) {
                    word += strspn(word, " ");
                    assert_memory_equal(word, found, strlen(found));
                    word += strlen(found);
                }
            }
            assert_int_equal(word[strspn(word, " ")], '\0');
            assert_int_equal(lines == 2, width <= 37 + 20 || texts[i].size <= width - 37);
        }
}

static void colours(void **state) {
    (void)state;
    static const char *const expected[] = {
        [NOT] = "\033[2m", [PASS] = "\033[32m", [UNKNOWN] = "\033[35m", [WARN] = "\033[33m", [FAIL] = "\033[1;31m"};
    const struct report_style colour = {.colour = true}, plain = {0};
    for (enum check_verdict i = 0; i < COUNT(expected); i++) {
        assert_string_equal(verdict_colour(i, &colour), expected[i]);
        assert_string_equal(verdict_colour(i, &plain), "");
    }
    assert_string_equal(colour_end(&colour), "\033[0m");
    assert_string_equal(colour_end(&plain), "");
}

static void classes(void **state) {
    (void)state;
    static const struct {
        uint32_t code;
        const char *name;
    } cases[] = {
        {0x010802, "NVMe"},           {0x010601, "storage"},
        {0x020000, "network"},        {0x028000, "network"},
        {0x030000, "VGA controller"}, {0x030001, "VGA controller"},
        {0x030200, "3D controller"},  {0x038000, "display"},
        {0x040300, "audio"},          {0x040100, "other"},
        {0x060000, "host bridge"},    {0x060100, "ISA bridge"},
        {0x060400, "PCI bridge"},     {0x060401, "PCI bridge"},
        {0x068000, "bridge"},         {0x0c0330, "USB controller"},
        {0x0c0500, "SMBus"},          {0x0c8000, "serial bus"},
        {0x108000, "encryption"},     {0x120000, "accelerator"},
        {0x118000, "other"},          {0, "other"},
        {0xffffff, "other"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(class_name(cases[i].code), cases[i].name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_of_every_device),
        cmocka_unit_test(sums),
        cmocka_unit_test(without_devices),
        cmocka_unit_test(an_orphan),
        cmocka_unit_test(summaries),
        cmocka_unit_test(reasons),
        cmocka_unit_test(vital_reasons),
        cmocka_unit_test(tables),
        cmocka_unit_test(headings),
        cmocka_unit_test(wrapping),
        cmocka_unit_test(colours),
        cmocka_unit_test(classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
