#include "walk_checks.h"

#include "base/json.h"

/* What the policy or the check's own mode makes of a failure. */
static enum check_mode mode_of(const struct checking *checking, const struct subject *subject, enum check check) {
    enum check_mode mode = (enum check_mode)subject->options.checks.mode[check];
    if (mode == CHECK_MODE_UNSET)
        mode = checking->policy == POLICY_WARN ? CHECK_MODE_WARN : CHECK_MODE_ENFORCE;
    return mode == CHECK_MODE_ENFORCE && checking->is_migrating ? CHECK_MODE_WARN : mode;
}

/* Without its right identity nothing that is said of a device may be done to it. */
static bool is_about_identity(enum check check) {
    return check == CHECK_DEVICE_PRESENT || check == CHECK_IDENTITY;
}

static int tell(const struct checking *checking, const struct subject *subject, enum check check, const char *why,
                struct error *err) {
    const struct check_result *result = &subject->results[check];
    struct error reason = {0};
    error_set(&reason, ERROR_REFUSED, "%s: %s%s%s%s", check_name(check), result->evidence,
              result->remedy[0] ? "; " : "", result->remedy, why);
    error_see(&reason, "checks.md#%s", check_name(check));
    return refusals_add(checking->warnings, subject->device, &reason, check_name(check), false, err);
}

static int judge(const struct checking *checking, struct subject *subject, enum check check, struct error *err) {
    const struct check_result *result = &subject->results[check];
    enum check_mode mode = mode_of(checking, subject, check);
    if (result->verdict == VERDICT_WARN)
        return tell(checking, subject, check, "", err);
    if (result->verdict != VERDICT_FAIL)
        return 0;
    if (mode == CHECK_MODE_WARN && !is_about_identity(check))
        return tell(checking, subject, check,
                    checking->is_migrating ? " (only a warning: the VM comes from another node)"
                                           : " (only a warning, as the VM's owner or admin says)",
                    err);
    struct error reason = {0};
    error_set(&reason, ERROR_REFUSED, "%s: %s; %s", check_name(check), result->evidence, result->remedy);
    error_see(&reason, "checks.md#%s", check_name(check));
    subject->is_refused = true;
    return refusals_add(checking->refusals, subject->device, &reason, check_name(check), mode == CHECK_MODE_ENFORCE,
                        err);
}

static enum checked_rom rom_of(const struct checking *checking, const struct subject *subject) {
    enum rom_choice choice = subject->options.rom.choice;
    if (checking->is_before)
        return CHECKED_ROM_OF_NODE;
    if (subject->candidate.rom || subject->device->has_rom_file)
        return CHECKED_ROM_GIVEN;
    /* Where the plan has refused the device, its reason says more of the ROM. */
    return choice == ROM_NONE || choice == ROM_DEVICE || subject->device->rom_disabled || subject->is_refused
               ? CHECKED_ROM_UNWANTED
               : CHECKED_ROM_MISSING;
}

/* All PCI functions that the VM gets. */
static size_t list_functions(const struct subjects *subjects, struct pci_address list[DOMAIN_DEVICES_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < subjects->count; i++)
        if (subjects->list[i]->device->kind == DEVICE_PCI)
            list[count++] = subjects->list[i]->device->address;
    return count;
}

static int make_checks(const struct checking *checking, struct subject *subject, const struct checked_vm *vm,
                       struct error *err) {
    if (!subject->function && !subject->mdev) /* a mediated device that nothing names */
        return 0;
    const struct checked checked = {
        .facts = &checking->subjects->host,
        .function = subject->function,
        .mdev = subject->mdev,
        .vm = vm,
        .expect = device_option_given(&subject->options, OPTION_EXPECT) ? &subject->options.expect : NULL,
        .rom = rom_of(checking, subject),
        .has_vf_token = subject->options.vfio.value[VFIO_VF_TOKEN][0] != '\0',
    };
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        if (check_wants_guest(i) != vm->has_guest || subject->options.checks.mode[i] == CHECK_MODE_IGNORE)
            continue;
        check_run(i, &checked, &subject->results[i]);
        if (judge(checking, subject, i, err) < 0)
            return -1;
    }
    return 0;
}

int walk_check_device(const struct checking *checking, size_t index, struct error *err) {
    struct pci_address functions[DOMAIN_DEVICES_MAX];
    const struct checked_vm vm = {.devices = functions, .device_count = list_functions(checking->subjects, functions)};
    return make_checks(checking, checking->subjects->list[index], &vm, err);
}

int walk_check_guest(const struct checking *checking, const struct guest_facts *facts, struct error *err) {
    struct pci_address functions[DOMAIN_DEVICES_MAX];
    struct checked_vm vm = {.devices = functions,
                            .device_count = list_functions(checking->subjects, functions),
                            .has_guest = true,
                            .knows_bars = facts->knows_bars,
                            .bars_kib = facts->bars_kib,
                            .needed_kib = facts->window_kib,
                            .memory_kib = facts->guest->memory_at_start_kib,
                            .cpus = facts->guest->pinned_cpus ? facts->guest->pinned_cpus : ""};
    plan_guest_window(&checking->plan->guest, facts, &vm.window_least_kib, &vm.window_most_kib);
    for (size_t i = 0; i < checking->subjects->count; i++)
        if (make_checks(checking, checking->subjects->list[i], &vm, err) < 0)
            return -1;
    return 0;
}

json_t *walk_explain_checks(const struct subject *subject) {
    CLEANUP(json_decref) json_t *checks = json_object();
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        const struct check_result *result = &subject->results[i];
        if (result->verdict != VERDICT_NOT_APPLICABLE &&
            json_object_set_new(
                checks, check_name(i),
                json_pack("{s:s, s:s}", "verdict", verdict_name(result->verdict), "evidence", result->evidence)) < 0)
            return NULL;
    }
    return TAKE_PTR(checks);
}

void walk_note_checks(const struct subject *subject, struct buffer *notes) {
    char label[DEVICE_LABEL_MAX];
    size_t count[VERDICT_FAIL + 1] = {0};
    CLEANUP(buffer_free) struct buffer unknown = {0};
    for (enum check i = 0; i < CHECK_COUNT; i++) {
        count[subject->results[i].verdict]++;
        if (subject->results[i].verdict == VERDICT_UNKNOWN)
            buffer_printf(&unknown, "%s%s (%s)", unknown.size ? ", " : "", check_name(i), subject->results[i].evidence);
    }
    buffer_printf(notes, "%s: host checks: %zu passed, %zu warned, %zu failed%s%s\n",
                  device_label(subject->device, label), count[VERDICT_PASS], count[VERDICT_WARN], count[VERDICT_FAIL],
                  unknown.size ? "; unknown: " : "", unknown.size ? unknown.data : "");
    notes->failed = notes->failed || unknown.failed;
}
