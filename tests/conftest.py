"""What all tests share: the built userland, and the options that choose between quick and long ones."""

from pathlib import Path

import pytest

from images.build import BuildError, ensure_built


@pytest.fixture(scope="session")
def built() -> Path:
    """``images/built``, up to date: headers, libraries, examples and C test programs."""
    try:
        return ensure_built()
    except BuildError as failure:
        pytest.fail(f"the userland does not build:\n{failure}", pytrace=False)
