/* What stands in QEMU's namespace: <qemu:commandline>, <qemu:override>, <qemu:capabilities> (libvirt docs/drvqemu). */
#include <stdio.h>
#include <string.h>

#include "domain/qemu.h"
#include "import/libvirt_parts.h"
#include "import/qemu_args.h"

/* --- arguments ---------------------------------------------------------------------------------------------------- */

#define ARGUMENTS_MAX 4096 /* libvirt's own commands have some hundreds */

/* The values of all <qemu:arg>. */
struct arguments {
    char **texts; /* our own: reading them cuts them up */
    size_t count;
};

static void arguments_free_at(struct arguments *arguments) {
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->texts[i]);
    free(arguments->texts);
}

static int add_argument(struct arguments *arguments, const char *text, struct error *err) {
    if (arguments->count == ARGUMENTS_MAX)
        return error_set(err, ERROR_LIMIT, "qemu:commandline: more than %d arguments", ARGUMENTS_MAX);
    char **texts = reallocarray(arguments->texts, arguments->count + 1, sizeof(*texts));
    if (!texts)
        return error_no_memory(err);
    arguments->texts = texts;
    texts[arguments->count] = strdup(text);
    return texts[arguments->count++] ? 0 : error_no_memory(err);
}

/* libvirt hands QEMU the arguments of all <qemu:commandline> as one line. */
static int collect_arguments(const xmlNode *root, struct arguments *arguments, struct error *err) {
    for (const xmlNode *line = tree_child_ns(root, QEMU_NAMESPACE, "commandline"); line;
         line = tree_next_ns(line, QEMU_NAMESPACE, "commandline"))
        for (const xmlNode *argument = tree_child_ns(line, QEMU_NAMESPACE, "arg"); argument;
             argument = tree_next_ns(argument, QEMU_NAMESPACE, "arg")) {
            const char *value = tree_attribute(argument, "value");
            if (!value)
                return error_set(err, ERROR_INPUT, "qemu:commandline: an <arg> has no \"value\"");
            if (add_argument(arguments, value, err) < 0)
                return -1;
        }
    return 0;
}

static int read_arg(struct libvirt_reading *reading, const char *where, const xmlNode *argument, struct error *err) {
    libvirt_note_rest(reading, where, argument, "value"); /* which collect_arguments reads */
    return import_check(reading->vm, err);
}

static int read_commandline(struct libvirt_reading *reading, const char *where, const xmlNode *line,
                            struct error *err) {
    static const struct libvirt_row rows[] = {{"arg", read_arg}};
    (void)where;
    libvirt_note_attributes(reading, "qemu:commandline", line, "");
    return libvirt_read_children(reading, "qemu:commandline", line, QEMU_NAMESPACE, rows,
                                 sizeof(rows) / sizeof(rows[0]), err);
}

/* --- properties of devices ---------------------------------------------------------------------------------------- */

static int read_property(struct libvirt_reading *reading, const char *where, const xmlNode *property,
                         struct error *err) {
    const char *name = tree_attribute(property, "name"), *value = tree_attribute(property, "value");
    const char *alias = tree_attribute(property->parent->parent, "alias");
    struct import_device *device = alias ? import_find_device(reading->vm, alias) : NULL;
    if (!device || !name || !value || tree_attribute_is(property, "type", "remove")) {
        char of[128], storage[QUOTED_MAX];
        snprintf(of, sizeof(of), "%s of \"%s\"", where, text_quotable(alias ? alias : "", storage));
        return libvirt_note_element(reading, of, property, err);
    }
    libvirt_note_rest(reading, where, property, "name type value");
    import_vfio_property(reading->vm, device, where, name, value);
    return import_check(reading->vm, err);
}

static int read_frontend(struct libvirt_reading *reading, const char *where, const xmlNode *frontend,
                         struct error *err) {
    static const struct libvirt_row rows[] = {{"property", read_property}};
    libvirt_note_attributes(reading, where, frontend, "");
    return libvirt_read_children(reading, where, frontend, QEMU_NAMESPACE, rows, sizeof(rows) / sizeof(rows[0]), err);
}

static int read_device(struct libvirt_reading *reading, const char *where, const xmlNode *device, struct error *err) {
    static const struct libvirt_row rows[] = {{"frontend", read_frontend}};
    libvirt_note_attributes(reading, where, device, "alias");
    return libvirt_read_children(reading, where, device, QEMU_NAMESPACE, rows, sizeof(rows) / sizeof(rows[0]), err);
}

static int read_override(struct libvirt_reading *reading, const char *where, const xmlNode *override,
                         struct error *err) {
    static const struct libvirt_row rows[] = {{"device", read_device}};
    (void)where;
    libvirt_note_attributes(reading, "qemu:override", override, "");
    return libvirt_read_children(reading, "qemu:override", override, QEMU_NAMESPACE, rows,
                                 sizeof(rows) / sizeof(rows[0]), err);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

int libvirt_read_qemu(struct libvirt_reading *reading, const xmlNode *root, struct error *err) {
    static const struct libvirt_row rows[] = {{"commandline", read_commandline}, {"override", read_override}};
    CLEANUP(arguments_free) struct arguments arguments = {0};
    for (const xmlNode *element = xmlFirstElementChild((xmlNode *)root); element;
         element = xmlNextElementSibling((xmlNode *)element)) {
        /* The others say what libvirt shall believe of its QEMU. */
        int (*read)(struct libvirt_reading *, const char *, const xmlNode *, struct error *) = libvirt_note_element;
        if (!element->ns || strcmp((const char *)element->ns->href, QEMU_NAMESPACE) != 0)
            continue;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            if (strcmp((const char *)element->name, rows[i].name) == 0)
                read = rows[i].read;
        if (read(reading, "qemu", element, err) < 0)
            return -1;
    }
    if (collect_arguments(root, &arguments, err) < 0)
        return -1;
    return import_qemu_args(reading->vm, "qemu:commandline", arguments.texts, arguments.count, err);
}
