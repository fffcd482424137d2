"""What parts of the body are called in tags, codes and descriptions, in the languages that hospitals use. Knows words alone.

A part has one name, as Body Part Examined (0018,0015) has it (PS3.16 annex L). A description is searched for these words, also
where a side or a view is grown onto them ("LKNEE", "CHESTPA"); of scripts that put no spaces between words, anywhere in it.
"""

import re
import unicodedata
from functools import lru_cache

PARTS: dict[str, str] = {
    "CHEST": "thorax thoraks torax torace toracica lung lungs lunge lungen lungor pulmo pulmon pulmones pulmonary pulmonar"
    " poumon poumons polmone polmoni pecho peito brustkorb cxr klatka piersiowa hrudnik hrudniku akciger gogus"
    " nguc грудь грудная легкие огк θωρακας 흉부 가슴 폐 胸部 胸片 胸腔 肺部 肺野 صدر",
    "KNEE": "knie genou genoux rodilla rodillas ginocchio ginocchia joelho joelhos kna knæ polvi kolano kolana koleno kolene"
    " diz genu patella knieen колено коленный коленного γονατο 무릎 슬관절 膝 ركبة",
    "HAND": "hande main mains mano mani mao maos reka ruka кисть 손 手部 手指",
    "FINGER": "finger doigt dedo dito thumb pouce daumen pulgar 손가락 指",
    "WRIST": "handgelenk poignet muneca polso punho nadgarstek 손목 手関節 手腕 腕関節",
    "ELBOW": "ellenbogen coude codo gomito cotovelo lokiec 팔꿈치 주관절 肘",
    "SHOULDER": "schulter epaule hombro spalla ombro bark skuldra плечо 어깨 견관절 肩",
    "CLAVICLE": "schlusselbein clavicule clavicula clavicola 쇄골 鎖骨 锁骨",
    "HUMERUS": "oberarm umero 상완 上腕 肱骨",
    "FOREARM": "unterarm avantbras antebrazo radius ulna 전완 前腕",
    "HIP": "hufte huefte hanche cadera anca quadril biodro 고관절 股関節 髋 髖",
    "PELVIS": "becken bassin bacino pelvic miednica таз 골반 骨盤 骨盆",
    "FEMUR": "oberschenkel femoral 대퇴 大腿 股骨",
    "TIBIA": "tibiafibula fibula unterschenkel 경골 下腿 胫骨",
    "ANKLE": "sprunggelenk cheville tobillo caviglia tornozelo kostka 발목 족관절 足関節 踝",
    "FOOT": "fuss fus pied pieds piede pie voet stopa calcaneus toe heel 족부 足部 足",
    "HEAD": "kopf tete cabeza testa cabeca crane cranio craneo glowa голова 두부 頭部 头部",
    "SKULL": "schadel schaedel 두개골 頭蓋 颅骨",
    "BRAIN": "cerebral cerebro cervello cerveau gehirn hirn mozg мозг 뇌 脳 脑",
    "SINUS": "sinuses nasennebenhohlen 부비동 副鼻腔 鼻窦",
    "ORBIT": "orbits orbita 안와 眼窩",
    "JAW": "kiefer mandible maxilla teeth dental zahn tmj 치아 顎",
    "NECK": "hals cuello collo pescoco szyja 경부 頸部 颈部",
    "SPINE": "wirbelsaule rachis columna colonna coluna kregoslup позвоночник 척추 脊椎 脊柱",
    "CSPINE": "hws cervical cervicale 경추 頸椎 颈椎",
    "TSPINE": "bws 흉추 胸椎",
    "LSPINE": "lws lumbar lombaire lombare lumbosacral 요추 腰椎",
    "SSPINE": "sacrum coccyx 천추 仙骨 骶",
    "ABDOMEN": "abdominal bauch ventre addome kub brzuch живот 복부 腹部",
    "HEART": "cardiac herz coeur corazon cuore 심장 心臓 心脏",
    "PROSTATE": "prostata 전립선 前列腺",
    "LIVER": "leber foie higado fegato 간 肝",
    "BREAST": "mamma mammo mammography mammella 유방 乳房 乳腺",
    "RIB": "ribs rippe rippen costilla costillas costole hemithorax 늑골 肋骨",
    "STERNUM": "brustbein 흉골 胸骨",
    "EXTREMITY": "extremities limb leg legs arm arms bein beine jambe pierna gamba lowerlimb upperlimb 하지"
    " 상지 四肢 下肢 上肢",
    "WHOLEBODY": "ganzkorper 전신 全身",
}  # fmt: skip
"""Each part's own name, and what else it is called, without accents, in small letters."""
VAGUE = frozenset({"RIB", "EXTREMITY", "WHOLEBODY", "SPINE"})
"""Parts that hold others: a description that names one of those says more."""
CODES = {
    "51185008": "CHEST", "T-D3000": "CHEST", "43799004": "CHEST", "39607008": "CHEST", "T-28000": "CHEST", "399208008": "CHEST",
    "72696002": "KNEE", "T-D9200": "KNEE", "49076000": "KNEE", "T-15720": "KNEE", "85562004": "HAND", "T-D8700": "HAND",
    "7569003": "FINGER", "T-D8800": "FINGER", "74670003": "WRIST", "T-15460": "WRIST", "8205005": "WRIST", "T-D8600": "WRIST",
    "16953009": "ELBOW", "127949000": "ELBOW", "T-D8300": "ELBOW", "16982005": "SHOULDER", "T-D2220": "SHOULDER",
    "51299004": "CLAVICLE", "T-12310": "CLAVICLE", "85050009": "HUMERUS", "T-12410": "HUMERUS", "14975008": "FOREARM",
    "T-D8500": "FOREARM", "29836001": "HIP", "24136001": "HIP", "T-15710": "HIP", "12921003": "PELVIS", "T-D6000": "PELVIS",
    "71341001": "FEMUR", "T-12710": "FEMUR", "12611008": "TIBIA", "T-12740": "TIBIA", "344001": "ANKLE", "T-15750": "ANKLE",
    "56459004": "FOOT", "T-D9700": "FOOT", "69536005": "HEAD", "T-D1100": "HEAD", "89546000": "SKULL", "T-11100": "SKULL",
    "12738006": "BRAIN", "T-A0100": "BRAIN", "45048000": "NECK", "T-D1600": "NECK", "421060004": "SPINE", "T-11500": "SPINE",
    "122494005": "CSPINE", "T-11501": "CSPINE", "122495006": "TSPINE", "T-11502": "TSPINE", "122496007": "LSPINE",
    "T-11503": "LSPINE", "818981001": "ABDOMEN", "113345001": "ABDOMEN", "T-D4000": "ABDOMEN", "76752008": "BREAST",
    "T-04000": "BREAST", "113197003": "RIB", "T-11300": "RIB", "66019005": "EXTREMITY", "T-D0300": "EXTREMITY",
}  # fmt: skip
"""Codes of SNOMED CT and RT (PS3.16 CID 4009, CID 4031) and the parts that they name."""

