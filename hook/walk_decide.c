#include "walk_decide.h"

#include <string.h>

#include "rom/duplicates.h"

/* A ROM that a device will get, verified but not yet published: a VM that is refused leaves nothing behind. */
struct verified_rom {
    const struct manifest_rom *rom; /* NULL: none */
    struct pci_id id;               /* of the device that it was verified for */
    struct buffer content;
    struct buffer warnings;          /* what the verdict warns of, a line each */
    const struct verified_rom *same; /* an earlier device's, which holds the content for both; NULL: ours does */
};

/* Eight GPUs of one kind share one ROM: it is read and verified once. `earlier` ends where `verified` stands. */
static const struct verified_rom *find_same(const struct verified_rom *earlier, const struct verified_rom *verified,
                                            const struct manifest_rom *rom, struct pci_id id) {
    for (; earlier < verified; earlier++)
        if (earlier->rom == rom && pci_id_equal(earlier->id, id) && !earlier->same)
            return earlier;
    return NULL;
}

/* The first thing that is wrong, or what there is to warn of. */
static int judge_rom(const struct device *device, const struct plan_facts *facts, struct rom_candidate candidate,
                     struct bytes content, struct buffer *warnings, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    const struct pci_identity *identity = &facts->host.identity;
    const struct rom_purpose purpose = {.id = identity->id,
                                        .firmware = facts->firmware,
                                        .guest = facts->machine,
                                        .has_class = true,
                                        .class_code = identity->class_code};
    struct rom_verdict verdict;
    rom_judge(content, &purpose, &verdict);
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

static int verify_rom(const struct device *device, const struct plan_facts *facts, struct rom_candidate candidate,
                      const struct verified_rom *earlier, struct verified_rom *verified, struct error *err) {
    const struct manifest_rom *rom = candidate.rom;
    if ((verified->same = find_same(earlier, verified, rom, facts->host.identity.id))) {
        verified->rom = rom;
        return 0;
    }
    if (bundle_read_rom(candidate.bundle, rom, &verified->content, err) < 0)
        return error_prefix(err, "ROM \"%s\" of bundle \"%s\"", rom->id, candidate.bundle->manifest.name);
    if (judge_rom(device, facts, candidate, buffer_bytes(&verified->content), &verified->warnings, err) < 0)
        return -1;
    verified->rom = rom;
    verified->id = facts->host.identity.id;
    return 0;
}

static int decide_device(const struct walk *walk, const struct bundle_view *bundles, const struct config *config,
                         const struct domain *domain, const struct device *device, struct decision *decision,
                         const struct verified_rom *earlier, struct verified_rom *verified, struct error *err) {
    struct plan_facts facts = {.bundles = bundles->bundles,
                               .bundle_count = bundles->error.code == ERROR_NONE ? bundles->count : 0,
                               .firmware = domain->firmware,
                               .machine = domain->machine};
    struct rom_candidate candidate;
    struct device_options options;
    host_read_device(walk->sysfs, device->address, &facts.host);
    if (plan_options(config, device, &facts, &options, err) < 0)
        return -1;
    bool wants_bundle = options.rom == ROM_UNSET || options.rom == ROM_AUTO || options.rom == ROM_ID;
    if (bundles->error.code != ERROR_NONE && wants_bundle)
        return error_set(err, bundles->error.code, "%s", bundles->error.message);
    if (plan_device(device, &options, &facts, decision, &candidate, err) < 0)
        return -1;
    return candidate.rom ? verify_rom(device, &facts, candidate, earlier, verified, err) : 0;
}

/* What was decided, for the log. */
static void note_decision(const struct device *device, const struct decision *decision,
                          const struct bundle_view *bundles, struct buffer *notes) {
    char label[DEVICE_LABEL_MAX], origin[ORIGIN_TEXT_MAX];
    device_label(device, label);
    origin_describe(decision->rom_origin, bundles->bundles, origin);
    if (decision->rom == ROM_SETTING_FILE)
        buffer_printf(notes, "%s: ROM file %s\n", label, published_rom_path(decision->published));
    else if (decision->rom == ROM_SETTING_DISABLED)
        buffer_printf(notes, "%s: no ROM, as %s says\n", label, origin);
    else if (decision->rom == ROM_SETTING_DEVICE)
        buffer_printf(notes, "%s: the device's own ROM, as %s says\n", label, origin);
    else
        buffer_printf(notes, "%s: no ROM of a bundle\n", label);
}

/* Why devices were refused: one reason may hold for several, a broken bundle for all. */
struct refusal {
    struct buffer devices; /* "A, B" */
    struct error reason;
};

struct refusals {
    struct refusal *list;
    size_t count;
};

static void free_refusals(struct refusals *refusals) {
    for (size_t i = 0; i < refusals->count; i++)
        buffer_free(&refusals->list[i].devices);
    free(refusals->list);
}

static void add_refusal(struct refusals *refusals, const struct device *device, const struct error *reason) {
    char label[DEVICE_LABEL_MAX];
    device_label(device, label);
    for (size_t i = 0; i < refusals->count; i++) {
        if (strcmp(refusals->list[i].reason.message, reason->message) == 0) {
            buffer_printf(&refusals->list[i].devices, ", %s", label);
            return;
        }
    }
    struct refusal *fresh = &refusals->list[refusals->count++];
    fresh->reason = *reason;
    buffer_append_text(&fresh->devices, label);
}

/* Under "enforce" all refusals become one error, so that they can be mended together; under "warn" they are logged. */
static int judge_refusals(const struct refusals *refusals, enum policy policy, struct buffer *warnings,
                          struct error *err) {
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < refusals->count; i++) {
        const struct refusal *refusal = &refusals->list[i];
        if (buffer_check(&refusal->devices, err) < 0)
            return -1;
        if (policy == POLICY_WARN)
            buffer_printf(warnings, "%s: %s (policy \"warn\": the VM goes on without)\n", refusal->devices.data,
                          refusal->reason.message);
        else
            buffer_printf(&text, "%s%s: %s", i ? "; " : "", refusal->devices.data, refusal->reason.message);
    }
    if (buffer_check(&text, err) < 0)
        return -1;
    return text.size ? error_set(err, ERROR_REFUSED, "%s", text.data) : 0;
}

