/* The chain market data -> signal -> risk -> execution in C on libzmq, blocking: what four processes cannot beat.
 *
 *   chain md|signal|risk|execution TAPE IN OUT
 *
 * PUB/SUB first, then DEALER/ROUTER twice, 64 bytes a message. No log, no sequence check, no decision: only the hops.
 */
#include "bench.h"

#define MESSAGE_BYTES 64

struct message {
    int64_t tick;
    char filler[MESSAGE_BYTES - sizeof(int64_t)];
};

static void receive(void *socket, struct message *message) {
    if (zmq_recv(socket, message, sizeof *message, 0) < 0) die("zmq_recv");
}

static void receive_routed(void *socket, struct message *message) {
    char identity[256];
    if (zmq_recv(socket, identity, sizeof identity, 0) < 0) die("zmq_recv");
    receive(socket, message);
}

static void run_md(volatile int64_t *tape, const char *path, void *out) {
    struct message message = {0};
    int ticks = open_pipe(path);
    int64_t waiting[64];
    for (;;) {
        ssize_t size = read(ticks, waiting, sizeof waiting);
        if (size < 0) die("read");
        for (ssize_t i = 0; i < size / (ssize_t)sizeof(int64_t); i++) {
            message.tick = waiting[i];
            *cell(tape, MD, message.tick) = now_ns();
            zmq_send(out, &message, sizeof message, 0);
        }
    }
}

static void run_signal(volatile int64_t *tape, void *in, void *out) {
    struct message message;
    for (;;) {
        receive(in, &message);
        *cell(tape, SIGNAL, message.tick) = now_ns();
        zmq_send(out, &message, sizeof message, 0);
    }
}

static void run_risk(volatile int64_t *tape, void *in, void *out) {
    struct message message;
    for (;;) {
        receive_routed(in, &message);
        *cell(tape, RISK, message.tick) = now_ns();
        zmq_send(out, &message, sizeof message, 0);
    }
}

static void run_execution(volatile int64_t *tape, const char *path, void *in) {
    struct message message;
    int ticks = open_pipe(path);
    for (;;) {
        receive_routed(in, &message);
        volatile int64_t *ordered = cell(tape, ORDERED, message.tick);
        int64_t next = message.tick + 1;
        if (*ordered) continue;
        *cell(tape, EXECUTION, message.tick) = *ordered = now_ns();
        tape[ARRIVED]++;
        if (next < tape[CHAIN_UNTIL] && write(ticks, &next, sizeof next) < 0) die("write");
    }
}

int main(int count, char **arguments) {
    if (count != 5) return 64;
    const char *role = arguments[1], *path = arguments[2], *in = arguments[3], *out = arguments[4];
    volatile int64_t *tape = open_tape(path);
    void *context = zmq_ctx_new();
    if (!strcmp(role, "md")) {
        run_md(tape, path, bind_socket(context, ZMQ_PUB, out));
    } else if (!strcmp(role, "signal")) {
        void *asked = connect_socket(context, ZMQ_DEALER, out);
        run_signal(tape, connect_socket(context, ZMQ_SUB, in), asked);
    } else if (!strcmp(role, "risk")) {
        void *asked = connect_socket(context, ZMQ_DEALER, out);
        run_risk(tape, bind_socket(context, ZMQ_ROUTER, in), asked);
    } else if (!strcmp(role, "execution")) {
        run_execution(tape, path, bind_socket(context, ZMQ_ROUTER, in));
    }
    return 64;
}
