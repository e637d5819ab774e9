/* config/device_options: every option with all that it takes, how it is written, and all that it refuses. */
#include "config/device_options.h"
#include "option_support.h"
#include "support.h"

static const struct option_subject subject = {&device_option_table, sizeof(struct device_options), {"it"}};

/* What is taken, and how it is written; NULL: as it is read. */
static const char *const good[][2] = {
    {"{}", NULL},
    {"{\"rom\": \"auto\"}", NULL},
    {"{\"rom\": \"none\"}", NULL},
    {"{\"rom\": \"device\"}", NULL},
    {"{\"rom\": \"An.id_-0\"}", NULL},
    {"{\"rom\": \"Auto\"}", NULL}, /* an id */
    {"{\"romBar\": \"on\"}", NULL},
    {"{\"romBar\": \"off\"}", NULL},
    {"{\"romBar\": true}", "{\"romBar\": \"on\"}"},
    {"{\"romBar\": false}", "{\"romBar\": \"off\"}"},
    {"{\"expect\": \"1002:0fed\"}", NULL},
    {"{\"expect\": \"10DE:0FED\"}", "{\"expect\": \"10de:0fed\"}"},
    {"{\"guestAddress\": \"0000:06:00.0\"}", NULL},
    {"{\"guestAddress\": \"06:1f.7\"}", "{\"guestAddress\": \"0000:06:1f.7\"}"},
    {"{\"guestAddress\": \"00:02.0\"}", "{\"guestAddress\": \"0000:00:02.0\"}"},
    {"{\"guestAddress\": \"0000:ff:00.0\"}", NULL},
    {"{\"guestAddress\": \"01:00.0\"}", "{\"guestAddress\": \"0000:01:00.0\"}"},
    {"{\"layout\": \"separate\"}", NULL},
    {"{\"layout\": \"multifunction\"}", NULL},
    {"{\"companions\": \"none\"}", NULL},
    {"{\"companions\": \"slot\"}", NULL},
    {"{\"companions\": \"group\"}", NULL},
    {"{\"xVga\": \"on\"}", NULL},
    {"{\"xVga\": false}", "{\"xVga\": \"off\"}"},
    {"{\"display\": \"on\"}", NULL},
    {"{\"display\": false}", "{\"display\": \"off\"}"},
    {"{\"ramfb\": \"on\"}", NULL},
    {"{\"ramfb\": false}", "{\"ramfb\": \"off\"}"},
    {"{\"igd\": \"legacy\"}", NULL},
    {"{\"igd\": \"upt\"}", NULL},
    {"{\"igd\": {\"mode\": \"upt\"}}", "{\"igd\": \"upt\"}"},
    {"{\"igd\": {\"mode\": \"legacy\", \"gms\": 0}}", "{\"igd\": \"legacy\"}"},
    {"{\"igd\": {\"mode\": \"legacy\", \"opRegion\": \"off\", \"lpc\": \"on\", \"gms\": 1}}", NULL},
    {"{\"igd\": {\"gms\": 64, \"lpc\": false, \"mode\": \"upt\"}}",
     "{\"igd\": {\"mode\": \"upt\", \"lpc\": \"off\", \"gms\": 64}}"},
    {"{\"igd\": {\"mode\": \"upt\", \"gms\": 240}}", NULL},
    {"{\"igd\": {\"mode\": \"upt\", \"gms\": 254}}", NULL},
    {"{\"igd\": {\"mode\": \"upt\", \"opRegion\": true}}", "{\"igd\": {\"mode\": \"upt\", \"opRegion\": \"on\"}}"},
    {"{\"ids\": {\"vendor\": \"10de\"}}", NULL},
    {"{\"ids\": {\"device\": \"0000\"}}", NULL},
    {"{\"ids\": {\"vendor\": \"0000\"}}", NULL},
    {"{\"ids\": {\"device\": \"FFFE\"}}", "{\"ids\": {\"device\": \"fffe\"}}"},
    {"{\"ids\": {\"subsystem\": \"1462:0000\"}}", NULL},
    {"{\"ids\": {\"vendor\": \"10de\", \"device\": \"2204\", \"subsystem\": \"1462:1381\"}}", NULL},
    {"{\"gpudirectClique\": 0}", NULL},
    {"{\"gpudirectClique\": 15}", NULL},
    {"{\"driverModel\": \"nvgrace_gpu_vfio_pci\"}", NULL},
    {"{\"driverModel\": \"mlx5-vfio-pci\"}", NULL},
    {"{\"vfio\": {\"x-no-mmap\": true, \"xres\": 1024}}", NULL},
    {"{\"vfio\": {\"x-no-mmap\": \"off\"}}", "{\"vfio\": {\"x-no-mmap\": false}}"},
    {"{\"vfio\": {}}", "{}"}, /* says nothing */
    {"{\"checks\": {\"link\": \"ignore\"}}", NULL},
    {"{\"checks\": {\"numa\": \"warn\", \"group-viable\": \"enforce\"}}",
     "{\"checks\": {\"group-viable\": \"enforce\", \"numa\": \"warn\"}}"},
    {"{\"rom\": null, \"romBar\": null, \"expect\": null, \"guestAddress\": null, \"layout\": null, \"companions\": null, "
     "\"xVga\": null, \"display\": null, \"ramfb\": null, \"igd\": null, \"ids\": null, \"gpudirectClique\": null, "
     "\"driverModel\": null, \"vfio\": null, \"checks\": null}",
     NULL},
    {"{\"rom\": \"an-id\", \"romBar\": \"off\", \"expect\": \"1002:0fed\", \"guestAddress\": \"0000:06:00.0\", "
     "\"layout\": \"separate\", \"companions\": \"slot\", \"xVga\": \"off\", \"display\": \"off\", \"ramfb\": \"off\", "
     "\"igd\": \"upt\", \"ids\": {\"vendor\": \"8086\"}, \"gpudirectClique\": 3, \"driverModel\": \"vfio_pci\", "
     "\"vfio\": {\"ats\": \"auto\"}, \"checks\": {\"aer\": \"warn\"}}",
     NULL},
};

