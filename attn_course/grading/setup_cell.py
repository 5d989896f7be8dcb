# Run this cell first. It imports what the exercises use and, where the course is missing, installs it.
# COURSE_PACKAGE is needed on a hosted notebook service only: the file or address of the course that you were given,
# for example "attn_course-0.1.0-py3-none-any.whl". Left empty, a course file uploaded beside this notebook is used.
COURSE_PACKAGE = ""

import glob
import importlib
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("attn_course") is None:
    place = COURSE_PACKAGE or next(iter(sorted(glob.glob("attn_course-*.whl"), reverse=True)), None)
    if place is None:
        raise ModuleNotFoundError(
            "The course is not installed here. Upload the course file (attn_course-….whl, ask whoever gave you this "
            "notebook) beside the notebook and run this cell again. On your own machine, start Jupyter with: make lab"
        )
    missing = [name for name in ("torch", "numpy", "jaxtyping") if importlib.util.find_spec(name) is None]
    for what in (["--no-deps", place], missing):
        if what and subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *what]).returncode:
            raise RuntimeError(
                f"pip could not install {what[-1]}: see its message above. Is there a network connection?"
            )
    importlib.invalidate_caches()

import math

import torch
import torch.nn.functional as F
from torch import nn

from attn_course import check
