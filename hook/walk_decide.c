#include "walk_decide.h"

#include <string.h>

#include "host/window.h"
#include "plan/explain.h"
#include "plan/guest_plan.h"
#include "plan/refusals.h"
#include "rom/duplicates.h"
#include "walk_allowed.h"
#include "walk_checks.h"

/* What deciding needs, while it lasts. */
struct deciding {
    struct subjects_source source;
    struct subjects subjects; /* in the order of the plan's decisions */
    struct layout_device layout[DOMAIN_DEVICES_MAX];
    size_t layout_count;
    struct device_options nothing; /* what counts of a refused device */
    struct guest_options guest;
    struct guest_facts guest_facts;
    struct refusals refusals, warnings; /* what checks warn of */
};

static void deciding_free_at(struct deciding *deciding) {
    subjects_free(&deciding->subjects);
    refusals_free(&deciding->refusals);
    refusals_free(&deciding->warnings);
}

/* Eight GPUs of one kind share one ROM: it is read and verified once. */
static const struct verified_rom *find_same(const struct subjects *subjects, const struct manifest_rom *rom,
                                            struct pci_id id) {
    for (size_t i = 0; i < subjects->count; i++) {
        const struct verified_rom *earlier = &subjects->list[i]->verified;
        if (earlier->rom == rom && pci_id_equal(earlier->id, id) && !earlier->same)
            return earlier;
    }
    return NULL;
}

/* The first thing that is wrong, or what there is to warn of. */
static int judge_rom(const struct device *device, const struct device_facts *facts, struct rom_candidate candidate,
                     struct bytes content, struct buffer *warnings, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    const struct pci_identity *identity = &facts->host.identity;
    const struct rom_purpose purpose = {.id = identity->id,
                                        .firmware = facts->guest->firmware,
                                        .guest = facts->guest->machine,
                                        .has_class = true,
                                        .class_code = identity->class_code};
    struct rom_verdict verdict;
    rom_judge(content, &purpose, &verdict);
    if (findings_check(&verdict.findings, err) < 0)
        return -1;
    const struct finding *problem = findings_first(&verdict.findings, FINDING_ERROR);
    if (problem)
        return error_set(err, ERROR_REFUSED, "ROM \"%s\" (%s/%s) will not do: %s; replace it", candidate.rom->id,
                         candidate.bundle->path, candidate.rom->file, problem->text);
    for (size_t i = 0; i < verdict.findings.count; i++)
        if (verdict.findings.list[i].level == FINDING_WARNING)
            buffer_printf(warnings, "%s: ROM \"%s\": %s\n", device_label(device, label), candidate.rom->id,
                          verdict.findings.list[i].text);
    return 0;
}

static int verify_rom(const struct subjects *subjects, struct subject *subject, struct error *err) {
    const struct device_facts *facts = &subject->facts;
    const struct manifest_rom *rom = subject->candidate.rom;
    const struct bundle *bundle = subject->candidate.bundle;
    struct verified_rom *verified = &subject->verified;
    if (!(verified->same = find_same(subjects, rom, facts->host.identity.id))) {
        if (bundle_read_rom(bundle, rom, &verified->content, err) < 0) {
            error_see(err, "bundles.md#the-manifest");
            return error_prefix(err, "ROM \"%s\" of bundle \"%s\"", rom->id, bundle->manifest.name);
        }
        if (judge_rom(subject->device, facts, subject->candidate, buffer_bytes(&verified->content), &verified->warnings,
                      err) < 0)
            return error_see(err, "roms.md#who-reads-it");
    }
    verified->rom = rom;
    verified->id = facts->host.identity.id;
    return 0;
}

static int decide_device(const struct deciding *deciding, struct subject *subject, struct decision *decision,
                         struct buffer *notes, struct error *err) {
    const struct bundle_view *bundles = deciding->source.bundles;
    enum rom_choice rom = subject->options.rom.choice;
    bool wants_bundle = subject->device->kind == DEVICE_PCI && rom != ROM_NONE && rom != ROM_DEVICE;
    if (bundles->error.code != ERROR_NONE && wants_bundle)
        return error_set(err, bundles->error.code, "%s", bundles->error.message);
    /* There is nothing to decide: see the host checks. */
    if (subject->device->kind == DEVICE_PCI && subject->facts.host.state == HOST_ABSENT) {
        *decision = (struct decision){.kind = subject->device->kind, .address = subject->device->address};
        return 0;
    }
    if (plan_device(subject->device, &subject->facts, &subject->options, decision, &subject->candidate, notes, err) < 0)
        return -1;
    return subject->candidate.rom ? verify_rom(&deciding->subjects, subject, err) : 0;
}

/* Decides for every device. A refused device goes without our edits, if the VM goes on at all; what is no refusal (bad
 * input, no memory) fails the call whatever the policy. */
