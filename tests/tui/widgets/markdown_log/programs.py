"""Programs in which much stays open over lines: strings, comments, templates, documents within documents."""

PROGRAMS = {
    "python": '''import os
from typing import (
    Any,
)

class Thing(Base):
    """A text
    of "two" lines.
    """

    @property
    def name(self) -> str:
        return f"{self.first!r:>{width}} {
            len(self.rest)} \\n" + rb'raw\\' + 'a\\
b'

    async def f(self, x=0x1F, *, y: int | None = 1_000.5e-3):  # note
        match x:
            case [1, *_] if x is not None and y != 2:
                raise ValueError("it's") from None
        lambda a: a @ b if a else ...
''',
    "javascript": """// a comment
import { a, b as c } from './x.js';
/* one
 * two */
export default class A extends B {
  static #p = 1n;
  get x() { return `a ${this.y + `in ${z}
  more`} b
  `; }
  async *gen(a = /re[/]x/gi, ...rest) { for await (const q of rest) yield q ?? 0.5e+3; }
}
const f = async (x) => ({ ...x, [k]: 'it\\'s' });
""",
    "typescript": """interface A<T extends object> { readonly x?: T[keyof T]; }
/** doc
 * @param x y
 */
function f<T>(this: Window, x: T): asserts x is NonNullable<T> { return `a${
  x}b`; }
enum E { A = 1 << 2, B }
type U = 'a' | "b" | 1;
""",
    "c": """#include <stdio.h>
#define MAX(a, b) \\
    ((a) > (b) ? (a) : (b))
/* a comment
   of two lines */
static const char *s = "text \\"quoted\\"" "more";
int main(int argc, char **argv) {
    if (argc > 1 && argv[1][0] == '\\n') goto out; // end
    unsigned long x = 0xFFUL;
    return (int)x;
out:
    return 1;
}
""",
    "rust": """//! crate doc
/* block /* nested */ still */
#[derive(Debug, Clone)]
pub struct P<'a, T: 'a + ?Sized> { x: &'a T, y: u8 }
impl<'a> P<'a, str> {
    fn f(&self) -> Result<(), Box<dyn Error>> {
        let s = r#"raw "quoted" text"#; let c = b'x';
        println!("{:?} {}", self.y as f64 * 1.5e3_f64, s);
        "a \\
        b"
    }
}
""",
    "go": """package main

/* one
two */
import "fmt"

func main() {
	var x = `raw
text`
	for i := range []int{1, 0x2, 3e4} { go f(i); defer g() } // end
	fmt.Printf("%d\\n", x)
}
""",
    "java": """package a.b;
/** Doc
 * {@link X} */
@Override(value = "x")
public final class A<T extends Comparable<T>> implements B {
    private static final long x = 0xFFL;
    String t = \"\"\"
        text block "quoted"
        \"\"\";
    void f(int... a) throws E { label: for (;;) { if (a == null) break label; } }
}
""",
    "bash": """#!/bin/bash
set -euo pipefail
# a comment
for f in *.txt; do
  echo "a $f ${f%.txt} $(wc -l < "$f") `date`" | sed 's/a/b/' > out
  if [[ $x == y* && -n ${z:-1} ]]; then case $f in a|b) ;; esac; fi
done
text='one
two'
f() { local x=$((1 + 2)); return; }
""",
    "html": """<!DOCTYPE html>
<!-- a comment
of two lines -->
<div class="a" id='b' data-x=1>text &amp; more
<script>
let x = 1; // comment
</script>
<style>
a:hover { color: #fff; }
</style>
</div>
""",
    "css": """/* one
two */
@media (min-width: 10px) {
  a > b::before, .c#d[e="f"] { color: rgba(1, 2, 3, .5) !important; margin: -1em calc(1px + 2%); }
}
""",
    "sql": """-- a comment
SELECT a.x, count(*) AS n FROM t AS a /* one
two */ LEFT JOIN u ON a.id = u.id WHERE x LIKE '%it''s
%' AND y >= 1.5 GROUP BY 1;
""",
    "yaml": """%YAML 1.2
---
key: value # note
list:
  - one: 1
    two: [a, "b", {c: d}]
text: |
  several
  lines
folded: >-
  more
anchor: &x !!str y
other: *x
""",
    "ruby": """=begin
a comment
=end
class A < B
  attr_reader :x
  def f(a, *b, c: 1, &d)
    "a #{x + "in #{y}"} b
    c" if a =~ /re#{x}gex/i && %w[a b].include?(:"s")
  end
end
""",
    "diff": """diff --git a/x b/x
--- a/x
+++ b/x
@@ -1,2 +1,2 @@
-old
+new
 same
""",
    "toml": """[a.b]
x = 1 # note
y = \"\"\"
several "quoted"
lines\"\"\"
z = [1, 2.5, true, 1979-05-27]
""",
    "nosuchlanguage": "x = 1\n\tif (y) { }\n",
}
"""By the name of their language."""
