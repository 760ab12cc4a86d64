// SPDX-License-Identifier: MIT
// A picture is cut into bands, each rank blurs one, and the bands become a picture again.
//
//     mprun -n 4 examples/image_filter                       a picture that it makes itself
//     mprun -n 4 examples/image_filter in.pgm out.pgm --times 10
//     mprun -n 4 examples/image_filter --no-halo             what the seams look like without
//
// One idea: a halo. A point's new value is the mean of the nine around it, and for the rows at the
// edge of a band some of these lie in the neighbour's. So each band is stored with a row above and
// one below, which the neighbours send before each pass. MPI_Scatterv and MPI_Gatherv deal the
// bands, whose heights differ by one if they must. Rank 0 then does it all alone, and compares.

#include "gallery.h"
#include "pgm.h"

static const char usage[] =
    "Usage: mprun [-n RANKS] image_filter [IN [OUT]] [--times T] [--no-halo]\n"
    "Blurs a picture (PGM, P5) T times (default 3); OUT is written if it is given. With --no-halo\n"
    "the bands are not told of each other.\n";

static int rank, size, width = 320, height = 200;

// The new value of each point of the rows 1 to rows; 0 and rows + 1 are the halo. At the left and
// right edge the picture goes on with its last column.
static void blur(const uint8_t *from, uint8_t *to, int rows)
{
    for (int y = 1; y <= rows; y++) {
        for (int x = 0; x < width; x++) {
            int sum = 0;
            for (int dy = -1; dy <= 1; dy++) {
                for (int dx = -1; dx <= 1; dx++) {
                    int at = x + dx < 0 ? 0 : x + dx >= width ? width - 1 : x + dx;
                    sum += from[(y + dy) * width + at];
                }
            }
            to[y * width + x] = (uint8_t)(sum / 9);
        }
    }
}

// Fills the halo of a band: from the neighbours, if it has any, else with its own edge.
static void exchange(uint8_t *band, int rows, int above, int below)
{
    uint8_t *first = band + width, *last = band + rows * width;
    memcpy(band, first, (size_t)width);
    memcpy(last + width, last, (size_t)width);
    MPI_Sendrecv(first, width, MPI_BYTE, above, 0, last + width, width, MPI_BYTE, below, 0,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(last, width, MPI_BYTE, below, 1, band, width, MPI_BYTE, above, 1, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
}

static void filter(uint8_t **band, uint8_t **other, int rows, int above, int below, int times)
{
    for (int i = 0; i < times; i++) {
        exchange(*band, rows, above, below);
        blur(*band, *other, rows);
        uint8_t *swap = *band;
        *band = *other;
        *other = swap;
    }
}

static uint8_t *rows_of(int rows)
{
    uint8_t *points = calloc((size_t)(rows + 2) * (size_t)width, 1);
    if (!points)
        MPI_Abort(MPI_COMM_WORLD, 1);
    return points;
}

// On rank 0: the picture that is read, or rings and a grid if no name is given; NULL: not readable.
static uint8_t *picture(const char *name)
{
    if (name)
        return pgm_read(name, &width, &height);
    uint8_t *points = malloc((size_t)width * (size_t)height);
    for (int i = 0; points && i < width * height; i++) {
        int x = i % width - width / 2, y = i / width - height / 2;
        points[i] = (uint8_t)((x * x + y * y) / 40 % 2 * 200 + (x % 20 == 0) * 55);
    }
    return points;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int times = 3, no_halo = 0, equal = 1, written = 1, shape[3];
    const char *in = NULL, *out = NULL;
    uint8_t *whole = NULL;
    begin("image_filter", usage, argc, argv,
          (struct setting[]){{"IN", NULL, 0, 0, NULL, &in},
                             {"OUT", NULL, 0, 0, NULL, &out},
                             {"--times", &times, 1, 10000, NULL, NULL},
                             {"--no-halo", &no_halo, 0, 0, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    if (rank == 0) {
        whole = picture(in);
        shape[2] = whole && height >= size;
        if (!shape[2])
            refuse("image_filter", "IN", in ? in : "",
                   "a PGM picture, a row or more for each rank");
        shape[0] = width;
        shape[1] = height;
    }
    MPI_Bcast(shape, 3, MPI_INT, 0, MPI_COMM_WORLD);
    width = shape[0];
    height = shape[1];
    if (!shape[2]) {
        free(whole);
        MPI_Finalize();
        return status_of(BAD_INPUT);
    }

    int *counts = malloc(sizeof *counts * 2 * (size_t)size), *starts = counts + size;
    for (int r = 0; counts && r < size; r++) {
        starts[r] = height * r / size * width;
        counts[r] = height * (r + 1) / size * width - starts[r];
    }
    if (!counts)
        MPI_Abort(MPI_COMM_WORLD, 1);
    int rows = counts[rank] / width;
    uint8_t *band = rows_of(rows), *other = rows_of(rows);
    MPI_Scatterv(whole, counts, starts, MPI_BYTE, band + width, counts[rank], MPI_BYTE, 0,
                 MPI_COMM_WORLD);
    filter(&band, &other, rows, rank > 0 && !no_halo ? rank - 1 : MPI_PROC_NULL,
           rank < size - 1 && !no_halo ? rank + 1 : MPI_PROC_NULL, times);

    uint8_t *result = rank == 0 ? rows_of(height) : NULL;
    MPI_Gatherv(band + width, counts[rank], MPI_BYTE, result, counts, starts, MPI_BYTE, 0,
                MPI_COMM_WORLD);
    if (rank == 0) { // the same again, alone
        size_t points = (size_t)width * (size_t)height;
        uint8_t *serial = rows_of(height), *spare = rows_of(height);
        memcpy(serial + width, whole, points);
        filter(&serial, &spare, height, MPI_PROC_NULL, MPI_PROC_NULL, times);
        equal = memcmp(serial + width, result, points) == 0;
        written = !out || pgm_write(out, result, width, height);
        if (!written)
            fprintf(stderr, "image_filter: cannot write %s: %s\n", out, strerror(errno));
        printf("%d x %d points, checksum %08x, %s to serial\n", width, height,
               (unsigned)pgm_checksum(result, points), equal ? "equal" : "NOT equal");
        free(serial);
        free(spare);
        free(result);
    }
    free(whole);
    free(band);
    free(other);
    free(counts);
    MPI_Finalize();
    return equal && written ? 0 : 1;
}
