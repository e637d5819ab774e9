/* config/allowed: which options a VM owner may set, the words of the rule, and what it says to whom it denies one. */
#include "config/allowed.h"
#include "support.h"

#define TENANT                                                                                                         \
    "rom, romBar, expect, guestAddress, layout, display, ramfb, driverModel, hideHypervisor, hypervVendorId, ioapic, " \
    "topoext, maxPhysAddr, pciHole64, emulatedVideo"
#define ADMINS "companions, xVga, igd, ids, gpudirectClique, vfio, checks, ovmfMmio64, policy"

/* An annotation that gives the option of that name, and nothing else. */
static void parse_one(const char *name, struct config *config) {
    static const struct {
        const char *name, *text;
    } annotations[] = {
        {"rom", "{\"devices\": {\"gpu\": {\"rom\": \"auto\"}}}"},
        {"romBar", "{\"devices\": {\"gpu\": {\"romBar\": \"on\"}}}"},
        {"expect", "{\"devices\": {\"gpu\": {\"expect\": \"1002:1681\"}}}"},
        {"guestAddress", "{\"devices\": {\"gpu\": {\"guestAddress\": \"0000:06:00.0\"}}}"},
        {"layout", "{\"devices\": {\"gpu\": {\"layout\": \"separate\"}}}"},
        {"companions", "{\"devices\": {\"gpu\": {\"companions\": \"none\"}}}"},
        {"xVga", "{\"devices\": {\"gpu\": {\"xVga\": \"off\"}}}"},
        {"display", "{\"devices\": {\"gpu\": {\"display\": \"off\"}}}"},
        {"ramfb", "{\"devices\": {\"gpu\": {\"ramfb\": \"off\"}}}"},
        {"igd", "{\"devices\": {\"gpu\": {\"igd\": \"upt\"}}}"},
        {"ids", "{\"devices\": {\"gpu\": {\"ids\": {\"vendor\": \"10de\"}}}}"},
        {"gpudirectClique", "{\"devices\": {\"gpu\": {\"gpudirectClique\": 0}}}"},
        {"driverModel", "{\"devices\": {\"gpu\": {\"driverModel\": \"vfio_pci\"}}}"},
        {"vfio", "{\"devices\": {\"gpu\": {\"vfio\": {\"x-no-mmap\": \"on\"}}}}"},
        {"checks", "{\"devices\": {\"gpu\": {\"checks\": {\"link\": \"ignore\"}}}}"},
        {"hideHypervisor", "{\"guest\": {\"hideHypervisor\": false}}"},
        {"hypervVendorId", "{\"guest\": {\"hypervVendorId\": \"x\"}}"},
        {"ioapic", "{\"guest\": {\"ioapic\": \"kvm\"}}"},
        {"topoext", "{\"guest\": {\"topoext\": false}}"},
        {"maxPhysAddr", "{\"guest\": {\"maxPhysAddr\": \"auto\"}}"},
        {"pciHole64", "{\"guest\": {\"pciHole64\": \"auto\"}}"},
        {"ovmfMmio64", "{\"guest\": {\"ovmfMmio64\": \"auto\"}}"},
        {"emulatedVideo", "{\"guest\": {\"emulatedVideo\": \"keep\"}}"},
        {"policy", "{\"policy\": \"warn\"}"},
    };
    struct error err = {0};
    for (size_t i = 0; i < COUNT(annotations); i++) {
        if (strcmp(annotations[i].name, name) != 0)
            continue;
        assert_int_equal(config_parse(annotations[i].text, config, &err), 0);
        return;
    }
    fail_msg("no annotation for the option %s: add one here", name);
}

/* "rom, romBar": those of all options that may be set, found by trying each. */
static void list_allowed(const struct allowed *allowed, struct buffer *names) {
    const struct option_table *tables[] = {&device_option_table, &guest_option_table};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < (i < 2 ? tables[i]->count : 1); j++) {
            CLEANUP(config_free) struct config config = {0};
            struct error err = {0};
            const char *name = i < 2 ? tables[i]->rows[j].name : "policy";
            parse_one(name, &config);
            if (allowed_check(allowed, &config, "the rule", &err) == 0)
                buffer_printf(names, "%s%s", names->size ? ", " : "", name);
            else
                assert_int_equal(err.code, ERROR_DENIED);
        }
    }
}

