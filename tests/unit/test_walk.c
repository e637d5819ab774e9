/* walk: from a request to its reply, call after call, as KubeVirt asks. */
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/identity.h"
#include "walk_support.h"

static void no_device_no_change(void **state) {
    const struct lab *lab = *state;
    static const char *const domains[] = {
        "<domain/>",
        "<?xml version='1.0'?>\r\n<!-- <hostdev type='pci'/> --><domain  a = 'b' >\t</domain >\n",
        DOMAIN("<hostdev type='scsi'/><hostdev type='usb'/>"),
    };
    for (size_t i = 0; i < COUNT(domains); i++) {
        /* Not even the VMI is looked at. */
        CLEANUP(buffer_free) struct buffer reply = ask(lab, domains[i], "no JSON");
        assert_bytes(buffer_bytes(&reply), domains[i]);
    }
    assert_int_equal(count_entries(lab->paths[2]), 0);
}

/* A vGPU is looked at, and stays as it is where nobody asks anything of it. */
static void a_vgpu_stays_as_it_is(void **state) {
    const struct lab *lab = *state;
#define VGPU                                                                                                           \
    "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"                                                  \
    "<address uuid='" LAB_MDEV "'/></source><alias name='ua-gpu-vgpu'/></hostdev>"
    static const char *const domains[] = {DOMAIN(VGPU), DOMAIN("<hostdev  type = 'mdev'/>")};
    for (size_t i = 0; i < COUNT(domains); i++) {
        CLEANUP(buffer_free) struct buffer reply = ask(lab, domains[i], PLAIN_VMI);
        assert_bytes(buffer_bytes(&reply), domains[i]);
    }
    assert_refused(lab, domains[0], "no JSON", ERROR_INPUT, "the VMI is not valid JSON");
}

static void the_rom_lands(void **state) {
    const struct lab *lab = *state;
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error err = {0};
    walk_request(&lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU("") AUDIO(""))), bytes_of(PLAIN_VMI), &reply, &err);
    assert_no_error(&err);
    const char *rom = strstr(reply.domain.data, "<rom bar=\"on\" file=\"/compute/vbios-");
    assert_non_null(rom);
    assert_null(strstr(rom + 1, "<rom")); /* the audio function has none in the bundle */
    assert_non_null(strstr(reply.notes.data, "0000:e5:00.0 (igpu): ROM file /compute/vbios-"));
    assert_non_null(strstr(reply.notes.data, "0000:e5:00.1 (audio): no ROM of a bundle"));
    assert_non_null(strstr(reply.warnings.data, "0000:e5:00.0 (igpu): ROM \"vbios\": there are no ATOMBIOS tables"));

    const char *name = strstr(rom, "vbios-");
    char path[512];
    uint8_t expected[512];
    struct stat status;
    snprintf(path, sizeof(path), "roms/%.*s", (int)strcspn(name, "\""), name);
    CLEANUP(buffer_free) struct buffer published = get_file(lab->folder, path);
    rom_build_x86(expected, lab_gpu.id);
    assert_int_equal(published.size, sizeof(expected));
    assert_memory_equal(published.data, expected, sizeof(expected));
    assert_int_equal(stat(path_in(lab->folder, path), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
}

/* The three calls of a boot: the last gets the second's output back, in another shape. */
static void three_calls_of_a_boot(void **state) {
    const struct lab *lab = *state;
    CLEANUP(buffer_free) struct buffer first = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    CLEANUP(buffer_free) struct buffer again = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    assert_bytes(buffer_bytes(&again), first.data);
    CLEANUP(buffer_free) struct buffer fed_back = ask(lab, first.data, PLAIN_VMI);
    assert_bytes(buffer_bytes(&fed_back), first.data);
    assert_int_equal(count_entries(lab->paths[2]), 1);
}

/* Once accepted, nothing that becomes of node and bundle matters. */
static void an_accepted_plan_stands(void **state) {
    const struct lab *lab = *state;
    CLEANUP(buffer_free) struct buffer first = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    put_text(lab->folder, "bundle/" BUNDLE_MANIFEST, "{");
    unlink(path_in(lab->folder, "bundle/a.rom"));
    unlink(path_in(lab->folder, "sys/bus/pci/devices/0000:e5:00.0/vendor"));
    CLEANUP(buffer_free) struct buffer second = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    assert_bytes(buffer_bytes(&second), first.data);
    /* The published file is looked after. */
    char name[128];
    const char *found = strstr(first.data, "vbios-");
    snprintf(name, sizeof(name), "roms/%.*s", (int)strcspn(found, "\""), found);
    assert_int_equal(unlink(path_in(lab->folder, name)), 0);
    CLEANUP(buffer_free) struct buffer third = ask(lab, first.data, PLAIN_VMI);
    assert_bytes(buffer_bytes(&third), first.data);
    CLEANUP(buffer_free) struct buffer restored = get_file(lab->folder, name);
    assert_int_equal(restored.size, 512);
}

static void another_vmi_or_annotation_is_asked_anew(void **state) {
    const struct lab *lab = *state;
    CLEANUP(buffer_free) struct buffer first = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    assert_non_null(strstr(first.data, "<rom bar"));
    CLEANUP(buffer_free)
    struct buffer none =
        ask(lab, DOMAIN(GPU("")), VMI_START "{\\\"devices\\\": {\\\"igpu\\\": {\\\"rom\\\": \\\"none\\\"}}}" VMI_END);
    assert_non_null(strstr(none.data, "<rom enabled=\"no\"/>"));
    put_text(lab->folder, "bundle/" BUNDLE_MANIFEST, "{");
    struct error err = {0};
    static const char *const others[] = {"{\"metadata\": {\"uid\": \"u2\"}}", "{\"metadata\": {}}", "{}"};
    for (size_t i = 0; i < COUNT(others); i++) {
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        assert_int_equal(
            walk_request(&lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU(""))), bytes_of(others[i]), &reply, &err), -1);
        assert_error(&err, ERROR_REFUSED, "not valid JSON");
    }
}

