"""Words by which the rules tell calls apart: English, German, French, Spanish, Italian, Portuguese.

Beginnings of words, in small letters, so that `summar` stands for summarise, summary, summarizing.
"""

import re

LANGUAGES = frozenset({"en", "de", "fr", "es", "it", "pt"})


def _any_of(beginnings: str) -> re.Pattern[str]:
    """Return a pattern for words that begin so; a line holds those of one language or two."""
    lines = (line.strip() for line in beginnings.strip().splitlines())
    return re.compile(rf"\b(?:{'|'.join(lines)})")


SUMMARISATION = _any_of(r"""
    summar|tl;?dr\b|condense|key (?:points|takeaways)|boil (?:it|this) down
    zusammenfass|zusammen(?:zu)?fass|fass[et]*\b.{0,80}\bzusammen|kurzfassung
    résum|synthétis|en bref\b
    resum(?:ir|en\b|a\b|ão\b|o\b)|resume (?:el|la|los|las|este|esta|esto|o|os|as|isto)\b
    riassum|sintetizz
""")
EXTRACTION = _any_of(r"""
    extract|pull out\b|find all\b|list (?:all|every)\b
    extrahier|lies\b.{0,80}\bheraus|herauslesen|liste alle\b
    extrai|extrayez|relève[zr]?\b
    extra(?:e|er|iga)\b|extraíd|estra[ie]|estrarre|elenca (?:tutt|i|le)
""")
CLASSIFICATION = _any_of(r"""
    classif|categori[sz]|sentiment|is (?:this|it) (?:spam|positive|negative)|tag each
    label (?:this|the|each|these)
    klassifizier|kategorisier|ordne\b.{0,80}\bzu\b|stufe\b.{0,80}\bein\b
    catégoris|class(?:e|er|ez) (?:ce|ces|cette|le|la|les)\b|étiquet
    clasific|etiquet|categoriz[ae]|stimmung
""")
REWRITE = _any_of(r"""
    rewrit|rephras|paraphras|proofread|translat|shorten|reword|polish th
    fix (?:the|my|this) (?:grammar|spelling|typo|punctuation)|add (?:a|the) comma
    correct (?:the|my|this)\b|make (?:it|this) (?:shorter|longer|more|less|sound)
    umformulier|formulier\w*\b.{0,80}\bum\b|übersetz|korrigier|kürz(?:e|en)\b
    reformul|tradui|corrig|raccourci
    reescrib|traduc|corríg|acort
    riscriv|tradurr|corregg|reescrev|traduz|parafrase
""")
BRAINSTORMING = _any_of(r"""
    brainstorm|ideas (?:for|on|about)\b|come up with\b|suggest (?:some|names|ideas|\d+)
    ideen\b|schlag\w*\b.{0,80}\bvor\b|idées\b|propos(?:e|ez)\b
    ideas para\b|lluvia de ideas|idee per\b|ideias\b
""")
CLOSED_QA = _any_of(r"""
    according to\b|based on (?:the|this|these)\b|from the (?:text|document|context|passage)
    laut (?:dem|der|den|diesem|dieser)\b|anhand (?:des|der|dieses|dieser)\b
    d.après\b|selon (?:le|la|les|ce|cette)\b|según\b
    secondo (?:il|la|lo|questo|questa)\b|de acordo com\b
""")
CODE = _any_of(r"""
    python\b|javascript\b|typescript\b|sql\b|regex|regular expression|bash\b
    refactor|unit tests?\b|stack ?trace|traceback|compil|debug|java\b|rust\b
    functions? (?:that|which|to|in|for|named|called)\b|def \w+\(|class \w+[:({]
    select \w.{0,80}\bfrom\b
    programmier|funktion,? die\b|fonction qui\b|función que\b|funzione che\b|função que\b
    código\b|quellcode
""")
TEXT_GENERATION = _any_of(r"""
    write\b|draft|compose\b|generate (?:a|an|the)\b
    schreib|verfass|entwirf|formulier
    écri|rédige|escrib|redact|scriv[ia]|redig|escrev
""")
OPEN_QA = re.compile(
    r"\?|¿|^\W*(?:who|what|when|where|which|how|explain|tell me"
    r"|wer|was|wann|wo|welche|wie|erkläre?"
    r"|qui|quoi|quand|où|quel|comment|explique"
    r"|quién|qué|cuándo|dónde|cuál|cómo|explica"
    r"|chi|cosa|quando|dove|quale|come|spiega"
    r"|quem|onde|qual|como)\b"
)
CHATBOT = re.compile(
    r"^\W*(?:hello|hi|hey|thanks|thank you|good (?:morning|evening)|hallo|guten (?:tag|morgen)"
    r"|danke"
    r"|bonjour|salut|merci|hola|gracias|ciao|buongiorno|grazie|olá|oi|obrigad[oa])\b"
)
# What somebody asks for outright; the one that stands first is meant.
EXPLICIT = (
    ("summarisation", SUMMARISATION),
    ("extraction", EXTRACTION),
    ("classification", CLASSIFICATION),
    ("rewrite", REWRITE),
    ("brainstorming", BRAINSTORMING),
)
# What is likely where nothing else was said, in this order.
LOOSE = (
    ("closed_qa", CLOSED_QA),
    ("text_generation", TEXT_GENERATION),
    ("chatbot", CHATBOT),
    ("open_qa", OPEN_QA),
)
REASONING = _any_of(r"""
    step by step|prove\b|proof\b|deriv|analy[sz]e|compare\b|trade-?offs?\b
    why\b|design (?:a|an|the)\b|architect|optimi[sz]e|plan (?:a|an|the|for)\b|root cause
    schritt für schritt|beweis|analysier|vergleich|warum\b|wäge\b
    étape par étape|démontr|analyse[zr]|compare[zr]|pourquoi\b
    paso a paso|demuestr|analiza|por qué\b
    passo (?:dopo|a) passo|dimostr|analizz|confront|perché\b
    analis[ae]|por que\b|prov[ea] que\b
""")
CONSTRAINT = _any_of(r"""
    must\b|exactly\b|at (?:least|most)\b|no more than\b|do not\b|never\b|only\b
    muss\b|müssen\b|genau\b|höchstens\b|mindestens\b|nur\b|nicht\b
    doi(?:t|s|vent)\b|exactement\b|au (?:plus|moins)\b|seulement\b
    debe|exactamente\b|como máximo\b|solo\b
    dev(?:e|ono)\b|esattamente\b|al massimo\b|no máximo\b
""")
# Health, law, money that moves, what cannot be undone: mistakes are dear, whatever the call costs.
RISKY = _any_of(r"""
    diagnos|dosage|dose\b|symptom|prescri|medicat|patient|suicid
    lawsuit|legal(?:ly)? (?:advice|binding|opinion)|contract\b|liabilit|litigation
    tax (?:return|fraud|liabilit)|loan\b|mortgage|credit (?:decision|score)
    wire (?:the|transfer)|transfer .{0,20}\b(?:money|funds|usd|eur)\b
    (?:drop|delete) .{0,30}\bproduction\b
    dosier|medikament|patienten|vertrag|klage\b|haftung|kündigung|überweis|kredit
    posologie|ordonnance|contrat\b|juridique|virement|crédit
    diagnós|síntoma|contrato|demanda (?:judicial|legal)|préstamo|transferencia
    farmac|sintom|contratto|legale\b|bonifico|prestito
""")