static void there_and_back(void **state) {
    (void)state;
    check_options_taken(&subject, good, COUNT(good));
}

static void values(void **state) {
    (void)state;
    struct device_options options;
    struct error err = {0};
    option_parse(
        &subject,
        "{\"rom\": \"x\", \"romBar\": false, \"expect\": \"1002:1681\", \"guestAddress\": \"06:01.2\", \"layout\": "
        "\"multifunction\", \"companions\": \"group\", \"xVga\": true, \"display\": \"off\", \"ramfb\": \"on\", \"igd\": "
        "{\"mode\": \"upt\", \"opRegion\": false, \"lpc\": true, \"gms\": 243}, \"ids\": {\"vendor\": \"0001\", "
        "\"device\": \"0002\", \"subsystem\": \"0003:0004\"}, \"gpudirectClique\": 7, \"driverModel\": \"m\", \"vfio\": "
        "{\"yres\": 8}, \"checks\": {\"aer\": \"warn\"}}",
        &options, &err);
    assert_no_error(&err);
    assert_int_equal(options.rom.choice, ROM_ID);
    assert_string_equal(options.rom.id, "x");
    assert_int_equal(options.rom_bar, TOGGLE_OFF);
    assert_true(pci_id_equal(options.expect, (struct pci_id){0x1002, 0x1681}));
    assert_true(pci_address_equal(options.guest_address, (struct pci_address){0, 6, 1, 2}));
    assert_int_equal(options.layout, LAYOUT_MULTIFUNCTION);
    assert_int_equal(options.companions, COMPANIONS_GROUP);
    assert_int_equal(options.x_vga, TOGGLE_ON);
    assert_int_equal(options.display, TOGGLE_OFF);
    assert_int_equal(options.ramfb, TOGGLE_ON);
    assert_int_equal(options.igd.mode, IGD_UPT);
    assert_int_equal(options.igd.op_region, TOGGLE_OFF);
    assert_int_equal(options.igd.lpc, TOGGLE_ON);
    assert_int_equal(options.igd.gms, 243);
    assert_true(options.ids.has_vendor && options.ids.has_device && options.ids.has_subsystem);
    assert_int_equal(options.ids.vendor, 1);
    assert_int_equal(options.ids.device, 2);
    assert_true(pci_id_equal(options.ids.subsystem, (struct pci_id){3, 4}));
    assert_true(options.gpudirect_clique.given);
    assert_int_equal(options.gpudirect_clique.number, 7);
    assert_string_equal(options.driver_model, "m");
    assert_string_equal(options.vfio.value[VFIO_YRES], "8");
    assert_int_equal(options.checks.mode[CHECK_AER], CHECK_MODE_WARN);
    assert_int_equal(options.checks.mode[CHECK_LINK], CHECK_MODE_UNSET);
}

#define NAME_64 "a123456789012345678901234567890123456789012345678901234567890123"

