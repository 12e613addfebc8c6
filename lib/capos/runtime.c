// SPDX-License-Identifier: MIT
//
// See runtime.h. Also where a process begins in C. What is here but the clients is written
// before there can be a second thread.
#include "capos/runtime.h"

#include "base/format.h"
#include "base/text.h"
#include "capos/capset.h"
#include "capos/local.h"
#include "capos/syscall.h"
#include "schemas/console.capos.h"
#include "schemas/terminal.capos.h"

#include <stdatomic.h>

enum { WRITE_BYTES = 1024 }; // of the 2,048 that one write takes

static struct capos_client first_client;
static const struct capos_capset *grants;
static struct capos_terminal terminal;
static struct capos_console console;

int main(void);
void capos_start(void *ring, const struct capos_capset *capset, uint64_t argument,
                 struct capos_local *local);

void capos_start(void *ring, const struct capos_capset *capset, uint64_t argument,
                 struct capos_local *local) {
    (void)argument;
    local_init(local, NULL, &first_client);
    if (!capset_check(capset) || !local_attach(local, ring))
        capos_syscall_exit(CAPOS_EXIT_ABI);
    grants = capset;
    terminal.id = capos_grant("terminal", CAPOS_TERMINAL_INTERFACE_ID);
    console.id = capos_grant("console", CAPOS_CONSOLE_INTERFACE_ID);
    capos_exit(main());
}

uint64_t capos_grant(const char *name, uint64_t interface) {
    return capset_lookup(grants, name, interface);
}

uint64_t capos_need(const char *name, uint64_t interface) {
    uint64_t cap = capos_grant(name, interface);
    char text[100];
    struct format f;

    if (cap != 0)
        return cap;
    format_init(&f, text, sizeof text);
    format_text(&f, "a grant called ");
    format_text(&f, name);
    format_text(&f, " is missing or has another interface\n");
    capos_print(text);
    capos_exit(CAPOS_EXIT_GRANT);
}

const struct capos_capset *capos_grants(void) {
    return grants;
}

struct capos_client *capos_client(void) {
    return local_get()->client;
}

struct capos_transport *capos_ring(void) {
    return &capos_client()->transport;
}

void capos_release(uint64_t cap) {
    capos_client_release(capos_client(), cap);
}

void capos_exit(int status) {
    capos_syscall_exit(status);
}

void capos_panic(const char *text) {
    static atomic_bool twice;

    if (!atomic_exchange(&twice, true)) {
        capos_print("panic: ");
        capos_print(text);
        capos_print("\n");
    }
    capos_exit(CAPOS_EXIT_PANIC);
}

void capos_print(const char *text) {
    capos_print_bytes(text, text_length(text, SIZE_MAX));
}

static int write_once(struct capos_data data) {
    struct capos_terminal_write_results written;
    struct capos_console_write_results logged;
    struct capos_call call;
    int status;

    if (terminal.id != 0)
        status = capos_terminal_write(&call, capos_ring(), terminal, data, &written);
    else
        status = capos_console_write(&call, capos_ring(), console, data, &logged);
    capos_call_release(&call);
    return status;
}

void capos_print_bytes(const char *bytes, size_t size) {
    if (terminal.id == 0 && console.id == 0)
        return;
    while (size > 0) {
        uint32_t part = size < WRITE_BYTES ? (uint32_t)size : WRITE_BYTES;

        if (write_once((struct capos_data){(const uint8_t *)bytes, part}) != CAPOS_DONE)
            return;
        bytes += part;
        size -= part;
    }
}
