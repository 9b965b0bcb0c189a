"""Notifications on the desktop of who sits here: a follower in the user's own session."""
