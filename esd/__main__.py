"""`python -m esd` is `esd`."""

import sys

from esd.cli import main

sys.exit(main())
