#include <sodium.h>
#include <stdio.h>

#include "rom/details.h"
#include "rom/report.h"

/* jansson's set_new takes NULL for a failed value and remembers nothing: a failure is looked for at the end. */
static void set(json_t *object, const char *key, json_t *value, bool *failed) {
    if (json_object_set_new(object, key, value) < 0)
        *failed = true;
}

static void set_number(json_t *object, const char *key, size_t value, bool *failed) {
    set(object, key, json_integer((json_int_t)value), failed);
}

static void set_hex(json_t *object, const char *key, unsigned value, int digits, bool *failed) {
    char text[16];
    snprintf(text, sizeof(text), "%0*x", digits, value);
    set(object, key, json_string(text), failed);
}

static void set_id(json_t *object, const char *key, struct pci_id id, bool *failed) {
    char text[10];
    snprintf(text, sizeof(text), "%04x:%04x", id.vendor, id.device);
    set(object, key, json_string(text), failed);
}

/* A name that is no UTF-8 becomes readable. */
static void set_text(json_t *object, const char *key, const char *text, bool *failed) {
    CLEANUP(free) char *clean = utf8_sanitise(text);
    set(object, key, clean ? json_string(clean) : NULL, failed);
}

static json_t *list_json(const struct rom_details *details, bool *failed) {
    json_t *list = json_array();
    for (size_t i = 0; i < details->listed_count; i++) {
        char text[8];
        snprintf(text, sizeof(text), "%04x", details->listed[i]);
        if (json_array_append_new(list, json_string(text)) < 0)
            *failed = true;
    }
    return list;
}

static json_t *npde_json(const struct npde *npde, bool *failed) {
    json_t *object = json_object();
    set_number(object, "offset", npde->offset, failed);
    set_hex(object, "revision", npde->revision, 4, failed);
    set_number(object, "imageSize", npde->image_size, failed);
    if (npde->has_last)
        set(object, "last", json_boolean(npde->last), failed);
    if (npde->has_flags)
        set(object, "checksumDisabled", json_boolean(npde->checksum_is_off), failed);
    return object;
}

static json_t *atom_json(const struct atom *atom, bool *failed) {
    json_t *object = json_object();
    set_number(object, "offset", atom->header, failed);
    set(object, "magic", json_boolean(atom->has_magic), failed);
    set_text(object, "partNumber", atom->part_number, failed);
    set_text(object, "date", atom->date, failed);
    set_id(object, "subsystem", atom->subsystem, failed);
    return object;
}

static json_t *vbt_json(const struct vbt *vbt, bool *failed) {
    json_t *object = json_object();
    set_number(object, "offset", vbt->offset, failed);
    set_text(object, "name", vbt->name, failed);
    set_number(object, "version", vbt->version, failed);
    set_number(object, "bdbVersion", vbt->bdb_version, failed);
    set_number(object, "size", vbt->size, failed);
    set(object, "checksumIsRight", json_boolean(vbt->sum == 0), failed);
    return object;
}

static json_t *efi_json(const struct rom_image *image, const struct rom_details *details, bool *failed) {
    json_t *object = json_object();
    set_hex(object, "machine", image->efi_machine, 4, failed);
    set_number(object, "subsystem", image->efi_subsystem, failed);
    set_number(object, "compression", image->efi_compression, failed);
    set_number(object, "driverOffset", image->efi_payload, failed);
    if (details->driver_problem.code == ERROR_LIMIT)
        *failed = true;
    if (details->driver_problem.code != ERROR_NONE) {
        set_text(object, "driverProblem", details->driver_problem.message, failed);
        return object;
    }
    set_number(object, "driverSize", details->driver_size, failed);
    set_hex(object, "driverMachine", details->pe.machine, 4, failed);
    set(object, "driverIsSigned", json_boolean(details->pe.signature_size != 0), failed);
    return object;
}

static json_t *pcir_json(const struct rom_image *image, const struct rom_details *details, bool *failed) {
    json_t *object = json_object();
    set_number(object, "offset", image->pcir, failed);
    set_number(object, "length", image->pcir_length, failed);
    set_number(object, "revision", image->pcir_revision, failed);
    set_hex(object, "class", image->class_code, 6, failed);
    set_hex(object, "vendorRevision", image->vendor_revision, 4, failed);
    set(object, "last", json_boolean(image->last), failed);
    if (image->device_list) {
        set_number(object, "deviceListOffset", image->device_list, failed);
        set(object, "deviceList", list_json(details, failed), failed);
        set(object, "deviceListEnds", json_boolean(!details->list_goes_on), failed);
    }
    if (image->runtime_size)
        set_number(object, "runtimeSize", image->runtime_size, failed);
    if (image->config_utility)
        set_number(object, "configurationUtilityOffset", image->config_utility, failed);
    if (image->dmtf_clp)
        set_number(object, "dmtfClpOffset", image->dmtf_clp, failed);
    return object;
}

