/* bundle keygen, sign and pack: what makes a bundle fit to travel. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

/* A buffer for a secret, with room for all of it: one that grows leaves copies behind. */
static struct buffer secret_buffer(size_t size) {
    char *data = malloc(size + 1);
    return (struct buffer){.data = data, .capacity = data ? size + 1 : 0};
}

static void secret_free_at(struct buffer *buffer) {
    if (buffer->data)
        sodium_memzero(buffer->data, buffer->capacity);
    buffer_free(buffer);
}

/* --- passwords ---------------------------------------------------------------------------------------------------- */

/* The first line, which must be whole. */
static int cut_line(char password[PASSWORD_MAX], struct error *err) {
    size_t size = strcspn(password, "\r\n");
    if (size == PASSWORD_MAX - 1)
        return error_set(err, ERROR_INPUT, "the password has more than %d bytes", PASSWORD_MAX - 2);
    password[size] = '\0';
    return 0;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
    interrupted = number;
}

/* A signal ends the read instead of the process, so that the terminal is put right first. */
static void catch_signals(struct sigaction before[3], bool on) {
    static const int numbers[3] = {SIGINT, SIGTERM, SIGTSTP};
    const struct sigaction ours = {.sa_handler = interrupt};
    for (size_t i = 0; i < 3; i++) {
        if (on)
            sigaction(numbers[i], &ours, &before[i]);
        else
            sigaction(numbers[i], &before[i], NULL);
    }
}

/* One line from the terminal, not echoed. */
static int ask_terminal(const char *prompt, char password[PASSWORD_MAX], struct error *err) {
    CLEANUP(close_fd) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, silent;
    struct sigaction actions[3];
    if (fd < 0 || tcgetattr(fd, &before) < 0)
        return error_set(err, ERROR_INPUT, "there is no terminal to ask for the password: use --password-file");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    interrupted = 0;
    catch_signals(actions, true);
    dprintf(fd, "%s: ", prompt);
    tcsetattr(fd, TCSAFLUSH, &silent);
    ssize_t got = read(fd, password, PASSWORD_MAX - 1);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    catch_signals(actions, false);
    if (interrupted || got <= 0)
        return error_set(err, ERROR_INPUT, "no password was given");
    password[got] = '\0';
    return cut_line(password, err);
}

static int read_password_file(const char *path, char password[PASSWORD_MAX], struct error *err) {
    CLEANUP(secret_free) struct buffer text = secret_buffer(PASSWORD_MAX);
    if (file_read(path, PASSWORD_MAX - 1, &text, err) < 0)
        return -1;
    memcpy(password, text.data ? text.data : "", text.size);
    password[text.size] = '\0';
    return cut_line(password, err);
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

static int make_keys(struct ship *ship, const char *password, struct error *err) {
    CLEANUP(minisign_secret_free) struct minisign_secret_key *key = minisign_generate(err);
    CLEANUP(buffer_free) struct buffer public = {0};
    char secret[MINISIGN_SECRET_TEXT_MAX];
    const struct output secret_file = {ship->secret ? ship->secret : "minisign.key", ship->output.force};
    const struct output public_file = {ship->public ? ship->public : "minisign.pub", ship->output.force};
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

static int keygen(struct ship *ship, struct error *err) {
    char password[PASSWORD_MAX] = "";
    int failed = !ship->no_password && new_password(ship, password, err) < 0;
    if (!failed)
        failed = make_keys(ship, ship->no_password ? NULL : password, err);
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

static struct minisign_secret_key *unlock(const struct ship *ship, struct bytes text, char password[PASSWORD_MAX],
                                          struct error *err) {
    bool needs_password = minisign_needs_password(text);
    if (needs_password && get_password(ship, "Password", password, err) < 0)
        return NULL;
    return minisign_parse_secret_key(text, needs_password ? password : NULL, err);
}

static struct minisign_secret_key *load_key(const struct ship *ship, struct error *err) {
    CLEANUP(secret_free) struct buffer text = secret_buffer(MINISIGN_TEXT_MAX);
    const char *path = ship->secret ? ship->secret : "minisign.key";
    char password[PASSWORD_MAX] = "";
    if (file_read(path, MINISIGN_TEXT_MAX, &text, err) < 0)
        return NULL;
    struct minisign_secret_key *key = unlock(ship, buffer_bytes(&text), password, err);
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
static int sign(struct ship *ship, struct error *err) {
    const struct trust nobody = {0};
    const char *folder = ship->names[0];
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
    ship->output.path = path;
    /* What is signed are the bytes that were understood. */
    if (output_check(&ship->output, NULL, 0, err) < 0 ||
        store_read(bundle->store, STORE_MANIFEST, MANIFEST_SIZE_MAX, &text, err) < 0 ||
        manifest_parse(buffer_bytes(&text), &manifest, err) < 0)
        return -1;
    default_comment(&manifest, comment);
    if (!(key = load_key(ship, err)) ||
        minisign_sign(key, buffer_bytes(&text), ship->comment ? ship->comment : comment, &signature, err) < 0 ||
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

/* The bundle's own files are the input too. */
static int check_not_inside(const struct output *output, const struct bundle *bundle, struct error *err) {
    const struct manifest *manifest = &bundle->manifest;
    static const char *const own[] = {STORE_MANIFEST, STORE_SIGNATURE};
    for (size_t i = 0; i < manifest->count + 2; i++) {
        CLEANUP(free) char *path = NULL;
        if (asprintf(&path, "%s/%s", bundle->path, i < 2 ? own[i] : manifest->roms[i - 2].file) < 0)
            return error_no_memory(err);
        if (output_check(output, (const char *const[]){path}, 1, err) < 0)
            return -1;
    }
    return 0;
}

static int pack(struct ship *ship, struct error *err) {
    CLEANUP(buffer_free) struct buffer packed = {0};
    ship->output.path = ship->names[1];
    if (output_check(&ship->output, ship->names, 1, err) < 0)
        return -1;
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(ship->names[0], &ship->trust, err);
    if (!bundle || check_not_inside(&ship->output, bundle, err) < 0 ||
        pack_bundle(bundle, ship->compression, &packed, err) < 0 ||
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
