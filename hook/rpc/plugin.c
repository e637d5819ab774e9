#include "rpc/plugin.h"

#include <string.h>

#include "base/log.h"
#include "plugins_v1alpha1.pb-c.h"
#include "rpc/answer.h"
#include "rpc/message.h"

#define MESSAGE(name) kubevirt__hooks__plugins__v1alpha1__##name##__descriptor

/* KubeVirt api/plugin/v1alpha1/types.go. A word that is not known is a later KubeVirt's: what a boot is due is right
 * for every VM that is not known to run elsewhere already. */
static enum walk_context context_of(const Kubevirt__Hooks__Plugins__V1alpha1__SidecarContext *context) {
    static const char *const migrations[] = {"MigrationSource", "MigrationTarget"};
    const char *word = context ? context->invocation_context : "";
    if (text_choice(word, migrations, sizeof(migrations) / sizeof(migrations[0])) >= 0)
        return WALK_MIGRATION;
    if (strcmp(word, "Boot") == 0)
        return WALK_BOOT;
    char storage[QUOTED_MAX];
    if (*word)
        log_warning("MutateDomain for \"%s\", which this version does not know: taken for a boot",
                    text_quotable(word, storage));
    return WALK_UNTOLD;
}

static int handle_mutate_domain(void *context, struct bytes request, struct buffer *reply, struct error *err) {
    const struct plugin *plugin = context;
    char storage[QUOTED_MAX];
    CLEANUP(message_free) ProtobufCMessage *message = message_decode(&MESSAGE(mutate_domain_request), request, err);
    if (!message)
        return -1;
    const Kubevirt__Hooks__Plugins__V1alpha1__MutateDomainRequest *asked = (void *)message;
    log_info("MutateDomain method has been called");
    if (strcmp(asked->domain_type, "libvirt") != 0)
        return error_set(err, ERROR_INPUT, "MutateDomain: domain_type \"%s\": this plugin knows only \"libvirt\"",
                         text_quotable(asked->domain_type, storage));
    CLEANUP(buffer_free) struct buffer domain = {0};
    if (answer_domain(plugin->walk, context_of(asked->sidecar_context), "MutateDomain",
                      (struct bytes){asked->domain.data, asked->domain.len},
                      (struct bytes){asked->vmi.data, asked->vmi.len}, &domain, err) < 0)
        return -1;
    Kubevirt__Hooks__Plugins__V1alpha1__MutateDomainResponse response =
        KUBEVIRT__HOOKS__PLUGINS__V1ALPHA1__MUTATE_DOMAIN_RESPONSE__INIT;
    response.domain = (ProtobufCBinaryData){domain.size, (uint8_t *)domain.data};
    return message_encode(&response.base, reply, err);
}

size_t plugin_methods(struct plugin *plugin, struct rpc_method methods[PLUGIN_METHODS_MAX]) {
    methods[0] = (struct rpc_method){PLUGIN_MUTATE_DOMAIN_PATH, handle_mutate_domain, plugin, false, NULL};
    return PLUGIN_METHODS_MAX;
}
