#include "walk_support.h"

#include <stdio.h>

#include "domain/tree.h"

const struct pci_identity lab_gpu = {
    .id = {0x1002, 0x1681}, .subsystem = {0x1462, 0x1381}, .revision = 0xc8, .class_code = 0x030000};
const struct pci_identity lab_audio = {
    .id = {0x1002, 0x1640}, .subsystem = {0x1462, 0x1640}, .revision = 0x00, .class_code = 0x040300};

void put_bundle(const struct lab *lab, const char *name, const char *match) {
    uint8_t rom[512], sha256[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(sha256) + 1];
    CLEANUP(buffer_free) struct buffer text = {0};
    rom_build_x86(rom, lab_gpu.id);
    crypto_hash_sha256(sha256, rom, sizeof(rom));
    buffer_printf(&text,
                  "{\"apiVersion\": \"" MANIFEST_API_VERSION "\", \"kind\": \"" MANIFEST_KIND
                  "\", \"name\": \"%s\", \"roms\": [{\"id\": \"vbios\", \"file\": \"a.rom\", \"sha256\": \"%s\", "
                  "\"match\": {\"vendor\": \"1002\", \"device\": \"%s\"}}]}",
                  name, sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)), match);
    put_file(lab->folder, "bundle/a.rom", (struct bytes){rom, sizeof(rom)});
    put_file(lab->folder, "bundle/" BUNDLE_MANIFEST, buffer_bytes(&text));
}

/* As a node has it that is ready: a driver for VMs, an IOMMU group, and a ROM BAR. */
static void make_ready(const char *sysfs, const char *address, const char *group) {
    char name[128], target[128];
    snprintf(name, sizeof(name), "bus/pci/devices/%s/driver", address);
    put_link(sysfs, name, "../../drivers/vfio-pci");
    snprintf(name, sizeof(name), "bus/pci/devices/%s/iommu_group", address);
    snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%s", group);
    put_link(sysfs, name, target);
    snprintf(name, sizeof(name), "kernel/iommu_groups/%s/devices/%s", group, address);
    put_link(sysfs, name, "x");
    snprintf(name, sizeof(name), "bus/pci/devices/%s/rom", address);
    put_text(sysfs, name, "");
}

int lab_open(void **state) {
    static const struct trust anybody;
    static const char *const names[] = {"bundle", "sys", "roms"};
    struct lab *lab = calloc(1, sizeof(*lab));
    struct error err = {0};
    void *folder = NULL;
    tree_setup();
    if (!lab || sodium_init() < 0 || folder_setup(&folder) < 0)
        return -1;
    *state = lab;
    lab->folder = folder;
    for (size_t i = 0; i < COUNT(names); i++)
        snprintf(lab->paths[i], sizeof(lab->paths[i]), "%s/%s", lab->folder, names[i]);
    put_bundle(lab, "lab", "1681");
    put_folder(lab->folder, "sys");
    put_sysfs_device(lab->paths[1], "0000:e5:00.0", &lab_gpu);
    put_sysfs_device(lab->paths[1], "0000:e5:00.1", &lab_audio);
    make_ready(lab->paths[1], "0000:e5:00.0", "18");
    make_ready(lab->paths[1], "0000:e5:00.1", "19");
    put_folder(lab->paths[1], "devices/mdev/" LAB_MDEV);
    put_link(lab->paths[1], "devices/mdev/" LAB_MDEV "/driver", "../../../bus/mdev/drivers/nvidia-vgpu-vfio");
    put_link(lab->paths[1], "devices/mdev/" LAB_MDEV "/iommu_group", "../../../kernel/iommu_groups/20");
    put_folder(lab->paths[1], "bus/mdev/devices");
    put_link(lab->paths[1], "bus/mdev/devices/" LAB_MDEV, "../../../devices/mdev/" LAB_MDEV);
    lab->bundle_path = lab->paths[0];
    lab->walk = (struct walk){.sysfs = lab->paths[1],
                              .bundles = bundle_set_open(&lab->bundle_path, 1, &anybody, &err),
                              .publisher = publisher_open(lab->paths[2], "/compute", &err),
                              .memory = plan_memory_new(&err),
                              .policy = POLICY_ENFORCE};
    return err.code == ERROR_NONE ? 0 : -1;
}

int lab_close(void **state) {
    struct lab *lab = *state;
    void *folder = lab->folder;
    bundle_set_close(lab->walk.bundles);
    publisher_close(lab->walk.publisher);
    plan_memory_free(lab->walk.memory);
    free(lab);
    return folder_teardown(&folder);
}

struct buffer ask(const struct lab *lab, const char *domain, const char *vmi) {
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error err = {0};
    int failed = walk_request(&lab->walk, WALK_UNTOLD, bytes_of(domain), bytes_of(vmi), &reply, &err);
    assert_no_error(&err);
    assert_int_equal(failed, 0);
    struct buffer taken = reply.domain;
    reply.domain = (struct buffer){0};
    return taken;
}

void check_refused(const struct lab *lab, const char *domain, const char *vmi, enum error_code code, const char *part,
                   int line) {
    CLEANUP(walk_reply_free) struct walk_reply reply = {0};
    struct error err = {0};
    if (walk_request(&lab->walk, WALK_UNTOLD, bytes_of(domain), bytes_of(vmi), &reply, &err) != -1)
        fail_msg("line %d: accepted", line);
    check_error(&err, code, part, __FILE__, line);
    assert_null(reply.domain.data);
    assert_int_equal(count_entries(lab->paths[2]), 0);
}
