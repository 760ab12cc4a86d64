// SPDX-License-Identifier: MIT
// NVIDIA's devices. The driver has a folder for each in /proc/driver/nvidia/gpus, and one for each
// part of it (MIG) in /proc/driver/nvidia/capabilities. CUDA_VISIBLE_DEVICES names them by their
// UUID. A driver that has not started a device does not know that yet: then by number, in the order
// of the PCI bus, which CUDA must be told to count in. The UUID of a part is in no file; nvidia-smi
// knows it.
// Read next: devices.c.
#define _GNU_SOURCE
#include "launcher/devices.h"

#include "base/file.h"
#include "launcher/machine.h"
#include "launcher/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRIVER "/proc/driver/nvidia"

enum { NAMES_PARTS_BY_UUID = 470, GPUS_MOST = 256 }; // the first such driver

// One that may be used. Its parts, or itself, are devices first ... first + count - 1.
struct gpu {
    char uuid[DEVICE_NAME];
    char model[64];
    int first;
    int count;
};

// For the reading of masks, which is over before anybody else calls.
static struct gpu gpus[GPUS_MOST];
static int ngpus;

// The rest of the line that begins with `key`, without blanks before it.
static bool field(const char *text, const char *key, char *value, size_t room)
{
    const char *at = strstr(text, key);

    if (!at)
        return false;
    at += strlen(key);
    at += strspn(at, " \t");
    snprintf(value, room, "%.*s", (int)strcspn(at, "\n"), at);
    return true;
}

static bool is_uuid(const char *text)
{
    return strncmp(text, "GPU-", 4) == 0 && !strchr(text, '?');
}

// ---- Parts

// Whether the driver's capability in that folder is ours.
static bool may(struct devices *devices, const char *folder)
{
    char text[200], value[20], name[60];

    if (mp_file_read(text, sizeof text, "%s%s/access", machine_root(), folder) == 0 ||
        !field(text, "DeviceFileMinor:", value, sizeof value))
        return false;
    snprintf(name, sizeof name, "nvidia-caps/nvidia-cap%d", atoi(value));
    return device_opens(devices, name, false);
}

// The name of the next part of a GPU that nvidia-smi lists; `list` is what is left of it.
static bool next_listed(const char **list, char name[DEVICE_NAME])
{
    const char *line = *list, *uuid;

    // "  MIG 3g.20gb     Device  0: (UUID: MIG-...)"
    if (strncmp(line + strspn(line, " \t"), "MIG ", 4) != 0 || !(uuid = strstr(line, "UUID: ")))
        return false;
    uuid += 6;
    snprintf(name, DEVICE_NAME, "%.*s", (int)strcspn(uuid, ")\n"), uuid);
    *list = strchr(line, '\n') ? strchr(line, '\n') + 1 : "";
    return true;
}

// What nvidia-smi lists after that GPU; "" if it does not know it, or is not there.
static const char *listed_after(const char *uuid)
{
    static char *list;
    static size_t length;

    if (!list) {
        FILE *smi = popen("nvidia-smi -L 2> /dev/null", "re");
        if (smi && getdelim(&list, &length, 0, smi) < 0)
            list = NULL;
        if (smi)
            pclose(smi);
        if (!list)
            list = strdup("");
    }
    const char *at = list && is_uuid(uuid) ? strstr(list, uuid) : NULL;
    const char *end = at ? strchr(at, '\n') : NULL;
    return end ? end + 1 : "";
}

static int driver_version(void)
{
    char text[300];

    mp_file_read(text, sizeof text, "%s" DRIVER "/version", machine_root());
    const char *at = strstr(text, "Module  ");
    return at ? atoi(at + strlen("Module  ")) : NAMES_PARTS_BY_UUID;
}

// Adds the parts of a GPU that may be used. Returns whether it is in parts; or -1, with a sentence.
static int add_parts(struct devices *devices, struct gpu *gpu, int minor, const struct device *like,
                     char *error, size_t room)
{
    char folder[200], path[300];
    char(*instances)[64], (*computes)[64];

    snprintf(folder, sizeof folder, DRIVER "/capabilities/gpu%d/mig", minor);
    int n = device_names(folder, "gi", &instances);
    const char *listed = n > 0 ? listed_after(gpu->uuid) : "";
    bool any_listed = strncmp(listed + strspn(listed, " \t"), "MIG ", 4) == 0;
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, instances[i]);
        bool may_instance = may(devices, path);
        int m = device_names(path, "ci", &computes);
        for (int k = 0; k < m; k++) {
            char name[DEVICE_NAME];
            snprintf(path, sizeof path, "%s/%s/%s", folder, instances[i], computes[k]);
            devices->seen++;
            if (!may_instance || !may(devices, path))
                continue;
            if (any_listed && !next_listed(&listed, name))
                continue;
            if (!any_listed && (driver_version() >= NAMES_PARTS_BY_UUID || !is_uuid(gpu->uuid))) {
                snprintf(error, room,
                         "the device at %s is in parts (MIG), whose names only nvidia-smi can "
                         "tell, and it is not there, or does not: put it into PATH",
                         like->where);
                return -1;
            }
            if (!any_listed)
                snprintf(name, sizeof name, "MIG-%.60s/%d/%d", gpu->uuid, atoi(instances[i] + 2),
                         atoi(computes[k] + 2));
            struct device *part = device_add(devices, like->vendor, like->where);
            if (!part)
                return -1;
            snprintf(part->name, sizeof part->name, "%s", name);
            snprintf(part->model, sizeof part->model, "%s", like->model);
            part->near = like->near;
            part->part = true;
        }
    }
    return n > 0;
}

