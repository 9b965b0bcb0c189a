"""The process that loads one PKCS#11 module: `python -m drivers.worker`, its socket on stdin.

One thread, one module, one private socket. It trusts the module with its own memory and nothing
else: the kernel ends it when a call takes too long, and the agent believes none of its words
before parsing them. See docs/adr/0002-workers-by-socket-activation.md.
"""
