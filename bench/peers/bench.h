/* What the C programs of the bench share: libzmq's stable ABI, the tape (bench/tape.py has its layout), and the clock.
 *
 * pyzmq's wheel brings the library without its header, so the few functions used are declared here.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void *zmq_ctx_new(void);
void *zmq_socket(void *context, int type);
int zmq_setsockopt(void *socket, int option, const void *value, size_t size);
int zmq_bind(void *socket, const char *endpoint);
int zmq_connect(void *socket, const char *endpoint);
int zmq_send(void *socket, const void *data, size_t size, int flags);
int zmq_recv(void *socket, void *data, size_t size, int flags);

enum { ZMQ_PUB = 1, ZMQ_SUB = 2, ZMQ_DEALER = 5, ZMQ_ROUTER = 6 };
enum { ZMQ_SUBSCRIBE = 6, ZMQ_LINGER = 17, ZMQ_RECONNECT_IVL = 18, ZMQ_SNDHWM = 23, ZMQ_RCVHWM = 24 };
enum { ZMQ_DONTWAIT = 1, ZMQ_SNDMORE = 2 };
enum { SCHEDULED, MD, SIGNAL, RISK, EXECUTION, ORDERED, FED, COLUMNS };
enum { COUNT, CHAIN_UNTIL, ARRIVED, FEED, HEAD_WORDS = 8 };
enum { FEED_READY = 1, FEED_GO = 2 };

#define HWM 1000000
#define RECONNECT_MS 10

static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

_Noreturn static inline void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static inline volatile int64_t *open_tape(const char *path) {
    struct stat found;
    int file = open(path, O_RDWR);
    if (file < 0 || fstat(file, &found) < 0) die(path);
    void *memory = mmap(NULL, (size_t)found.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) die("mmap");
    return memory;
}

/* `path` is that of the tape; the pipe lies beside it with the suffix .ticks in place of its own. */
static inline int open_pipe(const char *path) {
    char pipe[512];
    const char *dot = strrchr(path, '.');
    int stem = dot == NULL ? (int)strlen(path) : (int)(dot - path);
    snprintf(pipe, sizeof pipe, "%.*s.ticks", stem, path);
    int file = open(pipe, O_RDWR);
    if (file < 0) die(pipe);
    return file;
}

static inline volatile int64_t *cell(volatile int64_t *tape, int column, int64_t tick) {
    return tape + HEAD_WORDS + column * tape[COUNT] + tick;
}

static inline void *make_socket(void *context, int type) {
    int hwm = HWM, linger = 0, reconnect = RECONNECT_MS;
    void *socket = zmq_socket(context, type);
    if (socket == NULL) die("zmq_socket");
    zmq_setsockopt(socket, ZMQ_SNDHWM, &hwm, sizeof hwm);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof hwm);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect, sizeof reconnect);
    return socket;
}

static inline void *bind_socket(void *context, int type, const char *endpoint) {
    void *socket = make_socket(context, type);
    if (zmq_bind(socket, endpoint) < 0) die(endpoint);
    return socket;
}

static inline void *connect_socket(void *context, int type, const char *endpoint) {
    void *socket = make_socket(context, type);
    if (type == ZMQ_SUB) zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    if (zmq_connect(socket, endpoint) < 0) die(endpoint);
    return socket;
}

#endif
