#include "plan/guest_plan.h"

#include <stdio.h>
#include <string.h>

#include "host/window.h"

static bool is_x86(const struct guest *guest) {
    return guest->machine == GUEST_X86_64 || guest->machine == GUEST_ANY;
}

/* libvirt refuses interrupt remapping without the split I/O APIC (src/qemu/qemu_validate.c). */
static const char *misfit_ioapic(const struct guest_options *options, const struct guest *guest) {
    return options->ioapic == IOAPIC_KVM && guest->needs_split_ioapic
               ? "a virtual IOMMU that remaps interrupts, and more than 255 vCPUs, need QEMU's I/O APIC: say \"qemu\""
               : NULL;
}

/* QEMU target/i386/kvm/kvm.c: hv-passthrough takes the vendor id from KVM. */
static const char *misfit_vendor_id(const struct guest_options *options, const struct guest *guest) {
    (void)options;
    return guest->has_hyperv_passthrough
               ? "with hyperv mode passthrough the vendor id is KVM's: set the features one by "
                 "one in the VM"
               : NULL;
}

static const char *misfit_topoext(const struct guest_options *options, const struct guest *guest) {
    (void)options;
    return guest->has_cpu ? NULL : "the domain has no <cpu> that could have it";
}

static const char *misfit_phys_addr(const struct guest_options *options, const struct guest *guest) {
    if (!guest->has_cpu)
        return "the domain has no <cpu> that could have it";
    return options->max_phys_addr.mode == PHYS_ADDR_EMULATE && guest->cpu_passthrough
               ? "the CPU model host-passthrough has the host's address bits whatever is emulated: say \"passthrough\" "
                 "with a \"limit\""
               : NULL;
}

static const char *misfit_hole64(const struct guest_options *options, const struct guest *guest) {
    (void)options;
    return guest->chipset == CHIPSET_Q35 || guest->chipset == CHIPSET_I440FX
               ? NULL
               : "only the machine types q35 and pc have it";
}

static const char *misfit_ovmf(const struct guest_options *options, const struct guest *guest) {
    (void)options;
    if (!is_x86(guest))
        return "only OVMF on x86 has it";
    return guest->firmware == FIRMWARE_UEFI ? NULL : "it is for UEFI firmware, and the VM boots with SeaBIOS";
}

/* An option without a row goes with every guest. */
static const struct {
    bool x86_only;
    /* Returns NULL where the option is fine. */
    const char *(*misfit)(const struct guest_options *options, const struct guest *guest);
} needs[GUEST_OPTION_COUNT] = {
    [GUEST_HIDE_HYPERVISOR] = {.x86_only = true},
    [GUEST_HYPERV_VENDOR_ID] = {.x86_only = true, .misfit = misfit_vendor_id},
    [GUEST_IOAPIC] = {.x86_only = true, .misfit = misfit_ioapic},
    [GUEST_TOPOEXT] = {.x86_only = true, .misfit = misfit_topoext},
    [GUEST_MAX_PHYS_ADDR] = {.x86_only = true, .misfit = misfit_phys_addr},
    [GUEST_PCI_HOLE64] = {.misfit = misfit_hole64},
    [GUEST_OVMF_MMIO64] = {.misfit = misfit_ovmf},
};

/* Why the guest cannot have the option, or NULL. */
static const char *find_misfit(const struct guest_options *options, enum guest_option option,
                               const struct guest *guest) {
    if (!guest_option_given(options, option))
        return NULL;
    if (needs[option].x86_only && !is_x86(guest))
        return "only x86 guests have it";
    return needs[option].misfit ? needs[option].misfit(options, guest) : NULL;
}

static void note_left_out(const struct guest_options *options, enum guest_option option, const char *reason,
                          const struct guest_facts *facts, struct buffer *notes) {
    char origin[ORIGIN_TEXT_MAX];
    buffer_printf(notes, "the guest's \"%s\" of %s is left out: %s\n", guest_option_name(option),
                  origin_describe(options->said.origin[option], facts->bundles, origin), reason);
}

