"""The interface ru.klyuchar.Agent1 as it is told to others, and the messages that make it up."""

from __future__ import annotations

from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, new_signal

from agent.dbus.tidings import Word
from agent.dbus.wire import field

NAME = "ru.klyuchar.Agent1"
PATH = "/ru/klyuchar/Agent1"
PROPERTIES = "org.freedesktop.DBus.Properties"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
PEER = "org.freedesktop.DBus.Peer"

ACCESS_DENIED = "org.freedesktop.DBus.Error.AccessDenied"
LIMITS_EXCEEDED = "org.freedesktop.DBus.Error.LimitsExceeded"
UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"
UNKNOWN_PROPERTY = "org.freedesktop.DBus.Error.UnknownProperty"
READ_ONLY = "org.freedesktop.DBus.Error.PropertyReadOnly"
INVALID_ARGUMENTS = "org.freedesktop.DBus.Error.InvalidArgs"
COULD_NOT_ASK = f"{NAME}.Error.CouldNotAsk"

_DOCTYPE = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" '
    '"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n'
)
_OBJECT = f"""\
<node>
 <interface name="{NAME}">
  <method name="Status"><arg name="json" type="s" direction="out"/></method>
  <method name="Rescan"/>
  <method name="Subscribe"/>
  <method name="Unsubscribe"/>
  <signal name="Judged">
   <arg name="record" type="t"/><arg name="key" type="s"/><arg name="verdict" type="a{{sv}}"/>
  </signal>
  <signal name="Gone"><arg name="record" type="t"/><arg name="key" type="s"/></signal>
  <property name="Version" type="s" access="read"/>
  <property name="Carriers" type="u" access="read"/>
  <property name="Level" type="s" access="read"/>
  <property name="Blind" type="as" access="read"/>
 </interface>
 <interface name="{PROPERTIES}">
  <method name="Get">
   <arg name="interface" type="s" direction="in"/><arg name="name" type="s" direction="in"/>
   <arg name="value" type="v" direction="out"/>
  </method>
  <method name="GetAll">
   <arg name="interface" type="s" direction="in"/>
   <arg name="values" type="a{{sv}}" direction="out"/>
  </method>
  <method name="Set">
   <arg name="interface" type="s" direction="in"/><arg name="name" type="s" direction="in"/>
   <arg name="value" type="v" direction="in"/>
  </method>
  <signal name="PropertiesChanged">
   <arg name="interface" type="s"/><arg name="changed" type="a{{sv}}"/>
   <arg name="invalidated" type="as"/>
  </signal>
 </interface>
 <interface name="{INTROSPECTABLE}">
  <method name="Introspect"><arg name="xml" type="s" direction="out"/></method>
 </interface>
 <interface name="{PEER}"><method name="Ping"/></interface>
</node>
"""
_OURS = DBusAddress(PATH, interface=NAME)
_STANDARD = DBusAddress(PATH, interface=PROPERTIES)

Values = dict[str, tuple[str, Any]]


def description(path: str) -> str | None:
    """The introspection of the object at ``path`` or of a node above it, None elsewhere."""
    if path == PATH:
        return _DOCTYPE + _OBJECT
    above = path.rstrip("/") + "/"
    if not PATH.startswith(above):
        return None
    child = PATH.removeprefix(above).partition("/")[0]
    return f'{_DOCTYPE}<node>\n <node name="{child}"/>\n</node>\n'


def telling(word: Word, to: str) -> Message:
    """The signal that tells ``word``, to one connection and nobody else."""
    if word.verdict:
        verdict = {name: ("s", value) for name, value in word.verdict.items()}
        body: tuple[Any, ...] = (word.record, word.key, verdict)
        message = new_signal(_OURS, "Judged", "tsa{sv}", body)
    else:
        message = new_signal(_OURS, "Gone", "ts", (word.record, word.key))
    message.header.fields[HeaderFields.destination] = to
    return message


def changed(values: Values) -> Message:
    """The standard signal that properties have new values, for everybody."""
    return new_signal(_STANDARD, "PropertiesChanged", "sa{sv}as", (NAME, values, []))


def sender(message: Message) -> str:
    """The connection that a message is from: the bus's word, not the sender's."""
    return field(message, HeaderFields.sender)
