"""One seed from its first moment to its verdict."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from tests.simulation.checker import Violation
from tests.simulation.plan import HEALED_AT
from tests.simulation.troubles import Troubles
from tests.simulation.world import World

# Long enough after the mending for a doubt to be presumed away, looked at every few seconds.
LONGEST = HEALED_AT + 150.0
# What is wrong late must have the time to show.
_QUIET_FOR = 12.0
# It takes a look at everything to tell whether all is quiet.
_LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended."""

    seed: int
    violations: Sequence[Violation]
    seconds: float
    lines: Sequence[str]
    digest: str


def run_seed(seed: int, *, traced: bool = False, focus: Sequence[str] = ()) -> Verdict:
    """Run one seed to its end and return how it went. `traced`: with every line of it."""
    world = World(seed, focus)
    kernel, checker = world.kernel, world.checker
    Troubles(world).arm()
    for server in world.servers:
        server.start()
    world.bridge.start()
    quiet_since = looked_at = HEALED_AT

    def is_quiet() -> bool:
        disk = world.bridge.disk
        return (
            checker.is_settled()
            and checker.guards.is_over(disk, forgetful=checker.is_confused)
            and checker.server_guards.is_over(disk)
        )

    def is_over() -> bool:
        nonlocal quiet_since, looked_at
        if checker.violations:
            return True
        if kernel.seconds < looked_at + _LOOK_EVERY:
            return False
        looked_at = kernel.seconds
        if not is_quiet():
            quiet_since = kernel.seconds
        return kernel.seconds - quiet_since > _QUIET_FOR

    try:
        kernel.run(is_over, longest=LONGEST)
        if not checker.violations:
            checker.finish(healed=True)
            checker.guards.finish(world.bridge.disk, forgetful=checker.is_confused)
            checker.server_guards.finish(world.bridge.disk, forgetful=world.plan.disks_may_forget)
    except Exception:  # noqa: BLE001  # whatever it is, the seed that does it must be told
        checker.error(traceback.format_exc())
    shown = traced or checker.violations
    return Verdict(
        seed,
        tuple(checker.violations),
        kernel.seconds,
        kernel.trace.lines() if shown else (),
        kernel.trace.digest() if shown else "",
    )
