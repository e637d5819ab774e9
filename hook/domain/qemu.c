#include "domain/qemu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX      "qemu"
#define OVMF_WINDOW "opt/ovmf/X-PciMmio64Mb"

static const char *const type_names[] = {
    [PROPERTY_STRING] = "string", [PROPERTY_UNSIGNED] = "unsigned", [PROPERTY_BOOL] = "bool"};

static xmlNode *first(const xmlNode *parent, const char *name) {
    return tree_child_ns(parent, QEMU_NAMESPACE, name);
}

static xmlNode *next(const xmlNode *sibling, const char *name) {
    return tree_next_ns(sibling, QEMU_NAMESPACE, name);
}

static xmlNode *add(struct tree *tree, xmlNode *parent, const char *name, struct error *err) {
    return tree_add_child_ns(tree, parent, QEMU_NAMESPACE, PREFIX, name, err);
}

static xmlNode *first_or_add(struct tree *tree, xmlNode *parent, const char *name, struct error *err) {
    xmlNode *found = first(parent, name);
    return found ? found : add(tree, parent, name, err);
}

/* --- properties of devices ------------------------------------------------------------------------------------ */

/* A property with the elements around it; {0} is before the first. libvirt merges all blocks, so all are walked. */
struct place {
    xmlNode *override, *device, *frontend, *property;
};

/* To the next property of any device. Returns false behind the last. */
static bool step(const xmlNode *root, struct place *place) {
    if (place->property && (place->property = next(place->property, "property")))
        return true;
    for (;;) {
        if (place->frontend)
            place->frontend = next(place->frontend, "frontend");
        while (!place->frontend) {
            place->device = place->device ? next(place->device, "device") : NULL;
            while (!place->device) {
                place->override = place->override ? next(place->override, "override") : first(root, "override");
                if (!place->override)
                    return false;
                place->device = first(place->override, "device");
            }
            place->frontend = first(place->device, "frontend");
        }
        if ((place->property = first(place->frontend, "property")))
            return true;
    }
}

/* The next property of that name for the alias behind *place, which moves there, or NULL. */
static xmlNode *find_property(const xmlNode *root, const char *alias, const char *name, struct place *place) {
    while (step(root, place))
        if (tree_attribute_is(place->device, "alias", alias) && tree_attribute_is(place->property, "name", name))
            return place->property;
    return NULL;
}

/* The <qemu:frontend> of the alias. */
static xmlNode *make_frontend(struct tree *tree, xmlNode *root, const char *alias, struct error *err) {
    xmlNode *override = first_or_add(tree, root, "override", err);
    if (!override)
        return NULL;
    xmlNode *device = first(override, "device");
    while (device && !tree_attribute_is(device, "alias", alias))
        device = next(device, "device");
    if (!device &&
        (!(device = add(tree, override, "device", err)) || tree_set_attribute(tree, device, "alias", alias, err) < 0))
        return NULL;
    return first_or_add(tree, device, "frontend", err);
}

/* QEMU would not know which one counts. */
static void remove_seconds(struct tree *tree, const xmlNode *root, const char *alias, const char *name) {
    for (;;) {
        struct place place = {0};
        find_property(root, alias, name, &place);
        xmlNode *second = find_property(root, alias, name, &place);
        if (!second)
            return;
        tree_remove(tree, second);
    }
}

static int set_property(struct tree *tree, const char *alias, const struct property *property, struct error *err) {
    xmlNode *root = xmlDocGetRootElement(tree->document), *frontend;
    struct place place = {0};
    xmlNode *found = find_property(root, alias, property->name, &place);
    if (!found &&
        (!(frontend = make_frontend(tree, root, alias, err)) || !(found = add(tree, frontend, "property", err))))
        return -1;
    if (tree_set_attribute(tree, found, "name", property->name, err) < 0 ||
        tree_set_attribute(tree, found, "type", type_names[property->type], err) < 0 ||
        tree_set_attribute(tree, found, "value", property->value, err) < 0)
        return -1;
    remove_seconds(tree, root, alias, property->name);
    return 0;
}

