#include <string.h>

#include "host/report.h"
#include "host/report_style.h"

enum { INDENT = 37 }; /* of the evidence: "  not-applicable  boot-framebuffer   " */

/* Text behind `column` columns that are written already; what does not fit goes on below, at INDENT. */
static void write_wrapped(const char *text, unsigned width, struct buffer *out) {
    size_t room = width > INDENT + 20 ? width - INDENT : 0;
    size_t used = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (room && used && used + 1 + word > room) {
            buffer_printf(out, "\n%*s", INDENT, "");
            used = 0;
        }
        buffer_append_text(out, used ? " " : "");
        buffer_append(out, text, word);
        used += (used ? 1 : 0) + word;
        text += word;
        text += strspn(text, " ");
    }
    buffer_append_text(out, "\n");
}

static void write_check(enum check check, const struct check_result *result, const struct report_style *style,
                        struct buffer *out) {
    const char *verdict = verdict_name(result->verdict);
    buffer_printf(out, "  %s%-14s%s  %-16s   ", verdict_colour(result->verdict, style), verdict, colour_end(style),
                  check_name(check));
    write_wrapped(result->evidence, style->width, out);
    if (!result->remedy[0])
        return;
    buffer_printf(out, "%*s", INDENT - 3, "");
    buffer_append_text(out, "-> ");
    write_wrapped(result->remedy, style->width, out);
}

static void write_device(const struct reported_device *device, const struct report_style *style, struct buffer *out) {
    char name[REPORTED_NAME_MAX];
    const struct host_function *function = device->function;
    buffer_printf(out, "\n%s", reported_name(device, name));
    if (device->mdev)
        buffer_printf(out, "  mediated device%s%s", device->mdev->type[0] ? " " : "", device->mdev->type);
    else if (function->device.state == HOST_PRESENT)
        buffer_printf(out, "  %04x:%04x  %s", function->device.identity.id.vendor, function->device.identity.id.device,
                      class_name(function->device.identity.class_code));
    buffer_printf(out, "  %s%s%s\n", verdict_colour(device->sum, style), readiness_name(device->sum),
                  colour_end(style));
    for (enum check i = 0; i < CHECK_COUNT; i++)
        if (style->all || device->results[i].verdict != VERDICT_NOT_APPLICABLE)
            write_check(i, &device->results[i], style, out);
}

void host_report_table(const struct host_report *report, const struct report_style *style, struct buffer *out) {
    host_report_summary(report, out);
    for (size_t i = 0; i < report->count; i++)
        write_device(&report->devices[i], style, out);
}