// ---- Masks

// A number, a UUID, or the beginning of one that no other has. For one in parts that is its first.
static int number_of(const struct devices *devices, int first, const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);
    int found = -1;

    if (end != word && *end == 0)
        return number >= 0 && number < ngpus && gpus[number].count > 0 ? gpus[number].first - first
                                                                       : -1;
    if (strncmp(word, "GPU-", 4) != 0 && strncmp(word, "MIG-", 4) != 0)
        return -1;
    for (int i = 0; i < ngpus && word[0] == 'G'; i++)
        if (gpus[i].count > 0 && strncasecmp(gpus[i].uuid, word, strlen(word)) == 0) {
            if (found >= 0)
                return -1;
            found = gpus[i].first - first;
        }
    for (int i = first; i < devices->count && word[0] == 'M'; i++)
        if (strncasecmp(devices->list[i].name, word, strlen(word)) == 0) {
            if (found >= 0)
                return -1;
            found = i - first;
        }
    return found;
}

// CUDA chooses what 0 is, unless it is told to count along the PCI bus. Of equals it does so.
static bool counts_as_we_do(const struct options *options, const char *mask)
{
    const char *order = environment_value(options, "CUDA_DEVICE_ORDER");

    if (!strchr("0123456789", mask[strspn(mask, " ")]) ||
        (order && strcmp(order, "PCI_BUS_ID") == 0))
        return true;
    for (int i = 1; i < ngpus; i++)
        if (strcmp(gpus[i].model, gpus[0].model) != 0)
            return false;
    return true;
}

// ---- All of it

static int add_gpu(struct devices *devices, const char *where, char *error, size_t room)
{
    char text[2000], value[40] = "", path[300];
    struct gpu *gpu = &gpus[ngpus];

    mp_file_read(text, sizeof text, "%s" DRIVER "/gpus/%s/information", machine_root(), where);
    *gpu = (struct gpu){.first = devices->count};
    if (!field(text, "Device Minor:", value, sizeof value))
        return 0;
    int minor = atoi(value);
    field(text, "GPU UUID:", gpu->uuid, sizeof gpu->uuid);
    field(text, "Model:", gpu->model, sizeof gpu->model);
    bool excluded = field(text, "Excluded:", value, sizeof value) && strncmp(value, "Yes", 3) == 0;
    snprintf(path, sizeof path, "nvidia%d", minor);
    if (excluded || !device_opens(devices, path, true)) {
        devices->seen++;
        return 0;
    }
    struct device like = {.vendor = vendor_nvidia.name};
    snprintf(like.where, sizeof like.where, "%.23s", where);
    snprintf(like.model, sizeof like.model, "%s", gpu->model);
    snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%.60s", machine_root(), where);
    device_read_near(&like, path);
    int parts = add_parts(devices, gpu, minor, &like, error, room);
    if (parts < 0)
        return -1;
    if (parts == 0) {
        struct device *device = device_add(devices, like.vendor, where);
        if (!device)
            return -1;
        snprintf(like.name, sizeof like.name, "%s", gpu->uuid);
        devices->seen++;
        *device = like;
    }
    gpu->count = devices->count - gpu->first;
    ngpus++;
    return 0;
}

// CUDA takes numbers or UUIDs, not both: with one whose UUID is not known all go by number.
static void name_alike(struct devices *devices)
{
    bool known = true;

    for (int i = 0; i < ngpus; i++)
        known = known && is_uuid(gpus[i].uuid);
    for (int i = 0; i < ngpus && !known; i++)
        if (gpus[i].count > 0 && !devices->list[gpus[i].first].part)
            snprintf(devices->list[gpus[i].first].name, DEVICE_NAME, "%d", i);
}

static int find(struct devices *devices, const struct options *options, char *error, size_t room)
{
    char(*names)[64];
    int first = devices->count, seen = devices->seen;
    int n = device_names(DRIVER "/gpus", "", &names);
    const char *mask = environment_value(options, vendor_nvidia.mask);

    ngpus = 0;
    snprintf(error, room, "out of memory");
    for (int i = 0; i < n && i < GPUS_MOST; i++)
        if (add_gpu(devices, names[i], error, room) != 0)
            return -1;
    name_alike(devices);
    if (!mask || devices->seen == seen)
        return 0;
    if (!counts_as_we_do(options, mask)) {
        snprintf(error, room,
                 "CUDA_VISIBLE_DEVICES=%s: the devices differ, and CUDA chooses the order that "
                 "these numbers count in; set CUDA_DEVICE_ORDER=PCI_BUS_ID too, or name UUIDs",
                 mask);
        return -1;
    }
    device_select(devices, first, mask, number_of);
    return 0;
}

const struct vendor vendor_nvidia = {
    .name = "nvidia", .find = find, .mask = "CUDA_VISIBLE_DEVICES", .nothing = "-1"};
