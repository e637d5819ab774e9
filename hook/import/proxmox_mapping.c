#include "import/proxmox_mapping.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/words.h"

static int read_map(char *text, struct mapped_device *device) {
    char *key, *value;
    *device = (struct mapped_device){0};
    while ((key = next_property(&text, &value))) {
        if (!value)
            return -1;
        if (strcmp(key, "node") == 0 && strlen(value) < sizeof(device->node))
            snprintf(device->node, sizeof(device->node), "%s", value);
        else if (strcmp(key, "path") == 0 && strlen(value) < sizeof(device->path))
            snprintf(device->path, sizeof(device->path), "%s", value);
        else if (strcmp(key, "id") == 0)
            device->has_id = pci_id_parse(value, &device->id) == 0;
        else if (strcmp(key, "subsystem-id") == 0)
            device->has_subsystem = pci_id_parse(value, &device->subsystem) == 0;
    }
    return device->node[0] && device->path[0] ? 0 : -1;
}

/* One line of the wanted section, without its indent. */
static int read_line(char *line, const char *node, struct mapping_found *found) {
    struct mapped_device device;
    if (strncmp(line, "map", 3) != 0 || !isspace((unsigned char)line[3]))
        return 0; /* a description, or what marks it as able to have mediated devices */
    if (read_map(line + 3 + strspn(line + 3, " \t"), &device) < 0)
        return -1;
    if (found->has_device || (node && strcmp(node, device.node) != 0)) {
        found->others++;
    } else {
        found->device = device;
        found->has_device = true;
    }
    return 0;
}

int proxmox_mapping_find(struct bytes text, const char *name, const char *node, struct mapping_found *found,
                         struct error *err) {
    *found = (struct mapping_found){0};
    if (text.size == 0)
        return 0;
    CLEANUP(free) char *copy = strndup((const char *)text.data, text.size);
    bool is_inside = false;
    size_t number = 0;
    if (!copy)
        return error_no_memory(err);
    for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
        number++;
        char *end = line + strlen(line), *start = line + strspn(line, " \t");
        while (end > line && isspace((unsigned char)end[-1]))
            *--end = '\0';
        if (*start == '\0' || *start == '#')
            continue;
        if (start == line) {
            is_inside = strcmp(line, name) == 0;
            found->has_section = found->has_section || is_inside;
        } else if (is_inside && read_line(start, node, found) < 0) {
            return error_set(err, ERROR_INPUT, "the mapping \"%s\" has no node or no path in line %zu", name, number);
        }
    }
    return 0;
}
