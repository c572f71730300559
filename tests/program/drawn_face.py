"""A face, drawn: enough of one for a detector, and nobody's."""

_Colour = tuple[int, int, int]


def drawn_face(width: int, height: int, middle: tuple[int, int], radius: int) -> bytes:
    """RGBA, row by row: head and shoulders before a grey wall; ``radius`` is half the face's height."""
    wall: _Colour = (110, 125, 140)
    # Ellipses, each over the ones before: place and radii in radii of the face, and a colour.
    shapes: list[tuple[float, float, float, float, _Colour]] = [
        (0, 1.9, 1.5, 1.0, (60, 70, 110)),
        (0, 0.9, 0.35, 0.6, (190, 140, 115)),
        (0, -0.25, 0.85, 1.05, (70, 48, 35)),
        (0, 0, 0.74, 1.0, (216, 166, 138)),
        (0, 0.2, 0.07, 0.2, (205, 150, 122)),
        (0, 0.35, 0.13, 0.06, (180, 118, 95)),
        (0, 0.6, 0.28, 0.075, (165, 80, 75)),
    ]
    for side in (-0.3, 0.3):
        shapes += [
            (side, -0.12, 0.15, 0.075, (240, 236, 230)),
            (side, -0.12, 0.07, 0.07, (45, 30, 22)),
            (side, -0.3, 0.2, 0.045, (70, 45, 33)),
        ]
    out = bytearray()
    for row in range(height):
        for column in range(width):
            x, y = (column - middle[0]) / radius, (row - middle[1]) / radius
            colour = wall
            for left, top, across, down, painted in shapes:
                if ((x - left) / across) ** 2 + ((y - top) / down) ** 2 <= 1:
                    colour = painted
            out += bytes((*colour, 255))
    return bytes(out)
