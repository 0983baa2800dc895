"""``python -m machsh``."""

from .main import main

raise SystemExit(main())
