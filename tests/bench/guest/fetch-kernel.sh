#!/bin/sh
# Hook of mmdebstrap, as soon as its package lists are there: fetch and unpack the kernel beside it.
# The kernel is not installed: the guest needs a twentieth of its modules and no initramfs-tools.
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
mkdir "$WORK/kernel" "$WORK/made"
cd "$WORK/kernel"
image=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')

# The lock is held by whoever still works; add-kernel.sh waits for it.
exec 9>lock
flock 9
{
  set -e
  apt-get download -q "$image" busybox-static
  dpkg-deb -x "$image"_*.deb image
  dpkg-deb -x busybox-static_*.deb busybox
  python3 "$WORK/guest/unpack_kernel.py" "image/boot/vmlinuz-${image#linux-image-}" "$WORK/made/vmlinux"
  echo "${image#linux-image-}" > release
} > log 2>&1 &
