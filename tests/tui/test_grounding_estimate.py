"""What a prompt would cost counts the passages that go along with it."""

from __future__ import annotations

import re
from pathlib import Path

from atlas_tui.config import Config, Price, RetrievalSettings
from atlas_tui.session import Session
from tests.played import PlayedProvider, says
from tests.tui.driving import Driver, driving, once
from tests.tui.papers import take_in

LONG = "word " * 1000


def tokens(user: Driver) -> float:
    """What the line below the prompt says."""
    found = re.search(r"~([\d.,]+)(k?) tok ·", user.app.chat.status.outlook)
    assert found, user.app.chat.status.outlook
    return float(found[1].replace(",", "")) * (1000 if found[2] else 1)


async def test_passages_count_until_they_are_left_out(tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "kite.md").write_text("# Kites\n\n" + "The kite flies. " * 40)
    take_in(tmp_path, papers)
    config = Config(db_path=str(tmp_path / "library"), retrieval=RetrievalSettings(embedder="none", context=True))
    provider = PlayedProvider(says("Yes."), prices={"played": Price(1.0, 10.0)})
    async with driving(session=Session(provider, policy=once()), config=config, size=(140, 40)) as user:
        status = user.app.chat.status
        await user.paste(LONG)
        await user.until(lambda: "tok" in status.outlook)
        alone = tokens(user)
        await user.paste(" kite")
        await user.until(lambda: "tok" in status.outlook and tokens(user) > alone + 200)
        await user.press("f12", "x")
        await user.until(lambda: tokens(user) < alone + 100)
        await user.press("x")
        await user.until(lambda: tokens(user) > alone + 200)
