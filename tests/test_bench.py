"""What the benchmarks wrote down is what the pages say."""

from pathlib import Path

from bench import page

ROOT = Path(page.__file__).parent.parent


def test_the_page_is_that_of_the_figures() -> None:
    assert (page.HERE / "RESULTS.md").read_text("utf-8") == page.text(page.written_down())


def test_the_plots_of_the_readme_are_there() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in ("writes.svg", "lists.svg"):
        assert f"](bench/{name})" in readme
        assert (page.HERE / name).read_text("utf-8").startswith("<?xml")
