"""`python -m tokenops_sidecar`."""

import sys

from tokenops_sidecar.cli import main

sys.exit(main())
