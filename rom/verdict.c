#include "rom/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rom/atom.h"
#include "rom/examine.h"
#include "rom/vbt.h"

static const char *const firmware_names[] = {
    [FIRMWARE_ANY] = "any", [FIRMWARE_BIOS] = "bios", [FIRMWARE_UEFI] = "uefi"};

int firmware_parse(const char *name, enum firmware *firmware) {
    int found = text_choice(name, firmware_names, FIRMWARE_UEFI + 1);
    if (found < 0)
        return -1;
    *firmware = (enum firmware)found;
    return 0;
}

const char *firmware_name(enum firmware firmware) {
    return firmware_names[firmware];
}

const char *answer_name(enum answer answer) {
    static const char *const names[] = {[ANSWER_YES] = "yes",
                                        [ANSWER_NO] = "no",
                                        [ANSWER_UNKNOWN] = "unknown",
                                        [ANSWER_NOT_APPLICABLE] = "not-applicable"};
    return names[answer];
}

const char *consumer_name(const struct rom_verdict *verdict, enum consumer consumer) {
    return consumer == CONSUMER_SEABIOS ? "SeaBIOS" : consumer == CONSUMER_OVMF ? "OVMF" : verdict->driver;
}

/* What is looked at while judging. */
struct court {
    struct bytes bytes;
    const struct rom_purpose *purpose;
    struct rom_layout layout;
    struct rom_verdict *verdict;
    const struct rom_image *x86; /* the one for the device, or NULL */
    bool x86_serves;             /* and nothing is wrong with it */
    size_t x86_count, efi_count;
    size_t first_efi; /* the offset of the first EFI image */
};

static void __attribute__((format(printf, 4, 5)))
answer(struct court *court, enum consumer consumer, enum answer answer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    court->verdict->consumers[consumer].answer = answer;
    char *reason = court->verdict->consumers[consumer].reason;
    if (vsnprintf(reason, FINDING_TEXT_MAX, format, arguments) >= FINDING_TEXT_MAX)
        text_ellipsis(reason, FINDING_TEXT_MAX);
    va_end(arguments);
}

static bool boots_bios(const struct rom_purpose *purpose) {
    return purpose->firmware != FIRMWARE_UEFI && purpose->guest != GUEST_AARCH64;
}

/* --- SeaBIOS, and what x86 images must be for anybody ------------------------------------------------------------- */

/* SeaBIOS compares the ID alone; to those who only know the ROM, a device list counts too. */
static const struct rom_image *find_x86(const struct court *court, bool with_list) {
    for (size_t i = 0; i < court->layout.rom.count; i++) {
        const struct rom_image *image = &court->layout.rom.images[i];
        if (image->code_type == ROM_CODE_X86 && rom_image_names(court->bytes, image, court->purpose->id, with_list))
            return image;
    }
    return NULL;
}

static const struct rom_image *first_of(const struct court *court, uint8_t code_type) {
    for (size_t i = 0; i < court->layout.rom.count; i++)
        if (court->layout.rom.images[i].code_type == code_type)
            return &court->layout.rom.images[i];
    return NULL;
}

/* Why no x86 image is for the device. */
static void refuse_ids(struct court *court) {
    const struct rom_image *other = find_x86(court, true), *first = first_of(court, ROM_CODE_X86);
    struct pci_id id = court->purpose->id;
    struct findings *findings = &court->verdict->findings;
    if (other)
        findings_add(
            findings, FINDING_ERROR, other->pcir,
            "x86 image at offset 0x%zx names %04x:%04x only in its device list, which SeaBIOS ignores: give it "
            "the ID by `rom set-id`",
            other->offset, id.vendor, id.device);
    else
        findings_add(
            findings, FINDING_ERROR, first->pcir, "x86 image at offset 0x%zx is for %04x:%04x, not for %04x:%04x%s",
            first->offset, first->id.vendor, first->id.device, id.vendor, id.device,
            first->id.vendor == id.vendor ? ": if it is known to work on this device, give it the ID by `rom set-id`"
                                          : "");
}

static void judge_x86(struct court *court) {
    struct findings *findings = &court->verdict->findings;
    if (court->x86_count == 0)
        return;
    court->x86 = find_x86(court, court->purpose->firmware != FIRMWARE_BIOS);
    if (!court->x86) {
        refuse_ids(court);
        return;
    }
    court->x86_serves = court->x86->checksum == 0;
    if (!court->x86_serves)
        findings_add(
            findings, FINDING_ERROR, court->x86->offset,
            "x86 image at offset 0x%zx: its %zu bytes sum to 0x%02x instead of 0: it is damaged, or was edited "
            "without `rom fix-checksum`",
            court->x86->offset, court->x86->init_size, court->x86->checksum);
}

