/* rom/publish: the file that QEMU opens holds the verified bytes, whoever touched it since. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "rom/publish.h"
#include "support.h"

/* libc's fsync(), which may fail as on a full disk. */
int __wrap_fsync(int fd);
int __real_fsync(int fd);
static int fsync_errno;

int __wrap_fsync(int fd) {
    if (!fsync_errno)
        return __real_fsync(fd);
    errno = fsync_errno;
    return -1;
}

/* A publisher into <folder>/roms, and one ROM. */
struct shop {
    char *folder;
    struct publisher *publisher;
};

static const char content[] = "verified bytes";
#define NAME "roms/gop-6162636465666768.rom"

static const uint8_t *hash(void) {
    return (const uint8_t *)"abcdefghijklmnopqrstuvwxyz012345";
}

static int shop_open(void **state) {
    struct error err = {0};
    if (sodium_init() < 0)
        return -1;
    struct shop *shop = calloc(1, sizeof(*shop));
    void *folder = NULL;
    if (!shop || folder_setup(&folder) < 0)
        return -1;
    shop->folder = folder;
    shop->publisher = publisher_open(path_in(folder, "roms"), "/compute/roms", &err);
    *state = shop;
    return shop->publisher ? 0 : -1;
}

static int shop_close(void **state) {
    struct shop *shop = *state;
    void *folder = shop->folder;
    fsync_errno = 0;
    umask(022);
    publisher_close(shop->publisher);
    free(shop);
    return folder_teardown(&folder);
}

static const struct published_rom *publish(const struct shop *shop, struct error *err) {
    return publisher_publish(shop->publisher, "gop", hash(), bytes_of(content), err);
}

static mode_t mode_of(const struct shop *shop, const char *name) {
    struct stat status;
    if (lstat(path_in(shop->folder, name), &status) < 0)
        return 0;
    return status.st_mode;
}

/* The file is there, alone, whole, and readable by every uid. */
static void check_published(const struct shop *shop) {
    CLEANUP(buffer_free) struct buffer found = get_file(shop->folder, NAME);
    assert_bytes(buffer_bytes(&found), content);
    assert_int_equal(mode_of(shop, NAME), S_IFREG | 0644);
    assert_int_equal(mode_of(shop, "roms"), S_IFDIR | 0755);
    assert_int_equal(count_entries(path_in(shop->folder, "roms")), 1);
}

static void published(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    assert_int_equal(count_entries(shop->folder), 0); /* opening alone makes no folder */
    const struct published_rom *rom = publish(shop, &err);
    assert_no_error(&err);
    assert_string_equal(published_rom_path(rom), "/compute/" NAME);
    check_published(shop);
}

/* Opening is where a container that was killed begins again. */
static void what_the_killed_left_is_removed(void **state) {
    struct shop *shop = *state;
    struct error err = {0};
    publish(shop, &err);
    put_text(shop->folder, "roms/.new-0123456789abcdef", "half a R");
    publisher_close(shop->publisher);
    shop->publisher = publisher_open(path_in(shop->folder, "roms"), "/compute/roms", &err);
    assert_no_error(&err);
    check_published(shop);
}

static void umask_does_not_matter(void **state) {
    const struct shop *shop = *state;
    static const mode_t masks[] = {077, 0777, 0};
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct error err = {0};
        umask(masks[i]);
        const struct published_rom *rom = publish(shop, &err);
        assert_no_error(&err);
        check_published(shop);
        unlink(path_in(shop->folder, NAME));
        rmdir(path_in(shop->folder, "roms"));
        assert_int_equal(publisher_ensure(shop->publisher, rom, &err), 0);
        check_published(shop);
    }
}

static void content_is_copied(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    char own[sizeof(content)];
    memcpy(own, content, sizeof(own));
    const struct published_rom *rom = publisher_publish(shop->publisher, "gop", hash(), bytes_of(own), &err);
    memset(own, 'x', sizeof(own) - 1);
    unlink(path_in(shop->folder, NAME));
    assert_int_equal(publisher_ensure(shop->publisher, rom, &err), 0);
    check_published(shop);
}

static void twice_is_once(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    struct stat first, second;
    const struct published_rom *rom = publish(shop, &err);
    stat(path_in(shop->folder, NAME), &first);
    assert_ptr_equal(publish(shop, &err), rom);
    assert_int_equal(publisher_ensure(shop->publisher, rom, &err), 0);
    stat(path_in(shop->folder, NAME), &second);
    assert_int_equal(first.st_ino, second.st_ino);
    assert_memory_equal(&first.st_ctim, &second.st_ctim, sizeof(first.st_ctim));
    check_published(shop);
}

