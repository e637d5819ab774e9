/* walk_checks: what the host checks make of a boot, call after call. */
#include <stdio.h>
#include <unistd.h>

#include "walk_support.h"

#define SYS          "sys/bus/pci/devices/0000:e5:00.0/"
#define CHECKS(more) "{\\\"devices\\\": {\\\"igpu\\\": {\\\"checks\\\": {" more "}}}}"

static void forget(struct lab *lab) {
    struct error err = {0};
    plan_memory_free(lab->walk.memory);
    lab->walk.memory = plan_memory_new(&err);
    assert_no_error(&err);
}

/* Whatever was published before. */
static void expect_refusal(const struct lab *lab, const char *domain, const char *vmi, const char *part) {
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error err = {0};
    assert_int_equal(walk_request(&lab->walk, WALK_UNTOLD, bytes_of(domain), bytes_of(vmi), &reply, &err), -1);
    assert_error(&err, ERROR_REFUSED, part);
}

/* Two things that a check fails for. */
static void spoil(const struct lab *lab) {
    put_text(lab->folder, SYS "power_state", "error\n");
    unlink(path_in(lab->folder, SYS "driver"));
    put_link(lab->folder, SYS "driver", "../../drivers/amdgpu");
}

static void every_failure_is_told(void **state) {
    struct lab *lab = *state;
    spoil(lab);
    assert_refused(lab, DOMAIN(GPU("")), PLAIN_VMI, ERROR_REFUSED,
                   "0000:e5:00.0 (igpu): driver: amdgpu has it, so QEMU cannot; driverctl set-override 0000:e5:00.0 "
                   "vfio-pci");
    assert_refused(lab, DOMAIN(GPU("")), PLAIN_VMI, ERROR_REFUSED, "; power-state: power_state: error");
}

/* The plan was accepted: what becomes of the node later is no matter. */
static void later_calls_are_not_refused(void **state) {
    struct lab *lab = *state;
    CLEANUP(buffer_free) struct buffer first = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    spoil(lab);
    CLEANUP(buffer_free) struct buffer second = ask(lab, first.data, PLAIN_VMI);
    assert_bytes(buffer_bytes(&second), first.data);
    forget(lab);
    expect_refusal(lab, first.data, PLAIN_VMI, "driver: amdgpu");
}

/* The VM runs on another node already: to refuse it here would help nobody. */
static void a_migration_target_is_not_refused(void **state) {
    struct lab *lab = *state;
    static const struct {
        const char *state;
        bool migrates;
    } cases[] = {
        {"{\"startTimestamp\": \"2026-11-27T10:00:00Z\"}", true},
        {"{\"completed\": false, \"failed\": false}", true},
        {"{\"completed\": true}", false},
        {"{\"failed\": true}", false},
        {"null", false},
        {"\"text\"", false},
    };
    spoil(lab);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char vmi[512];
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        struct error err = {0};
        snprintf(vmi, sizeof(vmi), "{\"metadata\": {\"uid\": \"u%zu\"}, \"status\": {\"migrationState\": %s}}", i,
                 cases[i].state);
        int failed = walk_request(&lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU(""))), bytes_of(vmi), &reply, &err);
        if ((failed == 0) != cases[i].migrates)
            fail_msg("row %zu: %s", i, err.message);
        if (!failed)
            assert_non_null(strstr(reply.warnings.data, "(only a warning: the VM comes from another node)"));
    }
}

/* What a check's own mode makes of its failure, under each policy. */
static void modes(void **state) {
    struct lab *lab = *state;
    static const struct {
        const char *annotation;
        enum policy policy;
        const char *refused; /* part of the message; NULL: accepted */
        const char *warned;  /* part of the warnings */
        const char *silent;  /* told nowhere */
    } cases[] = {
        {"{}", POLICY_ENFORCE, "driver: ", NULL, NULL},
        {"{}", POLICY_WARN, NULL, "driver: ", NULL},
        {CHECKS("\\\"driver\\\": \\\"warn\\\""), POLICY_ENFORCE, "power-state: ", "driver: ", NULL},
        {CHECKS("\\\"driver\\\": \\\"ignore\\\""), POLICY_ENFORCE, "power-state: ", NULL, "driver: "},
        {CHECKS("\\\"driver\\\": \\\"ignore\\\", \\\"power-state\\\": \\\"warn\\\""), POLICY_ENFORCE, NULL,
         "power-state: ", "driver: "},
        {CHECKS("\\\"driver\\\": \\\"enforce\\\""), POLICY_WARN, "driver: ", "power-state: ", NULL},
        {"{\\\"policy\\\": \\\"warn\\\"}", POLICY_ENFORCE, NULL, "power-state: ", NULL},
    };
    spoil(lab);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char vmi[1024];
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        struct error err = {0};
        snprintf(vmi, sizeof(vmi), "{\"metadata\": {\"annotations\": {\"" CONFIG_ANNOTATION "\": \"%s\"}}}",
                 cases[i].annotation);
        lab->walk.policy = cases[i].policy;
        int failed = walk_request(&lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU(""))), bytes_of(vmi), &reply, &err);
        const char *warnings = reply.warnings.data ? reply.warnings.data : "";
        if (failed ? !cases[i].refused || !strstr(err.message, cases[i].refused) : cases[i].refused != NULL)
            fail_msg("row %zu: %s", i, failed ? err.message : "accepted");
        if (cases[i].warned && !strstr(warnings, cases[i].warned))
            fail_msg("row %zu: no warning of %s in: %s", i, cases[i].warned, warnings);
        if (cases[i].silent && (strstr(warnings, cases[i].silent) || strstr(err.message, cases[i].silent)))
            fail_msg("row %zu: told of %s", i, cases[i].silent);
    }
}

