#include "walk_node.h"

#include <stdlib.h>
#include <string.h>

#include "walk_allowed.h"
#include "walk_node_trial.h"

/* What is known of the VM's devices. */
enum verdict { DEVICES_UNKNOWN, DEVICES_READY, DEVICES_NOT_READY };

/* Each device that those requests could be given, by itself: is one of them ready, or is there none? Otherwise
 * *reasons says why not. */
static int find_ready(const struct judging *judging, const struct node_device_list *devices,
                      const struct vmi_request *requests, struct walk_reply *reply, struct error *reasons,
                      struct error *err) {
    CLEANUP(trial_findings_free) struct trial_findings findings = {0};
    for (size_t i = 0; i < devices->count; i++) {
        bool is_ready;
        if (devices->list[i].requests != requests)
            continue;
        if (trial_judge(judging, &devices->list[i], 1, &findings, &is_ready, NULL, err) < 0)
            return -1;
        if (is_ready)
            return 0;
    }
    if (devices->count < NODE_DEVICES_MAX)
        (void)refusals_raise(&findings.refusals, &reply->warnings, reasons);
    return 0;
}

static bool has_devices_of(const struct node_device_list *devices, const struct vmi_request *requests) {
    for (size_t i = 0; i < devices->count; i++)
        if (devices->list[i].requests == requests)
            return true;
    return false;
}

/* The resources of which the VM's pod has no device that is known (`given`: those that are): can this node serve each
 * of them? *could: how many devices the kubelet names for them. */
static int try_resources(const struct judging *judging, const struct node_devices *devices,
                         const struct node_device_list *given, struct walk_reply *reply, size_t *could,
                         struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    const struct pod_list *allocatable = devices->allocatable ? devices->allocatable(devices->context) : NULL;
    const struct vmi_requests *requests = judging->requests;
    CLEANUP(free) struct node_device_list *all = calloc(1, sizeof(*all));
    if (!all)
        return error_no_memory(err);
    if (allocatable && allocatable->count)
        (void)node_devices_of(&allocatable->pods[0], requests, &sysfs, all);
    if (trial_choose(judging, all, err) < 0)
        return -1;
    *could = all->count;
    for (size_t i = 0; i < requests->count; i += vmi_requests_of_one(requests, i)) {
        struct error reasons = {0};
        /* What claims could give the kubelet does not tell. */
        if (!requests->list[i].resource || (given && has_devices_of(given, &requests->list[i])))
            continue;
        if (find_ready(judging, all, &requests->list[i], reply, &reasons, err) < 0)
            return -1;
        if (reasons.code != ERROR_NONE)
            return error_set(err, reasons.code, "no %s of this node is ready: %s", requests->list[i].resource,
                             reasons.message);
    }
    return 0;
}

/* --- the VM's pods ------------------------------------------------------------------------------------------- */

/* The devices that a pod has. Fails with ERROR_REFUSED where they are not ready. */
static int try_pod(const struct judging *judging, const struct node_devices *devices, const struct pod *pod,
                   enum verdict *verdict, struct walk_reply *reply, struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    CLEANUP(free) struct node_device_list *given = calloc(1, sizeof(*given));
    CLEANUP(trial_findings_free) struct trial_findings findings = {0};
    bool is_ready;
    size_t could;
    if (!given)
        return error_no_memory(err);
    size_t missing = node_devices_of(pod, judging->requests, &sysfs, given);
    if (missing)
        buffer_printf(&reply->notes,
                      "pod %s: nothing tells which devices it has of %zu of the resources that the VM asks for\n",
                      pod->name, missing);
    if (trial_choose(judging, given, err) < 0)
        return -1;
    *verdict = given->count ? DEVICES_READY : DEVICES_UNKNOWN;
    if (trial_judge(judging, given->list, given->count, &findings, &is_ready, &reply->notes, err) < 0)
        return -1;
    refusals_tell(&findings.warnings, &reply->warnings);
    if (refusals_raise(&findings.refusals, &reply->warnings, err) < 0)
        return -1;
    refusals_print(&findings.refusals, &reply->warnings);
    return *verdict == DEVICES_READY && missing ? try_resources(judging, devices, given, reply, &could, err) : 0;
}

