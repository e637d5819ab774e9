/* walk_subjects and walk_decide: the options together, from the annotation to the domain, call after call. */
#include <stdio.h>
#include <unistd.h>

#include "walk_support.h"

#define Q35(devices)                                                                                                   \
    "<domain type='kvm'><os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os><cpu "                     \
    "mode='host-passthrough'/><devices>" devices "</devices></domain>"
#define UUID LAB_MDEV
#define VGPU                                                                                                           \
    "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='" UUID "'/></source>"               \
    "<alias name='ua-gpu-vgpu'/></hostdev>"
#define SYS "sys/bus/pci/devices/0000:e5:00."

/* A VMI whose annotation is the text, with ' for ". Valid until the next call. */
static const char *vmi_of(const char *annotation) {
    static char text[2048];
    size_t size = (size_t)snprintf(text, sizeof(text),
                                   "{\"metadata\": {\"uid\": \"u1\", \"annotations\": {\"" CONFIG_ANNOTATION "\": \"{");
    for (const char *c = annotation; *c; c++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, *c == '\'' ? "\\\"" : "%c", *c);
    snprintf(text + size, sizeof(text) - size, "}\"}}}");
    return text;
}

/* Both functions in one IOMMU group, 15. */
static void put_group(const struct lab *lab) {
    for (int function = 0; function < 2; function++) {
        char name[128];
        snprintf(name, sizeof(name), SYS "%d/iommu_group", function);
        unlink(path_in(lab->folder, name));
        put_link(lab->folder, name, "../../../../kernel/iommu_groups/15");
        snprintf(name, sizeof(name), "sys/kernel/iommu_groups/15/devices/0000:e5:00.%d", function);
        put_link(lab->folder, name, "x");
    }
}

static void rebind(const struct lab *lab, const char *driver) {
    unlink(path_in(lab->folder, SYS "1/driver"));
    put_link(lab->folder, SYS "1/driver", driver);
}

static void forget(struct lab *lab) {
    struct error err = {0};
    plan_memory_free(lab->walk.memory);
    lab->walk.memory = plan_memory_new(&err);
    assert_no_error(&err);
}

static void assert_has(const struct buffer *text, const char *part) {
    if (!text->data || !strstr(text->data, part))
        fail_msg("no %s in: %s", part, text->data ? text->data : "");
}

/* The audio function comes along and both stand on one slot: in each call, fed back, anew, and after a restart. */
static void companions_on_one_slot(void **state) {
    struct lab *lab = *state;
    static const char *const scopes[] = {"slot", "group"};
    put_group(lab);
    for (size_t i = 0; i < COUNT(scopes); i++) {
        char annotation[256];
        snprintf(annotation, sizeof(annotation),
                 "'devices': {'igpu': {'rom': 'none', 'companions': '%s', 'layout': 'multifunction'}, '0000:e5:00.1': "
                 "{'vfio': {'x-no-mmap': true}}}",
                 scopes[i]);
        forget(lab);
        CLEANUP(buffer_free) struct buffer first = ask(lab, Q35(GPU("")), vmi_of(annotation));
        assert_has(&first, "bus=\"0x01\" slot=\"0x00\" function=\"0x0\" multifunction=\"on\"/>");
        assert_has(&first, "<address domain=\"0x0000\" bus=\"0xe5\" slot=\"0x00\" function=\"0x1\"/>");
        assert_has(&first, "<alias name=\"ua-companion-0000-e5-00-1\"/>");
        assert_has(&first, "bus=\"0x01\" slot=\"0x00\" function=\"0x1\"/>");
        assert_has(&first, "<qemu:device alias=\"ua-companion-0000-e5-00-1\">");
        CLEANUP(buffer_free) struct buffer fed_back = ask(lab, first.data, vmi_of(annotation));
        assert_bytes(buffer_bytes(&fed_back), first.data);
        CLEANUP(buffer_free) struct buffer anew = ask(lab, Q35(GPU("")), vmi_of(annotation));
        assert_bytes(buffer_bytes(&anew), first.data);
        forget(lab);
        CLEANUP(buffer_free) struct buffer restarted = ask(lab, first.data, vmi_of(annotation));
        assert_bytes(buffer_bytes(&restarted), first.data);
    }
}

/* libvirt has given each a place of its own meanwhile: they move to function 0's. */
static void addresses_given_meanwhile(void **state) {
    struct lab *lab = *state;
    static const char annotation[] = "'devices': {'igpu': {'rom': 'none', 'layout': 'multifunction'}}";
    put_group(lab);
#define AT(bus) "<address type='pci' domain='0x0000' bus='" bus "' slot='0x00' function='0x0'/>"
    CLEANUP(buffer_free)
    struct buffer reply = ask(lab, Q35(GPU(AT("0x07")) AUDIO(AT("0x08"))), vmi_of(annotation));
    assert_has(&reply,
               "<address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0' multifunction=\"on\"/>");
    assert_has(&reply, "<address type='pci' domain='0x0000' bus=\"0x07\" slot='0x00' function=\"0x1\"/>");
    CLEANUP(buffer_free) struct buffer again = ask(lab, reply.data, vmi_of(annotation));
    assert_bytes(buffer_bytes(&again), reply.data);
}