static int fit(struct guest_options *options, const struct guest_facts *facts, struct buffer *notes,
               struct error *err) {
    for (enum guest_option i = 0; i < GUEST_OPTION_COUNT; i++) {
        const char *reason = find_misfit(options, i, facts->guest);
        if (!reason)
            continue;
        if (options->said.origin[i] == ORIGIN_ANNOTATION) {
            error_set(err, ERROR_INPUT, "the guest's \"%s\" does not go with this VM: %s", guest_option_name(i),
                      reason);
            return error_see(err, "options.md#%s", guest_option_name(i));
        }
        note_left_out(options, i, reason, facts, notes);
        options_forget(&guest_option_table, options, i);
    }
    return 0;
}

/* The address bits that the guest's CPU surely has. Beyond them QEMU does not start (hw/i386/pc.c, pc_memory_init).
 * QEMU's models have 40; a host has seldom less than its IOMMU, and where that is not Intel's at least the 46 that OVMF
 * uses at most (OvmfPkg PlatformInitLib, MemDetect.c). */
enum { MODEL_BITS = 40, OVMF_BITS = 46 };

static bool has_host_bits(const struct guest_decision *decision, const struct guest *guest) {
    return guest->cpu_passthrough || decision->max_phys_addr.mode == PHYS_ADDR_PASSTHROUGH;
}

static unsigned address_bits(const struct guest_decision *decision, const struct guest_facts *facts) {
    const struct phys_addr_wish *wish = &decision->max_phys_addr;
    unsigned bits = facts->iommu_bits && facts->iommu_bits < OVMF_BITS ? facts->iommu_bits : OVMF_BITS;
    if (wish->mode == PHYS_ADDR_EMULATE)
        return wish->bits;
    if (wish->limit && wish->limit < bits)
        return wish->limit;
    return has_host_bits(decision, facts->guest) || bits < MODEL_BITS ? bits : MODEL_BITS;
}

/* What OVMF takes by itself: an eighth of the address space where it trusts the CPU's word of it, which it does not
 * with Intel's 40 bits (PlatformDynamicMmioWindow). */
static uint64_t ovmf_own_window(const struct guest_decision *decision, const struct guest_facts *facts) {
    return has_host_bits(decision, facts->guest) ? UINT64_C(1) << (address_bits(decision, facts) - 3 - 10)
                                                 : WINDOW_DEFAULT_KIB;
}

void plan_guest_window(const struct guest_decision *decision, const struct guest_facts *facts, uint64_t *least,
                       uint64_t *most) {
    const struct guest *guest = facts->guest;
    const struct phys_addr_wish *wish = &decision->max_phys_addr;
    /* Some machine types (RHEL's) give every CPU model the host's address bits. */
    unsigned bits = wish->mode == PHYS_ADDR_EMULATE ? wish->bits : wish->limit ? wish->limit : OVMF_BITS;
    *least = *most = 0;
    if (guest->firmware != FIRMWARE_UEFI || !is_x86(guest))
        return;
    if (decision->ovmf_mmio64_mib) {
        *least = *most = decision->ovmf_mmio64_mib * 1024;
    } else if (!guest->has_ovmf_mmio64) {
        uint64_t eighth = UINT64_C(1) << (bits - 3 - 10);
        *least = ovmf_own_window(decision, facts);
        *most = eighth > *least ? eighth : *least;
    }
}

/* Memory and window above 4 GiB, both rounded up to the window's alignment. */
static bool fits_address_space(uint64_t window_kib, unsigned bits, const struct guest *guest) {
    uint64_t memory_end = guest->memory_kib + (UINT64_C(4) << 20);
    uint64_t start = (memory_end + window_kib - 1) / window_kib * window_kib;
    return start + window_kib <= UINT64_C(1) << (bits - 10);
}