int qemu_set_properties(struct tree *tree, const char *alias, const struct property *properties, size_t count,
                        struct error *err) {
    for (size_t i = 0; i < count; i++)
        if (set_property(tree, alias, &properties[i], err) < 0)
            return -1;
    return 0;
}

bool qemu_has_properties(const xmlNode *root, const char *alias, const struct property *properties, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct place place = {0};
        const xmlNode *found = find_property(root, alias, properties[i].name, &place);
        if (!found || !tree_attribute_is(found, "type", type_names[properties[i].type]) ||
            !tree_attribute_is(found, "value", properties[i].value) ||
            find_property(root, alias, properties[i].name, &place))
            return false;
    }
    return true;
}

/* --- OVMF's window -------------------------------------------------------------------------------------------- */

/* QEMU takes options with one dash or two. */
static xmlNode *option_before(const xmlNode *argument) {
    xmlNode *option = xmlPreviousElementSibling((xmlNode *)argument);
    return option && (tree_attribute_is(option, "value", "-fw_cfg") || tree_attribute_is(option, "value", "--fw_cfg"))
               ? option
               : NULL;
}

/* What follows the next comma, or NULL. Two commas are one in a value. */
static const char *next_part(const char *value) {
    while ((value = strchr(value, ',')) && value[1] == ',')
        value += 2;
    return value ? value + 1 : NULL;
}

/* Is it the value of a -fw_cfg that sets the window? The name may stand in any part, and in the first without "name=".
 */
static bool sets_window(const xmlNode *argument) {
    const char *whole = tree_attribute(argument, "value");
    size_t size = strlen(OVMF_WINDOW);
    if (!whole || !option_before(argument))
        return false;
    for (const char *part = whole; part; part = next_part(part)) {
        bool named = strncmp(part, "name=", strlen("name=")) == 0;
        const char *name = named ? part + strlen("name=") : part;
        if ((named || part == whole) && strncmp(name, OVMF_WINDOW, size) == 0 &&
            (name[size] == '\0' || (name[size] == ',' && name[size + 1] != ',')))
            return true;
    }
    return false;
}

/* The next such argument behind `after`, or the first. */
static xmlNode *find_window(const xmlNode *root, const xmlNode *after) {
    const xmlNode *list = after ? after->parent : first(root, "commandline");
    for (; list; list = next(list, "commandline"), after = NULL) {
        xmlNode *argument = after ? next(after, "arg") : first(list, "arg");
        for (; argument; argument = next(argument, "arg"))
            if (sets_window(argument))
                return argument;
    }
    return NULL;
}

xmlNode *qemu_find_ovmf_window(const xmlNode *root) {
    return find_window(root, NULL);
}

static void format_window(uint64_t mib, char text[64]) {
    snprintf(text, 64, "name=" OVMF_WINDOW ",string=%" PRIu64, mib);
}

static int add_argument(struct tree *tree, xmlNode *list, const char *value, struct error *err) {
    xmlNode *argument = add(tree, list, "arg", err);
    return argument ? tree_set_attribute(tree, argument, "value", value, err) : -1;
}

int qemu_set_ovmf_window(struct tree *tree, uint64_t mib, struct error *err) {
    xmlNode *root = xmlDocGetRootElement(tree->document), *found = find_window(root, NULL);
    char text[64];
    format_window(mib, text);
    if (!found) {
        xmlNode *list = first_or_add(tree, root, "commandline", err);
        return list && add_argument(tree, list, "-fw_cfg", err) == 0 ? add_argument(tree, list, text, err) : -1;
    }
    if (tree_set_attribute(tree, found, "value", text, err) < 0)
        return -1;
    for (xmlNode *second = find_window(root, found); second; second = find_window(root, found)) {
        tree_remove(tree, option_before(second));
        tree_remove(tree, second);
    }
    return 0;
}

bool qemu_has_ovmf_window(const xmlNode *root, uint64_t mib) {
    char text[64];
    xmlNode *found = find_window(root, NULL);
    format_window(mib, text);
    return found && tree_attribute_is(found, "value", text) && !find_window(root, found);
}
