#include "host/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The longest are an A100's creatable_vgpu_types, of some 40 lines. */
#define TEXT_ROOM 8192

static void make_lines_printable(char *text) {
    for (char *end = text; end;) {
        char *line = end;
        end = strchr(line, '\n');
        if (end)
            *end = '\0';
        text_make_printable(line);
        if (end)
            *end++ = '\n';
    }
}

int host_text_read(const struct sysfs *sysfs, const char *path, struct host_text *text, struct error *err) {
    char content[TEXT_ROOM];
    ssize_t size = sysfs_read(sysfs, path, content, sizeof(content));
    *text = (struct host_text){.error = size < 0 ? (int)-size : 0};
    if (size < 0)
        return 0;
    if (size > 0 && content[size - 1] == '\n')
        content[size - 1] = '\0';
    text->text = strdup(content);
    if (!text->text)
        return error_no_memory(err);
    make_lines_printable(text->text);
    return 0;
}

bool host_text_is(const struct host_text *text, const char *expected) {
    return text->text && strcmp(text->text, expected) == 0;
}

void host_text_free(struct host_text *text) {
    free(text->text);
    text->text = NULL;
}
