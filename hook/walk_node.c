#include "walk_node.h"

#include <stdlib.h>
#include <string.h>

#include "walk_allowed.h"
#include "walk_checks.h"
#include "walk_node_devices.h"

/* What judging needs, while it lasts. */
struct judging {
    const struct walk *walk;
    const struct vmi *vmi;
    const struct bundle_view *bundles;
    struct config config; /* without what does not count */
    enum policy policy;
};

/* Devices that are judged together: the VM has all of them. */
struct trial {
    struct device named[DOMAIN_DEVICES_MAX]; /* each as the VM knows it */
    struct subjects subjects;
};

static void trial_free(struct trial *trial) {
    if (!trial)
        return;
    subjects_free(&trial->subjects);
    free(trial);
}
DEFINE_CLEANUP(struct trial, trial_free)

static struct trial *trial_new(struct error *err) {
    struct trial *trial = calloc(1, sizeof(*trial));
    if (!trial)
        error_no_memory(err);
    return trial;
}

/* --- one device ---------------------------------------------------------------------------------------------- */

/* The next name that the VM gives a device of the resource (NULL: of a claim), from *index on, or NULL. */
static const char *next_name(const struct vmi *vmi, const char *resource, size_t *index) {
    struct vmi_request request;
    while (vmi_request(vmi, (*index)++, &request))
        if (resource ? request.resource && strcmp(request.resource, resource) == 0 : !request.resource)
            return request.name;
    return NULL;
}

/* Which of the resource's devices has which name nothing tells before the domain is made: of several names the one that
 * asks for least counts, check by check. What is too much then shows when the domain is made. */
static void weaken(const struct judging *judging, const struct device_options *other, struct device_options *options) {
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        const enum check_mode usual = judging->policy == POLICY_WARN ? CHECK_MODE_WARN : CHECK_MODE_ENFORCE;
        uint8_t mine = options->checks.mode[i] ? options->checks.mode[i] : (uint8_t)usual;
        uint8_t theirs = other->checks.mode[i] ? other->checks.mode[i] : (uint8_t)usual;
        options->checks.mode[i] = mine > theirs ? mine : theirs;
    }
    options_forget(&device_option_table, options, OPTION_EXPECT);
}
_Static_assert(CHECK_MODE_ENFORCE < CHECK_MODE_WARN && CHECK_MODE_WARN < CHECK_MODE_IGNORE, "the stronger the less");

static int read_options(const struct judging *judging, const struct node_device *found, struct device *device,
                        struct subject *subject, struct error *err) {
    size_t index = 0, names = 0;
    char label[DEVICE_LABEL_MAX];
    device->name = found->resource ? found->resource : "of a claim";
    const char *name = next_name(judging->vmi, found->resource, &index);
    do {
        struct device_options options;
        struct guest_options guest;
        struct device named = *device;
        named.name = name ? name : device->name;
        if (plan_options(&judging->config, &named, &subject->facts, &options, &guest, err) < 0)
            return error_prefix(err, "%s", device_label(&named, label));
        if (names++ == 0)
            subject->options = options;
        else
            weaken(judging, &options, &subject->options);
    } while (name && (name = next_name(judging->vmi, found->resource, &index)));
    index = 0;
    if (names == 1 && (name = next_name(judging->vmi, found->resource, &index)))
        device->name = name;
    return 0;
}

static int read_host(const struct judging *judging, const struct node_device *found, struct host_facts *host,
                     struct subject *subject, struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    if (found->kind == DEVICE_PCI) {
        if (host_facts_add(host, &sysfs, found->address, err) < 0)
            return -1;
        subject->function = host_facts_function(host, found->address);
    } else {
        if (host_facts_add_mdev(host, &sysfs, found->uuid, err) < 0)
            return -1;
        subject->mdev = host_facts_mdev(host, found->uuid);
        subject->function = subject->mdev->has_parent ? host_facts_function(host, subject->mdev->parent) : NULL;
    }
    subject->facts.host =
        subject->function ? subject->function->device : (struct host_device){.iommu_group = HOST_GROUP_UNKNOWN};
    subject->facts.bundles = judging->bundles->bundles;
    subject->facts.bundle_count = judging->bundles->error.code == ERROR_NONE ? judging->bundles->count : 0;
    subject->facts.builtin = judging->walk->builtin;
    return 0;
}