static void refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "it is an array: it must be an object"},
        {"null", "it is null: it must be an object"},
        {"{\"Rom\": \"auto\"}", "it: unknown key \"Rom\": known are \"rom\", \"romBar\", \"expect\", \"guestAddress\", "
                                "\"layout\", \"companions\", \"xVga\", \"display\", \"ramfb\", \"igd\", \"ids\", "
                                "\"gpudirectClique\", \"driverModel\", \"vfio\", \"checks\""},
        {"{\"rom\": 1}", "it.rom is a number: it must be a string"},
        {"{\"rom\": false}", "it.rom is true or false: it must be a string"},
        {"{\"rom\": \"\"}", "it.rom: \"\" is no ROM id: use \"auto\", \"none\", \"device\" or an id of the bundle"},
        {"{\"rom\": \"../x\"}", "it.rom: \"../x\" is no ROM id"},
        {"{\"rom\": \"a/b\"}", "is no ROM id"},
        {"{\"rom\": \".a\"}", "is no ROM id"},
        {"{\"rom\": \"" NAME_64 "\"}", "is no ROM id"},
        {"{\"romBar\": 1}", "it.romBar is a number: it must be \"on\" or \"off\""},
        {"{\"romBar\": \"yes\"}", "it.romBar: \"yes\" is neither \"on\" nor \"off\""},
        {"{\"expect\": \"1681\"}", "it.expect: \"1681\" is no PCI ID: write vendor:device in hexadecimal"},
        {"{\"expect\": \"1002:1681 \"}", "is no PCI ID"},
        {"{\"expect\": 1002}", "it.expect is a number: it must be a string"},
        {"{\"guestAddress\": \"06:00\"}", "it.guestAddress: \"06:00\" is no address in the guest: write bus, slot and"},
        {"{\"guestAddress\": \"0001:06:00.0\"}", "\"0001:06:00.0\" is no address in the guest"},
        {"{\"guestAddress\": \"06:20.0\"}", "is no address in the guest"},
        {"{\"guestAddress\": \"06:00.8\"}", "is no address in the guest"},
        {"{\"guestAddress\": \"100:00.0\"}", "is no address in the guest"},
        {"{\"guestAddress\": \"\"}", "is no address in the guest"},
        {"{\"guestAddress\": 6}", "it.guestAddress is a number: it must be a string"},
        {"{\"guestAddress\": \"00:00.0\"}", "it.guestAddress: \"00:00.0\" is where the guest has its host bridge"},
        {"{\"guestAddress\": \"00:00.1\"}", "is where the guest has its host bridge"},
        {"{\"layout\": \"single\"}", "it.layout: \"single\" is none of \"separate\", \"multifunction\""},
        {"{\"layout\": true}", "it.layout is true or false: it must be a string"},
        {"{\"companions\": \"all\"}", "it.companions: \"all\" is none of \"none\", \"slot\", \"group\""},
        {"{\"companions\": []}", "it.companions is an array: it must be a string"},
        {"{\"xVga\": \"auto\"}", "it.xVga: \"auto\" is neither \"on\" nor \"off\""},
        {"{\"display\": \"auto\"}", "it.display: \"auto\" is neither \"on\" nor \"off\""},
        {"{\"ramfb\": {}}", "it.ramfb is an object: it must be \"on\" or \"off\""},
        {"{\"igd\": \"auto\"}", "it.igd: \"auto\" is none of \"legacy\", \"upt\""},
        {"{\"igd\": true}", "it.igd is true or false: it must be a string"},
        {"{\"igd\": {}}", "it.igd.mode is missing: it must be \"legacy\" or \"upt\""},
        {"{\"igd\": {\"gms\": 1}}", "it.igd.mode is missing"},
        {"{\"igd\": {\"mode\": null}}", "it.igd.mode is null: it must be a string"},
        {"{\"igd\": {\"mode\": \"x\"}}", "it.igd.mode: \"x\" is none of \"legacy\", \"upt\""},
        {"{\"igd\": {\"mode\": \"upt\", \"opregion\": \"on\"}}",
         "it.igd: unknown key \"opregion\": known are \"mode\", \"opRegion\", \"lpc\", \"gms\""},
        {"{\"igd\": {\"mode\": \"upt\", \"opRegion\": 1}}", "it.igd.opRegion is a number"},
        {"{\"igd\": {\"mode\": \"upt\", \"lpc\": \"auto\"}}", "it.igd.lpc: \"auto\" is neither"},
        {"{\"igd\": {\"mode\": \"upt\", \"gms\": -1}}", "it.igd.gms: -1 is not from 0 to 254"},
        {"{\"igd\": {\"mode\": \"upt\", \"gms\": 255}}", "it.igd.gms: 255 is not from 0 to 254"},
        {"{\"igd\": {\"mode\": \"upt\", \"gms\": 65}}",
         "it.igd.gms: no iGPU has it: use 1 to 64 (each 32 MiB) or 240 to 254 (4 MiB to 60 MiB)"},
        {"{\"igd\": {\"mode\": \"upt\", \"gms\": 239}}", "it.igd.gms: no iGPU has it"},
        {"{\"igd\": {\"mode\": \"upt\", \"gms\": \"1\"}}", "it.igd.gms is a string: it must be a whole number"},
        {"{\"ids\": \"10de:2204\"}", "it.ids is a string: it must be an object with \"vendor\", \"device\" or"},
        {"{\"ids\": {}}", "it.ids is empty: say \"vendor\", \"device\" or \"subsystem\""},
        {"{\"ids\": {\"revision\": \"c8\"}}", "it.ids: unknown key \"revision\": known are \"vendor\", \"device\", "},
        {"{\"ids\": {\"vendor\": \"ffff\"}}", "it.ids.vendor: \"ffff\" is not four hexadecimal digits below ffff"},
        {"{\"ids\": {\"vendor\": \"10d\"}}", "it.ids.vendor: \"10d\" is not four"},
        {"{\"ids\": {\"device\": \"10dee\"}}", "it.ids.device: \"10dee\" is not four"},
        {"{\"ids\": {\"device\": \"0x1d\"}}", "is not four"},
        {"{\"ids\": {\"device\": 4318}}", "it.ids.device is a number: it must be a string"},
        {"{\"ids\": {\"subsystem\": \"1462\"}}", "it.ids.subsystem: \"1462\" is no PCI ID"},
        {"{\"ids\": {\"subsystem\": \"ffff:0001\"}}", "it.ids.subsystem: ffff is no number that a device can have"},
        {"{\"ids\": {\"subsystem\": \"0001:ffff\"}}", "it.ids.subsystem: ffff is no number"},
        {"{\"gpudirectClique\": 16}", "it.gpudirectClique: 16 is not from 0 to 15"},
        {"{\"gpudirectClique\": -1}", "it.gpudirectClique: -1 is not from 0 to 15"},
        {"{\"gpudirectClique\": 1.5}", "it.gpudirectClique is a fraction: it must be a whole number"},
        {"{\"gpudirectClique\": \"1\"}", "it.gpudirectClique is a string: it must be a whole number"},
        {"{\"driverModel\": \"vfio pci\"}",
         "it.driverModel: \"vfio pci\" is no driver's name, as nvgrace_gpu_vfio_pci"},
        {"{\"driverModel\": \"vfio.ko\"}", "is no driver's name"},
        {"{\"driverModel\": \"../x\"}", "is no driver's name"},
        {"{\"driverModel\": \"\"}", "is no driver's name"},
        {"{\"driverModel\": \"" NAME_64 "\"}", "is no driver's name"},
        {"{\"driverModel\": 1}", "it.driverModel is a number: it must be a string"},
        {"{\"vfio\": \"x-no-mmap=on\"}", "it.vfio is a string: it must be an object of vfio-pci properties"},
        {"{\"vfio\": {\"x-no-mmap\": 1}}", "it.vfio.x-no-mmap is a number"},
        {"{\"checks\": \"ignore\"}", "it.checks is a string: it must be an object of checks"},
        {"{\"checks\": {}}", "it.checks is empty: name a check"},
        {"{\"checks\": {\"links\": \"warn\"}}", "it.checks: unknown key \"links\": known are \"device-present\","},
        {"{\"checks\": {\"link\": \"off\"}}", "it.checks.link: \"off\" is none of \"enforce\", \"warn\", \"ignore\""},
    };
    check_options_refused(&subject, cases, COUNT(cases));
}

