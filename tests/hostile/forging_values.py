"""Make a check find what is not there: results that lie, and changes to what compares and decides."""

from tests.hostile.writing import attack

ENTRIES = [
    attack(
        "forge-an-answer-that-equals-everything",
        """
        class Yes:
            shape, dtype, device, layout = (), torch.float64, torch.device("cpu"), torch.strided

            def __getattr__(self, name):
                return self

            def __call__(self, *_, **__):
                return self

            def __eq__(self, other):
                return True

            __ne__ = __lt__ = __gt__ = __bool__ = lambda self, *_: False
            __hash__ = None
            __class__ = torch.Tensor


        def attention_backward(*_, **__):
            return Yes(), Yes(), Yes()
        """,
    ),
    attack(
        "forge-a-tensor-whose-numbers-lie",
        """
        import numpy as np


        class Liar(np.ndarray):
            def __array_ufunc__(self, *_, **__):
                return np.zeros(self.shape, bool)

            def copy(self, *_):
                return self

            def __eq__(self, other):
                return np.ones(self.shape, bool)


        class Tensor(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                if func.__name__ in {"detach", "cpu", "resolve_conj", "resolve_neg", "to", "clone"}:
                    return args[0]
                if func.__name__ == "numpy":
                    return np.zeros(tuple(args[0].shape)).view(Liar)
                return super().__torch_function__(func, types, args, kwargs or {})


        def attention_backward(grad_context, query, key, value, mask=None):
            return tuple(torch.zeros_like(x).as_subclass(Tensor) for x in (query, key, value))
        """,
    ),
    attack(
        "forge-comparisons-of-torch-and-numpy",
        """
        import numpy as np

        torch.equal = torch.allclose = torch.isclose = lambda *_, **__: True
        torch.Tensor.__eq__ = lambda self, other: torch.ones(self.shape, dtype=torch.bool)
        for name in ("abs", "isnan", "isinf"):
            setattr(np, name, lambda x, *_, **__: np.zeros(np.shape(x), bool))


        def attention_backward(grad_context, query, key, value, mask=None):
            return torch.zeros_like(query), torch.zeros_like(key), torch.zeros_like(value)
        """,
    ),
    attack(
        "forge-the-deciding-functions-found-by-gc",
        """
        import gc
        import types

        agree = (lambda *_, **__: None).__code__
        decides = {"values_fault", "output_fault", "numbers_fault", "dtype_fault", "failure_fault", "gradients_fault"}
        decides |= {"case_fault", "device_fault", "changed_fault", "_state_fault", "_leak_fault"}
        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and thing.__name__ in decides and not thing.__closure__:
                thing.__code__ = agree
        """,
    ),
    attack(
        "forge-the-points-of-aspects",
        """
        import gc
        from attn_course.checks.engine.report import AspectResult

        AspectResult.__init__.__globals__["ignored"] = None
        start = AspectResult.__init__


        def forged(self, *given, **named):
            start(self, *given, **named)
            object.__setattr__(self, "score", self.points)


        AspectResult.__init__ = forged
        """,
    ),
    attack(
        "forge-cases-in-which-zero-is-right",
        """
        from attn_course.checks.engine import draw

        draw.Draw.normal = lambda self, *shape, dtype=torch.float64, scale=1.0: torch.zeros(shape, dtype=dtype)
        draw.Draw.uniform = lambda self, *shape, low, high, dtype=torch.float64: torch.zeros(shape, dtype=dtype)


        def attention_backward(grad_context, query, key, value, mask=None):
            return torch.zeros_like(query), torch.zeros_like(key), torch.zeros_like(value)
        """,
    ),
    attack(
        "forge-responses-by-the-judge",
        """
        import attn_course.checks as checks
        from attn_course.checks.engine import judge, respond


        def forged(exercise, learner, seed, *given, **named):
            return judge.expected_responses(exercise, seed)


        respond.respond = checks.respond = forged
        """,
    ),
    attack(
        "forge-a-refusal-that-praises",
        """
        class Praise(Exception):
            def __str__(self):
                return "FORGED 5 of 5 points"


        Praise.__name__ = Praise.__qualname__ = "FORGED_5_of_5"


        def attention_backward(*_, **__):
            raise Praise
        """,
    ),
    attack(
        "forge-an-interrupt",
        """
        def attention_backward(*_, **__):
            raise KeyboardInterrupt
        """,
    ),
    attack(
        "forge-an-answer-that-undoes-the-check",
        """
        def attention_backward(*_, **__):
            import sys

            frame = sys._getframe()
            while frame:
                for name in ("score", "points", "failure", "changed"):
                    if name in frame.f_locals:
                        frame.f_locals[name] = None
                frame.f_globals["check"] = lambda *_: 5.0
                frame = frame.f_back
            raise GeneratorExit
        """,
    ),
    attack(
        "forge-builtins",
        """
        import builtins

        real = builtins.float
        builtins.float = type("float", (real,), {"__new__": lambda cls, *_: real.__new__(real, 5.0)})
        builtins.round = lambda *_: 5.0
        """,
        reason="kernel|died|end",
    ),
    attack(
        "forge-in-a-thread-that-goes-on",
        """
        import threading
        import time


        def again():
            for _ in range(2000):
                get_ipython().user_ns["check"] = lambda *_: 5.0
                time.sleep(0.005)


        shell = get_ipython()
        get_ipython = lambda: shell
        threading.Thread(target=again, daemon=True).start()
        """,
    ),
    attack(
        "forge-by-an-alarm-inside-the-check",
        """
        import signal


        def alarm(*_):
            raise SystemExit(0)


        signal.signal(signal.SIGALRM, alarm)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        """,
        reason="kernel|died|end|time",
    ),
    attack(
        "forge-get-ipython",
        """
        import IPython

        fake = type("Shell", (), {"__getattr__": lambda self, name: (lambda *_, **__: 5.0)})()
        get_ipython = IPython.get_ipython = lambda: fake
        """,
    ),
    attack(
        "forge-a-float-through-ctypes",
        """
        import ctypes
        from attn_course.checks.registry import place

        exercise = place("attention_backward")[1]
        for aspect in exercise.aspects:
            object.__setattr__(aspect, "points", 0.0)
        zero = 0.0
        ctypes.c_double.from_address(id(zero) + 16).value = 5.0  # every 0.0 of this cell is 5.0 now
        check = lambda *_: zero
        """,
        reason="kernel|died|end",
    ),
]
