#include "import/libvirt_reading.h"

#include <string.h>

static bool is_among(const char *words, const char *name) {
    size_t size = strlen(name);
    for (const char *word = words; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (length == size && strncmp(word, name, size) == 0)
            return true;
        word += length;
    }
    return false;
}

static bool is_known(const xmlAttr *attribute, const char *known) {
    return !attribute->ns && is_among(known, (const char *)attribute->name);
}

static void append_name(struct buffer *text, const xmlNs *namespace, const xmlChar *name) {
    if (namespace && namespace->prefix)
        buffer_printf(text, "%s:", (const char *)namespace->prefix);
    buffer_append_text(text, (const char *)name);
}

/* A start tag with those attributes that are not known. Returns how many these are. */
static size_t append_tag(struct buffer *text, const xmlNode *element, const char *known) {
    size_t count = 0;
    char storage[QUOTED_MAX];
    buffer_append_text(text, "<");
    append_name(text, element->ns, element->name);
    for (const xmlAttr *attribute = element->properties; attribute; attribute = attribute->next) {
        if (is_known(attribute, known))
            continue;
        const char *value = attribute->children ? (const char *)attribute->children->content : "";
        buffer_append_text(text, " ");
        append_name(text, attribute->ns, attribute->name);
        buffer_printf(text, "=\"%s\"", text_quotable(value, storage));
        count++;
    }
    buffer_append_text(text, ">");
    return count;
}

void libvirt_append_element(struct buffer *text, const xmlNode *element) {
    char storage[QUOTED_MAX];
    const xmlNode *child = xmlFirstElementChild((xmlNode *)element);
    append_tag(text, element, "");
    if (!child && *tree_text(element))
        buffer_printf(text, "%s</%s>", text_quotable(tree_text(element), storage), (const char *)element->name);
    for (; child; child = xmlNextElementSibling((xmlNode *)child)) /* at most TREE_DEPTH_MAX levels */
        libvirt_append_element(text, child);
}

static void note_text(struct libvirt_reading *reading, const char *where, const struct buffer *text) {
    if (text->failed)
        reading->vm->failed = true;
    else
        import_note(reading->vm, "%s: %.*s has no counterpart", where, (int)text->size, text->data);
}

int libvirt_note_element(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                         struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    libvirt_append_element(&text, element);
    note_text(reading, where, &text);
    return import_check(reading->vm, err);
}

void libvirt_note_attributes(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                             const char *known) {
    CLEANUP(buffer_free) struct buffer text = {0};
    if (append_tag(&text, element, known) || text.failed)
        note_text(reading, where, &text);
}

void libvirt_note_rest(struct libvirt_reading *reading, const char *where, const xmlNode *element, const char *known) {
    struct error none = {0}; /* a failure is remembered in the VM */
    libvirt_note_attributes(reading, where, element, known);
    libvirt_read_children(reading, where, element, NULL, NULL, 0, &none);
}

static bool is_in(const xmlNode *element, const char *href) {
    return href ? element->ns && strcmp((const char *)element->ns->href, href) == 0 : !element->ns;
}

int libvirt_read_children(struct libvirt_reading *reading, const char *where, const xmlNode *parent, const char *href,
                          const struct libvirt_row *rows, size_t count, struct error *err) {
    for (const xmlNode *element = xmlFirstElementChild((xmlNode *)parent); element;
         element = xmlNextElementSibling((xmlNode *)element)) {
        static const struct libvirt_row no_row = {"", libvirt_note_element};
        const struct libvirt_row *row = &no_row;
        for (size_t i = 0; i < count && row == &no_row; i++)
            if (is_in(element, href) && strcmp((const char *)element->name, rows[i].name) == 0)
                row = &rows[i];
        if (row->read(reading, where, element, err) < 0)
            return -1;
    }
    return import_check(reading->vm, err);
}

int libvirt_count_other(struct libvirt_reading *reading, const char *where, const xmlNode *element, struct error *err) {
    CLEANUP(buffer_free) struct buffer name = {0};
    if (where)
        buffer_printf(&name, "%s/", where);
    append_name(&name, element->ns, element->name);
    if (buffer_check(&name, err) < 0)
        return -1;
    json_int_t count = json_integer_value(json_object_get(reading->others, name.data));
    return json_object_set_new(reading->others, name.data, json_integer(count + 1)) < 0 ? error_no_memory(err) : 0;
}

int libvirt_read_flag(const char *where, const xmlNode *element, const char *attribute, const char *yes, const char *no,
                      bool *flag, struct error *err) {
    const char *value = tree_attribute(element, attribute);
    char storage[QUOTED_MAX];
    if (!value)
        return 0;
    if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s=\"%s\" of <%s> is neither \"%s\" nor \"%s\"", where, attribute,
                         text_quotable(value, storage), (const char *)element->name, yes, no);
    *flag = strcmp(value, yes) == 0;
    return 0;
}
