"""The recipes of the simulator's guide work as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "simulator.md"
RECIPE = re.compile(r"^## (Recipe \d)[^\n]*\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
RECIPES = dict(RECIPE.findall(GUIDE.read_text()))
FILES = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)
TESTS = {"Recipe 1": 4, "Recipe 2": 6, "Recipe 3": 1, "Recipe 4": 1}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_of_the_guide_works_as_it_stands(recipe: str, tmp_path: Path) -> None:
    # One file of the first recipe is what every project has.
    (conftest,) = [
        text for name, text in FILES.findall(RECIPES["Recipe 1"]) if name == "conftest.py"
    ]
    for name, text in [("conftest.py", conftest), *FILES.findall(RECIPES[recipe])]:
        (tmp_path / name).write_text(text)

    run = subprocess.run(  # this test's own program
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"{TESTS[recipe]} passed" in run.stdout, run.stdout


def test_every_recipe_is_tried() -> None:
    assert set(RECIPES) == set(TESTS)