static void words(void **state) {
    (void)state;
    static const struct {
        const char *words, *allowed;
    } cases[] = {
        {"", ""},
        {"none", ""},
        {"tenant", TENANT},
        {"rom", "rom"},
        {"rom,romBar", "rom, romBar"},
        {"romBar,rom,romBar", "rom, romBar"},
        {"rom,romBar,-rom", "romBar"},
        {"rom,none,checks", "checks"},
        {"-rom", ""},
        {"-rom,rom", "rom"},
        {"policy,guestAddress,ioapic", "guestAddress, ioapic, policy"},
        {"policy,-policy", ""},
        {"all,none", ""},
        {"tenant,none,vfio,ovmfMmio64", "vfio, ovmfMmio64"},
        {"all,-rom,-romBar,-expect,-guestAddress,-layout,-display,-ramfb,-driverModel,-hideHypervisor,-hypervVendorId,"
         "-ioapic,-topoext,-maxPhysAddr,-pciHole64,-emulatedVideo",
         ADMINS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(buffer_free) struct buffer names = {0};
        struct allowed allowed;
        struct error err = {0};
        memset(&allowed, 0xff, sizeof(allowed));
        assert_int_equal(allowed_parse(cases[i].words, &allowed, &err), 0);
        list_allowed(&allowed, &names);
        assert_string_equal(names.data ? names.data : "", cases[i].allowed);
    }
}

/* One option is a tenant's or an admin's, never both or neither. */
static void all_and_tenants(void **state) {
    (void)state;
    CLEANUP(buffer_free) struct buffer all_names = {0}, tenant_names = {0};
    const struct allowed all = allowed_all(), tenants = allowed_to_tenants();
    list_allowed(&all, &all_names);
    list_allowed(&tenants, &tenant_names);
    assert_string_equal(tenant_names.data, TENANT);
    /* The names of both lists, without those between them. */
    assert_int_equal(all_names.size, strlen(TENANT) + strlen(", ") + strlen(ADMINS));
}

static void no_words(void **state) {
    (void)state;
    static const char *const lists[] = {"Rom",  "rom ",  " rom",    "rom,",    "rom,,", ",rom", "--rom", "-",
                                        "-all", "-none", "-tenant", "devices", "x",     "*",    "rom;",  "\xff"};
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct allowed allowed;
        struct error err = {0};
        assert_int_equal(allowed_parse(lists[i], &allowed, &err), -1);
        assert_error(&err, ERROR_INPUT, "\" is none of all, none, tenant, rom, romBar, ");
    }
    char large[4096];
    struct allowed allowed;
    struct error err = {0};
    memset(large, 'r', sizeof(large));
    large[sizeof(large) - 1] = '\0';
    assert_int_equal(allowed_parse(large, &allowed, &err), -1);
}

