/* Asks the head of a chain for each tick at the time that stands on the tape: an open loop that never waits for an answer.
 *
 *   feed TAPE FIRST LAST      ticks FIRST to LAST - 1
 *
 * Sleeps up to a quarter of a millisecond before each time and looks at the clock from there on, so that a time is kept to
 * a few microseconds. A full pipe makes it late, not silent: latency counts from the time on the tape.
 */
#include "bench.h"

#define SPIN_NS 250000

static void wait_until(int64_t due_ns) {
    int64_t wake_ns = due_ns - SPIN_NS;
    if (wake_ns > now_ns()) {
        struct timespec at = {wake_ns / 1000000000, wake_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    }
    while (now_ns() < due_ns) {
    }
}

int main(int count, char **arguments) {
    if (count != 4) return 64;
    volatile int64_t *tape = open_tape(arguments[1]);
    int ticks = open_pipe(arguments[1]);
    int64_t last = atoll(arguments[3]);
    for (int64_t tick = atoll(arguments[2]); tick < last; tick++) {
        wait_until(*cell(tape, SCHEDULED, tick));
        if (write(ticks, &tick, sizeof tick) < 0) die("write");
    }
    return 0;
}
