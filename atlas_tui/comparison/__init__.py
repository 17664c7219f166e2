"""Several targets over one prompt: columns, the race between them, their differences, and what the user thinks."""

from __future__ import annotations

from atlas_tui.comparison.comparison import Column, Comparison, line_up_of
from atlas_tui.comparison.differences import Differences, Pair, Span, agreement, differences
from atlas_tui.comparison.judgement import Standing, leaderboard, merge_prompt, vote_on
from atlas_tui.comparison.outlook import Outlook, outlook
from atlas_tui.comparison.passages import Passage
from atlas_tui.comparison.progress import Progress, State
from atlas_tui.comparison.race import BEST, RaceRow, race
from atlas_tui.store.judgements import Judgements, LineUp, Verdict, Vote

__all__ = [
    "BEST",
    "Column",
    "Comparison",
    "Differences",
    "Judgements",
    "LineUp",
    "Outlook",
    "Pair",
    "Passage",
    "Progress",
    "RaceRow",
    "Span",
    "Standing",
    "State",
    "Verdict",
    "Vote",
    "agreement",
    "differences",
    "leaderboard",
    "line_up_of",
    "merge_prompt",
    "outlook",
    "race",
    "vote_on",
]
