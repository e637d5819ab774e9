/* rom/manifest: what bundle.json may say, and how it is told what it may not. */
#include <stdio.h>

#include "base/json.h"
#include "rom/manifest.h"
#include "support.h"

#define HEAD          "\"apiVersion\": \"gpu.vm.kubevirt.io/v1\", \"kind\": \"RomBundle\", \"name\": \"lab\""
#define SHA256        "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define MATCH         "\"match\": {\"vendor\": \"1002\", \"device\": \"1681\"}"
#define ROM(id, rest) "{\"id\": \"" id "\", \"file\": \"a.rom\", \"sha256\": \"" SHA256 "\", " rest "}"

static int parse(const char *text, struct manifest *manifest, struct error *err) {
    memset(manifest, 0xff, sizeof(*manifest));
    return manifest_parse(bytes_of(text), manifest, err);
}

static void everything(void **state) {
    (void)state;
    struct error err = {0};
    struct manifest manifest;
    int result = parse(
        "{" HEAD ", \"version\": \"2026.11\", \"roms\": ["
        "{\"id\": \"rembrandt-vbios\", \"file\": \"roms/rembrandt.rom\", \"sha256\": \"" SHA256
        "\", \"firmware\": \"bios\","
        " \"match\": {\"vendor\": \"1002\", \"device\": \"1681\", \"subsystem\": \"1462:1381\", \"revision\": \"C8\"}}, "
        "{\"id\": \"gop\", \"file\": \"..data/gop.rom\", \"sha256\": \"" SHA256 "\", " MATCH "}]}",
        &manifest, &err);
    assert_no_error(&err);
    assert_int_equal(result, 0);
    assert_string_equal(manifest.name, "lab");
    assert_string_equal(manifest.version, "2026.11");
    assert_int_equal(manifest.count, 2);
    const struct manifest_rom *first = &manifest.roms[0], *second = &manifest.roms[1];
    assert_string_equal(first->id, "rembrandt-vbios");
    assert_string_equal(first->file, "roms/rembrandt.rom");
    assert_memory_equal(first->sha256, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
    assert_memory_equal(first->sha256, first->sha256 + 16, 16);
    assert_int_equal(first->firmware, FIRMWARE_BIOS);
    char match_text[MATCH_TEXT_MAX];
    assert_string_equal(match_describe(&first->match, match_text), "1002:1681, subsystem 1462:1381, revision c8");
    assert_int_equal(second->firmware, FIRMWARE_ANY);
    assert_string_equal(match_describe(&second->match, match_text), "1002:1681");
    assert_string_equal(second->file, "..data/gop.rom");
    manifest_free(&manifest);
    assert_null(manifest.roms);
    manifest_free(&manifest);
}

static void least(void **state) {
    (void)state;
    struct error err = {0};
    struct manifest manifest;
    assert_int_equal(parse("{" HEAD ", \"roms\": []}", &manifest, &err), 0);
    assert_null(manifest.version);
    assert_int_equal(manifest.count, 0);
    assert_false(manifest.has_allow);
    manifest_free(&manifest);
    /* To allow nothing is to say something. */
    assert_int_equal(parse("{" HEAD ", \"roms\": [], \"allow\": []}", &manifest, &err), 0);
    assert_true(manifest.has_allow);
    assert_int_equal(manifest.allow.device | manifest.allow.guest, 0);
    manifest_free(&manifest);
}

static void refused(void **state) {
    (void)state;
#define ROMS(list)             "{" HEAD ", \"roms\": [" list "]}"
#define PROFILES(list)         "{" HEAD ", \"roms\": [" ROM("a", MATCH) "], \"profiles\": " list "}"
#define PROFILE(match, device) PROFILES("[{\"match\": {" match "}, \"device\": {" device "}}]")
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "it is empty"},
        {"{", "it is not valid JSON"},
        {"[]", "it is an array: it must be a JSON object"},
        {"{}", "apiVersion is missing"},
        {"{\"apiVersion\": \"gpu.vm.kubevirt.io/v2\"}",
         "apiVersion: \"gpu.vm.kubevirt.io/v2\" is not known: this version reads \"gpu.vm.kubevirt.io/v1\""},
        {"{\"apiVersion\": \"gpu.vm.kubevirt.io/v1\", \"kind\": \"Roms\"}", "kind: \"Roms\" is not known"},
        {"{" HEAD "}", "roms is missing: it must be an array"},
        {"{" HEAD ", \"roms\": [], \"allow\": \"rom\"}", "allow is a string: it must be an array"},
        {"{" HEAD ", \"roms\": [], \"allow\": null}", "allow is null: it must be an array"},
        {"{" HEAD ", \"roms\": [], \"allow\": [\"rom\", 1]}", "allow[1] is a number: it must be a string"},
        {"{" HEAD ", \"roms\": [], \"allow\": [\"Rom\"]}", "allow[0]: \"Rom\" is none of all, none, tenant, rom, "},
        {"{" HEAD ", \"roms\": {}}", "roms is an object: it must be an array"},
        {"{" HEAD ", \"roms\": [], \"extra\": 1}", "unknown key \"extra\""},
        {"{" HEAD ", \"version\": 2026, \"roms\": []}", "version is a number: it must be a string"},
        {"{\"apiVersion\": \"gpu.vm.kubevirt.io/v1\", \"kind\": \"RomBundle\", \"name\": \"a/b\", \"roms\": []}",
         "name: \"a/b\" must be"},
        {"{\"apiVersion\": \"gpu.vm.kubevirt.io/v1\", \"kind\": \"RomBundle\", \"roms\": []}", "name is missing"},
        {ROMS("1"), "roms[0] is a number: it must be an object"},
        {ROMS(ROM("a", MATCH) ", {}"), "roms[1].id is missing"},
        {ROMS("{\"id\": \"a\"}"), "roms[0].file is missing"},
        {ROMS("{\"id\": \"a\", \"file\": \"f\"}"), "roms[0].sha256 is missing"},
        {ROMS("{\"id\": \"a\", \"file\": \"f\", \"sha256\": \"" SHA256 "\"}"), "roms[0].match is missing"},
        {ROMS(ROM("a", "\"sha\": 1, " MATCH)), "roms[0]: unknown key \"sha\""},
        {ROMS(ROM("", MATCH)), "roms[0].id: \"\" cannot be an id"},
        {ROMS(ROM("a/b", MATCH)), "roms[0].id: \"a/b\" cannot be an id"},
        {ROMS(ROM(".a", MATCH)), "\".a\" cannot be an id"},
        {ROMS(ROM("auto", MATCH)), "\"auto\" cannot be an id"},
        {ROMS(ROM("none", MATCH)), "\"none\" cannot be an id"},
        {ROMS(ROM("device", MATCH)), "\"device\" cannot be an id"},
        {ROMS(ROM("a123456789012345678901234567890123456789012345678901234567890123", MATCH)), "cannot be an id"},
        {ROMS(ROM("a", "\"firmware\": \"efi\", " MATCH)), "roms[0].firmware: \"efi\" is none of"},
        {ROMS(ROM("a", "\"match\": {}")), "roms[0].match.vendor is missing"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\"}")), "roms[0].match.device is missing"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"0x1002\", \"device\": \"1681\"}")),
         "roms[0].match.vendor: \"0x1002\" is not 4 hexadecimal digits"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"device\": \"168\"}")),
         "roms[0].match.device: \"168\" is not 4 hexadecimal digits"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": 1002, \"device\": \"1681\"}")), "roms[0].match.vendor is a number"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"device\": \"1681\", \"revision\": \"c\"}")),
         "roms[0].match.revision: \"c\" is not 2 hexadecimal digits"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"device\": \"1681\", \"subsystem\": \"1462\"}")),
         "roms[0].match.subsystem: \"1462\" is no subsystem"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"device\": \"1681\", \"klass\": \"0300\"}")),
         "roms[0].match: unknown key \"klass\": known are \"vendor\", \"device\", \"subsystem\", \"revision\", \"class\""},
        {ROMS(ROM("a", "\"match\": {\"device\": \"1681\", \"class\": \"0300\"}")), "roms[0].match.vendor is missing"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"revision\": \"c8\"}")),
         "roms[0].match.device is missing: a ROM needs it, or \"class\""},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"class\": \"03000\"}")),
         "roms[0].match.class: \"03000\" is not 4 or 6 hexadecimal digits"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"class\": \"03\"}")), "is not 4 or 6 hexadecimal digits"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"class\": \"030g\"}")), "is not 4 or 6 hexadecimal digits"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"class\": \"\"}")), "is not 4 or 6 hexadecimal digits"},
        {ROMS(ROM("a", "\"match\": {\"vendor\": \"1002\", \"class\": 768}")), "roms[0].match.class is a number"},
        {PROFILES("{}"), "profiles is an object: it must be an array"},
        {PROFILES("[1]"), "profiles[0] is a number: it must be an object"},
        {PROFILES("[{\"device\": {}}]"), "profiles[0].match is missing: it must be an object"},
        {PROFILES("[{\"match\": {\"vendor\": \"10de\"}}]"),
         "profiles[0] says nothing: it needs \"device\" or \"guest\""},
        {PROFILE("\"vendor\": \"10de\"", "") ", \"x\": 1}", "not valid JSON"},
        {PROFILES("[{\"match\": {\"vendor\": \"10de\"}, \"device\": {}, \"guests\": {}}]"),
         "profiles[0]: unknown key \"guests\": known are \"about\", \"match\", \"device\", \"guest\""},
        {PROFILES("[{\"match\": {\"vendor\": \"10de\"}, \"guest\": []}]"),
         "profiles[0].guest is an array: it must be an object"},
        {PROFILES("[{\"match\": {\"vendor\": \"10de\"}, \"guest\": {\"ioapic\": \"x\"}}]"),
         "profiles[0].guest.ioapic: \"x\" is none of"},
        {PROFILES("[{\"match\": {\"vendor\": \"10de\"}, \"guest\": {}, \"about\": 1}]"),
         "profiles[0].about is a number: it must be a string"},
        {PROFILES("[{\"match\": {\"vendor\": \"10de\"}, \"guest\": {}, \"about\": \"a\\u001b[2Jb\"}]"),
         "profiles[0].about has control characters in it"},
        {PROFILE("", ""), "profiles[0].match: a profile needs \"vendor\" or \"class\""},
        {PROFILE("\"revision\": \"c8\"", ""), "profiles[0].match: a profile needs \"vendor\" or \"class\""},
        {PROFILE("\"device\": \"1681\", \"class\": \"0300\"", ""),
         "profiles[0].match.vendor is missing: \"device\" means"},
        {PROFILE("\"vendor\": \"10d\"", ""), "profiles[0].match.vendor: \"10d\" is not 4"},
        {PROFILE("\"vendor\": \"10de\"", "\"ROM\": \"auto\""),
         "profiles[0].device: unknown key \"ROM\": known are \"rom\""},
        {PROFILE("\"vendor\": \"10de\"", "\"romBar\": \"yes\""), "profiles[0].device.romBar: \"yes\" is neither"},
        {PROFILE("\"vendor\": \"10de\"", "\"expect\": \"10de:2204\""),
         "profiles[0].device.expect makes no sense in a profile: its \"match\" says which devices it is for"},
        {PROFILE("\"vendor\": \"10de\"", "\"guestAddress\": \"06:00.0\""),
         "profiles[0].device.guestAddress makes no sense in a profile: two devices"},
        {PROFILE("\"vendor\": \"10de\"", "\"vfio\": {\"x-vga\": true}"),
         "profiles[0].device.vfio: \"x-vga\" is not set this way"},
        {PROFILE("\"vendor\": \"10de\"", "\"rom\": \"b\""),
         "profiles[0].device.rom: this bundle has no ROM with the id \"b\""},
        {PROFILE("\"vendor\": \"10de\"", "\"rom\": \"none\", \"romBar\": \"on\""),
         "profiles[0].device: \"rom\": \"none\" and \"romBar\" contradict each other"},
        {PROFILES(
             "[{\"match\": {\"class\": \"0300\"}, \"device\": {}}, {\"match\": {\"vendor\": \"10de\"}, \"device\": {}}, "
             "{\"match\": {\"class\": \"0300\"}, \"device\": {\"romBar\": \"on\"}}]"),
         "profiles[0] and profiles[2] match the same devices (class 0300)"},
        {ROMS(ROM("a", MATCH) ", " ROM("a", "\"match\": {\"vendor\": \"1002\", \"device\": \"1640\"}")),
         "two ROMs have the id \"a\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct manifest manifest;
        if (parse(cases[i].text, &manifest, &err) != -1)
            fail_msg("accepted: %s", cases[i].text);
        assert_error(&err, ERROR_INPUT, cases[i].part);
        assert_null(manifest.roms);
        assert_null(manifest.profiles);
        assert_null(manifest.name);
        assert_int_equal(manifest.count, 0);
        assert_int_equal(manifest.profile_count, 0);
    }
}

