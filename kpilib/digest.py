"""The hash of exactly the bytes that a person approves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from kpilib.errors import DeliveryError
from kpilib.pack import FILES

__all__ = ["digest_of", "digest_of_hashes", "pack_digest", "read_files"]


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of a pack's files by name.

    Raises
    ------
    DeliveryError
        when a file of the pack is missing or cannot be read.
    """
    files = {}
    for name in FILES:
        try:
            files[name] = (folder / name).read_bytes()
        except OSError as error:
            problem = f"not whole: {name} cannot be read ({error.strerror})"
            raise DeliveryError(
                f"The pack in {folder} is {problem}. Build it again.", folder=folder, problem=problem
            ) from None
    return files


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over names and bytes of a pack's files, in hexadecimal."""
    return digest_of_hashes({name: hashlib.sha256(files[name]).hexdigest() for name in FILES})


def digest_of_hashes(hashes: Mapping[str, str]) -> str:
    """Return the digest of a pack of whose files the SHA-256 are known already."""
    whole = hashlib.sha256()
    for name in FILES:
        whole.update(f"{name}\0{hashes[name]}\n".encode())
    return whole.hexdigest()


def pack_digest(folder: Path) -> str:
    """Return the digest of the pack that lies in a folder."""
    return digest_of(read_files(folder))
