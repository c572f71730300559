"""What is done to the parts of a fleet. After each of them the parts run again; devices suffer the weather besides."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from tests.chaos.scene import Scene


async def kill_fleet(scene: Scene) -> None:
    """kill -9, and a new start at once."""
    await scene.fleet.kill()
    await scene.fleet.start()


async def fleet_is_away(scene: Scene) -> None:
    """kill -9, and a new start some seconds later."""
    await scene.fleet.kill()
    await asyncio.sleep(scene.random.uniform(1, 4))
    await scene.fleet.start()


async def kill_broker(scene: Scene) -> None:
    """kill -9: mosquitto forgets what it acknowledged, what it kept, and who was there."""
    scene.broker.kill()
    await asyncio.sleep(scene.random.uniform(0, 1))
    scene.broker.start_again()


async def broker_is_away(scene: Scene) -> None:
    """All devices come back at once."""
    scene.broker.kill()
    await asyncio.sleep(scene.random.uniform(2, 5))
    scene.broker.start_again()


async def freeze_fleet(scene: Scene) -> None:
    """The fleet hangs for a while, and messages pile up."""
    scene.fleet.signal(signal.SIGSTOP)
    await asyncio.sleep(scene.random.uniform(1, 4))
    scene.fleet.signal(signal.SIGCONT)


async def kill_both(scene: Scene) -> None:
    """A power cut of the machine on which both run."""
    scene.broker.kill()
    await scene.fleet.kill()
    scene.broker.start_again()
    await scene.fleet.start()


async def release_again(scene: Scene) -> None:
    """The next version comes while devices are busy with this one."""
    await scene.release()


FAULTS: tuple[Callable[[Scene], Awaitable[None]], ...] = (
    kill_fleet,
    fleet_is_away,
    kill_broker,
    broker_is_away,
    freeze_fleet,
    kill_both,
    release_again,
)


async def play(scene: Scene, count: int, pause: float) -> None:
    """So many faults, drawn by the scene's seed, with pauses of up to ``pause`` seconds between them."""
    for _ in range(count):
        await asyncio.sleep(scene.random.uniform(0, pause))
        fault = scene.random.choice(FAULTS)
        scene.faults.append(fault.__name__)
        scene.say(f"{fault.__name__.replace('_', ' ')}")
        await fault(scene)
