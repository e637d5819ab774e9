#include "walk_subjects.h"

#include <stdlib.h>
#include <string.h>

#include "plan/companions.h"

#define NEIGHBOURS_MAX 64 /* a larger group than any VM could take */

static int read_function(const struct sysfs *sysfs, struct pci_address address, struct host_facts *host,
                         struct subject *subject, struct error *err) {
    if (host_facts_add(host, sysfs, address, err) < 0)
        return -1;
    subject->function = host_facts_function(host, address);
    return 0;
}

static int read_mdev(const struct sysfs *sysfs, const char *uuid, struct host_facts *host, struct subject *subject,
                     struct error *err) {
    if (host_facts_add_mdev(host, sysfs, uuid, err) < 0)
        return -1;
    subject->mdev = host_facts_mdev(host, uuid);
    subject->function = subject->mdev->has_parent ? host_facts_function(host, subject->mdev->parent) : NULL;
    return 0;
}

static int read_host(const struct sysfs *sysfs, struct host_facts *host, struct subject *subject, struct error *err) {
    const struct device *device = subject->device;
    if (device->kind == DEVICE_PCI ? read_function(sysfs, device->address, host, subject, err) < 0
                                   : device->uuid[0] && read_mdev(sysfs, device->uuid, host, subject, err) < 0)
        return -1;
    subject->facts.host = subject->function ? subject->function->device
                                            : (struct host_device){.iommu_group = HOST_GROUP_UNKNOWN,
                                                                   .reason = "its parent device is not known"};
    return 0;
}

static int fill(const struct subjects_source *source, struct host_facts *host, struct subject *subject,
                struct error *err) {
    const struct sysfs sysfs = {.root = source->walk->sysfs};
    char label[DEVICE_LABEL_MAX];
    const struct bundle_view *bundles = source->bundles;
    subject->facts.bundles = bundles->bundles;
    subject->facts.bundle_count = bundles->error.code == ERROR_NONE ? bundles->count : 0;
    subject->facts.builtin = source->walk->builtin;
    subject->facts.guest = &source->domain->guest;
    if (read_host(&sysfs, host, subject, err) < 0)
        return -1;
    const struct pci_identity *found = &subject->facts.host.identity;
    if (plan_options(source->config, subject->device, &subject->facts, &subject->options, &subject->guest, err) < 0)
        return error_prefix(err, "%s", device_label(subject->device, label));
    subject->is_other = subject->facts.host.state == HOST_PRESENT &&
                        device_option_given(&subject->options, OPTION_EXPECT) &&
                        subject->options.checks.mode[CHECK_IDENTITY] != CHECK_MODE_IGNORE &&
                        !pci_id_equal(subject->options.expect, found->id);
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
    if (source->policy != POLICY_WARN) {
        error_set(err, ERROR_REFUSED, "%s: \"companions\": \"%s\": %s", label, option, reason);
        return error_see(err, "options.md#companions");
    }
    buffer_printf(warnings, "%s: \"companions\": \"%s\": %s (policy \"warn\": the VM goes on without)\n", label, option,
                  reason);
    return 0;
}

/* One function next to a device that brings its companions. */
static int judge_neighbour(const struct subjects_source *source, const struct subject *subject,
                           struct pci_address address, const int *groups, size_t group_count, struct subjects *subjects,
                           struct buffer *warnings, struct error *err) {
    char label[DEVICE_LABEL_MAX], reason[COMPANION_REASON_MAX];
    const struct host_function *neighbour = host_facts_function(&subjects->host, address);
    switch (plan_companion(address, &neighbour->device, groups, group_count, reason)) {
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

/* The functions of the device's slot, or of its IOMMU group, but itself. Returns -1 where they cannot be read. */
static int list_neighbours(const struct host_facts *host, const struct subject *subject,
                           struct pci_address list[NEIGHBOURS_MAX], size_t *count) {
    struct pci_address address = subject->device->address;
    *count = 0;
    if (subject->facts.host.state != HOST_PRESENT)
        return -1;
    if (subject->options.companions == COMPANIONS_SLOT) {
        for (address.function = 0; address.function < 8; address.function++)
            if (address.function != subject->device->address.function && host_facts_function(host, address))
                list[(*count)++] = address;
        return 0;
    }
    const struct host_group *group = host_facts_group(host, subject->facts.host.iommu_group);
    if (!group || group->error || group->count > NEIGHBOURS_MAX)
        return -1;
    for (size_t i = 0; i < group->count; i++)
        if (!pci_address_equal(group->members[i], address))
            list[(*count)++] = group->members[i];
    return 0;
}

/* What one device of the domain brings along. */
static int bring_along(const struct subjects_source *source, const struct subject *subject, const int *groups,
                       size_t group_count, struct subjects *subjects, struct buffer *warnings, struct error *err) {
    struct pci_address neighbours[NEIGHBOURS_MAX];
    size_t count;
    if (list_neighbours(&subjects->host, subject, neighbours, &count) < 0)
        return refuse_companion(source, subject,
                                "the functions next to it cannot be read, or are too many: mount the node's /sys, say "
                                "--sysfs, or leave \"companions\" out",
                                warnings, err);
    for (size_t i = 0; i < count; i++)
        if (!has_device(subjects, neighbours[i]) &&
            judge_neighbour(source, subject, neighbours[i], groups, group_count, subjects, warnings, err) < 0)
            return -1;
    return 0;
}

static bool brings_companions(const struct subject *subject) {
    return subject->device->kind == DEVICE_PCI && subject->facts.host.state != HOST_ABSENT &&
           !subject->facts.host.is_virtual && !subject->is_other &&
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
        if (fill(source, &subjects->host, subjects->list[i], err) < 0)
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
        if (fill(source, &subjects->host, subject, err) < 0)
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
    host_facts_free(&subjects->host);
    *subjects = (struct subjects){0};
}
