// SPDX-License-Identifier: MIT
// A picture of the Mandelbrot set in tiles: whoever is free takes the next one.
//
//     mprun -n 4 examples/tiles
//     mprun -n 4 examples/tiles picture.pgm --size 1024
//     mprun -n 4 examples/tiles --careless      two ranks may take the same tile, and some are left
//     out
//
// One idea: nobody deals, there is a number. Tiles differ in cost a hundredfold, so a static split
// would leave most ranks waiting. Each rank takes the next tile by MPI_Fetch_and_op on a number at
// rank 0, draws it, and puts it into the picture with MPI_Put, where a subarray type says which
// points it is. In the end a reduction proves that every tile was drawn, and once.

#include "gallery.h"
#include "pgm.h"

enum { SIDE = 32, STEPS = 255 }; // points along a tile; the most iterations of a point

static const char usage[] =
    "Usage: mprun [-n RANKS] tiles [OUT] [--size POINTS] [--careless]\n"
    "Draws POINTS x POINTS (default 256, a multiple of 32); OUT is written\n"
    "if it is given. --careless reads and writes the number in two steps.\n";

static int size_of_picture = 256, careless;

static void draw(int tile, uint8_t *points)
{
    int across = size_of_picture / SIDE;
    for (int i = 0; i < SIDE * SIDE; i++) {
        double cx = (tile % across * SIDE + i % SIDE) * 2.6 / size_of_picture - 2;
        double cy = (tile / across * SIDE + i / SIDE) * 2.6 / size_of_picture - 1.3;
        double x = 0, y = 0;
        int step = 0;
        for (; step < STEPS && x * x + y * y <= 4; step++) {
            double next = x * x - y * y + cx;
            y = 2 * x * y + cy;
            x = next;
        }
        points[i] = (uint8_t)step;
    }
}

static int next_tile(MPI_Win win)
{
    int one = 1, tile;
    if (!careless) {
        MPI_Fetch_and_op(&one, &tile, MPI_INT, 0, 0, MPI_SUM, win);
        MPI_Win_flush(0, win);
        return tile;
    }
    MPI_Get(&tile, 1, MPI_INT, 0, 0, 1, MPI_INT, win);
    MPI_Win_flush(0, win);
    pause_us(1000); // another one may read the same number now
    int after = tile + 1;
    MPI_Put(&after, 1, MPI_INT, 0, 0, 1, MPI_INT, win);
    MPI_Win_flush(0, win);
    return tile;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, *number;
    const char *out = NULL;
    uint8_t *picture, tile_points[SIDE * SIDE];
    begin("tiles", usage, argc, argv,
          (struct setting[]){{"OUT", NULL, 0, 0, NULL, &out},
                             {"--size", &size_of_picture, SIDE, 8192, NULL, NULL},
                             {"--careless", &careless, 0, 0, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    size_of_picture -= size_of_picture % SIDE;

    int across = size_of_picture / SIDE, tiles = across * across;
    MPI_Aint points = (MPI_Aint)size_of_picture * size_of_picture;
    MPI_Win picture_win, number_win;
    MPI_Win_allocate(rank == 0 ? points : 0, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &picture,
                     &picture_win);
    MPI_Win_allocate(rank == 0 ? sizeof *number : 0, sizeof *number, MPI_INFO_NULL, MPI_COMM_WORLD,
                     &number, &number_win);
    MPI_Win_lock_all(0, picture_win);
    MPI_Win_lock_all(0, number_win);
    if (rank == 0) {
        int nothing = 0;
        memset(picture, 0, (size_t)points);
        MPI_Win_sync(picture_win);
        MPI_Accumulate(&nothing, 1, MPI_INT, 0, 0, 1, MPI_INT, MPI_REPLACE, number_win);
        MPI_Win_flush(0, number_win);
    }
    int *drawn = calloc((size_t)tiles * 2, sizeof *drawn), *all = drawn + tiles, mine = 0;
    if (!drawn)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Barrier(MPI_COMM_WORLD);

    for (int tile; (tile = next_tile(number_win)) < tiles; mine++) {
        int whole[] = {size_of_picture, size_of_picture}, part[] = {SIDE, SIDE};
        int start[] = {tile / across * SIDE, tile % across * SIDE};
        MPI_Datatype place;
        draw(tile, tile_points);
        MPI_Type_create_subarray(2, whole, part, start, MPI_ORDER_C, MPI_BYTE, &place);
        MPI_Type_commit(&place);
        MPI_Put(tile_points, SIDE * SIDE, MPI_BYTE, 0, 0, 1, place, picture_win);
        MPI_Win_flush(0, picture_win); // the points may be drawn over now
        MPI_Type_free(&place);
        drawn[tile]++;
    }
    MPI_Reduce(drawn, all, tiles, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    int least, most, wrong = 0, written = 1;
    MPI_Reduce(&mine, &least, 1, MPI_INT, MPI_MIN, 0, MPI_COMM_WORLD);
    MPI_Reduce(&mine, &most, 1, MPI_INT, MPI_MAX, 0, MPI_COMM_WORLD);
    MPI_Win_unlock_all(picture_win); // after all have put theirs, since the reductions
    MPI_Win_unlock_all(number_win);
    if (rank == 0) {
        for (int tile = 0; tile < tiles; tile++)
            wrong += all[tile] != 1;
        written = !out || pgm_write(out, picture, size_of_picture, size_of_picture);
        if (!written)
            fprintf(stderr, "tiles: cannot write %s: %s\n", out, strerror(errno));
        printf("%d to %d tiles for each rank\n", least, most);
        if (wrong)
            printf("%d tiles, %d of them not once\n", tiles, wrong);
        else
            printf("%d tiles, all once, checksum %08x\n", tiles,
                   (unsigned)pgm_checksum(picture, (size_t)points));
    }
    free(drawn);
    MPI_Win_free(&picture_win);
    MPI_Win_free(&number_win);
    MPI_Finalize();
    return wrong || !written ? 1 : 0;
}
