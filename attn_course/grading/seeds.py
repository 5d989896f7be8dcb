"""The seed of each submission's checks."""

import hmac


def submission_seed(secret: int, assignment: str, student: str, digest: str) -> int:
    """The seed of one submission's checks: the same whenever it is graded, and unknown without the class's secret."""
    message = "\n".join([assignment, student, digest]).encode("utf-8", "surrogateescape")
    return int.from_bytes(hmac.digest(str(secret).encode(), message, "sha256")[:4], "big") >> 1
