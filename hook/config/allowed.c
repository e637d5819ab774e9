#include "config/allowed.h"

#include <stdio.h>
#include <string.h>

#define POLICY "policy"

static uint32_t every_bit(const struct option_table *table) {
    return (1u << table->count) - 1;
}

static uint32_t bits_of_tenants(const struct option_table *table) {
    uint32_t bits = 0;
    for (size_t i = 0; i < table->count; i++)
        bits |= (uint32_t)(table->rows[i].trust == OPTION_OF_TENANTS) << i;
    return bits;
}

struct allowed allowed_all(void) {
    return (struct allowed){every_bit(&device_option_table), every_bit(&guest_option_table), true};
}

struct allowed allowed_to_tenants(void) {
    return (struct allowed){bits_of_tenants(&device_option_table), bits_of_tenants(&guest_option_table), false};
}

static bool is_equal(const struct allowed *a, const struct allowed *b) {
    return a->device == b->device && a->guest == b->guest && a->policy == b->policy;
}

/* --- words --------------------------------------------------------------------------------------------------- */

/* Sets or clears the bit of that name. Returns whether the table has it. */
static bool put_option(const struct option_table *table, const char *name, bool is_allowed, uint32_t *bits) {
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].name, name) != 0)
            continue;
        *bits = is_allowed ? *bits | 1u << i : *bits & ~(1u << i);
        return true;
    }
    return false;
}

static bool put_name(struct allowed *allowed, const char *name, bool is_allowed) {
    if (strcmp(name, POLICY) == 0) {
        allowed->policy = is_allowed;
        return true;
    }
    return put_option(&device_option_table, name, is_allowed, &allowed->device) ||
           put_option(&guest_option_table, name, is_allowed, &allowed->guest);
}

static bool put_word(struct allowed *allowed, const char *word) {
    if (strcmp(word, "all") == 0)
        *allowed = allowed_all();
    else if (strcmp(word, "none") == 0)
        *allowed = (struct allowed){0};
    else if (strcmp(word, "tenant") == 0)
        *allowed = allowed_to_tenants();
    else
        return put_name(allowed, word + (*word == '-'), *word != '-');
    return true;
}

/* "rom, romBar, expect": what is allowed. */
static void list_names(const struct allowed *allowed, const char *between, struct buffer *out) {
    const struct option_table *tables[] = {&device_option_table, &guest_option_table};
    const uint32_t bits[] = {allowed->device, allowed->guest};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < tables[i]->count; j++)
            if (bits[i] & 1u << j)
                buffer_printf(out, "%s%s", out->size ? between : "", tables[i]->rows[j].name);
    if (allowed->policy)
        buffer_printf(out, "%s" POLICY, out->size ? between : "");
}

static int refuse_word(const char *place, const char *word, struct error *err) {
    CLEANUP(buffer_free) struct buffer names = {0};
    const struct allowed all = allowed_all();
    char storage[QUOTED_MAX];
    list_names(&all, ", ", &names);
    if (buffer_check(&names, err) < 0)
        return -1;
    return error_set(err, ERROR_INPUT, "%s: \"%s\" is none of all, none, tenant, %s, or one of these behind a \"-\"",
                     place, text_quotable(word, storage), names.data);
}

int allowed_parse(const char *list, struct allowed *allowed, struct error *err) {
    *allowed = (struct allowed){0};
    for (const char *word = list; *list;) {
        char text[LABEL_MAX + 1];
        size_t size = strcspn(word, ",");
        snprintf(text, sizeof(text), "%.*s", (int)size, word);
        if (size > LABEL_MAX || !put_word(allowed, text))
            return refuse_word("the list", text, err);
        if (!word[size])
            break;
        word += size + 1;
    }
    return 0;
}

