/* pci_alloc is left out: libpci 3.9 writes through the NULL that malloc gave it (lib/init.c), and registers its
 * parameters while its errors still end the process, before anybody can tell it where they go. */
#include <pci/pci.h>

#include "inject.h"

struct pci_access *__real_pci_alloc(void);
struct pci_access *__wrap_pci_alloc(void);

struct pci_access *__wrap_pci_alloc(void) {
    inject_pause();
    struct pci_access *access = __real_pci_alloc();
    inject_resume();
    return access;
}