/* A device that is another than expected gets nothing that is said of it, also where that is only warned of: above all
 * no ROM. */
static void nothing_for_another_device(void **state) {
    struct lab *lab = *state;
    static const char *const annotations[] = {
        "{\\\"devices\\\": {\\\"igpu\\\": {\\\"expect\\\": \\\"1002:15bf\\\", \\\"rom\\\": \\\"vbios\\\", "
        "\\\"checks\\\": {\\\"identity\\\": \\\"warn\\\"}}}}",
        "{\\\"policy\\\": \\\"warn\\\", \\\"devices\\\": {\\\"igpu\\\": {\\\"expect\\\": \\\"1002:15bf\\\", "
        "\\\"display\\\": \\\"off\\\"}}}",
    };
    for (size_t i = 0; i < COUNT(annotations); i++) {
        char vmi[1024];
        snprintf(vmi, sizeof(vmi), "{\"metadata\": {\"annotations\": {\"" CONFIG_ANNOTATION "\": \"%s\"}}}",
                 annotations[i]);
        CLEANUP(buffer_free) struct buffer reply = ask(lab, DOMAIN(GPU("")), vmi);
        assert_null(strstr(reply.data, "rom"));
        assert_null(strstr(reply.data, "display"));
        assert_int_equal(count_entries(lab->paths[2]), 0);
    }
}

/* Without the node's /sys nothing is known: that refuses nobody who asks for nothing to be verified. */
static void unknown_refuses_nobody(void **state) {
    struct lab *lab = *state;
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error err = {0};
    struct bundle_set *bundles = lab->walk.bundles;
    lab->walk.sysfs = "/nonexistent";
    lab->walk.bundles = bundle_set_open(NULL, 0, &(struct trust){0}, &err);
    walk_request(&lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU(""))), bytes_of(PLAIN_VMI), &reply, &err);
    assert_no_error(&err);
    assert_non_null(strstr(reply.notes.data, "0000:e5:00.0 (igpu): host checks: 0 passed, 0 warned, 0 failed; unknown: "
                                             "device-present (/nonexistent/bus/pci/devices: No such file"));
    bundle_set_close(lab->walk.bundles);
    lab->walk.bundles = bundles;
}

/* The first that is wrong with the guest comes behind what is wrong with its devices. */
static void devices_before_the_guest(void **state) {
    struct lab *lab = *state;
    static const char vmi[] = "{\"metadata\": {\"annotations\": {\"" CONFIG_ANNOTATION
                              "\": \"{\\\"devices\\\": {\\\"*\\\": {\\\"guestAddress\\\": \\\"06:00.0\\\"}}}\"}}}";
#define Q35(devices)                                                                                                   \
    "<domain type='kvm'><os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os><devices>" devices         \
    "</devices></domain>"
    assert_refused(lab, Q35(GPU("") AUDIO("")), vmi, ERROR_INPUT, "choose another");
    spoil(lab);
    assert_refused(lab, Q35(GPU("") AUDIO("")), vmi, ERROR_REFUSED, "driver: amdgpu");
}

/* Checks of the guest: 64 TiB of memory no IOMMU of 39 bits reaches. */
static void the_guests_checks(void **state) {
    struct lab *lab = *state;
#define LARGE "<domain type='kvm'><memory unit='TiB'>64</memory><devices>" GPU("") "</devices></domain>"
    CLEANUP(buffer_free) struct buffer before = ask(lab, LARGE, "{}");
    assert_int_not_equal(before.size, 0);
    put_text(lab->folder, SYS "iommu/intel-iommu/cap", "d2008c40660462\n");
    expect_refusal(lab, LARGE, "{}", "0000:e5:00.0 (igpu): iommu-width: intel-iommu/cap: 39 bits");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LAB_TEST(every_failure_is_told),
        LAB_TEST(later_calls_are_not_refused),
        LAB_TEST(a_migration_target_is_not_refused),
        LAB_TEST(modes),
        LAB_TEST(nothing_for_another_device),
        LAB_TEST(unknown_refuses_nobody),
        LAB_TEST(devices_before_the_guest),
        LAB_TEST(the_guests_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
