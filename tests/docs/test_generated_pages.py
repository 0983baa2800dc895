"""Generated pages of docs/ are up to date."""

import pytest

from machsh.documentation import DOCS, generated_pages


@pytest.mark.parametrize("page", sorted(generated_pages()))
def test_a_generated_page_is_up_to_date(page: str) -> None:
    text = (DOCS / page).read_text()
    assert text == generated_pages()[page], "run: python -m machsh.documentation"
