#include <sodium.h>

#include "rom/details.h"
#include "rom/report.h"

/* --- one image ---------------------------------------------------------------------------------------------------- */

static void print_list(const struct rom_image *image, const struct rom_details *details, struct buffer *out) {
    if (image->device_list == 0)
        return;
    buffer_printf(out, "    device list   0x%zx:", image->device_list);
    for (size_t i = 0; i < details->listed_count; i++)
        buffer_printf(out, " %04x", details->listed[i]);
    buffer_append_text(out, details->list_goes_on ? " ... without an end mark\n" : "\n");
}

static void print_pcir(const struct rom_image *image, struct buffer *out) {
    buffer_printf(out, "    PCIR          0x%zx: revision %u, class %06x, vendor's revision %04x, %s\n", image->pcir,
                  image->pcir_revision, image->class_code, image->vendor_revision,
                  image->last ? "last image" : "not the last image");
    if (image->runtime_size)
        buffer_printf(out, "    runtime       at most %zu bytes\n", image->runtime_size);
    if (image->config_utility)
        buffer_printf(out, "    configuration utility at 0x%zx\n", image->config_utility);
    if (image->dmtf_clp)
        buffer_printf(out, "    DMTF CLP      at 0x%zx\n", image->dmtf_clp);
}

static void print_npde(const struct npde *npde, struct buffer *out) {
    buffer_printf(out, "    NPDE          0x%zx: revision %x.%02x, sub-image of %zu bytes", npde->offset,
                  npde->revision >> 8, npde->revision & 0xff, npde->image_size);
    if (npde->has_last)
        buffer_append_text(out, npde->last ? ", last of all images" : ", not the last of all images");
    buffer_append_text(out, npde->checksum_is_off ? ", checksum disabled\n" : "\n");
}

static void print_atom(const struct atom *atom, struct buffer *out) {
    buffer_printf(out, "    ATOMBIOS      0x%zx: \"%s\", %s, subsystem %04x:%04x%s\n", atom->header, atom->part_number,
                  *atom->date ? atom->date : "no date", atom->subsystem.vendor, atom->subsystem.device,
                  atom->has_magic ? "" : ", without the mark at 0x30 that amdgpu looks for");
}

static void print_vbt(const struct vbt *vbt, struct buffer *out) {
    buffer_printf(out, "    VBT           0x%zx: \"%s\", version %u, BDB version %u, %zu bytes%s\n", vbt->offset,
                  vbt->name, vbt->version, vbt->bdb_version, vbt->size, vbt->sum == 0 ? "" : ", wrong checksum");
}

static void print_efi(const struct rom_image *image, const struct rom_details *details, struct buffer *out) {
    const char *machine = pe_machine_name(image->efi_machine);
    buffer_printf(out, "    EFI           machine %04x (%s), subsystem %u, %s\n", image->efi_machine,
                  machine ? machine : "unknown", image->efi_subsystem,
                  image->efi_compression == 0   ? "not compressed"
                  : image->efi_compression == 1 ? "compressed"
                                                : "compressed in an unknown way");
    if (details->driver_problem.code == ERROR_LIMIT)
        out->failed = true;
    if (details->driver_problem.code != ERROR_NONE) {
        buffer_printf(out, "    driver        %s\n", details->driver_problem.message);
        return;
    }
    machine = pe_machine_name(details->pe.machine);
    buffer_printf(out, "    driver        0x%zx: %zu bytes, PE machine %04x (%s), %s\n", image->efi_payload,
                  details->driver_size, details->pe.machine, machine ? machine : "unknown",
                  details->pe.signature_size ? "signed" : "not signed");
}

