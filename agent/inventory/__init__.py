"""The inventory of a workstation: what is installed on it and what machine it is.

A program of its own, started by a timer and when a package database changed. It has no network and
no devices, and writes one file, which the agent takes over (`agent.stock`).
"""
