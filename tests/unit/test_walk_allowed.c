/* walk_decide: whose rule says what the annotation may, and what a migration is spared. */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "walk_support.h"

#define SYS "sys/bus/pci/devices/0000:e5:00.0/"

/* A VMI whose annotation is the text, with ' for ". */
static void write_vmi(const char *annotation, char vmi[1024]) {
    size_t size = (size_t)snprintf(vmi, 1024, "%s", VMI_START);
    for (const char *c = annotation; *c; c++)
        size += (size_t)snprintf(vmi + size, 1024 - size, *c == '\'' ? "\\\"" : "%c", *c);
    snprintf(vmi + size, 1024 - size, "%s", VMI_END);
}

/* Every call is the first of a boot. */
static void remember_nothing(struct lab *lab) {
    plan_memory_free(lab->walk.memory);
    lab->walk.memory = NULL;
}

/* The lab's bundle, with an "allow" of these words. */
static void put_allow(const struct lab *lab, const char *name, const char *words) {
    put_bundle(lab, name, "1681");
    CLEANUP(buffer_free) struct buffer manifest = get_file(lab->folder, "bundle/" BUNDLE_MANIFEST);
    CLEANUP(buffer_free) struct buffer changed = {0};
    buffer_printf(&changed, "{\"allow\": [%s], %s", words, manifest.data + 1);
    put_file(lab->folder, "bundle/" BUNDLE_MANIFEST, buffer_bytes(&changed));
}

#define ROM_BAR    "{'devices': {'igpu': {'romBar': 'on'}}}"
#define COMPANIONS "{'devices': {'igpu': {'companions': 'none'}}}"
#define IOAPIC     "{'guest': {'ioapic': 'kvm'}}"
#define POLICY     "{'policy': 'warn'}"

/* What is asked, and the rule that denies it; NULL: nobody does. */
struct asked {
    const char *annotation, *rule;
};

static void ask_all(const struct lab *lab, const struct asked *asked, size_t count, int line) {
    for (size_t i = 0; i < count; i++) {
        char vmi[1024];
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        struct error err = {0};
        write_vmi(asked[i].annotation, vmi);
        int failed = walk_request(&lab->walk, WALK_BOOT, bytes_of(DOMAIN(GPU(""))), bytes_of(vmi), &reply, &err);
        if (failed ? err.code != ERROR_DENIED || !asked[i].rule || !strstr(err.message, asked[i].rule)
                   : asked[i].rule != NULL)
            fail_msg("line %d: %s: %s", line, asked[i].annotation, failed ? err.message : "may be said");
    }
}
#define assert_asked(lab, ...)                                                                                         \
    do {                                                                                                               \
        static const struct asked asked[] = {__VA_ARGS__};                                                             \
        ask_all((lab), asked, COUNT(asked), __LINE__);                                                                 \
    } while (0)

static void defaults(void **state) {
    struct lab *lab = *state;
    lab->walk.is_of_admin = true;
    remember_nothing(lab);
    assert_asked(lab, {COMPANIONS, "devices.igpu.companions: a VM's owner may not set it here (a plugin's default)"},
                 {POLICY, "policy: a VM's owner may not set it here (a plugin's default)"}, {ROM_BAR, NULL},
                 {IOAPIC, NULL}, {"{}", NULL});
    lab->walk.is_of_admin = false;
    assert_asked(lab, {COMPANIONS, NULL}, {POLICY, NULL}, {ROM_BAR, NULL}, {IOAPIC, NULL});
}

/* For hook sidecars as for plugins. */
static void rule_of_a_bundle(void **state) {
    struct lab *lab = *state;
    remember_nothing(lab);
    put_allow(lab, "lab", "\"companions\", \"ioapic\"");
    for (int is_of_admin = 0; is_of_admin < 2; is_of_admin++) {
        lab->walk.is_of_admin = is_of_admin;
        assert_asked(lab, {COMPANIONS, NULL}, {IOAPIC, NULL}, {ROM_BAR, "(\"allow\" of bundle \"lab\")"},
                     {POLICY, "(\"allow\" of bundle \"lab\")"}, {"{'devices': {'igpu': {}}}", NULL});
    }
    put_allow(lab, "lab", "");
    assert_asked(lab, {IOAPIC, "; allowed are none"}, {"{}", NULL});
}