/* "auto": 0 where the window that is there by itself is enough, or the window in KiB. */
static int find_window(const struct guest_options *options, enum guest_option option, uint64_t enough_kib,
                       unsigned bits, const struct guest_facts *facts, uint64_t *kib, struct buffer *warnings,
                       struct error *err) {
    char reason[256];
    bool demanded = options->said.origin[option] == ORIGIN_ANNOTATION && !facts->only_warns;
    CLEANUP(json_decref) json_t *size = value_write_size(facts->window_kib);
    *kib = 0;
    if (!size)
        return error_no_memory(err);
    if (!facts->knows_bars)
        snprintf(reason, sizeof(reason),
                 "the BARs of its devices cannot be read: mount the node's /sys, say --sysfs, "
                 "or give a size");
    else if (facts->window_kib <= enough_kib)
        return 0;
    else if (!fits_address_space(facts->window_kib, bits, facts->guest))
        snprintf(reason, sizeof(reason),
                 "the devices' BARs need %s, which does not fit beside the memory into the %u address bits of the "
                 "guest's CPU: %s",
                 json_string_value(size), bits,
                 bits == MODEL_BITS ? "set the VM's cpu.model to host-passthrough"
                                    : "give the VM fewer devices or less memory");
    else {
        *kib = facts->window_kib;
        return 0;
    }
    if (demanded) {
        error_set(err, ERROR_REFUSED, "the guest's \"%s\": \"auto\": %s", guest_option_name(option), reason);
        return error_see(err, "options.md#%s", guest_option_name(option));
    }
    /* Some of the devices will be dead in this guest: more than a note. */
    note_left_out(options, option, reason, facts, warnings);
    return 0;
}

/* A size that somebody gives may reach beyond address bits that the guest surely has not. */
static int check_size(const struct guest_options *options, enum guest_option option, uint64_t kib,
                      const struct guest_decision *decision, const struct guest_facts *facts, struct error *err) {
    const struct phys_addr_wish *wish = &decision->max_phys_addr;
    unsigned bits = wish->mode == PHYS_ADDR_EMULATE ? wish->bits : wish->limit;
    char origin[ORIGIN_TEXT_MAX], limit_origin[ORIGIN_TEXT_MAX];
    if (bits == 0 || kib == 0 || fits_address_space(kib, bits, facts->guest))
        return 0;
    return error_set(
        err, ERROR_INPUT,
        "the guest's \"%s\" (%s) reaches beyond the %u address bits that \"maxPhysAddr\" (%s) leaves: QEMU "
        "would not start; make one of them fit",
        guest_option_name(option), origin_describe(options->said.origin[option], facts->bundles, origin), bits,
        origin_describe(options->said.origin[GUEST_MAX_PHYS_ADDR], facts->bundles, limit_origin));
}

static int decide_hole64(const struct guest_options *options, const struct guest_facts *facts,
                         struct guest_decision *decision, struct buffer *warnings, struct error *err) {
    const struct window_wish *wish = &options->pci_hole64;
    if (wish->kind == WINDOW_UNSET)
        return 0;
    decision->has_hole64 = true;
    decision->hole64_on_pcie = facts->guest->chipset == CHIPSET_Q35;
    decision->hole64_kib = wish->kib;
    bool demanded = options->said.origin[GUEST_PCI_HOLE64] == ORIGIN_ANNOTATION;
    if (wish->kind == WINDOW_SIZE)
        return check_size(options, GUEST_PCI_HOLE64, wish->kib, decision, facts, err);
    if (find_window(options, GUEST_PCI_HOLE64, WINDOW_DEFAULT_KIB, address_bits(decision, facts), facts,
                    &decision->hole64_kib, warnings, err) < 0)
        return -1;
    /* What somebody has set already stays where it is enough, or where only a profile would have it otherwise. */
    uint64_t present = facts->guest->hole64_kib;
    bool leave =
        facts->guest->has_hole64 && present != decision->hole64_kib && (!demanded || present > decision->hole64_kib);
    decision->has_hole64 = decision->hole64_kib != 0 && !leave;
    return 0;
}

