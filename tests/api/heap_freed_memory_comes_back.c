// SPDX-License-Identifier: MIT
// What is freed is free again: the process shrinks, a program that allocates and frees many times
// its need does not grow, and what it holds is hardly more than what it asked for.
// ranks: 1 2
// channels: shm
// memory: 3
// not under: asan tsan valgrind
#include "check.h"

enum { BLOCKS = 400 };
static const size_t piece = 400000, megabyte = 1 << 20;

static size_t resident(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%*u %zu", &pages) == 1, "no /proc/self/statm");
    fclose(file);
    return pages * 4096;
}

int main(int argc, char **argv)
{
    static char *blocks[BLOCKS];
    start(&argc, &argv);
    size_t before = resident();
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = room(piece);
        memset(blocks[i], i, piece);
    }
    size_t held = resident() - before;
    CHECK(held < BLOCKS * piece * 11 / 10, "%zu MB for %zu MB", held / megabyte,
          BLOCKS * piece / megabyte);
    // Every second one, then others that fit in between and that do not.
    for (int round = 0; round < 6; round++) {
        for (int i = round % 2; i < BLOCKS; i += 2) {
            free(blocks[i]);
            size_t bytes = piece - (size_t)(i * 7919 % 100000);
            blocks[i] = room(bytes);
            memset(blocks[i], i, bytes);
        }
    }
    held = resident() - before;
    CHECK(held < BLOCKS * piece * 12 / 10, "%zu MB for %zu MB after a while", held / megabyte,
          BLOCKS * piece / megabyte);
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    held = resident() - before;
    CHECK(held < 100 * megabyte, "%zu MB are still held", held / megabyte);
    for (int round = 0; round < 4; round++) {
        char *block = room(200 * megabyte);
        for (size_t i = 0; i < 200 * megabyte; i += 4096)
            block[i] = 1;
        free(block);
    }
    held = resident() - before;
    CHECK(held < 100 * megabyte, "%zu MB are still held", held / megabyte);
    return finish();
}