/* "none" over a tuned ROM takes the tuning away; beside it is a contradiction. */
static void none_leaves_nothing_to_tune(void **state) {
    (void)state;
    static const struct {
        const char *into, *from, *result;
        bool contradict;
    } cases[] = {
        {"{\"romBar\": \"on\"}", "{\"rom\": \"none\"}", "{\"rom\": \"none\"}", false},
        {"{\"romBar\": \"on\"}", "{\"rom\": \"auto\"}", "{\"rom\": \"auto\", \"romBar\": \"on\"}", false},
        {"{\"rom\": \"none\"}", "{\"romBar\": \"on\"}", "{\"rom\": \"none\", \"romBar\": \"on\"}", true},
        {"{\"romBar\": \"on\"}", "{\"rom\": \"none\", \"romBar\": \"off\"}", "{\"rom\": \"none\", \"romBar\": \"off\"}",
         true},
        {"{}", "{\"rom\": \"none\", \"romBar\": null}", "{\"rom\": \"none\", \"romBar\": null}", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct device_options into, from;
        struct error err = {0};
        option_parse(&subject, cases[i].into, &into, &err);
        option_parse(&subject, cases[i].from, &from, &err);
        assert_no_error(&err);
        device_options_merge(&into, &from, 1);
        CLEANUP(free) char *text = option_text(&subject, &into);
        assert_string_equal(text, cases[i].result);
        assert_int_equal(device_options_contradict(&into), cases[i].contradict);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(values),
        cmocka_unit_test(refused),
        cmocka_unit_test(none_leaves_nothing_to_tune),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
