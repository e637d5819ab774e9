/* bundle keygen and bundle sign: minisign's work on a bundle. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "cmd/password.h"
#include "rom/minisign_key.h"

enum { KEY_SECRET = 's', KEY_PUBLIC = 'p', KEY_COMMENT = 't', KEY_PASSWORD_FILE = 3000, KEY_NO_PASSWORD };

struct signing {
    const char *names[1];
    struct file_names files;
    struct output output;
    const char *secret, *public, *comment, *password_file;
    bool no_password;
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct signing *signing = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        signing->files.names = signing->names;
        state->child_inputs[0] = &signing->output;
        return 0;
    case KEY_SECRET:
        signing->secret = argument;
        return 0;
    case KEY_PUBLIC:
        signing->public = argument;
        return 0;
    case KEY_COMMENT:
        signing->comment = argument;
        return 0;
    case KEY_PASSWORD_FILE:
        signing->password_file = argument;
        return 0;
    case KEY_NO_PASSWORD:
        signing->no_password = true;
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&signing->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&signing->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run(const struct argp *argp, int argc, char **argv, struct signing *signing,
               int (*work)(struct signing *signing, struct error *err)) {
    struct error err = {0};
    if (argp_parse(argp, argc, argv, 0, NULL, signing) != 0)
        return EXIT_USAGE;
    return bundle_setup(&err) < 0 || work(signing, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}

static int get_password(const struct signing *signing, const char *prompt, char password[PASSWORD_MAX],
                        struct error *err) {
    return signing->password_file ? password_read(signing->password_file, password, err)
                                  : password_ask(prompt, password, err);
}

/* --- keygen ------------------------------------------------------------------------------------------------------- */

static const struct argp_option keygen_options[] = {
    {"secret-key", KEY_SECRET, "FILE", 0, "where the secret key goes (default minisign.key)", 0},
    {"public-key", KEY_PUBLIC, "FILE", 0, "where the public key goes (default minisign.pub)", 0},
    {"password-file", KEY_PASSWORD_FILE, "FILE", 0, "its first line is the secret key's password", 0},
    {"no-password", KEY_NO_PASSWORD, NULL, 0, "do not encrypt the secret key", 0},
    {0},
};

static int new_password(const struct signing *signing, char password[PASSWORD_MAX], struct error *err) {
    char again[PASSWORD_MAX] = "";
    if (get_password(signing, "Password for the new key", password, err) < 0)
        return -1;
    if (!signing->password_file && password_ask("The same again", again, err) < 0)
        return -1;
    bool same = signing->password_file || strcmp(password, again) == 0;
    sodium_memzero(again, sizeof(again));
    if (*password == '\0')
        return error_set(err, ERROR_INPUT, "the password is empty: to have none, say --no-password");
    return same ? 0 : error_set(err, ERROR_INPUT, "the two passwords differ");
}

/* A secret is for its owner only, whatever the umask. */
static int write_secret(const struct output *output, struct bytes text, struct error *err) {
    mode_t before = umask(077);
    int failed = output_write(output, text, err);
    umask(before);
    return failed;
}

/* The public key first and the secret one last: a secret key that was there is only replaced when nothing else can
 * fail. */
static int write_keys(const struct output *public_file, struct bytes public, const struct output *secret_file,
                      struct bytes secret, struct error *err) {
    if (output_check(secret_file, NULL, 0, err) < 0 || output_check(public_file, &secret_file->path, 1, err) < 0 ||
        output_write(public_file, public, err) < 0)
        return -1;
    if (output_check(secret_file, &public_file->path, 1, err) == 0 && write_secret(secret_file, secret, err) == 0)
        return 0;
    unlink(public_file->path); /* of no use without the other */
    return -1;
}

static int make_keys(struct signing *signing, const char *password, struct error *err) {
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(err);
    CLEANUP(buffer_free) struct buffer public = {0};
    char secret[MINISIGN_SECRET_TEXT_MAX];
    const struct output secret_file = {signing->secret ? signing->secret : "minisign.key", signing->output.force};
    const struct output public_file = {signing->public ? signing->public : "minisign.pub", signing->output.force};
    if (strcmp(secret_file.path, public_file.path) == 0)
        return error_set(err, ERROR_INPUT, "%s cannot be both the secret and the public key", secret_file.path);
    if (!key || minisign_write_secret_key(key, password, MINISIGN_COST_USUAL, secret, err) < 0)
        return -1;
    minisign_write_public_key(&key->public, &public);
    int failed = buffer_check(&public, err) < 0
                     ? -1
                     : write_keys(&public_file, buffer_bytes(&public), &secret_file,
                                  (struct bytes){(const uint8_t *)secret, strlen(secret)}, err);
    sodium_memzero(secret, sizeof(secret));
    if (failed)
        return -1;
    printf("%s: the secret key, keep it safe\n%s: the public key, for --trusted-key\n", secret_file.path,
           public_file.path);
    return 0;
}

static int keygen(struct signing *signing, struct error *err) {
    char password[PASSWORD_MAX] = "";
    int failed = !signing->no_password && new_password(signing, password, err) < 0;
    if (!failed)
        failed = make_keys(signing, signing->no_password ? NULL : password, err);
    sodium_memzero(password, sizeof(password));
    return failed ? -1 : 0;
}

