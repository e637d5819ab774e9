/* kubelet/pods: the kubelet's answers as structs, and whose pod one is. */
#include <stdio.h>

#include "kubelet/pods.h"
#include "podresources_v1.pb-c.h"
#include "support.h"

/* Two pods: one of a VM with three devices and a claim's, one without a device. */
static void encode(struct buffer *out) {
    char *ids[] = {(char *)"12", (char *)"0000:65:00.0"}, *more[] = {(char *)"7"};
    V1__ContainerDevices gpus = V1__CONTAINER_DEVICES__INIT, others = V1__CONTAINER_DEVICES__INIT;
    gpus.resource_name = (char *)"nvidia.com/A10";
    gpus.device_ids = ids;
    gpus.n_device_ids = 2;
    others.resource_name = (char *)"x/y";
    others.device_ids = more;
    others.n_device_ids = 1;
    V1__CDIDevice cdi = V1__CDIDEVICE__INIT, *cdis[] = {&cdi};
    cdi.name = (char *)"nvidia.com/gpu=0";
    V1__ClaimResource claimed = V1__CLAIM_RESOURCE__INIT, *claims[] = {&claimed};
    claimed.device_name = (char *)"gpu-0";
    claimed.cdi_devices = cdis;
    claimed.n_cdi_devices = 1;
    V1__DynamicResource dynamic = V1__DYNAMIC_RESOURCE__INIT, *dynamics[] = {&dynamic};
    dynamic.claim_name = (char *)"claim";
    dynamic.claim_resources = claims;
    dynamic.n_claim_resources = 1;
    V1__ContainerDevices *of_compute[] = {&gpus}, *of_sidecar[] = {&others};
    V1__ContainerResources compute = V1__CONTAINER_RESOURCES__INIT, sidecar = V1__CONTAINER_RESOURCES__INIT;
    compute.devices = of_compute;
    compute.n_devices = 1;
    compute.dynamic_resources = dynamics;
    compute.n_dynamic_resources = 1;
    sidecar.devices = of_sidecar;
    sidecar.n_devices = 1;
    V1__ContainerResources *containers[] = {&compute, &sidecar};
    V1__PodResources pod = V1__POD_RESOURCES__INIT, empty = V1__POD_RESOURCES__INIT, *pods[] = {&empty, &pod};
    pod.name = (char *)"virt-launcher-vm-abcde";
    pod.namespace_ = (char *)"vms";
    pod.containers = containers;
    pod.n_containers = 2;
    V1__ListPodResourcesResponse response = V1__LIST_POD_RESOURCES_RESPONSE__INIT;
    response.pod_resources = pods;
    response.n_pod_resources = 2;
    uint8_t bytes[1024];
    assert_in_range(v1__list_pod_resources_response__get_packed_size(&response), 1, sizeof(bytes));
    buffer_append(out, bytes, v1__list_pod_resources_response__pack(&response, bytes));
}

static void everything(void **state) {
    (void)state;
    static const struct {
        const char *resource, *id;
    } expected[] = {{"nvidia.com/A10", "12"},
                    {"nvidia.com/A10", "0000:65:00.0"},
                    {NULL, "gpu-0"},
                    {NULL, "nvidia.com/gpu=0"},
                    {"x/y", "7"}};
    CLEANUP(buffer_free) struct buffer bytes = {0};
    CLEANUP(pod_list_free) struct pod_list list = {0};
    struct error err = {0};
    encode(&bytes);
    assert_int_equal(pod_list_parse(buffer_bytes(&bytes), NULL, NULL, &list, &err), 0);
    assert_int_equal(list.count, 1); /* the other has nothing */
    assert_string_equal(list.pods[0].name, "virt-launcher-vm-abcde");
    assert_string_equal(list.pods[0].namespace, "vms");
    assert_int_equal(list.pods[0].count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct pod_device *device = &list.pods[0].devices[i];
        assert_string_equal(device->id, expected[i].id);
        if (expected[i].resource)
            assert_string_equal(device->resource, expected[i].resource);
        else
            assert_null(device->resource);
    }
    CLEANUP(pod_list_free) struct pod_list own = {0}, others = {0};
    assert_int_equal(pod_list_parse(buffer_bytes(&bytes), "vms", "vm", &own, &err), 0);
    assert_int_equal(own.count, 1);
    assert_int_equal(pod_list_parse(buffer_bytes(&bytes), "vms", "v", &others, &err), 0);
    assert_int_equal(others.count, 0);
}

