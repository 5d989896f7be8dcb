"""What stands between a solution and a grade: release, class, sanitising and scores, all through nbgrader.

Nothing here knows a chapter. Ids and points come from the registry of exercises, everything else from the notebooks.
"""
