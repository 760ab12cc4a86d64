// SPDX-License-Identifier: MIT
// One rank per device. What there is comes from small files in /proc and /sys; whether we may use
// it, from an attempt to open it, since that is where the kernel refuses a container. A rank is
// kept to its own by the variable that its vendor's library reads: no such library is linked. A
// mask that the user has set says which devices there are, and in which order.
//
// Ranks get devices in that order, and run on the CPUs near to theirs (mapping.c).
// Read next: device_nvidia.c, device_amd.c, device_intel.c.
#define _GNU_SOURCE
#include "launcher/devices.h"

#include "base/file.h"
#include "launcher/machine.h"
#include "launcher/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct vendor *const vendors[] = {&vendor_nvidia, &vendor_amd, &vendor_intel};
enum { VENDORS = sizeof vendors / sizeof *vendors, MASK_MOST = 4000 };

// ---- Help for those who find them

struct device *device_add(struct devices *devices, const char *vendor, const char *where)
{
    struct device *list =
        realloc(devices->list, ((size_t)devices->count + 1) * sizeof *devices->list);

    if (!list)
        return NULL;
    devices->list = list;
    struct device *device = &list[devices->count++];
    *device = (struct device){.vendor = vendor};
    snprintf(device->where, sizeof device->where, "%s", where);
    return device;
}