/* A device that the first call did not have makes it a first call. */
static void a_new_device_is_asked_anew(void **state) {
    const struct lab *lab = *state;
    CLEANUP(buffer_free) struct buffer first = ask(lab, DOMAIN(AUDIO("")), PLAIN_VMI);
    assert_null(strstr(first.data, "<rom"));
    CLEANUP(buffer_free) struct buffer both = ask(lab, DOMAIN(AUDIO("") GPU("")), PLAIN_VMI);
    assert_non_null(strstr(both.data, "<rom"));
}

/* The same UID with other firmware is no later call: its ROMs are for the other. */
static void other_firmware_is_asked_anew(void **state) {
    const struct lab *lab = *state;
    CLEANUP(buffer_free) struct buffer uefi = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    unlink(path_in(lab->folder, "bundle/a.rom"));
    CLEANUP(buffer_free) struct buffer again = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    assert_bytes(buffer_bytes(&again), uefi.data);
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error err = {0};
    assert_int_equal(walk_request(&lab->walk, WALK_UNTOLD,
                                  bytes_of("<domain type='kvm'><devices>" GPU("") "</devices></domain>"),
                                  bytes_of(PLAIN_VMI), &reply, &err),
                     -1);
    assert_error(&err, ERROR_REFUSED, "a.rom: No such file or directory");
}

/* The host is looked at between the manifest and the ROM: then the bundle is replaced, once. */
static _Thread_local const struct lab *replaced_meanwhile;

int __real_host_read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device,
                            struct error *err);
int __wrap_host_read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device,
                            struct error *err);
int __wrap_host_read_device(const struct sysfs *sysfs, struct pci_address address, struct host_device *device,
                            struct error *err) {
    const struct lab *lab = replaced_meanwhile;
    replaced_meanwhile = NULL;
    if (lab) {
        CLEANUP(buffer_free) struct buffer manifest = get_file(lab->folder, "bundle/" BUNDLE_MANIFEST);
        *strstr(manifest.data, "a.rom") = 'b';
        rename(path_in(lab->folder, "bundle/a.rom"), path_in(lab->folder, "bundle/b.rom"));
        put_text(lab->folder, "bundle/new", manifest.data);
        rename(path_in(lab->folder, "bundle/new"), path_in(lab->folder, "bundle/" BUNDLE_MANIFEST));
    }
    return __real_host_read_device(sysfs, address, device, err);
}

