"""Reads a file of weights into plain tensors: safetensors, or a state dict as PyTorch saves it. Nothing in a file is ever run.

A pickle runs what it contains. So PyTorch's own loader is only ever called with ``weights_only=True``, which builds tensors and
containers and refuses the rest; there is no second try without it. The file's ending is not believed, its first bytes are.
"""

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from torch import Tensor

from app.errors import ModelError

WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights")
"""The entries under which training programs keep the state dict beside the optimiser and the epoch."""
GLOBAL = re.compile(r"GLOBAL ([\w.]+)")

State = dict[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What a file holds: float32 (counters int64) tensors by name, the file's own sha256, and what was done to get there."""

    file: str
    sha256: str
    size: int
    state: State
    told: tuple[str, ...]


def read(path: Path) -> Checkpoint:
    """The tensors of a file. ModelError with what is wrong and what to do where there are none, or more than tensors."""
    if not path.is_file():
        raise ModelError("“%(file)s” is not a file. Name a .safetensors, .pt, .pth or .bin file.", {"file": path.name})
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError("“%(file)s” cannot be read: %(error)s.", {"file": path.name, "error": str(error.strerror)}) from error
    told: list[str] = []
    found = _safetensors(data, path) if _is_safetensors(data) else _unwrapped(_pytorch(data, path), path, told)
    return Checkpoint(path.name, hashlib.sha256(data).hexdigest(), len(data), _plain(found, path, told), tuple(told))


def _is_safetensors(data: bytes) -> bool:
    """A safetensors file begins with the length of its header, in 8 bytes, and the header with a brace."""
    return len(data) > 9 and data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) - 8


def _safetensors(data: bytes, path: Path) -> State:
    try:
        return load_safetensors(data)
    except Exception as error:  # safetensors raises a type of its own
        raise ModelError(
            "“%(file)s” begins like a safetensors file and is damaged: %(error)s. Copy it again.",
            {"file": path.name, "error": str(error)[:200]},
        ) from error


def _pytorch(data: bytes, path: Path) -> Any:
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # many types, by what is in the file; none of it was run
        said = str(error)
        if "TorchScript" in said:
            what = "it is a TorchScript program"
        elif any(word in said for word in ("GLOBAL", "Unsupported class", "Can only build")):
            named = GLOBAL.search(said)
            what = f"it holds more than tensors ({named.group(1)})" if named else "it holds more than tensors"
        else:
            raise ModelError(
                "“%(file)s” is neither a safetensors file nor a PyTorch state dict, or it is damaged.", {"file": path.name}
            ) from error
        raise ModelError(
            "“%(file)s” was not opened: %(what)s, and opening that would run what is in it. Where you trust it, save the "
            "tensors alone: torch.save(model.state_dict(), “weights.pt”).",
            {"file": path.name, "what": what},
        ) from error


def _unwrapped(found: Any, path: Path, told: list[str]) -> Mapping[str, Any]:
    """The innermost dict that has tensors, through the entries that training programs wrap it in."""
    for _ in range(3):
        if not isinstance(found, Mapping):
            break
        if any(isinstance(value, Tensor) for value in found.values()):
            return found
        inside = [key for key in WRAPPERS if isinstance(found.get(key), Mapping)]
        if len(inside) != 1:
            break
        found = found[inside[0]]
        told.append(f"taken from the entry “{inside[0]}”")
    keys = ", ".join(map(str, list(found)[:6])) if isinstance(found, Mapping) else type(found).__name__
    raise ModelError(
        "“%(file)s” holds no state dict that can be told from the rest. It holds: %(keys)s. Known wrappers: %(known)s.",
        {"file": path.name, "keys": keys[:200] or "nothing", "known": ", ".join(WRAPPERS)},
    )


def _plain(found: Mapping[str, Any], path: Path, told: list[str]) -> State:
    """Contiguous float32 tensors, counters as int64; entries that are no tensors are left out and said."""
    state: State = {}
    kinds: set[str] = set()
    for name, value in found.items():
        if not isinstance(value, Tensor):
            told.append(f"the entry “{name}” is no tensor and was left out")
            continue
        if value.layout != torch.strided or value.is_quantized or value.is_complex():
            raise ModelError(
                "“%(name)s” in “%(file)s” is a sparse, quantised or complex tensor; only plain ones are read.",
                {"name": str(name), "file": path.name},
            )
        plain = value.detach()
        if plain.is_floating_point():
            if plain.dtype != torch.float32:
                kinds.add(str(plain.dtype).removeprefix("torch."))
            plain = plain.float()
        else:
            plain = plain.long()
        state[str(name)] = plain.contiguous().clone()
    told += [f"{kind} became float32" for kind in sorted(kinds)]
    return state
