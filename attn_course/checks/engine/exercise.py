"""What an exercise is, as data: the cases it is tried on, the aspects it is graded by, what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from torch import Tensor

Measure = Literal["values", "gradients", "dtype", "device", "unchanged", "state"]
"""What an aspect is decided by. `values` and `gradients` look at the aspect's own cases and at the numbers in
them; `dtype` and `unchanged` look at every case; `device` and `state` at their own cases."""

HYGIENE: frozenset[str] = frozenset({"dtype", "device", "unchanged", "state"})
"""Measures that say nothing about the numbers: they earn points only once some result is right."""


@dataclass(frozen=True)
class Output:
    """One thing that an exercise returns.

    Args:
        name: The noun of the report, such as "weights".
        axes: Names of its axes in the plural, right-aligned; axes before them are batch axes.
        dtype: "input" (the dtype of the case's floating-point inputs), "bool" or "int64".
        kind: "tensor", "number" (a float or a 0-dim tensor) or "tensors" (a sequence of tensors).
        exact_zero: Which entries must be exactly 0 in a case, as booleans of the result's shape (the weights of
            hidden keys).
        compare: Replaces the comparison where several results are right: gets (got, expected, case) as arrays and
            the case, returns None or the sentence that says what is wrong.
        explain: Says of wrong numbers what is wrong with them, where the first ones alone would tell a learner little:
            gets (got, expected, case), with arrays of one shape.
    """

    name: str
    axes: tuple[str, ...] = ()
    dtype: Literal["input", "bool", "int64"] = "input"
    kind: Literal["tensor", "number", "tensors"] = "tensor"
    exact_zero: Callable[[Case, tuple[int, ...]], Any] | None = None
    compare: Callable[[Any, Any, Case], str | None] | None = None
    explain: Callable[[Any, Any, Case], str] | None = None


@dataclass(frozen=True)
class Fresh:
    """An argument that is made anew for each call, because it is a callable or keeps count of its calls."""

    make: Callable[[], Any]


@dataclass(frozen=True)
class Seeded:
    """A `torch.Generator` with this seed, made anew for each call, where the inputs lie. An answer must draw from it."""

    seed: int


@dataclass(frozen=True)
class Case:
    """One call of the learner's object (or several in a row), and what is looked at.

    Args:
        aspect: Id of the aspect that this case shows.
        name: What the report says of it, such as "d_k = 16, two batch axes".
        arguments: Passed by position, in this order. Tensors are copied for each call. A `Fresh` or a `Seeded` is made
            anew.
        observe: "values" runs it forward; "gradients" also backward; "meta" runs it on tensors without data
            (does it name a device?); "default_device" runs it while new tensors are made on another device;
            "repeat" makes the calls of `then` before and after it, and it again.
        gradients: Names of the arguments (or parameters) whose gradients are graded.
        layouts: How an argument lies in memory, by its name: "transposed", "permuted", "strided" or "expanded".
        then: Further calls for "repeat".
        init: Arguments of the constructor, for a class.
        weights: The parameters to load, for a class.
        tolerance: Relative tolerance where the default of the dtype does not fit.
        compared: Names of the returns whose values are compared; all by default. An aspect that is about one of
            several returns then does not depend on the others.
    """

    aspect: str
    name: str
    arguments: Mapping[str, Any]
    observe: Literal["values", "gradients", "meta", "default_device", "repeat"] = "values"
    gradients: tuple[str, ...] = ()
    layouts: Mapping[str, str] = field(default_factory=dict)
    then: tuple[Mapping[str, Any], ...] = ()
    init: tuple[Any, ...] = ()
    weights: Mapping[str, Any] | None = None
    tolerance: float | None = None
    compared: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[Case, ...]:
        """One case for each call: itself alone, or for "repeat" those of `then` and itself, twice."""
        if not self.then:
            return (self,)
        once = (*(replace(self, arguments=arguments, then=()) for arguments in self.then), replace(self, then=()))
        return once + once

    @property
    def has_tensor(self) -> bool:
        """Whether there is an input that a new tensor can follow to its device."""
        things = [*self.arguments.values(), *(self.weights or {}).values()]
        return any(isinstance(t, Tensor) or (isinstance(t, (list, tuple)) and len(t) > 0) for t in things)


@dataclass(frozen=True)
class Aspect:
    """One thing that is graded.

    Args:
        id: Short name, unique in the exercise.
        name: The line of the report: a true sentence about a right answer.
        points: What it is worth.
        hint: What to try when it fails.
        reread: Label of the section of the book that explains it.
        measure: How it is decided.
    """

    id: str
    name: str
    points: int | float
    hint: str = ""
    reread: str = ""
    measure: Measure = "values"


@dataclass(frozen=True)
class Exercise:
    """One task of a chapter.

    Args:
        id: Name of the learner's function or class, of its reference and of its check cell.
        points: Sum of the points of its aspects.
        signature: The call as the notebook shows it, for messages.
        returns: What a call gives back, in order.
        cases: The inputs of a seed.
        aspects: What is graded, in the order of the report.
        reference: "module:name" of the right answer; imported by the judge only.
        kind: Whether the learner writes a function or a class.
        main: Positions in `returns` through which gradients are graded.
        method: What to call on an instance, for a class.
        forbidden: Calls that are refused beside the ready-made answers of `ready_made`: "module:function".
        allowed: Ready-made names that this exercise may use.
        settle: Where results are drawn at random: makes of a result, of the arguments of its call and of the case what
            no luck has a part in, with its graph; that is looked at in place of the result. What it cannot read it
            passes on as it is.
    """

    id: str
    points: int | float
    signature: str
    returns: tuple[Output, ...]
    cases: Callable[[int], Sequence[Case]]
    aspects: tuple[Aspect, ...]
    reference: str
    kind: Literal["function", "class"] = "function"
    main: tuple[int, ...] = (0,)
    method: str = "forward"
    forbidden: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    settle: Callable[[Any, Mapping[str, Any], Case], Any] | None = None

    def __post_init__(self) -> None:
        total = sum(aspect.points for aspect in self.aspects)
        if abs(total - self.points) > 1e-9:
            raise ValueError(f"{self.id}: its aspects are worth {total:g} points, the exercise {self.points:g}")


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners really write.

    Args:
        id: Its name, such as "no-scale".
        exercise: Id of the exercise.
        implementation: The wrong function or class itself.
        sentence: What a good teacher would say on seeing it.
        reread: Label of the section of the book that explains it.
    """

    id: str
    exercise: str
    implementation: Any
    sentence: str
    reread: str


class Mistakes(list[Mistake]):
    """The mistakes of one chapter; `add` is the decorator that enters one."""

    def add(self, exercise: str, id: str, sentence: str, reread: str) -> Callable[[Any], Any]:
        """Enter the decorated function or class as the mistake `id` of `exercise`."""

        def enter(implementation: Any) -> Any:
            self.append(Mistake(id, exercise, implementation, sentence, reread))
            return implementation

        return enter


@dataclass(frozen=True)
class Chapter:
    """The exercises of one chapter.

    Args:
        number: Two digits, such as "04".
        slug: Name of its files everywhere.
        title: Title of the chapter.
        exercises: In the order of the notebook.
        sections: Label of a section of the book → its title, for the reports.
    """

    number: str
    slug: str
    title: str
    exercises: tuple[Exercise, ...]
    sections: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of its folder and its notebook, such as "04_scaled_dot_product"."""
        return f"{self.number}_{self.slug}"
