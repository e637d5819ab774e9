/* host/: what the kernel says of a node, what the checks make of it, the reports, the copy; ROMs of the host. */
#include <stdio.h>

#include "base/json.h"
#include "host/report.h"
#include "host/rom.h"
#include "host/snapshot.h"
#include "json_outcome.h"
#include "scenario.h"

static int read_facts(const struct sysfs *sysfs, struct host_devices *devices, struct host_facts *facts,
                      struct error *err) {
    if (host_devices_list(sysfs, devices, err) < 0)
        return -1;
    for (size_t i = 0; i < devices->function_count; i++)
        if (host_facts_add(facts, sysfs, devices->functions[i], err) < 0)
            return -1;
    for (size_t i = 0; i < devices->mdev_count; i++)
        if (host_facts_add_mdev(facts, sysfs, devices->mdevs[i], err) < 0)
            return -1;
    return 0;
}

/* All that `check` prints. */
static int report(const struct given *given, struct outcome *outcome, struct error *err) {
    const struct sysfs sysfs = {.root = given->path};
    const struct report_style style = {.colour = true, .width = 80, .all = true};
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    CLEANUP(host_report_free) struct host_report made = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    if (read_facts(&sysfs, &devices, &facts, err) < 0 || host_report_make(&facts, &devices, &made, err) < 0)
        return -1;
    host_report_table(&made, &style, &text);
    host_report_tree(&made, &style, &text);
    host_report_nfd(&made, &text);
    host_report_prometheus(&made, &text);
    CLEANUP(json_decref) json_t *json = host_report_json(&made);
    if (needs_memory(json, err) < 0 || buffer_check(&text, err) < 0)
        return -1;
    outcome_buffer(outcome, &text);
    outcome_json(outcome, json);
    return 0;
}

static int copy(const struct given *given, struct outcome *outcome, struct error *err) {
    struct sysfs sysfs = {.root = given->path};
    struct snapshot_tally tally = {0};
    CLEANUP(host_devices_free) struct host_devices devices = {0};
    CLEANUP(host_facts_free) struct host_facts facts = {0};
    CLEANUP(snapshot_free) struct snapshot *snapshot = snapshot_watch(&sysfs, err);
    if (!snapshot || read_facts(&sysfs, &devices, &facts, err) < 0)
        return -1;
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/copy", given->folder);
    if (snapshot_write(snapshot, folder, true, &tally, err) < 0)
        return -1;
    outcome_number(outcome, tally.written);
    outcome_number(outcome, tally.left_out);
    outcome_text(outcome, tally.first_left_out);
    return 0;
}

static int read_vfct(const struct given *given, struct outcome *outcome, struct error *err) {
    CLEANUP(buffer_free) struct buffer table = {0};
    if (host_read_vfct("/sys", given->path, 1 << 20, &table, err) < 0)
        return -1;
    outcome_buffer(outcome, &table);
    return 0;
}

#define HOSTS "fixtures/hosts/"

struct scenarios scenarios_host(void) {
    static const struct scenario list[] = {
        {.name = "host/report-workstation", report, HOSTS "workstation"},
        {.name = "host/report-lab", report, HOSTS "lab"},
        {.name = "host/report-sxm", report, HOSTS "sxm"},
        {.name = "host/report-vgpu", report, HOSTS "vgpu"},
        {.name = "host/report-narrow", report, HOSTS "narrow"},
        {.name = "host/report-no-devices", report, HOSTS "no-devices"},
        {.name = "host/snapshot", copy, HOSTS "workstation", .leaves_files = true},
        {.name = "host/snapshot-vgpu", copy, HOSTS "vgpu", .leaves_files = true},
        {.name = "host/vfct", read_vfct, "fuzz/corpus/vfct/vfct"},
    };
    return SCENARIOS(list);
}
