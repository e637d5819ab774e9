/* domain/: XML parsed, looked into, edited and written. */
#include "domain/domain.h"
#include "scenario.h"

static int parse(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(domain_free) struct domain domain = {0};
    if (domain_parse(given->text, &domain, err) < 0)
        return -1;
    outcome_number(outcome, domain.count);
    outcome_number(outcome, domain.tree.elements);
    outcome_number(outcome, domain.guest.chipset);
    outcome_number(outcome, domain.guest.memory_kib);
    outcome_number(outcome, domain.guest.taken_count);
    for (size_t i = 0; i < domain.guest.taken_count; i++)
        outcome_text(outcome, domain.guest.taken[i].owner);
    outcome_text(outcome, domain.guest.pinned_cpus);
    for (size_t i = 0; i < domain.count; i++)
        outcome_text(outcome, domain.devices[i].alias);
    return 0;
}

/* Applies the plan that has nothing for any device: every hostdev gets its mode. */
static int apply_mode(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(domain_free) struct domain domain = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    const struct plan plan = {0};
    if (domain_parse(given->text, &domain, err) < 0 || domain_apply(&domain, &plan, &out, err) < 0)
        return -1;
    outcome_buffer(outcome, &out);
    return 0;
}

/* Every kind of edit of a tree. */
static int edit(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(tree_free) struct tree tree = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    if (tree_parse(given->text, "domain", &tree, err) < 0 || tree_editable(&tree, err) < 0)
        return -1;
    xmlNode *root = xmlDocGetRootElement(tree.document), *devices = tree_child(root, "devices");
    xmlNode *added = tree_add_child(&tree, devices, "hostdev", err);
    if (!added || tree_set_attribute(&tree, added, "mode", "subsystem & \"more\"", err) < 0)
        return -1;
    xmlNode *inner = tree_add_child(&tree, added, "driver", err);
    xmlNode *first = tree_insert_child(&tree, devices, tree_child(devices, "hostdev"), "rom", err);
    if (!inner || !first || tree_set_attribute(&tree, first, "bar", "on", err) < 0 ||
        tree_set_attribute(&tree, root, "type", "qemu", err) < 0 ||
        tree_set_attribute(&tree, root, "type", NULL, err) < 0 || tree_set_text(&tree, inner, "a < b", err) < 0 ||
        tree_set_text(&tree, tree_child(root, "name"), "another", err) < 0)
        return -1;
    xmlNode *line =
        tree_add_child_ns(&tree, root, "http://libvirt.org/schemas/domain/qemu/1.0", "q", "commandline", err);
    xmlNode *argument =
        line ? tree_add_child_ns(&tree, line, "http://libvirt.org/schemas/domain/qemu/1.0", "q", "arg", err) : NULL;
    if (!argument || tree_set_attribute(&tree, argument, "value", "-x", err) < 0)
        return -1;
    tree_remove(&tree, tree_child(root, "memory"));
    if (tree_write(&tree, &out, err) < 0)
        return -1;
    outcome_buffer(outcome, &out);
    return 0;
}

struct scenarios scenarios_domain(void) {
    static const struct scenario list[] = {
        {.name = "domain/parse", parse, "golden/igpu-rembrandt/in/call1.xml"},
        {.name = "domain/parse-later-call", parse, "golden/igpu-rembrandt/in/call3.xml"},
        {.name = "domain/parse-virsh", parse, "golden/style-virsh/in/dumpxml.xml"},
        {.name = "domain/parse-vgpu", parse, "golden/vgpu-mdev-display/in/call1.xml"},
        {.name = "domain/parse-pinned", parse, "golden/option-sxm/in/call1.xml"},
        {.name = "domain/parse-not-xml", parse, "golden/domain-not-xml/in/truncated.xml"},
        {.name = "domain/parse-dtd", parse, "golden/domain-dtd/in/entity-bomb.xml"},
        {.name = "domain/parse-alias-twice", parse, "golden/conflict-alias-twice/in/call1.xml"},
        {.name = "domain/apply-mode", apply_mode, "golden/igpu-rembrandt/in/call1.xml"},
        {.name = "domain/apply-mode-comments", apply_mode, "golden/style-comments/in/call1.xml"},
        {.name = "domain/edit", edit, "golden/igpu-rembrandt/in/call1.xml"},
        {.name = "domain/edit-crlf", edit, "golden/style-crlf/in/call1.xml"},
    };
    return SCENARIOS(list);
}
