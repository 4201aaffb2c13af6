/* Asks the head of a chain for ticks, and notes when it did.
 *
 *   feed TAPE paced FIRST LAST       each tick at the time that stands on the tape: an open loop that waits for no answer
 *   feed TAPE rested FIRST LAST      one tick at a time, the next when the CPU has been at rest for a while
 *
 * Paced: it is there before the schedule, says so on the tape and begins when it is told to. It sleeps up to a quarter of a
 * millisecond before each time and looks at the clock from there on, so that a time is kept to a few microseconds. A full
 * pipe makes it late, not silent: latency counts from the time on the tape, and how late it was stands beside it. Ticks that
 * are due together are written together, so that a burst is not held up by what measures it.
 *
 * Rested: it runs on the CPU of the chain, behind everybody else (SCHED_IDLE), and yields after every look at the clock. So
 * that CPU never sleeps, and a look that comes late means that somebody else had work to do. The next tick is sent when no
 * look was late for REST_NS, or after REST_NS_MAX on a CPU that is never at rest.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "bench.h"

#define SPIN_NS 250000
#define POLL_US 100
#define DUE_MAX 256
#define LATE_NS 5000
#define REST_NS 100000
#define REST_NS_MAX 20000000
#define STUCK_NS 100000000

static void send_tick(volatile int64_t *tape, int ticks, int64_t tick) {
    *cell(tape, FED, tick) = now_ns();
    if (write(ticks, &tick, sizeof tick) < 0) die("write");
}

/* Sends `tick` and those after it that are due as well, as one write; returns the first that was not sent. */
static int64_t send_due(volatile int64_t *tape, int ticks, int64_t tick, int64_t last) {
    int64_t due[DUE_MAX], now = now_ns();
    int count = 0;
    do {
        *cell(tape, FED, tick) = now;
        due[count++] = tick++;
    } while (tick < last && count < DUE_MAX && *cell(tape, SCHEDULED, tick) <= now);
    if (write(ticks, due, count * sizeof due[0]) < 0) die("write");
    return tick;
}

static void wait_until(int64_t due_ns) {
    int64_t wake_ns = due_ns - SPIN_NS;
    if (wake_ns > now_ns()) {
        struct timespec at = {wake_ns / 1000000000, wake_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    }
    while (now_ns() < due_ns) {
    }
}

static void feed_paced(volatile int64_t *tape, int ticks, int64_t first, int64_t last) {
    tape[FEED] = FEED_READY;
    while (tape[FEED] != FEED_GO) usleep(POLL_US);
    for (int64_t tick = first; tick < last;) {
        wait_until(*cell(tape, SCHEDULED, tick));
        tick = send_due(tape, ticks, tick, last);
    }
}

static void wait_for_rest(void) {
    int64_t begun = now_ns(), since = begun, before = begun;
    for (;;) {
        sched_yield();
        int64_t now = now_ns();
        if (now - before > LATE_NS) since = now;
        if (now - since > REST_NS || now - begun > REST_NS_MAX) return;
        before = now;
    }
}

static void feed_rested(volatile int64_t *tape, int ticks, int64_t first, int64_t last) {
    struct sched_param none = {0};
    if (sched_setscheduler(0, SCHED_IDLE, &none) < 0) die("SCHED_IDLE");
    for (int64_t tick = first; tick < last; tick++) {
        wait_for_rest();
        send_tick(tape, ticks, tick);
        for (int64_t sent = now_ns(); !*cell(tape, ORDERED, tick); sched_yield()) {
            if (now_ns() - sent < STUCK_NS) continue;
            send_tick(tape, ticks, tick);
            sent = now_ns();
        }
    }
}

int main(int count, char **arguments) {
    if (count != 5) return 64;
    volatile int64_t *tape = open_tape(arguments[1]);
    int ticks = open_pipe(arguments[1]);
    int64_t first = atoll(arguments[3]), last = atoll(arguments[4]);
    if (!strcmp(arguments[2], "paced")) {
        feed_paced(tape, ticks, first, last);
    } else if (!strcmp(arguments[2], "rested")) {
        feed_rested(tape, ticks, first, last);
    } else {
        return 64;
    }
    return 0;
}
