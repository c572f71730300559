"""Colours and sizes where a program says none."""


class Theme:
    """``paper``, ``ink`` and the rest are 0xRRGGBB; ``scale`` is that of the 8-pixel font for text of 16 px."""

    def __init__(self, width: int, mono: bool) -> None:
        self.mono = mono
        self.scale = 1 if width < 200 else 2
        self.gap = 2 if mono else 8
        self.radius = 3 if mono else 6
        self.line = 2 if mono else 6
        if mono:
            self.paper, self.ink, self.quiet = 0, 0xFFFFFF, 0xFFFFFF
            self.button, self.track, self.accent, self.on_accent, self.ring = 0, 0, 0xFFFFFF, 0, 0xFFFFFF
        else:
            self.paper, self.ink, self.quiet = 0xF4F5F7, 0x1A1F26, 0x8A919C
            self.button, self.track, self.accent, self.on_accent = 0xFFFFFF, 0xD9DDE3, 0x07A35A, 0xFFFFFF
            self.ring = 0x1668DC
