/* import/: VMs of Proxmox and libvirt, read and told. */
#include "import/libvirt.h"
#include "import/proxmox.h"
#include "import/result.h"
#include "scenario.h"

static int tell(struct import_vm *vm, struct outcome *outcome, struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(json_decref) json_t *result = import_result(vm, err);
    if (!result || import_result_text(result, "vm", &text, err) < 0)
        return -1;
    outcome_buffer(outcome, &text);
    return 0;
}

static int proxmox(const struct given *given, struct outcome *outcome, struct error *err) {
    const struct proxmox_source source = {.conf = given->text, .mapping = given->second};
    CLEANUP(import_vm_free) struct import_vm vm = {0};
    if (import_vm_init(&vm, err) < 0 || import_proxmox(&source, &vm, err) < 0)
        return -1;
    return tell(&vm, outcome, err);
}

static int libvirt(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(import_vm_free) struct import_vm vm = {0};
    if (import_vm_init(&vm, err) < 0 || import_libvirt(given->text, &vm, err) < 0)
        return -1;
    return tell(&vm, outcome, err);
}

struct scenarios scenarios_import(void) {
    static const struct scenario list[] = {
        {.name = "import/proxmox-every-option", proxmox, "import/cases/every-option.conf", "import/cases/pci.cfg"},
        {.name = "import/proxmox-args", proxmox, "import/cases/args-devices.conf"},
        {.name = "import/proxmox-hostile", proxmox, "import/cases/hostile.conf"},
        {.name = "import/proxmox-mapping-broken",
         proxmox,
         "import/cases/mapping-broken.conf",
         "import/cases/broken.cfg"},
        {.name = "import/proxmox-odd", proxmox, "import/cases/odd.conf"},
        {.name = "import/proxmox-open-quote", proxmox, "import/cases/open-quote.conf"},
        {.name = "import/proxmox-bad-address", proxmox, "import/cases/bad-address.conf"},
        {.name = "import/libvirt-unraid", libvirt, "import/cases/libvirt-unraid.xml"},
        {.name = "import/libvirt-geforce", libvirt, "import/cases/libvirt-geforce.xml"},
        {.name = "import/libvirt-looking-glass", libvirt, "import/cases/libvirt-looking-glass.xml"},
        {.name = "import/libvirt-mdev", libvirt, "import/cases/libvirt-mdev.xml"},
        {.name = "import/libvirt-odd", libvirt, "import/cases/libvirt-odd.xml"},
        {.name = "import/libvirt-igd-legacy", libvirt, "import/cases/libvirt-igd-legacy.xml"},
        {.name = "import/libvirt-two-domains", libvirt, "import/cases/libvirt-two-domains.xml"},
        {.name = "import/libvirt-rom-bar-maybe", libvirt, "import/cases/libvirt-rom-bar-maybe.xml"},
    };
    return SCENARIOS(list);
}
