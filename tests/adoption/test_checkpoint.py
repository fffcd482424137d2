"""Files of weights: what is read, what is refused, and that nothing in a file ever runs."""

import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as to_safetensors
from torch import nn

from app.adoption import checkpoint
from app.errors import ModelError
from tests.adoption.conftest import Save

STATE = {"a.weight": torch.arange(6.0).view(2, 3), "a.num_batches_tracked": torch.tensor(7)}


class Canary:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.path,))


def test_safetensors_and_state_dicts_are_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    for name in ("weights.safetensors", "weights.pt"):
        path = tmp_path / name
        path.write_bytes(to_safetensors(STATE))
        found = checkpoint.read(path)
        assert found.file == name
        torch.save(STATE, path)
        again = checkpoint.read(path)
        assert found.sha256 != again.sha256
        for state in (found.state, again.state):
            assert {key: value.dtype for key, value in state.items()} == {
                "a.weight": torch.float32,
                "a.num_batches_tracked": torch.int64,
            }
            assert torch.equal(state["a.weight"], STATE["a.weight"])


def test_a_file_of_before_zip_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "old.pth"
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    assert torch.equal(checkpoint.read(path).state["a.weight"], STATE["a.weight"])


@pytest.mark.parametrize(
    "wrapped", [{"state_dict": STATE, "epoch": 3}, {"model": {"state_dict": STATE}}, {"model": STATE, "lr": 0.1}]
)
def test_the_wrappers_of_training_programs_are_opened_and_told(save: Save, wrapped: object) -> None:
    found = checkpoint.read(save(wrapped))
    assert set(found.state) == set(STATE)
    assert "taken from the entry" in found.told[0]


def test_half_precision_becomes_single_and_other_entries_are_left_out(save: Save) -> None:
    found = checkpoint.read(save({"w": torch.ones(2).half(), "epoch": 3}))
    assert found.state["w"].dtype == torch.float32
    assert found.told == ("the entry “epoch” is no tensor and was left out", "float16 became float32")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_is_refused_and_never_runs(tmp_path: Path, zipped: bool) -> None:
    canary = tmp_path / "sang"
    path = tmp_path / "evil.pth"
    torch.save({"state_dict": STATE, "extra": Canary(canary)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"holds more than tensors .*would run what is in it"):
        checkpoint.read(path)
    path.write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(ModelError, match=r"evil\.pth"):
        checkpoint.read(path)
    assert not canary.exists()
    Path.touch(canary)  # the canary can sing: what it calls works
    assert canary.exists()


def test_a_whole_pickled_network_is_refused_with_the_way_out(save: Save) -> None:
    """As torchxrayvision publishes its weights."""
    with pytest.raises(ModelError, match=r"not opened.*torch\.save\(model\.state_dict\(\)"):
        checkpoint.read(save(nn.Linear(2, 3)))


def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "traced.pt"
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.trace(nn.ReLU(), torch.ones(1)), str(path))  # type: ignore[no-untyped-call]
    with pytest.raises(ModelError, match=r"traced\.pt.*TorchScript"):
        checkpoint.read(path)


def test_what_is_no_file_of_weights_is_told_as_such(tmp_path: Path, save: Save) -> None:
    with pytest.raises(ModelError, match="is not a file"):
        checkpoint.read(tmp_path / "nothing.pt")
    with pytest.raises(ModelError, match="is not a file"):
        checkpoint.read(tmp_path)
    path = tmp_path / "film.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(ModelError, match="neither"):
        checkpoint.read(path)
    path.write_bytes(struct.pack("<Q", 40) + b"{" + b"x" * 60)
    with pytest.raises(ModelError, match="damaged"):
        checkpoint.read(path)
    with pytest.raises(ModelError, match=r"no state dict that can be told.*epoch, lr"):
        checkpoint.read(save({"epoch": 1, "lr": 0.5}))
    with pytest.raises(ModelError, match="no state dict that can be told"):
        checkpoint.read(save({"model": STATE, "state_dict": STATE}))
    with pytest.raises(ModelError, match="no state dict"):
        checkpoint.read(save([1, 2, 3]))
    with pytest.raises(ModelError, match="sparse"):
        checkpoint.read(save({"w": torch.ones(2, 2).to_sparse()}))


def test_a_damaged_file_is_refused(save: Save) -> None:
    path = save(STATE)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match=r"neither|damaged"):
        checkpoint.read(path)
