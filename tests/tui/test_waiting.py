"""While a retry is awaited: what the screen offers."""

from __future__ import annotations

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import TextDelta
from atlas_tui.policy import Policy
from tests.played import HANG, PlayedProvider
from tests.tui.driving import driving


async def test_while_a_retry_is_awaited_the_footer_has_the_keys_that_steer() -> None:
    busy = ProviderError("overloaded", "busy", status=529, retry_after=50)
    spare = PlayedProvider([HANG], name="spare")
    async with driving(PlayedProvider([busy]), fallback=[spare], policy=Policy()) as user:
        await user.ask("Why?")
        await user.shows("attempt 2 in", "Esc stop   ^R retry   F6 fall back")
        await user.press("f6")
        await user.until(spare.hanging.is_set)
        await user.until(lambda: "F6 fall back" not in user.screen)
        await user.shows("Esc stop")
        await user.press("escape")
        await user.answered()


async def test_while_an_answer_streams_the_footer_leads_to_the_others_as_far_as_there_is_room() -> None:
    async with driving(PlayedProvider([TextDelta("Well"), HANG])) as user:
        await user.ask("Why?")
        await user.shows("Well", "Esc stop   F7 compare   Alt+O ask others   ^P commands   F1 help")
        await user.resize(60, 16)
        await user.shows("Esc stop   F7 compare   Alt+O ask others   ^P commands")
