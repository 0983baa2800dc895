"""What all tests share: the built userland, and the options that choose between quick and long ones."""

from pathlib import Path

import pytest
from hypothesis import settings

from images.build import BuildError, ensure_built

# The same examples in every run.  To look for others: pytest --hypothesis-profile=search
settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("same")


@pytest.fixture(scope="session")
def built() -> Path:
    """``images/built``, up to date: headers, libraries, examples and C test programs."""
    try:
        return ensure_built()
    except BuildError as failure:
        pytest.fail(f"the userland does not build:\n{failure}", pytrace=False)
