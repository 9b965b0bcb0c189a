#!/bin/sh
# Last hook of mmdebstrap: settle the guest, then make a disk of it.
set -eu
root=$1

cp -r "$WORK/guest/rootfs/." "$root/"
echo klyuchar-guest > "$root/etc/hostname"
echo '127.0.0.1 localhost klyuchar-guest' > "$root/etc/hosts"
: > "$root/etc/resolv.conf"
: > "$root/etc/fstab"
# A known identity, so that logs and journals of two runs can be compared.
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
# The one sits at the seat (see getty@tty1.service.d), the other only has an account.
for user in ivanova petrov; do
  chroot "$root" useradd --create-home --shell /bin/bash "$user"
done
chroot "$root" systemctl -q enable bench-agent.service
# Nothing of its own accord: a case starts usbguard when it wants it.
chroot "$root" systemctl -q mask usbguard.service usbguard-dbus.service serial-getty@ttyS0.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  e2scrub_reap.service systemd-pstore.service
# Seconds of an emulated boot, for things nobody asks for here.
chroot "$root" systemctl -q mask dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount systemd-binfmt.service

# mmdebstrap keeps services from starting while it builds, and would take this back too late for us.
rm "$root/usr/sbin/policy-rc.d"
starter="$root/usr/sbin/start-stop-daemon"
[ ! -e "$starter.REAL" ] || mv "$starter.REAL" "$starter"

chroot "$root" dpkg-query -W > "$WORK/made/versions"
cat "$WORK/kernel/release" >> "$WORK/made/versions"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/*.log "$root"/tmp/*

# The mounts that mmdebstrap made below the root must not become part of the disk.
mkdir "$WORK/bare"
unshare --mount sh -eu -c '
  mount --bind "$1" "$2/bare"
  truncate -s 2G "$2/made/disk.ext4"
  mke2fs -q -t ext4 -L guest -m 0 -E lazy_itable_init=1,nodiscard -d "$2/bare" "$2/made/disk.ext4"
' sh "$root" "$WORK"