/* The first that has a rule is the one. */
static void rule_of_the_first_bundle(void **state) {
    struct lab *lab = *state;
    static const char *const names[] = {"none", "first", "bundle"};
    char folders[COUNT(names)][PATH_MAX];
    const char *paths[COUNT(names)];
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(folders[i], sizeof(folders[i]), "%s/%s", lab->folder, names[i]);
        paths[i] = folders[i];
    }
    struct error err = {0};
    struct bundle_set *before = lab->walk.bundles;
    remember_nothing(lab);
    put_bundle(lab, "none", "1111");
    assert_int_equal(rename(lab->paths[0], paths[0]), 0);
    put_allow(lab, "first", "\"ioapic\"");
    assert_int_equal(rename(lab->paths[0], paths[1]), 0);
    put_allow(lab, "last", "\"all\"");
    lab->walk.bundles = bundle_set_open(paths, COUNT(paths), &(struct trust){0}, &err);
    assert_no_error(&err);
    assert_asked(lab, {IOAPIC, NULL}, {ROM_BAR, "(\"allow\" of bundle \"first\")"});
    bundle_set_close(lab->walk.bundles);
    lab->walk.bundles = before;
}

static void rule_of_the_command_line(void **state) {
    struct lab *lab = *state;
    struct allowed allowed;
    struct error err = {0};
    remember_nothing(lab);
    lab->walk.is_of_admin = true;
    lab->walk.allowed = &allowed;
    assert_int_equal(allowed_parse("companions,policy", &allowed, &err), 0);
    put_allow(lab, "lab", "\"rom\", \"ioapic\"");
    assert_asked(lab, {COMPANIONS, NULL}, {POLICY, NULL}, {IOAPIC, "(--allow)"}, {ROM_BAR, "(--allow)"});
}

/* A rule that cannot be read may be narrower than any default. Who asks for nothing needs none. */
static void rule_that_cannot_be_read(void **state) {
    struct lab *lab = *state;
    struct allowed allowed = allowed_all();
    char vmi[1024];
    remember_nothing(lab);
    put_text(lab->folder, "bundle/" BUNDLE_MANIFEST, "broken");
    write_vmi("{'devices': {'igpu': {'rom': 'none'}}}", vmi);
    CLEANUP(buffer_free) struct buffer of_a_sidecar = ask(lab, DOMAIN(GPU("")), vmi);
    lab->walk.is_of_admin = true;
    assert_refused(lab, DOMAIN(GPU("")), vmi, ERROR_REFUSED, "bundle.json");
    lab->walk.allowed = &allowed;
    CLEANUP(buffer_free) struct buffer of_a_plugin = ask(lab, DOMAIN(GPU("")), vmi);
    assert_string_equal(of_a_plugin.data, of_a_sidecar.data);
}

/* What was accepted stays so in the later calls of a boot. */
static void later_calls(void **state) {
    struct lab *lab = *state;
    char vmi[1024];
    write_vmi(ROM_BAR, vmi);
    CLEANUP(buffer_free) struct buffer first = ask(lab, DOMAIN(GPU("")), vmi);
    put_allow(lab, "lab", "");
    CLEANUP(buffer_free) struct buffer second = ask(lab, first.data, vmi);
    assert_string_equal(first.data, second.data);
}

/* A caller that says what it defines the domain for knows better than the VMI. */
static void contexts(void **state) {
    struct lab *lab = *state;
    static const struct {
        enum walk_context context;
        const char *migration; /* the VMI's */
        bool is_refused;
    } cases[] = {
        {WALK_UNTOLD, "null", true},
        {WALK_BOOT, "null", true},
        {WALK_MIGRATION, "null", false},
        {WALK_UNTOLD, "{}", false},
        {WALK_BOOT, "{}", true},
        {WALK_MIGRATION, "{}", false},
        {WALK_MIGRATION, "{\"completed\": true}", false},
    };
    put_text(lab->folder, SYS "power_state", "error\n");
    remember_nothing(lab);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char vmi[256];
        CLEANUP(walk_reply_free) struct walk_reply reply = {0};
        struct error err = {0};
        snprintf(vmi, sizeof(vmi), "{\"metadata\": {\"uid\": \"u1\"}, \"status\": {\"migrationState\": %s}}",
                 cases[i].migration);
        int failed = walk_request(&lab->walk, cases[i].context, bytes_of(DOMAIN(GPU(""))), bytes_of(vmi), &reply, &err);
        if (failed != -cases[i].is_refused)
            fail_msg("row %zu: %s", i, failed ? err.message : "accepted");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LAB_TEST(defaults),
        LAB_TEST(rule_of_a_bundle),
        LAB_TEST(rule_of_the_first_bundle),
        LAB_TEST(rule_of_the_command_line),
        LAB_TEST(rule_that_cannot_be_read),
        LAB_TEST(later_calls),
        LAB_TEST(contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
