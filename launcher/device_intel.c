// SPDX-License-Identifier: MIT
// Intel's devices: render nodes of its graphics driver. A device is a card, unless the user wants
// its tiles to be devices (ZE_FLAT_DEVICE_HIERARCHY). ZE_AFFINITY_MASK has numbers only: Level Zero
// is told to count along the PCI bus, as we do.
// Read next: devices.c.
#define _GNU_SOURCE
#include "launcher/devices.h"

#include "base/file.h"
#include "launcher/machine.h"
#include "launcher/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RENDER "/sys/class/drm"

struct card {
    char where[24]; // first, to be ordered by
    char id[20];    // of its kind
    char node[20];  // renderD...
    int tiles;
};

static int by_address(const void *a, const void *b)
{
    size_t la = strlen(a), lb = strlen(b);
    return la != lb ? (la < lb ? -1 : 1) : strcmp(a, b);
}

// Two drivers count them in two ways. The processor's own graphics has none.
static int count_tiles(const char *folder, const char *where)
{
    char path[400];
    char(*names)[64];

    snprintf(path, sizeof path, "%s/device", folder);
    int tiles = device_names(path, "tile", &names);
    if (tiles == 0 && strcmp(where, "0000:00:02.0") != 0) {
        snprintf(path, sizeof path, "%s/device/drm", folder);
        if (device_names(path, "card", &names) > 0) {
            snprintf(path, sizeof path, "%s/device/drm/%s/gt", folder, names[0]);
            tiles = device_names(path, "gt", &names);
        }
    }
    return tiles > 0 ? tiles : 1;
}

// A number; or, of a tile of a card, "0.1".
static int number_of(const struct devices *devices, int first, const char *word)
{
    for (int i = first; i < devices->count; i++)
        if (strcmp(devices->list[i].name, word) == 0)
            return i - first;
    return -1;
}

static int add(struct devices *devices, const struct card *card, const char *name)
{
    char folder[300];
    struct device *device = device_add(devices, vendor_intel.name, card->where);

    if (!device)
        return -1;
    snprintf(device->name, sizeof device->name, "%s", name);
    snprintf(device->model, sizeof device->model, "%s", card->id);
    snprintf(folder, sizeof folder, "%s" RENDER "/%s/device", machine_root(), card->node);
    device_read_near(device, folder);
    return 0;
}

// With a mask that names tiles ("0.1") each of those is a device, too.
static int add_devices(struct devices *devices, const struct card *cards, int n, bool flat,
                       bool dotted)
{
    char name[40];
    int number = 0;

    for (int i = 0; i < n; i++) {
        for (int tile = 0; flat && tile < cards[i].tiles; tile++) {
            snprintf(name, sizeof name, "%d", number++);
            if (add(devices, &cards[i], name) != 0)
                return -1;
        }
        snprintf(name, sizeof name, "%d", i);
        if (!flat && add(devices, &cards[i], name) != 0)
            return -1;
        for (int tile = 0; !flat && dotted && tile < cards[i].tiles; tile++) {
            snprintf(name, sizeof name, "%d.%d", i, tile);
            if (add(devices, &cards[i], name) != 0)
                return -1;
        }
    }
    return 0;
}

static int read_cards(struct devices *devices, struct card **cards)
{
    char(*names)[64];
    char folder[200], text[2000], node[80];
    int n = device_names(RENDER, "renderD", &names), count = 0;

    *cards = calloc((size_t)n + 1, sizeof **cards);
    for (int i = 0; *cards && i < n; i++) {
        struct card *card = &(*cards)[count];
        snprintf(folder, sizeof folder, RENDER "/%s", names[i]);
        if (mp_file_read(text, sizeof text, "%s%s/device/vendor", machine_root(), folder) == 0 ||
            strncmp(text, "0x8086", 6) != 0)
            continue;
        devices->seen++;
        snprintf(node, sizeof node, "dri/%s", names[i]);
        if (!device_opens(devices, node, true))
            continue;
        snprintf(card->node, sizeof card->node, "%.19s", names[i]);
        mp_file_read(card->id, sizeof card->id, "%s%s/device/device", machine_root(), folder);
        card->id[strcspn(card->id, "\n")] = 0;
        mp_file_read(text, sizeof text, "%s%s/device/uevent", machine_root(), folder);
        const char *slot = strstr(text, "PCI_SLOT_NAME=");
        if (slot)
            snprintf(card->where, sizeof card->where, "%.*s", (int)strcspn(slot + 14, "\n"),
                     slot + 14);
        card->tiles = count_tiles(folder, card->where);
        count++;
    }
    if (count > 0)
        qsort(*cards, (size_t)count, sizeof **cards, by_address);
    return *cards ? count : -1;
}

// Whether the numbers of a mask are those that we count by. If not, says so.
static bool is_plain(const struct options *options, const struct card *cards, int n,
                     const char *mask, const char *hierarchy, char *error, size_t room)
{
    const char *order = environment_value(options, "ZE_ENABLE_PCI_ID_DEVICE_ORDER");
    bool ordered = order && strcmp(order, "1") == 0;
    bool tiles = false, differ = false;

    for (int i = 0; i < n; i++) {
        tiles = tiles || cards[i].tiles > 1;
        differ = differ || strcmp(cards[i].id, cards[0].id) != 0;
    }
    if (tiles && !hierarchy) {
        snprintf(error, room,
                 "ZE_AFFINITY_MASK=%s: whether that counts cards or their tiles depends on the "
                 "version of Level Zero; set ZE_FLAT_DEVICE_HIERARCHY (FLAT or COMPOSITE) too",
                 mask);
        return false;
    }
    if (differ && !ordered) {
        snprintf(error, room,
                 "ZE_AFFINITY_MASK=%s: the devices differ, and Level Zero chooses the order that "
                 "these numbers count in; set ZE_ENABLE_PCI_ID_DEVICE_ORDER=1 too",
                 mask);
        return false;
    }
    return true;
}

static int find(struct devices *devices, const struct options *options, char *error, size_t room)
{
    struct card *cards;
    int first = devices->count;
    int n = read_cards(devices, &cards);
    const char *mask = environment_value(options, vendor_intel.mask);
    const char *hierarchy = environment_value(options, "ZE_FLAT_DEVICE_HIERARCHY");
    bool flat = hierarchy && strcmp(hierarchy, "COMPOSITE") != 0;

    snprintf(error, room, "out of memory");
    if (n < 0 || add_devices(devices, cards, n, flat, mask && *mask && strchr(mask, '.')) != 0)
        return -1;
    bool plain =
        n == 0 || !mask || !*mask || is_plain(options, cards, n, mask, hierarchy, error, room);
    free(cards);
    if (plain && n > 0 && mask && *mask)
        device_select(devices, first, mask, number_of);
    return plain ? 0 : -1;
}

// Level Zero takes an empty mask for none. There is no card of this number.
const struct vendor vendor_intel = {
    .name = "intel", .find = find, .mask = "ZE_AFFINITY_MASK", .nothing = "9999"};
