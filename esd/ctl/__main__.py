"""`python -m esd.ctl` is `esdctl`, where the script is not installed."""

import sys

from esd.ctl.main import main

sys.exit(main())
