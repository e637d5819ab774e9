/* What the readers of a libvirt domain's parts share: tables of elements, so that one without a row, and an attribute
 * that nobody asked for, becomes a note. Nothing is dropped silently. Pure.
 */
#pragma once

#include "domain/read_guest.h"
#include "domain/tree.h"
#include "import/vm.h"

/* Where the user placed a device in the guest. */
struct libvirt_place {
    bool is_given;
    struct pci_address address;
};

struct libvirt_reading {
    struct import_vm *vm;
    const xmlNode *root;
    struct guest guest;
    struct import_device *device; /* of the element that is being read, where that is a device's */
    struct libvirt_place places[IMPORT_DEVICES_MAX];
    bool is_managed[IMPORT_DEVICES_MAX]; /* libvirt bound its driver; by index, as places */
    unsigned hostdevs;                   /* how many libvirt has called "hostdev" and a number */
    bool has_video, has_no_video;        /* <video> of any model, and of model "none" */
    bool has_graphics;
    json_t *others; /* how often each element was met that is no matter of passthrough, by name */
};

/* How the children of an element are read. `where` is for notes and errors. */
struct libvirt_row {
    const char *name;
    int (*read)(struct libvirt_reading *reading, const char *where, const xmlNode *element, struct error *err);
};

/* Reads every child element of `parent` in the namespace `href` (NULL: in none) by the row of its name; one without a
 * row becomes a note. */
int libvirt_read_children(struct libvirt_reading *reading, const char *where, const xmlNode *parent, const char *href,
                          const struct libvirt_row *rows, size_t count, struct error *err);

/* Notes the element's attributes but those in `known`, names between blanks. */
void libvirt_note_attributes(struct libvirt_reading *reading, const char *where, const xmlNode *element,
                             const char *known);

/* The same, and its child elements: for an element that is read whole. */
void libvirt_note_rest(struct libvirt_reading *reading, const char *where, const xmlNode *element, const char *known);

/* Notes that the element, with all in it, has no counterpart: <cache mode="passthrough">. A libvirt_row's function,
 * too.
 */
int libvirt_note_element(struct libvirt_reading *reading, const char *where, const xmlNode *element, struct error *err);

/* Appends the start tags of the element and of all in it, with their attributes, and what text they have. */
void libvirt_append_element(struct buffer *text, const xmlNode *element);

/* Counts the element among what is no matter of passthrough: "disk", or "os/boot" within `where`. A libvirt_row's
 * function, too. */
int libvirt_count_other(struct libvirt_reading *reading, const char *where, const xmlNode *element, struct error *err);

/* Reads an attribute that is `yes` or `no` ("on" and "off"). Fails with ERROR_INPUT on what is neither; *flag stays as
 * it was where there is none. */
int libvirt_read_flag(const char *where, const xmlNode *element, const char *attribute, const char *yes, const char *no,
                      bool *flag, struct error *err);
