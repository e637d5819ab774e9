#include "cmd/test_case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "cmd/case.h"
#include "cmd/test_files.h"
#include "cmd/test_options.h"
#include "golden/layout.h"
#include "rpc/server.h"

/* A case while it runs; what it needs, it has read. */
struct running {
    const struct test_case *test;
    int fd; /* the case's folder */
    struct golden_files files;
    struct test_options options;
    struct buffer vmi, about;
    /* One boot: KubeVirt asks up to three times, and a plan that was accepted stands. */
    struct setup boot;
    struct publisher *boot_publisher;
    struct plan_memory *boot_memory;
};

static void running_close(struct running *running) {
    plan_memory_free(running->boot_memory);
    publisher_close(running->boot_publisher);
    setup_close(&running->boot);
    names_free(&running->files.top);
    names_free(&running->files.in);
    names_free(&running->files.out);
    test_options_free(&running->options);
    buffer_free(&running->vmi);
    buffer_free(&running->about);
    if (running->fd >= 0)
        close(running->fd);
}

static void running_close_at(struct running *running) {
    running_close(running);
}

/* --- replies ------------------------------------------------------------------------------------------------------ */

struct reply {
    enum error_code code; /* ERROR_NONE: it has a domain */
    struct buffer domain;
    struct buffer said; /* as on standard error */
};

static void reply_free_at(struct reply *reply) {
    buffer_free(&reply->domain);
    buffer_free(&reply->said);
}

/* Returns -1 when there is none: an error of ours, which no case may expect. */
static int ask(const struct setup *setup, struct bytes domain, struct bytes vmi, struct reply *reply,
               struct error *err) {
    CLEANUP(walk_reply_free) struct walk_reply walked = {0};
    struct error refused = {0};
    if (walk_request(&setup->walk, WALK_UNTOLD, domain, vmi, &walked, &refused) < 0)
        reply->code = refused.code;
    if (refused.code == ERROR_INTERNAL)
        return error_set(err, ERROR_INTERNAL, "%s", refused.message);
    case_messages(&walked, &refused, &reply->said);
    reply->domain = walked.domain;
    walked.domain = (struct buffer){0};
    return buffer_check(&reply->said, err);
}

/* As render does: as if this were the first call that the hook ever had. */
static int ask_alone(const struct running *running, struct bytes domain, struct reply *reply, struct error *err) {
    struct setup setup = running->options.setup;
    CLEANUP(publisher_close) struct publisher *publisher = NULL;
    int failed =
        case_open(&setup, &publisher, err) < 0 || ask(&setup, domain, buffer_bytes(&running->vmi), reply, err) < 0;
    setup_close(&setup);
    return failed ? -1 : 0;
}

/* As the sidecar does, after the calls before this one. */
static int ask_in_boot(struct running *running, struct bytes domain, struct reply *reply, struct error *err) {
    if (!running->boot_memory) {
        running->boot = running->options.setup;
        running->boot_memory = plan_memory_new(err);
        if (!running->boot_memory || case_open(&running->boot, &running->boot_publisher, err) < 0)
            return -1;
        running->boot.walk.memory = running->boot_memory;
    }
    return ask(&running->boot, domain, buffer_bytes(&running->vmi), reply, err);
}

/* --- judgements --------------------------------------------------------------------------------------------------- */

/* KubeVirt hands a hook its own output again: nothing may be added twice. */
static int check_fed_back(const struct running *running, const struct reply *reply, struct golden_result *result,
                          struct error *err) {
    CLEANUP(reply_free) struct reply again = {0};
    if (ask_alone(running, buffer_bytes(&reply->domain), &again, err) < 0)
        return -1;
    if (again.code != ERROR_NONE) {
        golden_problem(result, "the answer, fed back as the domain, is refused: please report this");
        buffer_append(&result->detail, again.said.data, again.said.size);
        return 0;
    }
    return golden_compare(result, "the answer, fed back as the domain,", buffer_bytes(&reply->domain),
                          "what it becomes: please report this", buffer_bytes(&again.domain), err);
}

/* In a boot the plan of the first call stands: what it accepts, the later calls must not refuse, nor the other way
 * round. Where devices stand may differ: recorded calls have the addresses of the boot that they were recorded in. */
