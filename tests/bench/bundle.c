/* Measures how long a bundle takes to open, and what memory.
 *
 *   bench-bundle make FOLDER COUNT   a bundle of COUNT ROMs of 64 KiB in FOLDER/bundle, and FOLDER/bundle.tar.zst of it
 *   bench-bundle load PATH           opens it 21 times; prints one "name value" line per figure: microseconds, and KiB
 */
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "figures.h"
#include "rom/match.h"
#include "rom/pack.h"

enum { ROM_SIZE = 65536, OPENS = 21, MATCHES = 100 };

static void __attribute__((noreturn)) fail(const char *text) {
    fprintf(stderr, "bench-bundle: %s\n", text);
    exit(1);
}

static void put_file(const char *path, struct bytes content) {
    FILE *file = fopen(path, "we");
    if (!file || file_write_all(fileno(file), content) < 0 || fclose(file) != 0)
        fail(path);
}

/* Half of it as hard to compress as code is: a counter that was hashed. */
static void fill(uint8_t rom[ROM_SIZE], size_t number) {
    memset(rom, 0, ROM_SIZE);
    for (size_t at = 0; at < ROM_SIZE / 2; at += crypto_hash_sha256_BYTES) {
        const size_t seed[] = {number, at};
        crypto_hash_sha256(rom + at, (const uint8_t *)seed, sizeof(seed));
    }
}

static void make(const char *folder, size_t count) {
    static const struct trust anybody;
    static uint8_t rom[ROM_SIZE];
    struct error err = {0};
    char path[4096], packed_path[4096];
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer packed = {0};
    snprintf(path, sizeof(path), "%s/bundle", folder);
    mkdir(path, 0755);
    buffer_append_text(&text, "{\"apiVersion\": \"" MANIFEST_API_VERSION "\", \"kind\": \"" MANIFEST_KIND
                              "\", \"name\": \"lab\", \"roms\": [");
    for (size_t i = 0; i < count; i++) {
        uint8_t sha256[crypto_hash_sha256_BYTES];
        char hex[2 * sizeof(sha256) + 1];
        fill(rom, i);
        crypto_hash_sha256(sha256, rom, sizeof(rom));
        snprintf(path, sizeof(path), "%s/bundle/%04zu.rom", folder, i);
        put_file(path, (struct bytes){rom, sizeof(rom)});
        buffer_printf(&text,
                      "%s{\"id\": \"rom-%zu\", \"file\": \"%04zu.rom\", \"sha256\": \"%s\", \"match\": {\"vendor\": "
                      "\"1002\", \"device\": \"%04zx\"}}",
                      i ? "," : "", i, i, sodium_bin2hex(hex, sizeof(hex), sha256, sizeof(sha256)), i);
    }
    buffer_append_text(&text, "]}");
    snprintf(path, sizeof(path), "%s/bundle/" STORE_MANIFEST, folder);
    put_file(path, buffer_bytes(&text));
    snprintf(path, sizeof(path), "%s/bundle", folder);
    CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path, &anybody, &err);
    if (!bundle || pack_bundle(bundle, PACK_ZSTD, &packed, &err) < 0)
        fail(err.message);
    snprintf(packed_path, sizeof(packed_path), "%s/bundle.tar.zst", folder);
    put_file(packed_path, buffer_bytes(&packed));
}

/* Which ROM a device gets: the last of them. */
static double match_us(struct bundle *bundle) {
    const struct pci_identity last = {.id = {0x1002, (uint16_t)(bundle->manifest.count - 1)}};
    double begin = now_us();
    for (int i = 0; i < MATCHES; i++)
        if (match_device(&bundle, 1, &last, FIRMWARE_ANY).rom != &bundle->manifest.roms[bundle->manifest.count - 1])
            fail("no match");
    return (now_us() - begin) / MATCHES;
}

static void load(const char *path) {
    static const struct trust anybody;
    struct error err = {0};
    double open_us[OPENS], read_us[OPENS], matches_us[OPENS];
    for (size_t i = 0; i < OPENS; i++) {
        CLEANUP(buffer_free) struct buffer rom = {0};
        double begin = now_us();
        CLEANUP(bundle_close) struct bundle *bundle = bundle_open(path, &anybody, &err);
        if (!bundle)
            fail(err.message);
        open_us[i] = now_us() - begin;
        matches_us[i] = match_us(bundle);
        begin = now_us();
        if (bundle_read_rom(bundle, &bundle->manifest.roms[bundle->manifest.count - 1], &rom, &err) < 0)
            fail(err.message);
        read_us[i] = now_us() - begin;
    }
    printf("open %.1f\nmatch %.3f\nread %.1f\npeak_memory %ld\n", quantile(open_us, OPENS, 0.5),
           quantile(matches_us, OPENS, 0.5), quantile(read_us, OPENS, 0.5), peak_memory_kib("self"));
}

int main(int argc, char **argv) {
    if (sodium_init() < 0)
        fail("libsodium cannot be initialised");
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        make(argv[2], strtoul(argv[3], NULL, 10));
    else if (argc == 3 && strcmp(argv[1], "load") == 0)
        load(argv[2]);
    else
        fail("usage: bench-bundle make FOLDER COUNT | load PATH");
    return 0;
}
