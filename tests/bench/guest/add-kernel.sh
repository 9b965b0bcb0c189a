#!/bin/sh
# Hook of mmdebstrap, when the packages are installed: the guest's modules, and an initrd of our own.
set -eu
root=$1
cd "$WORK/kernel"
flock lock true
[ -f release ] || { cat log >&2; echo "The kernel could not be fetched or unpacked." >&2; exit 1; }
release=$(cat release)
list() { grep -v '^#' "$WORK/guest/$1"; }

# The guest's own kmod resolves dependencies, so that the host needs none.
mv image "$root/kernel"
paths() {
  for module in "$@"; do
    chroot "$root" modprobe -d /kernel -S "$release" --show-depends "$module" || exit 1
  done | sed -n 's|^insmod /kernel/\([^ ]*\).*|\1|p' | awk '!seen[$0]++'
}
chroot "$root" depmod -b /kernel "$release"
for path in $(paths $(list initrd-modules) $(list modules)); do
  install -D -m 644 "$root/kernel/$path" "$root/usr/$path"
done
cp "$root/kernel/lib/modules/$release"/modules.builtin* "$root/kernel/lib/modules/$release/modules.order" \
  "$root/usr/lib/modules/$release/"
chroot "$root" depmod "$release"

mkdir -p initrd/bin initrd/modules initrd/dev initrd/root
cp busybox/bin/busybox initrd/bin/
for path in $(paths $(list initrd-modules)); do
  cp "$root/kernel/$path" initrd/modules/
  echo "insmod /modules/${path##*/}"
done > initrd/load
cp "$WORK/guest/init" initrd/init
chmod 755 initrd/init
(cd initrd && find . | ./bin/busybox cpio -o -H newc 2>/dev/null) > "$WORK/made/initrd"
rm -r "$root/kernel"
