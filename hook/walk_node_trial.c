#include "walk_node_trial.h"

#include <stdlib.h>
#include <string.h>

#include "host/devices.h"
#include "walk_checks.h"

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

/* --- what is said of a device -------------------------------------------------------------------------------- */

/* Which of the resource's devices has which name nothing tells before the domain is made: of several names the one that
 * asks for least counts, check by check, and each token. What is too much then shows when the domain is made. */
static void weaken(const struct judging *judging, const struct device_options *other, struct device_options *options) {
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        const enum check_mode usual = judging->policy == POLICY_WARN ? CHECK_MODE_WARN : CHECK_MODE_ENFORCE;
        uint8_t mine = options->checks.mode[i] ? options->checks.mode[i] : (uint8_t)usual;
        uint8_t theirs = other->checks.mode[i] ? other->checks.mode[i] : (uint8_t)usual;
        options->checks.mode[i] = mine > theirs ? mine : theirs;
    }
    if (!options->vfio.value[VFIO_VF_TOKEN][0])
        memcpy(options->vfio.value[VFIO_VF_TOKEN], other->vfio.value[VFIO_VF_TOKEN], PROPERTY_VALUE_MAX);
    options_forget(&device_option_table, options, OPTION_EXPECT);
}
_Static_assert(CHECK_MODE_ENFORCE < CHECK_MODE_WARN && CHECK_MODE_WARN < CHECK_MODE_IGNORE, "the stronger the less");

/* The options that the request of that index gives the device, or its address alone where nothing was asked for. */
static int read_request(const struct judging *judging, const struct node_device *found, size_t index,
                        const struct device_facts *facts, struct device_options *options, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    struct guest_options guest;
    struct device named = {.kind = found->kind, .name = "", .address = found->address};
    memcpy(named.uuid, found->uuid, sizeof(named.uuid));
    if (index < found->request_count)
        named.name = found->requests[index].name;
    if (plan_options(&judging->config, &named, facts, options, &guest, err) == 0)
        return 0;
    if (!found->is_guess)
        return error_prefix(err, "%s", device_label(&named, label));
    error_clear(err); /* another member may have been meant */
    *options = (struct device_options){0};
    return 0;
}

static int read_options(const struct judging *judging, const struct node_device *found, struct subject *subject,
                        struct error *err) {
    if (read_request(judging, found, 0, &subject->facts, &subject->options, err) < 0)
        return -1;
    for (size_t i = 1; i < found->request_count; i++) {
        struct device_options other;
        if (read_request(judging, found, i, &subject->facts, &other, err) < 0)
            return -1;
        weaken(judging, &other, &subject->options);
    }
    if (found->is_guess)
        options_forget(&device_option_table, &subject->options, OPTION_EXPECT);
    return 0;
}

/* What messages call it. */
static const char *name_of(const struct node_device *found) {
    if (found->request_count == 1)
        return found->requests->name;
    if (found->request_count == 0)
        return "of the node";
    return found->requests->resource ? found->requests->resource : "of a claim";
}

/* --- one device ---------------------------------------------------------------------------------------------- */

static void set_facts(const struct judging *judging, const struct host_device *host, struct device_facts *facts) {
    facts->host = *host;
    facts->bundles = judging->bundles->bundles;
    facts->bundle_count = judging->bundles->error.code == ERROR_NONE ? judging->bundles->count : 0;
    facts->builtin = judging->walk->builtin;
}

static int read_host(const struct judging *judging, const struct node_device *found, struct host_facts *host,
                     struct subject *subject, struct error *err) {
    static const struct host_device unknown = {.iommu_group = HOST_GROUP_UNKNOWN};
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
    set_facts(judging, subject->function ? &subject->function->device : &unknown, &subject->facts);
    return 0;
}

static int add_subject(const struct judging *judging, const struct node_device *found, struct trial *trial,
                       struct error *err) {
    struct device *device = &trial->named[trial->subjects.count];
    struct subject *subject = calloc(1, sizeof(*subject));
    if (!subject)
        return error_no_memory(err);
    trial->subjects.list[trial->subjects.count++] = subject;
    *device = (struct device){.kind = found->kind, .name = name_of(found), .address = found->address};
    memcpy(device->uuid, found->uuid, sizeof(device->uuid));
    subject->device = device;
    return read_host(judging, found, &trial->subjects.host, subject, err) < 0
               ? -1
               : read_options(judging, found, subject, err);
}

/* --- sets ---------------------------------------------------------------------------------------------------- */

enum likelihood { MAY_BE, IS_GPU, IS_EXPECTED };

/* What the VM's owner says of one address says nothing of which member was meant: no word but that of the request's
 * name, and of profiles, counts. */
static int read_named(const struct judging *judging, const struct vmi_request *request,
                      const struct device_facts *facts, struct device_options *options) {
    const struct device named = {
        .kind = DEVICE_PCI, .name = request->name, .address = {.slot = UINT8_MAX}}; /* no device's */
    struct guest_options guest;
    struct error unread = {0};
    return plan_options(&judging->config, &named, facts, options, &guest, &unread);
}

