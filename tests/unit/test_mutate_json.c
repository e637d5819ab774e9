/* tests/fuzz/mutate/json: what is made of a document is always one, and keeps within its room. */
#include "base/json.h"
#include "mutate_support.h"

static const char document[] =
    "{\"metadata\":{\"name\":\"vm\",\"annotations\":{\"config\":\"{\\\"devices\\\": {\\\"*\\\": "
    "{\\\"rom\\\": \\\"none\\\"}}}\"}},\"list\":[1,2.5,null,true,[],{}]}";

static bool is_document(struct bytes text) {
    CLEANUP(json_decref) json_t *value = json_parse(text, "it", JSON_OF_OTHERS, NULL);
    return value != NULL;
}

static void all_are_documents(void **state) {
    (void)state;
    assert_true(is_document(bytes_of(document)));
    assert_int_equal(count_whole(mutate_json, bytes_of(document), 4096, is_document), 1000);
    assert_in_range(count_whole(mutate_json, bytes_of(document), sizeof(document) - 1, is_document), 600, 1000);
}

static void what_is_no_document(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof(document) - 1; size++)
        assert_int_equal(
            count_whole(mutate_json, (struct bytes){(const uint8_t *)document, size}, size + 1, is_document), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_are_documents), cmocka_unit_test(what_is_no_document)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
