"""Runs learners' notebooks where they can reach nothing: bubblewrap outside, fresh namespaces for each notebook inside.

Arrows: `zygote` starts and talks to what `bubblewrap` walls in and `tree` stages; `inside` is what runs behind the wall
and is copied there, so it imports nothing of the rest.
"""