/* Any part of an answer, and any byte of it changed: a struct or an error, never a crash or a leak. */
static void damaged(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer bytes = {0};
    encode(&bytes);
    for (size_t size = 0; size <= bytes.size; size++) {
        CLEANUP(free) uint8_t *part = malloc(size + 1); /* whose bounds the sanitizers know */
        assert_non_null(part);
        memcpy(part, bytes.data, size);
        for (int change = 0; change < 256; change += 5) {
            struct pod_list list;
            struct error err = {0};
            if (size)
                part[size / 2] = (uint8_t)change;
            memset(&list, 0xff, sizeof(list));
            if (pod_list_parse((struct bytes){part, size}, NULL, NULL, &list, &err) < 0)
                assert_error(&err, ERROR_INPUT, "the kubelet's answer is no message");
            pod_list_free(&list);
            memset(&list, 0xff, sizeof(list));
            (void)pod_list_parse_allocatable((struct bytes){part, size}, &list, &err);
            pod_list_free(&list);
        }
    }
}

static void allocatable(void **state) {
    (void)state;
    char *ids[] = {(char *)"1", (char *)"2"};
    V1__ContainerDevices devices = V1__CONTAINER_DEVICES__INIT, *list[] = {&devices};
    devices.resource_name = (char *)"x/y";
    devices.device_ids = ids;
    devices.n_device_ids = 2;
    V1__AllocatableResourcesResponse response = V1__ALLOCATABLE_RESOURCES_RESPONSE__INIT;
    response.devices = list;
    response.n_devices = 1;
    uint8_t bytes[256];
    size_t size = v1__allocatable_resources_response__pack(&response, bytes);
    CLEANUP(pod_list_free) struct pod_list pods = {0}, none = {0};
    struct error err = {0};
    assert_int_equal(pod_list_parse_allocatable((struct bytes){bytes, size}, &pods, &err), 0);
    assert_int_equal(pods.count, 1);
    assert_int_equal(pods.pods[0].count, 2);
    assert_string_equal(pods.pods[0].devices[1].id, "2");
    assert_false(pod_is_of(&pods.pods[0], "", "")); /* it has no name */
    assert_int_equal(pod_list_parse_allocatable((struct bytes){0}, &none, &err), 0);
    assert_int_equal(none.pods[0].count, 0);
}

static void whose(void **state) {
    (void)state;
#define LONG "a123456789b123456789c123456789d123456789e123456789f123456789"
    static const struct {
        const char *pod, *namespace, *vmi;
        bool is_of;
    } cases[] = {
        {"virt-launcher-vm-abcde", "vms", "vm", true},
        {"virt-launcher-vm-abcde", "other", "vm", false},
        {"virt-launcher-vm-abcde", "vms", "v", false},
        {"virt-launcher-vm-abcd", "vms", "vm", false},
        {"virt-launcher-vm-abcdef", "vms", "vm", false},
        {"virt-launcher-vm-", "vms", "vm", false},
        {"virt-launcher-vm-2-abcde", "vms", "vm", false},
        {"virt-launcher-vm-2-abcde", "vms", "vm-2", true},
        {"virt-launcher-vm-a-cde", "vms", "vm", false}, /* of the VM "vm-a"? No: three characters */
        {"xvirt-launcher-vm-abcde", "vms", "vm", false},
        {"virt-launcher--abcde", "vms", "", true},
        /* 44 characters of the name are left of the 58, or 43 and a dash. */
        {"virt-launcher-a123456789b123456789c123456789d123456789e1abcde", "vms", LONG, false},
        {"virt-launcher-a123456789b123456789c123456789d123abcde", "vms", LONG, false},
        {"virt-launcher-a123456789b123456789c123456789d123456789e123abcde", "vms", LONG, true},
        {"virt-launcher-a123456789b123456789c123456789d123456789e123abcde", "vms",
         "a123456789b123456789c123456789d123456789e123", true},
        {"virt-launcher-a123456789b123456789c123456789d123456789e12-abcde", "vms",
         "a123456789b123456789c123456789d123456789e12", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct pod pod = {.name = (char *)cases[i].pod, .namespace = (char *)"vms"};
        if (pod_is_of(&pod, cases[i].namespace, cases[i].vmi) != cases[i].is_of)
            fail_msg("row %zu: %s", i, cases[i].pod);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything),
        cmocka_unit_test(damaged),
        cmocka_unit_test(allocatable),
        cmocka_unit_test(whose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
