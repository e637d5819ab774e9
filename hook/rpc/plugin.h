/* KubeVirt's plugin service for domains, of its Plugin API v1alpha1: DomainHookService. */
#pragma once

#include "rpc/server.h"
#include "walk.h"

#define PLUGIN_METHODS_MAX 1

struct plugin {
    const struct walk *walk;
};

/* Fills `methods` with what `plugin` (which must outlive the server) serves. Returns their number. */
size_t plugin_methods(struct plugin *plugin, struct rpc_method methods[PLUGIN_METHODS_MAX]);

/* The path, for clients. */
#define PLUGIN_MUTATE_DOMAIN_PATH "/kubevirt.hooks.plugins.v1alpha1.DomainHookService/MutateDomain"
