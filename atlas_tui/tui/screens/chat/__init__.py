"""The chat.

`screen` takes keys and messages; `panes` is what is seen where; `conversation` asks, and `transcript` shows what
comes. `asking`, `answers`, `view` and `history` are what its actions do, `targets` who is asked, `metering` the
figures, `drafts` what stands in the prompt and `estimating` what that would cost.
"""

from atlas_tui.tui.screens.chat.screen import ChatScreen

__all__ = ["ChatScreen"]