static void profiles(void **state) {
    (void)state;
    struct error err = {0};
    struct manifest manifest;
    parse(
        PROFILES(
            "[{\"match\": {\"vendor\": \"10de\"}, \"device\": {}}, {\"match\": {\"vendor\": \"1002\", \"class\": \"0300\"}, "
            "\"about\": \"Ryzen\", \"device\": {\"rom\": \"a\", \"romBar\": \"off\"}}, "
            "{\"match\": {\"class\": \"030000\"}, \"device\": {\"rom\": \"auto\"}, \"guest\": {\"topoext\": null}}, "
            "{\"match\": {\"class\": \"0302\"}, \"guest\": {\"hideHypervisor\": false}}]"),
        &manifest, &err);
    assert_no_error(&err);
    static const struct {
        const char *match, *about, *device, *guest;
    } expected[] = {
        {"vendor 10de", NULL, "{}", "{}"},
        {"vendor 1002, class 0300", "Ryzen", "{\"rom\": \"a\", \"romBar\": \"off\"}", "{}"},
        {"class 030000", NULL, "{\"rom\": \"auto\"}", "{\"topoext\": null}"},
        {"class 0302", NULL, "{}", "{\"hideHypervisor\": \"off\"}"},
    };
    assert_int_equal(manifest.profile_count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct manifest_profile *profile = &manifest.profiles[i];
        char text[MATCH_TEXT_MAX];
        CLEANUP(json_decref) json_t *device = device_options_to_json(&profile->options);
        CLEANUP(json_decref) json_t *guest = guest_options_to_json(&profile->guest);
        CLEANUP(free) char *device_text = json_dumps(device, 0);
        CLEANUP(free) char *guest_text = json_dumps(guest, 0);
        assert_string_equal(match_describe(&profile->match, text), expected[i].match);
        assert_string_equal(profile->about ? profile->about : "none", expected[i].about ? expected[i].about : "none");
        assert_string_equal(device_text, expected[i].device);
        assert_string_equal(guest_text, expected[i].guest);
    }
    manifest_free(&manifest);
}