static void json(void **state) {
    (void)state;
    static const struct json_place place = {"allow"};
    static const struct {
        const char *given, *written, *error;
    } cases[] = {
        {"[]", "[]", NULL},
        {"[\"none\"]", "[]", NULL},
        {"[\"all\"]", "[\"all\"]", NULL},
        {"[\"tenant\"]", "[\"tenant\"]", NULL},
        {"[\"all\", \"-policy\", \"-checks\", \"-vfio\", \"-ids\", \"-igd\", \"-xVga\", \"-companions\", "
         "\"-gpudirectClique\", \"-ovmfMmio64\"]",
         "[\"tenant\"]", NULL},
        {"[\"policy\", \"ioapic\", \"romBar\", \"rom\"]", "[\"rom\", \"romBar\", \"ioapic\", \"policy\"]", NULL},
        {"[\"rom\", 1]", NULL, "allow[1] is a number: it must be a string"},
        {"[\"rom\", \"ROM\"]", NULL, "allow[1]: \"ROM\" is none of all, "},
        {"[\"rom,romBar\"]", NULL, "allow[0]: \"rom,romBar\" is none of all, "},
        {"[null]", NULL, "allow[0] is null"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct allowed allowed, again;
        struct error err = {0};
        CLEANUP(json_decref) json_t *array = json_loads(cases[i].given, 0, NULL);
        int failed = allowed_parse_json(array, &place, &allowed, &err);
        assert_int_equal(failed, cases[i].error ? -1 : 0);
        if (failed) {
            assert_error(&err, ERROR_INPUT, cases[i].error);
            continue;
        }
        CLEANUP(json_decref) json_t *written = allowed_to_json(&allowed);
        CLEANUP(json_decref) json_t *expected = json_loads(cases[i].written, 0, NULL);
        assert_true(json_equal(written, expected));
        assert_int_equal(allowed_parse_json(written, &place, &again, &err), 0);
        assert_true(again.device == allowed.device && again.guest == allowed.guest && again.policy == allowed.policy);
    }
}

static void what_is_denied(void **state) {
    (void)state;
    static const struct {
        const char *words, *annotation, *message; /* NULL: it may be said */
    } cases[] = {
        {"none", "{}", NULL},
        {"none", "{\"devices\": {}, \"guest\": {}}", NULL},
        {"none", "{\"devices\": {\"gpu\": {}}}", NULL},
        {"rom", "{\"devices\": {\"gpu\": {\"rom\": \"auto\"}, \"*\": {\"rom\": \"none\"}}}", NULL},
        {"rom", "{\"devices\": {\"gpu\": {\"rom\": \"auto\"}, \"*\": {\"romBar\": \"on\"}}}", "devices.*.romBar: "},
        {"rom", "{\"devices\": {\"e5:00.0\": {\"expect\": \"0001:0002\"}}}", "devices.e5:00.0.expect: "},
        /* To take away what a profile says is to say something. */
        {"rom", "{\"devices\": {\"gpu\": {\"romBar\": null}}}", "devices.gpu.romBar: "},
        {"romBar", "{\"devices\": {\"gpu\": {\"romBar\": null}}}", NULL},
        {"rom", "{\"guest\": {\"ioapic\": null}}", "guest.ioapic: "},
        {"rom", "{\"guest\": {\"hideHypervisor\": true}}", "guest.hideHypervisor: "},
        {"all,-policy", "{\"policy\": \"warn\"}", "policy: "},
        {"rom", "{\"guest\": {\"ioapic\": \"kvm\"}}",
         "annotation gpu.vm.kubevirt.io/config: guest.ioapic: a VM's owner may not set it here (\"allow\" of bundle "
         "\"lab\"): leave it out, or ask the cluster's admin to allow it; allowed are rom"},
        {"none", "{\"guest\": {\"ioapic\": \"kvm\"}}", "to allow it; allowed are none"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(config_free) struct config config = {0};
        struct allowed allowed;
        struct error err = {0};
        assert_int_equal(allowed_parse(cases[i].words, &allowed, &err), 0);
        assert_int_equal(config_parse(cases[i].annotation, &config, &err), 0);
        int failed = allowed_check(&allowed, &config, "\"allow\" of bundle \"lab\"", &err);
        assert_int_equal(failed, cases[i].message ? -1 : 0);
        if (failed)
            assert_error(&err, ERROR_DENIED, cases[i].message);
    }
}

/* What may be said stays, with and without the rest. */
static void stripped(void **state) {
    (void)state;
    static const struct {
        const char *words, *annotation, *left;
        bool any;
    } cases[] = {
        {"all", "{\"policy\": \"warn\", \"devices\": {\"gpu\": {\"rom\": null, \"romBar\": \"on\"}}}", NULL, false},
        {"none", "{}", NULL, false},
        {"none", "{\"policy\": \"warn\"}", "{}", true},
        {"none", "{\"policy\": \"enforce\"}", "{\"policy\": \"enforce\"}", false},
        {"policy", "{\"policy\": \"warn\", \"guest\": {\"ioapic\": \"kvm\"}}", "{\"policy\": \"warn\"}", true},
        {"rom", "{\"devices\": {\"a\": {\"rom\": \"auto\", \"romBar\": \"on\"}, \"*\": {\"romBar\": null}}}",
         "{\"devices\": {\"a\": {\"rom\": \"auto\"}, \"*\": {}}}", true},
        {"ioapic", "{\"guest\": {\"ioapic\": \"kvm\", \"topoext\": null}}", "{\"guest\": {\"ioapic\": \"kvm\"}}", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(config_free) struct config config = {0}, left = {0};
        struct allowed allowed;
        struct error err = {0};
        assert_int_equal(allowed_parse(cases[i].words, &allowed, &err), 0);
        assert_int_equal(config_parse(cases[i].annotation, &config, &err), 0);
        assert_int_equal(config_parse(cases[i].left ? cases[i].left : cases[i].annotation, &left, &err), 0);
        assert_int_equal(allowed_strip(&allowed, &config), cases[i].any);
        assert_int_equal(config.policy, left.policy);
        assert_int_equal(config.count, left.count);
        assert_memory_equal(&config.guest, &left.guest, sizeof(left.guest));
        for (size_t j = 0; j < left.count; j++)
            assert_memory_equal(&config.entries[j].options, &left.entries[j].options, sizeof(left.entries[j].options));
        assert_int_equal(allowed_check(&allowed, &config, "the rule", &err), 0);
        assert_false(allowed_strip(&allowed, &config));
    }
}

static void says_anything(void **state) {
    (void)state;
    static const struct {
        const char *annotation;
        bool says;
    } cases[] = {
        {"{}", false},
        {"{\"devices\": {}, \"guest\": {}}", false},
        {"{\"devices\": {\"gpu\": {}, \"*\": {}}}", false},
        {"{\"policy\": \"enforce\"}", true},
        {"{\"devices\": {\"gpu\": {}, \"*\": {\"rom\": null}}}", true},
        {"{\"devices\": {\"gpu\": {\"rom\": \"auto\"}, \"*\": {}}}", true},
        {"{\"guest\": {\"ioapic\": null}}", true},
        {"{\"guest\": {\"ioapic\": \"kvm\"}}", true},
    };
    const struct config nothing = {0};
    assert_false(config_says_anything(&nothing));
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP(config_free) struct config config = {0};
        struct error err = {0};
        assert_int_equal(config_parse(cases[i].annotation, &config, &err), 0);
        assert_int_equal(config_says_anything(&config), cases[i].says);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),    cmocka_unit_test(all_and_tenants), cmocka_unit_test(no_words),
        cmocka_unit_test(json),     cmocka_unit_test(what_is_denied),  cmocka_unit_test(says_anything),
        cmocka_unit_test(stripped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
