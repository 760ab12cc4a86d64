# SPDX-License-Identifier: MIT
# timeout: 100
# One rank per device: each sees its own only, by the mask that its vendor reads, and runs near it.
# The machines are those of tests/launcher/trees.
. "${srcdir:-.}/tests/launcher/lib.sh"
unset CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES ZE_AFFINITY_MASK \
    ZE_FLAT_DEVICE_HIERARCHY ZE_ENABLE_PCI_ID_DEVICE_ORDER OMP_NUM_THREADS

trees=${srcdir:-.}/tests/launcher/trees
machine() { # TREE: the one that runs are on from now on
    [ -d "$work/$1" ] || sh "$trees/plant" "$trees/$1.tree" "$work/$1"
    MPRUN_SYSROOT=$work/$1
    export MPRUN_SYSROOT
}
# gives [NAME=VALUE...] [options]: for each rank what it is bound to, and its masks, in one line.
gives() {
    settings=
    while case ${1-} in *=*) true ;; *) false ;; esac; do
        settings="$settings $1"
        shift
    done
    run env $settings "$MPRUN" "$@" --dry-run true
    what="$MPRUN_SYSROOT:$settings $*"
    [ $status -eq 0 ] || fail "$what: exit $status: $(cat "$work/err")"
    awk '/^rank/ {
        if (line) print line
        line = "any"
        if (match($0, /CPUs? [0-9,-]*[0-9]/)) line = substr($0, RSTART + 4, RLENGTH - 4)
        sub(/^ /, "", line)
    }
    /^    (CUDA|ROCR|HIP|ZE|MPRUN_DEVICE)/ { line = line " " $1 }
    END { print line }' "$work/out" | sed 's/-aaaa-bbbb-cccc-0*/-/g; s/_VISIBLE_DEVICES//; s/MPRUN_DEVICE/#/' > "$work/table"
}
is() { # the table
    [ "$(cat "$work/table")" = "$1" ] || fail "$what: expected
$1
but it is
$(cat "$work/table")"
}
refuses() { # PATTERN [NAME=VALUE...] options
    pattern=$1
    shift
    run env "$@" --dry-run true
    what="$MPRUN_SYSROOT: $*"
    [ $status -eq 2 ] || fail "$what: exit $status: $(cat "$work/out")"
    warns "^mprun: .*$pattern"
    warns_lines 1
}

# ---- NVIDIA, with parts
machine nvidia8
mkdir "$work/bin"
refuses 'is in parts (MIG), whose names only nvidia-smi can tell' "PATH=$PATH" "$MPRUN" --per device
cat > "$work/bin/nvidia-smi" << 'END'
#! /bin/sh
[ "$1" = -L ] || exit 1
for i in 0 1 2 3 4 5; do
    echo "GPU $i: A100 (UUID: GPU-000000$i$i-aaaa-bbbb-cccc-00000000000$i)"
done
echo 'GPU 6: A100 (UUID: GPU-00000066-aaaa-bbbb-cccc-000000000006)'
echo '  MIG 3g.20gb     Device  0: (UUID: MIG-6a)'
echo '  MIG 2g.10gb     Device  1: (UUID: MIG-6b)'
echo 'GPU 7: A100 (UUID: GPU-00000077-aaaa-bbbb-cccc-000000000007)'
echo '  MIG 7g.40gb     Device  0: (UUID: MIG-7a)'
END
chmod +x "$work/bin/nvidia-smi"
path=PATH=$work/bin:$PATH
gives "$path" --per device
is '0-3,32-35 CUDA=GPU-00000000- #=0
4-7,36-39 CUDA=GPU-00000011-1 #=1
8-11,40-43 CUDA=GPU-00000022-2 #=2
12-15,44-47 CUDA=GPU-00000033-3 #=3
16-18,48-50 CUDA=GPU-00000044-4 #=4
19-21,51-53 CUDA=GPU-00000055-5 #=5
22-24,54-56 CUDA=MIG-6a #=6
25-27,57-59 CUDA=MIG-6b #=7
28-30,60-62 CUDA=MIG-7a #=8'
gives "$path" CUDA_VISIBLE_DEVICES=MIG-7a,5,GPU-00000011,0,1,2 --per device
is '16-23,48-55 CUDA=MIG-7a #=0
24-31,56-63 CUDA=GPU-00000055-5 #=1
0-7,32-39 CUDA=GPU-00000011-1 #=2
8-15,40-47 CUDA=GPU-00000000- #=3'
gives "$path" CUDA_VISIBLE_DEVICES=1,0,4,5 --per device --devices-per-rank 2
is '0-15,32-47 CUDA=GPU-00000011-1,GPU-00000000- #=0,1
16-31,48-63 CUDA=GPU-00000044-4,GPU-00000055-5 #=2,3'
gives "$path" -x CUDA_VISIBLE_DEVICES=3,nonsense,1 --per device
is '0-15,32-47 CUDA=GPU-00000033-3 #=0'
refuses 'is part of a device (MIG), and a program sees one' "$path" "$MPRUN" --per device --devices-per-rank 2
refuses 'none is left by the masks' "$path" CUDA_VISIBLE_DEVICES=-1 "$MPRUN" --per device
refuses 'none is left by the masks' "$path" CUDA_VISIBLE_DEVICES= "$MPRUN" --per nvidia
refuses '10 ranks want 10 devices, but 9 may be used .*--share-devices' "$path" "$MPRUN" --per device -n 10
# A driver that names parts by their GPU.
mkdir -p "$work/nvidia8/proc/driver/nvidia"
echo 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  460.32.03  Sun Dec 27' > "$work/nvidia8/proc/driver/nvidia/version"
gives CUDA_VISIBLE_DEVICES=MIG-GPU-00000066-aaaa-bbbb-cccc-000000000006/5/0,6,7 --per device
is '16-20,48-52 CUDA=MIG-GPU-00000066-6/5/0 #=0
21-25,53-57 CUDA=MIG-GPU-00000066-6/1/0 #=1
26-30,58-62 CUDA=MIG-GPU-00000077-7/1/0 #=2'

