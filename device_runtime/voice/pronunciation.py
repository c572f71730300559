# ruff: noqa: RUF001  (the International Phonetic Alphabet looks like other letters on purpose)
"""How words sound, in the phones of the recogniser's acoustic model (the 39 of CMUdict, without stress).

A word is looked up in CMUdict, which ``pocketsphinx`` carries; espeak-ng's phonemes, mapped to those phones, serve
for the rest: names, brands, new words.
"""

import re
from collections.abc import Iterable

from device_runtime.voice.errors import VoiceError
from device_runtime.voice.speech import phonemes

PHONES = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip

# International Phonetic Alphabet, as espeak-ng's en-us voice writes it, to phones; the longest key wins.
_FROM_IPA = {
    "aɪə": "AY AH", "aʊə": "AW ER", "aɪɚ": "AY ER", "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY",
    "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "ɪɹ": "IH R", "ɛɹ": "EH R", "ʊɹ": "UH R", "ɔːɹ": "AO R", "oːɹ": "AO R",
    "ɑːɹ": "AA R", "əl": "AH L", "n̩": "AH N", "l̩": "AH L", "iə": "IY AH",
    "i": "IY", "ɪ": "IH", "ᵻ": "IH", "e": "EY", "ɛ": "EH", "æ": "AE", "a": "AE", "ɐ": "AH", "ə": "AH", "ʌ": "AH",
    "ɑ": "AA", "ɒ": "AA", "ɔ": "AO", "o": "OW", "ʊ": "UH", "u": "UW", "ɜ": "ER", "ɚ": "ER", "ɝ": "ER",
    "p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "ɡ": "G", "g": "G", "f": "F", "v": "V", "θ": "TH", "ð": "DH",
    "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "h": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L", "ɹ": "R", "r": "R",
    "w": "W", "j": "Y", "ʍ": "W", "x": "K", "ç": "HH Y", "ɾ": "T", "ʔ": "T", "ɬ": "L", "y": "UW", "ø": "ER", "œ": "ER",
    "ɲ": "N Y", "ʎ": "L Y", "ɣ": "G", "β": "V", "ɕ": "SH", "ʑ": "ZH", "ɫ": "L", "ʁ": "R",
}  # fmt: skip
_SYMBOL = re.compile("|".join(sorted(map(re.escape, _FROM_IPA), key=len, reverse=True)))
_DICTIONARY_LINE = re.compile(r"(\S+?)(?:\(\d+\))?\s+(.+)")


def phones_from_ipa(ipa: str) -> str:
    """The phones of a word that espeak-ng wrote in IPA; stress, length and unknown signs are left out."""
    plain = ipa.replace("ˈ", "").replace("ˌ", "").replace("ɜː", "ɜ")
    phones = " ".join(_FROM_IPA[symbol] for symbol in _SYMBOL.findall(plain))
    return phones.replace("ER R", "ER")


def pronunciations(words: Iterable[str], dictionary: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The pronunciations of each word, and a warning for each that was guessed or that has none and is left out.

    ``dictionary``: the lines of a CMUdict file.
    """
    wanted = set(words)
    found: dict[str, list[str]] = {}
    for line in dictionary:
        if (match := _DICTIONARY_LINE.match(line)) and match[1] in wanted:
            found.setdefault(match[1], []).append(match[2].strip())
    warnings = []
    for word in sorted(wanted - found.keys()):
        phones = ""
        if word.isascii():
            try:
                phones = phones_from_ipa(phonemes(word))
            except VoiceError as error:
                warnings.append(f"{error}")
        if phones:
            found[word] = [phones]
            warnings.append(f"the word {word!r} is not in the dictionary; it is listened for as {phones}")
        else:
            warnings.append(f"the word {word!r} has no English pronunciation; phrases with it cannot be spoken")
    return found, warnings
