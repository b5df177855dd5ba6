# ruff: noqa: E501 - a sentence and its translation stand on a line each
"""The words of the report that come in more than one language: headings, banner, summary, probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

Language = Literal["en", "hi"]
LANGUAGES: tuple[Language, ...] = ("en", "hi")

# Key -> English, Hindi. Tables, notes and sources stay in English, as their sources print them.
_WORDS: dict[str, tuple[str, str]] = {
    "title": (
        "India’s rare-earth and electric-vehicle outlook to 2030",
        "भारत की दुर्लभ मृदा और विद्युत वाहन: 2030 तक का पूर्वानुमान",
    ),
    "subtitle": (
        "Supply of rare earths and magnets, demand from electric vehicles, and how sure it is",
        "दुर्लभ मृदा और चुंबकों की आपूर्ति, विद्युत वाहनों की माँग, और भरोसा कितना है",
    ),
    "skip": ("Skip to the content", "मुख्य सामग्री पर जाएँ"),
    "status": ("Status", "स्थिति"),
    "answer": ("The answer", "उत्तर"),
    "scenarios": ("Every scenario side by side", "सभी परिदृश्य साथ-साथ"),
    "scenario": ("Scenario", "परिदृश्य"),
    "balance": ("Does it add up?", "क्या माँग और आपूर्ति मेल खाती है?"),
    "moves": ("What the answer hangs on", "उत्तर किन बातों पर टिका है"),
    "knowing": ("What would be worth knowing", "कौन-सी जानकारी सबसे उपयोगी होगी"),
    "changes": ("What moved since the last edition", "पिछले संस्करण से क्या बदला"),
    "standing": ("How each series stands", "प्रत्येक शृंखला की स्थिति"),
    "standing.ok": ("ok", "ठीक"),
    "standing.degraded": ("Degraded", "सीमित"),
    "standing.stale": ("Stale", "पुराना"),
    "standing.withheld": ("Withheld", "रोका गया"),
    "standing.degraded.these": (
        "Degraded: a fallback stands in for the champion",
        "सीमित: मुख्य मॉडल के स्थान पर वैकल्पिक मॉडल",
    ),
    "standing.stale.these": ("Stale: values of an earlier edition", "पुराना: पहले के संस्करण के मान"),
    "standing.withheld.these": ("Withheld: no forecast is published", "रोका गया: कोई पूर्वानुमान प्रकाशित नहीं"),
    "standing.degraded.text": (
        "Published is the fallback {model}",
        "वैकल्पिक मॉडल {model} प्रकाशित है",
    ),
    "standing.stale.text": ("These are the values of edition {vintage}", "ये संस्करण {vintage} के मान हैं"),
    "standing.withheld.text": (
        "No forecast of this series is published in this edition",
        "इस संस्करण में इस शृंखला का पूर्वानुमान प्रकाशित नहीं है",
    ),
    "standing.degraded.mark": ("degraded: fallback {model}", "degraded: fallback {model}"),
    "standing.stale.mark": ("stale: values of {vintage}", "stale: values of {vintage}"),
    "remarks": (
        "Remarks on {count} of {all} series, {lines} in all; each is also marked at its series",
        "{all} में से {count} शृंखलाओं पर {lines} टिप्पणियाँ; प्रत्येक अपनी शृंखला के साथ भी अंकित है",
    ),
    "series.one": ("1 series", "1 शृंखला"),
    "series.many": ("{count} series", "{count} शृंखलाएँ"),
    "gate": ("Gate {name}", "जाँच {name}"),
    "gate.freshness": ("Late figures", "देर से आए आँकड़े"),
    "gate.coverage": (
        "Bands held more or fewer figures in backtests than they promise, or have no backtest",
        "पिछली जाँच में पट्टियाँ वादे से अधिक या कम सही रहीं, या जाँची नहीं गईं",
    ),
    "gate.skill": ("No better than a naive forecast in backtests", "पिछली जाँच में सरल पूर्वानुमान से बेहतर नहीं"),
    "gate.revision": ("Figures were revised a good deal", "आँकड़ों में बड़े संशोधन हुए"),
    "gate.track_record": (
        "Past editions held more or fewer figures than they promised",
        "पिछले संस्करण वादे से अधिक या कम सही रहे",
    ),
    "unanswered": (
        "This edition does not say whether demand and supply add up: it holds no balance.",
        "यह संस्करण नहीं बताता कि माँग और आपूर्ति मेल खाती हैं या नहीं: इसमें संतुलन नहीं है।",
    ),
    "says.moved.home": (
        "Since the last edition the gap to what India makes moved from {before} to {after} t ({amount}): {causes}.",
        "पिछले संस्करण से भारत के उत्पादन की कमी {before} से {after} टन हुई ({amount}): {causes}।",
    ),
    "says.moved.market": (
        "Since the last edition the gap to all that can be had moved from {before} to {after} t ({amount}): {causes}.",
        "पिछले संस्करण से कुल उपलब्धता की कमी {before} से {after} टन हुई ({amount}): {causes}।",
    ),
    "glance": ("The series at a glance", "शृंखलाएँ एक नज़र में"),
    "contents": ("Contents", "विषय-सूची"),
    "supply": ("Supply", "आपूर्ति"),
    "demand": ("Demand", "माँग"),
    "driver": ("What drives them", "इन्हें क्या चलाता है"),
    "numbers": ("The numbers", "आँकड़े"),
    "trust": ("How far to trust the bands", "पट्टियों पर कितना भरोसा करें"),
    "care": ("Read with care", "सावधानी से पढ़ें"),
    "others": ("What others forecast", "दूसरों के पूर्वानुमान"),
    "rivals": ("Rival figures", "प्रतिद्वंद्वी आँकड़े"),
    "sources": ("Sources", "स्रोत"),
    "record": ("Track record", "पिछले पूर्वानुमान कितने सही निकले"),
    "checks": ("Our past against published figures", "प्रकाशित आँकड़ों से मिलान"),
    "assumptions": ("Assumptions", "मान्यताएँ"),
    "honesty": ("What these data cannot tell", "ये आँकड़े क्या नहीं बता सकते"),
    "method": ("Method and limits", "विधि और सीमाएँ"),
    "limits": ("Limits", "सीमाएँ"),
    "scale": ("What the words for probability mean", "संभावना के शब्दों का अर्थ"),
    "provenance": ("Provenance", "आँकड़ों का उद्गम"),
    "errata": ("Errata", "शुद्धि-पत्र"),
    "about": ("About this edition", "इस संस्करण के बारे में"),
    "edition": ("Edition", "संस्करण"),
    "released": ("Released", "जारी"),
    "as_of": ("Data as of", "आँकड़े इस दिन तक"),
    "next": ("Next release", "अगला संस्करण"),
    "contact": ("Contact", "संपर्क"),
    "licence": ("Licence", "अनुज्ञा"),
    "cite": ("Cite as", "उद्धरण"),
    "unscheduled": ("not scheduled", "तय नहीं"),
    "normal": ("Normal", "सामान्य"),
    "normal.text": (
        "The data are recent enough and every gate was passed.",
        "सभी आँकड़े समय पर आए और हर जाँच पूरी हुई।",
    ),
    "degraded": ("Degraded", "सीमित"),
    "degraded.text": (
        "Published with known shortcomings; read the marked series with care.",
        "ज्ञात कमियों के साथ प्रकाशित; चिह्नित शृंखलाएँ सावधानी से पढ़ें।",
    ),
    "stale": ("Stale", "पुराना"),
    "stale.text": (
        "New data did not arrive in time; these are the last good numbers.",
        "नए आँकड़े समय पर नहीं आए; ये पिछली सही संख्याएँ हैं।",
    ),
    "superseded": ("Superseded", "प्रतिस्थापित"),
    "superseded.text": ("A newer edition replaces this one.", "नया संस्करण इसका स्थान ले चुका है।"),
    "retracted": ("Retracted", "वापस लिया गया"),
    "retracted.text": ("Do not use these numbers.", "इन संख्याओं का उपयोग न करें।"),
    "says.home.lack": (
        "{when}: demand for magnets exceeds what India makes by {median} t (80% band {low} to {high}). It is {verbal} ({p}) that something is lacking.",
        "{when}: चुंबकों की माँग भारत के उत्पादन से {median} टन अधिक है (80% पट्टी {low} से {high})। कमी होना {verbal} है ({p})।",
    ),
    "says.home.spare": (
        "{when}: India makes {median} t of magnets more than it needs (80% band of the gap {low} to {high}). It is {verbal} ({p}) that something is lacking.",
        "{when}: भारत ज़रूरत से {median} टन अधिक चुंबक बनाता है (कमी की 80% पट्टी {low} से {high})। कमी होना {verbal} है ({p})।",
    ),
    "says.market.lack": (
        "With all that can be had, imports included, {median} t are lacking (80% band {low} to {high}); a shortage is {verbal} ({p}).",
        "आयात सहित जो कुछ मिल सकता है, उसके बाद भी {median} टन की कमी रहती है (80% पट्टी {low} से {high}); कमी {verbal} है ({p})।",
    ),
    "says.market.spare": (
        "With all that can be had, imports included, there are {median} t to spare (80% band of the gap {low} to {high}); a shortage is {verbal} ({p}).",
        "आयात सहित जो कुछ मिल सकता है, उससे {median} टन बचते हैं (कमी की 80% पट्टी {low} से {high}); कमी {verbal} है ({p})।",
    ),
    "says.closes": (
        "The gap to all that can be had closes with at least even odds from {year} on and stays so; with four chances in five {sure}.",
        "कुल उपलब्धता की कमी {year} से कम-से-कम बराबर संभावना के साथ पूरी रहती है; पाँच में चार की संभावना के साथ {sure}।",
    ),
    "says.never": (
        "The gap to all that can be had does not close for good with even odds in any year to {when}{once}.",
        "{when} तक किसी भी वर्ष से कुल उपलब्धता की कमी बराबर संभावना के साथ स्थायी रूप से पूरी नहीं होती{once}।",
    ),
    "says.once": (", though it does in {year} alone or for a time", ", यद्यपि {year} में कुछ समय के लिए होती है"),
    "says.sure": ("first in {year}", "पहली बार {year} में"),
    "says.unsure": ("in no year", "किसी वर्ष नहीं"),
    "says.needed": (
        "To be four-fifths sure of enough in {when}, {needed} t more would be needed.",
        "{when} में पाँच में चार की निश्चितता के लिए {needed} टन और चाहिए।",
    ),
    "says.nochange": (
        "No number of this answer moved since an earlier edition, or none is recorded to compare it with.",
        "पिछले संस्करण से इस उत्तर की कोई संख्या नहीं बदली, या तुलना के लिए कोई संस्करण दर्ज नहीं है।",
    ),
    "last edition": ("last edition", "पिछला संस्करण"),
    "this edition": ("this edition", "यह संस्करण"),
    "cause.new data": ("new data", "नए आँकड़े"),
    "cause.revised data": ("revised data", "संशोधित आँकड़े"),
    "cause.driver forecasts": ("driver forecasts", "चालक शृंखलाओं के पूर्वानुमान"),
    "cause.assumptions": ("assumptions", "मान्यताएँ"),
    "cause.events and scenarios": ("events and scenarios", "घटनाएँ और परिदृश्य"),
    "cause.catalogue": ("catalogue", "सूची"),
    "cause.model or recipe": ("model or recipe", "मॉडल"),
    "cause.sampling noise": ("sampling noise", "प्रतिचयन"),
    "cause.code and dependencies": ("code and dependencies", "प्रोग्राम"),
    "cause.fallbacks in use": ("fallbacks in use", "वैकल्पिक मॉडल"),
    "cause.not separable": ("not separable", "अलग नहीं किया जा सका"),
    "cause.not attributed": ("not attributed", "कारण नहीं बाँटा गया"),
    "says.change": (
        "{title}, {when}: {after} {unit}, {before} in the last edition ({amount}): {causes}.",
        "{title}, {when}: {after} {unit}, पिछले संस्करण में {before} ({amount}): {causes}।",
    ),
    "message": (
        "{when}: {amount} (80% band {low} to {high})",
        "{when}: {amount} (80% पट्टी {low} से {high})",
    ),
    "message.above": (
        "; {verbal} ({p}) to exceed the {before}",
        "; {before} से अधिक होना {verbal} ({p})",
    ),
    "message.of": ("{value} of {when} ({status})", "{when} के {value} ({status})"),
    "bound.over": ("over {figure}", "{figure} से अधिक"),
    "bound.under": ("under {figure}", "{figure} से कम"),
    "bound.at least": ("at least {figure}", "कम-से-कम {figure}"),
    "bound.at most": ("at most {figure}", "अधिक-से-अधिक {figure}"),
    "virtually certain": ("virtually certain", "लगभग निश्चित"),
    "extremely likely": ("extremely likely", "अत्यंत संभावित"),
    "very likely": ("very likely", "बहुत संभावित"),
    "likely": ("likely", "संभावित"),
    "about as likely as not": ("about as likely as not", "संभव, उतना ही असंभव"),
    "unlikely": ("unlikely", "असंभावित"),
    "very unlikely": ("very unlikely", "बहुत असंभावित"),
    "extremely unlikely": ("extremely unlikely", "अत्यंत असंभावित"),
    "exceptionally unlikely": ("exceptionally unlikely", "लगभग असंभव"),
    "actual": ("actual", "वास्तविक"),
    "provisional": ("provisional", "अनंतिम"),
    "estimate": ("estimate", "अनुमान"),
    "carried_forward": ("carried forward, not measured", "पिछला दोहराया, मापा नहीं"),
    "derived": ("derived", "व्युत्पन्न"),
    "target": ("target, not an observation", "लक्ष्य, प्रेक्षण नहीं"),
}  # fmt: skip


_UNITS = {
    "vehicles": "वाहन",
    "t magnet": "टन चुंबक",
    "t REO": "टन दुर्लभ मृदा ऑक्साइड",
    "t NdPr oxide": "टन NdPr ऑक्साइड",
    "t Nd": "टन नियोडिमियम धातु",
    "USD m": "मिलियन अमेरिकी डॉलर",
    "INR crore": "करोड़ ₹",
    "MW": "मेगावाट",
    "t": "टन",
}


class Words(Mapping[str, str]):
    """The words of one language by key; a template writes ``report.words.answer``.

    >>> Words("en")["answer"], Words("hi")["answer"]
    ('The answer', 'उत्तर')
    >>> Words("en").say("says.sure", year="FY2029")
    'first in FY2029'
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __getitem__(self, key: str) -> str:
        return _WORDS[key][self._column]

    def __iter__(self) -> Iterator[str]:
        return iter(_WORDS)

    def __len__(self) -> int:
        return len(_WORDS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and other.language == self.language

    def __hash__(self) -> int:
        return hash(self.language)

    def percent(self, text: str) -> str:
        """A probability as text, with its bound in words where it has one.

        >>> Words("en").percent("over 99%"), Words("hi").percent("over 99%"), Words("hi").percent("63%")
        ('over 99%', '99% से अधिक', '63%')
        """
        bound, _, figure = text.rpartition(" ")
        return self.say(f"bound.{bound}", figure=figure) if bound else text

    def amount(self, text: str, unit: str, english: str) -> str:
        """A number with its unit; ``english`` stands where a language has no word for the unit."""
        return f"{text} {_UNITS[unit]}" if self.language == "hi" and unit in _UNITS else english

    def say(self, key: str, **parts: str) -> str:
        """A sentence with its numbers and names filled in."""
        return self[key].format(**parts)