static int add_subject(const struct judging *judging, const struct node_device *found, struct trial *trial,
                       struct error *err) {
    struct device *device = &trial->named[trial->subjects.count];
    struct subject *subject = calloc(1, sizeof(*subject));
    if (!subject)
        return error_no_memory(err);
    trial->subjects.list[trial->subjects.count++] = subject;
    *device = (struct device){.kind = found->kind, .address = found->address};
    memcpy(device->uuid, found->uuid, sizeof(device->uuid));
    subject->device = device;
    return read_host(judging, found, &trial->subjects.host, subject, err) < 0
               ? -1
               : read_options(judging, found, device, subject, err);
}

/* --- some devices -------------------------------------------------------------------------------------------- */

/* What is wrong with them. */
struct findings_of_checks {
    struct refusals refusals, warnings;
};

static void findings_of_checks_free_at(struct findings_of_checks *findings) {
    refusals_free(&findings->refusals);
    refusals_free(&findings->warnings);
}

/* Makes the checks of devices that the VM has together; of more than any VM has the first. */
static int judge(const struct judging *judging, const struct node_device *devices, size_t count, struct trial *trial,
                 struct findings_of_checks *findings, struct error *err) {
    const struct checking checking = {.subjects = &trial->subjects,
                                      .policy = judging->policy,
                                      .is_before = true,
                                      .refusals = &findings->refusals,
                                      .warnings = &findings->warnings};
    for (size_t i = 0; i < count && i < DOMAIN_DEVICES_MAX; i++)
        if (add_subject(judging, &devices[i], trial, err) < 0)
            return -1;
    for (size_t i = 0; i < trial->subjects.count; i++)
        if (walk_check_device(&checking, i, err) < 0)
            return -1;
    return 0;
}

/* The devices that a pod has. *settled: there is a verdict, and it is the return value. */
static int try_pod(const struct judging *judging, const struct pod *pod, bool *settled, struct walk_reply *reply,
                   struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    CLEANUP(trial_free) struct trial *trial = trial_new(err);
    CLEANUP(free) struct node_device_list *devices = calloc(1, sizeof(*devices));
    CLEANUP(findings_of_checks_free) struct findings_of_checks findings = {0};
    *settled = true;
    if (!trial || !devices)
        return error_no_memory(err);
    size_t missing = node_devices_of(pod, judging->vmi, &sysfs, devices);
    if (missing)
        buffer_printf(&reply->notes,
                      "pod %s: nothing tells which devices it has of %zu of the resources that the VM asks for\n",
                      pod->name, missing);
    *settled = devices->count > 0;
    if (judge(judging, devices->list, devices->count, trial, &findings, err) < 0)
        return -1;
    for (size_t i = 0; i < trial->subjects.count; i++)
        walk_note_checks(trial->subjects.list[i], &reply->notes);
    refusals_tell(&findings.warnings, &reply->warnings);
    if (refusals_raise(&findings.refusals, &reply->warnings, err) < 0)
        return -1;
    refusals_print(&findings.refusals, &reply->warnings);
    return 0;
}