static int decide_devices(struct deciding *deciding, const struct checking *checking, struct plan *plan,
                          struct buffer *notes, struct error *err) {
    struct subjects *subjects = &deciding->subjects;
    const bool enforced = deciding->source.policy != POLICY_WARN && !checking->is_migrating;
    for (size_t i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects->list[i];
        struct decision *decision = &plan->decisions[i];
        struct error problem = {0};
        char label[DEVICE_LABEL_MAX];
        int failed = decide_device(deciding, subject, decision, notes, &problem);
        error_see(&problem, "options.md#of-a-device");
        if (failed && problem.code != ERROR_REFUSED) {
            *err = problem;
            return error_prefix(err, "%s", device_label(subject->device, label));
        }
        subject->is_refused = failed;
        if (failed && refusals_add(&deciding->refusals, subject->device, &problem, NULL, enforced, err) < 0)
            return -1;
        if (walk_check_device(checking, i, err) < 0)
            return -1;
        if (subject->is_refused) {
            *decision = (struct decision){.kind = subject->device->kind, .address = subject->device->address};
            memcpy(decision->uuid, subject->device->uuid, sizeof(decision->uuid));
        }
        decision->is_companion = subject->device == &subject->companion;
    }
    return 0;
}

static bool has_gpu_rom(const struct subject *subject, const struct decision *decision) {
    return subject->facts.host.identity.class_code >> 16 == BASE_CLASS_DISPLAY && !subject->is_refused &&
           (subject->candidate.rom || decision->rom == ROM_SETTING_DEVICE);
}

static void list_for_layout(struct deciding *deciding, struct plan *plan) {
    for (size_t i = 0; i < deciding->subjects.count; i++) {
        struct subject *subject = deciding->subjects.list[i];
        deciding->layout[deciding->layout_count++] = (struct layout_device){
            .device = subject->device,
            .options = subject->is_refused ? &deciding->nothing : &subject->options,
            .is_virtual = subject->facts.host.is_virtual,
            .has_gpu_rom = has_gpu_rom(subject, &plan->decisions[i]),
            .iommu_group = subject->facts.host.iommu_group,
            .decision = &plan->decisions[i],
        };
    }
}

static void sum_host_up(const struct subjects *subjects, struct guest_facts *facts) {
    struct pci_bars bars[DOMAIN_DEVICES_MAX];
    size_t count = 0;
    facts->knows_bars = true;
    for (size_t i = 0; i < subjects->count; i++) {
        const struct host_function *function = subjects->list[i]->function;
        if (subjects->list[i]->device->kind != DEVICE_PCI)
            continue;
        unsigned bits = host_iommu_width(function);
        if (bits && (facts->iommu_bits == 0 || bits < facts->iommu_bits))
            facts->iommu_bits = bits;
        if (function->device.state == HOST_ABSENT || function->bars_error)
            facts->knows_bars = false;
        else
            bars[count++] = function->bars;
    }
    facts->window_kib = window_needed(bars, count);
    facts->bars_kib = window_sum(bars, count);
}

static int decide_guest(struct deciding *deciding, struct plan *plan, struct walk_reply *reply, struct error *err) {
    struct guest_wishes wishes = {0};
    struct guest_facts *facts = &deciding->guest_facts;
    *facts = (struct guest_facts){.guest = &deciding->source.domain->guest,
                                  .devices = deciding->layout,
                                  .count = deciding->layout_count,
                                  .only_warns = deciding->source.policy == POLICY_WARN,
                                  .bundles = deciding->source.bundles->bundles};
    for (size_t i = 0; i < deciding->subjects.count; i++)
        if (!deciding->subjects.list[i]->is_other &&
            plan_add_guest_wishes(&wishes, &deciding->subjects.list[i]->guest, err) < 0)
            return -1;
    if (plan_guest_options(deciding->source.config, &wishes, deciding->source.bundles->bundles, &deciding->guest, err) <
        0)
        return -1;
    sum_host_up(&deciding->subjects, facts);
    return plan_guest(&deciding->guest, facts, &plan->guest, &reply->notes, &reply->warnings, err);
}

