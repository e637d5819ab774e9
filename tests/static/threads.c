/* Does libxml2, linked statically, know that there are threads? Otherwise all of them share its state, the last error
 * first, and a few thousand calls side by side end in a heap that is no more: see CMakeLists.txt. A program that is
 * linked as the release is, for the tests' other builds are not static. Exits 0 if it knows. */
#include <libxml/threads.h>
#include <pthread.h>
#include <stdio.h>

#include "domain/tree.h"

static void *ask(void *answer) {
    *(int *)answer = xmlIsMainThread();
    return NULL;
}

int main(void) {
    pthread_t thread;
    int is_main = 1;
    tree_setup();
    if (pthread_create(&thread, NULL, ask, &is_main) != 0 || pthread_join(thread, NULL) != 0) {
        fputs("threads: cannot start one\n", stderr);
        return 1;
    }
    if (is_main)
        fputs("threads: libxml2 takes another thread for the first one: it is not safe with several\n", stderr);
    return is_main;
}