static int check_boot(struct running *running, struct bytes domain, const struct reply *reply,
                      struct golden_result *result, struct error *err) {
    CLEANUP(reply_free) struct reply later = {0};
    if (ask_in_boot(running, domain, &later, err) < 0)
        return -1;
    if ((later.code == ERROR_NONE) == (reply->code == ERROR_NONE))
        return 0;
    golden_problem(result, "alone it is %s, and after the calls before it, as in a boot, it is %s",
                   reply->code ? "refused" : "accepted", later.code ? "refused" : "accepted");
    buffer_append(&result->detail, reply->said.data, reply->said.size);
    buffer_append(&result->detail, later.said.data, later.said.size);
    return 0;
}

static int compare(const struct running *running, const char *name, const struct reply *reply,
                   struct golden_result *result, struct error *err) {
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(buffer_free) struct buffer said = {0};
    char domain_file[300], said_file[300];
    snprintf(domain_file, sizeof(domain_file), "out/%s.xml", name);
    snprintf(said_file, sizeof(said_file), "out/%s.err", name);
    bool has_domain = names_have(&running->files.out, domain_file + strlen("out/"));
    bool has_said = names_have(&running->files.out, said_file + strlen("out/"));
    if (!has_domain && !has_said) {
        golden_problem(result, "neither %s nor %s says what to expect: write it with --update, and read it",
                       domain_file, said_file);
        return 0;
    }
    struct error unreadable = {0};
    if ((has_domain && test_read(running->fd, domain_file, RPC_REQUEST_MAX, &domain, &unreadable) < 0) ||
        (has_said && test_read(running->fd, said_file, RPC_REQUEST_MAX, &said, &unreadable) < 0)) {
        golden_problem(result, "%s", unreadable.message);
        return 0;
    }
    if (has_said && said.size == 0)
        golden_problem(result, "%s is empty: remove it, or say why the VM is refused", said_file);
    if (has_domain && reply->code != ERROR_NONE)
        golden_problem(result, "the VM is refused, and %s expects that it is not", domain_file);
    if (!has_domain && reply->code == ERROR_NONE)
        golden_problem(result, "the VM is not refused, and %s without %s expects that it is", said_file, domain_file);
    if (golden_compare(result, said_file, buffer_bytes(&said), "what the hook says now", buffer_bytes(&reply->said),
                       err) < 0)
        return -1;
    if (has_domain && reply->code == ERROR_NONE)
        return golden_compare(result, domain_file, buffer_bytes(&domain), "what the hook answers now",
                              buffer_bytes(&reply->domain), err);
    return 0;
}

/* Makes the expected files say what the hook does now. */
static int update(const struct running *running, const char *name, const struct reply *reply,
                  struct golden_result *result, struct error *err) {
    const struct {
        const char *ending;
        const struct buffer *content; /* NULL: there shall be none */
    } wanted[] = {{".xml", reply->code == ERROR_NONE ? &reply->domain : NULL},
                  {".err", reply->said.size ? &reply->said : NULL}};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        char file[300];
        snprintf(file, sizeof(file), "%s%s", name, wanted[i].ending);
        const char *done = NULL;
        if (test_write(running->fd, file, wanted[i].content, &done, err) < 0)
            return -1;
        if (done)
            buffer_printf(&result->changes, "%s %s/out/%s\n", done, running->test->name, file);
    }
    return 0;
}

/* --- the case ----------------------------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* What fails here is told of the domain, and other domains are still tried. */
static int run_domain(struct running *running, const char *name, bool in_boot, struct golden_result *result,
                      struct error *err) {
    CLEANUP(buffer_free) struct buffer domain = {0};
    CLEANUP(reply_free) struct reply reply = {0};
    char file[300];
    snprintf(file, sizeof(file), "in/%s.xml", name);
    if (test_read(running->fd, file, RPC_REQUEST_MAX, &domain, err) < 0 ||
        ask_alone(running, buffer_bytes(&domain), &reply, err) < 0)
        return -1;
    if ((running->test->update ? update : compare)(running, name, &reply, result, err) < 0 ||
        (reply.code == ERROR_NONE && check_fed_back(running, &reply, result, err) < 0))
        return -1;
    return in_boot ? check_boot(running, buffer_bytes(&domain), &reply, result, err) : 0;
}

