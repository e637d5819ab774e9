/* domain/companions: the <hostdev>s of functions that KubeVirt left behind. */
#include <stdio.h>

#include "domain/companions.h"
#include "domain_support.h"

#define GPU                                                                                                            \
    "<hostdev type='pci'><source><address bus='0x01' slot='0x00' function='0x0'/></source>"                            \
    "<alias name='ua-gpu-a'/></hostdev>"
#define NEW(function)                                                                                                  \
    "<hostdev type=\"pci\" managed=\"no\"><source><address domain=\"0x0000\" bus=\"0x01\" slot=\"0x00\" "              \
    "function=\"0x" function "\"/></source><alias name=\"ua-companion-0000-01-00-" function "\"/></hostdev>"
#define DOMAIN(devices) "<domain><devices>" devices "</devices></domain>"

static void open_domain(const char *text, struct domain *domain) {
    struct error err = {0};
    domain_parse(bytes_of(text), domain, &err);
    assert_no_error(&err);
    tree_editable(&domain->tree, &err);
    assert_no_error(&err);
}

static void added(void **state) {
    (void)state;
    static const struct {
        size_t count; /* of the decisions below */
        const char *before, *after;
    } cases[] = {
        {0, DOMAIN(GPU), DOMAIN(GPU)},
        {1, DOMAIN(GPU), DOMAIN(GPU)}, /* no companion */
        {2, DOMAIN(GPU), DOMAIN(GPU NEW("1"))},
        {3, DOMAIN(GPU), DOMAIN(GPU NEW("1") NEW("7"))},
        /* Behind the last passthrough device, not behind all. */
        {2, DOMAIN("<disk/>" GPU "<hostdev type='usb'/><memballoon/>"),
         DOMAIN("<disk/>" GPU NEW("1") "<hostdev type='usb'/><memballoon/>")},
        {2, DOMAIN("<disk/>" GPU "<hostdev type='mdev'/><x/>"),
         DOMAIN("<disk/>" GPU "<hostdev type='mdev'/>" NEW("1") "<x/>")},
        {2, "<domain><devices>" GPU "</devices><devices><disk/></devices></domain>",
         "<domain><devices>" GPU NEW("1") "</devices><devices><disk/></devices></domain>"},
        /* There already, whoever added it. */
        {2, DOMAIN(GPU NEW("1")), DOMAIN(GPU NEW("1"))},
        {3, DOMAIN(GPU NEW("1")), DOMAIN(GPU NEW("1") NEW("7"))},
    };
    struct decision decisions[] = {{.address = {0, 1, 0, 0}},
                                   {.address = {0, 1, 0, 1}, .is_companion = true},
                                   {.address = {0, 1, 0, 7}, .is_companion = true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct plan plan = {.count = cases[i].count, .decisions = decisions};
        struct error err = {0};
        CLEANUP(domain_free) struct domain domain = {0};
        open_domain(cases[i].before, &domain);
        size_t count = domain.count;
        companions_add(&domain, &plan, &err);
        assert_no_error(&err);
        CLEANUP(buffer_free) struct buffer text = written(&domain.tree);
        assert_bytes(buffer_bytes(&text), cases[i].after);
        /* The domain knows them as if they had been there. */
        CLEANUP(domain_free) struct domain again = {0};
        open_domain(text.data, &again);
        assert_int_equal(domain.count, again.count);
        for (size_t j = 0; j < domain.count; j++)
            assert_int_equal(domain.devices[j].kind, again.devices[j].kind);
        for (size_t j = count; j < domain.count; j++) {
            assert_string_equal(domain.devices[j].alias, again.devices[j].alias);
            assert_string_equal(domain.devices[j].name, again.devices[j].name);
            assert_true(pci_address_equal(domain.devices[j].address, again.devices[j].address));
            assert_string_equal((const char *)domain.nodes[j]->name, "hostdev");
        }
        companions_add(&again, &plan, &err);
        assert_no_error(&err);
        assert_false(again.tree.changed);
    }
}

/* With line breaks as KubeVirt's, it stands as the others do. */
static void in_lines(void **state) {
    (void)state;
    static const char before[] =
        "<domain>\n  <devices>\n    <hostdev type='pci'>\n      <source>\n        <address "
        "bus='1' slot='0'/>\n      </source>\n    </hostdev>\n    <disk/>\n  </devices>\n</domain>\n";
    static const char after[] =
        "<domain>\n  <devices>\n    <hostdev type='pci'>\n      <source>\n        <address bus='1' slot='0'/>\n      "
        "</source>\n    </hostdev>\n    <hostdev type=\"pci\" managed=\"no\">\n      <source>\n        <address "
        "domain=\"0x0000\" bus=\"0x01\" slot=\"0x00\" function=\"0x1\"/>\n      </source>\n      <alias "
        "name=\"ua-companion-0000-01-00-1\"/>\n    </hostdev>\n    <disk/>\n  </devices>\n</domain>\n";
    struct decision decision = {.address = {0, 1, 0, 1}, .is_companion = true};
    const struct plan plan = {.count = 1, .decisions = &decision};
    struct error err = {0};
    CLEANUP(domain_free) struct domain domain = {0};
    open_domain(before, &domain);
    companions_add(&domain, &plan, &err);
    assert_no_error(&err);
    CLEANUP(buffer_free) struct buffer text = written(&domain.tree);
    assert_bytes(buffer_bytes(&text), after);
}

static void not_more_than_allowed(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(domain_free) struct domain domain = {0};
    struct decision decisions[] = {{.address = {1, 0, 0, 0}, .is_companion = true},
                                   {.address = {2, 0, 0, 0}, .is_companion = true}};
    struct error err = {0};
    buffer_append_text(&text, "<domain><devices>");
    for (int i = 1; i < DOMAIN_DEVICES_MAX; i++)
        buffer_printf(&text, "<hostdev type='pci'><source><address bus='%d' slot='0'/></source></hostdev>", i);
    buffer_append_text(&text, "</devices></domain>");
    open_domain(text.data, &domain);
    assert_int_equal(companions_add(&domain, &(struct plan){.count = 1, .decisions = decisions}, &err), 0);
    assert_int_equal(companions_add(&domain, &(struct plan){.count = 2, .decisions = decisions}, &err), -1);
    assert_error(&err, ERROR_LIMIT, "more than 256 passthrough devices");
}

static void landed(void **state) {
    (void)state;
#define AUDIO(alias)                                                                                                   \
    "<hostdev type='pci'><source><address bus='0x01' slot='0x00' function='0x1'/></source>" alias "</hostdev>"
    static const struct {
        const char *text;
        bool landed;
    } cases[] = {
        {DOMAIN(GPU AUDIO("<alias name='ua-companion-0000-01-00-1'/>")), true},
        {DOMAIN(GPU AUDIO("<alias name='ua-hostdevice-audio'/>")), true}, /* KubeVirt gave it after all */
        {DOMAIN(GPU), false},
        {DOMAIN(GPU AUDIO("")), false},
        {DOMAIN(GPU AUDIO("<alias name='hostdev1'/>")), false},
        {DOMAIN(GPU AUDIO("<alias name='ua-a1'/>") AUDIO("<alias name='ua-a2'/>")), false},
        {DOMAIN(GPU "<hostdev type='usb'/>"), false},
        {DOMAIN(GPU "<hostdev type='pci' mode='capabilities'/>"), false},
    };
    struct decision decisions[] = {{.address = {0, 1, 0, 0}}, {.address = {0, 1, 0, 1}, .is_companion = true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(domain_free) struct domain domain = {0};
        open_domain(cases[i].text, &domain);
        if (companions_landed(&domain, &(struct plan){.count = 2, .decisions = decisions}) != cases[i].landed)
            fail_msg("%s", cases[i].text);
        assert_true(companions_landed(&domain, &(struct plan){.count = 1, .decisions = decisions}));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added),
        cmocka_unit_test(in_lines),
        cmocka_unit_test(not_more_than_allowed),
        cmocka_unit_test(landed),
    };
    return cmocka_run_group_tests(tests, tree_group_setup, NULL);
}
