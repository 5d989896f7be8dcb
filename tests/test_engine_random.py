"""The engine on an exercise whose results are drawn at random: what is drawn is judged, not which draw it was."""

import pytest
import torch

from attn_course.checks.engine import Aspect, Case, Chapter, Draw, Exercise, Mistakes, Output, Seeded
from attn_course.checks.engine.judge import judge
from attn_course.checks.engine.manners import manner
from attn_course.checks.engine.respond import respond

mistakes = Mistakes()


def pick(x, generator):
    """The reference: an entry of x (length,), drawn evenly."""
    return x[torch.randint(len(x), (), generator=generator)]


@mistakes.add("pick", "average", "You take the mean.", "only")
def average(x, generator):
    torch.randint(len(x), (), generator=generator)
    return x.mean()


def settle(result, given, case):
    """0 for any entry of x, with the gradient that is left when the entry's own is taken away."""
    if not isinstance(result, torch.Tensor) or result.shape != () or case.aspect == "again":
        return result
    nearest = given["x"][(given["x"] - result).abs().argmin()]
    return result - nearest


def cases(seed):
    d = Draw(seed, "pick")
    return [
        Case("entry", "7 entries", {"x": d.normal(7), "generator": Seeded(seed)}),
        Case("gradients", "5 entries", {"x": d.normal(5), "generator": Seeded(seed)}, "gradients", ("x",)),
        Case("device", "inputs on another device", {"x": d.normal(5), "generator": Seeded(seed)}, "meta"),
        Case(
            "again",
            "the same state of the generator",
            {"x": d.normal(1000), "generator": Seeded(seed)},
            "repeat",
            then=({"x": d.normal(2000), "generator": Seeded(seed)},),
        ),
    ]


EXERCISE = Exercise(
    id="pick",
    points=5,
    signature="pick(x, generator)",
    returns=(Output("entry", explain=lambda got, expected, case: f"no entry of x ({got - expected:+.2f})"),),
    cases=cases,
    aspects=(
        Aspect("entry", "an entry of x", 1.0),
        manner("gradients", 1.0),
        Aspect("again", "the same state gives the same draw", 1.0, measure="state"),
        manner("device", 1.0),
        manner("unchanged", 1.0),
    ),
    reference="tests.test_engine_random:pick",
    settle=settle,
)
CHAPTER = Chapter("99", "random", "Random", (EXERCISE,), {"only": "Only"})


def verdict(learner, seed=0):
    return judge(CHAPTER, EXERCISE, respond(EXERCISE, learner, seed), mistakes)


def missed(report):
    return {aspect.id for aspect in report.aspects if not aspect.passed}


def by_permutation(x, generator):
    return x[torch.randperm(len(x), generator=generator, device=x.device)][-1]


def by_noise(x, generator):
    largest = torch.rand(len(x), generator=generator, device=x.device).argmax()
    return (x * torch.nn.functional.one_hot(largest, len(x))).sum()


@pytest.mark.parametrize("learner", [by_permutation, by_noise])
def test_any_way_to_draw_is_right(learner):
    for seed in range(5):
        report = verdict(learner, seed)
        assert report.score == 5, report.text
    x = torch.arange(1000.0)
    drawn = [f(x, torch.Generator().manual_seed(0)) for f in (pick, learner)]
    assert drawn[0] != drawn[1], "the draws themselves differ"


def test_a_draw_on_another_device_than_the_inputs_is_seen():
    """Where the generator is on a GPU, this would fail."""
    report = verdict(lambda x, generator: (0 * x * torch.rand(len(x), generator=generator)).sum() + pick(x, generator))
    assert missed(report) == {"device"}


def test_a_draw_that_is_none_is_recognised():
    report = verdict(lambda x, generator: torch.rand((), generator=generator) * 0 + x.sum() / len(x))
    assert report.diagnosis == "average"
    assert "entry: no entry of x (" in report.text
    assert {"entry", "gradients"} <= missed(report)


def test_a_generator_that_is_left_alone_is_seen():
    report = verdict(lambda x, generator: x[0])
    assert missed(report) == {"unchanged"}
    assert report.diagnosis == "own-randomness"
    assert "your code draws nothing from generator" in report.text


def test_randomness_from_elsewhere_is_seen():
    def learner(x, generator):
        torch.rand((), generator=generator)
        return x[torch.randint(len(x), ())]

    report = verdict(learner)
    assert missed(report) == {"again"}
    assert "the same call gives another result the second time" in " ".join(report.text.split())


def test_a_generator_is_no_input_that_must_stay():
    def learner(x, generator):
        x.mul_(2)
        return pick(x, generator)

    report = verdict(learner)
    assert missed(report) == {"unchanged"}
    assert "your code changes x in place" in report.text


def test_what_cannot_be_settled_is_judged_as_it_is():
    report = verdict(lambda x, generator: [pick(x, generator)] * 2)
    assert report.score == 0
    assert "you return a list of 2" in report.text.lower()


def test_a_right_gradient_of_a_result_of_another_shape_is_no_right_gradient():
    report = verdict(lambda x, generator: pick(x, generator).reshape(1))
    assert {"entry", "gradients"} <= missed(report)
    assert "entry has shape (1,), asked is ()" in report.text
