"""Run commands for the bench: one JSON object a line in, one out, over a virtio serial port.

In:  {"id": 1, "command": ["sh", "-c", "…"], "timeout_s": 10, "stdin": "<base64>"}
Out: {"id": 1, "code": 0, "stdout": "<base64>", "stderr": "<base64>"}; the code is null when the
command had not ended in time, and it and its process group were killed.
"""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

PORT = "/dev/virtio-ports/klyuchar.bench"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run the command; what it printed and how it ended."""
    process = subprocess.Popen(
        request["command"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
    code: int | None
    try:
        printed = process.communicate(base64.b64decode(request["stdin"]), request["timeout_s"])
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed, code = process.communicate(), None
    stdout, stderr = (base64.b64encode(part).decode() for part in printed)
    return {"id": request["id"], "code": code, "stdout": stdout, "stderr": stderr}


def requests(port: int) -> Iterator[bytes]:
    """Whole lines as they come; while nobody is connected at the other end, wait."""
    pending = b""
    while True:
        read = os.read(port, 65536)
        if not read:
            time.sleep(0.1)
        *whole, pending = (pending + read).split(b"\n")
        yield from whole


def main() -> None:
    """Serve until the machine ends."""
    port = os.open(PORT, os.O_RDWR)
    for request in requests(port):
        reply = json.dumps(answer(json.loads(request))).encode() + b"\n"
        while reply:
            reply = reply[os.write(port, reply) :]


if __name__ == "__main__":
    main()
