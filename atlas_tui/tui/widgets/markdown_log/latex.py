"""Simple formulas in Unicode.

What stands on one line of characters is converted: letters, operators, indices, fractions, roots, accents, aligned
lines, and matrices and cases, `[1, 2; 3, 4]`. For the rest the source is the more legible form, and None says so.
"""

from __future__ import annotations

import re
from functools import lru_cache


def _words(table: str) -> list[str]:
    return table.split()


_TABLE = _words("""
alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ
nu ν xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
times × div ÷ cdot · pm ± mp ∓ ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ otimes ⊗ odot ⊙ le ≤ leq ≤ ge ≥ geq ≥ ne ≠
neq ≠ approx ≈ equiv ≡ sim ∼ simeq ≃ cong ≅ propto ∝ ll ≪ gg ≫ in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃
supseteq ⊇ cup ∪ cap ∩ setminus ∖ emptyset ∅ varnothing ∅ forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬ land ∧ wedge ∧
lor ∨ vee ∨ to → rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⟹
iff ⟺ mapsto ↦ uparrow ↑ downarrow ↓ longrightarrow ⟶ gets ← infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ iint ∬
oint ∮ ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ prime ′ hbar ℏ ell ℓ Re ℜ Im ℑ aleph ℵ angle ∠ perp ⊥ parallel ∥
mid | vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖ langle ⟨ rangle ⟩ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ top ⊤
bot ⊥ vdash ⊢ models ⊨ therefore ∴ because ∵ square □ blacksquare ■ triangle △ degree ° dagger † lbrace { rbrace }
colon :
""")
_SYMBOLS = dict(zip(_TABLE[::2], _TABLE[1::2], strict=True)) | {sign: sign for sign in "{}%$&#_"} | {"|": "‖"}
_NAMES = frozenset(
    _words("""
sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp lim limsup liminf max min sup inf arg det
dim ker deg gcd Pr hom mod bmod
""")
)
_SPACES = {",": " ", ";": " ", ":": " ", " ": " ", "!": "", "quad": "  ", "qquad": "    ", "enspace": " ", "~": " "}
_IGNORED = frozenset(
    _words("""
left right big Big bigg Bigg bigl bigr Bigl Bigr displaystyle textstyle limits nolimits hline
""")
)
_PLAIN = frozenset(
    _words("""
text textrm textbf textit mathrm mathbf mathit mathsf mathtt mathcal operatorname boldsymbol boxed fbox mbox
""")
)
_ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305", "vec": "\u20d7", "dot": "\u0307",
    "ddot": "\u0308", "tilde": "\u0303", "widetilde": "\u0303", "underline": "\u0332",
}  # fmt: skip
_DOUBLE = dict(zip("CHNPQRZEABDFGIJKLMOSTUVWXY1", "ℂℍℕℙℚℝℤ𝔼𝔸𝔹𝔻𝔽𝔾𝕀𝕁𝕂𝕃𝕄𝕆𝕊𝕋𝕌𝕍𝕎𝕏𝕐𝟙", strict=True))
_ALIGNED = dict.fromkeys(
    _words("align align* aligned gather gather* gathered equation equation* split multline multline*"),
    ("", "", "\n", ""),
)
_MATRICES = {
    "matrix": "", "smallmatrix": "", "array": "", "pmatrix": "()", "bmatrix": "[]", "Bmatrix": "{}", "vmatrix": "||",
    "Vmatrix": "‖‖",
}  # fmt: skip
_ENVIRONMENTS = (
    _ALIGNED
    | {name: (signs[:1], ", ", "; ", signs[1:]) for name, signs in _MATRICES.items()}
    | dict.fromkeys(_words("cases dcases rcases"), ("{", " ", "; ", "}"))
)
"""What stands before it, between its cells, between its rows, and behind it."""
_SUPER = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ′ ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ′ ",
        strict=True,
    )
)
_SUB = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ ", strict=True))
_token = re.compile(r"\\([A-Za-z]+\*?|.)|([{}^_&])|(\s+)|([^\\{}^_&\s])", re.DOTALL).match
_spacing = re.compile(r"\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in)\s*\]").match
"""What may follow the end of a row: how far the next one is."""
_LONGEST = 2_000  # characters; a longer formula stays as it is


class _TooHard(Exception):
    """The formula has something that does not fit on a line of characters."""


