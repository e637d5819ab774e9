/* How long the host's facts and checks of one GPU take: bench-host SYSFS ADDRESS */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host/checks.h"

enum { RUNS = 201, REPEATS = 20 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void print(const char *name, double *times) {
    qsort(times, RUNS, sizeof(*times), compare);
    printf("%-28s %9.1f us\n", name, times[RUNS / 2]);
}

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
        double start = now();
        if (host_facts_add(&facts, &sysfs, address, &err) < 0) {
            fprintf(stderr, "error: %s\n", err.message);
            return 1;
        }
        facts_times[run] = now() - start;
        const struct checked checked = {
            .facts = &facts, .function = host_facts_function(&facts, address), .vm = &vm, .rom = CHECKED_ROM_MISSING};
        struct check_result result;
        start = now();
        for (int repeat = 0; repeat < REPEATS; repeat++)
            for (enum check i = 0; i < CHECK_COUNT; i++)
                check_run(i, &checked, &result);
        check_times[run] = (now() - start) / REPEATS;
    }
    print("host_facts_p50", facts_times);
    print("host_checks_p50", check_times);
    return 0;
}
