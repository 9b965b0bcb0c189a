#!/bin/sh
# build.sh OUT: the guest in OUT/disk.ext4 with OUT/vmlinux and OUT/initrd; OUT/versions says of what.
# As root, or as a user with newuidmap (package uidmap). Nothing of the host's apt is used or changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mirror=${KLYUCHAR_BENCH_MIRROR:-http://deb.debian.org/debian}
out=$1

# mmdebstrap may work in a user namespace, whose users reach nothing below a home directory.
work=$(mktemp -d /tmp/klyuchar-guest.XXXXXX)
clean() {
  # What was made in a user namespace belongs to one of its users.
  [ "$(id -u)" = 0 ] || mmdebstrap --unshare-helper rm -rf "$work/kernel" "$work/made"
  rm -rf "$work"
}
trap clean EXIT
chmod 1777 "$work"
cp -r "$here" "$work/guest"

list() { grep -v '^#' "$here/$1" | paste -sd, -; }
export WORK="$work"
mmdebstrap --quiet --variant=apt --format=null --skip=cleanup --include="$(list packages)" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
  --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  --extract-hook='sh "$WORK/guest/fetch-kernel.sh"' \
  --customize-hook='sh "$WORK/guest/add-kernel.sh" "$1"' \
  --customize-hook='sh "$WORK/guest/finish.sh" "$1"' \
  bookworm - "$mirror" "deb $mirror bookworm-updates main" \
  "deb ${KLYUCHAR_BENCH_SECURITY_MIRROR:-http://deb.debian.org/debian-security} bookworm-security main"

mkdir -p "$out"
for made in versions vmlinux initrd disk.ext4; do
  cp --sparse=always "$work/made/$made" "$out/"
done
