"""python -m lib_modelsim COMMAND …"""

import sys

from .cli.main import main

sys.exit(main())
