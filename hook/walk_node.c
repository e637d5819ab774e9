#include "walk_node.h"

#include <stdlib.h>
#include <string.h>

#include "walk_allowed.h"
#include "walk_node_trial.h"

/* The devices that a pod has. *settled: there is a verdict, and it is the return value. */
static int try_pod(const struct judging *judging, const struct pod *pod, bool *settled, struct walk_reply *reply,
                   struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    CLEANUP(free) struct node_device_list *devices = calloc(1, sizeof(*devices));
    CLEANUP(trial_findings_free) struct trial_findings findings = {0};
    bool is_ready;
    *settled = true;
    if (!devices)
        return error_no_memory(err);
    size_t missing = node_devices_of(pod, judging->requests, &sysfs, devices);
    if (missing)
        buffer_printf(&reply->notes,
                      "pod %s: nothing tells which devices it has of %zu of the resources that the VM asks for\n",
                      pod->name, missing);
    trial_choose(judging, devices);
    *settled = devices->count > 0;
    if (trial_judge(judging, devices->list, devices->count, &findings, &is_ready, &reply->notes, err) < 0)
        return -1;
    refusals_tell(&findings.warnings, &reply->warnings);
    if (refusals_raise(&findings.refusals, &reply->warnings, err) < 0)
        return -1;
    refusals_print(&findings.refusals, &reply->warnings);
    return 0;
}

/* Each device that could be meant, by itself: is one of them ready, or is there none? Otherwise *reasons says why. */
static int find_ready(const struct judging *judging, const struct node_device_list *devices, struct walk_reply *reply,
                      struct error *reasons, struct error *err) {
    CLEANUP(trial_findings_free) struct trial_findings findings = {0};
    for (size_t i = 0; i < devices->count; i++) {
        bool is_ready;
        if (trial_judge(judging, &devices->list[i], 1, &findings, &is_ready, NULL, err) < 0)
            return -1;
        if (is_ready)
            return 0;
    }
    if (devices->count < NODE_DEVICES_MAX)
        (void)refusals_raise(&findings.refusals, &reply->warnings, reasons);
    return 0;
}

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
    if (node_devices_all(&sysfs, gpus, &unknown) < 0 || find_ready(judging, gpus, reply, &reasons, &unknown) < 0)
        buffer_printf(&reply->warnings, "%s\n", unknown.message);
    else if (reasons.code != ERROR_NONE)
        buffer_printf(&reply->warnings, "the VM's GPUs are not known, and none of this node is ready: %s\n",
                      reasons.message);
    return 0;
}

static int try_without_pod(const struct judging *judging, const struct node_devices *devices, struct walk_reply *reply,
                           struct error *err) {
    const struct sysfs sysfs = {.root = judging->walk->sysfs};
    const struct pod_list *allocatable = devices->allocatable ? devices->allocatable(devices->context) : NULL;
    struct error reasons = {0};
    CLEANUP(free) struct node_device_list *could = calloc(1, sizeof(*could));
    if (!could)
        return error_no_memory(err);
    if (allocatable && allocatable->count)
        (void)node_devices_of(&allocatable->pods[0], judging->requests, &sysfs, could);
    trial_choose(judging, could);
    if (could->count == 0) {
        buffer_append_text(&reply->notes, "which devices the VM's pod has is not known\n");
        return warn_of_gpus(judging, reply, err);
    }
    buffer_printf(&reply->notes, "which devices the VM's pod has is not known: %zu of the node could be meant\n",
                  could->count);
    if (find_ready(judging, could, reply, &reasons, err) < 0)
        return -1;
    return reasons.code == ERROR_NONE
               ? 0
               : error_set(err, reasons.code, "no device of this node that the VM could get is ready: %s",
                           reasons.message);
}

/* VMs with long names may have pods that cannot be told apart: one that works will do. */
static int try_pods(const struct judging *judging, const struct node_devices *devices, struct walk_reply *reply,
                    struct error *err) {
    struct error last = {0};
    bool any = false;
    for (size_t i = 0; devices->pods && i < devices->pods->count; i++) {
        struct error problem = {0};
        bool settled;
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
    CLEANUP(vmi_requests_free) struct vmi_requests requests = {0};
    struct bundle_view bundles;
    if (vmi_requests_read(vmi, &requests, err) < 0)
        return -1;
    if (requests.count == 0)
        return 0;
    bundle_set_acquire(walk->bundles, &bundles);
    struct judging judging = {.walk = walk, .vmi = vmi, .requests = &requests, .bundles = &bundles};
    int failed = read_config(&judging, reply, err) < 0 ? -1 : try_pods(&judging, devices, reply, err);
    config_free(&judging.config);
    bundle_set_release(walk->bundles);
    return failed;
}
