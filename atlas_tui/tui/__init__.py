"""The terminal program: screens and widgets over the library."""

import os

# Textual collects what changed for a sixtieth of a second before it paints; an echoed key should not wait for that.
# What changes often (log, meters) is painted apart, so this costs nothing.
os.environ.setdefault("TEXTUAL_FPS", "240")
