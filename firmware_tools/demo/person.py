"""A person at the demo's screen, who is asked what programs may send: all by the screen's own messages."""

from typing import Any

from firmware_tools.demo.screen import DemoScreen


class Person:
    """Who taps ``screen``. Each method returns when the device has done what was tapped.

    All raise :class:`~firmware_tools.demo.processes.DemoError` where it does not, or not in time.
    """

    def __init__(self, screen: DemoScreen) -> None:
        self._screen = screen

    async def be(self, profile: str) -> None:
        """Say on the page *Privacy* who uses the device: ``owner``, ``guest`` or ``child``."""
        await self._screen.send(type="profile", profile=profile)
        await self._screen.wait_for(
            f"the device to take the person for {profile}", lambda: self._screen.privacy.get("profile") == profile, 10
        )

    async def asked(self, program: str, since: float) -> dict[str, Any]:
        """The question of a program, by its name, once it stands on the screen and was read out after ``since``
        (monotonic), and the device listens for the answer."""
        screen = self._screen

        def shown() -> list[dict[str, Any]]:
            words = f"“{program}” asks you"
            return [each for each in screen.questions.values() if words in each["arguments"]["content"]]

        (question,) = await screen.wait_for(f"{program} to ask", shown, 10)
        await screen.wait_for("the speaker to listen for the answer", lambda: "listening" in self._stages(since), 20)
        return dict(question)

    async def allow(self, question: dict[str, Any]) -> None:
        """Tap “Allow”."""
        screen = self._screen
        await screen.send(type="ui_result", id=question["id"], result={"confirm": True, "cancel": False})
        await screen.wait_for("the question to go", lambda: question["id"] not in screen.questions, 10)

    async def allow_what_is_asked(self) -> None:
        """Tap “Allow” at all that is asked now."""
        for question in list(self._screen.questions.values()):
            await self.allow(question)

    async def left_alone(self, since: float) -> None:
        """The device does not listen for an answer any more; it said so after ``since`` (monotonic)."""
        await self._screen.wait_for("the speaker to listen no more", lambda: "idle" in self._stages(since), 10)

    def _stages(self, since: float) -> list[str]:
        """Those of voice after ``since``."""
        messages = self._screen.messages
        return [message["stage"] for at, message in messages if message["type"] == "voice" and at > since]

    async def decide(self, app_id: str, item: str, *, allowed: bool) -> None:
        """Move the switch of an item on the page *Privacy*."""
        await self._screen.send(type="decide", app_id=app_id, item=item, granted=allowed)
        expected = "granted" if allowed else "refused"
        await self._screen.wait_for(
            f"{item} of {app_id} to be {expected}", lambda: self.standing(app_id, item) == expected, 10
        )

    def standing(self, app_id: str, item: str) -> str:
        """How an item stands on the page *Privacy* as it was last shown; empty where it is not there."""
        for program in self._screen.privacy.get("programs", []):
            for each in program["items"]:
                if (program["app_id"], each["name"]) == (app_id, item):
                    return str(each["standing"])
        return ""
