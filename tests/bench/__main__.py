"""Build what every case needs and no case has: `python -m tests.bench`."""

from tests.bench import images

print(f"The guest is ready in {images.guest()}, booted in {images.booted()}")
