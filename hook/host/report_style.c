#include "host/report_style.h"

const char *verdict_colour(enum check_verdict verdict, const struct report_style *style) {
    static const char *const colours[] = {[VERDICT_NOT_APPLICABLE] = "\033[2m",
                                          [VERDICT_PASS] = "\033[32m",
                                          [VERDICT_UNKNOWN] = "\033[35m",
                                          [VERDICT_WARN] = "\033[33m",
                                          [VERDICT_FAIL] = "\033[1;31m"};
    return style->colour ? colours[verdict] : "";
}

const char *colour_end(const struct report_style *style) {
    return style->colour ? "\033[0m" : "";
}

/* PCI Code and ID Assignment Specification. The first row that fits counts: sub-classes before their base classes. */
const char *class_name(uint32_t class_code) {
    static const struct {
        uint32_t code, mask;
        const char *name;
    } classes[] = {
        {0x010800, 0xffff00, "NVMe"},          {0x010000, 0xff0000, "storage"},
        {0x020000, 0xff0000, "network"},       {0x030000, 0xffff00, "VGA controller"},
        {0x030200, 0xffff00, "3D controller"}, {0x030000, 0xff0000, "display"},
        {0x040300, 0xffff00, "audio"},         {0x060000, 0xffff00, "host bridge"},
        {0x060100, 0xffff00, "ISA bridge"},    {0x060400, 0xffff00, "PCI bridge"},
        {0x060000, 0xff0000, "bridge"},        {0x0c0300, 0xffff00, "USB controller"},
        {0x0c0500, 0xffff00, "SMBus"},         {0x0c0000, 0xff0000, "serial bus"},
        {0x108000, 0xffff00, "encryption"},    {0x120000, 0xff0000, "accelerator"},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if ((class_code & classes[i].mask) == classes[i].code)
            return classes[i].name;
    return "other";
}
