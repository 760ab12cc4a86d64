// SPDX-License-Identifier: MIT
// Grey pictures in files, in the format PGM (P5): a line of text with the size, then a byte for
// each point, row after row. Most programs that show pictures read it.

#ifndef PGM_H
#define PGM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline int pgm_write(const char *name, const uint8_t *points, int width, int height)
{
    FILE *file = fopen(name, "wb");
    size_t count = (size_t)width * (size_t)height;
    int good = file && fprintf(file, "P5\n%d %d\n255\n", width, height) > 0 &&
               fwrite(points, 1, count, file) == count;
    return file && fclose(file) == 0 && good;
}

// The points, to be freed; NULL if it is not such a file. Comments in the head are not understood.
static inline uint8_t *pgm_read(const char *name, int *width, int *height)
{
    int most = 0;
    uint8_t *points = NULL;
    FILE *file = fopen(name, "rb");
    if (file && fscanf(file, "P5 %d %d %d", width, height, &most) == 3 && most == 255 &&
        *width > 0 && *height > 0 && *width <= 20000 && *height <= 20000 && fgetc(file) != EOF) {
        size_t count = (size_t)*width * (size_t)*height;
        points = malloc(count);
        if (points && fread(points, 1, count, file) != count) {
            free(points);
            points = NULL;
        }
    }
    if (file)
        fclose(file);
    return points;
}

// A number that another picture hardly has: multiply and add, byte after byte.
static inline uint32_t pgm_checksum(const uint8_t *points, size_t count)
{
    uint32_t sum = 17;
    for (size_t i = 0; i < count; i++)
        sum = sum * 31 + points[i];
    return sum;
}

#endif