static void other_ids_and_hashes_are_other_files(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    uint8_t near[crypto_hash_sha256_BYTES], far[crypto_hash_sha256_BYTES];
    memcpy(near, hash(), sizeof(near));
    memcpy(far, hash(), sizeof(far));
    near[sizeof(near) - 1] ^= 1; /* behind what the name shows */
    far[0] ^= 1;
    publish(shop, &err);
    assert_non_null(publisher_publish(shop->publisher, "vbios", hash(), bytes_of("b"), &err));
    assert_non_null(publisher_publish(shop->publisher, "gop", far, bytes_of("c"), &err));
    assert_no_error(&err);
    assert_int_equal(count_entries(path_in(shop->folder, "roms")), 3);
    assert_null(publisher_publish(shop->publisher, "gop", near, bytes_of("d"), &err));
    assert_error(&err, ERROR_INTERNAL, "two ROMs \"gop\" would share the file");
    assert_int_equal(count_entries(path_in(shop->folder, "roms")), 3);
}

/* What others may do to the file. */
static void delete_file(const struct shop *shop) {
    unlink(path_in(shop->folder, NAME));
}

static void delete_folder(const struct shop *shop) {
    delete_file(shop);
    rmdir(path_in(shop->folder, "roms"));
}

static void append(const struct shop *shop) {
    CLEANUP(close_fd) int fd = open(path_in(shop->folder, NAME), O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
}

static void truncate_it(const struct shop *shop) {
    assert_int_equal(truncate(path_in(shop->folder, NAME), 3), 0);
}

/* The same size, and the same times as before as far as an owner can set them. */
static void overwrite(const struct shop *shop) {
    struct stat before;
    const char *path = path_in(shop->folder, NAME);
    stat(path, &before);
    usleep(20000); /* more than the kernel's clock ticks, so that ctime shows it */
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, "VERIFIED", 8), 8);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
}

static void replace_by_link(const struct shop *shop) {
    put_text(shop->folder, "evil", "evil bytes but");
    delete_file(shop);
    put_link(shop->folder, NAME, path_in(shop->folder, "evil"));
}

static void replace_by_copy(const struct shop *shop) {
    delete_file(shop);
    put_text(shop->folder, NAME, content);
}

static void replace_by_fifo(const struct shop *shop) {
    delete_file(shop);
    assert_int_equal(mkfifo(path_in(shop->folder, NAME), 0644), 0);
}

static void hide(const struct shop *shop) {
    assert_int_equal(chmod(path_in(shop->folder, NAME), 0600), 0);
}

static void damage_is_repaired(void **state) {
    const struct shop *shop = *state;
    void (*const damages[])(const struct shop *) = {delete_file,     delete_folder,   append,
                                                    truncate_it,     overwrite,       replace_by_link,
                                                    replace_by_copy, replace_by_fifo, hide};
    struct error err = {0};
    const struct published_rom *rom = publish(shop, &err);
    alarm(20); /* the FIFO must not be waited for */
    for (size_t i = 0; i < 2 * COUNT(damages); i++) {
        damages[i / 2](shop);
        if (i % 2)
            assert_int_equal(publisher_ensure(shop->publisher, rom, &err), 0);
        else
            assert_ptr_equal(publish(shop, &err), rom);
        assert_no_error(&err);
        check_published(shop);
    }
    alarm(0);
    /* What a link led to is not ours to write. */
    CLEANUP(buffer_free) struct buffer evil = get_file(shop->folder, "evil");
    assert_bytes(buffer_bytes(&evil), "evil bytes but");
}

static void no_folder_no_file(void **state) {
    struct shop *shop = *state;
    struct error err = {0};
    publisher_close(shop->publisher);
    shop->publisher = publisher_open(NULL, "/compute/roms", &err);
    const struct published_rom *rom = publish(shop, &err);
    assert_string_equal(published_rom_path(rom), "/compute/" NAME);
    assert_int_equal(publisher_ensure(shop->publisher, rom, &err), 0);
    assert_ptr_equal(publish(shop, &err), rom);
    assert_no_error(&err);
    assert_int_equal(count_entries(shop->folder), 0);
}

static void the_parent_must_exist(void **state) {
    struct shop *shop = *state;
    struct error err = {0};
    publisher_close(shop->publisher);
    shop->publisher = publisher_open(path_in(shop->folder, "absent/roms"), "/compute/roms", &err);
    assert_null(publish(shop, &err));
    assert_error(&err, ERROR_INTERNAL, "absent/roms (is its parent mounted and writable?): No such file or directory");
    assert_int_equal(count_entries(shop->folder), 0);
    put_folder(shop->folder, "absent");
    assert_non_null(publish(shop, &err)); /* an earlier failure is not held against it */
}