static json_t *image_json(struct bytes bytes, const struct rom_image *image, bool *failed) {
    struct rom_details details;
    rom_details(bytes, image, &details);
    json_t *object = json_object();
    const char *type = rom_code_type_name(image->code_type);
    set_number(object, "offset", image->offset, failed);
    set_number(object, "size", image->size, failed);
    set_number(object, "codeType", image->code_type, failed);
    if (type)
        set_text(object, "type", type, failed);
    set_id(object, "id", image->id, failed);
    set(object, "pcir", pcir_json(image, &details, failed), failed);
    if (image->code_type == ROM_CODE_X86 || image->code_type == ROM_CODE_EFI)
        set_number(object, "initialisationSize", image->init_size, failed);
    if (image->code_type == ROM_CODE_X86)
        set_number(object, "sum", image->checksum, failed);
    if (image->code_type == ROM_CODE_EFI)
        set(object, "efi", efi_json(image, &details, failed), failed);
    if (details.has_npde)
        set(object, "npde", npde_json(&details.npde, failed), failed);
    if (details.has_atom)
        set(object, "atombios", atom_json(&details.atom, failed), failed);
    if (details.has_vbt)
        set(object, "vbt", vbt_json(&details.vbt, failed), failed);
    return object;
}

static json_t *private_json(const struct nvidia_image *image, bool *failed) {
    json_t *object = json_object();
    set_number(object, "offset", image->offset, failed);
    set_number(object, "size", image->size, failed);
    set_text(object, "signature", image->signature, failed);
    set_number(object, "codeType", image->code_type, failed);
    set_id(object, "id", image->id, failed);
    set(object, "last", json_boolean(image->last), failed);
    return object;
}

static json_t *front_json(const struct rom_layout *layout, bool *failed) {
    static const char *const kinds[] = {
        [ROM_FRONT_NVGI] = "nvgi", [ROM_FRONT_AMD_FLASH] = "amd-flash", [ROM_FRONT_OTHER] = "other"};
    json_t *object = json_object();
    set_text(object, "kind", kinds[layout->front], failed);
    set_number(object, "size", layout->rom.start, failed);
    if (layout->front == ROM_FRONT_NVGI)
        set_number(object, "version", layout->nvgi.version, failed);
    return object;
}

static json_t *isa_json(const struct rom_layout *layout, bool *failed) {
    json_t *object = json_object();
    set_number(object, "size", layout->isa_size, failed);
    return object;
}

static json_t *images_json(struct bytes bytes, const struct rom_layout *layout, bool *failed) {
    json_t *list = json_array();
    for (size_t i = 0; i < layout->rom.count; i++)
        if (json_array_append_new(list, image_json(bytes, &layout->rom.images[i], failed)) < 0)
            *failed = true;
    return list;
}

static json_t *private_images_json(const struct rom_layout *layout, bool *failed) {
    json_t *list = json_array();
    for (size_t i = 0; i < layout->hidden.count; i++)
        if (json_array_append_new(list, private_json(&layout->hidden.images[i], failed)) < 0)
            *failed = true;
    return list;
}

static json_t *finding_json(const struct finding *finding, bool *failed) {
    json_t *object = json_object();
    set_text(object, "level", finding_level_name(finding->level), failed);
    set_number(object, "offset", finding->offset, failed);
    set_text(object, "text", finding->text, failed);
    return object;
}

static json_t *findings_json(const struct findings *findings, bool *failed) {
    json_t *list = json_array();
    *failed = *failed || findings->failed;
    for (size_t i = 0; i < findings->count; i++)
        if (json_array_append_new(list, finding_json(&findings->list[i], failed)) < 0)
            *failed = true;
    return list;
}

static json_t *finish(json_t *object, bool failed) {
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

json_t *rom_report_json(const char *name, struct bytes bytes, const struct rom_layout *layout,
                        const struct findings *findings) {
    bool failed = false;
    uint8_t sha256[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(sha256) + 1];
    crypto_hash_sha256(sha256, bytes.data, bytes.size);
    json_t *object = json_object();
    set_text(object, "file", name, &failed);
    set_number(object, "size", bytes.size, &failed);
    set_text(object, "sha256", sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)), &failed);
    if (layout->front != ROM_FRONT_NONE)
        set(object, "front", front_json(layout, &failed), &failed);
    if (layout->is_isa)
        set(object, "isaImage", isa_json(layout, &failed), &failed);
    set(object, "images", images_json(bytes, layout, &failed), &failed);
    set(object, "privateImages", private_images_json(layout, &failed), &failed);
    set_number(object, "end", layout->end, &failed);
    set_number(object, "trailingSize", bytes.size - layout->end, &failed);
    set(object, "findings", findings_json(findings, &failed), &failed);
    return finish(object, failed);
}

static json_t *consumer_json(const struct rom_verdict *verdict, enum consumer consumer, bool *failed) {
    json_t *object = json_object();
    set_text(object, "name", consumer_name(verdict, consumer), failed);
    set_text(object, "answer", answer_name(verdict->consumers[consumer].answer), failed);
    set_text(object, "reason", verdict->consumers[consumer].reason, failed);
    return object;
}

json_t *rom_verdict_json(const char *name, const struct rom_purpose *purpose, const struct rom_verdict *verdict) {
    bool failed = false;
    json_t *object = json_object(), *consumers = json_array();
    set_text(object, "file", name, &failed);
    set_id(object, "device", purpose->id, &failed);
    set_text(object, "firmware", firmware_name(purpose->firmware), &failed);
    set(object, "good", json_boolean(!findings_first(&verdict->findings, FINDING_ERROR)), &failed);
    for (int i = 0; i < CONSUMER_COUNT; i++)
        if (json_array_append_new(consumers, consumer_json(verdict, (enum consumer)i, &failed)) < 0)
            failed = true;
    set(object, "consumers", consumers, &failed);
    set(object, "findings", findings_json(&verdict->findings, &failed), &failed);
    return finish(object, failed);
}
