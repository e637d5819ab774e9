/* tests/fuzz/mutate/wire: what is made of a message is one in most cases, with the lengths of the messages in it right,
 * and keeps within its room. */
#include "mutate_support.h"
#include "plugins_v1alpha1.pb-c.h"
#include "rpc/message.h"

/* MutateDomainRequest: libvirt, <a b="c">, {"a":1}, and a context. */
static const uint8_t request[] = "\n\x07libvirt\x12\x0b<a b=\"c\"/> \x1a\x07{\"a\":1}\"\x06\n\x04"
                                 "Boot";

static bool is_request(struct bytes bytes) {
    CLEANUP(message_free)
    ProtobufCMessage *message =
        message_decode(&kubevirt__hooks__plugins__v1alpha1__mutate_domain_request__descriptor, bytes, NULL);
    return message != NULL;
}

static void most_are_requests(void **state) {
    (void)state;
    struct bytes bytes = {request, sizeof(request) - 1};
    assert_true(is_request(bytes));
    assert_in_range(count_whole(mutate_wire, bytes, 512, is_request), 800, 1000);
    assert_in_range(count_whole(mutate_wire, bytes, bytes.size, is_request), 100, 1000);
}

static void what_is_no_message(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof(request); size++)
        count_whole(mutate_wire, (struct bytes){request, size}, size + 1, is_request);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(most_are_requests), cmocka_unit_test(what_is_no_message)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
