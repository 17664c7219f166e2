"""Which files of a tree are taken, and why the others are not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from atlas_tui.retrieval.tree import MAX_SIZE, FoundFile, Skipped, walk


def look(path: Path, *, max_size: int = MAX_SIZE) -> tuple[list[str], dict[str, str]]:
    """The names found below a folder, and those left out with their reasons."""
    skipped: list[Skipped] = []
    found = [os.path.relpath(file.source, path) for file in walk(str(path), skipped.append, max_size=max_size)]
    return found, {os.path.relpath(each.source, path): each.reason for each in skipped}


def unwanted(skipped: Skipped) -> None:
    pytest.fail(f"left out: {skipped}")


def plant(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text")


def test_files_come_in_order_with_size_and_time(tree: Path) -> None:
    plant(tree, "b.txt", "a/z.md", "a/b/c.py")
    found = list(walk(str(tree), unwanted))
    assert [file.source for file in found] == [str(tree / name) for name in ("b.txt", "a/z.md", "a/b/c.py")]
    status = (tree / "b.txt").stat()
    assert FoundFile(str(tree / "b.txt"), str(tree / "b.txt"), 4, status.st_mtime_ns, MAX_SIZE) in found


class TestIgnored:
    def test_gitignore_of_each_folder_counts_the_nearest_first(self, tree: Path) -> None:
        plant(tree, "keep.log", "a.log", "sub/b.log", "sub/c.tmp", "build/x.txt", "sub/build/y.txt", "sub/deep/d.tmp")
        (tree / ".gitignore").write_text("*.log\n!keep.log\n/build/\n# note\n[\n")
        (tree / "sub/.gitignore").write_text("!b.log\n*.tmp\n")
        found, skipped = look(tree)
        assert set(found) == {"keep.log", "sub/b.log", "sub/build/y.txt"}
        assert skipped["build"] == skipped["a.log"] == skipped["sub/deep/d.tmp"] == "ignored by .gitignore"

    def test_the_repository_s_rules_hold_in_a_folder_of_it(self, tree: Path) -> None:
        plant(tree, "docs/a.md", "docs/private/b.md", "docs/secret.md", "other.md")
        (tree / ".git/info").mkdir(parents=True)
        (tree / ".git/info/exclude").write_text("secret.md\n")
        (tree / ".gitignore").write_text("docs/private\n")
        assert look(tree / "docs")[0] == ["a.md"]
        assert look(tree / "docs/private")[0] == ["b.md"], "what is given is taken, whoever ignores it"

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            (".git/config", None),
            (".env", "hidden"),
            (".venv/lib/a.py", "hidden"),
            ("__pycache__/a.txt", "cache"),
            ("node_modules/a/index.js", "cache"),
            ("env/pyvenv.cfg", "virtual environment"),
            ("target/CACHEDIR.TAG", "cache"),
            ("deploy.pem", "named like a secret key"),
            ("photo.JPG", "binary"),
            ("app.min.js", "generated"),
        ],
    )
    def test_what_is_no_document_is_left_out(self, tree: Path, name: str, reason: str | None) -> None:
        plant(tree, "a.txt", name)
        found, skipped = look(tree)
        assert found == ["a.txt"]
        assert list(skipped.values()) == ([reason] if reason else [])

    def test_but_not_if_it_is_given(self, tree: Path) -> None:
        plant(tree, ".config/notes.txt", "__pycache__/a.txt")
        assert look(tree / ".config")[0] == ["notes.txt"]
        assert look(tree / "__pycache__")[0] == ["a.txt"]


class TestHostile:
    def test_a_loop_of_links_ends(self, tree: Path) -> None:
        plant(tree, "a/b.txt")
        (tree / "a/up").symlink_to(tree)
        (tree / "self").symlink_to("self")
        (tree / "outside").symlink_to("/etc/passwd")
        found, skipped = look(tree)
        assert found == ["a/b.txt"]
        assert skipped == {
            "a/up": "a symbolic link to a folder that it stands in: a loop",
            "self": "a symbolic link that leads nowhere or to itself",
            "outside": "a symbolic link",
        }

    def test_a_link_that_is_given_is_followed(self, tree: Path, tmp_path: Path) -> None:
        plant(tree, "a.txt")
        (tmp_path / "link").symlink_to(tree)
        assert [file.source for file in walk(str(tmp_path / "link"), unwanted)] == [str(tree / "a.txt")]

    def test_names_with_newlines_escapes_and_no_text(self, tree: Path) -> None:
        plant(tree, "two\nlines.txt", "\x1b[31mred.txt")
        (tree / os.fsdecode(b"latin-\xe9.txt")).write_text("text")
        found = list(walk(str(tree), unwanted))
        assert {os.path.basename(file.source) for file in found} == {
            "two\nlines.txt",
            "\x1b[31mred.txt",
            "latin-\ufffd.txt",
        }
        assert all(Path(file.path).read_text() == "text" for file in found)

    def test_pipes_and_sockets_are_no_files(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        os.mkfifo(tree / "pipe")
        monkeypatch.chdir(tree)  # a socket's path must be short
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
            found, skipped = look(tree)
        assert found == []
        assert skipped == dict.fromkeys(("pipe", "socket"), "a pipe, a socket or a device")

    def test_a_large_file_costs_nothing(self, tree: Path) -> None:
        with open(tree / "large.txt", "wb") as file:
            file.truncate(200_000_000)
        plant(tree, "small.txt")
        assert look(tree) == (["small.txt"], {"large.txt": "200 MB, more than 20 MB"})
        assert look(tree, max_size=3)[1]["small.txt"].endswith("more than 3 bytes")

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
    def test_a_folder_that_cannot_be_read_is_passed_over(self, tree: Path) -> None:
        plant(tree, "a.txt", "closed/b.txt")
        (tree / "closed").chmod(0)
        try:
            assert look(tree) == (["a.txt"], {"closed": "cannot be read (Permission denied)"})
        finally:
            (tree / "closed").chmod(0o700)

    def test_a_tree_may_be_deeper_than_python_recurses(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tree)
        for _ in range(300):
            os.mkdir("d")
            os.chdir("d")
        Path("end.txt").write_text("text")
        assert look(tree)[0] == ["d/" * 300 + "end.txt"]

    def test_what_is_not_there_is_an_error(self, tree: Path) -> None:
        with pytest.raises(FileNotFoundError):
            list(walk(str(tree / "gone"), unwanted))