static void hashes(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "00",
        SHA256 "0",
        SHA256 "00",
        "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "00 12233445566778899aabbccddeeff000112233445566778899aabbccddeef",
        "x" SHA256,
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct error err = {0};
        struct manifest manifest;
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, "{" HEAD ", \"roms\": [{\"id\": \"a\", \"file\": \"f\", \"sha256\": \"%s\", " MATCH "}]}",
                      bad[i]);
        assert_int_equal(parse(text.data, &manifest, &err), -1);
        assert_error(&err, ERROR_INPUT, "roms[0].sha256 must be the 64 hexadecimal digits");
    }
}

static void file_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        {"a.rom", true},   {"roms/a.rom", true}, {"..a", true},      {"a..", true},
        {"a/..b/c", true}, {"./a", true},        {"...", true},      {"", false},
        {"/a.rom", false}, {"//a", false},       {"..", false},      {"../a.rom", false},
        {"a/..", false},   {"a/../b", false},    {"a//../b", false}, {"roms/../../x", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct manifest manifest;
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(
            &text, "{" HEAD ", \"roms\": [{\"id\": \"a\", \"file\": \"%s\", \"sha256\": \"" SHA256 "\", " MATCH "}]}",
            cases[i].name);
        if (parse(text.data, &manifest, &err) != (cases[i].good ? 0 : -1))
            fail_msg("\"%s\"", cases[i].name);
        if (!cases[i].good)
            assert_error(&err, ERROR_INPUT, "roms[0].file: \"");
        manifest_free(&manifest);
    }
}

