"""A tape: every torch function a network calls on its way from film to logits, with the values between them.

The tape is the explicit graph that the relevance engine walks. It is recorded while the network runs, not by symbolic tracing:
`torch.fx` swaps `nn.Module.__call__` for the whole process while it traces, which would disturb a prediction in another thread.
The network itself is never touched. A *shell* of it runs instead: new module objects over the same parameters, whose hooks note
which module is at work and die with the shell. Knows torch; knows nothing of methods or films.
"""

import inspect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands in recorded arguments for the value with this index."""

    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One torch function call. ``inputs`` are the indices of the values it read that depend on the film, in the order of its
    arguments; ``output`` the value it made; ``part`` which one, where it returned several. ``place`` is the path of the module
    that called it."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[int, ...]
    output: int
    part: int | None
    place: str

    def again(self, inputs: Sequence[Tensor]) -> Tensor:
        """The same call on other tensors, one for each of ``inputs``."""
        waiting = iter(inputs)
        args, kwargs = _replace((self.args, self.kwargs), lambda item: next(waiting) if isinstance(item, Ref) else item)
        result = self.function(*args, **kwargs)
        return result if self.part is None else result[self.part]  # type: ignore[no-any-return]

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument that may have been given by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """``values[0]`` is the network's input; ``calls`` in the order they were made; ``places`` maps a module's path to the value
    it returned last; ``output`` is the value with the logits."""

    values: tuple[Tensor, ...]
    calls: tuple[Call, ...]
    places: dict[str, int]
    output: int


def tape(network: nn.Module, film: Tensor) -> Tape:
    """Run ``network`` (eval mode) on ``film`` (slices, channels, h, w) once, in the caller's grad mode, and record it."""
    recorder = _Recorder(film)
    shell = _shell(network, "", recorder, {})
    with recorder:
        result = shell(film)
    return recorder.finish(result)


