/* How long the host's facts and checks of one GPU take, in microseconds: bench-host SYSFS ADDRESS */
#include "figures.h"
#include "host/checks.h"

enum { RUNS = 201, REPEATS = 20 };

int main(int argc, char **argv) {
    static double facts_times[RUNS], check_times[RUNS];
    struct pci_address address;
    if (argc != 3 || pci_address_parse(argv[2], &address) < 0) {
        fputs("usage: bench-host SYSFS ADDRESS\n", stderr);
        return 64;
    }
    const struct sysfs sysfs = {.root = argv[1]};
    const struct checked_vm vm = {.devices = &address, .device_count = 1, .has_guest = true, .cpus = "0-3"};
    for (size_t run = 0; run < RUNS; run++) {
        CLEANUP(host_facts_free) struct host_facts facts = {0};
        struct error err = {0};
        double start = now_us();
        if (host_facts_add(&facts, &sysfs, address, &err) < 0) {
            fprintf(stderr, "error: %s\n", err.message);
            return 1;
        }
        facts_times[run] = now_us() - start;
        const struct checked checked = {
            .facts = &facts, .function = host_facts_function(&facts, address), .vm = &vm, .rom = CHECKED_ROM_MISSING};
        struct check_result result;
        start = now_us();
        for (int repeat = 0; repeat < REPEATS; repeat++)
            for (enum check i = 0; i < CHECK_COUNT; i++)
                check_run(i, &checked, &result);
        check_times[run] = (now_us() - start) / REPEATS;
    }
    printf("facts %.1f\nchecks %.1f\n", quantile(facts_times, RUNS, 0.5), quantile(check_times, RUNS, 0.5));
    return 0;
}
