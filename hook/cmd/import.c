/* import: other systems' VMs, in KubeVirt's words. */
#include <argp.h>
#include <stdio.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "domain/tree.h"
#include "host/facts.h"
#include "import/libvirt.h"
#include "import/proxmox.h"
#include "import/result.h"

enum { KEY_MAPPING = 'm', KEY_OUTPUT = 'o', KEY_NODE = 'n', KEY_SYSFS = 's' };

struct import_options {
    const char *file, *mapping, *node, *sysfs;
    bool json;
};

/* --- options ------------------------------------------------------------------------------------------------------ */

static const struct argp_option shared_options[] = {
    {"sysfs", KEY_SYSFS, "DIR", 0, "look the devices' IDs up there: /sys when this runs on the old host", 0},
    {"output", KEY_OUTPUT, "yaml|json", 0, "for people (the default), or for scripts", 0},
    {0},
};

static error_t parse_shared(int key, char *argument, struct argp_state *state) {
    static const char *const formats[] = {"yaml", "json"};
    struct import_options *given = state->input;
    int format;
    switch (key) {
    case KEY_SYSFS:
        given->sysfs = argument;
        return 0;
    case KEY_OUTPUT:
        format = text_choice(argument, formats, sizeof(formats) / sizeof(formats[0]));
        if (format < 0)
            argp_error(state, "--output: '%s' is neither yaml nor json", argument);
        given->json = format == 1;
        return 0;
    case ARGP_KEY_ARG:
        if (given->file)
            argp_error(state, "one file too many: '%s'", argument);
        given->file = argument;
        return 0;
    case ARGP_KEY_END:
        if (!given->file)
            argp_error(state, "name the file that the VM's configuration is in");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp shared_argp = {shared_options, parse_shared, NULL, NULL, NULL, NULL, NULL};

static const struct argp_option proxmox_options[] = {
    {"mapping", KEY_MAPPING, "FILE", 0, "the cluster's resource mappings (/etc/pve/mapping/pci.cfg)", 0},
    {"node", KEY_NODE, "NAME", 0, "the Proxmox node whose devices a mapping means (default: the first's)", 0},
    {0},
};

static error_t parse_proxmox(int key, char *argument, struct argp_state *state) {
    struct import_options *given = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = given;
        return 0;
    case KEY_MAPPING:
        given->mapping = argument;
        return 0;
    case KEY_NODE:
        given->node = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- the old system's VM ------------------------------------------------------------------------------------------ */

static int read_proxmox(const struct import_options *given, struct import_vm *vm, struct error *err) {
    CLEANUP(buffer_free) struct buffer conf = {0}, mapping = {0};
    if (file_read(given->file, PROXMOX_TEXT_MAX, &conf, err) < 0 ||
        (given->mapping && file_read(given->mapping, PROXMOX_TEXT_MAX, &mapping, err) < 0))
        return -1;
    const struct proxmox_source source = {
        .conf = buffer_bytes(&conf), .mapping = buffer_bytes(&mapping), .node = given->node};
    return import_proxmox(&source, vm, err) < 0 ? error_prefix(err, "%s", given->file) : 0;
}

static int read_libvirt(const struct import_options *given, struct import_vm *vm, struct error *err) {
    CLEANUP(buffer_free) struct buffer xml = {0};
    tree_setup();
    if (file_read(given->file, LIBVIRT_XML_MAX, &xml, err) < 0)
        return -1;
    return import_libvirt(buffer_bytes(&xml), vm, err) < 0 ? error_prefix(err, "%s", given->file) : 0;
}

/* --- the old host ------------------------------------------------------------------------------------------------- */

static int look_up_function(struct import_vm *vm, struct import_device *device, const struct sysfs *root,
                            struct error *err) {
    char address[PCI_ADDRESS_TEXT_MAX];
    struct host_device host;
    if (host_read_device(root, device->address, &host, err) < 0)
        return -1;
    pci_address_format(device->address, address);
    if (host.state != HOST_PRESENT) {
        import_note(vm, "%s: %s is not to be found below %s", device->name, address, root->root);
        return 0;
    }
    if (device->has_id && !pci_id_equal(device->id, host.identity.id))
        import_note(vm, "%s: the mapping says %04x:%04x, and %s is %04x:%04x", device->name, device->id.vendor,
                    device->id.device, address, host.identity.id.vendor, host.identity.id.device);
    device->has_group = host.iommu_group >= 0;
    device->group = host.iommu_group;
    import_check_group(vm, device);
    device->has_id = true;
    device->id = host.identity.id;
    device->is_gpu = import_is_mdev(device) || host.identity.class_code >> 16 == BASE_CLASS_DISPLAY;
    return 0;
}

static int look_up_mdev(struct import_vm *vm, struct import_device *device, const struct sysfs *root,
                        struct error *err) {
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    if (host_facts_add_mdev(&facts, root, device->mdev_uuid, err) < 0)
        return -1;
    const struct host_mdev *mdev = host_facts_mdev(&facts, device->mdev_uuid);
    if (!mdev || mdev->error || !*mdev->type)
        import_note(vm, "%s: the mediated device %s is not to be found below %s", device->name, device->mdev_uuid,
                    root->root);
    else
        import_set_mdev_type(vm, device, mdev->type);
    return 0;
}

/* What the host says of the devices, where this runs on it or has a snapshot of it. */
static int look_up(struct import_vm *vm, const char *sysfs, struct error *err) {
    const struct sysfs root = {.root = sysfs};
    for (size_t i = 0; i < vm->count; i++) {
        struct import_device *device = &vm->devices[i];
        if (device->has_address ? look_up_function(vm, device, &root, err) < 0
                                : *device->mdev_uuid && look_up_mdev(vm, device, &root, err) < 0)
            return -1;
    }
    return import_check(vm, err);
}

/* --- the commands ------------------------------------------------------------------------------------------------- */

static int write_result(const struct import_options *given, const struct import_vm *vm, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(json_decref) json_t *result = import_result(vm, err);
    if (!result)
        return error_prefix(err, "%s", given->file);
    if (given->json)
        return json_dumpf(result, stdout, JSON_INDENT(2)) < 0 || puts("") == EOF
                   ? error_set(err, ERROR_INTERNAL, "cannot write to standard output")
                   : 0;
    if (import_result_text(result, given->file, &text, err) < 0)
        return -1;
    fwrite(text.data, 1, text.size, stdout);
    return 0;
}

static int run(const struct argp *argp, int argc, char **argv,
               int (*read)(const struct import_options *given, struct import_vm *vm, struct error *err)) {
    CLEANUP(import_vm_free) struct import_vm vm = {0};
    struct import_options given = {0};
    struct error err = {0};
    if (argp_parse(argp, argc, argv, 0, NULL, &given) != 0)
        return EXIT_USAGE;
    if (import_vm_init(&vm, &err) < 0 || read(&given, &vm, &err) < 0 ||
        (given.sysfs && look_up(&vm, given.sysfs, &err) < 0) || write_result(&given, &vm, &err) < 0) {
        fprintf(stderr, "error: %s\n", err.message);
        return EXIT_BAD;
    }
    return EXIT_FINE;
}

#define WRITES                                                                                                         \
    " and writes what GPU passthrough needs of it for KubeVirt: the VirtualMachine's devices and CPU, the annotation " \
    "for this hook, the KubeVirt object's permittedHostDevices, and the commands that make the ROM bundle. What has "  \
    "no counterpart is listed: nothing is dropped silently.\v"
#define STATUS "Exit status: 0 fine, 1 it cannot be read, 64 wrong usage."

static int cmd_import_proxmox(int argc, char **argv) {
    static const struct argp_child children[] = {{&shared_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {proxmox_options,
                                     parse_proxmox,
                                     "FILE",
                                     "Reads a Proxmox VM's configuration" WRITES "Examples:\n"
                                     "  kubevirt-gpu-hook import proxmox 100.conf\n"
                                     "  kubevirt-gpu-hook import proxmox --sysfs /sys \\\n"
                                     "      --mapping /etc/pve/mapping/pci.cfg /etc/pve/qemu-server/100.conf\n" STATUS,
                                     children,
                                     NULL,
                                     NULL};
    return run(&argp, argc, argv, read_proxmox);
}

static int cmd_import_libvirt(int argc, char **argv) {
    static const struct argp argp = {
        shared_options,
        parse_shared,
        "FILE",
        "Reads a libvirt domain, as virt-manager and Unraid make them (\"-\" is standard input)," WRITES "Examples:\n"
        "  kubevirt-gpu-hook import libvirt --sysfs /sys /etc/libvirt/qemu/win11.xml\n"
        "  virsh dumpxml --inactive win11 | kubevirt-gpu-hook import libvirt -\n" STATUS,
        NULL,
        NULL,
        NULL};
    return run(&argp, argc, argv, read_libvirt);
}

int cmd_import(int argc, char **argv) {
    static const struct command commands[] = {
        {"proxmox", cmd_import_proxmox, "a Proxmox VM (/etc/pve/qemu-server/100.conf)"},
        {"libvirt", cmd_import_libvirt, "a libvirt domain, of virt-manager or Unraid (virsh dumpxml)"},
    };
    return command_choose("kubevirt-gpu-hook import", "Other systems' VMs with passthrough, in KubeVirt's words.",
                          commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
