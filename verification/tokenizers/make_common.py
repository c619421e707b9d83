"""Shared by the makers."""

import gzip
import io
from pathlib import Path


def packed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0, filename="") as f:
        f.write(text.encode("utf-8", "surrogatepass"))
    path.write_bytes(raw.getvalue())
