/* Scope-bound ownership.
 *
 * A variable marked CLEANUP(free) is freed when its scope ends. To hand its value on, take it: the variable becomes
 * NULL and the scope's end frees nothing. Every destructor named here accepts NULL (or -1 for descriptors).
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(destructor) __attribute__((cleanup(destructor##_at)))

/* Defines the hook that CLEANUP(destructor) calls for variables of type `type *`. */
#define DEFINE_CLEANUP(type, destructor)                                                                               \
    static inline void destructor##_at(type **variable) {                                                              \
        destructor(*variable);                                                                                         \
    }

static inline void free_at(void *variable) {
    free(*(void **)variable);
}

static inline void close_fd_at(const int *fd) {
    if (*fd >= 0)
        close(*fd); /* never retried: on Linux the descriptor is gone even after EINTR */
}

/* Takes the pointer out of *variable, so that its cleanup does nothing. */
#define TAKE_PTR(variable)                                                                                             \
    __extension__({                                                                                                    \
        __typeof__(variable) taken_ = (variable);                                                                      \
        (variable) = NULL;                                                                                             \
        taken_;                                                                                                        \
    })

static inline int take_fd(int *fd) {
    int taken = *fd;
    *fd = -1;
    return taken;
}