# ---- NVIDIA, a driver that does not know the UUIDs: by number, in an order that is known
machine unknown
gives --per device
is '0-7,32-39 CUDA=0 CUDA_DEVICE_ORDER=PCI_BUS_ID #=0
8-15,40-47 CUDA=1 CUDA_DEVICE_ORDER=PCI_BUS_ID #=1
16-23,48-55 CUDA=2 CUDA_DEVICE_ORDER=PCI_BUS_ID #=2
24-31,56-63 CUDA=3 CUDA_DEVICE_ORDER=PCI_BUS_ID #=3'
gives --per device --devices-per-rank 3
is '0-63 CUDA=0,1,2 CUDA_DEVICE_ORDER=PCI_BUS_ID #=0,1,2'
gives --per device --share-devices -n 6
is '0-4,32-36 CUDA=0 CUDA_DEVICE_ORDER=PCI_BUS_ID #=0
5-9,37-41 CUDA=0 CUDA_DEVICE_ORDER=PCI_BUS_ID #=0
10-14,42-46 CUDA=1 CUDA_DEVICE_ORDER=PCI_BUS_ID #=1
16-20,48-52 CUDA=2 CUDA_DEVICE_ORDER=PCI_BUS_ID #=2
21-25,53-57 CUDA=2 CUDA_DEVICE_ORDER=PCI_BUS_ID #=2
26-30,58-62 CUDA=3 CUDA_DEVICE_ORDER=PCI_BUS_ID #=3'
gives --per device:all
is '0-7,32-39 #=0
8-15,40-47 #=1
16-23,48-55 #=2
24-31,56-63 #=3'
gives --per device -n 2
is '0-7,32-39 CUDA=0 CUDA_DEVICE_ORDER=PCI_BUS_ID #=0
8-15,40-47 CUDA=1 CUDA_DEVICE_ORDER=PCI_BUS_ID #=1'
# A PyTorch program chooses by LOCAL_RANK among all, as under torchrun, and counts along the bus.
gives --per gpu --torch
is '0-7,32-39 CUDA_DEVICE_ORDER=PCI_BUS_ID #=0
8-15,40-47 CUDA_DEVICE_ORDER=PCI_BUS_ID #=1
16-23,48-55 CUDA_DEVICE_ORDER=PCI_BUS_ID #=2
24-31,56-63 CUDA_DEVICE_ORDER=PCI_BUS_ID #=3'
# CUDA takes numbers or UUIDs, not both.
information="$MPRUN_SYSROOT/proc/driver/nvidia/gpus/0000:17:00.0/information"
sed 's/GPU-?.*/GPU-00000011-aaaa-bbbb-cccc-000000000001/' "$information" > "$work/information"
mv "$work/information" "$information"
gives --per device --devices-per-rank 2
is '0-15,32-47 CUDA=0,1 CUDA_DEVICE_ORDER=PCI_BUS_ID #=0,1
16-31,48-63 CUDA=2,3 CUDA_DEVICE_ORDER=PCI_BUS_ID #=2,3'
refuses '--devices-per-rank 5: there are 4' "$MPRUN" --per device --devices-per-rank 5
refuses '5 ranks want 5 devices, but 4' "$MPRUN" --per device:all -n 5

# ---- AMD: by ROCR's number; HIP's numbers count what is left by that
machine amd4
gives --per amd
is '0-7,32-39 ROCR=0 #=0
8-15,40-47 ROCR=1 #=1
16-19,48-51 ROCR=2 #=2
20-23,52-55 ROCR=3 #=3
24-27,56-59 ROCR=4 #=4
28-31,60-63 ROCR=5 #=5'
gives ROCR_VISIBLE_DEVICES=GPU-0000000000001235,0,5 --per device
is '0-7,32-39 ROCR=1 #=0
8-15,40-47 ROCR=0 #=1
16-31,48-63 ROCR=5 #=2'
for name in HIP CUDA; do
    gives ROCR_VISIBLE_DEVICES=1,3,5 ${name}_VISIBLE_DEVICES=2,0,7,1 --per device
    is "16-31,48-63 ROCR=5 ${name}_VISIBLE_DEVICES=0 #=0
