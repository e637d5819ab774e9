#include "cmd/case.h"

#include <string.h>

/* As compute sees the sidecar's ROM folder on KubeVirt 1.6 and later, but for the container's name. */
#define DEFAULT_COMPUTE_DIR "/var/run/kubevirt-hooks/rom"

int case_open(struct setup *setup, struct publisher **publisher, struct error *err) {
    const char *compute_dir = setup->compute_dir ? setup->compute_dir : DEFAULT_COMPUTE_DIR;
    if (setup_open(setup, err) < 0 || !(*publisher = publisher_open(NULL, compute_dir, err)))
        return -1;
    setup->walk.publisher = *publisher;
    return 0;
}

int case_check_vmi(const char *name, struct bytes vmi, struct error *err) {
    struct error ignored = {0};
    char storage[QUOTED_MAX];
    CLEANUP(json_decref) json_t *root = json_parse(vmi, name, JSON_OF_OTHERS, &ignored);
    const char *kind = json_string_value(json_object_get(root, "kind"));
    if (!kind || !*kind || strcmp(kind, "VirtualMachineInstance") == 0)
        return 0;
    return error_set(err, ERROR_INPUT,
                     "%s: its kind is \"%s\", and one VirtualMachineInstance is needed: kubectl get vmi NAME -o json",
                     name, text_quotable(kind, storage));
}

void case_messages(const struct walk_reply *reply, const struct error *err, struct buffer *text) {
    const struct buffer *warnings = &reply->warnings;
    for (size_t at = 0; at < warnings->size;) {
        const char *line = warnings->data + at, *newline = memchr(line, '\n', warnings->size - at);
        size_t size = newline ? (size_t)(newline - line) : warnings->size - at;
        buffer_printf(text, "warning: %.*s\n", (int)size, line);
        at += size + 1;
    }
    if (err->code != ERROR_NONE)
        buffer_printf(text, SETUP_ERROR_FORMAT, error_grpc_name(err->code), err->message);
}