static void print_image(struct bytes bytes, size_t number, const struct rom_image *image, struct buffer *out) {
    struct rom_details details;
    rom_details(bytes, image, &details);
    const char *type = rom_code_type_name(image->code_type);
    buffer_printf(out, "  image %zu         0x%zx to 0x%zx: %s", number, image->offset, image->offset + image->size,
                  type ? type : "code type ");
    if (!type)
        buffer_printf(out, "%02x", image->code_type);
    buffer_printf(out, " for %04x:%04x\n", image->id.vendor, image->id.device);
    print_pcir(image, out);
    print_list(image, &details, out);
    if (image->code_type == ROM_CODE_X86)
        buffer_printf(out, "    x86           %zu bytes initialise, sum 0x%02x%s\n", image->init_size, image->checksum,
                      image->checksum == 0 ? "" : " instead of 0");
    if (image->code_type == ROM_CODE_EFI)
        print_efi(image, &details, out);
    if (details.has_npde)
        print_npde(&details.npde, out);
    if (details.has_atom)
        print_atom(&details.atom, out);
    if (details.has_vbt)
        print_vbt(&details.vbt, out);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static void print_front(const struct rom_layout *layout, struct buffer *out) {
    if (layout->front == ROM_FRONT_NONE)
        return;
    buffer_printf(out, "  in front        0x0 to 0x%zx: %s", layout->rom.start, rom_front_name(layout->front));
    if (layout->front == ROM_FRONT_NVGI)
        buffer_printf(out, " version %u", layout->nvgi.version);
    buffer_append_text(out, "\n");
}

static void print_private(const struct rom_layout *layout, struct buffer *out) {
    for (size_t i = 0; i < layout->hidden.count; i++) {
        const struct nvidia_image *image = &layout->hidden.images[i];
        const char *type = rom_code_type_name(image->code_type);
        buffer_printf(out, "  private image   0x%zx to 0x%zx: %s, code type %02x%s%s%s for %04x:%04x%s\n",
                      image->offset, image->offset + image->size, image->signature, image->code_type, type ? " (" : "",
                      type ? type : "", type ? ")" : "", image->id.vendor, image->id.device,
                      image->last ? ", last" : "");
    }
}

static void print_trailing(struct bytes bytes, const struct rom_layout *layout, struct buffer *out) {
    if (layout->end > 0 && layout->end < bytes.size)
        buffer_printf(out, "  behind          0x%zx to 0x%zx: %s\n", layout->end, bytes.size,
                      layout->trailing_is_blank ? "padding" : "no image");
}

static void print_findings(const struct findings *findings, struct buffer *out) {
    out->failed = out->failed || findings->failed;
    for (int level = FINDING_ERROR; level >= FINDING_REMARK; level--)
        for (size_t i = 0; i < findings->count; i++)
            if ((int)findings->list[i].level == level)
                buffer_printf(out, "  %-15s 0x%zx: %s\n", finding_level_name(findings->list[i].level),
                              findings->list[i].offset, findings->list[i].text);
}

void rom_report_tree(const char *name, struct bytes bytes, const struct rom_layout *layout,
                     const struct findings *findings, struct buffer *out) {
    uint8_t sha256[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(sha256) + 1];
    crypto_hash_sha256(sha256, bytes.data, bytes.size);
    buffer_printf(out, "%s\n  size            %zu bytes (0x%zx)\n  SHA-256         %s\n", name, bytes.size, bytes.size,
                  sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)));
    print_front(layout, out);
    if (layout->is_isa)
        buffer_printf(out, "  ISA image       0x0 to 0x%zx: x86 without PCI data structure\n", layout->isa_size);
    for (size_t i = 0; i < layout->rom.count; i++)
        print_image(bytes, i, &layout->rom.images[i], out);
    print_private(layout, out);
    print_trailing(bytes, layout, out);
    print_findings(findings, out);
}

void rom_verdict_tree(const char *name, const struct rom_purpose *purpose, const struct rom_verdict *verdict,
                      struct buffer *out) {
    buffer_printf(out, "%s for %04x:%04x", name, purpose->id.vendor, purpose->id.device);
    if (purpose->firmware != FIRMWARE_ANY)
        buffer_printf(out, " under %s", firmware_name(purpose->firmware));
    buffer_printf(out, ": %s\n", findings_first(&verdict->findings, FINDING_ERROR) ? "will not do" : "good");
    for (int i = 0; i < CONSUMER_COUNT; i++)
        buffer_printf(out, "  %-15s %s: %s\n", consumer_name(verdict, (enum consumer)i),
                      answer_name(verdict->consumers[i].answer), verdict->consumers[i].reason);
    print_findings(&verdict->findings, out);
}