/* What one device gets, for the log. */
static void note_decision(const struct subject *subject, const struct decision *decision,
                          const struct bundle_view *bundles, struct buffer *notes) {
    char label[DEVICE_LABEL_MAX], origin[ORIGIN_TEXT_MAX];
    CLEANUP(buffer_free) struct buffer more = {0};
    explain_decision(decision, &more);
    notes->failed = notes->failed || more.failed;
    device_label(subject->device, label);
    origin_describe(decision->rom_origin, bundles->bundles, origin);
    if (decision->is_companion)
        buffer_printf(notes, "%s: attached as a companion\n", label);
    if (decision->kind == DEVICE_MDEV)
        buffer_printf(notes, "%s: ", label);
    else if (decision->rom == ROM_SETTING_FILE)
        buffer_printf(notes, "%s: ROM file %s", label, published_rom_path(decision->published));
    else if (decision->rom == ROM_SETTING_DISABLED)
        buffer_printf(notes, "%s: no ROM, as %s says", label, origin);
    else if (decision->rom == ROM_SETTING_DEVICE)
        buffer_printf(notes, "%s: the device's own ROM, as %s says", label, origin);
    else
        buffer_printf(notes, "%s: no ROM of a bundle", label);
    const char *rest = more.size ? more.data : "";
    if (decision->kind == DEVICE_MDEV)
        rest = more.size ? more.data + strlen(", ") : "unchanged";
    buffer_printf(notes, "%s\n", rest);
}

/* The last step that can fail for a reason of the node's: a full disk, mostly. */
static int publish_all(const struct deciding *deciding, struct plan *plan, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    const struct subjects *subjects = &deciding->subjects;
    for (size_t i = 0; i < subjects->count; i++) {
        const struct verified_rom *verified = &subjects->list[i]->verified;
        struct decision *decision = &plan->decisions[i];
        if (!verified->rom || subjects->list[i]->is_refused)
            continue;
        const struct buffer *content = verified->same ? &verified->same->content : &verified->content;
        decision->published = publisher_publish(deciding->source.walk->publisher, verified->rom->id,
                                                verified->rom->sha256, buffer_bytes(content), err);
        if (!decision->published)
            return error_prefix(err, "%s: ROM \"%s\"", device_label(subjects->list[i]->device, label),
                                verified->rom->id);
        decision->rom = ROM_SETTING_FILE;
    }
    return 0;
}

/* What was decided, and what the ROMs' verdicts warn of. */
static void note_all(const struct deciding *deciding, const struct plan *plan, struct walk_reply *reply) {
    const struct subjects *subjects = &deciding->subjects;
    for (size_t i = 0; i < subjects->count; i++) {
        const struct buffer *warnings = &subjects->list[i]->verified.warnings;
        note_decision(subjects->list[i], &plan->decisions[i], deciding->source.bundles, &reply->notes);
        walk_note_checks(subjects->list[i], &reply->notes);
        if (warnings->size)
            buffer_append(&reply->warnings, warnings->data, warnings->size);
    }
    CLEANUP(buffer_free) struct buffer guest = {0};
    explain_guest_decision(&plan->guest, &guest);
    if (guest.failed)
        reply->notes.failed = true;
    else if (guest.size)
        buffer_printf(&reply->notes, "guest: %s\n", guest.data);
}

static int explain(const struct deciding *deciding, const struct plan *plan, struct walk_reply *reply,
                   struct error *err) {
    CLEANUP(json_decref) json_t *devices = json_array();
    for (size_t i = 0; i < deciding->subjects.count; i++) {
        const struct subject *subject = deciding->subjects.list[i];
        const struct explained_device explained = {subject->device, &subject->facts, &subject->options,
                                                   &plan->decisions[i], &subject->candidate};
        CLEANUP(json_decref) json_t *device = explain_device(&explained);
        if (json_object_set_new(device, "checks", walk_explain_checks(subject)) < 0 ||
            json_array_append(devices, device) < 0)
            return error_no_memory(err);
    }
    json_decref(reply->explanation);
    reply->explanation = json_pack("{s:O, s:o}", "devices", devices, "guest",
                                   explain_guest(&deciding->guest, &plan->guest, deciding->source.bundles->bundles));
    return reply->explanation ? 0 : error_no_memory(err);
}

static int check_keys(const struct deciding *deciding, const struct vmi *vmi, struct error *err) {
    const struct device *devices[DOMAIN_DEVICES_MAX];
    for (size_t i = 0; i < deciding->subjects.count; i++)
        devices[i] = deciding->subjects.list[i]->device;
    if (plan_check_twice(devices, deciding->subjects.count, err) < 0)
        return -1;
    return plan_check_keys(deciding->source.config, vmi, devices, deciding->subjects.count, err);
}

/* A bundle that cannot be used, though no device needed it: what its profiles would have said is missing. */
static void warn_of_bundle(const struct bundle_view *bundles, struct buffer *warnings) {
    if (bundles->error.code != ERROR_NONE)
        buffer_printf(warnings, "%s (its profiles do not count)\n", bundles->error.message);
}

/* What the guest as a whole gets, and the checks that depend on it. */
static int decide_rest(struct deciding *deciding, const struct checking *checking, struct plan *plan,
                       struct walk_reply *reply, struct error *err) {
    list_for_layout(deciding, plan);
    const struct guest *guest = &deciding->source.domain->guest;
    if (plan_layout(guest, deciding->layout, deciding->layout_count, &reply->notes, err) < 0)
        return error_see(err, "options.md#guestAddress");
    if (decide_guest(deciding, plan, reply, err) < 0)
        return -1;
    return walk_check_guest(checking, &deciding->guest_facts, err);
}

