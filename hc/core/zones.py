"""Time zone names: which are accepted, and what a retired name is called today.

The names come from the IANA database in the `tzdata` package, so a new zone is accepted as soon
as that package knows it. RETIRED lists its alias names from before the Area/City scheme, and
those that were renamed since. Source: the file `backward` of that database; http-api 3.4.2.
"""

from __future__ import annotations

from importlib.resources import files

RETIRED: dict[str, str] = {
    name: today
    for today, names in {
        "Africa/Abidjan": "Iceland",
        "Africa/Cairo": "Egypt",
        "Africa/Nairobi": "Africa/Asmera",
        "Africa/Tripoli": "Libya",
        "America/Adak": "US/Aleutian",
        "America/Anchorage": "US/Alaska",
        "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
        "America/Argentina/Catamarca": "America/Argentina/ComodRivadavia America/Catamarca",
        "America/Argentina/Cordoba": "America/Cordoba America/Rosario",
        "America/Argentina/Jujuy": "America/Jujuy",
        "America/Argentina/Mendoza": "America/Mendoza",
        "America/Chicago": "CST6CDT US/Central",
        "America/Denver": "MST7MDT Navajo US/Mountain",
        "America/Detroit": "US/Michigan",
        "America/Edmonton": "Canada/Mountain",
        "America/Halifax": "Canada/Atlantic",
        "America/Havana": "Cuba",
        "America/Indiana/Indianapolis": "America/Fort_Wayne America/Indianapolis US/East-Indiana",
        "America/Indiana/Knox": "America/Knox_IN US/Indiana-Starke",
        "America/Jamaica": "Jamaica",
        "America/Kentucky/Louisville": "America/Louisville",
        "America/Los_Angeles": "PST8PDT US/Pacific",
        "America/Manaus": "Brazil/West",
        "America/Mazatlan": "Mexico/BajaSur",
        "America/Mexico_City": "Mexico/General",
        "America/New_York": "EST5EDT US/Eastern",
        "America/Noronha": "Brazil/DeNoronha",
        "America/Nuuk": "America/Godthab",
        "America/Panama": "EST",
        "America/Phoenix": "MST US/Arizona",
        "America/Regina": "Canada/Saskatchewan",
        "America/Rio_Branco": "Brazil/Acre",
        "America/Santiago": "Chile/Continental",
        "America/Sao_Paulo": "Brazil/East",
        "America/St_Johns": "Canada/Newfoundland",
        "America/Tijuana": "Mexico/BajaNorte",
        "America/Toronto": "Canada/Eastern",
        "America/Vancouver": "Canada/Pacific",
        "America/Whitehorse": "Canada/Yukon",
        "America/Winnipeg": "Canada/Central",
        "Asia/Ashgabat": "Asia/Ashkhabad",
        "Asia/Dhaka": "Asia/Dacca",
        "Asia/Ho_Chi_Minh": "Asia/Saigon",
        "Asia/Hong_Kong": "Hongkong",
        "Asia/Jerusalem": "Israel",
        "Asia/Kathmandu": "Asia/Katmandu",
        "Asia/Kolkata": "Asia/Calcutta",
        "Asia/Macau": "Asia/Macao",
        "Asia/Makassar": "Asia/Ujung_Pandang",
        "Asia/Seoul": "ROK",
        "Asia/Shanghai": "Asia/Chungking PRC",
        "Asia/Singapore": "Singapore",
        "Asia/Taipei": "ROC",
        "Asia/Tehran": "Iran",
        "Asia/Thimphu": "Asia/Thimbu",
        "Asia/Tokyo": "Japan",
        "Asia/Ulaanbaatar": "Asia/Choibalsan Asia/Ulan_Bator",
        "Asia/Yangon": "Asia/Rangoon",
        "Atlantic/Faroe": "Atlantic/Faeroe",
        "Australia/Adelaide": "Australia/South",
        "Australia/Brisbane": "Australia/Queensland",
        "Australia/Darwin": "Australia/North",
        "Australia/Hobart": "Australia/Tasmania",
        "Australia/Lord_Howe": "Australia/LHI",
        "Australia/Melbourne": "Australia/Victoria",
        "Australia/Perth": "Australia/West",
        "Australia/Sydney": "Australia/ACT Australia/NSW",
        "Etc/GMT": "GMT+0 GMT-0 GMT0 Greenwich",
        "Etc/UTC": "UCT Universal Zulu",
        "Europe/Athens": "EET",
        "Europe/Brussels": "CET MET",
        "Europe/Dublin": "Eire",
        "Europe/Istanbul": "Turkey",
        "Europe/Kyiv": "Europe/Kiev Europe/Uzhgorod Europe/Zaporozhye",
        "Europe/Lisbon": "Portugal WET",
        "Europe/London": "GB GB-Eire",
        "Europe/Moscow": "W-SU",
        "Europe/Warsaw": "Poland",
        "Pacific/Auckland": "Antarctica/South_Pole NZ",
        "Pacific/Chatham": "NZ-CHAT",
        "Pacific/Easter": "Chile/EasterIsland",
        "Pacific/Guadalcanal": "Pacific/Ponape",
        "Pacific/Honolulu": "HST US/Hawaii",
        "Pacific/Kanton": "Pacific/Enderbury",
        "Pacific/Kwajalein": "Kwajalein",
        "Pacific/Pago_Pago": "US/Samoa",
        "Pacific/Port_Moresby": "Pacific/Truk",
    }.items()
    for name in names.split()
}

ZONES: frozenset[str] = frozenset(
    (files("tzdata") / "zones").read_text(encoding="ascii").split()
) - {*RETIRED, "Factory"}


def canonical(name: str) -> str | None:
    """The accepted name for `name` (itself, or today's name of a retired one), or None."""
    name = RETIRED.get(name, name)
    return name if name in ZONES else None