@lru_cache(maxsize=256)
def unicode_math(source: str) -> str | None:
    """The formula in Unicode, or None where its source says more."""
    if len(source) > _LONGEST:
        return None
    try:
        text = _Formula(source).read("")
    except (_TooHard, RecursionError):
        return None
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return "\n".join(line for line in lines if line) or None


class _Formula:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.depth = 0
        self.between = [("", "\n")]
        """What parts cells and rows, in the environment that is read."""

    def token(self) -> str:
        """The next token, "" at the end; a command with its backslash, white space as one space."""
        match = _token(self.source, self.at)
        if match is None:
            if self.at < len(self.source):
                raise _TooHard
            return ""
        self.at = match.end()
        return " " if match.group(3) else match.group()

    def read(self, closing: str) -> str:
        """Everything up to a closing token."""
        out: list[str] = []
        self.depth += 1
        if self.depth > 40:
            raise _TooHard
        while True:
            token = self.token()
            if token == closing:
                self.depth -= 1
                return "".join(out)
            if not token or token == "}":
                raise _TooHard
            if token in "^_":
                out.append(self.index(token))
            else:
                out.append(self.atom(token))

    def argument(self) -> str:
        """What a command applies to: a group, or the next atom."""
        token = self.token()
        while token == " ":
            token = self.token()
        if not token or token in "}^_&":
            raise _TooHard
        return self.atom(token)

    def atom(self, token: str) -> str:
        if token == "{":
            return self.read("}")
        if token == "&":
            return self.between[-1][0]
        if token == "~":
            return " "
        if not token.startswith("\\"):
            return token
        name = token[1:]
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        if name in _NAMES:
            return f"{name} " if self.source[self.at : self.at + 1].isalpha() else name
        if name in _SPACES:
            return _SPACES[name]
        if name == "\\":
            spacing = _spacing(self.source, self.at)
            self.at = spacing.end() if spacing else self.at
            return self.between[-1][1]
        return self.command(name)

    def command(self, name: str) -> str:
        if name in _IGNORED:
            # `\left.` is a bracket that is not drawn.
            if name in ("left", "right") and self.source.startswith(".", self.at):
                self.at += 1
            return ""
        if name in _PLAIN:
            return self.argument()
        if name in ("frac", "dfrac", "tfrac"):
            return f"{_grouped(self.argument())}/{_grouped(self.argument())}"
        if name == "binom":
            return f"({self.argument()} over {self.argument()})"
        if name == "sqrt":
            return self.root()
        if name in _ACCENTS:
            inner = self.argument()
            return "".join(character + _ACCENTS[name] for character in inner)
        if name == "mathbb":
            return "".join(_DOUBLE.get(character, character) for character in self.argument())
        if name == "begin":
            return self.environment()
        if name == "not":
            return self.argument() + "\u0338"
        raise _TooHard

    def environment(self) -> str:
        name = self.argument()
        if name not in _ENVIRONMENTS:
            raise _TooHard
        if name == "array":
            self.argument()  # how its columns are aligned
        before, cells, rows, behind = _ENVIRONMENTS[name]
        self.between.append((cells, rows))
        inside = " ".join(part for part in self.read("\\end").split(" ") if part)
        self.between.pop()
        if self.argument() != name:
            raise _TooHard
        if rows != "\n":
            parted = [row.strip().replace(" ,", ",") for row in inside.split(rows.strip())]
            inside = rows.join(row for row in parted if row)
        return before + inside + behind

    def root(self) -> str:
        degree = ""
        if self.source.startswith("[", self.at):
            end = self.source.find("]", self.at)
            degree = self.source[self.at + 1 : end]
            self.at = end + 1
            if end < 0 or degree not in _SUPER:
                raise _TooHard
        inner = self.argument().strip()
        inner = inner if len(inner) == 1 or inner.isdigit() else f"({inner})"
        return f"{_SUPER[degree] if degree else ''}√{inner}"

    def index(self, sign: str) -> str:
        inner = self.argument().strip()
        if sign == "^" and inner in ("∘", "°"):
            return "°"
        table = _SUPER if sign == "^" else _SUB
        if all(character in table for character in inner):
            return "".join(table[character] for character in inner)
        # Of several letters only an index is read as one word: e^iπ would be e^i · π.
        return f"^({inner})" if sign == "^" and len(inner) > 1 else sign + _grouped(inner)


def _grouped(text: str) -> str:
    """The text in brackets where it is more than one thing."""
    text = text.strip()
    return text if len(text) == 1 or text.isalnum() else f"({text})"
