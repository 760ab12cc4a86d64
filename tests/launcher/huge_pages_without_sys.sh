# SPDX-License-Identifier: MIT
# timeout: 120
# Where /sys is not mounted, as in a plain chroot, a job gets its huge pages all the same.
as=
unshare -m true 2> /dev/null || as=-r
if ! unshare $as -m sh -c 'mount -t tmpfs none /sys' 2> /dev/null; then
    echo "this machine lets nobody hide /sys"
    exit 77
fi
exec unshare $as -m sh -c 'mount -t tmpfs none /sys && exec sh "$0"' "${srcdir:-.}/tests/launcher/huge.sh"