static void companions_that_cannot_come(void **state) {
    struct lab *lab = *state;
    static const char slot[] = "'devices': {'igpu': {'companions': 'slot'}}",
                      group[] = "'devices': {'igpu': {'companions': 'group'}}";
    struct error err = {0};
    unlink(path_in(lab->folder, SYS "0/iommu_group"));
    put_link(lab->folder, SYS "0/iommu_group", "../../../../kernel/iommu_groups/99");
    assert_refused(lab, Q35(GPU("")), vmi_of(group), ERROR_REFUSED,
                   "0000:e5:00.0 (igpu): \"companions\": \"group\": the functions next to it cannot be read");
    /* Without the node's /sys nobody knows what is in the slot. */
    const char *sysfs = lab->walk.sysfs;
    lab->walk.sysfs = "/absent";
    assert_refused(lab, Q35(GPU("")), vmi_of(slot), ERROR_REFUSED,
                   "0000:e5:00.0 (igpu): \"companions\": \"slot\": the functions next to it cannot be read");
    lab->walk.sysfs = sysfs;
    put_group(lab);
    rebind(lab, "../../../drivers/snd_hda_intel");
    assert_refused(lab, Q35(GPU("")), vmi_of(slot), ERROR_REFUSED,
                   "0000:e5:00.0 (igpu): \"companions\": \"slot\": 0000:e5:00.1 (1002:1640) is bound to snd_hda_intel");
    /* In another group it stays behind, with a warning. */
    rebind(lab, "../../../drivers/vfio-pci");
    unlink(path_in(lab->folder, SYS "1/iommu_group"));
    put_link(lab->folder, SYS "1/iommu_group", "../../../../kernel/iommu_groups/16");
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    walk_request(&lab->walk, WALK_UNTOLD, bytes_of(Q35(GPU(""))), bytes_of(vmi_of(slot)), &reply, &err);
    assert_no_error(&err);
    assert_has(&reply.warnings, "0000:e5:00.0 (igpu): \"companions\": \"slot\": 0000:e5:00.1 is in IOMMU group 16");
    assert_null(strstr(reply.domain.data, "companion"));
}

#define NO_WINDOW "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

/* "auto" reads the BARs of all devices, and the narrowest IOMMU. */
static void windows_of_the_bars(void **state) {
    struct lab *lab = *state;
    static const char annotation[] = "'devices': {'*': {'rom': 'none'}}, 'guest': {'ovmfMmio64': 'auto', 'pciHole64': "
                                     "'auto', 'maxPhysAddr': 'auto'}";
    put_text(
        lab->folder, SYS "0/resource",
        "0x0000006000000000 0x0000006fffffffff 0x000000000014220c\n" NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW);
    assert_refused(lab, Q35(GPU("") AUDIO("")), vmi_of(annotation), ERROR_REFUSED,
                   "the guest's \"pciHole64\": \"auto\": the BARs of its devices cannot be read");
    put_text(lab->folder, SYS "1/resource", NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW NO_WINDOW);
    put_text(lab->folder, SYS "0/iommu/intel-iommu/cap", "d2008c222f0686\n");
    put_text(lab->folder, SYS "1/iommu/intel-iommu/cap", "d2008c40660462\n");
    CLEANUP(buffer_free) struct buffer reply = ask(lab, Q35(GPU("") AUDIO("")), vmi_of(annotation));
    assert_has(&reply, "<maxphysaddr mode=\"passthrough\" limit=\"39\"/>");
    assert_has(&reply, "<pcihole64 unit=\"KiB\">134217728</pcihole64>");
    assert_has(&reply, "value=\"name=opt/ovmf/X-PciMmio64Mb,string=131072\"/>");
    CLEANUP(buffer_free) struct buffer fed_back = ask(lab, reply.data, vmi_of(annotation));
    assert_bytes(buffer_bytes(&fed_back), reply.data);
    forget(lab);
    CLEANUP(buffer_free) struct buffer restarted = ask(lab, reply.data, vmi_of(annotation));
    assert_bytes(buffer_bytes(&restarted), reply.data);
}

