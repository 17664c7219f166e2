"""The comparison: several targets over one prompt, each in its column.

`screen` takes keys and messages; `layout` is what is seen where; a `column_view` asks and shows one column, through
the parts of the chat. `asking`, `looking`, `line_up` and `judging` are what its actions do; `opening` finds the line-up
to begin with.
"""

from atlas_tui.tui.screens.compare.screen import CompareScreen

__all__ = ["CompareScreen"]