/* Several pods may look like the VM's: its last one that is about to end, those of VMs whose long names are cut. One
 * whose devices are ready will do. */
static int try_pods(const struct judging *judging, const struct node_devices *devices, enum verdict *verdict,
                    struct walk_reply *reply, struct error *err) {
    struct error reasons = {0};
    const char *ready = NULL, *refused = NULL;
    for (size_t i = 0; devices->pods && i < devices->pods->count; i++) {
        const struct pod *pod = &devices->pods->pods[i];
        struct error problem = {0};
        enum verdict of_pod = DEVICES_UNKNOWN;
        if (try_pod(judging, devices, pod, &of_pod, reply, &problem) == 0) {
            ready = of_pod == DEVICES_READY ? pod->name : ready;
        } else if (problem.code == ERROR_REFUSED) {
            refused = pod->name;
            reasons = problem;
        } else {
            return error_set(err, problem.code, "%s", problem.message);
        }
    }
    *verdict = ready ? DEVICES_READY : refused ? DEVICES_NOT_READY : DEVICES_UNKNOWN;
    if (ready && refused)
        buffer_printf(&reply->warnings, "pod %s is not refused, for pod %s may be the VM's: %s\n", refused, ready,
                      reasons.message);
    return *verdict == DEVICES_NOT_READY ? error_set(err, reasons.code, "%s", reasons.message) : 0;
}

/* --- without a pod ------------------------------------------------------------------------------------------- */

/* The kubelet names no device that could be the VM's. Its GPUs are the node's, though, and the log may say what awaits
 * them; what else the VM has, nobody knows. */
static int warn_of_gpus(const struct judging *judging, struct walk_reply *reply, struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    CLEANUP(free) struct node_device_list *gpus = calloc(1, sizeof(*gpus));
    struct error reasons = {0}, unknown = {0};
    bool any = false;
    for (size_t i = 0; i < judging->requests->count; i++)
        any = any || judging->requests->list[i].is_gpu;
    if (!any)
        return 0;
    if (!gpus)
        return error_no_memory(err);
    if (node_devices_all(&sysfs, gpus, &unknown) < 0 ||
        find_ready(judging, gpus, NULL, reply, &reasons, &unknown) < 0) {
        if (unknown.code == ERROR_LIMIT)
            return error_set(err, unknown.code, "%s", unknown.message);
        buffer_printf(&reply->warnings, "%s\n", unknown.message);
    } else if (reasons.code != ERROR_NONE) {
        buffer_printf(&reply->warnings, "the VM's GPUs are not known, and none of this node is ready: %s\n",
                      reasons.message);
    }
    return 0;
}

static int try_node(const struct judging *judging, const struct node_devices *devices, struct walk_reply *reply,
                    struct error *err) {
    size_t could = 0;
    const int failed = try_resources(judging, devices, NULL, reply, &could, err);
    buffer_append_text(&reply->notes, "which devices the VM's pod has is not known");
    if (could)
        buffer_printf(&reply->notes, ": %zu of the node could be meant", could);
    buffer_append_text(&reply->notes, "\n");
    return failed || could ? failed : warn_of_gpus(judging, reply, err);
}

static int judge(const struct judging *judging, const struct node_devices *devices, struct walk_reply *reply,
                 struct error *err) {
    enum verdict verdict = DEVICES_UNKNOWN;
    if (try_pods(judging, devices, &verdict, reply, err) < 0)
        return -1;
    return verdict == DEVICES_UNKNOWN ? try_node(judging, devices, reply, err) : 0;
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
    CLEANUP(vmi_requests_free) struct vmi_requests requests = {0};
    struct bundle_view bundles;
    if (vmi_requests_read(vmi, &requests, err) < 0)
        return -1;
    if (requests.count == 0)
        return 0;
    bundle_set_acquire(walk->bundles, &bundles);
    struct judging judging = {.walk = walk, .vmi = vmi, .requests = &requests, .bundles = &bundles};
    int failed = read_config(&judging, reply, err) < 0 ? -1 : judge(&judging, devices, reply, err);
    config_free(&judging.config);
    bundle_set_release(walk->bundles);
    return failed;
}