/* A mediated device's profiles are those of its parent. */
static void profiles_of_a_vgpu(void **state) {
    struct lab *lab = *state;
    struct manifest_profile profile = {.match = match_of(&lab_gpu, MATCH_BIT(MATCH_VENDOR) | MATCH_BIT(MATCH_DEVICE)),
                                       .options = {.display = TOGGLE_OFF, .rom_bar = TOGGLE_ON},
                                       .guest = {.hide_hypervisor = TOGGLE_ON}};
    const struct manifest builtin = {.profiles = &profile, .profile_count = 1};
    struct error err = {0};
    lab->walk.builtin = &builtin;
    lab->walk.explain = true;
    CLEANUP(walk_reply_free) struct walk_reply unknown = {0}, reply = {0};
    walk_request(&lab->walk, WALK_UNTOLD, bytes_of(Q35(VGPU)), bytes_of("{}"), &unknown, &err);
    assert_no_error(&err);
    assert_bytes(buffer_bytes(&unknown.domain), Q35(VGPU)); /* nobody knows whose it is */
    put_link(lab->folder, SYS "0/" UUID "/driver", "../../../../mdev/drivers/nvidia-vgpu-vfio");
    put_link(lab->folder, SYS "0/" UUID "/iommu_group", "../../../../../kernel/iommu_groups/20");
    unlink(path_in(lab->folder, "sys/bus/mdev/devices/" UUID));
    put_link(lab->folder, "sys/bus/mdev/devices/" UUID, "../../../bus/pci/devices/0000:e5:00.0/" UUID);
    walk_request(&lab->walk, WALK_UNTOLD, bytes_of(Q35(VGPU)), bytes_of("{}"), &reply, &err);
    assert_no_error(&err);
    assert_has(&reply.domain, "display=\"off\"");
    assert_has(&reply.domain, "<hidden state=\"on\"/>");
    assert_has(&reply.notes,
               "vGPU (vgpu): \"romBar\" of a built-in profile is left out: a mediated device has no ROM\n");
    assert_has(&reply.notes, "vGPU (vgpu): display off\n");
    assert_has(&reply.notes, "guest: hideHypervisor on\n");
    CLEANUP(free) char *told = json_dumps(reply.explanation, 0);
    assert_non_null(strstr(told, "{\"option\": \"display\", \"value\": \"off\", \"from\": \"a built-in profile\"}"));
    assert_non_null(strstr(told, "\"guest\": {\"options\": [{\"option\": \"hideHypervisor\""));
}

/* Under "warn" a refused device goes without any of our edits, and the others with theirs. */
static void refused_devices_go_without(void **state) {
    struct lab *lab = *state;
    CLEANUP(buffer_free)
    struct buffer reply =
        ask(lab, Q35(GPU("") AUDIO("")),
            vmi_of("'policy': 'warn', 'devices': {'igpu': {'expect': '10de:2204', 'guestAddress': '06:00.0', 'vfio': "
                   "{'x-no-mmap': true}}, 'audio': {'guestAddress': '07:00.0'}}"));
    assert_null(strstr(reply.data, "bus=\"0x06\""));
    assert_null(strstr(reply.data, "x-no-mmap"));
    assert_has(&reply, "bus=\"0x07\"");
}

/* Nothing is published for what is found wrong only when all devices are looked at together. */
static void wrong_together(void **state) {
    struct lab *lab = *state;
    static const struct {
        const char *annotation, *part;
    } cases[] = {
        {"'devices': {'*': {'guestAddress': '06:00.0'}}", "where 0000:e5:00.1 (audio) is: choose another"},
        {"'devices': {'igpu': {'guestAddress': '06:01.0'}}", "a root port has slot 0 only"},
        {"'devices': {'igpu': {'xVga': true}}", "0000:e5:00.0 (igpu): \"xVga\" does not go with this device"},
        {"'devices': {'audio': {'layout': 'multifunction'}, 'igpu': {'layout': 'separate'}}", "needs function 0"},
        {"'guest': {'topoext': true, 'ovmfMmio64': 'auto'}", "the guest's \"ovmfMmio64\": \"auto\": the BARs"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        struct error err = {0};
        assert_int_equal(walk_request(&lab->walk, WALK_UNTOLD, bytes_of(Q35(GPU("") AUDIO(""))),
                                      bytes_of(vmi_of(cases[i].annotation)), &reply, &err),
                         -1);
        if (!strstr(err.message, cases[i].part))
            fail_msg("row %zu: %s", i, err.message);
        assert_null(reply.domain.data);
        assert_int_equal(count_entries(lab->paths[2]), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LAB_TEST(companions_on_one_slot), LAB_TEST(addresses_given_meanwhile), LAB_TEST(companions_that_cannot_come),
        LAB_TEST(windows_of_the_bars),    LAB_TEST(profiles_of_a_vgpu),        LAB_TEST(refused_devices_go_without),
        LAB_TEST(wrong_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
