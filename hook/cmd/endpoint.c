#include "cmd/endpoint.h"

#include <string.h>

#include "base/log.h"

/* What both kinds have. The bundles are the one walk's; the files that were published and the plans that name them
 * belong to one folder. */
static int prepare(struct endpoint *endpoint, const struct walk *walk, struct error *err) {
    endpoint->walk = *walk;
    if (buffer_check(&endpoint->socket, err) < 0 || buffer_check(&endpoint->rom_dir, err) < 0 ||
        buffer_check(&endpoint->compute_dir, err) < 0)
        return -1;
    endpoint->walk.publisher = publisher_open(endpoint->rom_dir.data, endpoint->compute_dir.data, err);
    endpoint->walk.memory = plan_memory_new(err);
    return endpoint->walk.publisher && endpoint->walk.memory ? 0 : -1;
}

/* What the user says. A ROM folder elsewhere (a PVC) has the same path in both containers unless told otherwise. */
static void take_folders(struct endpoint *endpoint, const struct endpoint_folders *folders) {
    const char *compute_dir = folders->compute_dir ? folders->compute_dir : folders->rom_dir;
    if (folders->rom_dir)
        buffer_append_text(&endpoint->rom_dir, folders->rom_dir);
    if (compute_dir)
        buffer_append_text(&endpoint->compute_dir, compute_dir);
}

/* KubeVirt tells sockets apart by file name alone, across all sidecars of a pod: the name must be this container's.
 * Before 1.6 there is no CONTAINER_NAME, and all sidecars share one folder, which the compute container mounts whole;
 * since then each sidecar has the part of it that has its name. */
int endpoint_of_hooks(struct endpoint *endpoint, const char *socket_dir, const char *container,
                      const struct endpoint_folders *folders, const struct hooks *hooks, const struct walk *walk,
                      struct error *err) {
    take_folders(endpoint, folders);
    if (container)
        buffer_printf(&endpoint->socket, "%s/gpu-hook-%s.sock", socket_dir, container);
    else
        buffer_printf(&endpoint->socket, "%s/gpu-hook-%08x.sock", socket_dir, randombytes_random());
    if (!folders->rom_dir)
        buffer_printf(&endpoint->rom_dir, "%s/rom", socket_dir);
    if (!endpoint->compute_dir.size)
        buffer_printf(&endpoint->compute_dir, "%s/%s%srom", socket_dir, container ? container : "",
                      container ? "/" : "");
    endpoint->hooks = *hooks;
    endpoint->hooks.walk = &endpoint->walk;
    endpoint->method_count = hooks_methods(&endpoint->hooks, endpoint->methods);
    return prepare(endpoint, walk, err);
}

/* The compute container mounts the plugins' common volume whole, each plugin the part that has its name at the place
 * where it is in the whole (KubeVirt 1.9): every path is the same in both. */
int endpoint_of_plugin(struct endpoint *endpoint, const char *socket, const struct endpoint_folders *folders,
                       const struct walk *walk, struct error *err) {
    const int folder = (int)(strrchr(socket, '/') - socket);
    take_folders(endpoint, folders);
    buffer_append_text(&endpoint->socket, socket);
    if (!folders->rom_dir)
        buffer_printf(&endpoint->rom_dir, "%.*s/rom", folder, socket);
    if (!endpoint->compute_dir.size)
        buffer_printf(&endpoint->compute_dir, "%.*s/rom", folder, socket);
    endpoint->plugin.walk = &endpoint->walk;
    endpoint->method_count = plugin_methods(&endpoint->plugin, endpoint->methods);
    if (prepare(endpoint, walk, err) < 0)
        return -1;
    endpoint->walk.is_of_admin = true;
    return 0;
}

int endpoint_start(struct endpoint *endpoint, struct error *err) {
    endpoint->server = rpc_server_start(endpoint->socket.data, endpoint->methods, endpoint->method_count, err);
    if (!endpoint->server)
        return -1;
    log_info("listening on %s", endpoint->socket.data);
    return 0;
}

void endpoint_close(struct endpoint *endpoint) {
    rpc_server_stop(endpoint->server);
    publisher_close(endpoint->walk.publisher);
    plan_memory_free(endpoint->walk.memory);
    buffer_free(&endpoint->socket);
    buffer_free(&endpoint->rom_dir);
    buffer_free(&endpoint->compute_dir);
    *endpoint = (struct endpoint){0};
}
