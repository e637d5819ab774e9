#include "import/proxmox.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/cpu.h"
#include "import/proxmox_hostpci.h"
#include "import/qemu_args.h"
#include "import/words.h"

/* More lines than any VM has. */
#define LINES_MAX 1024
#define ARGS_MAX  256

struct line {
    char *key, *value;
};

struct conf {
    char *text; /* ours; lines point into it */
    struct line lines[LINES_MAX];
    size_t count;
    const char *section; /* the first: nothing from there on is the VM as it is now */
};

static const char *find(const struct conf *conf, const char *key) {
    for (size_t i = 0; i < conf->count; i++)
        if (strcmp(conf->lines[i].key, key) == 0)
            return conf->lines[i].value;
    return NULL;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static char *trim(char *text) {
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text + strspn(text, " \t");
}

static int split(struct conf *conf, struct error *err) {
    size_t number = 0;
    for (char *rest = conf->text, *line; (line = strsep(&rest, "\n"));) {
        number++;
        line = trim(line);
        if (*line == '[') {
            conf->section = line;
            return 0;
        }
        char *colon = strchr(line, ':');
        if (*line == '\0' || *line == '#') /* the description */
            continue;
        if (!colon || colon == line)
            return error_set(err, ERROR_INPUT, "line %zu: \"%.60s\" is no \"key: value\"", number, line);
        if (conf->count == LINES_MAX)
            return error_set(err, ERROR_LIMIT, "it has more than %d lines", LINES_MAX);
        *colon = '\0';
        conf->lines[conf->count++] = (struct line){line, trim(colon + 1)};
    }
    return 0;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

/* What reading a key's value is given. */
struct reading {
    struct import_vm *vm;
    const struct conf *conf;
    const struct proxmox_machine *machine;
};

static int read_name(const struct reading *reading, const char *key, char *value, struct error *err) {
    import_set_name(reading->vm, key, value);
    return import_check(reading->vm, err);
}

static int read_bios(const struct reading *reading, const char *key, char *value, struct error *err) {
    const char *disk = find(reading->conf, "efidisk0");
    bool secure = disk && strstr(disk, "pre-enrolled-keys=1");
    if (strcmp(value, "ovmf") == 0) {
        import_domain(reading->vm, "firmware.bootloader.efi.secureBoot", json_boolean(secure));
        if (secure)
            import_domain(reading->vm, "features.smm", json_object());
    } else if (strcmp(value, "seabios") != 0) {
        return error_set(err, ERROR_INPUT, "%s: \"%s\" is neither seabios nor ovmf", key, value);
    }
    return import_check(reading->vm, err);
}

static int read_machine(const struct reading *reading, const char *key, char *value, struct error *err) {
    char *property, *of;
    while ((property = next_property(&value, &of))) {
        const char *type = !of ? property : strcmp(property, "type") == 0 ? of : NULL;
        if (!type)
            import_note(reading->vm, "%s: %s=%s has no counterpart", key, property, of);
        else if (strpbrk(type, "0123456789-") && strcmp(type, "q35") != 0)
            import_note(reading->vm, "%s: the version of %s is Proxmox' own: KubeVirt has others", key, type);
    }
    return import_check(reading->vm, err);
}

static int read_cpu(const struct reading *reading, const char *key, char *value, struct error *err) {
    char *property, *of;
    while ((property = next_property(&value, &of))) {
        if (!of || strcmp(property, "cputype") == 0)
            import_cpu_model(reading->vm, key, of ? of : property);
        else if (strcmp(property, "hv-vendor-id") == 0)
            import_hyperv_vendor(reading->vm, key, of);
        else if (strcmp(property, "phys-bits") == 0)
            import_phys_bits(reading->vm, key, of);
        else if (strcmp(property, "hidden") == 0 && strcmp(of, "0") != 0)
            import_hide_kvm(reading->vm);
        else if (strcmp(property, "flags") == 0)
            for (char *flag; (flag = strsep(&of, ";"));)
                import_cpu_property(reading->vm, key, flag, NULL);
        else if (strcmp(property, "hidden") != 0)
            import_note(reading->vm, "%s: %s=%s has no counterpart", key, property, of);
    }
    return import_check(reading->vm, err);
}

static int read_vga(const struct reading *reading, const char *key, char *value, struct error *err) {
    char *property, *of;
    while ((property = next_property(&value, &of))) {
        const char *type = !of ? property : strcmp(property, "type") == 0 ? of : NULL;
        if (type && strcmp(type, "none") == 0)
            import_domain(reading->vm, "devices.autoattachGraphicsDevice", json_false());
        else if (type)
            import_note(reading->vm, "%s: %s: KubeVirt has its own emulated video, with VNC", key, type);
        else
            import_note(reading->vm, "%s: %s=%s has no counterpart", key, property, of);
    }
    return import_check(reading->vm, err);
}

static int read_args(const struct reading *reading, const char *key, char *value, struct error *err) {
    char *words[ARGS_MAX], *rest = value;
    size_t count = 0;
    struct error problem = {0};
    while ((words[count] = next_word(&rest, &problem)))
        if (++count == ARGS_MAX)
            return error_set(err, ERROR_LIMIT, "%s: more than %d arguments", key, ARGS_MAX - 1);
    if (problem.code != ERROR_NONE)
        return error_set(err, ERROR_INPUT, "%s: %s", key, problem.message);
    return import_qemu_args(reading->vm, key, words, count, err);
}

/* The window that the disk of OVMF's variables stands for is KubeVirt's to make. */
static int read_efidisk(const struct reading *reading, const char *key, char *value, struct error *err) {
    (void)value;
    import_note(reading->vm, "%s: OVMF's variables are not taken over: the guest's boot entries are made anew", key);
    return import_check(reading->vm, err);
}

/* A key without a row is no matter of passthrough: disks, networks, memory and the like. "hostpci" has numbers. "args"
 * may speak of the devices, so it comes last. */
static const struct {
    const char *key;
    int (*read)(const struct reading *reading, const char *key, char *value, struct error *err);
} keys[] = {
    {"name", read_name}, {"bios", read_bios},        {"machine", read_machine}, {"cpu", read_cpu},
    {"vga", read_vga},   {"efidisk0", read_efidisk}, {"args", read_args},
};

static bool is_hostpci(const char *key) {
    static const char prefix[] = "hostpci";
    size_t digits = strlen(key) - (sizeof(prefix) - 1);
    return strncmp(key, prefix, sizeof(prefix) - 1) == 0 && digits >= 1 && digits <= 2 &&
           strspn(key + sizeof(prefix) - 1, "0123456789") == digits;
}

static bool has_row(const char *key) {
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(key, keys[i].key) == 0)
            return true;
    return is_hostpci(key);
}

static int read_all(const struct reading *reading, struct error *err) {
    const struct conf *conf = reading->conf;
    for (size_t i = 0; i < conf->count; i++) {
        if (!has_row(conf->lines[i].key))
            import_other(reading->vm, conf->lines[i].key);
        else if (is_hostpci(conf->lines[i].key) &&
                 proxmox_read_hostpci(reading->vm, reading->machine, conf->lines[i].key, conf->lines[i].value, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        for (size_t j = 0; j < conf->count; j++)
            if (strcmp(conf->lines[j].key, keys[i].key) == 0 &&
                keys[i].read(reading, conf->lines[j].key, conf->lines[j].value, err) < 0)
                return -1;
    return import_check(reading->vm, err);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void note_rest(const struct reading *reading) {
    if (reading->conf->section)
        import_note(reading->vm, "what stands from %s on (snapshots, pending changes) is not looked at",
                    reading->conf->section);
    if (!json_object_get(json_object_get(reading->vm->domain, "cpu"), "model") && !find(reading->conf, "cpu"))
        import_note(reading->vm, "cpu: nothing is said: KubeVirt's default (host-model) is left");
}

static int check_text(struct bytes text, struct error *err) {
    if (text.size == 0)
        return error_set(err, ERROR_INPUT, "it is empty");
    size_t valid = utf8_valid_prefix(text);
    const uint8_t *zero = memchr(text.data, 0, valid);
    if (zero || valid < text.size)
        return error_set(err, ERROR_INPUT, "it is no text in UTF-8: see its byte %zu",
                         zero ? (size_t)(zero - text.data) : valid);
    return 0;
}

int import_proxmox(const struct proxmox_source *source, struct import_vm *vm, struct error *err) {
    CLEANUP(free) struct conf *conf = calloc(1, sizeof(*conf));
    if (check_text(source->conf, err) < 0)
        return -1;
    if (source->mapping.size && check_text(source->mapping, err) < 0)
        return error_prefix(err, "the mappings");
    CLEANUP(free) char *text = strndup((const char *)source->conf.data, source->conf.size);
    if (!conf || !text)
        return error_no_memory(err);
    conf->text = text;
    if (split(conf, err) < 0)
        return -1;
    const char *said = find(conf, "machine"), *bios = find(conf, "bios"), *os = find(conf, "ostype");
    const struct proxmox_machine machine = {.is_ovmf = bios && strcmp(bios, "ovmf") == 0,
                                            .is_q35 = said && strstr(said, "q35"),
                                            .is_windows = os && *os == 'w',
                                            .has_vga = find(conf, "vga"),
                                            .mapping = source->mapping,
                                            .node = source->node};
    const struct reading reading = {vm, conf, &machine};
    if (read_all(&reading, err) < 0)
        return -1;
    import_machine(vm, machine.is_q35, said ? said : "Proxmox' default");
    note_rest(&reading);
    return import_check(vm, err);
}
