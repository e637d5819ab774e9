/* rom/bundle_set: bundles that change on disk while they are served from. */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "rom/bundle_set.h"
#include "rom/minisign_key.h"
#include "support.h"

static const struct trust anybody;

static int sodium_setup(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

/* Writes folder/<bundle>/bundle.json, whole or broken, so that a change of time shows. */
static void put_bundle(const char *folder, const char *bundle, const char *name) {
    char file[64];
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_printf(&text,
                  "{\"apiVersion\": \"" MANIFEST_API_VERSION "\", \"kind\": \"" MANIFEST_KIND
                  "\", \"name\": \"%s\", \"roms\": []}",
                  name);
    snprintf(file, sizeof(file), "%s/" BUNDLE_MANIFEST, bundle);
    usleep(20000);
    put_file(folder, file, buffer_bytes(&text));
}

/* The names of the view's bundles, or its error. */
static void assert_view(struct bundle_set *set, const char *expected) {
    struct bundle_view view;
    CLEANUP(buffer_free) struct buffer found = {0};
    bundle_set_acquire(set, &view);
    buffer_append_text(&found, view.error.code == ERROR_NONE ? "" : view.error.message);
    for (size_t i = 0; i < view.count && view.error.code == ERROR_NONE; i++)
        buffer_printf(&found, "%s%s", i ? "," : "", view.bundles[i]->manifest.name);
    bundle_set_release(set);
    if (view.error.code != ERROR_NONE) {
        assert_int_equal(view.error.code, ERROR_REFUSED);
        if (!strstr(found.data, expected))
            fail_msg("\"%s\" is not in \"%s\"", expected, found.data);
        return;
    }
    assert_bytes(buffer_bytes(&found), expected);
}

static void none(void **state) {
    (void)state;
    struct error err = {0};
    struct bundle_set *set = bundle_set_open(NULL, 0, &anybody, &err);
    assert_view(set, "");
    bundle_set_close(set);
    bundle_set_close(NULL);
}

/* Only the first to see what was opened is told that it is new. */
static void fresh_once(void **state) {
    struct error err = {0};
    const char *const paths[] = {path_in(*state, "a")};
    put_bundle(*state, "a", "first");
    struct bundle_set *set = bundle_set_open(paths, 1, &(struct trust){0}, &err);
    for (int change = 0; change < 2; change++) {
        for (int look = 0; look < 3; look++) {
            struct bundle_view view;
            bundle_set_acquire(set, &view);
            assert_int_equal(view.fresh, look == 0);
            bundle_set_release(set);
        }
        put_bundle(*state, "a", "changed");
    }
    bundle_set_close(set);
}

static void kept_in_order(void **state) {
    struct error err = {0};
    const char *const paths[] = {path_in(*state, "b"), path_in(*state, "a")};
    put_bundle(*state, "a", "first");
    put_bundle(*state, "b", "second");
    struct bundle_set *set = bundle_set_open(paths, 2, &anybody, &err);
    assert_view(set, "second,first");
    assert_view(set, "second,first");
    bundle_set_close(set);
}

static void a_bundle_that_does_not_change_is_not_read_again(void **state) {
    struct error err = {0};
    struct bundle_view view;
    const char *const paths[] = {path_in(*state, "a"), path_in(*state, "b")};
    put_bundle(*state, "a", "a1");
    put_bundle(*state, "b", "b1");
    struct bundle_set *set = bundle_set_open(paths, 2, &anybody, &err);
    bundle_set_acquire(set, &view);
    const struct bundle *first = view.bundles[0];
    bundle_set_release(set);
    put_bundle(*state, "b", "b2");
    bundle_set_acquire(set, &view);
    assert_ptr_equal(view.bundles[0], first);
    assert_string_equal(view.bundles[1]->manifest.name, "b2");
    bundle_set_release(set);
    bundle_set_close(set);
}

static void repaired_replaced_and_broken_again(void **state) {
    struct error err = {0};
    const char *const paths[] = {path_in(*state, "lab")};
    struct bundle_set *set = bundle_set_open(paths, 1, &anybody, &err);
    assert_no_error(&err); /* a missing bundle is for the VM's owner to read */
    assert_view(set, "/lab: No such file or directory");
    put_bundle(*state, "lab", "lab");
    assert_view(set, "lab");
    put_bundle(*state, "lab", "newer");
    assert_view(set, "newer");
    usleep(20000);
    put_text(*state, "lab/" BUNDLE_MANIFEST, "{");
    assert_view(set, "not valid JSON");
    unlink(path_in(*state, "lab/" BUNDLE_MANIFEST));
    assert_view(set, BUNDLE_MANIFEST ": No such file or directory");
    put_bundle(*state, "lab", "again");
    assert_view(set, "again");
    bundle_set_close(set);
}

/* The error is the first broken bundle's, said once. */
static void two_broken_bundles(void **state) {
    struct error err = {0};
    struct bundle_view view;
    const char *const paths[] = {path_in(*state, "x"), path_in(*state, "y")};
    struct bundle_set *set = bundle_set_open(paths, 2, &anybody, &err);
    bundle_set_acquire(set, &view);
    bundle_set_release(set);
    struct error alone = {0};
    assert_null(bundle_open(paths[0], &anybody, &alone));
    assert_string_equal(view.error.message, alone.message);
    put_bundle(*state, "x", "x");
    assert_view(set, "/y: No such file or directory");
    put_bundle(*state, "y", "y");
    assert_view(set, "x,y");
    bundle_set_close(set);
}

/* Unsigned, then signed, then altered: what the next acquire finds. */
static void a_signature_is_added_and_broken(void **state) {
    struct error err = {0};
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(&err);
    CLEANUP(buffer_free) struct buffer signature = {0};
    const struct trust trust = {{key->public}, 1};
    const char *const paths[] = {path_in(*state, "lab")};
    put_bundle(*state, "lab", "signed");
    CLEANUP(buffer_free) struct buffer manifest = get_file(*state, "lab/" BUNDLE_MANIFEST);
    struct bundle_set *set = bundle_set_open(paths, 1, &trust, &err);
    assert_view(set, "lab is not signed");
    assert_int_equal(minisign_sign(key, buffer_bytes(&manifest), "lab", &signature, &err), 0);
    put_file(*state, "lab/" STORE_SIGNATURE, buffer_bytes(&signature));
    assert_view(set, "signed");
    put_bundle(*state, "lab", "other");
    assert_view(set, "did not sign these bytes");
    put_bundle(*state, "lab", "signed");
    assert_view(set, "signed");
    unlink(path_in(*state, "lab/" STORE_SIGNATURE));
    assert_view(set, "lab is not signed");
    bundle_set_close(set);
}

struct worker {
    struct bundle_set *set;
    const char *folder;
    int failures;
};

static void *serve(void *argument) {
    struct worker *worker = argument;
    for (int i = 0; i < 300; i++) {
        struct bundle_view view;
        bundle_set_acquire(worker->set, &view);
        if (view.error.code == ERROR_NONE) /* else caught while it was being written */
            worker->failures += view.count != 1 || strncmp(view.bundles[0]->manifest.name, "lab", 3) != 0;
        bundle_set_release(worker->set);
    }
    return NULL;
}

static void *change(void *argument) {
    const struct worker *worker = argument;
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof(name), "lab%d", i);
        put_bundle(worker->folder, "lab", name);
    }
    return NULL;
}

