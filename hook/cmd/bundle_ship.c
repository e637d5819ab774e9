/* bundle keygen, sign and pack: what makes a bundle fit to travel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/bundle.h"
#include "cmd/cmd.h"
#include "rom/minisign_key.h"
#include "rom/pack.h"

enum {
    KEY_SECRET = 's',
    KEY_PUBLIC = 'p',
    KEY_COMMENT = 't',
    KEY_PASSWORD_FILE = 3000,
    KEY_NO_PASSWORD,
    KEY_COMPRESS = 'c',
    PASSWORD_MAX = 1024,
    CONFIG_MAP_MAX = 1 << 20, /* Kubernetes: all of a ConfigMap's data together */
};

struct ship {
    const char *names[2];
    struct file_names files;
    struct output output;
    bool has_trust; /* of two children, see parse */
    struct trust trust;
    const char *secret, *public, *comment, *password_file;
    bool no_password;
    enum pack_compression compression;
};

typedef int ship_fn(struct ship *ship, struct error *err);

static int ship_run(const struct argp *argp, int argc, char **argv, struct ship *ship, ship_fn *run) {
    struct error err = {0};
    if (argp_parse(argp, argc, argv, 0, NULL, ship) != 0)
        return EXIT_USAGE;
    return bundle_setup(&err) < 0 || run(ship, &err) < 0 ? rom_report_error(NULL, &err) : EXIT_FINE;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct ship *ship = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        ship->files.names = ship->names;
        state->child_inputs[0] = &ship->output;
        if (ship->has_trust)
            state->child_inputs[1] = &ship->trust;
        return 0;
    case KEY_SECRET:
        ship->secret = argument;
        return 0;
    case KEY_PUBLIC:
        ship->public = argument;
        return 0;
    case KEY_COMMENT:
        ship->comment = argument;
        return 0;
    case KEY_PASSWORD_FILE:
        ship->password_file = argument;
        return 0;
    case KEY_NO_PASSWORD:
        ship->no_password = true;
        return 0;
    case KEY_COMPRESS:
        if (pack_compression_parse(argument, &ship->compression) < 0)
            argp_error(state, "--compress: '%s' is none of none, gzip, zstd", argument);
        return 0;
    case ARGP_KEY_ARG:
        file_names_add(&ship->files, argument, state);
        return 0;
    case ARGP_KEY_END:
        file_names_check(&ship->files, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A buffer with a secret in it; small enough that it never grew and left a copy. */
static void secret_free_at(struct buffer *buffer) {
    if (buffer->data)
        sodium_memzero(buffer->data, buffer->capacity);
    buffer_free(buffer);
}

/* --- passwords ---------------------------------------------------------------------------------------------------- */

/* One line from the terminal, not echoed. */
static int ask_terminal(const char *prompt, char password[PASSWORD_MAX], struct error *err) {
    CLEANUP(close_fd) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, silent;
    if (fd < 0 || tcgetattr(fd, &before) < 0)
        return error_set(err, ERROR_INPUT, "there is no terminal to ask for the password: use --password-file");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    dprintf(fd, "%s: ", prompt);
    tcsetattr(fd, TCSAFLUSH, &silent);
    ssize_t got = read(fd, password, PASSWORD_MAX - 1);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    if (got <= 0)
        return error_set(err, ERROR_INPUT, "no password was given");
    password[got] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    return 0;
}

static int read_password_file(const char *path, char password[PASSWORD_MAX], struct error *err) {
    CLEANUP(secret_free) struct buffer text = {0};
    if (file_read(path, PASSWORD_MAX - 1, &text, err) < 0)
        return -1;
    memcpy(password, text.data ? text.data : "", text.size);
    password[text.size] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    return 0;
}

static int get_password(const struct ship *ship, const char *prompt, char password[PASSWORD_MAX], struct error *err) {
    return ship->password_file ? read_password_file(ship->password_file, password, err)
                               : ask_terminal(prompt, password, err);
}

/* --- keygen ------------------------------------------------------------------------------------------------------- */

static const struct argp_option keygen_options[] = {
    {"secret-key", KEY_SECRET, "FILE", 0, "where the secret key goes (default minisign.key)", 0},
    {"public-key", KEY_PUBLIC, "FILE", 0, "where the public key goes (default minisign.pub)", 0},
    {"password-file", KEY_PASSWORD_FILE, "FILE", 0, "its first line is the secret key's password", 0},
    {"no-password", KEY_NO_PASSWORD, NULL, 0, "do not encrypt the secret key", 0},
    {0},
};

static int new_password(const struct ship *ship, char password[PASSWORD_MAX], struct error *err) {
    char again[PASSWORD_MAX] = "";
    if (get_password(ship, "Password for the new key", password, err) < 0)
        return -1;
    if (!ship->password_file && ask_terminal("The same again", again, err) < 0)
        return -1;
    bool same = ship->password_file || strcmp(password, again) == 0;
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

static int make_keys(struct ship *ship, const char *password, struct error *err) {
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(err);
    CLEANUP(buffer_free) struct buffer public = {0};
    char secret[MINISIGN_SECRET_TEXT_MAX];
    const struct output secret_file = {ship->secret ? ship->secret : "minisign.key", ship->output.force};
    const struct output public_file = {ship->public ? ship->public : "minisign.pub", ship->output.force};
    if (!key || output_check(&secret_file, NULL, 0, err) < 0 || output_check(&public_file, NULL, 0, err) < 0 ||
        minisign_write_secret_key(key, password, MINISIGN_COST_USUAL, secret, err) < 0)
        return -1;
    minisign_write_public_key(&key->public, &public);
    int failed = write_secret(&secret_file, (struct bytes){(const uint8_t *)secret, strlen(secret)}, err);
    sodium_memzero(secret, sizeof(secret));
    if (failed || buffer_check(&public, err) < 0 || output_write(&public_file, buffer_bytes(&public), err) < 0)
        return -1;
    printf("%s: the secret key, keep it safe\n%s: the public key, for --trusted-key\n", secret_file.path,
           public_file.path);
    return 0;
}

static int keygen(struct ship *ship, struct error *err) {
    char password[PASSWORD_MAX] = "";
    if (!ship->no_password && new_password(ship, password, err) < 0)
        return -1;
    int failed = make_keys(ship, ship->no_password ? NULL : password, err);
    sodium_memzero(password, sizeof(password));
    return failed;
}

int cmd_bundle_keygen(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {keygen_options,
                                     parse,
                                     "",
                                     "Makes a key pair in minisign's format.\v"
                                     "Keys made by minisign -G do as well, and minisign can use these.\n"
                                     "Exit status: 0 done, 1 not, 64 wrong usage.",
                                     children,
                                     NULL,
                                     NULL};
    struct ship ship = {.files = {.least = 0, .most = 0, .what = "no file"}};
    return ship_run(&argp, argc, argv, &ship, keygen);
}

/* --- sign --------------------------------------------------------------------------------------------------------- */

static const struct argp_option sign_options[] = {
    {"secret-key", KEY_SECRET, "FILE", 0, "the secret key (default minisign.key)", 0},
    {"comment", KEY_COMMENT, "TEXT", 0, "the signed comment (default: the bundle's name, version, and the time)", 0},
    {"password-file", KEY_PASSWORD_FILE, "FILE", 0, "its first line is the secret key's password (default: ask)", 0},
    {0},
};

static struct minisign_secret_key *load_key(const struct ship *ship, struct error *err) {
    CLEANUP(secret_free) struct buffer text = {0};
    const char *path = ship->secret ? ship->secret : "minisign.key";
    char password[PASSWORD_MAX] = "";
    if (file_read(path, MINISIGN_TEXT_MAX, &text, err) < 0)
        return NULL;
    bool needs_password = minisign_needs_password(buffer_bytes(&text));
    if (needs_password && get_password(ship, "Password", password, err) < 0)
        return NULL;
    struct minisign_secret_key *key =
        minisign_parse_secret_key(buffer_bytes(&text), needs_password ? password : NULL, err);
    sodium_memzero(password, sizeof(password));
    if (!key)
        error_prefix(err, "%s", path);
    return key;
}

static void default_comment(const struct manifest *manifest, char comment[MINISIGN_COMMENT_MAX]) {
    snprintf(comment, MINISIGN_COMMENT_MAX, "timestamp:%lld bundle:%s%s%s", (long long)time(NULL), manifest->name,
             manifest->version ? " version:" : "", manifest->version ? manifest->version : "");
}

/* Only what can be used is signed: the manifest is read as the sidecar reads it. */
static int sign(struct ship *ship, struct error *err) {
    const struct trust nobody = {0};
    const char *folder = ship->names[0];
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(folder, &nobody, err);
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = NULL;
    CLEANUP(buffer_free) struct buffer manifest = {0};
    CLEANUP(buffer_free) struct buffer signature = {0};
    CLEANUP(free) char *path = NULL;
    char comment[MINISIGN_COMMENT_MAX], id[MINISIGN_ID_TEXT];
    if (!bundle)
        return -1;
    if (store_is_packed(bundle->store))
        return error_set(err, ERROR_INPUT, "%s is a packed bundle: sign the folder, then pack it", folder);
    if (asprintf(&path, "%s/" STORE_SIGNATURE, folder) < 0)
        return error_no_memory(err);
    ship->output.path = path;
    default_comment(&bundle->manifest, comment);
    if (output_check(&ship->output, NULL, 0, err) < 0 ||
        store_read(bundle->store, STORE_MANIFEST, MANIFEST_SIZE_MAX, &manifest, err) < 0 ||
        !(key = load_key(ship, err)) ||
        minisign_sign(key, buffer_bytes(&manifest), ship->comment ? ship->comment : comment, &signature, err) < 0 ||
        output_write(&ship->output, buffer_bytes(&signature), err) < 0)
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
        "Exit status: 0 signed, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct ship ship = {.files = {.least = 1, .most = 1, .what = "DIR"}};
    return ship_run(&argp, argc, argv, &ship, sign);
}

/* --- pack --------------------------------------------------------------------------------------------------------- */

static const struct argp_option pack_options[] = {
    {"compress", KEY_COMPRESS, "none|gzip|zstd", 0, "how (default zstd)", 0},
    {0},
};

static int pack(struct ship *ship, struct error *err) {
    CLEANUP(buffer_free) struct buffer packed = {0};
    ship->output.path = ship->names[1];
    if (output_check(&ship->output, ship->names, 1, err) < 0)
        return -1;
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(ship->names[0], &ship->trust, err);
    if (!bundle || pack_bundle(bundle, ship->compression, &packed, err) < 0 ||
        output_write(&ship->output, buffer_bytes(&packed), err) < 0)
        return -1;
    fprintf(strcmp(ship->output.path, "-") == 0 ? stderr : stdout, "%s: %zu ROMs, %zu bytes\n", ship->output.path,
            bundle->manifest.count, packed.size);
    if (packed.size > CONFIG_MAP_MAX)
        fprintf(
            stderr,
            "warning: %zu bytes are more than the %d that a ConfigMap can hold: ship it in an image or on a volume, or "
            "make several bundles of it\n",
            packed.size, CONFIG_MAP_MAX);
    return 0;
}

int cmd_bundle_pack(int argc, char **argv) {
    static const struct argp_child children[] = {{&output_argp, 0, NULL, 0}, {&trust_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        pack_options,
        parse,
        "BUNDLE OUT",
        "Packs a bundle into one tar file, which --bundle takes as it takes the folder.\v"
        "Manifest, signature, and the ROMs that the manifest names; the same bundle always gives the same bytes.\n"
        "Example: kubevirt-gpu-hook bundle pack lab lab.tar.zst; kubectl create configmap lab --from-file lab.tar.zst\n"
        "Exit status: 0 packed, 1 not, 64 wrong usage.",
        children,
        NULL,
        NULL};
    struct ship ship = {
        .files = {.least = 2, .most = 2, .what = "BUNDLE OUT"}, .has_trust = true, .compression = PACK_ZSTD};
    return ship_run(&argp, argc, argv, &ship, pack);
}
