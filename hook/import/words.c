#include "import/words.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

char *next_property(char **rest, char **value) {
    char *key;
    do {
        key = strsep(rest, ",");
    } while (key && *key == '\0');
    char *equals = key ? strchr(key, '=') : NULL;
    *value = equals ? equals + 1 : NULL;
    if (equals)
        *equals = '\0';
    return key;
}

char *next_argument_property(char **rest, char **value) {
    char *from = *rest, *to = *rest, *key;
    for (; from && *from && (*from != ',' || from[1] == ','); from++) {
        from += *from == ',';
        *to++ = *from;
    }
    if (!from)
        return NULL;
    key = *rest;
    *rest = *from ? from + 1 : NULL;
    *to = '\0';
    if (*key == '\0')
        return next_argument_property(rest, value);
    char *equals = strchr(key, '=');
    *value = equals ? equals + 1 : NULL;
    if (equals)
        *equals = '\0';
    return key;
}

int parse_flag(const char *text, bool *flag) {
    static const char *const words[][2] = {{"0", "1"}, {"off", "on"}, {"no", "yes"}, {"false", "true"}};
    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
        for (int j = 0; j < 2; j++)
            if (strcasecmp(text, words[i][j]) == 0) {
                *flag = j;
                return 0;
            }
    if (text)
        return -1;
    *flag = true;
    return 0;
}

char *next_word(char **rest, struct error *err) {
    static const char blanks[] = " \t\r\n";
    char *from = *rest + strspn(*rest, blanks), *word = from, *to = from, quote = '\0';
    if (*from == '\0') {
        *rest = from;
        return NULL;
    }
    for (; *from && (quote || !strchr(blanks, *from)); from++) {
        bool escapes = *from == '\\' && quote != '\'' && from[1];
        if (!escapes && (*from == quote || (!quote && (*from == '\'' || *from == '"'))))
            quote = quote ? '\0' : *from;
        else
            *to++ = escapes ? *++from : *from;
    }
    if (quote) {
        error_set(err, ERROR_INPUT, "a quote (%c) is opened in the arguments and never closed", quote);
        return NULL;
    }
    *rest = from + (*from != '\0');
    *to = '\0';
    return word;
}

bool is_label(const char *text) {
    size_t size = strlen(text);
    return size >= 1 && size <= LABEL_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == size &&
           text[0] != '-' && text[size - 1] != '-';
}