/* Each device that could be meant, by itself: only if there is one and none is ready that is a refusal. */
static int try_all(const struct judging *judging, const struct node_device_list *devices, struct walk_reply *reply,
                   struct error *err) {
    CLEANUP(findings_of_checks_free) struct findings_of_checks findings = {0};
    for (size_t i = 0; i < devices->count; i++) {
        CLEANUP(trial_free) struct trial *trial = trial_new(err);
        if (!trial || judge(judging, &devices->list[i], 1, trial, &findings, err) < 0)
            return -1;
        if (!trial->subjects.list[0]->is_refused)
            return 0;
    }
    struct error reasons = {0};
    if (devices->count == NODE_DEVICES_MAX || refusals_raise(&findings.refusals, &reply->warnings, &reasons) == 0)
        return 0;
    return error_set(err, reasons.code, "no device of this node that the VM could get is ready: %s", reasons.message);
}

static int try_without_pod(const struct judging *judging, const struct node_devices *devices, struct walk_reply *reply,
                           struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    struct error unlisted = {0};
    CLEANUP(free) struct node_device_list *could = calloc(1, sizeof(*could));
    if (!could)
        return error_no_memory(err);
    if (devices->allocatable && devices->allocatable->count)
        (void)node_devices_of(&devices->allocatable->pods[0], judging->vmi, &sysfs, could);
    if (could->count == 0 && node_devices_all(&sysfs, could, &unlisted) < 0) {
        buffer_printf(&reply->warnings, "%s\n", unlisted.message);
        return 0;
    }
    buffer_printf(&reply->notes, "which devices the VM's pod has is not known: %zu of the node could be meant\n",
                  could->count);
    return try_all(judging, could, reply, err);
}

/* VMs with long names may have pods that cannot be told apart: one that works will do. */
static int try_pods(const struct judging *judging, const struct node_devices *devices, struct walk_reply *reply,
                    struct error *err) {
    const char *namespace = judging->vmi->namespace, *name = judging->vmi->name;
    struct error last = {0};
    bool any = false;
    for (size_t i = 0; devices->pods && namespace && name && i < devices->pods->count; i++) {
        struct error problem = {0};
        bool settled;
        if (!pod_is_of(&devices->pods->pods[i], namespace, name))
            continue;
        int failed = try_pod(judging, &devices->pods->pods[i], &settled, reply, &problem);
        if (failed && problem.code != ERROR_REFUSED)
            return error_set(err, problem.code, "%s", problem.message);
        if (settled && !failed)
            return 0;
        if (settled)
            last = problem;
        any = any || settled;
    }
    return any ? error_set(err, last.code, "%s", last.message) : try_without_pod(judging, devices, reply, err);
}

/* --- the walk ------------------------------------------------------------------------------------------------ */

static int read_config(struct judging *judging, struct walk_reply *reply, struct error *err) {
    const struct walk *walk = judging->walk;
    struct allowed allowed = {0}; /* what an unreadable rule allows */
    struct error unread = {0};
    char rule[RULE_MAX] = "no rule can be read";
    if (judging->vmi->annotation && config_parse(judging->vmi->annotation, &judging->config, err) < 0)
        return -1;
    (void)walk_rule(walk, judging->bundles, &allowed, rule, &unread);
    if (allowed_strip(&allowed, &judging->config))
        buffer_printf(&reply->warnings,
                      "annotation " CONFIG_ANNOTATION ": what the VM's owner may not set does not count here (%s)\n",
                      rule);
    judging->policy = judging->config.policy == POLICY_UNSET ? walk->policy : judging->config.policy;
    return 0;
}

int walk_node(const struct walk *walk, const struct vmi *vmi, const struct node_devices *devices,
              struct walk_reply *reply, struct error *err) {
    struct vmi_request request;
    struct bundle_view bundles;
    if (!vmi_request(vmi, 0, &request))
        return 0;
    bundle_set_acquire(walk->bundles, &bundles);
    struct judging judging = {.walk = walk, .vmi = vmi, .bundles = &bundles};
    int failed = read_config(&judging, reply, err) < 0 ? -1 : try_pods(&judging, devices, reply, err);
    config_free(&judging.config);
    bundle_set_release(walk->bundles);
    return failed;
}
