/* tests/fuzz/mutate/xml: what is made of a document is one in most cases, is another one, and keeps within its room. */
#include "domain/tree.h"
#include "mutate_support.h"

static const char document[] =
    "<?xml version='1.0'?>\n<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
    "  <!-- <a> --><name>vm</name><devices><hostdev mode=\"subsystem\" type='pci'><source>"
    "<address bus='0xe5' slot='0x00'/></source><alias name='ua-gpu'/></hostdev></devices><x><![CDATA[<y>]]></x>\n"
    "</domain>\n";

static bool is_document(struct bytes text) {
    CLEANUP(tree_free) struct tree tree = {0};
    return tree_parse(text, "domain", &tree, NULL) == 0;
}

static void most_are_documents(void **state) {
    (void)state;
    assert_true(is_document(bytes_of(document)));
    assert_in_range(count_whole(mutate_xml, bytes_of(document), 4096, is_document), 735, 1000);
    assert_in_range(count_whole(mutate_xml, bytes_of(document), sizeof(document) - 1, is_document), 400, 1000);
}

/* Not one byte is read behind what is there. */
static void what_is_no_document(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof(document); size += 9)
        count_whole(mutate_xml, (struct bytes){(const uint8_t *)document, size}, size + 1, is_document);
    count_whole(mutate_xml, bytes_of("</a></b><c <d e='f' g=h i='"), 64, is_document);
}

int main(void) {
    tree_setup();
    const struct CMUnitTest tests[] = {cmocka_unit_test(most_are_documents), cmocka_unit_test(what_is_no_document)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
