#include "sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sandbox_parts.h"

/* Each enters its part and may append a detail about it. Returns 0 or an errno value. */
typedef int enter_part(const struct sandbox *sandbox, struct buffer *detail);

static int call_failed(int result) {
    return result < 0 ? errno : 0;
}

static int enter_no_new_privileges(const struct sandbox *sandbox, struct buffer *detail) {
    (void)sandbox, (void)detail;
    return call_failed(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* The limit alone would not do: where dumps go to a program (core_pattern), it does not count. */
static int enter_core_dumps(const struct sandbox *sandbox, struct buffer *detail) {
    const struct rlimit none = {0, 0};
    (void)sandbox, (void)detail;
    int failed = call_failed(setrlimit(RLIMIT_CORE, &none));
    return failed ? failed : call_failed(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

static int enter_landlock(const struct sandbox *sandbox, struct buffer *detail) {
    int abi = 0, failed = sandbox_enter_landlock(sandbox, &abi);
    buffer_printf(detail, " (ABI %d)", abi);
    return failed;
}

static int enter_seccomp(const struct sandbox *sandbox, struct buffer *detail) {
    (void)detail;
    return sandbox_enter_seccomp(sandbox);
}

static const struct {
    const char *name;
    enter_part *enter;
} parts[SANDBOX_PARTS] = {
    [SANDBOX_NO_NEW_PRIVILEGES] = {"no-new-privileges", enter_no_new_privileges},
    [SANDBOX_CORE_DUMPS] = {"core-dumps", enter_core_dumps},
    [SANDBOX_LANDLOCK] = {"landlock", enter_landlock},
    [SANDBOX_SECCOMP] = {"seccomp", enter_seccomp},
};

/* Switches the part off whose name is the first `size` bytes of word. */
static bool disable_one(struct sandbox *sandbox, const char *word, size_t size) {
    bool is_all = size == strlen("all") && strncmp(word, "all", size) == 0, is_known = is_all;
    for (size_t i = 0; i < SANDBOX_PARTS; i++) {
        if (!is_all && (size != strlen(parts[i].name) || strncmp(word, parts[i].name, size) != 0))
            continue;
        sandbox->is_off[i] = true;
        is_known = true;
    }
    return is_known;
}

int sandbox_disable(struct sandbox *sandbox, const char *words, struct error *err) {
    for (const char *word = words;; word++) {
        size_t size = strcspn(word, ",");
        if (!disable_one(sandbox, word, size)) {
            char storage[QUOTED_MAX];
            return error_set(err, ERROR_INPUT,
                             "'%s' is neither all nor made of no-new-privileges, core-dumps, landlock and seccomp",
                             text_quotable(words, storage));
        }
        word += size;
        if (!*word)
            return 0;
    }
}

void sandbox_allow(struct sandbox *sandbox, enum sandbox_use use, const char *path) {
    if (sandbox->path_count < SANDBOX_PATHS_MAX) {
        sandbox->paths[sandbox->path_count].use = use;
        sandbox->paths[sandbox->path_count].path = path;
    }
    sandbox->path_count++;
}

/* Why a part is not to be had; NULL: it is, and failed. What the errno values mean is the same for all parts. */
static const char *reason_of(int number) {
    switch (number) {
    case ENOSYS:
    case EOPNOTSUPP: /* built in, not started */
        return "not in this kernel";
    case EPERM:
    case EACCES: /* seccomp's word for it */
        return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "forbidden by the container's runtime"
                                                           : "needs no-new-privileges";
    default:
        return NULL;
    }
}

int sandbox_enter(const struct sandbox *sandbox, struct buffer *summary, struct error *err) {
    CLEANUP(buffer_free) struct buffer off = {0};
    size_t active = 0;
    if (sandbox->path_count > SANDBOX_PATHS_MAX)
        return error_set(err, ERROR_INTERNAL, "the sandbox has more than %d paths", SANDBOX_PATHS_MAX);
    for (size_t i = 0; i < SANDBOX_PARTS; i++) {
        CLEANUP(buffer_free) struct buffer detail = {0};
        int number = sandbox->is_off[i] ? 0 : parts[i].enter(sandbox, &detail);
        const char *reason = sandbox->is_off[i] ? "--disable-sandbox" : number ? reason_of(number) : NULL;
        if (number && !reason)
            return error_set_errno(err, ERROR_INTERNAL, number,
                                   "cannot enter the sandbox's part %s (--disable-sandbox=%s goes without)",
                                   parts[i].name, parts[i].name);
        if (reason)
            buffer_printf(&off, "%s%s (%s)", off.size ? ", " : "; off: ", parts[i].name, reason);
        else
            buffer_printf(summary, "%s%s%s", active++ ? ", " : "", parts[i].name, detail.size ? detail.data : "");
    }
    buffer_printf(summary, "%s%s", active ? "" : "nothing is active", off.size ? off.data : "");
    return buffer_check(summary, err);
}
