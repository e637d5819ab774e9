/* A socket that `serve` answers on: what is served there, and where the ROMs go whose paths its replies name. */
#pragma once

#include "rpc/hooks.h"
#include "rpc/plugin.h"

#define ENDPOINT_METHODS_MAX (HOOK_METHODS_MAX + PLUGIN_METHODS_MAX)

/* Starts as {0}; endpoint_close gives it back. It must not move once it is started. */
struct endpoint {
    struct buffer socket, rom_dir, compute_dir;
    struct walk walk; /* its publisher and memory are the endpoint's */
    struct hooks hooks;
    struct plugin plugin;
    struct rpc_method methods[ENDPOINT_METHODS_MAX];
    size_t method_count;
    struct rpc_server *server; /* NULL: not started */
};

/* Where ROMs go, if the user says it; NULL: the folder "rom" beside the socket, which the compute container mounts,
 * too.
 */
struct endpoint_folders {
    const char *rom_dir, *compute_dir;
};

/* Prepares the hook sidecar's service in the folder `socket_dir`. `container`: the container's name, with which
 * KubeVirt tells sidecars apart since 1.6; NULL: an older one. `hooks` without its walk, which becomes a copy of *walk.
 * Returns 0 or -1. */
int endpoint_of_hooks(struct endpoint *endpoint, const char *socket_dir, const char *container,
                      const struct endpoint_folders *folders, const struct hooks *hooks, const struct walk *walk,
                      struct error *err);

/* Prepares a plugin's service at `socket`. Returns 0 or -1. */
int endpoint_of_plugin(struct endpoint *endpoint, const char *socket, const struct endpoint_folders *folders,
                       const struct walk *walk, struct error *err);

/* Listens. Once this returns, calls are answered. Returns 0 or -1. */
int endpoint_start(struct endpoint *endpoint, struct error *err);

/* Ends the service as rpc_server_stop does, and frees what the endpoint has. */
void endpoint_close(struct endpoint *endpoint);

static inline void endpoint_close_at(struct endpoint *endpoint) {
    endpoint_close(endpoint);
}
