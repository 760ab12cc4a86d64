// SPDX-License-Identifier: MIT
// AMD's devices: nodes of the compute driver's topology that have SIMD units, a partition of a card
// being a node of its own. Each has a render node in /dev/dri, which must open, and so must
// /dev/kfd. ROCR_VISIBLE_DEVICES counts those that do, in the order of the nodes; HIP's variable
// counts on top of that.
// Read next: devices.c.
#define _GNU_SOURCE
#include "launcher/devices.h"

#include "base/file.h"
#include "launcher/machine.h"
#include "launcher/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES "/sys/class/kfd/kfd/topology/nodes"

// The number after a word that begins a line; -1: there is none.
static long long property(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, length) == 0 && line[length] == ' ')
            return strtoll(line + length, NULL, 10);
    }
    return -1;
}

static void read_near(struct device *device, long long domain, long long location)
{
    char folder[400];
    unsigned bus = (unsigned)location >> 8 & 255, slot = (unsigned)location >> 3 & 31;

    // Where a card is in partitions, the last three bits say which.
    snprintf(device->where, sizeof device->where, "%04x:%02x:%02x.0",
             domain < 0 ? 0 : (unsigned)domain, bus, slot);
    snprintf(folder, sizeof folder, "%s/sys/bus/pci/devices/%s", machine_root(), device->where);
    device_read_near(device, folder);
}

// A number, or "GPU-" and the 16 digits of one's unique id.
static int number_of(const struct devices *devices, int first, const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);

    if (end != word && *end == 0)
        return (int)number;
    for (int i = first; i < devices->count; i++)
        if (strcasecmp(devices->list[i].model, word) == 0)
            return i - first;
    return -1;
}

static int find(struct devices *devices, const struct options *options, char *error, size_t room)
{
    char(*names)[64];
    int first = devices->count;
    int n = device_names(NODES, "", &names);
    bool nvidia = first > 0;

    for (int i = 0; i < n; i++) {
        char text[8000], render[40];
        mp_file_read(text, sizeof text, "%s" NODES "/%s/properties", machine_root(), names[i]);
        if (property(text, "simd_count") <= 0)
            continue;
        devices->seen++;
        snprintf(render, sizeof render, "dri/renderD%lld", property(text, "drm_render_minor"));
        if (!device_opens(devices, "kfd", true) || !device_opens(devices, render, true))
            continue;
        int number = devices->count - first;
        struct device *device = device_add(devices, vendor_amd.name, "");
        if (!device) {
            snprintf(error, room, "out of memory");
            return -1;
        }
        snprintf(device->name, sizeof device->name, "%d", number);
        snprintf(device->model, sizeof device->model, "GPU-%016llx",
                 (unsigned long long)property(text, "unique_id"));
        read_near(device, property(text, "domain"), property(text, "location_id"));
    }
    const char *mask = environment_value(options, vendor_amd.mask);
    const char *hip = environment_value(options, "HIP_VISIBLE_DEVICES");
    if (!hip && !nvidia)
        hip = environment_value(options, vendor_nvidia.mask);
    if (mask)
        device_select(devices, first, mask, number_of);
    if (hip && devices->count > first)
        device_select(devices, first, hip, number_of);
    return 0;
}

const struct vendor vendor_amd = {
    .name = "amd", .find = find, .mask = "ROCR_VISIBLE_DEVICES", .nothing = "-1"};
