"""The words that the pictures show."""

from __future__ import annotations

import random

ITEMS = (
    "TEA COFFEE MILK BREAD RICE EGGS SOUP CAKE JUICE PIZZA SALAD FISH APPLE WATER PASTA TOAST SODA HONEY BEANS CORN"
).split()
TOTAL = "TOTAL"
FIELDS = "NAME CITY DATE PHONE ROOM ORDER SEAT GATE TEAM LEVEL CODE TABLE".split()
SIGNS = (
    "OPEN CLOSED EXIT STOP SALE HOTEL BANK PARK TAXI CAFE LIBRARY MUSEUM STATION AIRPORT POLICE "
    "BAKERY MARKET SCHOOL CINEMA GARAGE NORTH SOUTH EAST WEST DANGER CAUTION PUSH PULL HELLO FRESH"
).split()
NAMES = (
    "ANNA BRUNO CLARA DAVID ELENA FELIX GRACE HUGO IRIS JONAS KAREN LUCAS MARIA NADIA OSCAR PAULA QUINN ROSA SIMON "
    "TANYA URSULA VICTOR WANDA XAVIER YUSUF ZOE"
).split()
CITIES = (
    "ATHENS BERLIN CAIRO DUBLIN ESSEN FARO GENOA HANOI ISTANBUL JAIPUR KYOTO LIMA MADRID NAIROBI OSLO PARIS QUITO "
    "ROME SEOUL TOKYO UTRECHT VIENNA WARSAW XIAN YORK ZURICH"
).split()
TEAMS = "LIONS BEARS WOLVES HAWKS TIGERS SHARKS EAGLES FOXES BULLS OTTERS".split()
COMMON = (
    "GREEN RIVER GARDEN WINTER SUMMER PAPER WINDOW STREET BRIDGE MORNING EVENING LETTER NUMBER FOREST ISLAND SILVER "
    "GOLDEN LITTLE SECOND BOTTLE TRAVEL SUNDAY MONDAY FRIDAY SIMPLE STRONG QUIET BRIGHT HEAVY LIGHT MUSIC PHOTO "
    "THE AND FOR WITH FROM ONE TWO TEN NEW OLD BIG RED BLUE GOOD DAY WAY BOX KEY MAP JOB FIX WE GO UP TO AT IN ON"
).split()
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


def invented(source: random.Random, shortest: int, longest: int, alphabet: str = LETTERS) -> str:
    """Random characters, so that words have to be read and not guessed."""
    return "".join(source.choice(alphabet) for _ in range(source.randint(shortest, longest)))


def sign(source: random.Random) -> str:
    """What stands on a sign."""
    return source.choice(SIGNS) if source.random() < 0.5 else invented(source, 3, 7)


def any_word(source: random.Random) -> str:
    """A word of a page."""
    draw = source.random()
    if draw < 0.45:
        return source.choice(COMMON)
    if draw < 0.6:
        return source.choice(SIGNS)
    return invented(source, 2, 7) if draw < 0.85 else invented(source, 2, 4, DIGITS)


def price(cents: int) -> str:
    """An amount, with two places."""
    return f"{cents // 100}.{cents % 100:02}"


def value(source: random.Random, field: str) -> str:
    """What a form says in a field."""
    if source.random() < 0.25 and field in ("NAME", "CITY", "TEAM"):
        return invented(source, 3, 7)
    if field == "NAME":
        return source.choice(NAMES)
    if field == "CITY":
        return source.choice(CITIES)
    if field == "TEAM":
        return source.choice(TEAMS)
    if field in ("DATE", "PHONE"):
        return invented(source, 4, 6, DIGITS)
    if field in ("SEAT", "GATE", "CODE"):
        return source.choice(LETTERS) + invented(source, 1, 3, DIGITS)
    return invented(source, 1, 4, DIGITS)