int cmd_bundle_keygen(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {keygen_options,
                                     parse,
                                     "",
                                     "Makes a key pair in minisign's format.\v"
                                     "Keys made by minisign -G do as well, and minisign can use these.\n"
                                     "Examples:\n"
                                     "  kubevirt-gpu-hook bundle keygen\n"
                                     "  kubevirt-gpu-hook bundle keygen --secret-key lab.key --public-key lab.pub\n"
                                     "Exit status: 0 done, 1 not, 64 wrong usage.",
                                     children,
                                     NULL,
                                     NULL};
    struct signing signing = {.files = {.least = 0, .most = 0, .what = "no file"}};
    return run(&argp, argc, argv, &signing, keygen);
}

/* --- sign --------------------------------------------------------------------------------------------------------- */

static const struct argp_option sign_options[] = {
    {"secret-key", KEY_SECRET, "FILE", 0, "the secret key (default minisign.key)", 0},
    {"comment", KEY_COMMENT, "TEXT", 0, "the signed comment (default: the bundle's name, version, and the time)", 0},
    {"password-file", KEY_PASSWORD_FILE, "FILE", 0, "its first line is the secret key's password (default: ask)", 0},
    {0},
};

static struct minisign_secret_key *unlock(const struct signing *signing, struct bytes text, char password[PASSWORD_MAX],
                                          struct error *err) {
    bool needs_password = minisign_needs_password(text);
    if (needs_password && get_password(signing, "Password", password, err) < 0)
        return NULL;
    return minisign_parse_secret_key(text, needs_password ? password : NULL, err);
}

static struct minisign_secret_key *load_key(const struct signing *signing, struct error *err) {
    CLEANUP(secret_free) struct buffer text = secret_buffer(MINISIGN_TEXT_MAX);
    const char *path = signing->secret ? signing->secret : "minisign.key";
    char password[PASSWORD_MAX] = "";
    if (file_read(path, MINISIGN_TEXT_MAX, &text, err) < 0)
        return NULL;
    struct minisign_secret_key *key = unlock(signing, buffer_bytes(&text), password, err);
    sodium_memzero(password, sizeof(password));
    if (!key)
        error_prefix(err, "%s", path);
    return key;
}

static void default_comment(const struct manifest *manifest, char comment[MINISIGN_COMMENT_MAX]) {
    if (snprintf(comment, MINISIGN_COMMENT_MAX, "timestamp:%lld bundle:%s%s%s", (long long)time(NULL), manifest->name,
                 manifest->version ? " version:" : "",
                 manifest->version ? manifest->version : "") >= (int)MINISIGN_COMMENT_MAX)
        text_ellipsis(comment, MINISIGN_COMMENT_MAX);
}

/* Only what can be used is signed: the manifest is read as the sidecar reads it. */
static int sign(struct signing *signing, struct error *err) {
    const struct trust nobody = {0};
    const char *folder = signing->names[0];
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(folder, &nobody, err);
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = NULL;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(manifest_free) struct manifest manifest = {0};
    CLEANUP(buffer_free) struct buffer signature = {0};
    CLEANUP(free) char *path = NULL;
    char comment[MINISIGN_COMMENT_MAX], id[MINISIGN_ID_TEXT];
    if (!bundle)
        return -1;
    if (store_is_packed(bundle->store))
        return error_set(err, ERROR_INPUT, "%s is a packed bundle: sign the folder, then pack it", folder);
    if (asprintf(&path, "%s/" STORE_SIGNATURE, folder) < 0)
        return error_no_memory(err);
    signing->output.path = path;
    /* What is signed are the bytes that were understood. */
    if (output_check(&signing->output, NULL, 0, err) < 0 ||
        store_read(bundle->store, STORE_MANIFEST, MANIFEST_SIZE_MAX, &text, err) < 0 ||
        manifest_parse(buffer_bytes(&text), &manifest, err) < 0)
        return -1;
    default_comment(&manifest, comment);
    if (!(key = load_key(signing, err)) ||
        minisign_sign(key, buffer_bytes(&text), signing->comment ? signing->comment : comment, &signature, err) < 0 ||
        output_write(&signing->output, buffer_bytes(&signature), err) < 0)
        return -1;
    printf("%s: signed by %s\n", path, minisign_id_text(key->public.id, id));
    return 0;
}

int cmd_bundle_sign(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        sign_options,
        parse,
        "DIR",
        "Signs a bundle's manifest, and by its hashes every ROM: writes DIR/" STORE_SIGNATURE ".\v"
        "The same is done by: minisign -S -m DIR/" STORE_MANIFEST "\n"
        "Examples:\n"
        "  kubevirt-gpu-hook bundle sign lab\n"
        "  kubevirt-gpu-hook bundle sign lab --secret-key lab.key --comment \"November\"\n"
        "Exit status: 0 signed, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct signing signing = {.files = {.least = 1, .most = 1, .what = "DIR"}};
    return run(&argp, argc, argv, &signing, sign);
}