static int run_domains(struct running *running, struct golden_results *results, struct error *err) {
    for (size_t i = 0; i < running->files.in.count; i++) {
        CLEANUP(free) char *name = strdup(running->files.in.list[i]);
        if (!name)
            return error_no_memory(err);
        if (!golden_input_name(name))
            continue; /* the layout tells */
        struct golden_result *result = golden_add(results, running->test->name, name, running->about.data, err);
        if (!result)
            return -1;
        double start = now();
        struct error failed = {0};
        if (run_domain(running, name, golden_is_call(name), result, &failed) < 0)
            golden_problem(result, "%s", failed.message);
        result->seconds = now() - start;
    }
    return 0;
}

static int check_about(struct running *running, struct error *err) {
    if (!names_have(&running->files.top, "about"))
        return 0;
    if (test_read(running->fd, "about", 4096, &running->about, err) < 0)
        return -1;
    char *text = running->about.data;
    size_t size = running->about.size;
    while (size > 0 && text[size - 1] == '\n')
        size--;
    if (size == 0 || memchr(text, '\n', size) || memchr(text, '\0', size)) {
        buffer_free(&running->about);
        return error_set(err, ERROR_INPUT, "about: say in one line what the case shows, or remove it");
    }
    text[size] = '\0'; /* over a newline, or behind one that was not there */
    return 0;
}

/* Reads what all domains of the case share. */
static int prepare(struct running *running, const struct test_shared *shared, struct error *err) {
    if (check_about(running, err) < 0 ||
        test_options_read(&running->options, running->fd, &running->files.top, shared, err) < 0 ||
        test_read(running->fd, "vmi.json", RPC_REQUEST_MAX, &running->vmi, err) < 0)
        return -1;
    return case_check_vmi("vmi.json", buffer_bytes(&running->vmi), err);
}

/* Of the case as a whole there is a result only where something is wrong. */
static int add_problems(struct running *running, const struct error *failed, bool listed,
                        struct golden_results *results, struct error *err) {
    struct golden_result found = {0};
    struct error unlisted = {0};
    if (listed) {
        names_free(&running->files.out); /* --update may have made some */
        if (test_list(running->fd, "out", &running->files.out, &unlisted) == 0)
            golden_check_layout(&running->files, &found);
        else
            golden_problem(&found, "%s", unlisted.message);
    }
    if (failed->code != ERROR_NONE)
        golden_problem(&found, "%s", failed->message);
    if (golden_passed(&found))
        return 0;
    struct golden_result *result = golden_add(results, running->test->name, NULL, running->about.data, err);
    if (result)
        result->problems = found.problems;
    else
        buffer_free(&found.problems);
    return result ? 0 : -1;
}

static int run_here(struct running *running, const struct test_shared *shared, struct golden_results *results,
                    struct error *err) {
    struct golden_files *files = &running->files;
    struct error failed = {0};
    bool listed = test_list(running->fd, ".", &files->top, &failed) == 0 &&
                  test_list(running->fd, "in", &files->in, &failed) == 0 &&
                  test_list(running->fd, "out", &files->out, &failed) == 0;
    /* Without the one, or with the other, there is nothing to run: the layout tells. */
    if (listed && names_have(&files->top, "vmi.json") && !names_have(&files->top, "setup") &&
        prepare(running, shared, &failed) == 0 && run_domains(running, results, err) < 0)
        return -1;
    return add_problems(running, &failed, listed, results, err);
}

int test_case_run(const struct test_case *test, const struct test_shared *shared, struct golden_results *results,
                  struct error *err) {
    CLEANUP(running_close) struct running running = {.test = test, .fd = -1};
    CLEANUP(close_fd) int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct error failed = {0};
    if (here < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot open the working folder");
    if ((running.fd = file_open_folder(test->path, &failed)) < 0)
        return add_problems(&running, &failed, false, results, err);
    if (fchdir(running.fd) < 0) {
        error_set_errno(&failed, ERROR_INPUT, errno, "cannot enter the folder %s", test->path);
        return add_problems(&running, &failed, false, results, err);
    }
    int result = run_here(&running, shared, results, err);
    if (fchdir(here) < 0)
        return error_set_errno(err, ERROR_INTERNAL, errno, "cannot go back to the working folder");
    return result;
}
