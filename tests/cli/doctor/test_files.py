"""Permissions, users and disks: real modes, real file systems that are full or read-only."""

from __future__ import annotations

import re

import pytest

from cli.doctor import files
from tests.cli.doctor.ward import ROOT, ROOT_ONLY, Ward

NOBODY = 65534


def test_what_is_closed_is_no_finding(ward: Ward) -> None:
    told = ward.doctor()
    assert not told.codes & {"open-to-others", "key-open-to-others", "user-missing"}
    assert not {code for code in told.codes if code.startswith(("disk", "inodes"))}


@pytest.mark.parametrize("place", ["agent", "courier"])
def test_a_state_that_others_read(ward: Ward, place: str) -> None:
    (ward.root / place).chmod(0o755)
    told = ward.doctor()
    assert f"chmod o-rwx {ward.root}/{place}" in told.what("open-to-others")
    assert told.exit_code == 1


def test_settings_that_others_write(ward: Ward) -> None:
    ward.file.chmod(0o666)
    assert f"chmod o-w {ward.file}" in ward.doctor().what("open-to-others")


@pytest.mark.parametrize("place", ["agent/key", "courier/enrolment.json"])
def test_a_key_that_the_group_reads(ward: Ward, place: str) -> None:
    key = ward.root / place
    key.write_bytes(b"k" * 32)
    key.chmod(0o640)
    assert f"chmod go-rwx {key}" in ward.doctor().what("key-open-to-others")
    key.chmod(0o600)
    assert "key-open-to-others" not in ward.doctor().codes


@ROOT_ONLY
def test_who_may_not_look_is_told_so_and_nothing_is_called_fine(ward: Ward) -> None:
    ward.journal().close()
    told = ward.doctor(user=NOBODY)
    assert any(f"{ward.state}/journal — нет прав, повторите от root" in it for it in told.unseen)
    assert "agent-not-running" not in told.codes, "that could not be seen"


@ROOT_ONLY
class TestDisk:
    def test_full(self, ward: Ward) -> None:
        told = ward.doctor(
            f"mount -t tmpfs -o size=256k,mode=750 tmpfs {ward.state}; mkdir {ward.state}/journal\n"
            f"chmod 750 {ward.state}/journal; dd if=/dev/zero of={ward.state}/x 2>/dev/null || :"
        )
        assert "осталось 0 МиБ" in told.what("disk-full")

    def test_nearly_full(self, ward: Ward) -> None:
        told = ward.doctor(
            f"mount -t tmpfs -o size=500m,mode=750 tmpfs {ward.state}\n"
            f"fallocate -l 480m {ward.state}/filler"
        )
        assert "осталось 20 МиБ" in told.what("disk-nearly-full")

    def test_read_only(self, ward: Ward) -> None:
        told = ward.doctor(f"mount -t tmpfs -o size=64m,mode=750,ro tmpfs {ward.state}")
        assert f"findmnt -n -o TARGET -T {ward.state}" in told.what("disk-read-only")

    def test_without_inodes(self, ward: Ward) -> None:
        told = ward.doctor(
            f"mount -t tmpfs -o size=64m,nr_inodes=20,mode=750 tmpfs {ward.state}\n"
            f"mkdir -m 750 {ward.state}/journal"
        )
        assert "осталось 18" in told.what("inodes-short")


PACKAGED = """
mount -t tmpfs tmpfs /var/lib
mkdir -p -m 750 /var/lib/klyuchar/agent/journal /var/lib/klyuchar/courier
chmod 750 /var/lib/klyuchar/agent /var/lib/klyuchar/courier
sed -i 's#{root}/\\(agent\\|courier\\)#/var/lib/klyuchar/\\1#' {root}/klyuchar.toml
for file in passwd group; do grep -v ^klyuchar /etc/$file >{root}/$file; done
"""
USERS = """
for name in {users}; do
  echo "$name:x:$((uid = ${uid-64000} + 1)):$uid::/:/bin/false" >>{root}/passwd
  echo "$name:x:$uid:" >>{root}/group
done
"""
TAKEN = "for file in passwd group; do mount --bind {root}/$file /etc/$file; done\n"


@ROOT_ONLY
def test_the_packages_users_are_missed(ward: Ward) -> None:
    told = ward.doctor((PACKAGED + TAKEN).replace("{root}", str(ward.root)))
    assert "user-missing" in told.codes
    made = USERS.replace("{users}", " ".join(files.USERS))
    told = ward.doctor((PACKAGED + made + TAKEN).replace("{root}", str(ward.root)))
    assert "user-missing" not in told.codes


def test_all_of_the_workstations_users_are_asked_for() -> None:
    told = (ROOT / "systemd" / "klyuchar.sysusers.conf").read_text()
    assert set(re.findall(r"^u (\S+)", told, re.MULTILINE)) - {"klyuchar-ledger"} == set(
        files.USERS
    )