static void ask_seabios(struct court *court) {
    if (!boots_bios(court->purpose))
        answer(court, CONSUMER_SEABIOS, ANSWER_NOT_APPLICABLE, "the VM boots with UEFI firmware");
    else if (court->x86_count == 0)
        answer(court, CONSUMER_SEABIOS, ANSWER_NO, "there is no x86 image");
    else if (!find_x86(court, false))
        answer(court, CONSUMER_SEABIOS, ANSWER_NO, "no x86 image has the ID %04x:%04x", court->purpose->id.vendor,
               court->purpose->id.device);
    else if (find_x86(court, false)->checksum != 0)
        answer(court, CONSUMER_SEABIOS, ANSWER_NO, "the checksum of the x86 image at offset 0x%zx is wrong",
               find_x86(court, false)->offset);
    else
        answer(court, CONSUMER_SEABIOS, ANSWER_YES, "x86 image at offset 0x%zx", find_x86(court, false)->offset);
}

/* --- OVMF --------------------------------------------------------------------------------------------------------- */

/* An EFI image that no firmware of this VM loads: how bad that is depends on who would have wanted it. */
static enum finding_level level_of(const struct court *court, const struct error *reason) {
    if (!court->x86_serves)
        return FINDING_ERROR;
    if (court->purpose->firmware == FIRMWARE_BIOS)
        return FINDING_REMARK;
    return reason->code == ERROR_REFUSED ? FINDING_WARNING : FINDING_ERROR;
}

static void judge_efi(struct court *court) {
    const struct rom_image *good = NULL;
    const struct rom_image *end = NULL; /* where OVMF stops reading the chain */
    struct error reasons[ROM_IMAGES_MAX] = {0}, *first = NULL;
    for (size_t i = 0; i < court->layout.rom.count; i++) {
        const struct rom_image *image = &court->layout.rom.images[i];
        if (!end && !efi_image_is_aligned(image))
            end = image;
        if (image->code_type != ROM_CODE_EFI)
            continue;
        if (end && end != image)
            error_set(
                &reasons[i], ERROR_REFUSED,
                "EFI image at offset 0x%zx: OVMF does not come to it: the PCIR structure at 0x%zx is not on a 4-byte "
                "boundary",
                image->offset, end->pcir);
        else if (efi_image_loads(court->bytes, image, court->purpose->guest, &reasons[i]) == 0)
            good = good ? good : image;
        if (reasons[i].code == ERROR_LIMIT)
            court->verdict->findings.failed = true;
        first = reasons[i].code != ERROR_NONE && !first ? &reasons[i] : first;
    }
    for (size_t i = 0; i < court->layout.rom.count; i++)
        if (reasons[i].code != ERROR_NONE)
            findings_add(&court->verdict->findings, good ? FINDING_REMARK : level_of(court, &reasons[i]),
                         court->layout.rom.images[i].offset, "%s", reasons[i].message);

    if (court->purpose->firmware == FIRMWARE_BIOS)
        answer(court, CONSUMER_OVMF, ANSWER_NOT_APPLICABLE, "the VM boots with SeaBIOS");
    else if (good)
        answer(court, CONSUMER_OVMF, ANSWER_YES, "EFI image at offset 0x%zx", good->offset);
    else
        answer(court, CONSUMER_OVMF, ANSWER_NO, "%s", first ? first->message : "there is no EFI image");
}

/* --- the guest's driver ------------------------------------------------------------------------------------------- */

/* amdgpu maps the ROM BAR and looks at its start only. */
static void ask_amdgpu(struct court *court) {
    struct atom atom;
    const struct rom *rom = &court->layout.rom;
    court->verdict->driver = "amdgpu";
    for (size_t i = 0; i < rom->count; i++) {
        if (!atom_parse(rom_image_bytes(court->bytes, &rom->images[i]), &atom))
            continue;
        if (i == 0)
            answer(court, CONSUMER_DRIVER, ANSWER_YES, "ATOMBIOS tables%s%s", *atom.part_number ? " of " : "",
                   atom.part_number);
        else
            answer(court, CONSUMER_DRIVER, ANSWER_NO,
                   "the ATOMBIOS tables are in the image at offset 0x%zx, and amdgpu looks into the first image only: "
                   "join the images in another order",
                   rom->images[i].offset);
        return;
    }
    if (court->purpose->has_class)
        answer(court, CONSUMER_DRIVER, ANSWER_NO,
               "there are no ATOMBIOS tables: amdgpu will say \"Unable to locate a BIOS ROM\"");
    else
        answer(court, CONSUMER_DRIVER, ANSWER_UNKNOWN,
               "there are no ATOMBIOS tables: right for an audio function, but a GPU's amdgpu will say \"Unable to "
               "locate a BIOS ROM\"");
}

