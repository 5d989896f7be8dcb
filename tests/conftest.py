"""Fixtures shared by all tests. Shapes in the references' signatures are checked while testing, never otherwise."""

import pkgutil
import signal

import jaxtyping

import attn_course

# A shell starts what runs in the background deaf to Ctrl-C; tests that press it need Python's own handler.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The references alone: their signatures carry shapes. The engine of the checks watches every call that a learner's
# code makes, and would be slowed down a lot.
MODULES = [m.name for m in pkgutil.iter_modules(attn_course.__path__) if not m.ispkg and m.name != "cli"]
jaxtyping.install_import_hook([f"attn_course.{name}" for name in MODULES], "beartype.beartype")

import pytest  # noqa: E402
import torch  # noqa: E402

# The longest files come first, so that no worker is left alone with one in the end.
LONGEST = [
    f"test_{name}.py" for name in ("hostile", "grade", "site", "class", "site_browser", "cli", "checks", "answers")
]
APART = {"tests/test_checks.py", "tests/test_answers.py"}  # long, and their tests share nothing

# The matrices of the tests are small, and several workers share the cores.
torch.set_num_threads(1)

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device present."""
    return torch.device(request.param)


@pytest.fixture
def own_errors():
    """Let the package's own errors through: under pytest, jaxtyping would refuse bad shapes first."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


def pytest_collection_modifyitems(items):
    """Put the longest files first, and leave the order as it is otherwise."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A worker takes a whole file at a time, whose tests share what is built once; of some files, a test at a time."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return nodeid if file in APART else file

    return Scheduling(config, log)
