/* Makes every allocation of a scenario fail in turn, alone and with all that follow. Each time the process must live,
 * give back what it took (memory, descriptors, files), and either the outcome is the same as with memory, to the byte,
 * or there is an ERROR_LIMIT with a sentence: a file is not bad and a device not absent because memory was short.
 *
 *   alloc                    every scenario, with a sample of its failures
 *   alloc --all              every failure
 *   alloc --all --part 1/2   of one half of the scenarios, for those who run two at a time
 *   alloc NAME...            scenarios whose names begin like that
 *   alloc NAME --at N        one failure, and the stack that it happens in; with --on also those that follow
 *
 * A scenario runs in a process of its own, which says in memory that both see how far it came: where it ends, the next
 * one goes on behind that.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/lsan_interface.h>

#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "domain/tree.h"
#include "inject.h"
#include "scenario.h"

enum { SAMPLE = 24, TOLD_MAX = 5, FILE_MAX = 32 << 20, DESCRIPTORS = 64 };

/* Leaks are looked for behind each scenario; libarchive may end a process in the midst of one. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "detect_leaks=1:leak_check_at_exit=0:allocator_may_return_null=1";
}

/* xmlParserInputBufferCreateMem (libxml2 2.9.14, xmlIO.c) drops the buffer of a text that it has no room for. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:xmlBufCreateSize\n";
}

const char *__lsan_default_options(void);
const char *__lsan_default_options(void) {
    return "print_suppressions=0"; /* on standard error, where nobody may write */
}

static struct {
    bool all, list, on;
    size_t at, part, parts;
    char **names;
    size_t name_count;
} options;

/* What a scenario's process tells. */
static struct progress {
    size_t allocations, step; /* the step that it is at, from 0 */
    size_t number;            /* and the failure that it makes */
    enum inject_mode mode;
    size_t runs, swallowed, exits, failures;
    bool running, leaks;
} * progress;

void outcome_bytes(struct outcome *outcome, struct bytes bytes) {
    if (bytes.size > OUTCOME_MAX - outcome->size)
        abort();
    if (bytes.size)
        memcpy(outcome->text + outcome->size, bytes.data, bytes.size);
    outcome->size += bytes.size;
}

void outcome_text(struct outcome *outcome, const char *text) {
    text = text ? text : "none";
    outcome_bytes(outcome, (struct bytes){(const uint8_t *)text, strlen(text)});
    outcome_bytes(outcome, (struct bytes){(const uint8_t *)"\n", 1});
}

void outcome_number(struct outcome *outcome, uint64_t number) {
    char text[32];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    outcome_text(outcome, text);
}