bool device_opens(struct devices *devices, const char *name, bool writing)
{
    char path[400];

    snprintf(path, sizeof path, "%s/dev/%s", machine_root(), name);
    // A driver may take seconds to start a device, and need not do that for us.
    int fd = open(path, (writing ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        snprintf(devices->refused, sizeof devices->refused, "/dev/%s: %s", name, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

void device_read_near(struct device *device, const char *folder)
{
    char text[40], path[400];

    snprintf(path, sizeof path, "%s/local_cpulist", folder);
    if (mp_file_read(text, sizeof text, "%s/numa_node", folder) > 0 && atoi(text) >= 0)
        mp_cpus_read(&device->near, path);
}

static int by_length(const void *a, const void *b)
{
    size_t la = strlen(a), lb = strlen(b);
    return la != lb ? (la < lb ? -1 : 1) : strcmp(a, b);
}

int device_names(const char *folder, const char *prefix, char (**names)[64])
{
    char path[400];
    struct dirent *entry;
    int count = 0;

    *names = NULL;
    snprintf(path, sizeof path, "%s%s", machine_root(), folder);
    DIR *open = opendir(path);
    while (open && (entry = readdir(open))) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        char(*more)[64] = realloc(*names, ((size_t)count + 1) * sizeof **names);
        if (!more)
            break;
        *names = more;
        snprintf(more[count++], sizeof *more, "%.63s", entry->d_name);
    }
    if (open)
        closedir(open);
    if (count > 0)
        qsort(*names, (size_t)count, sizeof **names, by_length);
    return count;
}

void device_select(struct devices *devices, int first, const char *mask,
                   int (*number_of)(const struct devices *devices, int first, const char *word))
{
    int among = devices->count - first, count = 0;
    struct device *chosen = calloc((size_t)among + 1, sizeof *chosen);
    bool *is_chosen = calloc((size_t)among + 1, sizeof *is_chosen);
    char copy[MASK_MOST];

    snprintf(copy, sizeof copy, "%s", mask);
    for (char *word = copy, *next; chosen && is_chosen && word; word = next) {
        next = strchr(word, ',');
        if (next)
            *next++ = 0;
        word += strspn(word, " ");
        word[strcspn(word, " ")] = 0;
        int number = number_of(devices, first, word);
        if (number < 0 || number >= among || is_chosen[number])
            break;
        is_chosen[number] = true;
        chosen[count++] = devices->list[first + number];
    }
    for (int i = 0; i < count; i++)
        devices->list[first + i] = chosen[i];
    devices->count = first + count;
    devices->masked += among - count;
    free(chosen);
    free(is_chosen);
}

// ---- Finding them

static int find(struct options *o, struct devices *devices)
{
    for (int i = 0; i < VENDORS; i++) {
        const struct vendor *v = vendors[i];
        if (o->devices.vendor && strcmp(o->devices.vendor, v->name) != 0)
            continue;
        if (v->find(devices, o, o->error, sizeof o->error) != 0)
            return -1;
    }
    return 0;
}

static int each_of(const struct options *o)
{
    return o->devices.per_rank > 0 ? o->devices.per_rank : 1;
}

int devices_find(struct options *o)
{
    struct devices *devices = calloc(1, sizeof *devices);
    const char *kind = o->devices.vendor ? o->devices.vendor : "device";
    int each = each_of(o);

    if (!devices) {
        snprintf(o->error, sizeof o->error, "out of memory");
        return -1;
    }
    o->found = devices;
    if (find(o, devices) != 0)
        return -1;
    if (devices->seen == 0)
        snprintf(o->error, sizeof o->error,
                 "--per %s: there is none (looked for: NVIDIA's in /proc/driver/nvidia/gpus, AMD's "
                 "in /sys/class/kfd, Intel's in /sys/class/drm)",
                 kind);
    else if (devices->count == 0 && devices->masked > 0)
        snprintf(o->error, sizeof o->error,
                 "--per %s: %d there, but none is left by the masks that are set "
                 "(CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES, ZE_AFFINITY_MASK)",
                 kind, devices->seen);
    else if (devices->count == 0)
        snprintf(o->error, sizeof o->error, "--per %s: %d there, but none may be used (%s)", kind,
                 devices->seen, devices->refused);
    else if (each > devices->count)
        snprintf(o->error, sizeof o->error, "--devices-per-rank %d: there %s %d usable device%s",
                 each, devices->count == 1 ? "is" : "are", devices->count,
                 devices->count == 1 ? "" : "s");
    else
        o->places = devices->count / each;
    return o->places > 0 ? 0 : -1;
}

int devices_check(struct options *o)
{
    const struct devices *d = o->found;
    int each = each_of(o);

    for (int i = 0; i < d->count && each > 1 && devices_are_hidden(o); i++)
        if (d->list[i].part) {
            snprintf(o->error, sizeof o->error,
                     "--devices-per-rank %d: %s is part of a device (MIG), and a program sees one "
                     "part only",
                     each, d->list[i].name);
            return -1;
        }
    if ((long)o->nranks * each <= d->count || o->devices.share)
        return 0;
    snprintf(o->error, sizeof o->error,
             "%d rank%s want %d devices, but %d may be used%s%s%s: --share-devices lets several "
             "ranks have one",
             o->nranks, o->nranks == 1 ? "" : "s", o->nranks * each, d->count,
             d->refused[0] ? " (" : "", d->refused, d->refused[0] ? ")" : "");
    return -1;
}

int devices_of(const struct options *o, int rank, int *first)
{
    int each = each_of(o);
    int sets = o->found->count / each;

    // Where they are shared, neighbours share.
    *first = each * (o->nranks <= sets ? rank : (int)((long)rank * sets / o->nranks));
    return each;
}

struct mp_cpus *devices_near(const struct options *o)
{
    struct mp_cpus usable = machine_usable();
    struct mp_cpus *near = o->found ? calloc((size_t)o->nranks, sizeof *near) : NULL;
    int first;

    if (o->cpu_set)
        mp_cpus_keep(&usable, o->cpu_set);
    for (int rank = 0; near && rank < o->nranks; rank++) {
        int count = devices_of(o, rank, &first);
        bool known = true;
        for (int i = first; i < first + count; i++) {
            mp_cpus_join(&near[rank], &o->found->list[i].near);
            known = known && mp_cpus_count(&o->found->list[i].near) > 0;
        }
        mp_cpus_keep(&near[rank], &usable);
        if (!known || mp_cpus_count(&near[rank]) == 0)
            near[rank] = usable;
    }
    return near;
}

// ---- Telling ranks

// The names of those of a rank's devices that are of one vendor. Returns how many.
static int put_names(const struct devices *d, int first, int count, const struct vendor *vendor,
                     char *text, size_t room)
{
    size_t length = 0;
    int of_it = 0;

    *text = 0;
    for (int i = first; i < first + count && length < room; i++)
        if (d->list[i].vendor == vendor->name)
            length += (size_t)snprintf(text + length, room - length, "%s%s", of_it++ ? "," : "",
                                       d->list[i].name);
    return of_it;
}

// Whether some are named by number.
static bool any_number(const struct devices *d, const struct vendor *vendor)
{
    for (int i = 0; i < d->count; i++)
        if (d->list[i].vendor == vendor->name && strchr("0123456789", d->list[i].name[0]))
            return true;
    return false;
}

static bool has_vendor(const struct devices *d, const struct vendor *vendor)
{
    for (int i = 0; i < d->count; i++)
        if (d->list[i].vendor == vendor->name)
            return true;
    return false;
}

// AMD's HIP counts on top of what is left, in a variable of its own or CUDA's: where one of them
// could hide the rank's, it is set to all that are left.
static void put_hip(int count, bool mixed, const struct options *o,
                    void (*put)(void *to, const char *name, const char *value), void *to)
{
    char numbers[MASK_MOST] = "";
    size_t length = 0;
    const char *name = "HIP_VISIBLE_DEVICES";

    if (!mixed && !environment_value(o, name) && environment_value(o, vendor_nvidia.mask))
        name = vendor_nvidia.mask;
    for (int i = 0; i < count && length < sizeof numbers; i++)
        length += (size_t)snprintf(numbers + length, sizeof numbers - length, i ? ",%d" : "%d", i);
    if (mixed || environment_value(o, name))
        put(to, name, count > 0 ? numbers : vendor_amd.nothing);
}

// Of parts (MIG) a program never sees more than one.
bool devices_are_hidden(const struct options *o)
{
    bool parts = false;

    for (int i = 0; i < o->found->count; i++)
        parts = parts || o->found->list[i].part;
    return !o->devices.all && (!o->torch || parts);
}

void devices_variables(const struct options *o, int rank,
                       void (*put)(void *to, const char *name, const char *value), void *to)
{
    const struct devices *d = o->found;
    char text[MASK_MOST];
    size_t length = 0;
    int first, count = devices_of(o, rank, &first);

    for (int i = 0; i < VENDORS && devices_are_hidden(o); i++) {
        const struct vendor *v = vendors[i];
        if (!has_vendor(d, v))
            continue;
        int of_it = put_names(d, first, count, v, text, sizeof text);
        put(to, v->mask, of_it > 0 ? text : v->nothing);
        if (v == &vendor_amd)
            put_hip(of_it, has_vendor(d, &vendor_nvidia), o, put, to);
        if (v == &vendor_nvidia && !o->torch && any_number(d, v))
            put(to, "CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        if (v == &vendor_intel) {
            put(to, "ZE_ENABLE_PCI_ID_DEVICE_ORDER", "1");
            if (!environment_value(o, "ZE_FLAT_DEVICE_HIERARCHY"))
                put(to, "ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE");
        }
    }
    if (o->torch && has_vendor(d, &vendor_nvidia) && !environment_value(o, "CUDA_DEVICE_ORDER"))
        put(to, "CUDA_DEVICE_ORDER", "PCI_BUS_ID"); // what LOCAL_RANK counts along
    for (int i = first; i < first + count && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, i > first ? ",%d" : "%d",
                                   i % d->count);
    put(to, "MPRUN_DEVICE", text);
}