class _Recorder(TorchFunctionMode):
    """Sees every torch function of the current thread; a mode belongs to one thread, so another thread's calls never mix in."""

    def __init__(self, film: Tensor) -> None:
        super().__init__()
        self.values: list[Tensor] = [film]
        self.calls: list[Call] = []
        self.places: dict[str, int] = {}
        self.path: list[str] = []
        self.known: dict[int, int] = {id(film): 0}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one function; note it when it reads a value that depends on the film."""
        kwargs = dict(kwargs or {})
        inputs: list[int] = []

        def refer(item: Any) -> Any:
            if not isinstance(item, Tensor):
                return item
            index = self.known.get(id(item))
            if index is None and item.requires_grad and not item.is_leaf:
                index = self._unannounced(item)
            if index is None:
                return item
            inputs.append(index)
            return Ref(index)

        referred_args, referred_kwargs = _replace((args, kwargs), refer)
        if not inputs:
            return func(*args, **kwargs)
        name = func.__name__
        if name == "__setitem__" or (name.endswith("_") and not name.endswith("__")):
            return self._inplace(func, name, (args, kwargs), (referred_args, referred_kwargs), inputs)
        if (position := _inplace_position(func)) is not None:
            # An in-place activation would overwrite the value that an explainer reads.
            args, referred_args = args[:position], referred_args[:position]
            kwargs = {key: value for key, value in kwargs.items() if key != "inplace"}
            referred_kwargs = {key: value for key, value in referred_kwargs.items() if key != "inplace"}
        result = func(*args, **kwargs)
        self._note(name, func, (referred_args, referred_kwargs), inputs, result)
        return result

    def _inplace(self, func: Callable[..., Any], name: str, given: Any, referred: Any, inputs: list[int]) -> Any:
        """A method such as ``relu_``, or ``x[…] = …``: its caller may go on with the tensor it changed. So it really runs in
        place, on a copy that takes the place of the value; the tape keeps the value itself."""
        changed = given[0][0]
        before = changed.clone()
        torch.utils.swap_tensors(changed, before)  # type: ignore[no-untyped-call]
        index = self.known.pop(id(changed), None)
        if index is not None:
            self.values[index] = before
            self.known[id(before)] = index
        result = func(*given[0], **given[1])
        plain = name if name == "__setitem__" else name[:-1]
        self._note(plain, getattr(torch.Tensor, plain, func), referred, inputs, changed)
        return result

    def _unannounced(self, value: Tensor) -> int:
        """A value that depends on the film by something torch does not announce, such as an `autograd.Function`: the tape keeps
        it as an operation that no rule fits, so that no method takes it for a constant."""
        self._note(type(value.grad_fn).__name__.removesuffix("Backward"), torch.clone, ((Ref(0),), {}), [0], value)
        return self.known[id(value)]

    def _note(self, name: str, func: Callable[..., Any], given: Any, inputs: list[int], result: Any) -> None:
        parts = list(enumerate(result)) if isinstance(result, tuple | list) else [(None, result)]
        for part, tensor in parts:
            if not isinstance(tensor, Tensor) or not tensor.is_floating_point() or id(tensor) in self.known:
                continue  # a size, a count, an index, or dropout's own input handed back
            index = len(self.values)
            self.values.append(tensor)
            self.known[id(tensor)] = index
            place = self.path[-1] if self.path else ""
            self.calls.append(Call(name, func, given[0], given[1], tuple(inputs), index, part, place))

    def enter(self, path: str) -> None:
        """A module begins."""
        self.path.append(path)

    def leave(self, path: str, result: Any) -> None:
        """A module is done."""
        self.path.pop()
        if id(result) in self.known:
            self.places[path] = self.known[id(result)]

    def finish(self, result: Any) -> Tape:
        """The tape, once the network has returned."""
        if isinstance(result, Tensor) and id(result) not in self.known and result.requires_grad:
            self._unannounced(result)
        if id(result) not in self.known:
            raise TypeError("the network must return one tensor of logits that depends on its input")
        return Tape(tuple(self.values), tuple(self.calls), self.places, self.known[id(result)])


def _replace(item: Any, swap: Callable[[Any], Any]) -> Any:
    """The same nest of tuples, lists and dicts with every leaf handed to ``swap``."""
    if type(item) in (tuple, list):
        return type(item)(_replace(part, swap) for part in item)
    if isinstance(item, dict):
        return {key: _replace(value, swap) for key, value in item.items()}
    return swap(item)


@lru_cache(maxsize=256)
def _inplace_position(func: Callable[..., Any]) -> int | None:
    """Where a function of torch.nn.functional takes ``inplace``; None when it does not."""
    if not inspect.isfunction(func):
        return None
    try:
        names = list(inspect.signature(func).parameters)
    except ValueError:  # a wrapped builtin, such as `Tensor.__pow__`, has none
        return None
    return names.index("inplace") if "inplace" in names else None


def _shell(module: nn.Module, path: str, recorder: _Recorder, twins: dict[int, nn.Module]) -> nn.Module:
    """New module objects over the same parameters, buffers and settings, with in-place activations switched off and with hooks
    of their own that tell the recorder where it is."""
    if id(module) in twins:
        return twins[id(module)]
    twin: nn.Module = object.__new__(type(module))
    twins[id(module)] = twin
    state = dict(module.__dict__)
    state["_modules"] = {
        name: child if child is None else _shell(child, f"{path}.{name}".lstrip("."), recorder, twins)
        for name, child in module._modules.items()
    }
    for hooks in ("_forward_hooks", "_forward_pre_hooks"):
        state[hooks] = OrderedDict(module.__dict__[hooks])
    if state.get("inplace") is True:
        state["inplace"] = False
    twin.__dict__.update(state)
    twin.register_forward_pre_hook(lambda _module, _args: recorder.enter(path))
    twin.register_forward_hook(lambda _module, _args, result: recorder.leave(path, result))
    return twin