int allowed_parse_json(const json_t *array, const struct json_place *place, struct allowed *allowed,
                       struct error *err) {
    size_t index;
    json_t *value;
    *allowed = (struct allowed){0};
    json_array_foreach((json_t *)array, index, value) {
        struct json_place element = json_element(place, index);
        const char *word = value_text(value, &element, err);
        if (!word)
            return -1;
        if (!put_word(allowed, word))
            return refuse_word(element.text, word, err);
    }
    return 0;
}

static int add_names(json_t *array, const struct option_table *table, uint32_t bits) {
    for (size_t i = 0; i < table->count; i++)
        if (bits & 1u << i && json_array_append_new(array, json_string(table->rows[i].name)) < 0)
            return -1;
    return 0;
}

json_t *allowed_to_json(const struct allowed *allowed) {
    const struct allowed all = allowed_all(), tenants = allowed_to_tenants();
    if (is_equal(allowed, &all))
        return json_pack("[s]", "all");
    if (is_equal(allowed, &tenants))
        return json_pack("[s]", "tenant");
    CLEANUP(json_decref) json_t *array = json_array();
    if (add_names(array, &device_option_table, allowed->device) < 0 ||
        add_names(array, &guest_option_table, allowed->guest) < 0 ||
        (allowed->policy && json_array_append_new(array, json_string(POLICY)) < 0))
        return NULL;
    return TAKE_PTR(array);
}

/* --- what the annotation says -------------------------------------------------------------------------------- */

static int deny(const struct allowed *allowed, const struct json_place *place, const char *rule, struct error *err) {
    CLEANUP(buffer_free) struct buffer names = {0};
    list_names(allowed, ", ", &names);
    if (buffer_check(&names, err) < 0)
        return -1;
    error_set(err, ERROR_DENIED,
              "annotation " CONFIG_ANNOTATION ": %s: a VM's owner may not set it here (%s): leave it out, or ask "
              "the cluster's admin to allow it; allowed are %s",
              place->text, rule, names.size ? names.data : "none");
    return error_see(err, "plugins.md#the-annotation-is-a-strangers");
}

/* To withdraw what an admin's profile says is to say something, too. */
static int check_options(const struct option_table *table, const void *options, uint32_t bits,
                         const struct allowed *allowed, const struct json_place *place, const char *rule,
                         struct error *err) {
    const struct options_said *said = options;
    for (size_t i = 0; i < table->count; i++) {
        struct json_place member = json_member(place, table->rows[i].name);
        if (!(bits & 1u << i) && (said->withdrawn & 1u << i || options_given(table, options, i)))
            return deny(allowed, &member, rule, err);
    }
    return 0;
}

int allowed_check(const struct allowed *allowed, const struct config *config, const char *rule, struct error *err) {
    static const struct json_place policy = {POLICY}, devices = {"devices"}, guest = {"guest"};
    if (config->policy == POLICY_WARN && !allowed->policy)
        return deny(allowed, &policy, rule, err);
    for (size_t i = 0; i < config->count; i++) {
        const struct config_entry *entry = &config->entries[i];
        struct json_place place = json_member(&devices, entry->key);
        if (check_options(&device_option_table, &entry->options, allowed->device, allowed, &place, rule, err) < 0)
            return -1;
    }
    return check_options(&guest_option_table, &config->guest, allowed->guest, allowed, &guest, rule, err);
}

static bool strip_options(const struct option_table *table, void *options, uint32_t bits) {
    struct options_said *said = options;
    bool any = said->withdrawn & ~bits;
    said->withdrawn &= bits;
    for (size_t i = 0; i < table->count; i++) {
        if (bits & 1u << i || !options_given(table, options, i))
            continue;
        options_forget(table, options, i);
        any = true;
    }
    return any;
}

bool allowed_strip(const struct allowed *allowed, struct config *config) {
    bool any = config->policy == POLICY_WARN && !allowed->policy;
    if (any)
        config->policy = POLICY_UNSET;
    for (size_t i = 0; i < config->count; i++)
        any = strip_options(&device_option_table, &config->entries[i].options, allowed->device) || any;
    return strip_options(&guest_option_table, &config->guest, allowed->guest) || any;
}
