"""The workstation daemon: the only place with effects on a workstation."""

VERSION = "0.1.0"
