"""Take the kernel out of its compressed image: unpacking it inside an emulator costs seconds."""

import lzma
import sys
from pathlib import Path

XZ_MAGIC = b"\xfd7zXZ\x00"

untrusted_image = Path(sys.argv[1]).read_bytes()
packed = untrusted_image[untrusted_image.index(XZ_MAGIC) :]
Path(sys.argv[2]).write_bytes(lzma.LZMADecompressor().decompress(packed))