/* What deciding needs for each PCI device, while it lasts. */
struct deciding {
    const struct device **devices; /* in the order of the plan's decisions, as are all here */
    struct verified_rom *roms;
    struct refusals refusals;
    size_t count;
};

static void free_deciding(struct deciding *deciding) {
    for (size_t i = 0; i < deciding->count; i++) {
        buffer_free(&deciding->roms[i].content);
        buffer_free(&deciding->roms[i].warnings);
    }
    free(deciding->devices);
    free(deciding->roms);
    free_refusals(&deciding->refusals);
}
static inline void free_deciding_at(struct deciding *deciding) {
    free_deciding(deciding);
}

/* Decides for every PCI device. A refused device goes without our edits, if the VM goes on at all; what is no refusal
 * (bad input, no memory) fails the call whatever the policy. */
static int decide_all(const struct walk *walk, const struct bundle_view *bundles, const struct config *config,
                      const struct domain *domain, struct plan *plan, struct deciding *deciding, struct error *err) {
    plan->firmware = domain->firmware;
    plan->decisions = calloc(domain->pci_count + 1, sizeof(*plan->decisions));
    deciding->devices = calloc(domain->pci_count + 1, sizeof(struct device *));
    deciding->roms = calloc(domain->pci_count + 1, sizeof(*deciding->roms));
    deciding->refusals.list = calloc(domain->pci_count + 1, sizeof(*deciding->refusals.list));
    if (!plan->decisions || !deciding->devices || !deciding->roms || !deciding->refusals.list)
        return error_no_memory(err);
    for (size_t i = 0; i < domain->count; i++) {
        const struct device *device = &domain->devices[i];
        if (device->kind != DEVICE_PCI)
            continue;
        struct decision *decision = &plan->decisions[plan->count++];
        struct verified_rom *verified = &deciding->roms[deciding->count];
        deciding->devices[deciding->count++] = device;
        struct error problem = {0};
        char label[DEVICE_LABEL_MAX];
        if (decide_device(walk, bundles, config, domain, device, decision, deciding->roms, verified, &problem) == 0)
            continue;
        if (problem.code != ERROR_REFUSED)
            return error_set(err, problem.code, "%s: %s", device_label(device, label), problem.message);
        *decision = (struct decision){.address = device->address};
        add_refusal(&deciding->refusals, device, &problem);
    }
    return 0;
}

/* The last step that can fail for a reason of the node's: a full disk, mostly. */
static int publish_all(const struct walk *walk, const struct bundle_view *bundles, const struct deciding *deciding,
                       struct plan *plan, struct walk_reply *reply, struct error *err) {
    char label[DEVICE_LABEL_MAX];
    for (size_t i = 0; i < deciding->count; i++) {
        const struct verified_rom *verified = &deciding->roms[i];
        struct decision *decision = &plan->decisions[i];
        if (verified->rom) {
            const struct buffer *content = verified->same ? &verified->same->content : &verified->content;
            decision->published = publisher_publish(walk->publisher, verified->rom->id, verified->rom->sha256,
                                                    buffer_bytes(content), err);
            if (!decision->published)
                return error_prefix(err, "%s: ROM \"%s\"", device_label(deciding->devices[i], label),
                                    verified->rom->id);
            decision->rom = ROM_SETTING_FILE;
        }
        note_decision(deciding->devices[i], decision, bundles, &reply->notes);
    }
    for (size_t i = 0; i < deciding->count; i++)
        if (deciding->roms[i].warnings.size)
            buffer_append(&reply->warnings, deciding->roms[i].warnings.data, deciding->roms[i].warnings.size);
    return 0;
}

static int decide_and_publish(const struct walk *walk, const struct bundle_view *bundles, const struct config *config,
                              const struct domain *domain, struct plan *plan, struct walk_reply *reply,
                              struct error *err) {
    CLEANUP(free_deciding) struct deciding deciding = {0};
    enum policy policy = config->policy == POLICY_UNSET ? walk->policy : config->policy;
    if (decide_all(walk, bundles, config, domain, plan, &deciding, err) < 0 ||
        judge_refusals(&deciding.refusals, policy, &reply->warnings, err) < 0)
        return -1;
    return publish_all(walk, bundles, &deciding, plan, reply, err);
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

int walk_decide(const struct walk *walk, const struct config *config, const struct domain *domain, struct plan *plan,
                struct walk_reply *reply, struct error *err) {
    for (bool again = true;; again = false) {
        struct bundle_view bundles;
        struct error problem = {0};
        bundle_set_acquire(walk->bundles, &bundles);
        int failed = warn_of_duplicates(&bundles, &reply->warnings, &problem) < 0
                         ? -1
                         : decide_and_publish(walk, &bundles, config, domain, plan, reply, &problem);
        /* A bundle that is replaced just now has an old manifest and new ROMs, or the reverse: one more look. */
        bool changed = failed && !bundle_set_is_current(walk->bundles);
        bundle_set_release(walk->bundles);
        if (!failed)
            return 0;
        if (!changed || !again)
            return error_set(err, problem.code, "%s", problem.message);
        plan_free(plan);
    }
}