static int decide(struct deciding *deciding, const struct vmi *vmi, struct plan *plan, struct walk_reply *reply,
                  struct error *err) {
    const struct domain *domain = deciding->source.domain;
    const struct checking checking = {.subjects = &deciding->subjects,
                                      .plan = plan,
                                      .policy = deciding->source.policy,
                                      .is_migrating = vmi->is_migrating,
                                      .refusals = &deciding->refusals,
                                      .warnings = &deciding->warnings};
    if (subjects_collect(&deciding->source, &deciding->subjects, &reply->warnings, err) < 0 ||
        check_keys(deciding, vmi, err) < 0)
        return -1;
    plan->firmware = domain->guest.firmware;
    plan->decisions = calloc(deciding->subjects.count + 1, sizeof(*plan->decisions));
    if (!plan->decisions)
        return error_no_memory(err);
    plan->count = deciding->subjects.count;
    if (decide_devices(deciding, &checking, plan, &reply->notes, err) < 0)
        return -1;
    /* A refused device is the better reason than what follows from it. */
    struct error problem = {0};
    int failed = decide_rest(deciding, &checking, plan, reply, &problem);
    refusals_tell(&deciding->warnings, &reply->warnings);
    if (refusals_raise(&deciding->refusals, &reply->warnings, err) < 0)
        return -1;
    error_see(&problem, "options.md");
    if (failed)
        return error_set(err, problem.code, "%s", problem.message);
    refusals_print(&deciding->refusals, &reply->warnings);
    if (deciding->refusals.count == 0)
        warn_of_bundle(deciding->source.bundles, &reply->warnings);
    if (publish_all(deciding, plan, err) < 0)
        return -1;
    note_all(deciding, plan, reply);
    return deciding->source.walk->explain ? explain(deciding, plan, reply, err) : 0;
}

/* May the annotation say what it says? */
static int check_allowed(const struct walk *walk, const struct bundle_view *bundles, const struct config *config,
                         struct error *err) {
    struct allowed allowed;
    char rule[RULE_MAX];
    if (!config_says_anything(config))
        return 0;
    return walk_rule(walk, bundles, &allowed, rule, err) < 0 ? -1 : allowed_check(&allowed, config, rule, err);
}

static int decide_with(const struct walk *walk, const struct bundle_view *bundles, const struct config *config,
                       const struct vmi *vmi, const struct domain *domain, struct plan *plan, struct walk_reply *reply,
                       struct error *err) {
    CLEANUP(deciding_free)
    struct deciding deciding = {
        .source = {walk, bundles, config, domain, config->policy == POLICY_UNSET ? walk->policy : config->policy}};
    if (check_allowed(walk, bundles, config, err) < 0)
        return -1;
    return decide(&deciding, vmi, plan, reply, err);
}

/* Bundles may have become duplicates of each other while the hook runs. */
static int warn_of_duplicates(const struct bundle_view *bundles, struct buffer *warnings, struct error *err) {
    CLEANUP(duplicates_free) struct duplicates duplicates = {0};
    if (!bundles->fresh || bundles->error.code != ERROR_NONE)
        return 0;
    if (duplicates_find(bundles->bundles, bundles->count, &duplicates, err) < 0)
        return -1;
    duplicates_print(&duplicates, warnings);
    return 0;
}

/* Takes back what a try that did not count has said. */
static void forget_lines(struct buffer *lines, size_t size) {
    if (lines->size > size)
        lines->data[lines->size = size] = '\0';
}

int walk_decide(const struct walk *walk, const struct config *config, const struct vmi *vmi,
                const struct domain *domain, struct plan *plan, struct walk_reply *reply, struct error *err) {
    const size_t notes = reply->notes.size, warnings = reply->warnings.size;
    for (bool again = true;; again = false) {
        struct bundle_view bundles;
        struct error problem = {0};
        bundle_set_acquire(walk->bundles, &bundles);
        int failed = warn_of_duplicates(&bundles, &reply->warnings, &problem) < 0
                         ? -1
                         : decide_with(walk, &bundles, config, vmi, domain, plan, reply, &problem);
        /* A bundle that is replaced just now has an old manifest and new ROMs, or the reverse: one more look. */
        bool changed = failed && !bundle_set_is_current(walk->bundles);
        bundle_set_release(walk->bundles);
        if (!failed)
            return 0;
        if (!changed || !again)
            return error_set(err, problem.code, "%s", problem.message);
        plan_free(plan);
        forget_lines(&reply->notes, notes);
        forget_lines(&reply->warnings, warnings);
    }
}
