/* host/check_power: power, reset, and the state of the link. */
#include <stdio.h>

#include "check_support.h"

static void power_state(void **state) {
    (void)state;
    static const char cold[] = "echo 0 > /sys/bus/pci/devices/0000:01:00.0/d3cold_allowed; power the node off and on";
    static const struct {
        const char *state, *status; /* NULL: they cannot be read */
        int error;
        const char *driver;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {"D0", "active", 0, "vfio-pci", PASS, "power_state: D0", NULL},
        {"D1", "active", 0, "vfio-pci", PASS, "power_state: D1", NULL},
        {"D3hot", "suspended", 0, "vfio-pci", PASS, "power_state: D3hot", NULL},
        {"D3hot", NULL, 0, "", PASS, "power_state: D3hot", NULL},
        {"D3colder", "active", 0, "", PASS, "power_state: D3colder", NULL},
        {"D3cold", "suspended", 0, "vfio-pci", WARN, "D3cold: it sleeps, and the node must be able to", cold},
        {"D3cold", "suspending", 0, "vfio-pci", WARN, "D3cold: it sleeps", cold},
        {"D3cold", "", 0, "vfio-pci", WARN, "D3cold: it sleeps", cold},
        {"D3cold", NULL, 0, "vfio-pci", WARN, "D3cold, and whether it only sleeps cannot be seen", cold},
        {"D3cold", "active", 0, "vfio-pci", FAIL, "D3cold, runtime_status: active: it cannot be powered up", cold},
        {"D3cold", "error", 0, "vfio-pci", FAIL, "D3cold, runtime_status: error: it cannot be powered up", cold},
        {"error", "active", 0, "vfio-pci", FAIL, "power_state: error", "disable_idle_d3=1"},
        {"error", NULL, 0, "", FAIL, "power_state: error", "power the node off and on"},
        {"unknown", "active", 0, "vfio-pci", WARN, "power_state: unknown, though vfio-pci has it", "dmesg"},
        {"unknown", "active", 0, "", NOT, "power_state: unknown, as of any device without a driver", NULL},
        {"", "active", 0, "", PASS, "power_state: ", NULL},
        {NULL, "active", ENOENT, "vfio-pci", NOT, "the kernel does not tell", NULL},
        {NULL, "active", EACCES, "vfio-pci", UNKNOWN, "power_state: Permission denied", "root"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_POWER_STATE, cases[i].state, cases[i].error);
        set_file(&host.gpu, HOST_RUNTIME_STATUS, cases[i].status, EACCES);
        set_driver(&host.gpu, cases[i].driver);
        assert_finds(&host, CHECK_POWER_STATE, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* What is set already is no advice. */
static void d3cold_allowed(void **state) {
    (void)state;
    static const struct {
        const char *allowed; /* NULL: cannot be read */
        bool is_advised;
    } cases[] = {{"1", true}, {"0", false}, {"", true}, {NULL, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        struct check_result result;
        check_host_make(&host);
        set_text(&host.gpu, HOST_POWER_STATE, "D3cold");
        set_file(&host.gpu, HOST_D3COLD_ALLOWED, cases[i].allowed, ENOENT);
        check_run(CHECK_POWER_STATE, &host.checked, &result);
        assert_int_equal(strstr(result.remedy, "d3cold_allowed") != NULL, cases[i].is_advised);
        assert_non_null(strstr(result.remedy, "power the node off and on"));
    }
}

/* --- reset --------------------------------------------------------------------------------------------------- */

static void reset_method(void **state) {
    (void)state;
    static const struct pci_id navi = {0x1002, 0x731f}, raphael = {0x1002, 0x164e}, not_amds = {0x10de, 0x731f};
    static const struct pci_id geforce = {0x10de, 0x2484};
    static const struct {
        const char *methods; /* NULL: cannot be read */
        int error, reset_error;
        const struct pci_id *id;
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {"flr bus", 0, 0, &geforce, PASS, "reset_method: flr bus", NULL},
        {"pm", 0, ENOENT, &geforce, PASS, "reset_method: pm", NULL},
        {"", 0, 0, &geforce, WARN, "reset_method: empty: all methods were turned off",
         "echo default > /sys/bus/pci/devices/0000:01:00.0/reset_method"},
        {"", 0, 0, &navi, WARN, "reset_method: empty", "echo default"},
        /* Linux before 5.15. */
        {NULL, ENOENT, 0, &geforce, PASS, "reset: there is a method", NULL},
        {NULL, ENOENT, ENOENT, &geforce, WARN, "neither reset_method nor reset", "the node may have to restart"},
        {NULL, ENOENT, EACCES, &geforce, WARN, "neither reset_method nor reset", "restart"},
        {NULL, EACCES, 0, &geforce, UNKNOWN, "reset_method: Permission denied", "root"},
        {NULL, EIO, 0, &geforce, UNKNOWN, "reset_method: Input/output error", NULL},
        /* GPUs that need the module vendor-reset. */
        {"flr bus", 0, 0, &navi, WARN, "reset_method: flr bus: resets of this GPU are known to",
         "vendor-reset on the node, and echo device_specific > /sys/bus/pci/devices/0000:01:00.0/reset_method"},
        {"device_specific", 0, 0, &navi, PASS, "reset_method: device_specific", NULL},
        {"device_specific flr bus", 0, 0, &navi, PASS, "reset_method: device_specific flr", NULL},
        {"flr device_specific bus", 0, 0, &navi, PASS, "reset_method: flr device_specific", NULL},
        {"flr device_specific", 0, 0, &navi, PASS, "reset_method: flr device_specific", NULL},
        {"device_specifics device_specific", 0, 0, &navi, PASS, "device_specifics", NULL},
        {"device_specific2", 0, 0, &navi, WARN, "device_specific2: resets", "vendor-reset"},
        {"xdevice_specific", 0, 0, &navi, WARN, "xdevice_specific: resets", "vendor-reset"},
        {"device_specificdevice_specific", 0, 0, &navi, WARN, "resets of this GPU", "vendor-reset"},
        {"bus", 0, 0, &navi, WARN, "reset_method: bus: resets of this GPU", "vendor-reset"},
        {"flr bus", 0, 0, &raphael, PASS, "flr bus", NULL},
        {"flr bus", 0, 0, &not_amds, PASS, "flr bus", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_RESET_METHOD, cases[i].methods, cases[i].error);
        host.gpu.reset_error = cases[i].reset_error;
        host.gpu.device.identity.id = *cases[i].id;
        assert_finds(&host, CHECK_RESET_METHOD, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* Somebody made this /sys: a file that is missing may be on the node. */
static void resets_of_a_partial_sys(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_error(&host.gpu, HOST_DRIVER_OVERRIDE, ENOENT);
    set_error(&host.gpu, HOST_RESET_METHOD, ENOENT);
    host.gpu.reset_error = ENOENT;
    assert_finds(&host, CHECK_RESET_METHOD, UNKNOWN, "neither reset_method nor reset: this is no whole /sys", NULL, 0);
    host.gpu.reset_error = 0;
    assert_finds(&host, CHECK_RESET_METHOD, PASS, "reset: there is a method", NULL, 1);
    set_text(&host.gpu, HOST_RESET_METHOD, "");
    assert_finds(&host, CHECK_RESET_METHOD, WARN, "reset_method: empty", "echo default", 2);
    set_error(&host.gpu, HOST_RESET_METHOD, EACCES);
    assert_finds(&host, CHECK_RESET_METHOD, UNKNOWN, "Permission denied", "root", 3);
}

/* One of each family of vendor-reset's table, and what stands beside them. */
static void who_wants_vendor_reset(void **state) {
    (void)state;
    static const struct {
        uint16_t device;
        bool wants;
    } cases[] = {
        {0x67df, true},  {0x699f, true},  {0x687f, true},  {0x6863, true},  {0x66af, true},
        {0x7310, true},  {0x7340, true},  {0x7362, true},  {0x6fdf, true},  {0x67de, false},
        {0x7363, false}, {0x73bf, false}, {0x744c, false}, {0x1681, false}, {0x740f, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        host.gpu.device.identity.id = (struct pci_id){0x1002, cases[i].device};
        assert_finds(&host, CHECK_RESET_METHOD, cases[i].wants ? WARN : PASS, "reset_method: flr bus",
                     cases[i].wants ? "vendor-reset" : NULL, i);
    }
}

/* A bus reset reaches the siblings: VFIO makes it where the VM has them all. */
static void bus_reset(void **state) {
    (void)state;
    enum { VM = 1, GIVEN = 2 };
    static const struct {
        const char *methods;
        unsigned flags;
        enum host_state sibling;
        const char *driver;
        bool is_fine;
    } cases[] = {
        {"bus", 0, HOST_PRESENT, "vfio-pci", true},
        {"bus", 0, HOST_PRESENT, "xe-vfio-pci", true},
        {"bus", 0, HOST_PRESENT, "", false},
        {"bus", 0, HOST_PRESENT, "snd_hda_intel", false},
        {"bus", 0, HOST_ABSENT, "snd_hda_intel", true},
        {"bus", 0, HOST_UNKNOWN, "", true},
        {"bus", VM | GIVEN, HOST_PRESENT, "vfio-pci", true},
        {"bus", VM | GIVEN, HOST_PRESENT, "snd_hda_intel", true},
        {"bus", VM, HOST_PRESENT, "vfio-pci", false},
        {"bus", VM, HOST_ABSENT, "", true},
        {"flr bus", VM, HOST_PRESENT, "vfio-pci", true},
        {"bus flr", VM, HOST_PRESENT, "vfio-pci", true},
        {"buses", VM, HOST_PRESENT, "vfio-pci", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_text(&host.gpu, HOST_RESET_METHOD, cases[i].methods);
        set_driver(&host.gpu, "nouveau"); /* its own does not count */
        host.sound.device.state = cases[i].sibling;
        set_driver(&host.sound, cases[i].driver);
        host.vm.device_count = cases[i].flags & GIVEN ? 2 : 1;
        if (cases[i].flags & VM)
            check_host_in_vm(&host);
        if (cases[i].is_fine)
            assert_finds(&host, CHECK_RESET_METHOD, PASS, cases[i].methods, NULL, i);
        else
            assert_finds(&host, CHECK_RESET_METHOD, WARN, "reset_method: bus only, which would reset its siblings",
                         "give the VM all functions of the slot", i);
    }
}

/* The siblings are those of all eight functions, the first among them. */
static void bus_reset_of_a_sibling(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_text(&host.gpu, HOST_RESET_METHOD, "bus");
    struct host_function *last = check_host_add(&host, "0000:01:00.7", (struct pci_id){1, 2}, 0x0c0330);
    assert_finds(&host, CHECK_RESET_METHOD, WARN, "bus only", "all functions", 0);
    set_driver(last, "vfio-pci");
    check_host_add(&host, "0000:01:01.0", (struct pci_id){1, 2}, 0x0c0330);
    assert_finds(&host, CHECK_RESET_METHOD, PASS, "reset_method: bus", NULL, 1);
    host.checked.function = &host.sound;
    set_text(&host.sound, HOST_RESET_METHOD, "bus");
    assert_finds(&host, CHECK_RESET_METHOD, PASS, "reset_method: bus", NULL, 2);
    set_driver(&host.gpu, "");
    assert_finds(&host, CHECK_RESET_METHOD, WARN, "bus only", "all functions", 3);
}

/* --- link ---------------------------------------------------------------------------------------------------- */

static void link_state(void **state) {
    (void)state;
    static const char none[] = "no link of its own that could be measured", asleep[] = "D3hot", awake[] = "D0";
    static const struct {
        const char *speed, *speed_max, *width, *width_max, *port_speed, *port_width, *state; /* NULL: not to be read */
        enum check_verdict verdict;
        const char *evidence, *remedy;
    } cases[] = {
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", awake, PASS, "x16, 16 GT/s", NULL},
        {"8.0 GT/s", "8 GT/s", "4", "4", "8 GT/s", "4", awake, PASS, "x4, 8 GT/s", NULL}, /* older kernels */
        /* Narrower than both can. */
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "8", "16", "16.0 GT/s PCIe", "16", awake, WARN,
         "x8, while card and slot can x16", "reseat the card"},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "4", "16", "16.0 GT/s PCIe", "8", asleep, WARN,
         "x4, while card and slot can x8", "reseat the card"},
        {"2.5 GT/s PCIe", "16.0 GT/s PCIe", "1", "32", "16.0 GT/s PCIe", "32", awake, WARN,
         "x1, while card and slot can x32", "riser"},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "8", "16", "16.0 GT/s PCIe", NULL, awake, WARN, "can x16", "reseat"},
        /* As wide as one of them can. */
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "8", "16", "16.0 GT/s PCIe", "8", awake, PASS,
         "x8, 16 GT/s, all the slot can", NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "8", "8", "16.0 GT/s PCIe", "16", awake, PASS, "x8, 16 GT/s", NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "1", "16", "16.0 GT/s PCIe", "1", awake, PASS,
         "x1, 16 GT/s, all the slot can", NULL},
        /* Slower: a link may sleep with its device. */
        {"2.5 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", awake, WARN,
         "2.5 GT/s, while card and slot can 16 GT/s", "lspci -vv"},
        {"2.5 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", NULL, WARN, "2.5 GT/s", "an idle GPU"},
        {"2.5 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", "D1", WARN, "2.5 GT/s", "idle"},
        {"2.5 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", asleep, PASS,
         "x16, 2.5 GT/s, as it is idle", NULL},
        {"2.5 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", "D3cold", PASS, "as it is idle", NULL},
        {"8.0 GT/s PCIe", "32.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", awake, WARN, "can 16 GT/s", "slot"},
        {"8.0 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", NULL, "16", awake, WARN, "can 16 GT/s", "slot"},
        {"8.0 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "Unknown", "16", awake, WARN, "can 16 GT/s", "slot"},
        {"8.0 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "8.0 GT/s PCIe", "16", awake, PASS,
         "x16, 8 GT/s, all the slot can", NULL},
        {"8.0 GT/s PCIe", "8.0 GT/s PCIe", "16", "16", "32.0 GT/s PCIe", "16", awake, PASS, "x16, 8 GT/s", NULL},
        {"32.0 GT/s PCIe", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", awake, PASS, "x16, 32 GT/s", NULL},
        /* Nothing to compare. */
        {NULL, "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", NULL, "16", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", NULL, "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "16", NULL, "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"Unknown", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"Unknown speed", "Unknown speed", "16", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "Unknown", "16", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"", "", "", "", "", "", awake, NOT, none, NULL},
        {"-8 GT/s", "16.0 GT/s PCIe", "16", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "0", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "63", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "33", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "16", "255", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "16", "-1", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "4294967312", "16", "16.0 GT/s PCIe", "16", awake, NOT, none, NULL},
        /* A port that is down says nothing of what it can. */
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "8", "16", "16.0 GT/s PCIe", "0", awake, WARN, "can x16", "reseat"},
        {"16.0 GT/s PCIe", "16.0 GT/s PCIe", "8", "16", "16.0 GT/s PCIe", "255", awake, WARN, "can x16", "reseat"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_file(&host.gpu, HOST_LINK_SPEED, cases[i].speed, ENOENT);
        set_file(&host.gpu, HOST_LINK_SPEED_MAX, cases[i].speed_max, ENOENT);
        set_file(&host.gpu, HOST_LINK_WIDTH, cases[i].width, EINVAL);
        set_file(&host.gpu, HOST_LINK_WIDTH_MAX, cases[i].width_max, EINVAL);
        set_file(&host.gpu, HOST_POWER_STATE, cases[i].state, ENOENT);
        set_file(&host.port, HOST_LINK_SPEED_MAX, cases[i].port_speed, ENOENT);
        set_file(&host.port, HOST_LINK_WIDTH_MAX, cases[i].port_width, ENOENT);
        assert_finds(&host, CHECK_LINK, cases[i].verdict, cases[i].evidence, cases[i].remedy, i);
    }
}

/* To look at the link of what sleeps would wake it. */
static void a_link_that_sleeps(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    set_error(&host.gpu, HOST_LINK_WIDTH, EAGAIN);
    assert_finds(&host, CHECK_LINK, NOT, "it sleeps, and to look at its link would wake it", NULL, 0);
}

/* A link that is as good as card and slot can has nothing more said of it. */
static void a_full_link(void **state) {
    (void)state;
    struct check_host host;
    struct check_result result;
    check_host_make(&host);
    check_run(CHECK_LINK, &host.checked, &result);
    assert_string_equal(result.evidence, "x16, 16 GT/s");
    set_text(&host.gpu, HOST_LINK_SPEED, "2.5 GT/s PCIe");
    set_text(&host.gpu, HOST_POWER_STATE, "D3hot");
    host.gpu.device.is_virtual = true;
    assert_finds(&host, CHECK_LINK, NOT, "no link of its own", NULL, 0);
}

/* The port above is the last of the bridges; without one, or with one that is not known, the card alone counts. */
static void the_port_above(void **state) {
    (void)state;
    struct check_host host;
    check_host_make(&host);
    struct host_function *root = check_host_add(&host, "0000:00:03.0", (struct pci_id){1, 2}, 0x060400);
    set_text(root, HOST_LINK_WIDTH_MAX, "4");
    set_text(root, HOST_LINK_SPEED_MAX, "2.5 GT/s PCIe");
    host.gpu.bridges[0] = root->address;
    host.gpu.bridges[1] = host.port.address;
    host.gpu.bridge_count = 2;
    set_text(&host.gpu, HOST_LINK_WIDTH, "4");
    assert_finds(&host, CHECK_LINK, WARN, "x4, while card and slot can x16", "reseat", 0);
    host.gpu.bridge_count = 1;
    assert_finds(&host, CHECK_LINK, PASS, "x4, 16 GT/s, all the slot can", NULL, 1);
    host.gpu.bridge_count = 0;
    assert_finds(&host, CHECK_LINK, WARN, "x4, while card and slot can x16", "reseat", 2);
    host.gpu.bridges[0] = (struct pci_address){0, 9, 0, 0};
    host.gpu.bridge_count = 1;
    assert_finds(&host, CHECK_LINK, WARN, "x4, while card and slot can x16", "reseat", 3);
    set_text(&host.gpu, HOST_LINK_WIDTH, "16");
    set_text(&host.gpu, HOST_LINK_SPEED, "2.5 GT/s PCIe");
    assert_finds(&host, CHECK_LINK, WARN, "2.5 GT/s, while card and slot can 16 GT/s", "lspci", 4);
}

/* --- AER ----------------------------------------------------------------------------------------------------- */

static void aer(void **state) {
    (void)state;
    static const char clean[] = "no uncorrectable error since the node's start, 0 correctable";
    static const char no_fatal[] = "aer_dev_fatal has no TOTAL_ERR_FATAL",
                      no_nonfatal[] = "aer_dev_nonfatal has no TOTAL_ERR_NONFATAL",
                      no_correctable[] = "aer_dev_correctable has no TOTAL_ERR_COR";
    static const char cor[] = "RxErr 0\nTOTAL_ERR_COR 0";
    static const struct {
        const char *fatal, *nonfatal, *correctable;
        enum check_verdict verdict;
        const char *evidence;
    } cases[] = {
        {"DLP 0\nTOTAL_ERR_FATAL 0", "TLP 0\nTOTAL_ERR_NONFATAL 0", cor, PASS, clean},
        {"TOTAL_ERR_FATAL 0", "TOTAL_ERR_NONFATAL 0", "RxErr 3\nTOTAL_ERR_COR 7", PASS, "start, 7 correctable"},
        {"TOTAL_ERR_FATAL 1", "TOTAL_ERR_NONFATAL 0", cor, WARN, "1 fatal and 0 other uncorrectable"},
        {"TOTAL_ERR_FATAL 0", "TOTAL_ERR_NONFATAL 1", cor, WARN, "0 fatal and 1 other uncorrectable"},
        {"TOTAL_ERR_FATAL 10", "TOTAL_ERR_NONFATAL 0", cor, WARN, " 10 fatal and 0 other uncorrectable"},
        {"DLP 1\nTLP 2\nTOTAL_ERR_FATAL 3", "Undefined 0\nTOTAL_ERR_NONFATAL 4\n", "TOTAL_ERR_COR 9", WARN,
         "3 fatal and 4 other"},
        {"DLP 1\nTOTAL_ERR_FATAL 0", "TOTAL_ERR_NONFATAL 0", cor, PASS, clean}, /* the total counts */
        {"\n\nDLP 0\n\n\nTOTAL_ERR_FATAL 5\n\n", "\nTOTAL_ERR_NONFATAL 6", cor, WARN, "5 fatal and 6 other"},
        {"TOTAL_ERR_FATAL  5", "TOTAL_ERR_NONFATAL 6 7", cor, WARN, "5 fatal and 6 other"},
        {"TOTAL_ERR_FATAL 99999999999999999999", "TOTAL_ERR_NONFATAL 0", cor, WARN, "9223372036854775807 fatal"},
        /* A total that is not there, or none at the start of a line. */
        {"TOTAL_ERR_FATALS 1", "TOTAL_ERR_NONFATAL 1", cor, UNKNOWN, no_fatal},
        {"TOTAL_ERR_FATAL\n1", "TOTAL_ERR_NONFATAL 1", cor, UNKNOWN, no_fatal},
        {"TOTAL_ERR_NONFATAL 1", "TOTAL_ERR_FATAL 1", "TOTAL_ERR_FATAL 1", UNKNOWN, no_fatal},
        {"", "", "", UNKNOWN, no_fatal},
        {"\n", "\n\n", "\n\n\n", UNKNOWN, no_fatal},
        {"TOTAL_ERR_FATAL -1", "TOTAL_ERR_NONFATAL 0", cor, UNKNOWN, no_fatal},
        {"TOTAL_ERR_FATAL 1", "X TOTAL_ERR_NONFATAL 1", cor, UNKNOWN, no_nonfatal},
        {"TOTAL_ERR_FATAL 0", "TOTAL_ERR_NONFATAL\t1", cor, UNKNOWN, no_nonfatal},
        {"TOTAL_ERR_FATAL 0", "TOTAL_ERR_NONFATAL 0", "RxErr 0", UNKNOWN, no_correctable},
        {"TOTAL_ERR_FATAL 0", "TOTAL_ERR_NONFATAL 0", "TOTAL_ERR_COR -99999999999999999999", UNKNOWN, no_correctable},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct check_host host;
        check_host_make(&host);
        set_text(&host.gpu, HOST_AER_FATAL, cases[i].fatal);
        set_text(&host.gpu, HOST_AER_NONFATAL, cases[i].nonfatal);
        set_text(&host.gpu, HOST_AER_CORRECTABLE, cases[i].correctable);
        assert_finds(&host, CHECK_AER, cases[i].verdict, cases[i].evidence,
                     cases[i].verdict == WARN ? "dmesg | grep AER" : NULL, i);
    }
}

/* Each of the three files. */
static void no_aer(void **state) {
    (void)state;
    static const struct {
        int error;
        enum check_verdict verdict;
        const char *remedy;
    } cases[] = {{ENOENT, NOT, NULL}, {EACCES, UNKNOWN, "root"}, {EIO, UNKNOWN, NULL}};
    static const enum host_attribute files[] = {HOST_AER_FATAL, HOST_AER_NONFATAL, HOST_AER_CORRECTABLE};
    for (size_t i = 0; i < COUNT(cases) * COUNT(files); i++) {
        const enum host_attribute file = files[i % COUNT(files)];
        const size_t row = i / COUNT(files);
        struct check_host host;
        check_host_make(&host);
        set_error(&host.gpu, file, cases[row].error);
        assert_finds(&host, CHECK_AER, cases[row].verdict,
                     cases[row].error == ENOENT ? "it does not report errors, or the kernel does not count them"
                                                : host_attribute_name(file),
                     cases[row].remedy, row);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_state),
        cmocka_unit_test(d3cold_allowed),
        cmocka_unit_test(reset_method),
        cmocka_unit_test(resets_of_a_partial_sys),
        cmocka_unit_test(who_wants_vendor_reset),
        cmocka_unit_test(bus_reset),
        cmocka_unit_test(bus_reset_of_a_sibling),
        cmocka_unit_test(link_state),
        cmocka_unit_test(a_link_that_sleeps),
        cmocka_unit_test(a_full_link),
        cmocka_unit_test(the_port_above),
        cmocka_unit_test(aer),
        cmocka_unit_test(no_aer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
