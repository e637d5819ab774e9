/* domain/tree_edit without memory: each edit says so and leaves nothing behind (AddressSanitizer looks). */
#include <stdlib.h>

#include "domain_changes.h"
#include "failing_support.h"

static int add(struct tree *tree, struct error *err) {
    return tree_add_child(tree, element_at(tree, "t"), "n", err) ? 0 : -1;
}

static int insert_unnamed(struct tree *tree, struct error *err) {
    return tree_insert_child(tree, element_at(tree, "d"), element_at(tree, "d/e"), "n", err) ? 0 : -1;
}

static int add_declared(struct tree *tree, struct error *err) {
    return tree_add_child_ns(tree, element_at(tree, "t"), "urn:x", "x", "n", err) ? 0 : -1;
}

static int set_text(struct tree *tree, struct error *err) {
    return tree_set_text(tree, element_at(tree, "t"), "new", err);
}

static int set_attribute(struct tree *tree, struct error *err) {
    return tree_set_attribute(tree, element_at(tree, "t"), "b", "new", err);
}

static int change_attribute(struct tree *tree, struct error *err) {
    return tree_set_attribute(tree, element_at(tree, "t"), "a", "new", err);
}

static int remove_all(struct tree *tree, struct error *err) {
    (void)err;
    tree_remove(tree, element_at(tree, "t"));
    tree_remove(tree, element_at(tree, "d"));
    return 0;
}

/* Every allocation that an edit makes fails once. */
static void each_edit(void **state) {
    (void)state;
    static const struct {
        int (*edit)(struct tree *tree, struct error *err);
        bool allocates;
    } cases[] = {
        {add, true},           {insert_unnamed, true},   {add_declared, true}, {set_text, true},
        {set_attribute, true}, {change_attribute, true}, {remove_all, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int failures = 0;
        for (bool failed = true; failed; failures += failed) {
            CLEANUP(tree_free)
            struct tree tree = tree_of("<domain><t a='1'>old</t><d xmlns='urn:d'><e/></d></domain>");
            struct error err = {0};
            allocations_left = failures;
            int result = cases[i].edit(&tree, &err);
            failed = allocations_left < 0;
            allocations_left = -1;
            if (result != (failed ? -1 : 0))
                fail_msg("edit %zu, allocation %d: %d", i, failures, result);
            if (failed)
                assert_error(&err, ERROR_LIMIT, "out of memory");
            assert_no_error(&err);
        }
        assert_int_equal(failures > 0, cases[i].allocates);
    }
}

static int setup(void **state) {
    (void)state;
    tree_setup();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_edit)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