static void the_folder_must_not_be_a_link_or_a_file(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    put_folder(shop->folder, "elsewhere");
    put_link(shop->folder, "roms", "elsewhere");
    assert_null(publish(shop, &err));
    assert_error(&err, ERROR_INTERNAL, "/roms");
    assert_int_equal(count_entries(path_in(shop->folder, "elsewhere")), 0);
    unlink(path_in(shop->folder, "roms"));
    put_text(shop->folder, "roms", "");
    assert_null(publish(shop, &err));
    assert_error(&err, ERROR_INTERNAL, "/roms (it must be a folder, no link): Not a directory");
}

static void the_folder_becomes_a_link(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    const struct published_rom *rom = publish(shop, &err);
    rename(path_in(shop->folder, "roms"), path_in(shop->folder, "elsewhere"));
    put_link(shop->folder, "roms", "elsewhere");
    assert_int_equal(publisher_ensure(shop->publisher, rom, &err), -1);
    assert_error(&err, ERROR_INTERNAL, "/roms");
}

static void a_full_disk_leaves_nothing(void **state) {
    static const struct {
        int number;
        enum error_code code;
    } cases[] = {{ENOSPC, ERROR_LIMIT}, {EDQUOT, ERROR_LIMIT}, {EIO, ERROR_INTERNAL}};
    const struct shop *shop = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error err = {0};
        fsync_errno = cases[i].number;
        assert_null(publish(shop, &err));
        assert_error(&err, cases[i].code, NAME);
        assert_int_equal(count_entries(path_in(shop->folder, "roms")), 0);
    }
    struct error err = {0};
    fsync_errno = 0;
    const struct published_rom *rom = publish(shop, &err);
    check_published(shop);

    fsync_errno = ENOSPC;
    delete_file(shop);
    assert_int_equal(publisher_ensure(shop->publisher, rom, &err), -1);
    assert_error(&err, ERROR_LIMIT, NAME);
    assert_int_equal(count_entries(path_in(shop->folder, "roms")), 0);
}

/* Other time stamps or another owner are no other ROM: on a full disk, writing it again would fail the VM for nothing.
 */
static void what_does_not_change_the_bytes(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    const struct published_rom *rom = publish(shop, &err);
    struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, path_in(shop->folder, NAME), long_ago, 0), 0);
    fsync_errno = ENOSPC;
    assert_int_equal(publisher_ensure(shop->publisher, rom, &err), 0);
    fsync_errno = 0;
    assert_no_error(&err);
}

/* A folder in the file's place cannot be renamed over. */
static void a_failed_rename_leaves_nothing(void **state) {
    const struct shop *shop = *state;
    struct error err = {0};
    put_text(shop->folder, NAME "/file", "");
    assert_null(publish(shop, &err));
    assert_error(&err, ERROR_INTERNAL, NAME);
    assert_int_equal(count_entries(path_in(shop->folder, "roms")), 1);
}

static void *publish_often(void *state) {
    const struct shop *shop = state;
    for (int i = 0; i < 100; i++) {
        struct error err = {0};
        const struct published_rom *rom = publish(shop, &err);
        if (!rom || publisher_ensure(shop->publisher, rom, &err) < 0)
            return state;
        if (i % 10 == 0)
            delete_file(shop);
    }
    return NULL;
}

static void threads_share_a_publisher(void **state) {
    pthread_t threads[2];
    struct error err = {0};
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, publish_often, *state);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_non_null(publish(*state, &err));
    check_published(*state);
}

static void close_accepts_null(void **state) {
    (void)state;
    publisher_close(NULL);
}

#define SHOP_TEST(test) cmocka_unit_test_setup_teardown(test, shop_open, shop_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        SHOP_TEST(published),
        SHOP_TEST(what_the_killed_left_is_removed),
        SHOP_TEST(umask_does_not_matter),
        SHOP_TEST(content_is_copied),
        SHOP_TEST(twice_is_once),
        SHOP_TEST(other_ids_and_hashes_are_other_files),
        SHOP_TEST(damage_is_repaired),
        SHOP_TEST(no_folder_no_file),
        SHOP_TEST(the_parent_must_exist),
        SHOP_TEST(the_folder_must_not_be_a_link_or_a_file),
        SHOP_TEST(the_folder_becomes_a_link),
        SHOP_TEST(a_full_disk_leaves_nothing),
        SHOP_TEST(what_does_not_change_the_bytes),
        SHOP_TEST(a_failed_rename_leaves_nothing),
        SHOP_TEST(threads_share_a_publisher),
        cmocka_unit_test(close_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