static int find_likelihood(const struct judging *judging, const struct node_device *found, uint8_t *likelihood,
                           struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    bool only_gpus = found->request_count > 0;
    struct host_device host;
    struct device_facts facts = {0};
    *likelihood = MAY_BE;
    if (found->kind != DEVICE_PCI)
        return 0;
    if (host_read_device(&sysfs, found->address, &host, err) < 0)
        return -1;
    set_facts(judging, &host, &facts);
    for (size_t i = 0; i < found->request_count; i++) {
        struct device_options options;
        if (host.state == HOST_PRESENT && read_named(judging, &found->requests[i], &facts, &options) == 0 &&
            device_option_given(&options, OPTION_EXPECT) && pci_id_equal(options.expect, host.identity.id)) {
            *likelihood = IS_EXPECTED;
            return 0;
        }
        only_gpus = only_gpus && found->requests[i].is_gpu;
    }
    if (only_gpus && host_device_goes_to_vms(&sysfs, found->address))
        *likelihood = IS_GPU;
    return 0;
}

/* Leaves the likeliest members of a set, which stand together at `set`, and moves them to *kept. */
static int choose_of_set(const struct judging *judging, const struct node_device *set, size_t members,
                         struct node_device_list *devices, size_t *kept, struct error *err) {
    uint8_t likelihood[NODE_DEVICES_MAX] = {MAY_BE}, best = MAY_BE;
    for (size_t i = 0; i < members; i++) {
        if (members > 1 && find_likelihood(judging, &set[i], &likelihood[i], err) < 0)
            return -1;
        best = likelihood[i] > best ? likelihood[i] : best;
    }
    for (size_t i = 0; i < members; i++) {
        if (likelihood[i] != best)
            continue;
        devices->list[*kept] = set[i];
        devices->list[(*kept)++].is_guess = members > 1 && best != IS_EXPECTED;
    }
    return 0;
}

int trial_choose(const struct judging *judging, struct node_device_list *devices, struct error *err) {
    size_t kept = 0, members;
    for (size_t first = 0; first < devices->count; first += members) {
        members = node_devices_of_set(&devices->list[first], devices->count - first);
        if (choose_of_set(judging, &devices->list[first], members, devices, &kept, err) < 0)
            return -1;
    }
    devices->count = kept;
    return 0;
}

/* Is the device as the VM needs it? What is found is forgotten. */
static int is_ready_alone(struct checking checking, size_t index, bool *is_ready, struct error *err) {
    CLEANUP(trial_findings_free) struct trial_findings found = {0};
    checking.refusals = &found.refusals;
    checking.warnings = &found.warnings;
    int failed = walk_check_device(&checking, index, err);
    *is_ready = found.refusals.enforced == 0;
    return failed;
}

/* Judges the subjects of one set. */
static int judge_set(const struct checking *checking, size_t first, size_t count, bool *is_ready, struct error *err) {
    bool ready[DOMAIN_DEVICES_MAX], any = false;
    for (size_t i = 0; i < count; i++) {
        if (is_ready_alone(*checking, first + i, &ready[i], err) < 0)
            return -1;
        any = any || ready[i];
    }
    for (size_t i = 0; i < count; i++)
        if (ready[i] == any && walk_check_device(checking, first + i, err) < 0)
            return -1;
    *is_ready = *is_ready && any;
    return 0;
}

static bool has_room(size_t used, size_t members) {
    return members <= DOMAIN_DEVICES_MAX && used <= DOMAIN_DEVICES_MAX - members;
}

int trial_judge(const struct judging *judging, const struct node_device *devices, size_t count,
                struct trial_findings *findings, bool *is_ready, struct buffer *notes, struct error *err) {
    CLEANUP(trial_free) struct trial *trial = calloc(1, sizeof(*trial));
    if (!trial)
        return error_no_memory(err);
    struct subjects *subjects = &trial->subjects;
    const struct checking checking = {.subjects = subjects,
                                      .policy = judging->policy,
                                      .is_before = true,
                                      .refusals = &findings->refusals,
                                      .warnings = &findings->warnings};
    size_t members;
    *is_ready = true;
    for (size_t i = 0; i < count; i += members) {
        members = node_devices_of_set(&devices[i], count - i);
        if (!has_room(subjects->count, members)) {
            if (notes)
                buffer_printf(notes, "of one IOMMU group %zu devices are not checked: more than any VM has\n", members);
            continue;
        }
        for (size_t j = 0; j < members; j++)
            if (add_subject(judging, &devices[i + j], trial, err) < 0)
                return -1;
    }
    for (size_t i = 0, first = 0; i < count; i += members) {
        members = node_devices_of_set(&devices[i], count - i);
        if (!has_room(first, members))
            continue;
        if (judge_set(&checking, first, members, is_ready, err) < 0)
            return -1;
        first += members;
    }
    for (size_t i = 0; notes && i < subjects->count; i++)
        walk_note_checks(subjects->list[i], notes);
    return 0;
}

void trial_findings_free(struct trial_findings *findings) {
    refusals_free(&findings->refusals);
    refusals_free(&findings->warnings);
}