static void a_bundle_that_changes_meanwhile(void **state) {
    replaced_meanwhile = *state;
    CLEANUP(buffer_free) struct buffer reply = ask(*state, DOMAIN(GPU("")), PLAIN_VMI);
    assert_null(replaced_meanwhile);
    assert_non_null(strstr(reply.data, "<rom "));
}

/* Bundles that have the same, told with the first answer after they were opened and after each change. */
static void duplicates_are_told_once(void **state) {
    struct lab *lab = *state;
    const char *const twice[] = {lab->paths[0], lab->paths[0]};
    struct error err = {0};
    struct bundle_set *one = lab->walk.bundles;
    lab->walk.bundles = bundle_set_open(twice, 2, &(struct trust){0}, &err);
    for (int call = 0; call < 4; call++) {
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        if (call == 2) {
            plan_memory_free(lab->walk.memory);
            lab->walk.memory = NULL;
            put_bundle(lab, "changed", "1681");
        }
        walk_request(&lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU(""))), bytes_of(PLAIN_VMI), &reply, &err);
        assert_no_error(&err);
        const char *text = reply.warnings.data ? reply.warnings.data : "";
        assert_int_equal(strstr(text, "ROM \"vbios\" of bundle") != NULL, call == 0 || call == 2);
        assert_int_equal(strstr(text, "bundle \"changed\" never matches") != NULL, call == 2);
    }
    bundle_set_close(lab->walk.bundles);
    lab->walk.bundles = one;
}

static void a_migration_target_is_answered(void **state) {
    const struct lab *lab = *state;
    CLEANUP(buffer_free)
    struct buffer reply =
        ask(lab, DOMAIN(""), VMI_START "{\\\"devices\\\": {\\\"igpu\\\": {\\\"rom\\\": \\\"auto\\\"}}}" VMI_END);
    assert_bytes(buffer_bytes(&reply), DOMAIN(""));
}

