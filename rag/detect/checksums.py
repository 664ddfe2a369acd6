"""Check digits of identifiers: arithmetic over text already without separators. Never says what a number is for."""

from __future__ import annotations

_LETTER_CODES = {letter: 10 + place for place, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}
"""The two-digit codes of Taiwan's identity letters; W, Z, I and O came last."""
_ID_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
_COMPANY_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
_PRC_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE", "BI"), 16),
    **dict.fromkeys(("DK", "FK", "FI", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN"), 20),
    **dict.fromkeys(("CR", "HR", "LI", "LV", "CH"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "TL", "OM", "SO"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VA", "VG"), 24),
    **dict.fromkeys(("PT", "ST", "LY"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "MR", "SM", "DJ"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
"""Length by country; SWIFT IBAN registry, release 99."""


def passes_luhn(digits: str) -> bool:
    """The Luhn formula of payment cards (ISO/IEC 7812-1, annex B)."""
    doubled = (int(one) * 2 for one in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(one - 9 if one > 9 else one for one in doubled)) % 10 == 0


def passes_iban(iban: str) -> bool:
    """Modulo 97 of an upper-case IBAN of its country's length (ISO 13616, ISO 7064 MOD 97-10)."""
    if len(iban) != IBAN_LENGTHS.get(iban[:2]):
        return False
    return int("".join(str(int(one, 36)) for one in iban[4:] + iban[:4])) % 97 == 1


def passes_taiwan_id(number: str) -> bool:
    """身分證字號 and 居留證 since 2021 (second character 1, 2, 8, 9), and the older 居留證 (second a letter A to D).

    Weights 1 9 8 7 6 5 4 3 2 1 1 over the first letter's two digits and the rest; an old permit's second letter counts
    by the last digit of its code (內政部 統一證號 編碼原則).
    """
    first = _LETTER_CODES.get(number[0])
    if first is None:
        return False
    second = str(_LETTER_CODES[number[1]] % 10) if number[1].isalpha() else number[1]
    digits = f"{first}{second}{number[2:]}"
    return sum(int(one) * weight for one, weight in zip(digits, _ID_WEIGHTS, strict=True)) % 10 == 0


def passes_taiwan_company(number: str) -> bool:
    """統一編號 by the rule since April 2023: the digit sum of the products is divisible by 5 (財政部, 1111111公告).

    Where the seventh digit is 7, its product's digit sum 10 counts as 1 or as 0; either will do.
    """
    total = sum(sum(divmod(int(one) * weight, 10)) for one, weight in zip(number, _COMPANY_WEIGHTS, strict=True))
    return total % 5 == 0 or (number[6] == "7" and (total + 1) % 5 == 0)


def passes_prc_id(number: str) -> bool:
    """The eighteenth character of a mainland 居民身份证 (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(one) * weight for one, weight in zip(number[:17], _PRC_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def passes_nhs(number: str) -> bool:
    """The tenth digit of a British NHS number (modulo 11)."""
    total = sum(int(one) * weight for one, weight in zip(number[:9], range(10, 1, -1), strict=True))
    return (11 - total % 11) % 11 == int(number[9])
