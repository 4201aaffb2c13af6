/* What a turn on cold caches costs: a token goes round processes over pipes, and each touches its own lines in its turn.
 *
 *   cold data|code PROCESSES LINES PAGES TURNS FILE    writes the ns in which each turn touched its lines, 64-bit, all
 *                                                      turns of the first process first, after a tenth as many unmeasured
 *
 * One process finds its lines where it left them; of several, each finds what the others have left it. Each line leads to
 * the next, in random order: data by a pointer, code by a jump. So no two are fetched at once, and the processor guesses
 * little: a line costs less in a program that is kinder. All run on the CPU that the caller is pinned to.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench.h"

#define PROCESSES_MAX 64
#define PAGE 4096
#define LINE 64
#define LINES_IN_PAGE (PAGE / LINE)

static unsigned char *get_memory(size_t size, int flags) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) die("mmap");
    return memory;
}

/* Lines are spread over the sets of a cache that looks at the place in the page only. */
static unsigned char **make_order(unsigned char *memory, int lines, int pages) {
    int each = (lines + pages - 1) / pages;
    unsigned char **order = malloc((size_t)lines * sizeof *order);
    if (order == NULL) die("malloc");
    for (int i = 0; i < lines; i++) {
        int page = i / each, line = (i % each * 7 + page * 5) % LINES_IN_PAGE;
        order[i] = memory + page * PAGE + line * LINE;
    }
    for (int i = lines - 1; i > 0; i--) {
        int other = rand() % (i + 1);
        unsigned char *kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    return order;
}

static void link_data(unsigned char **order, int lines) {
    for (int i = 0; i < lines; i++) *(unsigned char **)order[i] = i + 1 < lines ? order[i + 1] : NULL;
}

/* x86-64: jmp rel32 from line to line, ret in the last. */
static void link_code(unsigned char **order, int lines) {
    for (int i = 0; i + 1 < lines; i++) {
        int32_t distance = (int32_t)(order[i + 1] - (order[i] + 5));
        order[i][0] = 0xe9;
        memcpy(order[i] + 1, &distance, sizeof distance);
    }
    order[lines - 1][0] = 0xc3;
}

static void touch(unsigned char *first, int is_code) {
    if (is_code) {
        ((void (*)(void))first)();
    } else {
        for (unsigned char *line = first; line != NULL;) line = *(unsigned char *volatile *)line;
    }
}

static unsigned char *make_lines(int is_code, int lines, int pages) {
    size_t size = (size_t)pages * PAGE;
    unsigned char *memory = get_memory(size, MAP_PRIVATE);
    madvise(memory, size, MADV_NOHUGEPAGE);
    unsigned char **order = make_order(memory, lines, pages);
    (is_code ? link_code : link_data)(order, lines);
    if (is_code && mprotect(memory, size, PROT_READ | PROT_EXEC) < 0) die("mprotect");
    return order[0];
}

static void take_turns(unsigned char *first, int is_code, int in, int out, long turns, volatile int64_t *taken_ns) {
    char token;
    for (long turn = -turns / 10 - 1; turn < turns; turn++) {
        if (read(in, &token, 1) != 1) die("read");
        int64_t begun_ns = now_ns();
        touch(first, is_code);
        if (turn >= 0) taken_ns[turn] = now_ns() - begun_ns;
        if (write(out, &token, 1) != 1) die("write");
    }
}

int main(int count, char **arguments) {
    if (count != 7) return 64;
    int is_code = !strcmp(arguments[1], "code"), processes = atoi(arguments[2]), lines = atoi(arguments[3]);
    int pages = atoi(arguments[4]), pipes[PROCESSES_MAX][2];
    long turns = atol(arguments[5]);
    if (processes < 1 || processes > PROCESSES_MAX || pages < 1 || lines < 1 || lines > pages * LINES_IN_PAGE) return 64;
    size_t size = (size_t)processes * (size_t)turns * sizeof(int64_t);
    volatile int64_t *taken_ns = (volatile int64_t *)(void *)get_memory(size, MAP_SHARED);
    for (int i = 0; i < processes; i++) {
        if (pipe(pipes[i]) < 0) die("pipe");
    }
    for (int i = 0; i < processes; i++) {
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child > 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        srand((unsigned)i + 1);
        unsigned char *first = make_lines(is_code, lines, pages);
        take_turns(first, is_code, pipes[i][0], pipes[(i + 1) % processes][1], turns, taken_ns + i * turns);
        exit(0);
    }
    if (write(pipes[0][1], "", 1) != 1) die("write");
    for (int i = 0, status; i < processes; i++) {
        if (wait(&status) < 0 || status != 0) return 1;
    }
    FILE *file = fopen(arguments[6], "wb");
    if (file == NULL || fwrite((const void *)taken_ns, 1, size, file) != size) die(arguments[6]);
    return fclose(file);
}