static void __attribute__((noreturn)) die(const char *what) {
    fprintf(stderr, "alloc: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind;
    return where->level > 0 && remove(path) < 0 ? -1 : 0;
}

static void empty_folder(const char *folder) {
    if (nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0)
        die(folder);
}

static bool is_empty(const char *folder) {
    struct stat status;
    CLEANUP(names_free) struct names names = {0};
    CLEANUP(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0 || names_read(&names, fd, folder, NULL) < 0)
        die(folder);
    return names.count == 0;
}

/* How many are open. */
static size_t count_descriptors(void) {
    size_t count = 0;
    for (int i = 0; i < DESCRIPTORS; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/* --- one run ------------------------------------------------------------------------------------------------------ */

struct run {
    struct outcome outcome;
    struct error err;
    int result;
    size_t allocations;
};

static char first_text[OUTCOME_MAX], text[OUTCOME_MAX];

static void run_once(const struct scenario *scenario, const struct given *given, size_t number, enum inject_mode mode,
                     struct run *run) {
    run->outcome.size = 0;
    run->err = (struct error){0};
    inject_start(number, mode, options.at > 0 && number == options.at);
    run->result = scenario->run(given, &run->outcome, &run->err);
    run->allocations = inject_stop();
}

static bool is_same(const struct run *run, const struct run *first) {
    return run->result == first->result && run->err.code == first->err.code &&
           strcmp(run->err.message, first->err.message) == 0 && run->outcome.size == first->outcome.size &&
           memcmp(run->outcome.text, first->outcome.text, run->outcome.size) == 0;
}

/* Where the outcomes part, for people. */
static void tell_difference(const struct run *run, const struct run *first) {
    size_t at = 0, most = run->outcome.size < first->outcome.size ? run->outcome.size : first->outcome.size;
    while (at < most && run->outcome.text[at] == first->outcome.text[at])
        at++;
    size_t from = at > 60 ? at - 60 : 0;
    const struct run *both[] = {first, run};
    for (size_t i = 0; i < 2; i++) {
        const struct run *one = both[i];
        size_t size = one->outcome.size - from < 160 ? one->outcome.size - from : 160;
        printf("    %s: %zu bytes, from %zu on: %.*s\n", i ? "now" : "with memory", one->outcome.size, from, (int)size,
               one->outcome.text + from);
    }
}

/* What is wrong with a run, or NULL. */
static const char *judge(const struct run *run, const struct run *first) {
    if (is_same(run, first)) {
        progress->swallowed++;
        return NULL;
    }
    if (run->result == 0)
        return run->err.code == ERROR_NONE ? "goes on to another outcome" : "an error, and success";
    if (run->err.code == ERROR_NONE)
        return "fails without an error";
    if (run->err.code != ERROR_LIMIT)
        return "is taken for something else than want of memory";
    return run->err.message[0] ? NULL : "there is no sentence";
}

static void tell(const struct scenario *scenario, size_t number, enum inject_mode mode, const char *problem) {
    progress->failures++;
    if (progress->failures <= TOLD_MAX)
        printf("%s --at %zu%s: %s\n", scenario->name, number, mode == INJECT_ALL ? " --on" : "", problem);
}

/* --- a scenario -----------------------------------------------------------------------------------------------------
 */

/* Which failures are made: steps 0 to count - 1 in each mode. */
struct steps {
    size_t allocations, count;
};

static size_t step_number(const struct steps *steps, size_t step) {
    return options.at ? options.at : 1 + (steps->allocations - 1) * (step + 1) / steps->count;
}

static void load(const char *path, struct buffer *text_of, struct bytes *bytes) {
    struct error err = {0};
    struct stat status;
    if (stat(path, &status) < 0)
        die(path);
    if (!S_ISREG(status.st_mode))
        return;
    if (file_read(path, FILE_MAX, text_of, &err) < 0) {
        fprintf(stderr, "alloc: %s\n", err.message);
        exit(2);
    }
    *bytes = buffer_bytes(text_of);
}

static void make_steps(const struct scenario *scenario, const struct given *given, const struct steps *steps,
                       size_t from, bool seek_leaks, const struct run *first) {
    struct run run = {.outcome.text = text};
    const size_t descriptors = count_descriptors();
    for (progress->step = from; progress->step < INJECT_MODES * steps->count; progress->step++) {
        enum inject_mode mode =
            options.at ? (options.on ? INJECT_ALL : INJECT_ONE) : (enum inject_mode)(progress->step / steps->count);
        size_t number = step_number(steps, progress->step % steps->count);
        progress->number = number;
        progress->mode = mode;
        progress->running = true;
        run_once(scenario, given, number, mode, &run);
        progress->running = false;
        progress->runs++;
        const char *problem = judge(&run, first);
        if (problem) {
            tell(scenario, number, mode, problem);
            if (progress->failures <= TOLD_MAX && run.err.code != ERROR_NONE)
                printf("    %s: %s\n", error_grpc_name(run.err.code), run.err.message);
            else if (progress->failures <= TOLD_MAX)
                tell_difference(&run, first);
        }
        if (options.at && !problem)
            printf("%s --at %zu: %s\n", scenario->name, number, run.result < 0 ? run.err.message : "as with memory");
        if (count_descriptors() != descriptors) {
            tell(scenario, number, mode, "leaves a descriptor open");
            return;
        }
        if (run.result < 0 && !scenario->leaves_files && !is_empty(given->folder))
            tell(scenario, number, mode, "fails and leaves a file behind");
        empty_folder(given->folder);
        if (seek_leaks && __lsan_do_recoverable_leak_check()) {
            tell(scenario, number, mode, "leaks");
            return;
        }
        if (options.at)
            return;
    }
}

static void play(const struct scenario *scenario, const char *folder, size_t from, bool seek_leaks) {
    CLEANUP(buffer_free) struct buffer one = {0};
    CLEANUP(buffer_free) struct buffer two = {0};
    char path[512], second[512];
    struct given given = {.folder = folder, .path = path};
    struct run first = {.outcome.text = first_text};
    snprintf(path, sizeof(path), TESTS "/%s", scenario->file ? scenario->file : "");
    snprintf(second, sizeof(second), TESTS "/%s", scenario->second ? scenario->second : "");
    load(path, &one, &given.text);
    load(second, &two, &given.second);
    /* Libraries make something ready the first time. */
    for (size_t i = 0; i < 2; i++) {
        empty_folder(folder);
        run_once(scenario, &given, 0, INJECT_ONE, &first);
    }
    empty_folder(folder);
    progress->allocations = first.allocations;
    if ((first.result < 0) != (first.err.code != ERROR_NONE) || first.allocations == 0) {
        tell(scenario, 0, INJECT_ONE, first.allocations ? first.err.message : "allocates nothing");
        return;
    }
    if (options.at && from == 0 && first.result < 0)
        printf("with memory: %s\n", first.err.message);
    struct steps steps = {first.allocations, first.allocations};
    if (!options.all && steps.count > SAMPLE)
        steps.count = SAMPLE;
    make_steps(scenario, &given, &steps, from, seek_leaks, &first);
    progress->leaks = progress->leaks || __lsan_do_recoverable_leak_check();
}

/* Copies all that was written to `from`. Returns its size. */
static size_t copy_file(int from, int to) {
    char piece[4096];
    size_t size = 0;
    for (ssize_t got; (got = pread(from, piece, sizeof(piece), (off_t)size)) > 0; size += (size_t)got)
        if (file_write_all(to, (struct bytes){(const uint8_t *)piece, (size_t)got}) < 0)
            break;
    return size;
}

/* Plays it in a process of its own from that step on. Returns false where it did not come to its end. */
static bool play_apart(const struct scenario *scenario, const char *folder, size_t from, bool seek_leaks) {
    int status;
    CLEANUP(close_fd) int said = memfd_create("stderr", MFD_CLOEXEC);
    fflush(NULL);
    pid_t child = said < 0 ? -1 : fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        dup2(said, STDERR_FILENO);
        play(scenario, folder, from, seek_leaks);
        fflush(NULL);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    const bool exited_by_library =
        progress->running && scenario->library_exits && WIFEXITED(status) && WEXITSTATUS(status) == 1;
    if (!exited_by_library && copy_file(said, STDERR_FILENO) > 0 && !options.at && !progress->running &&
        !progress->leaks && !seek_leaks)
        tell(scenario, 0, INJECT_ONE, "somebody writes to standard error");
    if (!progress->running) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            tell(scenario, 0, INJECT_ONE, "cannot be played");
        return true;
    }
    progress->running = false;
    progress->runs++;
    if (exited_by_library)
        progress->exits++;
    else
        tell(scenario, progress->number, progress->mode, "the process ends");
    return false;
}

/* Returns whether all is well. */
static bool test_scenario(const struct scenario *scenario) {
    char folder[] = "/tmp/alloc-XXXXXX";
    if (!mkdtemp(folder))
        die(folder);
    *progress = (struct progress){0};
    size_t ends = 0;
    for (size_t from = 0; !play_apart(scenario, folder, from, false); from = progress->step + 1)
        if (!scenario->library_exits && ++ends == TOLD_MAX)
            break;
    struct progress told = *progress;
    if (told.leaks) {
        told.failures++;
        printf("%s: leaks; looking for where:\n", scenario->name);
        play_apart(scenario, folder, 0, true);
    }
    empty_folder(folder);
    rmdir(folder);
    printf("%-4s %-34s %6zu allocations, %6zu failures made, %5zu made no difference", told.failures ? "FAIL" : "ok",
           scenario->name, told.allocations, told.runs, told.swallowed);
    printf(told.exits ? ", %zu ended by a library\n" : "\n", told.exits);
    return told.failures == 0;
}

/* --- all of them ----------------------------------------------------------------------------------------------------
 */

static error_t take(int key, char *argument, struct argp_state *state) {
    switch (key) {
    case 'a':
        options.all = true;
        return 0;
    case 'l':
        options.list = true;
        return 0;
    case 'o':
        options.on = true;
        return 0;
    case 'n':
        options.at = strtoul(argument, NULL, 10);
        return 0;
    case 'p':
        if (sscanf(argument, "%zu/%zu", &options.part, &options.parts) != 2 || options.part < 1 ||
            options.part > options.parts)
            argp_error(state, "--part %s is no part of anything", argument);
        return 0;
    case ARGP_KEY_ARGS:
        options.names = state->argv + state->next;
        options.name_count = (size_t)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_wanted(const char *name) {
    for (size_t i = 0; i < options.name_count; i++)
        if (strncmp(name, options.names[i], strlen(options.names[i])) == 0)
            return true;
    return options.name_count == 0;
}

int main(int argc, char **argv) {
    static const struct argp_option rows[] = {{"all", 'a', NULL, 0, "every failure, not a sample", 0},
                                              {"list", 'l', NULL, 0, "only the scenarios' names", 0},
                                              {"part", 'p', "N/M", 0, "only every Mth scenario, from the Nth on", 0},
                                              {"at", 'n', "N", 0, "only this failure, with its stack", 0},
                                              {"on", 'o', NULL, 0, "with --at: and all that follow", 0},
                                              {0}};
    static const struct argp argp = {.options = rows, .parser = take, .args_doc = "[NAME...]"};
    const struct scenarios tables[] = {scenarios_config(), scenarios_domain(), scenarios_rom(),    scenarios_bundle(),
                                       scenarios_host(),   scenarios_import(), scenarios_golden(), scenarios_walk()};
    size_t count = 0, failed = 0, number = 0;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED || sodium_init() < 0)
        die("start");
    json_setup();
    tree_setup();
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (size_t j = 0; j < tables[i].count; j++) {
            const struct scenario *scenario = &tables[i].list[j];
            if (!is_wanted(scenario->name) || (options.parts && number++ % options.parts != options.part - 1))
                continue;
            count++;
            if (options.list)
                printf("%s\n", scenario->name);
            else if (!test_scenario(scenario))
                failed++;
        }
    if (!options.list)
        printf("%zu scenarios, %zu failed\n", count, failed);
    return count == 0 || failed > 0;
}
