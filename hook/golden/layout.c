#include "golden/layout.h"

#include <stdio.h>
#include <string.h>

static const char *const known[] = {"about", "args", "bundle", "in", "out", "sysfs", "vmi.json"};
#define KNOWN "about, args, bundle, in, out, sysfs, vmi.json"

bool golden_is_case(const struct names *top) {
    return names_have(top, "vmi.json") || names_have(top, "in");
}

/* The length of file without its ending, 0 if it has another one or nothing before it. */
static size_t stem(const char *file, const char *ending) {
    size_t size = strlen(file), end = strlen(ending);
    return size > end && *file != '.' && strcmp(file + size - end, ending) == 0 ? size - end : 0;
}

bool golden_input_name(char *file) {
    size_t size = stem(file, ".xml");
    if (size)
        file[size] = '\0';
    return size;
}

static void check_expected(const struct golden_files *files, const char *file, struct golden_result *result) {
    size_t size = stem(file, ".xml") ? stem(file, ".xml") : stem(file, ".err");
    char input[300];
    if (size == 0) {
        golden_problem(result, "out/%s is unknown: expected are NAME.xml and NAME.err", file);
        return;
    }
    snprintf(input, sizeof(input), "%.*s.xml", (int)size, file); /* a file's name has at most 255 bytes */
    if (!names_have(&files->in, input))
        golden_problem(result, "out/%s has no in/%s: remove it, or add the domain", file, input);
}

void golden_check_layout(const struct golden_files *files, struct golden_result *result) {
    size_t inputs = 0;
    for (size_t i = 0; i < files->top.count; i++) {
        const char *file = files->top.list[i];
        if (strcmp(file, "setup") == 0)
            golden_problem(result, "setup: no program of a case is run: keep in the case what it would make");
        else if (text_choice(file, known, sizeof(known) / sizeof(known[0])) < 0)
            golden_problem(result, "%s is unknown: a case has " KNOWN, file);
    }
    if (!names_have(&files->top, "vmi.json"))
        golden_problem(result, "vmi.json is missing: kubectl get vmi NAME -o json");
    for (size_t i = 0; i < files->in.count; i++)
        if (stem(files->in.list[i], ".xml"))
            inputs++;
        else
            golden_problem(result, "in/%s is unknown: a domain is called NAME.xml", files->in.list[i]);
    if (inputs == 0)
        golden_problem(result, "no in/NAME.xml: a case needs a domain");
    for (size_t i = 0; i < files->out.count; i++)
        check_expected(files, files->out.list[i], result);
}

bool golden_is_call(const char *name) {
    return strncmp(name, "call", 4) == 0 && name[4] >= '1' && name[4] <= '9' && name[5] == '\0';
}
