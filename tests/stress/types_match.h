// SPDX-License-Identifier: MIT
// A tree that matches another one: the same basic types in the same order, at other places, none of
// them twice. Read first: types_model.h.
#ifndef TESTS_STRESS_TYPES_MATCH_H
#define TESTS_STRESS_TYPES_MATCH_H

#include "types_model.h"

// A list of one basic type, as blocks in some order with gaps.
static struct tree match_alike(int basic, int n)
{
    struct tree old = tree_basic(basic);
    int divisor = 1 + random_below(4), lengths[ENTRIES_MAX], places[ENTRIES_MAX];
    bool divides = n % divisor == 0;
    int count = divides ? n / divisor : 0, gap = random_below(3);
    switch (random_below(5)) {
    case 0:
        return tree_contiguous(n, old);
    case 1:
        if (divides)
            return tree_vector(count, divisor, random_below(2) ? divisor + gap : -divisor - gap,
                               false, old);
        return tree_vector(n, 1, 1 + gap, false, old);
    case 2:
        if (divides) {
            int extent = divisor * basics[basic].extent + random_below(9);
            return tree_vector(count, divisor, random_below(2) ? extent : -extent, true, old);
        }
        return tree_vector(n, 1, -1 - gap, false, old);
    default: {
        int blocks = 0, at = 0, kind = random_below(2) ? INDEXED : HINDEXED;
        for (int left = n; left > 0; left -= lengths[blocks++]) {
            lengths[blocks] = divides ? divisor : 1 + random_below(left < 5 ? left : 5);
        }
        bool backwards = random_below(2);
        for (int i = 0; i < blocks; i++) {
            int b = backwards ? blocks - 1 - i : i;
            places[b] = kind == INDEXED ? at : at * basics[basic].extent + i;
            at += lengths[b] + random_below(3);
        }
        if (divides && random_below(2))
            kind = kind == INDEXED ? INDEXED_BLOCK : HINDEXED_BLOCK;
        return tree_blocks(kind, blocks, lengths, places, old);
    }
    }
}

static struct tree match_list(const int *list, int n);

// Parts of the list, each a tree of its own, side by side in some order.
static struct tree match_parts(const int *list, int n)
{
    struct tree children[CHILDREN_MAX];
    int lengths[CHILDREN_MAX], child_of[CHILDREN_MAX], parts = 0, done = 0;
    MPI_Aint places[CHILDREN_MAX];
    long at = random_below(4) ? 0 : -300, low, high;
    while (done < n) {
        int end = parts == CHILDREN_MAX - 1 ? n : done + 1 + random_below(n - done);
        while (end < n && list[end] == list[end - 1] && random_below(4))
            end++;
        children[parts] = match_list(list + done, end - done);
        lengths[parts] = 1;
        child_of[parts] = parts;
        parts++;
        done = end;
    }
    bool backwards = random_below(2);
    for (int i = 0; i < parts; i++) {
        int b = backwards ? parts - 1 - i : i;
        model_true_bounds(children[b].model, &low, &high);
        places[b] = at - low;
        at += high - low + random_below(6);
    }
    return tree_struct(parts, lengths, places, child_of, children, parts);
}

static struct tree match_list(const int *list, int n)
{
    bool alike = true;
    for (int i = 1; i < n && alike; i++)
        alike = list[i] == list[0];
    if (alike && random_below(8))
        return match_alike(list[0], n);
    if (n > 1 && n % 2 == 0 && memcmp(list, list + n / 2, (size_t)(n / 2) * sizeof *list) == 0) {
        long low, high;
        struct tree half = match_list(list, n / 2);
        model_true_bounds(half.model, &low, &high);
        int step = (int)(high - low) + random_below(20);
        return tree_vector(2, 1, random_below(2) ? step : -step, true, half);
    }
    return n == 1 ? match_alike(list[0], 1) : match_parts(list, n);
}

// Holds exactly the data of `count` elements; nothing (a null type) if there is none, or if there
// is no room for the model.
static struct tree match_random(const struct model *model, int count)
{
    struct tree none = {MPI_DATATYPE_NULL, NULL};
    int n = model->count * count, list[ENTRIES_MAX];
    if (n == 0 || n > ENTRIES_MAX)
        return none;
    for (int i = 0; i < n; i++)
        list[i] = model->map[i % model->count].basic;
    struct tree tree = match_list(list, n);
    if (tree.model->count == n)
        return tree;
    tree_drop(tree);
    return none;
}

#endif
