#include "import/result.h"
#include "import/yaml.h"

/* A document, with a comment before it. */
static void append_document(struct buffer *text, const char *comment, const json_t *object) {
    buffer_printf(text, "---\n# %s\n", comment);
    yaml_append(text, object, 0);
}

static void append_list(struct buffer *text, const char *title, const json_t *list, const char *mark) {
    size_t i;
    json_t *element;
    if (json_array_size(list) == 0)
        return;
    buffer_printf(text, "\n# %s\n", title);
    json_array_foreach((json_t *)list, i, element) buffer_printf(text, "#%s%s\n", mark, json_string_value(element));
}

/* In one line: they are many, and each is a word. */
static void append_others(struct buffer *text, const json_t *others) {
    size_t i;
    json_t *element;
    if (json_array_size(others) == 0)
        return;
    buffer_append_text(text, "\n# No matter of passthrough, to be moved by other means:");
    json_array_foreach((json_t *)others, i, element)
        buffer_printf(text, "%s%s", i ? ", " : "\n#   ", json_string_value(element));
    buffer_append_text(text, "\n");
}

int import_result_text(const json_t *result, const char *source, struct buffer *text, struct error *err) {
    const json_t *kubevirt = json_object_get(result, "kubevirt");
    CLEANUP(free) char *name = utf8_sanitise(source);
    if (!name)
        return error_no_memory(err);
    text_make_printable(name);
    buffer_printf(text,
                  "# From %s: what GPU passthrough needs of it. Disks, networks, memory and the like are not in it.\n",
                  name);
    append_document(text, "Merge into your VirtualMachine. deviceName: as your device plugin calls it.",
                    json_object_get(result, "virtualMachine"));
    if (kubevirt)
        append_document(
            text, "Merge into the KubeVirt object, unless another device plugin (NVIDIA's, Harvester's) has them.",
            kubevirt);
    append_list(text, "The ROM bundle; on the old host, where its files are:", json_object_get(result, "bundle"),
                "   ");
    append_list(text, "To be known, or without counterpart:", json_object_get(result, "notes"), " - ");
    append_others(text, json_object_get(result, "others"));
    return buffer_check(text, err);
}
