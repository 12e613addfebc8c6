// SPDX-License-Identifier: MIT
//
// terminal: the Terminal interface over a SerialPort. It serves any number of callers at a time:
// lines are read one reader after the other, writes go on meanwhile. Grants: `receiver`, and
// `port`, the SerialPort, which must be its alone to read.
#include "capos/runtime.h"
#include "capos/server.h"
#include "readers.h"
#include "schemas/endpoint.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/terminal.capos.h"

enum {
    COLUMNS = 80,
    ROWS = 24,
    INPUT_BYTES = 256,
    INPUT_RESULTS = INPUT_BYTES + 64,
};

// The server has one person and so one state.
static struct {
    struct capos_serial_port port;
    struct capos_call input; // the read that waits for keys
    struct screen screen;
    struct lineedit editor;
    struct readers readers;
    struct capos_server server;
} this;

static void send(void *context, const char *bytes, size_t size) {
    struct capos_serial_port_write_results results;
    struct capos_data data = {(const uint8_t *)bytes, (uint32_t)size};
    struct capos_call call;

    (void)context;
    if (capos_serial_port_write(&call, capos_ring(), this.port, data, &results) != CAPOS_DONE)
        capos_exit(1); // nobody can be told: the port is what there was to tell it on
    capos_call_release(&call);
}

static void emit(void *context, const char *bytes, size_t size) {
    screen_emit(context, bytes, size);
}

static void take_input(void *context);

static void wait_for_input(void) {
    capos_expect_results(capos_client(), INPUT_RESULTS);
    struct capos_serial_port_read_params_builder params =
        capos_serial_port_read_begin(&this.input, capos_ring(), this.port);
    capos_serial_port_read_params_set_max_bytes(params, INPUT_BYTES);
    if (capos_call_then(capos_client(), &this.input, take_input, NULL) != CAPOS_DONE)
        capos_exit(1);
}

static void take_input(void *context) {
    struct capos_serial_port_read_results results;

    (void)context;
    if (capos_serial_port_read_wait(&this.input, &results) != CAPOS_DONE)
        capos_exit(1);
    struct capos_data keys = capos_serial_port_read_results_data(results);
    readers_input(&this.readers, keys.data, keys.size);
    capos_call_release(&this.input);
    wait_for_input();
}

static int write(void *self, struct capos_invocation *inv,
                 struct capos_terminal_write_params params,
                 struct capos_terminal_write_results_builder results) {
    struct capos_data data = capos_terminal_write_params_data(params);

    (void)self;
    (void)inv;
    (void)results;
    readers_show_text(&this.readers, (const char *)data.data, data.size);
    return CAPOS_DONE;
}

static int read_line(void *self, struct capos_invocation *inv,
                     struct capos_terminal_read_line_params params,
                     struct capos_terminal_read_line_results_builder results) {
    struct capos_text prompt = capos_terminal_read_line_params_prompt(params);

    (void)self;
    (void)results;
    if (prompt.size > LINEEDIT_PROMPT_MAX)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "a prompt has at most 128 bytes");
    if (!readers_add(&this.readers, capos_server_hold(inv), prompt,
                     capos_terminal_read_line_params_hidden(params)))
        return capos_fail(inv, CAPOS_OVERLOADED, "too many readers wait for the terminal");
    return CAPOS_PENDING;
}

static int size(void *self, struct capos_invocation *inv, struct capos_terminal_size_params params,
                struct capos_terminal_size_results_builder results) {
    (void)self;
    (void)inv;
    (void)params;
    capos_terminal_size_results_set_columns(results, COLUMNS);
    capos_terminal_size_results_set_rows(results, ROWS);
    return CAPOS_DONE;
}

static void cancelled(void *context, uint64_t token) {
    readers_cancel(context, token);
}

static const struct capos_terminal_server handlers = {
    .write = write, .read_line = read_line, .size = size};

static int dispatch(void *self, struct capos_invocation *inv) {
    return capos_terminal_dispatch(&handlers, self, inv);
}

int main(void) {
    static struct capos_object object = {.interface = CAPOS_TERMINAL_INTERFACE_ID,
                                         .dispatch = dispatch};
    uint64_t receiver = capos_need("receiver", CAPOS_RECEIVER_INTERFACE_ID);

    this.port.id = capos_need("port", CAPOS_SERIAL_PORT_INTERFACE_ID);
    this.screen.send = send;
    this.screen.columns = COLUMNS;
    this.readers.screen = &this.screen;
    this.readers.editor = &this.editor;
    lineedit_init(&this.editor, COLUMNS, emit, &this.screen);
    if (capos_server_init(&this.server, capos_client(), receiver, NULL) != CAPOS_DONE)
        capos_panic("the message area is too small to serve");
    this.server.cancelled = cancelled;
    this.server.context = &this.readers;
    capos_server_add(&this.server, &object);
    wait_for_input();
    capos_server_run(&this.server);
    return 1; // only without a Receiver
}
