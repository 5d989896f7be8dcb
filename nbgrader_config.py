"""nbgrader's settings for commands run here: the class of `make course` in _build/class, the releases in exercises/.

A class of your own gets its own folder and settings: attn-course class new DIR
"""

from pathlib import Path

from attn_course.grading.settings import configure

c = get_config()
here = Path(__file__).parent

configure(c, root=here / "_build" / "class", seed=1)
c.CourseDirectory.release_directory = str(here / "exercises")
