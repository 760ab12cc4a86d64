// SPDX-License-Identifier: MIT
// The devices that ranks may have: which there are, and which each rank sees. See devices.c.
#ifndef MPRUN_DEVICES_H
#define MPRUN_DEVICES_H

#include "launcher/options.h"

#include <stddef.h>

enum { DEVICE_NAME = 100 };

// A device, or a part of one that is dealt out alone.
struct device {
    const char *vendor;
    char name[DEVICE_NAME]; // in a mask
    char where[24];         // on the PCI bus
    char model[64];         // or whatever else is told of it; "" if nothing is
    bool part;              // of which a program sees one only
    struct mp_cpus near;    // the CPUs next to it; none: not known
};

struct devices {
    struct device *list; // those that may be used, in the order of their masks
    int count;
    int seen;          // with those that may not
    int masked;        // so many were left out by masks that the user has set
    char refused[200]; // one of those, and why
};

// One kind of device. `find` adds those that may be used to `devices`, in the order in which they
// are numbered where `mask` is set to numbers; it returns 0, or -1 with a sentence in `error`.
struct vendor {
    const char *name;
    int (*find)(struct devices *devices, const struct options *options, char *error, size_t room);
    const char *mask;    // the variable that says which of them a program sees
    const char *nothing; // its value for none
};
extern const struct vendor vendor_nvidia, vendor_amd, vendor_intel;

// For `find`:

// Adds a device. NULL: no memory.
struct device *device_add(struct devices *devices, const char *vendor, const char *where);

// Whether a file below /dev opens for reading and writing, or only for reading: a control group or
// the rights on it may refuse. Notes why not.
bool device_opens(struct devices *devices, const char *name, bool writing);

// Reads what is near from the folder that the kernel has for the device.
void device_read_near(struct device *device, const char *folder);

// The names in a folder that begin with `prefix`, ordered by length and letters: so numbers are in
// their order, and PCI addresses too. Never freed. Returns how many there are.
int device_names(const char *folder, const char *prefix, char (**names)[64]);

// Leaves, of the devices from `first` on, those that a mask which the user has set names, in its
// order: `number_of` gives for the word at `word` the place of a device among them, or -1. As the
// owners of masks do, stops at the first word that is wrong or comes twice.
void device_select(struct devices *devices, int first, const char *mask,
                   int (*number_of)(const struct devices *devices, int first, const char *word));

// ---- For mprun

// Finds the devices for --per device, and the number of ranks that this means by default. Returns
// 0, or -1 with a sentence in options->error.
int devices_find(struct options *options);

// Checks that there are enough for the ranks of a settled job. Returns as devices_find does.
int devices_check(struct options *options);

// The devices of a rank: list[*first] and those after it. Returns how many.
int devices_of(const struct options *options, int rank, int *first);

// The CPUs near to the devices of each rank; all usable ones where that is not known. Never freed.
// NULL if there are no devices; or no memory, since it is not worth a failure.
struct mp_cpus *devices_near(const struct options *options);

// Whether each rank sees its own only: not with device:all, nor with --torch, whose programs choose
// by LOCAL_RANK among all.
bool devices_are_hidden(const struct options *options);

// Calls `put` with each variable that says which devices a rank sees: the same names for all ranks.
void devices_variables(const struct options *options, int rank,
                       void (*put)(void *to, const char *name, const char *value), void *to);

#endif