/* Pairs that tie for a device, and pairs of which one is more specific. */
static void ties(void **state) {
    (void)state;
#define NARROW(more) "\"match\": {\"vendor\": \"1002\", \"device\": \"1681\"" more "}"
#define SUBSYSTEM    ", \"subsystem\": \"1462:1381\""
#define REVISION     ", \"revision\": \"c8\""
#define CLASS        ", \"class\": \"0300\""
    static const struct {
        const char *a, *b;
        bool tie;
    } cases[] = {
        {NARROW(""), NARROW(""), true},
        {NARROW(""), NARROW(SUBSYSTEM), false},
        {NARROW(SUBSYSTEM), NARROW(SUBSYSTEM), true},
        {NARROW(SUBSYSTEM), NARROW(", \"subsystem\": \"1462:1382\""), false},
        {NARROW(SUBSYSTEM), NARROW(", \"subsystem\": \"1463:1381\""), false},
        {NARROW(SUBSYSTEM), NARROW(REVISION), false},
        {NARROW(REVISION), NARROW(", \"revision\": \"C8\""), true},
        {NARROW(REVISION), NARROW(", \"revision\": \"c9\""), false},
        {NARROW(SUBSYSTEM REVISION), NARROW(REVISION SUBSYSTEM), true},
        {NARROW(""), "\"firmware\": \"uefi\", " NARROW(""), false},
        {NARROW(""), "\"firmware\": \"any\", " NARROW(""), true},
        {"\"firmware\": \"bios\", " NARROW(""), "\"firmware\": \"uefi\", " NARROW(""), false},
        {"\"firmware\": \"uefi\", " NARROW(""), "\"firmware\": \"uefi\", " NARROW(""), true},
        {NARROW(", \"subsystem\": \"0000:0000\""), NARROW(""), false},
        {NARROW(", \"revision\": \"00\""), NARROW(""), false},
        {NARROW(CLASS), NARROW(CLASS), true},
        {NARROW(CLASS), NARROW(""), false},
        {NARROW(CLASS), NARROW(", \"class\": \"030000\""), false},
        {NARROW(", \"class\": \"030000\""), NARROW(", \"class\": \"030001\""), false},
        {NARROW(", \"class\": \"0000\""), NARROW(""), false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        struct manifest manifest;
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_printf(&text, "{" HEAD ", \"roms\": [" ROM("a", "%s") ", " ROM("b", "%s") "]}", cases[i].a, cases[i].b);
        if (parse(text.data, &manifest, &err) != (cases[i].tie ? -1 : 0))
            fail_msg("row %zu: %s", i, err.message);
        if (cases[i].tie)
            assert_error(&err, ERROR_INPUT, "match the same devices (1002:1681");
        manifest_free(&manifest);
    }
}

/* Neighbours in the file need not be the ones that tie. */
static void ties_among_many(void **state) {
    (void)state;
    for (int twin = 0; twin < 2; twin++) {
        struct error err = {0};
        struct manifest manifest;
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_append_text(&text, "{" HEAD ", \"roms\": [");
        for (int i = 0; i < 500; i++)
            buffer_printf(&text,
                          "{\"id\": \"r%d\", \"file\": \"f\", \"sha256\": \"" SHA256
                          "\", \"match\": {\"vendor\": \"1002\", \"device\": \"%04x\"}}%s",
                          i, twin && i == 499 ? 7 : i, i < 499 ? ", " : "]}");
        assert_int_equal(manifest_parse(buffer_bytes(&text), &manifest, &err), twin ? -1 : 0);
        if (twin)
            assert_error(&err, ERROR_INPUT, "(1002:0007) equally well");
        else
            assert_int_equal(manifest.count, 500);
        manifest_free(&manifest);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything), cmocka_unit_test(least),           cmocka_unit_test(refused),
        cmocka_unit_test(profiles),   cmocka_unit_test(hashes),          cmocka_unit_test(file_names),
        cmocka_unit_test(ties),       cmocka_unit_test(ties_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
