/* What became of another system's VM, as KubeVirt's objects, commands and notes. Pure. */
#pragma once

#include "import/vm.h"

/* Returns a new reference, or NULL with err filled: ERROR_INPUT where a value of the old configuration is one that the
 * annotation cannot have.
 *
 *   {"virtualMachine": the object's part that passthrough needs: spec.template with the annotation, machine, CPU,
 *                      firmware, gpus and hostDevices,
 *    "kubevirt": the KubeVirt object's part: permittedHostDevices; absent where no device's ID is known,
 *    "bundle": commands that make the ROM bundle, as a shell takes them,
 *    "notes": sentences, "others": names of what is no matter of passthrough}
 *
 * Resources are named gpu.example/...: which names a cluster's device plugin has, nobody here knows. */
json_t *import_result(const struct import_vm *vm, struct error *err);

/* The result for people: two YAML documents, and the rest as comments. `source` names the file. */
int import_result_text(const json_t *result, const char *source, struct buffer *text, struct error *err);
