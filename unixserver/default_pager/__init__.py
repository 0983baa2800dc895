"""The default pager: a task of its own that keeps what the kernel's memory cannot hold.

``DefaultPager().main`` is the program; see ``pager.py``.
"""

from .pager import DefaultPager

__all__ = ["DefaultPager"]