static int decide_ovmf(const struct guest_options *options, const struct guest_facts *facts,
                       struct guest_decision *decision, struct buffer *warnings, struct error *err) {
    const struct window_wish *wish = &options->ovmf_mmio64;
    bool demanded = options->said.origin[GUEST_OVMF_MMIO64] == ORIGIN_ANNOTATION;
    uint64_t kib = wish->kib;
    /* What somebody has set already the "auto" of a profile leaves alone. */
    if (wish->kind == WINDOW_UNSET || (wish->kind == WINDOW_AUTO && facts->guest->has_ovmf_mmio64 && !demanded))
        return 0;
    if (wish->kind == WINDOW_AUTO ? find_window(options, GUEST_OVMF_MMIO64, ovmf_own_window(decision, facts),
                                                address_bits(decision, facts), facts, &kib, warnings, err) < 0
                                  : check_size(options, GUEST_OVMF_MMIO64, kib, decision, facts, err) < 0)
        return -1;
    decision->ovmf_mmio64_mib = kib / 1024;
    return 0;
}

/* "auto" acts where the IOMMU is narrower than what a guest may use: BARs that firmware places beyond it cannot be
 * mapped for DMA (QEMU docs/igd-assign.txt, "Known issues"). */
static void decide_phys_addr(const struct guest_options *options, const struct guest_facts *facts,
                             struct guest_decision *decision) {
    bool demanded = options->said.origin[GUEST_MAX_PHYS_ADDR] == ORIGIN_ANNOTATION;
    decision->max_phys_addr = options->max_phys_addr;
    if (options->max_phys_addr.mode != PHYS_ADDR_AUTO)
        return;
    /* What somebody has set already a profile leaves alone. */
    if (facts->guest->has_phys_addr && !demanded) {
        decision->max_phys_addr = (struct phys_addr_wish){0};
        return;
    }
    bool narrow = facts->iommu_bits != 0 && facts->iommu_bits < OVMF_BITS &&
                  fits_address_space(WINDOW_DEFAULT_KIB, facts->iommu_bits, facts->guest);
    decision->max_phys_addr = narrow
                                  ? (struct phys_addr_wish){.mode = PHYS_ADDR_PASSTHROUGH, .limit = facts->iommu_bits}
                                  : (struct phys_addr_wish){0};
}

static bool display_is_on(const struct layout_device *device) {
    return device->decision->display == TOGGLE_UNSET ? device->device->display_on
                                                     : device->decision->display == TOGGLE_ON;
}

static bool ramfb_is_on(const struct layout_device *device) {
    return device->decision->ramfb == TOGGLE_UNSET ? device->device->ramfb_on : device->decision->ramfb == TOGGLE_ON;
}

static bool has_vga_ranges(const struct layout_device *device) {
    return device->options->x_vga == TOGGLE_ON || device->options->igd.mode == IGD_LEGACY;
}

/* At most one device of a VM may have it. */
static int check_only_one(const struct guest_facts *facts, bool (*has)(const struct layout_device *), const char *what,
                          struct error *err) {
    char label[DEVICE_LABEL_MAX], first_label[DEVICE_LABEL_MAX];
    const struct layout_device *first = NULL;
    for (size_t i = 0; i < facts->count; i++) {
        if (!has(&facts->devices[i]))
            continue;
        if (first)
            return error_set(err, ERROR_INPUT, "%s and %s both have %s: a VM has one, say \"off\" for the other",
                             device_label(first->device, first_label), device_label(facts->devices[i].device, label),
                             what);
        first = &facts->devices[i];
    }
    return 0;
}