_GROWN = r"(?:xr|cr|dx|mr|mri)?(?:l|r|lt|rt|left|right|bi)?"
_ON = r"(?:s|es)?(?:pa|ap|lat|lateral|ll|l|r|lt|rt|le|re|li|left|right|view|routine|wo|w)*"


def folded(text: str) -> str:
    """Small letters without accents, signs and digits as spaces; letters of scripts without accents stay."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(letter))
    return re.sub(r"[\W\d_]+", " ", unicodedata.normalize("NFKC", plain)).strip()


def _spaceless(word: str) -> bool:
    """Whether a word's script puts no spaces between words: Hangul, kanji and hanzi."""
    return "\u3000" <= word[0] <= "\uffdc" and word[0] >= "\u2e80"


_BY_WORD = {folded(word): part for part, words in PARTS.items() for word in (part, *words.split())}
_WITHIN = {word: part for word, part in _BY_WORD.items() if _spaceless(word)}
_PHRASES = (
    (r"\b(?:c|cervical) spine\b", "cspine"), (r"\b(?:t|thoracic|dorsal) spine\b", "tspine"),
    (r"\b(?:l|lumbar) spine\b", "lspine"),
    (r"\b(?:lower|upper) (?:limb|leg|arm|extremity)\b", "extremity"), (r"\bwhole body\b", "wholebody"),
)  # fmt: skip
_LONGEST = sorted((word for word in _BY_WORD if len(word) >= 4 and word.isascii()), key=len, reverse=True)
_COMPOUND = re.compile(rf"{_GROWN}({'|'.join(_LONGEST)}){_ON}")


@lru_cache(maxsize=4096)
def named(text: str) -> frozenset[str]:
    """The parts that a text names, by their one name; empty where it names none that is known."""
    plain = folded(text)
    for pattern, word in _PHRASES:
        plain = re.sub(pattern, word, plain)
    found = {part for word in plain.split() if (part := part_of(word)) is not None}
    rest = plain
    for word in sorted(_WITHIN, key=len, reverse=True):  # 胸椎 before what is within it
        if word in rest and (len(word) > 1 or word == rest or _WITHIN[word] in ("KNEE",)):
            found.add(_WITHIN[word])
            rest = rest.replace(word, " ")
    return frozenset(found)


def part_of(word: str) -> str | None:
    """The part that one word names, a side or a view grown onto it aside; None where it names none."""
    plain = folded(word).replace(" ", "")
    if (part := _BY_WORD.get(plain)) is not None:
        return part
    grown = _COMPOUND.fullmatch(plain)
    return _BY_WORD[grown[1]] if grown else None
