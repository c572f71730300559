"""What viper makes of its parameters. For type checkers alone: no board has this file."""

class _Pointer:
    def __init__(self, buffer: object) -> None: ...
    def __getitem__(self, at: int) -> int: ...
    def __setitem__(self, at: int, value: int) -> None: ...

class ptr8(_Pointer): ...  # noqa: N801 - as viper names it
class ptr16(_Pointer): ...  # noqa: N801 - as viper names it
class ptr32(_Pointer): ...  # noqa: N801 - as viper names it