static void bad_requests(void **state) {
    const struct lab *lab = *state;
    static const struct {
        const char *domain, *vmi;
        enum error_code code;
        const char *part;
    } cases[] = {
        {"", PLAIN_VMI, ERROR_INPUT, "the domain XML is empty"},
        {"<network/>", PLAIN_VMI, ERROR_INPUT, "root is <network>"},
        {DOMAIN(GPU("")), "", ERROR_INPUT, "the VMI is empty"},
        {DOMAIN(GPU("")), "[]", ERROR_INPUT, "the VMI is an array"},
        {DOMAIN(GPU("")), VMI_START "{" VMI_END, ERROR_INPUT, "annotation gpu.vm.kubevirt.io/config: "},
        {DOMAIN(GPU("")), VMI_START "{\\\"polcy\\\": 1}" VMI_END, ERROR_INPUT, "unknown key \"polcy\""},
        {DOMAIN(GPU("")), VMI_START "{\\\"devices\\\": {\\\"gpu9\\\": {}}}" VMI_END, ERROR_INPUT,
         "\"gpu9\" matches no device of this VM: it has 0000:e5:00.0 (igpu)"},
        {DOMAIN(GPU("")),
         VMI_START "{\\\"devices\\\": {\\\"igpu\\\": {\\\"rom\\\": \\\"none\\\", \\\"romBar\\\": \\\"on\\\"}}}" VMI_END,
         ERROR_INPUT, "0000:e5:00.0 (igpu): \"rom\": \"none\" and \"romBar\" contradict"},
        {DOMAIN(GPU("<rom enabled='no'/>")),
         VMI_START "{\\\"devices\\\": {\\\"igpu\\\": {\\\"rom\\\": \\\"auto\\\"}}}" VMI_END, ERROR_INPUT,
         "0000:e5:00.0 (igpu): the domain disables"},
        {DOMAIN(GPU("") "<hostdev type='pci'/>"), PLAIN_VMI, ERROR_INPUT, "no source address"},
        {DOMAIN(GPU("")), VMI_START "{\\\"devices\\\": {\\\"*\\\": {\\\"expect\\\": \\\"1002:1640\\\"}}}" VMI_END,
         ERROR_REFUSED, "0000:e5:00.0 (igpu): identity: 1002:1640 is expected"},
        {DOMAIN(GPU("")), VMI_START "{\\\"devices\\\": {\\\"*\\\": {\\\"rom\\\": \\\"absent\\\"}}}" VMI_END,
         ERROR_REFUSED, "0000:e5:00.0 (igpu): no bundle has a ROM with the id \"absent\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(lab, cases[i].domain, cases[i].vmi, cases[i].code, cases[i].part);
    /* A refused VM is not remembered. */
    CLEANUP(buffer_free) struct buffer reply = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    assert_non_null(strstr(reply.data, "<rom bar"));
}

static void bad_roms(void **state) {
    const struct lab *lab = *state;
    put_text(lab->folder, "bundle/a.rom", "other");
    assert_refused(lab, DOMAIN(GPU("")), PLAIN_VMI, ERROR_REFUSED,
                   "0000:e5:00.0 (igpu): ROM \"vbios\" of bundle \"lab\": ");
    unlink(path_in(lab->folder, "bundle/a.rom"));
    assert_refused(lab, DOMAIN(GPU("")), PLAIN_VMI, ERROR_REFUSED, "a.rom: No such file or directory");
    /* The right bytes, for another device. */
    usleep(20000);
    put_bundle(lab, "lab", "1640");
    assert_refused(lab, DOMAIN(AUDIO("")), PLAIN_VMI, ERROR_REFUSED, "0000:e5:00.1 (audio): ROM \"vbios\"");
}

static void one_reason_for_several_devices(void **state) {
    const struct lab *lab = *state;
    usleep(20000);
    put_text(lab->folder, "bundle/" BUNDLE_MANIFEST, "{");
    assert_refused(lab, DOMAIN(GPU("") AUDIO("")), PLAIN_VMI, ERROR_REFUSED,
                   "0000:e5:00.0 (igpu), 0000:e5:00.1 (audio): the ROM bundle cannot be used");
    /* Repaired while the hook runs. */
    usleep(20000);
    put_bundle(lab, "lab", "1681");
    CLEANUP(buffer_free) struct buffer reply = ask(lab, DOMAIN(GPU("") AUDIO("")), PLAIN_VMI);
    assert_non_null(strstr(reply.data, "<rom bar"));
}

static void every_refusal_is_told(void **state) {
    const struct lab *lab = *state;
    static const char vmi[] = VMI_START "{\\\"devices\\\": {\\\"igpu\\\": {\\\"expect\\\": \\\"10de:0001\\\"}, "
                                        "\\\"0000:e5:00.1\\\": {\\\"expect\\\": \\\"10de:0002\\\"}}}" VMI_END;
    assert_refused(lab, DOMAIN(GPU("") AUDIO("")), vmi, ERROR_REFUSED,
                   "0000:e5:00.0 (igpu): identity: 10de:0001 is expected");
    assert_refused(lab, DOMAIN(GPU("") AUDIO("")), vmi, ERROR_REFUSED,
                   "; 0000:e5:00.1 (audio): identity: 10de:0002 is expected");
}

/* One device is refused, the other has a ROM: under "enforce" none is published, under "warn" one. */
static void policies(void **state) {
    struct lab *lab = *state;
#define EXPECT_AUDIO "\\\"devices\\\": {\\\"audio\\\": {\\\"expect\\\": \\\"10de:0002\\\"}}}"
    static const char said[][256] = {VMI_START "{\\\"policy\\\": \\\"warn\\\", " EXPECT_AUDIO VMI_END,
                                     VMI_START "{\\\"policy\\\": \\\"enforce\\\", " EXPECT_AUDIO VMI_END,
                                     VMI_START "{" EXPECT_AUDIO VMI_END};
    static const struct {
        enum policy admin;
        size_t said;
        bool refused;
    } cases[] = {
        {POLICY_ENFORCE, 2, true}, {POLICY_WARN, 1, true}, {POLICY_WARN, 2, false}, {POLICY_ENFORCE, 0, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *vmi = said[cases[i].said];
        lab->walk.policy = cases[i].admin;
        if (cases[i].refused) {
            assert_refused(lab, DOMAIN(GPU("") AUDIO("")), vmi, ERROR_REFUSED,
                           "0000:e5:00.1 (audio): identity: 10de:0002 is expected");
            continue;
        }
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        struct error err = {0};
        walk_request(&lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU("") AUDIO(""))), bytes_of(vmi), &reply, &err);
        assert_no_error(&err);
        assert_non_null(strstr(reply.warnings.data, "0000:e5:00.1 (audio): identity: 10de:0002 is expected"));
        const char *rom = strstr(reply.domain.data, "<rom bar=");
        assert_non_null(rom);
        assert_null(strstr(rom + 1, "<rom"));
        assert_int_equal(count_entries(lab->paths[2]), 1);
    }
}

static void a_folder_that_cannot_be_written(void **state) {
    struct lab *lab = *state;
    struct error err = {0};
    publisher_close(lab->walk.publisher);
    lab->walk.publisher = publisher_open(path_in(lab->folder, "absent/roms"), "/compute", &err);
    assert_refused(lab, DOMAIN(GPU("")), PLAIN_VMI, ERROR_INTERNAL,
                   "0000:e5:00.0 (igpu): ROM \"vbios\": cannot make the ROM folder");
}

static void without_memory_every_call_is_the_first(void **state) {
    struct lab *lab = *state;
    plan_memory_free(lab->walk.memory);
    lab->walk.memory = NULL;
    CLEANUP(buffer_free) struct buffer first = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    CLEANUP(buffer_free) struct buffer fed_back = ask(lab, first.data, PLAIN_VMI);
    assert_bytes(buffer_bytes(&fed_back), first.data);
    usleep(20000);
    put_bundle(lab, "lab", "1111");
    CLEANUP(buffer_free) struct buffer later = ask(lab, DOMAIN(GPU("")), PLAIN_VMI);
    assert_null(strstr(later.data, "<rom"));
}

struct caller {
    const struct lab *lab;
    int number, failures;
};

static void *call_often(void *argument) {
    struct caller *caller = argument;
    for (int i = 0; i < 40; i++) {
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        struct error err = {0};
        char vmi[64];
        snprintf(vmi, sizeof(vmi), "{\"metadata\": {\"uid\": \"%d-%d\"}}", caller->number, i % 7);
        caller->failures += walk_request(&caller->lab->walk, WALK_UNTOLD, bytes_of(DOMAIN(GPU("") AUDIO(""))),
                                         bytes_of(vmi), &reply, &err);
        caller->failures -= !reply.domain.data || !strstr(reply.domain.data, "<rom bar=\"on\" file=\"/compute/vbios-");
    }
    return NULL;
}

static void threads_walk_at_once(void **state) {
    struct caller callers[3];
    pthread_t threads[COUNT(callers)];
    for (size_t i = 0; i < COUNT(callers); i++) {
        callers[i] = (struct caller){*state, (int)i, 0};
        pthread_create(&threads[i], NULL, call_often, &callers[i]);
    }
    for (size_t i = 0; i < COUNT(callers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].failures, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LAB_TEST(no_device_no_change),
        LAB_TEST(a_vgpu_stays_as_it_is),
        LAB_TEST(the_rom_lands),
        LAB_TEST(three_calls_of_a_boot),
        LAB_TEST(an_accepted_plan_stands),
        LAB_TEST(another_vmi_or_annotation_is_asked_anew),
        LAB_TEST(a_new_device_is_asked_anew),
        LAB_TEST(other_firmware_is_asked_anew),
        LAB_TEST(a_bundle_that_changes_meanwhile),
        LAB_TEST(duplicates_are_told_once),
        LAB_TEST(a_migration_target_is_answered),
        LAB_TEST(bad_requests),
        LAB_TEST(bad_roms),
        LAB_TEST(one_reason_for_several_devices),
        LAB_TEST(every_refusal_is_told),
        LAB_TEST(policies),
        LAB_TEST(a_folder_that_cannot_be_written),
        LAB_TEST(without_memory_every_call_is_the_first),
        LAB_TEST(threads_walk_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
