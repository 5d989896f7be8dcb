"""What stands between a solution and a grade: release, class, sanitising and scores, all through nbgrader.

Nothing here knows a chapter. Ids and points come from the registry of exercises, everything else from the notebooks.
"""

import sys

# jsonschema, behind nbformat, loads a parser for international web addresses if there is one, for about a second. No
# notebook's schema asks for such an address: nothing is checked less for its absence.
sys.modules.setdefault("rfc3987_syntax", None)
