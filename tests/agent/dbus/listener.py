"""A subscriber on the bus, of any user: prints what it is told, one JSON line a message.

DBUS_SYSTEM_BUS_ADDRESS=… python -m tests.agent.dbus.listener
"""

from __future__ import annotations

import json
import select

from jeepney import DBusAddress, HeaderFields, new_method_call

from agent.dbus.interface import NAME, PATH
from agent.dbus.wire import Bus, Refused, field


def main() -> None:
    bus = Bus("SYSTEM")
    try:
        bus.call(new_method_call(DBusAddress(PATH, NAME, NAME), "Subscribe"))
    except Refused as refused:
        print(json.dumps({"refused": refused.name}), flush=True)
        return
    print(json.dumps({"subscribed": True}), flush=True)
    while True:
        if not bus.has_early:
            select.select([bus], [], [])
        for message in bus.received():
            if field(message, HeaderFields.interface) == NAME:
                print(json.dumps([field(message, HeaderFields.member), *message.body]), flush=True)


if __name__ == "__main__":
    main()
