/* Times and the figures made of them, for the programs of this folder. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline int compare_times(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which the part q (0 to 1) of them lies. Sorts them; `count` is at least 1. */
static inline double quantile(double *values, size_t count, double q) {
    qsort(values, count, sizeof(*values), compare_times);
    return values[(size_t)(q * (double)(count - 1) + 0.5)];
}

/* The peak memory of a process, "self" or a number, in KiB; 0: it cannot be read. What getrusage tells has that of the
 * program in it which the process was before. */
static inline long peak_memory_kib(const char *process) {
    char path[64], line[256];
    long peak = 0;
    snprintf(path, sizeof(path), "/proc/%s/status", process);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "VmHWM:", strlen("VmHWM:")) == 0)
            peak = strtol(line + strlen("VmHWM:"), NULL, 10);
    if (file)
        fclose(file);
    return peak;
}
