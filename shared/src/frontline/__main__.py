"""`python -m frontline`: the command line."""

import sys

from frontline.cli import main

sys.exit(main())