static void ask_intel(struct court *court) {
    struct vbt vbt;
    court->verdict->driver = "i915";
    if (vbt_find(court->bytes, &vbt))
        answer(court, CONSUMER_DRIVER, ANSWER_YES, "%s at offset 0x%zx", vbt.name, vbt.offset);
    else
        answer(court, CONSUMER_DRIVER, ANSWER_UNKNOWN,
               "there is no VBT: i915 needs one from the firmware's OpRegion, or finds its outputs by guessing");
}

static void ask_driver(struct court *court) {
    const struct rom_purpose *purpose = court->purpose;
    bool display = !purpose->has_class || purpose->class_code >> 16 == BASE_CLASS_DISPLAY;
    court->verdict->driver = "guest driver";
    if (!display)
        answer(court, CONSUMER_DRIVER, ANSWER_NOT_APPLICABLE, "the device is no display controller");
    else if (purpose->id.vendor == VENDOR_AMD)
        ask_amdgpu(court);
    else if (purpose->id.vendor == VENDOR_INTEL)
        ask_intel(court);
    else if (purpose->id.vendor == VENDOR_NVIDIA)
        answer(court, CONSUMER_DRIVER, ANSWER_NOT_APPLICABLE, "NVIDIA's driver reads the card itself, not the ROM");
    else
        answer(court, CONSUMER_DRIVER, ANSWER_NOT_APPLICABLE, "no driver is known that reads this vendor's ROM");
}

/* --- all together ------------------------------------------------------------------------------------------------- */

/* The right kind of ROM for the other kind of firmware does no harm, but somebody expects a picture. */
static void warn_of_the_other_firmware(struct court *court) {
    struct findings *findings = &court->verdict->findings;
    bool driver_reads = court->verdict->consumers[CONSUMER_DRIVER].answer == ANSWER_YES;
    if (court->purpose->firmware == FIRMWARE_UEFI && court->efi_count == 0 && court->x86)
        findings_add(findings, driver_reads ? FINDING_REMARK : FINDING_WARNING, court->x86->offset,
                     "it has only an x86 image, and this VM boots with OVMF, which loads EFI images only: no picture "
                     "before the guest's driver starts");
    if (court->purpose->firmware == FIRMWARE_BIOS && court->x86_count == 0 && court->efi_count > 0)
        findings_add(findings, FINDING_WARNING, court->first_efi,
                     "it has only an EFI image, and this VM boots with SeaBIOS, which runs x86 images only");
    if (court->verdict->consumers[CONSUMER_DRIVER].answer == ANSWER_NO)
        findings_add(findings, FINDING_WARNING, court->layout.rom.start, "%s",
                     court->verdict->consumers[CONSUMER_DRIVER].reason);
}

static void count_images(struct court *court) {
    for (size_t i = 0; i < court->layout.rom.count; i++) {
        const struct rom_image *image = &court->layout.rom.images[i];
        court->x86_count += image->code_type == ROM_CODE_X86;
        if (image->code_type == ROM_CODE_EFI && court->efi_count++ == 0)
            court->first_efi = image->offset;
    }
}

static void answer_nobody(struct court *court) {
    court->verdict->driver = "guest driver";
    for (int consumer = 0; consumer < CONSUMER_COUNT; consumer++)
        answer(court, (enum consumer)consumer, ANSWER_NO, "there is no whole image chain at offset 0");
}

void rom_judge(struct bytes bytes, const struct rom_purpose *purpose, struct rom_verdict *verdict) {
    *verdict = (struct rom_verdict){0};
    struct court court = {.bytes = bytes, .purpose = purpose, .verdict = verdict};
    rom_layout(bytes, &court.layout);
    examine_size(bytes, &verdict->findings);
    if (!examine_chain(&court.layout, &verdict->findings)) {
        answer_nobody(&court);
        return;
    }
    count_images(&court);
    judge_x86(&court);
    judge_efi(&court);
    ask_seabios(&court);
    ask_driver(&court);
    if (court.x86_count == 0 && court.efi_count == 0)
        findings_add(&verdict->findings, FINDING_ERROR, court.layout.rom.images[0].pcir,
                     "it has neither an x86 nor an EFI image (first code type: %u)",
                     court.layout.rom.images[0].code_type);
    warn_of_the_other_firmware(&court);
    examine_oddities(bytes, &court.layout, &purpose->id, &verdict->findings);
}
