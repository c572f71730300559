"""What is done to the parts of a fleet. After each of them the parts run again; devices suffer the weather besides."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

from firmware_tools.fleet.workers.roll import BEAT_SECONDS, LEASE_SECONDS
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


async def kill_workers_in_turn(scene: Scene) -> None:
    """kill -9 of one after the other, each with a new start."""
    for worker in scene.workers:
        await worker.kill()
        await asyncio.sleep(scene.random.uniform(0, 1))
        await worker.start()


async def a_worker_is_away(scene: Scene) -> None:
    """kill -9, and a new start only when the others have taken its devices."""
    worker = scene.random.choice(scene.workers)
    await worker.kill()
    await asyncio.sleep(LEASE_SECONDS + 2 * BEAT_SECONDS)
    await worker.start()


async def a_worker_hangs(scene: Scene) -> None:
    """It hangs until the others have taken its devices, and then goes on as if nothing had been."""
    worker = scene.random.choice(scene.workers)
    worker.signal(signal.SIGSTOP)
    await asyncio.sleep(LEASE_SECONDS + 2 * BEAT_SECONDS)
    worker.signal(signal.SIGCONT)


async def kill_database(scene: Scene) -> None:
    """The database ends in the middle of whatever it does, and recovers from its log; nobody else ends with it."""
    assert scene.postgres
    await scene.all_are_there()
    await asyncio.to_thread(scene.postgres.kill)
    await asyncio.sleep(scene.random.uniform(0, 3))
    await asyncio.to_thread(scene.postgres.start)


async def kill_database_and_a_worker(scene: Scene) -> None:
    """Who should have stored what was said is gone when it could be stored again."""
    assert scene.postgres
    await scene.all_are_there()
    await asyncio.to_thread(scene.postgres.kill)
    worker = scene.random.choice(scene.workers)
    await worker.kill()
    await asyncio.to_thread(scene.postgres.start)
    await worker.start()


FAULTS_OF_MANY = (kill_workers_in_turn, a_worker_is_away, a_worker_hangs, kill_database, kill_database_and_a_worker)
"""What can happen besides to a fleet of many processes."""


def faults_of(scene: Scene) -> Sequence[Callable[[Scene], Awaitable[None]]]:
    """All that can be done to this one."""
    return (*FAULTS, *FAULTS_OF_MANY) if scene.workers else FAULTS


async def play(scene: Scene, count: int, pause: float) -> None:
    """So many faults, drawn by the scene's seed, with pauses of up to ``pause`` seconds between them."""
    for _ in range(count):
        await asyncio.sleep(scene.random.uniform(0, pause))
        fault = scene.random.choice(faults_of(scene))
        scene.faults.append(fault.__name__)
        scene.say(f"{fault.__name__.replace('_', ' ')}")
        await fault(scene)