0-15,32-47 ROCR=1 ${name}_VISIBLE_DEVICES=0 #=1"
done

# ---- Intel: cards, along the bus; tiles, if the user says so
machine intel2
ordered=ZE_ENABLE_PCI_ID_DEVICE_ORDER=1
gives --per device
is "0-15,32-47 ZE_AFFINITY_MASK=0 $ordered ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE #=0
16-31,48-63 ZE_AFFINITY_MASK=1 $ordered ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE #=1"
gives ZE_FLAT_DEVICE_HIERARCHY=FLAT --per intel
is "0-7,32-39 ZE_AFFINITY_MASK=0 $ordered #=0
8-15,40-47 ZE_AFFINITY_MASK=1 $ordered #=1
16-23,48-55 ZE_AFFINITY_MASK=2 $ordered #=2
24-31,56-63 ZE_AFFINITY_MASK=3 $ordered #=3"
gives ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE ZE_AFFINITY_MASK=1.1,0,2 --per device
is "16-31,48-63 ZE_AFFINITY_MASK=1.1 $ordered #=0
0-15,32-47 ZE_AFFINITY_MASK=0 $ordered #=1"
refuses 'cards or their tiles depends on the version' ZE_AFFINITY_MASK=1 "$MPRUN" --per device

# ---- A mix: each sees one device, of one kind; what is near to the first is not known
machine mix
gives --per device
is "0-63 CUDA=GPU-00000000- ROCR_VISIBLE_DEVICES=-1 HIP_VISIBLE_DEVICES=-1 ZE_AFFINITY_MASK=9999 $ordered ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE #=0
16-23,48-55 CUDA=GPU-00000011-1 ROCR_VISIBLE_DEVICES=-1 HIP_VISIBLE_DEVICES=-1 ZE_AFFINITY_MASK=9999 $ordered ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE #=1
0-15,32-47 CUDA=-1 ROCR_VISIBLE_DEVICES=0 HIP_VISIBLE_DEVICES=0 ZE_AFFINITY_MASK=9999 $ordered ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE #=2
24-31,56-63 CUDA=-1 ROCR_VISIBLE_DEVICES=-1 HIP_VISIBLE_DEVICES=-1 ZE_AFFINITY_MASK=0 $ordered ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE #=3"
grep -q 'rank 0 .*near to CPUs unknown' "$work/out" || fail "$what: unknown nearness is not said"
refuses 'the devices differ, and CUDA chooses the order' CUDA_VISIBLE_DEVICES=1 "$MPRUN" --per nvidia
gives CUDA_VISIBLE_DEVICES=1 CUDA_DEVICE_ORDER=PCI_BUS_ID --per nvidia
is '16-31,48-63 CUDA=GPU-00000011-1 #=0'

# ---- A container that shows eight and allows two, and four CPUs' worth of time
machine container
gives --per device
is '0-15,32-47 CUDA=GPU-00000022-2 #=0
16-31,48-63 CUDA=GPU-00000055-5 #=1'
[ "$(grep -c 'OMP_NUM_THREADS=2$' "$work/out")" -eq 2 ] || fail "$what: a quota allows two threads each"
refuses '3 ranks want 3 devices, but 2 may be used (/dev/nvidia7: ' "$MPRUN" --per device -n 3
gives CUDA_VISIBLE_DEVICES=1 --per device
is '16-31,48-63 CUDA=GPU-00000055-5 #=0'

# ---- None
machine none
refuses '--per device: there is none (looked for: NVIDIA' "$MPRUN" --per device
refuses '--per amd: there is none' "$MPRUN" --per amd
refuses 'knows .*"device:all", not "card"' "$MPRUN" --per card
refuses 'wants a number of devices, not "0"' "$MPRUN" --devices-per-rank 0

# What is printed is what ranks find.
machine mix
run "$MPRUN" --per device sh -c 'echo "$LOCAL_RANK $CUDA_VISIBLE_DEVICES $ROCR_VISIBLE_DEVICES $ZE_AFFINITY_MASK $MPRUN_DEVICE"'
what='--per device'
says '0 GPU-00000000-aaaa-bbbb-cccc-000000000000 -1 9999 0
1 GPU-00000011-aaaa-bbbb-cccc-000000000001 -1 9999 1
2 -1 0 9999 2
3 -1 -1 0 3'
run "$MPRUN" --display map --per device true
warns 'rank 2 is bound to CPUs 0-15,32-47, with amd 0 (0000:c1:00.0'
warns 'the CPUs of MPRUN_SYSROOT: nobody is bound'
left_nothing
finish
