"""`python -m atlas_tui` is the command `atlas-tui`."""

import sys

from atlas_tui.cli import main

sys.exit(main())
