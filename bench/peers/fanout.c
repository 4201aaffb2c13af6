/* One PUB to any number of SUB in C on libzmq, as fast as they take it.
 *
 *   fanout pub ENDPOINT COUNT SUBSCRIBERS     sends COUNT messages once that many subscribers have said that they listen
 *   fanout sub ENDPOINT COUNT                 prints messages per second, from the first to the last that it got
 *
 * Subscribers say so on ENDPOINT.ready (DEALER); readiness is asked for with probes on the PUB until all have answered.
 */
#include "bench.h"

#define MESSAGE_BYTES 128
#define PROBE (-1)

static void ready_endpoint(char *out, size_t size, const char *endpoint) { snprintf(out, size, "%s.ready", endpoint); }

static int publish(void *context, const char *endpoint, int64_t total, int subscribers) {
    char ready[512], message[MESSAGE_BYTES] = {0}, said[256];
    ready_endpoint(ready, sizeof ready, endpoint);
    void *answers = bind_socket(context, ZMQ_ROUTER, ready);
    void *out = bind_socket(context, ZMQ_PUB, endpoint);
    int64_t probe = PROBE;
    while (subscribers > 0) {
        memcpy(message, &probe, sizeof probe);
        zmq_send(out, message, sizeof message, 0);
        usleep(1000);
        while (zmq_recv(answers, said, sizeof said, ZMQ_DONTWAIT) >= 0) {
            zmq_recv(answers, said, sizeof said, 0);
            subscribers--;
        }
    }
    for (int64_t i = 0; i < total; i++) {
        memcpy(message, &i, sizeof i);
        zmq_send(out, message, sizeof message, 0);
    }
    pause();
    return 0;
}

static int follow(void *context, const char *endpoint, int64_t total) {
    char ready[512], message[MESSAGE_BYTES];
    ready_endpoint(ready, sizeof ready, endpoint);
    void *answers = connect_socket(context, ZMQ_DEALER, ready);
    void *in = connect_socket(context, ZMQ_SUB, endpoint);
    int64_t number = PROBE, begun = 0;
    int told = 0;
    while (number < total - 1) {
        if (zmq_recv(in, message, sizeof message, 0) < 0) die("zmq_recv");
        memcpy(&number, message, sizeof number);
        if (number == PROBE && !told) {
            zmq_send(answers, "ready", 5, 0);
            told = 1;
        }
        if (number == 0) begun = now_ns();
    }
    printf("%.1f\n", (double)(total - 1) * 1e9 / (double)(now_ns() - begun));
    return 0;
}

int main(int count, char **arguments) {
    void *context = zmq_ctx_new();
    if (count == 5 && !strcmp(arguments[1], "pub")) {
        return publish(context, arguments[2], atoll(arguments[3]), atoi(arguments[4]));
    }
    if (count == 4 && !strcmp(arguments[1], "sub")) return follow(context, arguments[2], atoll(arguments[3]));
    return 64;
}