/* What libvirt or QEMU would refuse at start. */
static int check_display(const struct guest_decision *decision, const struct guest_facts *facts, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    bool graphics = facts->guest->has_graphics && !decision->remove_video;
    for (size_t i = 0; i < facts->count; i++) {
        const struct layout_device *device = &facts->devices[i];
        device_label(device->device, label);
        if (display_is_on(device) && !graphics)
            return error_set(err, ERROR_INPUT,
                             "%s: \"display\" is on, and the VM has no graphics (VNC) to show it: say \"display\": "
                             "\"off\", or keep the graphics (autoattachGraphicsDevice, \"emulatedVideo\")",
                             label);
        if (device->options->igd.mode == IGD_LEGACY && graphics)
            return error_set(
                err, ERROR_INPUT,
                "%s: \"igd\": \"legacy\" makes it the VM's only display: say \"emulatedVideo\": \"remove\" "
                "for the guest",
                label);
        if (ramfb_is_on(device) && facts->guest->has_ramfb && !decision->remove_video)
            return error_set(err, ERROR_INPUT,
                             "%s: \"ramfb\" is on, and the VM's emulated video is a ramfb already: say \"ramfb\": "
                             "\"off\"",
                             label);
    }
    if (check_only_one(facts, ramfb_is_on, "\"ramfb\" on", err) < 0)
        return -1;
    return check_only_one(facts, has_vga_ranges, "the VGA ranges (\"xVga\", \"igd\": \"legacy\")", err);
}

/* NVIDIA's driver looks at the clique only where it sees a hypervisor (open-gpu-kernel-modules, hypervisor.c). */
static int check_clique(const struct guest_decision *decision, const struct guest_facts *facts, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    bool hidden = decision->hide_hypervisor == TOGGLE_UNSET ? facts->guest->hides_hypervisor
                                                            : decision->hide_hypervisor == TOGGLE_ON;
    for (size_t i = 0; i < facts->count && hidden; i++)
        if (facts->devices[i].options->gpudirect_clique.given)
            return error_set(
                err, ERROR_INPUT,
                "%s: \"gpudirectClique\" counts for nothing in a guest that sees no hypervisor: leave it or "
                "\"hideHypervisor\" (the VM's features.kvm.hidden) out",
                device_label(facts->devices[i].device, label));
    return 0;
}

/* SeaBIOS runs the ROM of the primary VGA controller alone where QEMU demands a strict boot order, as libvirt makes it
 * (SeaBIOS src/optionroms.c, vgarom_setup); the emulated one stands first. A driver of the guest can read the ROM
 * still. */
static void note_idle_roms(const struct guest_decision *decision, const struct guest_facts *facts,
                           struct buffer *notes) {
    char label[DEVICE_LABEL_MAX];
    if (facts->guest->firmware != FIRMWARE_BIOS || !is_x86(facts->guest) || !facts->guest->has_vga ||
        decision->remove_video)
        return;
    for (size_t i = 0; i < facts->count; i++)
        if (facts->devices[i].has_gpu_rom)
            buffer_printf(notes,
                          "%s: SeaBIOS runs no GPU's ROM beside the emulated video: for a picture from the start say "
                          "\"emulatedVideo\": \"remove\" for the guest\n",
                          device_label(facts->devices[i].device, label));
}

int plan_guest(struct guest_options *options, const struct guest_facts *facts, struct guest_decision *decision,
               struct buffer *notes, struct buffer *warnings, struct error *err) {
    *decision = (struct guest_decision){0};
    if (fit(options, facts, notes, err) < 0)
        return -1;
    decision->hide_hypervisor = options->hide_hypervisor;
    memcpy(decision->hyperv_vendor_id, options->hyperv_vendor_id, sizeof(decision->hyperv_vendor_id));
    decision->ioapic = options->ioapic;
    decision->topoext = options->topoext;
    decide_phys_addr(options, facts, decision);
    decision->remove_video = options->emulated_video == VIDEO_REMOVE;
    if (decide_hole64(options, facts, decision, warnings, err) < 0 ||
        decide_ovmf(options, facts, decision, warnings, err) < 0)
        return -1;
    note_idle_roms(decision, facts, notes);
    return check_display(decision, facts, err) < 0 || check_clique(decision, facts, err) < 0 ? -1 : 0;
}
