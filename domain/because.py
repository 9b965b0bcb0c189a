"""Why the system refused, in words: strerror speaks the locale's language or none of ours."""

from __future__ import annotations

import errno

from domain.text import Text

_REASONS = {
    errno.ENOENT: Text(ru="нет такого файла или папки", en="no such file or directory"),
    errno.EACCES: Text(ru="нет прав", en="permission denied"),
    errno.EPERM: Text(ru="нет прав", en="not permitted"),
    errno.EEXIST: Text(ru="такой файл уже есть", en="the file exists already"),
    errno.EISDIR: Text(ru="это папка, а не файл", en="this is a directory, not a file"),
    errno.ENOTDIR: Text(ru="это файл, а не папка", en="this is a file, not a directory"),
    errno.ENOSPC: Text(ru="на диске нет места", en="no space left on the disk"),
    errno.EDQUOT: Text(ru="квота на диске исчерпана", en="the disk quota is used up"),
    errno.EROFS: Text(ru="диск доступен только для чтения", en="the disk is read-only"),
    errno.EIO: Text(ru="ошибка диска", en="the disk failed"),
    errno.EADDRINUSE: Text(ru="адрес уже занят", en="the address is in use"),
    errno.ECONNREFUSED: Text(ru="там никто не отвечает", en="nobody answers there"),
}


def because(error: OSError) -> Text:
    """The reason without the path; the system's own word where we have none."""
    own = error.strerror or str(error)
    return _REASONS.get(error.errno or 0, Text(ru=own, en=own))