static void threads_share_a_set(void **state) {
    struct error err = {0};
    char path[4096]; /* for path_in is used while the set is */
    snprintf(path, sizeof(path), "%s/lab", (char *)*state);
    const char *const paths[] = {path};
    put_bundle(*state, "lab", "lab");
    struct bundle_set *set = bundle_set_open(paths, 1, &anybody, &err);
    struct worker workers[3] = {{set, *state, 0}, {set, *state, 0}, {set, *state, 0}};
    pthread_t threads[COUNT(workers)];
    for (size_t i = 0; i < COUNT(workers); i++)
        pthread_create(&threads[i], NULL, i ? serve : change, &workers[i]);
    for (size_t i = 0; i < COUNT(workers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_view(set, "lab19");
    bundle_set_close(set);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),
        FOLDER_TEST(fresh_once),
        FOLDER_TEST(kept_in_order),
        FOLDER_TEST(a_bundle_that_does_not_change_is_not_read_again),
        FOLDER_TEST(repaired_replaced_and_broken_again),
        FOLDER_TEST(two_broken_bundles),
        FOLDER_TEST(a_signature_is_added_and_broken),
        FOLDER_TEST(threads_share_a_set),
    };
    return cmocka_run_group_tests(tests, sodium_setup, NULL);
}
