#include "walk_subjects.h"

#include <stdlib.h>
#include <string.h>

#include "plan/companions.h"

static void read_host(const char *sysfs, const struct device *device, struct host_device *host) {
    struct pci_address parent;
    if (device->kind == DEVICE_PCI)
        host_read_device(sysfs, device->address, host);
    else if (device->uuid[0] && host_read_mdev_parent(sysfs, device->uuid, &parent) == 0)
        host_read_device(sysfs, parent, host);
    else
        *host = (struct host_device){.iommu_group = HOST_GROUP_UNKNOWN, .reason = "its parent device is not known"};
}

static int fill(const struct subjects_source *source, struct subject *subject, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    const struct bundle_view *bundles = source->bundles;
    subject->facts.bundles = bundles->bundles;
    subject->facts.bundle_count = bundles->error.code == ERROR_NONE ? bundles->count : 0;
    subject->facts.builtin = source->walk->builtin;
    subject->facts.guest = &source->domain->guest;
    read_host(source->walk->sysfs, subject->device, &subject->facts.host);
    if (plan_options(source->config, subject->device, &subject->facts, &subject->options, &subject->guest, err) < 0)
        return error_prefix(err, "%s", device_label(subject->device, label));
    return 0;
}

static bool has_device(const struct subjects *subjects, struct pci_address address) {
    for (size_t i = 0; i < subjects->count; i++)
        if (subjects->list[i]->device->kind == DEVICE_PCI &&
            pci_address_equal(subjects->list[i]->device->address, address))
            return true;
    return false;
}

static struct subject *add_subject(struct subjects *subjects, struct error *err) {
    struct subject *subject = calloc(1, sizeof(*subject));
    if (!subject) {
        error_no_memory(err);
        return NULL;
    }
    subjects->list[subjects->count++] = subject;
    return subject;
}

static int add_companion(struct subjects *subjects, struct pci_address address, struct error *err) {
    if (subjects->count == DOMAIN_DEVICES_MAX)
        return error_set(err, ERROR_LIMIT, "with its companions the VM has more than %d passthrough devices",
                         DOMAIN_DEVICES_MAX);
    struct subject *subject = add_subject(subjects, err);
    if (!subject)
        return -1;
    subject->device = &subject->companion;
    return companion_device(address, &subject->companion, err);
}

/* The groups that the domain's own devices are in. */
static size_t list_groups(const struct domain *domain, const struct subjects *subjects,
                          int groups[DOMAIN_DEVICES_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < domain->count; i++)
        if (domain->devices[i].kind == DEVICE_PCI && subjects->list[i]->facts.host.iommu_group != HOST_GROUP_UNKNOWN)
            groups[count++] = subjects->list[i]->facts.host.iommu_group;
    return count;
}

/* Refuses the VM because of a function that should come along, or warns. */
static int refuse_companion(const struct subjects_source *source, const struct subject *subject, const char *reason,
                            struct buffer *warnings, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    const char *option = companions_name(subject->options.companions);
    device_label(subject->device, label);
    if (source->policy != POLICY_WARN)
        return error_set(err, ERROR_REFUSED, "%s: \"companions\": \"%s\": %s", label, option, reason);
    buffer_printf(warnings, "%s: \"companions\": \"%s\": %s (policy \"warn\": the VM goes on without)\n", label, option,
                  reason);
    return 0;
}

/* One function next to a device that brings its companions. */
static int judge_neighbour(const struct subjects_source *source, const struct subject *subject,
                           struct pci_address address, const int *groups, size_t group_count, struct subjects *subjects,
                           struct buffer *warnings, struct error *err) {
    char label[DEVICE_LABEL_MAX], reason[COMPANION_REASON_MAX];
    struct host_device host;
    host_read_device(source->walk->sysfs, address, &host);
    switch (plan_companion(address, &host, groups, group_count, reason)) {
    case COMPANION_ATTACH:
        return add_companion(subjects, address, err);
    case COMPANION_LEAVE:
        if (*reason)
            buffer_printf(warnings, "%s: \"companions\": \"%s\": %s\n", device_label(subject->device, label),
                          companions_name(subject->options.companions), reason);
        return 0;
    case COMPANION_REFUSE:
        break;
    }
    return refuse_companion(source, subject, reason, warnings, err);
}

/* What one device of the domain brings along. */
static int bring_along(const struct subjects_source *source, const struct subject *subject, const int *groups,
                       size_t group_count, struct subjects *subjects, struct buffer *warnings, struct error *err) {
    bool of_slot = subject->options.companions == COMPANIONS_SLOT;
    struct host_neighbours neighbours;
    if (subject->facts.host.state != HOST_PRESENT ||
        host_read_neighbours(source->walk->sysfs, subject->device->address, of_slot ? HOST_SLOT : HOST_GROUP,
                             &neighbours) < 0)
        return refuse_companion(source, subject,
                                "the functions next to it cannot be read, or are too many: mount the node's /sys, say "
                                "--sysfs, or leave \"companions\" out",
                                warnings, err);
    for (size_t i = 0; i < neighbours.count; i++)
        if (!has_device(subjects, neighbours.list[i]) &&
            judge_neighbour(source, subject, neighbours.list[i], groups, group_count, subjects, warnings, err) < 0)
            return -1;
    return 0;
}

static bool brings_companions(const struct subject *subject) {
    return subject->device->kind == DEVICE_PCI && subject->facts.host.state != HOST_ABSENT &&
           !subject->facts.host.is_virtual &&
           (subject->options.companions == COMPANIONS_SLOT || subject->options.companions == COMPANIONS_GROUP);
}

static int collect_companions(const struct subjects_source *source, struct subjects *subjects, struct buffer *warnings,
                              struct error *err) {
    const size_t own = source->domain->count;
    int groups[DOMAIN_DEVICES_MAX];
    size_t group_count = list_groups(source->domain, subjects, groups);
    for (size_t i = 0; i < own; i++)
        if (brings_companions(subjects->list[i]) &&
            bring_along(source, subjects->list[i], groups, group_count, subjects, warnings, err) < 0)
            return -1;
    for (size_t i = own; i < subjects->count; i++)
        if (fill(source, subjects->list[i], err) < 0)
            return -1;
    return 0;
}

int subjects_collect(const struct subjects_source *source, struct subjects *subjects, struct buffer *warnings,
                     struct error *err) {
    for (size_t i = 0; i < source->domain->count; i++) {
        struct subject *subject = add_subject(subjects, err);
        if (!subject)
            return -1;
        subject->device = &source->domain->devices[i];
        if (fill(source, subject, err) < 0)
            return -1;
    }
    return collect_companions(source, subjects, warnings, err);
}

void subjects_free(struct subjects *subjects) {
    for (size_t i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects->list[i];
        buffer_free(&subject->verified.content);
        buffer_free(&subject->verified.warnings);
        free(subject->companion.alias);
        free(subject);
    }
    *subjects = (struct subjects){0};
}
