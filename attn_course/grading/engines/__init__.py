"""Where submissions are graded: processes of this machine, or a Dask cluster. Grades depend on neither.

An engine is a function: items in, pairs of item and outcome out, in any order. It takes items as it has room for them, and
gives every one of them back.
"""


class EngineError(RuntimeError):
    """No submission can be graded: there is no sandbox, or no cluster. The message says what to do."""
