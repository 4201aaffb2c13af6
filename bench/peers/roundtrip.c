/* Request and answer in C on libzmq, DEALER to ROUTER: what a question to risk cannot beat.
 *
 *   roundtrip server ENDPOINT
 *   roundtrip client ENDPOINT COUNT FILE      writes COUNT round trips in ns, 64-bit, after a tenth as many unmeasured
 */
#include "bench.h"

#define MESSAGE_BYTES 128

static void serve(void *socket) {
    char identity[256], message[MESSAGE_BYTES];
    for (;;) {
        int size = zmq_recv(socket, identity, sizeof identity, 0);
        if (size < 0 || zmq_recv(socket, message, sizeof message, 0) < 0) die("zmq_recv");
        zmq_send(socket, identity, (size_t)size, ZMQ_SNDMORE);
        zmq_send(socket, message, sizeof message, 0);
    }
}

static int ask(void *socket, long total, const char *path) {
    char message[MESSAGE_BYTES] = {0};
    long warm = total / 10 + 10;
    FILE *file = fopen(path, "wb");
    if (file == NULL) die(path);
    for (long i = -warm; i < total; i++) {
        int64_t begun = now_ns();
        zmq_send(socket, message, sizeof message, 0);
        if (zmq_recv(socket, message, sizeof message, 0) < 0) die("zmq_recv");
        int64_t taken = now_ns() - begun;
        if (i >= 0) fwrite(&taken, sizeof taken, 1, file);
    }
    return fclose(file);
}

int main(int count, char **arguments) {
    void *context = zmq_ctx_new();
    if (count == 3 && !strcmp(arguments[1], "server")) serve(bind_socket(context, ZMQ_ROUTER, arguments[2]));
    if (count != 5) return 64;
    return ask(connect_socket(context, ZMQ_DEALER, arguments[2]), atol(arguments[3]), arguments[4]);
}
