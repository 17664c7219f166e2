"""A comparison leaves the screen as a file."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

from atlas_tui.errors import ProviderError
from atlas_tui.models.base import TextDelta
from tests.played import PlayedProvider, says
from tests.tui.compare.driving import comparing, played


async def test_every_turn_with_its_race_and_its_texts_side_by_side(here: Path) -> None:
    broken = PlayedProvider([TextDelta("Half"), ProviderError("connection", "it was lost")], says("B2"), name="broken")
    async with comparing(played("left", "**L1**", "L2"), broken) as compared:
        user = compared.user
        await compared.ask("/export")
        await user.shows("nothing to export yet")
        await compared.asked("Why is the <sky> blue?")
        await compared.asked("And why not?")
        await compared.to_column(1)
        await user.press("E")
        await user.shows("exported to why-is-the-sky-blue.html")
        await user.press("E")
        await user.shows("exported to why-is-the-sky-blue-2.html")
        for ending in ("MD", "csv", "json"):
            await compared.ask(f"/export all.{ending}")
            await user.shows(f"exported to all.{ending}")
        await compared.ask("/export all.csv")
        await user.shows("all.csv exists")
        await compared.ask("/export ~nobody/nowhere/all.csv")
        await user.shows("cannot be written")
    page = (here / "why-is-the-sky-blue.html").read_text()
    for words in ("&lt;sky&gt;", "<strong>L1</strong>", "Half", "it was lost", "<p>B2</p>", "broken:test-model"):
        assert words in page
    assert stat.S_IMODE((here / "all.csv").stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO((here / "all.csv").read_text())))
    assert [(row["prompt"], row["target"], row["state"]) for row in rows] == [
        ("Why is the <sky> blue?", "left:test-model", "done"),
        ("Why is the <sky> blue?", "broken:test-model", "failed"),
        ("And why not?", "left:test-model", "done"),
        ("And why not?", "broken:test-model", "done"),
    ]
    form = json.loads((here / "all.json").read_text())
    assert [each["content"] for each in form["responses"]] == ["**L1**", "Half", "L2", "B2"]
    assert form["responses"][1]["error"]["kind"] == "connection"
    assert "## left:test-model" in (here / "all.MD").read_text()


async def test_names_that_are_hidden_stay_so_and_a_prompt_asked_again_is_a_repetition(here: Path) -> None:
    async with comparing(played("left", "L1", "L2"), played("right", "R1", "R2")) as compared:
        user = compared.user
        await compared.asked("Why?")
        await compared.asked("Why?")
        await compared.ask("/export twice.json")
        await user.shows("exported to twice.json")
        await compared.ask("/blind")
        await compared.ask("/export hidden.html")
        await user.shows("names are hidden")
        assert not (here / "hidden.html").exists()
    form = json.loads((here / "twice.json").read_text())
    assert [(each["repetition"], each["content"]) for each in form["responses"]] == [
        (1, "L1"), (1, "R1"), (2, "L2"), (2, "R2"),
    ]  # fmt: skip
    assert [each["answers"] for each in form["summary"]] == [2, 2]


async def test_who_asks_an_adopted_answer_again_is_told_that_it_is_not_adopted_any_more() -> None:
    async with comparing(played("left", "L1", "L2", "L3"), played("right", "R1", "R2")) as compared:
        user = compared.user
        await compared.asked("Why?")
        await compared.to_column(1)
        await user.press("a")
        await user.shows("all go on from the answer of column 1")
        await user.press("2", "r")
        await user.shows_no("not adopted")
        await compared.ended()
        await user.press("1", "r")
        await user.shows("the answer to come is not adopted: a has all go on from it")
        await compared.ended()


async def test_a_model_that_its_server_names_by_a_file_is_not_exported_with_its_path(here: Path) -> None:
    local = PlayedProvider(says("L"), name="local", model="/home/me/models/small.gguf")
    async with comparing(local, played("right", "R")) as compared:
        await compared.asked("Why?")
        await compared.ask("/export all.csv")
        await compared.user.shows("exported to all.csv")
    rows = list(csv.DictReader(io.StringIO((here / "all.csv").read_text())))
    assert [row["target"] for row in rows] == ["local:small.gguf", "right:test-model"]
