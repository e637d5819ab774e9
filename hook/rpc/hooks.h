/* KubeVirt's hook sidecar services: Info, and Callbacks of v1alpha1, v1alpha2 and v1alpha3.
 *
 * OnDefineDomain and Shutdown are served and advertised; PreCloudInitIso never is, for it makes virt-launcher fail on a
 * VM without cloud-init volume.
 */
#pragma once

#include "rpc/server.h"
#include "walk.h"

enum hook_version { HOOK_V1ALPHA1 = 1, HOOK_V1ALPHA2, HOOK_V1ALPHA3 };
#define HOOK_METHODS_MAX 5

struct hooks {
    const struct walk *walk;
    enum hook_version first, last;    /* the versions to advertise and serve */
    void (*on_shutdown)(void *owner); /* called on a worker thread when KubeVirt says Shutdown */
    void *owner;
};

/* "v1alpha1" to "v1alpha3". Returns 0, or -1 leaving *version alone. */
int hook_version_parse(const char *name, enum hook_version *version);

/* Fills `methods` with what `hooks` (which must outlive the server) serves. Returns their number. */
size_t hooks_methods(struct hooks *hooks, struct rpc_method methods[HOOK_METHODS_MAX]);

/* The paths, for clients. */
#define HOOK_INFO_PATH                    "/kubevirt.hooks.info.Info/Info"
#define HOOK_CALLBACK_PATH(version, name) "/kubevirt.hooks." version ".Callbacks/" name
