#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/rom.h"
#include "host/identity.h"
#include "rom/examine.h"

enum { KEY_FORCE = 'f', KEY_OUTPUT = 'o', KEY_DEVICE = 'd', KEY_CLASS = 2000, KEY_FIRMWARE, KEY_ARCH, KEY_SYSFS };

int rom_read_file(const char *path, struct buffer *content, struct error *err) {
    return file_read(path, ROM_FILE_MAX, content, err);
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */

void file_names_add(struct file_names *names, char *name, const struct argp_state *state) {
    if (names->count == names->most)
        argp_error(state, "one file too many: '%s'; wanted: %s", name, names->what);
    else
        names->names[names->count++] = name;
}

void file_names_check(const struct file_names *names, const struct argp_state *state) {
    if (names->count < names->least)
        argp_error(state, "a file is missing; wanted: %s", names->what);
}

static error_t parse_output(int key, char *argument, struct argp_state *state) {
    (void)argument;
    struct output *output = state->input;
    if (key != KEY_FORCE)
        return ARGP_ERR_UNKNOWN;
    output->force = true;
    return 0;
}

static const struct argp_option output_options[] = {
    {"force", KEY_FORCE, NULL, 0, "replace a file that exists (never the input)", 0}, {0}};
const struct argp output_argp = {output_options, parse_output, NULL, NULL, NULL, NULL, NULL};

static error_t parse_report(int key, char *argument, struct argp_state *state) {
    static const char *const names[] = {[REPORT_TREE] = "tree", [REPORT_JSON] = "json"};
    enum report_format *format = state->input;
    if (key != KEY_OUTPUT)
        return ARGP_ERR_UNKNOWN;
    int found = text_choice(argument, names, sizeof(names) / sizeof(names[0]));
    if (found < 0)
        argp_error(state, "--output: '%s' is neither tree nor json", argument);
    else
        *format = (enum report_format)found;
    return 0;
}

static const struct argp_option report_options[] = {
    {"output", KEY_OUTPUT, "tree|json", 0, "for people (the default), or for scripts", 0}, {0}};
const struct argp report_argp = {report_options, parse_report, NULL, NULL, NULL, NULL, NULL};

int class_parse(const char *text, uint32_t *class_code) {
    uint32_t value;
    size_t digits = strlen(text);
    if ((digits != 4 && digits != 6) || text_parse_hex(text, 6, &value) < 0)
        return -1;
    *class_code = digits == 4 ? value << 8 : value;
    return 0;
}

const char *device_check(const char *argument, const struct argp_state *state) {
    struct pci_id id;
    struct pci_address address;
    if (pci_id_parse(argument, &id) < 0 && pci_address_parse(argument, &address) < 0)
        argp_error(
            state,
            "--device: '%s' is no device: write vendor:device in hexadecimal, as 1002:1681, or a host address, as "
            "0000:e5:00.0",
            argument);
    return argument;
}

static error_t parse_purpose(int key, char *argument, struct argp_state *state) {
    struct purpose_options *options = state->input;
    switch (key) {
    case KEY_DEVICE:
        options->device = device_check(argument, state);
        return 0;
    case KEY_CLASS:
        if (class_parse(argument, &options->class_code) < 0)
            argp_error(state, "--class: '%s' is not four or six hexadecimal digits, as 0300 for a VGA controller",
                       argument);
        options->has_class = true;
        return 0;
    case KEY_FIRMWARE:
        if (firmware_parse(argument, &options->firmware) < 0)
            argp_error(state, "--firmware: '%s' is none of bios, uefi, any", argument);
        return 0;
    case KEY_ARCH:
        options->guest = guest_machine_parse(argument);
        if (options->guest == GUEST_ANY)
            argp_error(state, "--arch: '%s' is neither x86_64 nor aarch64", argument);
        return 0;
    case KEY_SYSFS:
        options->sysfs = argument;
        return 0;
    case ARGP_KEY_END:
        if (!options->device && !options->device_is_optional)
            argp_error(state, "--device is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option purpose_options[] = {
    {"device", KEY_DEVICE, "V:D|ADDRESS", 0, "the device that the ROM is for: its ID (1002:1681), or its host address",
     0},
    {"firmware", KEY_FIRMWARE, "bios|uefi|any", 0, "what the VM boots with (default any)", 0},
    {"class", KEY_CLASS, "CLASS", 0, "the device's class (0300: a VGA controller), where no host address tells it", 0},
    {"arch", KEY_ARCH, "x86_64|aarch64", 0, "the VM's architecture (default: either)", 0},
    {"sysfs", KEY_SYSFS, "DIR", 0, "where a host address is looked up (default /sys)", 0},
    {0},
};
const struct argp purpose_argp = {purpose_options, parse_purpose, NULL, NULL, NULL, NULL, NULL};

int device_resolve(const char *device, const char *sysfs, struct pci_identity *identity, bool *known,
                   struct error *err) {
    struct pci_address address;
    struct host_device host;
    *identity = (struct pci_identity){0};
    *known = false;
    if (pci_id_parse(device, &identity->id) == 0)
        return 0;
    if (pci_address_parse(device, &address) < 0)
        return error_set(err, ERROR_INPUT, "\"%s\" is no device", device);
    sysfs = sysfs ? sysfs : "/sys";
    if (host_read_device(&(struct sysfs){.root = sysfs}, address, &host, err) < 0)
        return -1;
    if (host.state == HOST_ABSENT)
        return error_set(err, ERROR_INPUT, "there is no device %s below %s", device, sysfs);
    if (host.state != HOST_PRESENT)
        return error_set(err, ERROR_INPUT, "device %s cannot be read: %s", device, host.reason);
    *identity = host.identity;
    *known = true;
    return 0;
}

int purpose_resolve(const struct purpose_options *options, struct rom_purpose *purpose, struct error *err) {
    struct pci_identity identity;
    bool known;
    if (device_resolve(options->device, options->sysfs, &identity, &known, err) < 0)
        return -1;
    *purpose = (struct rom_purpose){
        .id = identity.id,
        .firmware = options->firmware,
        .guest = options->guest,
        .has_class = options->has_class || known,
        .class_code = options->has_class ? options->class_code : identity.class_code,
    };
    return 0;
}

/* --- results ------------------------------------------------------------------------------------------------------ */

int rom_write_result(const struct output *output, const char *const *inputs, size_t count, struct bytes content,
                     struct error *err) {
    if (output_check(output, inputs, count, err) < 0 || output_write(output, content, err) < 0)
        return -1;
    uint8_t sha256[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(sha256) + 1];
    bool piped = strcmp(output->path, "-") == 0;
    FILE *stream = piped ? stderr : stdout;
    struct rom_layout layout;
    struct findings findings = {0};
    crypto_hash_sha256(sha256, content.data, content.size);
    fprintf(stream, "%s: %zu bytes, SHA-256 %s\n", piped ? "standard output" : output->path, content.size,
            sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)));
    rom_layout(content, &layout);
    rom_examine(content, &layout, &findings);
    if (findings_check(&findings, err) < 0)
        return -1;
    for (size_t i = 0; i < findings.count; i++)
        if (findings.list[i].level != FINDING_REMARK)
            fprintf(stderr, "%s: 0x%zx: %s\n", finding_level_name(findings.list[i].level), findings.list[i].offset,
                    findings.list[i].text);
    return 0;
}

int rom_report_error(const char *file, const struct error *err) {
    if (file)
        fprintf(stderr, "error: %s: %s\n", file, err->message);
    else
        fprintf(stderr, "error: %s\n", err->message);
    return EXIT_BAD;
}
