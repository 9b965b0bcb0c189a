"""Pure rules that judge a carrier plugged into a workstation: no I/O, no clock, no logger."""
