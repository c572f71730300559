def clock(seconds):
    return f"{seconds // 60}:{seconds % 60:02d}"


def duration(seconds):
    if seconds < 60:
        return count(seconds, "second")
    return count((seconds + 30) // 60, "minute")


def count(number, unit):
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
